"""Pages and messages keep to the English of the field: idioms that readers stumbled over stay out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

IDIOMS = re.compile(
    r"\banew\b|\bby lot\b|\bshall\b|\btold apart\b|\btells? (?:\S+ ){1,4}apart\b|\bmade-up\b"
    r"|\bdrawn (?:gestures|clips)\b"
    r"|\bof one's own\b|\bgoes on (?:from|where|with)\b|\bput right\b|\bmake room\b|\bunless said\b"
    r"|\b(?<!there )(?:is|are) no (?!longer\b|more\b|less\b|larger\b|smaller\b|wider\b|deeper\b|better\b|worse\b)\w+",
    re.IGNORECASE,
)
"""Say again, random, should, distinguished, synthetic, custom, resumes, corrected, by default, is not a."""

OLD_NAME = "made-up"
"""The name that synthetic gestures had before: it is still read, and mentioned in quotes."""

PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")])
SOURCES = sorted(
    path
    for folder in ("scamp_sim", "kernels", "compiler")
    for path in (ROOT / folder).rglob("*.py")
    if not {"compiler", "kernels"} & set(path.relative_to(ROOT).parts[1:2])  # links to the folders beside it
)


def idioms(text: str) -> list[str]:
    """The idioms in a text, each with what surrounds it."""
    text = "" if text == OLD_NAME else text.replace(f"`{OLD_NAME}`", "")
    return [text[max(0, m.start() - 30) : m.end() + 30] for m in IDIOMS.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages(page: Path) -> None:
    assert idioms(page.read_text(encoding="utf-8")) == []


def test_strings_of_the_sources() -> None:
    """Messages and help texts; docstrings and comments are for contributors."""
    found = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements
        ]
        said = [idiom for text in texts for idiom in idioms(text)]
        if said:
            found[str(path.relative_to(ROOT))] = said
    assert found == {}


def test_the_list_finds_what_it_is_for() -> None:
    assert idioms("noise is drawn anew") == ["noise is drawn anew"]
    assert idioms("'x' is no serial of a chip") == ["'x' is no serial of a chip"]
    assert idioms("it is no longer gated, and there is no file") == []
