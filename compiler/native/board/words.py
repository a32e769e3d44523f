"""Calls of a recorded kernel -> instruction words, as the board records them.

The words come from the same table and macros as those of our own language. What the assembler refuses there, such as a
register that a word reads and writes, the board records without a word: here it is recorded too, and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from scamp_sim.chip.program import Origin, Word
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.context import Context
from scamp_sim.compiler.expand.evaluate import Evaluator
from scamp_sim.compiler.expand.hazards import word_hazards
from scamp_sim.compiler.expand.resolve import Operands, macro_mismatch, native_named, native_operands
from scamp_sim.compiler.expand.values import Dirs, Reg, Scope, Value
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.native.toolchain.header import DIRECTION_BITS

NOWHERE = Origin("<call>", 1, 1, 1, 1)


@dataclass(frozen=True)
class Recorded:
    """Words of one call, and what the chip has no defined result for among them."""

    words: tuple[Word, ...]
    said: tuple[str, ...]


class _Recorder:
    """Expands the macros of the prelude without refusing anything that has words."""

    def __init__(self) -> None:
        self.evaluate = Evaluator(Context(Reporter()))
        self.words: list[Word] = []
        self.said: dict[str, None] = {}

    def call(self, name: str, args: list[Value], chain: tuple[str, ...]) -> None:
        """One word or macro. Raises ValueError if none takes the operands."""
        row = native_named(name)
        operands = native_operands(row, args) if row is not None else None
        if row is not None and isinstance(operands, Operands):
            self._emit(row.name, operands, chain)
            return
        for macro in prelude.declarations().get(name, ()):
            if macro_mismatch(macro, args) is None:
                self._expand(macro, args, (*chain, name))
                return
        raise ValueError(name)

    def _emit(self, op: str, operands: Operands, chain: tuple[str, ...]) -> None:
        dst, src = (tuple(r.name for r in side) for side in (operands.dst, operands.src))
        # operands are bits of the word: to name a register twice selects it once
        word = Word(op, tuple(dict.fromkeys(dst)), tuple(dict.fromkeys(src)), replace(NOWHERE, macros=chain))
        for hazard in (*word_hazards(Word(op, dst, src)), *word_hazards(word)):
            if hazard.severity == "error":
                self.said[hazard.message] = None
        self.words.append(word)

    def _expand(self, macro: syntax.MacroDecl, args: Sequence[Value], chain: tuple[str, ...]) -> None:
        scope = Scope(None, True)
        for number, formal in enumerate(macro.formals):
            assert number < len(args) or formal.default is not None
            given = args[number] if number < len(args) else self.evaluate.value(formal.default, scope)  # type: ignore[arg-type]
            scope.names[formal.name] = given
        self._block(macro.body, scope, chain)

    def _block(self, items: Sequence[syntax.Item], scope: Scope, chain: tuple[str, ...]) -> None:
        for item in items:
            match item:
                case syntax.Call():
                    self.call(item.name, [self.evaluate.value(a, scope) for a in item.args], chain)
                case syntax.For():
                    for value in self.evaluate.each(item.iterable, scope, "the board records at most 1024 words"):
                        inner = Scope(scope, True)
                        inner.names[item.name] = value
                        self._block(item.body, inner, chain)
                case syntax.If():
                    taken = item.then if self.evaluate.integer(item.condition, scope) else item.otherwise
                    self._block(taken, scope, chain)
                case syntax.Require():
                    if not self.evaluate.integer(item.condition, scope):
                        self.said[item.message] = None
                case _:
                    raise TypeError(f"the prelude holds {type(item).__name__}, which no kernel of the board can")


@lru_cache(maxsize=65536)
def call_words(name: str, operands: tuple[str, ...]) -> Recorded:
    """The words of one call as it is told: registers by name, integers, d1..d15 for directions, lists in braces.

    Raises ValueError if no word or macro takes these operands.
    """
    recorder = _Recorder()
    try:
        recorder.call(name, _values(operands), ())
    except ValueError:
        raise ValueError(f"{name}({', '.join(operands)}) is not an instruction") from None
    return Recorded(tuple(recorder.words), tuple(recorder.said))


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


__all__ = ["Recorded", "at_place", "call_words"]
