"""Text -> syntax tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.tree import Meta

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.syntax import Source
from scamp_sim.compiler.front.syntax_errors import balance, explain
from scamp_sim.user_cache import user_cache

BINDING = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    "<=": 7,
    ">": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
}
"""Precedence of the binary operators, that of C; all group from the left."""

_MOST_ERRORS = 10

MOST_NESTED = 100
"""Blocks, calls, lists, signs and choices inside each other; sums and else-if chains are flat, however long."""

MOST_STATEMENTS = 12 * isa.STORE_WORDS
"""Statements of one text; what is longer was generated, and fits no store."""

MOST_DIGITS = 2400
"""Digits of a literal, whatever its base."""


@cache
def _parser() -> Lark:
    """The parser of the grammar; its tables are kept in the user's own folder for compiled code."""
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    folder = user_cache()
    kept = str(folder / f"grammar-{sys.version_info[0]}.{sys.version_info[1]}.lark") if folder is not None else False
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True, cache=kept)


def parse(source: Source, reporter: Reporter) -> syntax.File | None:
    """The tree of a text, or None after reporting what is wrong with it.

    After a syntax error the statement is blanked out and the rest is parsed again, so one run shows several.
    Blanking keeps every offset what it was in the source.
    """
    if _is_endless(source, reporter):
        return None
    before = _errors(reporter)
    text = balance(source, reporter)
    tree = None
    for _ in range(_MOST_ERRORS):
        try:
            tree = _parser().parse(text)
            break
        except UnexpectedInput as error:
            text = explain(error, text, source, reporter)
    if tree is None or _is_deep(tree, source, reporter):
        return None
    items = _Builder(source, reporter).items(tree.children)
    return None if _errors(reporter) > before else syntax.File(source, items)


def _errors(reporter: Reporter) -> int:
    return sum(d.severity == "error" for d in reporter.diagnostics)


def _is_endless(source: Source, reporter: Reporter) -> bool:
    """Report a text of too many statements before the parser spends seconds on it."""
    if source.text.count(";") <= MOST_STATEMENTS:
        return False
    at = -1
    for _ in range(MOST_STATEMENTS + 1):
        at = source.text.index(";", at + 1)
    reporter.error(
        source.span_at(at, at + 1),
        "S403",
        f"the source has more than {MOST_STATEMENTS:,} statements",
        f"the kernel store holds {isa.STORE_WORDS:,} words: put repetition into the program, as launches",
    )
    return True


