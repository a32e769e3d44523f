"""The trainable twin of the encoder, and the decoder.

The hard encoder repeats the operations of `golden` and `params` in their order: in float64 the two are equal to the
bit, in float32 to 1e-5 with the same codes but for ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from scamp_sim.exceptions import ScampError
from scamp_sim.kernels.leca.mapping import WHITE
from scamp_sim.reading import OTHER_FORM
from scamp_sim.systems.leca import golden, inputs, mapping
from scamp_sim.systems.leca.circuit import Noise
from scamp_sim.systems.leca.decode import components_of_pictures
from scamp_sim.systems.leca.inputs import FULL, TAPS, TERNARY
from scamp_sim.systems.leca.params import LINEAR_UNIT, Multiplier, Params

Mode = Literal["soft", "hard", "noisy"]
MODES = ("soft", "hard", "noisy")
FLOATS = (torch.float32, torch.float64)


class _Quantise(torch.autograd.Function):
    """Values of the codes. Straight through inside the limit (Eq. 2); the limit's gradient is that of the scaled code
    (as in LSQ), as a gradient through the clamp alone leaves it stuck."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, limit: Tensor, low: int, high: int, midrise: bool) -> Tensor:
        if midrise:
            code = torch.clamp(torch.ceil(y / (limit / -low)) - 1, low, high)
            value = (code + 0.5) * (limit / -low)
        else:
            code = torch.clamp(torch.round(y * (high / limit)), low, high)
            value = code * (limit / high)
        ctx.save_for_backward(y, limit, value)
        ctx.levels = high - low + 1
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,) = gradients
        y, limit, value = ctx.saved_tensors
        inside = y.abs() <= limit
        through = (value - torch.where(inside, y, torch.zeros_like(y))) / limit
        scale = 1 / np.sqrt(y.numel() * max(ctx.levels / 2, 1))
        return gradient * inside, (gradient * through).sum() * scale, None, None, None


def quantise(y: Tensor, bits: float, limit: Tensor, kind: str = "midrise") -> Tensor:
    """Values that the codes of `golden.quantise` stand for, with gradients for y and the limit. Raises ScampError."""
    low, high = golden.levels(bits, kind)
    value: Tensor = _Quantise.apply(y, limit, low, high, kind == "midrise" and bits != TERNARY)  # type: ignore[no-untyped-call]
    return value


def codes_of(values: Tensor, bits: float, limit: Tensor, kind: str) -> Tensor:
    """Integers of the values of codes."""
    low, high = golden.levels(bits, kind)
    if kind == "midrise" and bits != TERNARY:
        return torch.round(values / (limit / -low) - 0.5).long()
    return torch.round(values / (limit / high)).long()


@dataclass(frozen=True)
class ArrayErrors:
    """What SCAMP-5 does to linear sums, for the noisy mode: measured by `measure_array`.

    digits: gain of the registers that make weights, x, x/2, x/4, x/8 and x/16, sums included. offset: of a sum.
    spread: of what is left, rms over PEs and chips. All in LSB of a sum at a scale but the gains.
    """

    digits: tuple[float, float, float, float, float]
    offset: float
    offset_spread: float
    spread: float
    lsb: float
    """LSB for a unit of the encoder's output."""

    @property
    def scale(self) -> int:
        """Of the sums on the array: they are S / 2^scale LSB."""
        return round(float(np.log2(LINEAR_UNIT * WHITE / self.lsb)))


