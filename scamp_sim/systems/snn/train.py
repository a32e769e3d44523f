"""The spiking front end in PyTorch: Hoyer spikes, a network behind them. Importing this module imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_torch
from scamp_sim.reading import DAMAGE, read_torch
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.train.layers import PixelConv2d, Tail, distillation, numpy_of
from scamp_sim.systems.snn.golden import KEEP, hoyer_extrema

WINDOWS = {"wide": (0.0, 2.0), "narrow": (0.0, 1.0)}
"""Where a spike's slope is taken to be 0.5: (0, 2] as the group's code writes it, (0, 1] as it takes effect there,
since an in-place clip runs first."""


REMEDY = "`system train snn --keep FILE` writes one"


class _Spike(torch.autograd.Function):
    """x >= level; backward 0.5 in the window."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, level: torch.Tensor, low: float, high: float) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.window = low, high
        return (x >= level).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        low, high = ctx.window
        return grad * 0.5 * ((x > low) & (x <= high)), None, None, None


class HoyerSpike(nn.Module):
    """Spikes where n / |v_th| reaches r times the Hoyer extremum.

    channels: of the input (N, channels, h, w).
    mode: extremum per channel ("cw"), over all ("sum") or 1 ("fixed").
    scale: r.
    window: of the slope, "wide" or "narrow". v_th: a learned number, 1 at first.
    running: extrema (channels,) that inference uses, 0.9 of them kept by every batch, 0 at first.

    `loss` holds the Hoyer regulariser of the last batch. Raises ScampError.
    """

    running: torch.Tensor

    def __init__(self, channels: int, mode: str = "cw", scale: float = 1.0, window: str = "wide") -> None:
        super().__init__()
        if window not in WINDOWS:
            raise ScampError(f"unknown window {window!r:.40}: expected 'wide' or 'narrow'")
        hoyer_extrema(np.zeros((1, 1, 1)), mode)  # refuses an unknown mode
        self.mode, self.scale, self.window = mode, float(scale), window
        self.v_th = nn.Parameter(torch.ones((), dtype=torch.float64))
        start = torch.ones if mode == "fixed" else torch.zeros
        self.register_buffer("running", start(channels, dtype=torch.float64))
        self.loss = torch.zeros((), dtype=torch.float64)

    def forward(self, n: torch.Tensor) -> torch.Tensor:
        """Spikes 0 and 1, of the type of `n`."""
        size = torch.abs(self.v_th)
        x = n.double() / size
        c = torch.clamp(n.double(), min=0)
        c = torch.minimum(c, size.expand_as(c))
        squares = (c * c).sum()
        self.loss = c.sum() ** 2 / squares if bool(squares > 0) else torch.zeros_like(squares)
        if self.training:
            with torch.no_grad():
                batch = torch.from_numpy(hoyer_extrema(numpy_of(x), self.mode)).to(x.device)
                if self.mode != "fixed":
                    self.running = KEEP * self.running + (1 - KEEP) * batch
            extremum = batch
        else:
            extremum = self.running
        level = (self.scale * extremum).reshape(1, -1, 1, 1)
        low, high = WINDOWS[self.window]
        return cast(torch.Tensor, _Spike.apply(x, level, low, high)).to(n.dtype)


class Network(nn.Module):
    """Sensor with spikes, and a small network behind.

    sensor: the sums.
    spike: the layer of spikes.
    """

    def __init__(self, sensor: PixelConv2d, classes: int, spike: HoyerSpike | None = None) -> None:
        super().__init__()
        channels = len(sensor.weight)
        self.sensor = sensor
        self.norm = nn.BatchNorm2d(channels, dtype=torch.float64)
        self.spike = spike or HoyerSpike(channels)
        self.tail = Tail(channels, classes)
        self.extra: dict[str, Any] = {}

    def spikes(self, light: torch.Tensor) -> torch.Tensor:
        """What the sensor sends."""
        return cast(torch.Tensor, self.spike(self.norm(self.sensor(light))))

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        """Scores."""
        return cast(torch.Tensor, self.tail(self.spikes(light)))


def params_of(net: Network) -> LayerParams:
    """The sensor's parameters as they leave training; the scale r is part of the extrema."""
    n, s = net.norm, net.spike
    assert n.running_mean is not None
    assert n.running_var is not None
    return LayerParams.of(
        numpy_of(net.sensor.weight),
        stride=net.sensor.stride,
        gamma=numpy_of(n.weight),
        beta=numpy_of(n.bias),
        mean=numpy_of(n.running_mean),
        var=numpy_of(n.running_var),
        eps=n.eps,
        v_th=float(s.v_th.detach()),
        extremum=s.scale * numpy_of(s.running),
        source="trained",
        **net.extra,
    )


def network_of(params: LayerParams, classes: int, **options: Any) -> Network:
    """A network with these parameters in the sensor; options as of `PixelConv2d`. Raises ScampError."""
    o, c, k, _ = params.weights.shape
    if np.ptp(params.v_th):
        raise ScampError("training has one v_th for all channels; these parameters have several")
    net = Network(PixelConv2d(c, o, k, params.stride, **options), classes)
    n = params.norm
    net.norm.eps = n.eps
    with torch.no_grad():
        net.spike.v_th.copy_(torch.tensor(params.v_th[0]))
        for target, value in (
            (net.sensor.weight, params.weights),
            (net.norm.weight, n.gamma),
            (net.norm.bias, n.beta),
            (net.norm.running_mean, n.mean),
            (net.norm.running_var, n.var),
            (net.spike.running, params.extremum),
        ):
            assert target is not None
            target.copy_(torch.from_numpy(np.asarray(value)))
    net.extra = {"bits": params.bits, "full_scale": params.full_scale}
    return net


def save_network(net: Network, path: str | Path) -> None:
    """Keep a network with what it takes to build it. Raises ScampError."""
    sensor, spike = net.sensor, net.spike
    o, c, k, _ = sensor.weight.shape
    about = {
        "channels": o,
        "colours": c,
        "kernel": k,
        "stride": sensor.stride,
        "pixel": sensor.pixel.name,
        "cds": sensor.cds,
        "mode": spike.mode,
        "scale": spike.scale,
        "classes": net.tail.classes,
    }
    write_torch(path, {"about": about, "state": net.state_dict()}, "network")


def load_network(path: str | Path, colours: int, classes: int) -> Network:
    """A network that `save_network` wrote, for pictures of so many colours and classes, ready to answer. Nothing in the
    file can run. Raises ScampError."""
    found = read_torch(path, "network", REMEDY)
    try:
        about = found["about"]
        sensor = PixelConv2d(
            about["colours"],
            about["channels"],
            about["kernel"],
            about["stride"],
            pixel=about["pixel"],
            cds=about["cds"],
        )
        net = Network(sensor, about["classes"], HoyerSpike(about["channels"], about["mode"], about["scale"]))
        net.load_state_dict(found["state"])
    except (*DAMAGE, AssertionError, ScampError) as e:
        raise ScampError(f"network {path}: not one that is read here ({type(e).__name__}); {REMEDY}") from None
    if (about["colours"], about["classes"]) != (colours, classes):
        raise ScampError(
            f"network {path} takes {about['colours']} colour(s) and has {about['classes']} classes; the data have "
            f"{colours} and {classes}"
        )
    return net.eval()


__all__ = [
    "HoyerSpike",
    "Network",
    "PixelConv2d",
    "distillation",
    "load_network",
    "network_of",
    "params_of",
    "save_network",
]
