"""scamp-sim(1): the commands as a manual page for `man`, from the parsers themselves."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from scamp_sim import __version__
from scamp_sim.cli.commands import OWN, Command
from scamp_sim.cli.main import DESCRIPTION, ENVIRONMENT, EXAMPLES, EXIT_CODES, parser_of
from scamp_sim.cli.reference import named


def page() -> str:
    """The page in roff, for man(7)."""
    about = DESCRIPTION[0].lower() + DESCRIPTION[1:].rstrip(".")
    lines = [
        f'.TH SCAMP\\-SIM 1 "" "scamp\\-sim {_roff(__version__)}"',
        ".SH NAME",
        f"scamp\\-sim \\- {_roff(about)}",
        ".SH SYNOPSIS",
        ".B scamp\\-sim",
        ".I COMMAND",
        "[options]",
        ".SH DESCRIPTION",
        _roff(DESCRIPTION),
        "Pages on everything else are in every copy: scamp\\-sim docs lists them.",
    ]
    for job in dict.fromkeys(c.job for c in OWN):
        lines.append(f".SH {_roff(job.upper())}")
        for command in (c for c in OWN if c.job == job):
            lines += _command(command)
    lines.append(".SH EXIT STATUS")
    lines += (f".TP\n.B {code}\n{_roff(meaning)}" for code, meaning in EXIT_CODES.items())
    lines.append(".SH ENVIRONMENT")
    lines += (f".TP\n.B {_roff(name)}\n{_roff(meaning)}" for name, meaning in ENVIRONMENT.items())
    lines += [".SH EXAMPLES", *_examples(EXAMPLES)]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> Iterator[str]:
    parser = parser_of(command)
    yield f".SS {_roff(command.name)}"
    yield _roff(str(parser.description))
    yield from _arguments(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield f".SS {_roff(f'{command.name} {name}')}"
                yield _roff(str(inner.description or ""))
                yield from _arguments(inner)
    if parser.epilog:
        yield from _examples(line.strip() for line in parser.epilog.splitlines()[1:])


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, text in named(parser):
        yield f".TP\n.B {_roff(name)}\n{_roff(text)}"


def _examples(lines: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    yield ".PP\n.nf\n.RS"
    yield from map(_roff, lines)
    yield ".RE\n.fi"


def _roff(text: str) -> str:
    """A text as it stands in roff: strokes and signs that it would read, quoted."""
    text = re.sub(r"\s+", " ", text).strip().replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


__all__ = ["page"]
