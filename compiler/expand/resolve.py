"""What a call means: its name, the number of its operands and their kinds choose among words, macros and routines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scamp_sim.chip import isa
from scamp_sim.chip.isa import HostFunction, Native
from scamp_sim.compiler.expand.values import Reg, Value, describe, expected, fits, flat
from scamp_sim.compiler.front.syntax import MacroDecl


@dataclass(frozen=True)
class Mismatch:
    """Why a form does not take the operands.

    `index`: the first operand that does not fit, from 1; 0: their number.
    """

    index: int = 0
    value: Value = 0
    kind: str = "int"

    def __str__(self) -> str:
        return f"expected {expected(self.kind)}, got {describe(self.value)}"


@dataclass(frozen=True)
class Operands:
    """Operands of a native word, sorted into destinations and sources."""

    dst: tuple[Reg, ...]
    src: tuple[Reg, ...]


COUNT = Mismatch()


def native_operands(row: Native, args: Sequence[Value]) -> Operands | Mismatch:
    """The operands of a native word. Lists stand for their elements, or for all destinations and all sources."""
    if row.lists and args and isinstance(args[0], tuple):
        dst, src = flat([args[0]]), flat(list(args[1:]))
        if not dst or (not src and row.src is not None and row.src.least > 0):
            return COUNT
    else:
        operands = flat(list(args))
        least = sum(slot.least for slot in (row.dst, row.src) if slot)
        most = sum(slot.most for slot in (row.dst, row.src) if slot)
        if not least <= len(operands) <= most:
            return COUNT
        split = 0 if row.dst is None else row.dst.most
        dst, src = operands[:split], operands[split:]
    kinds = [row.dst.kind if row.dst else ""] * len(dst) + [row.src.kind if row.src else ""] * len(src)
    registers: list[Reg] = []
    for number, (kind, value) in enumerate(zip(kinds, (*dst, *src), strict=True), 1):
        if not isinstance(value, Reg) or not fits(kind, value):
            return Mismatch(number, value, kind)
        registers.append(value)
    return Operands(tuple(registers[: len(dst)]), tuple(registers[len(dst) :]))


def macro_mismatch(macro: MacroDecl, args: Sequence[Value]) -> Mismatch | None:
    """None if the macro takes these operands."""
    if not macro.required <= len(args) <= len(macro.formals):
        return COUNT
    for number, (formal, value) in enumerate(zip(macro.formals, args, strict=False), 1):
        if not fits(formal.kind, value):
            return Mismatch(number, value, formal.kind)
    return None


def host_mismatch(form: HostFunction, args: Sequence[Value]) -> Mismatch | None:
    """None if the routine takes these operands."""
    for number, (operand, value) in enumerate(zip(form.operands, args, strict=False), 1):
        if not fits(operand.kind, value):
            return Mismatch(number, value, operand.kind)
    return None


def explain(name: str, given: int, tried: Sequence[Mismatch]) -> tuple[str, str]:
    """Code and message for operands that fit no form; `tried` holds what is wrong for each form."""
    near = [m for m in tried if m.index]
    if near:
        worst = max(near, key=lambda m: m.index)  # the form that took the most operands is the one that was meant
        same = [m for m in near if m.index == worst.index]
        kinds = list(dict.fromkeys(expected(m.kind) for m in same))
        message = f"operand {worst.index} of {name}: expected {' or '.join(kinds)}, got {describe(worst.value)}"
        return "S203", message
    return "S202", f"{name} does not take {count(given)}"


def count(operands: int) -> str:
    """A number of operands in words."""
    return "1 operand" if operands == 1 else f"{operands} operands"


def native_named(name: str) -> Native | None:
    return isa.NATIVE.get(isa.MNEMONIC_ALIASES.get(name, name))
