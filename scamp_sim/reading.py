"""Reading files that users give: one guarded reader for each kind, and one list of what can go wrong.

Every reader takes what the file is to the user ("weights", "clips", "price table"), for its messages, and raises
ScampError, or the subclass that it is told to, with the file, the reason and the remedy. Regular files only: a device
or a pipe could hang or fill the memory. Sizes are looked at before anything is allocated.

While a command runs (`tracking`), the files that were read are remembered by their real paths, so that
`files.check_file` can refuse to replace one of them.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import ScampError
from scamp_sim.text import short

if TYPE_CHECKING:
    import numpy.typing as npt

MIB = 1 << 20

MOST_TEXT = 64 * MIB
"""Bytes of a source file, a JSON document or a table."""

MOST_ARRAYS = 1024 * MIB
"""Bytes of all arrays of one file, unpacked."""

MOST_TENSORS = 1024 * MIB
"""Bytes of a file of PyTorch, unpacked."""

DEEPEST = 100
"""Lists and objects inside one another in a JSON document; Python's own reader stops at about a thousand frames."""

_read: ContextVar[set[str] | None] = ContextVar("files that this command read", default=None)
_claimed: ContextVar[dict[str, str] | None] = ContextVar("files that this command is to write", default=None)


# --- what was read ----------------------------------------------------------------------------------------------


@contextmanager
def tracking() -> Iterator[None]:
    """Remember the files that are read inside, so that none of them is written to, and those that are to be written, so
    that no two of them have the same name."""
    read, claimed = _read.set(set()), _claimed.set({})
    try:
        yield
    finally:
        _claimed.reset(claimed)
        _read.reset(read)


def note_read(path: str | Path) -> None:
    """Remember a file that something else than the readers here reads."""
    files = _read.get()
    if files is not None:
        files.add(os.path.realpath(path))


def forget_read(path: str | Path) -> None:
    """Forget that a file was read, since the command writes it again, as it does with results that it keeps there."""
    files = _read.get()
    if files is not None:
        files.discard(os.path.realpath(path))


def claimed(path: str | Path, what: str) -> str:
    """What else the command at hand writes to this file, under whatever name; empty if nothing. From here on it is for
    `what`, if it was for nothing."""
    files = _claimed.get()
    other = what if files is None else files.setdefault(os.path.realpath(path), what)
    return "" if other == what else other


def files_read() -> tuple[str, ...]:
    """The real paths of what the command at hand has read so far."""
    return tuple(sorted(_read.get() or ()))


def was_read(path: str | Path) -> bool:
    """Whether the command at hand has read this file, under whatever name."""
    files = _read.get()
    return files is not None and os.path.realpath(path) in files


# --- bytes ------------------------------------------------------------------------------------------------------


def checked_path(path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int | None = None) -> Path:
    """The path, if it is a regular file of at most `limit` bytes that can be read. Raises `error` otherwise."""
    shown = short(str(path), 200)
    if not str(path):
        raise error(f"{what}: the name of the file is empty")
    found = Path(path)
    try:
        status = os.stat(found)
    except FileNotFoundError:
        raise error(f"{what} {_absent(str(path))}") from None
    except NotADirectoryError:
        raise error(f"{what} {shown}: no such file; a part of the path is a file, not a directory") from None
    except PermissionError:
        raise error(f"{what} {shown}: no permission to read it") from None
    except (OSError, ValueError) as e:  # names that the system refuses: too long, with a NUL in it
        raise error(f"{what} {shown!r}: not the name of a file ({reason(e)})") from None
    if stat.S_ISDIR(status.st_mode):
        raise error(f"{what} {shown}: is a folder; name a file")
    if not stat.S_ISREG(status.st_mode):
        raise error(f"{what} {shown}: is a device or a pipe; only regular files are read, so copy it into one first")
    if limit is not None and status.st_size > limit:
        raise error(f"{what} {shown}: {_size(status.st_size)}; at most {_size(limit)} are read")
    note_read(found)
    return found


URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/{1,2}(?=[^/])")
"""How the address of a file elsewhere begins; paths lose one of its strokes."""


def _absent(path: str) -> str:
    """A path, and why nothing is there."""
    if URL.match(path):
        shown = short(URL.sub(lambda m: m[0].rstrip("/") + "//", path, count=1), 200)
        return f"{shown}: addresses are not read; download it, and name the file"
    return f"{short(path, 200)}: no such file{nearest_file(Path(path))}"


def nearest_file(path: Path, endings: Sequence[str] = ()) -> str:
    """A tail for the message that a file is missing: its nearest neighbour of the same ending, or of one of `endings`.

    Endings do not count as likeness, so that `a.png` is not taken for `b.png`.
    """
    try:
        if not path.parent.is_dir() or path.exists():
            return ""
        names = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in (path.suffix.lower(), *endings))
    except (OSError, ValueError):  # a name that no file can have, a folder that may not be looked into
        return ""
    stems = {Path(name).stem.lower(): name for name in names[:1000]}
    for asked in dict.fromkeys((path.stem.lower(), path.name.lower())):
        near = difflib.get_close_matches(asked, stems, n=1, cutoff=0.6)
        if near:
            return f"; did you mean '{stems[near[0]]}'?"
    return ""


