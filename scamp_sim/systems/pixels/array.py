"""The layer on macropixels of the array: few-level weights, range exponent, and the map from light to LSB and back.

Light 0..1 is -127..127 LSB there, a window's sum becomes a mean, and weights are whole numbers. With w whole, s the
weight that 1 stands for and K the gain of the mapping,

    D = K (254 z / s - 127 sum w)  LSB      for a sum z = sum s w light

and constants on the array, shifts and thresholds, are laid in the same unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.kernels.densewalk import DenseMapping
from scamp_sim.kernels.densewalk.program import MOST_HALVINGS
from scamp_sim.kernels.macropixels import Mapping, largest_exponent
from scamp_sim.kernels.macropixels.constants import HIGHEST, LOWEST
from scamp_sim.kernels.macropixels.program import REACH, SPAN
from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.pixels.calibration import Response, free_of_errors, response
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.params import LayerParams

Integers = npt.NDArray[np.int64]

FEW = 0.7
"""Share of the mean magnitude below which a ternary weight becomes 0 (Li et al., Ternary Weight Networks, 2016)."""


@dataclass(frozen=True)
class ArrayOptions:
    """Options of the macropixel mapping.

    weight_bits: magnitude bits besides the sign, 1 for ternary. exponent: range exponent, None for the largest by which
    no result passes 256 LSB and every constant is within the converter. cure: make up for the offset of transfers.
    calibrate: with errors, lay constants and read results by the mean gain and offset of other chips of the profile.
    """

    weight_bits: int = 1
    exponent: int | None = None
    cure: bool = True
    calibrate: bool = True


@dataclass(frozen=True)
class DenseOptions:
    """Options of the dense walk, which takes any window and stride.

    weight_bits: magnitude bits besides the sign, 1 for ternary. halvings: of the picture, None for the fewest by which
    no result passes 256 LSB and every constant is within the converter. cure, calibrate: as of `ArrayOptions`.
    """

    weight_bits: int = 1
    halvings: int | None = None
    cure: bool = True
    calibrate: bool = True


def quantised(weights: Floats, bits: int) -> tuple[Integers, Floats]:
    """(whole weights (O, k, k), the weight (O,) that 1 stands for) with |w| <= 2^bits - 1.

    Ternary: weights below 0.7 of a channel's mean magnitude become 0, the others their mean. More bits: steps of the
    largest over 2^bits - 1. Weights that are on such a grid stay exact.
    """
    whole, steps = np.zeros(weights.shape, np.int64), np.ones(len(weights))
    for o, w in enumerate(weights):
        size = np.abs(w)
        if not size.any():
            continue
        if bits == 1:
            kept = size > FEW * size.mean()
            whole[o], steps[o] = np.sign(w) * kept, size[kept].mean()
        else:
            steps[o] = size.max() / (2**bits - 1)
            whole[o] = np.rint(w / steps[o])
    return whole, steps


@dataclass(frozen=True, eq=False)
class ArrayLayer:
    """A layer as the array holds it. Raises ScampError for layers that do not fit.

    params: the layer, grey, stride = kernel. options: of the mapping. constants: LSB (O,) that the array needs as a
    function of gain, steps (O,) and sums of whole weights (O,), channels of negative scale negated.
    """

    params: LayerParams
    options: ArrayOptions | DenseOptions
    constants: Callable[[float, Floats, Floats], Floats]

    @cached_property
    def whole(self) -> tuple[Integers, Floats]:
        p = self.params
        if p.colours != 1:
            raise ScampError(
                f"the array has no colour filter, and the weights take {p.colours} colours; use weights for grey (one "
                "input channel), such as default:4"
            )
        self.check_stride()
        whole, steps = quantised(p.weights[:, 0], self.options.weight_bits)
        return whole * np.sign(p.norm.scale).astype(np.int64)[:, None, None], steps

    def check_stride(self) -> None:
        """Raises ScampError for strides that the mapping does not tile."""
        p = self.params
        if not isinstance(self.options, DenseOptions) and p.stride != p.kernel:
            raise ScampError(
                f"stride {p.stride} does not tile {p.kernel}x{p.kernel} windows: macropixels need stride = kernel = 2, "
                "4 or 8; other strides take scamp5:dense"
            )

    @cached_property
    def mapping(self) -> Mapping | DenseMapping:
        """With the range that was asked for, or the largest that fits."""
        whole, _ = self.whole
        o = self.options
        if isinstance(o, DenseOptions):
            return self._dense(whole, o)
        if o.exponent is not None:
            return Mapping(whole, o.weight_bits, o.exponent, o.cure)
        most = largest_exponent(whole.shape[1])
        for g in range(most, 0, -1):
            mapping = Mapping(whole, o.weight_bits, g, o.cure)
            values = self._constants(mapping)
            if mapping.bound() <= REACH and values.min() >= LOWEST + 1 and values.max() <= HIGHEST:
                return mapping
        return Mapping(whole, o.weight_bits, 0, o.cure)

    @property
    def tiles(self) -> Mapping:
        """The mapping on macropixels."""
        found = self.mapping
        assert isinstance(found, Mapping)
        return found

    def _dense(self, whole: Integers, o: DenseOptions) -> DenseMapping:
        """The fewest halvings by which no result passes 256 LSB and every constant is within the converter."""
        mapping = DenseMapping(whole, self.params.stride, o.weight_bits, o.halvings, o.cure)
        if o.halvings is None:
            while (most := mapping.halvings or 0) < MOST_HALVINGS:
                values = self._constants(mapping)
                if values.min() >= LOWEST + 1 and values.max() <= HIGHEST:
                    break
                mapping = mapping.with_halvings(most + 1)
        return mapping

    def _constants(self, mapping: Mapping | DenseMapping) -> Floats:
        whole, steps = self.whole
        return self.constants(mapping.gain(), steps, whole.sum(axis=(1, 2)).astype(np.float64))

    @cached_property
    def exact_constants(self) -> Floats:
        """The constants (O,) before they are rounded, in LSB."""
        return self._constants(self.mapping)

    def response(self, errors: Errors) -> Response:
        """What chips of these errors make of the sums; exact without errors or without `calibrate`."""
        if free_of_errors(errors) or not self.options.calibrate:
            return Response.exact(len(self.whole[0]))
        return response(self.mapping, errors)

    @property
    def per_lsb(self) -> Floats:
        """What one LSB stands for in sums z, (O,)."""
        return np.asarray(self.whole[1] / (2 * SPAN * self.mapping.gain()))

    def sums_of(self, lsb: Floats) -> Floats:
        """Sums z of the layer's own weights from LSB (O, h, w) of the array."""
        whole, _ = self.whole
        offset = SPAN * self.mapping.gain() * whole.sum(axis=(1, 2))
        z = (lsb + offset[:, None, None]) * self.per_lsb[:, None, None]
        return np.asarray(z * np.where(self.params.norm.scale < 0, -1.0, 1.0)[:, None, None])
