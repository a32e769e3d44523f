"""`scamp-sim system`: published in-sensor systems, all through one protocol; this module knows none by name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.cli.parsing import Parser
from scamp_sim.cli.refusals import refuse
from scamp_sim.cli.systems import announce, chosen_on, errors_line, noise_seed, validate
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.limits import whole_in
from scamp_sim.systems.base import registry
from scamp_sim.systems.base.options import describe
from scamp_sim.systems.base.protocol import Action, Ran, Realisation, System, hardware_of
from scamp_sim.text import table

NAME = "system"
HELP = (
    "In-sensor encoders as they were published: run one on a picture, compare its realisations with the golden model, "
    "see what it costs, recompute the numbers of its paper, train it. `system ACTION NAME --help` shows the options of "
    "one system."
)
EXAMPLES = (
    "scamp-sim system list",
    "scamp-sim system run pixelrnn spread/leftward --on scamp5",
    "scamp-sim system validate pixelrnn --clips synthetic:2 --on scamp5:blocks --errors scamp5 --chips 1-5",
    "scamp-sim system costs pixelrnn",
    "scamp-sim system published pixelrnn --format json",
)

ABOUT = {
    "list": "the available systems",
    "run": "encode one picture, clip or array, and show what leaves the sensor",
    "validate": "encode many, and compare every stage with the golden model",
    "costs": "words, time, energy and bytes of one clip",
    "train": "train the system in PyTorch",
    "published": "every number of the paper beside the recomputed one",
}

ON_HELP = (
    "golden (equations), circuit (the authors' sensor) or scamp5[:MAPPING], with options as NAME:option=value,...; "
    "`system list` shows which a system has"
)


class _Parser(Parser):
    """The parser of one action. The options of a system are added when its name is seen, so that no other system is
    imported; and positional arguments may stand anywhere among the options."""

    _inner = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._inner or self._defaults.get("action") == "list":
            return super().parse_known_args(args, namespace)
        name = _named(list(args or ()))
        if name is not None:
            action = cast(Action, self._defaults["action"])
            found = registry.system(name)
            if action == "train":
                _trainer(found).arguments(self)
            else:
                found.arguments(action, self)
        self._inner = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inner = False

    def error(self, message: str) -> NoReturn:
        """As every parser does; without a name, with the names that there are."""
        if "required: NAME" in message:
            message += f"; systems are {', '.join(registry.names())}"
        super().error(message)


def _named(args: Sequence[str]) -> str | None:
    """The system that a command line names: its first argument that is one and no option's value."""
    known = registry.names()
    for before, arg in zip(("", *args), args, strict=False):
        if arg in known and not (before.startswith("-") and "=" not in before):
            return arg
    return None


