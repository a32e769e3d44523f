"""Evolutions side by side: what each begins with, rounds of equal shares, and which of them go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, permutations
from typing import Any

from scamp_sim.compiler.filters.kernel import norm
from scamp_sim.compiler.filters.pool import Search, Tick, free
from scamp_sim.compiler.filters.search.first import exact_half
from scamp_sim.compiler.filters.search.workers import Workers
from scamp_sim.compiler.filters.task import Task, accepted
from scamp_sim.compiler.filters.words import FilterWord, Steps, Value, execute, renamed, unused

_ANEW = 1_000_000
"""Added to the seeds of the random choices each time that the search begins anew."""

_ALIVE = 12

_GO_ON = 3
"""Evolutions that go on where the search begins anew."""

_EQUAL, _FURTHER, _SLACK = 8, 64, 8
"""Programs that each evolution keeps besides its best: of so many words, among which noise decides; where noise counts
more, of up to so many words more."""

EVOLUTION = "evolution"
"""What is going on from where the larger part of the search is needed."""


def mode_of(task: Task) -> int:
    from scamp_sim.compiler.filters.search import genes

    halving = {"single": genes.SINGLE, "macro": genes.MACRO, "exact": genes.NONE, "none": genes.NONE}[task.halving]
    if task.pairs:
        halving = genes.MACRO if task.halving == "single" else halving
    return halving | (genes.PAIRS if task.pairs else 0)


@dataclass(frozen=True)
class Starts:
    """Programs that evolution may begin with: products, those of the exact search, (kernel, program for it alone),
    those that are near."""

    products: Sequence[Steps]
    programs: Sequence[Steps]
    alone: Sequence[tuple[int, Steps]]
    near: Sequence[Steps]


def evolve(found: Search, work: int, starts: Starts, threads: Workers, tick: Tick, limit: int) -> None:
    """Rounds of evolution for so much work on each of two threads, ended before the round that exceeds the limit."""
    tick(EVOLUTION, found.best)
    runs = [*found.alive[:_GO_ON], *_runs(found, starts)]
    if not runs:
        return
    # those of an earlier time keep their numbers below those of this one
    for number, run in enumerate(runs):
        run.number = number
    budget = 2 * work
    alive = runs
    rounds = 0
    while budget > 0:
        # each round the shorter half goes on
        share = max(min(work // 6, budget) // len(alive), 2_000_000)
        if limit < work and 2 * work - budget + share * len(alive) > 2 * limit:
            return
        best = found.best
        results = threads.map(partial(_go, share, best), alive)
        budget -= share * len(alive)
        found.work += share * len(alive)
        for steps in results:
            found.offer(steps)
        for run in alive:
            for steps in run.further():
                found.offer(steps)
        rounds += 1
        tick(EVOLUTION, found.best)
        found.alive = sorted(alive, key=lambda r: (r.least, r.number))
        if found.done:
            return
        if len(alive) > 4:
            alive = sorted(alive, key=lambda r: (r.least, r.number))[: max(len(alive) * 2 // 3, 4)]
        elif rounds % 5 == 0:
            for run in alive[2:]:
                run.again()


def _go(share: int, best: int, run: _Run) -> Steps | None:
    return run.go(share, best)


class _Run:
    """One evolution, and how its programs become programs of the task."""

    def __init__(
        self, number: int, order: Sequence[int], prefix: Sequence[FilterWord], names: Sequence[int], **options: Any
    ) -> None:
        from scamp_sim.compiler.filters.search.prefixes import Evolution

        self.number, self.order, self.prefix, self.names = number, order, prefix, names
        self.options = options
        self.evolution = Evolution(**options)
        self.least = 1000

    def again(self) -> None:
        """From the start, with other random numbers."""
        from scamp_sim.compiler.filters.search.prefixes import Evolution

        self.options["seed"] += 1000
        self.evolution = Evolution(**self.options)

    def go(self, work: int, best: int) -> Steps | None:
        self.evolution.run(work, max(best - len(self.prefix), 2))
        self.least = min(self.least, int(self.evolution.out[0]) + len(self.prefix))
        steps = self.evolution.program()
        return None if steps is None else self._whole(steps)

    def further(self) -> list[Steps]:
        """Programs met on the way that are little longer."""
        return [self._whole(steps) for steps in self.evolution.further()]

    def _whole(self, steps: Steps) -> Steps:
        fresh = count(unused(self.prefix))
        names = dict(enumerate(self.names))
        words = renamed(steps.words, names, fresh)
        outputs = [names[o] for o in steps.outputs]
        back = [outputs[self.order.index(k)] for k in range(len(outputs))]
        return Steps((*self.prefix, *words), tuple(back))


def _runs(found: Search, starts: Starts) -> list[_Run]:
    from scamp_sim.compiler.filters.kernel import depth
    from scamp_sim.compiler.filters.search.chains import fractions_of

    task = found.task
    mode = mode_of(task)
    goals = [Value(g) for g in task.goals]
    deepest = max(max(depth(g) for g in task.goals), 0)
    prefix: list[FilterWord] = []
    held = [0]
    if task.halving == "exact":
        source = 0
        for k in range(min(deepest, 3)):
            prefix += exact_half(source, 1 + 6 * k)
            source = 6 * k + 6
            held.append(source)
        if deepest > 3:
            return []
    # the offset of a transfer as a value of its own, twice where a word may write two
    constant = FilterWord((1, 2) if task.halving == "single" else (1,), -1, ())
    wide = max(norm(g) and len(g) for g in task.goals) > 12
    orders = list(permutations(range(len(goals))))[:6] if len(goals) <= 3 else [tuple(range(len(goals)))]
    ladders: list[Sequence[FilterWord]] = [()]
    if mode & 3 == 1:
        ladders += [fractions_of(d)[0] for d in range(1, min(deepest, 4) + 1)]
    runs: list[_Run] = []

    def add(order: Sequence[int], words: Sequence[FilterWord], beam: int, constants: bool = False) -> None:
        first = [constant] if constants else prefix
        names = [0, *constant.registers] if constants else held
        values, _ = execute(first)
        runs.append(
            _Run(
                len(runs),
                order,
                first,
                names,
                goals=[goals[k] for k in order],
                held={k: values[name] for k, name in enumerate(names)},
                offset=task.level,
                mode=mode,
                seed=100 * task.seed + len(runs) + _ANEW * found.rungs,
                registers=len(task.demand.registers),
                keep=int(task.demand.keep),
                cap=task.cap,
                flat=task.flat,
                beam=beam,
                branch=4,
                words=words,
                more=_EQUAL if task.objective == "words" else _FURTHER,
                slack=0 if task.objective == "words" else _SLACK,
            )
        )

    if task.halving != "exact":
        done = [steps for steps in starts.products if accepted(steps, task) is not None]
        others = [steps for steps in starts.products if steps not in done]
        begun = [*sorted(done, key=len)[:3], *sorted(others, key=len)[:2], *starts.programs[:2], *starts.near[:2]]
        for steps in begun:
            add(orders[0], steps.words, 4)
        for steps in found.shortest[: 2 if found.rungs else 1]:
            if len(steps.words) <= 36 and steps not in begun:
                add(orders[0], steps.words, 3)
    for k, steps in starts.alone:
        add((k, *(o for o in orders[0] if o != k)), steps.words, 4)
    for order in orders:
        for ladder in ladders:
            add(order, ladder, 2 if wide else 4)
    add(orders[0], ladders[-1], 6)
    if task.level and free(task):
        for words in [*(steps.words for steps in starts.near[:2]), ladders[-1]]:
            add(orders[0], words, 4, constants=True)
    if len(runs) < _ALIVE and len(orders) == 1:
        add(orders[0], ladders[len(ladders) // 2], 3)
        add(orders[0], (), 3)
    return runs


__all__ = ["EVOLUTION", "Starts", "evolve", "mode_of"]
