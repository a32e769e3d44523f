"""Write every generated page of docs/, or say which are stale.

python tools/regen_docs.py            # write
python tools/regen_docs.py --check    # exit with 1 if a page differs from what it should be
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def _isa() -> str:
    from scamp_sim.show import isa_docs

    return isa_docs.markdown(isa_docs.entries())


def _messages() -> str:
    from scamp_sim.compiler.messages import page

    return page()


def _cli() -> str:
    from scamp_sim.cli.reference import page

    return page()


def _promises() -> str:
    """The page as it is, with the table of schema numbers between its marks."""
    from scamp_sim.cli.commands import OWN
    from scamp_sim.cli.output import schema

    rows = ["| command | schema |", "|---|---|", *(f"| `{c.name}` | {schema(c.name)} |" for c in OWN)]
    before, mark, rest = (DOCS / "promises.md").read_text(encoding="utf-8").partition("<!-- schemas -->\n")
    return before + mark + "\n".join(rows) + "\n" + rest[rest.index("<!-- end -->") :]


def _filters() -> str:
    """The page as it is, with the table of classic filters between its marks."""
    from scamp_sim.compiler.filters.page import rows

    before, mark, rest = (DOCS / "filters.md").read_text(encoding="utf-8").partition("<!-- classics -->\n")
    return before + mark + rows() + rest[rest.index("<!-- end -->") :]


def _compare() -> str:
    """The page as it is, with its tables between their marks."""
    from scamp_sim.compare.page import filled

    return filled((DOCS / "compare.md").read_text(encoding="utf-8"))


PAGES: Mapping[str, Callable[[], str]] = {
    "isa": _isa,
    "messages": _messages,
    "cli": _cli,
    "compare": _compare,
    "filters": _filters,
    "promises": _promises,
}
"""Page -> what writes the whole of it. Tables inside other pages are written by --update-golden of their tests."""


def _drawings() -> list[tuple[Path, Callable[[], str]]]:
    """Figures of docs/compare.md."""
    from scamp_sim.compare.page import drawings

    return [(DOCS / "images" / name, partial(str, drawn)) for name, drawn in drawings().items()]


def main() -> int:
    """Write or check all pages; returns the exit code."""
    stale = []
    for path, text in [*((DOCS / f"{name}.md", text) for name, text in PAGES.items()), *_drawings()]:
        wanted = text()
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted, encoding="utf-8")
    print(f"stale: {', '.join(stale)}" if stale else "all pages are fresh")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