def _is_deep(tree: Tree[Any], source: Source, reporter: Reporter) -> bool:
    """Report what is nested too deeply to be worked on; the rest recurses along the tree."""
    waiting: list[tuple[Tree[Any], int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MOST_NESTED:
            meta = node.meta
            span = source.span(meta.line, meta.column, meta.end_line, meta.end_column)
            hint = "name a part of it with 'const', or make it a macro"
            reporter.error(span, "S404", f"nested more than {MOST_NESTED} deep", hint)
            return True
        for child in node.children:
            if isinstance(child, Tree):
                # the 'if' after an 'else' is no deeper than the one before
                flat = node.data == "block" or (node.data == child.data == "branch")
                waiting.append((child, depth if flat else depth + 1))
    return False


# --- tree -> records ------------------------------------------------------------------------------------------

_Node = Any  # a Tree, a Token or None where an optional part is absent: Lark does not type its children


class _Builder:
    def __init__(self, source: Source, reporter: Reporter) -> None:
        self.source = source
        self.reporter = reporter

    def span(self, node: Tree[Any] | Token) -> Origin:
        meta: Meta | Token = node.meta if isinstance(node, Tree) else node
        return self.source.span(meta.line or 1, meta.column or 1, meta.end_line or 1, meta.end_column or 1)

    def statement(self, node: Tree[Any]) -> Origin:
        """The span of a statement; its semicolon is no part of what went wrong."""
        meta = node.meta
        return self.source.span(meta.line, meta.column, meta.end_line, max(meta.end_column - 1, 1))

    def items(self, nodes: Sequence[_Node]) -> tuple[syntax.Item, ...]:
        found: list[syntax.Item] = []
        for node in nodes:
            if isinstance(node, Tree):
                made = getattr(self, str(node.data))(node, *node.children)
                found += made if isinstance(made, list) else [made]
        return tuple(found)

    def expression(self, node: Tree[Any]) -> Any:
        return getattr(self, str(node.data))(node, *node.children)

    def maybe(self, node: Tree[Any] | None) -> Any:
        return None if node is None else self.expression(node)

    def several(self, nodes: Sequence[_Node]) -> tuple[Any, ...]:
        return tuple(self.expression(n) for n in nodes if n is not None)

    # declarations; a declaration's span is its name, which is what a message about it points at

    def include(self, node: _Node, path: Token) -> syntax.Item:
        return syntax.Include(self.span(path), path[1:-1])

    def constant(self, node: _Node, name: Token, dims: _Node, value: _Node) -> syntax.Item:
        return syntax.Const(self.span(name), str(name), self.several(dims.children), self.expression(value))

    def parameter(
        self, node: _Node, name: Token, dims: _Node, default: _Node, allowed: _Node | None = None
    ) -> syntax.Item:
        shape = self.several(dims.children)
        return syntax.Param(self.span(name), str(name), shape, self.maybe(default), self.maybe(allowed))

    def input(self, node: _Node, name: Token, target: _Node) -> syntax.Item:
        return syntax.InputDecl(self.span(name), str(name), self.expression(target))

    def array(self, node: _Node, rows: _Node, columns: _Node) -> syntax.Item:
        return syntax.ArrayDecl(self.span(node), self.expression(rows), self.expression(columns))

    def state(self, node: _Node, *registers: _Node) -> list[syntax.Item]:
        found = [self.expression(r) for r in registers if r is not None]
        return [syntax.StateDecl(r.span, r) for r in found]

    def output(self, node: _Node, name: Token, indices: _Node, register: _Node) -> syntax.Item:
        where = self.several(indices.children)
        return syntax.OutputDecl(self.statement(node), str(name), self.expression(register), where)

    def registers(self, node: _Node, kind: Token, *bindings: _Node) -> list[syntax.Item]:
        found: list[syntax.Item] = []
        for binding in bindings:
            name, size, value = binding.children
            found.append(syntax.Registers(self.span(name), str(kind), str(name), self.maybe(size), self.maybe(value)))
        return found

    def kernel(self, node: _Node, storage: Token | None, name: Token, names: _Node, body: _Node) -> syntax.Item:
        formals = () if names is None else tuple(str(n) for n in names.children if n is not None)
        doc = self.source.doc_above(node.meta.line)
        return syntax.KernelDecl(
            self.span(name), str(name), formals, self.items(body.children), doc, str(storage or "static")
        )

    def program(self, node: _Node, body: _Node) -> syntax.Item:
        word = self.source.span(node.meta.line, node.meta.column, node.meta.line, node.meta.column + len("program"))
        return syntax.ProgramDecl(word, self.items(body.children))

    def macro(self, node: _Node, name: Token, *rest: _Node) -> syntax.Item:
        *formals, body = rest
        found = []
        for formal in formals:
            if formal is not None:
                word, kind, default = formal.children
                found.append(syntax.Formal(self.span(formal), str(word), str(kind), self.maybe(default)))
        doc = self.source.doc_above(node.meta.line)
        items = self.items(body.children)
        return syntax.MacroDecl(self.span(name), str(name), tuple(found), items, doc, self.source.prelude)

    # statements

    def require(self, node: _Node, condition: _Node, message: Token) -> syntax.Item:
        return syntax.Require(self.span(condition), self.expression(condition), message[1:-1])

    def call(self, node: _Node, prefix: Token | None, name: Token, *args: _Node) -> syntax.Item:
        return syntax.Call(self.statement(node), str(name), self.several(args))

    def loop(self, node: _Node, name: Token, iterable: _Node, body: _Node) -> syntax.Item:
        return syntax.For(self.span(name), str(name), self.expression(iterable), self.items(body.children))

    def branch(self, node: _Node, condition: _Node, then: _Node, otherwise: _Node) -> syntax.Item:
        chain = [(condition, then)]
        while otherwise is not None and otherwise.data == "branch":
            condition, then, otherwise = otherwise.children
            chain.append((condition, then))
        rest = () if otherwise is None else self.items(otherwise.children)
        for condition, then in reversed(chain):
            rest = (syntax.If(self.span(condition), self.expression(condition), self.items(then.children), rest),)
        return rest[0]

    # expressions

    def number(self, node: _Node, digits: Token) -> syntax.Expression:
        span = self.span(digits)
        if len(digits) > MOST_DIGITS:
            self.reporter.error(
                span, "S206", f"a number of {len(digits):,} digits is too large", f"write at most {MOST_DIGITS:,}"
            )
            return syntax.Number(span, 0)
        if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            octal = f", or {int(digits, 8)} if it is octal" if not set(digits) & set("89") and int(digits) > 7 else ""
            self.reporter.error(
                span, "S107", f"'{digits}' begins with 0, which C reads as octal", f"write {int(digits)}{octal}"
            )
        base = {"0x": 16, "0b": 2}.get(digits[:2].lower(), 10)
        return syntax.Number(span, int(digits, base))

    def float(self, node: _Node, digits: Token) -> syntax.Expression:
        self.reporter.error(
            self.span(digits), "S107", f"'{digits}' is not an integer", "scale by a power of two, or round"
        )
        return syntax.Number(self.span(digits), 0)

    def name(self, node: _Node, word: Token) -> syntax.Expression:
        return syntax.Name(self.span(word), str(word))

    def index(self, node: _Node, base: _Node, index: _Node) -> syntax.Expression:
        return syntax.Index(self.span(node), self.expression(base), self.expression(index))

    def function(self, node: _Node, name: Token, *args: _Node) -> syntax.Expression:
        return syntax.Function(self.span(node), str(name), self.several(args))

    def unary(self, node: _Node, operator: Token, operand: _Node) -> syntax.Expression:
        return syntax.Unary(self.span(node), str(operator), self.expression(operand))

    def chain(self, node: _Node, *parts: _Node) -> syntax.Expression:
        """Operator precedence over a flat chain: operands and operators take turns."""
        operands: list[Any] = [self.expression(parts[0])]
        operators: list[str] = []

        def reduce() -> None:
            right, left = operands.pop(), operands.pop()
            a, b = left.span, right.span
            span = self.source.span(a.line, a.column, b.end_line, b.end)
            operands.append(syntax.Binary(span, operators.pop(), left, right))

        for operator, operand in zip(parts[1::2], parts[2::2], strict=True):
            while operators and BINDING[operators[-1]] >= BINDING[operator]:
                reduce()
            operators.append(str(operator))
            operands.append(self.expression(operand))
        while operators:
            reduce()
        return operands[0]  # type: ignore[no-any-return]

    def ternary(self, node: _Node, condition: _Node, then: _Node, otherwise: _Node) -> syntax.Expression:
        return syntax.Ternary(self.span(node), *self.several((condition, then, otherwise)))

    def range(self, node: _Node, start: _Node, stop: _Node, step: _Node) -> syntax.Range:
        return syntax.Range(self.span(node), self.expression(start), self.expression(stop), self.maybe(step))

    def list(self, node: _Node, *items: _Node) -> syntax.Expression:
        return syntax.ListOf(self.span(node), self.several(items))

    def generator(self, node: _Node, name: Token, iterable: _Node, condition: _Node, item: _Node) -> syntax.Generator:
        return syntax.Generator(
            self.span(node), str(name), self.expression(iterable), self.maybe(condition), self.expression(item)
        )
