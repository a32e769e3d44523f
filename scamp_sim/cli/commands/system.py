"""`scamp-sim system`: published in-sensor systems, all through one protocol; this module knows none by name."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.base import registry
from scamp_sim.systems.base.options import describe, parse_realisation
from scamp_sim.systems.base.protocol import Action, ClipSet, Ran, Realisation, System, hardware_of
from scamp_sim.text import plural, table

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


class _Parser(argparse.ArgumentParser):
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
                "input", metavar="INPUT", nargs="?",
                help="a picture, an array .npy, or another input that the system reads (default: its example)",
            )  # fmt: skip
            sub.add_argument("--out", metavar="DIR", help="write pictures of input, stages and codes there")
        if name == "validate":
            sub.add_argument(
                "--clips", metavar="CLIPS", default="example:4",
                help="FILE.npz with `input` and perhaps `labels`, a folder of pictures, example:N, or what else the "
                "system reads (default: example:4)",
            )  # fmt: skip
            sub.add_argument("--limit", metavar="N", type=int, help="only the first N clips")
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
    from scamp_sim.systems.base.compare import compare_stages, in_words

    system = registry.system(args.name)
    seed, on = _seed(args), _on(system, args)
    params = system.parameters(args)
    if args.out is not None:
        from scamp_sim.show.render import check_folder

        check_folder(args.out)
    hardware = hardware_of(args)
    takes = system.frames(params, on)
    clip = system.read(args.input, takes, args)
    if args.input is not None and clip.array.ndim < 3:
        raise ProgramError(f"{args.input}: expected frames (count, rows, columns), got shape {clip.array.shape}")
    shown = takes.like(clip.array)
    encoder = system.build(params, on, hardware, shown)
    _announce(system, on, args)
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
    if args.format == "json":
        print_json(document)
        return 0
    print(f"{system.title}, {describe(on)}: {clip.name}, {takes.like(clip.array)}\n{_errors(args, on)}")
    print(f"codes    {encoder.gives}; {codes.min():g} .. {codes.max():g}, mean {codes.mean():.4g}")
    if differences:
        print(f"golden   {in_words(differences)}")
    if answer:
        labelled = "" if clip.label is None else f", labelled {answer['label_name']}"
        print(f"decoder  {answer['name']}{labelled}")
    for line in report.lines:
        print(line)
    print()
    print(cost.text(), end="")
    if args.out is not None:
        print(f"\npictures: {', '.join(document['files'])}")
    else:
        print("\nno pictures written; --out DIR writes them")
    return 0


def validate(args: argparse.Namespace) -> int:
    """`system validate`: many clips against the models. Differences are no error of the command."""
    from scamp_sim.cli.studies import asked
    from scamp_sim.files import check_file

    seed, system = _seed(args), registry.system(args.name)
    default = system.default_on if system.default_on != "golden" else _not_golden(system)
    on = _on(system, args, default)
    if on.name == "golden":
        raise ProgramError("the golden model is what others are compared with: choose another --on")
    if args.out is not None:
        check_file(args.out, "results")
    params = system.parameters(args)
    clips = system.data(args.clips, system.frames(params, on), args)
    _announce(system, on, args)
    if asked(args):
        return _over_chips(args, system, params, clips, on)
    return _one_chip(args, system, params, clips, on, seed)


def _not_golden(system: System[Any]) -> str:
    """The first realisation that can differ from the golden model. Raises ProgramError if there is none."""
    for name in system.realisations:
        if name != "golden":
            return name
    raise ProgramError(f"system '{system.name}' has no realisation beside its golden model")


def _one_chip(
    args: argparse.Namespace, system: System[Any], params: Any, clips: ClipSet, on: Realisation, seed: int
) -> int:
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.show.render import check_folder, write_pictures
    from scamp_sim.systems.base.study.run import validate
    from scamp_sim.systems.base.study.worst import worst

    if args.plot is not None:
        raise ProgramError("--plot draws a study over chips; add --chips LIST, or leave it out")
    if args.pictures is not None:
        check_folder(args.pictures, option="--pictures")
    hardware, started = hardware_of(args), time.monotonic()
    wanted = min(len(clips), args.limit or len(clips))
    with kept(args.out), progress(wanted, "clips") as advance:
        found = validate(
            system, params, clips, on, hardware,
            seed=seed, jobs=args.jobs, out=args.out, limit=args.limit, advance=advance,
        )  # fmt: skip
    files: list[str] = []
    if args.pictures is not None:
        pictures = worst(system, params, clips, on, hardware, seed, found)
        files = [str(path) for path in write_pictures(args.pictures, pictures)]
    if args.format == "json":
        print_json({**found.as_dict(), "results": args.out, "pictures": files})
        return 0
    print(f"validation of {system.name}, {describe(on)}: {plural(wanted, 'clip')} of {clips.source}")
    print(f"{_errors(args, on)}\n{found.text()}", end="")
    _told(args, found.ran, time.monotonic() - started, files)
    return 0


def _over_chips(args: argparse.Namespace, system: System[Any], params: Any, clips: ClipSet, on: Realisation) -> int:
    from scamp_sim.cli.chip_notes import note_ideal
    from scamp_sim.cli.studies import chosen
    from scamp_sim.show import plots
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.study.grid import heading, make_grid
    from scamp_sim.systems.base.study import plot
    from scamp_sim.systems.base.study.run import measure

    if args.pictures is not None:
        raise ProgramError("--pictures shows one run; leave it out of a study over chips, or name one --chip")
    if args.plot is not None:
        plots.check(args.plot)
    grid = make_grid(*chosen(args), min(len(clips), args.limit or len(clips)))
    if on.on_array:
        note_ideal(args.errors)
    started = time.monotonic()
    with kept(args.out), progress(len(grid), "clips") as advance:
        found = measure(
            system, params, clips, on, hardware_of(args), chips=grid.chips, seeds=grid.seeds,
            jobs=args.jobs, cluster=args.cluster, out=args.out, limit=args.limit, advance=advance,
        )  # fmt: skip
    if args.plot is not None:
        plot.write(args.plot, found)
    if args.format == "json":
        print_json({**found.as_dict(), "results": args.out, "plot": args.plot})
        return 0
    title = f"validation of {system.name}, {describe(on)}, errors {found.about['errors']}"
    print(f"{title}: {heading(grid)} x {plural(grid.items, 'clip')} of {clips.source}\n\n{found.text()}", end="")
    _told(args, found.ran, time.monotonic() - started, [args.plot] if args.plot else [])
    return 0


def _told(args: argparse.Namespace, ran: int, seconds: float, files: Sequence[str]) -> None:
    """Where results and pictures are, and how long it took."""
    if args.out is not None:
        print(f"results: {args.out}")
    if files:
        print(f"pictures: {', '.join(files)}")
    each = f"took {seconds:.1f} s, {seconds / ran * 1e3:.1f} ms each" if ran else "all were in the results file"
    print(f"{plural(ran, 'clip')} run; {each}")


def costs(args: argparse.Namespace) -> int:
    """`system costs`."""
    from scamp_sim.systems.base.cost import side_by_side

    system = registry.system(args.name)
    if args.on is not None:
        on = _on(system, args)
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
    on = None if args.on is None else _on(system, args)
    item = system.item(args)
    if item is not None:
        if args.format == "json":
            print_json(item.document)
        else:
            print("\n".join(item.lines))
        return 0
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


def _on(system: System[Any], args: argparse.Namespace, default: str = "") -> Realisation:
    """The realisation that --on names. Raises ProgramError, also for errors that it cannot have."""
    on = system.settle(parse_realisation(args.on or default or system.default_on, system.realisations), args)
    if on.name == "golden" and getattr(args, "errors", "ideal") != "ideal":
        raise ProgramError("the golden model has no errors: choose another --on, or leave out --errors")
    return on


def _trainer(system: System[Any]) -> Any:
    found = system.trainer()
    if found is None:
        raise ProgramError(f"system '{system.name}' cannot be trained here; `scamp-sim system list` says which can")
    return found


def _seed(args: argparse.Namespace) -> int:
    """The seed of the noise. Raises ProgramError."""
    if args.seed < 0:
        raise ProgramError(f"--seed must be at least 0, got {args.seed}")
    return int(args.seed)


def _errors(args: argparse.Namespace, on: Realisation) -> str:
    """The errors in force in a line, "" for none."""
    from scamp_sim.cli.chip_notes import in_force

    return in_force(args) if on.on_array else ""


def _announce(system: System[Any], on: Realisation, args: argparse.Namespace) -> None:
    if on.on_array and args.engine == "fast":
        from scamp_sim.show.session import announce_compilation

        announce_compilation(args.errors)


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
