"""Where the time of a run goes, source line by source line; the annotated source as text.

A word counts for the line of the user's text that called for it, through however many macros; launches, host calls and
readouts for the line that asks for them. Together the lines make up the whole run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scamp_sim.chip.host import CHIP, DEFAULT
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import HostCall, Launch, Origin, Program, Word
from scamp_sim.chip.trace import Place, Seen, comes_again, described, main_file
from scamp_sim.costs.profile import Profile, number, plural_bytes
from scamp_sim.costs.timing import Timing, profile, step_cost
from scamp_sim.text import paint, plural, short

MOST_ROUNDS = 12
"""Different lists of words that are kept of one line; loops and kernels with parameters make them."""

SOURCE_WIDTH = 72
TAB = "    "
HEADS = f"{'words':>8} {'us':>10} {'share':>6} w/o readout"

NOWHERE: Place = ("", 0)
"""The place of what has no source text."""


@dataclass(frozen=True, slots=True)
class Native:
    """One word of a line: its text, clock class and price in us, and the macros that lead to it, outermost first."""

    text: str
    clock: str
    us: float
    macros: tuple[str, ...] = ()


@dataclass
class LineCost:
    """What one source line costs in a run.

    us: of everything.
    readout_us: of its readouts alone.

    words: carried out, those of host routines included.
    launches: kernel -> how many.
    calls: text of each host call or output -> how often.
    bytes: that leave the array.
    rounds: the lists of words that it became -> how often each was carried out, `more` of them not kept.
    """

    words: int = 0
    us: float = 0.0
    readout_us: float = 0.0
    launches: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    rounds: Counter[tuple[Native, ...]] = field(default_factory=Counter)
    more: int = 0

    def parts(self) -> list[str]:
        """What it is made of, beyond words."""
        found = []
        if self.launches:
            named = f" of {next(iter(self.launches))}" if len(self.launches) == 1 else ""
            times = self.launches.total()
            found.append(f"{times:,} {'launch' if times == 1 else 'launches'}{named}")
        outputs = sum(n for text, n in self.calls.items() if text.startswith("output "))
        if self.calls.total() > outputs:
            found.append(plural(self.calls.total() - outputs, "host call"))
        if outputs:
            found.append(plural(outputs, "output"))
        if self.bytes:
            found.append(f"{plural_bytes(self.bytes)} out")
        return found


@dataclass(frozen=True)
class Annotation:
    """A run by source lines.

    `lines`: NOWHERE holds what comes from no text.
    macros: name -> words and us that went through it, macros of the prelude included; these are in `lines` already.
    readout_words: words of the routines that read out.
    """

    program: Program
    profile: Profile
    lines: Mapping[Place, LineCost]
    macros: Mapping[str, tuple[int, float]]
    readout_words: int = 0

    def share(self, us: float) -> float:
        """Part of the whole run, 0 to 1."""
        return us / self.profile.time_us if self.profile.time_us else 0.0

    def compute_share(self, line: LineCost) -> float | None:
        """Part of the run without its readout, 0 to 1; None for a line that only reads out."""
        rest = line.us - line.readout_us
        return None if rest <= 0 or not self.profile.compute_us else rest / self.profile.compute_us

    def heaviest(self, count: int = 1) -> list[tuple[Place, LineCost]]:
        """The lines that take longest."""
        return sorted(self.lines.items(), key=lambda item: -item[1].us)[:count]


def annotate(
    program: Program, timing: Timing, shape: tuple[int, int] = CHIP, options: ArrayOptions = DEFAULT
) -> Annotation:
    """What every source line costs in one run of `program` on an array of `shape` PEs at the prices of `timing`."""
    lines: dict[Place, LineCost] = {}
    macros: dict[str, tuple[int, float]] = {}
    launches = Counter(s.kernel for s in program.steps if isinstance(s, Launch))
    readout_words = 0

    def at(origin: Origin | None) -> LineCost:
        return lines.setdefault(NOWHERE if origin is None else (origin.file, origin.line), LineCost())

    for step in program.steps:
        cost, line = step_cost(step, program, timing, shape, options), at(step.origin)
        if isinstance(step, Launch):
            line.us += cost.launch_us
            line.launches[step.kernel] += 1
            continue
        line.us += cost.us
        line.words += cost.words
        line.calls[described(step)] += 1
        if cost.volume is not None:
            line.bytes += cost.volume.bytes
            line.readout_us += cost.readout_us
            readout_words += cost.words
        if isinstance(step, HostCall) and step.origin is not None:
            _through(macros, step.origin, cost.words, cost.us)
    for name, times in launches.items():
        kernel = program.kernels[name]
        for statement in _rounds(kernel.words):
            line = at(statement[0].origin)
            natives = []
            for word in statement:
                us = timing.word_us(word.clock, kernel.highspeed)
                line.us, line.words = line.us + times * us, line.words + times
                chain = () if word.origin is None else word.origin.macros
                natives.append(Native(str(word), word.clock.name.lower(), us, chain))
                if word.origin is not None:
                    _through(macros, word.origin, times, times * us)
            key = tuple(natives)
            if key in line.rounds or len(line.rounds) < MOST_ROUNDS:
                line.rounds[key] += times
            else:
                line.more += times
    return Annotation(program, profile(program, timing, shape, options), lines, macros, readout_words)


def _through(macros: dict[str, tuple[int, float]], origin: Origin, words: int, us: float) -> None:
    for name in set(origin.macros):
        before = macros.get(name, (0, 0.0))
        macros[name] = before[0] + words, before[1] + us


def _rounds(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words of a kernel by line, again for each round of a loop, which the assembler gives an origin of its own."""
    current: list[Word] = []
    seen: Seen = {}
    for word in words:
        origin, last = word.origin, current[-1].origin if current else None
        same = origin is not None and last is not None and (origin.file, origin.line) == (last.file, last.line)
        if not same or comes_again(seen, origin):
            if current:
                yield current
            current, seen = [], {}
            comes_again(seen, origin)
        current.append(word)
    if current:
        yield current


