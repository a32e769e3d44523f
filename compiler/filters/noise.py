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

from scamp_sim.compiler.filters.kernel import Offset, Taps
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, moved, responses, step

if TYPE_CHECKING:
    from scamp_sim.silicon.profiles import ChipProfile

Weights = dict[Offset, float]

INPUT_RMS = 20 / sqrt(3)
"""LSB: the rms of a picture of independent pixels, uniform in -20..20, for which predictions are made by default."""


MEMBERS = 20
"""Chips of a population that a prediction is the mean of."""


@dataclass(frozen=True)
class Noise:
    """At one output, in LSB. mean: by which the result is off on average, the offset and what a flat picture of the
    picture's mean leaves; fixed, temporal: rms of what stays and of what is drawn each time; gain: share of the result
    that is left; rms: of everything but the mean, the loss of gain included; peak: the largest mean of any value on
    the way, which takes that much of the range away; leak: LSB that the result of a flat picture is off by, for each
    of its level."""

    mean: float
    fixed: float
    temporal: float
    gain: float
    rms: float
    peak: float = 0.0
    leak: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return {k: round(float(v), 4) for k, v in vars(self).items()}


def predict(steps: Steps, profile: ChipProfile, rms: float = INPUT_RMS, mean: float = 0.0) -> tuple[Noise, ...]:
    """The noise of each output for a picture of independent pixels with this rms and mean, in LSB. Of a population, the
    mean over its first chips."""
    chips = [profile.drawn(serial) for serial in range(MEMBERS)] if profile.ranges else [profile]
    courses = (_course(steps, output) for output in steps.outputs)
    return tuple(_mean([_predict(course, chip, rms, mean) for chip in chips]) for course in courses)


def _mean(chips: list[Noise]) -> Noise:
    def root(what: str) -> float:
        return sqrt(sum(getattr(c, what) ** 2 for c in chips) / len(chips))

    count = len(chips)
    mean, gain = sum(c.mean for c in chips) / count, sum(c.gain for c in chips) / count
    peak, leak = max(c.peak for c in chips), sum(c.leak for c in chips) / count
    return Noise(mean, root("fixed"), root("temporal"), gain, root("rms"), peak, leak)


def _squares(h: Weights) -> float:
    return sum(w * w for w in h.values())


@dataclass(frozen=True)
class _Place:
    """A destination of a word. h: the filter through which an error there comes to the output; held: the value that it
    is given, as a filter of the picture."""

    register: str
    h: Weights
    held: Weights


@dataclass(frozen=True)
class _Course:
    """What is the same on all chips: words with their destinations, and the output as a filter of the picture."""

    words: tuple[tuple[FilterWord, tuple[_Place, ...]], ...]
    output: int
    goal: Weights
    total: float


def _course(steps: Steps, output: int) -> _Course:
    values: dict[int, Value] = {0: START}
    news: Value | None = None
    words = []
    for word, places in zip(steps.words, responses(steps, output), strict=True):
        value, _ = step(word, values, news)
        held = {
            register: _floats(value.taps if register != "NEWS" else moved(value.taps, word.news))
            for register in dict.fromkeys(register for register, _ in places)
        }
        words.append((word, tuple(_Place(register, _floats(h), held[register]) for register, h in places)))
        values, news = execute([word], values, news)
    taps = values[output].taps
    return _Course(tuple(words), output, _floats(taps), float(sum(taps.values(), Fraction(0))))


def _floats(taps: Taps) -> Weights:
    return {at: float(w) for at, w in taps.items()}


def _predict(course: _Course, p: ChipProfile, rms: float, mean: float) -> Noise:
    temporal = fixed = peak = 0.0
    # the deviation of the result that goes with the picture: lost gain
    lost: Weights = {}
    # unequal parts follow one pattern of the chip in all words, gains one for each register: what they do in the PE at
    # a displacement adds up over the words, as a filter and as a mean
    splits: dict[Offset, tuple[Weights, list[float]]] = {}
    news_gains: dict[Offset, tuple[Weights, list[float]]] = {}
    spread = 0.0
    means: dict[int, float] = {0: mean}
    flats: dict[int, float] = {0: 1.0}  # of a flat picture of 1 LSB, the offsets left out
    news_mean = news_flat = 0.0
    for word, places in course.words:
        total = sum(means[n] for n in word.sources) + (news_mean if word.reads >= 0 else 0.0)
        here = -total / word.parts
        flat = -(sum(flats[n] for n in word.sources) + (news_flat if word.reads >= 0 else 0.0)) / word.parts
        split = word.parts > 1
        loss = p["gain_loss"] + (p["split_loss"] if split else 0.0)
        after = []
        for k, place in enumerate(places):
            register, h, seen = place.register, place.h, place.held
            offset = p["transfer_offset"] + (p["register_offset"] if register != "NEWS" else 0.0)
            offset += p["split_offset"] if split else 0.0
            written = here * (1 - loss) + offset
            after.append(written)
            peak = max(peak, abs(written))
            squares = _squares(h)
            temporal += p["write_noise"] ** 2 * squares
            fixed += p["offset_spread"] ** 2 * squares
            # the first part is larger by the mismatch, the last smaller
            side = 1 if k == 0 else -1 if k == word.parts - 1 else 0
            for (x, y), w in h.items():
                for (a, b), v in seen.items():
                    lost[a + x, b + y] = lost.get((a + x, b + y), 0.0) - loss * w * v
                if split and side:
                    _gather(splits, (x, y), side * w, seen, here)
                if register == "NEWS":
                    _gather(news_gains, (x, y), w, seen, here - p["gain_pivot"])
            if register != "NEWS":
                power = _squares(seen) * rms * rms + (here - p["gain_pivot"]) ** 2
                spread += squares * p["gain_spread"] ** 2 * power
        flat *= 1 - loss
        for name, written in zip(word.registers, after, strict=False):
            means[name], flats[name] = written, flat
        if word.news >= 0:
            news_mean, news_flat = after[-1], flat
    spread += p["split_mismatch"] ** 2 * _power(splits, rms) + p["gain_spread"] ** 2 * _power(news_gains, rms)
    goal = course.goal
    size = _squares(goal)
    gain = 1 + sum(lost.get(k, 0.0) * w for k, w in goal.items()) / size if size else 1.0
    whole = sqrt(temporal + fixed + spread + _squares(lost) * rms * rms)
    off, leak = means[course.output] - course.total * mean, flats[course.output] - course.total
    return Noise(off, sqrt(fixed + spread), sqrt(temporal), gain, whole, peak, leak)


def _gather(
    found: dict[Offset, tuple[Weights, list[float]]], place: Offset, factor: float, seen: Weights, mean: float
) -> None:
    weights, means = found.setdefault(place, ({}, [0.0]))
    for at, w in seen.items():
        weights[at] = weights.get(at, 0.0) + factor * w
    means[0] += factor * mean


def _power(found: Mapping[Offset, tuple[Weights, list[float]]], rms: float) -> float:
    return sum(_squares(weights) * rms * rms + means[0] ** 2 for weights, means in found.values())


__all__ = ["INPUT_RMS", "Noise", "predict"]
