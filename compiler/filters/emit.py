"""Programs as text: a kernel with its contract, which assembles without a message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache

from scamp_sim.compiler.filters.kernel import Taps, to_rows
from scamp_sim.compiler.filters.task import Candidate
from scamp_sim.compiler.filters.words import FilterWord, Steps


def word_text(word: FilterWord, places: Mapping[int, str]) -> str:
    """A word as a call of bus, bus2 or bus3."""
    targets = [places[r] for r in word.registers] + ([word.port_written] if word.news >= 0 else [])
    sources = [places[s] for s in word.sources] + ([word.port_read] if word.reads >= 0 else [])
    name = ("bus", "bus2", "bus3")[len(targets) - 1]
    return f"{name}({', '.join([*targets, *sorted(sources)])});"


def lines_of(steps: Steps, places: Mapping[int, str]) -> list[str]:
    return [word_text(w, places) for w in steps.words]


def fraction_text(w: Fraction) -> str:
    return str(w.numerator) if w.denominator == 1 else f"{w.numerator}/{w.denominator}"


def rows_text(taps: Taps) -> list[str]:
    """The weights over a common denominator, as right-aligned rows, and '/ n' behind them."""
    rows = to_rows(taps)
    common = 1
    for row in rows:
        for w in row:
            common = max(common, w.denominator)
    cells = [[str(int(w * common)) for w in row] for row in rows]
    width = max(len(c) for row in cells for c in row)
    return ["  ".join(c.rjust(width) for c in row) for row in cells] + ([f"over {common}"] if common > 1 else [])


def identifier(name: str, taken: Sequence[str] = ()) -> str:
    """A name of the language, near to the given one."""
    clean = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "filter"
    if clean[0].isdigit() or not _free(clean):
        clean = f"out_{clean}"
    while clean in taken:
        clean += "_"
    return clean


@cache
def _free(name: str) -> bool:
    """Whether the language has no other use for a name: the assembler is asked."""
    from scamp_sim.compiler.assembler import assemble
    from scamp_sim.compiler.front.diagnostics import CompileError

    try:
        assemble(f"kernel {name} {{ bus(B, A); }} program {{ {name}(); output {name}_ = B; }}")
        assemble(f"kernel k_ {{ bus(B, A); }} program {{ k_(); output {name} = B; }}")
    except CompileError:
        return False
    return True


def kernel_text(
    candidate: Candidate, contract: Sequence[str], kernel: str, names: Sequence[str], source: str, image: str
) -> str:
    """The whole file. names: of the outputs."""
    steps, places = candidate.steps, candidate.places
    body = "".join(f"    {line}\n" for line in lines_of(steps, places))
    outputs = "".join(f"    output {n} = {places[o]};\n" for n, o in zip(names, steps.outputs, strict=True))
    head = "".join(f"/// {line}".rstrip() + "\n" for line in contract)
    launch = f"    {kernel}();\n" if steps.words else ""
    block = f"kernel {kernel} {{\n{body}}}\n\n" if steps.words else ""
    return f"{head}\ninput {image} -> {source};\n\n{block}program {{\n{launch}{outputs}}}\n"