# --- source texts -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SourceText:
    """One file of a program.

    `macros`: line -> the name of the macro that is declared there.
    """

    name: str
    lines: tuple[str, ...]
    macros: Mapping[int, str] = field(default_factory=dict)
    partial: bool = False


def sources_of(annotation: Annotation) -> list[SourceText]:
    """What is known of the source without its files: the lines that something came from, the others empty."""
    texts: dict[str, dict[int, str]] = {}
    kernels = annotation.program.kernels.values()
    origins = [s.origin for s in annotation.program.steps] + [w.origin for k in kernels for w in k.words]
    for origin in origins:
        if origin is not None:
            texts.setdefault(origin.file, {})[origin.line] = origin.text
    return [
        SourceText(file, tuple(lines.get(n, "") for n in range(1, max(lines) + 1)), partial=True)
        for file, lines in texts.items()
    ]


# --- text -------------------------------------------------------------------------------------------------------


def annotated_text(
    annotation: Annotation, sources: Sequence[SourceText] = (), width: int | None = None, colour: bool = False
) -> str:
    """Every source line with its words, us and share beside it, then the total and where the time goes.

    A macro's own lines show, in brackets, what went through it; that is counted at the lines that call it.

    width: columns of the terminal: source lines are cut to fit, and what they hold stands below.
    colour: with the codes of a terminal: lines by the share of their time.
    """
    cost = annotation.profile
    rows, columns = cost.shape
    out = [
        f"{cost.program}: {cost.words:,} words, {number(cost.time_us)} us in one run ({cost.timing}, {rows}x{columns})"
    ]
    for source in sources or sources_of(annotation):
        out += ["", *_file(annotation, source, width, colour)]
    rest = annotation.lines.get(NOWHERE)
    if rest is not None:
        out += ["", f"without source text: {_amounts(annotation, rest).strip()}"]
    out += ["", HEADS.removesuffix(" w/o readout")]
    calls = cost.host_words - annotation.readout_words
    parts = {"words": cost.words - cost.host_words, "host calls": calls, "readout": annotation.readout_words}
    labels = {"words": "words of kernels"}
    for name, us in cost.time_breakdown.items():
        share = _percent(annotation.share(us))
        out.append(f"{parts.get(name) or '':>8} {number(us):>10} {share:>6}  {labels.get(name, name)}")
    rate = f"  {1e6 / cost.time_us:,.0f} runs a second" if cost.time_us else ""
    out.append(f"{cost.words:8} {number(cost.time_us):>10} {'':6}  total{rate}".rstrip())
    return "\n".join(out) + "\n"


