"""The one place that says how kernels are compiled: cached on disk, GIL released, arithmetic exactly as written.

numba files machine code under the source file of each function. That is not enough here: kernels call each other across
files and take constants from `ops` and `isa`, so a change there would leave old code in use. The cache therefore
lies in a folder named after a digest of all these sources.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from scamp_sim.user_cache import user_cache

config: Any = numba.config  # its settings are made at run time, which a type checker cannot see
_ENGINE = Path(__file__).parent
_COMPILED = ("_jit", "analog", "bits", "noisy", "ops", "walk")
_SOURCES = (
    *(_ENGINE / f"{name}.py" for name in _COMPILED),
    _ENGINE.parent / "chip" / "isa.py",
    _ENGINE.parent / "silicon" / "draws.py",
)


@cache
def cache_folder() -> Path | None:
    """Where the compiled engine of these very sources lies, in the user's own cache; None if nothing can be kept."""
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in _SOURCES)).hexdigest()[:16]
    base = user_cache()
    return None if base is None else base / f"engine-{digest}"


def is_compiled(noisy: bool = False) -> bool:
    """Whether the engine has been compiled here before, noisy: the part for chips with errors; else the first run takes
    about ten seconds."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("noisy.walk_noisy-*.nbi" if noisy else "walk.walk-*.nbi"))


def jit(function: Callable[..., Any], inline: str = "never", counted: bool = True) -> Callable[..., Any]:
    """Compile to machine code at the first call. No fastmath: both engines must round alike.

    inline: "always" for a function whose calls would take longer than what it does.
    counted: False for one that makes no array, and calls others so often that counting references to the arrays it
        passes on would take a tenth of the time.

    Where nothing can be written, not even a temporary folder, the code is compiled again in every process.
    """
    folder, ours = config.CACHE_DIR, cache_folder()  # other people's functions keep theirs
    if ours is None:
        return _compiled(function, cache=False, inline=inline, counted=counted)
    try:
        config.CACHE_DIR = str(ours)
        return _compiled(function, cache=True, inline=inline, counted=counted)
    except RuntimeError:
        return _compiled(function, cache=False, inline=inline, counted=counted)
    finally:
        config.CACHE_DIR = folder


def _compiled(function: Callable[..., Any], cache: bool, inline: Any, counted: bool) -> Callable[..., Any]:
    more: dict[str, Any] = {} if counted else {"_nrt": False}
    compiled: Callable[..., Any] = numba.njit(cache=cache, nogil=True, error_model="numpy", inline=inline, **more)(
        function
    )
    return compiled
