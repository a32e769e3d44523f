"""How the searches are compiled: to machine code, kept on disk, without the interpreter's lock.

numba keeps machine code per source file, and the searches call each other across files: the cache lies in a
folder named after a digest of them all, so that no change leaves old code in use.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

_HERE = Path(__file__).parent
_SOURCES = ("compiled.py", "../kernel.py", "field.py", "closure.py", "exact.py", "tail.py", "evolve.py")


@cache
def _folder() -> str:
    config: Any = numba.config
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _SOURCES)).hexdigest()[:16]
    name = f"scamp-sim-filters-{digest}"
    if config.CACHE_DIR:
        return str(Path(config.CACHE_DIR) / name)
    beside = _HERE / "__pycache__"
    try:
        beside.mkdir(exist_ok=True)
        if os.access(beside, os.W_OK):
            return str(beside / name)
    except OSError:
        pass
    return str(Path(tempfile.gettempdir()) / f"{name}-{os.getuid() if hasattr(os, 'getuid') else 'user'}")


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call; where nothing can be written, in every process."""
    config: Any = numba.config
    folder = config.CACHE_DIR
    try:
        config.CACHE_DIR = _folder()
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = folder
