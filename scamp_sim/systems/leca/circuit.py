"""The chip with its imperfections: every stage of the column errs in a fixed and in a temporal part (Sec. 5.3).

The paper prints the forms and no magnitude. All defaults here are **chosen**, about 1 % of full scale a stage; the
paper's one anchor is Fig. 8b, where codes of 4 bits stay within 1 of the ideal ones. kT/C of 135 fF at 300 K, 0.175 mV,
is far below them. What a chip serial fixes is drawn once for it; noise is drawn for each frame.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.silicon.draws import generator
from scamp_sim.systems.leca import golden, inputs
from scamp_sim.systems.leca.inputs import FULL, TAPS, Floats
from scamp_sim.systems.leca.params import Params

COLUMNS = 4
"""Photosite columns of a PE, each with an i-buffer (Sec. 4.1)."""


@dataclass(frozen=True)
class Noise:
    """Magnitudes, as standard deviations in units of the swing by default; all chosen, none published.

    noise: factor on all of them, 0 for the ideal circuit.
    shot: of a white photosite, grows with the root of the light (0.01: 10,000 electrons).
    read: of every read-out.
    psf_gain, psf_offset: fixed, of each i-buffer.
    psf: noise.
    capacitor: relative, fixed, of a unit capacitor of 9 fF; larger ones average.
    scm: noise of every cycle.
    fvf_gain, fvf_offset: fixed, of each converter's follower.
    fvf: noise.
    adc_offset: fixed, of each converter, in parts of the clamp limit.
    adc: noise, likewise.

    Raises ScampError for negative or non-finite values.
    """

    noise: float = 1.0
    shot: float = 0.01
    read: float = 0.003
    psf_gain: float = 0.01
    psf_offset: float = 0.005
    psf: float = 0.003
    capacitor: float = 0.01
    scm: float = 0.003
    fvf_gain: float = 0.01
    fvf_offset: float = 0.005
    fvf: float = 0.003
    adc_offset: float = 0.01
    adc: float = 0.005

    def __post_init__(self) -> None:
        for each in fields(self):
            value = float(inputs.finite(each.name, getattr(self, each.name)))
            if value < 0:
                raise ScampError(f"{each.name}: expected at least 0, got {value:g}")
            object.__setattr__(self, each.name, value)

    def of(self, name: str) -> float:
        """A magnitude, scaled."""
        return float(getattr(self, name)) * self.noise


@dataclass(frozen=True, eq=False)
class Chip:
    """What is fixed on one chip of a width.

    psf_gain, psf_offset: (columns,).
    units: (PEs, 16) relative capacitance of the sampling array for each magnitude.
    out: (PEs, 2) of the o-buffers.
    fvf_gain, fvf_offset, adc_offset: (PEs,).
    """

    psf_gain: Floats
    psf_offset: Floats
    units: Floats
    out: Floats
    fvf_gain: Floats
    fvf_offset: Floats
    adc_offset: Floats


def chip(serial: int, columns: int, noise: Noise) -> Chip:
    """The mismatch of a chip with this serial and so many photosite columns."""

    def drawn(purpose: str, *shape: int) -> Floats:
        return generator(serial, f"leca {purpose}").standard_normal(shape)

    pes = columns // COLUMNS
    # four binary capacitors: a sum of n units has a relative error of 1/sqrt(n) of a unit's
    bits = np.array([1, 2, 4, 8])
    capacitors = bits + noise.of("capacitor") * np.sqrt(bits) * drawn("capacitors", pes, 4)
    connected = np.array([[(m >> b) & 1 for b in range(4)] for m in range(FULL + 1)])
    return Chip(
        psf_gain=1 + noise.of("psf_gain") * drawn("psf gain", columns),
        psf_offset=noise.of("psf_offset") * drawn("psf offset", columns),
        units=capacitors @ connected.T,
        out=1 + noise.of("capacitor") / np.sqrt(FULL) * drawn("o-buffers", pes, 2),
        fvf_gain=1 + noise.of("fvf_gain") * drawn("fvf gain", pes),
        fvf_offset=noise.of("fvf_offset") * drawn("fvf offset", pes),
        adc_offset=noise.of("adc_offset") * drawn("adc offset", pes),
    )


def sums(params: Params, brightness: Any, noise: Noise, *, serial: int = 0, seed: int = 0) -> Floats:
    """The encoder's output at the converter, on one chip and in one frame.

    Args:
        params: circuit weights; they run through Eq. 3 whatever they were trained for.
        brightness: (R, C) mosaic 0..1.
        noise: magnitudes.
        serial: fixes the mismatch.
        seed: fixes the noise of the frame.

    Returns:
        (R/4, C/4, N), the converter's own offset and noise included.

    Raises:
        ScampError: as `golden.blocks`.
    """
    light = inputs.finite("mosaic", brightness)
    golden.blocks(light)  # checks the shape
    rng = generator(serial, "leca noise", seed)
    fixed = chip(serial, light.shape[-1], noise)
    pixel = light + noise.of("shot") * np.sqrt(np.clip(light, 0, None)) * rng.standard_normal(light.shape)
    pixel = pixel + noise.of("read") * rng.standard_normal(light.shape)
    v = (params.psf_gain * pixel + params.psf_offset) * fixed.psf_gain + fixed.psf_offset
    v = v + noise.of("psf") * rng.standard_normal(light.shape)
    taps = golden.blocks(v)
    m, s = params.magnitude.reshape(-1, TAPS), params.sign.reshape(-1, TAPS)
    out = np.empty((*taps.shape[:-1], len(m)))
    for n in range(len(m)):
        buffers = {1: np.zeros(taps.shape[:-1]), -1: np.zeros(taps.shape[:-1])}
        for i in range(TAPS):
            if not m[n, i]:
                continue  # nothing is connected: the cycle leaves the buffer alone
            sign = int(s[n, i])
            c = fixed.units[:, m[n, i]]
            a = c / (FULL * params.ratio * fixed.out[:, 0 if sign > 0 else 1] + c)
            u = (1 - a) * buffers[sign] - a * taps[..., i]
            buffers[sign] = u + noise.of("scm") * rng.standard_normal(u.shape)
        out[..., n] = buffers[1] - buffers[-1]
    pe = (slice(None), None)
    y = (params.fvf_gain * out + params.fvf_offset) * fixed.fvf_gain[pe] + fixed.fvf_offset[pe]
    y = y + noise.of("fvf") * rng.standard_normal(y.shape)
    converter = fixed.adc_offset[pe] + noise.of("adc") * rng.standard_normal(y.shape)
    return np.asarray(y + params.limit * converter)
