"""The measurement kit: programs, reader, an emulated chip in the owner's place, and knobs that come back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import Machine
from scamp_sim.cli import main as cli
from scamp_sim.compiler.native import LiveProgram, has_compiler
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import load_profile
from scamp_sim.study.fit import flat
from scamp_sim.study.fit.kit_source import KitSource
from scamp_sim.study.fit.run import run
from scamp_sim.study.kit import sources
from scamp_sim.study.kit.plan import SERIES, Shot
from scamp_sim.study.kit.reader import Measurement, load_measurement, prices, read_kit, read_log
from scamp_sim.study.kit.simulate import Bench, quantities, simulated

SHAPE = (64, 64)

needs_compiler = pytest.mark.skipif(not has_compiler(), reason="no C++ compiler here")


def shape_for(name: str) -> tuple[int, int]:
    return SHAPE[0], max(SHAPE[1], SERIES[name].columns)


def pictures_of(name: str, folder: Path) -> list[np.ndarray]:
    """What the C++ of a series shows in its run, on an ideal chip."""
    file, shape = folder / f"{name}.cpp", shape_for(name)
    file.write_text(sources.source(SERIES[name], 3, shape))
    done = LiveProgram.build([file]).run(Machine(shape), frames=1)
    assert done.whole
    return [np.asarray(p) for frame in (done.setup, *done.frames) for p in frame.pictures.values()]


@needs_compiler
@pytest.mark.parametrize("name", SERIES)
def test_every_program_runs_and_gives_the_pictures_that_the_plan_says(name: str, tmp_path: Path) -> None:
    assert len(pictures_of(name, tmp_path)) == SERIES[name].pictures(3)


@needs_compiler
@pytest.mark.parametrize("name", ["transfer", "bars", "registers", "march"])
def test_a_shot_of_the_text_is_that_of_the_bench(name: str, tmp_path: Path) -> None:
    """The same words: on an ideal chip, picture for picture."""
    shown = pictures_of(name, tmp_path)
    taken = [*Bench(load_profile("ideal"), 0, 0, shape_for(name)).take(SERIES[name], 3)]
    for n, (_, before, after) in enumerate(taken):
        assert before is not None
        np.testing.assert_array_equal(shown[2 * n].astype(float) - 128, before[0])
        np.testing.assert_array_equal(shown[2 * n + 1].astype(float) - 128, after[0])


def test_statistics_against_planes_that_are_known() -> None:
    """Pattern, noise and common mode made by hand, signed: an output above its input is a mean above 0."""
    g = np.random.default_rng(1)
    pattern, noise = 2 * g.standard_normal((132, 132)), 0.5 * g.standard_normal((12, 132, 132))
    common = 0.7 * g.standard_normal(12)
    after = 3.0 + pattern + noise + common[:, None, None]
    found = {q.statistic: q for q in quantities(SERIES["moves"], Shot(0, 1, 0), np.zeros_like(after), after)}
    assert found["mean"].measured == pytest.approx(3 + common.mean(), abs=0.05)
    assert found["mean"].error == pytest.approx(common.std(ddof=1) / 12**0.5, rel=0.1)
    assert found["fixed"].measured == pytest.approx(4, rel=0.03)
    assert found["temporal"].measured == pytest.approx(0.25, rel=0.02)


def write_pictures(
    folder: Path, repeats: int, names: tuple[str, ...], change: Callable[[np.ndarray], np.ndarray]
) -> Path:
    sources.write_kit(folder, repeats, names, SHAPE)
    chip = load_profile("scamp5").drawn(5)
    for name in names:
        series = SERIES[name]
        (folder / name).mkdir()
        planes: list[np.ndarray] = []
        bench = Bench(chip, 5, 1, SHAPE, SHAPE)
        for _ in range(series.rounds(repeats)):
            for shot in series.shots():
                planes += [p for p in bench.shot(series, shot) if p is not None]
        for n, plane in enumerate(planes):
            codes = np.clip(plane + 128, 0, 255).astype(np.uint8)
            Image.fromarray(change(codes)).save(folder / name / f"shot-{n + 1}.png")
    return folder


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("kit") / "kit", 3, ("flat", "waits"), lambda codes: codes)


def test_what_is_moved_out_of_the_array_does_not_count() -> None:
    """After 64 places half of the array holds what came in from its edge."""
    *_, (shot, before, after) = [*Bench(load_profile("ideal"), 0, 0, (64, 192)).take(SERIES["march"], 3)]
    assert shot == Shot(100, 32, 0)
    assert before is not None
    assert after[0, 0, -64:].tolist() == [0] * 64 or after[0, 0, :64].tolist() == [0] * 64
    assert {q.statistic: q.measured for q in quantities(SERIES["march"], shot, before, after)} == pytest.approx(
        {"mean": 0, "fixed": 0, "temporal": 0}
    )


def test_a_narrow_array_is_not_asked_to_march(tmp_path: Path) -> None:
    sources.write_kit(tmp_path / "kit", 3, (), SHAPE)
    assert not (tmp_path / "kit" / "march.cpp").exists()
    assert {p.stem for p in (tmp_path / "kit").glob("*.cpp")} == {*SERIES, "stopwatch"} - {"march"}


def test_what_the_reader_takes_is_what_the_chip_gave(kit: Path, tmp_path: Path) -> None:
    found = read_kit(kit)
    assert (found.shape, found.repeats, found.readouts) == (SHAPE, 3, 15)
    wanted = {q.key: q.measured for q in simulated(load_profile("scamp5").drawn(5), [SERIES["waits"]], 3, 5, 1, SHAPE)}
    got = {q.key: q.measured for q in found.found if q.series == "waits"}
    assert got == pytest.approx(wanted, abs=1e-9)
    out = tmp_path / "m.json"
    assert cli.main(["measure", "read", str(kit), "--out", str(out)]) == 0
    again = load_measurement(out)
    assert [q.key for q in again.found] == [q.key for q in found.found]
    assert again.flat is not None
    assert again.flat.fixed == pytest.approx(found.flat.fixed if found.flat else 0)


def copy(kit: Path, folder: Path) -> Path:
    shutil.copytree(kit, folder / "kit")
    return folder / "kit"


def test_bad_kits_are_named(kit: Path, tmp_path: Path) -> None:
    folder = copy(kit, tmp_path)
    (folder / "waits" / "shot-40.png").unlink()
    with pytest.raises(ProgramError, match=r"47 pictures \(repetition 3 is incomplete, 15 of 16\)"):
        read_kit(folder)
    for n in range(33, 49):
        (folder / "waits" / f"shot-{n}.png").unlink(missing_ok=True)
    with pytest.raises(ProgramError, match=r"32 pictures \(2 repetitions of 16\); 3 repetitions are 48"):
        read_kit(folder)
    shutil.rmtree(folder / "waits")
    Image.fromarray(np.zeros((64, 60), np.uint8)).save(folder / "flat" / "shot-3.png")
    with pytest.raises(ProgramError, match=r"shot-3\.png is 64x60; the plan is for 64x64"):
        read_kit(folder)
    (folder / "flat" / "shot-3.png").write_bytes(b"no picture")
    with pytest.raises(ProgramError, match=r"shot-3\.png: not a picture"):
        read_kit(folder)
    shutil.rmtree(folder / "flat")
    with pytest.raises(ProgramError, match="has no directory of pictures; expected one of flat, waits"):
        read_kit(folder)
    (folder / "plan.json").write_text("{}")
    with pytest.raises(ProgramError, match="is not a plan"):
        read_kit(folder)


def test_codes_that_wrap_are_named(tmp_path: Path) -> None:
    turned = write_pictures(tmp_path / "a", 3, ("waits",), lambda codes: codes ^ np.uint8(128))
    with pytest.raises(ProgramError, match=r"codes of 0 LSB wrap: .* signed numbers written as unsigned ones"):
        read_kit(turned)
    dark = write_pictures(tmp_path / "b", 3, ("waits",), lambda codes: codes // 2)
    with pytest.raises(ProgramError, match="pictures of 0 LSB have a mean code of 6"):
        read_kit(dark)


@pytest.mark.parametrize(
    ("code", "argv", "message"),
    [
        (2, ["write", "{new}", "--repeats", "2"], "--repeats: expected an integer in 3..1000, got '2'"),
        (
            2,
            ["write", "{new}", "--series", "march", "--size", "64x64"],
            "series 'march' needs an array of at least 192 columns, got 64; leave it out",
        ),
        (2, ["write", "{new}", "--series", "flats"], "unknown series 'flats'; there are flat, moves"),
        (1, ["write", "{full}"], "is not an empty directory; give a new one"),
        (1, ["read", "{new}"], "plan.json: no such file; give a folder that scamp-sim measure write has made"),
        (1, ["play", "{new}"], "holds no programs|no such file"),
    ],
)
def test_bad_requests(
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    message: str,
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    places = {"new": str(tmp_path / "new"), "full": str(tmp_path / "full")}
    assert cli.main(["measure", *(a.format(**places) for a in argv)]) == code
    error = capsys.readouterr().err
    assert any(part in error for part in message.split("|")), error
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("rows"), "the measurement is damaged"),
        (lambda d: d.update(rows=[]), "holds no measurements"),
        (lambda d: d["rows"][0].__setitem__(0, "flats"), "unknown measurement 'flats"),
        (lambda d: d["rows"][0].__setitem__(5, None), "damaged"),
        (lambda d: d["rows"][0].__setitem__(5, float("nan")), "damaged"),
        (lambda d: d["rows"][0].__setitem__(6, 0), "an error is not above 0"),
        (lambda d: d.update(shape=[10, 10]), "damaged"),
        (lambda d: d.update(format="x"), "is not a measurement"),
    ],
)
def test_damaged_measurements(
    kit: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = read_kit(kit).document()
    change(document)
    (tmp_path / "m.json").write_text(json.dumps(document))
    with pytest.raises(ProgramError, match=message):
        load_measurement(tmp_path / "m.json")


def test_the_stopwatch(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("hello\nstopwatch launch 1000 880\nstopwatch constant 1000 12700\n")
    assert read_log(log) == {"launch": 0.88, "constant": 12.7}
    assert prices(read_log(log))["launch.analog"] == pytest.approx(0.78)
    log.write_text("nothing\n")
    with pytest.raises(ProgramError, match="has no line of the stopwatch"):
        read_log(log)


def recovered(serial: int, repeats: int) -> tuple[int, int, list[str]]:
    """(knobs within their error, knobs called determined, those outside) of one chip of the population."""
    kind, shape = load_profile("scamp5"), (128, 128)
    truth = kind.drawn(serial)
    found = simulated(truth, list(SERIES.values()), repeats, serial + 100, serial, shape)
    stack = flat.simulated(truth, shape, np.ones(shape, bool), 5 * repeats, serial + 100, serial)
    kit = Measurement(shape, repeats, tuple(found), flat.parts_of(stack), len(stack.codes))
    fitted = run(kind, kit=kit).fitted
    outside = [k for k in fitted.determined if abs(fitted.profile[k] - truth[k]) > fitted.errors[k]]
    return len(fitted.determined) - len(outside), len(fitted.determined), outside


@pytest.mark.nightly
def test_the_knobs_of_ten_chips_come_back() -> None:
    """The true profiles from their own simulated measurements. What a fit finds of one chip is tested by day, below."""
    found = [recovered(serial, 8) for serial in range(1, 11)]
    assert min(n for _, n, _ in found) >= 15
    assert sum(r for r, _, _ in found) >= 0.9 * sum(n for _, n, _ in found), [o for _, _, o in found]


def test_predictions_of_the_truth_deviate_as_much_as_their_errors_say() -> None:
    truth = load_profile("scamp5").drawn(2)
    found = simulated(truth, list(SERIES.values()), 6, 102, 2, (128, 128))
    source = KitSource(found, (128, 128))
    z = (np.mean([source.predict(truth, c) for c in (1, 2)], axis=0) - source.measured) / source.errors
    assert 0.5 < np.sqrt((z**2).mean()) < 1.4


@needs_compiler
def test_end_to_end_with_an_emulated_chip_in_the_place_of_the_owners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written, compiled, run, pictures saved, read, fitted: drift and transfer offset of serial 7 come back."""
    folder, out, mine = (str(tmp_path / name) for name in ("kit", "m.json", "mine.json"))
    few = [a for name in ("waits", "transfer") for a in ("--series", name)]
    assert cli.main(["measure", "write", folder, "--repeats", "4", "--size", "64x64", *few]) == 0
    assert cli.main(["measure", "play", folder, "--errors", "scamp5", "--chip", "7"]) == 0
    assert cli.main(["measure", "read", folder, "--out", out]) == 0
    assert "price of launch.analog: 0.779 us" in capsys.readouterr().out
    assert cli.main(["fit", "--measured", out, "--out", mine, "--name", "mine"]) == 0
    truth, found = load_profile("scamp5").drawn(7), load_profile(mine)
    for knob in ("analog_drift", "analog_drift_spread", "transfer_offset"):
        low, high = found.evidence[knob].plausible or (0, 0)
        assert found.evidence[knob].kind == "fitted"
        assert low - 0.3 * (high - low) <= truth[knob] <= high + 0.3 * (high - low), knob
    assert found.ranges["split_mismatch"] == (0, 0.04), "what was not measured stays open"
