"""`run` and `validate` with --chips, --seeds or --cluster: the same on many chips, as distributions."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.chip_notes import note_ideal
from scamp_sim.cli.output import plain, print_json
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.reading import OTHER_FORM, read_json
from scamp_sim.show.progress import kept, progress
from scamp_sim.study.grid import Grid, heading, make_grid, parse_chips, parse_seeds, ranges
from scamp_sim.text import plural, short

if TYPE_CHECKING:
    from scamp_sim.show.session import Request
    from scamp_sim.study.programs import PlaneStudy, ProgramWork, ValueStudy
    from scamp_sim.systems.base.study.chipstudy import ChipStudy

OPTIONS = ("chips", "seeds", "cluster")
"""Options that make a study of a run."""

RESULTS, PLANES, SHEET, UNITS = "study.json", "planes.npz", "study.png", "units"
FORMAT = "study of a program over chips, 2"

BRIGHT = 99
"""Percentile of a standard deviation that its picture shows as white."""


def asked(args: argparse.Namespace) -> bool:
    """Whether the command line asks for a study."""
    return any(getattr(args, name) is not None for name in OPTIONS)


def chosen(args: argparse.Namespace) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Chips and seeds of the command line. Raises ProgramError."""
    if args.seed < 0:
        raise OptionError(f"--seed must be at least 0, got {args.seed}")
    given: frozenset[str] = getattr(args, "given", frozenset())
    if args.chips is not None and "chip" in given:
        raise OptionError(f"--chip {args.chip} with --chips {short(args.chips, 40)}: choose one")
    chips = (int(getattr(args, "chip", 0) or 0),) if args.chips is None else parse_chips(args.chips)
    seeds = (int(args.seed),) if args.seeds is None else parse_seeds(args.seeds, args.seed)
    if args.seeds is not None and "seed" in given and not args.seeds.strip().isdecimal():
        raise OptionError(
            f"--seed {args.seed} with --seeds {short(args.seeds, 40)}, which says which seeds: leave --seed out, or "
            "write how many, such as --seeds 5"
        )
    if args.jobs is not None and args.jobs < 1:
        raise OptionError(f"--jobs must be at least 1, got {args.jobs}")
    return chips, seeds


# --- a program ----------------------------------------------------------------------------------------------------


def run_program(args: argparse.Namespace, request: Request) -> int:
    """`run FILE` over chips: every output in planes and distributions."""
    from scamp_sim.show.session import announce_compilation, bind
    from scamp_sim.silicon import load_errors
    from scamp_sim.study import programs
    from scamp_sim.study.chips import portable

    grid = make_grid(*chosen(args))
    bound = bind(request)
    work = programs.ProgramWork(
        request.program, request.shape, portable(request.errors), request.timing, request.engine
    )
    load_errors(work.errors, work.shape)  # a profile may be for another array
    digests = programs.digests(work, bound)
    out = None if request.out is None else Path(request.out)
    begin = _claimed(out, digests) if out is not None else lambda: None
    if request.engine == "fast":
        announce_compilation(args.errors)
    note_ideal(work.errors)
    began = time.monotonic()
    ideal = work.ideal(bound)
    with nullcontext(str(out / UNITS)) if out is not None else tempfile.TemporaryDirectory() as name, kept(request.out):
        folder = programs.Folder(Path(name))
        with progress(len(grid), "units") as advance:
            ran = programs.fill(work, grid, bound, folder, args.jobs, args.cluster, advance, begin)
        found = list(programs.summarise(work, grid, folder, ideal))
    document = _document(request, grid, work, found)
    if out is not None:
        document["files"] = [
            str(path) for path in _write(out, request, grid, found, {"format": FORMAT, "digests": digests, **document})
        ]
    if args.format == "json":
        print_json(document)
        return 0
    _print_program(request, grid, work, found)
    if out is not None:
        print(f"planes, pictures and numbers: {', '.join(document['files'])}\nunits: {out / UNITS}")
    else:
        print("no pictures written; --out DIR writes them, and keeps finished units")
    _print_time(ran, len(grid), time.monotonic() - began)
    return 0


def _print_time(ran: int, units: int, seconds: float) -> None:
    if ran == 0:
        print(f"all {plural(units, 'unit')} were already in the results")
        return
    print(f"took {seconds:.1f} s for {plural(ran, 'unit')}, {seconds / ran * 1e3:.1f} ms a unit")


