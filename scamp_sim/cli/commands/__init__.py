"""The commands, one module each: NAME, HELP, EXAMPLES, register(parser), run(args) -> exit code.

A module is imported when its command is called. What the help of all of them needs stands in the table here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PACKAGE = "scamp_sim.cli.commands"

ENTRY_POINTS = "scamp_sim.commands"
"""Entry points of other packages: name -> module with the same five names."""


@dataclass(frozen=True)
class Command:
    """A command of the table.

    module: where it is.
    about: its line in the help of all.
    job: its heading there.
    """

    name: str
    module: str
    about: str
    job: str


def _own(name: str, about: str, job: str) -> Command:
    return Command(name, f"{PACKAGE}.{name}{'_' if name == 'import' else ''}", about, job)


WRITE, COST, SILICON, NETWORKS, CPP, OTHER, READ = (
    "write and run programs",
    "know what they cost",
    "chips with errors",
    "in-sensor systems",
    "C++ of the SDK",
    "commands of other packages",
    "read",
)

OWN: tuple[Command, ...] = (
    _own("demo", "a photograph through an edge kernel", WRITE),
    _own("run", "assemble a program and run it on images", WRITE),
    _own("view", "a live page: planes after every word, forwards and backwards", WRITE),
    _own("new", "a program to start from", WRITE),
    _own("check", "show errors and warnings of kernel files", WRITE),
    _own("lsp", "a language server: messages, meanings and costs in your editor as you type", WRITE),
    _own("explain", "what the code of a message means, with an example", WRITE),
    _own("list", "show what a program becomes, word by word; without FILE: the library", WRITE),
    _own("filter", "short words for convolution kernels", WRITE),
    _own("isa", "explain the instruction set", WRITE),
    _own("profile", "show what every source line costs, in the terminal or as a page", COST),
    _own("calibration", "compare the cost model with published figures", COST),
    _own("ranges", "show where analog values can saturate and what fades before it is read", SILICON),
    _own("chips", "show the chip profiles and their knobs", SILICON),
    _own("fit", "a chip profile from measurements of your chip", SILICON),
    _own("measure", "programs that measure your chip, and a reader for what it gave", SILICON),
    _own("system", "published in-sensor encoders: run, validate, costs, train, published numbers", NETWORKS),
    _own("compare", "four in-sensor encoders side by side: bits, time, energy, as chips and as programs", NETWORKS),
    _own("network", "a trained network of your own on the array, from ONNX or arrays", NETWORKS),
    _own("validate", "an alias of system validate pixelrnn", NETWORKS),
    _own("train", "an alias of system train pixelrnn", NETWORKS),
    _own("report", "an alias of system published pixelrnn --item costs, memory, figure2, figure3, table3", NETWORKS),
    _own("import", "show what of a C++ file for the SDK assembles", CPP),
    _own("export", "write a program as C++ for the SDK", CPP),
    _own("docs", "show a page of the documentation", READ),
    _own("completion", "names and options on the TAB key of bash, zsh and tcsh", READ),
    _own("bench", "how fast the simulator is on this machine, beside the documented figures", READ),
)
"""The commands in the order of the help."""


def commands() -> Mapping[str, Command]:
    """Name -> command; those of other packages after ours.

    Raises ProgramError if another package takes a name that is taken already.
    """
    from importlib.metadata import entry_points

    from scamp_sim.exceptions import ProgramError

    found = {c.name: c for c in OWN}
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name in found:
            raise ProgramError(
                f"the command '{entry.name}' of {entry.value} clashes with {found[entry.name].module}; uninstall one"
            )
        found[entry.name] = Command(entry.name, entry.value, f"from {entry.value.partition('.')[0]}", OTHER)
    return found


__all__ = ["ENTRY_POINTS", "OWN", "Command", "commands"]
