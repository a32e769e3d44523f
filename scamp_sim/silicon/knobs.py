"""Every knob of a chip profile as one table: what it does, its unit, where its typical value comes from.

The docs page, the checks of profile files, `scamp-sim chips` and the note on knobs without effect are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scamp_sim.chip import isa
from scamp_sim.chip.program import Word

ANALOG = (*isa.ANALOG, *isa.ANALOG_INPUTS)


def writes_analog(word: Word) -> bool:
    """Whether a word writes an analog cell, its own or a neighbour's."""
    return bool({*word.dst} & {*isa.ANALOG, *isa.PORTS})


Uses = Callable[["Survey"], bool]


@dataclass(frozen=True)
class Survey:
    """What of a program can feel an error, and the knobs' values.

    words: executed ones, those of host routines included.
    taken: registers that are read out.
    disturbed: whether a launch ends on a digital word while IN is not at its top.
    samples: whether analog values go through the converter one by one.
    seconds: modelled time.
    """

    words: frozenset[Word]
    taken: frozenset[str]
    disturbed: bool
    samples: bool
    seconds: float
    values: Mapping[str, float]

    @property
    def analog_writes(self) -> bool:
        return any(writes_analog(w) for w in self.words)

    def reads(self, *registers: str) -> bool:
        """Whether a word reads one of them, or one is read out."""
        return bool({*registers} & self.taken) or self.words_read(*registers)

    def words_read(self, *registers: str) -> bool:
        return any({*registers} & {*w.src} for w in self.words)

    def has(self, *ops: str) -> bool:
        return any(w.op in ops for w in self.words)


@dataclass(frozen=True)
class Knob:
    """One row.

    ideal: the value that switches the effect off.
    low, high: what is allowed.
    fitted: the measurement that determines it, or why it has none; what a profile says of its own value stands in
        `ChipProfile.evidence`.
    felt: whether a program can feel it.
    needs: what it would take.
    along: the knob without which it does nothing.
    """

    name: str
    family: str  # "fixed", "temporal", "decay"
    unit: str
    ideal: float
    low: float
    high: float
    effect: str
    source: str
    fitted: str
    felt: Uses
    needs: str
    whole: bool = False
    along: str = ""

    @property
    def measure(self) -> str:
        """The unit as it stands behind a number: nothing for a share, "rms" for one that is a spread."""
        return self.unit.removeprefix("1").strip()

    def shown(self, value: float) -> str:
        """A value with its unit, '0.14 LSB rms'."""
        return f"{value:g} {self.measure}".rstrip()


def _writes(s: Survey) -> bool:
    return s.analog_writes


def _samples(s: Survey) -> bool:
    return s.samples


def _splits(s: Survey) -> bool:
    return any(writes_analog(w) and len({*w.dst}) > 1 for w in s.words)


def _sees_pix(s: Survey) -> bool:
    return s.reads("PIX")


def _reads_pix(s: Survey) -> bool:
    return s.words_read("PIX")


def _uses_bits(s: Survey) -> bool:
    return s.reads(*STUCK)


STUCK = tuple(f"R{i}" for i in range(5, 12))
"""Registers with stuck cells: the general-purpose ones. R0..R4 and R12 steer the array, and no chip with a stuck
cell there would have been put to work (R)."""

_TABLE = "halve-copy-add table (BG 4)"
_FLAT = "flat blocks of chip readouts (PixelRNN)"
_NONE = "no measurement"
_GIVEN = "taken from the source"


def _disturbed(s: Survey) -> bool:
    return s.disturbed and s.reads(*isa.ANALOG, *isa.PORTS)


_LEAST_DRIFT = 0.01
"""LSB that nobody sees."""


def _drifts(knob: str) -> Uses:
    return lambda s: abs(s.values[knob]) * s.seconds >= _LEAST_DRIFT and s.reads(*isa.ANALOG, *isa.PORTS)


def _forgets(s: Survey) -> bool:
    return s.seconds > s.values["bit_retention"] and s.reads(*isa.DIGITAL)


_WRITE = (_writes, "an analog write")
_LOAD = (lambda s: s.reads("IN"), "a word that reads IN")
_PIX = (_sees_pix, "a word that reads PIX")
_READOUT = (_samples, "a readout of analog values")
_LONG = (_forgets, "more time than bit_retention, in runs or in waits between them")


def _fixed(
    name: str,
    unit: str,
    low: float,
    high: float,
    effect: str,
    source: str,
    fitted: str,
    felt: tuple[Uses, str],
    ideal: float = 0,
    whole: bool = False,
    along: str = "",
) -> Knob:
    return Knob(name, "fixed", unit, ideal, low, high, effect, source, fitted, *felt, whole, along)


def _temporal(name: str, unit: str, high: float, effect: str, source: str, fitted: str, felt: tuple[Uses, str]) -> Knob:
    return Knob(name, "temporal", unit, 0, 0, high, effect, source, fitted, *felt)


def _decay(
    name: str,
    unit: str,
    low: float,
    high: float,
    effect: str,
    source: str,
    fitted: str,
    felt: tuple[Uses, str],
    ideal: float = 0,
    along: str = "",
) -> Knob:
    return Knob(name, "decay", unit, ideal, low, high, effect, source, fitted, *felt, along=along)


def _drift(name: str, unit: str, low: float, effect: str) -> Knob:
    needs = "a word that reads an analog register, and more time"
    return _decay(name, unit, low, 10_000, effect, "M BG", _TABLE, (_drifts(name), needs))


