"""What a user gives as kernels, as exact weights: arrays, text, JSON, .npy files, Cain's input."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from scamp_sim.compiler.filters.kernel import Taps, from_rows
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import parse_json, read_array, read_text
from scamp_sim.text import short

MOST_SIDE = 15
MOST_KERNELS = 6
MOST_DEPTH = 12

MOST_FILE = 1 << 20
"""Bytes of a file with kernels."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?(?:/\d{1,40})?")

Rows = list[list[Fraction]]


@dataclass
class Given:
    """Kernels by name, as rows, and what came with them. settings: of a file for Cain, under the names of ours.
    notes: what
    was left out of it."""

    kernels: dict[str, Rows]
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def kernels_of(given: Any) -> Given:
    """An array or nested list, a dict of those, or text as on the command line. Raises ProgramError."""
    if isinstance(given, str):
        return from_text(given)
    if isinstance(given, Mapping):
        if _is_cain(given):
            return _cain(given)
        if not given:
            raise ProgramError("no kernel given: the dictionary is empty")
        return Given({str(name): _rows_or_text(array, str(name)) for name, array in given.items()})
    return Given({"filter": rows_of(given, "filter")})


def _rows_or_text(given: Any, name: str) -> Rows:
    if isinstance(given, str) and given.strip():
        return rows_of(_split(given), name)
    if not isinstance(given, bool) and isinstance(given, (int, float, Fraction)):
        remedy = "; it stands beside the kernels, as the option 'scale'" if name == "scale" else ""
        raise ProgramError(
            f"kernel '{short(name, 80)}': expected rows of numbers, got the number {given!s:.40}{remedy}"
        )
    return rows_of(given, name)


def _split(text: str) -> list[list[str]]:
    rows = [line for line in re.split(r"[;\n]", text) if line.strip()]
    # one comma at the end of a line is no weight; two in a row lack one
    return [re.split(r"\s*,\s*|\s+", line.strip().removesuffix(",").strip()) for line in rows]


def from_text(text: str) -> Given:
    """Rows separated by semicolons or line ends, weights by spaces or commas, fractions as 3/8; or JSON."""
    stripped = text.strip()
    if not stripped:
        raise ProgramError("the kernel is empty: write rows such as '1 2 1; 2 4 2; 1 2 1'")
    if stripped[0] in "[{":
        return kernels_of(parse_json(stripped, "the kernel", ProgramError))
    return Given({"filter": rows_of(_split(stripped), "filter")})


def from_file(path: str) -> Given:
    """A kernel from *.json, *.npy, or a text file. Raises ProgramError."""
    where = Path(path)
    if where.suffix == ".npy":
        array = read_array(where, "kernel", ProgramError, MOST_FILE)
        return Given({_stem(where): rows_of(array, _stem(where))})
    text = read_text(where, "kernel", ProgramError, MOST_FILE)
    try:
        found = from_text(text)
    except ProgramError as e:
        raise ProgramError(f"{short(path, 200)}: {e}") from None
    if list(found.kernels) == ["filter"]:
        found.kernels = {_stem(where): found.kernels["filter"]}
    return found


def _stem(path: Path) -> str:
    return path.stem or "filter"


