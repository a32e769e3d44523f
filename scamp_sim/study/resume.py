"""Carries out what a file of results lacks, and keeps what is done whatever ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

from scamp_sim.study.execute import Work, carry_out
from scamp_sim.study.grid import Unit
from scamp_sim.study.results_store import Store


def carried(
    work: Work,
    units: Iterable[Unit],
    store: Store | None,
    payload: Callable[[int], Any] = lambda item: None,
    *,
    jobs: int | None = None,
    cluster: Any = None,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Mapping[Unit, Mapping[str, Any]], int]:
    """The results of all units, and how many of them were not there already.

    store: where results are kept; None keeps none. payload, jobs, cluster: as of `carry_out`.
    advance: called for each unit that is done, those of the store first.

    Raises ProgramError.
    """
    wanted = list(units)
    rows: dict[Unit, Mapping[str, Any]] = store.results if store is not None else {}
    missing = [unit for unit in wanted if unit not in rows]
    for _ in range(len(wanted) - len(missing)):
        advance()
    before = len(rows)
    if missing:
        try:
            with closing(carry_out(work, missing, payload, jobs=jobs, cluster=cluster)) as results:  # type: ignore[type-var]
                for unit, row in results:
                    rows[unit] = row
                    if store is not None:
                        store.add(unit, row)
                    advance()
        finally:
            if store is not None and len(rows) > before:  # whatever ended it, what is done is kept
                store.write()
    return rows, len(missing)


__all__ = ["carried"]
