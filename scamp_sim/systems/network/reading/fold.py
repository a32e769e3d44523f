"""Steps on floating-point values folded into a network of integers, or refused with the reason and the remedy.

One scale a channel comes out of the weights, batch norm and biases go into integer thresholds, kernels of a negative
scale are turned, channels that do not depend on the picture become constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.params import Conv, Counts, Dense, Input, Layer, Network, Pool
from scamp_sim.systems.network.reading.closing import closed
from scamp_sim.systems.network.reading.convolutions import Open, covers, means_first, opened
from scamp_sim.systems.network.reading.dense import dense, signed
from scamp_sim.systems.network.reading.integers import multiples
from scamp_sim.systems.network.reading.picture import Picture
from scamp_sim.systems.network.reading.spread import dense_for_bits, for_bits, revalued
from scamp_sim.systems.network.reading.steps import (
    Affine,
    Array,
    AveragePool,
    Clip,
    Convolve,
    Flatten,
    FullyConnected,
    Last,
    Leaky,
    MaxPool,
    Reading,
    Rising,
    Sign,
    Stairs,
    Step,
    refuse,
    stairs_of,
)
from scamp_sim.systems.network.reading.thresholds import Bools, Pooled, none_waits
from scamp_sim.text import plural

MOST_LAYERS = 64


def fold(
    steps: Sequence[Step],
    size: tuple[int, int],
    reading: Reading,
    *,
    channels: int = 1,
    classes: Sequence[str] = (),
    source: str = "",
) -> Network:
    """The network of integers that a chain of steps is.

    steps: in order.
    size: rows and columns of the input.
    reading: what the caller said beside the source.
    channels: of the input; the sensor has one.
    source: for messages.

    Raises ProgramError that names node, channel and remedy.
    """
    where = source or "network"
    if channels != 1:
        raise ProgramError(
            f"{where}: the input has {channels} channels; expected 1, the sensor has one. Train it on grey pictures"
        )
    folder = _Folder(size, reading)
    for step in means_first(steps):
        folder.take(step)
    layers, shown, notes = folder.finish(where)
    _named(classes, layers[-1], where)
    if len(layers) > MOST_LAYERS:
        raise ProgramError(f"{where}: {len(layers)} layers; at most {MOST_LAYERS} are read")
    return Network(shown, tuple(layers), tuple(classes), tuple(notes), source)


def _named(classes: Sequence[str], last: Layer, where: str) -> None:
    """Raise ProgramError if there are other names than classes."""
    scores = last if isinstance(last, Dense) else None
    if classes and (scores is None or len(classes) != scores.decides):
        count = "a network without scores" if scores is None else plural(scores.classes, "score")
        expected = "none" if scores is None else scores.decides
        raise ProgramError(f"{where}: {len(classes)} names of classes for {count}; expected {expected}")


class _Folder:
    """What has been folded so far, and what the values are that the next step sees.

    kind: "picture", "bits", "sums" (of a convolution that has no threshold yet, `open`), "counts" or "scores".
    scale, shift: values of the last layer are scale x stored + shift, each () or one a channel; bits are stored as +-1.
    bits: channels of bits that make one channel of values, one behind the other: the value is the sum of what they are
        worth, and each is +1 where the value is past one more step.
    """

    def __init__(self, size: tuple[int, int], reading: Reading) -> None:
        self.reading = reading
        self.picture = Picture(size, reading)
        self.shown: Input | None = None
        self.notes: list[str] = []
        self.layers: list[Layer] = []
        self.shape = (1, *size)
        self.kind = "picture"
        self.scale: Array = np.ones(())
        self.shift: Array = np.zeros(())
        self.bits = 1
        self.open: Open | None = None
        self.flat: Flatten | None = None
        self.ended: str | None = None

    def take(self, step: Step) -> None:
        """Fold one more step."""
        if self.ended is not None and not isinstance(step, Last):
            refuse(step.node, f"stands behind {self.ended}, which ends a network; cut the network there")
        match step:
            case Convolve():
                self._convolve(step)
            case FullyConnected():
                self._dense(step)
            case Sign():
                self._sign(step)
            case Stairs():
                self._stairs(step)
            case MaxPool() | AveragePool():
                self._pool(step)
            case Affine():
                self._affine(step)
            case Clip() | Leaky():
                self._limit(step)
            case Rising():
                self._rise(step)
            case Flatten():
                self._flatten(step)
            case Last() if step.what == "Sigmoid" and self.open is not None and not covers(self.open):
                self._rise(Rising(step.node, step.what, 0.0, 1.0, lambda y: np.log(y / (1 - y))))
            case Last():
                if self.open is not None:
                    self._as_dense(self.open)
                if self.kind != "scores":
                    if step.what == "Sigmoid":
                        refuse(step.node, "Sigmoid has no place on the array; sign, ReLU, threshold have")
                    refuse(step.node, f"{step.what} has a place behind the last dense layer only")
                self.ended = step.what
                self.notes.append(f"{step.node}: {step.what} dropped, it changes no decision")

    def finish(self, where: str) -> tuple[list[Layer], Input, list[str]]:
        """Layers, input and notes. Raises ProgramError where it cannot end so."""
        if self.open is not None:
            self._as_dense(self.open)
        if self.shown is None or not self.layers:
            raise ProgramError(f"{where}: no layers; expected a convolution with a threshold behind it")
        return self.layers, self.shown, self.notes

    def _name(self, kind: str) -> str:
        return f"{kind}{sum(layer.name.startswith(kind) for layer in self.layers) + 1}"

    def _add(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.shape = layer.shape(self.shape)

    # --- convolutions and their thresholds --------------------------------------------------------------------------

    def _convolve(self, step: Convolve) -> None:
        if self.shown is None:
            self.shown, self.scale, self.shift, notes = self.picture.finish(step.node)
            self.notes += notes
            self.kind = "bits"
        if self.kind == "sums":
            assert self.open is not None
            none_waits(self.open.chain)
            refuse(step.node, "no activation between two convolutions; put a sign or a threshold between them")
        if self.kind in ("counts", "scores") and self.shape[1:] == step.weights.shape[2:] == (1, 1) and not self.flat:
            self._dense(FullyConnected(step.node, step.weights.reshape(len(step.weights), -1), step.bias))
            return
        if self.kind != "bits" or self.flat:
            what = self.kind if self.kind != "bits" else "a flattened map"
            refuse(step.node, f"a convolution over {what} has no place on the array; only a dense layer follows them")
        step = for_bits(step, self.shape[0], self.bits)
        if self._is_dense(step):
            self.flat = Flatten(step.node)
            self._dense(FullyConnected(step.node, step.weights.reshape(len(step.weights), -1), step.bias))
            return
        assumed = not self.layers and self.reading.values is None and self.picture.threshold is None
        self.open, self.shape = opened(step, self.shape, self.scale, self.shift, assumed, self.bits)
        self.kind, self.bits = "sums", 1

    def _sign(self, step: Sign) -> None:
        if step.low == step.high:
            refuse(step.node, f"gives {step.low:g} on both sides of its level; expected two values")
        if step.level.ndim and self.kind != "picture" and len(step.level) not in (1, self._width()):
            refuse(step.node, f"{len(step.level)} thresholds for {self._width()} channels")
        zero = self.reading.zero
        match self.kind:
            case "picture":
                self.picture.sign(step)
            case "sums":
                assert self.open is not None
                self._close(step)
            case "scores":
                last = self.layers[-1]
                assert isinstance(last, Dense)
                behind_bits = len(self.layers) > 1 and isinstance(self.layers[-2], (Conv, Pool))
                self.layers[-1] = signed(last, step, zero, behind_bits)
                self._worth(step)
            case "bits":
                self._revalue(step.node, stairs_of(step).at)
            case _:
                refuse(step.node, "a threshold over counts has no place on the array; put a dense layer behind them")

    def _close(self, step: Sign | Stairs) -> None:
        """The open convolution with its threshold, or with one for each step."""
        assert self.open is not None
        found = closed(self.open, step, self.reading.zero, self._name("conv"))
        pools, self.shape = self.open.pools, self.open.before
        self._add(found.layer)
        for pool, ands in zip(pools, found.every, strict=True):
            self._add(self._or(pool, ands))
        self.notes += found.notes
        self.open, self.kind, self.bits = None, "bits", found.bits
        self.scale, self.shift = found.scale, found.shift

    def _worth(self, step: Sign) -> None:
        """What the bits that a sign of scores gives are worth: +1 where its comparison holds."""
        self.scale = np.asarray((step.high - step.low) / 2)
        self.shift = np.asarray((step.high + step.low) / 2)

    def _stairs(self, step: Stairs) -> None:
        """Few values: bits with a threshold each, or other values of bits that are there."""
        wide = self._width() // self.bits
        for part in (*step.values, *(cut.level for cut in step.cuts)):
            if part.ndim and self.kind != "picture" and len(part) not in (1, wide):
                refuse(step.node, f"{len(part)} thresholds for {wide} channels")
        match self.kind:
            case "picture":
                self.picture.stairs(step)
            case "sums":
                self._close(step)
            case "bits":
                self._revalue(step.node, step.at)
            case "scores" if len(step.cuts) == 1 and all(value.ndim == 0 for value in step.values):
                (cut,), (low, high) = step.cuts, (float(value) for value in step.values)
                self._sign(Sign(step.node, ">" if cut.strict else ">=", cut.level, low, high))
            case "scores":
                refuse(step.node, "activations of several bits behind a dense layer have no place; ReLU and sign have")
            case _:
                refuse(step.node, "a rounding of counts has no place on the array; put a dense layer behind them")

    def _revalue(self, node: str, function: Callable[[Array], Array]) -> None:
        """Other values for those that the bits of a channel give."""
        self.scale, self.shift = revalued(node, self.scale, self.shift, self._width(), self.bits, function)

    # --- pools ------------------------------------------------------------------------------------------------------

    def _pool(self, step: MaxPool | AveragePool) -> None:
        node = step.node
        if self.kind == "picture":
            if isinstance(step, MaxPool):
                refuse(node, "a maximum over grey pixels has no place; average them, or pool behind a threshold")
            self.picture.shrink(step)
            self.shape = (1, *self.picture.size)
            return
        if self.flat:
            refuse(node, "a pool behind a flattening has no place; put it in front")
        size, stride = step.size or self.shape[1:], step.stride if step.size else self.shape[1:]
        if size[0] != size[1] or stride[0] != stride[1]:
            refuse(node, f"window {size[0]}x{size[1]} every {stride[0]}x{stride[1]}: expected squares")
        if size[0] > min(self.shape[1:]):
            refuse(node, f"window {size[0]}x{size[1]} is larger than the {self.shape[1]}x{self.shape[2]} map before it")
        step = replace(step, size=size, stride=stride)
        if self.kind == "bits" and isinstance(step, MaxPool):
            # The larger value is the bit -1 where bits are worth less than its opposite: then all must be +1.
            signs = np.broadcast_to(np.sign(self.scale), self.shape[0]).reshape(-1, self.bits)
            if np.any(signs.min(axis=1) * signs.max(axis=1) < 0):
                refuse(node, "a maximum of an activation that rises and falls; expected one that only rises, or falls")
            self._add(self._or(step, np.broadcast_to(self.scale < 0, (self.shape[0],))))
        elif self.kind == "bits":
            self._add(Counts(self._name("counts"), size[0], stride[0], node))
            # The mean of scale x (+-1) + shift over the window, as of the count of +1.
            self.scale, self.shift = 2 * self.scale / (size[0] * size[1]), self.shift - self.scale
            self.kind = "counts"
        elif self.kind == "sums" and isinstance(step, MaxPool):
            assert self.open is not None
            self.open.chain.append(Pooled(len(self.open.pools)))
            self.open.pools.append(step)
            self.shape = self._or(step, np.zeros(self.shape[0], np.bool_)).shape(self.shape)
        elif self.kind == "sums":
            assert self.open is not None
            none_waits(self.open.chain)
            refuse(node, "a mean over sums has no place on the array; put the threshold in front of it")
        else:
            refuse(node, f"a pool over {self.kind} has no place on the array; pool the bits in front of them")

    def _or(self, step: MaxPool, every: Bools) -> Pool:
        assert step.size is not None
        return Pool(self._name("pool"), step.size[0], step.stride[0], every if every.any() else None, step.node)

    # --- what changes values, not bits ------------------------------------------------------------------------------

    def _affine(self, step: Affine) -> None:
        if self.kind == "picture":
            self.picture.affine(step)
            return
        for part in (step.scale, step.shift):
            if not np.all(np.isfinite(part)):
                refuse(step.node, "a scale or shift is not a finite number; train it again")
            if part.ndim and len(part) > 1 and self.flat is not None and self.flat.channels_last:
                refuse(step.node, "scales or shifts between flattening and the dense layer; fold them into its weights")
            if part.ndim and len(part) not in (1, self._width() // self.bits):
                refuse(step.node, f"{len(part)} scales or shifts for {self._width() // self.bits} channels")
        scale, shift = (part[0] if part.ndim and len(part) == 1 else part for part in (step.scale, step.shift))
        if self.bits > 1:
            if self.flat is not None and (scale.ndim or shift.ndim):
                refuse(step.node, "scales or shifts between flattening and the dense layer; fold them into its weights")
            scale, shift = (part.repeat(self.bits) if part.ndim else part for part in (scale, shift / self.bits))
        last = self.layers[-1] if self.layers else None
        if self.open is not None:
            self.open.chain.append(Affine(step.node, scale, shift))
        elif isinstance(last, Dense) and last.activation == "none":
            self.layers[-1] = replace(last, scale=last.scale * scale, bias=last.bias * scale + shift)
        else:
            self.scale, self.shift = self.scale * scale, self.shift * scale + shift
            if self.kind == "bits" and np.any(self.scale == 0):
                refuse(step.node, "takes both values of a bit to one", int(np.argmax(np.atleast_1d(self.scale == 0))))

    def _width(self) -> int:
        """How many values something with one a channel has."""
        return int(np.prod(self.shape)) if self.flat is not None else self.shape[0]

    def _limit(self, step: Clip | Leaky) -> None:
        node, last = step.node, self.layers[-1] if self.layers else None
        relu = isinstance(step, Clip) and (step.low, step.high) == (0.0, np.inf)
        if isinstance(step, Leaky) and np.any(step.slope <= 0):
            refuse(node, "a slope of 0 or below: expected a leaky ReLU with slopes above 0")
        if self.kind == "picture":
            if not (isinstance(step, Clip) and self.picture.within(step.low, step.high)):
                refuse(node, "a clip of the picture has no place; a threshold has")
        elif self.open is not None:
            self.open.chain.append(step)
        elif relu and isinstance(last, Dense) and last.activation == "none":
            self.layers[-1] = replace(last, activation="relu")
        elif relu and isinstance(last, Dense) and last.activation == "relu" and np.all(self.shift >= 0):
            pass  # never below 0
        elif self.kind == "bits" and isinstance(step, Clip):
            low, high = step.low, step.high
            self._revalue(node, lambda value: np.clip(value, low, high))
        else:
            refuse(node, f"a clip of {self.kind} has no place here; a ReLU right behind a dense layer has")

    def _rise(self, step: Rising) -> None:
        if self.open is None:
            refuse(step.node, f"{step.what} has no place on the array; sign, ReLU, threshold have")
        self.open.chain.append(step)

    def _flatten(self, step: Flatten) -> None:
        if self.kind == "picture":
            refuse(step.node, "the picture is flattened; expected a convolution first")
        if self.open is not None:
            self._as_dense(self.open)
        elif self.kind != "scores" and self.flat is None:
            for name in ("scale", "shift"):
                part: Array = getattr(self, name)
                if part.ndim:
                    setattr(self, name, part.repeat(self.shape[1] * self.shape[2]))
            self.flat = step

    # --- dense layers -----------------------------------------------------------------------------------------------

    def _is_dense(self, step: Convolve) -> bool:
        """Whether a convolution covers the whole map behind other layers and has weights that only the controller can
        multiply with."""
        whole = bool(self.layers) and step.weights.shape[1:] == self.shape and not any(step.padding)
        return whole and step.groups == 1 and any(multiples(kernel).integers is None for kernel in step.weights)

    def _as_dense(self, open_: Open) -> None:
        """A convolution without a threshold that covers its whole map is a dense layer."""
        conv = open_.step
        none_waits(open_.chain)
        if not covers(open_):
            refuse(
                conv.node,
                "no threshold behind this convolution, and sums have no place on the array; put a sign or a threshold "
                "behind it, or round to a few bits there",
            )
        if not self.layers:
            refuse(conv.node, "the first kernel covers the whole picture; expected a convolution with a threshold")
        self.open, self.kind, self.shape = None, "bits", open_.before
        self.flat = Flatten(conv.node)
        self._dense(FullyConnected(conv.node, conv.weights.reshape(len(conv.weights), -1), conv.bias))
        for operation in open_.chain[1:]:
            assert isinstance(operation, Affine)
            self._affine(operation)

    def _dense(self, step: FullyConnected) -> None:
        if self.kind == "picture":
            refuse(step.node, "a dense layer over the picture has no place on the array; expected a convolution first")
        if self.open is not None:
            self._as_dense(self.open)
        if self.kind != "scores" and self.flat is None and self.shape[1:] != (1, 1):
            refuse(step.node, f"a dense layer over a map of {'x'.join(map(str, self.shape))} values; flatten it first")
        if self.bits > 1:
            step = dense_for_bits(step, self.shape, self.flat, self.bits)
            self.flat = Flatten(step.node)
        layer, notes = dense(step, self._name("dense"), self.shape, self.flat, self.scale, self.shift)
        self._add(layer)
        self.notes += notes
        self.kind, self.flat, self.bits = "scores", None, 1
        self.scale, self.shift = np.ones(()), np.zeros(())


__all__ = ["fold"]
