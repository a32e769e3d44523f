"""C++ compilers: which there is, how it is called, and with what flags."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path

from scamp_sim.exceptions import ProgramError, ScampError

BUILD_SECONDS = 1200.0
"""After this a compiler is taken to hang. Zig builds its C++ library first: two minutes, and ten beside other jobs."""
_FLAGS = (
    "-O1",
    "-g1",
    "-w",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    "-fwrapv",
    "-funsigned-char",  # as the ARM compilers of the board have it
    "-Wno-narrowing",
    "-fno-strict-aliasing",
    "-fno-sanitize=all",
    "-fsanitize=integer-divide-by-zero",
    "-fmax-errors=30",
)
_INSTALL = (
    "running C++ needs a compiler: install g++ or clang++ (Debian, Ubuntu: apt install g++; macOS: xcode-select "
    '--install), set CXX, or: pip install "scamp-sim[cxx]"'
)


class NoCompilerError(ScampError):
    """There is no C++ compiler on this computer."""


@dataclass(frozen=True)
class Compiler:
    """How a compiler is called.

    `version`: what it says of itself, for the cache.
    """

    command: tuple[str, ...]
    version: str

    @property
    def name(self) -> str:
        return "zig c++" if "ziglang" in self.command else Path(self.command[0]).name

    @property
    def is_clang(self) -> bool:
        return "clang" in self.version


def find_compiler(wanted: str | None = None) -> Compiler:
    """The compiler to use: `wanted`, else $CXX, else g++, clang++, c++, else the zig wheel.

    Raises NoCompilerError that says what to install, and ProgramError if the one that was asked for does not run.
    """
    asked = wanted or os.environ.get("CXX", "")
    if asked.strip():
        command = _zig() if asked.strip() == "zig" else tuple(shlex.split(asked))
        version = _version(command) if command else ""
        if not version:
            raise ProgramError(f"the C++ compiler '{asked}' does not run; name another one in CXX, or unset it")
        return Compiler(command, version)
    for name in ("g++", "clang++", "c++"):
        path = shutil.which(name)
        version = _version((path,)) if path else ""
        if path and version:
            return Compiler((path,), version)
    if _zig() and (version := _version(_zig())):
        return Compiler(_zig(), version)
    raise NoCompilerError(_INSTALL)


def has_compiler() -> bool:
    """Whether programs can be built here."""
    try:
        find_compiler()
    except ScampError:
        return False
    return True


def _zig() -> tuple[str, ...]:
    return (sys.executable, "-m", "ziglang", "c++") if util.find_spec("ziglang") else ()


@cache
def _version(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""


def flags_of(compiler: Compiler, standard: str) -> list[str]:
    """The flags of every compilation."""
    flags = [f for f in _FLAGS if f != "-fmax-errors=30" or not compiler.is_clang]
    if compiler.is_clang:
        flags = [f for f in flags if f != "-fno-sanitize=all"]
        flags = ["-fno-sanitize=undefined", *flags, "-ferror-limit=30", "-fno-caret-diagnostics"]
    return [f"-std={standard}", *flags]


def call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a compiler, its messages in English. Raises ScampError if it hangs or cannot be started."""
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C"}
    try:
        return subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=BUILD_SECONDS,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ScampError(f"the compiler took more than {BUILD_SECONDS:.0f} s; give it a smaller program") from None
    except OSError as error:
        raise ScampError(
            f"the compiler cannot be started: {error.strerror or error}; set CXX to another one"
        ) from error


__all__ = ["Compiler", "NoCompilerError", "call", "find_compiler", "flags_of", "has_compiler"]
