"""The one place that says how kernels are compiled: cached on disk, GIL released, arithmetic exactly as written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile to machine code at the first call. No fastmath: both engines must round alike."""
    compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled
