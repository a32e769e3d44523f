"""The worth of expressions that hold nothing but numbers, as #if conditions do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.cursor import Unreadable
from scamp_sim.compiler.sdk.expressions import ExpressionReader
from scamp_sim.compiler.sdk.lexer import Token

Plain = int | float

MOST_BITS = 64


def _divided(a: Plain, b: Plain) -> Plain:
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


def _rest(a: Plain, b: Plain) -> Plain:
    return int(a) - int(b) * int(_divided(int(a), int(b)))


_APPLY: dict[str, Callable[[Plain, Plain], Plain]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _divided, "%": _rest,
    "<<": lambda a, b: int(a) << int(b), ">>": lambda a, b: int(a) >> int(b),
    "&": lambda a, b: int(a) & int(b), "|": lambda a, b: int(a) | int(b), "^": lambda a, b: int(a) ^ int(b),
    "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b), "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b), ">": lambda a, b: int(a > b), ">=": lambda a, b: int(a >= b),
    "&&": lambda a, b: int(bool(a) and bool(b)), "||": lambda a, b: int(bool(a) or bool(b)),
}  # fmt: skip


def apply(sign: str, a: Plain, b: Plain) -> Plain | None:
    """The result of a binary operator of C; None where C has none, or one too large to be meant."""
    if sign in ("<<", ">>") and not 0 <= b <= MOST_BITS:
        return None
    try:
        result = _APPLY[sign](a, b)
        if isinstance(result, int):
            return result if result.bit_length() <= 2 * MOST_BITS else None
        return result if abs(result) < 1e300 else None
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def negated(sign: str, value: Plain) -> Plain:
    """The result of a sign in front of a number."""
    if sign == "-":
        return -value
    if sign == "!":
        return int(not value)
    return ~int(value) if sign == "~" else value


def constant(words: Sequence[Token]) -> Plain | None:
    """The value of an expression of numbers; None if there are names in it, or it cannot be read."""
    if not words:
        return None
    reader = ExpressionReader(words)
    try:
        node = reader.expression()
    except Unreadable:
        return None
    return _value(node) if reader.at >= len(words) else None


def _value(node: tree.Expression) -> Plain | None:
    match node:
        case tree.Number():
            return node.value
        case tree.Name():
            return {"true": 1, "false": 0}.get(node.name)
        case tree.Unary() if node.operator in ("-", "+", "!", "~"):
            value = _value(node.operand)
            return None if value is None else negated(node.operator, value)
        case tree.Binary():
            left, right = _value(node.left), _value(node.right)
            if left is None or right is None:
                return None
            return apply(node.operator, left, right)
        case tree.Ternary():
            condition = _value(node.condition)
            if condition is None:
                return None
            return _value(node.then if condition else node.otherwise)
        case _:
            return None
