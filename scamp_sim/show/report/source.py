"""The source of the report: every line with its cost beside it, opening to its native words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath

from scamp_sim.show.report.annotate import NOWHERE, Annotation, LineCost, Native, SourceText
from scamp_sim.show.report.charts import CLASSES, percent, us
from scamp_sim.text import plural

MOST_WORDS = 400
"""Native words that one line shows when it is opened."""

MOST_ON_PAGE = 4000
"""Native words that all lines show together."""

_COMMENT = re.compile(r"//.*$|/\*.*?\*/")


@dataclass
class _Scale:
    """What all lines share. top: us of the longest, without its readout; left: native words that may still be shown."""

    top: float
    left: int = MOST_ON_PAGE


def source_section(annotation: Annotation, texts: Sequence[SourceText]) -> str:
    """All files of a program that anything comes from. Empty for a program without lines or words."""
    top = max((c.us - c.readout_us for c in annotation.lines.values()), default=0.0)
    scale = _Scale(top)
    panels = []
    for text in texts:
        own = {line: cost for (file, line), cost in annotation.lines.items() if file == text.name}
        through = any(name in annotation.macros for name in text.macros.values())
        if own or through:
            panels.append(_panel(annotation, text, own, scale))
    rest = annotation.lines.get(NOWHERE)
    if rest is not None:
        panels.append(
            f'<div class="panel"><h3>Without source text <span>{plural(rest.words, "word")}, {us(rest.us)} &micro;s'
            f"</span></h3>{_words(rest, scale)}</div>"
        )
    note = "Open a line to see its native words. A word counts for the line that calls for it"
    if any(name in annotation.macros for text in texts for name in text.macros.values()):
        note += "; a macro shows in italics what went through it"
    note += ". Bars compare lines"
    note += " without their readout; a hatched bar is a readout." if annotation.profile.readouts else "."
    return f'<p class="note">{note}</p>{"".join(panels)}' if panels else ""


def _panel(annotation: Annotation, text: SourceText, own: dict[int, LineCost], scale: _Scale) -> str:
    words, spent = sum(c.words for c in own.values()), sum(c.us for c in own.values())
    amount = f"{plural(words, 'word')}, {us(spent)} &micro;s, {percent(annotation.share(spent))}" if own else "macros"
    cost = annotation.profile
    of = f"of {us(cost.compute_us)} &micro;s" if cost.readouts else "share"
    head = (
        '<div class="row head"><span></span><span></span><span class="num">words</span>'
        f'<span class="num">&micro;s</span><span></span><span class="num">{of}</span></div>'
    )
    rows = []
    for n, line in enumerate(text.lines, 1):
        if text.partial and n not in own:
            continue
        rows.append(_row(annotation, n, line, own.get(n), text.macros.get(n, ""), scale))
    title = f"{escape(_short_path(text.name))} <span>{amount}</span>"
    body = f'<div class="source">{head}{"".join(rows)}</div>'
    if not own:  # a library of macros may be long
        return f'<details class="panel"><summary><h3>{title}</h3></summary>{body}</details>'
    return f'<div class="panel"><h3>{title}</h3>{body}</div>'


def _row(annotation: Annotation, n: int, line: str, cost: LineCost | None, macro: str, scale: _Scale) -> str:
    source = f'<span class="no">{n}</span><span class="src code">{_coloured(line)}</span>'
    if cost is None:
        through = annotation.macros.get(macro)
        if through is None:
            return f'<div class="row plain">{source}</div>'
        cells = f'<span class="num through">{through[0]:,}</span><span class="num through">{us(through[1])}</span>'
        return f'<div class="row">{source}{cells}</div>'
    rest = cost.us - cost.readout_us
    bars = (
        f'<i class="{_main_class(cost)}" style="width:{max(100 * rest / scale.top, 1.5):.1f}%"></i>' if rest > 0 else ""
    )
    if cost.readout_us > 0:
        bars += '<i class="out"></i>'
    share = annotation.compute_share(cost)
    tip = f"{percent(annotation.share(cost.us))} of the run"
    if share is not None and cost.readout_us == 0:
        tip += f", {percent(share)} of it without readout"
    shown = "readout" if share is None else percent(share)
    cells = (
        f'<span class="num">{f"{cost.words:,}" if cost.words else ""}</span><span class="num">{us(cost.us)}</span>'
        f'<span class="heat" title="{tip}">{bars}</span><span class="num soft">{shown}</span>'
    )
    return (
        f'<details class="line"><summary class="row" title="{escape(_tip(cost))}">{source}{cells}</summary>'
        f"{_words(cost, scale, tip)}</details>"
    )


def _tip(cost: LineCost) -> str:
    """The first native words of a line, shown where the mouse rests."""
    first = next(iter(cost.rounds), ())
    shown = [n.text for n in first[:12]] + (["..."] if len(first) > 12 else [])
    return "\n".join(shown or cost.parts())


def _main_class(cost: LineCost) -> str:
    """The colour of a line: of what most of it is."""
    if not cost.rounds:
        return "c-launches" if cost.launches else "c-calls"
    clocks = Counter({n.clock: 0 for n in next(iter(cost.rounds))})
    for natives, times in cost.rounds.items():
        clocks.update({c: times * k for c, k in Counter(n.clock for n in natives).items()})
    name = clocks.most_common(1)[0][0]
    return f"c-{name}" if name in CLASSES else "c-other"


def _words(cost: LineCost, scale: _Scale, tip: str = "") -> str:
    """The native words of a line, list by list, as far as there is room for them."""
    out = [f"<p>{'; '.join([*map(escape, cost.parts()), *([tip] if tip else [])])}</p>"]
    calls = [f"{escape(text)}{_times(n)}" for text, n in list(cost.calls.items())[:MOST_WORDS]]
    out += [f"<p><code>{text}</code></p>" for text in calls]
    left, hidden = MOST_WORDS, cost.more
    for natives, times in cost.rounds.items():
        if len(natives) > min(left, scale.left):
            hidden += times
            continue
        left, scale.left = left - len(natives), scale.left - len(natives)
        if len(cost.rounds) > 1 or times > 1:
            out.append(f"<p>{plural(times, 'time')}, {plural(len(natives), 'word')}:</p>")
        out.append(f"<ol>{''.join(_native(n) for n in natives)}</ol>")
    if hidden:
        out.append(f"<p>{plural(hidden, 'more round')}, not shown</p>")
    return f'<div class="words">{"".join(out)}</div>'


def _times(n: int) -> str:
    return f" &times; {n}" if n > 1 else ""


def _native(native: Native) -> str:
    name = native.clock if native.clock in CLASSES else "other"
    via = f'<span class="via">{escape(" > ".join(native.macros))}</span>' if native.macros else ""
    return (
        f'<li><i class="dot c-{name}" title="{escape(native.clock)}"></i><code>{escape(native.text)}</code>{via}'
        f'<span class="us">{native.us:.10g}</span></li>'
    )


def _coloured(line: str) -> str:
    """A source line with its comments set back."""
    text = line.expandtabs(4)
    out, end = [], 0
    for match in _COMMENT.finditer(text):
        out += [escape(text[end : match.start()]), f'<span class="c">{escape(match.group())}</span>']
        end = match.end()
    return "".join([*out, escape(text[end:])])


def _short_path(name: str) -> str:
    """A file name as one would call it: what is below the present folder without that, others by their last parts."""
    path = PurePath(name)
    if not path.is_absolute():
        return name
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(PurePath(*path.parts[-2:]))
