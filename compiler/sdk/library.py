"""What C++ and the SDK give names to: constants, number types, registers, functions of the C library."""

from __future__ import annotations

import math
from collections.abc import Callable

from scamp_sim.chip import isa
from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.sdk.scope import Array, Unknown, Value

CONSTANTS: dict[str, int | float] = {
    "true": 1, "false": 0, "TRUE": 1, "FALSE": 0, "NULL": 0, "nullptr": 0, "M_PI": math.pi, "INT8_MAX": 127,
    "INT8_MIN": -128, "UINT8_MAX": 255, "INT16_MAX": 32767, "UINT16_MAX": 65535, "INT_MAX": 2**31 - 1,
}  # fmt: skip
SIDEWAYS = {
    "up": "north", "down": "south", "left": "west", "right": "east",
    "North": "north", "South": "south", "West": "west", "East": "east",
}  # fmt: skip
"""Other names of directions, on the upright picture."""

_BITS = {"int8_t": 8, "uint8_t": 8, "char": 8, "int16_t": 16, "uint16_t": 16, "short": 16, "int32_t": 32, "int": 32,
         "uint32_t": 32, "unsigned": 32, "bool": 1}  # fmt: skip


def converted(value: Value, type_: str) -> Value:
    """A number as another type holds it."""
    words = set(type_.split())
    if isinstance(value, (int, float)):
        if words & {"float", "double"}:
            return float(value)
        bits = next((_BITS[w] for w in type_.split() if w in _BITS), 0)
        if bits == 1:
            return int(bool(value))
        if not bits:
            return int(value) if words & {"long", "size_t", "int64_t", "uint64_t"} else value
        number = int(value) & ((1 << bits) - 1)
        unsigned = bool(words & {"unsigned"}) or type_.startswith("uint")
        return number if unsigned or number < 1 << (bits - 1) else number - (1 << bits)
    if isinstance(value, Unknown) and not value.kind and words & set(_BITS):
        return Unknown(value.name, "int", value.place)
    return value


def register_named(name: str) -> Reg | Dirs | None:
    """The register or direction of a name, whatever spelling of the SDK's it is."""
    canonical = isa.ALIASES.get(name, name)
    if canonical in isa.ALL_REGISTERS:
        return Reg(canonical, user=True)
    return Dirs((name,)) if name in isa.DIRECTIONS else None


def scalars(value: Value) -> int:
    return max(sum(scalars(v) for v in value.items), 1) if isinstance(value, Array) else 1


FUNCTIONS: dict[str, Callable[..., int | float]] = {
    "abs": abs, "fabs": abs, "min": min, "max": max, "fmin": min, "fmax": max, "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)), "round": lambda x: float(math.floor(abs(x) + 0.5) * (1 if x >= 0 else -1)),
    "sqrt": math.sqrt, "pow": math.pow, "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp,
    "log": math.log, "log2": math.log2, "atan2": math.atan2, "atan": math.atan, "lround": lambda x: math.floor(x + 0.5),
    "clamp": lambda x, low, high: min(max(x, low), high),
}  # fmt: skip
FUNCTIONS |= {
    f"{n}f": FUNCTIONS[n] for n in ("floor", "ceil", "round", "sqrt", "pow", "sin", "cos", "tan", "exp", "log")
}
"""Functions of the C library that tables and positions are computed with."""
