"""Calls of a recorded kernel -> instruction words, as the board records them.

The words come from the same table and macros as those of our own language. What the assembler refuses there, such as a
register that a word reads and writes, the board records without a word: here it is recorded too, and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from scamp_sim.chip.isa import NATIVE, Native
from scamp_sim.chip.program import Origin, Word
from scamp_sim.compiler import syntax
from scamp_sim.compiler.check import word_hazards
from scamp_sim.compiler.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.evaluate import Scope
from scamp_sim.compiler.expand import Emitted, Expander
from scamp_sim.compiler.native.header import DIRECTION_BITS
from scamp_sim.compiler.report import Failed, Reporter
from scamp_sim.compiler.resolve import macro_mismatch, native_named, native_operands
from scamp_sim.compiler.values import Dirs, Reg, Value

NOWHERE = Origin("<call>", 1, 1, 1, 1)


@dataclass(frozen=True)
class Recorded:
    """Words of one call, and what is to be said of it."""

    words: tuple[Word, ...]
    said: tuple[Diagnostic, ...]


class _Recorder(Expander):
    """Expands macros without refusing anything that has words."""

    def __init__(self) -> None:
        super().__init__(Reporter())
        self.declared.load(syntax.File(syntax.Source("<calls>", ""), ()))
        self.hazards: list[Diagnostic] = []

    def recorded(self, name: str, args: Sequence[Value]) -> list[Emitted]:
        self.words, self.hazards, self.frames = [], [], []
        self.kernel, self.statement = name, NOWHERE
        self.total = self.calls = 0
        self._origins.clear()
        row = native_named(name)
        if row is not None:
            operands = native_operands(row, list(args))
            if not hasattr(operands, "index"):
                self._emit(row, operands.dst, operands.src)
                return self.words
        for macro in self.declared.macros.get(name, ()):
            if macro_mismatch(macro, list(args)) is None:
                self._expand(macro, list(args), NOWHERE)
                return self.words
        raise Failed

    def _require(self, item: syntax.Require, scope: Scope) -> None:
        try:
            super()._require(item, scope)
        except Failed:
            self._note()

    def _emit(self, row: Native, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        # operands are bits of the word: to name a register twice selects it once
        targets, sources = dict.fromkeys(r.name for r in dst), dict.fromkeys(r.name for r in src)
        word = Word(row.name, tuple(targets), tuple(sources), self._origin())
        self.hazards += [d for d in word_hazards(word) if d.severity == "error"]
        if len(targets) < len(dst) or len(sources) < len(src):
            self.hazards += list(word_hazards(Word(row.name, tuple(r.name for r in dst), tuple(r.name for r in src))))
        self.words.append(Emitted(word, frozenset(), frozenset()))

    def _watch(self, word: Word, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        """Nothing is refused here."""

    def _note(self) -> None:
        self.hazards += [d for d in self.reporter.diagnostics if d.severity == "error"]
        self.reporter = Reporter()


def _recorder() -> _Recorder:
    return _shared()


@lru_cache(maxsize=1)
def _shared() -> _Recorder:
    return _Recorder()


@lru_cache(maxsize=65536)
def call_words(name: str, operands: tuple[str, ...]) -> Recorded:
    """The words of one call as it is told: registers by name, integers, d1..d15 for directions, lists in braces.

    Raises ValueError if no word or macro takes these operands.
    """
    args = _values(operands)
    recorder = _recorder()
    try:
        emitted = recorder.recorded(name, args)
    except (Failed, CompileError):
        recorder._note()
        raise ValueError(f"{name}({', '.join(operands)}) is no instruction") from None
    words = tuple(e.word for e in emitted)
    return Recorded(words, tuple(dict.fromkeys(recorder.hazards)))


def at_place(words: Sequence[Word], place: Origin) -> tuple[Word, ...]:
    """The words as those of one place in the user's text."""
    origins: dict[tuple[str, ...], Origin] = {}
    found = []
    for word in words:
        macros = word.origin.macros if word.origin else ()
        if macros not in origins:
            origins[macros] = replace(place, macros=macros)
        found.append(Word(word.op, word.dst, word.src, origins[macros]))
    return tuple(found)


def _values(operands: Sequence[str]) -> list[Value]:
    found: list[Value] = []
    listed: list[Value] | None = None
    for text in operands:
        if text == "{":
            listed = []
        elif text == "}":
            found.append(tuple(listed or ()))
            listed = None
        else:
            (found if listed is None else listed).append(_value(text))
    return found


def _value(text: str) -> Value:
    if text.lstrip("-").isdecimal():
        return int(text)
    if text[0] == "d" and text[1:].isdecimal():
        bits = int(text[1:])
        return Dirs(tuple(name for name in ("east", "west", "north", "south") if bits & DIRECTION_BITS[name]))
    return Reg(text)


__all__ = ["NATIVE", "Recorded", "at_place", "call_words"]
