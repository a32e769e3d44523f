"""Options that a command takes for some subjects only: for others they are refused by name, and never ignored."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from scamp_sim.exceptions import OptionError, ScampError

SPELT = {"include": "-I", "define": "-D"}

FILM = ("video", "video_of")
SINGLE = ("planes", "trace", "dump_after", "beside", *FILM)
"""What `run` makes of a single run, and not of a study over chips."""

BUILT = ("out", "planes", "trace", "stretch", *FILM, "set", "press", "files", "frames", "fps", "jobs")
"""What needs a run, and so has nothing to do where a program is built alone."""

ONE_RUN = "{option} records a single run; it cannot be combined with --chips or --seeds"
JOBS = "--jobs are for a study over chips; add --chips LIST, or leave it out"


def given(args: argparse.Namespace, name: str) -> bool:
    """Whether an option says something; one that is given its default says nothing."""
    return getattr(args, name, None) not in (None, False, [], ())


def spelt(name: str) -> str:
    """An option as the command line has it."""
    return SPELT.get(name, f"--{name.replace('_', '-')}")


def refuse(args: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Raise OptionError for the first of these options that is given.

    why: the message, with {option} where its name goes.
    """
    for name in names:
        if given(args, name):
            raise OptionError(why.format(option=spelt(name)))


def refuse_others(
    args: argparse.Namespace, register: Callable[[argparse.ArgumentParser], None], kept: Iterable[str], why: str
) -> None:
    """Raise OptionError for the first option of a command that differs from its default, but for those in `kept`.

    register: adds the arguments of the command to a parser.
    why: the message, with {option} where its name goes.
    """
    parser = argparse.ArgumentParser(add_help=False)
    register(parser)
    for action in parser._actions:
        value = getattr(args, action.dest)
        if action.dest not in kept and value != action.default and value != []:
            raise OptionError(why.format(option=action.option_strings[-1] if action.option_strings else action.metavar))


@contextmanager
def of_the_line() -> Iterator[None]:
    """What is refused inside is an option's value, looked at by what files go through as well: exit code 2, not 1."""
    try:
        yield
    except ScampError as e:
        raise OptionError(str(e)) from None


# --- run ----------------------------------------------------------------------------------------------------------


def of_run(args: argparse.Namespace, cpp: bool, study: bool) -> None:
    """What `run` of a program cannot do with its options together. Raises OptionError.

    cpp: whether it is a C++ program with a main. study: whether it is a study over chips.
    """
    if cpp:
        refuse(
            args,
            ("input", "dump_after", "beside"),
            "{option} is for kernel files; a C++ program says itself what it reads and shows",
        )
    if cpp and args.no_run:
        why = "{option} needs a run, and --no-run builds only; leave one of them out"
        refuse(args, (*BUILT, "chips", "seeds", "cluster"), why)
    if study:
        refuse(args, SINGLE, ONE_RUN)
    else:
        refuse(args, ("jobs",), JOBS)
    if not args.image:
        if not args.input:
            refuse(args, ("resize",), "{option} is for pictures; give --image as well, or leave it out")
        if not cpp or args.video is None:
            refuse(args, ("fps",), "{option} is for pictures and videos; give --image as well")
        if study and not cpp:
            refuse(args, ("frames",), "{option} of a study repeats pictures; give --image as well, or leave it out")
    if args.out is None:
        refuse(args, ("dump_after",), "{option} writes pictures; say where with --out DIR")
        if args.video is None:
            where = "say where they go with --out DIR" + ("" if study else " or --video FILE")
            refuse(args, ("stretch",), f"{{option}} is for pictures; {where}")
            if cpp:
                refuse(args, ("planes",), f"{{option}} adds registers to the pictures; {where}")


__all__ = [
    "BUILT",
    "FILM",
    "JOBS",
    "ONE_RUN",
    "SINGLE",
    "given",
    "of_run",
    "of_the_line",
    "refuse",
    "refuse_others",
    "spelt",
]
