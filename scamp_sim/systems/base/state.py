"""Parameters of a network from a file: .npz, or a state_dict that PyTorch saved, in what training wrapped around it.

Nothing in a file is executed. Every tensor comes out as an array under its own name, so that a system can account for
all of them: use it, or refuse it by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.installation import install_hint
from scamp_sim.reading import checked_path, read_archive, read_torch
from scamp_sim.text import plural, short

TORCH = (".pt", ".pth", ".ckpt", ".bin")
"""Endings of PyTorch's files."""

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
"""Keys under which training scripts put the state_dict, beside the optimiser's."""

PREFIXES = ("_orig_mod.", "module.", "model.", "net.", "network.", "encoder.")
"""What torch.compile, DataParallel, Lightning and wrapping modules put before every name."""

COUNTERS = ("num_batches_tracked",)
"""Tensors that no forward pass uses."""

MOST_NAMED = 6
"""Names that a message lists."""


def read_state(
    path: str | Path, what: str = "weights", error: type[ScampError] = ProgramError
) -> dict[str, npt.NDArray[Any]]:
    """The parameters in a file, by name.

    path: .npz, or .pt, .pth, .ckpt, .bin (PyTorch).
    what: what it is to the user, for messages.
    error: what is raised, with the file and the remedy.
    """
    suffix = Path(path).suffix
    if suffix not in (".npz", *TORCH) and not Path(path).is_dir():
        raise error(f"{what} {short(str(path), 200)}: unknown kind '{suffix}'; give .npz, or .pt or .pth (PyTorch)")
    found = checked_path(path, what, error)
    if found.suffix == ".npz":
        return read_archive(path, what, error)
    return _read_torch(found, what, error)


def without_prefix(found: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The parameters with what wrapping modules put before every name taken off, as far as that gives known names."""
    wanted = set(known)
    state = dict(found)
    while not wanted & set(state):
        shared = [p for p in PREFIXES if state and all(name.startswith(p) for name in state)]
        if not shared:
            break
        state = {name.removeprefix(shared[0]): value for name, value in state.items()}
    return state


def refuse_unused(
    found: Mapping[str, npt.NDArray[Any]], used: Iterable[str], passed: Iterable[str], remedy: str
) -> None:
    """Raise ProgramError if a file holds parameters that change the network and that nothing uses.

    found: everything in the file.
    used: names that were used.
    passed: names that may be there and change nothing. Additive parameters that are 0 everywhere change nothing either.
    remedy: how such a network can be brought here.
    """
    free = {*used, *passed}
    left = [
        name
        for name, value in found.items()
        if name not in free
        and not name.endswith(COUNTERS)
        and not (name.endswith("bias") and value.dtype.kind in "biuf" and not np.any(value))
    ]
    if left:
        named = ", ".join(short(name, 80) for name in left[:MOST_NAMED])
        more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
        raise ProgramError(
            f"{plural(len(left), 'parameter')} that this network does not have: {named}{more}; what would run is not "
            f"what was trained. {remedy}"
        )


def _read_torch(path: Path, what: str, error: type[ScampError]) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a checkpoint as arrays; nothing in it is executed (weights_only)."""
    where = f"{what} {short(str(path), 200)}"
    try:
        import torch  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ImportError:
        raise error(
            f"{where}: reading PyTorch files needs torch ({install_hint('torch')}); or where it is installed: "
            "np.savez('weights.npz', **{k: v.numpy() for k, v in torch.load(path).items()})"
        ) from None
    state = read_torch(path, what, "save model.state_dict(), not the model", error)
    for _ in WRAPPERS:
        inner = next((state[k] for k in WRAPPERS if isinstance(state, Mapping) and _is_state(state.get(k))), None)
        if inner is None or _is_state(state):
            break
        state = inner
    if not isinstance(state, Mapping):
        raise error(f"{where}: holds a {type(state).__name__}; save model.state_dict()")
    arrays = {}
    for name, value in state.items():
        if not hasattr(value, "detach"):
            continue
        tensor = value.detach().cpu()
        if getattr(tensor, "is_sparse", False) or getattr(tensor, "is_quantized", False):
            raise error(f"{where}: {name} is sparse or quantised; save it as a dense tensor of numbers")
        if str(getattr(tensor, "dtype", "")) == "torch.bfloat16":  # NumPy has none
            tensor = tensor.float()
        arrays[str(name)] = tensor.numpy()
    if not arrays:
        raise error(f"{where}: there is no tensor in it; save model.state_dict()")
    return arrays


def _is_state(value: Any) -> bool:
    """Whether something is a state_dict itself: tensors by name."""
    return isinstance(value, Mapping) and any(hasattr(v, "detach") for v in value.values())


__all__ = ["COUNTERS", "PREFIXES", "TORCH", "WRAPPERS", "read_state", "refuse_unused", "without_prefix"]
