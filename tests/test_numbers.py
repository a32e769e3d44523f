"""Numbers of options: nan, infinity and integers beyond 64 bits are refused by every option of every command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import cache

import pytest

from scamp_sim.cli.commands import commands
from scamp_sim.cli.main import main, parser_of
from scamp_sim.cli.parsing import Parser
from scamp_sim.limits import number_in, whole_in
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
    """The same of what systems and their trainings add."""
    from scamp_sim.systems.base.registry import names, system

    parsers: dict[tuple[Action, str], Parser] = {(action, name): Parser() for action in ACTIONS for name in names()}
    for (action, name), parser in parsers.items():
        system(name).arguments(action, parser)
    for name in names():
        trainer = system(name).trainer()
        if trainer is not None:
            trainer.arguments(parsers.setdefault(("train", name), Parser()))
    return tuple(found for what, parser in parsers.items() for found in below(parser, " ".join(what)))


def takes_fractions(action: argparse.Action) -> bool:
    """Whether an option takes numbers that are no integers."""
    for text in ("0.5", "1.5"):
        try:
            if isinstance(action.type(text), float):  # type: ignore[operator, misc]
                return True
        except (argparse.ArgumentTypeError, ValueError):
            pass
    return False


def test_there_are_many() -> None:
    assert len(CONVERTED) > 80


def test_every_number_has_limits() -> None:
    """What is beyond them is an error of the command line and ends with 2, not one that the library finds later."""
    free = {
        name
        for name, _, action in (*CONVERTED, *of_systems())
        if action.type in (int, float) and action.choices is None
    }
    assert free == {"fit --without"}  # any value of a table


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_by_every_option(text: str) -> None:
    for name, parser, action in (*CONVERTED, *of_systems()):
        if text == HUGE and takes_fractions(action):  # a number like others
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
        ("compare --epochs 0", "--epochs: expected an integer in 1..10000, got '0'"),
        ("system costs p2m --bits 0", "--bits: expected an integer in 1..32, got '0'"),
        ("system costs snn --kernel 0", "--kernel: expected an integer in 1..1024, got '0'"),
        ("system costs p2m --on circuit --stride 0", "--stride: expected an integer in 1..1024, got '0'"),
        ("system train p2m --epochs 0", "--epochs: expected an integer in 1..10000, got '0'"),
        ("train pixelrnn --rate 1e300", "--rate: expected a finite number of at most 1,000 and above 0, got '1e300'"),
        ("train pixelrnn --threads 2000", "--threads: expected an integer in 1..1024, got '2000'"),
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
        ("system published snn --sensor-share 0.2", "--sensor-share is for --shares TOTAL"),
        ("compare --epochs 3", "--epochs is for training; add --task NAME"),
        ("compare --jobs 2", "--jobs is for training; add --task NAME"),
        ("compare --cluster", "--cluster is for training; add --task NAME"),
        ("compare --results r.json --task shapes", "--results shows what was trained before; leave --task out"),
        ("compare --task shapes --electrons 5", "--electrons are for --robust"),
        ("compare --task shapes --robust --heads small", "--heads cannot be used with --robust"),
    ],
)
def test_what_would_be_passed_over_is_refused(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert says in capsys.readouterr().err


def test_the_limits_themselves() -> None:
    assert [whole_in(1, 3)(text) for text in ("1", " 3 ", "+2")] == [1, 3, 2]
    assert number_in(low=0, below=1)("0") == 0
    for text in ("1", "-1e-300", "nan"):
        with pytest.raises(argparse.ArgumentTypeError, match="at least 0 and below 1"):
            number_in(low=0, below=1)(text)
