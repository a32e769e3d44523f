"""Writing files: all of one, or nothing."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from scamp_sim.exceptions import ScampError


def check_file(path: str | Path, what: str) -> Path:
    """The path, if a file can be written there. Raises ScampError otherwise."""
    target = Path(path)
    if not str(path) or target.is_dir():
        raise ScampError(f"cannot write the {what} to '{path}': it is a folder; name a file")
    if not target.parent.is_dir():
        raise ScampError(
            f"cannot write the {what} to {path}: directory {target.parent} does not exist; create it first"
        )
    why = unwritable(target.parent)
    if why:
        raise ScampError(f"cannot write the {what} to {path}: {why} in {target.parent}; choose another file")
    return target


def unwritable(folder: Path) -> str:
    """Why no file can be made in a folder that there is; empty if one can. The permissions do not say it all: disks are
    mounted to be read only, and the superuser has every permission."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return "no permission"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as e:
        return (e.strerror or type(e).__name__).lower()


def write_text(path: str | Path, text: str, what: str) -> Path:
    """Write a file: all of it, or nothing if that fails. Raises ScampError that names `what` it was to hold."""
    target = check_file(path, what)
    aside = ""
    try:
        number, aside = tempfile.mkstemp(prefix=".scamp-", dir=target.parent)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(aside, 0o666 & ~mask)
        os.replace(aside, target)
    except OSError as e:
        if aside:
            with suppress(OSError):
                os.unlink(aside)
        why = e.strerror or type(e).__name__
        raise ScampError(
            f"cannot write the {what} to {path}: {why}; free some disk space, or choose another file"
        ) from e
    return target
