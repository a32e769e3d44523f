"""Syntax errors in the user's terms: which bracket, semicolon or operand is missing, not which token was expected.

Every mend keeps the offsets of the source, so what is found in a mended text can be shown in the user's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from scamp_sim.chip import isa
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.syntax import Source

KEYWORDS = frozenset(
    (
        "include",
        "const",
        "param",
        "input",
        "output",
        "state",
        "array",
        "areg",
        "dreg",
        "kernel",
        "program",
        "macro",
        "require",
        "for",
        "in",
        "if",
        "else",
        "step",
        "dynamic",
        "heap",
    )
)

_PIECES = re.compile(r'//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|"[^"\n]*"|(?P<open>/\*|")|(?P<mark>[()\[\]{};])')
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class _Blanks(dict[int, str]):
    """A table for `str.translate` that blanks out all but ends of lines; `re.sub` would make a list of it all."""

    def __missing__(self, code: int) -> str:
        self[code] = blank = "\n" if code == 10 else " "
        return blank


_BLANKS = _Blanks()


def _blank(text: str, start: int, stop: int) -> str:
    return text[:start] + text[start:stop].translate(_BLANKS) + text[stop:]


def _masked(text: str, strings: bool = True) -> str:
    """The text with comments and strings blanked out, so that brackets and semicolons in them do not count."""

    def blank(piece: re.Match[str]) -> str:
        return piece[0] if piece[0][0] == '"' and not strings else piece[0].translate(_BLANKS)

    return re.sub(r'//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|"[^"\n]*"', blank, text)


def _extent(masked: str, at: int) -> tuple[int, int]:
    """Start and end of the innermost statement that holds offset `at`; one with a block ends with its block."""
    start, stack = 0, ""
    for mark in re.finditer(r"[()\[\]{};]", masked):
        sign, here = mark[0], mark.start()
        if sign in "([":
            stack += sign
        elif sign in ")]":
            stack = stack[:-1] if stack.endswith(_partner(sign)) else stack
        elif sign == "{" and _is_list(masked, here, stack):
            stack += "l"
        elif sign == "}" and stack.endswith("l"):
            stack = stack[:-1]
        else:
            stack = stack.rstrip("([l")
            if sign == "{":
                stack += "b"
            elif sign == "}":
                stack = stack[:-1]
            if here >= at:
                if sign == "{":
                    return start, _block_end(masked, here)
                # a bracket that closes the block around belongs to that block, unless it is the culprit
                return (here, here + 1) if sign == "}" and here == at else (start, here + (sign == ";"))
            start = here + 1
    return start, len(masked)


def _partner(sign: str) -> str:
    return {")": "(", "]": "["}[sign]


def _is_list(masked: str, at: int, stack: str) -> bool:
    """Whether a brace opens a list, judged by what stands before it."""
    before = masked[:at].rstrip()
    return stack[-1:] in ("(", "[", "l") or before.endswith(("=", ",", "|", "?", ":")) or before[-3:].split() == ["in"]


def _block_end(masked: str, at: int) -> int:
    depth = 0
    for mark in re.finditer(r"[{}]", masked[at:]):
        depth += 1 if mark[0] == "{" else -1
        if depth == 0:
            return at + mark.start() + 1
    return len(masked)


def _without_statement(text: str, at: int) -> str:
    """The text without the statement that holds offset `at`."""
    blanked = _blank(text, *_extent(_masked(text), at))
    # nothing left to blank: the character itself is the culprit
    return blanked if blanked != text else _blank(text, at, at + 1)


def balance(source: Source, reporter: Reporter) -> str:
    """Report brackets that do not match, before the parser trips over them elsewhere; returns the text without them."""
    text = source.text
    masked = _masked(text)
    for start, head, stop in _c_loops(masked):
        if masked.startswith("for", start):
            reporter.error(
                source.span_at(start, head), "S107", "loops are not written as in C", _loop(text[start:head])
            )
        else:
            reporter.error(
                source.span_at(start, head),
                "S107",
                f"the language has no '{text[start:head]}'",
                "loops that depend on data are written in Python; loops with fixed bounds: for i in 0..5 { ... }",
            )
        text = _blank(text, start, stop)
    stack: list[tuple[str, int]] = []
    spoiled: list[int] = []
    ends = ""

    def unclosed(at: int, bracket: str) -> None:
        owner = _owner(text, at) if bracket == "{" else ""
        reporter.error(
            source.span_at(at, at + 1), "S105", f"unclosed '{bracket}'{owner}", f"add the missing '{_CLOSING[bracket]}'"
        )

    for piece in _PIECES.finditer(text):
        at = piece.start()
        if piece["open"] == "/*":
            reporter.error(source.span_at(at, at + 2), "S105", "unclosed comment", "add the missing '*/'")
            text = _blank(text, at, len(text))
            break
        if piece["open"]:
            end = (text + "\n").index("\n", at)
            reporter.error(source.span_at(at, end), "S105", "unclosed string", "end it with '\"' on the same line")
            return _blank(text, _extent(_masked(text), at)[0], end)
        mark = piece["mark"]
        if mark is None:
            continue
        if mark in _CLOSING:
            stack.append((mark, at))
            continue
        if mark == ";":
            while stack and (stack[-1][0] != "{" or any(b != "{" for b, _ in stack)):
                bracket, start = stack.pop()
                unclosed(start, bracket)
                spoiled.append(at - 1)
            continue
        while stack and _CLOSING[stack[-1][0]] != mark and any(_CLOSING[b] == mark for b, _ in stack):
            bracket, start = stack.pop()
            unclosed(start, bracket)
            spoiled.append(start)
        if stack and _CLOSING[stack[-1][0]] == mark:
            stack.pop()
        else:
            reporter.error(
                source.span_at(at, at + 1), "S105", f"'{mark}' closes nothing", "remove it, or add its partner"
            )
            if mark == "}":
                text = _blank(text, at, at + 1)
            else:
                spoiled.append(at)
    for bracket, start in reversed(stack):
        unclosed(start, bracket)
        ends += _CLOSING[bracket]
    for at in spoiled:
        text = _without_statement(text, at)
    return text + ends


def _c_loops(masked: str) -> Iterator[tuple[int, int, int]]:
    """C's loops: where each starts, where its head (what a message marks) ends, and where the whole of it ends."""
    done = 0
    for found in re.finditer(r"(?<![\w.>:])(?:for\s*(?=\()|(?:while|do)\b(?=\s*[({\w]))", masked):
        start, head = found.span()
        if start < done:
            continue
        after = head
        if found[0].startswith("for"):
            head = after = _partner_of(masked, head)
            if masked.count(";", start, head) != 2:
                continue
        elif masked[after:].lstrip().startswith("("):
            after = _partner_of(masked, masked.index("(", after))
        brace = re.compile(r"[^;{}]*").match(masked, after)
        done = brace.end() if brace else after
        if masked.startswith("{", done):
            done = _block_end(masked, done)
            if found[0] == "do":  # up to the ';' after its 'while'
                done = masked.find(";", done) + 1 or done
        elif masked.startswith(";", done):
            done += 1
        yield start, head, done


