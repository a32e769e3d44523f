"""P2M in PyTorch: the layer, a network behind it, and the training command. Importing this module imports torch."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.p2m.adc import check_bits, rounding_of
from scamp_sim.systems.p2m.fusion import full_scale_of, fuse
from scamp_sim.systems.p2m.golden import check_full_scale, check_preset, convert
from scamp_sim.systems.pixels.curve import PolynomialPixel
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.train.layers import STEEPNESS, PixelConv2d, Tail, numpy_of, stated
from scamp_sim.systems.pixels.windows import Sums


class P2MConv2d(PixelConv2d):
    """The layer of P2M: sums of weighted pixels and, with `bits`, converter and counter.

    bits: of the converter; None gives the sums themselves (up - down).
    full_scale: a number or one a channel, needed with bits.
    preset: counts, a number or one a channel.
    rounding: "ceil", "floor" or "round". The rest as of `PixelConv2d`.

    With bits the output is y of `p2m.front_end` to the last bit; its gradient is 1/lsb per unit of sum where the
    counter is between its ends, and 0 beyond (straight through). Raises ScampError.
    """

    full_scale: torch.Tensor
    preset: torch.Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 5,
        stride: int | None = None,
        *,
        pixel: str | PolynomialPixel = "curve",
        cds: str = "two-phase",
        bits: int | None = None,
        full_scale: Any = None,
        preset: Any = 0,
        rounding: str = "ceil",
        surrogate: float = STEEPNESS,
        noise: float | torch.Tensor = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            pixel=pixel,
            cds=cds,
            surrogate=surrogate,
            noise=noise,
            generator=generator,
        )
        rounding_of(rounding)
        self.bits, self.rounding = None if bits is None else check_bits(bits), rounding
        if bits is not None and full_scale is None:
            raise ScampError("a converter needs full_scale; `calibrate` takes it from pictures")
        scale = check_full_scale(1.0 if full_scale is None else full_scale, out_channels)
        self.register_buffer("full_scale", torch.from_numpy(scale))
        self.register_buffer("preset", torch.from_numpy(check_preset(preset, out_channels)))

    def calibrate(self, light: torch.Tensor, bits: int = 8) -> None:
        """Turn the converter on, with a full scale that gives the largest sum of these pictures the highest code."""
        with torch.no_grad():
            up, down, _ = self.sums(light)
        self.bits = check_bits(bits)
        self.full_scale = torch.full_like(self.full_scale, full_scale_of(Sums(numpy_of(up), numpy_of(down)), bits))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sums, or with `bits` codes, (N, O, h, w) float64."""
        if self.bits is None:
            return super().forward(x)
        up, down, soft = self.sums(x)
        if self.training and bool(torch.any(self.noise > 0)):
            up = self.noisy(up)
        found = convert(
            Sums(numpy_of(up), numpy_of(down)),
            cds=self.cds,
            bits=self.bits,
            full_scale=numpy_of(self.full_scale),
            preset=self.preset.cpu().numpy(),
            rounding=self.rounding,
        )
        lsb = (self.full_scale / 2**self.bits).reshape(1, -1, 1, 1)
        preset = self.preset.reshape(1, -1, 1, 1)
        bounded = torch.clamp(soft / lsb + preset, 0, 2**self.bits - 1)
        return stated(bounded, torch.from_numpy(found.y).double().to(x.device))


