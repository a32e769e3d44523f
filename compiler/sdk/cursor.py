"""Walking along the tokens of a C++ text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from scamp_sim.compiler.sdk.lexer import Place, Token

_PAIRS = {"(": ")", "[": "]", "{": "}"}

MOST_NESTED = 60
"""Brackets, signs and blocks inside each other."""


class Unreadable(Exception):
    """C++ that this reader does not follow; it gives up the statement."""

    def __init__(self, token: Token, reason: str) -> None:
        super().__init__(reason)
        self.token, self.reason = token, reason


class Cursor:
    """A place among tokens."""

    def __init__(self, words: Sequence[Token]) -> None:
        last = words[-1].place if words else None
        self.words = words
        self.end = Token("end", "", last) if last else None
        self.at = 0
        self.depth = 0
        self._closing: dict[int, int] | None = None

    def peek(self, ahead: int = 0) -> Token:
        i = self.at + ahead
        if i < len(self.words):
            return self.words[i]
        assert self.end is not None
        return self.end

    def text(self, ahead: int = 0) -> str:
        """The next sign or name; texts and characters look like nothing."""
        token = self.peek(ahead)
        return token.text if token.kind in ("name", "sign") else ""

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.text() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if self.text() != text:
            self.give_up(f"expected '{text}'")
        return self.take()

    def give_up(self, reason: str) -> NoReturn:
        raise Unreadable(self.peek(), f"{reason}, found {shown(self.peek())}")

    def since(self, start: int) -> Place:
        """The place of the tokens taken since number `start`."""
        first = self.words[min(start, len(self.words) - 1)].place
        last = self.words[max(min(self.at, len(self.words)) - 1, min(start, len(self.words) - 1))].place
        return first.to(last)

    def closing(self, at: int) -> int:
        """The number of the token that closes the bracket at number `at`; beyond the end if none does."""
        if self._closing is None:
            self._closing = {}
            stack: list[int] = []
            for i, token in enumerate(self.words):
                if token.kind != "sign":
                    continue
                if token.text in _PAIRS:
                    stack.append(i)
                elif token.text in ")]}":
                    # a bracket that was left open does not swallow the brace behind it
                    while stack and _PAIRS[self.words[stack[-1]].text] != token.text and token.text == "}":
                        stack.pop()
                    if stack and _PAIRS[self.words[stack[-1]].text] == token.text:
                        self._closing[stack.pop()] = i
        return self._closing.get(at, len(self.words))

    def skip_bracket(self) -> None:
        """Go behind the bracket that opens here."""
        self.at = min(self.closing(self.at) + 1, len(self.words))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            self.give_up(f"nested more than {MOST_NESTED} deep")


def shown(token: Token) -> str:
    return f"'{token.text:.30}'" if token.kind != "end" else "the end of the text"
