"""Expressions -> values, while the text is assembled."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import NoReturn

from scamp_sim.chip import isa
from scamp_sim.compiler.expand.context import Context
from scamp_sim.compiler.expand.values import AnyDirs, Dirs, Reg, Scope, Value, describe, show
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Failed

MOST_BITS = 4096
"""Integers have any size, but a slip such as 1 << 999999999 shall not eat the memory."""

LARGEST = f"integers have at most {2 * MOST_BITS:,} bits"

MOST_ITERATIONS = 100_000
"""Rounds of all loops of one text together."""

MOST_ELEMENTS = 200_000
"""Elements of one list, those of its lists included."""


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _truncated,
    "%": lambda a, b: a - b * _truncated(a, b),
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

FUNCTIONS = ("abs", "min", "max", "len", "popcount", "opposite", "port", "gates")


class Evaluator:
    """Values of expressions; gives up through `Context.fail`. `rounds`: of all loops so far."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.rounds = 0
        self._sizes: dict[int, tuple[Value, int]] = {}
        self._direction: syntax.Expression | None = None

    def operand(self, node: syntax.Expression, scope: Scope, direction: bool) -> Value:
        """The value of an operand.

        `direction`: whether it can only be one, which helps with an unknown name.
        """
        self._direction = node if direction else None
        return self.value(node, scope)

    def value(self, node: syntax.Expression, scope: Scope) -> Value:
        """The value of an expression."""
        match node:
            case syntax.Number():
                return node.value
            case syntax.Name():
                return self._name(node, scope)
            case syntax.Index():
                return self._index(node, scope)
            case syntax.Function():
                return self._function(node, scope)
            case syntax.Unary():
                number = self.integer(node.operand, scope)
                return {"-": -number, "+": number, "~": ~number, "!": int(not number)}[node.operator]
            case syntax.Binary():
                return self._binary(node, scope)
            case syntax.Ternary():
                return self.value(node.then if self.integer(node.condition, scope) else node.otherwise, scope)
            case _:
                found = tuple(v for item in node.items for v in self._element(item, scope))
                self._measure(node, found)
                return found

    def _measure(self, node: syntax.ListOf, found: tuple[Value, ...]) -> None:
        """Give up on lists of lists that double and double again."""
        size = len(found)
        for part in found:
            if isinstance(part, tuple):
                size += self._sizes[id(part)][1] if id(part) in self._sizes else len(part)
        if size > MOST_ELEMENTS:
            self.context.stop(
                node.span, "S403", f"a list of more than {MOST_ELEMENTS:,} elements", "make it smaller, or split it"
            )
        if size > len(found):
            self._sizes[id(found)] = (found, size)

    def integer(self, node: syntax.Expression, scope: Scope) -> int:
        return self._integer(self.value(node, scope), node)

    def _integer(self, value: Value, node: syntax.Expression) -> int:
        if not isinstance(value, int):
            self.context.fail(
                node.span,
                "S206",
                f"expected an integer, got {describe(value)}",
                "what is computed during assembly cannot depend on registers",
            )
        return value

    def each(self, node: syntax.Iterable, scope: Scope, hint: str = "lists are unrolled too") -> Iterator[Value]:
        """What a loop runs over; the end of a range is not reached.

        `hint`: what to say if it runs too long.
        """
        if isinstance(node, syntax.Range):
            start, stop = self.integer(node.start, scope), self.integer(node.stop, scope)
            step = 1 if node.step is None else self.integer(node.step, scope)
            if step == 0:
                self.context.fail(node.span, "S206", "a step of 0 never ends", "leave 'step' out to count by one")
            values: Iterator[Value] = iter(range(start, stop, step))
        else:
            value = self.value(node, scope)
            if isinstance(value, int):
                self.context.fail(node.span, "S206", f"cannot loop over {describe(value)}", f"write '0..{value}'")
            values = iter(value if isinstance(value, tuple) else self.split(value))
        for item in values:
            self.rounds += 1
            if self.rounds > MOST_ITERATIONS:
                self.context.stop(
                    node.span,
                    "S403",
                    f"the loops of this source run for more than {MOST_ITERATIONS:,} iterations",
                    hint,
                )
            yield item

    @staticmethod
    def split(value: Reg | Dirs) -> tuple[Value, ...]:
        return (value,) if isinstance(value, Reg) else tuple(Dirs((n,)) for n in value.names)

    def _name(self, node: syntax.Name, scope: Scope) -> Value:
        found = scope.find(node.name)
        if found is not None:
            return found
        canonical = isa.ALIASES.get(node.name, node.name)
        if canonical in isa.ALL_REGISTERS:
            return Reg(canonical, user=not scope.prelude)
        if node.name not in isa.DIRECTIONS:
            self._unknown(node, scope)
        return Dirs((node.name,))

    def _unknown(self, node: syntax.Name, scope: Scope) -> NoReturn:
        if self.context.is_broken(node.name):
            raise Failed
        meaning = self.context.other_meaning(node.name)
        if meaning:
            self.context.fail(node.span, "S204", f"'{node.name}' is {meaning}; it cannot be an operand")
        known = [*isa.ALL_REGISTERS, *isa.ALIASES, *isa.DIRECTIONS, *scope.visible()]
        near = isa.did_you_mean(node.name, known)
        if node is self._direction:
            hint = "directions are north, east, south and west"
        else:
            hint = "registers are A-F, NEWS, R0-R12; declare other names with const, param, areg or dreg"
        hint = "" if near else hint
        self.context.fail(node.span, "S204", f"unknown register or name '{node.name}'{near}", hint)

    def _index(self, node: syntax.Index, scope: Scope) -> Value:
        base = self.value(node.base, scope)
        index = self.integer(node.index, scope)
        if not isinstance(base, tuple):
            self.context.fail(
                node.span, "S206", f"only tables and lists can be indexed, got {describe(base)}", "remove the index"
            )
        if not 0 <= index < len(base):
            name = f"'{node.base.name}' " if isinstance(node.base, syntax.Name) else ""
            last = f"it has {len(base)} elements, 0 to {len(base) - 1}" if base else "it is empty"
            self.context.fail(
                node.index.span, "S207", f"index {index} is out of range: {name}{last}".replace("it ", "")
            )
        return base[index]

    def _element(self, node: syntax.Element, scope: Scope) -> Iterator[Value]:
        if not isinstance(node, syntax.Generator):
            yield self.value(node, scope)
            return
        inner = Scope(scope, scope.prelude)
        for item in self.each(node.iterable, scope):
            inner.names[node.name] = item
            if node.condition is None or self.integer(node.condition, inner):
                yield from self._element(node.item, inner)

    def _binary(self, node: syntax.Binary, scope: Scope) -> Value:
        # operators group from the left: a sum of a thousand terms is walked along, not down
        spine = [node]
        while isinstance(spine[-1].left, syntax.Binary):
            spine.append(spine[-1].left)
        value = self.value(spine[-1].left, scope)
        for part in reversed(spine):
            value = self._apply(part, value, scope)
        return value

    def _apply(self, node: syntax.Binary, a: Value, scope: Scope) -> Value:
        """The value of a binary expression whose left side is known."""
        sign = node.operator
        if sign in ("&&", "||"):  # the right side only where it counts, as in C
            left = self._integer(a, node.left)
            if bool(left) == (sign == "||"):
                return int(bool(left))
            return int(bool(self.integer(node.right, scope)))
        b = self.value(node.right, scope)
        if sign in ("==", "!="):
            return int(_same(a, b) == (sign == "=="))
        if sign == "|" and isinstance(a, Dirs) and isinstance(b, Dirs):
            return Dirs(tuple(dict.fromkeys((*a.names, *b.names))))
        for value, side in ((a, node.left), (b, node.right)):
            if not isinstance(value, int):
                hint = "sums of registers are words: add(y, x0, x1);"
                if isinstance(value, Dirs):
                    hint = "directions join with '|', as in north|east"
                elif isinstance(value, tuple):
                    hint = "name one element, as in t[0]"
                self.context.fail(side.span, "S206", f"'{sign}' needs integers, got {describe(value)}", hint)
        assert isinstance(a, int)
        assert isinstance(b, int)
        if sign in "/%" and b == 0:
            self.context.fail(node.right.span, "S206", "division by zero", "guard it: b != 0 ? a / b : 0")
        if sign in ("<<", ">>") and not 0 <= b <= MOST_BITS:
            self.context.fail(node.right.span, "S206", f"cannot shift by {b}: 0 to {MOST_BITS} bits", LARGEST)
        result = int(_ARITHMETIC[sign](a, b))
        if result.bit_length() > 2 * MOST_BITS:
            self.context.fail(node.span, "S206", f"the result has {result.bit_length()} bits: too large", LARGEST)
        return result

    def _function(self, node: syntax.Function, scope: Scope) -> Value:
        args = [self.value(a, scope) for a in node.args]
        name = node.name
        if name not in FUNCTIONS:
            meaning = self.context.other_meaning(name)
            if meaning:
                self.context.fail(
                    node.span, "S204", f"'{name}' is {meaning}; it has no value", "write it as a statement"
                )
            self.context.fail(
                node.span,
                "S204",
                f"unknown function '{name}'{isa.did_you_mean(name, FUNCTIONS)}",
                f"available functions: {', '.join(FUNCTIONS)}",
            )
        if name in ("min", "max"):
            numbers = [n for a in args for n in (a if isinstance(a, tuple) else (a,))]
            integers = [n for n in numbers if isinstance(n, int)]
            if not integers or len(integers) != len(numbers):
                self.context.fail(
                    node.span, "S206", f"{name} expects integers or a list of integers", f"write {name}(1, 2)"
                )
            return min(integers) if name == "min" else max(integers)
        if len(args) != 1:
            self.context.fail(node.span, "S206", f"{name}: expected 1 operand, got {len(args)}", f"write {name}(x)")
        (arg,) = args
        if name in ("abs", "popcount"):
            if not isinstance(arg, int):
                self.context.fail(
                    node.span, "S206", f"{name}: expected an integer, got {describe(arg)}", f"write {name}(3)"
                )
            if name == "abs":
                return abs(arg)
            if arg < 0:
                self.context.fail(
                    node.span,
                    "S206",
                    f"popcount: expected a number of at least 0, got {arg}",
                    "mask it first, as in popcount(x & 0xff)",
                )
            return arg.bit_count()
        if name == "len":
            if not isinstance(arg, tuple):
                self.context.fail(
                    node.span, "S206", f"len: expected a table or list, got {describe(arg)}", "write len({1, 2})"
                )
            return len(arg)
        return self._of_direction(node, name, arg, user=not scope.prelude)

    def _of_direction(self, node: syntax.Function, name: str, arg: Value, user: bool) -> Value:
        if not isinstance(arg, Dirs) or (name != "gates" and not arg.single):
            wanted = "directions" if name == "gates" else "one direction"
            self.context.fail(
                node.span, "S206", f"{name}: expected {wanted}, got {describe(arg)}", f"write {name}(north)"
            )
        if isinstance(arg, AnyDirs):
            text = f"{name}({show(arg)})"
            if name == "opposite":
                return AnyDirs((text,))
            return Reg(text, scratch="areg") if name == "port" else (Reg(text, scratch="dreg"),)
        rows = [isa.DIRECTIONS[n] for n in arg.names]
        if name == "opposite":
            return Dirs((rows[0].opposite,))
        if name == "port":
            return Reg(rows[0].port, user=user)
        return tuple(Reg(g, user=user) for g in sorted(r.gate for r in rows))


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, Dirs) and isinstance(b, Dirs):
        return set(a.names) == set(b.names)
    return a == b
