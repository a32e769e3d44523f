"""`scamp-sim bench`: its table, its page, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scamp_sim.cli.bench import code, measure, page, rows
from scamp_sim.cli.main import main

ROOT = Path(__file__).parent.parent


def test_a_part_is_measured_and_stands_beside_the_documented_figures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "best", lambda call, *_: (call(), 7.5)[1])
    monkeypatch.setattr(rows, "best", lambda call, *_: (call(), 7.5)[1])
    assert main(["bench", "--only", "one-word", "--only", "programs"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    (word,) = [line.split() for line in lines if line.startswith("MOV(R6, R5)")]
    documented = {row.name: row for row in page.rows_of(page.documented())}
    assert word[2:] == ["7.5", "1", "7.5", page.number(documented["`MOV(R6, R5)`"].adds)]
    assert sum(line.startswith("gauss3") for line in lines) == 2
    assert err.endswith("measuring: one-word\nmeasuring: programs\n")


def test_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "best", lambda call, *_: (call(), 3.0)[1])
    monkeypatch.setattr(rows, "best", lambda call, *_: (call(), 3.0)[1])
    assert main(["bench", "--only", "long-programs", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["group"] for row in found["rows"]} == {"long-programs"}
    assert found["rows"][0]["us"] == 0.005  # 3 us for 600 of them
    assert found["about"]["add"] == "3"


def test_an_unknown_group_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--only", "program"]) == 2
    assert "unknown group 'program'; did you mean 'programs'" in capsys.readouterr().err


def test_the_page_is_made_of_the_documented_table() -> None:
    written = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert written == page.markdown(page.documented()), "write it anew: python tools/write_performance.py --page"


def test_every_group_is_documented() -> None:
    there = {row.group for row in page.rows_of(page.documented())}
    assert there == set(rows.MEASURED) == set(rows.TITLES)


def test_processor_time_is_that_of_a_call() -> None:
    def call() -> int:
        return sum(range(20_000))

    us = measure.best(call, 0.05)
    assert 50 < us < 5000
    assert us < measure.best(lambda: [call(), call(), call()], 0.05) < 6 * us


def test_code_is_measured_without_touching_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.engine.fused import build

    before = dict(build._loaded)
    monkeypatch.setattr(build, "folder", lambda: pytest.fail("not this folder"))
    assert code.compiling(rows.only("gauss3"), "ideal") > code.loading(rows.only("gauss3")) > 0
    assert build._loaded == before


def test_a_machine_without_fused_code_says_so() -> None:
    about = {"processor": "p", "add": "5", "trouble": "ImportError: no llvmlite"}
    assert "no fused code: ImportError: no llvmlite" in page.text([], about, {"rows": []})