def rows_of(array: Any, name: str) -> Rows:
    """Exact weights of a rectangular array of numbers. Raises ProgramError."""
    name = short(name, 80)
    if hasattr(array, "tolist"):
        array = array.tolist()
    if not isinstance(array, Sequence) or isinstance(array, (str, bytes)):
        raise ProgramError(f"kernel '{name}': expected rows of numbers, got {short(repr(array), 60)}")
    rows = list(array)
    if rows and not any(isinstance(r, Sequence) and not isinstance(r, (str, bytes)) for r in rows):
        rows = [rows]  # one row
    if not rows or not all(isinstance(r, Sequence) and not isinstance(r, (str, bytes)) and len(r) for r in rows):
        raise ProgramError(f"kernel '{name}' is empty or not a table of rows: write rows such as '1 2 1; 2 4 2; 1 2 1'")
    if isinstance(rows[0][0], Sequence) and not isinstance(rows[0][0], str):
        return _one_channel(rows, name)
    if len({len(r) for r in rows}) > 1:
        raise ProgramError(
            f"kernel '{name}': expected rows of equal length, got {short(', '.join(str(len(r)) for r in rows), 80)}"
        )
    if max(len(rows), len(rows[0])) > MOST_SIDE:
        raise ProgramError(
            f"kernel '{name}' is {len(rows)}x{len(rows[0])}; at most {MOST_SIDE}x{MOST_SIDE} is supported"
        )
    return [[weight(w, name) for w in row] for row in rows]


def _one_channel(array: Sequence[Any], name: str) -> Rows:
    """A kernel of three dimensions with one channel, (channel, row, column) or (row, column, channel)."""
    try:
        if len(array) == 1:
            return rows_of(array[0], name)
        if all(len(cell) == 1 for row in array for cell in row):
            return rows_of([[cell[0] for cell in row] for row in array], name)
    except TypeError:
        raise ProgramError(f"kernel '{name}' is not a table of numbers") from None
    channels = len(array)
    raise ProgramError(
        f"kernel '{name}' has {channels} input channels; a filter reads one plane: give one kernel for each channel, "
        "and add the results"
    )


def weight(w: Any, name: str) -> Fraction:
    """A weight of the kernel of that name as a fraction. Raises ProgramError."""
    found = number(w, f"kernel '{name}'", "weight")
    if abs(found) > 1 << 16:
        raise ProgramError(f"kernel '{name}': weight {_large(found)} is beyond {1 << 16}; give a scale that divides it")
    return found


def number(w: Any, where: str, what: str) -> Fraction:
    """A number as a fraction. where, what: for the message. Raises ProgramError."""
    if isinstance(w, float) and not math.isfinite(w):
        raise ProgramError(f"{where}: {w} is not a finite {what}")
    if isinstance(w, bool):
        raise ProgramError(f"{where}: expected a number, got {w}; write truth values as 1 and 0 (array.astype(int))")
    if isinstance(w, str) and not w.strip():
        raise ProgramError(f"{where}: a {what} is missing beside a comma")
    if isinstance(w, str) and not _NUMBER.fullmatch(w.strip()):  # exponents of any length would take any time
        raise ProgramError(f"{where}: expected a number, got {short(repr(w), 40)}")
    try:
        return Fraction(w.item() if hasattr(w, "item") else w)
    except (ValueError, TypeError, ZeroDivisionError):
        raise ProgramError(f"{where}: expected a number, got {short(repr(w), 40)}") from None


def _large(value: Fraction) -> str:
    return f"{float(value):g}" if abs(value) < 10**300 else "of more than 300 digits"


def _is_cain(given: Mapping[Any, Any]) -> bool:
    return isinstance(given.get("filter"), Mapping) and "registerAllocator" in given


