"""Kernel source text -> Program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import CompileError, Diagnostic

if TYPE_CHECKING:
    from compiler.assembler import assemble

__all__ = ["CompileError", "Diagnostic", "assemble"]


def __getattr__(name: str) -> Any:
    # the parser is loaded when someone assembles, not when someone catches a CompileError
    if name == "assemble":
        from compiler.assembler import assemble

        globals()["assemble"] = assemble
        return assemble
    raise AttributeError(f"module 'compiler' has no attribute '{name}'")
