"""One request of the command line: bind images to a program's inputs, run every frame on one machine, write pictures.

Everything that can be wrong with the request is looked at before the first frame runs, so that a failure leaves nothing
behind.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.planes import check_shape, image_plane
from scamp_sim.chip.program import HostCall, Launch, Output, Program
from scamp_sim.chip.readout import stack_bits
from scamp_sim.chip.trace import Place
from scamp_sim.costs.timing import Profile, Timing
from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError
from scamp_sim.show import render, results
from scamp_sim.show.progress import progress

if TYPE_CHECKING:
    from scamp_sim.machine.machine import Machine
    from scamp_sim.silicon.setup import Errors

SHEET = "contact-sheet.png"
VALUES = "values.json"
"""File of the results that are no pictures."""
REGISTERS = "registers"
"""Folder, below the one for the pictures, of the registers that `--planes` adds."""


@dataclass(frozen=True)
class Request:
    """What to run and where to put it.

    `images`: one per frame.
    `inputs`: input or register name -> file.

    `keep_image`: file name under which the image, as the array saw it, is written too.
    `dump_after`: source lines after which everything that the program has touched is written.
    """

    program: Program
    timing: Timing
    images: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    shape: tuple[int, int] = (256, 256)
    resize: bool = False
    errors: str = "ideal"
    chip: int = 0
    engine: str = "fast"
    seed: int = 0
    out: str | None = None
    planes: bool = False
    stretch: bool = False
    keep_image: str | None = None
    dump_after: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Frame:
    """What one frame gave.

    `outputs`: name -> result.
    `kinds`: their kinds, as `results` has them.
    `files`: name -> picture of it, or the file of those that are none, where files were asked for.

    `registers`, `register_files`: the same for the registers that `--planes` adds.
    """

    image: str | None
    outputs: Mapping[str, Any]
    kinds: Mapping[str, str]
    registers: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    register_files: Mapping[str, Path] = field(default_factory=dict)
    sheet: Path | None = None
    dumps: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Names, numbers and paths, ready for JSON."""
        kinds = self.kinds
        outputs = {n: {**results.record(kinds[n], v), "file": _file(self.files, n)} for n, v in self.outputs.items()}
        record: dict[str, Any] = {"image": self.image, "outputs": outputs}
        if self.registers:
            record["registers"] = {
                n: {**render.plane_summary(p), "file": _file(self.register_files, n)} for n, p in self.registers.items()
            }
        if self.dumps:
            record["dumps"] = [str(folder) for folder in self.dumps]
        return {**record, "sheet": str(self.sheet) if self.sheet else None}

    def lines(self) -> list[str]:
        """The frame as text: every output in numbers, with the path of its picture."""
        rows = [(n, results.text(self.kinds[n], v), str(self.files.get(n, ""))) for n, v in self.outputs.items()]
        for name, plane in self.registers.items():
            rows.append((f"register {name}", render.summary_text(plane), str(self.register_files.get(name, ""))))
        wide, middle = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
        lines = [str(self.image)] if self.image else []
        lines += [f"  {name:{wide}}  {text:{middle}}  {path}".rstrip() for name, text, path in rows]
        far = [n for n, v in self.outputs.items() if self.kinds[n] == "plane" and render.beyond_chip(v)]
        registers = [name for name, plane in self.registers.items() if render.beyond_chip(plane)]
        if registers:
            far.append(f"registers {' '.join(registers)}")
        if far:
            lines.append(f"  beyond {render.CHIP_RANGE} LSB, where a chip compresses: {', '.join(far)}")
        if self.sheet:
            lines.append(f"  all on one sheet: {self.sheet}")
        if self.dumps:
            more = f" .. {self.dumps[-1].name} ({len(self.dumps)} folders)" if len(self.dumps) > 1 else ""
            lines.append(f"  planes after the line: {self.dumps[0]}{more}")
        return lines


def _file(files: Mapping[str, Path], name: str) -> str | None:
    return str(files[name]) if name in files else None


@dataclass(frozen=True)
class Bound:
    """A request with its files read.

    `images`: grey, one per frame.
    `target`: the input, or register, that they go to.
    `extra`: input or register name -> the plane that every frame is given.
    """

    images: list[npt.NDArray[np.uint8]]
    target: str | None
    extra: Mapping[str, npt.NDArray[Any]]


