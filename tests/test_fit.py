"""Fitting chip profiles: what measurements are refused, what is recovered, and what `scamp5` makes of the measured
chips."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli import main as cli
from scamp_sim.cli.commands.fit import as_document
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import KNOBS, load_profile
from scamp_sim.silicon.profiles import DATA as DATA_OF_PROFILES
from scamp_sim.study.fit import flat, joint, measurements, table
from scamp_sim.study.fit.measurements import Cell
from scamp_sim.study.fit.parameters import FELT_BY
from scamp_sim.study.fit.table import TableSource

DATA = os.environ.get("SCAMP_SIM_DATA")
measured = pytest.mark.skipif(not DATA, reason="measured data not here: set SCAMP_SIM_DATA to its folder")

CELLS = [Cell(value, passes, 0.0, 1.0) for value in (0.0, 50.0, 100.0) for passes in (1, 3, 8)]


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> str:
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


def cells_of(predicted: list[table.Predicted]) -> list[Cell]:
    """A table that a profile gave."""
    return [Cell(p.cell.value, p.cell.passes, p.mean if p.cell.passes else None, p.std, p.rms) for p in predicted]


@measured
def test_three_means_of_the_published_table_are_of_unsigned_differences() -> None:
    """By hand: rms of the PSNR less what the spreads allow is how far the mean is off. Proof for (5, 1): a PSNR of
    40.6154 dB is 2.376 LSB, spreads of 0.9129 and 1.5411 allow 1.791, so the mean is off by 1.561."""
    cells = measurements.load_table(Path(str(DATA)) / "noise_accumulation.csv", (60,))
    found = {(c.value, c.passes): (c.wrapped, c.mean) for c in cells if c.wrapped is not None}
    assert set(found) == {(0, 1), (5, 1), (10, 1)}
    for key, published, true in (((0, 1), 4.5256, 3.25), ((5, 1), 5.0227, 3.45), ((10, 1), 5.4107, 3.89)):
        assert found[key][0] == published
        assert found[key][1] == pytest.approx(true, abs=0.05)
    assert found[5, 1][1] == pytest.approx(5.0227 - (2.376**2 - 1.791**2) ** 0.5, abs=0.01)
    assert len(measurements.wraps(cells)) == 3
    assert "2.38 is more than the 1.79" in measurements.wraps(cells)[1]


def test_signed_differences_are_left_alone() -> None:
    """A mean that agrees with its PSNR, and one so large that nothing can have wrapped."""
    for mean, rms in ((3.4, 1.7), (60.0, 9.0)):
        cells = (Cell(5.0, 0, None, 0.9), Cell(5.0, 1, mean, 1.5, rms))
        assert measurements.corrected(cells) == cells


def test_the_spread_of_cells_grows_in_proportion_to_passes_and_that_of_noise_with_their_root() -> None:
    """What tells a fixed pattern from noise, M BG: exponent 0.95."""
    cells = [Cell(0.0, k, 0.0, 1.0) for k in (8, 32)]
    off = dict.fromkeys((k for k in KNOBS if k.startswith(("load_", "readout_", "adc_"))), 0.0)
    quiet = load_profile("table2019").changed(**off, analog_drift_spread=0)
    noisy = load_profile("ideal").changed(write_noise=0.3)
    fixed, temporal = ([p.std for p in table.predict(profile, cells)] for profile in (quiet, noisy))
    assert fixed[1] / fixed[0] > 2.5
    assert temporal[1] / temporal[0] == pytest.approx(2, abs=0.2)


def test_a_prediction_goes_through_the_readout_and_loads_anew() -> None:
    """Pattern and noise of the readout are in the spread; rows of one value do not depend on each other."""
    quiet, loud = (load_profile("imperial").changed(readout_pixel=k) for k in (0, 3))
    cells = [Cell(0.0, 0, None, 1.0), Cell(0.0, 4, 0.0, 1.0), Cell(0.0, 1, 0.0, 1.0)]
    a, b = table.predict(quiet, cells, (1,)), table.predict(loud, cells, (1,))
    assert b[0].std == pytest.approx(np.hypot(a[0].std, 3), rel=0.05)
    assert b[1].rms == pytest.approx(a[1].rms, rel=0.05), "the pattern drops out of the difference"
    alone = table.predict(quiet, cells[1:2], (1,))[0]
    assert alone.mean == pytest.approx(a[1].mean, abs=0.1)


def test_a_fit_finds_what_made_the_table_and_names_what_is_not_separated() -> None:
    """M BG: the table fixes a line on which gain_loss and split_loss lie; with one kept, the other comes back."""
    truth = load_profile("imperial")
    cells = cells_of(table.predict(truth, CELLS, (7,)))
    found = joint.fit(truth.changed(split_loss=0.02, split_offset=1.0), [TableSource(cells)], (1,))
    assert ("gain_loss", "split_loss") in {pair[:2] for pair in found.alike}
    assert "split_loss" in found.open
    keep = ("gain_loss", "register_offset", "analog_drift", "analog_drift_spread")
    found = joint.fit(truth.changed(split_loss=0.02, split_offset=1.0), [TableSource(cells)], (1,), keep)
    for knob in ("split_loss", "split_offset"):
        assert knob in found.determined
        assert abs(found.profile[knob] - truth[knob]) <= found.errors[knob], knob
    assert not found.alike


def test_a_fit_that_was_stopped_goes_on_to_the_same_profile(tmp_path: Path) -> None:
    truth = load_profile("imperial")
    cells = cells_of(table.predict(truth, CELLS[:4], (7,)))
    keep = ("gain_loss", "register_offset", "analog_drift", "analog_drift_spread")
    asked: list[int] = []

    class Stopped(Exception):
        pass

    class Counted(TableSource):
        """Simulated chips that are counted, and the fit that is stopped in the middle."""

        stops = 0

        def predict(self, profile: Any, serial: int) -> Any:
            if len(asked) == self.stops:
                raise Stopped
            asked.append(serial)
            return super().predict(profile, serial)

    def fitted(stops: int, file: str | None, serials: tuple[int, ...] = (1,)) -> tuple[joint.Fitted, int]:
        asked.clear()
        source = Counted(cells)
        source.stops = stops
        found = joint.fit(truth.changed(split_loss=0.02), [source], serials, keep, results=file and tmp_path / file)
        return found, len(asked)

    alone, count = fitted(-1, "alone.json")
    with pytest.raises(Stopped):
        fitted(count // 2, "stopped.json")
    resumed, more = fitted(-1, "stopped.json")
    assert 0 < more < count
    assert resumed == alone == fitted(-1, None)[0]
    assert (tmp_path / "stopped.json").read_bytes() == (tmp_path / "alone.json").read_bytes()
    assert fitted(-1, "alone.json")[1] == 0
    with pytest.raises(ProgramError, match=r"alone\.json: made with other profile; choose another file"):
        joint.fit(truth.changed(split_loss=0.03), [TableSource(cells)], (1,), keep, results=tmp_path / "alone.json")
    with pytest.raises(ProgramError, match=r"alone\.json: made with other measurements; choose another file"):
        joint.fit(truth.changed(split_loss=0.02), [TableSource(cells[1:])], (1,), keep, results=tmp_path / "alone.json")
    document = json.loads((tmp_path / "alone.json").read_text())
    document["found"][next(iter(document["found"]))].pop()
    (tmp_path / "alone.json").write_text(json.dumps(document))
    with pytest.raises(ProgramError, match="a prediction is not of 12 numbers"):
        fitted(-1, "alone.json")
    (tmp_path / "alone.json").write_text("{}")
    with pytest.raises(ProgramError, match="not the results of fit"):
        fitted(-1, "alone.json")


def test_one_bad_row_does_not_decide() -> None:
    truth = load_profile("imperial")
    cells = cells_of(table.predict(truth, CELLS, (7,)))
    bad = [replace(c, mean=c.mean + 40) if (c.value, c.passes) == (50, 3) else c for c in cells if c.mean is not None]
    keep = ("gain_loss", "register_offset", "analog_drift", "analog_drift_spread")
    good, other = (joint.fit(truth, [TableSource(c)], (1,), keep).profile for c in (cells, bad))
    assert abs(other["split_loss"] - good["split_loss"]) < 0.003
    assert abs(other["split_offset"] - good["split_offset"]) < 0.3


def test_a_fit_of_nothing_is_refused() -> None:
    with pytest.raises(ProgramError, match="--fixed keeps every knob that the measurements determine"):
        joint.fit(load_profile("imperial"), [TableSource(CELLS)], (1,), FELT_BY["table"])


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
        (lambda rows: [{**rows[0], "value": 0.5}, *rows[1:]], r"table.csv:2: value is 0\.5; give the whole number"),
        (
            lambda rows: [*rows, {**rows[1], "mean_in_minus_out": 90}],
            "table.csv:8: value 0 after 2 passes stands on line 3 already; leave one out",
        ),
        (
            lambda rows: [{**rows[0], "value": 10, "mean_in_minus_out": 500}, *rows[1:]],
            r"table.csv:2: value 10 less mean_in_minus_out 500 leaves -490 LSB; the converter gives -128\.\.127",
        ),
        (
            lambda rows: [{**rows[0], "value": 100, "mean_in_minus_out": -36}, *rows[1:]],
            r"table.csv:2: value 100 less mean_in_minus_out -36 leaves 136 LSB",
        ),
        (lambda rows: [{**rows[0], "std_out": 128}, *rows[1:]], "table.csv:2: std_out is 128; no plane of readouts"),
    ],
)
def test_bad_tables(tmp_path: Path, change: object, message: str) -> None:
    path = write(tmp_path / "table.csv", change(good_rows()))  # type: ignore[operator]
    with pytest.raises(ProgramError, match=message):
        measurements.load_table(path)


def test_rows_at_the_ends_of_the_converter_are_taken(tmp_path: Path) -> None:
    """A load that is some LSB off its value cannot be told from what was lost."""
    rows = [{**r, "value": 127, "mean_in_minus_out": -2} for r in good_rows()[:3]] + good_rows()[3:]
    assert len(measurements.load_table(write(tmp_path / "table.csv", rows))) == 6


def test_a_blank_line_does_not_move_the_lines_that_are_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("value,passes,mean_in_minus_out,std_out\n0,1,1,1\n\n0,2,x,1\n")
    with pytest.raises(ProgramError, match=r"table\.csv:4: mean_in_minus_out is 'x'"):
        measurements.load_table(path)
    path.write_text("value,passes,std_out,mean_in_minus_out,std_out\n")
    with pytest.raises(ProgramError, match="has two columns 'std_out'; leave one out"):
        measurements.load_table(path)
    path.write_text("value,passes,mean_in_minus_out,std_out\n0,1,1," + "1" * 200_000)
    with pytest.raises(ProgramError, match=r"table\.csv:\d: field larger than"):
        measurements.load_table(path)


def test_a_value_that_is_left_out_is_one_of_the_table(tmp_path: Path) -> None:
    path = write(
        tmp_path / "table.csv", [*good_rows(), {**good_rows()[0], "value": 33}, {**good_rows()[0], "value": 33}]
    )
    assert {c.value for c in measurements.load_table(path, (33.0,))} == {0, 50}  # what is wrong with 33 goes with it
    with pytest.raises(ProgramError, match=r"--without 34: .*table\.csv has no such value; it has 0, 33, 50"):
        measurements.load_table(path, (34.0,))


def test_a_table_without_a_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("value,passes\n1,2\n")
    with pytest.raises(ProgramError, match="has no column 'mean_in_minus_out'; a table has value, passes"):
        measurements.load_table(tmp_path / "t.csv")
    with pytest.raises(ProgramError, match=r"^table .*no such file"):
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
    truth = load_profile("table2019").changed(readout_pixel=3, readout_column=2, adc_noise=1.2, readout_offset=-4)
    shape = (128, 128)
    stack = flat.simulated(truth, shape, np.ones(shape, np.bool_), 16, chip=2)
    found = flat.fit(load_profile("table2019"), stack)
    assert found["readout_pixel"] == pytest.approx(3, rel=0.05)
    assert found["adc_noise"] == pytest.approx(1.2, rel=0.1)
    assert found["readout_column"] == pytest.approx(2, rel=0.3)
    assert found["readout_offset"] == pytest.approx(-4, abs=1)
    told = flat.errors_of(found, stack, flat.parts_of(stack))
    assert set(told) == {*flat.KNOBS_OF_FLAT}
    for knob in ("readout_column", "readout_pixel", "adc_noise"):
        assert abs(found[knob] - truth[knob]) < told[knob], knob
    assert told["adc_noise"] < told["readout_pixel"] < told["readout_column"] < 0.5


@measured
def test_scamp5_reads_out_a_flat_plane_as_the_measured_chip() -> None:
    """M PixelRNN: blocks that were 0 have a fixed pattern of 2.9 LSB and 0.8 LSB of noise."""
    from tools import fit_chip

    stack = fit_chip.stack(Path(str(DATA)))
    found, parts = flat.parts_of(stack), flat.predict(load_profile("stanford"), stack, (1, 2))
    assert parts.fixed == pytest.approx(2.9, abs=0.3)
    assert parts.temporal == pytest.approx(0.92, abs=0.1)  # of 810 planes; the 45 here have 0.83
    for name in ("dome", "row", "column", "pixel"):
        assert getattr(parts, name) == pytest.approx(getattr(found, name), abs=0.4), name


def one(value: float) -> np.ndarray:
    """A stack of zeros with one other value."""
    codes = np.zeros((9, 64, 64))
    codes[2, 3, 5] = value
    return codes


def test_what_is_left_out_of_a_stack_may_be_anything() -> None:
    for value in (np.nan, -1e9):
        valid = np.ones((64, 64))
        valid[3, 5] = 0
        stack = measurements.make_stack(one(value), valid)
        assert stack.valid.sum() == 64 * 64 - 1
        assert flat.parts_of(stack).fixed == 0


def damaged(folder: Path) -> dict[str, bytes]:
    """Name of a file -> what it holds."""
    np.savez_compressed(folder / "good.npz", readouts=np.full((9, 64, 64), 128, np.uint8))
    np.save(folder / "good.npy", np.full((9, 64, 64), 128, np.uint8))
    np.save(folder / "object.npy", np.array([None, {}], object))
    np.savez(folder / "object.npz", readouts=np.array([None, {}], object))
    npz, npy = ((folder / f"good.{kind}").read_bytes() for kind in ("npz", "npy"))
    middle = len(npz) // 2
    return {
        "cut.npz": npz[:200],
        "cut.npy": npy[:200],
        "head.npy": npy[:20],
        "empty.npy": b"",
        "picture.png": b"\x89PNG\r\n..",
        "altered.npz": npz[:middle] + bytes(20) + npz[middle + 20 :],
        "huge.npy": npy.replace(b"(9, 64", b"(999999999999, 64"),
        "object.npy": (folder / "object.npy").read_bytes(),
        "object.npz": (folder / "object.npz").read_bytes(),
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut.npz", "cannot be read as .npz"),
        ("cut.npy", "its header claims"),
        ("head.npy", "not a .npy array that can be read"),
        ("altered.npz", "cannot be read as .npz"),
        ("huge.npy", "its header claims"),
        ("empty.npy", "does not begin as a .npy array does"),
        ("picture.png", "cannot be read as .npz"),
        ("object.npy", "it holds Python objects"),
        ("object.npz", "it holds Python objects"),
    ],
)
def test_damaged_stacks(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str) -> None:
    (tmp_path / name).write_bytes(damaged(tmp_path)[name])
    assert cli.main(["fit", "--flat", str(tmp_path / name)]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert name in shown
    assert "pickle" not in shown


@pytest.mark.parametrize(
    ("codes", "valid", "message"),
    [
        (np.zeros((3, 64, 64)), None, "3 readouts are too few to separate noise from pattern; give 8"),
        (np.zeros((64, 64)), None, r"expected \(readouts, rows, columns\)"),
        (np.zeros((9, 64, 64)), np.ones((64, 32)), r"valid is \(64, 32\), but a readout is \(64, 64\)"),
        (np.zeros((9, 50, 50)), None, r"stack: array shape \(50, 50\): .* multiples of 64 .*leave PEs out by `valid`"),
        (np.zeros((9, 64, 64), complex), None, "stack: holds complex128 values; give real numbers"),
        (np.zeros((9, 64, 64), bool), None, "expected .* of numbers"),
        (np.zeros((9, 64, 64)), np.full((64, 64), "x"), "stack: holds <U1 values"),
        (np.zeros((9, 64, 64)), np.full((64, 64), 7), "valid holds 7; it is True or False"),
        (one(np.nan), None, r"stack: 1 values are not finite; the first, readout 2, row 3, column 5, is NaN"),
        (one(np.inf), None, "readout 2, row 3, column 5, is infinite"),
        (one(-120) - 8, None, r"stack: codes -128\.\.-8; readouts are 0\.\.255, add 128"),
        (one(4095), None, r"stack: codes 0\.\.4095; readouts are 0\.\.255, give the codes of the converter, 8 bits"),
        (one(-300), None, "give the codes of the converter, 8 bits"),
        (np.zeros((9, 64, 64)), np.zeros((64, 64)), "at least 64 are needed"),
    ],
)
def test_bad_stacks(codes: np.ndarray, valid: np.ndarray | None, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        measurements.make_stack(codes, valid)


# --- the command ---


def test_fit_writes_a_profile_that_run_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shape = (64, 64)
    stack = flat.simulated(load_profile("stanford"), shape, np.ones(shape, np.bool_), 10, chip=2)
    np.savez(tmp_path / "flat.npz", readouts=stack.codes, valid=stack.valid)
    out = tmp_path / "mine.json"
    assert cli.main(["fit", "--flat", str(tmp_path / "flat.npz"), "--out", str(out), "--name", "mine"]) == 0
    shown = capsys.readouterr().out
    assert "profile mine" in shown
    assert "temporal" in shown
    assert re.search(r"^  readout_pixel +1\.\d+ \+- 0\.\d+ +determined +LSB rms$", shown, re.MULTILINE)
    assert "split_loss, split_offset: nothing was measured; measure: moves beside halve" in shown
    assert load_profile(out).name == "mine"
    (tmp_path / "p.scamp").write_text("mov(B, A);")
    assert cli.main(["run", str(tmp_path / "p.scamp"), "--errors", str(out), "--chip", "3"]) == 0
    capsys.readouterr()
    assert cli.main(["fit", "--flat", str(tmp_path / "flat.npz"), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["describes"] is True
    assert document["errors"]["readout_pixel"] > 0
    assert document["profile"]["knobs"].keys() >= {"readout_pixel", "adc_noise"}
    assert document["profile"]["evidence"]["readout_pixel"][0] == "fitted"
    assert "flat readouts described" in document["profile"]["about"]
    assert document["flat"]["measured"]["temporal"] > 0


@pytest.mark.parametrize(
    ("code", "argv", "message"),
    [
        (2, [], "nothing to fit to; give --table FILE.csv, --flat FILE.npz, --measured FILE.json, or several"),
        (1, ["--flat", "none.npz"], "stack none.npz: no such file"),
        (1, ["--table", "none.csv"], "table none.csv: no such file"),
        (1, ["--flat", "none.npz", "--base", "scamp6"], "stack none.npz: no such file"),
        (2, ["--flat", "{flat}", "--base", "scamp6"], "unknown chip profile 'scamp6'; did you mean 'scamp5'?"),
        (2, ["--flat", "{flat}", "--fixed", "gain"], "--fixed is for the table and the kit; give --table FILE.csv or"),
        (2, ["--flat", "{flat}", "--without", "60"], "--without is for the table; give --table FILE.csv too"),
        (2, ["--table", "{table}", "--fixed", "gain"], "--fixed gain: the measurements determine analog_drift"),
        (2, ["--table", "{table}", *(a for k in FELT_BY["table"] for a in ("--fixed", k))], "--fixed keeps every knob"),
        (2, ["--table", "{table}", "--without", "60"], "--without 60: {table} has no such value; it has 0, 50"),
        (2, ["--flat", "{flat}", "--name", "scamp5"], "--name: name is 'scamp5', as of a built-in profile"),
        (2, ["--flat", "{flat}", "--name", ""], "--name: name is ''; give some text"),
        (2, ["--flat", "{flat}", "--chips", "0"], "--chips: expected an integer in 1..10000, got '0'"),
        (1, ["--flat", "{flat}", "--out", "{folder}"], "is a folder; name a file"),
    ],
)
def test_bad_requests(
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    message: str,
) -> None:
    np.save(tmp_path / "flat.npy", np.full((9, 64, 64), 128, np.uint8))
    places = {"flat": str(tmp_path / "flat.npy"), "folder": str(tmp_path)}
    places["table"] = write(tmp_path / "table.csv", good_rows())
    assert cli.main(["fit", *(a.format(**places) for a in argv)]) == code
    assert message.format(**places) in capsys.readouterr().err


ALL_BUT_TWO = [a for k in FELT_BY["table"] if k not in ("split_loss", "split_offset") for a in ("--fixed", k)]
"""For fits that take no time."""


def test_a_base_for_one_array_serves_any_and_its_shape_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench.json").write_text(json.dumps({"base": "imperial", "shape": [64, 128], "knobs": {}}))
    shape = (64, 64)
    stack = flat.simulated(load_profile("imperial"), shape, np.ones(shape, np.bool_), 10, chip=2)
    np.save(tmp_path / "flat.npy", stack.codes)
    out = str(tmp_path / "out.json")
    argv = ["fit", "--flat", str(tmp_path / "flat.npy"), "--base", str(tmp_path / "bench.json"), "--out", out]
    assert cli.main(argv) == 0
    assert load_profile(out).shape == (64, 128)
    assert "fitted by scamp-sim fit, from " in load_profile(out).about
    assert "bench.json is for an array of 64x128, the readouts are 64x64; what is" in capsys.readouterr().err


def test_rows_that_a_fit_cannot_give_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code tells, the profile is written all the same, and says how far off it is."""
    rows = [{**r, "mean_in_minus_out": 60 if (r["value"], r["passes"]) == (50, 2) else 3} for r in good_rows()]
    table_, out = write(tmp_path / "table.csv", rows), str(tmp_path / "mine.json")
    assert cli.main(["fit", "--table", table_, "--chips", "1", *ALL_BUT_TWO, "--out", out]) == 1
    shown = capsys.readouterr()
    assert re.search(r"warning: the profile does not describe the measurements: \d of 6 rows of the table", shown.err)
    assert "value 50 after 2 passes (mean 60, predicted " in shown.err
    assert "leave a value out by --without" in shown.err
    assert re.search(r"\d of 6 rows of the table beyond the tolerance", load_profile(out).about)


def test_a_fit_that_gives_every_row_warns_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = table.predict(load_profile("imperial"), CELLS, (7,))
    rows = [
        {"value": p.cell.value, "passes": p.cell.passes, "mean_in_minus_out": p.mean, "std_out": p.std} for p in found
    ]
    argv = ["fit", "--table", write(tmp_path / "table.csv", rows), "--base", "imperial", "--chips", "1", *ALL_BUT_TWO]
    assert cli.main(argv) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "9 of 9 rows within" in shown.out
    assert re.search(r"^  split_loss +0\.0\d+ \+- \d", shown.out, re.MULTILINE)


def test_a_document_is_the_file_of_its_profile() -> None:
    assert as_document(load_profile("table2019")) == json.loads((DATA_OF_PROFILES / "table2019.json").read_text())
