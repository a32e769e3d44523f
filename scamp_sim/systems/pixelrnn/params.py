"""The weights of PixelRNN: what they must be, where they come from, and the order in which the released listings go.

Key names in files are those of the authors' PyTorch model, so that a file goes both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, finite, integer, path_of
from scamp_sim.exceptions import OptionError, ProgramError, ScampError
from scamp_sim.files import write_arrays
from scamp_sim.systems.base.state import read_state, refuse_unused, without_prefix
from scamp_sim.systems.pixelrnn.decoder import Decoder
from scamp_sim.text import plural

KERNELS, SIZE = 16, 5
GATES = ("w_f", "u_f", "w_o", "u_o")
"""f from the input, f from the state, o from the input, o from the state."""

THETA_R_ABSENT = -0.001
"""The gate threshold of a network trained without noise: it has none, and takes the sign of (sum + 0.001)."""

KERNEL_ORDER = tuple(row + 4 * column for row in range(4) for column in range(4))
"""Kernels in the order of the released listings, the 4x4 grid on chip row by row: 0, 4, 8, 12, 1, 5, ... (from 0)."""

TAP_ORDER = tuple((row, column) for row in reversed(range(SIZE)) for column in range(SIZE))
"""Taps (row from the top, column from the left) in the order of the listings: bottom row first, left to right."""

_CNN_KEYS = ("cnn_model.conv1.weight", "cnn_model.conv2.weight")
_THETA1_KEYS = ("cnn_model.thresh1", "cnn_model.thresh2")
_GATE_KEYS = {
    "w_f": "rnn_model.ConvGates_i.weight",
    "u_f": "rnn_model.ConvGates_h.weight",
    "w_o": "rnn_model.Conv_out_i.weight",
    "u_o": "rnn_model.Conv_out_h.weight",
}
_THETA_R_KEY = "rnn_model.rnn_threshold"
_TRAINED_WITH = "trained_with"
"""How a kept network was trained, as JSON; no parameter."""

_REMEDY = (
    "Fold a bias or a batch norm into theta1 or theta_r, which hold one number each; further layers have no place. "
    "Weights.from_arrays takes what remains"
)
_DECODER_KEYS = {
    "sign": "fin_conv.weight",
    "gain": "fin_convpost.0.weight",
    "bias": "fin_convpost.0.bias",
    "mean": "fin_convpost.0.running_mean",
    "variance": "fin_convpost.0.running_var",
    "offset": "thresh3",
    "matrix": "fc.weight",
    "intercept": "fc.bias",
}


@dataclass(frozen=True, eq=False)
class Weights:
    """Everything that the encoder and its decoder learned.

    cnn: (16, 5, 5) int8, each +1 or -1; (2, 16, 5, 5) for the variant with two layers (902 parameters). Row 0 is on
        top, column 0 on the left, as in a correlation.
    w_f, u_f, w_o, u_o: (5, 5) int8, each +1 or -1: input and state to the forget gate, input and state to the output.
    theta1: one threshold a layer, in units of one tap product. A single number is taken as a tuple of one.
    theta_r: threshold of the forget gate, in the same units.
    decoder: what reads the output, or None. The arrays are copies and cannot be written to.

    Raises ProgramError that names what is wrong.
    """

    cnn: npt.NDArray[np.int8]
    w_f: npt.NDArray[np.int8]
    u_f: npt.NDArray[np.int8]
    w_o: npt.NDArray[np.int8]
    u_o: npt.NDArray[np.int8]
    theta1: tuple[float, ...]
    theta_r: float
    decoder: Decoder | None = None

    def __post_init__(self) -> None:
        _set(self, "cnn", _signs("cnn", self.cnn, _CNN_SHAPES))
        for gate in GATES:
            _set(self, gate, _signs(gate, getattr(self, gate), ((SIZE, SIZE),)))
        theta1 = tuple(finite("theta1", v) for v in array_of(self.theta1, "theta1", ProgramError).ravel())
        if len(theta1) != self.layers:
            raise ProgramError(
                f"theta1 has {plural(len(theta1), 'value')}, but cnn has {plural(self.layers, 'layer')}; give one each"
            )
        _set(self, "theta1", theta1)
        _set(self, "theta_r", finite("theta_r", self.theta_r))
        if self.decoder is not None and not isinstance(self.decoder, Decoder):
            raise ProgramError(f"decoder is a {type(self.decoder).__name__}; give a Decoder or None")

    @property
    def layers(self) -> int:
        """1 or 2 layers of sixteen kernels."""
        return 1 if self.cnn.ndim == 3 else len(self.cnn)

    def layer(self, number: int) -> tuple[npt.NDArray[np.int8], float]:
        """Kernels (16, 5, 5) and threshold of layer 0 or 1. Raises ProgramError if there is none."""
        if integer("layer", number) >= self.layers:
            raise ProgramError(f"there is no layer {number}; these weights have {plural(self.layers, 'layer')}, from 0")
        return self.cnn.reshape(self.layers, KERNELS, SIZE, SIZE)[number], self.theta1[number]

    def alone(self, number: int) -> Weights:
        """The same with layer 0 or 1 as the only one. Raises ProgramError if there is none."""
        kernels, theta1 = self.layer(number)
        return replace(self, cnn=kernels, theta1=(theta1,))

    @property
    def parameters(self) -> int:
        """Parameters of the encoder as the paper counts them, without theta_r: 501 or 902."""
        return self.cnn.size + len(GATES) * SIZE * SIZE + len(self.theta1)

    def tap_order(self) -> dict[str, npt.NDArray[np.int8]]:
        """The weights in the order of the released listings.

        "cnn": (16, 25), or (2, 16, 25): kernels as in KERNEL_ORDER; "w_f" .. "u_o": (25,). Taps as in TAP_ORDER.
        Source: the authors' weight listings, whose order is a fact (bottom row first, because the walk goes upwards).
        """
        # Turning the rows over is all there is to the order of the taps.
        listed = {"cnn": self.cnn[..., KERNEL_ORDER, ::-1, :].reshape(*self.cnn.shape[:-2], -1)}
        return listed | {gate: getattr(self, gate)[::-1].reshape(-1) for gate in GATES}

    @classmethod
    def from_arrays(
        cls,
        cnn: npt.ArrayLike,
        w_f: npt.ArrayLike,
        u_f: npt.ArrayLike,
        w_o: npt.ArrayLike,
        u_o: npt.ArrayLike,
        *,
        theta1: float | Sequence[float],
        theta_r: float,
        decoder: Decoder | None = None,
        binarise: bool = False,
    ) -> Weights:
        """Weights from anything that NumPy takes for an array.

        cnn: (16, 5, 5), (16, 1, 5, 5), or two of them stacked; gates (5, 5) or (1, 1, 5, 5).
        binarise: take the signs of latent weights.

        Raises ProgramError.
        """
        arrays = {"cnn": cnn, "w_f": w_f, "u_f": u_f, "w_o": w_o, "u_o": u_o}
        bits = {name: _signs(name, a, _SHAPES[name], binarise) for name, a in arrays.items()}
        return cls(**bits, theta1=theta1, theta_r=theta_r, decoder=decoder)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path, *, binarise: bool = False) -> Weights:
        """Weights from .npz, or from a PyTorch state_dict (.pt, .pth; needs torch), with the authors' key names.

        Of a decoder all keys or none must be there. A second layer is looked for as cnn_model.conv2.weight, by analogy:
        no published checkpoint holds one. Without rnn_model.rnn_threshold theta_r is -0.001, which is what networks
        trained without noise amount to.

        binarise: take the signs of latent weights.

        Raises ProgramError.
        """
        found = read_state(path_of(path, "weights"))
        try:
            return _from_state(found, binarise)
        except ProgramError as e:
            raise ProgramError(f"weights {path}: {e}") from None

    @classmethod
    def random(
        cls, seed: int, *, layers: int = 1, theta1: float = 0.5, theta_r: float = 0.5, classes: int | None = None
    ) -> Weights:
        """Weights by chance, the same for the same seed; with a decoder (also by chance) if `classes` is given.

        The thresholds lie between two values of the integer sums, so no comparison ties. Raises ProgramError.
        """
        integer("seed", seed)
        if layers not in (1, 2):
            raise ProgramError(f"layers must be 1 or 2, got {layers!r:.40}")
        if classes is not None:
            integer("classes", classes, low=1)
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))

        def signs(*shape: int) -> npt.NDArray[np.int8]:
            return (2 * generator.integers(0, 2, shape) - 1).astype(np.int8)

        gates = {gate: signs(SIZE, SIZE) for gate in GATES}
        cnn = signs(*(() if layers == 1 else (layers,)), KERNELS, SIZE, SIZE)
        decoder = None
        if classes is not None:
            matrix = generator.normal(0, 1 / 64, (classes, 4096)).astype(np.float32)
            decoder = Decoder(
                1, 1.0, 0.0, 0.0, 50.0, 0.0, matrix, np.zeros(classes, np.float32)
            )  # o varies by about 50
        return cls(cnn, **gates, theta1=(theta1,) * layers, theta_r=theta_r, decoder=decoder)

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """What a file holds: the authors' key names, shapes and float32."""
        state: dict[str, Any] = {_GATE_KEYS[g]: getattr(self, g)[None, None] for g in GATES}
        for number in range(self.layers):
            kernels, theta1 = self.layer(number)
            state |= {_CNN_KEYS[number]: kernels[:, None], _THETA1_KEYS[number]: [theta1]}
        state[_THETA_R_KEY] = [self.theta_r]
        if self.decoder:
            state |= {key: getattr(self.decoder, name) for name, key in _DECODER_KEYS.items()}
            state[_DECODER_KEYS["sign"]] = np.full((1, 1, 1, 1), self.decoder.sign)
        return {key: np.atleast_1d(np.asarray(v, np.float32)) for key, v in state.items()}

    def save(self, path: str | Path) -> None:
        """Write an .npz of `arrays`: `load` reads it, and a PyTorch model can.

        Raises ProgramError if the name does not end in .npz or the file cannot be written.
        """
        path = path_of(path, "weights")
        if path.suffix != ".npz":
            raise OptionError(f"weights are saved as .npz, not as '{path.name}'")
        try:
            write_arrays(path, self.arrays(), "weights")
        except ScampError as e:
            raise ProgramError(str(e)) from None


