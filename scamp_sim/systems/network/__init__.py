"""Networks of one's own on the array: small convolutional networks of binary, ternary or few-bit weights.

from scamp_sim.systems import network

net = network.read("net.onnx")
print(net)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Name -> module of this package; a name that is the module's own is the module itself.
_HOMES = {
    "Conv": "params",
    "Converter": "golden",
    "Counts": "params",
    "Dense": "params",
    "Input": "params",
    "Network": "params",
    "Pool": "params",
    "Plan": "planning.plan",
    "forward": "golden",
    "plan": "planning.plan",
    "read": "reading.source",
    "golden": "golden",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    module = import_module(f"{__name__}.{home}")
    value = module if name == home.rpartition(".")[2] and name != "plan" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = [
    "Conv",
    "Converter",
    "Counts",
    "Dense",
    "Input",
    "Network",
    "Plan",
    "Pool",
    "forward",
    "golden",
    "plan",
    "read",
]
