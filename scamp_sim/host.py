"""What the microcontroller's routines do to the array: a host call becomes a short list of actions.

An action is an instruction word or one of the settings that the controller can change from outside. Both engines carry
out the same lists, so a host function is written once, here.

The words inside the vendor's routines are not published. Lists here have the effect that is documented and the number
of words that published programs suggest (load_pattern 2, load_rect 3, load_in 2: I).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from scamp_sim import isa
from scamp_sim.exceptions import ProgramError
from scamp_sim.planes import Bits
from scamp_sim.program import HostCall, Word


@dataclass(frozen=True, slots=True)
class SetIn:
    """The DAC drives IN with `value` LSB in all PEs."""

    value: int


@dataclass(frozen=True, slots=True)
class SetAddress:
    """The address latches change. SELECT and RECT both show what they match (D: one set of latches; I: both views).

    Chip addresses. A pattern is (r, c, rx, cx): PEs whose row and column equal r and c outside the bits set in rx, cx.
    A rectangle is (r0, c0, r1, c1): top-right and bottom-left corner, both included.
    """

    kind: str  # "pattern" or "rect"
    r: int
    c: int
    r1: int
    c1: int


Action = Word | SetIn | SetAddress


def address_mask(action: SetAddress, shape: tuple[int, int]) -> Bits:
    """The PEs that the latches match, upright. The one place where chip columns, counted from the right, turn round."""
    rows = np.arange(shape[0])[:, None]
    columns = np.arange(shape[1])[::-1][None, :]
    a = action
    if a.kind == "pattern":
        match: Bits = ((rows & ~a.r1) == (a.r & ~a.r1)) & ((columns & ~a.c1) == (a.c & ~a.c1))
        return match
    # A rectangle that is upside down is empty (Q19).
    inside: Bits = (rows >= a.r) & (rows <= a.r1) & (columns >= a.c) & (columns <= a.c1)
    return inside


def _load_in(register: str, value: int, temp: str) -> list[Action]:
    return [SetIn(value), Word("bus", (temp,), ("IN",)), Word("bus", (register,), (temp,))]


def _load(register: str, address: SetAddress) -> list[Action]:
    if address.kind == "pattern":
        return [address, Word("CLR", (register,)), Word("MOV", (register,), ("SELECT",))]
    return [address, Word("CLR", (register,)), Word("CLR", (register,)), Word("MOV", (register,), ("RECT",))]


def actions(call: HostCall) -> list[Action]:
    """What a host call does, in order. Raises ProgramError for a call that is not in the table."""
    form = isa.host_form(call.name, len(call.args))
    if form is None or len(call.args) != len(form.operands):
        raise ProgramError(f"host function '{call.name}' with {len(call.args)} operands is not known")
    match call.name, call.args:
        case (("scamp5_in" | "scamp5_load_in"), (register, value, temp)):
            return _load_in(str(register), int(value), str(temp))
        case "scamp5_load_in", (value,):
            return [SetIn(int(value))]
        case "scamp5_load_point", (register, r, c):
            return _load(str(register), SetAddress("pattern", int(r), int(c), 0, 0))
        case "scamp5_load_pattern", (register, *numbers):
            return _load(str(register), SetAddress("pattern", *cast(list[int], numbers)))
        case "scamp5_load_rect", (register, *numbers):
            return _load(str(register), SetAddress("rect", *cast(list[int], numbers)))
        case "scamp5_select_point", (r, c):
            return [SetAddress("pattern", int(r), int(c), 0, 0)]
        case "scamp5_select_pattern", numbers:
            return [SetAddress("pattern", *cast(tuple[int, int, int, int], numbers))]
        case "scamp5_select_rect", numbers:
            return [SetAddress("rect", *cast(tuple[int, int, int, int], numbers))]
        case "scamp5_kernel_all", ():
            return [Word("all")]
        case "scamp5_kernel_refresh_dreg", ():
            return [w for r in isa.DIGITAL for w in (Word("REFRESH_R", (), (r,)), Word("REFRESH_L", (r,)))]
    raise ProgramError(f"host function '{call.name}' has no actions yet")
