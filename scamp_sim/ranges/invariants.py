"""Ranges that a program which runs again and again stays inside of, where they do not settle within a few runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from scamp_sim.chip import isa
from scamp_sim.ranges.forms import Interval, hull, magnitude
from scamp_sim.ranges.walk import Walk

GUESSES, SLACK = 6, 1e-6
"""Guesses that are tried before what grows is taken to grow without bound; share by which a guess is widened, against
rounding."""

TIGHT = 0.05
"""LSB by which a guess may be too wide."""

Starts = Mapping[str, tuple[Interval, str]]
"""Register -> range at the start of a run, and where that is from."""


def left_behind(
    walk: Walk, start: Mapping[str, tuple[Interval, str]], given: frozenset[str]
) -> dict[str, tuple[Interval, str]]:
    """Registers in which the next run can find more than this one was taken to, with what it can find."""
    changed = {}
    for register in (*isa.ANALOG, "IN"):
        before = start[register][0] if register in start else (0.0, 0.0)
        after = hull(before, walk.state.range(walk.state.analog[register]))
        if register not in given and magnitude((after[0] - before[0], after[1] - before[1])) > 1e-6:
            changed[register] = (after, f"{register} of the run before")
    return changed


def settled(changed: Starts, now: Starts, before: Starts, far: float) -> dict[str, Interval]:
    """Register -> where its range seems to settle, for those whose steps shrink from run to run.

    A filter such as F += (x - F) / 4 closes in on the range of x by the same share of what is left in every run, so
    two steps tell where it ends. That is a guess; it stands if a run that starts from it stays inside.
    """
    found = {}
    for register, (after, _) in changed.items():
        last, earlier = (known.get(register, ((0.0, 0.0), ""))[0] for known in (now, before))
        ends = [_end(*steps) for steps in zip(after, last, earlier, strict=True)]
        low, high = ends
        if low is not None and high is not None and max(-low, high) < far:
            found[register] = low - SLACK * (1 + abs(low)), high + SLACK * (1 + abs(high))
    return found


def tightened(
    first: Starts, start: Starts, walk: Walk, registers: Iterable[str], walked: Callable[[Starts], Walk]
) -> tuple[Starts, Walk]:
    """A narrower start that runs stay inside of, and the run from it. What runs leave of a range that they stay inside
    is one as well; where that closes in, its end is guessed, and stands if a run from it stays inside."""
    for _ in range(GUESSES):
        once = _left(first, start, walk, registers)
        if not any(_gap(start[r][0], once[r][0]) > TIGHT for r in once):
            break
        narrow = {**start, **once}
        walk = walked(narrow)
        twice = _left(first, narrow, walk, registers)
        guess = dict(narrow)
        for r, ((low, high), root) in twice.items():
            ends = [_end(*steps) for steps in zip((low, high), once[r][0], start[r][0], strict=True)]
            a, b = (now if end is None else end for now, end in zip((low, high), ends, strict=True))
            guess[r] = (min(a, b) - SLACK * (1 + abs(a)), max(a, b) + SLACK * (1 + abs(b))), root
        tried = walked(guess)
        left = _left(first, guess, tried, registers)
        inside = all(left[r][0][0] >= guess[r][0][0] and left[r][0][1] <= guess[r][0][1] for r in left)
        start, walk = (guess, tried) if inside else (narrow, walk)
    return start, walk


def _left(first: Starts, start: Starts, walk: Walk, registers: Iterable[str]) -> dict[str, tuple[Interval, str]]:
    """What the next run can find, the state at the very first included."""
    names = [r for r in registers if r in (*isa.ANALOG, "IN")]
    begun = {r: first[r][0] if r in first else (0.0, 0.0) for r in names}
    return {r: (hull(begun[r], walk.state.range(walk.state.analog[r])), start[r][1]) for r in names}


def _gap(a: Interval, b: Interval) -> float:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _end(after: float, now: float, before: float) -> float | None:
    """Where a sequence ends whose steps shrink by the same share; None if they do not shrink."""
    step, last = after - now, now - before
    if abs(step) <= SLACK or last == 0:  # it stays, or has only begun to move
        return after
    share = step / last
    return after + step * share / (1 - share) if 0 < share < 1 - SLACK else None
