"""`scamp-sim filter` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scamp_sim.cli.main import main
from scamp_sim.compiler.filters.planes import compile_planes
from scamp_sim.exceptions import ProgramError

DOCS = Path(__file__).parents[3] / "docs"


def test_text_passes_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "edge.scamp"
    assert main(["filter", "1 0 -1", "--out", "B", "--seconds", "1", "-o", str(target)]) == 0
    shown = capsys.readouterr()
    assert shown.out == target.read_text()
    assert shown.err == ""
    assert main(["check", str(target)]) == 0
    assert "no errors, no warnings" in capsys.readouterr().out


def test_json_has_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filter", "1 2; 3 -4", "--scale", "4", "--offset", "zero", "--seconds", "1", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"words", "lower_bound", "optimal", "error", "offset", "noise", "margin", "text"} <= set(document)
    assert document["offset"] == 0


def test_named_kernels_and_registers(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["filter", "gx=1 0 -1", "gy=1; 0; -1", "--out", "B,C", "--seconds", "1", "--format", "json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["outputs"] == {"gx": "B", "gy": "C"}


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filter", "--list"]) == 0
    out = capsys.readouterr().out
    assert "binomial5" in out
    assert "Cain" in out
    assert main(["filter", "--list", "--format", "json"]) == 0


def test_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "k.json"
    given.write_text("[[1, 2, 1]]")
    assert main(["filter", str(given), "-o", str(given), "--seconds", "1"]) == 1
    assert "has read that file; name another" in capsys.readouterr().err
    assert given.read_text() == "[[1, 2, 1]]"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["0 0"], "all zero"),
        (["1 2; 3"], "equal length"),
        (["1", "--seconds", "0"], "--seconds: expected a finite number above 0"),
        (["missing.npy"], "missing.npy"),
        (["a=1 2", "a=1 3"], "two kernels"),
        (["1 2", "-o", "nowhere/x.scamp"], "does not exist"),
        (["2 1", "--planes"], "weights of -1, 0 and 1"),
    ],
)
def test_bad_input(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filter", *argv]) == (2 if "--seconds" in argv else 1)
    assert words in capsys.readouterr().err


def test_page_is_fresh() -> None:
    from scamp_sim.compiler.filters.page import rows

    assert rows() in (DOCS / "filters.md").read_text(encoding="utf-8"), "run: python tools/regen_docs.py"


def test_adders_count_taps(capsys: pytest.CaptureFixture[str]) -> None:
    """Full adder 8 words, half adder 5; each program is run against a plain count when it is made."""
    three = compile_planes([[1, -1, 1]])
    assert three.words <= 17
    assert len(three.bits) == 2
    assert not three.program.diagnostics
    nine = compile_planes([[1, 1, 1], [1, -1, 1], [1, 1, 1]])
    assert nine.words <= 69
    assert nine.suits in ("planes", "analog")
    twenty = compile_planes([[1, -1, 0, 1, 1]] * 5)
    assert twenty.taps == 20
    assert twenty.words <= 10 * 20
    assert compile_planes([[1, -1, 1, 1, -1]] * 5).words <= 10 * 25  # fewer would do than adders that wait for one each
    one = compile_planes([[1]])
    assert one.words == 1
    assert not one.program.diagnostics
    assert main(["filter", "1 1; 1 -1", "--planes"]) == 0
    assert "count2" in capsys.readouterr().out
    with pytest.raises(ProgramError, match="taps"):
        compile_planes([[1] * 6] * 6)


@pytest.mark.parametrize("name", ["box2", "sobel", "dense_0"])
def test_noise_of_the_table_is_fresh(name: str) -> None:
    from scamp_sim.compiler.filters.classic import found
    from scamp_sim.compiler.filters.renew import predicted

    for mode, entry in found()[name].items():
        assert entry | predicted(entry["text"], mode) == entry, "run: python -m scamp_sim.compiler.filters.renew 0"
