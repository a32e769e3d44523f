"""Price tables: what a word, a launch, a call and a sample cost, each price with its source and its uncertainty.

A table is a data file (`data/timing_*.json`) or a user's own. Nothing in here knows what a program is; `timing` applies
the prices to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.isa import Clock
from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.reading import is_there, read_json
from scamp_sim.text import short

DATA = Path(__file__).parent / "data"

HIGHEST = 1e9
"""No single price is above a quarter of an hour."""

REQUIRED = {
    "word": "us",
    **{f"class.{c.name.lower()}": "x word" for c in Clock},
    "highspeed": "x word",
    "launch.analog": "us",
    "launch.digital": "us",
    "record.word": "us",
    "call": "us",
    "adc.fixed": "us",
    "adc.sample": "us",
    "event.slot": "us",
    "dreg.byte": "us",
    "energy.word": "pJ per PE",
    "power.system": "W",
}
"""Rows that every price table has, with their unit."""

OPTIONAL = {"call.": "us", "mcu.mac.": "us"}
"""Beginnings of further rows: the price of one host function as a whole; a multiplication in the controller."""

CONSTANT = "call.scamp5_in"
"""The row that prices a constant, also one that another routine sets on its way."""


@dataclass(frozen=True)
class Price:
    """One row of a price table.

    uncertainty: a range such as "0.5 .. 1.4", then remarks after a semicolon.
    """

    name: str
    value: float
    unit: str
    source: str
    uncertainty: str


@dataclass(frozen=True)
class Timing:
    """A price table. `rows` holds every price by name."""

    name: str
    about: str
    rows: Mapping[str, Price]

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What was worked out at these prices, for `timing` to keep."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {n: v for n, v in self.__dict__.items() if n != "known"}

    def __getitem__(self, name: str) -> float:
        return self.rows[name].value

    def own(self, function: str) -> float | None:
        """The price of a host function that has a row of its own."""
        row = self.rows.get(f"call.{function}")
        return row.value if row else None

    @property
    def constant_us(self) -> float:
        """Setting IN to a value, in us."""
        return self[CONSTANT if CONSTANT in self.rows else "call"]

    def word_us(self, clock: Clock, highspeed: bool = False) -> float:
        """Duration of one word in us."""
        factor = self["highspeed"] if highspeed else 1.0
        return self["word"] * self[f"class.{clock.name.lower()}"] * factor

    def words_us(self, classes: Mapping[Clock, int], highspeed: bool = False) -> float:
        """Duration of so many words of each class in us."""
        return sum(self.word_us(clock, highspeed) * count for clock, count in classes.items())

    @property
    def note(self) -> str:
        """One sentence on how far the prices that were not measured can be trusted."""
        named = {"launch.analog": "launch", CONSTANT: "scamp5_in", "call": "other calls", "dreg.byte": "byte of bits"}
        shown = ((label, self.rows[row]) for row, label in named.items() if row in self.rows)
        return ", ".join(f"{label} {r.value:g} {r.unit} ({r.uncertainty.split(';')[0]})" for label, r in shown)

    def changed(self, prices: Mapping[str, float]) -> Timing:
        """The same table with other values in some rows. Raises ScampError for a row that it has not."""
        for name in prices:
            if name not in self.rows:
                raise ScampError(f"price table {self.name} has no row '{name}'{isa.did_you_mean(name, self.rows)}")
        rows = {n: replace(r, value=float(prices[n])) if n in prices else r for n, r in self.rows.items()}
        return replace(self, rows=rows)


def load_timing(name_or_path: str | Path = "scamp5d") -> Timing:
    """The price table of that name in this package, or the one in the JSON file at that path.

    Raises ScampError if there is none, or if it is not a complete table of finite, non-negative prices.
    """
    given = str(name_or_path)
    path = DATA / f"timing_{given}.json"
    if given.endswith(".json") or "/" in given:
        path = Path(given)
    elif not is_there(path):
        known = timing_names()
        raise OptionError(
            f"unknown timing '{short(given, 80)}'{isa.did_you_mean(given, known)}; known: {', '.join(known)}, or the "
            "path of a .json price table"
        )
    document = read_json(path, "price table")
    return timing_from(document, path)


def timing_names() -> list[str]:
    """Price tables that come with the package."""
    return sorted(p.stem.removeprefix("timing_") for p in DATA.glob("timing_*.json"))


def timing_from(document: Any, path: Path) -> Timing:
    """The price table in a document that was read from `path`, checked. Raises ScampError."""
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("name"), str)
        or not isinstance(document.get("rows"), list)
    ):
        raise ScampError(f"price table {path}: needs 'name' and 'rows', a list of prices; see scamp-sim docs costs")
    rows: dict[str, Price] = {}
    for number, entry in enumerate(document["rows"], 1):
        row = _price(entry, number, path)
        if row.name in rows:
            raise ScampError(f"price table {path}: row {number} gives '{short(row.name, 80)}' a second time")
        rows[row.name] = _checked(row, path)
    missing = [n for n in REQUIRED if n not in rows]
    if missing:
        raise ScampError(
            f"price table {path}: missing rows: {', '.join(missing)}; if in doubt copy them from "
            f"{DATA / 'timing_scamp5d.json'}"
        )
    return Timing(str(document["name"]), str(document.get("about", "")), rows)


def _checked(row: Price, path: Path) -> Price:
    if not 0 <= row.value <= HIGHEST:
        raise ScampError(
            f"price table {path}: '{short(row.name, 80)}' is {row.value:g}; prices are 0 to {HIGHEST:,.0f}"
        )
    unit = REQUIRED.get(row.name) or next((u for start, u in OPTIONAL.items() if row.name.startswith(start)), None)
    function = row.name.removeprefix("call.") if row.name.startswith("call.") else None
    if unit is None or (function is not None and function not in isa.HOST):
        near = isa.did_you_mean(row.name, [*REQUIRED, *(f"call.{h}" for h in isa.HOST)])
        raise ScampError(f"price table {path}: unknown row '{short(row.name, 80)}'{near}")
    if row.unit != unit:
        raise ScampError(f"price table {path}: '{row.name}' is in {row.unit!r:.40}, expected {unit!r}")
    return row


def _price(row: Any, number: int, path: Path) -> Price:
    columns = ("name", "value", "unit", "source", "uncertainty")
    missing = [c for c in columns if c not in row] if isinstance(row, dict) else list(columns)
    if missing:
        raise ScampError(f"price table {path}: row {number} needs {', '.join(missing)}")
    try:
        if isinstance(row["value"], bool):
            raise TypeError
        value = float(row["value"])
    except (TypeError, ValueError, OverflowError):
        raise ScampError(
            f"price table {path}: '{short(str(row['name']), 80)}': expected a number, got {row['value']!r:.40}"
        ) from None
    return Price(str(row["name"]), value, str(row["unit"]), str(row["source"]), str(row["uncertainty"]))
