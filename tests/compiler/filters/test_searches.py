"""The searches one by one: what the exact search must not miss, one axis after the other, parts solved anew."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest

from scamp_sim.compiler.filters import compile_filter, generate
from scamp_sim.compiler.filters.classic import named
from scamp_sim.compiler.filters.generate import RATE
from scamp_sim.compiler.filters.kernel import convolved, from_rows
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.compiler.filters.pool import Search
from scamp_sim.compiler.filters.search.anew import ends_anew, middles_anew
from scamp_sim.compiler.filters.search.axes import by_axes, rows_of
from scamp_sim.compiler.filters.search.compose import Parts, composed
from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
from scamp_sim.compiler.filters.search.factors import factored, separated
from scamp_sim.compiler.filters.search.genes import SINGLE
from scamp_sim.compiler.filters.task import Task, accepted
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, execute


def _nothing(states: int) -> None:
    pass


def _random_words(rng: random.Random, length: int) -> list[FilterWord]:
    """Words whose sources exist; the last one writes a register."""
    words: list[FilterWord] = []
    names, news = [0], False
    while len(words) < length:
        last = len(words) == length - 1
        kind = rng.choice([(1, False), (0, True), (2, False), (1, True)])
        registers, writes = (max(kind[0], 1), False) if last else kind
        reads = rng.randrange(5) if news and not writes and rng.random() < 0.7 else -1
        most = 4 if registers + writes == 1 else 2
        some = rng.sample(names, min(len(names), rng.randint(0 if reads >= 0 else 1, most - (reads >= 0))))
        if not some and reads < 0:
            continue
        made = tuple(range(max(names) + 1, max(names) + 1 + registers))
        words.append(FilterWord(made, rng.randrange(5) if writes else -1, tuple(sorted(some)), reads))
        names += made
        news = news or writes
    return words


@pytest.mark.parametrize("level", [False, True])
def test_the_exact_search_finds_what_random_words_make(level: bool) -> None:
    """Neither symmetries of the goal nor halvings that it lacks may cost a program."""
    rng = random.Random(f"words {level}")
    for _ in range(25):
        words = _random_words(rng, 4)
        goal = execute(words)[0][words[-1].registers[0]]
        if not goal.taps or goal.taps == START.taps:
            continue
        got = Exhaustion({0: START}, [goal], Setting(True, level), room=4_000, table=1 << 16).run(4, 1 << 30)
        assert 0 < got.length <= 4
        for program, (out,) in got.programs:
            made = execute(program)[0][out]
            assert made.taps == goal.taps
            assert made.o == goal.o or not level


def _search(name: str, offset: str) -> Search:
    c = named(name)
    return Search(Task(tuple(c.kernels), c.goals, offset))


def test_one_axis_first() -> None:
    search = _search("box3", "any")
    by_axes(search.task.goals, Setting(False, False, False), 9, 60_000, _nothing, search.offer)
    assert search.best == 7


@pytest.mark.nightly
@pytest.mark.parametrize("offset", ["any", "zero"])
def test_laplacian_of_eight_neighbours(offset: str) -> None:
    """Below the 10 words that were the shortest known."""
    search = _search("laplace8", offset)
    by_axes(search.task.goals, Setting(False, offset == "zero", False), 13, 4_000_000, _nothing, search.offer)
    assert search.best == 9


def test_rows_count_once_whatever_their_factor() -> None:
    assert len(rows_of([from_rows([[1, 0, -1], [2, 0, -2], [-3, 0, 3]])])) == 1
    assert len(rows_of([from_rows([[1, 2, 1], [0, 0, 0], [1, 0, 1]])])) == 2


_SOBELS = """input image -> A;
kernel sobels {
    bus(NEWS, A); bus(B, XE); bus(NEWS, A, B); bus(C, XN); bus(D, A, B, C); bus(E, C, D, XS); bus(NEWS, A, C, E);
    bus(A, B, C, E, XW); bus(B, C, D, E); bus(NEWS, B, C); bus(B, D, E, XW);
}
program { sobels(); output gx = A; output gy = B; }
"""
"""The second result has an offset of one transfer."""


def test_the_end_of_a_program_is_solved_anew_without_offset() -> None:
    """Both axes of Sobel's operator: the program that leaves an offset begins one that leaves none."""
    search = _search("sobel_pair", "zero")
    steps = steps_of(_SOBELS)
    assert accepted(steps, search.task) is None
    ends_anew(steps, search.task.goals, Setting(False, True, False), 13, 100_000, _nothing, search.offer)
    assert search.best <= 11


