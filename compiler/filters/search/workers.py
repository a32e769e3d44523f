"""Threads that a search leaves at once when it is interrupted: they are not waited for, and stop at the next look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class StoppedSearch(Exception):
    """Raised inside a thread whose result nobody waits for any more."""


class Workers:
    """A few threads for as long as a `with` block lasts."""

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._over = threading.Event()
        self._count = count
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for _ in range(self._count):
            self._tasks.put(None)

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Have a function called by one of the threads."""
        future: Future[T] = Future()
        self._tasks.put((future, function, args))
        return future

    def map(self, function: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
        """The results for all items, in their order."""
        return [f.result() for f in [self.submit(function, i) for i in items]]

    def look(self, *_: object) -> None:
        """Called now and then by what runs long. Raises StoppedSearch."""
        if self._over.is_set():
            raise StoppedSearch

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function, args = task
            if self._over.is_set():
                future.cancel()
                continue
            try:
                future.set_result(function(*args))
            except BaseException as error:
                future.set_exception(error)


__all__ = ["StoppedSearch", "Workers"]
