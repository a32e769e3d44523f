"""Programs for several kernels out of programs for each of them alone: one after the other, in whatever order takes the
fewest words, values that are there already made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from scamp_sim.compiler.filters.allocate import Demand, most_held
from scamp_sim.compiler.filters.kernel import TURNS, Taps
from scamp_sim.compiler.filters.task import Task
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, live_words, step, turned

_PROGRAMS = 6
"""Programs of a kernel that are tried."""

_KEPT = 8
"""Beginnings that are followed at a time."""

_Key = tuple[tuple[tuple[tuple[int, int], Fraction], ...], Fraction]


@dataclass(frozen=True)
class _Begun:
    """Programs for some of the kernels: words, the values that they make, the names of the results by kernel."""

    words: tuple[FilterWord, ...]
    values: dict[int, Value]
    outputs: dict[int, int]

    @property
    def live(self) -> tuple[FilterWord, ...]:
        return live_words(self.words, self.outputs.values())


def each_alone(task: Task, find: Callable[[Task], Sequence[Steps]]) -> list[list[Steps]]:
    """Programs for each kernel of the task. find: gives those for a task of one kernel, and is asked once where a
    kernel is another one mirrored or turned."""
    known: list[tuple[Taps, Sequence[Steps]]] = []
    out: list[list[Steps]] = []
    for name, goal in zip(task.names, task.goals, strict=True):
        if goal == START.taps:
            out.append([Steps((), (0,))])
            continue
        turns = (
            (number, programs)
            for some, programs in known
            for number, turn in enumerate(TURNS)
            if {turn(x, y): w for (x, y), w in some.items()} == goal
        )
        number, programs = next(turns, (0, ()))
        if not programs:
            programs = find(replace(task, names=(name,), goals=(goal,), demand=_room(task), objective="words"))
            known.append((goal, programs))
        turn = TURNS[number]
        out.append([Steps(tuple(turned(w, turn) for w in s.words), s.outputs) for s in programs[:_PROGRAMS]])
    return out


def classes(goals: Sequence[Taps]) -> int:
    """How many of the kernels are no other one mirrored or turned."""
    return len({min(tuple(sorted((t(x, y), w) for (x, y), w in g.items())) for t in TURNS) for g in goals})


def _room(task: Task) -> Demand:
    """Registers of one kernel while results of others stand there and the input is still wanted."""
    demand = task.demand
    least = 3 if len(demand.registers) > 2 else 2
    others = [r for r in demand.registers if r != demand.source]
    some = others[: max(len(demand.registers) - len(task.goals) + 2, least) - 1]
    return Demand((demand.source, *some), demand.source, None, True)


def in_turn(task: Task, programs: Sequence[Sequence[Steps]]) -> list[Steps]:
    """Programs for all kernels, shortest first. programs: those of each kernel alone."""
    begun = [_Begun((), {0: START}, {})]
    count = len(task.goals)
    for _ in range(count):
        more: dict[tuple[frozenset[int], tuple[FilterWord, ...]], _Begun] = {}
        for b in begun:
            for k in range(count):
                if k in b.outputs:
                    continue
                for steps in programs[k]:
                    for sharing in (True, False):
                        after = _with(b, k, steps, sharing)
                        live = after.live
                        keep = task.demand.keep or len(after.outputs) < count
                        held, _, _ = most_held(Steps(live, tuple(after.outputs.values())), keep)
                        if held <= len(task.demand.registers):
                            more.setdefault((frozenset(after.outputs), live), after)
        # of each set of kernels the shortest beginnings: kernels that take many words are not put off for ever
        begun = []
        for some in dict.fromkeys(key for key, _ in more):
            of_these = sorted((len(words), n) for n, (key, words) in enumerate(more) if key == some)
            every = list(more.values())
            begun += [every[n] for _, n in of_these[:_KEPT]]
        begun = sorted(begun, key=lambda b: len(b.live) / sum(len(programs[k][0]) + 1 for k in b.outputs))[: 2 * _KEPT]
    done = [Steps(b.live, tuple(b.outputs[k] for k in range(count))) for b in begun]
    return sorted(dict.fromkeys(done), key=len)


def _with(begun: _Begun, kernel: int, steps: Steps, sharing: bool) -> _Begun:
    """The words followed by those of a program for that kernel. sharing: what they would make again is not."""
    values = dict(begun.values)
    there: dict[_Key, list[int]] = {}
    if sharing:
        for name, v in values.items():
            there.setdefault(_key(v), []).append(name)
    names = {0: 0}
    fresh = 1 + max(values)
    words = list(begun.words)
    news: Value | None = None
    for word in steps.words:
        same = replace(word, sources=tuple(names[s] for s in word.sources))
        value, _ = step(same, values, news)
        again = there.get(_key(value), [])
        if word.news < 0 and len(again) >= len(word.registers):
            # copies of a value stay copies: each serves once
            for name in word.registers:
                names[name] = again.pop(0)
            continue
        made = tuple(range(fresh, fresh + len(word.registers)))
        fresh += len(made)
        words.append(replace(same, registers=made))
        for old, name in zip(word.registers, made, strict=True):
            names[old] = name
            values[name] = replace(value, r=value.r + 1)
        if word.news >= 0:
            news = value.moved(word.news)
    return _Begun(tuple(words), values, {**begun.outputs, kernel: names[steps.outputs[0]]})


def _key(value: Value) -> _Key:
    return tuple(sorted(value.taps.items())), value.o


__all__ = ["classes", "each_alone", "in_turn"]