def bind(request: Request) -> Bound:
    """Read what the request gives to the program. Raises ScampError if something does not fit, or is missing."""
    program = request.program
    shape = check_shape(request.shape)
    if request.out is not None:
        render.check_folder(request.out)
    target = image_target(program, request.inputs) if request.images else None
    extra = {name: _load(path, name, _register(program, name), request, shape) for name, path in request.inputs.items()}
    for path in request.images:
        if _is_array(path):
            raise PlaneError(f"--image takes pictures; for the array in {path}: --input {target}={path}")
    images = [render.load_image(path, shape, request.resize) for path in request.images]
    announce_frames([*request.images, *(p for p in request.inputs.values() if not _is_array(p))])
    _complete(program, {*extra, *([target] if target else [])})
    return Bound(images, target, extra)


def feed(
    machine: Machine, program: Program, bound: Bound, image: npt.NDArray[np.uint8] | None
) -> tuple[dict[str, npt.NDArray[Any]], render.Tile | None]:
    """The inputs of one frame, after registers that are no inputs are written; and what the array got of `image`."""
    given: dict[str, npt.NDArray[Any]] = dict(bound.extra)
    fed: render.Tile | None = None
    if image is not None:
        register = _register(program, str(bound.target))
        given[str(bound.target)] = from_grey(image, register)
        fed = render.Tile("image" if register == "PIX" else f"image in {register}", given[str(bound.target)])
    declared = {i.name for i in program.inputs}
    for name in [n for n in given if n not in declared]:
        plane = given.pop(name)
        if name == "PIX":
            machine.expose(plane)
        else:
            machine.write(name, plane)
    return given, fed


def make_machine(request: Request) -> Machine:
    """The machine that a request is run on."""
    from scamp_sim import Machine

    if request.engine == "fast":
        announce_compilation(request.errors)
    return Machine(
        shape=request.shape,
        errors=request.errors,
        timing=request.timing,
        engine=request.engine,
        seed=request.seed,
        chip=request.chip,
    )


def carry_out(request: Request) -> tuple[list[Frame], Profile]:
    """Run the request. Raises ScampError before anything is written if it cannot be done."""
    program = request.program
    bound = bind(request)
    machine = make_machine(request)
    frames: list[Frame] = []
    steps: Sequence[npt.NDArray[np.uint8] | None] = bound.images or [None]
    profile: Profile | None = None
    with progress(len(steps)) as advance:
        for number, image in enumerate(steps):
            given, fed = feed(machine, program, bound, image)
            dumps: list[Path] = []
            if request.dump_after and request.out is not None:
                from scamp_sim.show.dump import run_with_dumps

                before = _prefix(request, number)
                run, dumps = run_with_dumps(
                    machine, program, given, request.dump_after, request.out, before, request.stretch
                )
            else:
                run = machine.run(program, inputs=given)
            profile = run.profile
            # Without declared outputs the run gives every register already.
            wanted = program.written if request.planes and program.results else ()
            registers = {r: machine.read(r) for r in wanted}
            kinds = results.kinds(program) or dict.fromkeys(run.outputs, "plane")
            shown = request.images[number] if bound.images else None
            frame = Frame(shown, run.outputs, kinds, registers, dumps=tuple(dumps))
            frames.append(_write(request, profile, number, frame, image, fed))
            advance()
    assert profile is not None
    return frames, profile


def _prefix(request: Request, number: int) -> str:
    """What the names of a frame's files begin with."""
    return f"{number:03}-" if len(request.images) > 1 else ""


