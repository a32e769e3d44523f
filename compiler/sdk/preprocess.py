"""The C++ preprocessor: macros, conditional parts, files included from beside the text.

What stands in the text counts; what the build system would define is not known. Of a part whose condition is not known
the first branch is read, or, in a second reading, the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scamp_sim.compiler.sdk.lexer import Place, Text, Token, mark_edge, number, tokens

MOST_TOKENS = 400_000
"""Tokens of a text after its macros are expanded."""

MOST_DEPTH = 40
"""Macro calls in the operands of macro calls."""

MOST_FILES = 64
MOST_BYTES = 4_000_000

_BUILT_IN = ("__cplusplus", "__GNUC__")

_TRUTHS = ("true", "false")

_VENDOR = ("scamp5", "scamp7", "vs_", "s5d", "debug")
"""Beginnings of the names of SDK headers: their contents are the assembler's own business."""


class TooMuch(Exception):
    """A text that grows beyond all use."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place, self.what = place, what


@dataclass(frozen=True)
class Macro:
    """A #define. `formals`: None for one without operands; the last one takes the rest if `variadic`."""

    name: str
    formals: tuple[str, ...] | None
    variadic: bool
    body: tuple[Token, ...]
    place: Place


@dataclass
class _Part:
    """An #if that is open. `live`: whether the text around is read; `taken`: whether a branch has been."""

    live: bool
    reading: bool
    taken: bool


