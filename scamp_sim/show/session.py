"""One request of the command line: bind images to a program's inputs, run every frame on one machine, write pictures.

Frames are decoded, run and kept one at a time, so that a video of any length fits the memory. Files are there when all
of it has been carried out: a failure, in the last frame too, leaves nothing behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from scamp_sim.chip.planes import check_shape, image_plane
from scamp_sim.chip.program import Program
from scamp_sim.chip.trace import Place
from scamp_sim.costs.timing import Profile, Timing
from scamp_sim.exceptions import OptionError, PlaneError, ProgramError, ScampError
from scamp_sim.machine.feeding import from_grey, image_target, input_register, read_first
from scamp_sim.show import render
from scamp_sim.show.frames import source
from scamp_sim.show.frames.record import Frame, Kept, Recorder
from scamp_sim.show.frames.write import check_video
from scamp_sim.show.progress import progress
from scamp_sim.text import short

if TYPE_CHECKING:
    from pathlib import Path

    from scamp_sim.machine.machine import Machine
    from scamp_sim.silicon.setup import Errors

MOST_DECODED = 4_096
"""Frames that studies and reports keep in memory."""


@dataclass(frozen=True)
class Request:
    """What to run and where to put it.

    `images`: pictures, folders, animations, videos or patterns; their frames run one after another.
    `fps`, `frames`: how many of them a second, and how many in all, if that is said.
    `inputs`: input or register name -> file.
    `video`, `video_of`: where a video goes, and of which pictures.

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
    fps: float | None = None
    frames: int | None = None
    video: str | None = None
    video_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bound:
    """A request with its files read.

    `images`: grey, one per frame; none yet if they are decoded as they are needed.
    `target`: the input, or register, that they go to.
    `extra`: input or register name -> the plane that every frame is given.
    `film`: what the images come from.
    `names`: of the images.
    """

    images: list[npt.NDArray[Any]]
    target: str | None
    extra: Mapping[str, npt.NDArray[Any]]
    film: source.Frames | None = None
    names: tuple[str, ...] = ()


def bind(request: Request, decode: bool = True) -> Bound:
    """Read what the request gives to the program. Raises ScampError if something does not fit, or is missing.

    decode: read all images now; otherwise they are left to `Bound.film`.
    """
    program = request.program
    shape = check_shape(request.shape)
    if request.out is not None:
        render.check_folder(request.out)
    target = image_target(program, request.inputs) if request.images else None
    extra = {name: _load(path, name, _register(program, name), request, shape) for name, path in request.inputs.items()}
    film = None
    if request.images:
        film = source.frames(request.images, shape, resize=request.resize, fps=request.fps, count=request.frames)
    elif request.fps is not None:
        raise OptionError("--fps is for pictures and videos; give --image as well")
    announce_frames(p for p in request.inputs.values() if not _is_array(p))
    _complete(program, {*extra, *([target] if target else [])})
    if film is None or not decode:
        return Bound([], target, extra, film)
    if (film.expected or 0) > MOST_DECODED:
        raise ProgramError(f"{film.expected:,} frames: at most {MOST_DECODED:,} can be kept here; give --frames N")
    named = list(film.named())
    note_fitted(film)
    return Bound([frame for _, frame in named], target, extra, film, tuple(name for name, _ in named))


def feed(
    machine: Machine, program: Program, bound: Bound, image: npt.NDArray[Any] | None
) -> tuple[dict[str, npt.NDArray[Any]], render.Tile | None]:
    """The inputs of one frame, after registers that are no inputs are written; and what the array got of `image`."""
    given: dict[str, npt.NDArray[Any]] = dict(bound.extra)
    fed: render.Tile | None = None
    if image is not None:
        register = input_register(program, str(bound.target))
        given[str(bound.target)] = from_grey(image, register)
        plane = given[str(bound.target)]
        seen = register == "PIX"
        fed = render.Tile("image" if seen else f"image in {register}", render.light(plane) if seen else plane)
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


@dataclass(frozen=True)
class Carried:
    """What a request gave: every frame, the cost of one, and what is left of all of them."""

    frames: list[Frame]
    profile: Profile
    kept: Kept
    film: source.Frames | None


Also = Callable[[npt.NDArray[Any] | None, Mapping[str, Any]], None]
"""What is called with each frame's image and outputs."""


