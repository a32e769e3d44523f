"""Train networks for the sensor: PixelRNN in PyTorch, with the errors of a chip in its forward pass.

from scamp_sim import training as st

net, history = st.train(*gestures.dataset(40, seed=0), st.Settings(noise=st.StageErrors.authors(), epochs=20))
net.to_weights().save("weights.npz")                   # scamp-sim validate pixelrnn --weights weights.npz ...

Needs the extra `torch`, except for `StageErrors` and `measure`. What is named here is imported when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from scamp_sim.exceptions import ProgramError

# OpenMP's threads spin while they wait; on a machine that others use too, that makes training several times slower.
# It is read when PyTorch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Name -> module of this package; a module stands for itself.
_HOMES = {
    "PixelRNN": "encoder",
    "Settings": "training",
    "StageErrors": "noise",
    "baselines": "",
    "encoder": "",
    "figures": "",
    "layers": "",
    "measure": "measurement",
    "measurement": "",
    "noise": "",
    "train": "training",
    "training": "",
}

WITHOUT = ("noise", "measurement")
"""Modules that need no PyTorch."""


def require() -> None:
    """Raises ProgramError with the remedy if PyTorch is missing."""
    try:
        import_module("torch")
    except ImportError:
        raise ProgramError(
            'training needs PyTorch, which is missing: pip install "scamp-sim[torch]" (in a clone: pip install -e '
            '".[torch]")'
        ) from None


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if (_HOMES[name] or name) not in WITHOUT:
        require()
    module = import_module(f"{__name__}.{_HOMES[name] or name}")
    return getattr(module, name) if _HOMES[name] else module


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