def _cain(given: Mapping[Any, Any]) -> Given:
    """The input file of Cain: registers of results with {depth, array}, the weights being array x 2^depth."""
    if str(given.get("mode", "analogue")).lower() not in ("analogue", "analog"):
        raise ProgramError(
            f"the file is for Cain's mode '{short(str(given['mode']), 40)}'; only 'analogue' is supported"
        )
    kernels: dict[str, Rows] = {}
    settings: dict[str, Any] = {}
    for register, entry in given["filter"].items():
        if not isinstance(entry, Mapping) or "array" not in entry:
            raise ProgramError(f"filter '{short(str(register), 40)}' of the file for Cain has no 'array'")
        exponent = entry.get("depth", 0)
        if isinstance(exponent, bool) or not isinstance(exponent, int) or abs(exponent) > 32:
            raise ProgramError(
                f"filter '{short(str(register), 40)}': depth is {exponent!r:.40}; expected an integer in -32..32"
            )
        factor = Fraction(2) ** exponent
        kernels[str(register)] = [[w * factor for w in row] for row in rows_of(entry["array"], str(register))]
    settings["outputs"] = tuple(kernels)
    allocator = given.get("registerAllocator") or {}
    if isinstance(allocator, Mapping):
        if "availableRegisters" in allocator:
            settings["registers"] = _names(allocator, "availableRegisters")
        first = _names(allocator, "initialRegisters") if allocator.get("initialRegisters") else ()
        if first:
            if len(first) > 1:
                named = short(", ".join(first), 60)
                raise ProgramError(f"the file for Cain has {len(first)} channels ({named}); a filter reads one plane")
            settings["input"] = first[0]
    if "maxApproximationDepth" in given:
        settings["depth"] = given["maxApproximationDepth"]
    if "maxApproximationError" in given:
        settings["tolerance"] = given["maxApproximationError"]
    run = given.get("runConfig")
    if isinstance(run, Mapping) and "searchTime" in run:
        try:
            settings["seconds"] = float(run["searchTime"]) / 1000
        except (TypeError, ValueError, OverflowError):
            shown = short(repr(run["searchTime"]), 40)
            raise ProgramError(f"the file for Cain: expected 'searchTime' in ms, got {shown}") from None
    known = {
        "filter",
        "registerAllocator",
        "maxApproximationDepth",
        "maxApproximationError",
        "runConfig",
        "mode",
        "name",
    }
    ignored = sorted(str(k) for k in given if k not in known)
    notes = [f"ignored of the file for Cain: {short(', '.join(ignored), 200)}"] if ignored else []
    return Given(kernels, settings, notes)


def _names(allocator: Mapping[Any, Any], key: str) -> tuple[str, ...]:
    found = allocator[key]
    if not isinstance(found, (list, tuple)):
        raise ProgramError(f"the file for Cain: expected '{key}' as a list of registers, got {short(repr(found), 40)}")
    return tuple(str(r) for r in found)


@dataclass(frozen=True)
class Rounded:
    """exact: the filter that is asked for; taps: the one that is made; error: largest difference of a weight."""

    exact: Taps
    taps: Taps
    error: Fraction


def rounded(rows: Rows, scale: Fraction, name: str, tolerance: Fraction, most_depth: int) -> Rounded:
    """The kernel over the scale, with weights that are integers over a power of two. Raises ProgramError."""
    wanted = from_rows([[w / scale for w in row] for row in rows])
    if not wanted:
        raise ProgramError(f"kernel '{name}' is all zero: no word makes it, a register of zeros needs 'res'")
    least: tuple[Fraction, int] | None = None
    for d in range(most_depth + 1):
        taps = {k: Fraction(round(w * 2**d), 2**d) for k, w in wanted.items()}
        taps = {k: w for k, w in taps.items() if w}
        error = max(abs(w - taps.get(k, Fraction(0))) for k, w in wanted.items())
        if taps and error <= tolerance:
            return Rounded(wanted, taps, error)
        if taps and (least is None or error < least[0]):
            least = error, d
    smallest = (
        f"the smallest error is {float(least[0]):.3g}, at depth {least[1]}" if least else "all weights round to 0"
    )
    parts = 2**most_depth
    what = f"its weights are not multiples of 1/{parts} (depth {most_depth})"
    if tolerance:
        what = f"no multiples of 1/{parts} (depth {most_depth}) lie within {float(tolerance):g} of its weights"
    raise ProgramError(
        f"kernel '{name}': {what}; {smallest}; give a larger tolerance or depth, or a scale that makes the weights "
        "exact"
    )


__all__ = ["Given", "Rounded", "from_file", "from_text", "kernels_of", "number", "rounded", "rows_of"]