def _write(
    request: Request,
    profile: Profile,
    number: int,
    frame: Frame,
    image: npt.NDArray[np.uint8] | None,
    fed: render.Tile | None,
) -> Frame:
    """The frame with its pictures written, if there is a folder to write to. `fed`: what the array got of `image`."""
    if request.out is None:
        return frame
    prefix = _prefix(request, number)
    kinds = frame.kinds
    bits = stack_bits(request.program)
    shown = {n: v for n, v in frame.outputs.items() if results.is_picture(kinds[n])}
    planes = {n: results.drawable(v, bits.get(n, 0)) for n, v in shown.items()}
    names = {name: f"{prefix}{stem}.png" for name, stem in _file_stems(planes).items()}
    below = {name: f"{REGISTERS}/{prefix}{name}.png" for name in frame.registers}
    pictures = {names[name]: render.picture_of(plane, request.stretch) for name, plane in planes.items()}
    pictures |= {below[name]: render.picture_of(plane, request.stretch) for name, plane in frame.registers.items()}
    tiles = [] if fed is None else [fed]
    behind = {o.name: o.register for o in request.program.outputs}
    for name, plane in planes.items():
        title = (
            f"{name} = {behind[name]}" if name in behind else name if request.program.results else f"register {name}"
        )
        tiles.append(render.Tile(title, plane))
    for name, plane in frame.registers.items():
        taken = [planes[o] for o, register in behind.items() if register == name]
        if not any(np.array_equal(plane, p) for p in taken):  # the sheet shows a register once, as the output it is
            tiles.append(render.Tile(f"register {name}", plane))
    words = "1 word" if profile.words == 1 else f"{profile.words} words"
    heading = f"{profile.program}: {words}, {profile.time_us:.1f} us on the chip (modelled)"
    if image is not None and request.keep_image:
        pictures[prefix + request.keep_image] = render.picture_of(image)
    if tiles:
        pictures[prefix + SHEET] = render.contact_sheet(tiles, heading, request.stretch)
    values = results.values(frame.outputs, frame.kinds)
    texts = {prefix + VALUES: results.as_json(values)} if values else {}
    files = dict(zip([*pictures, *texts], render.write_files(request.out, pictures, texts), strict=True))
    names |= dict.fromkeys(values, prefix + VALUES)
    return replace(
        frame,
        files={name: files[file] for name, file in names.items()},
        register_files={name: files[file] for name, file in below.items()},
        sheet=files.get(prefix + SHEET),
    )


def _file_stems(names: Iterable[str]) -> dict[str, str]:
    """Name -> file name without its suffix; names that differ in case alone get a number, as disks may fold case."""
    used: Counter[str] = Counter()
    stems = {}
    for name in names:
        used[name.lower()] += 1
        stems[name] = name if used[name.lower()] == 1 else f"{name}-{used[name.lower()]}"
    return stems


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
        raise ProgramError(f"--image cannot be used: --input already provides every input of {program.name}")
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
        raise ProgramError(f"'{name}' cannot be set from outside; expected PIX, an analog register or R0..R12")
    return register


def _complete(program: Program, given: set[str]) -> None:
    missing = [i for i in program.inputs if i.name not in given]
    if missing:
        option = "--image PATH" if missing[0].register == "PIX" else f"--input {missing[0].name}=PATH"
        names = ", ".join(f"'{i.name}'" for i in missing)
        raise ProgramError(f"{program.name} needs input {names}: give {option}")


def _is_array(path: str) -> bool:
    return path.lower().endswith(".npy")


def _load(path: str, name: str, register: str, request: Request, shape: tuple[int, int]) -> npt.NDArray[Any]:
    if not _is_array(path):
        return from_grey(render.load_image(path, shape, request.resize), register)
    try:
        array = render.load_array(path)
    except PlaneError as e:
        raise PlaneError(f"input {name}: {e}") from e
    if register == "PIX" and request.resize:
        return image_plane(array, shape, resize=True, name=f"input {name}")
    if array.shape != shape and (array.ndim or register == "PIX"):
        raise PlaneError(
            f"input {name}: {path} holds an array of shape {array.shape}, but the array of processing elements is "
            f"{shape[0]}x{shape[1]} (rows x columns); save it in that shape, or set the other with --size HxW"
        )
    return array


def from_grey(image: npt.NDArray[np.uint8], register: str) -> npt.NDArray[Any]:
    """A grey picture as the values of a register, same shape: PIX as it is, analog grey - 128, bits grey >= 128."""
    if register == "PIX":
        return image
    if register in isa.DIGITAL:
        return image >= 128
    return image.astype(np.float32) - np.float32(128)


# --- notes and waiting ----------------------------------------------------------------------------------------


def announce_frames(paths: Iterable[str]) -> None:
    """A line on stderr for each picture of several frames, of which only the first is taken."""
    for path in dict.fromkeys(paths):
        count = render.frame_count(path)
        if count > 1:
            print(
                f"scamp-sim: note: {path} has {count} frames; the first is used. Save the others as separate "
                "files and repeat --image",
                file=sys.stderr,
            )


def announce_compilation(errors: Errors = "ideal") -> None:
    """One line on stderr if the fast engine, or its part for chips with errors, has yet to be compiled on this machine,
    which takes about ten seconds."""
    from scamp_sim.engine._jit import is_compiled

    if not is_compiled(noisy=str(errors) != "ideal"):
        print("compiling the engine, once per installation (about 10 s) ...", file=sys.stderr, flush=True)
