"""compile_filter: what it promises on kernels of every kind, held against a naive reading of its text."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from fractions import Fraction
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.compiler.filters import CompiledFilter, compile_filter
from scamp_sim.compiler.filters import compile as compiling
from scamp_sim.compiler.filters.classic import CLASSICS, found, named
from scamp_sim.compiler.filters.generate import LEAST_WORK, search
from scamp_sim.compiler.filters.kernel import convolved
from scamp_sim.compiler.filters.library import known
from scamp_sim.compiler.filters.pool import Search, Tick
from scamp_sim.compiler.filters.search.compose import Parts, composed
from scamp_sim.compiler.filters.search.genes import SINGLE
from scamp_sim.compiler.filters.search.shared import common, shared
from scamp_sim.compiler.filters.search.workers import StoppedSearch, Workers
from scamp_sim.compiler.filters.task import Task, accepted
from scamp_sim.exceptions import ProgramError
from tests.compiler.filters.naive import filters_of, weights

SOBEL = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
GAUSS = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
SOBEL_DOWN = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
SHORT = 300_000_000
"""States: about two seconds of one core."""


def check(
    got: CompiledFilter, kernels: Mapping[str, Sequence[Sequence[float]]], scale: float = 1, zero: bool = False
) -> None:
    words, filters, offsets = filters_of(got.text)
    assert words == got.words
    for (name, rows), made, o in zip(kernels.items(), filters.values(), offsets.values(), strict=True):
        assert made == weights(rows, scale), name
        if zero:
            assert o == 0
    assert not assemble(got.text).diagnostics


@pytest.mark.parametrize("offset", ["any", "zero", "macros"])
def test_first_programs_of_random_kernels(offset: str) -> None:
    """Any 3x3 kernel of -8..8 over 8 at once: 24 words with any offset, 28 with none (sheet of bars)."""
    rng = random.Random(f"first {offset}")
    for _ in range(12):
        rows = [[rng.randint(-8, 8) for _ in range(3)] for _ in range(3)]
        got = compile_filter(rows, scale=8, offset=offset, seconds=1)
        check(got, {"filter": rows}, 8, zero=offset != "any")
        assert got.words <= (24 if offset == "any" else 28)
        assert got.error == 0


@pytest.mark.parametrize("offset", ["any", "zero"])
def test_first_programs_of_ternary_kernels(offset: str) -> None:
    rng = random.Random(f"ternary {offset}")
    for k in range(5):
        rows = [[rng.choice((-1, 1) if k == 0 else (-1, 0, 1)) for _ in range(5)] for _ in range(5)]
        got = compile_filter(rows, offset=offset, seconds=1)
        check(got, {"filter": rows}, 1, zero=offset == "zero")
        assert got.words <= (50 if offset == "any" else 52)


@pytest.mark.parametrize(
    ("rows", "scale", "offset", "words"),
    [
        pytest.param([[1, 1], [1, 1]], 1, "any", 5, marks=pytest.mark.nightly),
        ([[1, 1], [1, 1]], 1, "zero", 6),
        pytest.param([[1, 0, -1]] * 3, 1, "any", 6, marks=pytest.mark.nightly),
        ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1, "zero", 6),
        ([[0, 1, 1], [-2, -2, -1], [0, 0, 0]], 4, "any", 5),
    ],
    ids=["box2 any", "box2 zero", "prewitt", "laplace4", "maxpooled3"],
)
def test_proven_shortest(rows: list[list[int]], scale: int, offset: str, words: int) -> None:
    got = compile_filter(rows, scale=scale, offset=offset, seconds=5)
    check(got, {"filter": rows}, scale, zero=offset == "zero")
    assert (got.words, got.lower_bound, got.optimal) == (words, words, True)
    assert "(shortest)" in got.text


@pytest.fixture(scope="module")
def gauss() -> CompiledFilter:
    return compile_filter(GAUSS, scale=16, offset="zero", states=SHORT, library=False)


def test_gauss_is_shorter_than_its_row_and_column_passes(gauss: CompiledFilter) -> None:
    """Four factors (1 1)/2 of two words each are 8 words; both AUKE and Cain take 20 and more."""
    check(gauss, {"filter": GAUSS}, 16, zero=True)
    assert gauss.words <= 8
    assert gauss.offset == 0


def test_dense_kernel_beats_the_published_tools() -> None:
    """AUKE 60, Cain 39 words for the first of Random(2001)."""
    rows = [[1, 8, 1], [8, 7, 8], [7, 2, 1]]
    got = compile_filter(rows, scale=8, states=SHORT)
    check(got, {"filter": rows}, 8)
    assert got.words <= 21
    assert not got.optimal
    assert 3 <= got.lower_bound < got.words


def test_kernels_are_made_together() -> None:
    kernels = {"gx": SOBEL, "gy": SOBEL_DOWN}
    got = compile_filter(kernels, states=SHORT, outputs=("B", "C"))
    check(got, kernels)
    assert got.words <= 16  # 7 each, 14 in a row, 2 to spare for registers
    assert got.outputs == {"gx": "B", "gy": "C"}
    assert set(got.offset) == set(got.noise) == {"gx", "gy"}


def test_same_arguments_same_text(gauss: CompiledFilter) -> None:
    assert compile_filter(GAUSS, scale=16, offset="zero", states=SHORT, library=False).text == gauss.text
    assert compile_filter([[3, 1, 0], [0, -5, 2]], scale=8, seconds=1).text.count("seed 0") == 1


@pytest.mark.parametrize("states", [1000, pytest.param(SHORT, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("halving", ["single", "macro", "exact"])
def test_kinds_of_halving(halving: str, states: int) -> None:
    rows = [[1, 0, 3], [0, 2, 0]]
    got = compile_filter(rows, scale=4, halving=halving, states=states, offset="zero")
    check(got, {"filter": rows}, 4, zero=True)
    splits = [w for w in got.program.kernel_words() if len(w.dst) > 1]
    assert splits
    if halving == "macro":
        assert all(any(d in ("NEWS", "XN", "XE", "XS", "XW") for d in w.dst) for w in splits)
    if halving == "exact":
        assert len(splits) % 2 == 0


def test_no_halving() -> None:
    got = compile_filter(SOBEL, halving="none", states=SHORT)
    check(got, {"filter": SOBEL})
    assert all(len(w.dst) == 1 for w in got.program.kernel_words())


def test_registers_input_outputs() -> None:
    rows = [[1, 2], [3, -4]]
    got = compile_filter(rows, scale=4, input="D", outputs=("F",), registers="BDF", keep_input=True, seconds=1)
    check(got, {"filter": rows}, 4)
    used = {r for w in got.program.kernel_words() for r in (*w.dst, *w.src)}
    assert used <= {*"BDF", "NEWS", "XN", "XE", "XS", "XW"}
    plane = np.random.default_rng(1).integers(-20, 20, (64, 64)).astype(np.float32)
    machine = Machine((64, 64), engine="reference")
    machine.run(got.program, inputs={"image": plane})
    assert np.array_equal(machine.read("D"), plane)


def test_two_kernels_that_are_the_same() -> None:
    twins = {"a": [[1, 2]], "b": [[1, 2]]}
    shared = compile_filter(twins, seconds=1)
    check(shared, twins)
    assert len({*shared.outputs.values()}) == 1
    apart = compile_filter(twins, outputs=("B", "C"), seconds=1)
    check(apart, twins)
    assert apart.outputs == {"a": "B", "b": "C"}
    assert apart.words == shared.words + 2


def test_kernels_together_take_no_more_than_one_after_the_other() -> None:
    scharr = [[3, 0, -3], [10, 0, -10], [3, 0, -3]]
    pair = {"gx": scharr, "gy": [list(row) for row in zip(*scharr, strict=True)]}
    got = compile_filter(pair, 16, "zero", seconds=1)
    check(got, pair, 16, zero=True)
    assert got.words <= 2 * found()["scharr"]["zero"]["words"]
    rng = random.Random("together")
    for _ in range(4):
        some = {n: [[rng.randint(-3, 3) for _ in range(3)] for _ in range(3)] for n in "abc"}
        each = [compile_filter(rows, 4, seconds=1).words for rows in some.values()]
        got = compile_filter(some, 4, seconds=1)
        check(got, some, 4)
        assert got.words <= sum(each)


def test_values_that_are_there_are_not_made_again() -> None:
    """Two kernels over 4 halve the picture twice in all."""
    some = {"a": [[0, 1], [-3, 0]], "b": [[1, 0, 0], [0, 0, 2]]}
    got = compile_filter(some, 4, seconds=1, library=False)
    check(got, some, 4)
    assert sum(len(w.dst) > 1 for w in got.program.kernel_words()) == 2


def test_kernels_of_a_dictionary_may_be_text() -> None:
    given = {"gx": "1 0 -1", "gy": "1; 0; -1"}
    check(compile_filter(given, seconds=1), {"gx": [[1, 0, -1]], "gy": [[1], [0], [-1]]})


def test_the_picture_itself_in_another_register() -> None:
    got = compile_filter({"same": [[1]], "edge": [[1, -1]]}, outputs=("F", "A"), seconds=1)
    check(got, {"same": [[1]], "edge": [[1, -1]]})
    assert got.outputs == {"same": "F", "edge": "A"}
    assert compile_filter([[1]], outputs=("B",), seconds=1).words == 2
    over = compile_filter([[1, -1]], outputs=("A",), seconds=1, offset="zero")
    check(over, {"filter": [[1, -1]]}, zero=True)
    assert over.outputs == {"filter": "A"}


def test_range_is_kept() -> None:
    got = compile_filter(GAUSS, scale=16, limit=150, amplitude=127, states=SHORT)
    check(got, {"filter": GAUSS}, 16)
    assert got.largest * 127 <= 150


def test_negated_result_is_named() -> None:
    rows = [[-1, 0], [0, 0]]
    exact = compile_filter([[-1]], offset="any", seconds=1)
    either = compile_filter([[-1]], sign="either", seconds=1)
    assert either.words == 0
    assert exact.words == 1
    assert either.signs == {"filter": -1}
    assert "NEGATED" in either.text
    assert compile_filter(rows, seconds=1).signs == {"filter": 1}


def test_weights_of_twelve_binary_places_are_exact() -> None:
    row = (1, 6, 15, 20, 15, 6, 1)
    rows = [[a * b for b in row] for a in row]
    got = compile_filter(rows, scale=4096, offset="zero", seconds=1)
    check(got, {"filter": rows}, 4096, zero=True)
    assert got.words <= 30  # the products of the quick search, where a chain takes over 100


@pytest.mark.parametrize(
    ("rows", "scale", "words"),
    [
        ([[1] * 4] * 4, 16, 12),
        ([[1] * 8] * 8, 64, 18),
        ([[1, 1, -1, -1]] * 4, 8, 8),
        ([[-1, -2, -1], [-2, 28, -2], [-1, -2, -1]], 16, 12),
        ([[-a * b for b in (1, 4, 6, 4, 1)] for a in (-1, -2, 0, 2, 1)], 32, 16),
    ],
    ids=["box4", "box8", "Haar", "unsharp", "Laws"],
)
def test_products_at_once(rows: list[list[int]], scale: int, words: int) -> None:
    got = compile_filter(rows, scale, "zero", seconds=1)
    check(got, {"filter": rows}, scale, zero=True)
    assert got.words <= words


def test_tolerance_and_depth() -> None:
    rows = [[0.1, 0.8, 0.1]]
    got = compile_filter(rows, tolerance=0.03, seconds=1)
    made = got.kernels["filter"]
    assert all(w.denominator in (1, 2, 4, 8, 16) for w in made.values())
    assert 0 < got.error <= 0.03
    assert abs(float(made[0, 0]) - 0.8) <= 0.03
    with pytest.raises(ProgramError, match=r"smallest error is 0\.0"):
        compile_filter(rows, tolerance=0.001, depth=3)


@pytest.mark.nightly
def test_nearby_kernel_within_the_tolerance() -> None:
    """The Gaussian rounded to 64ths is 1/64 away from the binomial, which takes fewer words."""
    rows = [[0, 1, 2, 1, 0], [1, 4, 6, 4, 1], [2, 6, 10, 6, 2], [1, 4, 6, 4, 1], [0, 1, 2, 1, 0]]
    got = compile_filter(rows, scale=64, tolerance=0.02, seconds=40)
    assert 0 < got.error <= 0.02
    _, filters, _ = filters_of(got.text)
    assert max(abs(filters["result"].get(k, 0) - w) for k, w in weights(rows, 64).items()) == Fraction(got.error)
    assert got.words <= 16
    assert f"largest error of a weight {got.error:.4g}" in got.text


def test_noise_objective_is_never_worse(gauss: CompiledFilter) -> None:
    options: dict[str, Any] = {"offset": "zero", "states": SHORT, "library": False}
    noise = compile_filter(GAUSS, scale=16, objective="noise", pareto=True, **options)
    assert noise.noise["rms"] <= gauss.noise["rms"]
    assert [w for w, _, _ in noise.pareto] == sorted(w for w, _, _ in noise.pareto)
    assert [r for _, r, _ in noise.pareto] == sorted((r for _, r, _ in noise.pareto), reverse=True)


@pytest.mark.parametrize("engine", ["reference", "fast"])
def test_both_engines_agree_inside_the_margin(engine: str) -> None:
    from scipy import ndimage

    rows = [[2, 0, -3, 1], [0, 5, 0, 0]]
    got = compile_filter(rows, scale=8, seconds=1)
    plane = np.random.default_rng(2).integers(-20, 21, (64, 128)).astype(np.float32)
    run = Machine((64, 128), engine=engine).run(got.program, inputs={"image": plane})
    want = ndimage.correlate(plane, np.array(rows) / 8, mode="constant")
    north, south, west, east = got.margin
    inside = slice(north, 64 - south), slice(west, 128 - east)
    assert np.allclose(run.outputs["result"][inside], want[inside], atol=1e-4)


@pytest.mark.parametrize(
    ("kernels", "options", "words"),
    [
        ("", {}, "empty"),
        ([], {}, "empty"),
        ([[]], {}, "empty"),
        ({}, {}, "empty"),
        ([[0, 0]], {}, "all zero"),
        ([[1, 2], [3]], {}, "equal length"),
        ([[1, float("nan")]], {}, "finite"),
        ([["a"]], {}, "number"),
        ("1,2,,3", {}, "a weight is missing beside a comma"),
        (np.ones((2, 2), bool), {}, "got True; write truth values as 1 and 0"),
        ({f"k{k}": [[1, k]] for k in range(7)}, {}, "each result takes one of the registers"),
        (
            {f"k{k}": [[3, 0, k + 2], [5, -7, k]] for k in range(6)},
            {"seconds": 1},
            "too few registers.*; make fewer kernels at once$",
        ),
        (np.ones((3, 2, 2)), {}, "3 input channels"),
        ([[1]], {"scale": 0}, "scale"),
        ([[1]], {"scale": "wide"}, "^scale: expected a number"),
        ({"kernel": [[1]], "scale": 4}, {}, "'scale': expected rows of numbers, got the number 4; .* option"),
        ([[1, 2]], {"registers": "A"}, "output 1 holds one, a sum another; at least 2 are needed"),
        ([[1]], {"seconds": 0}, "budget"),
        ([[1]], {"states": 0}, "budget"),
        ([[1]], {"states": 0.5}, "budget"),
        ([[1]], {"name": 3}, "name"),
        ([[1]], {"rms": float("nan")}, "rms"),
        ([[1]], {"registers": 5}, "registers"),
        ([[1]], {"outputs": 5}, "outputs"),
        ([[1]], {"seed": -1}, "seed"),
        ([[1]], {"offset": "none"}, "offset"),
        ([[1]], {"registers": "AG"}, "registers"),
        ([[1]], {"input": "B", "registers": "AC"}, "input B"),
        ([[1, 2]], {"outputs": ("B", "C")}, "output registers"),
        ([[1, 2]], {"keep_input": True, "outputs": ("A",)}, "kept"),
        ({"a": [[1, 2]], "b": [[1, 3]], "c": [[1, 4]]}, {"registers": "AB", "seconds": 1}, "hold"),
        ([[1, 1, 1]], {"limit": 200, "seconds": 1}, "'filter' itself leaves the range"),
        ([[1]], {"limit": 100, "seconds": 1}, "input itself leaves"),
        ([[1, 3]], {"scale": 4, "halving": "none", "seconds": 1}, "halving"),
        ([[1, 3]], {"scale": 3}, r"depth 12\); the smallest error"),
        ([[1]], {"profile": "scamp9"}, "scamp9"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_bad_input_names_culprit_and_remedy(kernels: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ProgramError, match=words):
        compile_filter(kernels, **options)


def test_too_few_registers_say_who_holds_what() -> None:
    with pytest.raises(ProgramError, match=r"too few registers.*output 'b'"):
        compile_filter({"a": [[1, 2]], "b": [[1, -3]]}, registers="ABC"[:2], keep_input=False, seconds=1, scale=4)


def test_cains_input() -> None:
    given = {
        "name": "sobel",
        "mode": "analogue",
        "maxApproximationDepth": 3,
        "maxApproximationError": 0.0,
        "filter": {"B": {"depth": -2, "array": [[1, 0, -1], [2, 0, -2], [1, 0, -1]]}},
        "registerAllocator": {"name": "linearScan", "availableRegisters": [*"ABCD"], "initialRegisters": ["A"]},
        "runConfig": {"searchTime": 1000},
        "objective": "none",
    }
    from scamp_sim.compiler.filters.read import kernels_of

    read = kernels_of(given)
    assert read.settings["registers"] == ("A", "B", "C", "D")
    assert read.settings["seconds"] == 1
    got = compile_filter(read, **read.settings)
    check(got, {"B": SOBEL}, 4)
    assert got.outputs == {"B": "B"}
    assert "objective" in got.notes[0]
    with pytest.raises(ProgramError, match="digital"):
        kernels_of({**given, "mode": "digital"})


def test_files(tmp_path: Path) -> None:
    from scamp_sim.compiler.filters.read import from_file

    np.save(tmp_path / "edge.npy", np.array(SOBEL))
    (tmp_path / "two.json").write_text(json.dumps({"gx": SOBEL, "gy": SOBEL_DOWN}))
    (tmp_path / "rows.txt").write_text("1 2 1\n0 0 0\n-1 -2 -1\n")
    assert list(from_file(str(tmp_path / "edge.npy")).kernels) == ["edge"]
    assert list(from_file(str(tmp_path / "two.json")).kernels) == ["gx", "gy"]
    assert from_file(str(tmp_path / "rows.txt")).kernels["rows"] == SOBEL_DOWN
    with pytest.raises(ProgramError, match="missing"):
        from_file(str(tmp_path / "missing.json"))


@pytest.mark.parametrize("name", sorted(found()))
def test_kept_programs_compute_their_filters(name: str) -> None:
    """Every program of the table, word by word, and that no published one is shorter."""
    classic = next(c for c in CLASSICS if c.name == name)
    for mode, entry in found()[name].items():
        words, filters, offsets = filters_of(entry["text"])
        assert words == entry["words"] >= entry["lower_bound"]
        for made, rows, o in zip(filters.values(), classic.kernels.values(), offsets.values(), strict=True):
            assert made == weights([list(r) for r in rows], classic.scale)
            if mode != "any":
                assert o == 0
        if mode == "any" and classic.cain is not None:
            assert words < classic.cain


def test_names_that_the_language_uses() -> None:
    got = compile_filter({"B": [[1, 2]], "kernel": [[1, -1]], "3x3 box": [[2, 1]], "mov": [[1, 1]]}, seconds=1)
    assert {o.name for o in got.program.outputs} == {"out_B", "out_kernel", "out_3x3_box", "out_mov"}
    assert set(got.outputs) == {"B", "kernel", "3x3 box", "mov"}


def test_an_interrupted_search_gives_the_best_so_far() -> None:
    said: list[str] = []

    def tick(what: str, words: int) -> None:
        said.append(f"{what} {words}")
        raise KeyboardInterrupt

    got = compile_filter([[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale=16, states=LEAST_WORK, tick=tick)
    assert got.interrupted
    assert said == [f"first program {got.words}"]


def test_what_was_found_for_one_kernel_survives_an_interruption() -> None:
    pair = {"a": [[1, 0, -1]] * 3, "b": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]]}

    def tick(what: str, words: int) -> None:
        if what == "exact search":  # of the first kernel alone; the other is the same, turned
            raise KeyboardInterrupt

    got = compile_filter(pair, states=LEAST_WORK, tick=tick, library=False)
    check(got, pair)
    assert got.interrupted
    assert got.words <= 12 < compile_filter(pair, seconds=1, library=False).words


def test_threads_are_not_waited_for() -> None:
    reached, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def work() -> None:
        reached.set()
        go_on.wait(60)
        try:
            threads.look()
        except StoppedSearch:
            ended.append("stopped")
            raise

    with suppress(KeyboardInterrupt), Workers(1) as threads:
        future, later = threads.submit(work), threads.submit(ended.append, "later")
        assert reached.wait(60)
        raise KeyboardInterrupt
    assert not future.done()
    go_on.set()
    assert isinstance(future.exception(60), StoppedSearch)
    with pytest.raises(CancelledError):
        later.result(60)
    assert ended == ["stopped"]


def test_a_small_budget_goes_to_the_most_promising_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of less than the least would only give first programs."""
    given: list[tuple[int, int]] = []

    def noted(task: Task, work: int, tick: Tick | None = None) -> Search:
        found = search(task, 0)
        given.append((work, found.best))
        return found

    monkeypatch.setattr(compiling, "search", noted)
    rows = [[0, 1, 2, 1, 0], [1, 4, 6, 4, 1], [2, 6, 10, 6, 2], [1, 4, 6, 4, 1], [0, 1, 2, 1, 0]]
    compile_filter(rows, scale=64, tolerance=0.02, states=LEAST_WORK)
    tried = [words for work, words in given if not work]
    assert len(tried) > 1
    assert [words for work, words in given if work == LEAST_WORK] == [min(tried)]


