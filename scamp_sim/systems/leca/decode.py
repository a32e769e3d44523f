"""Pictures from codes without training: the linear estimate with the least mean error for natural pictures.

The paper's decoder is a trained network (`scamp_sim.systems.leca.modules`). This one needs no training: brightness is
taken as a random field whose correlation falls with distance, with three colours that go together, and codes as the
encoder's output plus the error of the converter. What is estimated is the RGB picture, 2x2 pixels from 3x3 blocks of
codes. Field and figures are assumed, as stated below.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from scamp_sim.systems.leca import golden, inputs, mapping
from scamp_sim.systems.leca.inputs import Floats
from scamp_sim.systems.leca.params import LINEAR_UNIT, Multiplier, Params

MEAN, SPREAD = 0.45, 0.25
"""Mean and standard deviation of brightness."""
REACH = 8.0
"""Pixels over which the correlation falls to 1/e."""
COLOUR = 0.9
"""Correlation of two colours of a pixel."""
AROUND = 1
"""Blocks on each side that an estimate looks at."""
LARGEST_REACH = 0.5
"""Clamp limit of the untrained kernels on the chip, in units of the swing."""


def _pixels(side: int) -> tuple[Floats, Floats]:
    """Places and colours of the values of a block: 2x2 RGB pixels for 4x4 photosites, side^2 grey ones else."""
    if side == 4:
        places = [(i, j) for i in range(2) for j in range(2) for _ in range(3)]
        colours = [c for _ in range(4) for c in range(3)]
    else:
        places = [(i, j) for i in range(side) for j in range(side)]
        colours = [0] * len(places)
    return np.array(places, float), np.array(colours)


def effective(params: Params) -> Floats:
    """The encoder's output before its followers as a matrix (N, values) on a block, of RGB pixels for 4x4."""
    n, side = params.channels, params.side
    if params.multiplier == "charge":
        taps = -golden.effective_weights(params.magnitude, params.sign, params.ratio)
    else:
        taps = params.weights / LINEAR_UNIT
    if side != 4:
        return np.asarray(taps.reshape(n, -1))
    red, blue = taps[:, 0::2, 0::2], taps[:, 1::2, 1::2]
    green = taps[:, 0::2, 1::2] + taps[:, 1::2, 0::2]
    return np.stack([red, green, blue], axis=-1).reshape(n, -1)


def _covariance(places: Floats, colours: Floats, others: Floats, other_colours: Floats) -> Floats:
    distance = np.linalg.norm(places[:, None] - others[None], axis=-1)
    alike = np.where(colours[:, None] == other_colours[None], 1.0, COLOUR)
    return np.asarray(SPREAD**2 * np.exp(-distance / REACH) * alike)


def reconstruct(codes: Any, params: Params) -> Floats:
    """The picture that codes stand for.

    Args:
        codes: (N, rows, columns) integers, as an encoder gives them.
        params: what they were made with.

    Returns:
        (2 rows, 2 columns, 3) RGB for kernels of 4x4, (side rows, side columns) grey for 2x2; 0..1.
    """
    values = golden.dequantise(codes, params.bits, params.limit, params.kind)
    values = (values - params.fvf_offset) / params.fvf_gain
    e = effective(params)
    places, colours = _pixels(params.side)
    pitch = 2 if params.side == 4 else params.side
    offsets = [(i, j) for i in range(-AROUND, AROUND + 1) for j in range(-AROUND, AROUND + 1)]
    step = params.limit / max(golden.levels(params.bits, params.kind)[1], 1) / abs(params.fvf_gain)
    blocks = [places + pitch * np.array(o) for o in offsets]
    gain = params.psf_gain
    seen = [[gain**2 * e @ _covariance(a, colours, b, colours) @ e.T for b in blocks] for a in blocks]
    noise = step**2 / 12 * np.eye(params.channels * len(offsets))
    wanted = np.hstack([gain * _covariance(places, colours, b, colours) @ e.T for b in blocks])
    estimate = np.linalg.solve(np.block(seen) + noise, wanted.T).T
    mean = e.sum(axis=1) * (gain * MEAN + params.psf_offset)
    padded = np.pad(values - mean[:, None, None], ((0, 0), (AROUND, AROUND), (AROUND, AROUND)), mode="edge")
    rows, columns = values.shape[1:]
    shifted = [padded[:, AROUND + i : AROUND + i + rows, AROUND + j : AROUND + j + columns] for i, j in offsets]
    flat = MEAN + np.tensordot(estimate, np.concatenate(shifted), axes=1)
    if params.side == 4:
        cells = flat.reshape(2, 2, 3, rows, columns).transpose(3, 0, 4, 1, 2)
        return np.clip(cells.reshape(2 * rows, 2 * columns, 3), 0, 1)
    cells = flat.reshape(params.side, params.side, rows, columns).transpose(2, 0, 3, 1)
    return np.clip(cells.reshape(params.side * rows, params.side * columns), 0, 1)


