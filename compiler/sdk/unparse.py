"""Syntax tree -> text of our language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scamp_sim.compiler.front import syntax

_INDENT = "    "


def text(items: Iterable[syntax.Item]) -> str:
    """Statements as a text that assembles to the same words."""
    return "\n".join(_lines(items, "")) + "\n"


def _lines(items: Iterable[syntax.Item], indent: str) -> Iterator[str]:
    for item in items:
        match item:
            case syntax.Call():
                yield f"{indent}{call(item)};"
            case syntax.OutputDecl():
                where = "".join(f"[{expression(i)}]" for i in item.indices)
                yield f"{indent}output {item.name}{where} = {expression(item.register)};"
            case syntax.KernelDecl():
                yield from (f"{indent}/// {line}" for line in item.doc.split("\n") if line)
                storage = "" if item.storage == "static" else f"{item.storage} "
                yield f"{indent}{storage}kernel {item.name} {{"
                yield from _lines(item.body, indent + _INDENT)
                yield f"{indent}}}"
            case syntax.ProgramDecl():
                yield f"{indent}program {{"
                yield from _lines(item.body, indent + _INDENT)
                yield f"{indent}}}"
            case _:
                raise ValueError(f"no text for {type(item).__name__}")


def call(item: syntax.Call) -> str:
    """A call without its semicolon."""
    return f"{item.name}({', '.join(expression(a) for a in item.args)})"


def expression(node: syntax.Expression) -> str:
    """An expression as texts of kernels have them: numbers, names, directions, lists."""
    match node:
        case syntax.Number():
            return str(node.value)
        case syntax.Name():
            return node.name
        case syntax.Unary():
            return f"{node.operator}{expression(node.operand)}"
        case syntax.Binary():
            return f"{expression(node.left)}{node.operator}{expression(node.right)}"
        case syntax.Function():
            return f"{node.name}({', '.join(expression(a) for a in node.args)})"
        case syntax.ListOf():
            return "{" + ", ".join(expression(i) for i in node.items if not isinstance(i, syntax.Generator)) + "}"
        case _:
            raise ValueError(f"no text for {type(node).__name__}")
