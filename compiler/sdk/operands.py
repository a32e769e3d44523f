"""Operands of words, macros and host functions: what they should be, and what stands for unknown ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk.scope import Recording, Unknown

_ANALOG = ("areg", "asrc", "acell")
_DIGITAL = ("dreg", "dsrc")
_POOLS = {"areg": isa.ANALOG[:6], "dreg": (*(f"R{i}" for i in range(5, 12)), "R1", "R2", "R3", "R4")}


def number(value: int, span: Origin) -> syntax.Expression:
    """An integer as an expression of our language."""
    found = syntax.Number(span, abs(value))
    return syntax.Unary(span, "-", found) if value < 0 else found


def wanted_kinds(name: str, position: int, count: int) -> tuple[str, ...]:
    """The operand classes that a word, macro or host function takes at a position."""
    found: dict[str, None] = {}
    row = native_named(name)
    if row is not None:
        slot = row.dst if row.dst is not None and position < row.dst.most else row.src
        if slot is not None:
            found[slot.kind] = None
    for macro in prelude.declarations().get(name, ()):
        if macro.required <= count <= len(macro.formals) and position < len(macro.formals):
            found[macro.formals[position].kind] = None
    for form in isa.HOST.get(name, ()):
        if position < len(form.operands):
            found[form.operands[position].kind] = None
    return tuple(found)


def register_kind(value: Unknown, wanted: Sequence[str]) -> str:
    """Whether an unknown operand stands for a register, and of which kind: areg, dreg or ""."""
    analog = any(k in _ANALOG or k == "plane" for k in wanted)
    digital = any(k in _DIGITAL or k == "plane" for k in wanted)
    if value.kind in ("areg", "dreg"):
        return value.kind
    if value.kind in ("int", "float", "dir"):
        return ""
    return "areg" if analog else "dreg" if digital else ""


def settle(recording: Recording) -> None:
    """Choose registers for the names that stand for unknown ones, none that the kernel uses otherwise."""
    used = {isa.ALIASES.get(n, n) for call in recording.calls for n in syntax.names_used(call.args)}
    chosen: dict[str, str] = {}
    for name, (kind, place) in recording.unknown.items():
        free = [r for r in _POOLS[kind] if r not in used]
        if not free:
            message = f"no {'analog' if kind == 'areg' else 'digital'} register is left to stand for '{name}'"
            recording.errors.append(
                Diagnostic.at(place.origin, "S605", "error", message, hint="give the variable a value in the text")
            )
            return
        chosen[f"?{name}"] = free[0]
        used.add(free[0])
        recording.placeholders[name] = free[0]
        message = f"'{name}' is not known in this text: register {free[0]} stands for it"
        hint = "its declaration, in the text or in a file beside it, settles it"
        recording.warn(Diagnostic.at(place.origin, "W601", "warning", message, hint=hint))
    if chosen:
        recording.calls = [replace(c, args=tuple(_filled_in(a, chosen) for a in c.args)) for c in recording.calls]


def _filled_in(node: syntax.Expression, chosen: dict[str, str]) -> syntax.Expression:
    if isinstance(node, syntax.Name):
        return replace(node, name=chosen.get(node.name, node.name))
    if isinstance(node, syntax.ListOf):
        return replace(node, items=tuple(_filled_in(i, chosen) for i in node.items))  # type: ignore[arg-type]
    return node
