"""Counts times prices: time and energy of a decision, by part, with formula and source of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scamp_sim.compare.constants import Constant, Constants
from scamp_sim.compare.counts import ACTIVITIES, ON_ARRAY, Counts, Said, weakest

ARRAY, SYSTEM, DECODER = "array", "vision system", "decoder"


@dataclass(frozen=True)
class Part:
    """One part of a time (us) or an energy (uJ)."""

    name: str
    value: float
    formula: str
    letter: str


def parts(counts: Counts, constants: Constants, quantity: str) -> tuple[Part, ...]:
    """The parts of a row's time (us) or energy (uJ), in the order of the set; what is not counted is left out."""
    amounts = counts.amounts
    if quantity == "energy":
        us = total(parts(counts, constants, "time"))
        amounts = amounts if us is None else {**amounts, "decision_us": us}
    found = []
    for c in constants.of(counts, quantity):
        if amounts.get(c.per):
            scale = 1e-6 if quantity == "energy" else 1.0
            found.append(Part(c.part, amounts[c.per] * c.value * scale, formula(c, amounts[c.per]), c.letter))
    return tuple(found)


def formula(c: Constant, amount: float) -> str:
    """An amount times a price, in words."""
    return f"{amount:,.10g} {ACTIVITIES[c.per]} x {c.value:.10g} {c.unit} ({c.letter})"


def total(found: Iterable[Part]) -> float | None:
    """The sum; None of no parts."""
    values = [p.value for p in found]
    return sum(values) if values else None


def said(found: Iterable[Part], reason: str, letter: str = "") -> Said:
    """A sum of parts with its formula and weakest letter, or the reason why there is none."""
    listed = list(found)
    if not listed:
        return Said(None, reason=reason)
    letters = [p.letter for p in listed]
    return Said(sum(p.value for p in listed), weakest(letter, *letters), " + ".join(p.formula for p in listed))


def time(counts: Counts, constants: Constants) -> Said:
    """Time of a decision, us; exposure and link are in no row."""
    reason = f"the set '{constants.name}' has no time of this row; none is published"
    return said(parts(counts, constants, "time"), reason, counts.letter)


def energy(counts: Counts, constants: Constants) -> Said:
    """Energy of a decision by the row's own scope, uJ: the sensor and its link, or the whole SCAMP-5 vision system."""
    found = [p for p in parts(counts, constants, "energy") if p.name != ARRAY]
    if counts.system in ON_ARRAY:
        return said(found, f"the set '{constants.name}' has no power of the vision system", counts.letter)
    there = {p.name for p in found}
    wanted = ["sensing", "link"]
    if counts.activity.get("conversions") or counts.activity.get("comparisons"):
        wanted.append("conversion")
    missing = [name for name in wanted if name not in there]
    if missing:
        listed = " and ".join(missing)
        return Said(None, reason=f"the set '{constants.name}' has no price of its {listed}")
    return said(found, "", counts.letter)


def array_energy(counts: Counts, constants: Constants) -> Said:
    """Energy of the array alone, uJ."""
    if counts.system not in ON_ARRAY:
        return Said(None, reason="the row is not on the array: its energy is that of the sensor")
    found = [p for p in parts(counts, constants, "energy") if p.name == ARRAY]
    return said(found, f"the set '{constants.name}' has no energy of a word", counts.letter)


def decoder_energy(counts: Counts, constants: Constants) -> Said:
    """Energy of the published decoder, off the sensor, uJ."""
    if counts.decoder_macs is None:
        return Said(None, reason="its paper has no decoder before the network")
    price = next((c for c in constants.constants.values() if c.part == DECODER), None)
    if price is None:
        return Said(None, reason=f"the set '{constants.name}' has no price of the decoder's work")
    text = f"{counts.decoder_macs:,} multiply-accumulates x {price.value:g} {price.unit} ({price.letter})"
    return Said(counts.decoder_macs * price.value * 1e-6, price.letter, text)
