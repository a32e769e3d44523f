"""From a name on the command line to what is viewed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scamp_sim import kernels
from scamp_sim.chip import isa
from scamp_sim.compiler.front.source import CPP, PROGRAMS, Unreadable, read
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.reading import URL, is_taken, is_there, nearest_file
from scamp_sim.text import short
from scamp_sim.view.subjects import KernelText, Subject


def subject_of(file: str, inputs: Mapping[str, str], on: str = "", weights: str = "", clip: str = "") -> Subject:
    """What a name on the command line stands for: a file, a kernel of the library, a network. Raises ScampError."""
    from scamp_sim.systems.base import registry

    if file == "-":
        raise ProgramError("view shows files; give one, or the name of a library kernel or a network")
    path = Path(file)
    there = is_there(path)
    taken = is_taken(path)
    if file in registry.names() and not taken:
        from scamp_sim.view.networks import Network  # their libraries are heavy

        return Network(registry.system(file), on, weights, clip)
    if on or weights:
        raise OptionError("--on and --weights are for networks; leave them out for a program")
    if file in kernels.names() and not taken:
        return KernelText(Path(kernels.path(file)), f"{file}.scamp", inputs, library=True)
    if not there and URL.match(file):
        raise ProgramError(f"{short(file, 80)}: addresses are not read; download it, and name the file")
    if not there:
        known = (*kernels.names(), *registry.names())
        near = isa.did_you_mean(file, known) or nearest_file(path, PROGRAMS)
        raise ProgramError(
            f"{short(file, 80)}: no such file, no kernel of the library and no network{near} (scamp-sim list names "
            "kernels, scamp-sim system list networks)"
        )
    if path.is_dir():
        raise ProgramError(f"{short(file, 80)}: is a folder; give a kernel file")
    if path.suffix.lower() in CPP:
        from scamp_sim.compiler.native.toolchain.scan import is_program

        if is_program(path):
            from scamp_sim.view.live import LiveSubject

            return LiveSubject(path)
    try:
        read(path)
    except Unreadable as error:
        raise ProgramError(f"{short(file, 80)}: {error}; {error.hint}") from None
    return KernelText(path, path.name, inputs)


__all__ = ["subject_of"]
