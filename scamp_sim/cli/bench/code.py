"""How long machine code takes to make and to load."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time_ns
from unittest.mock import patch

from scamp_sim import Machine
from scamp_sim.chip.program import Program
from scamp_sim.engine.fused import build, store

_ROUNDS = 5


def compiling(program: Program, errors: str) -> float:
    """us of processor time from a program's table to its code."""
    engine = Machine(errors=errors)._engine
    segments = engine.lowered(program)  # type: ignore[attr-defined]
    least = float("inf")
    for _ in range(_ROUNDS):
        with _empty():
            started = process_time_ns()
            for n, segment in enumerate(segments):
                store.make(str(n), segment, engine.params, engine.shape)  # type: ignore[attr-defined]
            least = min(least, process_time_ns() - started)
    return least / 1e3


def loading(program: Program) -> float:
    """us of processor time to find the code of a program in the folder and to load it."""
    engine = Machine()._engine
    segments = engine.lowered(program)  # type: ignore[attr-defined]
    given = engine.params, engine.shape  # type: ignore[attr-defined]
    least = float("inf")
    with _empty():
        for segment in segments:
            store.make(store.key(segment, *given), segment, *given)
        for _ in range(_ROUNDS):
            with patch.dict(build._loaded, clear=True), patch.dict(store._made, clear=True):
                started = process_time_ns()
                for segment in segments:
                    assert store.look_up(store.key(segment, *given), segment) is not None
                least = min(least, process_time_ns() - started)
    return least / 1e3


@contextmanager
def _empty() -> Iterator[None]:
    """A folder without code, in a process that has made none."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(build, "folder", lambda: Path(folder)),
        patch.dict(build._loaded, clear=True),
        patch.dict(store._made, clear=True),
    ):
        yield


__all__ = ["compiling", "loading"]
