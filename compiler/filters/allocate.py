"""Values to registers: each from its write to its last reading, no word reading what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scamp_sim.compiler.filters.words import Steps
from scamp_sim.exceptions import ProgramError

_TRIES = 20_000


@dataclass(frozen=True)
class Demand:
    """registers: at hand; source: where the input stands; outputs: where results go, None: anywhere; keep: whether the
    input has to stay."""

    registers: tuple[str, ...] = ("A", "B", "C", "D", "E", "F")
    source: str = "A"
    outputs: tuple[str, ...] | None = None
    keep: bool = False


def allocate(steps: Steps, demand: Demand) -> dict[int, str] | None:
    """A register for every value, None if there are too few."""
    if most_held(steps, demand.keep)[0] > len(demand.registers):
        return None  # before any way to place them is tried
    words = steps.words
    end = len(words)
    last: dict[int, int] = {0: -1}
    for k, w in enumerate(words):
        for r in w.registers:
            last[r] = k
        for s in w.sources:
            last[s] = k
    for o in steps.outputs:
        last[o] = end
    if demand.keep:
        last[0] = end
    wanted = dict(zip(steps.outputs, demand.outputs, strict=True)) if demand.outputs is not None else {}
    if 0 in wanted and wanted[0] != demand.source:
        return None
    order = [(k, r) for k, w in enumerate(words) for r in w.registers]
    place: dict[int, str] = {0: demand.source}
    ends: dict[str, int] = dict.fromkeys(demand.registers, -1)
    ends[demand.source] = last[0]
    taken = set(wanted.values())
    tries = 0

    def put(at: int) -> bool:
        nonlocal tries
        if at == len(order):
            return True
        tries += 1
        if tries > _TRIES:
            return False
        k, value = order[at]
        # free: what it held was last read by an earlier word
        choices = [r for r in demand.registers if ends[r] < k]
        if value in wanted:
            choices = [r for r in choices if r == wanted[value]]
        else:
            choices.sort(key=lambda r: (r in taken, r == demand.source and demand.keep))
        for r in choices:
            before = ends[r]
            place[value], ends[r] = r, last[value]
            if put(at + 1):
                return True
            del place[value]
            ends[r] = before
        return False

    return place if put(0) else None


def most_held(steps: Steps, keep: bool) -> tuple[int, int, list[int]]:
    """(registers that the program takes at most, at which word, the values then held)."""
    words = steps.words
    last: dict[int, int] = {0: len(words) if keep else -1}
    born: dict[int, int] = {0: -1}
    for k, w in enumerate(words):
        for r in w.registers:
            born[r] = last[r] = k
        for s in w.sources:
            last[s] = max(last[s], k)
    for o in steps.outputs:
        last[o] = len(words)
    best: tuple[int, int, list[int]] = (0, 0, [])
    for k in range(len(words)):
        held = [v for v in born if born[v] <= k <= last[v]]
        if len(held) > best[0]:
            best = len(held), k, held
    return best


def check_demand(demand: Demand, outputs: int) -> None:
    """Raises ProgramError for registers that contradict each other."""
    known = "ABCDEF"
    for r in (*demand.registers, demand.source, *(demand.outputs or ())):
        if r not in tuple(known):
            raise ProgramError(f"expected registers among A..F, got '{r}'")
    if len({*demand.registers}) != len(demand.registers):
        raise ProgramError(f"registers names one twice: {', '.join(demand.registers)}")
    if demand.source not in demand.registers:
        raise ProgramError(f"the input {demand.source} must be among the registers: {', '.join(demand.registers)}")
    if demand.outputs is not None:
        if len(demand.outputs) != outputs:
            raise ProgramError(f"expected {outputs} output registers, one a kernel, got {len(demand.outputs)}")
        if len({*demand.outputs}) != len(demand.outputs):
            raise ProgramError(f"two outputs share a register: {', '.join(demand.outputs)}")
        for r in demand.outputs:
            if r not in demand.registers:
                raise ProgramError(f"the output {r} must be among the registers: {', '.join(demand.registers)}")
        if demand.keep and demand.source in demand.outputs:
            raise ProgramError(f"the input {demand.source} cannot be kept where an output goes to it")
    needed = outputs + demand.keep
    if len(demand.registers) < max(needed, 2):
        holders = [f"output {k + 1}" for k in range(outputs)] + (["the input"] if demand.keep else [])
        who = f"{' and '.join(holders)} hold one each" if len(holders) > 1 else f"{holders[0]} holds one, a sum another"
        raise ProgramError(
            f"too few registers ({', '.join(demand.registers)}): {who}; at least {max(needed, 2)} are needed"
        )


def who_holds(steps: Steps, names: Mapping[int, str], keep: bool) -> str:
    """What the registers hold where most are taken."""
    count, at, held = most_held(steps, keep)
    what = ["the input" if v == 0 else names.get(v, "a partial sum") for v in held]
    return f"{count} at word {at + 1} of {len(steps.words)}: {', '.join(what)}"


__all__: Sequence[str] = ["Demand", "allocate", "check_demand", "most_held", "who_holds"]