class Preprocessor:
    """Expands one text. After `run`: `macros` as they are at its end, `used` names, `defined` in order of the text."""

    def __init__(self, second: bool = False, marks_in_comments: bool = False) -> None:
        self.second = second
        self.marks_in_comments = marks_in_comments
        self.macros: dict[str, Macro] = {}
        self.undefined: set[str] = set()
        self.used: set[str] = set()
        self.defined: list[Macro] = []
        self.included: set[Path] = set()
        self.complete = True
        """Whether every file of the project that the text includes stands beside it."""
        self.unsure = False
        """Whether some condition was not known, so that a second reading may show more."""
        self._count = 0
        self._bytes = 0

    def run(self, source: Text) -> list[Token]:
        """The tokens of a text. Raises TooMuch."""
        found: list[Token] = []
        segment: list[Token] = []
        parts: list[_Part] = []
        reading = True
        raw = list(tokens(source, self.marks_in_comments))
        at = 0
        while at < len(raw):
            token = raw[at]
            if not (token.fresh and token.text == "#" and token.kind == "sign"):
                if reading:
                    segment.append(token)
                at += 1
                continue
            stop = at + 1
            while stop < len(raw) and not raw[stop].fresh:
                stop += 1
            directive = raw[at + 1 : stop]
            at = stop
            name = directive[0].text if directive else ""
            if name in ("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else", "endif"):
                self._conditional(name, directive[1:], parts, reading)
                reading = all(p.reading for p in parts)
            elif reading and name in ("define", "undef", "include"):
                found += self._expanded(segment)
                segment = []
                if name == "include":
                    found += self._include(directive[1:], source)
                else:
                    self._define(name, directive[1:])
        return found + self._expanded(segment)

    def expand_body(self, macro: Macro) -> list[Token]:
        """The tokens of a macro that nobody calls, its operands standing for themselves. Raises TooMuch."""
        return self._expanded([t._replace(hidden=frozenset((macro.name,))) for t in macro.body])

    # --- directives --------------------------------------------------------------------------------------------

    def _conditional(self, name: str, rest: Sequence[Token], parts: list[_Part], reading: bool) -> None:
        if name in ("if", "ifdef", "ifndef"):
            take = reading and self._taken(name, rest)
            parts.append(_Part(reading, take, take))
        elif parts and name == "endif":
            parts.pop()
        elif parts:
            part = parts[-1]
            if part.taken or not part.live:
                part.reading = False
                return
            part.taken = part.reading = name == "else" or self._taken(name.removeprefix("el"), rest)

    def _taken(self, name: str, rest: Sequence[Token]) -> bool:
        verdict = self._verdict(name, rest)
        if verdict is not None:
            return verdict
        self.unsure = True
        likely = bool(self._verdict(name, rest, unknown=False)) if self.complete else True
        return likely != self.second

    def _verdict(self, name: str, rest: Sequence[Token], unknown: bool | None = None) -> bool | None:
        """Whether a condition holds; None if that cannot be known. `unknown`: whether what is not known is defined."""
        if not rest:
            return None
        if name in ("ifdef", "ifndef"):
            known = self._is_defined(rest[0].text, unknown)
            return None if known is None else known == (name == "ifdef")
        return _condition(self, rest, unknown)

    def _is_defined(self, name: str, unknown: bool | None) -> bool | None:
        if name in self.macros or name in _BUILT_IN:
            return True
        return False if name in self.undefined else unknown

    def _define(self, directive: str, rest: Sequence[Token]) -> None:
        if not rest or rest[0].kind != "name":
            return
        name, body = rest[0], list(rest[1:])
        if directive == "undef":
            self.macros.pop(name.text, None)
            self.undefined.add(name.text)
            return
        formals: tuple[str, ...] | None = None
        variadic = False
        if body and body[0].text == "(" and body[0].place.start == name.place.stop:
            stop = next((i for i, t in enumerate(body) if t.text == ")"), None)
            if stop is None:
                return
            words = [t.text for t in body[1:stop] if t.text != ","]
            variadic = bool(words) and words[-1] == "..."
            if variadic:
                words = words[:-1] if len(words) > 1 and body[stop - 2].text != "," else [*words[:-1], "__VA_ARGS__"]
            formals, body = tuple(words), body[stop + 1 :]
        macro = Macro(name.text, formals, variadic, tuple(body), name.place)
        self.macros[name.text] = macro
        self.defined.append(macro)

    def _include(self, rest: Sequence[Token], source: Text) -> list[Token]:
        """The tokens of a file that stands beside the text; none if it does not, or is one of the SDK's."""
        if not rest or rest[0].kind != "text":
            return []
        name = rest[0].text.strip('"')
        path = Path(source.name).parent / name
        if Path(name).name.lower().startswith(_VENDOR) or path in self.included:
            return []
        data = None if source.name.startswith("<") else self._contents(path)
        if data is None:
            self.complete = False
            return []
        self.included.add(path)
        self._bytes += len(data)
        return self.run(Text(str(path), decoded(data), main=False))

    def _contents(self, path: Path) -> bytes | None:
        try:
            if len(self.included) >= MOST_FILES or not path.is_file() or path.stat().st_size + self._bytes > MOST_BYTES:
                return None
            return path.read_bytes()
        except (OSError, ValueError):
            return None

    # --- expansion ---------------------------------------------------------------------------------------------

    def _expanded(self, segment: Sequence[Token], depth: int = 0) -> list[Token]:
        if not segment:
            return []
        if depth > MOST_DEPTH:
            raise TooMuch(segment[0].place, f"macro calls are nested more than {MOST_DEPTH} deep")
        found: list[Token] = []
        waiting = list(reversed(segment))
        while waiting:
            token = waiting.pop()
            self._count += 1
            if self._count > MOST_TOKENS:
                raise TooMuch(token.place, f"the macros of this text expand to more than {MOST_TOKENS:,} words of C++")
            macro = self.macros.get(token.text) if token.kind == "name" else None
            if macro is None or macro.name in token.hidden:
                found.append(token)
                continue
            place, args = token.place, None
            if macro.formals is not None:
                args = _arguments(waiting)
                if args is None:
                    found.append(token)
                    continue
                place = place.to(args.pop()[0].place)
            self.used.add(macro.name)
            waiting += reversed(self._substituted(macro, args or [], token, place, depth))
        return found

    def _substituted(self, macro: Macro, args: list[list[Token]], call: Token, place: Place, depth: int) -> list[Token]:
        """The body of a macro with its operands put in."""
        hidden = call.hidden | {macro.name}
        bound: dict[str, list[Token]] = {}
        formals = macro.formals or ()
        for number_, formal in enumerate(formals):
            if macro.variadic and number_ == len(formals) - 1:
                rest: list[Token] = []
                for i, arg in enumerate(args[number_:]):
                    rest += ([Token("sign", ",", place)] if i else []) + arg
                bound[formal] = rest
            else:
                bound[formal] = args[number_] if number_ < len(args) else []
        body = macro.body
        found: list[Token] = []
        i = 0
        while i < len(body):
            token = body[i]
            after = body[i + 1].text if i + 1 < len(body) else ""
            if token.text == "#" and macro.formals is not None and after in bound:
                text = " ".join(t.text for t in bound[after])
                found.append(Token("text", '"' + text.replace('"', "'") + '"', place))
                i += 2
                continue
            if token.text == "##" and found and found[-1].text == "," and macro.variadic and after == formals[-1]:
                found[-1:] = [found[-1], *self._expanded(bound[after], depth + 1)] if bound[after] else []
                i += 2
                continue
            if token.text == "##" and found and i + 1 < len(body):
                right = bound.get(after, [body[i + 1]]) or [Token("sign", "", place)]
                found[-1] = _pasted(found[-1], right[0], place)
                found += right[1:]
                i += 2
                continue
            if token.text in bound and token.kind == "name":
                plain = after == "##"
                found += bound[token.text] if plain else self._expanded(bound[token.text], depth + 1)
                if plain and not bound[token.text]:
                    found.append(Token("sign", "", place))
            else:
                found.append(Token(token.kind, token.text, place, hidden=hidden | token.hidden))
            i += 1
        # an operand keeps its place in the text, but takes part in hiding the macro from itself
        return [t._replace(hidden=t.hidden | hidden, fresh=False) for t in found if t.text]


