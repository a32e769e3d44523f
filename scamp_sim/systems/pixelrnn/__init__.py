"""PixelRNN: a binary recurrent network that runs inside the sensor (CVPR 2024), and what is needed to work with it.

from scamp_sim.systems import pixelrnn

weights = pixelrnn.Weights.load("weights.npz")                    # or .pt, or Weights.random(seed=1)
frames, label = pixelrnn.gestures.clip("spread/leftward", seed=1)
result = pixelrnn.golden.encode(frames, weights)                   # .o is what leaves the sensor
result = pixelrnn.Encoder(weights).run(frames)                     # the same on the array, and what it costs

What is named here is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Name -> module of this package; a name without a class in it is the module itself.
_HOMES = {
    "Decoder": "decoder",
    "Encoder": "encoder",
    "Weights": "params",
    "datasets": "data.datasets",
    "gestures": "data.gestures",
    "golden": "golden",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOMES[name]}")
    value = getattr(module, name) if name[0].isupper() else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = ["Decoder", "Encoder", "Weights", "datasets", "gestures", "golden"]
