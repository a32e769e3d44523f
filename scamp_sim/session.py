"""One request of the command line: bind images to a program's inputs, run every frame on one machine, write pictures.

Everything that can be wrong with the request is looked at before the first frame runs, so that a failure leaves nothing
behind.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim import isa, render
from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError
from scamp_sim.planes import check_shape
from scamp_sim.program import HostCall, Launch, Output, Program
from scamp_sim.timing import Profile, Timing

SHEET = "contact-sheet.png"


@dataclass(frozen=True)
class Request:
    """What to run and where to put it. `images`: one per frame. `inputs`: input or register name -> file.

    `keep_image`: file name under which the image, as the array saw it, is written too.
    """

    program: Program
    timing: Timing
    images: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    shape: tuple[int, int] = (256, 256)
    resize: bool = False
    errors: str = "ideal"
    engine: str = "fast"
    seed: int = 0
    out: str | None = None
    planes: bool = False
    stretch: bool = False
    keep_image: str | None = None


@dataclass(frozen=True)
class Frame:
    """What one frame gave. `outputs`: name -> plane; `files`: name -> picture of it, where pictures were asked for."""

    image: str | None
    outputs: Mapping[str, npt.NDArray[Any]]
    files: Mapping[str, Path]
    sheet: Path | None

    def as_dict(self) -> dict[str, Any]:
        """Names, numbers and paths, ready for JSON."""
        outputs = {
            name: {**render.plane_summary(plane), "file": str(self.files[name]) if name in self.files else None}
            for name, plane in self.outputs.items()
        }
        return {"image": self.image, "outputs": outputs, "sheet": str(self.sheet) if self.sheet else None}

    def lines(self) -> list[str]:
        """The frame as text: every output in numbers, with the path of its picture."""
        wide = max((len(n) for n in self.outputs), default=0)
        numbers = {name: render.summary_text(plane) for name, plane in self.outputs.items()}
        middle = max((len(t) for t in numbers.values()), default=0)
        lines = [str(self.image)] if self.image else []
        for name, text in numbers.items():
            lines.append(f"  {name:{wide}}  {text:{middle}}  {self.files.get(name, '')}".rstrip())
        if self.sheet:
            lines.append(f"  all on one sheet: {self.sheet}")
        return lines


def carry_out(request: Request) -> tuple[list[Frame], Profile]:
    """Run the request. Raises ScampError before anything is written if it cannot be done."""
    program = request.program
    shape = check_shape(request.shape)
    if request.out is not None:
        render.check_folder(request.out)
    target = image_target(program, request.inputs) if request.images else None
    extra = {name: _load(path, name, _register(program, name), request, shape) for name, path in request.inputs.items()}
    images = [render.load_image(path, shape, request.resize) for path in request.images]
    _complete(program, {*extra, *([target] if target else [])})

    from scamp_sim import Machine

    machine = Machine(
        shape=shape, errors=request.errors, timing=request.timing, engine=request.engine, seed=request.seed
    )
    declared = {i.name for i in program.inputs}
    frames: list[Frame] = []
    steps: Sequence[npt.NDArray[np.uint8] | None] = images or [None]
    profile: Profile | None = None
    if request.engine == "fast":
        announce_compilation()
    with progress(len(steps)) as advance:
        for number, image in enumerate(steps):
            given: dict[str, npt.NDArray[Any]] = dict(extra)
            if image is not None:
                given[str(target)] = from_grey(image, _register(program, str(target)))
            for name in [n for n in given if n not in declared]:
                plane = given.pop(name)
                if name == "PIX":
                    machine.expose(plane)
                else:
                    machine.write(name, plane)
            run = machine.run(program, inputs=given)
            profile = run.profile
            shown = dict(run.outputs)
            if request.planes:
                shown.update({r: machine.read(r) for r in program.written if r not in shown})
            frames.append(_write(request, profile, number, image, shown))
            advance()
    assert profile is not None
    return frames, profile


def _write(
    request: Request, profile: Profile, number: int, image: npt.NDArray[np.uint8] | None, planes: dict[str, Any]
) -> Frame:
    source = request.images[number] if request.images else None
    if request.out is None:
        return Frame(source, planes, {}, None)
    prefix = f"{number:03}-" if len(request.images) > 1 else ""
    pictures = {f"{prefix}{name}.png": render.picture_of(plane, request.stretch) for name, plane in planes.items()}
    registers = {o.name: o.register for o in request.program.outputs}
    tiles = [] if image is None else [render.Tile("image", image)]
    for name, plane in planes.items():
        taken = [planes[o.name] for o in request.program.outputs if o.register == name]
        if not any(np.array_equal(plane, p) for p in taken):  # the sheet shows a register once, as the output it is
            tiles.append(render.Tile(f"{name} = {registers[name]}" if name in registers else name, plane))
    heading = f"{profile.program}: {profile.words} words, {profile.time_us:.1f} us on the chip (modelled)"
    if image is not None and request.keep_image:
        pictures[prefix + request.keep_image] = render.picture_of(image)
    if tiles:
        pictures[prefix + SHEET] = render.contact_sheet(tiles, heading, request.stretch)
    files = render.write_pictures(request.out, pictures)
    return Frame(source, planes, dict(zip(planes, files, strict=False)), files[-1] if tiles else None)


# --- which image goes where -----------------------------------------------------------------------------------


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
        raise ProgramError(f"--image has nowhere to go: --input gives every input of {program.name} already")
    first = [r for r in read_first(program) if r not in bound]
    if "PIX" in first or not first:
        return "PIX"
    if len(first) == 1:
        return first[0]
    raise ProgramError(
        f"{program.name} declares no input and reads {', '.join(first)} before writing them; say where each picture "
        f"goes: --input {first[0]}=PATH"
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
            written.update(a for a in step.args if isinstance(a, str))
        elif isinstance(step, Output):
            found |= {step.register} - written
    return [r for r in ("PIX", *isa.ANALOG) if r in found and r != "NEWS"]


def _register(program: Program, name: str) -> str:
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
        raise ProgramError(f"'{name}' cannot be given from outside; give PIX, an analog register or R0..R12")
    return register


def _complete(program: Program, given: set[str]) -> None:
    missing = [i for i in program.inputs if i.name not in given]
    if missing:
        option = "--image PATH" if missing[0].register == "PIX" else f"--input {missing[0].name}=PATH"
        names = ", ".join(f"'{i.name}'" for i in missing)
        raise ProgramError(f"{program.name} needs input {names}: give {option}")


def _load(path: str, name: str, register: str, request: Request, shape: tuple[int, int]) -> npt.NDArray[Any]:
    if not path.endswith(".npy"):
        return from_grey(render.load_image(path, shape, request.resize), register)
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as e:
        raise PlaneError(f"input {name}: cannot read {path} as a .npy array: {e}") from e
    return np.asarray(array)


def from_grey(image: npt.NDArray[np.uint8], register: str) -> npt.NDArray[Any]:
    """A grey picture as the values of a register, same shape: PIX as it is, analog grey - 128, bits grey >= 128."""
    if register == "PIX":
        return image
    if register in isa.DIGITAL:
        return image >= 128
    return image.astype(np.float32) - np.float32(128)


# --- waiting --------------------------------------------------------------------------------------------------


def announce_compilation() -> None:
    """One line on stderr if the fast engine has yet to be compiled on this machine, which takes about ten seconds."""
    from scamp_sim.engine._jit import is_compiled

    if not is_compiled():
        print("compiling the engine, once per installation (about 10 s) ...", file=sys.stderr, flush=True)


@contextmanager
def progress(total: int) -> Iterator[Any]:
    """A bar on the terminal for work that has taken more than a second; calls of the yielded function advance it."""
    started, done, bar, task = time.monotonic(), 0, None, None

    def advance() -> None:
        nonlocal done, bar, task
        done += 1
        if bar is None and sys.stderr.isatty() and done < total and time.monotonic() - started > 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            bar = Progress(
                "frames", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
            )
            bar.start()
            task = bar.add_task("frames", total=total)
        if bar is not None and task is not None:
            bar.update(task, completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()
