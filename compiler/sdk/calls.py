"""Statements of a kernel's text -> calls of our language. What is no plain call fails, and says so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import helpers
from scamp_sim.compiler.sdk.source import Text, closing

_CALL = re.compile(r"(?:(?:[A-Za-z_]\w*)\s*(?:::|\.|->)\s*)*([A-Za-z_]\w*)\s*\(")
_FOR = re.compile(
    r"for\s*\(\s*(?:const\s+)?(?:unsigned\s+|short\s+)?(?:int|char|auto|size_t|u?int\d+_t)\s+(\w+)\s*=\s*([^;]+);\s*"
    r"\1\s*(<=?|!=)\s*([^;]+);\s*(?:\+\+\s*\1|\1\s*\+\+|\1\s*\+=\s*1)\s*\)\s*"
)
_LOCAL = re.compile(
    r"(?:const|constexpr)\s+(?:auto|int|bool|[ad]re[fg]_t|[AD]REG|[AD]SRC|news_t|u?int\d+_t)\s*&?\s*"
    r"(\w+)\s*=\s*([^{}]+)$"
)
_IF = re.compile(r"if\s*(?:constexpr\s*)?\(")
_ARITHMETIC = re.compile(r"[\d\s+\-*/%()xa-fA-F<>&]+$")
_PARAMETER = re.compile(r"(\w+)\s*(?:=[^,]*)?$")
MOST_DEEP = 16
"""Functions of the text inside each other."""
_SKIPPED = re.compile(r"(?:using\s+namespace\s+[\w:]+\s*|\(void\)\s*\w+\s*)$")
_INTEGER = re.compile(r"-?\s*(?:0[xX][0-9a-fA-F]{1,16}|\d{1,19})[uUlL]*$")
_NAME = re.compile(r"(?:[A-Za-z_]\w*\s*::\s*)*([A-Za-z_]\w*)$")
_NEXT = re.compile(r"[A-Za-z_]\w*\s*\(")
_KEYWORD = re.compile(r"(?:if|for|while|do|else)\b")
_TRANSFORM = "_transform"
MOST_ROUNDS = 4096
PER_READ = 40
"""Characters that a statement or a block counts for beside its own, so that empty loops come to an end, too."""
_POOLS = {"areg": isa.ANALOG[:6], "dreg": (*(f"R{i}" for i in range(5, 12)), "R1", "R2", "R3", "R4")}
_KINDS = {"areg": "areg", "asrc": "areg", "acell": "areg", "dreg": "dreg", "dsrc": "dreg", "plane": "areg"}
RUN = "the compiler knows: scamp-sim run runs the program, and profile shows its kernels"


@dataclass
class Reading:
    """A kernel that is being read.

    values: names of the text that stand for a register, number or direction.
    hidden: names of registers that the text gives another meaning.
    known: places and words of what was said, once however often a loop comes by.
    """

    text: Text
    values: Mapping[str, str]
    hidden: frozenset[str] = frozenset()
    calls: list[syntax.Call] = field(default_factory=list)
    said: list[Diagnostic] = field(default_factory=list)
    placeholders: dict[str, str] = field(default_factory=dict)
    branch_open: bool = False
    known: set[tuple[Origin, str]] = field(default_factory=set)

    @property
    def failed(self) -> bool:
        """Whether something in it could not be read."""
        return any(d.severity == "error" for d in self.said)

    def error(self, span: Origin, code: str, message: str, hint: str = RUN) -> None:
        """Something that makes the kernel fail."""
        self._say(span, Diagnostic.at(span, code, "error", message, hint=hint))

    def warn(self, span: Origin, code: str, message: str, hint: str) -> None:
        """Something that was assumed."""
        self._say(span, Diagnostic.at(span, code, "warning", message, hint=hint))

    def _say(self, span: Origin, found: Diagnostic) -> None:
        if (span, found.message) not in self.known:
            self.known.add((span, found.message))
            self.said.append(found)


def read(reading: Reading, start: int, end: int, bound: Mapping[str, str] | None = None) -> None:
    """Read the statements between two places of the text."""
    text, known = reading.text, dict(bound or {})
    text.left -= end - start + PER_READ
    for first, last in statements(text.code, start, end) if text.left > 0 else ():
        text.left -= PER_READ
        if text.left <= 0:
            break
        _statement(reading, first, last, known)
    if text.left <= 0 and not reading.failed:
        what = "too many statements once its loops are unrolled and its functions put in"
        reading.error(text.origin(start, end), "S606", what)


def statements(code: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each statement stands, without its semicolon; a loop or block in braces is one."""
    at = start
    while at < end:
        if code[at].isspace() or code[at] in ";}":
            at += 1
            continue
        first, depth = at, 0
        while at < end:
            sign = code[at]
            if sign in "([":
                depth += 1
            elif sign in ")]":
                depth -= 1
            elif sign == "{" and depth == 0:
                at = closing(code, at) + 1
                break
            elif sign == "{":
                at = closing(code, at)
            elif sign == ";" and depth == 0:
                break
            at += 1
        yield first, min(at, end)


