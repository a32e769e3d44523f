"""The macros that every text can use: scamp_sim/chip/prelude.scamp, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from scamp_sim.chip import isa
from scamp_sim.chip.program import cell
from scamp_sim.compiler.expand.values import REGISTER_KINDS, AnyDirs, Reg, Value
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.syntax import MacroDecl, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(isa.__file__).with_name("prelude.scamp")


@dataclass(frozen=True)
class MacroInfo:
    """What there is to say about one macro, found by expanding it with stand-ins for its operands.

    `operands`: (name, class, default or "") in order. `words`: words of its expansion with default parameters.
    `clobbers`: registers written that are no operands; FLAG where the macro changes it.
    """

    name: str
    signature: str
    operands: tuple[tuple[str, str, str], ...]
    effect: str
    source: str
    words: int
    expansion: tuple[str, ...]
    clobbers: tuple[str, ...]


@cache
def declarations() -> Mapping[str, tuple[MacroDecl, ...]]:
    """The macros of the prelude by name."""
    reporter = Reporter()
    tree = parse(Source(PATH.name, PATH.read_text(encoding="utf-8"), prelude=True), reporter)
    reporter.check()
    found: dict[str, tuple[MacroDecl, ...]] = {}
    for item in tree.items if tree else ():
        if isinstance(item, MacroDecl):
            found[item.name] = (*found.get(item.name, ()), item)
    return MappingProxyType(found)


@cache
def macros() -> Mapping[str, tuple[MacroInfo, ...]]:
    """The macros by name, one entry for each list of operands."""
    return MappingProxyType({name: tuple(map(info, forms)) for name, forms in declarations().items()})


def info(macro: MacroDecl) -> MacroInfo:
    """Describe one macro by expanding it."""
    from scamp_sim.compiler.expand.expander import Expander

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
    words = [e.word for e in Expander(Reporter()).expansion(macro, args)]
    names = {formal.name for formal in macro.formals}
    written = {r for w in words for r in (*w.dst, *w.row.writes) if r not in names and r != isa.LATCH}
    cells = {"NEWS" if r.startswith("port(") else cell(r) for r in written}
    if any(r.startswith("gates(") for r in cells):
        cells = {r for r in cells if not r.startswith("gates(")}
    order = (*isa.ANALOG, *isa.ANALOG_INPUTS, *isa.DIGITAL, *isa.SPECIAL_BITS)
    *effect, source = macro.doc.split("\n")
    return MacroInfo(
        macro.name, macro.signature, tuple(operands), " ".join(effect), source.removeprefix("source:").strip(),
        len(words), tuple(str(w) for w in words), tuple(sorted(cells, key=order.index)),
    )  # fmt: skip
