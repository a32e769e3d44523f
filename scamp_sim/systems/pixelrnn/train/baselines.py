"""What the paper compares PixelRNN with: other recurrent networks of 5x5 kernels, a difference camera, raw pictures.

net = Recurrent("GRU", binary=False)
trained = train(clips, labels, Settings(), net=net, test=test)
accuracy = linear_accuracy("RAW", train_set, test_set)

Counts of kernels and parameters are those of table 2 (PixelRNN, CVPR 2024), see
`scamp_sim.systems.pixelrnn.report.bandwidth`. The paper leaves formulas to a supplement that was not found, so these
are the textbook's, with one channel and 5x5 correlations for products: simple recurrence, LSTM, GRU (Cho et al. 2014),
MGU (Zhou et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scamp_sim.chip import isa
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.golden import FRAMES, MAPS, SIDE
from scamp_sim.systems.pixelrnn.report import bandwidth
from scamp_sim.systems.pixelrnn.train.layers import Kernels, correlate, pooled_correlate, tile
from scamp_sim.systems.pixelrnn.train.module import PixelRNN, Readout, signs
from scamp_sim.training import labels as label
from scamp_sim.training.signs import sign

GATES = {"SRNN": 1, "LSTM": 4, "GRU": 3, "MGU": 2, "PixelRNN": 2}
"""Network -> gates, candidates and outputs; each has a kernel for the input and one for the state."""

CAMERAS = ("RAW", "difference camera")
"""Encoders without anything learned."""

GREY_SPREAD = 58.0
"""Standard deviation of grey that networks with float weights divide by; the mean is `golden.INPUT_LEVEL`."""

DELTA = 10
"""Change of grey from frame to frame above which the difference camera says +1 or -1."""

ACTIVATION_SLOPE = 0.5


class Recurrent(nn.Module):
    """A recurrent network behind the same layers of convolutions, with the same decoder.

    name: a key of GATES.
    binary: weights are +1 and -1, and so are activations: tanh becomes the sign, the logistic function the step 0 or 1,
        the frame its bits; the cell of the LSTM counts. Else weights are float32 and frames grey, maps have no sign,
        and activations are tanh and the logistic function. In both, PixelRNN has h = f h, o linear, and an f between 0
        and 1 if float, +1 or -1 if binary. The state starts at +1 if binary or PixelRNN, else at 0. What is read is o
        of PixelRNN, else the state.

    Raises ProgramError.
    """

    def __init__(self, name: str, *, binary: bool = True, layers: int = 1, classes: int = 9, seed: int = 0) -> None:
        super().__init__()
        if name not in GATES:
            raise ProgramError(f"unknown network '{name}'{isa.did_you_mean(name, GATES)}; there are {', '.join(GATES)}")
        if layers not in (1, 2):
            raise ProgramError(f"layers must be 1 or 2, got {layers}")
        self.name, self.binary = name, binary
        generator = torch.Generator().manual_seed(seed)
        self.cnn = nn.ModuleList(Kernels(MAPS, binary=binary, generator=generator) for _ in range(layers))
        # On even sums 0 is a tie; a threshold that starts off the lattice keeps it from being met.
        self.theta1 = nn.Parameter(torch.full((layers,), 0.998 if binary else 0.5))
        self.from_input = Kernels(GATES[name], binary=binary, generator=generator)
        self.from_state = Kernels(GATES[name], binary=binary, generator=generator)
        self.decoder = Readout(classes, generator=generator)

    @property
    def parameters_on_sensor(self) -> int:
        """Learned numbers without the decoder."""
        return sum(p.numel() for name, p in self.named_parameters() if not name.startswith("decoder."))

    def store(self, clips: npt.ArrayLike) -> Tensor:
        """Clips (n, 16, 64, 64), uint8 or bool, as they are kept: bits if binary, else grey. Raises PlaneError."""
        array = np.asarray(clips)
        if self.binary:
            return torch.from_numpy(golden.binarise(array))
        return torch.from_numpy(array.astype(np.uint8) * 255 if array.dtype == bool else array)

    def present(self, stored: Tensor) -> Tensor:
        """Stored clips as `forward` takes them, float32: +1 and -1, or normalised grey."""
        if self.binary:
            return signs(stored)
        return (stored.to(torch.float32) - golden.INPUT_LEVEL) / GREY_SPREAD

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Scores (n, classes) of clips (n, 16, 64, 64).

        generator: not used; these networks have no errors.
        """
        n = len(x)
        maps = x.reshape(n * FRAMES, 1, SIDE, SIDE)
        for number, kernels in enumerate(self.cnn):
            assert isinstance(kernels, Kernels)
            pooled = pooled_correlate(maps, kernels.taps()) - self.theta1[number]
            maps = tile(self._sign(pooled) if self.binary else pooled)
        taps = self.from_state.taps()
        inputs = self.from_input(maps).reshape(n, FRAMES, -1, SIDE, SIDE)
        ones = self.binary or self.name == "PixelRNN"
        h = torch.full((n, 1, SIDE, SIDE), 1.0 if ones else 0.0)
        step: Callable[..., tuple[Tensor, Tensor, Tensor]] = getattr(self, f"_{self.name.lower()}")
        cell, out = torch.zeros_like(h), h
        for t in range(FRAMES):
            h, cell, out = step(inputs[:, t], taps, h, cell)
        scores: Tensor = self.decoder(out[:, 0])
        return scores

    # Each step: sums from the input (n, gates, 64, 64), kernels for the state, state, cell -> state, cell, output.

    def _srnn(self, x: Tensor, taps: Tensor, h: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self._tanh(x + correlate(h, taps))
        return h, cell, h

    def _lstm(self, x: Tensor, taps: Tensor, h: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        i, f, o, candidate = (x + correlate(h, taps)).split(1, 1)
        cell = self._logistic(f) * cell + self._logistic(i) * self._tanh(candidate)
        h = self._logistic(o) * self._tanh(cell)
        return h, cell, h

    def _gru(self, x: Tensor, taps: Tensor, h: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        z, r = (x[:, :2] + correlate(h, taps[:2])).split(1, 1)
        candidate = self._tanh(x[:, 2:] + correlate(self._logistic(r) * h, taps[2:]))
        z = self._logistic(z)
        h = (1 - z) * h + z * candidate
        return h, cell, h

    def _mgu(self, x: Tensor, taps: Tensor, h: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f = self._logistic(x[:, :1] + correlate(h, taps[:1]))
        h = (1 - f) * h + f * self._tanh(x[:, 1:] + correlate(f * h, taps[1:]))
        return h, cell, h

    def _pixelrnn(self, x: Tensor, taps: Tensor, h: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f, o = (x + correlate(h, taps)).split(1, 1)
        return (self._sign(f) if self.binary else torch.sigmoid(f)) * h, cell, o

    def _sign(self, sums: Tensor) -> Tensor:
        return sign(sums, slope=ACTIVATION_SLOPE)

    def _tanh(self, sums: Tensor) -> Tensor:
        return self._sign(sums) if self.binary else torch.tanh(sums)

    def _logistic(self, sums: Tensor) -> Tensor:
        return (self._sign(sums) + 1) / 2 if self.binary else torch.sigmoid(sums)


def network(name: str, *, binary: bool = True, layers: int = 1, classes: int = 9, seed: int = 0) -> nn.Module:
    """The network of that name: `PixelRNN` itself if it is that with binary weights, else a `Recurrent`."""
    if name == "PixelRNN" and binary:
        return PixelRNN(classes, layers, seed=seed)
    return Recurrent(name, binary=binary, layers=layers, classes=classes, seed=seed)


def memory(name: str, layers: int = 1, bits: int = 1) -> float:
    """Bytes for a pixel of 64x64 (a macropixel of 4x4 PEs) that hold all features of one pass through the encoder.

    As the paper counts (section 4.3): every intermediate feature, not the parameters; each takes `bits`, 1 or 32. The
    features: the frame; sixteen maps and the tiled plane of each layer; gates, candidates and outputs; the state, and
    the cell of the LSTM. A raw picture is 16 values of 8 bits, the difference camera two frames of 8 bits and its sign.
    What the paper counts precisely is in its supplement, which was not found. Raises ProgramError.
    """
    if name == "RAW":
        return float((bandwidth.SENSOR // SIDE) ** 2)
    if name == "difference camera":
        return 2 + 2 / 8
    if name not in GATES:
        raise ProgramError(f"unknown network '{name}'{isa.did_you_mean(name, GATES)}; there are {', '.join(GATES)}")
    features = 1 + layers * (MAPS + 1) + GATES[name] + 1 + (name == "LSTM")
    return features * bits / 8


# --- cameras ----------------------------------------------------------------------------------------------------


def camera_values(name: str, clip: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float32]]:
    """What the camera puts out of a clip, frame by frame, each flat. RAW: normalised grey. Difference camera: +1, 0, -1
    where grey rose by more than DELTA, did not change, fell; of the first frame 0. Raises ProgramError."""
    if name not in CAMERAS:
        raise ProgramError(f"unknown camera '{name}'{isa.did_you_mean(name, CAMERAS)}; there are {', '.join(CAMERAS)}")
    before = clip[0].astype(np.float32)
    for frame in clip:
        now = frame.astype(np.float32)
        change = now - before
        before = now
        if name == "RAW":
            yield (now.ravel() - np.float32(golden.INPUT_LEVEL)) / np.float32(GREY_SPREAD)
        else:
            yield (np.sign(change) * (np.abs(change) > DELTA)).ravel()


def linear_accuracy(
    name: str,
    clips: Iterable[npt.NDArray[Any]],
    labels: npt.NDArray[np.integer[Any]],
    test: Iterable[npt.NDArray[Any]],
    test_labels: npt.NDArray[np.integer[Any]],
    *,
    decay: float = 1e-3,
    steps: int = 300,
) -> float:
    """Share of test clips that a linear layer on all values of a camera is right about.

    clips, test: clips (16, rows, columns) uint8, one after another; they may come from a generator.
    decay: of squared weights. The layer has a weight for each of up to a million values, but no training moves it out
        of the span of the clips: it is found as a weight for each clip instead, by the gradient of the same loss on
        their products. labels are 0, 1, .. without gaps.

    Raises ProgramError.
    """
    values = [np.concatenate(list(camera_values(name, clip))).astype(np.float16) for clip in clips]
    trained = np.stack(values)
    tried = np.stack([np.concatenate(list(camera_values(name, clip))).astype(np.float16) for clip in test])
    # float16 keeps a million values of some hundred clips in memory; products are summed in float32, part by part.
    within, across = _products(trained, trained), _products(tried, trained)
    scale = float(np.trace(within)) / len(trained)
    kernel, other = torch.from_numpy(within / scale), torch.from_numpy(across / scale)
    known = torch.from_numpy(label.whole(labels, len(trained)))
    classes = label.count(known.numpy())
    wanted = label.whole(test_labels, len(tried), "the labels of the test")
    label.within(wanted, classes, "the labels of the test", "the training")
    share = torch.zeros(len(known), classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.LBFGS([share, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        scores = kernel @ share + bias
        loss = F.cross_entropy(scores, known) + decay * (share * (kernel @ share)).sum()
        loss.backward()
        return loss.item()

    optimiser.step(closure)
    with torch.no_grad():
        best = (other @ share + bias).argmax(1).numpy()
    return float((best == wanted).mean())


def _products(a: npt.NDArray[Any], b: npt.NDArray[Any], part: int = 1 << 16) -> npt.NDArray[np.float32]:
    total = np.zeros((len(a), len(b)), np.float32)
    for first in range(0, a.shape[1], part):
        piece = slice(first, first + part)
        total += a[:, piece].astype(np.float32) @ b[:, piece].astype(np.float32).T
    return total


__all__ = ["CAMERAS", "GATES", "Recurrent", "camera_values", "linear_accuracy", "memory", "network"]