def _statement(reading: Reading, start: int, end: int, bound: Mapping[str, str]) -> None:
    code = reading.text.code
    text = code[start:end].rstrip()
    end = start + len(text)
    if text.startswith("{"):
        read(reading, start + 1, closing(code, start), bound)
        return
    if _SKIPPED.match(text):
        return
    constant = _LOCAL.match(text)
    if constant is not None and isinstance(bound, dict):
        bound[constant[1]] = _meant(reading, constant[2].strip(), bound)
        return
    if re.match(r"while\s*\(\s*(?:0|false)\s*\)$", text) or text == "do":
        return
    if re.match(r"do\s*\{", text):
        read(reading, code.index("{", start) + 1, closing(code, code.index("{", start)), bound)
        return
    if re.match(r"else\b", text):
        if reading.branch_open:  # else the branch before it was taken
            reading.branch_open = False
            read(reading, start + 4, end, bound)
        return
    if _IF.match(text):
        _branch(reading, start, end, bound)
        return
    loop = _FOR.match(code, start, end)
    if loop is not None:
        _loop(reading, loop, end, bound)
        return
    call = _CALL.match(code, start, end)
    stop = _bracket(code, call.end() - 1, end) if call is not None else -1
    if call is None or stop < 0:
        _no_call(reading, start, end, text)
        return
    rest = code[stop:end].strip()
    while _NEXT.match(rest):  # a macro that ends without a semicolon, and the next call
        _statement(reading, start, stop, bound)
        start = end - len(rest)
        call = _CALL.match(code, start, end)
        stop = _bracket(code, call.end() - 1, end) if call is not None else -1
        if call is None or stop < 0 or _KEYWORD.match(rest):
            _statement(reading, start, end, bound)
            return
        rest = code[stop:end].strip()
    if rest:
        _no_call(reading, start, end, text)
        return
    span = reading.text.origin(start, end)
    given = [a.strip() for a in parts(code[call.end() : end - 1])]
    _called(reading, call[1], [a for a in given if a], span, bound)


def _bracket(code: str, opening: int, end: int) -> int:
    """One past where a bracket closes, -1 if it does not before the end."""
    depth = 0
    for at in range(opening, end):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            return at + 1
    return -1


def _no_call(reading: Reading, start: int, end: int, text: str) -> None:
    span = reading.text.origin(start, end)
    word = text.split("(")[0].split("=")[0].strip()[:40]
    if word in ("icw", "scamp5_icw"):
        reading.error(span, "S604", "a raw instruction word", "write it as the instruction that it stands for")
    else:
        reading.error(span, "S606", f"'{' '.join(text.split())[:60]}' is C++ that a text does not tell")