def carry_out(request: Request, also: Also | None = None) -> Carried:
    """Run the request, frame by frame as they are decoded. Raises ScampError; then nothing has been written.

    also: called with each frame's image and outputs, to run something else on the same frames.
    """
    program = request.program
    bound = bind(request, decode=False)
    if request.video is not None:
        check_video(request.video)
    film = bound.film
    expected = (request.frames or 1) if film is None else film.expected
    machine = make_machine(request)
    frames: list[Frame] = []
    recorder = Recorder(
        program,
        request.out,
        expected=expected,
        stretch=request.stretch,
        keep_image=request.keep_image,
        video_to=request.video,
        video_of=request.video_of,
        fps=request.fps if film is None else film.fps,
    )
    profile: Profile | None = None
    with recorder, progress(expected) as advance:
        for name, image in _frames(film, request.frames or 1):
            given, fed = feed(machine, program, bound, image)
            dumps: list[Path] = []
            if request.dump_after and request.out is not None:
                from scamp_sim.show.dump import run_with_dumps

                run, dumps = run_with_dumps(
                    machine, program, given, request.dump_after, request.out, recorder.prefix, request.stretch
                )
            else:
                run = machine.run(program, inputs=given)
            profile = run.profile
            # Without declared outputs the run gives every register already.
            wanted = program.written if request.planes and program.results else ()
            registers = {r: machine.read(r) for r in wanted}
            if also is not None:
                also(image, run.outputs)
            frames.append(recorder.add(name, run.outputs, registers, profile, fed, image, dumps))
            advance()
        if film is not None:
            note_fitted(film)
        kept = recorder.finish()
    if profile is None:
        raise PlaneError(f"no frame was read from {', '.join(request.images)}; give a lower --fps, or another file")
    return Carried(frames, profile, kept, film)


def _frames(film: source.Frames | None, count: int) -> Iterator[tuple[str | None, npt.NDArray[Any] | None]]:
    """(name, image) of every frame; so many without an image if there is none."""
    if film is None:
        yield from [(None, None)] * count
    else:
        yield from film.named(paths=True)


def _complete(program: Program, given: set[str]) -> None:
    missing = [i for i in program.inputs if i.name not in given]
    if missing:
        option = "--image PATH" if missing[0].register == "PIX" else f"--input {missing[0].name}=PATH"
        names = ", ".join(f"'{i.name}'" for i in missing)
        raise ProgramError(f"{program.name} needs input {names}: give {option}")


def _register(program: Program, name: str) -> str:
    """The register of what `--input` names. Raises OptionError if there is none."""
    try:
        return input_register(program, name)
    except ScampError as e:
        raise OptionError(str(e)) from None


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


def spans_text(carried: Carried) -> str:
    """Many frames in a table: the lowest, highest and mean of every number."""
    from scamp_sim.text import table

    first, last = carried.frames[0].image, carried.frames[-1].image
    where = f": {short(str(first), 30)} .. {short(str(last), 30)}" if first else ""
    rows = [
        (name, f"{low:,.6g}", f"{high:,.6g}", f"{mean:,.6g}") for name, (low, high, mean) in carried.kept.spans.items()
    ]
    beyond = sorted({name for frame in carried.frames for name in frame.beyond})
    far = f"beyond {render.CHIP_RANGE} LSB, where a chip compresses: {', '.join(beyond)}\n" if beyond else ""
    head = ("each frame", "lowest", "highest", "mean")
    return f"{len(carried.frames):,} frames{where}\n{table(head, rows, '<>>>')}{far}"


# --- notes and waiting ----------------------------------------------------------------------------------------


def announce_frames(paths: Iterable[str]) -> None:
    """A line on stderr for each picture of several frames given to --input, of which only the first is taken."""
    for path in dict.fromkeys(paths):
        count = render.frame_count(path)
        if count > 1:
            print(
                f"scamp-sim: note: {path} has {count} frames; --input takes the first, --image all of them",
                file=sys.stderr,
            )


def note_fitted(film: source.Frames) -> None:
    """Say once, on stderr, what was cropped and scaled, and what videos did not give."""
    for told in (film.told(), *film.told_lost()):
        if told:
            print(f"scamp-sim: note: {told}", file=sys.stderr)


announced: set[bool] = set()
"""Of which engines, without and with errors, this process has said that they are compiled."""


def announce_compilation(errors: Errors = "ideal") -> None:
    """One line on stderr if the fast engine, or its part for chips with errors, has yet to be compiled on this machine,
    which takes about ten seconds. It is said once, however many machines a command makes."""
    from scamp_sim.engine._jit import is_compiled

    noisy = str(errors) != "ideal"
    if noisy not in announced and not is_compiled(noisy=noisy):
        announced.add(noisy)
        print("compiling the engine, once per installation (about 10 s) ...", file=sys.stderr, flush=True)


__all__ = [
    "Bound",
    "Carried",
    "Frame",
    "Request",
    "announce_compilation",
    "bind",
    "carry_out",
    "feed",
    "from_grey",
    "image_target",
    "make_machine",
    "note_fitted",
    "read_first",
    "spans_text",
]