# fmt: off
KNOBS: dict[str, Knob] = {
    k.name: k
    for k in (
        _fixed("gain_loss", "1", 0, 0.5, "every analog write keeps 1 - gain_loss of the value", "M BG", _TABLE, _WRITE),
        _fixed("gain_spread", "1 rms", 0, 0.5, "gain of a cell, for each PE and register", "M BG", _TABLE, _WRITE),
        _fixed("gain_pivot", "LSB", -200, 200, "value at which cells of different gain agree", "M BG", _TABLE, _WRITE,
               along="gain_spread"),
        _fixed("transfer_offset", "LSB", -50, 50,
               "added by every transfer; macros of two words cancel it, single words keep it", "D KIM", _GIVEN, _WRITE),
        _fixed("register_offset", "LSB", -50, 50, "mean offset of A-F against NEWS", "M BG", _TABLE, _WRITE),
        _fixed("offset_spread", "LSB rms", 0, 100, "offset of a cell, for each PE and register", "M BG", _TABLE,
               _WRITE),
        _fixed("split_loss", "1", -0.5, 0.5, "what a word with several destinations loses beyond gain_loss", "M BG",
               _TABLE, (_splits, "a word with several destinations")),
        _fixed("split_offset", "LSB", -50, 50, "added to every destination of a word that has several", "M BG", _TABLE,
               (_splits, "a word with several destinations")),
        _fixed("split_mismatch", "1 rms", 0, 0.5, "destinations of one word get unequal parts, for each PE",
               "D KAPI; M BG", _TABLE, (_splits, "a word with several destinations")),
        _fixed("linear_range", "LSB", 1, 8192, "magnitude up to which a register is linear", "D 5C-DOC", _GIVEN,
               _WRITE, 8192),
        _fixed("saturation", "LSB", 1, 8192, "magnitude that a register never exceeds", "D 5C-DOC",
               "assumed: the curve is not published", _WRITE, 8192),
        _fixed("comparator_spread", "LSB rms", 0, 100, "offset of the comparator of `where`, for each PE", "U", _NONE,
               (lambda s: s.has("where"), "a where")),
        _fixed("readout_offset", "LSB", -100, 100, "mean offset of the readout", "M PixelRNN", _FLAT, _READOUT),
        _fixed("readout_dome", "LSB rms", 0, 100, "smooth part of the readout's pattern", "M PixelRNN", _FLAT,
               _READOUT),
        _fixed("readout_row", "LSB rms", 0, 100, "part that differs row by row", "M PixelRNN", _FLAT, _READOUT),
        _fixed("readout_column", "LSB rms", 0, 100, "part that differs column by column", "M PixelRNN", _FLAT,
               _READOUT),
        _fixed("readout_pixel", "LSB rms", 0, 100, "part that differs PE by PE", "M PixelRNN", _FLAT, _READOUT),
        _fixed("readout_smear", "1", -1, 1, "share of the mean of a row that every readout in the row shows on top of "
               "its own value", "M PixelRNN", "rows beside strong signals (PixelRNN)", _READOUT),
        _fixed("stuck_cells", "cells", 0, 10_000, "bits of R5-R11 that never change, at random places", "M KUR", _NONE,
               (_uses_bits, "a word that reads one of R5-R11, or its readout"), whole=True),
        _temporal("write_noise", "LSB rms", 100, "for every word, register and PE", "M BG", _TABLE, _WRITE),
        _temporal("load_spread", "LSB rms", 100, "spread over the array of a constant from the DAC, at every load",
                  "M BG", _TABLE, _LOAD),
        _temporal("load_spread_relative", "1 rms", 1, "further spread, in proportion to the constant", "M BG", _TABLE,
                  _LOAD),
        _temporal("pix_shot", "LSB rms", 100, "shot noise of PIX at full white; goes with the root of the light", "U",
                  _NONE, _PIX),
        _temporal("pix_reset", "LSB rms", 100, "reset noise of PIX, at every exposure", "U", _NONE, _PIX),
        _temporal("pix_read", "LSB rms", 100, "noise of reading PIX, for every word that does", "U", _NONE,
                  (_reads_pix, "a word that reads PIX")),
        _temporal("adc_noise", "LSB rms", 100, "of every conversion", "D 5C-SRC; M PixelRNN", _FLAT, _READOUT),
        _temporal("readout_common", "LSB rms", 100, "what all values of one readout share, drawn for each readout",
                  "M PixelRNN", _FLAT, _READOUT),
        _temporal("adc_step", "LSB", 64, "quantisation of the converter, which spans -128..127", "D OUT",
                  "taken from the source: 8 bits", _READOUT),
        _temporal("digital_end_noise", "LSB rms", 100,
                  "added to all analog registers by each launch of a kernel that ends on a digital word, unless IN "
                  "is at its top (code 4095)", "D KIM notes 5, 6", "an option: no measurement",
                  (_disturbed, "a kernel that ends on a digital word, and IN below its top")),
        _drift("analog_drift", "LSB/s", -10_000, "drift of A-F and NEWS since the last write"),
        _drift("analog_drift_spread", "LSB/s rms", 0, "drift of a cell, for each PE and register"),
        _decay("bit_retention", "s", 0, 1e6, "time since the last write from which a bit may flip; 0: never", "D MACD",
               _GIVEN, _LONG),
        _decay("bit_lifetime", "s", 1e-3, 1e6, "mean further time until it does", "M KUR: minutes", _NONE, _LONG, 60,
               along="bit_retention"),
    )
}
# fmt: on
"""Knob -> its row."""
