"""The plan of a search: a first program, the exact search, products, then evolution until the budget is spent.

The budget counts looks at values, not seconds, and threads meet after equal shares of it: the same arguments give the
same program on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import count, permutations
from typing import Any

from scamp_sim.compiler.filters.kernel import MOVES, TURNS, Taps, norm, times
from scamp_sim.compiler.filters.library import known
from scamp_sim.compiler.filters.search.first import exact_half, first_program, thrifty_program
from scamp_sim.compiler.filters.search.workers import Workers
from scamp_sim.compiler.filters.task import Candidate, Task, accepted
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, renamed
from scamp_sim.exceptions import ProgramError

RATE = 150_000_000
"""Looks at values that a budget of one second stands for, on each of two threads: about three quarters of what a
core did where this was measured."""

STATE = 700
"""Looks at values that a state of the exact search costs as much as."""

PAIR = 200
"""The same where two kernels are looked for."""

LEAST_WORK = 2 * RATE
"""Below this the first program is the result: loading the compiled search would take longer than it may run."""

_ALIVE = 12

Tick = Callable[[str, int], None]
"""Called now and then with what is going on and the words of the best program; may raise KeyboardInterrupt."""


@dataclass
class Search:
    """What a search has found: pool: all programs that answer the task, by their words; lower_bound: no program has
    fewer; work: looks at values."""

    task: Task
    pool: dict[tuple[FilterWord, ...], Candidate] = field(default_factory=dict)
    lower_bound: int = 0
    work: int = 0
    refused: Steps | None = None
    interrupted: bool = False

    @property
    def best(self) -> int:
        return min((c.words for c in self.pool.values()), default=99)

    def offer(self, steps: Steps | None) -> bool:
        """Take a program in if it answers the task."""
        if steps is None:
            return False
        found = accepted(steps, self.task)
        if found is None:
            if self.refused is None or len(steps) < len(self.refused):
                self.refused = steps
            return False
        self.pool.setdefault(found.steps.words, found)
        return True


def search(task: Task, work: int, tick: Tick | None = None) -> Search:
    """Look for programs with a budget of so much work on each of two threads. Raises ProgramError where registers or
    ranges leave no program."""
    found = Search(task)
    _first(found)
    found.lower_bound = max(found.lower_bound, len({tuple(sorted(g.items())) for g in task.goals if g != START.taps}))
    if work >= LEAST_WORK:
        try:
            _improve(found, work, tick or (lambda what, words: None))
        except KeyboardInterrupt:
            if not found.pool:
                raise
            found.interrupted = True
    return found


def _first(found: Search) -> None:
    task = found.task
    for halving in {task.halving: 0, "macro": 0} if task.halving == "single" else (task.halving,):
        found.offer(first_program(task.goals, halving, task.level))
    if task.halving in ("single", "macro") or all(w.denominator == 1 for g in task.goals for w in g.values()):
        found.offer(thrifty_program(task.goals, task.level))
    if task.library:
        for steps in known(task.goals):
            found.offer(steps)


def _mode(task: Task) -> int:
    from scamp_sim.compiler.filters.search import evolve

    halving = {"single": evolve.SINGLE, "macro": evolve.MACRO, "exact": evolve.NONE, "none": evolve.NONE}[task.halving]
    if task.pairs:
        halving = evolve.MACRO if task.halving == "single" else halving
    return halving | (evolve.PAIRS if task.pairs else 0)


def _improve(found: Search, work: int, tick: Tick) -> None:
    task = found.task
    tick("first program", found.best)
    with Workers(2) as threads:
        exact = threads.submit(_prove, task, work, found.best, threads.look)
        products: list[Steps] = []
        if len(task.goals) == 1 and task.halving != "exact":
            products = list(_products(task, work // 4, tick, found.best))
        singles, whole = _singles(task, work // 3) if len(task.goals) > 1 else ([], [])
        bound, programs, spent = exact.result()
        found.work += spent
        found.lower_bound = max(found.lower_bound, bound)
        for steps in [*programs, *products, *whole]:
            found.offer(steps)
        tick("exact search", found.best)
        if found.best <= found.lower_bound and task.objective == "words":
            return
        left = max(work - max(spent, work // 4), work // 8)
        _evolve(found, left, products, programs, singles, threads, tick)


def _symmetries(goals: Sequence[Taps]) -> int:
    """Directions that the first shift of a program may take, without loss: one of each class that the goals do not tell
    apart."""
    same = [m for m in TURNS[1:] if all({m(x, y): w for (x, y), w in g.items()} == g for g in goals)]
    bits, covered = 1, set()
    for k, move in enumerate(MOVES[1:], 1):
        if move not in covered:
            bits |= 1 << k
            covered |= {move, *(m(*move) for m in same)}
    return bits


def _prove(task: Task, work: int, best: int, look: Callable[..., None]) -> tuple[int, list[Steps], int]:
    """(lower bound, programs of the shortest length, work). Bounds hold for every option, since options only take
    programs away."""
    from scamp_sim.compiler.filters.search.exhaust import ALL_DIRECTIONS, Exhaustion, Setting

    halves = task.halving != "none"
    goals = [Value(g) for g in task.goals]
    states = work // (4 * STATE)
    bound, spent = 1, 0
    programs: list[Steps] = []
    if len(goals) == 1:
        settings = [False, True] if halves else [False]
        if halves and any(w.denominator > 1 for w in task.goals[0].values()):
            settings = [True]
        for halving in settings:
            room = 60_000 if halving else 120_000
            longest = min(8, best) if not halving else min(7, best)
            run = Exhaustion(
                {0: START},
                goals,
                Setting(halving, task.level),
                directions=_symmetries(task.goals),
                room=room,
                table=1 << 23,
            )
            limit = states // len(settings) if not halving else states - spent // STATE
            if halving and best <= 6:  # a proof is within reach
                limit = 9 * work // (10 * STATE) - spent // STATE
            got = run.run(longest, limit, tick=look)
            spent += got.states * STATE
            if halving == halves:
                shorter = got.length - 1 if got.length else got.exhausted
                bound = max(bound, shorter + 1)
            programs += [Steps(words, outputs) for words, outputs in got.programs]
            if got.length:
                best = min(best, got.length)
                # the longest that may still be beaten
                if halving != halves:
                    best -= 1
                    if best < 1:
                        break
    if bound >= best and programs:
        return bound, programs, spent
    left = max(states - spent // STATE, states // 3)
    for axes, pick in ((0b10101, 0), (0b01011, 1)):
        for goal in task.goals:
            flat: dict[tuple[int, int], Fraction] = {}
            for place, w in goal.items():
                at = (place[0], 0) if pick == 0 else (0, place[1])
                flat[at] = flat.get(at, Fraction(0)) + w
            flat = {k: w for k, w in flat.items() if w}
            if len(flat) < 3:
                continue
            run = Exhaustion(
                {0: START},
                [Value(flat)],
                Setting(halves, task.level),
                directions=ALL_DIRECTIONS,
                axes=axes,
                room=60_000,
                table=1 << 21,
            )
            got = run.run(8, left // (2 * len(task.goals)), most=1, tick=look)
            spent += got.states * STATE
            bound = max(bound, got.length if got.length else got.exhausted + 1)
    return bound, programs, spent


def _products(task: Task, work: int, tick: Tick, best: int) -> Iterable[Steps]:
    from scamp_sim.compiler.filters.search.compose import Parts, composed

    parts = Parts(task.level, _mode(task))
    for steps in composed(task.goals[0], parts):
        tick("products", best)
        yield steps
        if parts.work > work:
            return


def _singles(task: Task, work: int) -> tuple[list[tuple[int, Steps]], list[Steps]]:
    """((kernel, one of its shortest programs), ...), from where the others may be near; and programs for two kernels:
    the shortest of one, and from each what the exact search adds for the other."""
    from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
    from scamp_sim.compiler.filters.search.shared import shared

    seeds: list[tuple[int, Steps]] = []
    whole: list[Steps] = []
    count = len(task.goals)
    if task.halving in ("single", "none") and not task.pairs:
        spent: list[int] = []
        whole += shared(task.goals, task.level, task.halving == "single", work // (2 * PAIR), spent.append)
        work = max(work - PAIR * sum(spent), work // 4)
    for k, goal in enumerate(task.goals):
        halves = any(w.denominator > 1 for w in goal.values())
        if halves and task.halving != "single":
            continue
        states = work // (2 * STATE * count)
        run = Exhaustion({0: START}, [Value(goal)], Setting(halves, task.level), room=60_000, table=1 << 21)
        got = run.run(6 if halves else 7, states, most=160)
        different = {words[:4]: Steps(words, outputs) for words, outputs in got.programs}
        seeds += [(k, steps) for steps in list(different.values())[:3]]
        if count == 2 and got.programs:
            other = task.goals[1 - k]
            halves = halves or any(w.denominator > 1 for w in other.values())
            whole += _continued(got.programs, k, other, Setting(halves, task.level), states)
    return seeds, whole


def _continued(
    programs: Sequence[tuple[tuple[FilterWord, ...], tuple[int, ...]]], k: int, other: Taps, setting: Any, states: int
) -> list[Steps]:
    """The shortest continuations of programs for kernel k that make the other one too."""
    from scamp_sim.compiler.filters.search.closure import MOST
    from scamp_sim.compiler.filters.search.exhaust import Exhaustion

    ends: dict[Any, tuple[tuple[FilterWord, ...], tuple[int, ...], dict[int, Value], Value | None]] = {}
    for words, outputs in programs:
        values, news = execute(words)
        distinct = frozenset((name in outputs, tuple(sorted(v.taps.items())), v.o) for name, v in values.items())
        ends.setdefault(distinct, (words, outputs, values, news))
    found: list[Steps] = []
    for longest in (3, 4):
        for words, outputs, values, news in ends.values():
            if len(values) > MOST - 2 or states <= 0:
                continue
            run = Exhaustion(values, [Value(other)], setting, news=news, fresh=False, room=4_000, table=1 << 18)
            got = run.run(longest, states, most=8)
            states -= got.states
            for more, (out,) in got.programs:
                both = (outputs[0], out) if k == 0 else (out, outputs[0])
                found.append(Steps((*words, *more), both))
        if found:
            break
    return sorted(found, key=len)[:200]


def _evolve(
    found: Search,
    work: int,
    products: Sequence[Steps],
    programs: Sequence[Steps],
    singles: Sequence[tuple[int, Steps]],
    threads: Workers,
    tick: Tick,
) -> None:
    runs = _starts(found.task, products, programs, singles, found)
    if not runs:
        return
    budget = 2 * work
    alive = runs
    rounds = 0
    while budget > 0:
        # each round the shorter half goes on
        share = max(min(work // 6, budget) // len(alive), 2_000_000)
        best = found.best
        results = threads.map(partial(_go, share, best), alive)
        budget -= share * len(alive)
        found.work += share * len(alive)
        for steps in results:
            found.offer(steps)
        rounds += 1
        tick("evolution", found.best)
        if found.best <= found.lower_bound and found.task.objective == "words":
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
        if steps is None:
            return None
        fresh = count(1 + max([0, *(r for w in self.prefix for r in w.registers)]))
        names = dict(enumerate(self.names))
        words = renamed(steps.words, names, fresh)
        outputs = [names[o] for o in steps.outputs]
        back = [outputs[self.order.index(k)] for k in range(len(outputs))]
        return Steps((*self.prefix, *words), tuple(back))


def _starts(
    task: Task,
    products: Sequence[Steps],
    programs: Sequence[Steps],
    singles: Sequence[tuple[int, Steps]],
    found: Search,
) -> list[_Run]:
    from scamp_sim.compiler.filters.kernel import depth
    from scamp_sim.compiler.filters.search.chains import fractions_of

    mode = _mode(task)
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
    values, _ = execute(prefix)
    base = {k: values[name] for k, name in enumerate(held)}
    wide = max(norm(g) and len(g) for g in task.goals) > 12
    orders = list(permutations(range(len(goals))))[:6] if len(goals) <= 3 else [tuple(range(len(goals)))]
    ladders: list[Sequence[FilterWord]] = [()]
    if mode & 3 == 1:
        ladders += [fractions_of(d)[0] for d in range(1, min(deepest, 4) + 1)]
    runs: list[_Run] = []

    def add(order: Sequence[int], words: Sequence[FilterWord], beam: int) -> None:
        runs.append(
            _Run(
                len(runs),
                order,
                prefix,
                held,
                goals=[goals[k] for k in order],
                held=base,
                offset=task.level,
                mode=mode,
                seed=100 * task.seed + len(runs),
                registers=len(task.demand.registers),
                keep=int(task.demand.keep),
                cap=task.cap,
                beam=beam,
                branch=4,
                words=words,
            )
        )

    if task.halving != "exact":
        done = [steps for steps in products if accepted(steps, task) is not None]
        partial = [steps for steps in products if steps not in done]
        for steps in sorted(done, key=len)[:3] + sorted(partial, key=len)[:2] + list(programs[:2]):
            add(orders[0], steps.words, 4)
        for candidate in sorted(found.pool.values(), key=lambda c: c.words)[:1]:
            if len(candidate.steps.words) <= 36:
                add(orders[0], candidate.steps.words, 3)
    for k, steps in singles:
        add((k, *(o for o in orders[0] if o != k)), steps.words, 4)
    for order in orders:
        for ladder in ladders:
            add(order, ladder, 2 if wide else 4)
    add(orders[0], ladders[-1], 6)
    if len(runs) < _ALIVE and len(orders) == 1:
        add(orders[0], ladders[len(ladders) // 2], 3)
        add(orders[0], (), 3)
    return runs


def why_none(found: Search) -> ProgramError:
    """What stands in the way of every program."""
    from scamp_sim.compiler.filters.allocate import who_holds
    from scamp_sim.compiler.filters.task import trim, weigh

    task, steps = found.task, found.refused
    if steps is None:
        deep = [n for n, g in zip(task.names, task.goals, strict=True) if any(w.denominator > 1 for w in g.values())]
        return ProgramError(
            f"{' and '.join(deep)} has weights that are not integers: with halving='none' no word divides; allow a "
            "kind of halving, or choose another scale"
        )
    if task.cap is not None:
        for name, goal in zip(task.names, task.goals, strict=True):
            if norm(goal) > task.cap:
                return ProgramError(
                    f"'{name}' itself leaves the range: its weights sum to {float(norm(goal)):g} in magnitude, and the "
                    f"limit allows {float(task.cap):g} times the input's amplitude; give a larger scale or limit, or a "
                    "smaller amplitude"
                )
        _, largest = weigh(trim(steps))
        if largest > task.cap:
            return ProgramError(
                f"the range cannot be kept: a value on the way reaches {float(largest):g} times the input's amplitude, "
                f"and the limit allows {float(task.cap):g}; give a larger limit or scale, or a longer search"
            )
    names = dict(zip(steps.outputs, (f"output '{n}'" for n in task.names), strict=True))
    return ProgramError(
        f"too few registers ({', '.join(task.demand.registers)}): a program found needs "
        f"{who_holds(trim(steps), names, task.demand.keep)}; allow more registers, or do not keep the input"
    )


__all__ = ["LEAST_WORK", "RATE", "Search", "search", "times", "why_none"]