def register(parser: argparse.ArgumentParser) -> None:
    """The actions and the arguments that all systems share."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=_Parser)
    for name, act in ACTIONS.items():
        sub = actions.add_parser(name, help=ABOUT[name], description=ABOUT[name][0].upper() + ABOUT[name][1:] + ".")
        sub.set_defaults(action=name, act=act)
        if name != "list":
            sub.add_argument("name", metavar="NAME", help="a system; `scamp-sim system list` shows them")
        if name == "run":
            sub.add_argument(
                "input",
                metavar="INPUT",
                nargs="?",
                help="a picture, an array .npy, or another input that the system reads (default: its example)",
            )
            sub.add_argument("--out", metavar="DIR", help="write pictures of input, stages and codes there")
            sub.add_argument(
                "--trace",
                metavar="FILE",
                help="write the timeline of all frames there, for chrome://tracing or Perfetto",
            )
        if name == "validate":
            sub.add_argument(
                "--clips",
                metavar="CLIPS",
                default="example:4",
                help="FILE.npz with `input` and perhaps `labels`, a folder of pictures, example:N, or what else the "
                "system reads (default: example:4)",
            )
            sub.add_argument("--limit", metavar="N", type=whole_in(1), help="only the first N clips")
            sub.add_argument(
                "--out", metavar="FILE", help="keep the results in FILE, as JSON; finished clips are not rerun"
            )
            sub.add_argument("--pictures", metavar="DIR", help="write the worst plane of each stage there")
            sub.add_argument("--plot", metavar="FILE", help="write a plot of the study to FILE, as PNG, PDF or SVG")
        if name in ("run", "validate", "costs", "published"):
            sub.add_argument("--on", metavar="REALISATION", help=ON_HELP)
            sub.add_argument("--weights", metavar="W", help="a file, or random:SEED (default: chosen by the system)")
        if name in ("run", "validate"):
            options.add_errors(sub)
            sub.add_argument("--engine", default="fast", choices=("fast", "reference"), help="default: fast")
        if name in ("run", "validate", "costs"):
            options.add_timing(sub)
        if name == "validate":
            options.add_study(sub, jobs=True)
        options.add_format(sub)


def run(args: argparse.Namespace) -> int:
    """`system ACTION ...`."""
    act: Callable[[argparse.Namespace], int] = args.act
    return act(args)


CIRCUIT = "; no failure: the circuit has a curve and noise that the model leaves out"
"""Behind what differs where a circuit is compared with the golden model."""


def _note_fitted(file: str | None, rows: int, columns: int) -> None:
    """Say on stderr that a picture is cropped and scaled to what a system takes."""
    from scamp_sim.show.frames.decode import PICTURES
    from scamp_sim.show.frames.source import frames

    path = Path(file or "")
    if path.suffix.lower() not in PICTURES or not path.is_file():
        return
    film = frames(path, (rows, columns), resize=True, count=1)
    list(film)
    if film.told():
        print(f"scamp-sim: note: {path.name}: {film.told()}", file=sys.stderr)


# --- actions ----------------------------------------------------------------------------------------------------


def list_(args: argparse.Namespace) -> int:
    """`system list`."""
    systems = [registry.system(name) for name in registry.names()]
    if args.format == "json":
        rows = [
            {
                "name": s.name,
                "title": s.title,
                "paper": s.paper,
                "realisations": list(s.realisations),
                "stages": [vars(stage) for stage in s.stages],
                "trains": s.trainer() is not None,
            }
            for s in systems
        ]
        print_json({"systems": rows})
        return 0
    lines = [(s.name, s.title, ", ".join(s.realisations)) for s in systems]
    print(table(("name", "what", "--on"), lines, "<<<"), end="")
    print("\n" + "\n".join(f"{s.name}: {s.paper}" for s in systems))
    return 0


def run_(args: argparse.Namespace) -> int:
    """`system run`."""
    from scamp_sim.cli.networks import ARRAY, frames_in, trace_of
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.files import check_file
    from scamp_sim.machine.tape import recording
    from scamp_sim.systems.base.compare import compare_stages, in_words

    system = registry.system(args.name)
    seed, on = noise_seed(args), chosen_on(system, args)
    timing = load_timing(args.timing)  # what is wrong with it is told, whether words are priced or not
    params = system.parameters(args)
    if args.out is not None:
        from scamp_sim.show.render import check_folder

        check_folder(args.out)
    if args.trace is not None:
        if not on.on_array:
            raise OptionError(f"--trace shows words of the array, and '{on.name}' has none; give --on scamp5")
        check_file(args.trace, "trace")
    hardware = hardware_of(args)
    takes = system.frames(params, on)
    clip = system.read(args.input, takes, args)
    if args.input is not None and clip.array.ndim < 3:
        raise ProgramError(f"{args.input}: expected frames (count, rows, columns), got shape {clip.array.shape}")
    shown = takes.like(clip.array)
    _note_fitted(args.input, shown.rows, shown.columns)
    encoder = system.build(params, on, hardware, shown)
    announce(system, on, args)
    kept = [stage.name for stage in system.stages[:-1]]
    encoded = encoder.encode(clip.array, measurement=seed, keep=kept)
    golden = system.models(params, on, clip.array, shown)["golden"] if on.name != "golden" else encoded
    differences = compare_stages(system.stages, encoded, golden) if on.name != "golden" else ()
    ran = Ran(params, on, hardware, clip, encoder, encoded, golden, differences, args)
    report, cost, codes = system.report(ran), encoder.cost(), encoded.codes
    answer = _decoded(system, ran)
    document = {
        "system": system.name,
        "on": describe(on),
        "input": {"name": clip.name, "shape": list(clip.array.shape), "label": clip.label},
        "codes": {
            "shape": list(codes.shape),
            "bits": encoder.gives.bits,
            "unit": encoder.gives.unit,
            "values": encoder.gives.values,
            "bytes": encoder.gives.bytes,
            "min": float(codes.min(initial=0)),
            "max": float(codes.max(initial=0)),
            "mean": float(codes.mean()) if codes.size else 0.0,
        },
        "differs_from_golden": {d.stage: d.differ for d in differences},
        "differences": [d.as_dict() for d in differences],
        "cost": cost.as_dict(),
        **({"decoder": answer} if answer else {}),
        **report.document,
    }
    if args.out is not None:
        from scamp_sim.show.render import write_pictures

        document["files"] = [str(path) for path in write_pictures(args.out, system.pictures(ran))]
    if args.trace is not None:
        with recording() as tape:  # apart: a look at stages runs some steps again
            encoder.encode(clip.array, measurement=seed)
        frames = frames_in(tape.events, clip.name, system.name)
        trace_of(frames, timing, ARRAY, args.trace, system.name)
        document["trace"] = args.trace
    if args.format == "json":
        print_json(document)
        return 0
    print(f"{system.title}, {describe(on)}: {clip.name}, {takes.like(clip.array)}\n{errors_line(args, on)}")
    whole = codes.dtype.kind in "biu"
    as_what = "" if whole else f"{encoder.gives.unit} " if encoder.gives.unit else "as values "
    print(f"codes    {encoder.gives}; {as_what}{codes.min():g} .. {codes.max():g}, mean {codes.mean():.4g}")
    if differences:
        expected = "" if on.on_array or not any(d.differ for d in differences) else CIRCUIT
        print(f"golden   {in_words(differences)}{expected}")
    if answer:
        labelled = "" if clip.label is None else f", labelled {answer['label_name']}"
        print(f"decoder  {answer['name']}{labelled}")
    for line in report.lines:
        print(line)
    print()
    print(cost.text(), end="")
    if args.trace is not None:
        print(f"\ntimeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
    if args.out is not None:
        print(f"\npictures: {', '.join(document['files'])}")
    else:
        print("\nno pictures written; --out DIR writes them")
    return 0


def costs(args: argparse.Namespace) -> int:
    """`system costs`."""
    from scamp_sim.systems.base.cost import side_by_side

    system = registry.system(args.name)
    if args.on is not None:
        on = chosen_on(system, args)
        cost = system.costs(on, args)
        if args.format == "json":
            print_json({"system": system.name, "on": describe(on), **cost.as_dict()})
        else:
            print(f"{system.title}, {describe(on)}: {cost.frames} frames\n\n{cost.text()}", end="")
        return 0
    found = {}
    for name, kind in system.realisations.items():
        on = system.settle(Realisation(name, kind()), args)
        cost = system.costs(on, args)
        if cost.parts:
            found[describe(on)] = cost
        if name in system.adapts:
            found[f"{describe(on)}, on chips of {SURVIVES}"] = system.costs(on, _with_errors(args, SURVIVES))
    if args.format == "json":
        print_json({"system": system.name, "realisations": {name: cost.as_dict() for name, cost in found.items()}})
    else:
        print(f"{system.title}\n\n{side_by_side(found)}\n--on REALISATION shows the parts of one", end="\n")
    return 0


SURVIVES = "scamp5"
"""The kind of chip for which programs are priced that differ where there are errors."""


def _with_errors(args: argparse.Namespace, errors: str) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(args), "errors": errors})


def published(args: argparse.Namespace) -> int:
    """`system published`."""
    from scamp_sim.systems.base import published as rows_of

    system = registry.system(args.name)
    on = None if args.on is None else chosen_on(system, args)
    item = system.item(args)
    if item is not None:
        if args.format == "json":
            print_json(item.document)
        else:
            print("\n".join(item.lines))
        return 0
    refuse(args, ("weights",), "{option} changes no published number; leave it out")
    rows = tuple(system.published(on, args))
    if args.format == "json":
        print_json({"system": system.name, "paper": system.paper, **rows_of.document(rows)})
    else:
        print(f"{system.paper}\n\n{rows_of.text(rows)}" if rows else f"{system.name}: no published numbers", end="\n")
    return 0


def train(args: argparse.Namespace) -> int:
    """`system train`."""
    report = _trainer(registry.system(args.name)).run(args)
    if args.format == "json":
        print_json(report.document)
    else:
        print("\n".join(report.lines))
    return 0


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": list_,
    "run": run_,
    "validate": validate,
    "costs": costs,
    "train": train,
    "published": published,
}


# --- what they share --------------------------------------------------------------------------------------------


def _trainer(system: System[Any]) -> Any:
    found = system.trainer()
    if found is None:
        raise ProgramError(f"system '{system.name}' cannot be trained here; `scamp-sim system list` says which can")
    return found


def _decoded(system: System[Any], ran: Ran[Any]) -> dict[str, Any]:
    """What the system's decoder makes of the codes; empty without one."""
    decoder = system.decoder(ran.params)
    if decoder is None:
        return {}
    names = decoder.classes
    scores = [float(s) for s in decoder.scores(ran.encoded.codes)]
    best = max(range(len(scores)), key=scores.__getitem__)
    found: dict[str, Any] = {"class": best, "name": names[best], "scores": dict(zip(names, scores, strict=True))}
    if ran.clip.label is not None:
        found["label_name"] = names[ran.clip.label] if ran.clip.label < len(names) else str(ran.clip.label)
    return found


__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
