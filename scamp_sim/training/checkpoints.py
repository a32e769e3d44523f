"""Checkpoints of a training: what they must agree with, and how they are written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import write_torch
from scamp_sim.reading import DAMAGE, forget_read, is_there, read_torch
from scamp_sim.study.results_store import check_stamp, describe, plain, stamped
from scamp_sim.text import short

REMEDY = "delete it, or choose another file"

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
    state = {
        "stamp": plain(stamp),
        "net": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "generator": generator.get_state(),
        # pickled bytes tell one text used twice from two that are alike, as they are in a training that was resumed
        "history": json.loads(json.dumps([dict(epoch) for epoch in history])),
    }
    write_torch(path, state, "checkpoint")


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
    if not is_there(path):
        return []
    state = read_torch(path, "checkpoint", REMEDY, ProgramError)
    forget_read(path)  # it is written again
    if not isinstance(state, Mapping) or not isinstance(state.get("stamp"), Mapping):
        raise _unreadable(path, KeyError("stamp"))
    theirs = state["stamp"]
    check_stamp(f"checkpoint {path}", theirs, stamp)
    try:
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        generator.set_state(state["generator"])
        return [dict(epoch) for epoch in state["history"]]
    except (*DAMAGE, AssertionError) as e:
        raise _unreadable(path, e) from None


def _unreadable(path: str | Path, e: Exception) -> ProgramError:
    return ProgramError(f"checkpoint {short(str(path), 200)}: not a training checkpoint ({type(e).__name__}); {REMEDY}")


__all__ = ["about", "keep", "resume", "seen"]
