"""Benchmarks print ratios that were taken in one run: against NumPy on planes of the same size, interleaved with it.

    pytest tests/benchmarks --benchmark-only -n0

Nothing here passes or fails on time: goals stand beside the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

ROWS = pytest.StashKey[list["Row"]]()


@dataclass(frozen=True)
class Row:
    name: str
    us: float
    baseline: str
    baseline_us: float
    goal: str


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def best(function: Callable[[], object], calls: int) -> float:
    """Microseconds per call: the least of several rounds, because noise only ever adds."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls * 1e6


@pytest.fixture
def compare(
    request: pytest.FixtureRequest,
) -> Callable[[str, Callable[[], object], float, str, Callable[[], object], str], None]:
    """`compare(name, run, words_in_run, baseline name, baseline, goal)` times both in turns and notes the ratio."""

    def note(
        name: str, run: Callable[[], object], per: float, label: str, baseline: Callable[[], object], goal: str
    ) -> None:
        run()
        baseline()
        calls = max(1, int(2000 / best(run, 1)))
        ours = theirs = float("inf")
        for _ in range(25):
            ours = min(ours, best(run, calls) / per)
            theirs = min(theirs, best(baseline, 200 if per > 1 else calls))
        request.config.stash[ROWS].append(Row(name, ours, label, theirs, goal))

    return note


@pytest.fixture
def against_chip(request: pytest.FixtureRequest) -> Callable[[str, Callable[[], object], int, float, str], None]:
    """`against_chip(name, run, frames in it, us of a frame on the chip, goal)` notes wall and processor time a frame.

    Processor time is that of this thread: it tells a slow program from a busy machine.
    """

    def note(name: str, run: Callable[[], object], frames: int, chip_us: float, goal: str) -> None:
        wall = spent = float("inf")
        for _ in range(12):
            start, start_spent = time.perf_counter(), time.thread_time()
            run()
            wall = min(wall, (time.perf_counter() - start) / frames * 1e6)
            spent = min(spent, (time.thread_time() - start_spent) / frames * 1e6)
        rows = request.config.stash[ROWS]
        rows.append(Row(name, wall, "the chip, modelled", chip_us, goal))
        rows.append(Row(f"{name}, processor", spent, "the chip, modelled", chip_us, goal))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(ROWS, [])
    if rows:
        terminalreporter.section("ratios, 256x256, one thread, FLAG all ones")
        for r in rows:
            terminalreporter.write_line(
                f"{r.name:44s} {r.us:9.3f} us  = {r.us / r.baseline_us:6.2f} x {r.baseline} "
                f"({r.baseline_us:.3f} us)  goal: {r.goal}"
            )
