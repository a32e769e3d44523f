"""What compilers and linkers say, as our messages."""

from __future__ import annotations

import re
from pathlib import Path

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.source import MOST_SOURCE
from scamp_sim.compiler.native.toolchain.scan import stripped
from scamp_sim.exceptions import ScampError
from scamp_sim.reading import read_bytes

_MESSAGE = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<text>.*)$")
_NOTE = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? note: (?P<text>.*)$")
_UNDECLARED = re.compile(
    r"['\u2018`](?P<name>[\w:]+)['\u2019] was not declared|use of undeclared identifier '(?P<other>\w+)'"
    r"|no member named '(?P<third>\w+)' in (?:namespace )?'(?:scamp[57]_|vs_|SCAMP[57]_PE)"
    r"|['\u2018](?P<fourth>\w+)['\u2019] is not a member of ['\u2018](?:scamp[57]_|vs_|SCAMP[57]_PE)"
    r"|(?:class|struct) (?:scamp[57]|vs)_\w+['\u2019] has no member named ['\u2018](?P<fifth>\w+)"
)
_NAMES = ("name", "other", "third", "fourth", "fifth")
_MISSING = re.compile(r"(?P<name>[^\s:]+): No such file or directory|'(?P<other>[^']+)' file not found")
_REFERENCE = re.compile(r"undefined (?:reference to|symbol:) [`'\u2018]?(?P<name>.+?)['\u2019]?$", re.MULTILINE)
_TWICE = re.compile(
    r"multiple definition of [`'\u2018](?P<name>.+?)['\u2019]|duplicate symbol: (?P<other>.+)$", re.MULTILINE
)
_AT_LINE = re.compile(r"(?P<file>[^\s:()]+\.(?:cpp|cc|cxx|hpp|h)):(?P<line>\d+)")
_HEADERS = re.compile(r"""^[ \t]*#[ \t]*include[ \t]*(?:"|<[^>\n]*\.h(?:pp|h|xx)?>)""", re.MULTILINE)
_MEANT = re.compile(r"; did you mean '[^']*'\?$")
MOST = 30


def origin(file: str, line: int, column: int = 1, cache: dict[str, list[str]] | None = None) -> Origin:
    """A place in a file of the user's, with its line of text."""
    lines = [] if cache is None else cache.get(file, [])
    if not lines:
        try:
            lines = read_bytes(file, "program", limit=MOST_SOURCE).decode("utf-8", errors="replace").splitlines()
        except ScampError:
            lines = []
        if cache is not None:
            cache[file] = lines
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    end = column
    while end <= len(text) and (text[end - 1].isalnum() or text[end - 1] == "_"):
        end += 1
    return Origin(file, line, column, line, max(end, column + 1), text)


def whole_line(place: Origin) -> Origin:
    """The line of a place, from its first sign to its last."""
    text = place.text.rstrip()
    start = len(text) - len(text.lstrip()) + 1
    return Origin(place.file, place.line, start, place.line, max(start + 1, len(text) + 1), place.text)


def diagnostics(stderr: str, source: Path, sdk: Path) -> tuple[Diagnostic, ...]:
    """The errors of one compilation. Those inside our headers stand at the user's line that led there."""
    found: list[Diagnostic] = []
    lines = stderr.splitlines()
    included = _includes_sdk(source)
    for number, line in enumerate(lines):
        match = _MESSAGE.match(line)
        if match is None:
            continue
        file, at, column = match["file"], int(match["line"]), int(match["column"] or 1)
        text = match["text"]
        if Path(file).is_relative_to(sdk) if sdk.is_absolute() else file.startswith(str(sdk)):
            file, at, column = _users_place(lines, number, sdk) or (str(source), 1, 1)
        code, hint = _explained(text, included)
        found.append(Diagnostic.at(origin(file, at, column), code, "error", _plain(text), hint=hint))
        if len(found) >= MOST:
            break
    if not found:
        what = next((x for x in lines if "error" in x), stderr.strip()[:200]) or "the compiler failed and said nothing"
        found.append(Diagnostic.at(origin(str(source), 1), "S611", "error", f"the compiler failed: {what}"))
    return tuple(found)


