"""The words of a generated kernel file, read back as values."""

from __future__ import annotations

from scamp_sim.compiler.filters.words import PORTS, FilterWord, Steps
from scamp_sim.exceptions import ProgramError

_WRITES = {"NEWS": 0, "XS": 1, "XW": 2, "XN": 3, "XE": 4}


def steps_of(source: str) -> Steps:
    """The program of a kernel file or of words, from register to register. Raises ProgramError for other words."""
    from scamp_sim.chip.program import Output
    from scamp_sim.compiler.assembler import assemble

    program = assemble(source)
    if len(program.inputs) != 1:
        raise ProgramError("expected one input")
    where = {program.inputs[0].register: 0}
    fresh = 1
    words: list[FilterWord] = []
    for word in program.kernel_words():
        if not word.op.startswith("bus"):
            raise ProgramError(f"expected bus words only, got '{word.op}'")
        targets, sources = list(word.dst), list(word.src)
        reads = [s for s in sources if s in PORTS]
        writes = [d for d in targets if d in _WRITES]
        names = tuple(where[s] for s in sources if s not in PORTS)
        made = []
        for d in targets:
            if d not in _WRITES:
                made.append((d, fresh))
                fresh += 1
        words.append(
            FilterWord(
                tuple(n for _, n in made),
                _WRITES[writes[0]] if writes else -1,
                names,
                PORTS.index(reads[0]) if reads else -1,
            )
        )
        for d, n in made:
            where[d] = n
    outputs = tuple(where[s.register] for s in program.steps if isinstance(s, Output))
    return Steps(tuple(words), outputs)
