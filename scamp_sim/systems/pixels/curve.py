"""What a pixel with a weight transistor puts on its column line, as a function of width and light."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.reading import read_archive, read_json, reason
from scamp_sim.text import short

Floats = npt.NDArray[np.float64]
Pixel = Callable[[Any, Any], Any]
"""f(w, light): width and light as arrays that broadcast, the output as an array."""

WIDEST = 3.0
"""The largest width that the authors' released code considers (a clamp to [-3, 3] that it does not use)."""


def horner(coefficients: Sequence[float], d: Floats) -> Floats:
    """The polynomial c0 + c1 d + c2 d^2 + ... in a fixed order of operations, so that every caller rounds alike."""
    total = np.full_like(d, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * d + c
    return total


def derivative(coefficients: Sequence[float]) -> tuple[float, ...]:
    """The coefficients of the derivative of `horner`."""
    return tuple(n * c for n, c in enumerate(coefficients))[1:] or (0.0,)


@dataclass(frozen=True)
class PolynomialPixel:
    """f(w, I) = g(d) + w h(d), d = I - centre, with g and h polynomials in d.

    offset: coefficients of g, constant first.
    gain: coefficients of h, constant first.
    centre: the light that d is counted from.

    Raises ScampError for coefficients that are not finite.
    """

    offset: tuple[float, ...]
    gain: tuple[float, ...]
    centre: float = 0.0
    name: str = "polynomial"

    def __post_init__(self) -> None:
        for label, values in (("offset", self.offset), ("gain", self.gain), ("centre", (self.centre,))):
            if not len(values) or not np.all(np.isfinite(values)):
                raise ScampError(
                    f"pixel curve: expected finite numbers as '{label}', got {short(str(list(values)), 80)}"
                )

    def g(self, light: npt.ArrayLike) -> Floats:
        """Output at width 0."""
        return horner(self.offset, np.asarray(light, np.float64) - self.centre)

    def h(self, light: npt.ArrayLike) -> Floats:
        """Output per unit of width."""
        return horner(self.gain, np.asarray(light, np.float64) - self.centre)

    def __call__(self, w: npt.ArrayLike, light: npt.ArrayLike) -> Floats:
        """Output for widths `w` and light `light`, which broadcast."""
        return self.g(light) + np.asarray(w, np.float64) * self.h(light)

    def slopes(self, w: npt.ArrayLike, light: npt.ArrayLike) -> tuple[Floats, Floats]:
        """(df/dw, df/dI) at widths `w` and light `light`, which broadcast."""
        d = np.asarray(light, np.float64) - self.centre
        w = np.asarray(w, np.float64)
        by_light = horner(derivative(self.offset), d) + w * horner(derivative(self.gain), d)
        return np.broadcast_to(horner(self.gain, d), by_light.shape), by_light


IDEAL = PolynomialPixel((0.0,), (0.0, 1.0), name="ideal")
"""The product w * I."""

RELEASED = PolynomialPixel(
    (0.1694, 0.25498, -0.17645, -0.09217), (0.422378, 0.072789, -0.043589), centre=0.5, name="curve"
)
"""The fit that the authors of P2M released with their training code (`poly31`: cubic in light, linear in width). The
unit is not stated; presumably volts."""


@dataclass(frozen=True, eq=False)
class TablePixel:
    """A measured or simulated curve, linear between its points.

    widths: (n,) increasing.
    lights: (m,) increasing.
    values: (n, m), values[a, b] = f(widths[a], lights[b]).

    Raises ScampError for tables of another form, and when called outside of the table.
    """

    widths: Floats
    lights: Floats
    values: Floats
    name: str = field(default="table")

    def __post_init__(self) -> None:
        arrays = [np.array(a, dtype=np.float64) for a in (self.widths, self.lights, self.values)]
        for label, a in zip(("widths", "lights", "values"), arrays, strict=True):
            if not np.all(np.isfinite(a)):
                raise ScampError(f"pixel table: '{label}' holds a value that is not finite")
        widths, lights, values = arrays
        for label, a in (("widths", widths), ("lights", lights)):
            if a.ndim != 1 or len(a) < 2 or np.any(np.diff(a) <= 0):
                raise ScampError(f"pixel table: expected '{label}' as two or more increasing numbers")
        if values.shape != (len(widths), len(lights)):
            raise ScampError(
                f"pixel table: expected values of shape {(len(widths), len(lights))} (widths, lights), "
                f"got {values.shape}"
            )
        for label, a in (("widths", widths), ("lights", lights), ("values", values)):
            object.__setattr__(self, label, a)

    def _cell(self, x: Floats, grid: Floats, what: str) -> tuple[npt.NDArray[np.intp], Floats]:
        if x.size and (x.min() < grid[0] or x.max() > grid[-1]):
            culprit = x.min() if x.min() < grid[0] else x.max()
            raise ScampError(
                f"{what} {culprit:g} is outside of the pixel table, which covers {grid[0]:g}..{grid[-1]:g}; "
                "scale the weights or extend the table"
            )
        at = np.clip(np.searchsorted(grid, x, side="right") - 1, 0, len(grid) - 2)
        return at, (x - grid[at]) / (grid[at + 1] - grid[at])

    def __call__(self, w: npt.ArrayLike, light: npt.ArrayLike) -> Floats:
        """Output for widths `w` and light `light`, which broadcast."""
        i, a = self._cell(np.asarray(w, np.float64), self.widths, "width")
        j, b = self._cell(np.asarray(light, np.float64), self.lights, "light")
        v = self.values
        lower, upper = v[i, j] * (1 - b) + v[i, j + 1] * b, v[i + 1, j] * (1 - b) + v[i + 1, j + 1] * b
        return np.asarray(lower * (1 - a) + upper * a)

    def slopes(self, w: npt.ArrayLike, light: npt.ArrayLike) -> tuple[Floats, Floats]:
        """(df/dw, df/dI) inside the cell of the table that holds each point."""
        i, a = self._cell(np.asarray(w, np.float64), self.widths, "width")
        j, b = self._cell(np.asarray(light, np.float64), self.lights, "light")
        v, dw, dl = self.values, np.diff(self.widths)[i], np.diff(self.lights)[j]
        by_width = ((v[i + 1, j] - v[i, j]) * (1 - b) + (v[i + 1, j + 1] - v[i, j + 1]) * b) / dw
        by_light = ((v[i, j + 1] - v[i, j]) * (1 - a) + (v[i + 1, j + 1] - v[i + 1, j]) * a) / dl
        return np.asarray(by_width), np.asarray(by_light)


NAMED: dict[str, PolynomialPixel] = {"ideal": IDEAL, "curve": RELEASED}


def pixel_of(pixel: str | Pixel) -> Pixel:
    """The pixel that a name or a callable f(w, light) stands for. Raises ScampError for others."""
    if isinstance(pixel, str):
        if pixel not in NAMED:
            raise ScampError(f"unknown pixel '{pixel}': expected 'ideal', 'curve' or a function f(w, light)")
        return NAMED[pixel]
    if not callable(pixel):
        raise ScampError(f"expected 'ideal', 'curve' or a function f(w, light) as the pixel, got {pixel!r:.40}")
    return pixel


def pixel_from(source: str) -> PolynomialPixel | TablePixel:
    """A pixel by name or from a file.

    source: "curve", "ideal", FILE.json with "offset" and "gain" (coefficients of g and h, constant first) and perhaps
    "centre", or FILE.npz with the table's widths, lights and values. Raises ScampError.
    """
    if source in NAMED:
        return NAMED[source]
    path = Path(source)
    kind = path.suffix.lower()
    what = "pixel curve"
    try:
        if kind == ".json":
            found = read_json(path, what)
            if not isinstance(found, dict) or not {"offset", "gain"} <= found.keys() <= {"offset", "gain", "centre"}:
                raise ScampError("expected offset, gain and perhaps centre")
            offset, gain = (tuple(float(c) for c in found[name]) for name in ("offset", "gain"))
            return PolynomialPixel(offset, gain, float(found.get("centre", 0.0)), name=path.stem)
        if kind == ".npz":
            arrays = read_archive(path, what)
            if arrays.keys() != {"widths", "lights", "values"}:
                shown = short(", ".join(arrays) or "none", 80)
                raise ScampError(f"expected the arrays widths, lights and values, got {shown}")
            for name, array in arrays.items():
                if array.dtype.kind not in "biuf":
                    raise ScampError(f"'{name}' holds {array.dtype} values; expected numbers")
            return TablePixel(arrays["widths"], arrays["lights"], arrays["values"], name=path.stem)
    except ScampError as e:
        said = str(e).removeprefix(f"{what} {short(str(path), 200)}: ")
        raise ScampError(f"{what} {short(source, 200)}: {said}") from None
    except (TypeError, ValueError, OverflowError) as e:
        raise ScampError(f"{what} {short(source, 200)}: expected numbers ({reason(e)})") from None
    raise OptionError(
        f"unknown pixel '{source:.60}': expected curve, ideal, FILE.json (coefficients) or FILE.npz (a table)"
    )


def digest_of(pixel: PolynomialPixel | TablePixel) -> str:
    """Of everything that fixes the curve, for results that are kept."""
    if isinstance(pixel, PolynomialPixel):
        return f"{pixel.offset} {pixel.gain} {pixel.centre}"
    data = b"".join(np.ascontiguousarray(a).tobytes() for a in (pixel.widths, pixel.lights, pixel.values))
    return hashlib.sha256(data).hexdigest()[:16]


def slopes_of(pixel: Pixel, w: npt.ArrayLike, light: npt.ArrayLike, step: float = 1e-6) -> tuple[Floats, Floats]:
    """(df/dw, df/dI): the pixel's own `slopes`, else central differences, one-sided at the ends of the light."""
    if hasattr(pixel, "slopes"):
        by_width, by_light = pixel.slopes(w, light)
        return np.asarray(by_width), np.asarray(by_light)
    w, light = np.asarray(w, np.float64), np.asarray(light, np.float64)
    low, high = np.clip(light - step, 0, 1), np.clip(light + step, 0, 1)
    w_low = np.maximum(w - step, 0) if w.size and w.min() >= 0 else w - step
    by_width = (pixel(w + step, light) - pixel(w_low, light)) / (w + step - w_low)
    return np.asarray(by_width), np.asarray((pixel(w, high) - pixel(w, low)) / (high - low))


def not_monotonic(pixel: Pixel, widest: float, steps: int = 101) -> str | None:
    """Where the output does not grow with light or with width, for widths 0..`widest`; None where it always does.

    Negative widths are left out on purpose: no transistor has one, and the released curve falls with light below
    w = -0.322.
    """
    w = np.linspace(0, widest, steps)[:, None]
    light = np.linspace(0, 1, steps)[None, :]
    f = np.broadcast_to(np.asarray(pixel(w, light), np.float64), (steps, steps))
    for axis, what in ((1, "light"), (0, "width")):
        falls = np.argwhere(np.diff(f, axis=axis) < 0)
        if len(falls):
            a, b = falls[0]
            return f"the pixel's output falls with {what} at width {w[a, 0]:.3g}, light {light[0, b]:.3g}"
    return None
