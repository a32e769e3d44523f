"""Traps: the facts about a run, as `walk` finds them, put into words."""

from __future__ import annotations

from scamp_sim.chip import isa
from scamp_sim.chip.program import ADDRESSED, HostCall, Output, Program, Word, cell
from scamp_sim.compiler.checks import facts
from scamp_sim.compiler.checks.facts import Fact, Writer
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.checks.walk import run_facts
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.quoting import NOWHERE, found, says, statement


def run_diagnostics(program: Program, source: SourceFacts) -> list[Diagnostic]:
    """The traps of one run of `program`."""
    return [_diagnostic(fact) for fact in run_facts(program, source)]


def _diagnostic(fact: Fact) -> Diagnostic:
    match fact:
        case facts.UnwrittenPlane():
            return _about_step(fact.step, fact.code, *_unwritten_plane(fact))
        case facts.CallRestricted():
            return _about_step(fact.call, fact.code, *_call_restricted(fact))
        case facts.CallMasked():
            return _about_step(fact.call, fact.code, *_call_masked(fact))
        case facts.LeftRestricted(condition=word) | facts.GatesNothing(condition=word):
            return found(word, fact.code, *_about_word(fact, word))
        case _:
            return found(fact.word, fact.code, *_about_word(fact, fact.word))