def _loop(reading: Reading, loop: re.Match[str], end: int, bound: Mapping[str, str]) -> None:
    """A loop between two numbers, unrolled."""
    low, high = (_integer(_meant(reading, n.strip(), bound)) for n in (loop[2], loop[4]))
    span = reading.text.origin(loop.start(), loop.end())
    if low is None or high is None:
        low, high = 0 if low is None else low, 1 if low is None else low + 1
        high -= loop[3] == "<="
        reading.placeholders[loop[4].strip()] = str(high)
        what = f"how often this loop goes round, {loop[4].strip()}, is not known in this text: taken as once"
        reading.warn(span, "W602", what, RUN)
    if high - low > MOST_ROUNDS:
        reading.error(span, "S606", f"a loop of more than {MOST_ROUNDS:,} rounds")
        return
    code = reading.text.code
    braces = code.startswith("{", loop.end())
    first, last = (loop.end() + 1, closing(code, loop.end())) if braces else (loop.end(), end)
    for value in range(low, high + (loop[3] == "<=")):
        read(reading, first, last, {**bound, loop[1]: str(value)})


def _branch(reading: Reading, start: int, end: int, bound: Mapping[str, str]) -> None:
    """An `if`: what it says where its condition is a number; else it is taken, and that is said."""
    code = reading.text.code
    opening = code.index("(", start)
    at, depth = opening, 0
    while at < end:
        depth += (code[at] == "(") - (code[at] == ")")
        at += 1
        if depth == 0:
            break
    condition = code[opening + 1 : at - 1].strip()
    value = _integer(_meant(reading, condition, bound))
    if condition in ("true", "false"):
        value = int(condition == "true")
    span = reading.text.origin(start, at)
    if value is None:
        reading.placeholders[condition] = "true"
        reading.warn(
            span, "W602", f"what '{' '.join(condition.split())[:60]}' is worth is not known here: taken as true", RUN
        )
    reading.branch_open = value == 0
    if value != 0:
        read(reading, at, end, bound)
        reading.branch_open = False


def parts(text: str) -> list[str]:
    """Operands between commas, those in brackets and braces together."""
    found, depth, last = [], 0, 0
    for at, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            found.append(text[last:at])
            last = at + 1
    return [*found, text[last:]]


def _called(reading: Reading, name: str, given: Sequence[str], span: Origin, bound: Mapping[str, str]) -> None:
    if name == _TRANSFORM and len(given) == 6:
        _transform(reading, given, span)
        return
    if name in isa.HOST:
        what = f"'{name}' is a host function; a kernel holds array instructions only"
        reading.error(span, "S209", what, "write it before or after the kernel")
        return
    if native_named(name) is None and name not in prelude.declarations():
        if _inlined(reading, name, given, span, bound):
            return
        steps = helpers.HELPERS.get((name, len(given)))
        if steps is None or any("spare" in args for _, args in steps):
            code = "S604" if name == "icw" else "S602"
            what = "a raw instruction word" if name == "icw" else f"'{name}' is neither an instruction nor defined here"
            reading.error(span, code, what, _near(name) or RUN)
            return
        reading.warn(
            span,
            "W607",
            f"'{name}' is not defined in this text: taken as {_taken(name, given)}",
            "its definition, in the text or in a file beside it, settles it",
        )
        reading.placeholders[name] = helpers.reading(name, len(given))
        for op, taken in steps:
            _called(reading, op, [given[a] if isinstance(a, int) else a for a in taken], span, bound)
        return
    args = [_operand(reading, name, n, len(given), a, span, bound) for n, a in enumerate(given)]
    if all(a is not None for a in args):
        reading.calls.append(syntax.Call(span, name, tuple(a for a in args if a is not None)))


def _taken(name: str, given: Sequence[str]) -> str:
    return helpers.reading(name, len(given))


def _transform(found: Reading, given: Sequence[str], span: Origin) -> None:
    """AUKE's call for its simulator: target, source, steps to the east and north, halvings, whether negated."""
    numbers = [_integer(a) for a in given[2:]]
    steps = {(1, 0): "east", (-1, 0): "west", (0, 1): "north", (0, -1): "south"}
    x, y, scale, negated = numbers
    direction = steps.get((x, y)) if x is not None and y is not None else None
    if direction is None or scale != 0 or negated != 0:
        found.error(
            span,
            "S602",
            "'_transform' is a call of AUKE's simulator",
            "let AUKE print for the chip: the moves that stand beside it as comments",
        )
        return
    _called(found, "movx", [given[0], given[1], direction], span, {})