def _file(annotation: Annotation, source: SourceText, width: int | None, colour: bool) -> Iterator[str]:
    own = {line: cost for (file, line), cost in annotation.lines.items() if file == source.name}
    us = sum(c.us for c in own.values())
    words = sum(c.words for c in own.values())
    spent = (
        f"{plural(words, 'word')}, {number(us)} us, {_percent(annotation.share(us))}" if own else "no words of its own"
    )
    yield f"{source.name}: {spent}"
    if not own and not any(name in annotation.macros for name in source.macros.values()):
        return
    yield f"{HEADS}  line"
    for n, text in enumerate(source.lines, 1):
        if source.partial and n not in own:
            continue
        room = SOURCE_WIDTH if width is None else max(width - len(HEADS) - 8, 12)
        shown = short(text.replace("\t", TAB).rstrip(), min(SOURCE_WIDTH, room))
        amounts, note = "", ""
        if n in own:
            amounts = _amounts(annotation, own[n])
            note = ", ".join(own[n].parts())
        elif n in source.macros and source.macros[n] in annotation.macros:
            through, us = annotation.macros[source.macros[n]]
            amounts = f"{f'[{through}]':>8} {f'[{number(us)}]':>10}"
        after = f"   <- {note}" if note else ""
        if note and len(shown) + len(after) > room and width is not None:
            after = f"\n{'':{len(HEADS)}}        <- {short(note, room - 3)}"
        share = annotation.share(own[n].us) if n in own else 0.0
        style = "hot" if share >= HOT else "warm" if share >= WARM else "plain" if n in own else "faint"
        yield paint(f"{amounts:{len(HEADS)}}  {n:4}  {shown}{after}".rstrip(), style, colour)


HOT, WARM = 0.1, 0.01
"""Shares of the time of a run from which on a line is coloured."""


def _amounts(annotation: Annotation, line: LineCost) -> str:
    rest = annotation.compute_share(line)
    shares = f"{_percent(annotation.share(line.us)):>6} {'' if rest is None else _percent(rest):>11}"
    return f"{line.words or '':>8} {number(line.us):>10} {shares}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def as_dict(annotation: Annotation, sources: Sequence[SourceText] = ()) -> dict[str, object]:
    """The same facts ready for JSON: lines with words, us, share and what they are made of; macros; the profile."""
    texts = {s.name: s.lines for s in sources or sources_of(annotation)}
    lines = []
    for (file, line), cost in sorted(annotation.lines.items()):
        known = texts.get(file, ())
        lines.append(
            {
                "file": file or None,
                "line": line or None,
                "source": known[line - 1] if 0 < line <= len(known) else "",
                "words": cost.words,
                "us": round(cost.us, 6),
                "share": round(annotation.share(cost.us), 6),
                "launches": cost.launches.total(),
                "calls": dict(cost.calls),
                "bytes": cost.bytes,
            }
        )
    macros = [{"name": n, "words": w, "us": round(us, 6)} for n, (w, us) in annotation.macros.items()]
    return {
        "program": annotation.program.name,
        "main": main_file(annotation.program),
        "lines": lines,
        "macros": macros,
        "profile": annotation.profile.as_dict(),
    }
