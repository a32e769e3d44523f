"""`scamp-sim view`: a page in the browser with the program, its planes at every moment, and its costs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scamp_sim.chip.planes import check_shape
from scamp_sim.cli import options
from scamp_sim.cli.programs import parse_inputs, parse_settings
from scamp_sim.cli.refusals import of_the_line, refuse
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.limits import whole_in

if TYPE_CHECKING:
    from scamp_sim.view.session import Session

NAME = "view"
HELP = (
    "Serve a page on this machine that shows a program at work: its source with diagnostics as you type, its planes "
    "after any word, forwards and backwards, the ideal array beside a chip, costs and timeline. Pictures are cropped "
    "and scaled to the array; without any there is a scene that moves. A network takes one clip, as system run does. "
    "Ctrl-C ends it."
)
EXAMPLES = (
    "scamp-sim view edges",
    "scamp-sim view mine.scamp --image photo.png --errors scamp5 --chip 7",
    "scamp-sim view main.cpp --frames 4",
    "scamp-sim view pixelrnn",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `view`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a kernel file, a C++ file for the SDK, the name of a library kernel (scamp-sim list) or of a network "
        "(scamp-sim system list)",
    )
    options.add_frames(parser)
    parser.add_argument(
        "--input", metavar="NAME=PATH", action="append", default=[], help="a named input or a register; as in run"
    )
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter, as in run")
    parser.add_argument(
        "--size", metavar="HxW", type=options.size, help="rows x columns (default: as the program says, else 256x256)"
    )
    options.add_timing(parser)
    options.add_errors(parser)
    parser.add_argument("--on", metavar="REALISATION", default="", help="of a network, as in system run")
    parser.add_argument("--weights", metavar="FILE", default="", help="of a network, as in system run")
    parser.add_argument(
        "--port", metavar="N", type=whole_in(0, 65535), help="port of the page (default: one that is free)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--save", metavar="PAGE", help="write the page of the state after the first frame there, and serve nothing"
    )


def run(args: argparse.Namespace) -> int:
    """`view`: serve the page until Ctrl-C. Raises ScampError."""
    from scamp_sim.files import check_file, write_text
    from scamp_sim.show.session import announce_compilation
    from scamp_sim.view.server import Server

    if args.save is not None:
        refuse(args, ("port",), "{option} is for a page that is served, and --save serves none")
        check_file(args.save, "page")
    session = _session(args)
    announce_compilation(args.errors)
    if args.save is not None:
        from scamp_sim.view import exports

        found = session.run(session.first)
        if not found["ok"]:
            settled = _settings_alone(found["diagnostics"], args.set)
            raise (OptionError if settled else ProgramError)(found["error"] or _first_of(found["diagnostics"]))
        for note in session.pictures.notes:
            print(f"scamp-sim: note: {note}", file=sys.stderr)
        page = write_text(args.save, exports.state(session, found["revision"], found["frames"][0]["end"]), "page")
        print(f"{page}: {found['title']} after its first frame; open it in a browser")
        return 0
    server = Server(session, args.port or 0)
    print(f"{session.subject.title}: {server.url}\nopen it in a browser; Ctrl-C ends it", flush=True)
    server.start()
    if not args.no_browser:
        import webbrowser

        try:
            webbrowser.open(server.url)
        except webbrowser.Error:
            print("no browser could be started", file=sys.stderr)
    try:
        session.run(session.first)  # what the page is about to ask, so that it does not wait
        server.wait()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    finally:
        server.shutdown()
        server.server_close()
    return 0


def _session(args: argparse.Namespace) -> Session:
    """What is viewed, and what there is to see. Raises ScampError for what no page could mend."""
    from scamp_sim.cli.live import settings_of
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.silicon import load_errors
    from scamp_sim.view.opening import subject_of
    from scamp_sim.view.pictures import Pictures
    from scamp_sim.view.records import Wish
    from scamp_sim.view.session import Session
    from scamp_sim.view.wishes import check_wish

    subject = subject_of(args.file, parse_inputs(args.input), args.on, args.weights, (args.image or [""])[0])
    if subject.kind == "network":
        if len(args.image) > 1:
            raise OptionError("a network is shown one clip; give one --image")
        refuse(args, ("input", "size", "fps", "frames"), "{option} is for programs; a network takes one clip as it is")
    elif subject.kind == "cpp":
        refuse(args, ("input",), "{option} is for kernel files; a C++ program says itself what it reads")
    if not args.image:
        refuse(args, ("fps",), "{option} is for pictures and videos; give --image as well")
    params = settings_of(args.set) if subject.kind == "cpp" else parse_settings(args.set)
    with of_the_line():
        subject.refuse_unknown(params)
    if args.size is not None:
        check_shape(args.size)
    load_errors(args.errors, args.size or (256, 256), args.chip, args.seed)
    pictures = Pictures(() if subject.kind == "network" else args.image, args.fps, args.frames)
    wish = Wish(
        None, params, args.errors, args.chip, args.seed, pictures.names[0], 1 if args.frames is None else args.frames
    )
    session = Session(subject, pictures, load_timing(args.timing), (args.errors,), args.size, wish)
    with of_the_line():
        check_wish(wish, session.errors)
    pictures.frames(wish, args.size or (256, 256))
    return session


def _settings_alone(diagnostics: list[dict[str, Any]], settings: list[str]) -> bool:
    """Whether all that is wrong with a text are values that --set gives."""
    errors = [d for d in diagnostics if d["severity"] == "error"]
    return bool(errors and settings) and all(d["code"] == "S208" for d in errors)


def _first_of(diagnostics: list[dict[str, Any]]) -> str:
    """The first error of a text, for a command that does nothing but that."""
    found = [d for d in diagnostics if d["severity"] == "error"] or diagnostics
    return f"{found[0]['file']}:{found[0]['line']}: {found[0]['message']}" if found else "nothing could be run"