def _meant(reading: Reading, text: str, bound: Mapping[str, str]) -> str:
    """An operand with names that are bound to others, and sums of numbers, put in their place."""
    seen = 0
    while text in bound and bound[text] != text and seen < MOST_DEEP:
        text, seen = bound[text], seen + 1
    if text in reading.values:
        return reading.values[text]
    entry = re.fullmatch(r"(\w+)\s*\[(.+)\]", text)
    if entry is not None:
        return reading.values.get(f"{entry[1]}[{_meant(reading, entry[2].strip(), bound)}]", text)
    filled = re.sub(r"[A-Za-z_]\w*", lambda m: bound.get(m[0], reading.values.get(m[0], m[0])), text)
    if _ARITHMETIC.match(filled) and re.search(r"\d\s*[-+*/%<>&)]", filled):
        value = _worked_out(filled)
        return text if value is None else str(value)
    return text


def _worked_out(text: str) -> int | None:
    """A sum of numbers, as C has it."""
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, ZeroDivisionError, MemoryError):
        return None


def _value(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left), _value(right)
            if isinstance(op, ast.Div):
                return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            if isinstance(op, ast.Mod):
                return abs(a) % abs(b) * (-1 if a < 0 else 1)
            known = {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b, ast.BitAnd: a & b}
            if type(op) in known:
                return known[type(op)]
            if isinstance(op, (ast.LShift, ast.RShift)) and 0 <= b < 32:
                return a << b if isinstance(op, ast.LShift) else a >> b
    raise ValueError


@lru_cache(512)
def _near(name: str) -> str:
    return isa.did_you_mean(name, [*isa.NATIVE, *prelude.declarations()]).removeprefix("; ")


def _inlined(reading: Reading, name: str, given: Sequence[str], span: Origin, bound: Mapping[str, str]) -> bool:
    """Read the body of a function of the text that is called in a kernel; False if there is none."""
    depth = int(bound.get("?depth", "0"))
    for function in reading.text.functions:
        names = [m[1] for o in parts(function.operands) if (m := _PARAMETER.search(o.strip()))]
        if function.name != name or depth >= MOST_DEEP:
            continue
        if function.operands.strip() in ("", "void"):
            names = []
        if len(names) != len(given):
            continue
        inner = {n: _meant(reading, a, bound) for n, a in zip(names, given, strict=True)}
        before = len(reading.calls)
        read(reading, function.start, function.end, {**inner, "?depth": str(depth + 1)})
        reading.calls[before:] = [syntax.Call(span, c.name, c.args) for c in reading.calls[before:]]
        return True
    return False


def _integer(text: str) -> int | None:
    clean = text.strip().rstrip("uUlL")
    if not _INTEGER.match(text.strip()):
        return None
    try:
        return int(clean.replace(" ", ""), 0)
    except ValueError:
        return int(clean.replace(" ", ""), 8) if clean.lstrip("-").isdecimal() else None


