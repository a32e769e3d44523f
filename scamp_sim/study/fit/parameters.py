"""The knobs that a fit moves: how far they may plausibly be off, and which measurement separates each from the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import OptionError
from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.profiles import ChipProfile


@dataclass(frozen=True)
class Parameter:
    """A knob as a fit moves it.

    width: how far it may be off before anything is measured, one standard deviation, in its unit.
    squared: whether its square is moved, because measurements feel that of a spread.
    by: the measurement that separates it from the others.
    """

    knob: str
    width: float
    squared: bool
    by: str


PARAMETERS = {
    p.knob: p
    for p in (
        Parameter("gain_loss", 0.003, False, "moves (there and back without a word of several destinations)"),
        Parameter("register_offset", 0.5, False, "moves (there and back without a word of several destinations)"),
        Parameter("transfer_offset", 5.0, False, "transfer (one word)"),
        Parameter("split_loss", 0.03, False, "moves beside halve (single words beside those of several destinations)"),
        Parameter("split_offset", 2.0, False, "moves beside halve (single words beside those of several destinations)"),
        Parameter("gain_spread", 0.004, True, "moves, several values"),
        Parameter("gain_pivot", 40.0, False, "moves, several values"),
        Parameter("offset_spread", 0.3, True, "moves, a value near gain_pivot"),
        Parameter("write_noise", 0.3, True, "moves, repeated (noise that grows with passes)"),
        Parameter("split_mismatch", 0.04, True, "split (divq)"),
        Parameter("load_spread", 1.5, True, "registers (one value, two registers) beside flat"),
        Parameter("load_spread_relative", 0.03, True, "moves, values near 0 and far from it"),
        Parameter("comparator_spread", 2.0, True, "comparator (S-curves)"),
        Parameter("analog_drift", 60.0, False, "waits"),
        Parameter("analog_drift_spread", 60.0, True, "waits, repeated"),
        Parameter("readout_smear", 0.1, False, "bars (a strong half of a row)"),
        Parameter("adc_noise", 1.0, True, "flat (planes of zero, repeated)"),
        Parameter("pix_read", 1.0, True, "light (an even scene, repeated)"),
    )
}
"""Knob -> parameter."""

DETERMINED = 0.3
"""Share of the width below which the error of a knob counts as determined."""

SURE = 2.5
"""Standard deviations that an error stands for: 95 % with a margin, since simulated chips are few."""

_CELLS = ("gain_spread", "gain_pivot", "offset_spread", "write_noise", "load_spread", "load_spread_relative")
_SINGLE = (*_CELLS, "gain_loss", "register_offset", "adc_noise")
_SPLIT = (*_SINGLE, "split_loss", "split_offset")

FELT_BY = {
    "table": tuple(k for k in (*_SPLIT, "analog_drift", "analog_drift_spread") if k != "adc_noise"),
    "moves": _SINGLE,
    "shifts": _SINGLE,
    "halve": _SPLIT,
    "split": (*_SPLIT, "split_mismatch"),
    "transfer": (*_SINGLE, "transfer_offset"),
    "waits": ("analog_drift", "analog_drift_spread", "adc_noise"),
    "comparator": ("comparator_spread",),
    "registers": (*_CELLS, "adc_noise"),
    "bars": ("readout_smear",),
    "flat": ("adc_noise",),
    "light": ("pix_read", "adc_noise"),
}
"""Measurement -> knobs that it may determine."""


def free(measured: Sequence[str], fixed: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """The parameters that measurements of these names may determine, without those that are kept. Raises
    ProgramError if none is left, or for a knob that none of them determines."""
    names = {knob for name in measured for knob in FELT_BY.get(name, ())}
    unknown = [n for n in fixed if n not in names]
    if unknown:
        raise OptionError(f"--fixed {unknown[0]}: the measurements determine {', '.join(sorted(names))}")
    found = tuple(p for p in PARAMETERS.values() if p.knob in names and p.knob not in fixed)
    if not found:
        raise OptionError("--fixed keeps every knob that the measurements determine; leave one out, or there is no fit")
    return found


Row = npt.NDArray[np.float64]


def scaled(parameters: Sequence[Parameter], knobs: Mapping[str, float]) -> Row:
    """Knobs in units of their widths, spreads squared."""
    return np.array([(knobs[p.knob] / p.width) ** (2 if p.squared else 1) for p in parameters])


def limits(parameters: Sequence[Parameter]) -> tuple[Row, Row]:
    """Lowest and highest scaled values."""
    low = [0.0 if p.squared else KNOBS[p.knob].low / p.width for p in parameters]
    high = [(KNOBS[p.knob].high / p.width) ** (2 if p.squared else 1) for p in parameters]
    return np.array(low), np.array(high)


def unscaled(parameters: Sequence[Parameter], x: Row) -> dict[str, float]:
    """Scaled values as knobs."""
    return {
        p.knob: p.width * (math.sqrt(max(v, 0.0)) if p.squared else v)
        for p, v in zip(parameters, x.tolist(), strict=True)
    }


def error_of(parameter: Parameter, x: float, sd: float) -> float:
    """The error of a knob, SURE standard deviations, in its unit, where its scaled value has `sd`."""
    off = SURE * sd
    if not parameter.squared:
        return off * parameter.width
    knob = math.sqrt(max(x, 0.0))
    up, down = math.sqrt(max(x, 0.0) + off) - knob, knob - math.sqrt(max(x - off, 0.0))
    return parameter.width * max(up, down)


def is_determined(parameter: Parameter, error: float) -> bool:
    """Whether an error is small beside what was plausible before."""
    return error < SURE * DETERMINED * parameter.width


def plausible(profile: ChipProfile, knob: str, error: float) -> tuple[float, float]:
    """A knob's value and its error as a range, cut to what the knob takes."""
    row = KNOBS[knob]
    return max(profile[knob] - error, row.low), min(profile[knob] + error, row.high)