def _partner_of(masked: str, at: int) -> int:
    """The offset behind the bracket that closes the one at `at`."""
    depth = 0
    for mark in re.finditer(r"[()]", masked[at:]):
        depth += 1 if mark[0] == "(" else -1
        if depth == 0:
            return at + mark.end()
    return at + 1


def _loop(head: str) -> str:
    """How a C loop is written here, with its own names and bounds where they are simple."""
    found = re.fullmatch(r"for\s*\(\s*(?:\w+\s+)?(\w+)\s*=\s*(\w+)\s*;\s*\1\s*<\s*(\w+)\s*;.*\)", head, re.DOTALL)
    name, first, last = found.groups() if found else ("i", "0", "5")
    return f"write 'for {name} in {first}..{last} {{ ... }}'; the last number is not reached"


def _owner(text: str, at: int) -> str:
    """Whose brace it is, from the words before it."""
    head = re.split(r"[;{}]", _masked(text)[:at])[-1]
    found = re.search(r"\b(kernel|macro)\s+(\w+)[^;{}]*$", head)
    if found:
        return f" of {found[1]} '{found[2]}'"
    found = re.search(r"\b(program|for|if|else|const)\b[^;{}]*$", head)
    return f" of this '{found[1]}'" if found else ""


def explain(error: UnexpectedInput, text: str, source: Source, reporter: Reporter) -> str:
    """Report a syntax error; returns a text to go on with."""
    at = min(error.pos_in_stream or 0, len(text))
    if isinstance(error, UnexpectedCharacters):
        _strange_character(text, at, source, reporter)
        return _without_statement(text, at)
    if not isinstance(error, UnexpectedToken):  # pragma: no cover - Lark knows no third kind while parsing
        raise error
    token: Token = error.token
    at = token.start_pos if token.start_pos is not None and token.type != "$END" else len(text)
    expected = set(error.accepts or error.expected)
    before = _masked(text, strings=False)[:at].rstrip()
    previous = re.search(r"(\w+|\S)$", before)
    word = previous[0] if previous else ""
    if "SEMICOLON" in expected and "KERNEL" not in expected and _ends_statement(token, text, len(before), at):
        reporter.error(
            source.span_at(max(len(before) - 1, 0), len(before)),
            "S106",
            "expected ';' after this statement",
            "every statement ends with ';'",
        )
        return _blank(text, _extent(_masked(text), len(before) - 1)[0], len(before))
    if {"LPAR", "DOT"} <= expected or expected == {"LPAR"}:
        prefixed = re.match(r"(->|::|\.)\s*(\w+)", text[at:])
        if prefixed:
            reporter.error(
                source.span_at(at, at + len(prefixed[1])),
                "S107",
                f"'{prefixed[1]}' is not allowed before a call",
                f"write {prefixed[2]}(...), or s.{prefixed[2]}(...) with the name of one object",
            )
            return _without_statement(text, at)
    message, hint = _unexpected(token, word, expected, before)
    span = source.span_at(at, at + len(token)) if token.type != "$END" else source.span_at(len(before), len(before))
    reporter.error(span, "S107", message, hint)
    return _without_statement(text, at)


