"""Collecting messages, so that one run of the assembler tells as much as it can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic

MOST = 40
"""After so many errors the rest is noise."""


class Failed(Exception):
    """A statement cannot be finished; its error is reported already."""


class Reporter:
    """The messages of one run, at most one error per place and code: an unrolled loop would repeat itself."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[str, str, int, int, str]] = set()

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.diagnostics)

    def add(self, diagnostic: Diagnostic) -> None:
        about = "" if diagnostic.severity == "error" else diagnostic.message
        key = (diagnostic.code, diagnostic.file, diagnostic.line, diagnostic.column, about)
        if key in self._seen:
            return
        self._seen.add(key)
        self.diagnostics.append(diagnostic)
        if sum(d.severity == "error" for d in self.diagnostics) >= MOST:
            self.stop()

    def error(self, span: Origin, code: str, message: str, hint: str = "", notes: Iterable[str] = ()) -> None:
        self.add(Diagnostic.at(span, code, "error", message, hint=hint, notes=tuple(notes)))

    def fail(self, span: Origin, code: str, message: str, hint: str = "", notes: Iterable[str] = ()) -> NoReturn:
        """Report and give up the statement: raises Failed."""
        self.error(span, code, message, hint, notes)
        raise Failed

    def stop(self) -> NoReturn:
        """Give up: raises CompileError with everything collected, in the order of the text."""
        raise CompileError(self.ordered())

    def ordered(self) -> tuple[Diagnostic, ...]:
        """Everything collected, in the order of the text."""
        return tuple(sorted(self.diagnostics, key=lambda d: (d.file, d.line, d.column)))

    def check(self) -> None:
        """Raises CompileError if there were errors."""
        if self.failed:
            self.stop()
