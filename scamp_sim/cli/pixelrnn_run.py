"""`scamp-sim run pixelrnn`: one clip through the recurrent network."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import live, studies
from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.chip_notes import in_force, note_errors
from scamp_sim.cli.output import print_json
from scamp_sim.cli.refusals import FILM, JOBS, ONE_RUN, refuse
from scamp_sim.exceptions import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from scamp_sim.systems.pixelrnn.data.clips import Clip
    from scamp_sim.systems.pixelrnn.encoder import Encoded, Encoder

PROGRAM = "pixelrnn"
"""What stands for the network where `run` takes a file; a file of that name is ./pixelrnn."""

OUTPUT, SHEET = "o.png", "contact-sheet.png"

ELSEWHERE = ("beside", "image", "fps", "frames", "input", "set", "planes", "dump_after", "stretch", "resize", *FILM)
"""Options of `run` that are for programs."""

OWN = ("weights", "clip", "mapping", "front_end")
"""Options of `run` that are for the network."""


# --- run --------------------------------------------------------------------------------------------------------


def refuse_elsewhere(args: argparse.Namespace) -> None:
    """Raise ProgramError if `run` of a program was given an option of the network."""
    refuse(args, OWN, f"{{option}} belongs to the network; write: scamp-sim run {PROGRAM} {{option}} ...")


def run(args: argparse.Namespace) -> int:
    """`run pixelrnn`: an alias of `system run pixelrnn`."""
    code = _run(args)
    if not (args.chips or args.seeds):  # a study of one clip has no other spelling yet
        common.moved("run pixelrnn", f"system run pixelrnn {args.clip} --weights {args.weights}{common.on(args)}")
    return code


def _run(args: argparse.Namespace) -> int:
    why = f"{{option}} cannot be used with '{PROGRAM}' (fixed 256x256 array; options: --weights, --clip, --mapping)"
    refuse(args, ELSEWHERE, why)
    if args.size != (256, 256):
        raise OptionError(why.format(option="--size"))
    live.refuse_elsewhere(args)
    if studies.asked(args):
        refuse(args, ("trace",), ONE_RUN)
    else:
        refuse(args, ("jobs",), JOBS)
    for name, what in (("weights", "W.npz"), ("clip", "CLIP")):
        if getattr(args, name) is None:
            raise OptionError(f"{PROGRAM} needs --{name} {what}; scamp-sim run --help says what it may be")
    from scamp_sim.cli.networks import frames_in, trace_of
    from scamp_sim.files import check_file
    from scamp_sim.machine.tape import recording
    from scamp_sim.show.render import check_folder
    from scamp_sim.show.session import announce_compilation
    from scamp_sim.systems.pixelrnn import golden
    from scamp_sim.systems.pixelrnn.data.clips import check_labels, read_clip
    from scamp_sim.systems.pixelrnn.data.sources import load_weights
    from scamp_sim.systems.pixelrnn.study import make_encoder

    if args.out is not None:
        check_folder(args.out, (SHEET, OUTPUT))
    if args.trace is not None:
        check_file(args.trace, "trace")
    args.mapping = args.mapping or common.DEFAULT_MAPPING
    weights = load_weights(args.weights)
    encoder = make_encoder(
        weights,
        args.mapping,
        args.errors,
        common.seed(args),
        chip=args.chip,
        timing=args.timing,
        engine=args.engine,
        front_end=args.front_end,
    )
    clip = read_clip(args.clip, common.seed(args), front_end=args.front_end)
    if weights.decoder is not None and clip.label is not None:
        check_labels([clip.label], weights.decoder.classes, f"the label of clip {args.clip} is")
    if studies.asked(args):
        return studies.run_network(args, weights, clip)
    notes = common.notes(clip.array[None], [clip.name])
    if args.engine == "fast":
        announce_compilation(args.errors)
    with common.muted_warnings():
        with recording() if args.trace is not None else nullcontext() as tape:
            found = encoder.run(clip.array)
        model = golden.encode(encoder.bits(clip.array), weights)
    differ = {s: int((getattr(found, s) != getattr(model, s)).sum()) for s in ("b", "f", "h", "o")}
    record = _record(args, encoder, clip, found, differ)
    record["notes"] = notes
    record["errors"] = note_errors(args, encoder.programs, found.profile.time_us * 1e-6, encoder.machine.shape)
    if tape is not None:
        machine = encoder.machine
        frames = frames_in(tape.events, clip.name, PROGRAM)
        trace_of(frames, machine.timing, machine.shape, args.trace, PROGRAM)
        record["trace"] = args.trace
    if args.out is not None:
        record["files"] = [str(path) for path in _write(args.out, record, clip, found, in_force(args).strip())]
    if args.format == "json":
        print_json(record)
    else:
        print(_text(record, encoder, in_force(args)), end="")
    return 0


def _record(
    args: argparse.Namespace, encoder: Encoder, clip: Clip, found: Encoded, differ: Mapping[str, int]
) -> dict[str, Any]:
    """What the run gave, ready for JSON."""
    from scamp_sim.systems.pixelrnn.data.clips import class_name
    from scamp_sim.systems.pixelrnn.data.gestures import CLASSES
    from scamp_sim.systems.pixelrnn.report.costs import mapping_cost

    weights, whole, frame = encoder.weights, found.profile, found.frame_profile
    record: dict[str, Any] = {
        "program": PROGRAM,
        "mapping": args.mapping,
        "front_end": encoder.front_end,
        "weights": {"source": args.weights, "layers": weights.layers, "parameters": weights.parameters},
        "clip": {"name": clip.name, "frames": whole.runs, "label": clip.label},
        "frame": frame.as_dict(),
        "clip_us": whole.time_us,
        "profile": whole.as_dict(),
        "steps": [{**vars(s)} for s in mapping_cost(encoder).steps],
        "output": {
            "values": int(found.o.size),
            "bytes": whole.readout_bytes,
            "ratio_to_raw": whole.readout_ratio,
            "min": float(found.o.min()),
            "max": float(found.o.max()),
            "mean": float(found.o.mean()),
        },
        "differs_from_golden": dict(differ),
    }
    if weights.decoder is not None:
        classes = CLASSES if weights.decoder.classes == len(CLASSES) else ()
        scores = weights.decoder.scores(found.o).tolist()
        best = int(weights.decoder.classify(found.o))
        named = {class_name(classes, n): s for n, s in enumerate(scores)}
        record["decoder"] = {"class": best, "name": class_name(classes, best), "scores": named}
        if clip.label is not None:
            record["decoder"]["label_name"] = class_name(classes, clip.label)
    return record


def _text(record: Mapping[str, Any], encoder: Encoder, errors: str) -> str:
    """errors: those in force, a line of its own, or ""."""
    from scamp_sim.systems.pixelrnn.report.costs import LEFT_OUT, mapping_cost, step_table

    frame, clip = record["frame"], record["profile"]
    readout = clip["time_breakdown"]["readout"]
    out = record["output"]
    lines = [
        f"{PROGRAM}, {record['mapping']}: {clip['runs']} frames of {record['clip']['name']} "
        f"({encoder.machine.timing.name}, {clip['shape'][0]}x{clip['shape'][1]})",
        errors,
        "one frame",
        step_table(mapping_cost(encoder)) + (LEFT_OUT if record["front_end"] else ""),
        f"frame    {frame['time_us']:,.1f} us, {1e6 / frame['time_us']:,.0f} a second, {frame['energy_uj']:,.1f} uJ in "
        "the array",
        f"clip     {clip['time_us']:,.1f} us: {clip['words']:,} words, {clip['launches']:,} launches, "
        f"{clip['compute_us']:,.1f} us, then {readout:,.1f} us of readout",
        f"readout  {out['values']:,} values once in {clip['runs']} frames, {out['bytes']:,} bytes: 1/"
        f"{out['ratio_to_raw']:,.0f} of the raw frames",
    ]
    if "decoder" in record:
        decoder = record["decoder"]
        label = record["clip"]["label"]
        should = (
            ""
            if label is None
            else ", as labelled"
            if label == decoder["class"]
            else f", labelled {decoder['label_name']}"
        )
        lines.append(f"decoder  {decoder['name']}{should}")
    lines.append(f"golden   {_differing(record['differs_from_golden'])}")
    if "files" in record:
        lines.append(f"pictures {', '.join(record['files'])}")
    return "\n".join(lines) + "\n"


def _differing(counts: Mapping[str, int]) -> str:
    wrong = [f"{n:,} of {stage}" for stage, n in counts.items() if n]
    return (
        f"values that differ from the golden model: {', '.join(wrong)}"
        if wrong
        else "b, f, h and o equal the golden model"
    )


def _write(folder: str, record: Mapping[str, Any], clip: Clip, found: Encoded, errors: str) -> list[Path]:
    """errors: those in force, or ""."""
    from scamp_sim.show.render import write_pictures
    from scamp_sim.systems.pixelrnn.report import pictures as show

    planes: dict[str, npt.NDArray[np.generic]] = {"x": found.x, "b": found.b, "f": found.f, "h": found.h}
    if clip.array.dtype != bool:
        planes = {"frame": clip.array, **planes}
    frame, whole, out = record["frame"], record["profile"], record["output"]
    notes = [
        f"{frame['words']:,} words and {frame['time_us']:,.1f} us a frame on the chip (modelled)",
        f"{whole['time_us']:,.1f} us for {whole['runs']} frames with the readout",
        f"{out['values']:,} values leave the sensor, 1/{out['ratio_to_raw']:,.0f} of the raw frames",
        _differing(record["differs_from_golden"]),
    ]
    decoder = record.get("decoder")
    heading = f"PixelRNN, {record['mapping']}: {clip.name}"
    if decoder:
        heading += f" -> {decoder['name']}"
    if errors:
        heading += f", {errors}"
    sheet = show.sheet(planes, found.o, heading, notes, decoder["scores"] if decoder else None)
    return write_pictures(folder, {SHEET: sheet, OUTPUT: show.output_picture(found.o)})


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the network to `run`."""
    network = parser.add_argument_group(f"the network: run {PROGRAM} --weights W --clip CLIP")
    common.add_weights(network)
    network.add_argument(
        "--clip",
        metavar="CLIP",
        help="16 frames: a .npy array (16, 64, 64), FILE.npz:INDEX, an animation or video, a folder of numbered "
        "pictures, or a gesture to draw, such as spread/leftward (with --seed), or "
        "spread/leftward:SEED; with --front-end also 256x256",
    )
    common.add_mapping(network, None)
    common.add_front_end(network)