def _ends_statement(token: Token, text: str, end: int, at: int) -> bool:
    """Whether the statement before `token` is complete but for its semicolon."""
    if token.type in ("$END", "RBRACE") or "\n" in text[end:at] or str(token) in KEYWORDS:
        return True
    return text[end - 1 : end] in (")", '"') and token.type == "NAME"


_NAMES = {
    "NAME": "a name",
    "INTEGER": "a number",
    "STRING": "a quoted string",
    "SEMICOLON": "';'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LSQB": "'['",
    "RSQB": "']'",
    "COMMA": "','",
    "COLON": "':'",
    "EQUAL": "'='",
    "ARROW": "'->'",
    "RANGE": "'..'",
    "IN": "'in'",
    "DOT": "'.'",
    "AREG": "'areg'",
    "DREG": "'dreg'",
}

_FOREIGN = frozenset(
    ("int", "void", "bool", "auto", "static", "float", "char", "class", "return", "using", "namespace")
)


def _unexpected(token: Token, word: str, expected: set[str], before: str) -> tuple[str, str]:
    """Message and hint for a token that does not fit."""
    found = "the end of the text" if token.type == "$END" else f"'{token}'"
    operand = {"INTEGER", "NAME", "LBRACE"} <= expected and "SEMICOLON" not in expected
    head = (re.split(r"[;{}]", before)[-1].split() or [""])[0]
    if token.type == "EQUAL" and head in ("if", "require"):
        return "'=' is not a comparison", "write '=='"
    if head == "for" and "LBRACE" not in expected - {"NAME"}:
        return f"{found} does not fit in this 'for'", "write 'for i in 0..5 { ... }'; the last number is not reached"
    if head == "macro" and expected == {"COLON"}:
        return f"operand '{word}' has no kind", f"write {word}: areg (or asrc, dreg, dsrc, dir, dirs, int, table)"
    if "LBRACE" in expected and head in ("for", "if", "kernel", "macro", "program") and token.type != "$END":
        return f"expected '{{' before {found}", "its body goes in braces"
    if {"LPAR", "DOT"} <= expected:
        return _no_call(token, word, found)
    if operand:
        if token.type in ("COMMA", "RPAR", "RBRACE", "RSQB", "SEMICOLON", "$END"):
            return f"an operand is missing before {found}", ""
        return f"{found} is not allowed here; expected a register, a number or another operand", ""
    if str(token) in KEYWORDS and "NAME" in expected and len(expected) <= 2:
        return f"'{token}' is a keyword, not a name", "choose another name"
    if "KERNEL" in expected:
        return f"{found} cannot begin a statement", "a statement is a call, name(operands);, or begins with a keyword"
    if {"COMMA", "RPAR"} <= expected and token.type in ("NAME", "INTEGER", "LBRACE"):
        return f"expected ',' or ')' before {found}", "operands are separated by commas"
    if expected == {"NAME"} and word in ("kernel", "macro"):
        formals = "(y: areg)" if word == "macro" else ""
        return f"unexpected {found}; expected a name", f"write '{word} edges{formals} {{ ... }}'"
    if len(expected) <= 5:
        wanted = [_NAMES.get(e, f"'{e.lower()}'") for e in sorted(expected)]
        return f"unexpected {found}; expected {' or '.join(wanted)}", ""
    return f"unexpected {found}" + (f" after '{word}'" if word else ""), ""


