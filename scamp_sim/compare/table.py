"""The table: rows under one set of prices, as text, as JSON, as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scamp_sim.compare import caveats, sensitivity
from scamp_sim.compare.cells import COLUMNS, cells, document
from scamp_sim.compare.constants import Constants
from scamp_sim.compare.counts import LETTERS, Counts, Said, Scene
from scamp_sim.compare.rows import Chosen
from scamp_sim.text import plural, table

HEADINGS = {
    "circuit": "own chips: counts of the configuration of each",
    "scamp5": "SCAMP-5: programs that were assembled and counted",
}


DECODER_HEAD = ("with its decoder", "sensor", "weights", "decoder", "its energy", "together")


@dataclass(frozen=True)
class Table:
    """Rows of a scene under one set of prices, and what was left out."""

    scene: Scene
    chosen: Chosen
    constants: Constants
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[Counts, ...]:
        """The rows."""
        return self.chosen.rows

    @property
    def orders(self) -> tuple[sensitivity.Order, ...]:
        """The order of the rows by energy, under several assumptions."""
        return sensitivity.orders(self.rows, self.constants, self.scene.frames)

    def as_dict(self) -> dict[str, Any]:
        """The document: names of rows, columns and keys stay."""
        found = self.orders
        return {
            "sites": self.scene.sites,
            "frames": self.scene.frames,
            "constants": self.constants.as_dict(),
            "rows": [document(row, self.constants) for row in self.rows],
            "left_out": [vars(r) for r in self.chosen.left_out],
            "checks": [{**vars(c), "holds": c.holds} for c in self.chosen.checks],
            "sensitivity": [{"setting": o.setting, "order": [list(pair) for pair in o.energies]} for o in found],
            "caveats": caveats.lines(self.rows, self.scene.frames),
            "published_only": [{"row": r, "value": v, "what": w} for r, v, w in caveats.QUOTED],
            "letters": dict(LETTERS),
            **self.extra,
        }

    def text(self, width: int = 80) -> str:
        """The table for a terminal: 80 or more columns, everything from 120."""
        parts = [self.title(width)]
        for on, heading in HEADINGS.items():
            shown = [row for row in self.rows if row.on == on]
            if shown:
                parts.append(f"{heading}\n" + _side(shown, self.constants, width))
        parts.append(self.decoder())
        parts.append(self.order_text())
        if self.chosen.left_out:
            parts.append(
                "not shown\n" + wrapped([f"{r.name} ({r.on}): {r.reason}" for r in self.chosen.left_out], width)
            )
        said = caveats.notes(self.rows)
        parts.append("rows\n" + wrapped(said, width) if said else "")
        parts.append("caveats\n" + wrapped(caveats.lines(self.rows, self.scene.frames), width))
        quoted = [f"{row}: {value}, {what}" for row, value, what in caveats.QUOTED if self.has(row)]
        parts.append("published, not reproducible offline\n" + wrapped(quoted, width) if quoted else "")
        letters = "; ".join(f"{k} {v}" for k, v in LETTERS.items())
        parts.append(wrapped([f"letters behind numbers: {letters}"], width, ""))
        return "\n".join(part for part in parts if part)

    def title(self, width: int = 1000) -> str:
        """What the table is of: the scene, and the prices."""
        side = self.scene.side
        return wrapped(
            [
                f"{side}x{side} photosites ({self.scene.sites:,}), {plural(self.scene.frames, 'frame')} a decision",
                f"prices: {self.constants.name}. {self.constants.about}",
            ],
            width,
            "",
        )

    def has(self, system: str) -> bool:
        """Whether a row of this system is shown."""
        return any(row.name.partition("_")[0] == system for row in self.rows)

    def decoders(self) -> list[tuple[str, ...]]:
        """Energy with the decoder of the paper beside that without it: a line of `DECODER_HEAD` a row that has one."""
        lines: list[tuple[str, ...]] = []
        for row in self.rows:
            found = cells(row, self.constants)
            sensor, decoder = found["energy_uj"].value, found["energy_decoder_uj"].value
            if sensor is not None and decoder is not None and row.decoder_macs:
                lines.append(
                    (
                        row.name,
                        joules(sensor),
                        f"{row.decoder_parameters:,}",
                        f"{row.decoder_macs / 1e9:.2f} GMAC",
                        joules(decoder),
                        joules(sensor + decoder),
                    )
                )
        return lines

    def decoder(self) -> str:
        """`decoders` as text; "" without any."""
        lines = self.decoders()
        return table(DECODER_HEAD, lines, "<>>>>>") if lines else ""

    def order_text(self) -> str:
        """The order by energy under other assumptions."""
        found = self.orders
        if len(found) < 2:
            return ""
        rows = [
            (f"{n}. {name}", *(str(o.rank(name)) if name in o.names else "-" for o in found[1:]))
            for n, name in enumerate(found[0].names, 1)
        ]
        head = ("by energy", *(o.setting for o in found[1:]))
        shown = table(head, rows, "<" + ">" * (len(head) - 1))
        return shown + "".join(f"  {line}\n" for line in wrapped(sensitivity.changes(found), 76, "").splitlines())

    def steps(self, name: str) -> str:
        """A SCAMP-5 row step by step."""
        row = next((r for r in self.rows if r.name == name and r.steps), None)
        if row is None:
            from scamp_sim.exceptions import OptionError

            there = [r.name for r in self.rows if r.steps]
            raise OptionError(f"--steps {name}: expected a SCAMP-5 row of this table: {', '.join(there) or 'none'}")
        listed = [
            (
                s.name,
                f"{s.words:,}" if s.words else "",
                "" if s.us is None else f"{s.us:,.2f}",
                f"{s.bytes:,}" * (s.bytes > 0),
            )
            for s in row.steps
        ]
        us = sum(s.us or 0.0 for s in row.steps)
        words, sent = sum(s.words for s in row.steps), sum(s.bytes for s in row.steps)
        listed.append(("total", f"{words:,}", f"{us:,.2f}", f"{sent:,}"))
        head = (f"{name}, one decision", "words", "us", "bytes")
        once = f"once, before the first frame: {row.setup_words:,} words\n" if row.setup_words else ""
        return table(head, listed, "<>>>", rules=(len(row.steps),)) + once


# --- columns of the text ------------------------------------------------------------------------------------------

Show = Callable[[Said], str]


def number(cell: Said) -> str:
    """A count: whole, with separators."""
    return "-" if cell.value is None else f"{cell.value:,.0f}"


def ratio(cell: Said) -> str:
    """A ratio: four digits."""
    return "-" if cell.value is None else f"{cell.value:.4g}" if cell.value < 1000 else f"{cell.value:,.0f}"


def microseconds(cell: Said) -> str:
    """A time in its unit, with its letter."""
    if cell.value is None:
        return "-"
    v = cell.value
    shown = f"{v:.3g} us" if v < 1e3 else f"{v / 1e3:.3g} ms" if v < 999_500 else f"{v / 1e6:.3g} s"
    return f"{shown} {cell.letter}"


def joules(uj: float) -> str:
    """An energy in its unit."""
    return f"{uj:.3g} uJ" if uj < 999.5 else f"{uj / 1e3:.3g} mJ" if uj < 999_500 else f"{uj / 1e6:.3g} J"


def energy(cell: Said) -> str:
    """An energy in its unit, with its letter."""
    return "-" if cell.value is None else f"{joules(cell.value)} {cell.letter}"


NARROW: tuple[tuple[str, str, Show], ...] = (
    ("values", "values", number),
    ("bits", "bits", number),
    ("x bits", "ratio_bits", ratio),
    ("x own", "ratio_paper", ratio),
    ("time", "time_us", microseconds),
    ("energy", "energy_uj", energy),
)
WIDE: tuple[tuple[str, str, Show], ...] = (
    ("F", "frames", number),
    ("win", "window_sites", ratio),
    ("values", "values", number),
    ("bits", "bits", number),
    ("on wire", "bits_wire", number),
    ("x values", "ratio_values", ratio),
    ("x bits", "ratio_bits", ratio),
    ("x wire", "ratio_bits_wire", ratio),
    ("x own", "ratio_paper", ratio),
    ("time", "time_us", microseconds),
    ("energy", "energy_uj", energy),
    ("of array", "energy_array_uj", energy),
)


def _side(rows: Sequence[Counts], constants: Constants, width: int) -> str:
    columns = WIDE if width >= 120 else NARROW
    if rows[0].on == "circuit":
        columns = tuple(c for c in columns if c[1] != "energy_array_uj")
    lines = []
    for row in rows:
        found = cells(row, constants)
        lines.append((row.name, *(show(found[name]) for _, name, show in columns)))
    return table(("row", *(head for head, _, _ in columns)), lines, "<" + ">" * len(columns))


def wrapped(lines: Sequence[str], width: int, mark: str = "- ") -> str:
    """Sentences as lines of a width."""
    pad = " " * len(mark)
    return "".join(
        textwrap.fill(line, width, initial_indent=mark, subsequent_indent=pad, break_on_hyphens=False) + "\n"
        for line in lines
    )


__all__ = ["COLUMNS", "Table", "energy", "joules", "microseconds", "number", "ratio", "wrapped"]
