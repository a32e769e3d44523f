"""How the order of own-chip rows by energy depends on what is assumed: link, read-outs of a site, converter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scamp_sim.compare import prices
from scamp_sim.compare.constants import Constants
from scamp_sim.compare.counts import ON_ARRAY, Counts

LINKS = (0.1, 10.0)
ONCE = ("p2m", "snn")
"""Systems whose channels expose a site one after the other; it is not known whether that takes a read-out each."""


@dataclass(frozen=True)
class Order:
    """Rows in the order of their energy, least first, under one setting; uJ of each."""

    setting: str
    energies: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Rows, least energy first."""
        return tuple(name for name, _ in self.energies)

    def rank(self, name: str) -> int:
        """1 for the least."""
        return self.names.index(name) + 1


def orders(rows: Sequence[Counts], constants: Constants, frames: int) -> tuple[Order, ...]:
    """The order under each setting, the set as it is first. Only own-chip rows of `frames` frames take part: others
    are decisions of other lengths. () where fewer than two rows have an energy."""
    able = [r for r in rows if r.on == "circuit" and r.frames == frames and r.system not in ON_ARRAY]
    if sum(prices.energy(r, constants).value is not None for r in able) < 2:
        return ()
    found = [_order("as set", able, constants)]
    for factor in LINKS:
        found.append(_order(f"link x{factor:g}", able, _link(constants, factor)))
    once = [_once(r) for r in able]
    if "sensing" in constants.constants:
        found.append(_order("one read-out", once, constants))
    if "conversion" in constants.constants:
        for law in ("bits", "calibrated"):
            found.append(_order(f"ADC {law}", able, constants.with_converter(law)))
    return tuple(o for o in found if o.energies)


def _link(constants: Constants, factor: float) -> Constants:
    changed = [replace(c, value=c.value * factor) for c in constants.constants.values() if c.part == "link"]
    return constants.changed(*changed)


def _once(row: Counts) -> Counts:
    if row.system not in ONCE:
        return row
    return replace(row, activity={**row.activity, "readouts": row.sites * row.frames})


def _order(setting: str, rows: Sequence[Counts], constants: Constants) -> Order:
    found = [(r.name, prices.energy(r, constants).value) for r in rows]
    known = [(name, value) for name, value in found if value is not None]
    return Order(setting, tuple(sorted(known, key=lambda pair: pair[1])))


def changes(found: Sequence[Order]) -> list[str]:
    """A sentence for each setting: whether the order stays, and if not which rows pass which."""
    if not found:
        return []
    first, lines = found[0], []
    for other in found[1:]:
        common = [n for n in first.names if n in other.names]
        passed = [
            f"{b} before {a}" for i, a in enumerate(common) for b in common[i + 1 :] if other.rank(b) < other.rank(a)
        ]
        shown = "; ".join(passed[:4]) + (f"; and {len(passed) - 4} more" if len(passed) > 4 else "")
        lines.append(f"{other.setting}: " + (f"the order changes ({shown})" if passed else "the order stays"))
    return lines