def _about_step(step: HostCall | Output, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic.at(step.origin or NOWHERE, code, "warning", message, hint=hint)


def _about_word(fact: Fact, word: Word) -> tuple[str, str]:
    """Message and hint for a fact about a native word."""
    match fact:
        case facts.Masked():
            message = f"{says(word)} writes R12 only where R0 = 1, and {_why_masked(fact.mask)}"
            return message, "SET(R0) first; to choose under a mask use MUX(y, mask, a, b)"
        case facts.Unwritten():
            return _unwritten(fact)
        case facts.Overwritten():
            return _overwritten(fact)
        case facts.NeighboursDiffer():
            what = fact.ports[0] if len(fact.ports) == 1 else "neighbours' NEWS"
            message = (
                f"{says(word)} reads {what}, but NEWS was written while {_place(fact.condition)} restricted FLAG: "
                "neighbours that it left out hold something else"
            )
            return message, "write NEWS first and restrict afterwards, or call all() before"
        case facts.MoveGated():
            where = f"while {_place(fact.condition)} restricts FLAG"
            message = f"writes a neighbour's NEWS {where}: a PE with FLAG = 0 neither gives nor takes"
            if fact.two_steps:
                message = f"moves two steps {where}: all three PEs on the way need FLAG = 1"
            return f"{says(word)} {message}", "move first and restrict afterwards, or call all() before"
        case facts.LeftRestricted():
            when = "when the program ends"
            if fact.into is not None:
                when = f"when kernel '{_base(fact.into)}' starts to write"
            message = f"{says(word)} still restricts FLAG {when}: kernel '{_base(fact.kernel)}' ends without all()"
            return message, "end the part that it gates with all()"
        case facts.LinkUnset():
            why = "nothing has written" if fact.writer is None else f"{_written_by(fact.writer)} left 0 everywhere"
            axis = "vertical" if fact.link == "R1" else "horizontal"
            message = f"{says(word)} blurs through the {axis} links in {fact.link}, which {why}"
            return message, f"SET({fact.link}) first, or set it only in the PEs where values should spread"
        case facts.NoBlurset():
            message = f"{says(word)} has no blurset before it in kernel '{_base(fact.kernel)}'"
            return message, "start the blur sequence with blurset(), or use gauss(y, x)"
        case facts.StrayWriteBack():
            message = f"{says(word)} writes back what no read half put on the bit bus"
            return message, "it must follow REFRESH_R directly: use REFRESH(R), or the in-place NOT, OR and NOR"
        case facts.StrayProp():
            call = "PROP0()" if word.op == "PROP_0" else "PROP1()"
            hint = f"PROP_R puts R12 on the bus: use {call}, which is both words"
            return f"{says(word)} does not directly follow PROP_R()", hint
        case facts.NoDirections():
            message = f"{says(word)} takes its directions from R1..R4, which nothing has written"
            hint = "SET the directions first (R1 south, R2 west, R3 north, R4 east), or use DNEWS(y, x, north|east)"
            return message, hint
        case facts.GatesNothing():
            message = f"{says(word)} has no effect: FLAG is overwritten before any analog word runs"
            hint = "move the analog words it should gate before the next where, WHERE or all; digital words ignore FLAG"
            return message, hint
        case facts.NoLongerGated():
            message = (
                f"{says(word)} is no longer gated by {_place(fact.condition)}: "
                f"{_place(fact.ending)} sets FLAG to 1 everywhere"
            )
            return message, "call the macro outside of the condition, or repeat the condition after it"
        case _:
            raise AssertionError(f"not about a word: {fact}")


# --- reads ----------------------------------------------------------------------------------------------------

_LOAD_HINTS = {
    "IN": "set it first: scamp5_load_in(v) in the host program",
    "SELECT": "set it first: scamp5_select_point, scamp5_select_rect or scamp5_select_pattern in the host program",
    "RECT": "set it first: scamp5_select_rect in the host program",
    "NEWS": "write NEWS first, for example bus(NEWS, x)",
}


def _unwritten(fact: facts.Unwritten) -> tuple[str, str]:
    word, source, store = fact.word, fact.source, cell(fact.source)
    reader = f"'{statement(word.origin, str(word))}'" if fact.own else says(word)
    kind = "plane" if store in isa.ANALOG else "bit"
    if fact.scratch is not None:
        hint = f"write '{fact.scratch}' first: a scratch {kind} is undefined at the start"
        return f"{reader} reads '{fact.scratch}' before anything wrote it", hint
    seen = source if source == store else f"{source}, a neighbour's NEWS,"
    hint = _LOAD_HINTS.get(store, f"declare 'input name -> {store};' or load it first")
    if fact.written_later:
        hint = f"if it should hold what the last run left there, declare 'state {store};', else {hint}"
    return f"{reader} reads {seen} before anything wrote it", hint


def _unwritten_plane(fact: facts.UnwrittenPlane) -> tuple[str, str]:
    step, register = fact.step, cell(fact.register)
    hint = (
        "name the register that holds the result, or launch the kernel that writes it first; if an earlier program "
        f"left it there, declare 'state {register};'"
    )
    if isinstance(step, HostCall):
        what = f"'{statement(step.origin, step.name)}' reads {fact.register}"
        if step.name == "scamp5_draw_begin":
            hint = f"drawing adds to what is there: clear it in a kernel first, with CLR({register})"
    else:
        what = f"output '{step.name}' takes {fact.register}"
    return f"{what}, which nothing has written by then", hint


def _overwritten(fact: facts.Overwritten) -> tuple[str, str]:
    word, source, writer = fact.word, fact.source, fact.writer
    implied = source in word.row.reads
    reader = says(word) if implied else f"'{statement(word.origin, str(word))}'"
    message = f"{reader} reads {source}, which holds what {_written_by(writer)} left there"
    if writer.mine_before is not None:
        message = (
            f"{reader} reads {source}, but what line {writer.mine_before.line} put there "
            f"was overwritten by {_written_by(writer)}"
        )
    hint = f"macros use {cell(source)} as a temporary: keep the value in another register"
    if implied:
        hint = f"macros use {source} as a temporary: set it again before this"
    if source in ADDRESSED:
        hint = "a plane is loaded by way of the address lines: load first, select afterwards"
    return message, hint


# --- masks ----------------------------------------------------------------------------------------------------


def _call_restricted(fact: facts.CallRestricted) -> tuple[str, str]:
    does = "loads its constant" if fact.constant else "works"
    text = statement(fact.call.origin, fact.call.name)
    message = f"'{text}' {does} only where FLAG = 1, and {_place(fact.condition)} still restricts FLAG"
    return message, "end the condition before, with all() in the kernel or scamp5_kernel_all()"


def _call_masked(fact: facts.CallMasked) -> tuple[str, str]:
    text = statement(fact.call.origin, fact.call.name)
    message = f"'{text}' writes R12 only where R0 = 1, and {_why_masked(fact.mask)}"
    return message, "launch a kernel with SET(R0) first, or load another register and MOV it"


def _why_masked(mask: Writer | None) -> str:
    if mask is None or not mask.text:
        return "R0 has not been initialised (its power-on value is undefined)"
    return f"R0 comes from {_written_by(mask)}"


# --- places ---------------------------------------------------------------------------------------------------


def _base(kernel: str) -> str:
    """`tap` for the kernel `tap(0,1)`: its source text is what the message is about."""
    return kernel.partition("(")[0]


def _place(word: Word) -> str:
    text = statement(word.origin, str(word))
    return f"'{text}' on line {word.origin.line}" if word.origin else f"'{text}'"


def _written_by(writer: Writer) -> str:
    return f"'{writer.text}' on line {writer.origin.line}" if writer.origin else f"'{writer.text}'"