def _no_call(token: Token, word: str, found: str) -> tuple[str, str]:
    """A statement that begins with a name and is no call."""
    if token.type in ("EQUAL", "PLUS", "MINUS", "OPERATOR"):
        return (
            f"'{word} {token}' looks like an assignment: registers change only through calls",
            f"write mov({word}, ...); for a register, 'const {word} = ...;' for a number",
        )
    if word == "else":
        return "'else' without an 'if' right before it", "write 'if ... { } else { }'"
    if word in KEYWORDS:
        return f"'{word}' cannot begin a statement", ""
    if word in _FOREIGN:
        return f"'{word}' is C++, not this language", "numbers are declared with 'const', kernels with 'kernel'"
    near = isa.did_you_mean(word, KEYWORDS) if len(word) > 3 and word not in isa.NATIVE else ""
    if near:
        return f"unknown word '{word}'{near}", ""
    return f"expected '(' after '{word}', found {found}", "a call is written name(operands);"


def _strange_character(text: str, at: int, source: Source, reporter: Reporter) -> None:
    character = text[at : at + 1]
    span = source.span_at(at, at + 1)
    hint = {
        "#": "there is no preprocessor: use 'const' and 'include \"file\";'",
        "'": "strings go in double quotes",
        "\u201c": 'use the plain quote "',
        "\u201d": 'use the plain quote "',
    }.get(character, "remove it")
    if not character.isascii():
        if character.isalpha():
            latin = unicodedata.name(character, "").startswith("LATIN")
            hint = "names consist of a-z, A-Z, 0-9 and _" if latin else "type the Latin letter"
        elif unicodedata.category(character) in ("Zs", "Cf"):
            hint = "type a plain space"
        elif unicodedata.normalize("NFKC", character).isascii():
            hint = f"type the plain '{unicodedata.normalize('NFKC', character)}'"
    reporter.error(span, "S104", f"unknown character {_character(character)}", hint)


def _character(character: str) -> str:
    """A character as a message shows it: what looks like another one comes with its name."""
    code = f"U+{ord(character):04X}"
    if character.isascii():
        return f"'{character}'" if character.isprintable() else f"'{code}'"
    name = unicodedata.name(character, "")
    about = f"{code}, {name}" if name else code
    return f"'{character}' ({about})" if character.isprintable() else about
