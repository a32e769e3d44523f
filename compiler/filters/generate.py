"""The plan of a search: a first program, the exact search, products, one axis after the other, then evolution and
parts solved anew until the budget is spent.

The budget counts looks at values, not seconds, and threads meet after equal shares of it: the same arguments give the
same program on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import chain, count, permutations
from typing import Any

from scamp_sim.compiler.filters.joint import PAIR, singles
from scamp_sim.compiler.filters.kernel import norm, times
from scamp_sim.compiler.filters.library import known
from scamp_sim.compiler.filters.proof import STATE, prove
from scamp_sim.compiler.filters.search.constants import levelled
from scamp_sim.compiler.filters.search.first import exact_half, first_program, thrifty_program
from scamp_sim.compiler.filters.search.quick import quick_products
from scamp_sim.compiler.filters.search.workers import Workers
from scamp_sim.compiler.filters.task import Candidate, Task, accepted, trim
from scamp_sim.compiler.filters.together import classes, each_alone, in_turn
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, renamed, unused
from scamp_sim.exceptions import ProgramError

RATE = 150_000_000
"""Looks at values that a budget of one second stands for, on each of two threads: about three quarters of what a
core did where this was measured."""

LEAST_WORK = 2 * RATE
"""Below this the first program is the result: loading the compiled search would take longer than it may run."""

_RUNGS = (2, 5, 20, 60)
"""Seconds of the budgets at which a search begins anew from what it has found; further ones are three times as long
each. A search of any other budget is that of the next of them, broken off: more seconds never give a longer program."""

_ANEW = 1_000_000
"""Added to the seeds of the random choices each time that the search begins anew."""

_ALIVE = 12

_GO_ON = 3
"""Evolutions that go on where the search begins anew."""

_FEW = 6
"""Programs whose parts are solved anew."""

_EQUAL, _FURTHER, _SLACK = 8, 64, 8
"""Programs that each evolution keeps besides its best: of so many words, among which noise decides; where noise counts
more, of up to so many words more."""

Tick = Callable[[str, int], None]
"""Called now and then with what is going on and the words of the best program; may raise KeyboardInterrupt."""
EVOLUTION = "evolution"
"""What is going on from where the larger part of the search is needed."""


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
    without_halving: int = 0
    """No program without halvings has fewer words."""
    rungs: int = 0
    parts: Any = None
    alive: list[Any] = field(default_factory=list)
    """Evolutions that go on next time."""
    loose: Search | None = None
    """The same search with any offset."""
    each: dict[Any, Search] = field(default_factory=dict)
    """Those of each kernel alone."""

    @property
    def best(self) -> int:
        return min((c.words for c in self.pool.values()), default=99)

    @property
    def done(self) -> bool:
        """Whether there is nothing to gain."""
        return self.best <= self.lower_bound and self.task.objective == "words"

    @property
    def shortest(self) -> list[Steps]:
        """The programs, shortest first."""
        return [c.steps for c in sorted(self.pool.values(), key=lambda c: c.words)]

    def looked(self, states: int) -> None:
        """Count states of the exact search."""
        self.work += STATE * states

    def offer(self, steps: Steps | None) -> bool:
        """Take a program in if it answers the task."""
        if steps is None:
            return False
        found = accepted(steps, self.task)
        if found is None and self.task.level and _free(self.task) and len(steps) + 1 < self.best:
            found = self._levelled(steps)
        if found is None:
            if self.refused is None or len(steps) < len(self.refused):
                self.refused = steps
            return False
        self.pool.setdefault(found.steps.words, found)
        return True

    def _levelled(self, steps: Steps) -> Candidate | None:
        """The program with its offsets taken away by constants, if that is all that it lacks."""
        trimmed = trim(steps)
        if accepted(trimmed, replace(self.task, offset="any")) is None:
            return None
        some = levelled(trimmed, self.task.halving == "single", self.best - 1)
        made = (accepted(s, self.task) for s in some)
        return min((c for c in made if c is not None), key=lambda c: c.words, default=None)


def search(task: Task, work: int, tick: Tick | None = None) -> Search:
    """Look for programs with a budget of so much work on each of two threads. Raises ProgramError where registers or
    ranges leave no program."""
    found = Search(task)
    _first(found)
    found.lower_bound = max(found.lower_bound, len({tuple(sorted(g.items())) for g in task.goals if g != START.taps}))
    if work >= LEAST_WORK:
        try:
            _climb(found, work, tick or (lambda what, words: None))
        except KeyboardInterrupt:
            if not found.pool:
                raise
            found.interrupted = True
    return found


def _climb(found: Search, work: int, tick: Tick) -> None:
    """Search again and again, each time for longer and from what was found before, until the work is spent."""
    before = 0
    for seconds in chain(_RUNGS, (_RUNGS[-1] * 3**k for k in count(1))):
        if before >= work or found.done:
            return
        rung = seconds * RATE
        _improve(found, rung - before, min(rung, work) - before, tick)
        found.rungs += 1
        before = rung


def _first(found: Search) -> None:
    task = found.task
    for halving in {task.halving: 0, "macro": 0} if task.halving == "single" else (task.halving,):
        found.offer(first_program(task.goals, halving, task.level))
        if task.level and _free(task):
            found.offer(first_program(task.goals, halving, False))
    if task.halving in ("single", "macro") or all(w.denominator == 1 for g in task.goals for w in g.values()):
        found.offer(thrifty_program(task.goals, task.level))
        if task.cap is not None or task.flat is not None:
            found.offer(thrifty_program(task.goals, task.level, balanced=True))
    if task.library:
        for steps in known(task.goals):
            found.offer(steps)
    if len(task.goals) == 1 and len(task.goals[0]) > 2 and _free(task):
        for steps in quick_products(task.goals[0], task.level, task.halving == "single"):
            found.offer(steps)
    if len(task.goals) > 1:
        for steps in in_turn(task, each_alone(task, _first_alone)):
            found.offer(steps)


def _first_alone(task: Task) -> list[Steps]:
    found = Search(task)
    _first(found)
    return found.shortest


def _mode(task: Task) -> int:
    from scamp_sim.compiler.filters.search import genes

    halving = {"single": genes.SINGLE, "macro": genes.MACRO, "exact": genes.NONE, "none": genes.NONE}[task.halving]
    if task.pairs:
        halving = genes.MACRO if task.halving == "single" else halving
    return halving | (genes.PAIRS if task.pairs else 0)


def _improve(found: Search, work: int, limit: int, tick: Tick) -> None:
    """One search that is laid out for so much work, broken off before the part of it that would exceed the limit."""
    task = found.task
    if limit < work // 4:
        return
    tick("first program", found.best)
    with Workers(2) as threads:
        exact = threads.submit(prove, task, work, found.best, threads.look)
        products: list[Steps] = []
        if len(task.goals) == 1 and task.halving != "exact":
            products = list(_products(found, work // 4, tick))
        alone: list[tuple[int, Steps]] = []
        whole: list[Steps] = []
        if len(task.goals) > 1:
            alone, whole = singles(task, work // 4)
            stopped: list[bool] = []
            each = each_alone(task, partial(_searched_alone, found, work // (3 * classes(task.goals)), tick, stopped))
            products = in_turn(task, each)
            if stopped:
                for steps in products:
                    found.offer(steps)
                raise KeyboardInterrupt
            alone += [(k, some[0]) for k, some in enumerate(each) if some]
        bound, plain, programs, spent = exact.result()
        found.work += spent
        found.lower_bound = max(found.lower_bound, bound)
        found.without_halving = max(found.lower_bound, plain)
        begun = [*programs, *products, *whole, *(known(task.goals) if task.library else ())]
        refused = [steps for steps in begun if not found.offer(steps)]
        if task.level and _free(task):
            _ends_anew(found, work // 8, refused)
        tick("exact search", found.best)
        used = max(spent, work // 4)
        if found.done or used + work // 3 > limit < work:
            return
        left = max(work - used, work // 8)
        near, spent = _one_axis_first(found, work // 3, threads) if _free(task) else ([], 0)
        used += spent
        left = max(left - spent, 2 * work // 3)
        tick("one axis, then the other", found.best)
        if found.done:
            return
        starts = _Starts(products, programs, alone, near)
        share = left // 6 if _free(task) else 0
        if task.level and share:
            if used + share > limit < work:
                return
            near += _with_any_offset(found, share, starts, threads, tick)
            left -= share
            used += share
        _evolve(found, left - share, starts, threads, tick, left - share if limit == work else limit - used)
        if share and not found.done and limit == work:
            _parts_anew(found, share, near)
            tick("parts again", found.best)


def _searched_alone(whole: Search, work: int, tick: Tick, stopped: list[bool], task: Task) -> list[Steps]:
    """Programs for one kernel of several, those at once if the search was interrupted; that is noted in `stopped`."""
    key = tuple(sorted(task.goals[0].items()))
    found = whole.each.get(key)
    if found is None:
        found = whole.each[key] = Search(task)
        _first(found)
    if not stopped and not found.done:
        try:
            _improve(found, work, work, tick)
        except KeyboardInterrupt:
            stopped.append(True)
    found.rungs += 1
    return found.shortest


def _free(task: Task) -> bool:
    """Whether words may take any form, as those of the exact search do."""
    return not task.pairs and task.halving in ("single", "none")


def _setting(task: Task, level: bool) -> Any:
    from scamp_sim.compiler.filters.search.exhaust import Setting

    halving = task.halving == "single" and any(w.denominator > 1 for g in task.goals for w in g.values())
    return Setting(halving, level, constants=False)


def _one_axis_first(found: Search, work: int, threads: Workers) -> tuple[list[Steps], int]:
    """Programs that shift along one axis first, with the offset that is asked for and with any; and the work of the
    longer of the two searches."""
    from scamp_sim.compiler.filters.search.axes import by_axes

    task = found.task
    price = STATE if len(task.goals) == 1 else PAIR
    spent = {True: 0, False: 0}

    def shorter(level: bool) -> list[Steps]:
        def looked(n: int) -> None:
            spent[level] += price * n
            threads.look()

        here = Search(task if level == task.level else replace(task, offset="any"))
        best = found.best + (0 if level == task.level else 1)
        by_axes(task.goals, _setting(task, level), best, work // price, looked, here.offer)
        return [c.steps for c in here.pool.values()]

    some = [s for each in threads.map(shorter, [True, False] if task.level else [False]) for s in each]
    found.work += sum(spent.values())
    for steps in some:
        found.offer(steps)
    if task.level:
        _ends_anew(found, work // 4, some)
    return sorted(some, key=len)[:2], max(spent.values())


def _ends_anew(found: Search, work: int, programs: Sequence[Steps]) -> None:
    """Programs that begin as the given ones do, whatever offset those leave."""
    from scamp_sim.compiler.filters.search.anew import ends_anew

    task = found.task
    some = sorted(dict.fromkeys(programs), key=len)[:_FEW]
    for steps in some:
        states = work // (len(some) * (STATE if len(task.goals) == 1 else PAIR))
        setting = _setting(task, task.level)
        ends_anew(steps, task.goals, setting, found.best, states, found.looked, found.offer)


def _with_any_offset(found: Search, work: int, starts: _Starts, threads: Workers, tick: Tick) -> list[Steps]:
    """Programs that leave an offset, which are found more easily, and from their beginnings some that leave none."""
    loose = found.loose = found.loose or Search(replace(found.task, offset="any"))
    before = loose.work
    for steps in [c.steps for c in found.pool.values()] + (list(known(loose.task.goals)) if loose.task.library else []):
        loose.offer(steps)
    loose.rungs = found.rungs
    _evolve(loose, 3 * work // 4, starts, threads, tick, work)
    found.work += loose.work - before
    programs = [c.steps for c in sorted(loose.pool.values(), key=lambda c: c.words)]
    _ends_anew(found, work // 4, programs)
    return programs[:2]


def _parts_anew(found: Search, work: int, near: Sequence[Steps]) -> None:
    from scamp_sim.compiler.filters.search.anew import middles_anew

    task = found.task
    programs = [c.steps for c in sorted(found.pool.values(), key=lambda c: c.words)[:_FEW]]
    _ends_anew(found, work // 2, [*near, *programs])
    halving = any(w.parts > 1 for p in programs for w in p.words)
    for steps in programs[:2]:
        setting = replace(_setting(task, task.level), halving=halving)
        for better in middles_anew(steps, setting, work // (4 * STATE), found.looked):
            found.offer(better)


def _products(found: Search, work: int, tick: Tick) -> Iterable[Steps]:
    from scamp_sim.compiler.filters.search.compose import Parts, composed

    task = found.task
    parts = found.parts = found.parts or Parts(task.level, _mode(task))
    parts.more(work)
    for steps in composed(task.goals[0], parts):
        tick("products", found.best)
        yield steps
        if parts.over:
            return


@dataclass(frozen=True)
class _Starts:
    """Programs that evolution may begin with: products, those of the exact search, (kernel, program for it alone),
    those that are near."""

    products: Sequence[Steps]
    programs: Sequence[Steps]
    alone: Sequence[tuple[int, Steps]]
    near: Sequence[Steps]


def _evolve(found: Search, work: int, starts: _Starts, threads: Workers, tick: Tick, limit: int) -> None:
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


def _runs(found: Search, starts: _Starts) -> list[_Run]:
    from scamp_sim.compiler.filters.kernel import depth
    from scamp_sim.compiler.filters.search.chains import fractions_of

    task = found.task
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
    if task.level and _free(task):
        for words in [*(steps.words for steps in starts.near[:2]), ladders[-1]]:
            add(orders[0], words, 4, constants=True)
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
        _, largest, _ = weigh(trim(steps))
        if largest > task.cap:
            return ProgramError(
                f"the range cannot be kept: a value on the way reaches {float(largest):g} times the input's amplitude, "
                f"and the limit allows {float(task.cap):g}; give a larger limit or scale, or a longer search"
            )
    if task.flat is not None:
        for name, goal in zip(task.names, task.goals, strict=True):
            total = abs(sum(goal.values(), Fraction(0)))
            if total > task.flat:
                return ProgramError(
                    f"'{name}' itself leaves the range for a flat picture: its weights sum to {float(total):g}, and "
                    f"the limit allows {float(task.flat):.3g} times the picture's mean; give a larger scale or limit, "
                    "or a smaller mean"
                )
        *_, flat = weigh(trim(steps))
        if flat > task.flat:
            return ProgramError(
                f"the range cannot be kept for a flat picture: a value on the way reaches {float(flat):g} times its "
                f"mean, and the limit allows {float(task.flat):.3g}; give a larger limit, a smaller mean, or a longer "
                "search"
            )
    names = dict(zip(steps.outputs, (f"output '{n}'" for n in task.names), strict=True))
    held = task.demand
    remedies = ["make fewer kernels at once"] if len(task.goals) > 1 else []
    remedies += ["allow more registers"] if len(held.registers) < 6 else []
    remedies += ["do not keep the input"] if held.keep else []
    return ProgramError(
        f"too few registers ({', '.join(held.registers)}): a program found needs "
        f"{who_holds(trim(steps), names, held.keep)}; {', or '.join(remedies or ['give a longer search'])}"
    )


__all__ = ["LEAST_WORK", "RATE", "Search", "search", "times", "why_none"]
