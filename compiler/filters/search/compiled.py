"""How the searches are compiled: to machine code, kept on disk, without the interpreter's lock.

numba keeps machine code per source file, and the searches call each other across files: the cache lies in a
folder named after a digest of them all, so that no change leaves old code in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from scamp_sim.engine._jit import compiled
from scamp_sim.user_cache import user_cache

_HERE = Path(__file__).parent
_SOURCES = ("compiled.py", "../kernel.py", "field.py", "closure.py", "exact.py", "tail.py", "genes.py", "evolve.py")


@cache
def _folder() -> Path | None:
    """Where the compiled searches of these very sources lie, in the user's own cache; None if nothing can be kept."""
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _SOURCES)).hexdigest()[:16]
    base = user_cache()
    return None if base is None else base / f"filters-{digest}"


def is_compiled(part: str) -> bool:
    """Whether a part of the search, "exact" or "evolve", has been compiled here before."""
    folder = _folder()
    return folder is not None and any(folder.rglob(f"{part}.*.nbi"))


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call; where nothing can be kept, in every process."""
    return compiled(function, _folder())
