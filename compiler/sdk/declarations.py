"""Tokens -> C++ declarations: variables, functions, types."""

from __future__ import annotations

from abc import abstractmethod

from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.cursor import Unreadable
from scamp_sim.compiler.sdk.expressions import BUILTIN, QUALIFIERS, ExpressionReader
from scamp_sim.compiler.sdk.lexer import Token
from scamp_sim.compiler.sdk.survey import is_operation

_NO_DECLARATION = frozenset(
    ("return", "else", "new", "delete", "throw", "goto", "sizeof", "operator", "case", "default", "break", "continue")
)


class DeclarationReader(ExpressionReader):
    """Reads declarations; blocks and statements are read by the class derived from it.

    `inside` tells whether a kernel mark is open.
    """

    inside = False

    @abstractmethod
    def statement(self, found: list[tree.Statement]) -> None:
        """Read one statement and add what it makes."""

    @abstractmethod
    def block(self) -> tree.Block:
        """Read statements in braces."""

    @abstractmethod
    def is_keyword(self, name: str) -> bool:
        """Whether a name begins a statement of its own kind."""

    def using(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        if self.peek().kind == "name" and self.text(1) == "=":
            name = self.take().text
            self.take()
            words = []
            while self.text() not in (";", "") or self.peek().kind == "number":
                words.append(self.take().text)
            found.append(tree.TypeName(self.since(start), name, words[-1] if words else ""))
        self._to_semicolon()

    def typedef(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        if self.text() in ("struct", "class", "enum", "union"):
            if self.text() == "enum":
                self.enum(found)
            else:
                self.class_(found, alias=True)
            return
        words = []
        while self.text() != ";" and self.at < len(self.words):
            words.append(self.take().text)
        self.accept(";")
        if len(words) >= 2:
            found.append(tree.TypeName(self.since(start), words[-1], words[-2]))

    def _to_semicolon(self) -> None:
        while self.at < len(self.words) and self.text() != ";":
            if self.text() in ("(", "[", "{"):
                self.skip_bracket()
            elif self.text() == "}":
                return
            else:
                self.take()
        self.accept(";")

    def pass_(self, found: list[tree.Statement]) -> None:
        self.take()
        self._to_semicolon()

    def namespace(self, found: list[tree.Statement]) -> None:
        start = self.at
        self.take()
        while self.peek().kind == "name" or self.text() == "::":
            self.take()
        if self.text() != "{":
            self._to_semicolon()
            return
        found.append(tree.Group(self.since(start), self.block().body))

    def extern(self, found: list[tree.Statement]) -> None:
        if self.peek(1).kind == "text":
            self.at += 2
            if self.text() == "{":
                found.append(tree.Group(self.peek().place, self.block().body))
            return
        if not self.declaration(found):
            self.give_up("expected a declaration")

    def class_(self, found: list[tree.Statement], alias: bool = False) -> None:
        """A class with its members, or a variable of one. `alias`: what is named behind it is a type."""
        saved = self.at
        self.take()
        name = ""
        while self.peek().kind == "name" and self.text(1) not in (";", "=", ","):
            name = self.take().text if self.text() != "final" else self.take() and name
            if self.text() == "(":  # __attribute__((packed))
                self.skip_bracket()
                name = ""
            if self.text() == "<" and not self._skip_angles():
                self.give_up("expected '>'")
        if self.text() == ":":
            while self.text() not in ("{", ";", ""):
                self.take()
        if self.text() != "{":
            self.at = saved
            if not self.declaration(found):
                self._to_semicolon()
            return
        place = self.peek().place
        name = name or f"struct {place.start}"
        found.append(tree.Group(place, self.block().body, True, name))
        variables: list[tree.Variable] = []
        while self.peek().kind == "name" and not alias:
            token = self.take()
            variables.append(self._variable(token.text, token, name, False, False, False))
            if not self.accept(","):
                break
        if alias and self.peek().kind == "name":
            found.append(tree.TypeName(self.peek().place, self.take().text, name))
        if variables:
            found.append(tree.Declare(place, tuple(variables)))
        self._to_semicolon()

    def enum(self, found: list[tree.Statement]) -> None:
        start = self.at
        saved = self.at
        self.take()
        while self.text() not in ("{", ";", "=", ""):
            self.take()
        if self.text() != "{":
            self.at = saved
            if not self.declaration(found):
                self._to_semicolon()
            return
        self.take()
        items: list[tuple[str, tree.Expression | None]] = []
        while self.text() != "}" and self.at < len(self.words):
            if self.peek().kind != "name":
                self.give_up("expected a name")
            name = self.take().text
            items.append((name, self.assignment() if self.accept("=") else None))
            if not self.accept(","):
                break
        self.expect("}")
        place = self.since(start)
        self._to_semicolon()
        found.append(tree.Enum(place, tuple(items)))

    def template(self, found: list[tree.Statement]) -> None:
        self.take()
        begin = self.at + 1
        if self.text() != "<" or not self._skip_angles():
            self.give_up("expected '<'")
        names: list[str] = []
        previous = ""
        for token in self.words[begin : self.at]:
            if token.text in (",", ">", "=") and previous:
                names.append(previous)
            previous = "" if token.text in (",", "=") else token.text if token.kind == "name" else previous
        made: list[tree.Statement] = []
        self.statement(made)
        for item in made:
            if isinstance(item, tree.Function):
                item = tree.Function(item.place, item.name, item.formals, item.body, tuple(names), item.members)
            found.append(item)

    def type_(self) -> tuple[str, bool, bool]:
        """A type: its name, and whether it is constant and static. Raises Unreadable."""
        const = static = False
        words: list[str] = []
        while True:
            token = self.peek()
            if token.kind != "name":
                if token.text == "::" and not words:
                    self.take()
                    continue
                break
            if token.text in QUALIFIERS or token.text in ("struct", "class", "enum", "union"):
                const = const or token.text in ("const", "constexpr", "constinit")
                static = static or token.text == "static"
                self.take()
            elif token.text in BUILTIN:
                words.append(self.take().text)
            elif token.text in ("__attribute__", "alignas", "__declspec", "decltype", "noexcept"):
                self.take()
                if self.text() == "(":
                    self.skip_bracket()
                if token.text == "decltype":
                    words.append("auto")
            elif not words:
                words.append(self._named_type())
            else:
                break
        return " ".join(words), const, static

    def _named_type(self) -> str:
        while True:
            name = self.take().text
            if self.text() == "<" and not self._skip_angles():
                self.give_up("expected a type")
            if self.text() != "::" or self.peek(1).kind != "name":
                return name
            self.take()

    def declaration(self, found: list[tree.Statement], end: str = ";") -> bool:
        """Read a declaration or a function; False, with nothing taken, if this is none."""
        start = self.at
        if self.peek().kind != "name" and self.text() not in ("::", "~"):
            return False
        if self.text() in _NO_DECLARATION:
            return False
        ahead = 0
        while self.text(ahead) in QUALIFIERS:
            ahead += 1
        if ahead and self.text(ahead) in ("struct", "class", "union", "enum") and self._has_body(ahead + 1):
            self.at += ahead
            (self.enum if self.text() == "enum" else self.class_)(found)
            return True
        if self._special_member(found):
            return True
        try:
            type_, const, static = self.type_()
        except Unreadable:
            self.at = start
            return False
        if not type_:
            self.at = start
            return False
        unknown_type = type_ not in BUILTIN and self.at == start + 1
        variables: list[tree.Variable] = []
        while True:
            reference = False
            while self.text() in ("*", "&", "&&", "const", "volatile", "__restrict"):
                reference = self.take().text == "&" or reference
            token = self.peek()
            if token.kind != "name" or (unknown_type and self._is_call_behind_macro()):
                self.at = start
                return False
            if token.text == "operator":
                return self._operator(found)
            name_at = self.at
            name = self.qualified()
            after = self.text()
            if not variables and after == "(" and self._function(name, start, name_at, found):
                return True
            if after not in ("=", "(", "{", "[", ",", ":", end):
                self.at = start
                return False
            variables.append(self._variable(name, token, type_, const, static, reference))
            if not self.accept(","):
                break
        place = self.since(start)
        if end == ";":
            # behind a bracket the semicolon may be missing
            if not self.accept(";") and self.text() != "}" and not self.peek().fresh:
                self.give_up("expected ';'")
        elif self.text() != end:
            self.at = start
            return False
        found.append(tree.Declare(place, tuple(variables)))
        return True

    def _has_body(self, ahead: int) -> bool:
        """Whether braces follow the name of a class."""
        while self.peek(ahead).kind == "name":
            ahead += 1
        return self.text(ahead) in ("{", ":")

    def _is_call_behind_macro(self) -> bool:
        """Whether a call of an instruction stands here: what is in front of it is no type, but an unknown macro."""
        return self.inside and self.text(1) == "(" and is_operation(self.text())

    def _variable(
        self, name: str, token: Token, type_: str, const: bool, static: bool, reference: bool
    ) -> tree.Variable:
        dims: list[tree.Expression | None] = []
        while self.text() == "[":
            self.take()
            dims.append(None if self.text() == "]" else self.expression())
            self.expect("]")
        value: tree.Expression | None = None
        direct: tuple[tree.Expression, ...] | None = None
        if self.accept("="):
            value = self.braces() if self.text() == "{" else self.assignment()
        elif self.text() == "(":
            direct = self.arguments()
        elif self.text() == "{":
            value = self.braces()
        elif self.accept(":"):  # a bit field
            self.ternary()
        return tree.Variable(token.place, name, type_, const, static, tuple(dims), value, direct, reference)

    def _special_member(self, found: list[tree.Statement]) -> bool:
        """A constructor or destructor with a body."""
        start = self.at
        ahead = 1 if self.text() == "~" else 0
        while self.peek(ahead).kind == "name" and self.text(ahead + 1) == "::":
            ahead += 3 if self.text(ahead + 2) == "~" else 2
        if self.peek(ahead).kind != "name" or self.text(ahead + 1) != "(" or (self.inside and ahead == 0):
            return False
        name = self.peek(ahead).text
        close = self.closing(self.at + ahead + 1)
        after = self.words[close + 1].text if close + 1 < len(self.words) else ""
        if after not in ("{", ":") or self.is_keyword(name):
            return False
        if after == ":" and (self.depth == 0 or self.words[close + 2].text in (":", "")):
            return False
        self.at += ahead
        name_at = self.at
        self.take()
        if self._function(name, start, name_at, found):
            return True
        self.at = start
        return False

    def _operator(self, found: list[tree.Statement]) -> bool:
        start = self.at
        self.take()
        while self.text() != "(" and self.at < len(self.words):
            self.take()
        if self.text(1) == ")" and self.text(2) == "(":
            self.at += 2
        if not self._function("operator", start, start, found):
            self._to_semicolon()
        return True

    def _function(self, name: str, start: int, name_at: int, found: list[tree.Statement]) -> bool:
        """A function with its body, or a prototype; False if the bracket here initialises a variable."""
        close = self.closing(self.at)
        i = close + 1
        while i < len(self.words):
            token = self.words[i]
            if token.text in ("const", "override", "final", "volatile", "mutable", "&", "&&", "noexcept", "->", "::"):
                i += 1
            elif token.text == "(" and self.words[i - 1].text in ("noexcept", "__attribute__"):
                i = self.closing(i) + 1
            elif token.kind == "name" and (self.words[i - 1].text in ("->", "::") or token.text == "__attribute__"):
                i += 1
            else:
                break
        after = self.words[i].text if i < len(self.words) else ""
        members: list[tuple[str, tuple[tree.Expression, ...]]] = []
        formals = self.formals() if after in ("{", ":") else ()
        if after == ":":
            self.at = i
            while self.accept(":") or self.accept(","):
                member = self.qualified()
                if self.text() == "{":
                    value = self.braces()
                    members.append((member, value.items if isinstance(value, tree.List) else ()))
                else:
                    members.append((member, self.arguments()))
            i, after = self.at, self.text()
        if after == "{":
            self.at = i
            was, self.inside = self.inside, False
            body = self.block()
            self.inside = was
            place = self.words[name_at].place
            found.append(tree.Function(place, name, formals, body, (), tuple(members)))
            return True
        if after in (";", ",", "=", "") and self._is_prototype(close):
            self.at = i
            self._to_semicolon()
            return True
        return False

    def _is_prototype(self, close: int) -> bool:
        """Whether the bracket here holds parameters, and not the value of a variable."""
        first = self.peek(1)
        if self.at + 1 == close:
            return True
        if first.kind != "name":
            return False
        if first.text in BUILTIN or first.text in QUALIFIERS or first.text in ("struct", "enum"):
            return True
        i = self.at + 2
        while i < close and self.words[i].text in ("::", "*", "&"):
            i += 2 if self.words[i].text == "::" else 1
        return i < close and self.words[i].kind == "name"

    def formals(self) -> tuple[tree.Formal, ...]:
        """Parameters in round brackets; what cannot be read has no name."""
        close = self.closing(self.at)
        found: list[tree.Formal] = []
        self.expect("(")
        while self.at < close:
            start = self.at
            try:
                found.append(self._formal())
            except Unreadable:
                found.append(tree.Formal(self.words[start].place, "", ""))
            while self.at < close and self.text() != ",":
                if self.text() in ("(", "[", "{"):
                    self.skip_bracket()
                else:
                    self.at += 1
            self.accept(",")
        self.at = close + 1
        return tuple(f for f in found if f.type != "void" or f.name)

    def _formal(self) -> tree.Formal:
        type_, _, _ = self.type_()
        reference = False
        while self.text() in ("*", "&", "&&", "const", "..."):
            reference = self.take().text == "&" or reference
        token = self.peek()
        name = self.take().text if token.kind == "name" else ""
        while self.text() == "[":
            self.skip_bracket()
        default = self.assignment() if self.accept("=") else None
        return tree.Formal(token.place, name, type_, reference, default)
