"""What can be wrong with the operands of one host call, whoever makes it: the assembler and `Machine` both ask here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from scamp_sim.chip.isa import DRAWING, MOST_EVENTS, PORTS, HostFunction
from scamp_sim.chip.program import HostCall

RAILS = 120
"""Constants beyond this load badly (M: users keep within it)."""
ADDRESS_LIMIT = 1023
DIRECTION_BITS = ("R1", "R2", "R3", "R4")


class Fault(NamedTuple):
    """Codes are those of the assembler's messages: S... for errors, W... for warnings."""

    code: str
    message: str
    hint: str

    @property
    def is_error(self) -> bool:
        """Whether the chip has no defined answer to the call; else it has one that is seldom meant."""
        return self.code.startswith("S")


_RANGES = {
    "gain": (1, 5),
    "code": (0, 4095),
    "boundary": (0, 1),
    "use_local": (0, 1),
    "vert": (0, 1),
    "horiz": (0, 1),
    "h_dir": (0, 1),
    "v_dir": (0, 1),
    "each": (0, 1),
    "opt": (0, 1),
    "repeat": (0, 1),
    "max": (1, MOST_EVENTS),
    "rs": (1, ADDRESS_LIMIT),
    "cs": (1, ADDRESS_LIMIT),
    "s": (1, ADDRESS_LIMIT),
    "n": (0, 1024),
    "iterations": (1, 1024),
    "refresh": (0, 1024),
    "radius": (0, 1024),
    "h": (-1024, 1024),
    "v": (-1024, 1024),
    **dict.fromkeys(("r", "c", "r0", "c0", "r1", "c1"), (-4096, 4096)),
}
"""What integer operands may be, by name."""


def limits(form: HostFunction) -> dict[str, tuple[int, int]]:
    """What the integer operands of a host function may be, by name, those that are bounded."""
    found = {o.name: _RANGES[o.name] for o in form.operands if o.kind == "int" and o.name in _RANGES}
    found |= {o.name: (0, ADDRESS_LIMIT) for o in form.operands if o.kind in ("address", "row", "column")}
    if form.name == "scamp5_output_bitstack_begin":
        found["n"] = (1, 16)
    return found


def faults(call: HostCall) -> tuple[Fault, ...]:
    """What is wrong with a call, whatever the array; `outside` adds what is wrong with it on one array."""
    return _known(call.name, call.args)


@lru_cache(maxsize=1 << 16)
def _known(name: str, args: tuple[str | int, ...]) -> tuple[Fault, ...]:
    """Programs are checked by who makes them and by who runs them, so that each call is looked at twice and more."""
    return tuple(_faults(HostCall(name, args)))


def _faults(call: HostCall) -> Iterator[Fault]:
    numbers = {o.name: v for o, v in zip(call.form.operands, call.args, strict=True) if isinstance(v, int)}
    registers = {o.name: r for r, o in call.registers}
    yield from _registers(call, registers)
    constant = call.form.operands and call.name in ("scamp5_in", "scamp5_load_in")
    if constant:
        yield from _constant(numbers["v"])
    kinds = {o.name: o.kind for o in call.form.operands}
    allowed = limits(call.form)
    for name, v in numbers.items():
        if kinds[name] in ("address", "row", "column") and not 0 <= v <= ADDRESS_LIMIT:
            yield Fault("S307", f"{name} = {v} is not an address", "rows and columns of the chip are 0..255")
        elif kinds[name] == "int" and not constant and name in _RANGES:
            low, high = allowed[name]
            if not low <= v <= high:
                yield Fault("S312", f"{name} = {v} is outside {low}..{high}", f"give {name} in {low}..{high}")
    if "r1" in numbers and kinds["r1"] == "address":
        upside_down = numbers["r1"] < numbers.get("r0", 0) or numbers.get("c1", 0) < numbers.get("c0", 0)
        if upside_down and "c1" in numbers:
            yield Fault(
                "W512",
                f"no PE lies from ({numbers['r0']}, {numbers['c0']}) to ({numbers['r1']}, {numbers['c1']}), so "
                "the rectangle is treated as empty",
                "the corners are top-right, then bottom-left; chip columns count from the right",
            )
        elif upside_down:
            yield Fault(
                "W512",
                f"no row lies from {numbers['r0']} to {numbers['r1']}, so nothing is read",
                "rows count from the top: give the lower number first",
            )