@pytest.mark.parametrize("level", [False, True])
def test_a_detour_in_the_middle_is_taken_out(level: bool) -> None:
    wasteful = Steps(
        (
            FilterWord((1,), -1, (0,)),
            FilterWord((2,), -1, (1,)),
            FilterWord((3,), -1, (2,)),
            FilterWord((), 0, (3, 0)),
            FilterWord((4,), -1, (3,), 2),
        ),
        (4,),
    )
    got = list(middles_anew(wasteful, Setting(False, level, False), 50_000, _nothing))
    assert got
    before, after = (execute(s.words)[0][s.outputs[0]] for s in (wasteful, got[-1]))
    assert len(got[-1]) < len(wasteful)
    assert after.taps == before.taps


def _products(rows: Sequence[Sequence[float]], scale: int, offset: str) -> list[Steps]:
    """Programs that the products alone give, in a budget of two seconds."""
    goal = from_rows([[Fraction(w) / scale for w in row] for row in rows])
    parts = Parts(offset == "zero", SINGLE)
    parts.more(RATE // 2)
    task = Task(("filter",), (goal,), offset)
    some = list(composed(goal, parts))
    for steps in some:
        names = [r for w in steps.words for r in w.registers]
        assert len({*names}) == len(names)
    return sorted((steps for steps in some if accepted(steps, task) is not None), key=len)


def test_products_of_far_taps() -> None:
    """Eight in a row: (1 + X)(1 + X^2)(1 + X^4), of two, two and four words."""
    assert len(_products([[1] * 8] * 8, 64, "zero")[0]) <= 16


def test_twice_the_pixel_beside_a_product() -> None:
    """Unsharp masking: twice the picture less its binomial, which takes 12 words."""
    row = [1, 4, 6, 4, 1]
    rows = [[-a * b for b in row] for a in row]
    rows[2][2] += 512
    assert len(_products(rows, 256, "any")[0]) <= 21


def test_rows_and_columns_that_are_no_simple_factors() -> None:
    rows = [[a * b for b in (1, 3, 1)] for a in (2, 5, 2)]
    factors, rest = factored(from_rows(rows))
    assert not factors
    row, column = separated(rest)
    assert convolved(row, column) == rest
    assert separated(from_rows([[1, 1], [1, 2]])) == [from_rows([[1, 1], [1, 2]])]
    assert _products(rows, 16, "any")


def test_a_longer_search_begins_as_a_shorter_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lest more seconds give more words: each part of the shorter one is in the longer one, or broken off in it."""
    parts: list[tuple[int, int]] = []
    monkeypatch.setattr(generate, "_improve", lambda found, work, limit, tick: parts.append((work, limit)))

    def of(seconds: float) -> list[tuple[int, int]]:
        parts.clear()
        generate.search(Task(("filter",), (from_rows([[1, 2], [3, 5]]),)), int(seconds * RATE))
        return list(parts)

    assert of(1) == []
    budgets = [2, 3, 5, 7, 20, 33, 60, 100, 180, 400]
    for less, more in pairwise(map(of, budgets)):
        assert less[:-1] == more[: len(less) - 1]
        work, limit = more[len(less) - 1]
        assert less[-1][0] == work
        assert less[-1][1] <= limit
    assert [sum(limit for _, limit in of(s)) for s in budgets] == [s * RATE for s in budgets]


@pytest.mark.nightly
@pytest.mark.parametrize("offset", ["any", "zero"])
def test_more_seconds_never_give_more_words(offset: str) -> None:
    """Kirsch's compass operator, which took 17 words in 5 s where an earlier plan had taken 13."""
    rows = [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]
    words = [compile_filter(rows, offset=offset, seconds=s).words for s in (1, 2, 3.5, 5, 9, 20)]
    assert words == sorted(words, reverse=True)


@pytest.mark.nightly
def test_bounds_without_halvings_are_said() -> None:
    got = compile_filter([[1, 1, 1], [1, -8, 1], [1, 1, 1]], states=300_000_000, library=False)
    assert got.lower_bound <= got.without_halving <= got.words
    if got.without_halving > got.lower_bound:
        assert f"{got.without_halving} if no word halves" in got.text