class Network(nn.Module):
    """Sensor, batch norm, ReLU, and a small network behind.

    sensor: the layer, without converter.
    classes: of the network behind. digital: with `quantised`, what the sensor sends is `bits` deep.
    """

    def __init__(self, sensor: P2MConv2d, classes: int) -> None:
        super().__init__()
        self.sensor = sensor
        self.norm = nn.BatchNorm2d(len(sensor.weight), dtype=torch.float64)
        self.tail = Tail(len(sensor.weight), classes)
        self.extra: dict[str, Any] = {}

    def maps(self, light: torch.Tensor) -> torch.Tensor:
        """What the sensor would send, in floating point."""
        return torch.relu(cast(torch.Tensor, self.norm(self.sensor(light))))

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Scores."""
        return cast(torch.Tensor, self.tail(self.maps(light)))


def params_of(net: Network, bits: int | None = None, full_scale: float | None = None) -> LayerParams:
    """The sensor's parameters as they leave training."""
    n = net.norm
    assert n.running_mean is not None
    assert n.running_var is not None
    more = dict(net.extra)
    more.update({} if bits is None else {"bits": bits}, **({} if full_scale is None else {"full_scale": full_scale}))
    return LayerParams.of(
        numpy_of(net.sensor.weight),
        stride=net.sensor.stride,
        gamma=numpy_of(n.weight),
        beta=numpy_of(n.bias),
        mean=numpy_of(n.running_mean),
        var=numpy_of(n.running_var),
        eps=n.eps,
        **more,
        source="trained",
    )


def network_of(params: LayerParams, classes: int, **options: Any) -> Network:
    """A network with these parameters in the sensor; options as of `P2MConv2d`."""
    o, c, k, _ = params.weights.shape
    net = Network(P2MConv2d(c, o, k, params.stride, **options), classes)
    n = params.norm
    net.norm.eps = n.eps
    with torch.no_grad():
        net.sensor.weight.copy_(torch.from_numpy(params.weights))
        for target, value in (
            (net.norm.weight, n.gamma),
            (net.norm.bias, n.beta),
            (net.norm.running_mean, n.mean),
            (net.norm.running_var, n.var),
        ):
            assert target is not None
            target.copy_(torch.from_numpy(np.asarray(value)))
    net.extra = {
        "bits": params.bits,
        "full_scale": params.full_scale,
        "v_th": params.v_th,
        "extremum": params.extremum,
    }
    return net


class Quantised(nn.Module):
    """A trained network whose sensor sends codes: batch norm in the ramps, converter of `bits`.

    net: trained.
    light: pictures that full scale is taken from.
    bits: of the converter.
    conversions: "phases" converts up and down one after the other as the circuit does, "output" once behind batch norm
        and ReLU.
    """

    def __init__(self, net: Network, light: torch.Tensor, bits: int, conversions: str = "phases") -> None:
        super().__init__()
        if conversions not in ("phases", "output"):
            raise ScampError(f"unknown conversions {conversions!r:.40}: expected 'phases' or 'output'")
        self.net, self.bits, self.conversions = net.eval(), check_bits(bits), conversions
        with torch.no_grad():
            if conversions == "output":
                self.full_scale = float(net.maps(light).max())
                return
            up, down, _ = net.sensor.sums(light)
        sums = Sums(numpy_of(up), numpy_of(down))
        params = params_of(net)
        self.fused = fuse(params.weights, params.norm, "ramp", sums=sums, bits=bits)

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Scores."""
        net = self.net
        if self.conversions == "output":
            top = 2**self.bits - 1
            maps = torch.round(torch.clamp(net.maps(light) / self.full_scale, 0, 1) * top) * self.full_scale / top
            return cast(torch.Tensor, net.tail(maps))
        up, down, _ = net.sensor.sums(light)
        swapped = (self.fused.weights != numpy_of(net.sensor.weight)).any(axis=(1, 2, 3))
        a, b = numpy_of(up), numpy_of(down)
        a[:, swapped], b[:, swapped] = b[:, swapped], a[:, swapped].copy()
        if net.sensor.cds == "signed":
            a, b = numpy_of(up) * np.where(swapped, -1, 1)[None, :, None, None], np.zeros_like(a)
        found = convert(
            Sums(a, b), cds=net.sensor.cds, bits=self.bits, full_scale=self.fused.full_scale, preset=self.fused.preset
        )
        maps = torch.from_numpy(found.y * self.fused.unit[:, None, None])
        return cast(torch.Tensor, net.tail(maps))
