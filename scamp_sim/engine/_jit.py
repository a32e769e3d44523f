"""The one place that says how kernels are compiled: cached on disk, GIL released, arithmetic exactly as written.

numba files machine code under the source file of each function. That is not enough here: kernels call each other across
files and take constants from `ops` and `isa`, so a change there would leave old code in use. The cache therefore
lies in a folder named after a digest of all these sources.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import ScampError
from scamp_sim.user_cache import user_cache

try:
    import numba
except ValueError as e:  # it looks at its settings in the environment, such as NUMBA_NUM_THREADS=0
    raise ScampError(
        f"numba refuses its settings: {e}; look at the variables of the environment named NUMBA_..."
    ) from e

config: Any = numba.config  # its settings are made at run time, which a type checker cannot see
if config.DISABLE_JIT:
    raise ScampError("NUMBA_DISABLE_JIT is set, and the engine is compiled code; unset it")
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
    """Whether the engine of this installation and this Python has been compiled here before, noisy: the part for chips
    with errors; else the first run takes about ten seconds."""
    folder = cache_folder()
    if folder is None:
        return False
    begun = "noisy.walk_noisy" if noisy else "walk.walk"
    return any(of_this_place(folder).rglob(f"{begun}-*.py{sys.version_info.major}{sys.version_info.minor}*.nbi"))


def of_this_place(folder: Path) -> Path:
    """The folder inside one for compiled code that numba has for the engine where it lies: a folder for each place."""
    inside = getattr(numba.core.caching._CacheLocator, "get_suitable_cache_subpath", None)
    return folder / inside(str(_ENGINE / "walk.py")) if inside else folder


def jit(function: Callable[..., Any], inline: str = "never", counted: bool = True) -> Callable[..., Any]:
    """Compile to machine code at the first call. No fastmath: both engines must round alike.

    inline: "always" for a function whose calls would take longer than what it does.
    counted: False for one that makes no array, and calls others so often that counting references to the arrays it
        passes on would take a tenth of the time.

    Where nothing can be written, not even a temporary folder, the code is compiled again in every process.
    """
    more: dict[str, Any] = {} if counted else {"_nrt": False}
    return compiled(function, cache_folder(), inline=inline, **more)


def compiled(function: Callable[..., Any], kept: Path | None, **options: Any) -> Callable[..., Any]:
    """A function that numba compiles at its first call, with the interpreter's lock released.

    kept: the folder for its machine code, in the user's own cache; None, or one that cannot be written: it is compiled
        again in every process.
    """
    options |= {"nogil": True, "error_model": "numpy"}
    if kept is None:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    folder = config.CACHE_DIR  # other people's functions keep theirs
    try:
        config.CACHE_DIR = str(kept)
        found = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = folder
    keep = found._cache
    write, read = keep.save_overload, keep.load_overload

    def save(signature: Any, code: Any) -> None:
        with suppress(OSError):  # a disk that is full is no reason to stop
            write(signature, code)

    def load(signature: Any, target: Any) -> Any:
        try:
            return read(signature, target)
        except Exception:  # a damaged file raises whatever pickle makes of it; the code is compiled and written again
            with suppress(OSError):
                keep.flush()
            return None

    keep.save_overload, keep.load_overload = save, load
    return found  # type: ignore[no-any-return]
