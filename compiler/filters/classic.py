"""Classic filters, the shortest programs found for them, and what other tools have published.

The programs lie in `data/classic.json`, which `renew` writes. Nothing of a program is taken on trust: the tests run
each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from scamp_sim.compiler.filters.kernel import Taps, from_rows, times

DATA = Path(__file__).parent / "data" / "classic.json"

Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Classic:
    """A filter of the table. kernels: name -> rows; scale: they are divided by it. auke, cain: words of published or
    recomputed programs, halvings as two words for AUKE; auke_note: a range where figures differ."""

    name: str
    about: str
    kernels: Mapping[str, Rows]
    scale: int = 1
    auke: str = ""
    cain: int | None = None

    @property
    def goals(self) -> tuple[Taps, ...]:
        return tuple(times(from_rows(rows), Fraction(1, self.scale)) for rows in self.kernels.values())


def _rows(text: str) -> Rows:
    return tuple(tuple(int(w) for w in row.split()) for row in text.split(";"))


def _one(name: str, about: str, text: str, scale: int = 1, auke: str = "", cain: int | None = None) -> Classic:
    return Classic(name, about, {name: _rows(text)}, scale, auke, cain)


def _run(n: int, w: int = 1) -> str:
    return ";".join(" ".join([str(w)] * n) for _ in range(n))


_SOBEL_X, _SOBEL_Y = "1 0 -1; 2 0 -2; 1 0 -1", "1 2 1; 0 0 0; -1 -2 -1"
_PREWITT_X, _PREWITT_Y = "1 0 -1; 1 0 -1; 1 0 -1", "1 1 1; 0 0 0; -1 -1 -1"
_K = {
    "k1": _rows("0 0 0; -3 1 0; -3 0 2"),
    "k2": _rows("-4 -1 1; -1 2 0; 1 1 0"),
    "k3": _rows("-1 2 0; -1 1 -3; 0 -3 0"),
}
_DENSE = (
    "1 8 1; 8 7 8; 7 2 1",
    "2 2 5; 4 6 5; 2 5 0",
    "7 0 3; 3 8 2; 0 4 8",
    "6 1 4; 0 7 6; 7 7 3",
)
_SPARSE = (
    "3 0 0; 0 4 0; 0 0 6",
    "0 0 8; 0 4 3; 0 0 4",
    "0 6 8; 0 7 0; 0 0 8",
    "5 0 0; 0 2 0; 7 0 6",
)

CLASSICS: tuple[Classic, ...] = (
    _one("box2", "2x2 box", _run(2), 1, "8", 6),
    _one("box3", "3x3 box", _run(3), 1, "16", 12),
    _one("box5", "5x5 box", _run(5), 1, "30", 16),
    _one("box7", "7x7 box", _run(7), 64, "90", 54),
    _one("gauss3", "3x3 binomial", "1 2 1; 2 4 2; 1 2 1", 16, "24 (36)", 32),
    _one("gauss5", "5x5 Gaussian, rounded", "0 1 2 1 0; 1 4 6 4 1; 2 6 10 6 2; 1 4 6 4 1; 0 1 2 1 0", 64, "100", 58),
    _one("binomial5", "5x5 binomial", "1 4 6 4 1; 4 16 24 16 4; 6 24 36 24 6; 4 16 24 16 4; 1 4 6 4 1", 256, "", 72),
    _one("sobel", "Sobel, one axis", _SOBEL_X, 1, "14", 10),
    _one("prewitt", "Prewitt, one axis", _PREWITT_X, 1, "14", 8),
    _one("scharr", "Scharr, one axis", "3 0 -3; 10 0 -10; 3 0 -3", 16),
    _one("roberts", "Roberts, one diagonal", "1 0; 0 -1"),
    _one("laplace4", "Laplacian, 4 neighbours", "0 1 0; 1 -4 1; 0 1 0", 1, "20-26", 14),
    _one("laplace8", "Laplacian, 8 neighbours", "1 1 1; 1 -8 1; 1 1 1", 1, "30-38", 20),
    _one("sharpen", "sharpen, 5 and -1", "0 -1 0; -1 5 -1; 0 -1 0", 1, "20-24", 16),
    _one("emboss", "emboss", "-2 -1 0; -1 1 1; 0 1 2"),
    _one("log5", "Laplacian of a Gaussian, 5x5", "0 0 1 0 0; 0 1 2 1 0; 1 2 -16 2 1; 0 1 2 1 0; 0 0 1 0 0", 16),
    Classic("sobel_pair", "Sobel, both axes", {"gx": _rows(_SOBEL_X), "gy": _rows(_SOBEL_Y)}, 1, "28", 18),
    Classic("prewitt_pair", "Prewitt, both axes", {"gx": _rows(_PREWITT_X), "gy": _rows(_PREWITT_Y)}, 1, "28", 16),
    *(
        Classic(f"analognet_{n}", f"AnalogNet2, {n.upper()}", {n: rows}, 4, auke, cain)
        for (n, rows), auke, cain in zip(_K.items(), ("24+", "40+", "30+"), (20, 26, 26), strict=True)
    ),
    Classic("analognet", "AnalogNet2, three at once", _K, 4, "94", 48),
    _one("maxpooled_1", "MaxPooled 1", "1 1 0; 0 0 0; 1 0 0", 4, "16", 16),
    _one("maxpooled_2", "MaxPooled 2", "1 0 -2; 0 -2 0; -1 -2 1", 4, "34", 24),
    _one("maxpooled_3", "MaxPooled 3", "0 1 1; -2 -2 -1; 0 0 0", 4, "20", 20),
    _one("maxpooled_4", "MaxPooled 4", "0 -1 -1; 0 0 0; 1 0 1", 4, "26", 18),
    *(
        _one(f"dense_{k}", f"random dense {k}", text, 8, auke, cain)
        for k, (text, auke, cain) in enumerate(zip(_DENSE, ("60", "70", "74", "68"), (39, 35, 37, 35), strict=True))
    ),
    *(
        _one(f"sparse_{k}", f"random sparse {k}", text, 8, auke, cain)
        for k, (text, auke, cain) in enumerate(zip(_SPARSE, ("44", "30", "44", "66"), (23, 25, 27, 27), strict=True))
    ),
    *(
        Classic(
            f"{kind}_{a}{b}",
            f"random {kind} {a} and {b}",
            {f"k{a}": _rows(some[a]), f"k{b}": _rows(some[b])},
            8,
            auke,
            cain,
        )
        for kind, some, a, b, auke, cain in (
            ("dense", _DENSE, 0, 1, "126", 67),
            ("dense", _DENSE, 2, 3, "144", 63),
            ("sparse", _SPARSE, 0, 1, "74", 33),
            ("sparse", _SPARSE, 2, 3, "112", 43),
        )
    ),
)
"""Published: AUKE (najiji/auto_code_cpa) and the table of its paper, in lines x 2; Cain (ed741/cain): its own programs,
found by one run of 45 s for each filter."""


def named(name: str) -> Classic:
    """A filter of the table by its name. Raises KeyError."""
    return {c.name: c for c in CLASSICS}[name]


@cache
def found() -> Mapping[str, Mapping[str, Any]]:
    """name -> "any" or "zero" offset, or "bright": zero and linear for a flat picture of 64 LSB -> {words, lower_bound,
    optimal, offset, margin, largest, flat, rms, text}."""
    return dict(json.loads(DATA.read_text(encoding="utf-8")))


def as_dicts() -> list[dict[str, Any]]:
    """The table as plain values."""
    return list(_lines())


def _lines() -> Iterator[dict[str, Any]]:
    for c in CLASSICS:
        for mode, entry in found().get(c.name, {}).items():
            yield {
                "name": c.name,
                "about": c.about,
                "kernels": c.kernels,
                "scale": c.scale,
                "mode": mode,
                **{k: entry[k] for k in ("words", "lower_bound", "optimal", "offset", "flat", "rms")},
                "auke": c.auke,
                "cain": c.cain,
            }


def table() -> str:
    """The table for a terminal."""
    head = (
        f"{'filter':13} {'any':>4} {'zero':>5} {'bound':>6} {'rms':>5} {'bright':>7} {'rms':>6} {'AUKE':>8} Cain  what"
    )
    out = [head + "\n"]
    for name, by in found().items():
        c, zero = named(name), by["zero"]
        bright = (by["bright"]["words"], f"{by['bright']['rms']:.2f}") if "bright" in by else ("-", "-")
        bound = f"{zero['lower_bound']}{'=' if zero['optimal'] else ' '}"
        cells = (by["any"]["words"], zero["words"], bound, f"{zero['rms']:.2f}", *bright, c.auke or "-", c.cain or "-")
        out.append(_line(name, cells, c.about))
    out.append(
        "words with any offset; with none, and fewer than which no program has, '=': proven shortest; with none and\n"
        "linear for a flat picture of 64 LSB, where its result is; rms: predicted for the last two, in LSB on scamp5\n"
    )
    return "".join(out)


def _line(name: str, cells: Sequence[object], what: str) -> str:
    widths = (4, 5, 6, 5, 7, 6, 8, 4)
    return f"{name:13} {' '.join(f'{c!s:>{w}}' for c, w in zip(cells, widths, strict=True))}  {what}\n"
