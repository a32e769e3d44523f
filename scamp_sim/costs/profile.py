"""What a run costs, as records: a step, a kernel, a readout, a whole run, and the table that shows it.

`timing` fills them in. Times are in us.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.readout import Volume
from scamp_sim.displays import Shown
from scamp_sim.text import plural, short

CROWDED = 0.8
"""Share of the kernel store from which on the table names the largest kernels."""

MOST_READOUTS = 8
"""Readouts that the table shows one by one; of more than that it shows one line for each function."""

WIDTH = 80
"""Columns of the table."""

WIDEST_ITEM, WIDEST_AMOUNT = 34, 52
"""Those of its parts at most."""


@dataclass(frozen=True)
class StepCost:
    """What one step of a program costs.

    words: executed, those that a host routine issues included.
    word_us: of the words of a kernel.
    launch_us: sending a kernel, recording it again if it is dynamic.
    call_us: a host routine with the words that it issues.
    readout_us: the same of a routine that takes something from the array, and moving that.
    volume: what it is.
    """

    words: int = 0
    word_us: float = 0.0
    launch_us: float = 0.0
    call_us: float = 0.0
    readout_us: float = 0.0
    volume: Volume | None = None

    @property
    def us(self) -> float:
        """Duration of the step."""
        return self.word_us + self.launch_us + self.call_us + self.readout_us


@dataclass(frozen=True)
class KernelCost:
    """What one kernel of a program costs in one run.

    `words`: its length.
    `time_us`: all its launches and words.
    """

    name: str
    words: int
    launches: int
    total_words: int
    time_us: float
    highspeed: bool
    storage: str = "static"


@dataclass(frozen=True)
class Readout:
    """One result on its way out of the array, taken `times` times; the numbers are those of one time.

    function: the host function that takes it; scamp5_output_image stands for the `output` of a register.
    bits: of one element.
    bytes: its payload, which with the headers of a packet is bytes_with_headers.
    """

    name: str
    function: str
    kind: str
    register: str
    elements: int
    bits: int
    bytes: int
    bytes_with_headers: int
    time_us: float
    times: int = 1


@dataclass(frozen=True)
class Profile(Shown):
    """What one run of a program costs. Times in us.

    `words`: executed, those of host routines included.
    `host_words`: those of host routines alone.
    `call_times`: of host functions by name; those that read out are in `readouts` instead.
    `time_us`: everything, with the readout.
    `time_breakdown`: its parts.
    `readout_bytes`: payload of all readouts.
    `energy_uj`: of the array at its published energy per word.
    `system_energy_uj`: of the whole vision system at its published power.
    `runs`: how many runs these numbers are the sum of; 0 for a sum of different things, of which there is no rate.
    """

    program: str
    timing: str
    shape: tuple[int, int]
    words: int
    words_by_class: Mapping[str, int]
    kernels: tuple[KernelCost, ...]
    launches: int
    host_calls: Mapping[str, int]
    call_times: Mapping[str, float]
    host_words: int
    time_us: float
    time_breakdown: Mapping[str, float]
    readouts: tuple[Readout, ...]
    readout_bytes: int
    readout_bytes_with_headers: int
    energy_uj: float
    system_energy_uj: float
    stored_words: int
    note: str = field(default="", compare=False)
    runs: int = 1

    def __repr__(self) -> str:
        return f"<Profile of {self.program}: {self.words:,} words, {self.time_us:,.1f} us ({self.timing})>"

    @property
    def compute_us(self) -> float:
        """The time without the readout."""
        return tidy(self.time_us - self.time_breakdown["readout"])

    @property
    def power_w(self) -> float:
        """Power of the array, averaged over the run; the controller and the converter come on top."""
        return self.energy_uj / self.time_us if self.time_us else 0.0

    @property
    def raw_frame_bytes(self) -> int:
        """Bytes of one picture of the array's size, 8 bits a PE."""
        return self.shape[0] * self.shape[1]

    @property
    def readout_ratio(self) -> float | None:
        """How many times less than a raw frame leaves the array in a run, None if nothing does."""
        return self.raw_frame_bytes * max(self.runs, 1) / self.readout_bytes if self.readout_bytes else None

    @property
    def highspeed_kernels(self) -> tuple[str, ...]:
        """Kernels that qualify for high speed: they hold digital words only."""
        return tuple(k.name for k in self.kernels if k.highspeed)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, ready for JSON."""
        record = {**vars(self), "shape": list(self.shape)}
        for name in ("words_by_class", "host_calls", "call_times", "time_breakdown"):
            record[name] = dict(record[name])
        for name in ("kernels", "readouts"):
            record[name] = [dict(vars(part)) for part in record[name]]
        record["highspeed_kernels"] = list(self.highspeed_kernels)
        for name in ("compute_us", "power_w", "raw_frame_bytes", "readout_ratio"):
            record[name] = getattr(self, name)
        return record

    @property
    def title(self) -> str:
        """The headline of the table."""
        runs = {0: "cost", 1: "cost of one run"}.get(self.runs, f"cost of {self.runs:,} runs")
        return f"{self.program}: {runs} ({self.timing}, {self.shape[0]}x{self.shape[1]})"

    def sections(self) -> list[list[tuple[str, str, str]]]:
        """The table that `text` and the terminal show, in parts: (item, amount, us); us is empty where none applies.

        First what was launched, called and read out, then where the time goes and its total, then everything else.
        """
        parts = [_kernel_row(k) for k in self.kernels]
        parts += [(f"call {name}", f"x {self.host_calls[name]}", number(us)) for name, us in self.call_times.items()]
        parts += self._readout_rows()
        return [parts, self._time_rows(), self._other_rows()]

    def _readout_rows(self) -> list[tuple[str, str, str]]:
        if len(self.readouts) <= MOST_READOUTS:
            return [_readout_row(f"readout {r.name}", [r]) for r in self.readouts]
        functions = {r.function: [s for s in self.readouts if s.function == r.function] for r in self.readouts}
        return [_readout_row(f"readout {name}", alike) for name, alike in functions.items()]

    def _time_rows(self) -> list[tuple[str, str, str]]:
        time = self.time_breakdown
        split = ", ".join(f"{n:,} {name}" for name, n in self.words_by_class.items())
        outside = f" ({plural(self.host_words, 'word')} of the above)" if self.host_words else ""
        called = sum(self.host_calls[name] for name in self.call_times)
        rows = [
            ("words", f"{self.words:,} ({split})" if split else "0", number(time["words"])),
            ("launches", f"{self.launches:,}", number(time["launches"])),
            ("host calls", f"{called:,}{outside}", number(time["host calls"])),
        ]
        rates = f"{1e6 * self.runs / self.time_us:,.0f} runs a second" if self.time_us and self.runs else ""
        if self.readout_bytes:
            share = _share(self.readout_bytes, self.raw_frame_bytes * max(self.runs, 1))
            rows.append(("readout", f"{plural_bytes(self.readout_bytes)}, {share}", number(time["readout"])))
            rates += f"; {1e6 * self.runs / self.compute_us:,.0f} without readout" if rates and self.compute_us else ""
        return [*rows, ("total", rates, number(self.time_us))]

    def _other_rows(self) -> list[tuple[str, str, str]]:
        store = f"{self.stored_words:,} of {isa.STORE_WORDS} words"
        if self.stored_words > isa.STORE_WORDS:
            store += ": the programs do not fit into it together"
        elif self.stored_words > CROWDED * isa.STORE_WORDS:
            largest = sorted((k for k in self.kernels if k.storage != "heap"), key=lambda k: -k.words)[:3]
            store += "; largest: " + ", ".join(f"{short(k.name, 16)} {k.words}" for k in largest)
        energy = f"{_energy(self.energy_uj)} in the array, {_energy(self.system_energy_uj)} in the whole system"
        return [("kernel store", store, ""), ("energy", energy, "")]

    def text(self) -> str:
        """The costs as a plain table, the same for the same program on every machine."""
        sections = [s for s in self.sections() if s]
        rows = [r for s in sections for r in s]
        widths = [min(most, max(len(r[i]) for r in rows)) for i, most in enumerate((WIDEST_ITEM, WIDEST_AMOUNT))]
        last = max(len("us"), *(len(r[2]) for r in rows))
        widths[1] = min(widths[1], WIDTH - widths[0] - last - 4)
        rule = "-" * (widths[0] + widths[1] + last + 4)
        lines = [self.title, " " * (len(rule) - 2) + "us"]
        for section in sections:
            lines.append(rule)
            for item, amount, us in section:
                first, *more = textwrap.wrap(amount, widths[1] + (0 if us else last + 2)) or [""]
                lines.append(f"{short(item, widths[0]):{widths[0]}}  {first:{widths[1]}}  {us:>{last}}".rstrip())
                lines += [f"{'':{widths[0]}}  {text}" for text in more]
        if self.note:
            lines += [rule, *textwrap.wrap(f"prices (range): {self.note}", max(len(rule), 70))]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.text()


def _kernel_row(kernel: KernelCost) -> tuple[str, str, str]:
    times = "" if kernel.launches == 1 else f" x {kernel.launches:,} launches"
    amount = f"{plural(kernel.words, 'word')}{times}{traits(kernel.storage, kernel.highspeed)}"
    return f"kernel {kernel.name}", amount, number(kernel.time_us)


def traits(storage: str, highspeed: bool) -> str:
    """What is said of a kernel behind its size: ", dynamic, high-speed"."""
    return ("" if storage == "static" else f", {storage}") + (", high-speed" if highspeed else "")


def _readout_row(label: str, alike: list[Readout]) -> tuple[str, str, str]:
    times = sum(r.times for r in alike)
    size = plural_bytes(sum(r.bytes * r.times for r in alike))
    first = alike[0]
    what = f"x {times:,}, {size}" if times > 1 else f"{first.kind} of {first.register}, {size}"
    return label, what, number(sum(r.time_us * r.times for r in alike))


def plural_bytes(n: int) -> str:
    return "1 byte" if n == 1 else f"{n:,} bytes"


def _share(size: int, raw: int) -> str:
    """How a number of bytes compares with a raw frame."""
    if size >= raw:
        return f"{size / raw:.3g} x a raw 8-bit frame"
    return (
        f"1/{raw / size:,.0f} of a raw 8-bit frame" if raw / size >= 10 else f"1/{raw / size:.2g} of a raw 8-bit frame"
    )


def _energy(uj: float) -> str:
    return f"{uj / 1000:,.2f} mJ" if uj >= 1000 else f"{uj:.2f} uJ"


def number(us: float) -> str:
    """A time as the tables show it."""
    return f"{us:,.1f}"


def tidy(value: float) -> float:
    """Sums of 0.1 carry binary dust; prices have no digits beyond a picosecond."""
    return round(value, 6)
