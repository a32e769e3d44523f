"""Make the profile `scamp5` out of measurements: the data folder named by SCAMP_SIM_DATA holds them.

    SCAMP_SIM_DATA=... python tools/fit_chip.py            # fit, and show predicted beside measured
    SCAMP_SIM_DATA=... python tools/fit_chip.py --write    # the same, and write scamp_sim/silicon/data/scamp5.json

Gains, offsets, loads and drift come from the halve-copy-add table (noise_accumulation.csv, M BG, without the value 60,
whose planes were damaged when they were loaded). The readout comes from the blocks that were 0 when the chip of
PixelRNN was read (chip_output of the gesture clips); the block of the output, the one above it, into which it spills,
and four lines around each block are left out. The table cannot tell write noise and the spread of loads from that of
drift.
Write noise is taken from the fact sheet's fit of the same table, as are the transfer offset, the linear range and the
split mismatch; loads are given the spread that is within 1 LSB of all measured ones (0.9 to 2.8 LSB).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scamp_sim.cli.commands.fit import FRESH_CHIPS, as_document, text  # noqa: E402
from scamp_sim.silicon.profiles import ChipProfile, load_profile  # noqa: E402
from scamp_sim.study.fit import flat, measurements, table  # noqa: E402
from scamp_sim.study.fit.spread import Spread, spread_of_stack, spread_of_table  # noqa: E402

PROFILE = ROOT / "scamp_sim" / "data" / "chips" / "scamp5.json"
DAMAGED = 60
PASSES = (0, 1, 2, 4, 8, 16, 32)
GIVEN = (
    "transfer_offset", "linear_range", "saturation", "split_mismatch", "write_noise", "adc_step", "load_spread",
    "load_spread_relative",
)  # fmt: skip
"""Knobs that the profile keeps as its file has them: no fit determines them."""
START = {
    "gain_loss": 0.0067, "register_offset": -1.1, "gain_spread": 0.003, "offset_spread": 0.1, "analog_drift": -30.0,
             "analog_drift_spread": 80.0, "gain_pivot": 12.0,
}  # fmt: skip
"""Where the fit starts: near the fact sheet's values, where it has some, and rough fits by hand."""


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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the profile")
    args = parser.parse_args()
    folder = os.environ.get("SCAMP_SIM_DATA")
    if not folder:
        raise SystemExit("set SCAMP_SIM_DATA to the folder of the measurements")
    cells = measurements.load_table(Path(folder) / "noise_accumulation.csv", (DAMAGED,))
    cells = tuple(c for c in cells if c.passes in PASSES)
    flats = stack(Path(folder))
    now = load_profile("scamp5")
    profile = ChipProfile(now.name, now.about, {**{name: now[name] for name in GIVEN}, **START})
    passed = [c for c in cells if c.passes]  # the first rows are shown; the goal is set for those with passes
    fixed, chips = [name for name in table.STEPS if name in GIVEN], tuple(range(1, 5))
    profile = table.fit(profile, passed, chips, fixed)
    profile = flat.fit(profile, flats)
    parts = flat.parts_of(flats), flat.predict(profile, flats, FRESH_CHIPS)
    of_table, of_stack = spread_of_table(profile, passed, chips, fixed), spread_of_stack(profile, flats, parts[0])
    spread = Spread(of_table.knobs | of_stack.knobs, of_table.alike)
    print(text(profile, table.predict(profile, cells, FRESH_CHIPS, (256, 256)), parts, spread))
    if args.write:
        PROFILE.write_text(json.dumps(as_document(profile), indent=2) + "\n", encoding="utf-8")
        print(f"wrote {PROFILE}")


if __name__ == "__main__":
    main()
