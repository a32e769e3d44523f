"""C++ programs for the SCAMP-5 SDK, compiled unchanged against our own header and run as a process that talks to a
`Machine`."""

from __future__ import annotations

from scamp_sim.compiler.native.live import LiveProgram
from scamp_sim.compiler.native.session.ending import StoppedError
from scamp_sim.compiler.native.session.records import LiveFrame, LiveRun
from scamp_sim.compiler.native.toolchain.build import NoCompilerError, find_compiler, has_compiler

__all__ = ["LiveFrame", "LiveProgram", "LiveRun", "NoCompilerError", "StoppedError", "find_compiler", "has_compiler"]
