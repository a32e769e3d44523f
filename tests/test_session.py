"""Where an image goes, what a setting means, when a bar appears: the parts of the command line by themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.chip.program import HostCall, Input, Kernel, Launch, Output, Program, Step, Word
from scamp_sim.cli import programs
from scamp_sim.exceptions import ProgramError
from scamp_sim.show import progress as bar
from scamp_sim.show import session
from scamp_sim.show.progress import progress, rate


def program(
    *words: Word, inputs: tuple[Input, ...] = (), before: tuple[Step, ...] = (), after: tuple[Step, ...] = ()
) -> Program:
    return Program("p", {"k": Kernel("k", words)}, (*before, Launch("k"), *after), inputs)


COPY = Word("bus", ("B",), ("A",))
ON_PIX, ON_A, ON_R5 = Input("scene", "PIX"), Input("level", "A"), Input("mask", "R5")


@pytest.mark.parametrize(
    ("inputs", "bound", "target"),
    [
        ((ON_PIX,), {}, "scene"),
        ((ON_A,), {}, "level"),
        ((ON_A, ON_PIX), {}, "scene"),
        ((ON_A, ON_R5), {"level": "x"}, "mask"),
        ((ON_A, ON_PIX), {"scene": "x"}, "level"),
    ],
)
def test_declared_inputs(inputs: tuple[Input, ...], bound: dict[str, str], target: str) -> None:
    assert session.image_target(program(COPY, inputs=inputs), bound) == target


@pytest.mark.parametrize(
    ("inputs", "bound", "message"),
    [((ON_A, ON_R5), {}, "several inputs"), ((ON_A,), {"level": "x"}, "--image cannot be used")],
)
def test_ambiguous_inputs(inputs: tuple[Input, ...], bound: dict[str, str], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        session.image_target(program(COPY, inputs=inputs), bound)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ((COPY,), ["A"]),
        ((Word("bus", ("A",)), COPY), []),
        ((Word("bus", ("A",), ("PIX",)), COPY), ["PIX"]),
        ((Word("bus", ("C",), ("A", "B")),), ["A", "B"]),
        ((Word("bus", ("NEWS",), ("D",)), Word("bus", ("E",), ("XN",))), ["D"]),
        ((Word("SET", ("R5",)),), []),
    ],
)
def test_registers_read_before_they_are_written(words: tuple[Word, ...], first: list[str]) -> None:
    assert session.read_first(program(*words)) == first


def test_host_calls_write_and_outputs_read() -> None:
    load = HostCall("scamp5_in", ("A", 3, "NEWS"))
    assert session.read_first(program(COPY, before=(load,))) == []
    assert session.read_first(program(COPY, before=(load,), after=(Output("x", "F"),))) == ["F"]


@pytest.mark.parametrize(
    ("register", "values"), [("PIX", [0, 127, 128, 255]), ("A", [-128, -1, 0, 127]), ("R5", [False, False, True, True])]
)
def test_grey_as_register_values(register: str, values: list[Any]) -> None:
    assert session.from_grey(np.array([[0, 127, 128, 255]], np.uint8), register).tolist() == [values]


@pytest.mark.parametrize(
    ("text", "value"),
    [("n=3", 3), ("n=-7", -7), ("n=0x10", 16), ("n=[1, -1]", [1, -1]), ("n = 5", 5), ("n=[[1],[2]]", [[1], [2]])],
)
def test_settings(text: str, value: object) -> None:
    assert programs.parse_settings([text]) == {"n": value}


@pytest.mark.parametrize("text", ["n", "=3", "n=", "3=n", "n=up", "n=[1,"])
def test_bad_settings(text: str) -> None:
    with pytest.raises(ProgramError, match="--set"):
        programs.parse_settings([text])


def test_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(3) as advance:
        for _ in range(3):
            advance()
    assert capsys.readouterr() == ("", "")


def test_a_bar_after_a_second(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.5, 1.5, 2.5])
    with monkeypatch.context() as patch:
        patch.setattr(bar, "time", type("Clock", (), {"monotonic": lambda: next(clock)}))
        patch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with progress(3) as advance:
            advance()
            assert capsys.readouterr().err == ""
            advance()
            advance()
    assert "3/3" in capsys.readouterr().err


def test_compilation_is_announced_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scamp_sim.engine import _jit

    monkeypatch.setattr(_jit, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(session, "announced", set())
    session.announce_compilation()
    assert "compiling the engine" in capsys.readouterr().err
    session.announce_compilation()  # a second machine of the same command
    assert capsys.readouterr().err == ""
    here = _jit.of_this_place(tmp_path)
    this = f"py{sys.version_info.major}{sys.version_info.minor}"
    for place, python, said in ((tmp_path / "elsewhere", this, True), (here, "py27", True), (here, this, False)):
        session.announced.clear()
        place.mkdir(exist_ok=True)
        (place / f"walk.walk-1.{python}.nbi").write_bytes(b"")  # of another installation, another Python, and of these
        session.announce_compilation()
        assert bool(capsys.readouterr().err) == said


def test_the_running_engine_is_found_as_compiled() -> None:
    from scamp_sim import Machine
    from scamp_sim.chip.program import Word, straight_line
    from scamp_sim.engine._jit import is_compiled

    Machine((64, 64)).run(straight_line("nop", [Word("nop")]))
    assert is_compiled()


@pytest.mark.parametrize(
    ("done", "seconds", "shown"),
    [(0, 5, ""), (10, 0, ""), (30, 4, "7.5/s"), (2, 9, "4.5 s each"), (1, 1, "1.0 s each")],
)
def test_a_bar_says_how_fast_it_goes(done: int, seconds: float, shown: str) -> None:
    assert rate(done, seconds) == shown
