"""What a user brings: weights, batch norm and thresholds of the layer in the pixels; file format and defaults."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_arrays
from scamp_sim.systems.base.state import TORCH, read_state, without_prefix
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.norm import BatchNorm, per_channel
from scamp_sim.systems.pixels.windows import check_integer, check_weights
from scamp_sim.text import short

DEFAULTS = Path(__file__).with_name("default.json")

KEYS = ("weights", "stride", "gamma", "beta", "mean", "var", "eps", "v_th", "extremum", "full_scale", "bits")
"""Arrays of a file; all but `weights` may be left out."""

RESPONSE = 0.275
"""Width at which the released curve answers to light at mid grey as the product does: w = 0.25498 + 0.072789 w."""


@dataclass(frozen=True, eq=False)
class LayerParams:
    """The layer in the pixels, for P2M and for the spiking front end.

    weights: (O, C, k, k) float64.
    stride: pixels between windows.
    norm: the batch norm behind the sums.
    v_th, extremum: (O,) threshold and Hoyer extremum of the spiking front end.
    full_scale: of P2M's converter, in the unit of the batch norm's output, None to take it from the first picture.
    bits: of that converter.
    source: where it comes from.
    """

    weights: Floats
    stride: int
    norm: BatchNorm
    v_th: Floats
    extremum: Floats
    full_scale: float | None = None
    bits: int = 8
    source: str = "given"

    @classmethod
    def of(
        cls,
        weights: npt.ArrayLike,
        *,
        stride: int | None = None,
        gamma: npt.ArrayLike = 1.0,
        beta: npt.ArrayLike = 0.0,
        mean: npt.ArrayLike = 0.0,
        var: npt.ArrayLike = 1.0,
        eps: float = 1e-5,
        v_th: npt.ArrayLike = 1.0,
        extremum: npt.ArrayLike = 1.0,
        full_scale: float | None = None,
        bits: int = 8,
        source: str = "given",
    ) -> LayerParams:
        """Checked.

        weights: (O, C, k, k), or (O, k, k) for grey.
        stride: the kernel size if None; the others a number or one a channel.

        Raises ScampError.
        """
        array = np.asarray(weights)
        w = check_weights(array[:, None] if array.ndim == 3 else array)
        channels, kernel = len(w), w.shape[2]
        norm = BatchNorm.of(channels, gamma, beta, mean, var, eps)
        thresholds = per_channel("v_th", v_th, channels)
        if np.any(thresholds == 0):
            raise ScampError(f"'v_th' of channel {int(np.argmin(np.abs(thresholds)))} is 0; expected another threshold")
        level = per_channel("extremum", extremum, channels)
        if full_scale is not None and not (np.isfinite(full_scale) and full_scale > 0):
            raise ScampError(f"expected full_scale as a finite number above 0, got {full_scale}")
        step = check_integer("stride", kernel if stride is None else stride, 1, 1 << 16)
        return cls(w, step, norm, thresholds, level, full_scale, check_integer("bits", bits, 1, 32), source)

    @property
    def channels(self) -> int:
        return len(self.weights)

    @property
    def colours(self) -> int:
        return int(self.weights.shape[1])

    @property
    def kernel(self) -> int:
        return int(self.weights.shape[2])

    @property
    def level(self) -> Floats:
        """What the batch norm's output must reach for a spike: extremum |v_th|, (O,)."""
        return self.extremum * np.abs(self.v_th)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a file holds, by key."""
        n = self.norm
        found: dict[str, Any] = {
            "weights": self.weights,
            "stride": self.stride,
            "gamma": n.gamma,
            "beta": n.beta,
            "mean": n.mean,
            "var": n.var,
            "eps": n.eps,
            "v_th": self.v_th,
            "extremum": self.extremum,
            "bits": self.bits,
        }
        if self.full_scale is not None:
            found["full_scale"] = self.full_scale
        return {name: np.asarray(value) for name, value in found.items()}

    def save(self, path: str | Path) -> None:
        """Write an .npz with the keys of `KEYS`. Raises ScampError."""
        write_arrays(path, self.arrays(), "weights")

    @cached_property
    def digest(self) -> str:
        """Of every number, for results that are kept."""
        h = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            h.update(f"{name} {array.shape} ".encode() + np.ascontiguousarray(array, np.float64).tobytes())
        return h.hexdigest()[:16]

    def first(self, channels: int) -> LayerParams:
        """The first channels alone."""
        n = self.norm
        norm = BatchNorm(n.gamma[:channels], n.beta[:channels], n.mean[:channels], n.var[:channels], n.eps)
        return replace(
            self,
            weights=self.weights[:channels],
            norm=norm,
            v_th=self.v_th[:channels],
            extremum=self.extremum[:channels],
        )


def load_layer(source: str) -> LayerParams:
    """Parameters by name or from a file.

    source: "default" (5x5, colour), "default:K" (KxK, grey), "random:SEED" (8 channels of 5x5 on colour) or
    "random:SEED:K" (grey), or FILE.npz, or FILE.pt of PyTorch, with the arrays of `KEYS`.

    Raises ScampError.
    """
    head, _, tail = source.partition(":")
    if head == "default":
        return default_layer(int(tail), 1) if tail.isdecimal() else default_layer(5, 3) if not tail else _bad(source)
    if head == "random":
        seed, _, size = tail.partition(":")
        if not (seed.isdecimal() and (size.isdecimal() or not size)):
            return _bad(source)
        return random_layer(int(seed), int(size) if size else 5, 1 if size else 3)
    if Path(source).suffix not in (".npz", *TORCH):
        return _bad(source)
    return from_arrays(without_prefix(read_state(source, error=ScampError), KEYS), source)


def _bad(source: str) -> LayerParams:
    raise ScampError(
        f"weights '{short(source, 60)}': expected FILE.npz, default, default:K, random:SEED or random:SEED:K"
    )


def from_arrays(found: dict[str, npt.NDArray[Any]], source: str) -> LayerParams:
    """Parameters from the arrays of a file. Raises ScampError that names what is missing or unknown."""
    if "weights" not in found:
        raise ScampError(f"weights {source}: expected an array 'weights', found {', '.join(found) or 'none'}")
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise ScampError(f"weights {source}: unknown array(s) {', '.join(unknown)}; expected {', '.join(KEYS)}")
    given: dict[str, Any] = {}
    for name, array in found.items():
        if array.dtype.kind not in "fiub":
            raise ScampError(f"weights {source}: '{name}' is of type {array.dtype}, expected numbers")
        scalar = name in ("stride", "bits", "full_scale", "eps")
        if scalar and array.size != 1:
            raise ScampError(f"weights {source}: expected one number as '{name}', got shape {array.shape}")
        if not scalar:
            given[name] = array
            continue
        number = float(array.reshape(()))
        if name in ("stride", "bits") and not number.is_integer():
            raise ScampError(f"weights {source}: expected '{name}' as an integer, got {number:g}")
        given[name] = int(number) if name in ("stride", "bits") else number
    try:
        return LayerParams.of(given.pop("weights"), source=source, **given)
    except ScampError as e:
        raise ScampError(f"weights {source}: {e}") from None


# --- defaults ---------------------------------------------------------------------------------------------------


def oriented(kernel: int, channels: int = 8) -> npt.NDArray[np.int64]:
    """Ternary kernels (channels, kernel, kernel): edges in eight directions of 45 degrees, then bars in as many. Every
    one has as many -1 as +1, so that even light gives 0."""
    y, x = np.mgrid[:kernel, :kernel] - (kernel - 1) / 2
    found = []
    for n in range(channels):
        angle = np.pi / 4 * (n % 8)
        along = np.round(np.cos(angle) * x - np.sin(angle) * y, 9)
        if n < 8:
            found.append(np.sign(along))
            continue
        # A bar: the half of the taps that lies nearest to its middle line against the rest, light or dark.
        bar = np.pi / 8 * (n % 8)
        away = np.abs(np.round(np.cos(bar) * x - np.sin(bar) * y, 9)).ravel()
        sign = np.empty(kernel**2, dtype=np.int64)
        nearest = np.argsort(away, kind="stable")
        half = kernel**2 // 2
        sign[nearest[:half]], sign[nearest[half:]] = 1, -1
        if kernel % 2:
            sign[nearest[-1]] = 0
        found.append(sign.reshape(kernel, kernel) * (1 if n % 2 == 0 else -1))
    return np.array(found).astype(np.int64)


def default_layer(kernel: int = 5, colours: int = 3, channels: int | None = None) -> LayerParams:
    """The shipped layer: eight oriented edges (sixteen kernels at most), width 0.275, with which curve and product
    answer alike; norm, threshold and full scale from `default.json`. Raises ScampError."""
    count = min(8, kernel**2 // 2) if channels is None else channels
    if not 2 <= kernel <= 16 or not 1 <= count <= 16:
        raise ScampError(f"default:{kernel}: expected a kernel of 2..16")
    known = json.loads(DEFAULTS.read_text(encoding="utf-8"))
    w = RESPONSE * oriented(kernel, count)
    taps = np.abs(oriented(kernel, count)).sum(axis=(1, 2)) * colours
    return LayerParams.of(
        np.repeat(w[:, None], colours, axis=1),
        # The sd of a sum over natural and drawn pictures goes with the number of taps.
        var=(known["sd_per_tap"] * taps) ** 2,
        extremum=known["extremum"],
        full_scale=known["full_scale"],
        bits=known["bits"],
        source=f"default {kernel}x{kernel}x{colours}",
    )


def random_layer(seed: int, kernel: int = 5, colours: int = 3, channels: int = 8) -> LayerParams:
    """Widths N(0, 0.8) as the authors of P2M initialise them, batch norm of unit scale behind them."""
    w = np.random.default_rng(seed).normal(0, 0.8, (channels, colours, kernel, kernel))
    # Of light in 0..1 with mean 0.5: the mean and roughly the spread of the sums.
    mean = 0.5 * w.sum(axis=(1, 2, 3))
    return LayerParams.of(w, mean=mean, var=np.full(channels, 0.25 * 0.64 * w[0].size), source=f"random, seed {seed}")
