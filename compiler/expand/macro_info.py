"""What there is to say about the macros that every text can use, found by expanding each with stand-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from scamp_sim.chip import isa
from scamp_sim.chip.program import Word, cell
from scamp_sim.compiler.expand.context import Context
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.evaluate import Evaluator
from scamp_sim.compiler.expand.prelude import declarations
from scamp_sim.compiler.expand.values import REGISTER_KINDS, AnyDirs, Reg, Value
from scamp_sim.compiler.expand.words import Words
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.syntax import MacroDecl


@dataclass(frozen=True)
class MacroInfo:
    """What there is to say about one macro, found by expanding it with stand-ins for its operands.

    `operands`: (name, class, default or "") in order.
    `words`: words of its expansion with default parameters.
    `clobbers`: registers written that are no operands; FLAG where the macro changes it.
    `requires`: what it says of operands that it does not take.
    """

    name: str
    signature: str
    operands: tuple[tuple[str, str, str], ...]
    effect: str
    source: str
    words: int
    expansion: tuple[str, ...]
    clobbers: tuple[str, ...]
    requires: tuple[str, ...] = ()


@cache
def macros() -> Mapping[str, tuple[MacroInfo, ...]]:
    """The macros by name, one entry for each list of operands."""
    return MappingProxyType({name: tuple(map(info, forms)) for name, forms in declarations().items()})


def info(macro: MacroDecl) -> MacroInfo:
    """Describe one macro by expanding it."""
    args: list[Value] = []
    operands = []
    for formal in macro.formals:
        number = formal.default.value if isinstance(formal.default, syntax.Number) else None
        operands.append((formal.name, formal.kind, "" if number is None else str(number)))
        if formal.kind in REGISTER_KINDS:
            args.append(Reg(formal.name, scratch=formal.kind))
        elif formal.kind in ("dir", "dirs"):
            args.append(AnyDirs((formal.name,)))
        elif number is not None:
            args.append(number)
        else:
            raise ValueError(f"macro {macro.name}: no stand-in for operand {formal.name}, {formal.kind}")
    words = expansion(macro, args)
    names = {formal.name for formal in macro.formals}
    written = {r for w in words for r in (*w.dst, *w.row.writes) if r not in names and r != isa.LATCH}
    cells = {"NEWS" if r.startswith("port(") else cell(r) for r in written}
    if any(r.startswith("gates(") for r in cells):
        cells = {r for r in cells if not r.startswith("gates(")}
    order = (*isa.ANALOG, *isa.ANALOG_INPUTS, *isa.DIGITAL, *isa.SPECIAL_BITS)
    *effect, source = macro.doc.split("\n")
    return MacroInfo(
        macro.name,
        macro.signature,
        tuple(operands),
        " ".join(effect),
        source.removeprefix("source:").strip(),
        len(words),
        tuple(str(w) for w in words),
        tuple(sorted(cells, key=order.index)),
        tuple(item.message for item in macro.body if isinstance(item, syntax.Require)),
    )


def expansion(macro: MacroDecl, args: Sequence[Value]) -> list[Word]:
    """The words of one call of a macro by itself. Raises CompileError if it does not take these operands."""
    context = Context(Reporter())
    evaluate = Evaluator(context)
    words = Words(context, evaluate, Declarations(context, evaluate, {}))
    return [emitted.word for emitted in words.macro_alone(macro, args)]
