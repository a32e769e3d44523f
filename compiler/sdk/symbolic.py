"""Expressions over parameters, as expressions of our language, so that a program keeps them open."""

from __future__ import annotations

from collections.abc import Callable

from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.scope import Cell

Find = Callable[[tree.Expression], Cell | None]
Param = Callable[[Cell], str | None]


def symbolic(node: tree.Expression, find: Find, param: Param) -> syntax.Expression | None:
    """The expression with parameters by name; None if it names none, or holds what our language has not."""
    names: list[str] = []
    found = _expression(node, find, param, names)
    return found if names else None


def _expression(node: tree.Expression, find: Find, param: Param, names: list[str]) -> syntax.Expression | None:
    span = node.place.origin
    match node:
        case tree.Number():
            return syntax.Number(span, node.value) if isinstance(node.value, int) else None
        case tree.Name() | tree.Member():
            cell = find(node)
            if cell is None:
                return None
            if cell.const and isinstance(cell.value, int):
                found: syntax.Expression = syntax.Number(span, abs(cell.value))
                return found if cell.value >= 0 else syntax.Unary(span, "-", found)
            name = param(cell)
            if name is None:
                return None
            names.append(name)
            return syntax.Name(span, name)
        case tree.Unary() if node.operator in ("-", "+", "!", "~"):
            operand = _expression(node.operand, find, param, names)
            return None if operand is None else syntax.Unary(span, node.operator, operand)
        case tree.Binary():
            left = _expression(node.left, find, param, names)
            right = _expression(node.right, find, param, names)
            if left is None or right is None:
                return None
            return syntax.Binary(span, node.operator, left, right)
        case tree.Ternary():
            parts = [_expression(n, find, param, names) for n in (node.condition, node.then, node.otherwise)]
            known = [p for p in parts if p is not None]
            return syntax.Ternary(span, known[0], known[1], known[2]) if len(known) == 3 else None
        case tree.Cast() if node.type in ("int", "int32_t", "long", "int16_t", "short"):
            return _expression(node.operand, find, param, names)
        case _:
            return None
