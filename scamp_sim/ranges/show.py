"""An analysis as text: one line for each register and for each output."""

from __future__ import annotations

import math

from scamp_sim.chip import isa
from scamp_sim.ranges.findings import Analysis, Hold, place
from scamp_sim.ranges.forms import Interval


def interval_text(interval: Interval | None) -> str:
    """'0 .. 127', '-63.5 .. 63.5'; one number if both ends are the same."""
    if interval is None:
        return "-"
    low, high = (_number(v) for v in interval)
    return low if low == high else f"{low} .. {high}"


def _number(value: float) -> str:
    return f"{round(value, 1) + 0:g}" if abs(value) < 1e5 else f"{value:.3g}"


def time_text(us: float) -> str:
    """A time with the unit that suits it."""
    if math.isinf(us):
        return "for good"
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if us >= size:
            return f"{us / size:.3g} {unit}" if us < 1000 * size else f"{us / size:,.0f} {unit}"
    return f"{us:.1f} us"


def text(analysis: Analysis) -> str:
    """The tables of the command `ranges`, and what was assumed; ends with a newline."""
    a = analysis
    run = "one run" if a.period_us is None else f"a run every {time_text(a.period_us)}"
    lines = [
        f"{a.program.name}: ranges of {run}, {a.words:,} words, {a.time_us:,.1f} us, {a.shape[0]}x{a.shape[1]}; analog "
        "values in LSB",
        "",
        f"{'register':<10}{'in the run':<20}{'at the end':<20}{'held for':<10}{'drift':<8}from .. to",
    ]
    shown = {r.name: r for r in a.registers}
    holds = {h.register: h for h in a.holds}
    for name in (*isa.ANALOG, "PIX", *isa.DIGITAL):
        r, h = shown.get(name), holds.get(name)
        if r is None and h is None:
            continue
        run_, end = (interval_text(r.run), interval_text(r.end)) if r is not None else ("bits", "")
        lines.append(f"{name:<10}{run_:<20}{end:<20}{_hold(h)}".rstrip())
    if a.outputs:
        lines += ["", f"{'output':<30}range"]
        lines += [f"{name:<30}{interval_text(interval)}" for name, interval in a.outputs.items()]
    lines += ["", *notes(a)]
    return "\n".join(lines).rstrip() + "\n"


def _hold(h: Hold | None) -> str:
    if h is None:
        return ""
    drift = "" if h.drift is None else "-" if math.isinf(h.drift) else f"{h.drift:.2f}" if h.drift >= 0.01 else "0"
    wrote = "before" if math.isinf(h.us) else place(h.written)
    where = f"{wrote} .. {place(h.read)}{' of the next run' if h.carried and not math.isinf(h.us) else ''}"
    return f"{time_text(h.us):<10}{drift:<8}{where}"


def notes(a: Analysis) -> list[str]:
    """What was assumed, and what could not be done as asked, a sentence each."""
    said = []
    start = ", ".join(f"{root if root != name else name} {interval_text(i)}" for name, (i, root) in a.start.items())
    if start:
        said.append(f"at the start: {start}")
    if a.assumed:
        names = ", ".join(a.assumed)
        said.append(
            f"read before anything has written {'it' if len(a.assumed) == 1 else 'them'}, assumed 0: {names} "
            f"(override with --range {a.assumed[0]}=LO..HI"
            f"{'' if a.period_us else ', or --fps for runs that follow one another'})"
        )
    if a.fps is not None and a.time_us > 1e6 / a.fps:
        said.append(
            f"{a.fps:g} runs a second do not fit: one run takes {time_text(a.time_us)}; {1e6 / a.time_us:.3g} used"
        )
    for name in a.grows:
        said.append(f"{name} grows from run to run without settling: treated as unbounded")
    return said
