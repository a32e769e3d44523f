"""Numbers of options: nan, infinity and integers beyond 64 bits are refused by every option of every command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scamp_sim.cli.commands import commands
from scamp_sim.cli.main import main, parser_of
from scamp_sim.cli.parsing import Parser, number_in, whole_in
from scamp_sim.systems.base.protocol import Action

ACTIONS: tuple[Action, ...] = ("run", "validate", "costs", "published")
HUGE = "1" + "0" * 30
NONSENSE = ("nan", "-nan", "inf", "-inf", "Infinity", "1e999", HUGE, "9" * 5000, "", "x", "0x1g", "1;2")


def below(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser, argparse.Action]]:
    """Every argument of a parser and of its subcommands that is converted."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub, found in action.choices.items():
                yield from below(found, f"{name} {sub}")
        elif action.type is not None:
            yield name, parser, action


CONVERTED = [
    (f"{where} {action.option_strings[0]}", parser, action)
    for command in commands().values()
    for where, parser, action in below(parser_of(command), command.name)
    if action.dest != "video_of"  # names with commas between
]


@cache
def of_systems() -> tuple[tuple[str, argparse.ArgumentParser, argparse.Action], ...]:
    """The same of what systems add."""
    from scamp_sim.systems.base.registry import names, system

    parsers = {(action, name): Parser() for action in ACTIONS for name in names()}
    for (action, name), parser in parsers.items():
        system(name).arguments(action, parser)
    return tuple(found for what, parser in parsers.items() for found in below(parser, " ".join(what)))


def test_there_are_many() -> None:
    assert len(CONVERTED) > 80


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_by_every_option(text: str) -> None:
    for name, parser, action in (*CONVERTED, *of_systems()):
        if text == HUGE and (action.type is float or action.dest == "electrons"):  # a number like others
            continue
        with pytest.raises(argparse.ArgumentError) as refused:
            parser._get_value(action, text)  # type: ignore[attr-defined]
        assert len(str(refused.value)) < 300, name


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "view edges --fps nan --save x.html",
            "--fps: expected a finite number of at most 1,000,000 and above 0, got 'nan'",
        ),
        ("view edges --fps 0 --save x.html", "got '0'"),
        ("view edges --frames -3 --save x.html", "--frames: expected an integer in 1..1000000, got '-3'"),
        ("view edges --port 65536 --save x.html", "--port: expected an integer in 0..65535, got '65536'"),
        ("profile edges --frames 0", "--frames: expected an integer in 1..1000000"),
        ("run edges --timeout 0", "--timeout: expected a finite number"),
        ("chips scamp5 --serial 4294967296", "invalid chip serial"),
        ("compare --epochs 0", "--epochs: expected an integer of at least 1, got '0'"),
        ("compare --electrons -1", "--electrons: expected a finite number of at least 0, got '-1'"),
        (f"run edges --seed {10**30}", "--seed: expected an integer in 0..4294967295, got '1000000"),
    ],
)
def test_limits_are_named(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("profile edges --frame 2", "--frame is for networks"),
        ("system costs p2m --bits 0", "bits must be an integer in 1..32, got 0"),
        ("system costs snn --kernel 0", "kernel must be an integer in 1..1024, got 0"),
        ("system costs p2m --on circuit --stride 0", "stride must be an integer in 1..1024, got 0"),
        ("system published snn --sensor-share 2", "--sensor-share is for --shares TOTAL"),
    ],
)
def test_what_would_be_passed_over_is_refused(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == (2 if says.startswith("--") else 1)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "says"),
    [("--rate 1e300", "rate must be at most 1000"), (f"--threads {10**18}", "threads must be at most 1024")],
)
def test_what_pytorch_cannot_take(
    more: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    line = f"train pixelrnn --clips made-up:1 --test made-up:1:5 --epochs 1 --out w.npz {more}"
    assert main(line.split()) == 1
    assert says in capsys.readouterr().err


def test_the_limits_themselves() -> None:
    assert [whole_in(1, 3)(text) for text in ("1", " 3 ", "+2")] == [1, 3, 2]
    assert number_in(low=0, below=1)("0") == 0
    for text in ("1", "-1e-300", "nan"):
        with pytest.raises(argparse.ArgumentTypeError, match="at least 0 and below 1"):
            number_in(low=0, below=1)(text)
