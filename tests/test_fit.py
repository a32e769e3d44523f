"""Fitting chip profiles: what measurements are refused, what is recovered, and what `scamp5` makes of the measured
chips."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import cli
from scamp_sim.errors import load_profile
from scamp_sim.exceptions import ProgramError
from scamp_sim.fit import flat, measurements, table
from scamp_sim.fit.measurements import Cell

DATA = os.environ.get("SCAMP_SIM_DATA")
measured = pytest.mark.skipif(not DATA, reason="measured data not here: set SCAMP_SIM_DATA to its folder")

CELLS = [Cell(value, passes, 0.0, 1.0) for value in (0.0, 50.0, 100.0) for passes in (1, 3, 8)]


def write(path: Path, rows: list[dict[str, object]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["value", "passes", "mean_in_minus_out", "psnr_db", "std_out"])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def good_rows() -> list[dict[str, object]]:
    return [
        {"value": v, "passes": k, "mean_in_minus_out": 3 * k, "std_out": 1 + 0.5 * k}
        for v in (0, 50)
        for k in (1, 2, 4)
    ]


# --- the table ---


@measured
@pytest.mark.parametrize("chip", [0, 5, 19])
def test_scamp5_reproduces_the_measured_table(chip: int) -> None:
    """M BG 4: mean within 3 LSB, spread within 15 % or 1 LSB, on every single chip; 60 was damaged when it was
    loaded."""
    cells = measurements.load_table(Path(str(DATA)) / "noise_accumulation.csv", (60,))
    wanted = [c for c in cells if c.passes in (1, 2, 4, 8, 16, 32)]
    assert len(wanted) == 30
    off = [p for p in table.predict(load_profile("scamp5"), wanted, (chip,), (256, 256)) if not p.holds]
    assert not off, [(p.cell, p.mean, p.std) for p in off]


def test_the_spread_of_scamp5_grows_in_proportion_to_passes_and_that_of_noise_with_their_root() -> None:
    """What tells a fixed pattern from noise, M BG: exponent 0.95."""
    cells = [Cell(0.0, k, 0.0, 1.0) for k in (8, 32)]
    quiet = load_profile("scamp5").changed(load_spread=0, load_spread_relative=0, analog_drift_spread=0)
    noisy = load_profile("ideal").changed(write_noise=0.3)
    fixed, temporal = ([p.std for p in table.predict(profile, cells)] for profile in (quiet, noisy))
    assert fixed[1] / fixed[0] > 2.5
    assert temporal[1] / temporal[0] == pytest.approx(2, abs=0.15)


def test_a_fit_finds_what_made_the_table() -> None:
    pytest.importorskip("scipy")
    truth = load_profile("ideal").changed(
        gain_loss=0.009, register_offset=-2.0, gain_spread=0.002, offset_spread=0.25, load_spread=1.0, write_noise=0.1
    )
    cells = [Cell(p.cell.value, p.cell.passes, p.mean, p.std) for p in table.predict(truth, CELLS, (7,))]
    keep = ("gain_pivot", "load_spread_relative", "analog_drift", "analog_drift_spread", "write_noise")
    start = load_profile("ideal").changed(write_noise=0.1, gain_loss=0.005, gain_spread=0.001, offset_spread=0.1)
    found = table.fit(start, cells, (1,), keep)
    assert found["gain_loss"] == pytest.approx(0.009, abs=0.0005)
    assert found["register_offset"] == pytest.approx(-2.0, abs=0.15)
    assert all(p.holds for p in table.predict(found, cells, (3,)))
    assert found == table.fit(start, cells, (1,), keep)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:2], "1 values and 2 numbers of passes are too few to fit; give at least 2 and 3"),
        (lambda rows: [{**rows[0], "std_out": "x"}, *rows[1:]], r"table.csv:2: std_out is 'x'; expected a number"),
        (
            lambda rows: [*rows[:-1], {**rows[-1], "std_out": -1}],
            r"table.csv:7: .* a standard deviation is not negative",
        ),
        (lambda rows: [{**rows[0], "value": 300}, *rows[1:]], r"values are -128\.\.127"),
        (lambda rows: [{**rows[0], "passes": 1.5}, *rows[1:]], "passes whole numbers"),
        (lambda rows: [{**rows[0], "mean_in_minus_out": ""}, *rows[1:]], "mean_in_minus_out is empty"),
        (lambda rows: [{**rows[0], "value": "nan"}, *rows[1:]], "finite"),
    ],
)
def test_bad_tables(tmp_path: Path, change: object, message: str) -> None:
    path = write(tmp_path / "table.csv", change(good_rows()))  # type: ignore[operator]
    with pytest.raises(ProgramError, match=message):
        measurements.load_table(path)


def test_a_table_without_a_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("value,passes\n1,2\n")
    with pytest.raises(ProgramError, match="has no column 'mean_in_minus_out'; a table has value, passes"):
        measurements.load_table(tmp_path / "t.csv")
    with pytest.raises(ProgramError, match="cannot read the table"):
        measurements.load_table(tmp_path / "none.csv")


# --- flat readouts ---


def test_a_stack_is_taken_apart_into_what_it_was_made_of() -> None:
    profile = load_profile("ideal").changed(
        readout_offset=3, readout_dome=2, readout_row=0.7, readout_column=1.2, readout_pixel=1.5, adc_noise=0.6
    )
    shape = (128, 192)
    parts = flat.parts_of(flat.simulated(profile, shape, np.ones(shape, np.bool_), 24, chip=4))
    assert parts.pixel == pytest.approx(1.5, rel=0.03)
    assert parts.row == pytest.approx(0.7, rel=0.3)
    assert parts.column == pytest.approx(1.2, rel=0.3)
    assert parts.temporal == pytest.approx(np.hypot(0.6, 12**-0.5), rel=0.03)  # the quantisation of the picture
    again = flat.parts_of(flat.simulated(profile, shape, np.ones(shape, np.bool_), 24, chip=4))
    assert parts == again
    alone = flat.parts_of(
        flat.simulated(load_profile("ideal").changed(adc_noise=1), shape, np.ones(shape, np.bool_), 24, 0)
    )
    assert max(alone.dome, alone.row, alone.column, alone.pixel) < 0.1


def test_a_fit_finds_the_parts() -> None:
    truth = load_profile("scamp5").changed(readout_pixel=3, readout_column=2, adc_noise=1.2, readout_offset=-4)
    shape = (128, 128)
    stack = flat.simulated(truth, shape, np.ones(shape, np.bool_), 16, chip=2)
    found = flat.fit(load_profile("scamp5"), stack)
    assert found["readout_pixel"] == pytest.approx(3, rel=0.05)
    assert found["adc_noise"] == pytest.approx(1.2, rel=0.1)
    assert found["readout_column"] == pytest.approx(2, rel=0.3)
    assert found["readout_offset"] == pytest.approx(-4, abs=1)


@measured
def test_scamp5_reads_out_a_flat_plane_as_the_measured_chip() -> None:
    """M PixelRNN: blocks that were 0 have a fixed pattern of 2.9 LSB and 0.8 LSB of noise."""
    from tools import fit_chip

    stack = fit_chip.stack(Path(str(DATA)))
    found, parts = flat.parts_of(stack), flat.predict(load_profile("scamp5"), stack, (1, 2))
    assert parts.fixed == pytest.approx(2.9, abs=0.3)
    assert parts.temporal == pytest.approx(0.8, abs=0.1)
    for name in ("dome", "row", "column", "pixel"):
        assert getattr(parts, name) == pytest.approx(getattr(found, name), abs=0.4), name


@pytest.mark.parametrize(
    ("codes", "valid", "message"),
    [
        (np.zeros((3, 64, 64)), None, "3 readouts are too few to tell noise from pattern; give 8"),
        (np.zeros((64, 64)), None, r"expected \(readouts, rows, columns\)"),
        (np.zeros((9, 64, 64)), np.ones((64, 32)), r"valid is \(64, 32\), but a readout is \(64, 64\)"),
        (np.full((9, 64, 64), np.nan), None, "finite"),
        (np.zeros((9, 64, 64)), np.zeros((64, 64)), "at least 64 are needed"),
    ],
)
def test_bad_stacks(codes: np.ndarray, valid: np.ndarray | None, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        measurements.make_stack(codes, valid)


# --- the command ---


def test_fit_writes_a_profile_that_run_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shape = (64, 64)
    stack = flat.simulated(load_profile("scamp5"), shape, np.ones(shape, np.bool_), 10, chip=2)
    np.savez(tmp_path / "flat.npz", readouts=stack.codes, valid=stack.valid)
    out = tmp_path / "mine.json"
    assert cli.main(["fit", "--flat", str(tmp_path / "flat.npz"), "--out", str(out), "--name", "mine"]) == 0
    shown = capsys.readouterr().out
    assert "profile mine" in shown
    assert "temporal" in shown
    assert load_profile(out).name == "mine"
    (tmp_path / "p.scamp").write_text("mov(B, A);")
    assert cli.main(["run", str(tmp_path / "p.scamp"), "--errors", str(out), "--chip", "3"]) == 0
    capsys.readouterr()
    assert cli.main(["fit", "--flat", str(tmp_path / "flat.npz"), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"profile", "table", "flat"}
    assert document["flat"]["measured"]["temporal"] > 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "nothing to fit to; give --table FILE.csv, --flat FILE.npz, or both"),
        (["--flat", "none.npz"], "cannot read the stack none.npz"),
        (["--table", "none.csv"], "cannot read the table none.csv"),
        (["--flat", "none.npz", "--base", "scamp6"], "cannot read the stack"),
        (["--flat", "{flat}", "--base", "scamp6"], "unknown chip profile 'scamp6'; did you mean 'scamp5'?"),
        (["--flat", "{flat}", "--fixed", "gain"], "--fixed gain: the table determines gain_loss"),
        (["--flat", "{flat}", "--chips", "0"], "--chips is 0"),
        (["--flat", "{flat}", "--out", "{folder}"], "is a folder; name a file"),
    ],
)
def test_bad_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    np.save(tmp_path / "flat.npy", np.full((9, 64, 64), 128, np.uint8))
    places = {"flat": str(tmp_path / "flat.npy"), "folder": str(tmp_path)}
    assert cli.main(["fit", *(a.format(**places) for a in argv)]) == 1
    assert message in capsys.readouterr().err
