"""Hold the profile `imperial` against its table and `stanford` against its flat readouts: the data folder named by
SCAMP_SIM_DATA holds both.

    SCAMP_SIM_DATA=... python tools/fit_chip.py

The table is noise_accumulation.csv (M BG), without the value 60, whose planes were damaged as they were read. The flat
readouts are the blocks that were 0 when the chip of PixelRNN was read (chip_output of the gesture clips); the block of
the output, the one above it, into which it spills, and four lines around each block are left out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scamp_sim.cli.commands.fit import text  # noqa: E402
from scamp_sim.silicon.profiles import load_profile  # noqa: E402
from scamp_sim.study.fit import measurements  # noqa: E402
from scamp_sim.study.fit.run import run  # noqa: E402

DAMAGED = 60
PASSES = (0, 1, 2, 4, 8, 16, 32)


def stack(folder: Path) -> measurements.Stack:
    """The blocks that were 0, (readouts, 256, 256)."""
    with np.load(folder / "pixelrnn_gestures_45.npz") as data:
        codes = data["chip_output"]
    valid = np.zeros(codes.shape[1:], np.bool_)
    for row in range(4):
        for column in range(4):
            if column != 2 or row not in (1, 2):
                valid[64 * row + 4 : 64 * row + 60, 64 * column + 4 : 64 * column + 60] = True
    return measurements.make_stack(codes, valid, "chip_output")


def main() -> None:
    folder = os.environ.get("SCAMP_SIM_DATA")
    if not folder:
        raise SystemExit("set SCAMP_SIM_DATA to the folder of the measurements")
    cells = measurements.load_table(Path(folder) / "noise_accumulation.csv", (DAMAGED,))
    found = run(load_profile("imperial"), tuple(c for c in cells if c.passes in PASSES))
    print("\n".join(measurements.wraps(cells)))
    print(text(found.fitted.profile, found))
    found = run(load_profile("stanford"), stack=stack(Path(folder)))
    print(text(found.fitted.profile, found))


if __name__ == "__main__":
    main()
