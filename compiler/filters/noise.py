"""What a chip adds to a filter: mean offset, fixed and temporal noise, gain, ranges, predicted from a chip profile.

Every write errs in one cell, and what it errs by passes through the rest of the program, which is itself a filter h of
that cell: a variance counts times the sum of h^2, a mean times the sum of h. One backward pass over the words gives
all h. Parts that go with the value need its size: the input's rms times the root of the sum of squared weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

from scamp_sim.compiler.filters.kernel import Taps, norm, plus, shift, times
from scamp_sim.compiler.filters.words import START, Steps, Value, execute, step

if TYPE_CHECKING:
    from scamp_sim.silicon.profiles import ChipProfile

INPUT_RMS = 20 / sqrt(3)
"""LSB: the rms of a picture of independent pixels, uniform in -20..20, for which predictions are made by default."""


MEMBERS = 8
"""Chips of a population that a prediction is the mean of."""


@dataclass(frozen=True)
class Noise:
    """At one output, in LSB. mean: offset; fixed, temporal: rms of what stays and of what is drawn each time; gain:
    share
    of the result that is left; rms: of everything but the mean, the loss of gain included."""

    mean: float
    fixed: float
    temporal: float
    gain: float
    rms: float

    def as_dict(self) -> dict[str, float]:
        return {k: round(float(v), 4) for k, v in vars(self).items()}


def predict(steps: Steps, profile: ChipProfile, rms: float = INPUT_RMS, mean: float = 0.0) -> tuple[Noise, ...]:
    """The noise of each output for a picture of independent pixels with this rms and mean, in LSB. Of a population, the
    mean over its first chips."""
    chips = [profile.drawn(serial) for serial in range(MEMBERS)] if profile.ranges else [profile]
    return tuple(_mean([_predict(steps, output, chip, rms, mean) for chip in chips]) for output in steps.outputs)


def _mean(chips: list[Noise]) -> Noise:
    def root(what: str) -> float:
        return sqrt(sum(getattr(c, what) ** 2 for c in chips) / len(chips))

    count = len(chips)
    mean, gain = sum(c.mean for c in chips) / count, sum(c.gain for c in chips) / count
    return Noise(mean, root("fixed"), root("temporal"), gain, root("rms"))


def _squares(h: Mapping[tuple[int, int], float]) -> float:
    return sum(w * w for w in h.values())


def _responses(steps: Steps, output: int) -> list[list[tuple[str, Taps]]]:
    """For every word and each of its destinations: (A..F or NEWS, the filter through which an error there comes to the
    output)."""
    registers: dict[int, Taps] = {output: {(0, 0): Fraction(1)}}
    news: Taps = {}
    out: list[list[tuple[str, Taps]]] = []
    for word in reversed(steps.words):
        found: list[tuple[str, Taps]] = []
        carried: Taps = {}
        for name in word.registers:
            h = registers.pop(name, {})
            found.append(("A", h))
            carried = plus(carried, h)
        if word.news >= 0:
            # the error falls into the cell that is written: NEWS as a PE sees its own
            found.append(("NEWS", news))
            carried = plus(carried, _move(news, word.news))
            news = {}
        part = times(carried, Fraction(-1, word.parts))
        for name in word.sources:
            registers[name] = plus(registers.get(name, {}), part)
        if word.reads >= 0:
            news = plus(news, _move(part, word.reads))
        out.append(found)
    return out[::-1]


def _move(h: Taps, move: int) -> Taps:
    from scamp_sim.compiler.filters.kernel import MOVES

    return shift(h, *MOVES[move])


def _predict(steps: Steps, output: int, p: ChipProfile, rms: float, mean: float) -> Noise:
    responses = _responses(steps, output)
    temporal = fixed = shift_of_mean = 0.0
    # the deviation of the result that goes with the picture: lost gain, unequal parts
    lost: dict[tuple[int, int], float] = {}
    spread = 0.0
    values: dict[int, Value] = {0: START}
    news: Value | None = None
    means: dict[int, float] = {0: mean}
    news_mean = 0.0
    for word, places in zip(steps.words, responses, strict=True):
        value, _ = step(word, values, news)
        total = sum(means[n] for n in word.sources) + (news_mean if word.reads >= 0 else 0.0)
        here = -total / word.parts
        power = _squares({k: float(w) for k, w in value.taps.items()}) * rms * rms
        split = word.parts > 1
        loss = p["gain_loss"] + (p["split_loss"] if split else 0.0)
        mismatched: Taps = {}
        after = []
        for k, (register, h) in enumerate(places):
            squares = _squares({a: float(w) for a, w in h.items()})
            gain_total = float(sum(h.values(), Fraction(0)))
            offset = p["transfer_offset"] + (p["register_offset"] if register != "NEWS" else 0.0)
            offset += p["split_offset"] if split else 0.0
            written = here * (1 - loss) + offset
            after.append(written)
            temporal += p["write_noise"] ** 2 * squares
            fixed += p["offset_spread"] ** 2 * squares
            spread += squares * p["gain_spread"] ** 2 * (power + (here - p["gain_pivot"]) ** 2)
            shift_of_mean += gain_total * (written - here)
            # what is lost is a share of the value
            held = value.taps if register != "NEWS" else _move(value.taps, word.news)
            for (x, y), w in h.items():
                for (a, b), v in held.items():
                    lost[a + x, b + y] = lost.get((a + x, b + y), 0.0) - loss * float(w * v)
            # the first part is larger by the mismatch, the last smaller; in the same PE, so they go together
            side = 1 if k == 0 else -1 if k == word.parts - 1 else 0
            if split and side and register == "NEWS" and word.news > 0:
                spread += p["split_mismatch"] ** 2 * squares * (power + here * here)
            elif split and side:
                mismatched = plus(mismatched, h, Fraction(side))
        if split and p["split_mismatch"]:
            spread += (
                p["split_mismatch"] ** 2
                * _squares({a: float(w) for a, w in mismatched.items()})
                * (power + here * here)
            )
        values, news = execute([word], values, news)
        for name, written in zip(word.registers, after, strict=False):
            means[name] = written
        if word.news >= 0:
            news_mean = after[-1]
    result = values[output]
    ideal = float(sum(result.taps.values(), Fraction(0))) * mean
    goal = {k: float(w) for k, w in result.taps.items()}
    size = _squares(goal)
    gain = 1 + sum(lost.get(k, 0.0) * w for k, w in goal.items()) / size if size else 1.0
    loss_power = _squares(lost) * rms * rms
    whole = sqrt(temporal + fixed + spread + loss_power)
    return Noise(means[output] - ideal, sqrt(fixed + spread), sqrt(temporal), gain, whole)


def largest_value(steps: Steps) -> Fraction:
    """Sum of the magnitudes of the weights of the largest value on the way: times the input's amplitude, what no value
    exceeds."""
    from scamp_sim.compiler.filters.task import weigh

    return weigh(steps)[1]


__all__ = ["INPUT_RMS", "Noise", "largest_value", "norm", "predict"]
