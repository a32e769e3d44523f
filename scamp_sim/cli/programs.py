"""What the command line names: programs, parameters and inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.chip import isa
from scamp_sim.compiler.front.source import CPP, PROGRAMS
from scamp_sim.exceptions import OptionError, ProgramError, ScampError
from scamp_sim.reading import URL, is_taken, is_there, nearest_file, read_bytes, read_json, read_standard_input
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

DEEPEST = 16
"""Dimensions that a table on the command line may have."""


def load_program(file: str, params: dict[str, Any], runs: bool = False, placeholders: bool = False) -> Program:
    """Assemble a file, standard input (`-`) or a kernel of the library. Raises ScampError.

    runs: whether C++ with a main may be run, so that its program is the last frame of a run; else its text is read.
    placeholders: whether parameters without a value get one that is allowed, so that the text can be looked at.
    """
    from scamp_sim import kernels
    from scamp_sim.compiler import assemble

    if not file:
        raise ProgramError("the name of the program is empty; give a kernel file or a name that scamp-sim list shows")
    if file == "-":
        return _assembled("standard input", standard_input(), params, placeholders)
    path = Path(file)
    try:
        if file in kernels.names() and not is_taken(path):
            path = Path(kernels.path(file))
        if not is_there(path):
            raise ProgramError(_unknown(file))
        if path.is_dir():
            raise ProgramError(f"{file}: is a folder; give a kernel file")
        if runs and path.suffix.lower() in CPP:
            from scamp_sim.cli import live

            if live.is_program(file):
                return live.recorded(file, settings=params)
            return assemble(path, params=params, dialect="sdk")
        if path.suffix.lower() in CPP:
            from scamp_sim.compiler.sdk.program import listed

            return listed(path)
        return _assembled(file, path, params, placeholders)
    except OSError as e:
        raise ProgramError(
            f"{short(file, 80)}: cannot be read: {e.strerror or e}; check the path and its permissions"
        ) from e


def _unknown(file: str) -> str:
    """What to say of a name that is neither that of a file nor of a kernel."""
    from scamp_sim import kernels
    from scamp_sim.systems.base import registry

    if file in registry.names():
        return f"{file} is a network: scamp-sim system run {file} runs it, profile and view take its name as well"
    if URL.match(file):
        return f"{short(file, 200)}: addresses are not read; download it, and name the file"
    near = isa.did_you_mean(file, (*kernels.names(), *registry.names())) or nearest_file(Path(file), PROGRAMS)
    return f"{short(file, 200)}: no such file, and no kernel of the library{near} (scamp-sim list names them)"


def _assembled(file: str, source: Path | str, params: dict[str, Any], placeholders: bool) -> Program:
    """A text of ours, assembled. That it has no such parameter is said of the option, not of a place in the text; a
    value that the text does not allow is shown where it says so, but is the command line's fault, too."""
    from scamp_sim.compiler import CompileError, assemble

    try:
        return assemble(source, params=params, placeholders=placeholders)
    except CompileError as e:
        unknown = [m[1] for d in e.diagnostics if d.code == "S208" and (m := UNKNOWN.match(d.message))]
        errors = [d for d in e.diagnostics if d.severity == "error"]
        if not unknown or len(unknown) < len(errors):
            e.of_the_line = all(
                d.code == "S208" and (m := OF_PARAM.match(d.message)) and m[1] in params for d in errors
            )
            raise
        known = assemble(source, placeholders=True).params
        near = isa.did_you_mean(unknown[0], known)
        has = f" has {', '.join(f'{n} = {short(str(v), 30)}' for n, v in known.items())}" if known else " has none"
        has = f"{near} It{has}" if near else f"; it{has}"
        raise OptionError(f"--set {unknown[0]}: {short(file, 80)} has no such parameter{has}") from None


OF_PARAM = re.compile(r"param '(\w+)': ")
UNKNOWN = re.compile(r"the source has no param '(\w+)'")
MISSING = re.compile(r"param '(\w+)' has no default")


