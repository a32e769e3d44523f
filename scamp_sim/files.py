"""Writing files: all of one, or nothing, and never over a file that the same command has read."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.reading import claimed, reason, was_read
from scamp_sim.text import short


def check_file(path: str | Path, what: str) -> Path:
    """The path, if a file can be written there, and this command writes nothing else there. Raises ScampError
    otherwise, as for a file that was read."""
    target = _writable(path, what)
    refuse_claimed(target, what)
    return target


def refuse_claimed(path: str | Path, what: str) -> None:
    """Raise OptionError if this command is to write something else to that file."""
    other = claimed(path, what)
    if other:
        raise OptionError(f"the {other} and the {what} are both to go to {short(str(path), 200)}; name two files")


def _writable(path: str | Path, what: str) -> Path:
    target, shown = Path(path), short(str(path), 200)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.stat(target)
        parent = real_place(target).parent
        folder, beside = target.is_dir(), parent.is_dir()
        special = target.exists() and not target.is_file()
    except PermissionError:
        raise ScampError(
            f"cannot write the {what} to {shown}: no permission to look into its folder; choose another file"
        ) from None
    except (OSError, ValueError) as e:  # names that the system refuses
        raise ScampError(f"cannot write the {what} to {shown!r}: not the name of a file ({reason(e)})") from None
    if not str(path) or folder:
        raise ScampError(f"cannot write the {what} to '{shown}': it is a folder; name a file")
    if not beside:
        raise ScampError(f"cannot write the {what} to {shown}: directory {parent} does not exist; create it first")
    if special:
        raise ScampError(f"cannot write the {what} to {shown}: it is a device or a pipe; name a regular file")
    refuse_read(target, what)
    why = unwritable(parent)
    if why:
        raise ScampError(f"cannot write the {what} to {shown}: {why} in {parent}; choose another file")
    return target


def make_folder(path: str | Path, what: str) -> Path:
    """A folder that is there afterwards, whether it was before or not.

    what: the option or argument that names it.

    Raises ScampError.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as e:  # ValueError: names that the system refuses
        raise ScampError(f"{what} {short(str(path), 200)}: no folder can be made there ({reason(e)})") from None
    return Path(path)


def refuse_read(path: str | Path, what: str) -> None:
    """Raise ScampError if this command has read the file that it is about to write."""
    if was_read(path):
        raise ScampError(
            f"cannot write the {what} to {short(str(path), 200)}: this command has read that file; name another"
        )


def unwritable(folder: Path) -> str:
    """Why no file can be made in a folder that exists; empty if one can. The permissions do not say it all: disks are
    mounted to be read only, and the superuser has every permission."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return "no permission"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as e:
        return (e.strerror or type(e).__name__).lower()


def write_file(path: str | Path, what: str, write: Callable[[Path], object]) -> Path:
    """Write a file by `write(aside)`, which gets a path beside it: all of it, or nothing if that fails.

    path: where it goes.
    what: what it holds, for messages.
    write: fills the file at the path that it is given.

    Raises ScampError that names `what` and the file.
    """
    target = _writable(path, what)
    aside = Path()
    try:
        aside = file_aside(target)
        write(aside)
        with open(aside, "rb+") as file:
            os.fsync(file.fileno())  # or a power cut could leave the new name with nothing in it
        put_in_place(aside, target)
    except OSError as e:
        raise ScampError(
            f"cannot write the {what} to {short(str(path), 200)}: {reason(e)}; free some disk space, or "
            "choose another file"
        ) from e
    finally:
        remove_aside(aside)
    return target


# --- aside ------------------------------------------------------------------------------------------------------

_aside: set[Path] = set()
"""Files and folders that are being written; each is noted before it is there, so that an interrupt at any moment leaves
none."""


def real_place(target: Path) -> Path:
    """Where the bytes of a file lie: of a link, what it leads to, so that the link stays one."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def file_aside(target: Path) -> Path:
    """An empty file beside a file that it is to become; its ending stays, since libraries choose the format by it.
    Raises OSError. `remove_aside` must follow."""
    aside = _noted(real_place(target).parent, target.suffix.lower())
    os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return aside


def folder_aside(folder: Path) -> Path:
    """An empty folder inside one whose files will come from it. Raises OSError. `remove_aside` must follow."""
    aside = _noted(folder, "")
    os.mkdir(aside, 0o700)
    return aside


def _noted(folder: Path, ending: str) -> Path:
    aside = folder.absolute() / f".scamp-{secrets.token_hex(6)}{ending}"
    _aside.add(aside)
    return aside


def put_in_place(aside: Path, target: Path) -> None:
    """Give a file from aside its name, with the permissions of a new file. Raises OSError."""
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(aside, 0o666 & ~mask)
    os.replace(aside, real_place(target))


def remove_aside(aside: Path) -> None:
    """Remove what is left of a file or folder from aside, if anything is."""
    if aside not in _aside:
        return
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        with suppress(OSError):
            aside.unlink()
    _aside.discard(aside)


def leave_nothing_aside() -> None:
    """Remove whatever is being written: the process ends."""
    for aside in tuple(_aside):
        remove_aside(aside)


def write_text(path: str | Path, text: str, what: str) -> Path:
    """Write a text file: all of it, or nothing if that fails. Raises ScampError that names `what` it was to hold."""
    return write_bytes(path, text.encode("utf-8", "backslashreplace"), what)


def write_bytes(path: str | Path, data: bytes, what: str) -> Path:
    """Write bytes to a file: all of them, or nothing if that fails. Raises ScampError that names `what`."""
    return write_file(path, what, lambda aside: aside.write_bytes(data))


def write_arrays(path: str | Path, arrays: Mapping[str, Any], what: str) -> Path:
    """Write arrays as .npz: all of them, or nothing if that fails. The same arrays give the same bytes.

    arrays: name -> array, or what NumPy makes one of.

    Raises ScampError that names `what`.
    """
    import numpy as np

    def write(aside: Path) -> None:
        with aside.open("wb") as file:  # as a file, or savez appends .npz to other endings
            np.savez(file, **arrays)

    return write_file(path, what, write)


def write_torch(path: str | Path, state: Any, what: str) -> Path:
    """Write what `torch.save` takes: all of it, or nothing if that fails. Raises ScampError that names `what`."""
    import io

    import torch  # type: ignore[import-not-found,unused-ignore]

    memory = io.BytesIO()  # in memory, so that neither the name of the file nor a full disk is a matter of torch's
    torch.save(state, memory)
    return write_bytes(path, memory.getvalue(), what)


def holds_early(path: str | Path, mark: bytes, within: int) -> bool:
    """Whether a regular file is there whose first bytes, so many, hold a mark. It does not count as read."""
    target = Path(path)
    if not target.is_file():
        return False
    with target.open("rb") as file:
        return mark in file.read(within)


def begins_with(path: str | Path, mark: bytes) -> bool:
    """Whether a regular file is there that begins with these bytes. It does not count as read: it may be replaced."""
    target = Path(path)
    if not target.is_file():
        return False
    with target.open("rb") as file:
        return file.read(len(mark)) == mark


__all__ = [
    "begins_with",
    "check_file",
    "file_aside",
    "folder_aside",
    "holds_early",
    "leave_nothing_aside",
    "put_in_place",
    "real_place",
    "refuse_claimed",
    "refuse_read",
    "remove_aside",
    "unwritable",
    "write_arrays",
    "write_bytes",
    "write_file",
    "write_text",
    "write_torch",
]
