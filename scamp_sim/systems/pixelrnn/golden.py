"""The network in plain NumPy, stage by stage: what every mapping onto the array is compared with.

result = encode(frames, weights)            # (16, 64, 64) uint8 -> .o, (64, 64) float32
weights.decoder.classify(result.o)

Planes are upright: row 0 on top, column 0 on the left. A bit plane is bool; True stands for +1, False for -1.
Source: the equations of the paper, with the details of the authors' public model; each stage reproduces their dumped
planes when it is fed the dumped plane of the stage before.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, finite, integer
from scamp_sim.exceptions import PlaneError, ProgramError, ScampWarning
from scamp_sim.kernels.pixelrnn.shapes import FRAMES, INPUT_LEVEL, MAPS, REACH, SIDE, WINDOW, Bits, Floats, Ints
from scamp_sim.systems.pixelrnn.params import SIZE, Weights, check_weights

LEVELS_PER_UNIT = 10
"""LSB per tap product on the chip; thresholds are rounded to whole LSB there."""

TRAINING_NOISE = (0.6, 0.6, 1.0)
"""Standard deviations that the authors trained with: pooled maps, sum of the forget gate, output; in tap products."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Planes of one layer of kernels.

    conv: (16 frames, 16 kernels, 64, 64) int8.
    pooled: (16, 16, 16, 16) int8, before noise.
    tiled: (16, 64, 64) bool, what the layer gives.
    """

    conv: Ints
    pooled: Ints
    tiled: Bits


@dataclass(frozen=True, eq=False)
class Stages:
    """What lies between input and output, for every frame.

    layers: one or two.
    gates: (16, 4, 64, 64) int8: w_f * b, u_f * h, w_o * b, u_o * h, where h is the state before the frame.
    sums: (16, 2, 64, 64) float32: the sums for f and for o, with their noise.
    """

    layers: tuple[Layer, ...]
    gates: Ints
    sums: Floats

    @property
    def conv(self) -> Ints:
        """Convolutions of the last layer."""
        return self.layers[-1].conv

    @property
    def pooled(self) -> Ints:
        """Pooled maps of the last layer, before noise."""
        return self.layers[-1].pooled


@dataclass(frozen=True, eq=False)
class Result:
    """What the encoder made of a clip.

    x: the binarised frames.
    b: the input of the recurrent part.
    f: the forget gate.
    h: the state *after* each frame (before the first it is all True); each (16, 64, 64) bool.
    o: the output of the last frame, (64, 64) float32, in units of one tap product.
    stages: see Stages; None unless asked for.
    """

    x: Bits
    b: Bits
    f: Bits
    h: Bits
    o: Floats
    stages: Stages | None = None


def encode(
    clip: npt.ArrayLike,
    weights: Weights,
    *,
    ties: str = "up",
    noise: tuple[float, float, float] | None = None,
    seed: int = 0,
    stages: bool = False,
    level: float = INPUT_LEVEL,
) -> Result:
    """Run the encoder over one clip.

    clip: (16, 64, 64), uint8 grey or bool (binarised already).
    ties: what a sum that equals the level of the chip becomes, see `threshold`; "up" is the paper's rule.
    noise: standard deviations for pooled maps, forget sum and output, as TRAINING_NOISE; drawn from `seed`, each plane
        from its own stream.
    level: see `binarise`.

    Raises PlaneError for the clip, ProgramError for the rest.
    """
    frames = checked(clip)
    check_weights(weights)
    _check_options(ties, noise, seed, level)
    amount = noise or (0.0, 0.0, 0.0)

    def noisy(values: npt.NDArray[Any], which: int, *place: int) -> npt.NDArray[Any]:
        # A stream of its own for every plane: what is drawn depends neither on order nor on what else is asked for.
        if not amount[which]:
            return values
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, which, *place])))
        return values + amount[which] * stream.standard_normal(values.shape)

    x = b = binarise(frames, level)
    layers = []
    for number in range(weights.layers):
        kernels, theta1 = weights.layer(number)
        conv = convolve(b, kernels)
        pooled = pool(conv)
        maps = np.stack([threshold(noisy(p, 0, t, number), theta1, ties) for t, p in enumerate(pooled)])
        b = tile(maps)
        layers.append(Layer(conv, pooled, b))

    planes = np.empty((FRAMES, 4, SIDE, SIDE), np.int8)
    sums = np.empty((FRAMES, 2, SIDE, SIDE), np.float32)
    f, h = np.empty((2, FRAMES, SIDE, SIDE), bool)
    # Of what does not depend on the state, all frames at once; the output is wanted of the last one only.
    planes[:, 0] = convolve(b, weights.w_f)
    outputs = range(FRAMES) if stages else (FRAMES - 1,)
    state = np.ones((SIDE, SIDE), bool)
    for t in range(FRAMES):
        planes[t, 1] = convolve(state, weights.u_f)
        total = noisy(planes[t, 0] + planes[t, 1], 1, t)
        sums[t, 0] = total
        if t in outputs:
            planes[t, 2] = convolve(b[t], weights.w_o)
            planes[t, 3] = convolve(state, weights.u_o)
            sums[t, 1] = noisy(planes[t, 2] + planes[t, 3], 2, t)
        f[t] = threshold(total, weights.theta_r, ties)
        state = h[t] = update(state, f[t])
    inside = Stages(tuple(layers), planes, sums) if stages else None
    return Result(x, b, f, h, sums[-1, 1].copy(), inside)


# --- the stages -------------------------------------------------------------------------------------------------


def binarise(clip: npt.ArrayLike, level: float = INPUT_LEVEL) -> Bits:
    """Grey uint8 of any shape to bits: True where above `level`, 0..255. Bits pass unchanged.

    Warns (ScampWarning) of grey that looks as if it were bits. Raises PlaneError.
    """
    array = array_of(clip, "the clip")
    finite("level", level)
    if array.dtype == bool:
        return array.copy()
    if array.dtype != np.uint8:
        raise PlaneError(f"the clip is of type {array.dtype}; give grey as uint8, 0 dark .. 255 bright, or bool")
    if looks_binary(array, level):
        warnings.warn(LOOKS_BINARY, ScampWarning, stacklevel=2)
    return array > level


def convolve(bits: Bits, kernels: npt.ArrayLike) -> Ints:
    """Correlation of +1/-1 planes with 5x5 kernels of +1/-1; beyond the edge is 0.

    bits: (..., rows, columns) bool.
    kernels: (5, 5) -> (..., rows, columns); (n, 5, 5) -> (..., n, rows, columns). int8, -25 .. 25.
    """
    stack = array_of(kernels, "the kernels")
    if stack.ndim not in (2, 3) or stack.shape[-2:] != (SIZE, SIZE):
        raise PlaneError(f"the kernels must have shape ({SIZE}, {SIZE}) or (n, {SIZE}, {SIZE}), got {stack.shape}")
    signs = np.where(_planes(bits, 2), np.int8(1), np.int8(-1))
    padded = np.pad(signs, [(0, 0)] * (signs.ndim - 2) + [(REACH, REACH)] * 2)
    rows, columns = signs.shape[-2:]
    single = stack.ndim == 2
    out = np.zeros((*signs.shape[:-2], 1 if single else len(stack), rows, columns), np.int8)
    # int8 is enough for 25 taps, and a sum of shifted planes is quicker than gathering windows.
    for i, j in np.ndindex(stack.shape[-2:]):
        moved = padded[..., i : i + rows, j : j + columns]
        for k, tap in enumerate(stack.reshape(-1, *stack.shape[-2:])[:, i, j]):
            (np.add if tap > 0 else np.subtract)(out[..., k, :, :], moved, out=out[..., k, :, :])
    return out[..., 0, :, :] if single else out


def pool(conv: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The largest of each 4x4 window, and 0 if all are negative (ReLU): (..., r, c) -> (..., r / 4, c / 4)."""
    conv = _planes(conv, 2, WINDOW)
    rows, columns = conv.shape[-2:]
    windows = conv.reshape(*conv.shape[:-2], rows // WINDOW, WINDOW, columns // WINDOW, WINDOW)
    # Rows of windows first: that keeps the long axis contiguous, which is several times as fast.
    pooled: npt.NDArray[Any] = np.maximum(windows.max(axis=-3).max(axis=-1), 0)
    return pooled


def threshold(values: npt.NDArray[Any], theta: float, ties: str = "up") -> Bits:
    """Where `values` exceed the threshold; both in units of one tap product.

    ties="up": where value > theta, the paper's rule; with a theta as learned (0.998, say) it never meets equality.
    ties="down": the rule of the released program. It compares with theta in whole LSB, ten to the unit, so 0.998
    becomes exactly one unit, and a sum of one unit is not above it.
    """
    _check_ties(ties)
    finite("theta", theta)
    values = np.asarray(values, np.float64)  # NumPy 1 would compare int8 in half precision
    if ties == "up":
        return values > theta
    return values > round(theta * LEVELS_PER_UNIT) / LEVELS_PER_UNIT


def tile(maps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sixteen maps as one plane: map k at tile row k mod 4, tile column k div 4. (..., 16, r, c) -> (..., 4 r, 4 c)."""
    maps = _planes(maps, 3)
    *lead, count, rows, columns = maps.shape
    if count != MAPS:
        raise PlaneError(f"there are {count} maps in shape {maps.shape}; give (..., {MAPS}, rows, columns)")
    grid = maps.reshape(*lead, 4, 4, rows, columns)  # tile column, tile row, row, column
    n = len(lead)
    return grid.transpose(*range(n), n + 1, n + 2, n, n + 3).reshape(*lead, 4 * rows, 4 * columns)


def untile(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The inverse of `tile`: (..., 4 r, 4 c) -> (..., 16, r, c). It also takes sixteen 64x64 blocks apart."""
    plane = _planes(plane, 2, 4)
    *lead, rows, columns = plane.shape
    n = len(lead)
    grid = plane.reshape(*lead, 4, rows // 4, 4, columns // 4)  # tile row, row, tile column, column
    return grid.transpose(*range(n), n + 2, n, n + 1, n + 3).reshape(*lead, 16, rows // 4, columns // 4)


def gates(b: Bits, h: Bits, weights: Weights) -> Ints:
    """The four gate convolutions of planes (..., 64, 64): w_f * b, u_f * h, w_o * b, u_o * h as (..., 4, 64, 64) int8.

    h is the state before the frame.
    """
    return np.stack(
        [
            convolve(b, weights.w_f),
            convolve(h, weights.u_f),
            convolve(b, weights.w_o),
            convolve(h, weights.u_o),
        ],
        axis=-3,
    )


def sums(planes: Ints) -> Ints:
    """The sums for f and o, (..., 2, 64, 64) int8, -50 .. 50, of the four planes that `gates` gives."""
    return planes[..., 0::2, :, :] + planes[..., 1::2, :, :]


def update(h: Bits, f: Bits) -> Bits:
    """The state after the frame: the product of signs, so f keeps a bit where it is +1 and turns it where it is -1."""
    return np.equal(h, f)


LOOKS_BINARY = (
    "the clip is uint8 and holds only 0 and 1: taken as grey that is all dark; if these are bits, give them as bool "
    "(clip.astype(bool))"
)


def looks_binary(array: npt.NDArray[Any], level: float = INPUT_LEVEL) -> bool:
    """Whether grey holds nothing but 0 and 1, which `level` does not tell apart: bits, most likely."""
    return bool(array.dtype == np.uint8 and level >= 1 and array.size and array.max() == 1)


# --- what is allowed --------------------------------------------------------------------------------------------


def checked(clip: npt.ArrayLike, side: int = SIDE) -> npt.NDArray[Any]:
    """The clip as an array (16, side, side) of uint8 or bool. Raises PlaneError with the remedy."""
    array = array_of(clip, "the clip")
    if array.dtype != bool and array.dtype != np.uint8:
        raise PlaneError(
            f"the clip is of type {array.dtype}; give grey as uint8, 0 dark .. 255 bright, or bool, True for +1"
        )
    if array.ndim != 3:
        raise PlaneError(f"the clip must have shape ({FRAMES}, {side}, {side}), got {array.shape}")
    if array.shape[1:] != (side, side):
        on_the_array = ", and with front_end=True (--front-end) the array does" if array.shape[1:] == (256, 256) else ""
        raise PlaneError(
            f"the frames are {array.shape[1]}x{array.shape[2]}; the network sees {side}x{side}. "
            f"datasets.resample(clip, {side}) scales them{on_the_array}"
        )
    if len(array) != FRAMES:
        raise PlaneError(
            f"the clip has {len(array)} frames; the state starts again every {FRAMES}, and the output is that of the "
            f"last one. datasets.resample(clip, {side}) picks {FRAMES}"
        )
    return array


def _planes(values: npt.ArrayLike, axes: int, multiple: int = 1) -> npt.NDArray[Any]:
    """The values as an array of at least so many axes, whose last two are multiples. Raises PlaneError."""
    array = array_of(values, "the planes")
    if array.ndim < axes or array.dtype.kind not in "biuf" or any(n % multiple for n in array.shape[-2:]):
        sizes = f", multiples of {multiple}" if multiple > 1 else ""
        wanted = f"(..., {f'{MAPS}, ' * (axes - 2)}rows, columns){sizes}"
        raise PlaneError(f"the planes are {array.dtype} of shape {array.shape}; give numbers or bits {wanted}")
    return array


def _check_ties(ties: str) -> None:
    if ties not in ("up", "down"):
        raise ProgramError(f"ties must be 'up' (the paper's rule) or 'down' (the released program's), got {ties!r}")


def _check_options(ties: str, noise: tuple[float, float, float] | None, seed: int, level: float) -> None:
    _check_ties(ties)
    if noise is not None:
        amounts = array_of(noise, "noise", ProgramError)
        amounts = amounts.astype(float) if amounts.dtype.kind in "fiu" else np.full(1, np.nan)
        if amounts.shape != (3,) or not (np.isfinite(amounts).all() and (amounts >= 0).all()):
            raise ProgramError(
                f"noise is {noise!r}; give three standard deviations, of pooled maps, forget sum and output: "
                f"{TRAINING_NOISE} in training"
            )
    integer("seed", seed)
    finite("level", level)


__all__ = [
    "FRAMES",
    "INPUT_LEVEL",
    "LEVELS_PER_UNIT",
    "LOOKS_BINARY",
    "MAPS",
    "REACH",
    "SIDE",
    "TRAINING_NOISE",
    "WINDOW",
    "Bits",
    "Floats",
    "Ints",
    "Layer",
    "Result",
    "Stages",
    "binarise",
    "checked",
    "convolve",
    "encode",
    "gates",
    "looks_binary",
    "pool",
    "sums",
    "threshold",
    "tile",
    "untile",
    "update",
]
