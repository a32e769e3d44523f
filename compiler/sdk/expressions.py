"""Tokens -> C++ expressions."""

from __future__ import annotations

from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.cursor import Cursor, Unreadable, shown
from scamp_sim.compiler.sdk.lexer import Token, number

BINDING = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
"""Precedence of the binary operators; all group from the left."""

_WORDED = {"and": "&&", "or": "||", "bitand": "&", "bitor": "|", "xor": "^"}

ASSIGNMENTS = {f"{o}=" for o in ("", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")}

BUILTIN = frozenset(
    ("int", "char", "short", "long", "unsigned", "signed", "float", "double", "bool", "void", "auto", "wchar_t",
     "size_t", "ssize_t", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
     "intptr_t", "uintptr_t", "ptrdiff_t")
)  # fmt: skip
QUALIFIERS = frozenset(
    ("const", "volatile", "static", "constexpr", "consteval", "constinit", "inline", "extern", "register", "mutable",
     "thread_local", "virtual", "explicit", "friend", "typename", "__inline", "__inline__", "__forceinline",
     "__restrict", "restrict", "__volatile__", "__extension__")
)  # fmt: skip
_CASTS = ("static_cast", "reinterpret_cast", "const_cast", "dynamic_cast")

MOST_SKIPPED = 4096
"""Elements that an initialiser may leave out in front of one it names."""

MOST_TERMS = 150
"""Operands of one chain of binary operators."""


class ExpressionReader(Cursor):
    """Walks along tokens. Statements are read by the class derived from it; a lambda needs them."""

    # --- expressions -------------------------------------------------------------------------------------------

    def expression(self) -> tree.Expression:
        """An expression with commas."""
        start = self.at
        first = self.assignment()
        if self.text() != ",":
            return first
        items = [first]
        while self.accept(","):
            items.append(self.assignment())
        return tree.Comma(self.since(start), tuple(items))

    def assignment(self) -> tree.Expression:
        """An expression without commas."""
        start = self.at
        self.deeper()
        left = self.ternary()
        if self.text() in ASSIGNMENTS:
            sign = self.take().text
            value = self.braces() if self.text() == "{" else self.assignment()
            left = tree.Assign(self.since(start), sign[:-1], left, value)
        self.depth -= 1
        return left

    def ternary(self) -> tree.Expression:
        start = self.at
        condition = self.binary()
        if not self.accept("?"):
            return condition
        then = self.expression()
        self.expect(":")
        otherwise = self.assignment()
        return tree.Ternary(self.since(start), condition, then, otherwise)

    def binary(self) -> tree.Expression:
        """A chain of operands and operators, grouped by precedence."""
        operands = [self.unary()]
        operators: list[str] = []
        length = 1

        def reduce() -> None:
            right, left = operands.pop(), operands.pop()
            operands.append(tree.Binary(left.place.to(right.place), operators.pop(), left, right))

        while (sign := _WORDED.get(self.text(), self.text())) in BINDING:
            self.take()
            while operators and BINDING[operators[-1]] >= BINDING[sign]:
                reduce()
            operators.append(sign)
            operands.append(self.unary())
            length += 1
            if length > MOST_TERMS:
                self.give_up(f"an expression of more than {MOST_TERMS} terms")
        while operators:
            reduce()
        return operands[0]

    def unary(self) -> tree.Expression:
        start = self.at
        sign = self.text()
        if sign in ("-", "+", "!", "~", "*", "&", "++", "--", "&&", "not"):
            self.deeper()
            self.take()
            operand = self.unary()
            self.depth -= 1
            return tree.Unary(self.since(start), "!" if sign == "not" else sign, operand)
        if sign == "(" and self._is_cast():
            self.take()
            words = []
            while self.text() != ")":
                words.append(self.take().text)
            self.take()
            self.deeper()
            operand = self.braces() if self.text() == "{" else self.unary()
            self.depth -= 1
            return tree.Cast(self.since(start), " ".join(words), operand)
        if sign == "sizeof":
            self.take()
            if self.text() != "(":
                return tree.Size(self.since(start), self.unary())
            close = self.closing(self.at)
            operand_ = None if self.text(1) in BUILTIN else self._try(self.postfix)
            self.at = min(max(self.at, close + 1), len(self.words))
            return tree.Size(self.since(start), operand_)
        if sign in ("new", "delete", "throw", "co_await"):
            self.take()
            self.accept("[")
            self.accept("]")
            if self.text() in (";", ")"):
                return tree.Name(self.since(start), sign)
            return tree.Call(self.since(start), tree.Name(self.since(start), sign), (self.assignment(),))
        return self.postfix()

    def _try(self, read: object) -> tree.Expression | None:
        start, depth = self.at, self.depth
        try:
            return read()  # type: ignore[operator, no-any-return]
        except Unreadable:
            self.at, self.depth = start, depth
            return None

    def _is_cast(self) -> bool:
        """Whether the bracket that opens here holds a type in front of an operand."""
        close = self.closing(self.at)
        if close >= len(self.words) or close == self.at + 1:
            return False
        inside = self.words[self.at + 1 : close]
        if not all(t.kind == "name" or t.text in ("*", "&", "::", "<", ">") for t in inside):
            return False
        names = [t.text for t in inside if t.kind == "name"]
        if not names:
            return False
        after = self.words[close + 1] if close + 1 < len(self.words) else None
        operand = after is not None and (after.kind in ("name", "number", "char", "text") or after.text in ("(", "{"))
        if any(n in BUILTIN or n in ("const", "struct") for n in names):
            signs = after is not None and after.text in ("-", "+", "~", "!", "*", "&")
            return operand or signs
        if inside[-1].text == "*":
            return operand
        if len(inside) != 1 or after is None:
            return False
        # (name)name is nothing else; (name)(...) may be a call
        return operand if names[0].endswith("_t") else after.kind in ("name", "number") and after.text not in _WORDED

    def postfix(self) -> tree.Expression:
        start = self.at
        found = self.primary()
        while True:
            sign = self.text()
            if sign == "(":
                found = tree.Call(found.place, found, self.arguments())
                found = tree.Call(self.since(start), found.callee, found.args)
            elif sign == "[":
                self.take()
                index = self.expression()
                self.expect("]")
                found = tree.Index(self.since(start), found, index)
            elif sign in (".", "->"):
                self.take()
                self.accept("template")
                name = self.qualified()
                found = tree.Member(self.since(start), found, name)
            elif sign in ("++", "--"):
                self.take()
                found = tree.Unary(self.since(start), f"p{sign}", found)
            elif sign == "<" and isinstance(found, tree.Name):
                values = self._template()
                if values is None:
                    return found
                found = tree.Call(self.since(start), found, self.arguments(), values)
            elif (
                sign == "{" and isinstance(found, tree.Name) and found.name in BUILTIN | {"areg_t", "dreg_t", "news_t"}
            ):
                value = self.braces()
                found = tree.Cast(self.since(start), found.name, value)
            else:
                return found

    def _template(self) -> tuple[tree.Expression, ...] | None:
        """The operands of `name<...>(`; None if this is no such thing."""
        depth, i = 0, self.at
        while i < len(self.words) and i < self.at + 40:
            token = self.words[i]
            if token.text == "<":
                depth += 1
            elif token.text in (">", ">>"):
                depth -= len(token.text)
                if depth <= 0:
                    break
            elif not (token.kind in ("name", "number") or token.text in (",", "::", "*", "-", "+", "&")):
                return None
            i += 1
        if i + 1 >= len(self.words) or self.words[i].text != ">" or self.words[i + 1].text != "(":
            return None
        inside: list[Token | None] = [*self.words[self.at + 1 : i], None]
        self.at = i + 1
        values: list[tree.Expression] = []
        part: list[Token] = []
        for word in inside:
            if word is None or word.text == ",":
                if part:
                    reader = type(self)(part)
                    values.append(reader._try(reader.binary) or tree.Name(part[0].place, part[0].text))
                part = []
            else:
                part.append(word)
        return tuple(values)

    def arguments(self) -> tuple[tree.Expression, ...]:
        """Operands in round brackets."""
        self.expect("(")
        found: list[tree.Expression] = []
        while self.text() != ")":
            found.append(self.braces() if self.text() == "{" else self.argument())
            if self.text() == ")":
                break
            self.expect(",")
        self.take()
        return tuple(found)

    def argument(self) -> tree.Expression:
        """An operand of a call. A type, as in va_arg(list, int), counts as a name."""
        token = self.peek()
        if token.text in BUILTIN and self.text(1) in (",", ")"):
            self.take()
            return tree.Name(token.place, token.text)
        return self.assignment()

    def braces(self) -> tree.Expression:
        """A list in braces."""
        start = self.at
        self.deeper()
        self.expect("{")
        items: list[tree.Expression] = []
        names: list[str] = []
        while self.text() != "}":
            names.append("")
            if self.text() == "." and self.peek(1).kind == "name" and self.text(2) in ("=", "{"):
                names[-1] = self.text(1)
                self.at += 3 if self.text(2) == "=" else 2  # .field = value
            elif self.text() == "[" and self.text(2) == "]" and self.text(3) == "=":
                index = number(self.peek(1).text) if self.peek(1).kind == "number" else None  # [2] = value
                if not isinstance(index, int) or not len(items) <= index <= MOST_SKIPPED:
                    self.give_up("expected elements in ascending order")
                place = self.peek().place
                names += [""] * (index - len(items))
                items += [tree.Number(place, 0)] * (index - len(items))
                self.at += 4
            items.append(self.braces() if self.text() == "{" else self.assignment())
            if not self.accept(","):
                break
        self.expect("}")
        self.depth -= 1
        return tree.List(self.since(start), tuple(items), tuple(names))

    def qualified(self) -> str:
        """A name, or the last part of a qualified one."""
        self.accept("::")
        while True:
            token = self.peek()
            if token.text == "~":
                self.take()
                continue
            if token.kind != "name":
                self.give_up("expected a name")
            self.take()
            if self.text() == "<" and self._is_scope():
                self._skip_angles()
            if self.text() != "::":
                return token.text
            self.take()

    def _is_scope(self) -> bool:
        """Whether `<...>` here is followed by `::`."""
        saved = self.at
        found = self._skip_angles() and self.text() == "::"
        self.at = saved
        return found

    def _skip_angles(self) -> bool:
        """Go behind `<...>`; False, at an unknown place, if it does not end."""
        depth = 0
        for _ in range(200):
            token = self.take()
            if token.text == "<":
                depth += 1
            elif token.text in (">", ">>"):
                depth -= len(token.text)
                if depth <= 0:
                    return True
            elif token.text in ("(", "["):
                self.at -= 1
                self.skip_bracket()
            elif token.kind == "end" or token.text in (";", "{", "}", "&&", "||"):
                return False
        return False

    def primary(self) -> tree.Expression:
        start = self.at
        token = self.peek()
        if token.kind == "number":
            self.take()
            value = number(token.text)
            if value is None:
                raise Unreadable(token, f"'{token.text:.30}' is not a number")
            return tree.Number(token.place, value)
        if token.kind == "char":
            self.take()
            return tree.Number(token.place, _character(token.text))
        if token.kind == "text":
            while self.peek().kind == "text":
                self.take()
            return tree.String(self.since(start), token.text)
        if token.text == "(":
            self.take()
            self.deeper()
            found = self.expression()
            self.depth -= 1
            self.expect(")")
            return found
        if token.text == "[":
            return self.lambda_()
        if token.text == "{":
            return self.braces()
        if token.text in _CASTS and self.text(1) == "<":
            self.take()
            words = []
            begin = self.at
            if not self._skip_angles():
                self.give_up("expected a type")
            words = [t.text for t in self.words[begin + 1 : self.at - 1]]
            (operand,) = self.arguments() or (tree.Number(token.place, 0),)
            return tree.Cast(self.since(start), " ".join(words), operand)
        if token.kind == "name" and token.text in ("unsigned", "signed", "const") and self.peek(1).kind == "name":
            self.take()
            return self.primary()
        if token.kind == "name" or token.text == "::":
            name = self.qualified()
            return tree.Name(self.since(start), name)
        raise Unreadable(token, f"expected an expression, found {shown(token)}")

    def lambda_(self) -> tree.Expression:
        """Overridden where statements can be read."""
        self.give_up("expected an expression")


def _character(text: str) -> int:
    inside = text[text.index("'") + 1 :].removesuffix("'")
    if inside.startswith("\\"):
        known = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11}
        return known.get(inside[1:2], ord(inside[1:2] or "\0"))
    return ord(inside[:1] or "\0")
