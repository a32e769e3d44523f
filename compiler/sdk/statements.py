"""Tokens -> C++ statements. What cannot be read is passed over, up to the end of the statement."""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.chip import isa
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.cursor import Unreadable
from scamp_sim.compiler.sdk.declarations import DeclarationReader
from scamp_sim.compiler.sdk.lexer import Place, Token, mark_edge
from scamp_sim.compiler.sdk.survey import is_operation


def read(words: Sequence[Token]) -> tuple[tree.Statement, ...]:
    """The statements of a text."""
    return Reader(words).top() if words else ()


class Reader(DeclarationReader):
    """Reads statements and kernels."""

    def is_keyword(self, name: str) -> bool:
        return name in _STATEMENTS

    def top(self) -> tuple[tree.Statement, ...]:
        found: list[tree.Statement] = []
        while self.at < len(self.words):
            if self.text() == "}":  # more closed than opened: unknown macros open blocks
                self.take()
                continue
            self.statement(found)
        return tuple(found)

    def lambda_(self) -> tree.Expression:
        start = self.at
        self.skip_bracket()
        formals: tuple[tree.Formal, ...] = ()
        if self.text() == "(":
            formals = self.formals()
        while self.text() not in ("{", ""):
            if self.text() in (";", ")", ",", "}"):
                self.give_up("expected the body of a lambda")
            if self.text() == "(":
                self.skip_bracket()
            else:
                self.take()
        was, self.inside = self.inside, False
        body = self.block()
        self.inside = was
        return tree.Lambda(self.since(start), formals, body)

    # --- statements --------------------------------------------------------------------------------------------

    def statement(self, found: list[tree.Statement]) -> None:
        """Read one statement and add what it makes; on failure, pass over it."""
        start, depth = self.at, self.depth
        try:
            self._statement(found)
        except Unreadable as error:
            self.at, self.depth = start, depth
            found.append(self._pass_over(error))
        if self.at == start:
            self.at += 1

    def _pass_over(self, error: Unreadable) -> tree.Unread:
        start = self.at
        names: dict[str, None] = {}
        while self.at < len(self.words):
            token = self.peek()
            sign = self.text()
            if token.kind == "name":
                if mark_edge(token.text) and self.at > start:
                    break
                names[token.text] = None
            if sign == ";":
                self.at += 1
                break
            if sign == "}":
                break
            if sign in ("(", "[", "{"):
                close = self.closing(self.at)
                if close >= len(self.words):  # left open: it does not swallow the rest of the text
                    self.at += 1
                    continue
                inside = self.words[self.at : close]
                if any(t.kind == "name" and mark_edge(t.text) for t in inside):
                    self.at += 1  # kernels in there are read all the same
                    if sign == "{":
                        break
                    continue
                names.update((t.text, None) for t in inside if t.kind == "name")
                self.at = close + 1
                if sign == "{" and self.text() not in (";", ",", ")"):
                    break
                continue
            self.at += 1
        return tree.Unread(self.since(start), error.reason, tuple(n for n in names if _matters(n)))

    def _statement(self, found: list[tree.Statement]) -> None:
        start, word = self.at, self.text()
        if word == ";":
            self.take()
        elif word == "{":
            found.append(self.block())
        elif word == "[" and self.text(1) == "[":
            self.skip_bracket()
        elif self._mark():
            self.kernel(found)
        elif word in _STATEMENTS:
            getattr(self, _STATEMENTS[word])(found)
        elif self.peek().kind == "name" and self.text(1) == ":" and self.text(2) != ":":
            self.at += 2  # a label, or public:
        elif self.peek().kind == "name" and self.text(1) == "Q_OBJECT":
            self.take()
        elif not self.declaration(found):
            value = self.expression()
            self.finish(value)
            found.append(tree.Evaluate(self.since(start)._replace(stop=value.place.stop), value))

    def finish(self, value: tree.Expression | None = None) -> None:
        """Take the semicolon. Behind a call it may be missing: the call may be a macro that is defined elsewhere."""
        if self.accept(";"):
            return
        token = self.peek()
        lenient = isinstance(value, (tree.Call, tree.Name)) and (
            token.fresh or token.kind == "end" or token.text == "}" or (token.kind == "name" and self.inside)
        )
        if not lenient:
            self.give_up("expected ';'")

    def inner(self) -> tree.Statement:
        """The one statement behind an `if` or a loop."""
        start = self.at
        self.deeper()
        found: list[tree.Statement] = []
        if not self.accept(";"):
            self.statement(found)
        self.depth -= 1
        if len(found) == 1:
            return found[0]
        return tree.Block(self.since(start), tuple(found))

    def block(self) -> tree.Block:
        start = self.at
        self.expect("{")
        self.deeper()
        found: list[tree.Statement] = []
        while self.at < len(self.words) and self.text() != "}":
            self.statement(found)
        self.depth -= 1
        self.accept("}")
        return tree.Block(self.since(start), tuple(found))

    # --- kernels -----------------------------------------------------------------------------------------------

    def _mark(self) -> str:
        """The edge of the kernel mark that stands here, whatever it is qualified with; "" if none does."""
        ahead = 1 if self.text() == "::" else 0
        while self.peek(ahead).kind == "name" and self.text(ahead + 1) in ("::", ".", "->"):
            ahead += 2
        after = self.peek(ahead + 1)
        # a mark in capitals is a macro that a header defines; it may come without brackets
        bare = (after.fresh or after.text == "}" or after.kind == "end") and self.text(ahead).isupper()
        return mark_edge(self.text(ahead)) if bare or after.text in ("(", ";") else ""

    def _take_mark(self) -> tuple[Place, str]:
        start = self.at
        self.accept("::")
        while self.text(1) in ("::", ".", "->"):
            self.at += 2
        name = self.take().text
        if self.text() == "(":
            self.skip_bracket()
        place = self.since(start)
        self.accept(";")
        return place, name

    def kernel(self, found: list[tree.Statement]) -> None:
        """What stands between two marks."""
        edge = self._mark()
        place, name = self._take_mark()
        if edge == "end":
            found.append(tree.StrayEnd(place))
            return
        was, self.inside = self.inside, True
        body: list[tree.Statement] = []
        problem, end = "", place
        while True:
            edge = self._mark()
            if edge == "end":
                end, _ = self._take_mark()
                break
            if edge == "begin":
                problem = "another kernel begins before this one has ended"
                break
            if self.at >= len(self.words) or self.text() == "}":
                problem = "the block ends before this kernel has ended"
                break
            self.statement(body)
            end = self.words[min(self.at, len(self.words)) - 1].place
        self.inside = was
        found.append(tree.Kernel(place, "dynamic" in name.lower(), tuple(body), end, problem))

    # --- control -----------------------------------------------------------------------------------------------

    def if_(self, found: list[tree.Statement]) -> None:
        start = self.take() and self.at - 1
        self.accept("constexpr")
        self.expect("(")
        before: list[tree.Statement] = []
        if self._has_semicolon():
            self.statement(before)
        condition = self.condition(before)
        self.expect(")")
        then = self.inner()
        otherwise = self.inner() if self.accept("else") else None
        made: tree.Statement = tree.If(condition.place, condition, then, otherwise)
        found.append(tree.Block(self.since(start), (*before, made)) if before else made)

    def _has_semicolon(self) -> bool:
        close = self.closing(self.at - 1)
        return any(t.text == ";" and t.kind == "sign" for t in self.words[self.at : close])

    def condition(self, before: list[tree.Statement]) -> tree.Expression:
        """The condition of an `if` or `while`, which may declare a variable."""
        saved = self.at
        made: list[tree.Statement] = []
        try:
            if self.declaration(made, end=")"):
                variable = made[0]
                assert isinstance(variable, tree.Declare)
                before += made
                first = variable.variables[0]
                return tree.Name(first.place, first.name)
        except Unreadable:
            pass
        self.at = saved
        return self.expression()

    def for_(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        self.expect("(")
        if not self._has_semicolon():
            self._each(start, found)
            return
        first: list[tree.Statement] = []
        if not self.accept(";") and not self.declaration(first):
            value = self.expression()
            self.expect(";")
            first.append(tree.Evaluate(value.place, value))
        condition = None if self.text() == ";" else self.expression()
        self.expect(";")
        step = None if self.text() == ")" else self.expression()
        self.expect(")")
        place = self.since(start)
        body = self.inner()
        found.append(tree.For(place, first[0] if first else None, condition, step, body))

    def _each(self, start: int, found: list[tree.Statement]) -> None:
        type_, const, _ = self.type_()
        reference = False
        while self.text() in ("&", "&&", "*", "const"):
            reference = self.take().text == "&" or reference
        token = self.peek()
        parts: tuple[str, ...] = ()
        if token.text == "[":
            parts = tuple(t.text for t in self.words[self.at : self.closing(self.at)] if t.kind == "name")
            self.skip_bracket()
        else:
            self.take()
        self.expect(":")
        values = self.braces() if self.text() == "{" else self.expression()
        self.expect(")")
        place = self.since(start)
        variable = tree.Variable(token.place, token.text, type_, const, False, parts=parts)
        found.append(tree.Each(place, variable, values, self.inner()))

    def while_(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        self.expect("(")
        before: list[tree.Statement] = []
        condition = self.condition(before)
        self.expect(")")
        place = self.since(start)
        loop = tree.While(place, condition, self.inner(), after=False)
        found += [*before, loop]

    def do(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        body = self.inner()
        self.expect("while")
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        self.accept(";")
        found.append(tree.While(self.since(start), condition, body, after=True))

    def switch(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        self.expect("(")
        value = self.expression()
        self.expect(")")
        place = self.since(start)
        found.append(tree.Switch(place, value, self.block().body))

    def case(self, found: list[tree.Statement]) -> None:
        start = self.at
        value = None
        if self.take().text == "case":
            value = self.ternary()
            if self.accept("..."):
                self.ternary()
        self.expect(":")
        found.append(tree.Case(self.since(start), value))

    def jump(self, found: list[tree.Statement]) -> None:
        start = self.at
        kind = self.take().text
        value = None
        if kind == "goto":
            self.take()
        elif kind == "return" and self.text() != ";":
            value = self.braces() if self.text() == "{" else self.expression()
        place = self.since(start)
        self.accept(";")
        if kind != "goto":
            found.append(tree.Jump(place, kind, value))

    def try_(self, found: list[tree.Statement]) -> None:
        self.take()
        found.append(self.block())
        while self.accept("catch"):
            self.skip_bracket()
            self.block()


_STATEMENTS = {
    "if": "if_", "for": "for_", "while": "while_", "do": "do", "switch": "switch", "case": "case", "default": "case",
    "break": "jump", "continue": "jump", "return": "jump", "goto": "jump", "try": "try_", "using": "using",
    "typedef": "typedef", "static_assert": "pass_", "asm": "pass_", "__asm__": "pass_", "namespace": "namespace",
    "extern": "extern", "class": "class_", "struct": "class_", "union": "class_", "enum": "enum",
    "template": "template", "friend": "pass_",
}  # fmt: skip


def _matters(name: str) -> bool:
    return is_operation(name) or name in isa.HOST or name.startswith(("scamp5_", "scamp7_")) or bool(mark_edge(name))
