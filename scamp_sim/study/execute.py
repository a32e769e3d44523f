"""Carries out the units of a study: on threads of this machine, or, with `cluster`, on Dask.

for unit, result in carry_out(work, units, payload, jobs=2):
    ...

Results come as they are ready, in any order; what a unit gives does not depend on the order.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from scamp_sim.exceptions import ProgramError
from scamp_sim.study.grid import Unit

Bench = Callable[[int, int, Any], Any]
"""Measures one chip: (seed, item, payload of the item) -> result. One thread uses it at a time."""

KEPT = 2
"""Chips whose benches a thread keeps; units come chip by chip."""

AHEAD = 4
"""Units for each thread that are under way or wait; no more results than that are held."""


class Work(Protocol):
    """What is done in each unit. It is pickled for Dask, so it is small; what is large goes into the payloads."""

    def bench(self, chip: int) -> Bench:
        """What measures this chip: its fixed errors drawn, its programs ready."""
        ...


class Benches:
    """The benches of each thread: a chip's is made once while its units are carried out."""

    def __init__(self) -> None:
        self._local = threading.local()

    def measure(self, work: Work, study: str, unit: Unit, payload: Any) -> Any:
        """Carry out one unit.

        study: what tells the benches of one study from those of another.
        """
        if not hasattr(self._local, "kept"):
            self._local.kept = OrderedDict()
        kept: OrderedDict[tuple[str, int], Bench] = self._local.kept
        key = (study, unit.chip)
        if key not in kept:
            while len(kept) >= KEPT:
                kept.popitem(last=False)
            kept[key] = work.bench(unit.chip)
        kept.move_to_end(key)
        return kept[key](unit.seed, unit.item, payload)


def carry_out(
    work: Work,
    units: Iterable[Unit],
    payload: Callable[[int], Any] = lambda item: None,
    *,
    jobs: int | None = None,
    cluster: Any = None,
) -> Iterator[tuple[Unit, Any]]:
    """The result of each unit, as they are ready.

    payload: item -> what is measured.
    jobs: threads, or workers of a local Dask cluster; as many as there are cores by default.
    cluster: None for threads, "" for a local Dask cluster, the address of a scheduler, or a `distributed.Client`.

    Raises ProgramError; whoever stops early closes the iterator, and no further unit is begun.
    """
    if jobs is not None and jobs < 1:
        raise ProgramError(f"jobs must be at least 1, got {jobs}")
    if cluster is None:
        return _on_threads(work, units, payload, jobs or cores())
    from scamp_sim.study import cluster as dask

    return dask.on_cluster(work, units, payload, cluster, jobs)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _on_threads(
    work: Work, units: Iterable[Unit], payload: Callable[[int], Any], jobs: int
) -> Iterator[tuple[Unit, Any]]:
    benches, left = Benches(), iter(units)
    pending: dict[Future[Any], Unit] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                for unit in left:
                    pending[pool.submit(benches.measure, work, "", unit, payload(unit.item))] = unit
                    if len(pending) >= AHEAD * jobs:
                        break
                if not pending:
                    return
                done = wait(pending, return_when=FIRST_COMPLETED).done
                # what is done is given out before what failed ends it all
                for future in sorted(done, key=lambda f: f.exception() is not None):
                    yield pending.pop(future), future.result()
        finally:
            for future in pending:
                future.cancel()


__all__ = ["Bench", "Benches", "Work", "carry_out", "cores"]
