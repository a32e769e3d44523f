"""The SCAMP-5 programs of PixelRNN: blocks, macropixels, layouts. The network itself is `scamp_sim.systems.pixelrnn`.

The names that programs written before that package existed import from here are still found:

from scamp_sim.kernels import pixelrnn

weights = pixelrnn.Weights.load("weights.npz")
result = pixelrnn.Encoder(weights).run(frames)

They are fetched by name when they are first used, since this package stands below that one and must not import it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_SYSTEM = "scamp_sim.systems.pixelrnn"

# Name -> module; a name without a class in it is the module itself.
_HOMES = {
    "Decoder": f"{_SYSTEM}.decoder",
    "Encoder": f"{_SYSTEM}.encoder",
    "Weights": f"{_SYSTEM}.params",
    "datasets": f"{_SYSTEM}.data.datasets",
    "gestures": f"{_SYSTEM}.data.gestures",
    "golden": f"{_SYSTEM}.golden",
    "layout": f"{__name__}.layout",
    "weights": f"{_SYSTEM}.params",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_HOMES[name])
    value = getattr(module, name) if name[0].isupper() else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = ["Decoder", "Encoder", "Weights", "datasets", "gestures", "golden", "layout", "weights"]