def is_taken(path: str | Path) -> bool:
    """Whether a program of this name is there, which then goes before a kernel of the library. A folder is none: what
    `run edges --out edges` leaves does not hide the kernel."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def is_there(path: str | Path) -> bool:
    """Whether something has this name, or may have, in a folder that may not be looked into; False for names that the
    system refuses, of which `checked_path` says more."""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def is_folder(path: str | Path) -> bool:
    """Whether a folder has this name; False for names that the system refuses."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_bytes(path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int = MOST_TEXT) -> bytes:
    """The bytes of a regular file. Raises `error`."""
    found = checked_path(path, what, error, limit)
    try:
        return found.read_bytes()
    except OSError as e:
        raise error(f"{what} {short(str(path), 200)}: cannot be read: {reason(e)}; check its permissions") from None


def read_text(path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int = MOST_TEXT) -> str:
    """The text of a UTF-8 file, without a byte order mark. Raises `error`, with the line of a byte that is not."""
    return utf8(read_bytes(path, what, error, limit), f"{what} {short(str(path), 200)}", error)


def read_standard_input(what: str, error: type[ScampError] = ScampError, limit: int = MOST_TEXT) -> bytes:
    """All of standard input, if it ends within `limit` bytes. Raises `error`."""
    import sys

    if sys.stdin is None:
        raise error(f"{what}: standard input is closed; give a file instead of -")
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise error(f"{what}: standard input has more than {_size(limit)}, which is the most that is read; give a file")
    return data


def utf8(data: bytes, where: str, error: type[ScampError] = ScampError) -> str:
    """Bytes as text, without a byte order mark. Raises `error`, with the line of a byte that is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        raise error(f"{where}: not UTF-8 text (byte {data[e.start]:#04x} in line {line}); save it as UTF-8") from None


# --- JSON -------------------------------------------------------------------------------------------------------


def read_json(
    path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int = MOST_TEXT, again: bool = False
) -> Any:
    """A JSON document. Raises `error` with line and column of what is wrong, and for keys that are given twice.

    again: the command writes the file again, as it does with results that it keeps there.
    """
    document = parse_json(read_text(path, what, error, limit), f"{what} {short(str(path), 200)}", error)
    if again:
        forget_read(path)
    return document


def parse_json(text: str, where: str, error: type[ScampError] = ScampError) -> Any:
    """A JSON document from its text.

    where: what it is, and its file, for messages.

    Raises `error`.
    """
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice.extend(name for name in found if names.count(name) > 1)
        return found

    try:
        document = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as e:
        raise error(f"{where}: not JSON: {e.msg} in line {e.lineno}, column {e.colno}") from None
    except RecursionError:
        raise error(f"{where}: lists or objects are nested too deeply; at most {DEEPEST} are read") from None
    except ValueError as e:  # a number of more digits than Python converts
        raise error(f"{where}: not JSON that can be read: {short(str(e), 120)}") from None
    if twice:
        raise error(f"{where}: the key {short(repr(twice[0]), 80)} is given twice; keep one")
    if _depth(document) > DEEPEST:
        raise error(f"{where}: lists or objects are nested too deeply; at most {DEEPEST} are read")
    return document


OTHER_FORM = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
"""What comes of a document that has another form than the one that is looked for, numbers of 400 digits included."""


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while depth <= DEEPEST:
        level = [w for v in level if isinstance(v, (list, dict)) for w in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return depth
        depth += 1
    return depth


# --- arrays -----------------------------------------------------------------------------------------------------

_MAGIC = b"\x93NUMPY"

DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    RecursionError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What damaged archives, pictures and headers raise in the libraries that read them."""


def read_array(
    path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int = MOST_ARRAYS
) -> npt.NDArray[Any]:
    """The array in a .npy file. Raises `error`."""
    found = checked_path(path, what, error, limit)
    where = f"{what} {short(str(path), 200)}"
    try:
        data = found.read_bytes()
        return _array(data, limit)
    except DAMAGE as e:
        raise error(f"{where}: not a .npy array that can be read: {reason(e)}; numpy.save writes one") from None