# --- what is allowed --------------------------------------------------------------------------------------------

_CNN_SHAPES = ((KERNELS, SIZE, SIZE), (2, KERNELS, SIZE, SIZE))
# What training frameworks store has one input channel more.
_SHAPES = {
    "cnn": (*_CNN_SHAPES, (KERNELS, 1, SIZE, SIZE), (2, KERNELS, 1, SIZE, SIZE)),
    **dict.fromkeys(GATES, ((SIZE, SIZE), (1, 1, SIZE, SIZE))),
}


def _set(weights: Weights, name: str, value: Any) -> None:
    object.__setattr__(weights, name, value)


def _signs(name: str, values: Any, shapes: tuple[tuple[int, ...], ...], binarise: bool = False) -> npt.NDArray[np.int8]:
    """A read-only copy as int8, without the axis of the input channel. Raises ProgramError: the first wrong one."""
    array = array_of(values, name, ProgramError)
    if array.shape not in shapes:
        allowed = " or ".join(str(s) for s in shapes)
        raise ProgramError(f"{name} must have shape {allowed}, got {array.shape}")
    if array.dtype == bool:
        raise ProgramError(f"{name} is boolean; give +1 and -1, for example np.where(bits, 1, -1)")
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise ProgramError(f"{name} is of type {array.dtype}; give numbers, each +1 or -1")
    wrong = np.argwhere((array == 0) | np.isnan(array) if binarise else np.abs(array) != 1)
    if len(wrong):
        index = "".join(f"[{i}]" for i in wrong[0])
        value = array[tuple(wrong[0])]
        if binarise:
            raise ProgramError(f"{name}{index} is {value:g}, which has no sign; give it +1 or -1")
        latent = np.issubdtype(array.dtype, np.floating)
        remedy = "; to take the signs of latent weights, write FILE:signs, or binarise=True in Python" if latent else ""
        raise ProgramError(f"{name}{index} is {value:g}; every weight is +1 or -1{remedy}")
    bits = np.where(array > 0, 1, -1).astype(np.int8)
    if bits.shape[-3:] == (1, SIZE, SIZE):
        bits = bits[..., 0, :, :] if name == "cnn" else bits[0, 0]
    bits.setflags(write=False)
    return bits


