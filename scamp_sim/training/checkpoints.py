"""Checkpoints of a training: what they must agree with, and how they are written and read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import check_file
from scamp_sim.study.results_store import check_stamp, describe, plain, stamped

PLAIN = (str, int, float, bool, type(None))


def about(net: nn.Module, given: bool) -> dict[str, Any]:
    """A network before training, for a stamp: its class, its first weights and, if it was `given` by a caller and not
    made from settings, what it was made with, as far as it is kept in plain attributes."""
    found: dict[str, Any] = {"network": type(net).__qualname__}
    if given:
        own = _attributes(net)
        found |= {f"network's {name}": value for name, value in own.items()}
        parts = [f"{name} {_attributes(part)}" for name, part in net.named_modules() if name]
        found["network's parts"] = stamped(parts)
    state = net.state_dict()
    found["first weights"] = stamped(part for name in state for part in (name, state[name].numpy()))
    return found


def _attributes(net: nn.Module) -> dict[str, Any]:
    public = {n: v for n, v in sorted(vars(net).items()) if not n.startswith("_") and n != "training"}
    return {n: describe(v) for n, v in public.items() if isinstance(v, PLAIN) or is_dataclass(v)}


def seen(clips: tuple[Any, Any], test: tuple[Any, Any] | None) -> dict[str, Any]:
    """Clips and labels, and those of the test, for a stamp."""
    return {"clips": _digest(*clips), "test clips": None if test is None else _digest(*test)}


def _digest(clips: npt.ArrayLike, labels: npt.ArrayLike) -> str:
    return stamped([np.asarray(clips), np.asarray(labels, np.int64)])


def keep(
    path: str | Path,
    stamp: Mapping[str, Any],
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    history: Iterable[Mapping[str, Any]],
) -> None:
    """Write the checkpoint, all of it or nothing.

    history: epochs as plain values.

    Raises ScampError.
    """
    target = check_file(path, "checkpoint")
    aside = target.with_name(f".scamp-{target.name}")
    state = {
        "stamp": plain(stamp),
        "net": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "generator": generator.get_state(),
        "history": list(history),
    }
    try:
        torch.save(state, aside)
        os.replace(aside, target)
    except (OSError, RuntimeError) as e:
        aside.unlink(missing_ok=True)
        raise ProgramError(
            f"checkpoint {path}: cannot be written: {e}; free some disk space, or choose another file"
        ) from None


def resume(
    path: str | Path,
    stamp: Mapping[str, Any],
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> list[dict[str, Any]]:
    """Bring all to the state that the file keeps, and return the epochs that are done; none if there is no file.

    Raises ProgramError: it is no checkpoint, or one of another stamp.
    """
    if not Path(path).exists():
        return []
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        theirs = state["stamp"]
    except Exception as e:  # torch raises a dozen kinds, from OSError to its own UnpicklingError
        raise _unreadable(path, e) from None
    check_stamp(f"checkpoint {path}", theirs, stamp)
    try:
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        generator.set_state(state["generator"])
        return [dict(epoch) for epoch in state["history"]]
    except (KeyError, TypeError, ValueError, RuntimeError) as e:
        raise _unreadable(path, e) from None


def _unreadable(path: str | Path, e: Exception) -> ProgramError:
    return ProgramError(
        f"checkpoint {path}: not a training checkpoint ({type(e).__name__}); delete it, or choose another file"
    )


__all__ = ["about", "keep", "resume", "seen"]
