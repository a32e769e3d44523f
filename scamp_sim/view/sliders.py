"""The parameters of a text as sliders: names, values, and the range that the text allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from scamp_sim.chip.program import Program
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.view.records import Slider

MOST_CHOICES = 12
"""Values of a list that the page offers one by one."""


def sliders_of(program: Program, text: str, file: str | Path) -> tuple[Slider, ...]:
    """The parameters of a program that came from a text, in its order."""
    known = declared(text, file)
    return tuple(_slider(name, value, known.get(name)) for name, value in program.params.items())


def declared(text: str, file: str | Path) -> dict[str, syntax.Param]:
    """The parameters that a text declares, by name, as far as it can be read."""
    try:
        tree = parse(syntax.Source(str(file), text), Reporter())
    except (CompileError, RecursionError):
        return {}
    return {i.name: i for i in tree.items if isinstance(i, syntax.Param)} if tree is not None else {}


def _slider(name: str, value: Any, declared: syntax.Param | None) -> Slider:
    shape = _shape(value)
    allowed = None if declared is None else declared.allowed
    if isinstance(allowed, syntax.Range) and allowed.step is None:
        low, high = constant(allowed.start), constant(allowed.stop)
        if low is not None and high is not None and low <= high:
            return Slider(name, value, low, high, shape=shape)
    if isinstance(allowed, syntax.ListOf):
        values = [constant(item) for item in allowed.items]
        if values and None not in values and len(values) <= MOST_CHOICES:
            return Slider(name, value, choices=tuple(values), shape=shape)
    return Slider(name, value, shape=shape)


def constant(node: Any) -> int | None:
    """The value of an expression of numbers, None of any other."""
    match node:
        case syntax.Number():
            return node.value
        case syntax.Unary(operator="-"):
            value = constant(node.operand)
            return None if value is None else -value
        case syntax.Binary(operator="+" | "-" | "*"):
            left, right = constant(node.left), constant(node.right)
            if left is None or right is None:
                return None
            return left + right if node.operator == "+" else left - right if node.operator == "-" else left * right
    return None


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, Sequence) and not isinstance(value, str):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def kept(params: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The settings that a text still has names for, so that a parameter that is taken out is no error."""
    return {name: value for name, value in params.items() if name in names}


__all__ = ["constant", "declared", "kept", "sliders_of"]
