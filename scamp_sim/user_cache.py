"""Where machine code is kept: a folder that belongs to the user and that nobody else can write to.

Object code that somebody else could replace would run with the user's rights, so a folder is taken only after that
check.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def user_cache() -> Path | None:
    """The folder for compiled code: SCAMP_SIM_CACHE, NUMBA_CACHE_DIR, the cache folder of the account, or one in the
    place for temporary files; the first that can be made, belongs to the user and is closed to others.

    None if there is none, after a note on stderr: code is compiled again in every process then.
    """
    for folder in _candidates():
        if _private(folder):
            return folder
    print(
        "scamp-sim: note: no folder for compiled code can be written, so every start compiles again; set "
        "SCAMP_SIM_CACHE to a folder of your own",
        file=sys.stderr,
    )
    return None


def _candidates() -> Iterator[Path]:
    for name in ("SCAMP_SIM_CACHE", "NUMBA_CACHE_DIR"):
        if os.environ.get(name):
            yield Path(os.environ[name]) / "scamp-sim"
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):  # the specification of XDG has others passed over
        yield Path(base) / "scamp-sim"
    elif sys.platform == "darwin":
        yield Path("~/Library/Caches/scamp-sim").expanduser()
    else:
        yield Path("~/.cache/scamp-sim").expanduser()
    yield Path(tempfile.gettempdir()) / f"scamp-sim-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _private(folder: Path) -> bool:
    """Whether a folder is there, or can be made, that the user alone can write to."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode):
            return False
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, RuntimeError):  # RuntimeError: no home directory
        return False


__all__ = ["user_cache"]
