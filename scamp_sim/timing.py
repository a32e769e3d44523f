"""What a program costs: words, launches, host calls, modelled time, bytes that leave the chip, energy.

Counts are exact. Times are counts times the prices of a table (`data/timing_*.json`), each price with its source and
its uncertainty. The cost of a program does not depend on data, so a profile is a pure function of the program.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scamp_sim import isa
from scamp_sim.exceptions import ScampError
from scamp_sim.host import actions
from scamp_sim.isa import NATIVE, Clock
from scamp_sim.program import HostCall, Kernel, Launch, Output, Program, Word
from scamp_sim.wording import plural

DATA = Path(__file__).parent / "data"

REQUIRED = {
    "word": "us",
    **{f"class.{c.name.lower()}": "x word" for c in Clock},
    "highspeed": "x word",
    "launch.analog": "us",
    "launch.digital": "us",
    "call": "us",
    "energy.word": "pJ per PE",
}
"""Rows that every price table has, with their unit. `call.NAME` rows, in us, are optional."""


@dataclass(frozen=True)
class Price:
    """One row of a price table."""

    name: str
    value: float
    unit: str
    source: str
    uncertainty: str


@dataclass(frozen=True)
class Timing:
    """A price table. `rows` holds every price by name."""

    name: str
    about: str
    rows: Mapping[str, Price]

    def __getitem__(self, name: str) -> float:
        return self.rows[name].value

    def word_us(self, clock: Clock, highspeed: bool = False) -> float:
        """Duration of one word in us."""
        factor = self["highspeed"] if highspeed else 1.0
        return self["word"] * self[f"class.{clock.name.lower()}"] * factor

    def launch_us(self, kernel: Kernel) -> float:
        """Price of sending one kernel to the array, beyond its words, in us."""
        return self["launch.analog" if kernel.analog else "launch.digital"]

    def call_us(self, call: HostCall) -> float:
        """Price of one host call in us, the words it issues included: its own row, or the common one plus its words."""
        row = self.rows.get(f"call.{call.name}")
        if row is not None:
            return row.value
        return self["call"] + sum(self.word_us(word.clock) for word in call_words(call))

    @property
    def note(self) -> str:
        """One sentence on how far launch and call prices can be trusted."""
        rows = (self.rows[n] for n in ("launch.analog", "launch.digital", "call.scamp5_in") if n in self.rows)
        return ", ".join(f"{r.name} {r.value:g} {r.unit} ({r.uncertainty})" for r in rows)


def load_timing(name_or_path: str | Path = "scamp5d") -> Timing:
    """The price table of that name in this package, or the one in the JSON file at that path.

    Raises ScampError if there is none, or if it is not a complete table of finite, non-negative prices.
    """
    given = str(name_or_path)
    path = DATA / f"timing_{given}.json"
    if given.endswith(".json") or "/" in given:
        path = Path(given)
    elif not path.exists():
        known = timing_names()
        raise ScampError(
            f"unknown timing '{given}'{isa.did_you_mean(given, known)}; known: {', '.join(known)}, or the path of a "
            ".json price table"
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ScampError(f"cannot read price table {path}: {e.strerror or e}") from e
    except ValueError as e:
        raise ScampError(f"price table {path} is not JSON: {e}") from e
    return _timing(document, path)


def timing_names() -> list[str]:
    """Price tables that come with the package."""
    return sorted(p.stem.removeprefix("timing_") for p in DATA.glob("timing_*.json"))


def _timing(document: Any, path: Path) -> Timing:
    if not isinstance(document, dict) or "name" not in document or not isinstance(document.get("rows"), list):
        raise ScampError(f"price table {path}: needs 'name' and 'rows', a list of prices; see docs/costs.md")
    rows = {r.name: r for r in (_price(row, n, path) for n, row in enumerate(document["rows"], 1))}
    timing = Timing(str(document["name"]), str(document.get("about", "")), rows)
    for row in rows.values():
        if not math.isfinite(row.value) or row.value < 0:
            raise ScampError(f"price table {path}: '{row.name}' is {row.value}; prices are finite and not negative")
        unit = REQUIRED.get(row.name, "us" if row.name.startswith("call.") else None)
        if unit is None:
            near = isa.did_you_mean(row.name, [*REQUIRED, *(f"call.{h}" for h in isa.HOST)])
            raise ScampError(f"price table {path}: unknown row '{row.name}'{near}")
        if row.unit != unit:
            raise ScampError(f"price table {path}: '{row.name}' is in {row.unit!r}, expected {unit!r}")
    missing = [n for n in REQUIRED if n not in rows]
    if missing:
        raise ScampError(f"price table {path}: missing rows: {', '.join(missing)}")
    return timing


def _price(row: Any, number: int, path: Path) -> Price:
    columns = ("name", "value", "unit", "source", "uncertainty")
    missing = [c for c in columns if c not in row] if isinstance(row, dict) else list(columns)
    if missing:
        raise ScampError(f"price table {path}: row {number} needs {', '.join(missing)}")
    try:
        value = float(row["value"])
    except (TypeError, ValueError, OverflowError):
        raise ScampError(f"price table {path}: '{row['name']}' is {row['value']!r}, which is not a number") from None
    return Price(str(row["name"]), value, str(row["unit"]), str(row["source"]), str(row["uncertainty"]))


# --- profile --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KernelCost:
    """What one kernel of a program costs in one run. `words`: its length; `time_us`: all its launches and words."""

    name: str
    words: int
    launches: int
    total_words: int
    time_us: float
    highspeed: bool


@dataclass(frozen=True)
class Profile:
    """What one run of a program costs. Times in us; the time of the readout is not modelled and not in them.

    `words`: executed, those of host routines included. `host_words`: those of host routines alone. `readout_bytes`: of
    the declared outputs, 1 byte a PE for an analog register and 1 bit a PE for a digital one. `energy_uj`: of the
    array at its published energy per word.
    """

    program: str
    timing: str
    shape: tuple[int, int]
    words: int
    words_by_class: Mapping[str, int]
    kernels: tuple[KernelCost, ...]
    launches: int
    host_calls: Mapping[str, int]
    host_words: int
    time_us: float
    time_breakdown: Mapping[str, float]
    readout_bytes: int
    energy_uj: float
    stored_words: int
    note: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, ready for JSON."""
        record = {**vars(self), "shape": list(self.shape), "kernels": [dict(vars(k)) for k in self.kernels]}
        for name in ("words_by_class", "host_calls", "time_breakdown"):
            record[name] = dict(record[name])
        return record

    def sections(self) -> list[list[tuple[str, str, str]]]:
        """The table that `text` and the terminal show, in parts: (item, amount, us); us is empty where none applies.

        First what was launched and called, then where the time goes and its total, then everything else.
        """
        parts = []
        for k in self.kernels:
            times = "" if k.launches == 1 else f" x {k.launches} launches"
            speed = ", high-speed" if k.highspeed else ""
            parts.append((f"kernel {k.name}", f"{plural(k.words, 'word')}{times}{speed}", f"{k.time_us:.1f}"))
        calls = [(f"call {name}", f"x {n}", "") for name, n in self.host_calls.items()]
        time = self.time_breakdown
        split = ", ".join(f"{n} {name}" for name, n in self.words_by_class.items())
        outside = f" ({plural(self.host_words, 'word')} of the above among them)" if self.host_words else ""
        called = sum(self.host_calls.values())
        total = [
            ("words", f"{self.words} ({split})" if split else "0", f"{time['words']:.1f}"),
            ("launches", f"{self.launches}", f"{time['launches']:.1f}"),
            ("host calls", f"{called}{outside}", f"{time['host calls']:.1f}"),
            ("total", f"{1e6 / self.time_us:,.0f} runs a second" if self.time_us else "", f"{self.time_us:.1f}"),
        ]
        rest = [
            ("kernel store", f"{self.stored_words} of {isa.STORE_WORDS} words", ""),
            ("energy", f"{self.energy_uj:.2f} uJ in the array", ""),
            ("readout", f"{self.readout_bytes:,} bytes; its time is not modelled", ""),
        ]
        return [parts + calls, total, rest]

    def text(self) -> str:
        """The costs as a plain table, the same for the same program on every machine."""
        sections = [s for s in self.sections() if s]
        rows = [r for s in sections for r in s]
        widths = [max(len(r[i]) for r in rows) for i in range(2)]
        last = max(len("us"), *(len(r[2]) for r in rows))
        rule = "-" * (widths[0] + widths[1] + last + 4)
        title = f"{self.program}: cost of one run ({self.timing}, {self.shape[0]}x{self.shape[1]})"
        lines = [title, " " * (len(rule) - 2) + "us"]
        for section in sections:
            lines += [rule, *(f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{last}}".rstrip() for a, b, c in section)]
        if self.note:
            lines += [rule, f"prices (range): {self.note}"]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.text()


def profile(program: Program, timing: Timing, shape: tuple[int, int] = (256, 256)) -> Profile:
    """What one run of `program` costs on an array of `shape` PEs at the prices of `timing`."""
    launches: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    classes: Counter[Clock] = Counter()
    host_words, call_us, pixels, readout_bits = 0, 0.0, shape[0] * shape[1], 0
    for step in program.steps:
        if isinstance(step, Launch):
            launches[step.kernel] += 1
        elif isinstance(step, HostCall):
            calls[step.name] += 1
            issued = call_words(step)
            host_words += len(issued)
            classes.update(word.clock for word in issued)
            call_us += timing.call_us(step)
        else:
            readout_bits += output_bits(step, pixels)
    costs, word_us, launch_us = [], 0.0, 0.0
    for name, kernel in program.kernels.items():
        n = launches[name]
        inside = Counter(NATIVE[w.op].clock for w in kernel.words)
        for clock, count in inside.items():
            classes[clock] += n * count
        each = sum(timing.word_us(clock, kernel.highspeed) * count for clock, count in inside.items())
        price = timing.launch_us(kernel)
        word_us, launch_us = word_us + n * each, launch_us + n * price
        costs.append(
            KernelCost(name, len(kernel.words), n, n * len(kernel.words), _us(n * (each + price)), kernel.highspeed)
        )
    words = classes.total()
    return Profile(
        program=program.name,
        timing=timing.name,
        shape=(shape[0], shape[1]),
        words=words,
        words_by_class={c.name.lower(): classes[c] for c in Clock if classes[c]},
        kernels=tuple(costs),
        launches=launches.total(),
        host_calls=dict(calls),
        host_words=host_words,
        time_us=_us(word_us + launch_us + call_us),
        time_breakdown={"words": _us(word_us), "launches": _us(launch_us), "host calls": _us(call_us)},
        readout_bytes=readout_bits // 8,
        energy_uj=round(words * pixels * timing["energy.word"] * 1e-6, 6),
        stored_words=program.stored_words,
        note=timing.note,
    )


def call_words(call: HostCall) -> list[Word]:
    """The instruction words that a host routine issues."""
    return [a for a in actions(call) if isinstance(a, Word)]


def output_bits(output: Output, pixels: int) -> int:
    """Bits that one output sends out of the chip: 8 a PE for an analog register, 1 for a digital one."""
    return pixels * (1 if output.register in isa.DIGITAL_SOURCES else 8)


def _us(value: float) -> float:
    """Sums of 0.1 carry binary dust; prices have no digits beyond a picosecond."""
    return round(value, 6)