class Encoder(nn.Module):
    """Codes of a mosaic, in three modes of the forward pass.

    channels: kernels. bits: of a code. mode: "soft" (float kernels on RGB, flattened, or free ones for linear 2x2),
    "hard" (circuit weights), "noisy" (hard, with the errors of the hardware). side: 4 (mosaic) or 2 (grey, linear).
    multiplier: "charge" (Eq. 3) or "linear" (SCAMP-5). kind: of the converter. noise: of the chip in the noisy mode, or
    ArrayErrors for linear weights. Circuit weights are floats within -15..15 that are rounded on the way forward;
    gradients pass straight through. Raises ScampError.
    """

    def __init__(
        self,
        channels: int = 4,
        bits: float = 4,
        mode: Mode = "soft",
        *,
        side: int = 4,
        multiplier: Multiplier = "charge",
        kind: str = "midrise",
        noise: Noise | ArrayErrors | None = None,
        ratio: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.channels = inputs.integer("channels", channels, 1)
        self.bits = inputs.resolution(bits, kind=kind)
        if mode not in MODES:
            raise ScampError(f"mode: expected one of {', '.join(MODES)}, got {mode!r:.40}")
        if side not in (2, 4) or (side == 2 and multiplier == "charge"):
            raise ScampError(f"side: expected 4, or 2 with the linear multiplier, got {side} and {multiplier}")
        self.mode: Mode = mode
        self.side, self.multiplier, self.kind, self.ratio = side, multiplier, kind, float(ratio)
        self.noise = noise
        generator = torch.Generator().manual_seed(seed)
        shape = (2, 2, 3) if side == 4 else (side, side)
        components = torch.as_tensor(components_of_pictures(side), dtype=torch.float32)[:channels].reshape(-1, *shape)
        drawn = torch.randn(channels, *shape, generator=generator)
        drawn[: len(components)] = components + 0.1 * drawn[: len(components)]
        self.kernel = nn.Parameter(drawn)
        self.weight = nn.Parameter(torch.zeros(channels, side * side))
        self.limit = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.limit_known = False
        self.tied = side == 4 and multiplier == "charge"
        self.generator = torch.Generator().manual_seed(seed + 1)
        self.from_soft()

    # --- weights

    def flat(self) -> Tensor:
        """Float kernels on sites, (N, taps)."""
        if self.side != 4:
            return self.kernel.flatten(1)
        flat = self.kernel.new_zeros(self.channels, 4, 4)
        flat[:, 0::2, 0::2] = self.kernel[..., 0]
        flat[:, 0::2, 1::2] = flat[:, 1::2, 0::2] = self.kernel[..., 1] / 2
        flat[:, 1::2, 1::2] = self.kernel[..., 2]
        return flat.flatten(1)

    @torch.no_grad()
    def from_soft(self, how: Literal["scaled", "ordered"] = "ordered") -> None:
        """Set the circuit weights from the float kernels: in proportion, or by the order-aware inverse. The clamp limit
        goes with the gain."""
        flat = -self.flat().double().numpy() if self.multiplier == "charge" else self.flat().double().numpy()
        rows = []
        for kernel in flat:
            if self.multiplier == "charge" and how == "ordered":
                m, s, _ = mapping.inverse(kernel, self.ratio)
            else:
                m, s = mapping.naive(kernel)
            rows.append(m * s)
        self.weight.copy_(torch.as_tensor(np.array(rows, dtype=np.float64)))

    def integers(self) -> Tensor:
        """Signed circuit weights (N, taps) as the hardware has them; straight through backward. The greens of a cell
        are tied where `tied` says so."""
        w: Tensor = self.weight
        if self.tied:
            cells = w.view(-1, 4, 4)
            green = (cells[:, 0::2, 1::2] + cells[:, 1::2, 0::2]) / 2
            tied = torch.empty_like(cells)
            tied[:, 0::2, 0::2], tied[:, 1::2, 1::2] = cells[:, 0::2, 0::2], cells[:, 1::2, 1::2]
            tied[:, 0::2, 1::2] = tied[:, 1::2, 0::2] = green
            w = tied.flatten(1)
        bounded = torch.clamp(w, -FULL, FULL)
        return bounded + (torch.round(bounded) - bounded).detach()

    @torch.no_grad()
    def even_(self, mosaic: Tensor) -> None:
        """Scale linear kernels so that their sums over these pictures spread alike, as they share a clamp limit. Eq. 3
        needs no such care: it compresses."""
        spread = self.sums(mosaic).flatten(0, 2).std(0).clamp(min=1e-6)
        largest = self.weight.abs().amax(1).clamp(min=1e-6)
        wanted = (largest / spread) * (FULL / (largest / spread).max())
        self.weight.mul_((wanted.clamp(min=FULL / 4) / largest)[:, None])

    @torch.no_grad()
    def clip_(self) -> None:
        """Keep weights and limit within their ranges; after every step."""
        self.weight.clamp_(-FULL, FULL)
        self.limit.clamp_(min=1e-4)

    # --- forward

    def taps(self, mosaic: Tensor) -> Tensor:
        """(B, R, C) -> (B, R / side, C / side, taps)."""
        b, rows, columns = mosaic.shape
        s = self.side
        if rows % s or columns % s:
            raise ScampError(f"mosaic: expected sides that are multiples of {s}, got {rows}x{columns}")
        return mosaic.view(b, rows // s, s, columns // s, s).transpose(2, 3).flatten(3)

    def _draw(self, like: Tensor, size: float) -> Tensor:
        return size * torch.randn(like.shape, generator=self.generator, dtype=like.dtype)

    def sums(self, mosaic: Tensor) -> Tensor:
        """The output before the converter, (B, R / side, C / side, N)."""
        noisy = self.mode == "noisy"
        if self.mode == "soft":
            return self.taps(mosaic) @ self.flat().T
        w = self.integers()
        chip = self.noise if noisy and isinstance(self.noise, Noise) else None
        if chip is not None:
            light = mosaic + self._draw(mosaic, chip.of("shot")) * mosaic.clamp(min=0).sqrt()
            light = light + self._draw(mosaic, chip.of("read"))
            fixed = self._draw(light[:, :1], chip.of("psf_offset")) + light * self._draw(
                light[:, :1], chip.of("psf_gain")
            )
            mosaic = light + fixed + self._draw(light, chip.of("psf"))
        x = self.taps(mosaic)
        if self.multiplier == "linear":
            return self._linear(x, w, noisy)
        y = self._charge(x, w, chip)
        if chip is None:
            return y
        column = y[:, :1, :, :1]
        y = y * (1 + self._draw(column, chip.of("fvf_gain"))) + self._draw(column, chip.of("fvf_offset"))
        y = y + self._draw(y, chip.of("fvf"))
        return y + self.limit * (self._draw(column, chip.of("adc_offset")) + self._draw(y, chip.of("adc")))

    def _charge(self, x: Tensor, w: Tensor, chip: Noise | None) -> Tensor:
        positive = w >= 0
        m = w.abs()  # no gradient at 0: such weights stay there; with one, three seeds ended 3 points lower on average
        a = m / (FULL * self.ratio + m)
        up = torch.zeros((*x.shape[:-1], self.channels), dtype=x.dtype)
        un = torch.zeros_like(up)
        noise = 0.0 if chip is None else chip.of("scm")
        for i in range(TAPS):
            v = x[..., i, None]
            plus = (1 - a[:, i]) * up - a[:, i] * v
            minus = (1 - a[:, i]) * un - a[:, i] * v
            if noise:
                drawn = self._draw(plus, noise)
                plus, minus = plus + drawn, minus + drawn
            up, un = torch.where(positive[:, i], plus, up), torch.where(positive[:, i], un, minus)
        return up - un

    def _linear(self, x: Tensor, w: Tensor, noisy: bool) -> Tensor:
        errors = self.noise if noisy and isinstance(self.noise, ArrayErrors) else None
        if errors is not None:
            w = _digital(w, errors.digits)
        y = torch.zeros((*x.shape[:-1], self.channels), dtype=x.dtype)
        for i in range(x.shape[-1]):
            y = y + x[..., i, None] * w[:, i]
        y = y / LINEAR_UNIT
        if errors is None:
            return y
        column = y[:, :1, :1, :]
        shift = errors.offset + self._draw(column, errors.offset_spread)
        return y + (shift + self._draw(y, errors.spread)) / errors.lsb

    def forward(self, mosaic: Tensor) -> Tensor:
        """Values of the codes, (B, N, R / side, C / side)."""
        y = self.sums(mosaic)
        if self.training and not self.limit_known:
            with torch.no_grad():  # a limit that does not start from the data leaves every code at zero
                self.limit.copy_(2 * y.std().clamp(min=1e-4))
            self.limit_known = True
        return quantise(y, self.bits, self.limit, self.kind).permute(0, 3, 1, 2)

    def params(self) -> Params:
        """What the hardware needs. Raises ScampError in the soft mode."""
        if self.mode == "soft":
            raise ScampError("a soft encoder has no circuit weights; train it hard, or use from_soft() and mode 'hard'")
        w = self.integers().detach().double().numpy().round().astype(np.int64)
        w = w.reshape(self.channels, self.side, self.side)
        return Params(
            np.abs(w),
            np.where(w < 0, -1, 1),
            float(self.limit.detach()),
            self.bits,
            self.kind,
            self.multiplier,
            self.ratio,
        )

    @classmethod
    def of(cls, params: Params, mode: Mode = "hard", dtype: torch.dtype = torch.float32) -> Encoder:
        """The encoder with these parameters."""
        made = cls(
            params.channels,
            params.bits,
            mode,
            side=params.side,
            multiplier=params.multiplier,
            kind=params.kind,
            ratio=params.ratio,
        ).to(dtype)
        w = params.weights
        made.tied = made.tied and bool((w[:, 0::2, 1::2] == w[:, 1::2, 0::2]).all())
        with torch.no_grad():
            made.weight.copy_(torch.as_tensor(w.reshape(params.channels, -1)))
        made.limit = nn.Parameter(torch.tensor(params.limit, dtype=torch.float64))
        made.limit_known = True
        return made


def _digital(w: Tensor, digits: tuple[float, ...]) -> Tensor:
    """Weights as the registers make them: numbers of two's complement whose digits have gains of their own."""
    whole = torch.round(w.detach()).long()
    u = whole & 31
    worth = torch.tensor([-16.0, 8.0, 4.0, 2.0, 1.0], dtype=w.dtype) * torch.tensor(digits, dtype=w.dtype)
    made = sum(((u >> (4 - b)) & 1).to(w.dtype) * worth[b] for b in range(5))
    return w + (torch.as_tensor(made) - w).detach()


class Decoder(nn.Module):
    """A transposed convolution and a DnCNN without biases (Table 2, Sec. 3.2): codes' values to a picture.

    channels: of the codes. colours: of the picture, 3, or 1 for grey. layers: M of the paper, 15 there. filters: 64
    there. residual: DnCNN's own connection past the layers, which the paper leaves open. Raises ScampError.
    """

    def __init__(
        self, channels: int, *, colours: int = 3, layers: int = 3, filters: int = 16, residual: bool = False
    ) -> None:
        super().__init__()
        inputs.integer("channels", channels, 1)
        inputs.integer("layers", layers, 0)
        inputs.integer("filters", filters, 1)
        self.spread = nn.ConvTranspose2d(channels, colours, 2, stride=2, bias=False)
        parts: list[nn.Module] = [nn.Conv2d(colours, filters, 3, padding=1, bias=False), nn.ReLU()]
        for _ in range(layers):
            parts += [nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
        self.last = nn.Conv2d(filters, colours, 3, padding=1, bias=False)
        self.body = nn.Sequential(*parts)
        self.residual = residual

    def forward(self, values: Tensor) -> Tensor:
        """(B, N, r, c) -> (B, colours, 2 r, 2 c)."""
        x: Tensor = self.spread(values)
        y: Tensor = self.last(self.body(x))
        return x + y if self.residual else y


@torch.no_grad()
def run_decoder(arrays: Mapping[str, Any], values: Any) -> Any:
    """A kept decoder on the values of codes (N, r, c): a picture (2 r, 2 c, 3) or, grey, (2 r, 2 c), 0..1. Raises
    ScampError for arrays that are none."""
    try:
        state = {name: torch.as_tensor(np.asarray(a)) for name, a in arrays.items() if name != "residual"}
        channels, colours = state["spread.weight"].shape[:2]
        filters = state["body.0.weight"].shape[0]
        layers = sum(name.endswith("running_mean") for name in state)
        net = Decoder(channels, colours=colours, layers=layers, filters=filters, residual=bool(arrays["residual"]))
        net.load_state_dict(state)
    except (RuntimeError, *OTHER_FORM) as e:
        raise ScampError(f"decoder: its arrays do not make one ({str(e).splitlines()[0]:.100})") from None
    picture = net.eval()(torch.as_tensor(np.asarray(values), dtype=torch.float32)[None])[0].clamp(0, 1).numpy()
    return picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1)


class Network(nn.Module):
    """Encoder, decoder and a classifier that stays as it is. Raises ScampError for one without the right input."""

    def __init__(self, encoder: Encoder, decoder: Decoder, backbone: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder, self.backbone = encoder, decoder, backbone
        for parameter in self.backbone.parameters():
            parameter.requires_grad_(False)
        self.backbone.eval()

    def train(self, mode: bool = True) -> Network:
        """The backbone stays in its evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    def picture(self, mosaic: Tensor) -> Tensor:
        """The decoded picture."""
        picture: Tensor = self.decoder(self.encoder(mosaic))
        return picture

    def forward(self, mosaic: Tensor) -> Tensor:
        """Scores of the classes."""
        picture = self.picture(mosaic)
        try:
            scores: Tensor = self.backbone(picture)
        except RuntimeError as e:
            raise ScampError(
                f"backbone: it does not take pictures of shape {tuple(picture.shape[1:])}: {str(e).splitlines()[0]:.99}"
            ) from None
        if scores.ndim != 2 or len(scores) != len(picture):
            raise ScampError(f"backbone: expected scores (pictures, classes), got shape {tuple(scores.shape)}")
        return scores
