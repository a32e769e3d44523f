"""PixelRNN as a PyTorch module: the golden model with gradients, and with the errors of an array if they are asked for.

net = PixelRNN(noise=StageErrors.authors(), seed=1)
scores = net(bits(clips))                    # (n, 9), free of errors: the golden model and its decoder
scores = net(bits(clips), generator)         # the same with errors, drawn from the generator
net.to_weights().save("weights.npz")

Source: the equations of PixelRNN (CVPR 2024); details as in
`scamp_sim.systems.pixelrnn.golden` and `scamp_sim.systems.pixelrnn.decoder`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.pixelrnn.macropixel import halves, pooled_halves
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.decoder import EPSILON, Decoder
from scamp_sim.systems.pixelrnn.golden import FRAMES, MAPS, SIDE
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.train.layers import Kernels, correlate, pooled_correlate, tile
from scamp_sim.systems.pixelrnn.train.noise import Stage, StageErrors
from scamp_sim.training.signs import SLOPE, sign

THETA = 0.998
"""Where thresholds start, in tap products: near those that the authors learned."""


def bits(clips: npt.ArrayLike, level: float = golden.INPUT_LEVEL) -> Tensor:
    """Clips (n, 16, rows, columns), uint8 grey or bool, as +1 and -1, float32: +1 above `level`. Raises PlaneError."""
    array = np.asarray(clips)
    if array.ndim != 4 or array.shape[1] != FRAMES:
        raise PlaneError(f"the clips must have shape (clips, {FRAMES}, rows, columns), got {array.shape}")
    return signs(torch.from_numpy(np.ascontiguousarray(golden.binarise(array, level))))


def pooled_bits(binary: Tensor, window: int) -> Tensor:
    """The largest of each window x window, for bool (n, 16, rows, columns): the bits of a max-pooled picture."""
    if window == 1:
        return binary
    return F.max_pool2d(binary.to(torch.float32), window) > 0


def signs(binary: Tensor) -> Tensor:
    """A bool tensor as +1 and -1, float32."""
    return binary.to(torch.float32).mul_(2).sub_(1)


@dataclass(frozen=True, eq=False)
class Encoding:
    """What the encoder made of n clips: b, f, h (n, 16, 64, 64) with +1 and -1, h *after* each frame; o (n, 64, 64)."""

    b: Tensor
    f: Tensor
    h: Tensor
    o: Tensor


class Readout(nn.Module):
    """The decoder, off the sensor: a learned sign, batch norm of one channel, tanh, a scalar off, and a linear layer.

    (n, rows, columns) -> (n, classes). Source: `scamp_sim.systems.pixelrnn.decoder.Decoder`.
    """

    def __init__(self, classes: int, values: int = SIDE * SIDE, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.sign = nn.Parameter(torch.tensor(0.5))
        self.norm = nn.BatchNorm2d(1, eps=EPSILON)
        self.offset = nn.Parameter(torch.tensor(0.0))
        # nn.Linear itself would draw its weights from the global generator
        self.linear = nn.utils.skip_init(nn.Linear, values, classes)
        with torch.no_grad():
            width = values**-0.5
            self.linear.weight.copy_((2 * torch.rand(classes, values, generator=generator) - 1) * width)
            self.linear.bias.zero_()

    def forward(self, o: Tensor) -> Tensor:
        z = self.norm((sign(self.sign) * o)[:, None])
        scores: Tensor = self.linear((torch.tanh(z) - self.offset).flatten(1))
        return scores

    def to_decoder(self) -> Decoder:
        """The same in NumPy, for `Weights`. Raises ProgramError if it does not read 64x64 values."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        assert mean is not None  # PyTorch types them as optional
        assert variance is not None
        return Decoder(
            1 if self.sign.item() > 0 else -1,
            self.norm.weight.item(),
            self.norm.bias.item(),
            mean.item(),
            variance.item(),
            self.offset.item(),
            self.linear.weight.detach().numpy(),
            self.linear.bias.detach().numpy(),
        )

    def set_decoder(self, decoder: Decoder) -> None:
        """Take the numbers of a decoder of as many classes."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        assert mean is not None
        assert variance is not None
        with torch.no_grad():
            self.sign.fill_(0.5 * decoder.sign)
            self.norm.weight.fill_(decoder.gain)
            self.norm.bias.fill_(decoder.bias)
            mean.fill_(decoder.mean)
            variance.fill_(decoder.variance)
            self.offset.fill_(decoder.offset)
            self.linear.weight.copy_(torch.from_numpy(decoder.matrix.copy()))
            self.linear.bias.copy_(torch.from_numpy(decoder.intercept.copy()))


class PixelRNN(nn.Module):
    """The encoder with binary weights, and its decoder.

    classes: of the decoder.
    layers: 1 or 2 of sixteen 5x5 kernels (501 or 902 parameters on the sensor).
    surrogate, slope: the gradient of the signs of weights, see `layers.sign`.
    activation_slope: that of the signs of sums, which lie further apart.
    noise: errors of a forward pass that is given a generator.
    seed: of the first weights.
    pooling: frames are max-pooled by so much before anything else, and state and output are as small, 64 // pooling a
        side: section 4.4 of the paper. Where the tiled maps are larger than that, what is beyond is cut off. Only 1
        runs on the array.

    Raises ProgramError.
    """

    def __init__(
        self,
        classes: int = 9,
        layers: int = 1,
        *,
        surrogate: str = "tanh",
        slope: float = SLOPE,
        activation_slope: float = 0.5,
        noise: StageErrors | None = None,
        seed: int = 0,
        pooling: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= pooling <= SIDE:
            raise ProgramError(f"pooling must be a window of 1x1 to {SIDE}x{SIDE}, got {pooling}")
        self.pooling, self.side = pooling, SIDE // pooling
        if layers not in (1, 2):
            raise ProgramError(f"layers must be 1 or 2, got {layers}")
        if classes < 1:
            raise ProgramError(f"classes must be at least 1, got {classes}")
        self.surrogate, self.slope, self.activation_slope = surrogate, slope, activation_slope
        self.noise = noise or StageErrors.none()
        generator = torch.Generator().manual_seed(seed)

        def kernels(count: int) -> Kernels:
            return Kernels(count, surrogate=surrogate, slope=slope, generator=generator)

        self.cnn = nn.ModuleList(kernels(MAPS) for _ in range(layers))
        self.theta1 = nn.Parameter(torch.full((layers,), THETA))
        self.gates = kernels(4)  # in the order of weights.GATES
        self.theta_r = nn.Parameter(torch.tensor(THETA))
        self.decoder = Readout(classes, self.side**2, generator=generator)

    def store(self, clips: npt.ArrayLike) -> Tensor:
        """Clips as they are kept for training: binarised, bool. Raises PlaneError."""
        array = np.asarray(clips)
        if array.ndim != 4 or array.shape[1] != FRAMES:
            raise PlaneError(f"the clips must have shape (clips, {FRAMES}, rows, columns), got {array.shape}")
        return pooled_bits(torch.from_numpy(golden.binarise(array)), self.pooling)

    def present(self, stored: Tensor) -> Tensor:
        """Stored clips as `forward` takes them: +1 and -1, float32."""
        return signs(stored)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Scores (n, classes) of clips x (n, 16, 64, 64), +1 and -1, as `bits` gives them."""
        scores: Tensor = self.decoder(self.encode(x, generator).o)
        return scores

    def encode(self, x: Tensor, generator: torch.Generator | None = None) -> Encoding:
        """Run the encoder over clips x (n, 16, 64, 64), +1 and -1.

        generator: errors are drawn from it, fixed patterns again for each clip, as if each were seen by another chip;
        without one there are none. Raises PlaneError.
        """
        side = self.side
        if x.ndim != 4 or x.shape[1:] != (FRAMES, side, side):
            raise PlaneError(f"the clips must have shape (n, {FRAMES}, {side}, {side}), got {tuple(x.shape)}")
        n = len(x)
        errors = self.noise if generator is not None else StageErrors.none()
        b = self._maps(x.reshape(n * FRAMES, 1, side, side), n, errors, generator)
        w_f, u_f, w_o, u_o = self.gates.taps().split(1)
        level = self._level(self.theta_r, halves(self.theta_r.item(), 2) / 2, errors)
        from_input = correlate(b, w_f).reshape(n, FRAMES, 1, side, side)
        b = b.reshape(n, FRAMES, 1, side, side)
        forget, output = _Disturb(errors.forget, generator), _Disturb(errors.output, generator)
        before = state = torch.ones(n, 1, side, side)
        fs, hs = [], []
        for t in range(FRAMES):
            total = forget(from_input[:, t] + correlate(state, u_f))
            f = sign(total - level, self.surrogate, self.activation_slope)
            before, state = state, f * state
            fs.append(f)
            hs.append(state)
        # o is read out of the last frame only, and looks at the state from before it
        o = output(correlate(b[:, -1], w_o) + correlate(before, u_o))
        return Encoding(b[:, :, 0], torch.cat(fs, 1), torch.cat(hs, 1), o[:, 0])

    def _maps(self, frames: Tensor, n: int, errors: StageErrors, generator: torch.Generator | None) -> Tensor:
        """The tiled maps, (16 n, 1, 64, 64), +1 and -1."""
        for number, kernels in enumerate(self.cnn):
            # each layer has patterns of its own: other PEs, or the same ones with other signs
            assert isinstance(kernels, Kernels)
            stage = errors.cnn
            if stage == Stage() or errors.pooled:
                pooled = _Disturb(stage, generator, n)(pooled_correlate(frames, kernels.taps()))
            else:
                pooled = pooled_correlate(
                    frames,
                    kernels.taps(),
                    lambda sums: _Disturb(errors.cnn, generator, 1)(sums),
                    stage.gain,
                    stage.limit,
                )
            theta = self.theta1[number]
            level = self._level(theta, pooled_halves(theta.item()) / 2, errors)
            tiled = tile(sign(pooled - level, self.surrogate, self.activation_slope))
            frames = tiled[..., : self.side, : self.side]
        return frames

    @staticmethod
    def _level(theta: Tensor, compiled: float, errors: StageErrors) -> Tensor:
        """The threshold as learned, or as compiled with the gradient of the learned one."""
        return theta + (compiled - theta).detach() if errors.compiled else theta

    def to_weights(self) -> Weights:
        """The learned network as the kernels and the golden model take it, with its decoder."""
        taps = [k.taps().detach().numpy()[:, 0] for k in self.cnn if isinstance(k, Kernels)]
        return Weights.from_arrays(
            taps[0] if len(taps) == 1 else np.stack(taps),
            *self.gates.taps().detach().numpy()[:, 0],
            theta1=self.theta1.tolist(),
            theta_r=self.theta_r.item(),
            decoder=self.decoder.to_decoder(),
        )

    @classmethod
    def from_weights(cls, weights: Weights, *, noise: StageErrors | None = None, seed: int = 0) -> PixelRNN:
        """A module of the same network, to train on. Latent weights are +-0.25. Without a decoder in `weights` the new
        one has nine classes, drawn from `seed`."""
        classes = weights.decoder.classes if weights.decoder else 9
        net = cls(classes, weights.layers, noise=noise, seed=seed)
        with torch.no_grad():
            for number, kernels in enumerate(net.cnn):
                taps, theta1 = weights.layer(number)
                kernels.weight.copy_(torch.tensor(0.25 * taps[:, None]))  # type: ignore[operator, union-attr]
                net.theta1[number] = theta1
            gates = np.stack([weights.w_f, weights.u_f, weights.w_o, weights.u_o])
            net.gates.weight.copy_(torch.tensor(0.25 * gates[:, None]))
            net.theta_r.fill_(weights.theta_r)
        if weights.decoder:
            net.decoder.set_decoder(weights.decoder)
        return net


