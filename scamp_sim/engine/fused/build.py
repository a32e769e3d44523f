"""Text -> machine code, through llvmlite, which numba brings along; and a folder of what was made before.

Object code is filed under a digest of the text, the version of LLVM, and the processor. The folder is the user's own,
because what lies there is run. Files are written whole, under another name first; a damaged one is made again.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from scamp_sim.user_cache import user_cache

_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)  # gives the interpreter's lock away meanwhile
_LEVEL = 2
"""Of code generation; 0 takes half the time and runs at half the speed, 3 is no different."""

_CHECK = hashlib.sha256().digest_size
"""Bytes before the contents of a file, by which damage is found: what is linked is run."""

Code = Callable[[int, int], None]
T = TypeVar("T")


def _llvm() -> tuple[Any, Any, Any, str]:
    """(llvmlite's binding, target machine, JIT, what identifies them); one for all threads."""
    with _starting:
        return _start()


_starting = threading.Lock()


@cache
def _start() -> tuple[Any, Any, Any, str]:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten()
    cpu = binding.get_host_cpu_name()
    target = binding.Target.from_default_triple()
    machine = target.create_target_machine(cpu=cpu, features=features, opt=_LEVEL, reloc="pic", codemodel="small")
    jit = binding.create_lljit_compiler(machine)
    named = f"{'.'.join(map(str, binding.llvm_version_info))} {target.triple} {cpu} {features} {_LEVEL}"
    return binding, machine, jit, named


MOST = 1000
"""Pieces of code, and plans, that are kept at hand. Each takes mappings of memory; a process has some 65,000."""
_loaded: dict[str, Code] = {}
"""Digest -> code, which stays in memory as long as anybody holds it. Machines share it."""


def identity() -> str:
    """What, beside its text, machine code depends on: LLVM, its settings, and the processor."""
    return _llvm()[3]


def has(feature: str) -> bool:
    """Whether code is made for a processor with that feature, as LLVM names it."""
    return f"+{feature}" in identity().replace(" ", ",").split(",")


def ending() -> bool:
    """Whether the program that all this is for has ended: then nobody waits for code any more."""
    return not threading.main_thread().is_alive()


def digest(text: str) -> str:
    """What identifies the machine code of a text on this computer."""
    return hashlib.sha256(f"{identity()}\n{text}".encode()).hexdigest()[:32]


def folder() -> Path | None:
    """The folder of object code in the user's own cache; None if nothing can be kept."""
    base = user_cache()
    return None if base is None else base / "fused"


def load(name: str) -> Code | None:
    """The code of that digest if it has been made before, here or by another process."""
    code = _loaded.get(name)
    if code is not None:
        return code
    image = filed(f"{name}.o")
    return None if image is None else _link(name, image)


def compile_text(name: str, text: str) -> Code:
    """Make the code of a text whose digest is `name`, and file it."""
    code = _loaded.get(name)
    if code is not None:
        return code
    binding, machine, _, _ = _llvm()
    module = binding.parse_assembly(text)
    image = machine.emit_object(module)
    code = _link(name, image)
    file(f"{name}.o", image)
    return code


def _link(name: str, image: bytes) -> Code:
    binding, _, jit, _ = _llvm()
    _link.number = number = getattr(_link, "number", 0) + 1  # type: ignore[attr-defined]
    library = binding.JITLibraryBuilder().add_object_img(image).export_symbol("run").link(jit, f"{name}.{number}")
    code: Code = _RUN(library["run"])
    code.library = library  # type: ignore[attr-defined]  # which frees the code when it goes
    remember(_loaded, name, code)
    return code


def remember(kept: dict[str, T], name: str, value: T) -> None:
    """Keep a value at hand, and no more than `MOST`: the oldest goes."""
    kept[name] = value
    with suppress(StopIteration, RuntimeError):  # another thread takes it, or adds one: it will come by here too
        while len(kept) > MOST:
            kept.pop(next(iter(kept)), None)


def filed(name: str) -> bytes | None:
    """The contents of a file of the folder; None if it is not there, damaged, or another user's."""
    where = folder()
    if where is None:
        return None
    try:
        if hasattr(os, "getuid") and (where / name).stat().st_uid != os.getuid():
            return None
        found = (where / name).read_bytes()
    except OSError:
        return None
    contents = found[_CHECK:]
    return contents if found[:_CHECK] == hashlib.sha256(contents).digest() else None


def file(name: str, contents: bytes) -> None:
    """Write a file into the folder whole, or not at all; a folder that cannot be written is no reason to stop."""
    where = folder()
    if where is None:
        return
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, part = tempfile.mkstemp(dir=where, prefix=f"{name}.")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(hashlib.sha256(contents).digest() + contents)
        os.replace(part, where / name)
    except OSError:
        with suppress(OSError):
            os.unlink(part)
