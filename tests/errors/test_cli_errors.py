"""Errors on the command line: --errors, --chip, --seed, the notes, and `scamp-sim chips`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli import main as cli
from scamp_sim.silicon import KNOBS, load_profile, profile_names
from scamp_sim.silicon.effects import switched_on

SOURCE = "input a -> A;\nkernel k { mov(B, A); }\nprogram { k(); output o = B; }\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("copy.scamp").write_text(SOURCE)
    np.save("a.npy", np.full((64, 64), 50, np.float32))
    return "copy.scamp"


def run(program: str, *more: str) -> int:
    return cli.main(["run", program, "--input", "a=a.npy", "--size", "64x64", *more])


def record(capsys: pytest.CaptureFixture[str], program: str, *more: str) -> dict[str, Any]:
    assert run(program, "--format", "json", *more) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_ideal_is_silent_about_errors(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = record(capsys, program)["errors"]
    assert found == {"profile": "ideal", "chip": 0, "seed": 0, "knobs": {}, "without_effect": {}}
    assert run(program) == 0
    captured = capsys.readouterr()
    assert "errors" not in captured.out
    assert captured.err == ""


def test_a_built_in_profile_has_one_line_for_what_it_cannot_do(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(program, "--errors", "scamp5", "--chip", "7", "--seed", "3") == 0
    captured = capsys.readouterr()
    assert "errors of scamp5, chip 7, seed 3\n" in captured.out
    (line,) = captured.err.splitlines()
    assert line.startswith("scamp-sim: note: profile scamp5: ")
    count = len(switched_on(load_profile("scamp5")))
    said, _, names = line.removeprefix("scamp-sim: note: profile scamp5: ").partition(": ")
    assert said.endswith(f"of its {count} knobs are without effect on this program")
    assert len(names.split(" and ")[0].split(", ")) == min(6, int(said.split()[0]))
    assert set(names.split(" and ")[0].split(", ")) <= set(KNOBS)


def test_errors_are_shown_as_they_were_given(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(program, "--errors", "scamp5:write_noise=9") == 0
    assert "errors of scamp5:write_noise=9, chip 0, seed 0\n" in capsys.readouterr().out


def test_a_chip_without_errors_is_noted(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(program, "--chip", "7") == 0
    assert capsys.readouterr().err == "scamp-sim: note: the errors are ideal: all chips and seeds are the same\n"


def test_knobs_that_were_set_in_vain_are_named(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    errors = "scamp5:pix_shot=2,stuck_cells=9,write_noise=1"
    assert run(program, "--errors", errors) == 0
    assert capsys.readouterr().err == (
        "scamp-sim: note: profile scamp5: without effect on this program: "
        f"stuck_cells (needs {KNOBS['stuck_cells'].needs}), pix_shot (needs a word that reads PIX)\n"
    )
    Path("mine.json").write_text(json.dumps({"base": "scamp5", "knobs": {"pix_read": 1, "write_noise": 3}}))
    found = record(capsys, program, "--errors", "mine.json", "--chip", "4")["errors"]
    assert (found["profile"], found["chip"], found["knobs"]["write_noise"]) == ("mine", 4, 3)
    assert found["without_effect"]["pix_read"] == "needs a word that reads PIX"
    assert "split_mismatch" in found["without_effect"]
    assert "write_noise" not in found["without_effect"]


def test_frames_take_time_in_which_values_drift(
    program: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    errors = "ideal:analog_drift=-5"  # a frame takes about a millisecond
    assert "analog_drift" in record(capsys, program, "--errors", errors)["errors"]["without_effect"]
    from PIL import Image

    Image.fromarray(np.zeros((64, 64), np.uint8)).save("i.png")
    frames = [part for _ in range(8) for part in ("--image", "i.png")]
    argv = ["run", program, "--size", "64x64", "--errors", errors, "--format", "json", *frames]
    assert cli.main(argv) == 0
    assert json.loads(capsys.readouterr().out)["errors"]["without_effect"] == {}


def test_the_chip_and_the_seed_are_those_that_were_given(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    def planes(*more: str) -> np.ndarray:
        assert run(program, "--errors", "scamp5", "--out", "out", *more) == 0
        capsys.readouterr()
        from PIL import Image

        return np.asarray(Image.open("out/o.png")).copy()

    first = planes("--chip", "1", "--seed", "2")
    np.testing.assert_array_equal(first, planes("--chip", "1", "--seed", "2", "--engine", "reference"))
    assert (first != planes("--chip", "2", "--seed", "2")).mean() > 0.3
    assert (first != planes("--chip", "1", "--seed", "3")).mean() > 0.1


@pytest.mark.parametrize("serial", ["1.5", "-1", "abc", "", "4294967296", "1e3", "٣", "9" * 5000])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_bad_serials(serial: str, command: str, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["pixelrnn", "--weights", "random", "--clips", "synthetic"] if command == "validate" else [program]
    assert cli.main([command, *rest, "--chip", serial]) == 2
    message = capsys.readouterr().err
    assert "expected an integer in 0..4294967295" in message
    assert len(message) < 3000


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ("scamp6", "did you mean 'scamp5'"),
        ("scamp5:write_nose=1", "did you mean 'write_noise'"),
        ("scamp5:write_noise=-1", "a spread is never negative"),
        ("scamp5:write_noise=x", "write knob=number"),
        ("nothing.json", "chip profile nothing.json: no such file"),
        ("copy.scamp", "copy.scamp: not JSON"),
        ("big.json", "is for an array of 256x256; this one is 64x64"),
        (".", "unknown chip profile '.'"),
        ("", "unknown chip profile ''"),
    ],
)
def test_bad_profiles(errors: str, message: str, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("big.json").write_text('{"shape": [256, 256], "knobs": {"adc_noise": 1}}')
    code = 1 if errors.endswith((".json", ".scamp")) else 2  # a file is wrong, or the option itself
    assert run(program, "--errors", errors, "--out", "out") == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not Path("out").exists()
    if errors != "big.json":
        assert cli.main(["chips", errors]) == code
        assert message in capsys.readouterr().err


# --- chips ----------------------------------------------------------------------------------------------------------


def test_chips_lists_profiles(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chips"]) == 0
    text = capsys.readouterr().out
    for name in profile_names():
        count = len(switched_on(load_profile(name)))
        assert f"{name:9}  {count:2} of {len(KNOBS)} knobs on  {load_profile(name).about}" in text
    assert cli.main(["chips", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [p["name"] for p in document] == [*profile_names()]
    assert document[0]["knobs_on"] == 0


def test_chips_shows_every_knob_and_marks_what_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chips", "scamp5:write_noise=7,stuck_cells=3"]) == 0
    text = capsys.readouterr().out
    assert all(f" {name} " in text for name in KNOBS)
    assert "* write_noise           7 LSB rms" in text
    assert [line.split()[1] for line in text.splitlines() if line.startswith("* ")] == [
        "stuck_cells",
        "write_noise",
        "differs",
    ]
    assert "* differs from scamp5" in text
    assert "KIM = SCAMP-5 Kernel Instructions and Macros" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100


def test_chips_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chips", "scamp5:write_noise=7", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in document["knobs"]}
    assert set(rows) == set(KNOBS)
    assert document["compared_with"] == "scamp5"
    assert [name for name, row in rows.items() if row["changed"]] == ["write_noise"]
    noise = rows["write_noise"]
    assert (noise["value"], noise["unit"], noise["ideal"], noise["family"]) == (7, "LSB rms", 0, "temporal")
    assert noise["fitted_to"]
    assert noise["source"]
    assert cli.main(["chips", "ideal", "--format", "json"]) == 0
    assert not any(row["on"] or row["changed"] for row in json.loads(capsys.readouterr().out)["knobs"])


def test_chips_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"about": "mine", "base": "scamp5", "shape": [64, 64], "knobs": {"adc_noise": 9}}))
    assert cli.main(["chips", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("mine: mine, for an array of 64x64\n")
    assert "* adc_noise             9 LSB rms" in text
