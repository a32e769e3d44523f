"""Whole C++ programs, built by a real compiler and run as a process that talks to a `Machine`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scamp_sim.compiler.native.session.records import LiveRun
from scamp_sim.compiler.native.session.session import Session
from scamp_sim.compiler.native.session.wishes import Wishes
from scamp_sim.compiler.native.toolchain import build as building
from scamp_sim.compiler.native.toolchain.build import Built
from scamp_sim.machine.machine import Machine


@dataclass(frozen=True)
class LiveProgram:
    """A C++ program for the SCAMP-5 SDK, built. `run` carries it out; nothing of it has run before.

    The program runs as a process with the rights of the user: run only what you would compile and run yourself.
    """

    name: str
    built: Built

    @classmethod
    def build(
        cls,
        paths: str | Path | Sequence[str | Path],
        *,
        include: Sequence[str | Path] = (),
        define: Sequence[str] = (),
        standard: str = building.STANDARD,
        compiler: str | None = None,
    ) -> LiveProgram:
        """Compile C++ files. Other C++ files beside the first that hold no main are taken too.

        include: folders of headers, after those beside the sources.
        define: NAME or NAME=VALUE for the preprocessor.
        standard: "c++14", "c++17", "c++20" ...
        compiler: a command, or "zig" for the wheel; by default $CXX, g++, clang++, c++, zig, whichever there is.

        Raises CompileError with the compiler's errors at the user's lines, NoCompilerError, ProgramError.
        """
        files = [paths] if isinstance(paths, (str, Path)) else list(paths)
        built = building.build(files, include=include, define=define, standard=standard, compiler=compiler)
        return cls(Path(files[0]).stem, built)

    def run(
        self,
        machine: Machine,
        images: Iterable[Any] = (),
        *,
        set: Mapping[str, int] | None = None,
        press: Iterable[str] = (),
        frames: int | None = None,
        files: Sequence[str | Path] = (),
        timeout: float = 20.0,
        planes: Sequence[str] = (),
    ) -> LiveRun:
        """Run the program on a machine.

        images: pictures (rows, columns) 0..255, one a frame, from the first one on again when they are used up; a pair
            (name, picture) names it.
        set: label of a slider or switch -> value, from the start.
        press: "label of a button@frame"; frames count from 1.
        frames: how many to run; by default one for each image, or one.
        files: files and folders that the program may read, copied into the folder that it runs in.
        timeout: seconds that the program's own computing may take in one frame.
        planes: registers that every frame keeps as they are at its end.

        Raises StoppedError if the program crashes, hangs, or ends itself; ProgramError for labels that do not exist.
        """
        wishes = Wishes.of(images, set, press, frames, files, timeout, planes)
        return Session(self.name, self.built, machine, wishes).run()


__all__ = ["LiveProgram"]