def decoded(codes: Any, params: Params) -> tuple[Floats, str]:
    """The picture by the trained decoder where parameters hold one and PyTorch is there, else by the linear estimate.
    and the name of which."""
    if params.decoder and find_spec("torch") is not None:
        from scamp_sim.systems.leca.train.modules import run_decoder

        values = golden.dequantise(codes, params.bits, params.limit, params.kind)
        return run_decoder(params.decoder, values), "the trained decoder"
    return reconstruct(codes, params), "a linear estimate without training"


def components_of_pictures(side: int) -> Floats:
    """Orthonormal kernels on a block (values, values), the strongest component of the field first: brightness, then
    gradients and colours."""
    places, colours = _pixels(side)
    _, vectors = np.linalg.eigh(_covariance(places, colours, places, colours))
    kernels = vectors[:, ::-1].T
    return np.asarray(kernels * np.where(kernels.sum(axis=1) < 0, -1, 1)[:, None])


def basis_params(channels: int = 4, bits: float = 4, *, side: int = 4, multiplier: Multiplier = "charge") -> Params:
    """Untrained kernels that fit natural pictures: the strongest components of the field above, from brightness over
    gradients to colours, as circuit weights that use the converter alike. Raises ScampError."""
    places, colours = _pixels(side)
    inputs.integer("channels", channels, 1, len(places))
    inputs.resolution(bits)
    kernels = components_of_pictures(side)[:channels]
    spread = np.sqrt(np.einsum("ni,ij,nj->n", kernels, _covariance(places, colours, places, colours), kernels))
    reach = np.abs(kernels.sum(axis=1)) * MEAN + 2 * spread
    taps = golden.flatten(kernels.reshape(channels, 2, 2, 3)).reshape(channels, -1) if side == 4 else kernels
    if multiplier == "linear":
        taps = taps / np.maximum(reach, reach.max() / 4)[:, None]  # more would round the first kernel to nothing
        w = np.rint(inputs.FULL * taps / np.abs(taps).max()).astype(np.int64)
        limit = inputs.FULL / np.abs(taps).max() / LINEAR_UNIT
    else:
        limit = LARGEST_REACH
        signs = np.where(taps < 0, -1, 1).astype(np.int64)
        gains = limit / reach
        m = [mapping.at_gains(t, s, np.array([g]), 1.0)[0] for t, s, g in zip(taps, signs, gains, strict=True)]
        w = np.array(m) * signs
    w = w.reshape(channels, side, side)
    sign = np.where(w < 0, -1, 1)
    return Params(np.abs(w), sign, float(limit), bits, multiplier=multiplier)


def original(clip: Any, side: int = 4) -> Floats:
    """What a clip (1, R, C) of grey 0..255 shows: RGB (R/2, C/2, 3) 0..1 of a mosaic, the mean of its greens
    taken; or the grey picture itself."""
    sites: Floats = np.asarray(clip)[0].astype(np.float64) / 255
    if side != 4:
        return sites
    green = (sites[0::2, 1::2] + sites[1::2, 0::2]) / 2
    return np.stack([sites[0::2, 0::2], green, sites[1::2, 1::2]], axis=-1)


def psnr(picture: Any, reference: Any) -> float:
    """Peak signal to noise, dB, of values 0..1."""
    error = float(np.mean((np.asarray(picture) - np.asarray(reference)) ** 2))
    return float("inf") if error == 0 else -10 * float(np.log10(error))
