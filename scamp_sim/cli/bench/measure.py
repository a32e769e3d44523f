"""Processor time, and what this machine can do at best: the rates that stand beside every figure."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from scamp_sim.chip.planes import CACHE_LINE, aligned

Call = Callable[[], object]
SHAPE = (256, 256)
_SMALL = 2048
"""PEs whose three planes lie in the first-level cache."""
_TIMES = 200
_PLACES = 8
"""Places in memory where `numpy.add` is tried."""
_SWITCH = "SCAMP_SIM_FUSE"


def best(call: Call, seconds: float = 0.25, rounds: int = 40) -> float:
    """us of processor time that a call takes: the least of many rounds, since noise only ever adds."""
    call()
    started = time.process_time_ns()
    call()
    once = max(time.process_time_ns() - started, 1)
    calls = max(1, int(2e6 / once))
    least = float("inf")
    end = time.perf_counter() + seconds
    collecting = gc.isenabled()
    gc.disable()
    try:
        for n in range(rounds):
            started = time.process_time_ns()
            for _ in range(calls):
                call()
            least = min(least, (time.process_time_ns() - started) / calls)
            if n >= 3 and time.perf_counter() > end:
                break
    finally:
        if collecting:
            gc.enable()
    return least / 1e3


@contextmanager
def fused(mode: str) -> Iterator[None]:
    """Machines made here make code at once ("now"), or never ("0")."""
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = mode
    try:
        yield
    finally:
        del os.environ[_SWITCH]
        if before is not None:
            os.environ[_SWITCH] = before


@dataclass(frozen=True)
class Rates:
    """add: us of `numpy.add(a, b, out=c)` on planes of 256x256 float32, which lie in the second-level cache.
    near: us to read or write a plane in the first-level cache.
    clipped: us of a sum of two planes there, within limits, which is what a word with two sources is.
    bits: us of an operation on two packed planes there.
    """

    add: float
    near: float
    clipped: float
    bits: float

    @property
    def far(self) -> float:
        """us to read or write a plane in the second-level cache."""
        return self.add / 3


def rates() -> Rates:
    """What this machine does at best; measured anew each time, because its clock and its neighbours change."""
    near = aligned(3 * (_SMALL + CACHE_LINE), np.float32)
    packed = aligned(3 * (SHAPE[0] * SHAPE[1] // 64 + CACHE_LINE), np.uint64)
    add, clipped = _loops()
    bands, limit = SHAPE[0] * SHAPE[1] / _SMALL, np.float32(8192)
    return Rates(
        add=_add(),
        near=best(lambda: add(near, _SMALL, _TIMES)) / (3 * _TIMES) * bands / 3,
        clipped=best(lambda: clipped(near, _SMALL, _TIMES, limit)) / (3 * _TIMES) * bands,
        bits=best(lambda: add(packed, SHAPE[0] * SHAPE[1] // 64, _TIMES)) / (3 * _TIMES),
    )


def _add() -> float:
    """us of `numpy.add` of planes at the best of several places in memory: how well they fit the second-level cache is
    a matter of luck, worth a third more or less."""
    planes = [aligned(SHAPE[0] * SHAPE[1], np.float32) for _ in range(3 * _PLACES)]
    return min(
        best(lambda a=a, b=b, c=c: np.add(a, b, out=c), 0.06)  # type: ignore[misc]
        for a, b, c in zip(planes[::3], planes[1::3], planes[2::3], strict=True)
    )


@cache
def _loops() -> tuple[Any, Any]:
    """Loops over three small arrays, each in turn the sum of the other two, plain and within limits."""
    import numba

    @numba.njit
    def add(f: Any, count: int, times: int) -> None:
        n, apart = np.uint64(count), np.uint64(count + CACHE_LINE)
        for _ in range(times):
            for k in range(3):
                d, a, b = np.uint64(k) * apart, np.uint64((k + 1) % 3) * apart, np.uint64((k + 2) % 3) * apart
                for i in range(n):
                    f[d + i] = f[a + i] + f[b + i]

    @numba.njit
    def clipped(f: Any, count: int, times: int, limit: Any) -> None:
        n, apart = np.uint64(count), np.uint64(count + CACHE_LINE)
        for _ in range(times):
            for k in range(3):
                d, a, b = np.uint64(k) * apart, np.uint64((k + 1) % 3) * apart, np.uint64((k + 2) % 3) * apart
                for i in range(n):
                    f[d + i] = min(max(f[a + i] + f[b + i], -limit), limit)

    return add, clipped


@cache
def processor() -> str:
    """The name of the processor, as well as it can be found out."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def about() -> dict[str, str]:
    """What a table was measured with."""
    import numba

    return {
        "processor": processor(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


__all__ = ["SHAPE", "Call", "Rates", "about", "best", "fused", "processor", "rates"]
