"""The MobileNetV2 of the P2M paper: layers, multiply-adds, peak memory, delay on the accelerator behind the sensor.

The paper gives totals and no counting rule. The rules here were found by fitting: those that give every published
figure. That one fits shows that it is possible, not that the authors used it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.windows import out_size

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (2, 320, 1, 1))
"""(expansion, channels, blocks, stride of the first block). The last expansion is 2 in the authors' code, 6 in the
textbook: the paper's "3x smaller last stage"."""

BATCH_NORM_MADDS = 2
"""Multiply-adds counted per output value of a batch norm: with it all six published totals come out."""

CLASSES = 2


@dataclass(frozen=True)
class Layer:
    """A convolution or the linear layer at the end.

    kernel, inputs, outputs: size and channels.
    rows, columns: of its output.
    groups: `inputs` for a depthwise layer.
    norm: a batch norm follows.
    in_pixel: the sensor computes it.
    """

    name: str
    kernel: int
    inputs: int
    outputs: int
    rows: int
    columns: int
    groups: int = 1
    norm: bool = True
    in_pixel: bool = False

    @property
    def weights(self) -> int:
        return self.kernel**2 * (self.inputs // self.groups) * self.outputs

    @property
    def madds(self) -> int:
        """Multiply-adds of the layer without its batch norm."""
        return self.weights * self.rows * self.columns

    @property
    def norm_madds(self) -> int:
        return BATCH_NORM_MADDS * self.outputs * self.rows * self.columns if self.norm else 0


def first_layer(image: int, kind: str) -> Layer:
    """The first layer: "baseline" is 3x3, stride 2, no padding, 32 channels; "p2m" 5x5, stride 5, 8 channels."""
    if kind == "baseline":
        side = out_size(image, 3, 2)
        return Layer("first 3x3", 3, 3, 32, side, side)
    if kind == "p2m":
        side = out_size(image, 5, 5)
        return Layer("in-pixel 5x5", 5, 3, 8, side, side, in_pixel=True)
    raise ScampError(f"unknown network {kind!r:.40}: expected 'baseline' or 'p2m'")


def mobilenet_v2(image: int, first: str | Layer, *, textbook: bool = False) -> list[Layer]:
    """The layers of the network.

    image: rows and columns of the picture.
    first: "baseline", "p2m" or a layer, which then knows its own size.
    textbook: without what the authors' code has beyond the MobileNetV2 paper: the 1x1 expansion of the first block and
        the convolution on shortcuts that change the number of channels.
    """
    head = first_layer(image, first) if isinstance(first, str) else first
    layers, channels, size = [head], head.outputs, (head.rows, head.columns)
    for t, outputs, blocks, stride in STAGES:
        for n in range(blocks):
            step = stride if n == 0 else 1
            wide, name = t * channels, f"{t}x {channels}->{outputs}"
            if t > 1 or not textbook:
                layers.append(Layer(f"{name} expand", 1, channels, wide, *size))
            reduced = out_size(size[0], 3, step, padding=1), out_size(size[1], 3, step, padding=1)
            layers.append(Layer(f"{name} depthwise", 3, wide, wide, *reduced, groups=wide))
            layers.append(Layer(f"{name} project", 1, wide, outputs, *reduced))
            if step == 1 and channels != outputs and not textbook:
                layers.append(Layer(f"{name} shortcut", 1, channels, outputs, *reduced))
            channels, size = outputs, reduced
    layers.append(Layer("last 1x1", 1, channels, 320, *size))
    layers.append(Layer("linear", 1, 320, CLASSES, 1, 1, norm=False))
    return layers


def madds(layers: list[Layer], *, norms: bool = True, in_pixel: bool = True) -> int:
    """Multiply-adds of one picture.

    norms: with those of batch norms.
    in_pixel: with those of the sensor's layer, whose batch norm is its own in either case.
    """
    total = sum(layer.madds + (layer.norm_madds if norms else 0) for layer in layers)
    return total if in_pixel else total - sum(layer.madds for layer in layers if layer.in_pixel)


def parameters(layers: list[Layer]) -> int:
    """Weights of convolutions and of the linear layer."""
    return sum(layer.weights for layer in layers)


def peak_memory(image: int, kind: str, rule: str) -> int:
    """Bytes of the largest tensors at one byte a value.

    kind: "baseline" or "p2m".
    rule: "expanded": the expanded tensor of stage 2, 96 channels at the side of the first layer with padding, which is
        what the paper's baseline column holds. "in-out": input and output of stage 1, 8 + 16 channels, its P2M column.

    Raises ScampError.
    """
    side = image // 2 if kind == "baseline" else first_layer(image, kind).rows
    channels = {"expanded": 96, "in-out": (32 if kind == "baseline" else 8) + 16}
    if rule not in channels:
        raise ScampError(f"unknown memory rule {rule!r:.40}: expected 'expanded' or 'in-out'")
    return channels[rule] * side**2


@dataclass(frozen=True)
class Accelerator:
    """The SoC behind the sensor (P2M, Table 5). t_mult, t_read in ns."""

    io_bits: int = 64
    weight_bits: int = 32
    banks: int = 4
    multipliers: int = 175
    t_mult: float = 5.48
    t_read: float = 5.48

    def ms(self, layer: Layer, *, reads: bool = True, whole: bool = True) -> float:
        """Eq. 7 for one layer.

        reads: with the time to fetch weights.
        whole: with the ceilings that Eq. 7 has.
        """
        fetches = layer.weights / (self.io_bits / self.weight_bits * self.banks)
        rounds = layer.weights / self.multipliers
        if whole:
            fetches, rounds = ceil(fetches), ceil(rounds)
        ns = rounds * layer.rows * layer.columns * self.t_mult + (fetches * self.t_read if reads else 0.0)
        return ns * 1e-6


READINGS = {
    "code": "the network of the authors' code, Eq. 7 as printed, the in-pixel layer left out",
    "textbook": "MobileNetV2 without expansion at t = 1 and without convolutions on shortcuts, Eq. 7 as printed",
    "fitted": "textbook network, no weight reads, no ceilings, the baseline's first layer left out and P2M's 5x5 "
    "counted on the SoC; picked out of 1,280 combinations because it meets the published figures",
}


def compute_ms(image: int, kind: str, reading: str = "code", soc: Accelerator | None = None) -> float:
    """Delay of the layers on the accelerator in ms, by one of READINGS. Raises ScampError."""
    if reading not in READINGS:
        raise ScampError(f"unknown reading {reading!r:.40}: expected one of {', '.join(READINGS)}")
    soc = soc or Accelerator()
    layers = mobilenet_v2(image, kind, textbook=reading != "code")
    fitted = reading == "fitted"
    if fitted and kind == "baseline":
        layers = layers[1:]
    if not fitted:
        layers = [layer for layer in layers if not layer.in_pixel]
    return sum(soc.ms(layer, reads=not fitted, whole=not fitted) for layer in layers)
