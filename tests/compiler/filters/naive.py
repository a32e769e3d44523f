"""Programs of bus words in plain Python, one PE at a time, over polynomials: shares nothing with the searches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from scamp_sim.compiler import assemble

STEPS = {"NEWS": (0, 0), "XN": (0, 1), "XE": (1, 0), "XS": (0, -1), "XW": (-1, 0)}


def filters_of(text: str) -> tuple[int, dict[str, dict[tuple[int, int], Fraction]], dict[str, Fraction]]:
    """(words, output -> weights, output -> offset in transfers) of a kernel file."""
    program = assemble(text)
    cells: dict[str, dict[tuple[int, int], Fraction]] = {program.inputs[0].register: {(0, 0): Fraction(1)}}
    offsets = {program.inputs[0].register: Fraction(0)}
    words = list(program.kernel_words())
    for word in words:
        assert word.op in ("bus", "bus2", "bus3")
        assert not {*word.dst} & {*word.src}
        assert len({*word.src}) == len(word.src) <= (4, 2, 1)[len(word.dst) - 1]
        assert sum(r in STEPS for r in (*word.dst, *word.src)) <= 1
        total: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        offset = Fraction(0)
        for source in word.src:
            dx, dy = STEPS.get(source, (0, 0))
            cell = "NEWS" if source in STEPS else source
            for (x, y), w in cells[cell].items():
                total[x + dx, y + dy] += w
            offset += offsets[cell]
        for target in word.dst:
            # a write through XW goes to the NEWS of the west neighbour: a PE gets what its east neighbour put out
            dx, dy = STEPS.get(target, (0, 0))
            cell = "NEWS" if target in STEPS else target
            cells[cell] = {(x - dx, y - dy): -w / len(word.dst) for (x, y), w in total.items() if w}
            offsets[cell] = 1 - offset / len(word.dst)
    outputs = {o.name: o.register for o in program.outputs}
    return len(words), {n: cells[r] for n, r in outputs.items()}, {n: offsets[r] for n, r in outputs.items()}


def weights(rows: Sequence[Sequence[float]], scale: float = 1) -> dict[tuple[int, int], Fraction]:
    """Row 0 on top, column 0 left; of n rows or columns number n // 2 is the centre."""
    height, width = len(rows), len(rows[0])
    return {
        (j - width // 2, height // 2 - i): Fraction(w) / Fraction(scale)
        for i, row in enumerate(rows)
        for j, w in enumerate(row)
        if w
    }
