"""Messages about ranges: what `scamp_sim.ranges` finds in a program, with the place in the text and a remedy."""

from __future__ import annotations

import math

from scamp_sim.chip import isa
from scamp_sim.chip.program import Word
from scamp_sim.chip.trace import described
from scamp_sim.compiler.front.diagnostics import Diagnostic, arranged
from scamp_sim.compiler.front.quoting import NOWHERE, expansion, says, statement
from scamp_sim.ranges.ages import Item
from scamp_sim.ranges.findings import Analysis, Excess, Hold, place
from scamp_sim.ranges.show import interval_text, time_text


def range_diagnostics(analysis: Analysis) -> tuple[Diagnostic, ...]:
    """One warning for each place that leaves the limits, and for each register that has to hold for too long."""
    made = [_excess(f, analysis) if isinstance(f, Excess) else _hold(f, analysis) for f in analysis.findings]
    return tuple(arranged(made))


def _says(item: Item) -> str:
    if isinstance(item, Word):
        return says(item)
    return f"'{statement(item.origin, described(item))}'"


def _at(item: Item, code: str, message: str, hint: str, notes: list[str]) -> Diagnostic:
    more = expansion(item) if isinstance(item, Word) else ()
    return Diagnostic.at(item.origin or NOWHERE, code, "warning", message, hint=hint, notes=(*notes, *more))


# --- values beyond the limits ---------------------------------------------------------------------------------


def _excess(e: Excess, a: Analysis) -> Diagnostic:
    reach = interval_text((e.low, e.high))
    notes = []
    if e.operands:
        into = " and ".join(f"{name} ({interval_text(i)})" for name, i in e.operands)
        notes.append(f"first at word {e.word:,} of the run, '{described(e.first)}', from {into}")
    if e.times > 1:
        notes.append(f"beyond the limit {e.times:,} times in the run; shown is the worst")
    if e.kind == "saturation":
        code = "W701"
        message = f"{_says(e.item)} can give {e.register} {reach}: a register is linear to {a.limits.linear:g} LSB only"
    else:
        code = "W702"
        low, high = a.limits.converter
        message = (
            f"{_says(e.item)} reads {e.register}, which can hold {reach}: the converter ends at {low:g} and {high:g}"
        )
    return _at(e.item, code, message, _scaling(e, a), notes)


def _scaling(e: Excess, a: Analysis) -> str:
    """What to divide by how much, and where it comes from."""
    constants = [r for r in e.roots if r.startswith("the constant")]
    planes = [r for r in e.roots if r not in constants]
    remedies = []
    if planes:
        times = int(math.log2(e.scale))
        how = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
        remedies.append(f"{' and '.join(planes)} with diva, {how}")
    if constants:
        remedies.append(f"{' and '.join(constants)} where {'it is' if len(constants) == 1 else 'they are'} loaded")
    before = f" before {place(e.item)}" if e.item.origin is not None else ""
    hint = f"divide its sources by {e.scale}{before} (a factor of {math.floor(100 * e.factor) / 100:g} would fit)"
    if remedies:
        hint += f": {'; '.join(remedies)}. Scale the levels that it is compared with, too"
    low, high = a.limits.converter
    if e.kind == "clip" and e.high - e.low <= high - low:
        off = math.ceil(e.high - high) if e.high > high else math.floor(e.low - low)
        hint += f"; or subtract {off}: the range fits into the converter's" if off > 0 else f"; or add {-off}"
    return hint


# --- registers that hold for too long -------------------------------------------------------------------------


def _hold(h: Hold, a: Analysis) -> Diagnostic:
    analog = h.register in isa.ANALOG
    reader = f"'{statement(h.read.origin, described(h.read))}'"
    if math.isinf(h.us):
        wrote = "writes it only in some of the PEs" if h.partly else "never writes it"
        message = f"{reader} reads {h.register} in every run, but the program {wrote}: it has to last indefinitely"
    else:
        since = "the input was given"
        if h.written is not None:
            line = f" on {place(h.written)}" if h.written.origin is not None else ""
            since = f"'{statement(h.written.origin, described(h.written))}'{line}"
        when = " of the run before" if h.carried else ""
        message = f"{reader} reads {h.register} {time_text(h.us)} after {since}{when}"
        if h.drift is not None:
            message += f": it may have drifted by {h.drift:.1f} LSB"
    notes = []
    if analog:
        notes.append(f"at up to {a.limits.drift:g} LSB/s; reported from {a.limits.drift_limit:g} LSB up")
        hint = "read it sooner, in particular before readouts, which take long"
        if math.isinf(h.us):
            hint = "rewrite it in every run, in all PEs: if it holds a few levels, compare and load the nearest one"
        elif h.carried:
            hint = (
                "more runs a second would shorten it; a register that holds a few levels can be snapped to them before "
                "it is read: compare, then load the nearest one"
            )
        return _at(h.read, "W703", message, hint, notes)
    notes.append(f"a bit is safe for about {a.limits.retention:g} s")
    hint = (
        f"REFRESH({h.register}) in a kernel, or scamp5_kernel_refresh_dreg(), at least every {a.limits.retention:g} s"
    )
    return _at(h.read, "W704", message, hint, notes)
