"""Hazards of single words: what has no defined result on the chip, whatever ran before.

An error here means that no simulator could tell what the chip would do; a warning means that it could, but that the
author seldom wants to know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from scamp_sim.chip.isa import NATIVE, PORT_DIRECTION, PORTS
from scamp_sim.chip.program import ADDRESSED, Word, cell
from scamp_sim.compiler.expand.bits import READ_HALVES
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.quoting import found, says

IN_PLACE = tuple(op.removesuffix("_R") for op in READ_HALVES if op.removesuffix("_R") in NATIVE)
"""Digital words that have an in-place form of two words: fewer operands, the same name."""


def word_hazards(word: Word) -> list[Diagnostic]:
    """What is wrong with a native word by itself, whatever ran before it."""
    if _sound(word):
        return []
    return [*_feedback(word), *_repeats(word), *_mixed(word), *_addresses(word)]


@lru_cache(maxsize=4096)
def _sound(word: Word) -> bool:
    """Whether nothing can be wrong with the word wherever it came from: unrolled loops repeat few different ones."""
    if word.op not in NATIVE:
        return True
    cells = [cell(r) for r in (*word.dst, *word.src)]
    once = len(set(cells)) == len(cells) and not {*word.row.reads, *word.row.writes} & {*cells}
    return once and not {*ADDRESSED} <= {*cells}


def _feedback(word: Word) -> Iterator[Diagnostic]:
    """Cells that the word reads while it writes them; PROP means to, and is exempt by naming no operand."""
    reads = {cell(r): r for r in reversed((*word.row.reads, *word.src))}
    for target in dict.fromkeys(word.dst):
        store = cell(target)
        if store not in reads:
            continue
        source = reads[store]
        if source != target:
            both = f"reads {source} and writes {target} at once, and both are NEWS cells"
        elif target in word.row.reads:
            both = f"writes {target}, which {word.op} reads as one of its {_role(word)}"
        else:
            both = f"reads and writes {target} at once"
        yield found(word, "S301", f"{says(word)} {both}", _feedback_hint(word, store))
    if "FLAG" in word.src and "FLAG" in word.row.writes:
        other = free(word, _SPARE["dreg"])
        yield found(
            word,
            "W516",
            f"{says(word)} reads FLAG while it writes it",
            f"copy it first: MOV({other}, FLAG), then name {other}",
        )


_SPARE = {"areg": ("F", "E", "D", "C", "B", "A"), "dreg": tuple(f"R{n}" for n in range(5, 12))}
"""Registers that a hint can propose, by preference."""


def free(word: Word, candidates: Iterable[str]) -> str:
    """A register that the word does not name, or ""."""
    return next((r for r in candidates if r not in (*word.dst, *word.src)), "")


def _role(word: Word) -> str:
    return "directions" if word.op.startswith("DNEWS") else "links"


def _feedback_hint(word: Word, store: str) -> str:
    call = word.origin.macros if word.origin is not None else ()
    if store == "NEWS" and call and len(call) == 1 and any(r in PORTS for r in word.src) and word.dst == ("NEWS",):
        port = next(r for r in word.src if r in PORTS)
        direction = PORT_DIRECTION[port].name
        return f"to take a neighbour's register use movx(y, x, {direction}); for its NEWS as it is, bus(y, {port})"
    if store == "NEWS" and call:
        return "macros work through NEWS: give them another register, or write the words yourself"
    if word.op in IN_PLACE and len(word.dst) == 1 and len(others := [r for r in word.src if r != store]) < 2:
        return f"in place there is a form of two words: {word.op}({', '.join((store, *others))})"
    if word.row.dst is not None and word.row.dst.kind == "dreg":
        return "take another register as destination and MOV it back"
    other = free(word, _SPARE["areg"])
    copy = f", or copy the source first: {'bus' if store == 'NEWS' else 'mov'}({other}, {store})" if other else ""
    return f"take another register as destination{copy}"


def _repeats(word: Word) -> Iterator[Diagnostic]:
    """Operands named twice: an operand is a select bit, so naming it again changes nothing."""
    analog = word.row.src is not None and word.row.src.kind == "asrc"
    for source in _twice(word.src):
        if analog:
            other = free(word, _SPARE["areg"])
            yield found(
                word,
                "S302",
                f"{says(word)} names {source} twice as a source, but it is selected once",
                f"copy it first: mov({other}, {source}); then name {source} and {other}",
            )
        else:
            yield found(word, "W515", f"{says(word)} names {source} twice as a source", _once(word))
    analog = word.row.dst is not None and word.row.dst.kind == "areg"
    for target in _twice(map(cell, word.dst) if analog else word.dst):
        names = [r for r in word.dst if cell(r) == target]
        if analog and len(set(names)) > 1:
            yield found(
                word,
                "S303",
                f"{says(word)} drives every NEWS cell twice, as {' and '.join(dict.fromkeys(names))}",
                "use one word for each direction",
            )
        elif analog:
            yield found(
                word,
                "S303",
                f"{says(word)} names {names[0]} twice as a destination, but it is selected once",
                f"the sum is shared among the destinations: name {names[0]} once, together with another register",
            )
        else:
            yield found(word, "W515", f"{says(word)} names {target} twice as a destination", "name it once")


def _once(word: Word) -> str:
    """What to write instead of a digital word that names one source twice."""
    sources = list(dict.fromkeys(word.src))
    if len(sources) == 1 and word.op in ("OR", "NOR"):
        return f"{'MOV' if word.op == 'OR' else 'NOT'}({word.dst[0]}, {sources[0]}) is equivalent"
    if len(sources) == 1 and word.op in ("OR_R", "NOR_R"):
        return "it changes nothing: leave it out" if word.op == "OR_R" else f"NOT({sources[0]}) is equivalent"
    return "name it once"


def _twice(registers: Iterable[str]) -> list[str]:
    return [r for r, n in Counter(registers).items() if n > 1]


def _mixed(word: Word) -> Iterator[Diagnostic]:
    """NEWS cells of several PEs on one bus share their current (Q7). newsblur lives on that; others seldom know."""
    cells = [r for r in word.src if cell(r) == "NEWS"]
    chain = word.origin.macros if word.origin is not None else ()
    if len(set(cells)) < 2 or any(m.startswith("newsblur") for m in chain):
        return
    if len(set(cells) - {"NEWS"}) > 1:
        what = "neighbours that share a bus count as their mean, not their sum"
    else:
        what = (
            "NEWS feeds this bus and the neighbour's; the result on a chip is not known, the simulator adds them (Q7)"
        )
    yield found(
        word,
        "W506",
        f"{says(word)} reads {_and(cells)} in one word: {what}",
        "read one neighbour a word and sum in registers; for a blur use newsblur(y, x)",
    )


def _addresses(word: Word) -> Iterator[Diagnostic]:
    if {*ADDRESSED} <= {*word.src}:
        other = free(word, _SPARE["dreg"])
        yield found(
            word,
            "S308",
            f"{says(word)} reads SELECT and RECT at once: they are two views of the same address lines",
            f"use one word for each: MOV({other}, SELECT); then name {other} and RECT",
        )


def _and(names: Iterable[str]) -> str:
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last