def _pasted(left: Token, right: Token, place: Place) -> Token:
    text = left.text + right.text
    kind = "name" if text[:1].isalpha() or text[:1] == "_" else "number" if text[:1].isdigit() else "sign"
    return Token(kind, text, place)


def _arguments(waiting: list[Token]) -> list[list[Token]] | None:
    """Take the operands of a macro call off the reversed rest of a text; the closing bracket comes last.

    None, and nothing is taken, if there are none.
    """
    if not waiting or waiting[-1].text != "(":
        return None
    args: list[list[Token]] = [[]]
    depth, at = 0, len(waiting)
    while at > 0:
        at -= 1
        token = waiting[at]
        if token.kind == "sign" and token.text in "([{":
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "sign" and token.text in ")]}":
            depth -= 1
            if depth == 0:
                del waiting[at:]
                return [*args, [token]]
        elif token.text == "," and depth == 1:
            args.append([])
            continue
        args[-1].append(token)
    return None


def _condition(pre: Preprocessor, rest: Sequence[Token], unknown: bool | None) -> bool | None:
    """The worth of an #if expression; None if it asks for what the text does not define."""
    from scamp_sim.compiler.sdk.constant import constant

    words: list[Token] = []
    i = 0
    while i < len(rest):
        token = rest[i]
        if token.text == "defined":
            name = next((t for t in rest[i + 1 :] if t.kind == "name"), None)
            known = pre._is_defined(name.text, unknown) if name else None
            if known is None:
                return None
            words.append(Token("number", str(int(known)), token.place))
            i += 4 if i + 1 < len(rest) and rest[i + 1].text == "(" else 2
            continue
        words.append(Token("number", "201703", token.place) if token.text in _BUILT_IN else token)
        i += 1
    words = pre._expanded(words)
    if unknown is False:  # as a compiler has it for names that nobody defines
        words = [Token("number", "0", t.place) if t.kind == "name" and t.text not in _TRUTHS else t for t in words]
    value = constant(words)
    return None if value is None else bool(value)


def decoded(data: bytes) -> str:
    """The text of a source file, whatever its encoding: only comments and texts hold letters beyond ASCII."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def holds_marks(words: Iterable[Token]) -> bool:
    """Whether kernel marks are among these tokens."""
    return any(t.kind == "name" and mark_edge(t.text) for t in words)


__all__ = ["Macro", "Preprocessor", "TooMuch", "decoded", "holds_marks", "number"]
