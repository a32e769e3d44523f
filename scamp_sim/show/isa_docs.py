"""The instruction set for readers: one entry per native word, macro and host function, as text, Markdown or JSON.

Entries are derived from the table in `isa` and from the prelude; nothing here knows an instruction by name.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scamp_sim.chip import isa
from scamp_sim.chip.isa import Clock, Gate, HostFunction, Native, Slot

if TYPE_CHECKING:
    from scamp_sim.compiler.expand.macro_info import MacroInfo

KINDS = {
    "native": "Native words: one instruction control word each",
    "macro": "Macros: fixed sequences of native words",
    "host": "Host functions: routines of the microcontroller. Rows count from the top, columns from the right",
}

STATUS = {
    "D": "documented by the vendor",
    "M": "measured on hardware",
    "P": "published",
    "I": "inferred",
    "R": "recommended modelling choice",
    "U": "unknown",
}

OPERANDS = {
    **{kind: f"one of {' '.join(names)}" for kind, names in isa.OPERAND_KINDS.items()},
    "dir": f"a direction: {' '.join(isa.DIRECTIONS)}",
    "dirs": "directions: north|east",
    "int": "a constant integer expression",
    "row": "an integer, a chip row inside the array: row 0 is the top",
    "column": "an integer, a chip column inside the array: column 0 is on the right",
    "address": "an integer, an address or a mask of address bits",
    "table": "a table of integers",
}
"""Operand class -> what may stand there."""


INDEX_WIDTH, ENTRY_WIDTH = 120, 100
"""Columns of `scamp-sim isa` and of `scamp-sim isa NAME`."""


@dataclass(frozen=True)
class Entry:
    """One instruction as a user writes it.

    `words`: 1 for native words; for host functions those they issue.

    `operands`: (name, class, remark).
    `gate`: what lets it write.
    `clobbers`: registers that change besides the destinations.
    `requires`: what a macro says of operands that it does not take.
    `expansion`: native words, for macros.
    """

    name: str
    kind: str
    signature: str
    operands: tuple[tuple[str, str, str], ...]
    words: int | str
    clock: str
    gate: str
    effect: str
    source: str
    expansion: tuple[str, ...] = ()
    clobbers: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    highspeed: bool | None = None
    notes: str = ""
    requires: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        record = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}
        record["operands"] = [dict(zip(("name", "class", "remark"), o, strict=True)) for o in self.operands]
        return record


def entries() -> list[Entry]:
    """Every native word, then every macro, then every host function, in the order of their tables."""
    from scamp_sim.compiler.expand.macro_info import macros

    native = [_native(row) for row in isa.NATIVE.values()]
    host = [_host(form) for forms in isa.HOST.values() for form in forms]
    return [*native, *(_macro(form) for forms in macros().values() for form in forms), *host]


def find(name: str) -> list[Entry]:
    """The entries of that name (a macro and a host function can have several forms); empty if there is none."""
    name = isa.MNEMONIC_ALIASES.get(name, name)
    return [e for e in entries() if e.name == name]


def _native(row: Native) -> Entry:
    operands = tuple(
        (prefix if slot.most == 1 else f"{prefix}0..{prefix}{slot.most - 1}", slot.kind, _slot_remark(slot, row.lists))
        for prefix, slot in (("y", row.dst), ("x", row.src))
        if slot is not None
    )
    return Entry(
        row.name,
        "native",
        row.signature,
        operands,
        1,
        row.clock.name.lower(),
        row.gate.value,
        row.effect,
        row.source,
        reads=row.reads,
        writes=row.writes,
        highspeed=row.highspeed,
        notes=row.notes,
    )


def _slot_remark(slot: Slot, lists: bool) -> str:
    count = "" if slot.least == slot.most == 1 else f"{slot.least} to {slot.most}"
    if slot.least == slot.most > 1:
        count = str(slot.most)
    listed = "or a list {...}" if lists else ""
    return ", ".join(p for p in (count, listed) if p)


def _host(form: HostFunction) -> Entry:
    shown = [(o.name, o.kind, o.default) for o in form.operands if o.default != isa.DRAWING]
    operands = _with_defaults(shown)
    addressed = form.result in ("events", "bounding box") or any(k in ("row", "column", "address") for _, k, _ in shown)
    notes = "Addresses are the chip's: row 0 is the top, column 0 the right-hand side." if addressed else ""
    return Entry(
        form.name,
        "host",
        form.signature,
        operands,
        form.words,
        "",
        "",
        form.effect,
        form.source,
        writes=form.writes,
        notes=notes,
    )


def _with_defaults(operands: Iterable[tuple[str, str, Any]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((n, kind, "" if default in (None, "") else f"default {default}") for n, kind, default in operands)


def _macro(info: MacroInfo) -> Entry:
    rows = [isa.NATIVE[name] for name in (_mnemonic(w) for w in info.expansion) if name in isa.NATIVE]
    clocks = "+".join(c.name.lower() for c in Clock if any(r.clock is c for r in rows))
    gates = {r.gate for r in rows}
    gate = " / ".join(g.value for g in Gate if g in gates)
    return Entry(
        info.name,
        "macro",
        info.signature,
        _with_defaults(info.operands),
        info.words,
        clocks,
        gate,
        info.effect,
        info.source,
        tuple(map(str, info.expansion)),
        tuple(info.clobbers),
        highspeed=isa.highspeed(r.name for r in rows),
        requires=info.requires,
    )


def _mnemonic(word: Any) -> str:
    return str(word).partition("(")[0].strip()


def source_legend(source: str) -> str:
    """A source note such as "D KAPI; I sign" with its letters and keys spelled out."""
    keys = [f"{k} = {text}" for k, text in isa.SOURCES.items() if re.search(rf"(?<![\w-]){k}(?![\w-])", source)]
    letters = [f"{k} = {text}" for k, text in STATUS.items() if re.search(rf"(?<!\w){k}(?!\w)", source)]
    question = ["Qn = open question n, see scamp-sim docs questions"] if re.search(r"\bQ\d", source) else []
    return "; ".join([*letters, *keys, *question])


# --- text -----------------------------------------------------------------------------------------------------


def index_text(all_entries: Sequence[Entry], width: int = INDEX_WIDTH) -> str:
    """One entry after another: signature, words, clock class, effect."""
    lines = []
    for kind, title in KINDS.items():
        rows = [e for e in all_entries if e.kind == kind]
        wide = max((len(e.signature) for e in rows), default=0)
        lines += [title, ""]
        for e in rows:
            clock = "" if kind == "host" else f" {_clock_short(e.clock):11}"
            lines += _wrapped(f"  {e.signature:{wide}}  {_count(e.words):>3}{clock}  ", e.effect, width)
        lines.append("")
    return "\n".join([*lines, "scamp-sim isa NAME explains one of them.", ""])


def _count(words: int | str) -> str:
    return str(words) if isinstance(words, int) else "..."


def _clock_short(clock: str) -> str:
    return clock if len(clock) <= 11 else "mixed"


def entry_text(entry: Entry, width: int = ENTRY_WIDTH) -> str:
    """Everything known of one entry, as labelled lines."""
    issued = " issued to the array" if entry.kind == "host" else ""
    facts: list[tuple[str, str]] = [
        ("what", KINDS[entry.kind].partition(":")[0].lower().rstrip("s")),
        ("effect", entry.effect),
        *(
            (f"operand {n}", f"{c}{': ' + OPERANDS[c] if c in OPERANDS else ''}{f' ({r})' if r else ''}")
            for n, c, r in entry.operands
        ),
        ("words", f"{entry.words}{issued}"),
        ("clock class", entry.clock),
        ("gating", entry.gate),
        ("reads also", " ".join(entry.reads)),
        ("changes also", " ".join(entry.writes)),
        ("clobbers", " ".join(entry.clobbers)),
        ("high-speed", _HIGHSPEED[entry.highspeed]),
        ("operands", "; ".join(entry.requires)),
        ("notes", entry.notes),
        ("source", entry.source),
        ("", source_legend(entry.source)),
    ]
    lines = [entry.signature, ""]
    labels = max(len(label) for label, text in facts if text)
    for label, text in facts:
        if text:
            lines += _wrapped(f"  {label:{labels}}  ", text, width)
    if entry.expansion:
        lines += ["", "  expands to", *(f"    {i:2}  {w}" for i, w in enumerate(entry.expansion, 1))]
    return "\n".join(lines) + "\n"


_HIGHSPEED = {None: "", True: "keeps a kernel eligible", False: "a kernel that holds it is not eligible"}


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=label, subsequent_indent=" " * len(label))


# --- Markdown -------------------------------------------------------------------------------------------------


def markdown(all_entries: Sequence[Entry]) -> str:
    """docs/isa.md: the whole instruction set as one page."""
    lines = [
        "# The instruction set",
        "",
        "Generated by `scamp-sim isa --format markdown` from the table and the prelude; do not edit.",
        "`scamp-sim isa NAME` says more about one entry.",
        "",
        "Operand classes:",
        "",
        *(f"- `{name}`: {text}" for name, text in OPERANDS.items()),
        "",
        "Source notes: a status letter (" + ", ".join(f"{k} {v}" for k, v in STATUS.items()) + "), then a key of the",
        "list at the end. Qn is the n-th of the [open questions](questions.md): the chip's answer is not public, and",
        "the one taken here is a stated choice.",
        "",
    ]
    for kind, title in KINDS.items():
        columns = [
            "call",
            "words",
            "clock",
            "effect",
            *(["expansion", "clobbers"] if kind == "macro" else []),
            "source",
        ]
        if kind == "host":
            columns.remove("clock")
        lines += [f"## {title}", "", _row(columns), _row(["---"] * len(columns))]
        for e in all_entries:
            if e.kind == kind:
                cells = {
                    "call": f"`{e.signature}`",
                    "words": str(e.words),
                    "clock": e.clock,
                    "effect": e.effect,
                    "expansion": "; ".join(f"`{w}`" for w in e.expansion),
                    "clobbers": " ".join(e.clobbers),
                    "source": e.source,
                }
                lines.append(_row([cells[c] for c in columns]))
        lines.append("")
    notes = [f"- `{e.name}`: {e.notes}" for e in all_entries if e.notes and e.kind != "host"]
    notes += [f"- `{e.signature}`: {'; '.join(e.requires)}" for e in all_entries if e.requires]
    gates = [f"- {g.value}: {', '.join(f'`{r.name}`' for r in isa.NATIVE.values() if r.gate is g)}" for g in Gate]
    lines += ["## Gating of native words", "", *gates, "", "## Notes", "", *notes, "", "## Sources", ""]
    lines += [f"- {key}: {text}" for key, text in isa.SOURCES.items()]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
