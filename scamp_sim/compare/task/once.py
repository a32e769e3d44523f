"""What several trainings need and is made once, on however many threads they run."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def once(size: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`functools.lru_cache(size)` for threads: a second one that asks for what is being made waits for it, while
    others make other things."""

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        kept = lru_cache(size)(make)
        locks: defaultdict[object, threading.Lock] = defaultdict(threading.Lock)
        looking = threading.Lock()

        @wraps(make)
        def found(*args: P.args, **kwargs: P.kwargs) -> T:
            with looking:
                lock = locks[(args, tuple(sorted(kwargs.items())))]
            with lock:
                return kept(*args, **kwargs)  # type: ignore[arg-type]

        return found

    return decorate
