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
from scamp_sim.reading import checked_path, read_archive, read_torch, reason
from scamp_sim.text import plural, short

TORCH = (".pt", ".pth", ".ckpt", ".bin")
"""Endings of PyTorch's files."""

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
"""Keys under which training scripts put the state_dict, beside the optimiser's."""

RECORDS = (
    "epoch",
    "epochs",
    "step",
    "global_step",
    "iteration",
    "loss",
    "accuracy",
    "best",
    "best_acc",
    "seed",
    "version",
)
"""Numbers beside the tensors that tell of the training."""

MOST_WRAPPED = 4
"""Wrappings inside one another."""

INSERTED = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What compilers and wrappers of single modules put into the middle of names."""

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
    for inserted in INSERTED:
        shorter = {name.replace(inserted, ""): value for name, value in state.items()}
        state = shorter if len(shorter) == len(state) else state
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
    state, beside = _unwrapped(state, where, error)
    if not isinstance(state, Mapping):
        raise error(f"{where}: holds a {type(state).__name__}; save model.state_dict()")
    arrays = {}
    for name, value in {**beside, **state}.items():
        if hasattr(value, "detach"):
            arrays[str(name)] = _array(value, f"{where}: {short(str(name), 80)}", error)
        elif isinstance(value, (int, float)) and name not in RECORDS:  # a scale or threshold that was kept as a number
            arrays[str(name)] = np.asarray(value)
    if not arrays:
        raise error(f"{where}: there is no tensor in it; save model.state_dict()")
    return arrays


def _unwrapped(state: Any, where: str, error: type[ScampError]) -> tuple[Any, dict[str, Any]]:
    """(the state_dict in what training scripts wrap around it, tensors that lie beside it)."""
    beside: dict[str, Any] = {}
    for _ in range(MOST_WRAPPED):
        if not isinstance(state, Mapping):
            break
        inner = [k for k in WRAPPERS if isinstance(state.get(k), Mapping) and _holds_state(state[k])]
        if not inner:
            break
        several = [str(k) for k, v in state.items() if _is_state(v)]
        if len(several) > 1:
            raise error(
                f"{where}: holds several networks ({short(', '.join(several), 80)}); save the state_dict of the one "
                "that is meant"
            )
        passed = ("rng", "generator")  # states of random numbers
        beside |= {k: v for k, v in state.items() if hasattr(v, "detach") and not any(p in str(k) for p in passed)}
        state = state[inner[0]]
    return state, beside


def _array(tensor: Any, where: str, error: type[ScampError]) -> npt.NDArray[Any]:
    tensor = tensor.detach()
    if "strided" not in str(getattr(tensor, "layout", "strided")) or getattr(tensor, "is_quantized", False):
        raise error(f"{where} is sparse or quantised; save it as a dense tensor of numbers")
    try:
        tensor = tensor.cpu()
        return np.asarray(tensor.numpy())
    except TypeError:  # NumPy has neither bfloat16 nor the floats of 8 bits
        return np.asarray(tensor.float().numpy())
    except (RuntimeError, NotImplementedError) as e:
        raise error(f"{where} holds no numbers that NumPy takes ({reason(e)}); save it as a dense tensor") from None


def _holds_state(value: Any) -> bool:
    return _is_state(value) or (isinstance(value, Mapping) and any(_is_state(value.get(k)) for k in WRAPPERS))


def _is_state(value: Any) -> bool:
    """Whether something is a state_dict itself: tensors by name."""
    return isinstance(value, Mapping) and any(hasattr(v, "detach") for v in value.values())


__all__ = ["COUNTERS", "PREFIXES", "TORCH", "WRAPPERS", "read_state", "refuse_unused", "without_prefix"]
