"""The object that a user holds: a pixel-processor array that sees images and runs programs."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa, readout
from scamp_sim.chip.host import words_of
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import GREY_TO_PIX, analog_plane, bit_plane, check_shape, image_plane
from scamp_sim.chip.program import HostCall, Output, Program
from scamp_sim.costs.timing import Profile, Timing, load_timing
from scamp_sim.displays import Pictured, Shown
from scamp_sim.engine import make_engine
from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError, ScampWarning
from scamp_sim.machine import tape
from scamp_sim.machine.calls import check_program, one_call
from scamp_sim.machine.debugger import Position, Stepper
from scamp_sim.machine.decay_clock import Clocked
from scamp_sim.machine.drawing import Drawn, paint
from scamp_sim.machine.feeding import from_grey, image_target, input_register
from scamp_sim.machine.host_calls import HostCalls
from scamp_sim.machine.outputs import Outputs
from scamp_sim.machine.results import Readouts
from scamp_sim.machine.snapshot import Snapshot
from scamp_sim.machine.spending import MOST, Spending
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.setup import Errors, load_errors, whole

_READ_ONLY = ("IN", "SELECT", "RECT")
_IN_OFF = Program("IN off", {}, (HostCall("scamp5_load_in", (0,)),))


@dataclass(frozen=True)
class Run(Shown):
    """What one run gave.

    outputs: name -> upright plane, float32 (LSB) or bool, as it was when the program took it; what a readout function
        gives is as `scamp_sim.machine.host_calls` says, an array or an int. A program without results gives every
        register that it writes, by register name.
    profile: what it cost.
    """

    outputs: Mapping[str, Any]
    profile: Profile
    program: Program = field(repr=False, compare=False)
    options: ArrayOptions = field(repr=False, compare=False)

    def __repr__(self) -> str:
        names = ", ".join(self.outputs) or "none"
        return f"<Run of {self.profile.program}: {self.profile.time_us:,.1f} us; outputs: {names}>"

    def payload(self, name: str) -> bytes:
        """The bytes of one result in the order in which they leave the chip, without headers."""
        named = {s.name if isinstance(s, Output) else s.result: s for s in self.program.readouts}
        if name not in named or not name:
            raise ProgramError(f"the run has no readout '{name}'{isa.did_you_mean(name, named)}")
        bits = readout.stack_bits(self.program).get(name, 8)
        return readout.payload(named[name], self.outputs[name], self.profile.shape, self.options, bits)


class Machine(HostCalls, Pictured):
    """An array of processing elements with its controller.

    shape: (rows, columns), multiples of 64 up to 1024.
    errors: a chip profile: its name ("ideal", "scamp5"), a file, a ChipProfile.
    timing: name or path of a price table.
    engine: "fast" or "reference"; both give the same planes.
    chip: serial of the chip, which fixes its patterns for good.
    seed: of the noise of this measurement. `ideal` needs neither.
    options: choices where the facts about the chip are open.

    Host functions are methods, under their SDK names without the prefix: `m.scan_events("R5", 100)`.

    A new machine holds zeros, FLAG is all ones, PIX is at its reset level. Raises PlaneError or ProgramError.
    """

    def __copy__(self) -> NoReturn:
        """Refused: a copy would share its planes with this machine."""
        raise ProgramError("a Machine cannot be copied; make another one, and give it what read() tells of this one")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise ProgramError("a Machine cannot be pickled; make one where it is needed, and send it planes and programs")

    def __init__(
        self,
        shape: tuple[int, int] = (256, 256),
        errors: Errors = "ideal",
        timing: str | Timing = "scamp5d",
        engine: str = "fast",
        seed: int = 0,
        *,
        chip: int = 0,
        options: ArrayOptions | None = None,
    ) -> None:
        self.shape = check_shape(shape)
        self.chip, self.seed = whole(chip, "chip"), whole(seed, "seed")
        self.errors = load_errors(errors, self.shape, self.chip, self.seed)
        if isinstance(self.errors, ChipErrors):
            self.chip = self.errors.serial
        self.timing = timing if isinstance(timing, Timing) else load_timing(timing)
        self.options = ArrayOptions() if options is None else options
        if options is not None and not isinstance(options, ArrayOptions):
            raise ProgramError(f"options is {options!r:.60}; give ArrayOptions(...)")
        self.backdoor_reads = 0
        self.backdoor_writes = 0
        self._mark = object()
        self._exposures = 0
        self._engine = make_engine(engine, self.shape, self.errors, self.options)
        self._spending = Spending(self.timing, self.shape, self.options)
        self._clocked = Clocked(self.errors, self._engine, self._spending.us) if self.errors.decays else None
        self._see = self._engine.read if self._clocked is None else self._clocked.read
        self._readouts = Readouts(self._see, self.errors, self.shape, self.options)
        self._calls: dict[tuple[Any, ...], Program] = {}
        self._drawn: dict[tuple[str, int], Program] = {}
        self._drawing = isa.DRAWING
        self._stepper: Stepper | None = None
        self._finished: Run | None = None

    def __repr__(self) -> str:
        rows, columns = self.shape
        chip = f", chip {self.chip}, seed {self.seed}" if isinstance(self.errors, ChipErrors) else ""
        return f"<Machine {rows}x{columns}, {self.errors.name}{chip}>"

    def expose(self, image: Any, resize: bool = False) -> None:
        """Let the photodiodes see an image: (rows, columns), 0 dark to 255 bright, upright.

        PIX rises from its reset level by 127 for full white (D KIM: the half-range image is 0..127).

        resize: crop and scale an image of another size.

        Raises PlaneError.
        """
        tape.note(self._mark, lambda: tape.Exposed(tape.kept(image), resize))
        self._expose(image, resize)

    def _expose(self, image: Any, resize: bool = False) -> None:
        plane = image_plane(image, self.shape, resize)
        plane *= np.float32(GREY_TO_PIX)
        plane += np.float32(self.options.pix_reset)
        self._engine.write("PIX", self.errors.exposed(plane, self._exposures, self.options.pix_reset))
        self._exposures += 1

    def reseed(self, seed: int) -> None:
        """Begin another measurement on the same chip: noise of another seed, words, exposures and readouts counted
        again, ages of registers too. What registers hold stays. Raises ProgramError."""
        tape.note(self._mark, lambda: tape.Reseeded(seed))
        self._reseed(seed)

    def _reseed(self, seed: int) -> None:
        self.seed = whole(seed, "seed")
        if isinstance(self.errors, ChipErrors):
            self.errors = self.errors.reseeded(self.seed)
        self._engine.restart(self.errors)
        self._exposures = 0
        self._readouts.restart(self.errors)
        if self._clocked is not None:
            self._clocked.restart()

    def renew(self, seed: int = 0) -> None:
        """Begin another measurement on the same chip as a new machine would: as `reseed`, and what registers, FLAG,
        PIX, IN and the address lines hold is forgotten, as is what was drawn, stacked, loaded and spent. Programs stay
        prepared, so it takes less time than a new machine. Raises ProgramError."""
        seed = whole(seed, "seed")
        tape.note(self._mark, lambda: tape.Renewed(seed))
        self._engine.run(_IN_OFF)  # engines also note whether IN is at its top
        for register in (*isa.ANALOG, *isa.ANALOG_INPUTS):
            level = self.options.pix_reset if register == "PIX" else 0
            self._engine.write(register, np.full(self.shape, level, np.float32))
        for register in (*isa.DIGITAL_SOURCES, isa.LATCH):
            self._engine.write(register, np.full(self.shape, register == "FLAG"))
        self._drawing = isa.DRAWING
        self._readouts.forget()
        self._stepper = self._finished = None
        self.backdoor_reads = self.backdoor_writes = 0
        self.reset_spent()
        self._reseed(seed)

    def wait(self, seconds: float) -> None:
        """Let time pass in which the array does nothing, so that registers decay. Raises ProgramError."""
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
            raise ProgramError(f"wait: seconds must be at least 0, got {seconds!r:.40}")
        tape.note(self._mark, lambda: tape.Waited(float(seconds)))
        if self._clocked is not None:
            self._clocked.passed(float(seconds))

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
        tape.note(self._mark, lambda: tape.Wrote(name, tape.kept(plane)))
        self._store(name, plane, name)
        self.backdoor_writes += 1

    def read(self, register: str) -> npt.NDArray[Any]:
        """A copy of a register's plane, upright: float32 in LSB, or bool.

        Costs nothing on the chip because the chip has no such way out; `backdoor_reads` counts the uses.
        Raises RegisterError.
        """
        name = self._plane_name(register)
        self.backdoor_reads += 1
        return self._see(name)

    def run(self, program: Program, inputs: Mapping[str, Any] | None = None, *, registers: bool = True) -> Run:
        """Carry out a program on the present state of the array.

        inputs: name -> plane for each input that the program declares: an image 0..255 for PIX, LSB for analog
            registers, bool for bits. Registers keep their contents from run to run.
        registers: whether a program without results gives the registers that it writes. They are copied when they are
            looked at, or before the array changes while the Run is still held.

        Raises ProgramError, PlaneError.
        """
        tape.note(self._mark, lambda: tape.Ran(program, tape.kept(inputs)))
        self._prepare(program, inputs)
        return self._run(program, self._carry_out(program), registers)

    def run_frames(
        self, program: Program, frames: Iterable[Any], inputs: Mapping[str, Any] | None = None, *, to: str | None = None
    ) -> Iterator[Run]:
        """Carry out a program on one frame after another; registers keep their contents, so that state stays.

        frames: grey images (rows, columns) of the array's shape, 0 dark to 255 bright, as `scamp_sim.frames` gives.
        inputs: what the program is given beside, before every frame.
        to: the input or register that the frames go to; None: the one on PIX, else the only one (as `run --image`).
            A register gets grey - 128 if it is analog, grey >= 128 if it holds bits.

        Yields the Run of each, when it is asked for. Raises ProgramError, PlaneError.
        """
        if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable):
            raise ProgramError(
                f"frames: expected images, got {frames!r:.60}; scamp_sim.frames(path, machine.shape) reads files"
            )
        self.check(program)
        beside = {} if inputs is None else dict(inputs)
        name = image_target(program, beside) if to is None else to
        register = input_register(program, name)
        declared = any(i.name == name for i in program.inputs)
        for image in frames:
            plane = image_plane(image, self.shape)
            if declared:
                yield self.run(program, {**beside, name: from_grey(plane, register)})
                continue
            if register == "PIX":
                self.expose(plane)
            else:
                values = from_grey(plane, register)
                tape.note(self._mark, lambda values=values: tape.Wrote(register, values))  # type: ignore[misc]
                self._store(register, values, name)
            yield self.run(program, beside or None)

    def load(
        self, program: Program, inputs: Mapping[str, Any] | None = None, breakpoints: Iterable[Any] = ()
    ) -> Position:
        """Prepare a run, as `run` does, without carrying anything out; `step` and `resume` then do.

        breakpoints: source lines of the main file, or (file, line). Between steps, `read` shows every plane and
        `write` changes it. Raises ProgramError, PlaneError.
        """
        if not isinstance(program, Program):
            self.check(program)
        stepper = Stepper(program, self._engine.run, self._readouts.results, breakpoints, self._issued, self._settled)
        self._prepare(program, inputs)
        if self._clocked is not None:
            self._clocked.begin(program)
        self._stepper, self._finished = stepper, None
        self._note_end()
        return stepper.position

    def step(self, count: int = 1) -> Position | None:
        """Carry out the next word, host call or output of the loaded program, or the next `count` of them.

        Returns where execution stands, or None if the program had ended before. Breakpoints do not stop it. Raises
        ProgramError.
        """
        position = self._loaded().step(count)
        self._note_end()
        return position

    def resume(self) -> Position | None:
        """Carry on to the next breakpoint: where it stopped, before the first word of that line, or None at the end.

        Raises ProgramError.
        """
        position = self._loaded().resume()
        self._note_end()
        return position

    @property
    def put_out(self) -> Mapping[str, Any]:
        """What the loaded program has put out so far, by name. Raises ProgramError if none is loaded."""
        return dict(self._loaded().outputs)

    def snapshot(self) -> Snapshot:
        """All that decides what comes next: planes, where noise and ages stand, how far a loaded program is.

        `restore` goes back there; what is done then gives the same bits as what was done the first time.
        """
        return Snapshot(
            machine=self._mark,
            errors=self.errors,
            engine=self._engine.save(),
            clock=None if self._clocked is None else self._clocked.save(),
            exposures=self._exposures,
            readouts=self._readouts.save(),
            drawing=self._drawing,
            stepper=None if self._stepper is None else (self._stepper, self._stepper.save()),
            finished=self._finished,
            spent=self._spending.save(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to where this machine was. Raises ProgramError for a snapshot of another machine."""
        if not isinstance(snapshot, Snapshot):
            raise ProgramError(f"expected what machine.snapshot() gave, got {type(snapshot).__name__}")
        if snapshot.machine is not self._mark:
            raise ProgramError("the snapshot is of another machine; a machine goes back to its own snapshots only")
        if snapshot.errors is not self.errors:
            self.errors = snapshot.errors
            self._engine.restart(snapshot.errors)
            self.seed = getattr(snapshot.errors, "seed", self.seed)
        self._engine.restore(snapshot.engine)
        if self._clocked is not None and snapshot.clock is not None:
            self._clocked.restore(snapshot.clock)
        self._readouts.restore(snapshot.readouts, self.errors)
        self._spending.restore(snapshot.spent)
        self._exposures, self._drawing = snapshot.exposures, snapshot.drawing
        self._stepper, self._finished = None, snapshot.finished
        if snapshot.stepper is not None:
            self._stepper, state = snapshot.stepper
            self._stepper.restore(state)

    @property
    def finished(self) -> Run | None:
        """What the loaded program gave, as `run` would have returned it; None until it has ended."""
        return self._finished

    def _issued(self, call: HostCall) -> int:
        """Instruction words that a host routine issues on this machine."""
        return len(words_of(call, self.shape, self.options))

    def _settled(self, steps: int) -> None:
        """So many steps of the loaded program are over; their time has passed."""
        if self._clocked is not None:
            self._clocked.settle(steps)

    def _loaded(self) -> Stepper:
        if self._stepper is None:
            raise ProgramError("no program is loaded; load one first: machine.load(program)")
        return self._stepper

    def _note_end(self) -> None:
        stepper = self._loaded()
        if stepper.ended and self._finished is None:
            self._settled(len(stepper.program.steps))
            self._spending.count(stepper.program)
            self._finished = self._run(stepper.program, stepper.outputs)

    def _prepare(self, program: Program, inputs: Mapping[str, Any] | None) -> None:
        if not self._spending.knows(program):
            self.check(program)
        if program.inputs or inputs is not None:
            self._give(program, {} if inputs is None else inputs)

    def _run(self, program: Program, outputs: dict[str, Any], registers: bool = True) -> Run:
        if not program.readouts:
            later = dict(zip(program.written, program.written, strict=True)) if registers else {}
        else:
            later = {name: value for name, value in outputs.items() if isinstance(value, str)}
        given: Mapping[str, Any] = outputs
        if later:
            given = Outputs(outputs, later, self._see)
            self._engine.watch(given)
        return Run(given, self._spending.profile(program), program, self.options)

    @property
    def spent(self) -> Profile:
        """What everything that ran on this machine has cost, programs and host functions, since `reset_spent`."""
        return self._spending.total

    def reset_spent(self) -> None:
        """Begin to count again in `spent`."""
        self._spending.reset()

    def _carry_out(self, program: Program) -> dict[str, Any]:
        """Run a checked program, count its cost, and work out what its readouts give."""
        planes = self._execute(program)
        self._spending.count(program)
        return self._readouts.results(program.readouts, iter(planes)) if program.readouts else {}

    def _execute(self, program: Program) -> Sequence[Any]:
        """Carry out a program on the array, with the decay that its time brings; the planes that it takes."""
        if self._clocked is not None:
            return self._clocked.run(program)
        return self._engine.run(program, lazily=self.errors.exact)

    @property
    def draws_at_once(self) -> bool:
        """Whether `draw` may be used: on a chip with errors every word of a drawing counts."""
        return self.errors.exact and self._clocked is None

    def draw(self, drawn: Drawn) -> None:
        """Carry out drawing calls as `run` would, without preparing a program: for places that do not come again.

        drawn: checked host calls which only set bits, none of R12, each with the places that `chip.host.drawn` gives.
        """
        assert self.draws_at_once
        tape.note(self._mark, lambda: tape.Ran(Program("drawing", {}, tuple(c for c, _ in drawn)), None))
        paint(self._engine, drawn, self.shape)
        alike = {(call.name, len(places)): call for call, places in drawn}  # these have the same price
        for key, times in Counter((call.name, len(places)) for call, places in drawn).items():
            if key not in self._drawn:
                self._drawn[key] = Program(alike[key].name, {}, (alike[key],))
            self._spending.count(self._drawn[key], times)

    def call(self, name: str, *operands: Any) -> Any:
        """Carry out one host function, by its name in the SDK, with or without the prefix scamp5_; what it gives.

        A rectangle that is upside down and a constant near the rails are carried out with a ScampWarning. Raises
        ProgramError.
        """
        if not isinstance(name, str):
            raise ProgramError(f"expected a host function name such as 'scamp5_in', got {name!r:.40}")
        for o in operands:
            if not isinstance(o, Hashable):
                raise ProgramError(f"operand {o!r:.40} of {name}: expected a register name or an integer")
        key = (name, self._drawing, *operands)
        program = self._calls.get(key)
        if program is None:
            program = one_call(name, operands, self._drawing)
            self.check(program)
            if len(self._calls) >= MOST:
                self._calls.clear()
            self._calls[key] = program
        tape.note(self._mark, lambda: tape.Ran(program, None))
        (step,) = program.steps
        assert isinstance(step, HostCall)
        given = [r for r, o in step.registers if o.use != "reads"]
        if "R12" in given and "R12" not in step.form.writes and not self._engine.read("R0").all():
            warnings.warn(
                f"{step.name} writes R12 only where R0 is 1, and R0 is not all ones", ScampWarning, stacklevel=3
            )
        result = self._carry_out(program).get(step.result)
        match step.name:
            case "scamp5_draw_begin":
                self._drawing = str(step.args[0])
            case "scamp5_draw_end":
                self._drawing = isa.DRAWING
            case "scamp5_draw_point":
                r, c = step.args[:2]
                return 0 <= int(r) < self.shape[0] and 0 <= int(c) < self.shape[1]
        return result

    def check(self, program: Program) -> None:
        """Whether this machine can run a program. Raises ProgramError that says why not."""
        check_program(program, self.shape)

    def _give(self, program: Program, inputs: Mapping[str, Any]) -> None:
        if not isinstance(inputs, Mapping):
            raise ProgramError(
                f"inputs: expected a dict of names, such as {{'image': plane}}, got {type(inputs).__name__}"
            )
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
                self._expose(plane)
            else:
                self._store(declared[name], plane, f"input '{name}'")

    def _store(self, register: str, plane: Any, what: str) -> None:
        if register not in (*isa.ANALOG, *isa.ANALOG_INPUTS):
            self._engine.write(register, bit_plane(plane, self.shape, what))
            self._note_write(register)
            return
        values = analog_plane(plane, self.shape, what)
        if np.abs(values).max() > self.errors.limit:
            raise PlaneError(
                f"{what}: {np.abs(values).max():g} is beyond the {self.errors.limit:g} LSB a register can hold"
            )
        self._engine.write(register, values)
        self._note_write(register)

    def _note_write(self, register: str) -> None:
        if self._clocked is not None:
            self._clocked.wrote(register)

    def _plane_name(self, register: str) -> str:
        name = isa.register(register)
        if name in isa.PORTS:
            raise RegisterError(f"{name} is a neighbour's NEWS, not a register; use NEWS")
        return name