def assumed(file: str, program: Program, settings: Mapping[str, Any], done: str = "checked") -> list[str]:
    """A note of the parameters whose values were made up for what was done; none if all have one."""
    from scamp_sim.compiler import CompileError

    if file == "-":  # which can be read once
        return []
    given, made_up = dict(settings), list[str]()
    while True:
        try:
            load_program(file, given)
        except CompileError as e:
            missing = [m[1] for d in e.diagnostics if d.code == "S208" and (m := MISSING.match(d.message))]
            if not missing or missing[0] in given:
                return []
            given[missing[0]] = program.params[missing[0]]
            made_up.append(f"{missing[0]} = {short(str(program.params[missing[0]]), 30)}")
            continue
        return [f"{file}: {done} with {', '.join(made_up)}, which have no default"] if made_up else []


def standard_input() -> str:
    """A kernel text from standard input. Raises ProgramError that names the line of what is no text."""
    from scamp_sim.compiler.front.source import MOST_SOURCE

    source = read_standard_input("kernel", ProgramError, MOST_SOURCE)
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as e:
        line = source.count(b"\n", 0, e.start) + 1
        raise ProgramError(f"<stdin>:{line}: not UTF-8 text (byte 0x{source[e.start]:02x})") from None


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """`--set` arguments as parameters: name -> int or nested lists of them. Raises ProgramError."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise OptionError(f"--set {short(text, 80)}: write NAME=VALUE, such as level=30 or weights=@w.json")
        if name in settings:
            raise OptionError(f"--set {name}: given twice")
        settings[name] = _setting(name, value.strip())
    return settings


def _setting(name: str, value: str) -> Any:
    try:
        setting = _setting_file(name, Path(value[1:])) if value.startswith("@") else _setting_text(name, value)
        depth = _depth(setting)
    except RecursionError:  # nested beyond what this Python reads, or walks
        setting = None
        depth = DEEPEST + 1
    if depth > DEEPEST:
        raise OptionError(f"--set {name}: the list is nested too deeply; tables have a few dimensions")
    return setting


def _setting_file(name: str, path: Path) -> Any:
    if path.suffix.lower() == ".npy":
        from scamp_sim.show.render import load_array

        try:
            return load_array(path).tolist()
        except ScampError as e:
            raise ProgramError(f"--set {name}: {e}") from e
    return read_json(path, f"--set {name}:", ProgramError)


def _setting_text(name: str, value: str) -> Any:
    try:
        return int(value, 0)
    except ValueError:
        pass
    try:
        return json.loads(value)
    except ValueError:
        raise OptionError(
            f"--set {name}: '{short(value, 80)}' is not a number, a list such as [1,-1], or @FILE.json or @FILE.npy"
        ) from None


def _depth(value: Any) -> int:
    """How many lists lie inside one another; counted no further than one beyond what is allowed."""
    depth, level = 0, [value]
    while depth <= DEEPEST and any(isinstance(v, list) for v in level):
        depth, level = depth + 1, [w for v in level if isinstance(v, list) for w in v]
    return depth


def parse_inputs(texts: Iterable[str]) -> dict[str, str]:
    """`--input` arguments: name -> path. Raises ProgramError."""
    inputs: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise OptionError(f"--input {text}: write NAME=PATH")
        if name in inputs:
            raise OptionError(f"--input {name}: given twice")
        inputs[name] = path
    return inputs


def sdk_source(file: str) -> Path:
    """The path of a C++ file. Raises ProgramError that names a near one."""
    from scamp_sim.compiler.front.source import MOST_SOURCE

    path = Path(file)
    if not file or not is_there(path):
        raise ProgramError(f"{short(file, 80)}: no such file{nearest_file(path, CPP)}; give a C++ file")
    data = read_bytes(path, "program", ProgramError, MOST_SOURCE)
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ProgramError(f"{file}: is not a text file; give a C++ file")
    return path
