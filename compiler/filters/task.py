"""What is asked for, and whether a program answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from scamp_sim.compiler.filters.allocate import Demand, allocate
from scamp_sim.compiler.filters.kernel import Taps, norm, times
from scamp_sim.compiler.filters.words import (
    MOST_SOURCES,
    START,
    FilterWord,
    Steps,
    Value,
    execute,
    live_words,
    step,
    unused,
)

OFFSETS = ("any", "zero", "macros")
HALVINGS = ("single", "macro", "exact", "none")
OBJECTIVES = ("words", "noise", "words,noise")
SIGNS = ("exact", "either")


@dataclass(frozen=True)
class Task:
    """names, goals: of the kernels. cap: sum of the magnitudes of the weights of any value at most, flat: magnitude of
    the sum of the weights of any value at most, None: any. library: whether programs that are known already may be
    taken."""

    names: tuple[str, ...]
    goals: tuple[Taps, ...]
    offset: str = "any"
    halving: str = "single"
    objective: str = "words"
    sign: str = "exact"
    cap: Fraction | None = None
    flat: Fraction | None = None
    demand: Demand = field(default_factory=Demand)
    seed: int = 0
    library: bool = True

    @property
    def level(self) -> bool:
        """Whether results have offset 0."""
        return self.offset != "any"

    @property
    def pairs(self) -> bool:
        return self.offset == "macros"


@dataclass(frozen=True)
class Candidate:
    """A program that answers the task. signs: -1 for a result that is negated; values: of its outputs."""

    steps: Steps
    places: dict[int, str]
    signs: tuple[int, ...]
    outputs: tuple[Value, ...]
    largest: Fraction
    """Sum of the magnitudes of the weights of the largest value on the way."""
    flat: Fraction
    """Magnitude of the sum of the weights of that value on the way which a flat picture drives furthest."""

    @property
    def words(self) -> int:
        return len(self.steps.words)

    @property
    def offset(self) -> Fraction:
        """The largest offset of a result, in units of one transfer."""
        return max((v.o for v in self.outputs), key=abs)


def accepted(steps: Steps, task: Task) -> Candidate | None:
    """The program without dead words and with registers, if it is what the task asks for."""
    trimmed = _led_out(trim(steps), task.demand)
    signs = []
    values, largest, flat = weigh(trimmed)
    for output, goal in zip(trimmed.outputs, task.goals, strict=True):
        v = values[output]
        if v.taps == goal:
            signs.append(1)
        elif task.sign == "either" and v.taps == times(goal, Fraction(-1)):
            signs.append(-1)
        else:
            return None
        if task.level and v.o:
            return None
    if task.pairs and not in_pairs(trimmed.words):
        return None
    if not documented(trimmed.words) or not _halving_allowed(trimmed, task.halving):
        return None
    if (task.cap is not None and largest > task.cap) or (task.flat is not None and flat > task.flat):
        return None
    places = allocate(trimmed, task.demand)
    if places is None and task.demand.source in (task.demand.outputs or ()):
        # its last word may read what it would overwrite
        k = (task.demand.outputs or ()).index(task.demand.source)
        trimmed = _copied(trimmed, k, False)
        places = allocate(trimmed, task.demand)
        values, *_ = weigh(trimmed)
    if places is None:
        return None
    outputs = tuple(values[o] for o in trimmed.outputs)
    return Candidate(trimmed, places, tuple(signs), outputs, largest, flat)


def _led_out(steps: Steps, demand: Demand) -> Steps:
    """With a copy of the input where a result that equals it has to stand in another register, and of a result that
    two kernels share where each has a register of its own."""
    for k, out in enumerate(steps.outputs):
        if demand.outputs is not None and out in steps.outputs[:k] and out:
            steps = _copied(steps, k, False)
    for k, place in enumerate(demand.outputs or ()):
        if steps.outputs[k] == 0 and place != demand.source:
            # at first where another result takes the place of the input
            steps = _copied(steps, k, demand.source in (demand.outputs or ()))
    return steps


def _copied(steps: Steps, k: int, first: bool) -> Steps:
    """With output k copied through NEWS, before all other words or behind them."""
    fresh = unused(steps.words)
    copy = (FilterWord((), 0, (steps.outputs[k],)), FilterWord((fresh,), -1, (), 0))
    outputs = (*steps.outputs[:k], fresh, *steps.outputs[k + 1 :])
    return Steps((*copy, *steps.words) if first else (*steps.words, *copy), outputs)


def trim(steps: Steps) -> Steps:
    return Steps(live_words(steps.words, steps.outputs), steps.outputs)


def weigh(steps: Steps) -> tuple[dict[int, Value], Fraction, Fraction]:
    """All values; of any, NEWS included: the largest sum of the magnitudes of weights, and the largest magnitude of a
    sum of weights."""
    values: dict[int, Value] = {0: START}
    news: Value | None = None
    largest = flat = norm(START.taps)
    for word in steps.words:
        value, news = step(word, values, news)
        largest = max(largest, norm(value.taps))
        flat = max(flat, abs(sum(value.taps.values(), Fraction(0))))
        values, news = execute([word], values, news)
    return values, largest, flat


def documented(words: Sequence[FilterWord]) -> bool:
    """Whether every word has a documented form: up to 4, 2, 1 sources for 1, 2, 3 destinations, none both, none
    twice."""
    for w in words:
        sources = len(w.sources) + (w.reads >= 0)
        if sources > MOST_SOURCES[w.parts - 1] or len({*w.sources}) != len(w.sources):
            return False
        if {*w.registers} & {*w.sources} or (w.news >= 0 and w.reads >= 0):
            return False
    return True


def in_pairs(words: Sequence[FilterWord]) -> bool:
    """Whether all words are pairs: through NEWS, and back from it."""
    if len(words) % 2:
        return False
    dead = {r for w in words[::2] for r in w.registers}
    return all(
        a.news >= 0 and b.news < 0 and b.reads >= 0 and b.parts == 1
        for a, b in zip(words[::2], words[1::2], strict=True)
    ) and not any(dead & {*w.sources} for w in words)


def _halving_allowed(steps: Steps, halving: str) -> bool:
    splits = [w for w in steps.words if w.parts > 1]
    if halving == "single":
        return True
    if halving == "none":
        return not splits
    if halving == "macro":
        dead = {r for w in splits for r in w.registers}
        read = {s for w in steps.words for s in w.sources} | {*steps.outputs}
        return all(w.news >= 0 for w in splits) and not dead & read
    # exact: pairs of halves of the same value, as the macro div has them
    return all(w.parts == 2 and w.news < 0 and len(w.sources) == 1 for w in splits)
