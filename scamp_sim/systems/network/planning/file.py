"""A plan from data: what `Plan.as_dict` and `network plan --out` wrote, for the network that it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scamp_sim.costs.timing import load_timing
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.reading import OTHER_FORM, read_json
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.planning.built import Built
from scamp_sim.systems.network.planning.candidates import Wish
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import merged
from scamp_sim.systems.network.planning.plan import BY, WISHES, Plan
from scamp_sim.systems.network.store import net_digest
from scamp_sim.text import short


def from_dict(net: Network, document: Mapping[str, Any]) -> Plan:
    """The plan that `Plan.as_dict` wrote, of the network that it was made for. Raises ProgramError."""
    choice = Choice.from_dict(document.get("choice", document))
    _check_own(net, document, choice)
    asked = document.get("wish", {})
    try:
        levels = None if asked.get("levels") is None else int(asked["levels"])
        wish = Wish(choice.offset, **{name: asked[name] for name in WISHES if name in asked})
    except OTHER_FORM as e:
        raise ProgramError(f"not a plan: {e!r:.80}; `scamp-sim network plan --out` writes one") from None
    own, notes = (net, ()) if levels is None else merged(net, levels)
    errors, by, timing = document.get("errors", "ideal"), document.get("by", "us"), document.get("timing", "scamp5d")
    if by not in BY or not isinstance(errors, str) or not isinstance(timing, str):
        raise ProgramError(
            f"expected by of {', '.join(BY)} and names of errors and timing, got {by!r:.40}, {errors!r:.40} and "
            f"{timing!r:.40}"
        )
    load_timing(timing)
    return Plan(own, net, Built(own, choice), errors, by, timing, wish, notes=notes, most_levels=levels)


def load_plan(net: Network, path: str | Path) -> Plan:
    """The plan in a file that `network plan --out` wrote. Raises ProgramError that names the file."""
    document = read_json(path, "plan", ProgramError)
    where = f"plan {short(str(path), 200)}"
    if not isinstance(document, dict):
        raise ProgramError(f"{where}: expected a plan that `network plan --out` wrote, got {type(document).__name__}")
    try:
        plan = from_dict(net, document)
        plan.cost()  # its programs are made here, so that what cannot be is told of the file
    except ScampError as e:
        raise ProgramError(f"{where}: {e}") from None
    return plan


def _check_own(net: Network, document: Mapping[str, Any], choice: Choice) -> None:
    """Raises ProgramError if a plan was made for another network: its levels and constants would mean nothing here."""
    known = {layer.name: layer for layer in net.convs}
    for name, conv in choice.convs.items():
        if name not in known or known[name].channels != len(conv.levels):
            raise ProgramError(f"this plan is of another network: {name} with {len(conv.levels)} channels")
    if not 1 <= choice.array <= len(net.layers) or choice.events < 0 or choice.rows < 0:
        raise ProgramError(
            f"not a plan: {choice.array} layers on the array, {choice.rows} rows, {choice.events} events; "
            "`scamp-sim network plan --out` writes one"
        )
    inside = net.layers[: choice.array]
    missing = [layer.name for layer in net.convs if layer in inside and layer.name not in choice.convs]
    if missing:
        raise ProgramError(f"this plan says nothing of {missing[0]}; `scamp-sim network plan --out` writes one")
    if document.get("network", net_digest(net)) != net_digest(net):
        rows = document.get("layers", ())
        named = [r for r in rows if isinstance(r, Mapping)] if isinstance(rows, list) else []
        layers = short(", ".join(f"{r.get('name')} ({r.get('words')} words)" for r in named), 300)
        raise ProgramError(
            f"this plan is of another network; its layers are {layers or 'not named'}. Make one with "
            f"`scamp-sim network plan {net.source or 'NET'} --out FILE`"
        )


__all__ = ["from_dict", "load_plan"]
