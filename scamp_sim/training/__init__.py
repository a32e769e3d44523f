"""Train networks for the sensor: PixelRNN in PyTorch, with the errors of a chip in its forward pass.

from scamp_sim import training as st

net, history = st.train(*gestures.dataset(40, seed=0), st.Settings(noise=st.StageErrors.authors(), epochs=20))
net.to_weights().save("weights.npz")                   # scamp-sim system validate pixelrnn --weights weights.npz ...

Needs the extra `torch`, except for `StageErrors` and `measure`. What is named here is imported when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.installation import install_hint

# OpenMP's threads spin while they wait; on a machine that others use too, that makes training several times slower.
# It is read when PyTorch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_SYSTEM = "scamp_sim.systems.pixelrnn"

# Name -> module; a name without a class or function in it is the module itself. Those of a system are fetched by name,
# since this package stands below the systems and must not import them.
_HOMES = {
    "PixelRNN": f"{_SYSTEM}.train.module",
    "Settings": f"{_SYSTEM}.train.loop",
    "StageErrors": f"{_SYSTEM}.train.noise",
    "baselines": f"{_SYSTEM}.train.baselines",
    "encoder": f"{_SYSTEM}.train.module",
    "figures": f"{_SYSTEM}.paper.figures",
    "layers": f"{_SYSTEM}.train.layers",
    "measure": f"{_SYSTEM}.train.measurement",
    "measurement": f"{_SYSTEM}.train.measurement",
    "noise": f"{_SYSTEM}.train.noise",
    "train": f"{_SYSTEM}.train.loop",
    "training": f"{_SYSTEM}.train.loop",
}

MEMBERS = ("PixelRNN", "Settings", "StageErrors", "measure", "train")
"""Names that stand for a class or a function of their module."""

WITHOUT = ("StageErrors", "measure", "measurement", "noise")
"""Names that need no PyTorch."""


def require() -> None:
    """Raises ProgramError with the remedy if PyTorch is missing."""
    try:
        import_module("torch")
    except ImportError:
        raise ProgramError(f"training needs PyTorch, which is missing: {install_hint('torch')}") from None


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in WITHOUT:
        require()
    module = import_module(_HOMES[name])
    return getattr(module, name) if name in MEMBERS else module


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = [
    "PixelRNN",
    "Settings",
    "StageErrors",
    "baselines",
    "encoder",
    "figures",
    "layers",
    "measure",
    "measurement",
    "noise",
    "require",
    "train",
    "training",
]
