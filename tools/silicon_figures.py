"""Draw the figure of docs/silicon.md: the halve-copy-add table, measured and predicted.

    SCAMP_SIM_DATA=... python tools/silicon_figures.py

Needs matplotlib. The measured table is noise_accumulation.csv (M BG) in the folder named by SCAMP_SIM_DATA.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scamp_sim.silicon.profiles import load_profile  # noqa: E402
from scamp_sim.study.fit import measurements, table  # noqa: E402

VALUES, PASSES = (0, 10, 100, 120), (1, 2, 4, 8, 16, 32)


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder = os.environ.get("SCAMP_SIM_DATA")
    if not folder:
        raise SystemExit("set SCAMP_SIM_DATA to the folder of the measurements")
    cells = measurements.load_table(Path(folder) / "noise_accumulation.csv", (60,))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4))
    for n, value in enumerate(VALUES):
        mine = [c for c in cells if c.value == value and c.passes in PASSES]
        found = table.predict(load_profile("imperial"), mine, (1,), (128, 128), 2)
        old = table.predict(load_profile("table2019"), mine, (1,), (128, 128), 2)
        for axes, measured, name in ((left, [c.mean for c in mine], "mean"), (right, [c.std for c in mine], "std")):
            axes.plot(PASSES, measured, "o", color=f"C{n}", label=f"{value} LSB")
            axes.plot(PASSES, [getattr(p, name) for p in found], "-", color=f"C{n}")
            axes.plot(PASSES, [getattr(p, name) for p in old], ":", color=f"C{n}", alpha=0.6)
    left.set_ylabel("mean lost, LSB")
    right.set_ylabel("spread of the output, LSB")
    for axes in (left, right):
        axes.set_xlabel("passes")
        axes.set_xscale("log", base=2)
    left.legend(title="loaded", fontsize=8)
    right.set_title("dots: chip; lines: imperial; dotted: table2019", fontsize=8)
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "images" / "silicon_table.png", dpi=110)


if __name__ == "__main__":
    main()