class _Disturb:
    """The errors of a stage, with one fixed pattern for all calls. Rows of a sum are clips, or the frames of `clips`
    clips one clip after another."""

    def __init__(self, stage: Stage, generator: torch.Generator | None, clips: int | None = None) -> None:
        self.stage, self.generator, self.clips = stage, generator, clips
        self.pattern: Tensor | None = None

    def __call__(self, sums: Tensor) -> Tensor:
        stage = self.stage
        if stage == Stage():
            return sums
        clips = self.clips or len(sums)
        out = sums if stage.gain == 1 else sums * stage.gain
        if stage.offset:
            out = out + stage.offset
        if stage.fixed or stage.common:
            if self.pattern is None:
                own = stage.fixed * torch.randn(clips, 1, *sums.shape[1:], generator=self.generator)
                self.pattern = own + stage.common * torch.randn(clips, 1, sums.shape[1], 1, 1, generator=self.generator)
            out = (out.reshape(clips, -1, *sums.shape[1:]) + self.pattern).reshape(sums.shape)
        if stage.temporal:
            out = out + stage.temporal * torch.randn(sums.shape, generator=self.generator)
        return out if stage.limit == float("inf") else out.clamp(-stage.limit, stage.limit)


__all__ = ["Encoding", "PixelRNN", "Readout", "bits", "pooled_bits", "signs"]