@pytest.mark.parametrize(("offset", "words"), [("any", 16), pytest.param("zero", 22, marks=pytest.mark.nightly)])
def test_a_product_beside_a_multiple_of_the_pixel(offset: str, words: int) -> None:
    """The 5x5 Gaussian over 64 is (1 + X)^2 (1 + Y)^2 (X + Y) (1 + 1/XY) / 64 and a 32nd of the pixel."""
    classic = named("gauss5")
    task = Task(("gauss5",), classic.goals, offset)
    answer = accepted(next(iter(composed(classic.goals[0], Parts(task.level, SINGLE)))), task)
    assert answer is not None
    assert answer.words == words


def test_kernels_that_share_a_factor_begin_with_it() -> None:
    goals = named("sobel_pair").goals
    factor, rest = common(goals)
    assert [convolved(factor, r) for r in rest] == [dict(g) for g in goals]
    task = Task(("gx", "gy"), goals)
    answers = [accepted(steps, task) for steps in islice(shared(goals, False, True, 3_000_000, lambda _: None), 3)]
    assert [a.words for a in answers if a is not None] == [12] * len(answers) != []


def test_known_programs_are_found_however_a_kernel_is_turned() -> None:
    turns = (lambda x, y: (x, y), lambda x, y: (-y, x), lambda x, y: (x, -y), lambda x, y: (-y, -x))
    for c, turn in product(CLASSICS, turns):
        goals = [{turn(x, y): w for (x, y), w in g.items()} for g in c.goals][::-1]
        programs = list(known(goals))
        for mode, entry in found()[c.name].items():
            task = Task(tuple(map(str, range(len(goals)))), tuple(goals), mode)
            answers = [a for a in (accepted(steps, task) for steps in programs) if a is not None]
            assert min(a.words for a in answers) <= entry["words"], (c.name, mode)


def test_known_programs_are_taken_at_once_unless_told_not_to() -> None:
    rows = [[3, 10, 3], [0, 0, 0], [-3, -10, -3]]  # Scharr, turned
    got = compile_filter(rows, scale=16, offset="zero", seconds=1)
    check(got, {"result": rows}, scale=16, zero=True)
    assert got.words == found()["scharr"]["zero"]["words"]
    assert compile_filter(rows, scale=16, offset="zero", seconds=1, library=False).words > got.words