def _claimed(out: Path, digests: Mapping[str, str]) -> Callable[[], None]:
    """What makes the folder that of this study, when there is something to put there. Raises ProgramError if it is
    another's."""
    from scamp_sim.files import write_text
    from scamp_sim.show.render import check_folder
    from scamp_sim.study.results_store import differing

    path = check_folder(out) / RESULTS
    remedy = "choose another folder, or remove it"
    if path.exists():
        try:
            document = read_json(path, "results", again=True)
            theirs = document["digests"]
            if document["format"] != FORMAT:
                raise KeyError("format")
            other = differing(theirs, digests)
        except (OSError, *OTHER_FORM):
            raise ProgramError(f"{path}: not the results of a study of a program; {remedy}") from None
        if other:
            raise ProgramError(f"{path}: results made with {other}; {remedy}")
        return lambda: None
    if (out / UNITS).exists():
        raise ProgramError(f"{out / UNITS} is there, but not {path.name}, which says what it holds; {remedy}")

    def begin() -> None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"format": FORMAT, "digests": digests}, indent=1) + "\n", "results")

    return begin


def _named(found: list[PlaneStudy | ValueStudy], several: bool) -> dict[str, PlaneStudy | ValueStudy]:
    """Outputs by name, with the number of the frame only where there are several."""
    return {f.name if several else f.name.partition("-")[2]: f for f in found}


def _several(found: list[PlaneStudy | ValueStudy]) -> bool:
    """Whether there is more than one frame: names begin with its number."""
    return len({f.name.partition("-")[0] for f in found}) > 1


def _document(request: Request, grid: Grid, work: ProgramWork, found: list[PlaneStudy | ValueStudy]) -> dict[str, Any]:
    named = _named(found, _several(found))
    return {
        "program": request.program.name,
        "params": request.program.params,
        "images": list(request.images),
        "errors": request.errors,
        "chips": ranges(grid.chips),
        "seeds": ranges(grid.seeds),
        "units": len(grid),
        "outputs": {name: f.as_dict() for name, f in named.items()},
    }


def _write(
    out: Path,
    request: Request,
    grid: Grid,
    found: list[PlaneStudy | ValueStudy],
    document: Mapping[str, Any],
) -> list[Path]:
    import numpy as np

    from scamp_sim.show import render
    from scamp_sim.study.programs import PlaneStudy, keep_arrays

    several = _several(found)
    tiles, arrays = [], {}
    for name, f in _named(found, several).items():
        if not isinstance(f, PlaneStudy):
            continue
        compared = render.common_scale((f.ideal, f.mean), request.stretch) if f.ideal.dtype.kind == "f" else None
        for what, plane in f.planes().items():
            shown = plane if plane.dtype in (np.bool_, np.uint8) else plane.astype(np.float32)
            arrays[f"{name}.{what}"] = shown
            scale = compared if what in ("ideal", "mean") else _scale(what, plane)
            tiles.append(render.Tile(f"{name}: {what.replace('_', ' ')}", shown, scale))
    pictures = {}
    if tiles:
        title = f"{request.program.name}, {document['errors']}: {heading(grid)}"
        pictures[SHEET] = render.contact_sheet(tiles, title, request.stretch)
    text = json.dumps(document, indent=1, ensure_ascii=False, default=plain) + "\n"
    files = render.write_files(out, pictures, {RESULTS: text})
    return [*files, keep_arrays(out / PLANES, arrays)] if arrays else files


def _scale(what: str, plane: Any) -> tuple[float, float] | None:
    """The scale of a picture of this plane, None for the usual one. Spreads are far smaller than values; few PEs have
    much larger ones than all others, which would leave these black."""
    import numpy as np

    if not what.endswith("_sd"):
        return None
    top = float(np.percentile(plane, BRIGHT)) or float(plane.max())
    return (0.0, top) if top > 0 else None


def _print_program(request: Request, grid: Grid, work: ProgramWork, found: list[PlaneStudy | ValueStudy]) -> None:
    from scamp_sim.study.programs import PlaneStudy, rms
    from scamp_sim.study.statistics import distribution_table

    rows, columns = request.shape
    print(f"{request.program.name}, errors {request.errors}, {rows}x{columns}: {heading(grid)}\n")
    for name, f in _named(found, _several(found)).items():
        if not isinstance(f, PlaneStudy):
            print(distribution_table({"same as ideal": f.same}, percent, name))
            if f.value is not None:
                print(distribution_table({"value": f.value}, lambda v: f"{v:.6g}", name))
            continue
        unit = "share of ones" if f.bits else "LSB"
        if f.bits:
            print(distribution_table(f.deviations, percent, f"{name}: bits"), end="")
        else:
            print(distribution_table(f.deviations, lambda v: f"{v:.3f}", f"{name}: LSB from ideal"), end="")
        if f.railed is not None and f.railed_ideal is not None:
            print(f"PEs at the rails of the converter: {percent(f.railed.mean)} (ideal {percent(f.railed_ideal)})")
        for plane, what in ((f.temporal_sd, "between seeds"), (f.chip_sd, "between chips")):
            if plane is not None:
                print(f"sd of a PE {what}: {rms(plane):.4g} (rms over PEs, {unit})")
        print()
    if len(grid.chips) > 1:
        print(f"intervals of means: Student's t over {len(grid.chips)} chips")


