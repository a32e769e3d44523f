"""Prices with their sources, read from `prices.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("prices.json")

KINDS = ("published", "recomputed", "inferred", "assumed")


@dataclass(frozen=True)
class Price:
    """One price: name, value, unit, kind (one of KINDS) and where it comes from."""

    name: str
    value: float
    unit: str
    kind: str
    source: str


@lru_cache(1)
def prices() -> dict[str, Price]:
    """All prices by name."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))["rows"]
    return {row["name"]: Price(**row) for row in rows}


def price(name: str) -> float:
    """The value of one price."""
    return prices()[name].value
