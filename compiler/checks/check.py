"""Everything worth saying about an expanded program: its host calls here, the course of its run in `traps`."""

from __future__ import annotations

from collections.abc import Iterator

from scamp_sim.chip.host import CHIP
from scamp_sim.chip.operand_checks import Fault, faults, outside
from scamp_sim.chip.program import HostCall, Program
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.checks.traps import run_diagnostics
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.quoting import NOWHERE, statement

# --- host calls -----------------------------------------------------------------------------------------------


def call_hazards(call: HostCall, shape: tuple[int, int] | None = None) -> list[Diagnostic]:
    """What is wrong with the operands of one host call, on an array of `shape` PEs if the text says which."""
    text = statement(call.origin, f"{call.name}({', '.join(map(str, call.args))})")
    wrong = list(faults(call))
    beyond = "" if wrong else outside(call, shape or CHIP)
    if beyond and shape is None:
        hint = "for a larger array declare it: 'array 512, 512;'"
        wrong.append(Fault("W520", beyond.replace("this array has", "the chip has"), hint))
    elif beyond:
        wrong.append(Fault("S307", beyond, "its size is declared by 'array' in this source"))
    return [
        Diagnostic.at(
            call.origin or NOWHERE,
            f.code,
            "error" if f.is_error else "warning",
            f"'{text}': {f.message}",
            hint=f.hint,
        )
        for f in wrong
    ]


# --- the program ----------------------------------------------------------------------------------------------


def program_diagnostics(program: Program, facts: SourceFacts | None = None) -> list[Diagnostic]:
    """Everything that is worth saying about a program beyond `word_hazards`, in the order of the run.

    A message about a kernel comes once, however often the kernel is launched.
    """
    known = facts or SourceFacts()
    calls = [d for step in program.steps if isinstance(step, HostCall) for d in call_hazards(step, program.shape)]
    return [*run_diagnostics(program, known), *calls, *_unused(known)]


_UNUSED_HINTS = {
    "kernel": "launch it in program { ... } or delete it",
    "macro": "call it or delete it",
    "input": "read it or delete it: the caller would prepare it for nothing",
}


def _unused(facts: SourceFacts) -> Iterator[Diagnostic]:
    for kind, name, origin in facts.unused:
        what = "is never launched" if kind == "kernel" else "is never called" if kind == "macro" else "is never used"
        hint = _UNUSED_HINTS.get(kind, "use it or delete it")
        yield Diagnostic.at(origin, "W513", "warning", f"{kind} '{name}' {what}", hint=hint)
