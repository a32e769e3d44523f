"""How messages about words quote the text that they came from."""

from __future__ import annotations

from scamp_sim.chip.program import Origin, Word
from scamp_sim.compiler.front.diagnostics import Diagnostic

NOWHERE = Origin("<program>", 1, 1, 1, 1)
"""Stands in for words and calls that were made by hand."""


def statement(origin: Origin | None, fallback: str = "") -> str:
    """The user's own text at `origin`, on one line and without its semicolon."""
    if origin is None:
        return fallback
    stop = origin.end - 1 if origin.end_line == origin.line else len(origin.text)
    text = " ".join(origin.text[origin.column - 1 : stop].split()).rstrip("; ")
    return text or fallback


def says(word: Word) -> str:
    """How a message begins: the user's call, and the word of its expansion if that is another text."""
    call = statement(word.origin, str(word))
    if word.origin is not None and word.origin.macros:
        return f"{call}: its word '{word}'"
    return f"'{call}'"


def expansion(word: Word) -> tuple[str, ...]:
    """A note on macros between the user's call and the word."""
    chain = word.origin.macros if word.origin is not None else ()
    return (f"expanded from {' > '.join(chain)}",) if len(chain) > 1 else ()


def found(word: Word, code: str, message: str, hint: str) -> Diagnostic:
    """A diagnostic about one native word."""
    severity = "error" if code.startswith("S") else "warning"
    origin = word.origin or NOWHERE
    return Diagnostic.at(origin, code, severity, message, hint=hint, notes=expansion(word))