def percent(share: float) -> str:
    """A share for the tables; what is there, but little, is not 0."""
    return "< 0.01 %" if 0 < share < 0.0001 else f"{100 * share:.2f} %"


# --- the network --------------------------------------------------------------------------------------------------


def validate(args: argparse.Namespace, weights: Any, clips: Any) -> int:
    """`validate pixelrnn` over chips."""

    if args.pictures is not None:
        raise OptionError("--pictures shows a single run; it cannot be combined with --chips or --seeds")
    if args.plot is not None:
        from scamp_sim.show import plots

        plots.check(args.plot)
        plots.new_figure(1, 1)
    grid = make_grid(*chosen(args), min(len(clips), args.limit or len(clips)))
    began = time.monotonic()
    found = _measure(args, weights, clips, grid, args.out, args.limit)
    if args.plot is not None:
        from scamp_sim.systems.base.study import plot

        plot.write(args.plot, found)
    if args.format == "json":
        print_json({**found.as_dict(), "results": args.out, "plot": args.plot})
        return 0
    frames = len(grid) * clips.input.shape[1]
    print(
        f"validation of pixelrnn, {args.mapping}, errors {found.about['errors']}: {heading(grid)} x "
        f"{plural(grid.items, 'clip')} of {clips.source}, {frames:,} frames\n"
    )
    print(found.text())
    if args.out is not None:
        print(f"results: {args.out}")
    if args.plot is not None:
        print(f"plot: {args.plot}")
    _print_time(found.ran, len(grid), time.monotonic() - began)
    return 0


def run_network(args: argparse.Namespace, weights: Any, clip: Any) -> int:
    """`run pixelrnn` over chips: the one clip, again and again."""
    import numpy as np

    from scamp_sim.show.render import check_folder
    from scamp_sim.systems.pixelrnn.data.clips import ClipSet, check_labels, class_name
    from scamp_sim.systems.pixelrnn.data.gestures import CLASSES

    label = None if clip.label is None or weights.decoder is None else np.array([clip.label])
    if label is not None:
        check_labels(label, weights.decoder.classes)
    clips = ClipSet(clip.array[None], (clip.name,), clip.name, label)
    grid = make_grid(*chosen(args))
    out, made = None, None
    if args.out is not None:
        folder = check_folder(args.out)
        made = None if folder.exists() else folder
        folder.mkdir(parents=True, exist_ok=True)
        out = str(folder / RESULTS)
    began = time.monotonic()
    try:
        found = _measure(args, weights, clips, grid, out, None)
    finally:
        if made is not None:
            with suppress(OSError):  # it is not empty: there are results
                made.rmdir()
    if args.format == "json":
        print_json({"program": "pixelrnn", **found.as_dict(), "results": out})
        return 0
    print(f"pixelrnn, {args.mapping}, errors {found.about['errors']}: {heading(grid)}, {clip.name}\n")
    print(found.text())
    if found.classes:
        names = CLASSES if weights.decoder.classes == len(CLASSES) else ()
        said = [f"{class_name(names, n)} {count:,}" for n, count in found.classes.most_common()]
        print(f"predicted classes, of {len(grid):,}: {', '.join(said)}")
    if out is not None:
        print(f"results: {out}")
    _print_time(found.ran, len(grid), time.monotonic() - began)
    return 0


def _measure(
    args: argparse.Namespace, weights: Any, clips: Any, grid: Grid, out: str | None, limit: int | None
) -> ChipStudy:
    from scamp_sim.show.session import announce_compilation
    from scamp_sim.systems.pixelrnn import study as montecarlo

    note_ideal(args.errors)
    common.notes(clips.input[: grid.items], clips.names)
    announce_compilation(args.errors)
    machine = {name: getattr(args, name) for name in ("engine", "timing") if hasattr(args, name)}
    with progress(len(grid), "clips") as advance, common.muted_warnings(), kept(out):
        return montecarlo.measure(
            weights,
            clips,
            chips=grid.chips,
            seeds=grid.seeds,
            mapping=args.mapping,
            errors=args.errors,
            jobs=args.jobs,
            cluster=args.cluster,
            out=out,
            limit=limit,
            advance=advance,
            front_end=args.front_end,
            **machine,
        )


__all__ = ["asked", "chosen", "run_network", "run_program", "validate"]
