"""What is looked up in C++ as text: comments out, whether there is a main, where kernels begin.

No meaning is read out of it: it tells what a run has not reached, and which files belong to a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scamp_sim.compiler.front.cpp import SKIPPED
from scamp_sim.compiler.front.source import CPP_SOURCES, MOST_SOURCE
from scamp_sim.exceptions import ScampError
from scamp_sim.reading import read_bytes

_MAIN = re.compile(r"(?<![\w.:>#])(?:scamp5_)?main\s*\([^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)*\)\s*(?:noexcept\s*)?\{")
_INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)\"""", re.MULTILINE)
_BEGIN = re.compile(r"\bscamp[57]_(?:dynamic_)?kernel_begin\b")


def stripped(text: str) -> str:
    """The text without comments; lines stay where they are. Texts in quotes stay too."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        return "\n" * found.count("\n") or " " if found.startswith(("//", "/*")) else found

    return SKIPPED.sub(blank, text.replace("\r\n", "\n").replace("\r", "\n"))


def has_main(text: str) -> bool:
    """Whether a text without comments defines main."""
    return _MAIN.search(text) is not None


def is_program(path: str | Path) -> bool:
    """Whether a file is C++ with a main; False for those that cannot be read, of which others say more."""
    if Path(path).suffix.lower() not in CPP_SOURCES:
        return False
    try:
        data = read_bytes(path, "program", limit=MOST_SOURCE)
    except ScampError:
        return False
    return has_main(stripped(data.decode("utf-8", errors="replace")))


def included_sources(text: str) -> set[str]:
    """Names of the files that a text includes from beside it."""
    return {Path(n).name for n in _INCLUDE.findall(text)}


@dataclass(frozen=True)
class Mark:
    """Where a kernel begins in a file."""

    file: str
    line: int
    text: str


def kernel_marks(files: Iterable[Path]) -> list[Mark]:
    """Every place where a kernel begins, in branches of the preprocessor that are not compiled too, and in no macro."""
    found: list[Mark] = []
    for path in files:
        try:
            data = read_bytes(path, "program", limit=MOST_SOURCE)
        except ScampError:
            continue
        lines = stripped(data.decode("utf-8", errors="replace")).split("\n")
        inside = False
        for number, line in enumerate(lines, 1):
            macro = inside or line.lstrip().startswith("#")
            inside = macro and line.endswith("\\")
            if not macro and _BEGIN.search(line):
                found.append(Mark(str(path), number, line.strip()))
    return found
