"""What the assembler tells the user: records with a code, a place and a remedy, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scamp_sim.exceptions import ScampError
from scamp_sim.program import Origin


@dataclass(frozen=True)
class Diagnostic:
    """One message. `line`, `column`: where the culprit starts, from 1. `end`: one past its last column, on `end_line`."""

    code: str
    severity: str  # "error" or "warning"
    message: str
    file: str
    line: int
    column: int
    end_line: int
    end: int
    hint: str = ""
    text: str = ""
    """The source line at `line`."""
    notes: tuple[str, ...] = ()
    """Further facts: the expansion a word came from, who holds which register."""

    @classmethod
    def at(cls, origin: Origin, code: str, severity: str, message: str, **more: Any) -> Diagnostic:
        """A diagnostic about a piece of source text."""
        return cls(
            code, severity, message, origin.file, origin.line, origin.column, origin.end_line, origin.end,
            text=origin.text, **more,
        )  # fmt: skip


class CompileError(ScampError):
    """Source text that has no defined meaning on the chip. `diagnostics` holds every message, warnings included."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(f"{d.file}:{d.line}:{d.column}: {d.severity}: {d.message}" for d in diagnostics))