def check_weights(weights: object) -> Weights:
    """What was given, if it is Weights. Raises ProgramError."""
    if not isinstance(weights, Weights):
        raise ProgramError(f"expected Weights, not {weights!r:.60}; Weights.load(path) reads a file")
    return weights


# --- files ------------------------------------------------------------------------------------------------------


def _from_state(found: Mapping[str, npt.NDArray[Any]], binarise: bool) -> Weights:
    found = without_prefix(found, _GATE_KEYS.values())
    layers = 2 if _CNN_KEYS[1] in found else 1
    needed = [*_CNN_KEYS[:layers], *_THETA1_KEYS[:layers], *_GATE_KEYS.values()]
    # thresh3 and fin_conv stay in an encoder that was cut off its decoder; the linear layer tells whether there is one.
    if any(key.startswith("fc.") for key in found):
        needed += _DECODER_KEYS.values()
    missing = [key for key in needed if key not in found]
    if missing:
        raise ProgramError(
            f"looked for {', '.join(missing)}, and found {', '.join(sorted(found)) or 'nothing'}; the names are those "
            "of the authors' model. For arrays of other names use Weights.from_arrays"
        )
    used = [*needed, _THETA_R_KEY, *(_DECODER_KEYS.values() if _DECODER_KEYS["matrix"] not in found else ())]
    # A network of one layer keeps the threshold of the second, which it does not have.
    refuse_unused(found, used, (_THETA1_KEYS[1], _TRAINED_WITH), _REMEDY)
    decoder = None
    if _DECODER_KEYS["matrix"] in found:
        parts: dict[str, Any] = {name: found[key] for name, key in _DECODER_KEYS.items()}
        scalars = {n: finite(_DECODER_KEYS[n], v) for n, v in parts.items() if n not in ("matrix", "intercept")}
        if binarise and scalars["sign"]:
            scalars["sign"] = np.sign(scalars["sign"])
        decoder = Decoder(**parts | scalars)
    cnn = [found[key] for key in _CNN_KEYS[:layers]]
    if layers == 2 and cnn[0].shape != cnn[1].shape:
        raise ProgramError(f"the two layers have shapes {cnn[0].shape} and {cnn[1].shape}; both are (16, 1, 5, 5)")
    return Weights.from_arrays(
        cnn[0] if layers == 1 else np.stack(cnn),
        *(found[key] for key in _GATE_KEYS.values()),
        theta1=[finite(key, found[key]) for key in _THETA1_KEYS[:layers]],
        theta_r=finite(_THETA_R_KEY, found.get(_THETA_R_KEY, THETA_R_ABSENT)),
        decoder=decoder,
        binarise=binarise,
    )


__all__ = ["GATES", "KERNEL_ORDER", "TAP_ORDER", "THETA_R_ABSENT", "Decoder", "Weights", "check_weights"]