def outside(call: HostCall, shape: tuple[int, int]) -> str:
    """What is wrong with the addresses of a call on an array of `shape` PEs, or ""."""
    for o, v in zip(call.form.operands, call.args, strict=True):
        if not isinstance(v, int) or o.kind not in ("row", "column"):
            continue
        if not 0 <= v < shape[o.kind == "column"]:
            named = dict(zip((p.kind for p in call.form.operands), call.args, strict=True))
            row, column = named.get("row"), named.get("column")
            place = [f"{k} {a}" for k, a in (("row", row), ("column", column)) if a is not None]
            return (
                f"{call.name} names {', '.join(place)}, but this array has rows 0..{shape[0] - 1} and columns "
                f"0..{shape[1] - 1}"
            )
    return ""


def _constant(v: int) -> Iterator[Fault]:
    if not -128 <= v <= 127:
        yield Fault("S306", f"the constant {v} is outside -128..127", "the converter has 8 bits: scale the values down")
    elif abs(v) > RAILS:
        yield Fault(
            "W511", f"the constant {v} is close to the rails, where values load badly", f"stay within -{RAILS}..{RAILS}"
        )


def _registers(call: HostCall, given: dict[str, str]) -> Iterator[Fault]:
    """Registers that the routine cannot take, or cannot take together, because its words go through them."""
    name = call.name.removeprefix("scamp5_")
    if given.get("into") == DRAWING:
        yield Fault("S313", "it needs scamp5_draw_begin before it", "set where to draw: scamp5_draw_begin(R5)")
        return
    for operand, register in given.items():
        if register in PORTS:
            yield Fault(
                "S301", f"its operand {operand} is {register}, a neighbour's NEWS", "name a register of the PE itself"
            )
            return
    if "temp" in given and "a" in given and given["a"] == given["temp"]:
        default = ", and temp is NEWS unless it is named" if given["temp"] == "NEWS" else ""
        yield Fault(
            "S301",
            f"its operands a and temp are both {given['a']}{default}",
            "temp is overwritten on the way: name two registers",
        )
    elif name == "global_count" and given["temp"] == "NEWS":
        yield Fault("S301", "its operand temp is NEWS, which it works through", "name one of A..F")
    elif name == "global_count" and given["d"] == "FLAG":
        yield Fault("S301", "its operand d is FLAG, which it sets on its way", "copy it first: MOV(R5, FLAG)")
    elif name == "get_image" and ("NEWS" in given.values() or given["yf"] == given["yh"]):
        yield Fault("S301", "it needs two registers other than NEWS, which it works through", "name two of A..F")
    elif name == "diffuse" and given["a"] == given["t0"]:
        yield Fault("S301", f"its operands a and t0 are both {given['a']}", "name two registers")
    elif name == "shift" and "a" in given and given["a"] == "NEWS":
        yield Fault("S301", "its operand a is NEWS, which it works through", "name one of A..F")
    elif name == "shift" and given.get("d") in DIRECTION_BITS:
        yield Fault(
            "S301", f"its operand d is {given['d']}, one of the direction bits that it sets", "name another bit"
        )
    elif name == "flood":
        yield from _flood(call, given)


def _flood(call: HostCall, given: dict[str, str]) -> Iterator[Fault]:
    """The routine loads R12 and R0, and sets R1..R4 unless it is told to use them."""
    taken = ("R0", "R12") if call.args[-1] else ("R0", "R12", *DIRECTION_BITS)
    target, mask = given["target"], given["mask"]
    if (target, mask) == ("R12", "R0"):
        return
    for operand, register in (("target", target), ("mask", mask)):
        if register in taken and not (operand == "target" and register == "R12"):
            yield Fault(
                "S301",
                f"its operand {operand} is {register}, which it overwrites before it reads it",
                "name another bit, or flood R12 inside R0 where they are: scamp5_flood(R12, R0, boundary)",
            )
            return
