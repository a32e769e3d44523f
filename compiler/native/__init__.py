"""C++ programs for the SCAMP-5 SDK, compiled unchanged against our own header and run as a process that talks to a
`Machine`."""

from __future__ import annotations

from scamp_sim.compiler.native.build import NoCompilerError, find_compiler, has_compiler
from scamp_sim.compiler.native.ending import StoppedError
from scamp_sim.compiler.native.live import LiveProgram
from scamp_sim.compiler.native.records import LiveFrame, LiveRun

__all__ = ["LiveFrame", "LiveProgram", "LiveRun", "NoCompilerError", "StoppedError", "find_compiler", "has_compiler"]
