"""`scamp-sim docs`: the pages of docs/, wherever the package is installed."""

from __future__ import annotations

import argparse
import sys

from scamp_sim.chip.isa import did_you_mean
from scamp_sim.cli.fitting import columns
from scamp_sim.cli.output import coloured
from scamp_sim.exceptions import OptionError
from scamp_sim.installation import PAGES, page_names

NAME = "docs"
HELP = "Show a page of the documentation as text. Without PAGE: the pages, with their first lines."
EXAMPLES = ("scamp-sim docs", "scamp-sim docs costs", "scamp-sim docs --man > scamp-sim.1")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `docs`."""
    parser.add_argument("page", metavar="PAGE", nargs="?", help="the name of a page, such as costs")
    parser.add_argument("--man", action="store_true", help="print the commands as a manual page for man")
    parser.add_argument("--path", action="store_true", help="print where the page is, not its text")


def run(args: argparse.Namespace) -> int:
    """`docs`: one page, or a list of them. Raises OptionError for a page that does not exist."""
    names = page_names()
    if args.man:
        from scamp_sim.cli.man import page

        if args.page is not None or args.path:
            raise OptionError("--man prints one page, that of the commands; leave the rest out")
        print(page(), end="")
        return 0
    if args.page is None:
        wide = max(map(len, names))
        for name in names:
            print(f"{name:{wide}}  {_title(name)}")
        print("\nscamp-sim docs PAGE shows one.")
        return 0
    name = args.page.removeprefix("docs/").removesuffix(".md")
    if name not in names:
        near = did_you_mean(name, names) or "; scamp-sim docs lists them"
        raise OptionError(f"unknown page '{args.page[:80]}'{near}")
    path = PAGES / f"{name}.md"
    screen = columns(sys.stdout)
    if args.path:
        print(path.resolve())
    elif screen is None:
        print(path.read_text(encoding="utf-8").rstrip())
    else:
        _draw(path.read_text(encoding="utf-8"), screen)
    return 0


def _draw(text: str, wide: int) -> None:
    """A page as a terminal of so many columns shows it."""
    from rich.console import Console
    from rich.markdown import Markdown

    colour = coloured(sys.stdout)
    console = Console(width=wide, color_system="auto" if colour else None, no_color=not colour, legacy_windows=False)
    console.print(Markdown(text, hyperlinks=False))


def _title(name: str) -> str:
    with (PAGES / f"{name}.md").open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip()