def _users_place(lines: list[str], number: int, sdk: Path) -> tuple[str, int, int] | None:
    """The nearest place in the user's own text before or after a message."""
    around = [*reversed(lines[max(0, number - 12) : number]), *lines[number + 1 : number + 12]]
    for line in around:
        match = re.match(
            r"^(?:In file included from |\s+from )?(?P<file>[^\s:]+):(?P<line>\d+):(?:(?P<column>\d+):?)?", line
        )
        if match and not match["file"].startswith(str(sdk)) and Path(match["file"]).exists():
            return match["file"], int(match["line"]), int(match["column"] or 1)
    return None


def undeclared(stderr: str) -> tuple[str, ...]:
    """Names that begin as those of the SDK's GUI, loop and controller do, and that nothing declares."""
    names = (m["name"] or m["other"] for m in _UNDECLARED.finditer(stderr))
    return tuple(dict.fromkeys(n for n in names if n and re.fullmatch(r"vs_\w+|VS_\w+", n)))


def _plain(text: str) -> str:
    return _MEANT.sub("", text.replace("\u2018", "'").replace("\u2019", "'"))


def _includes_sdk(source: Path) -> bool:
    """Whether a file includes headers other than those of the language: one of them may include the SDK's."""
    try:
        data = read_bytes(source, "program", limit=MOST_SOURCE)
    except ScampError:
        return True
    return bool(_HEADERS.search(stripped(data.decode("utf-8", errors="replace"))))


def _explained(text: str, included: bool) -> tuple[str, str]:
    """A code, and what can be done.

    included: whether the SDK's header may be among what the file includes.
    """
    missing = _MISSING.search(text)
    if missing is not None:
        name = missing["name"] or missing["other"]
        return "S612", f"put {name} beside the program, or name its folder: -I FOLDER"
    unknown = _UNDECLARED.search(text)
    if unknown is None:
        return "S611", "the C++ compiler's own words; for another standard of the language: --std c++20"
    name = next(unknown[n] for n in _NAMES if unknown[n]).rpartition("::")[2]
    if not included:
        return "S602", "the file includes no header of the SDK: #include <scamp5.hpp>"
    if name in isa.PLANES:
        return "S602", "registers are known after: using namespace SCAMP5_PE;"
    if name in isa.NATIVE or name in prelude.declarations():
        return "S602", "instructions stand in a kernel, or after: using namespace scamp5_kernel_api;"
    near = isa.did_you_mean(name, [*isa.HOST, *isa.NATIVE, *prelude.declarations()])
    return "S602", (near.removeprefix("; ") or f"the SDK that the simulator knows has no '{name}'")


def link_diagnostics(stderr: str, main: Path) -> tuple[Diagnostic, ...]:
    """The errors of the linker, one for each name."""
    found: dict[str, Diagnostic] = {}
    lines = stderr.splitlines()
    for number, line in enumerate(lines):
        missing, twice = _REFERENCE.search(line), _TWICE.search(line)
        at = _AT_LINE.search(line) or (_AT_LINE.search(lines[number - 1]) if number else None)
        place = origin(at["file"], int(at["line"])) if at else origin(str(main), 1)
        if missing is not None:
            name = missing["name"]
            found.setdefault(
                name,
                Diagnostic.at(
                    place,
                    "S613",
                    "error",
                    f"'{name}' is declared, and defined in none of the files",
                    hint="name the file that holds it as well: scamp-sim run main.cpp OTHER.cpp",
                ),
            )
        elif twice is not None:
            name = twice["name"] or twice["other"]
            found.setdefault(
                name,
                Diagnostic.at(
                    place, "S614", "error", f"'{name}' is defined in two files", hint="a program defines each name once"
                ),
            )
    if not found:
        what = next((x for x in lines if "error" in x), stderr.strip()[:300])
        return (Diagnostic.at(origin(str(main), 1), "S611", "error", f"the linker failed: {what}"),)
    return tuple(found.values())[:MOST]
