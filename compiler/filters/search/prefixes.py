"""The evolution of programs, from fractions and back to words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from scamp_sim.compiler.filters.search import evolve, tail
from scamp_sim.compiler.filters.search.chains import decode, on_grid, radius_of, unit_for
from scamp_sim.compiler.filters.search.closure import MASKS
from scamp_sim.compiler.filters.search.genes import (
    COPIES,
    MOST_GENES,
    MOST_VALUES,
    NEAR,
    NEVER,
    NEWS,
    READ,
    REGISTER,
    SPLIT,
)
from scamp_sim.compiler.filters.words import FilterWord, Steps, Value, execute


def no_genes() -> Any:
    genes = np.zeros((MOST_GENES, 4), np.int64)
    genes[:, READ] = -1
    return genes


def genes_of(words: Sequence[FilterWord], held: int) -> tuple[Any, int] | None:
    """Words as genes; None where a source lies too far back. held: values before the first word, by name 0, 1, ..."""
    if len(words) > MOST_GENES:
        return None
    genes = no_genes()
    where = {n: n for n in range(held)}
    count = held
    for g, word in enumerate(words):
        bits = 0
        for name in word.sources:
            back = count - 1 - where[name]
            if back < NEAR:
                bits |= 1 << back
            elif where[name] < 4:
                bits |= 1 << (NEAR + where[name])
            else:
                return None
        made = len(word.registers)
        kind = {(1, False): REGISTER, (0, True): NEWS, (2, False): COPIES, (1, True): SPLIT}
        genes[g] = kind[made, word.news >= 0], bits, max(word.news, 0), word.reads
        for name in word.registers:
            where[name] = count
            count += 1
    return genes, len(words)


@dataclass
class Evolution:
    """A search for goals, in this order, from values held, by name 0, 1, ...; the first words come from `words`.

    registers: at hand for statics, sum and outputs; keep: bits of held values that have to stay. more: how many
    programs are kept that are longer than the best by at most `slack` words.
    """

    goals: Sequence[Value]
    held: Mapping[int, Value]
    offset: bool
    mode: int
    seed: int = 0
    registers: int = 6
    keep: int = 0
    cap: Fraction | None = None
    flat: Fraction | None = None
    beam: int = 4
    branch: int = 4
    patience: int = 600
    more_radius: int = 1
    words: Sequence[FilterWord] = ()
    more: int = 0
    slack: int = 0

    def __post_init__(self) -> None:
        values = [*self.goals, *self.held.values()]
        after, news = execute(self.words, dict(self.held))
        inner = [*values, *after.values()] + ([news] if news is not None else [])
        self.radius = max(radius_of([v.taps for v in values], self.more_radius), radius_of([v.taps for v in inner], 0))
        self.unit = max(4 * unit_for(values), unit_for(inner))
        caps = [NEVER if most is None else int(most * self.unit) for most in (self.cap, self.flat)]
        self.caps = np.array(caps, np.int64)
        self.width = 2 * self.radius + 1
        self.names = list(self.held)
        self.first = np.zeros((MOST_VALUES + 1, self.width**2 + 1), np.int64)
        for i, name in enumerate(self.names):
            self.first[i] = on_grid(self.held[name], self.radius, self.unit, self.offset)
        self.targets = np.stack([on_grid(g, self.radius, self.unit, self.offset) for g in self.goals])
        self.state = np.array([self.seed * 2 + 88172645463325253], np.int64)
        self.out = np.array([1000, 0, 1000, 0, 0, 0], np.int64)
        self.best_genes = no_genes()
        self.others = np.zeros((self.more, MOST_GENES + 1, 4), np.int64)
        self.genes, self.number = genes_of(self.words, len(self.names)) or (no_genes(), 0)
        self.work = np.zeros(1, np.int64)

    def run(self, work: int, best: int) -> int:
        """Go on for so much work; the words of the best found so far."""
        self.number = evolve.improve(
            self.targets,
            self.first,
            len(self.names),
            self.genes,
            self.number,
            self.width,
            self.unit,
            self.offset,
            self.mode,
            self.caps,
            self.beam,
            self.branch,
            self.registers,
            self.keep,
            best,
            int(self.work[0]) + work,
            self.state,
            self.patience,
            self.best_genes,
            self.out,
            self.others,
            self.slack,
            self.work,
        )
        return int(self.out[0])

    def program(self) -> Steps | None:
        """The best found: its words, and the values of the goals."""
        if self.out[0] >= 900:
            return None
        return self.steps_of(self.best_genes, int(self.out[1]), int(self.out[5]))

    def further(self) -> list[Steps]:
        """Programs met on the way that are little longer than the best, and are forgotten with this."""
        made = [self.steps_of(g[:-1], int(g[-1, 0]), int(g[-1, 1])) for g in self.others if g[-1, 1]]
        self.others[:] = 0
        return [steps for steps in made if steps is not None]

    def steps_of(self, genes: Any, number: int, most: int) -> Steps | None:
        k = len(self.goals)
        values = self.first.copy()
        written = np.zeros((MOST_GENES + 4, 4), np.int64)
        paths = np.zeros((k, tail.MOST_STEPS, 5), np.int64)
        results = np.zeros((k, 5), np.int64)
        places = np.zeros((k, evolve.STATICS), np.int64)
        total = evolve.evaluate(
            self.targets,
            values,
            genes,
            number,
            len(self.names),
            self.width,
            self.unit,
            self.offset,
            self.mode,
            self.caps,
            self.beam,
            self.branch,
            most,
            self.registers,
            self.keep,
            written,
            places,
            paths,
            results,
            np.zeros(1, np.int64),
        )
        if total >= 900:
            return None
        names = list(self.names)
        fresh = max(names) + 1
        out: list[FilterWord] = []
        for made, news, mask, read in written[:number].tolist():
            sources = tuple(n for i, n in enumerate(names) if (mask >> i) & 1)
            registers = tuple(range(fresh, fresh + made))
            fresh += made
            names += registers
            out.append(FilterWord(registers, news, sources, read))
        outputs = []
        for g in range(k):
            _, steps, kind, choice, m = (int(v) for v in results[g])
            if kind == 3:
                outputs.append(names[choice])
                continue
            statics = [names[i] for i in places[g, :m].tolist()]
            if kind > 3:
                mask = int(MASKS[m, choice])
                sources = tuple(n for i, n in enumerate(statics) if (mask >> i) & 1)
                more: tuple[FilterWord, ...] = (FilterWord(tuple(range(fresh, fresh + kind - 3)), -1, sources),)
            else:
                more = decode(paths[g], steps, kind, choice, statics, fresh)
            out += more
            outputs.append(more[-1].registers[0])
            names.append(outputs[-1])
            fresh = max([fresh, *(r + 1 for w in more for r in w.registers)])
        return Steps(tuple(out), tuple(outputs))
