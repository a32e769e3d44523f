"""What a user brings: circuit weights, clamp limit and converter of an encoder, perhaps a trained decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_arrays
from scamp_sim.systems.base.state import read_state, without_prefix
from scamp_sim.systems.leca import golden, inputs
from scamp_sim.systems.leca.inputs import FULL, Floats, Integers

Multiplier = Literal["charge", "linear"]
"""charge: Eq. 3 of the paper. linear: products as SCAMP-5 makes them, weight x pixel / 16."""

SCALARS = ("limit", "bits", "ratio", "psf_gain", "psf_offset", "fvf_gain", "fvf_offset")
LINEAR_UNIT = 16.0
"""Linear sums are sum(weight x brightness) / 16."""


@dataclass(frozen=True, eq=False)
class Params:
    """One trained (or random) encoder.

    magnitude: (N, side, side) integers 0..15.
    sign: the same shape, +1 or -1.
    limit: clamp limit in the unit of the encoder's output.
    bits: 1.5 or 2..8.
    kind: of the converter.
    multiplier: what turns weights into products.
    ratio: C_out over the sampling array. psf_*, fvf_*: straight lines of the two buffers (Sec. 3.4; unpublished, 1 and
        0). A brightness 0..1 behind the first is the deviation v of Eq. 3, in units of the swing.
    decoder: arrays of a trained decoder, and what else a trainer keeps.

    Raises ScampError.
    """

    magnitude: Integers
    sign: Integers
    limit: float
    bits: float = 4
    kind: str = "midrise"
    multiplier: Multiplier = "charge"
    ratio: float = 1.0
    psf_gain: float = 1.0
    psf_offset: float = 0.0
    fvf_gain: float = 1.0
    fvf_offset: float = 0.0
    decoder: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        m, s = inputs.weights(self.magnitude, self.sign)
        if m.ndim != 3 or m.shape[1] != m.shape[2] or m.shape[1] not in (2, 4) or not len(m):
            raise ScampError(f"magnitude: expected shape (N, 4, 4), or (N, 2, 2) on grey pictures, got {m.shape}")
        if self.multiplier not in ("charge", "linear"):
            raise ScampError(f"multiplier: expected charge or linear, got {self.multiplier!r:.40}")
        if m.shape[1] == 2 and self.multiplier == "charge":
            raise ScampError("magnitude: kernels of 2x2 are for SCAMP-5, with multiplier linear; the chip has 4x4")
        inputs.resolution(self.bits, kind=self.kind)
        for name in ("limit", "ratio"):
            inputs.positive(name, getattr(self, name))
        for name in SCALARS:
            inputs.finite(name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "magnitude", m)
        object.__setattr__(self, "sign", s)

    @property
    def channels(self) -> int:
        """Kernels."""
        return len(self.magnitude)

    @property
    def side(self) -> int:
        """Photosites along a side of a kernel."""
        return int(self.magnitude.shape[1])

    @property
    def weights(self) -> Integers:
        """Signed integers -15..15, (N, side, side)."""
        return self.magnitude * self.sign

    def sums(self, brightness: Any) -> Floats:
        """The encoder's output before the converter, buffers included, without noise.

        Args:
            brightness: (..., R, C) mosaic 0..1.

        Returns:
            (..., R / side, C / side, N).
        """
        v = self.psf_gain * inputs.finite("mosaic", brightness) + self.psf_offset
        if self.multiplier == "charge":
            return self.fvf_gain * golden.encode(v, self.magnitude, self.sign, self.ratio) + self.fvf_offset
        return self.fvf_gain * linear(v, self.weights) + self.fvf_offset

    def codes(self, sums: Any) -> Integers:
        """The converter."""
        return golden.quantise(sums, self.bits, self.limit, self.kind)

    def for_array(self) -> Params:
        """The same encoder for an array that multiplies linearly: the effective weights as the nearest integers, the
        limit in proportion, the sign turned as charge inverts. Raises ScampError for buffers that are not neutral."""
        if self.multiplier == "linear":
            return self
        if (self.psf_gain, self.psf_offset, self.fvf_gain, self.fvf_offset) != (1, 0, 1, 0):
            raise ScampError("buffers: the array has none; expected gains of 1 and offsets of 0")
        effective = -golden.effective_weights(self.magnitude, self.sign, self.ratio)
        largest = float(np.abs(effective).max())
        gain = FULL / largest if largest else 1.0
        w = np.rint(gain * effective).astype(np.int64)
        return replace(
            self,
            magnitude=np.abs(w),
            sign=np.where(w < 0, -1, 1),
            limit=self.limit * gain / LINEAR_UNIT,
            multiplier="linear",
            ratio=1.0,
        )

    def save(self, path: str | Path) -> None:
        """Write an .npz of plain arrays. Raises ScampError."""
        arrays: dict[str, Any] = {
            "format": np.array("scamp-sim leca 1"),
            "magnitude": self.magnitude,
            "sign": self.sign,
            "kind": np.array(self.kind),
            "multiplier": np.array(self.multiplier),
            **{name: np.array(getattr(self, name)) for name in SCALARS},
            **{f"decoder.{name}": value for name, value in self.decoder.items()},
        }
        write_arrays(path, arrays, "weights")


def linear(v: Any, weights: Any) -> Floats:
    """sum(weight x v) / 16 over blocks of side x side: (..., R / side, C / side, N). Raises ScampError."""
    array = inputs.finite("mosaic", v)
    w = np.asarray(weights)
    side = w.shape[-1]
    if array.ndim < 2 or array.shape[-1] % side or array.shape[-2] % side or not array.size:
        raise ScampError(f"mosaic: expected sides that are multiples of {side}, got shape {array.shape}")
    rows, columns = array.shape[-2] // side, array.shape[-1] // side
    cut = array.reshape(*array.shape[:-2], rows, side, columns, side)
    total = np.zeros((*array.shape[:-2], rows, columns, len(w)))
    for i in range(side):
        for j in range(side):  # in raster order, as the trainable encoder adds
            total = total + cut[..., i, :, j, None] * w[:, i, j]
    return np.asarray(total / LINEAR_UNIT)


def random_params(
    seed: int, channels: int = 4, bits: float = 4, *, side: int = 4, multiplier: Multiplier = "charge"
) -> Params:
    """Random circuit weights, drawn uniformly over -15..15; the limit is 2 standard deviations of the output over
    brightness that is uniform and independent. Raises ScampError."""
    channels = inputs.integer("channels", channels, 1)
    inputs.resolution(bits)
    rng = np.random.default_rng(np.random.SeedSequence([inputs.integer("seed", seed, 0), 0x1ECA]))
    w = rng.integers(-FULL, FULL + 1, (channels, side, side))
    sign = np.where(w < 0, -1, 1)
    effective = golden.effective_weights(np.abs(w), sign) if multiplier == "charge" else w / LINEAR_UNIT
    spread = float(np.sqrt((effective**2).sum(axis=(1, 2)).mean() / 12))
    return Params(np.abs(w), sign, 2 * spread if spread else 1.0, bits, multiplier=multiplier)


def load_params(source: str | Path) -> Params:
    """Parameters from an .npz that `Params.save` or training has written; "random:SEED" draws them.

    Raises:
        ScampError: no such file, damage, arrays that are missing or that this encoder does not know.
    """
    name, _, seed = str(source).partition(":")
    if name == "random":
        if not seed.isdecimal():
            raise ScampError(f"weights {source!s:.60}: expected random:SEED, such as random:1")
        return random_params(int(seed))
    known = {"magnitude", "sign", "kind", "multiplier", *SCALARS}
    arrays = without_prefix(read_state(source, error=ScampError), known)
    decoder = {k.removeprefix("decoder."): v for k, v in arrays.items() if k.startswith("decoder.")}
    given = {k: v for k, v in arrays.items() if not k.startswith("decoder.") and k != "format"}
    if missing := sorted({"magnitude", "sign", "limit", "bits"} - set(given)):
        raise ScampError(
            f"weights {source}: expected arrays magnitude, sign, limit and bits; missing {', '.join(missing)}"
        )
    if unknown := sorted(set(given) - known):
        raise ScampError(f"weights {source}: unknown arrays {', '.join(unknown)}; expected {', '.join(sorted(known))}")
    try:
        values: dict[str, Any] = {k: v.item() if v.ndim == 0 else v for k, v in given.items()}
        return Params(**values, decoder=decoder)
    except (ScampError, TypeError, ValueError, OverflowError) as e:
        raise ScampError(f"weights {source}: {e}") from None
