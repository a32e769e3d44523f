"""The encoder of LeCA as plain NumPy: mosaic, flattened kernels, both encoders, the converter, the ratio.

Sections, equations and figures are those of "LeCA: In-Sensor Learned Compressive Acquisition for Efficient Machine
Vision on the Edge" (ISCA 2023). What the paper leaves open is an argument with a named default.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.inputs import FULL, TAPS, TERNARY, Floats, Integers

BLOCK = 4
"""Photosites along a side of a kernel; also its stride: blocks do not overlap (Sec. 4.1)."""
RGB_BITS = 2 * 2 * 3 * 8
"""Bits that one code block stands for: 2x2 RGB pixels of 8 bits (Eq. 1)."""


def mosaic(rgb: Any) -> Floats:
    """The photosites that see an RGB picture: each pixel becomes a 2x2 cell of red, green, green, blue.

    The paper does not say which corner is red; RGGB is taken, and `flatten` agrees with it (Sec. 4.1, Fig. 5a).

    Args:
        rgb: (H, W, 3), any unit.

    Returns:
        (2H, 2W), float64, the same unit.

    Raises:
        ScampError: another shape, or values that are not finite.
    """
    picture = inputs.finite("rgb", rgb)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ScampError(f"rgb: expected shape (H, W, 3), got {picture.shape}")
    sites = np.empty((2 * picture.shape[0], 2 * picture.shape[1]))
    sites[0::2, 0::2] = picture[..., 0]
    sites[0::2, 1::2] = sites[1::2, 0::2] = picture[..., 1]
    sites[1::2, 1::2] = picture[..., 2]
    return sites


def flatten(w: Any) -> Floats:
    """Kernels on RGB pixels as kernels on the mosaic: the weight of green is shared by its two sites (Sec. 4.1).

    Args:
        w: (N, 2, 2, 3) floats, or integers whose green weights are even.

    Returns:
        (N, 4, 4), float64.

    Raises:
        ScampError: another shape, values that are not finite, integers with an odd green weight.
    """
    kernels = inputs.finite("w", w)
    if kernels.ndim != 4 or kernels.shape[1:] != (2, 2, 3):
        raise ScampError(f"w: expected shape (N, 2, 2, 3), got {kernels.shape}")
    if np.issubdtype(np.asarray(w).dtype, np.integer) and (kernels[..., 1] % 2 != 0).any():
        raise ScampError(
            "w: half of an odd green weight is not an integer; train 16 integers for each kernel with the two greens "
            "tied, or flatten floats"
        )
    flat = np.empty((len(kernels), BLOCK, BLOCK))
    flat[:, 0::2, 0::2] = kernels[..., 0]
    flat[:, 0::2, 1::2] = flat[:, 1::2, 0::2] = kernels[..., 1] / 2
    flat[:, 1::2, 1::2] = kernels[..., 2]
    return flat


def blocks(sites: Any) -> Floats:
    """The 4x4 blocks of a mosaic with their photosites in raster order, the order of accumulation (Sec. 4.1).

    Args:
        sites: (..., R, C), R and C multiples of 4.

    Returns:
        (..., R/4, C/4, 16).

    Raises:
        ScampError: sides that are not multiples of 4, values that are not finite.
    """
    array = inputs.finite("mosaic", sites)
    if array.ndim < 2 or array.shape[-1] % BLOCK or array.shape[-2] % BLOCK or not array.size:
        raise ScampError(
            f"mosaic: expected sides that are multiples of {BLOCK}, got shape {array.shape}; crop the mosaic, or the "
            "RGB picture to even sides"
        )
    rows, columns = array.shape[-2] // BLOCK, array.shape[-1] // BLOCK
    cut = array.reshape(*array.shape[:-2], rows, BLOCK, columns, BLOCK)
    return np.moveaxis(cut, -2, -3).reshape(*array.shape[:-2], rows, columns, TAPS)


def convolve_rgb(rgb: Any, w: Any) -> Floats:
    """The soft encoder before its quantiser: a 2x2 convolution of stride 2 without bias (Table 2).

    Args:
        rgb: (H, W, 3), H and W even.
        w: (N, 2, 2, 3).

    Returns:
        (H/2, W/2, N).

    Raises:
        ScampError: wrong shapes.
    """
    picture, kernels = inputs.finite("rgb", rgb), inputs.finite("w", w)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.shape[0] % 2 or picture.shape[1] % 2:
        raise ScampError(f"rgb: expected shape (H, W, 3) with even H and W, got {picture.shape}")
    if kernels.ndim != 4 or kernels.shape[1:] != (2, 2, 3):
        raise ScampError(f"w: expected shape (N, 2, 2, 3), got {kernels.shape}")
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    cells = picture.reshape(rows, 2, columns, 2, 3)
    return np.asarray(np.einsum("ricjk,nijk->rcn", cells, kernels))


def convolve(sites: Any, kernels: Any) -> Floats:
    """The same on the mosaic with float kernels (N, 4, 4): (R/4, C/4, N). Raises ScampError."""
    taps = inputs.per_tap("kernels", inputs.finite("kernels", kernels))
    return np.asarray(blocks(sites) @ np.atleast_2d(taps).T)


def shares(magnitude: Any, ratio: float = 1.0) -> Floats:
    """What one cycle takes of its input, and forgets of the sum: a = m / (15 ratio + m) (Eq. 3, Sec. 4.3).

    Args:
        magnitude: integers 0..15; of 15 the whole sampling array is connected.
        ratio: C_out over the whole sampling array; published 135 fF / 135 fF = 1.
    """
    m = inputs.magnitudes(magnitude).astype(np.float64)
    r = inputs.positive("ratio", ratio)
    return np.asarray(m / (FULL * r + m))


def scm(v: Any, magnitude: Any, sign: Any, ratio: float = 1.0) -> Any:
    """The switched-capacitor multiplier in deviations from V_CM: one kernel over one block (Eq. 3, Sec. 4.3).

    Both o-buffers start at V_CM. In raster order every input is sampled on the connected capacitors and shared with
    the o-buffer that its sign picks: u := (1 - a) u - a v. The other buffer keeps its voltage.

    Args:
        v: 16 deviations V_in - V_CM, shape (..., 16) or (..., 4, 4), in volts or in units of the swing.
        magnitude: 16 integers 0..15.
        sign: 16 signs, +1 or -1.
        ratio: C_out over the whole sampling array.

    Returns:
        V+ - V-, a float for one block, else shape (...). Positive weights give negative values: charge is inverted.

    Raises:
        ScampError: weights out of range, shapes that do not fit, a ratio that is not above 0.
    """
    m, s = inputs.weights(magnitude, sign)
    m, s = inputs.per_tap("magnitude", m), inputs.per_tap("sign", s)
    x = inputs.per_tap("v", inputs.finite("v", v))
    a = shares(m, ratio)
    if m.ndim != 1 or x.ndim < 1:
        raise ScampError(f"magnitude: expected one kernel of {TAPS} weights, got shape {m.shape}")
    out = accumulate(x, a, s)
    return float(out) if out.ndim == 0 else out


def accumulate(x: Floats, a: Floats, s: Integers) -> Floats:
    """Eq. 3 over blocks (..., 16) for one kernel with shares a and signs s, in deviations: V+ - V-.

    The trainable encoder repeats these operations in this order, which keeps the two equal to the bit.
    """
    up = np.zeros(x.shape[:-1])
    un = np.zeros(x.shape[:-1])
    for i in range(TAPS):
        if s[i] > 0:
            up = (1 - a[i]) * up - a[i] * x[..., i]
        else:
            un = (1 - a[i]) * un - a[i] * x[..., i]
    return np.asarray(up - un)


def scm_volts(
    v_in: Any, magnitude: Any, sign: Any, *, v_cm: float = 0.6, c_sample: float = 135.0, c_out: float = 135.0
) -> Any:
    """Eq. 3 as printed, in volts and femtofarads; V_out[0] is V_CM.

    Args:
        v_in: 16 voltages behind the PSF, shape (..., 16) or (..., 4, 4).
        magnitude, sign: one kernel.
        v_cm: common mode, V; unpublished, 0.6 is assumed.
        c_sample, c_out: the whole sampling array and one o-buffer, fF (Sec. 4.3).

    Returns:
        V_out(+) - V_out(-), V.

    Raises:
        ScampError: as `scm`.
    """
    m, s = inputs.weights(magnitude, sign)
    m, s = inputs.per_tap("magnitude", m), inputs.per_tap("sign", s)
    x = inputs.per_tap("v_in", inputs.finite("v_in", v_in))
    inputs.positive("c_sample", c_sample)
    inputs.positive("c_out", c_out)
    common = float(inputs.finite("v_cm", v_cm))
    positive = np.full(x.shape[:-1], common)
    negative = np.full(x.shape[:-1], common)
    for i in range(TAPS):
        connected = int(m[i]) / FULL * c_sample
        charge = connected * (2 * common - x[..., i])
        if s[i] > 0:
            positive = (charge + c_out * positive) / (c_out + connected)
        else:
            negative = (charge + c_out * negative) / (c_out + connected)
    out = positive - negative
    return float(out) if out.ndim == 0 else out


def effective_weights(magnitude: Any, sign: Any, ratio: float = 1.0) -> Floats:
    """What each input counts in the end: e with scm(v) = -sum e v (Eq. 3).

    Input k counts a[k] times what the later inputs of its sign leave of it.

    Args:
        magnitude, sign: 16 integers each, shape (..., 16) or (..., 4, 4).
        ratio: C_out over the whole sampling array.

    Returns:
        Signed floats of the shape of the magnitudes.

    Raises:
        ScampError: weights out of range, shapes that do not fit.
    """
    m, s = inputs.weights(magnitude, sign)
    shape = m.shape
    m, s = inputs.per_tap("magnitude", m), inputs.per_tap("sign", s)
    a = shares(m, ratio)
    effective = np.zeros(a.shape)
    kept = {1: np.ones(a.shape[:-1]), -1: np.ones(a.shape[:-1])}
    for k in reversed(range(TAPS)):
        up = s[..., k] > 0
        effective[..., k] = s[..., k] * a[..., k] * np.where(up, kept[1], kept[-1])
        kept[1] = np.where(up, kept[1] * (1 - a[..., k]), kept[1])
        kept[-1] = np.where(up, kept[-1], kept[-1] * (1 - a[..., k]))
    return effective.reshape(shape)


def encode(sites: Any, magnitude: Any, sign: Any, ratio: float = 1.0) -> Floats:
    """The hard encoder before its buffers and converter: Eq. 3 for every block and kernel.

    Args:
        sites: mosaic (..., R, C) of deviations.
        magnitude, sign: (N, 4, 4) or (N, 16).

    Returns:
        (..., R/4, C/4, N); the four kernels of a pass have o-buffers of their own and do not see each other.

    Raises:
        ScampError: as `scm` and `blocks`.
    """
    m, s = inputs.weights(magnitude, sign)
    m, s = np.atleast_2d(inputs.per_tap("magnitude", m)), np.atleast_2d(inputs.per_tap("sign", s))
    a = shares(m, ratio)
    taps = blocks(sites)
    return np.stack([accumulate(taps, a[n], s[n]) for n in range(len(a))], axis=-1)


def levels(bits: float, kind: str = "midtread") -> tuple[int, int]:
    """Lowest and highest code of the converter. Raises ScampError."""
    width = inputs.resolution(bits, kind=kind)
    if width == TERNARY:
        return -1, 1
    if kind == "midrise":
        return -(2 ** (int(width) - 1)), 2 ** (int(width) - 1) - 1
    return -(2 ** (int(width) - 1) - 1), 2 ** (int(width) - 1) - 1


def quantise(y: Any, bits: float, limit: Any, kind: str = "midtread") -> Integers:
    """Codes of the converter: clamped at the trained limit, uniform inside it (Sec. 3.2, 3.4, 4.3).

    midtread: symmetric about a code 0, n = 2^(bits-1) - 1 codes on each side, ties to even; 1.5 and 2 bits both have
    the three codes -1, 0, 1. midrise: all 2^bits codes and a threshold at 0, the tie goes to the lower code; 1.5 bits
    remain ternary. Fig. 8 speaks for midrise: at 4 bits and positive weights the code falls from 7 to 0.

    Args:
        y: values before the converter.
        bits: 1.5, or 2..8.
        limit: clamp limit above 0, in the unit of y; one, or one for each channel on the last axis.
        kind: "midtread" or "midrise".

    Returns:
        int64 codes of the shape of y, around 0.

    Raises:
        ScampError: bits, limit or kind out of range, values that are not finite.
    """
    low, high = levels(bits, kind)
    clamp = inputs.positive("limit", limit)
    values = inputs.finite("y", y)
    if kind == "midrise" and bits != TERNARY:
        codes = np.ceil(values / (clamp / -low)) - 1
    else:
        codes = np.rint(values * (high / clamp))
    return np.asarray(np.clip(codes, low, high).astype(np.int64))


def dequantise(codes: Any, bits: float, limit: Any, kind: str = "midtread") -> Floats:
    """The value that a code stands for, in the unit of the limit; what the decoder is given. Raises ScampError."""
    low, high = levels(bits, kind)
    clamp = inputs.positive("limit", limit)
    code = inputs.finite("codes", codes)
    if kind == "midrise" and bits != TERNARY:
        return np.asarray((code + 0.5) * (clamp / -low))
    return np.asarray(code * (clamp / high))


def compression_ratio(channels: int, bits: float) -> float:
    """Eq. 1: bits of the RGB pixels over bits of the codes, 96 / (channels x bits).

    The reference is the RGB picture; against the mosaic the ratio is 4/3 higher, see `costs.Counts`.

    Raises:
        ScampError: channels below 1, bits that the converter does not have.
    """
    return RGB_BITS / (inputs.integer("channels", channels, 1) * inputs.resolution(bits))