def read_archive(
    path: str | Path, what: str, error: type[ScampError] = ScampError, limit: int = MOST_ARRAYS
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a .npz file, by name. Raises `error`; nothing that is pickled is read."""
    found = checked_path(path, what, error, limit)
    where = f"{what} {short(str(path), 200)}"
    arrays: dict[str, npt.NDArray[Any]] = {}
    left = limit
    member = ""
    try:
        with found.open("rb") as file, zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                member = f"{info.filename}: " if info.filename else ""
                name = info.filename.removesuffix(".npy")
                if name == info.filename:
                    continue  # what NumPy does not write is not an array
                if name in arrays:
                    raise ValueError("it is there twice")
                if info.file_size > left:
                    raise ValueError(f"it claims {_size(info.file_size)}; at most {_size(limit)} are read")
                array = _array(archive.read(info), left)
                left -= array.nbytes
                arrays[name] = array
    except DAMAGE as e:
        if isinstance(e, zipfile.BadZipFile) and found.read_bytes()[:6] == _MAGIC:
            raise error(f"{where}: holds a single array, as numpy.save writes it; numpy.savez writes .npz") from None
        raise error(f"{where}: cannot be read as .npz: {member}{reason(e)}; numpy.savez writes one") from None
    return arrays


def _array(data: bytes, limit: int) -> npt.NDArray[Any]:
    """The array in the bytes of a .npy file. Its header is compared with what is there before anything is allocated."""
    import numpy as np

    if data[:6] != _MAGIC:
        raise ValueError("it does not begin as a .npy array does")
    major = data[6]
    wide = 2 if major == 1 else 4
    length = int.from_bytes(data[8 : 8 + wide], "little")
    start = 8 + wide + length
    if major not in (1, 2, 3) or start > len(data) or length > MIB:
        raise ValueError("its header is damaged")
    header = ast.literal_eval(data[8 + wide : start].decode("latin-1" if major < 3 else "utf-8"))
    if not isinstance(header, Mapping) or not {"descr", "fortran_order", "shape"} <= set(header):
        raise ValueError("its header is damaged")
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"its header has the shape {short(repr(shape), 60)}")
    kind = np.lib.format.descr_to_dtype(header["descr"])
    if kind.hasobject:
        raise ValueError("it holds Python objects, which are not read, because they could run code; save numbers")
    size = math.prod(shape) * kind.itemsize
    if size > limit or size != len(data) - start:
        raise ValueError(
            f"its header claims {short('x'.join(map(str, shape)) or 'one', 60)} values of {kind} "
            f"({_size(size)}), and {_size(len(data) - start)} are there"
        )
    order: Any = "F" if header["fortran_order"] else "C"
    return np.frombuffer(data, kind, offset=start).reshape(shape, order=order).copy(order="K")


# --- PyTorch ----------------------------------------------------------------------------------------------------


def read_torch(
    path: str | Path, what: str, remedy: str, error: type[ScampError] = ScampError, limit: int = MOST_TENSORS
) -> Any:
    """What `torch.save` wrote, if it is tensors and plain values: nothing in the file is executed.

    remedy: what to do about a file that is damaged or holds anything else.

    Raises `error`. torch must be there.
    """
    import warnings

    import torch  # type: ignore[import-not-found,unused-ignore]

    found = checked_path(path, what, error, limit)
    where = f"{what} {short(str(path), 200)}"
    check_packed(found, where, error, limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(found, map_location="cpu", weights_only=True)
    except Exception as e:  # torch raises a dozen kinds, from OSError to its own UnpicklingError
        raise error(
            f"{where}: torch cannot read it as weights only ({type(e).__name__}); it is damaged, or holds more than "
            f"tensors and plain values: {remedy}"
        ) from None


def check_packed(path: Path, where: str, error: type[ScampError] = ScampError, limit: int = MOST_TENSORS) -> None:
    """Raise `error` if a file is a zip archive, as those of PyTorch are, that unpacks to more than `limit` bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
    except DAMAGE:
        return  # no archive: what reads it says so
    if claimed > limit:
        raise error(f"{where}: it claims {_size(claimed)}; at most {_size(limit)} are read")


# --- words ------------------------------------------------------------------------------------------------------


def reason(error: BaseException) -> str:
    """What an exception of a library says, in a line."""
    said = (error.strerror or "") if isinstance(error, OSError) else str(error)
    return short(" ".join(said.split()) or type(error).__name__, 160)


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if count < 1024 or unit == "EiB":
            return f"{count:,} {unit}" if unit == "bytes" or count >= 1000 else f"{count:.3g} {unit}"
        count = count // 1024 if count >= 1 << 70 else count / 1024  # type: ignore[assignment]
    raise AssertionError(count)


__all__ = [
    "DAMAGE",
    "DEEPEST",
    "MOST_ARRAYS",
    "MOST_TENSORS",
    "MOST_TEXT",
    "check_packed",
    "checked_path",
    "claimed",
    "files_read",
    "forget_read",
    "is_folder",
    "is_taken",
    "is_there",
    "note_read",
    "parse_json",
    "read_archive",
    "read_array",
    "read_bytes",
    "read_json",
    "read_standard_input",
    "read_text",
    "read_torch",
    "reason",
    "tracking",
    "utf8",
    "was_read",
]
