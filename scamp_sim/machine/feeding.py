"""Which register a picture feeds, and what the register gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Launch, Output, Program
from scamp_sim.exceptions import OptionError, ProgramError, RegisterError


def image_target(program: Program, bound: Mapping[str, str]) -> str:
    """The input, or the register, that `--image` feeds, given what `--input` binds already.

    A declared input: the one on PIX, or the only one left. Without declared inputs: PIX, or, in a program that never
    reads PIX, the one analog register that is read before anything is written there (the convention of generated
    kernels, whose image is in a register already). Raises ProgramError if that leaves several.
    """
    free = [i for i in program.inputs if i.name not in bound]
    on_pix = [i.name for i in free if i.register == "PIX"]
    if on_pix:
        return on_pix[0]
    if len(free) == 1:
        return free[0].name
    if free:
        names = ", ".join(i.name for i in free)
        raise ProgramError(
            f"{program.name} has several inputs ({names}); name one for each picture: --input {free[0].name}=PATH"
        )
    if program.inputs:
        raise OptionError(f"--image cannot be used: --input already provides every input of {program.name}")
    first = [r for r in read_first(program) if r not in bound]
    if "PIX" in first or not first:
        return "PIX"
    if len(first) == 1:
        return first[0]
    raise ProgramError(
        f"{program.name} declares no input and reads {', '.join(first)} before writing them; name the target of "
        f"each picture: --input {first[0]}=PATH"
    )


def read_first(program: Program) -> list[str]:
    """PIX and analog registers that the program reads before it writes them, in table order."""
    written: set[str] = set()
    found: set[str] = set()
    for step in program.steps:
        if isinstance(step, Launch):
            for word in program.kernels[step.kernel].words:
                found |= word.reads - written
                written |= word.writes
        elif isinstance(step, HostCall):
            found |= set(step.reads) - written
            written.update(step.writes)
        elif isinstance(step, Output):
            found |= {step.register} - written
    return [r for r in ("PIX", *isa.ANALOG) if r in found and r != "NEWS"]


def input_register(program: Program, name: str) -> str:
    """The register behind the name of an input, or behind a register name given in its place."""
    for declared in program.inputs:
        if declared.name == name:
            return declared.register
    try:
        register = isa.register(name)
    except RegisterError:
        names = [i.name for i in program.inputs]
        near = isa.did_you_mean(name, [*names, *isa.ANALOG, *isa.DIGITAL])
        has = f"inputs of {program.name}: {', '.join(names)}" if names else f"{program.name} declares no input"
        raise ProgramError(f"unknown input or register '{name}'{near} ({has})") from None
    if register not in ("PIX", *isa.ANALOG, *isa.DIGITAL):
        raise ProgramError(f"'{name}' cannot be set from outside; expected PIX, an analog register or R0..R12")
    return register


def from_grey(image: npt.NDArray[Any], register: str) -> npt.NDArray[Any]:
    """A grey picture as the values of a register, same shape: PIX as it is, analog grey - 128, bits grey >= 128."""
    if register == "PIX":
        return image
    if register in isa.DIGITAL:
        return image >= 128
    return image.astype(np.float32) - np.float32(128)


__all__ = ["from_grey", "image_target", "input_register", "read_first"]
