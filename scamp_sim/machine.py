"""The object that a user holds: a pixel-processor array that sees images and runs programs."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim import isa
from scamp_sim.engine import make_engine
from scamp_sim.errors import ErrorModel, load_errors
from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError
from scamp_sim.options import ArrayOptions
from scamp_sim.planes import GREY_TO_PIX, Bits, Floats, analog_plane, bit_plane, check_shape, image_plane
from scamp_sim.program import HostCall, Program
from scamp_sim.timing import Profile, Timing, load_timing, profile

_READ_ONLY = ("IN", "SELECT", "RECT")


@dataclass(frozen=True)
class Run:
    """What one run gave.

    outputs: name -> upright plane, float32 (LSB) or bool, as it was when the program took it. A program without outputs
    gives every register that it writes, by register name. profile: what it cost.
    """

    outputs: Mapping[str, npt.NDArray[Any]]
    profile: Profile


class Machine:
    """An array of processing elements with its controller.

    shape: (rows, columns), multiples of 64 up to 1024. errors: name of an error model, or one. timing: name or path
    of a price table. engine: "fast" or "reference"; both give the same planes. seed: for error models that draw
    random numbers; `ideal` draws none.
    options: choices where the facts about the chip are open.

    A new machine holds zeros, FLAG is all ones, PIX is at its reset level. Raises PlaneError or ProgramError.
    """

    def __init__(
        self,
        shape: tuple[int, int] = (256, 256),
        errors: str | ErrorModel = "ideal",
        timing: str | Timing = "scamp5d",
        engine: str = "fast",
        seed: int = 0,
        *,
        options: ArrayOptions | None = None,
    ) -> None:
        self.shape = check_shape(shape)
        self.errors = load_errors(errors)
        self.timing = timing if isinstance(timing, Timing) else load_timing(timing)
        self.options = options or ArrayOptions()
        self.seed = seed
        self.backdoor_reads = 0
        self.backdoor_writes = 0
        self._engine = make_engine(engine, self.shape, self.errors, self.options)
        self._profiles: weakref.WeakKeyDictionary[Program, Profile] = weakref.WeakKeyDictionary()

    def expose(self, image: Any, resize: bool = False) -> None:
        """Let the photodiodes see an image: (rows, columns), 0 dark to 255 bright, upright.

        PIX rises from its reset level by 127 for full white (D KIM: the half-range image is 0..127).
        resize: crop and scale an image of another size. Raises PlaneError.
        """
        plane = image_plane(image, self.shape, resize)
        self._engine.write("PIX", plane * np.float32(GREY_TO_PIX) + np.float32(self.options.pix_reset))

    def write(self, register: str, plane: Any) -> None:
        """Set a register behind the program's back: an upright plane, or one value for all PEs.

        Costs nothing on the chip because the chip has no such way in; `backdoor_writes` counts the uses.
        Raises RegisterError, PlaneError.
        """
        name = self._plane_name(register)
        if name in _READ_ONLY:
            raise RegisterError(
                f"{name} is not storage and cannot be written; use a scamp5_ host function in a program"
            )
        self._store(name, plane, name)
        self.backdoor_writes += 1

    def read(self, register: str) -> npt.NDArray[Any]:
        """A copy of a register's plane, upright: float32 in LSB, or bool.

        Costs nothing on the chip because the chip has no such way out; `backdoor_reads` counts the uses.
        Raises RegisterError.
        """
        name = self._plane_name(register)
        self.backdoor_reads += 1
        return self._engine.read(name)

    def run(self, program: Program, inputs: Mapping[str, Any] | None = None) -> Run:
        """Carry out a program on the present state of the array.

        inputs: name -> plane for each input that the program declares: an image 0..255 for PIX, LSB for analog
        registers, bool for bits. Registers keep their contents from run to run. Raises ProgramError, PlaneError.
        """
        if program not in self._profiles:
            self._check(program)
        if program.inputs or inputs is not None:
            self._give(program, {} if inputs is None else inputs)
        planes = self._engine.run(program)
        if program.outputs:
            outputs: dict[str, Floats | Bits] = {o.name: p for o, p in zip(program.outputs, planes, strict=True)}
        else:
            outputs = {register: self._engine.read(register) for register in program.written}
        return Run(outputs, self._profile(program))

    def _check(self, program: Program) -> None:
        if not isinstance(program, Program):
            raise ProgramError(f"run takes a Program, not {program!r}; make one with compiler.assemble(...)")
        rows, columns = self.shape
        if program.shape not in (None, self.shape):
            wanted = "{}x{}".format(*program.shape)
            raise ProgramError(f"program '{program.name}' is for an array of {wanted}; this one is {rows}x{columns}")
        for step in program.steps:
            if not isinstance(step, HostCall) or not step.name.endswith(("_point", "_pattern")):
                continue
            row, column = [a for a in step.args if isinstance(a, int)][:2]
            if not (0 <= row < rows and 0 <= column < columns):
                raise ProgramError(
                    f"{step.name} names row {row}, column {column}, but this array has rows 0..{rows - 1} and "
                    f"columns 0..{columns - 1}"
                )

    def _give(self, program: Program, inputs: Mapping[str, Any]) -> None:
        if not isinstance(inputs, Mapping):
            raise ProgramError(f"inputs go by name: inputs={{'name': plane}}, not {type(inputs).__name__}")
        declared = {i.name: i.register for i in program.inputs}
        for name in inputs:
            if name not in declared:
                near = isa.did_you_mean(name, declared)
                known = ", ".join(declared) or "none"
                raise ProgramError(f"program '{program.name}' has no input '{name}'{near} (inputs: {known})")
        # An image that was exposed before the run serves an input from PIX.
        missing = [n for n, register in declared.items() if n not in inputs and register != "PIX"]
        if missing:
            raise ProgramError(
                f"program '{program.name}' needs input '{missing[0]}'; give inputs={{'{missing[0]}': ...}}"
            )
        for name, plane in inputs.items():
            if declared[name] == "PIX":
                self.expose(plane)
            else:
                self._store(declared[name], plane, f"input '{name}'")

    def _store(self, register: str, plane: Any, what: str) -> None:
        if register not in (*isa.ANALOG, *isa.ANALOG_INPUTS):
            self._engine.write(register, bit_plane(plane, self.shape, what))
            return
        values = analog_plane(plane, self.shape, what)
        if np.abs(values).max() > self.errors.limit:
            raise PlaneError(
                f"{what}: {np.abs(values).max():g} is beyond the {self.errors.limit:g} LSB a register can hold"
            )
        self._engine.write(register, values)

    def _plane_name(self, register: str) -> str:
        name = isa.register(register)
        if name in isa.PORTS:
            raise RegisterError(f"{name} is a neighbour's NEWS, not storage of its own; use NEWS")
        return name

    def _profile(self, program: Program) -> Profile:
        if program not in self._profiles:
            self._profiles[program] = profile(program, self.timing, self.shape)
        return self._profiles[program]
