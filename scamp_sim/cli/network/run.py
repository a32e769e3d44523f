"""`scamp-sim network run`: one picture through a network on the array."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, plan_of
from scamp_sim.cli.network.sources import read_network, read_picture
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError
from scamp_sim.text import labelled

ABOUT = "run a picture through the network on an array, and compare every stage with the integers"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network run`."""
    add_plan(parser)
    parser.add_argument("--image", metavar="FILE", required=True, help="a picture, or an array .npy (rows, columns)")
    options.add_errors(parser)
    parser.add_argument("--engine", default="fast", choices=("fast", "reference"), help="default: fast")
    parser.add_argument("--out", metavar="DIR", help="write a sheet of input and stages there")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network run NET --image FILE`. Raises ScampError."""
    from scamp_sim.cli.chip_notes import in_force
    from scamp_sim.systems.base.compare import compare_stages, in_words
    from scamp_sim.systems.base.records import Encoded
    from scamp_sim.systems.network.encoder import Golden
    from scamp_sim.systems.network.system import SYSTEM

    if args.seed < 0:
        raise OptionError(f"--seed must be at least 0, got {args.seed}")
    if args.out is not None:
        from scamp_sim.show.render import check_folder

        check_folder(args.out)
    net = read_network(args)
    picture = read_picture(args.image, net)
    encoder = plan_of(args, net).build(args.errors, args.chip, engine=args.engine)
    cost = encoder.cost()  # of the plan that runs, which may have been made again for the profile
    names = [stage.name for stage in SYSTEM.stages]
    found = encoder.encode(picture[None], measurement=args.seed, keep=names)
    golden: Encoded = Golden(net).encode(picture[None], keep=names)
    differences = compare_stages(SYSTEM.stages, found, golden)
    decoder = SYSTEM.decoder(net)
    document: dict[str, Any] = {
        "image": args.image,
        "codes": found.codes.tolist() if decoder else None,
        "differs_from_golden": {d.stage: d.differ for d in differences},
        "differences": [d.as_dict() for d in differences],
        "words": cost.words,
        "us": cost.us,
        "bytes": cost.readout_bytes,
    }
    if decoder is not None:
        best, exact = (int(np.argmax(decoder.scores(e.codes))) for e in (found, golden))
        document |= {"class": best, "name": decoder.classes[best], "golden_class": exact}
    if args.out is not None:
        document["files"] = _pictures(args.out, picture, found)
    if args.format == "json":
        print_json(document)
        return 0
    print(in_force(args))
    print(labelled("golden", in_words(differences)))
    if decoder is not None:
        scores = ", ".join(f"{name} {score:.4g}" for name, score in zip(decoder.classes, found.codes, strict=False))
        if len(found.codes) == 1:
            scores = f"{found.codes[0]:.4g}; {decoder.classes[1]} above 0"
        print(f"class    {document['name']}; golden says {decoder.classes[document['golden_class']]}")
        print(labelled("scores", scores))
    print(f"\n{encoder.plan.text()}", end="")
    if args.out is not None:
        print(f"pictures: {', '.join(document['files'])}")
    return 0


def _pictures(folder: str, picture: Any, found: Any) -> list[str]:
    from scamp_sim.show.render import write_pictures
    from scamp_sim.systems.base.clips import stage_sheet
    from scamp_sim.systems.base.records import Clip, Encoded
    from scamp_sim.systems.network.system import SYSTEM

    shown = [s for s in SYSTEM.stages if np.ndim(found.stages.get(s.name, 0)) == 3]
    if not shown:
        return []
    last = Encoded(found.stages[shown[-1].name], found.stages)
    sheet = stage_sheet(SYSTEM.title, shown, Clip(picture[None], "picture"), last)
    return [str(path) for path in write_pictures(folder, {"stages.png": sheet})]


__all__ = ["ABOUT", "register", "run"]
