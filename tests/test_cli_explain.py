"""`scamp-sim explain`: every code of the catalogue has an explanation, and the examples provoke what they should."""

from __future__ import annotations

import json

import pytest

from scamp_sim.cli.main import main
from scamp_sim.compiler.front.codes import CODES
from scamp_sim.compiler.messages import EXAMPLES


def test_a_code_is_shown_with_a_source_that_provokes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "w503"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("W503: a register read after a macro overwrote it\n")
    assert "    bus(D, XE);" in out
    assert "example.scamp:4:1: warning[W503]: 'bus(D, XE)' reads XE, but what line 2 put there was overwritten" in out


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_an_explanation(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["code"] == code
    assert found["title"] == CODES[code]
    assert found["kind"].startswith("error" if code.startswith("S") else "warning")
    assert bool(found["example"]) == (code in EXAMPLES)
    assert (f"[{code}]" in found["message"]) == (code in EXAMPLES)


def test_the_list_has_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CODES)


def test_an_unknown_code_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "W5O3"]) == 2
    assert "unknown code 'W5O3'; 'scamp-sim explain' lists them" in capsys.readouterr().err
