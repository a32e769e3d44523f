"""Kernel source text -> Program."""

from __future__ import annotations

if __name__ == "compiler":  # the folder of a checkout, found under its bare name: every class would exist twice
    raise ImportError("this folder is part of scamp_sim; import scamp_sim.compiler", name=__name__)

from typing import TYPE_CHECKING, Any

from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic

if TYPE_CHECKING:
    from scamp_sim.compiler.assembler import assemble

__all__ = ["CompileError", "Diagnostic", "assemble"]


def __getattr__(name: str) -> Any:
    # the parser is loaded when someone assembles, not when someone catches a CompileError
    if name == "assemble":
        from scamp_sim.compiler.assembler import assemble

        globals()["assemble"] = assemble
        return assemble
    raise AttributeError(f"module 'compiler' has no attribute '{name}'")