def _operand(
    reading: Reading, call: str, position: int, count: int, text: str, span: Origin, bound: Mapping[str, str]
) -> syntax.Expression | None:
    """One operand; None, and an error, if it is none."""
    text = _meant(reading, text, bound)
    if text.startswith("{") and text.endswith("}"):
        items = [
            _operand(reading, call, position, count, t.strip(), span, bound) for t in parts(text[1:-1]) if t.strip()
        ]
        return syntax.ListOf(span, tuple(i for i in items if i is not None)) if None not in items else None
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if "|" in text:
        sides = [_operand(reading, call, position, count, t.strip(), span, bound) for t in text.split("|")]
        if None in sides:
            return None
        joined = sides[0]
        for side in sides[1:]:
            joined = syntax.Binary(span, "|", joined, side)  # type: ignore[arg-type]
        return joined
    number = _integer(text)
    if number is not None:
        return _number(number, span)
    if text in ("true", "false"):
        return syntax.Number(span, int(text == "true"))
    match = _NAME.match(text)
    if match is None:
        if re.match(r"[A-Za-z_(][\w\s.\[\]()<>:?!=&+*-]*$", text):
            return _unknown(reading, call, position, count, " ".join(text.split()), span)
        what = f"operand {position + 1} of {call}, '{text[:40]}', is C++ that a text does not tell"
        reading.error(span, "S605", what)
        return None
    name = match[1]
    scoped = "::" in text
    if not scoped and name in reading.values:
        known = reading.values[name]
        value = _integer(known)
        return _number(value, span) if value is not None else syntax.Name(span, known)
    if name in isa.ALIASES and name.lower() in isa.DIRECTIONS and "dir" in str(wanted_kinds(call, position, count)):
        return syntax.Name(span, name.lower())
    registers = (*isa.ALL_REGISTERS, *isa.ALIASES, *isa.DIRECTIONS)
    owner = text.rpartition("::")[0].strip()
    if (
        name in registers
        and (owner in ("", "SCAMP5_PE", "scamp5_kernel_api"))
        and (scoped or name not in reading.hidden)
    ):
        return syntax.Name(span, name)
    return _unknown(reading, call, position, count, text, span)


def _number(value: int, span: Origin) -> syntax.Expression:
    number = syntax.Number(span, abs(value))
    return syntax.Unary(span, "-", number) if value < 0 else number


def wanted_kinds(name: str, position: int, count: int) -> list[str]:
    """The operand classes that a word or macro takes at a position."""
    found: dict[str, None] = {}
    row = native_named(name)
    if row is not None:
        slot = row.dst if row.dst is not None and position < row.dst.most else row.src
        if slot is not None:
            found[slot.kind] = None
    for macro in prelude.declarations().get(name, ()):
        if macro.required <= count <= len(macro.formals) and position < len(macro.formals):
            found[macro.formals[position].kind] = None
    return list(found)


def _unknown(
    reading: Reading, call: str, position: int, count: int, text: str, span: Origin
) -> syntax.Expression | None:
    """A name that the text does not tell: a register of its kind that the kernel does not use stands for it."""
    kinds = wanted_kinds(call, position, count)
    if any(k in ("dir", "dirs") for k in kinds):
        chosen = "north"
    elif "int" in kinds:
        chosen = "1"
    else:
        chosen = f"?{_KINDS.get(kinds[0] if kinds else '', 'areg')} {text}"
        return syntax.Name(span, chosen)
    reading.placeholders[text] = chosen
    reading.warn(span, "W601", f"'{text}' is not known in this text: {chosen} stands for it", RUN)
    return syntax.Name(span, chosen) if chosen == "north" else syntax.Number(span, 1)


def settle(reading: Reading) -> None:
    """Choose registers for what is not known, none that the kernel uses otherwise."""
    used = {isa.ALIASES.get(n, n) for c in reading.calls for n in syntax.names_used(c.args)}
    chosen: dict[str, str] = {}
    for call in reading.calls:
        for name in syntax.names_used(call.args):
            if not name.startswith("?") or name in chosen:
                continue
            kind, _, text = name[1:].partition(" ")
            free = [r for r in _POOLS[kind] if r not in used]
            if not free:
                reading.error(call.span, "S605", f"no register is left to stand for '{text}'")
                return
            chosen[name] = free[0]
            used.add(free[0])
            reading.placeholders[text] = free[0]
            what = f"'{text}' is not known in this text: register {free[0]} stands for it"
            reading.warn(call.span, "W601", what, RUN)
    if chosen:
        reading.calls = [syntax.Call(c.span, c.name, tuple(_filled(a, chosen) for a in c.args)) for c in reading.calls]


def _filled(node: syntax.Expression, chosen: Mapping[str, str]) -> syntax.Expression:
    if isinstance(node, syntax.Name):
        return syntax.Name(node.span, chosen.get(node.name, node.name))
    if isinstance(node, syntax.ListOf):
        return syntax.ListOf(node.span, tuple(_filled(i, chosen) for i in node.items))  # type: ignore[arg-type]
    return node
