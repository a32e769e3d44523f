"""Which of the programs found is shown: fewest words, or least noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scamp_sim.compiler.filters.generate import Search
from scamp_sim.compiler.filters.noise import Noise, predict
from scamp_sim.compiler.filters.task import Candidate


def ranked(found: Search, chip: Any, rms: float) -> list[tuple[Candidate, tuple[Noise, ...], float]]:
    few = sorted(found.pool.values(), key=lambda c: (c.words, abs(c.offset), repr(c.steps.words)))
    if found.task.objective == "words":
        few = [c for c in few if c.words == few[0].words][:12]
    out = []
    for c in few[:60]:
        noise = predict(c.steps, chip, rms)
        out.append((c, noise, max(n.rms for n in noise)))
    return out


Ranked = tuple[Candidate, tuple[Noise, ...], float]


def by_words(item: Ranked) -> Any:
    return item[0].words, abs(item[0].offset), round(item[2], 9), repr(item[0].steps.words)


def by_noise(item: Ranked) -> Any:
    return round(item[2], 9), item[0].words, abs(item[0].offset), repr(item[0].steps.words)


def front(ranked: Sequence[Ranked]) -> list[Candidate]:
    out: list[Candidate] = []
    least = float("inf")
    for c, _, rms in sorted(ranked, key=by_words):
        if rms < least - 1e-9:
            least = rms
            out.append(c)
    return out
