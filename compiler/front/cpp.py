"""What every reader of C++ text skips: comments, and texts in quotes."""

from __future__ import annotations

import re

SKIPPED = re.compile(
    r"""//(?:[^\n\\]|\\.)*"""  # a comment goes on behind a backslash at the end of its line
    r"""|/\*.*?(?:\*/|\Z)"""
    r"""|\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?(?:\)(?P=mark)"|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*"?"""
    r"""|'(?:[^'\\\n]|\\.){1,16}'""",
    re.DOTALL,
)
"""A comment or a text in quotes. One that nothing closes goes on to the end of its line, or of the whole text, so that
looking for what closes it takes a time that is linear in the text."""
