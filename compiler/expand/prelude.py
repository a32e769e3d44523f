"""The macros that every text can use: scamp_sim/chip/prelude.scamp, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from scamp_sim.chip import isa
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.syntax import MacroDecl, Source

PATH = Path(isa.__file__).with_name("prelude.scamp")


@cache
def declarations() -> Mapping[str, tuple[MacroDecl, ...]]:
    """The macros of the prelude by name."""
    reporter = Reporter()
    tree = parse(Source(PATH.name, PATH.read_text(encoding="utf-8"), prelude=True), reporter)
    reporter.check()
    found: dict[str, tuple[MacroDecl, ...]] = {}
    for item in tree.items if tree else ():
        if isinstance(item, MacroDecl):
            found[item.name] = (*found.get(item.name, ()), item)
    return MappingProxyType(found)
