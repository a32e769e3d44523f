"""Which of the programs found is shown: fewest words, or least noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from scamp_sim.compiler.filters.noise import Noise, predict
from scamp_sim.compiler.filters.pool import Search
from scamp_sim.compiler.filters.task import Candidate

_FEW = 12
"""Programs of one length that are looked at on all chips of a population."""

LINEAR = 150
"""LSB up to which a register of the chip is linear."""


@dataclass(frozen=True)
class Picture:
    """That predictions are made for: its mean and its rms about it, in LSB; pixels are independent."""

    mean: float
    rms: float


@dataclass(frozen=True)
class Ranked:
    """error: of the worst output, in LSB: its rms, and what it leaves of the picture's mean. bent: whether the mean
    drives a value on the way out of the linear range."""

    candidate: Candidate
    noise: tuple[Noise, ...]
    error: float
    bent: bool


def ranked(found: Search, chip: Any, picture: Picture) -> list[Ranked]:
    """The shortest programs with what a chip adds to each."""
    some = sorted(found.pool.values(), key=lambda c: (c.words, abs(c.offset), c.flat, repr(c.steps.words)))
    if found.task.objective == "words":
        shortest = [c for c in some if c.words == some[0].words]
        return [_on(c, chip, picture) for c in shortest[:_FEW]]
    # one chip of a population tells which are worth a look at all
    one = chip.drawn(0) if chip.ranges else chip
    by_length: dict[int, list[Ranked]] = {}
    for c in some:
        by_length.setdefault(c.words, []).append(_on(c, one, picture))
    best = [r.candidate for same in by_length.values() for r in sorted(same, key=by_noise)[:_FEW]]
    return [_on(c, chip, picture) for c in best]


def _on(c: Candidate, chip: Any, picture: Picture) -> Ranked:
    noise = predict(c.steps, chip, picture.rms, picture.mean)
    error = max(hypot(n.rms, n.leak * picture.mean) for n in noise)
    return Ranked(c, noise, error, bool(picture.mean) and max(n.peak for n in noise) > LINEAR)


def by_words(item: Ranked) -> Any:
    """Fewest words first; among them the smallest offset, then those that bear the brightest flat picture."""
    c = item.candidate
    return item.bent, c.words, abs(c.offset), c.flat, round(item.error, 9), repr(c.steps.words)


def by_noise(item: Ranked) -> Any:
    """Least error first."""
    c = item.candidate
    return item.bent, round(item.error, 9), c.words, abs(c.offset), repr(c.steps.words)


def front(some: Sequence[Ranked]) -> list[Ranked]:
    """Those that no other beats in both words and error."""
    out: list[Ranked] = []
    least = float("inf")
    for item in sorted(some, key=by_words):
        if item.error < least - 1e-9:
            least = item.error
            out.append(item)
    return out
