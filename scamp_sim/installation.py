"""How this copy was installed: what adds an extra to it, and where its pages are."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).parent

PAGES = PACKAGE / "docs"
"""The pages of docs/, which every copy carries."""


def in_checkout() -> bool:
    """Whether the package runs from a clone or an unpacked source archive, as an editable installation does."""
    return (PACKAGE.parent / "pyproject.toml").is_file()


def install_hint(extra: str) -> str:
    """The command that adds an extra, such as "torch", to the installation at hand: a clone, pipx, uv or plain pip."""
    if in_checkout():
        return f'pip install -e ".[{extra}]"'
    places = Path(sys.prefix).parts
    if "pipx" in places:
        return f'pipx install --force "scamp-sim[{extra}]"'
    if "uv" in places and "tools" in places:
        return f'uv tool install "scamp-sim[{extra}]"'
    return f'pip install "scamp-sim[{extra}]"'


def page_names() -> tuple[str, ...]:
    """The pages, by name, in alphabetical order."""
    return tuple(sorted(path.stem for path in PAGES.glob("*.md")))


__all__ = ["PAGES", "in_checkout", "install_hint", "page_names"]
