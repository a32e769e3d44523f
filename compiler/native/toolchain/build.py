"""C++ files -> a program that can be run: find a compiler, build, keep what was built by its contents.

Nothing here runs what it builds.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.source import CPP_SOURCES, MOST_SOURCE
from scamp_sim.compiler.native.toolchain import header, said
from scamp_sim.compiler.native.toolchain.compilers import (
    Compiler,
    NoCompilerError,
    call,
    find_compiler,
    flags_of,
    has_compiler,
)
from scamp_sim.compiler.native.toolchain.scan import has_main, included_sources, stripped
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.reading import note_read, read_bytes
from scamp_sim.user_cache import user_cache

STANDARD = "c++17"
MOST_UNKNOWN = 60
"""Names of the SDK that are not known here, of one file: with more it is another SDK."""
_LINE_MARKER = re.compile(r'^# (?P<line>\d+) "(?P<file>(?:[^"\\]|\\.)*)"')
_WRAPPED = ("exit", "_exit", "_Exit", "quick_exit", "abort", "__cxa_throw", "time", "clock")


@dataclass(frozen=True)
class Built:
    """A program that was built.

    `sources`: files that were compiled.
    `read`: every file of the user's that they include.
    `left_out`: siblings that do not compile and that nothing needs, each with the reason.
    """

    path: Path
    sources: tuple[Path, ...]
    read: tuple[Path, ...]
    compiler: Compiler
    left_out: Mapping[Path, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Functions and constants of the SDK, by their names, that are not known here and were taken to do nothing."""
    from_cache: bool = False


@cache
def cache_folder() -> Path:
    """Where builds are kept: in the user's own cache folder, else for this process alone.

    What lies there is run with the user's rights, so nobody else may be able to write to it.
    """
    base = user_cache()
    folder = base / "native" if base is not None else Path(tempfile.mkdtemp(prefix="scamp-sim-builds-"))
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def sources_of(paths: Sequence[str | Path]) -> tuple[list[Path], list[Path]]:
    """The files that are named, and the other C++ files beside the first that hold no main and that none includes.

    Raises ProgramError for files that do not exist or are no C++ text, and if there is not exactly one main.
    """
    given = list({p.resolve(): p for p in map(Path, paths)}.values())
    if not given:
        raise ProgramError("give a C++ file")
    texts: dict[Path, str] = {}
    for path in given:
        if path.suffix.lower() not in CPP_SOURCES:
            raise ProgramError(f"{path}: is not a C++ source file; give files that end in {', '.join(CPP_SOURCES)}")
        texts[path] = _text(path)
    folder = given[0].parent
    named = {p.resolve() for p in given}
    siblings = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in CPP_SOURCES and path.is_file() and path.resolve() not in named:
            text = _quiet(path)
            if text is not None and not has_main(text):
                texts[path] = text
                siblings.append(path)
    included = {name for text in texts.values() for name in included_sources(text)}
    siblings = [p for p in siblings if p.name not in included]
    mains = [p for p in given if has_main(texts[p])]
    if len(mains) > 1:
        raise ProgramError(
            f"there is a main in {mains[0]} and in {mains[1]}: a program has one; give the files of one program"
        )
    if not mains:
        raise ProgramError(
            f"there is no main in {', '.join(map(str, given))}: only whole programs run; for the kernels of a file: "
            f"scamp-sim import {given[0]}"
        )
    return given, siblings


def _text(path: Path) -> str:
    data = read_bytes(path, "program", ProgramError, MOST_SOURCE)
    if b"\0" in data[:8192]:
        raise ProgramError(f"{path} is not text; give a C++ source file")
    return stripped(data.decode("utf-8", errors="replace"))


def _quiet(path: Path) -> str | None:
    try:
        return _text(path)
    except ScampError:
        return None


def build(
    paths: Sequence[str | Path],
    *,
    include: Sequence[str | Path] = (),
    define: Sequence[str] = (),
    standard: str = STANDARD,
    compiler: str | None = None,
) -> Built:
    """Compile and link C++ files with our SDK.

    `include`: folders of headers.
    `define`: NAME or NAME=VALUE.

    Raises CompileError with the compiler's errors, ProgramError, NoCompilerError.
    """
    given, siblings = sources_of(paths)
    chosen = find_compiler(compiler)
    folders = [Path(i) for i in include]
    for folder in folders:
        if not folder.is_dir():
            raise ProgramError(f"-I {folder}: no such folder")
    folders += [f for f in _usual_folders(given) if f not in folders]
    flags = [*flags_of(chosen, standard), *(f"-D{d}" for d in define)]
    sdk = _sdk_folder()
    with ThreadPoolExecutor(max_workers=1) as beside:
        ours = beside.submit(_runtime, chosen, sdk, flags_of(chosen, standard))
        compiled = _compile_all(given, chosen, sdk, folders, flags)
        runtime = ours.result()
    broken = [p for p in given if compiled[p].errors]
    if broken:
        raise CompileError(tuple(d for p in broken for d in compiled[p].errors))
    linked = _linked(chosen, [c.path for c in compiled.values()], runtime)
    left_out: dict[Path, str] = {}
    if linked.path is None and siblings:  # something is defined beside them
        more = _compile_all(siblings, chosen, sdk, folders, flags)
        left_out = {p: c.errors[0].message for p, c in more.items() if c.errors}
        compiled |= {p: c for p, c in more.items() if not c.errors}
        others = [d for c in more.values() for d in c.errors]
        linked = _linked(chosen, [c.path for c in compiled.values()], runtime)
        if linked.path is None:
            raise CompileError((*said.link_diagnostics(linked.stderr, given[0]), *others))
    if linked.path is None:
        raise CompileError(said.link_diagnostics(linked.stderr, given[0]))
    read = tuple(dict.fromkeys(f for c in compiled.values() for f in c.read))
    for path in read:
        note_read(path)
    unknown = tuple(sorted({n for c in compiled.values() for n in c.unknown}))
    cached = linked.cached and all(c.cached for c in compiled.values())
    return Built(linked.path, tuple(compiled), read, chosen, left_out, unknown, cached)


def preprocessed(path: Path) -> list[tuple[str, tuple[str, int]]] | None:
    """The lines of a file after the preprocessor, each with its place, without what comes from headers of the system
    and of the SDK; kernel marks stay. Nothing is run. None if there is no compiler, or if it cannot read the file."""
    try:
        compiler, sdk = find_compiler(), _sdk_folder()
    except ScampError:
        return None
    folders = [a for f in _usual_folders([path]) for a in ("-I", str(f))]
    command = [*compiler.command, f"-std={STANDARD}", "-w", "-E", "-DSCAMP_SIM_MARKS", "-x", "c++", "-I", str(sdk)]
    done = call([*command, *folders, str(path)])
    if done.returncode:
        return None
    found: list[tuple[str, tuple[str, int]]] = []
    file, line = "", 0
    for text in done.stdout.split("\n"):
        marker = _LINE_MARKER.match(text)
        if marker is not None:
            file, line = marker["file"], int(marker["line"])
            continue
        if Path(file).name == path.name and Path(file).resolve() == path.resolve():
            found.append((text, (str(path), line)))
        line += 1
    return found


def _usual_folders(given: Sequence[Path]) -> list[Path]:
    """Folders of headers as projects have them: beside the sources, and beside their folder."""
    found: dict[Path, None] = {}
    for path in given:
        for folder in (
            path.parent,
            path.parent / "include",
            path.parent / ".." / "include",
            path.parent / ".." / "inc",
        ):
            if folder.is_dir():
                found[folder] = None
    return list(found)


def _key(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:32]


@cache
def _sdk_names() -> frozenset[str]:
    """Names that our headers know: a file to which they are unknown does not include them."""
    return frozenset(n for text in header.files().values() for n in re.findall(r"\b[Vv][Ss]_\w+", text))


@cache
def _sdk_key() -> str:
    return _key(sorted(header.files().items()))


def _sdk_folder() -> Path:
    """The folder with our headers, written once for each version of them."""
    folder = cache_folder() / f"sdk-{_sdk_key()}"
    if not (folder / ".complete").exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in header.files().items():
                _replace(folder / name, text.encode())
            _replace(folder / ".complete", b"")
        except OSError as error:
            raise ScampError(f"cannot write to {folder}: {error.strerror or error}; set SCAMP_SIM_CACHE") from error
    return folder


def _replace(path: Path, data: bytes) -> None:
    """Write a file in one step, so that nobody sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(name, path)


@dataclass(frozen=True)
class _Object:
    path: Path
    read: tuple[Path, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    cached: bool = False
    unknown: tuple[str, ...] = ()


def _runtime(compiler: Compiler, sdk: Path, flags: Sequence[str]) -> Path:
    """The object of our own runtime, built once for each compiler."""
    own = ["-g0", *(f for f in flags if not f.startswith(("-std", "-g")))]  # its lines are shown to nobody
    target = cache_folder() / f"runtime-{_key(_sdk_key(), compiler, own)}.o"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
            made = Path(scratch) / "runtime.o"
            command = [
                *compiler.command,
                "-std=c++14",
                *own,
                "-I",
                str(sdk),
                "-c",
                str(sdk / "runtime.cpp"),
                "-o",
                str(made),
            ]
            done = call(command)
            if done.returncode:
                raise ScampError(
                    f"{compiler.name} does not compile the simulator's own runtime: {done.stderr.strip()[:400]}; "
                    "try another compiler: set CXX"
                )
            os.replace(made, target)
    return target


def _compile_all(
    sources: Sequence[Path], compiler: Compiler, sdk: Path, folders: Sequence[Path], flags: Sequence[str]
) -> dict[Path, _Object]:
    def one(source: Path) -> _Object:
        return _compile(source, compiler, sdk, folders, flags)

    with ThreadPoolExecutor(max_workers=max(1, min(os.cpu_count() or 1, 8))) as pool:
        return dict(zip(sources, pool.map(one, sources), strict=True))


def _compile(source: Path, compiler: Compiler, sdk: Path, folders: Sequence[Path], flags: Sequence[str]) -> _Object:
    """An object file, from the cache if the source, and every file that it included then, is what it was."""
    named = (source, *folders, os.getcwd())
    key = _key(
        _sdk_key(),
        compiler,
        list(flags),
        [str(n) for n in named],
        read_bytes(source, "program", ProgramError, MOST_SOURCE),
    )
    stem = cache_folder() / f"object-{key}"
    listing = stem.with_suffix(".read")
    kept = _kept(listing)
    if kept is not None:
        read, unknown = kept
        target = stem.with_name(f"{stem.name}-{_contents(read)}.o")
        if target.exists():
            os.utime(target)
            return _Object(target, read, cached=True, unknown=unknown)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        made, depends, more = (Path(scratch) / n for n in ("made.o", "made.d", "unknown.hpp"))
        command = [*compiler.command, *flags, "-I", str(sdk), *(a for f in folders for a in ("-I", str(f)))]
        command += ["-MMD", "-MF", str(depends), "-c", str(source), "-o", str(made)]
        unknown = ()
        while True:
            done = call(command if not unknown else [*command, "-include", str(more)])
            if not done.returncode:
                break
            found = tuple(n for n in said.undeclared(done.stderr) if n not in (*unknown, *_sdk_names()))
            if not found or len(unknown) > MOST_UNKNOWN:
                return _Object(made, (), said.diagnostics(done.stderr, source, sdk))
            unknown = (*unknown, *found)
            more.write_text(header.unknown_names(unknown), encoding="utf-8")
        read = tuple(p for p in _dependencies(depends, sdk) if p.name != more.name)
        target = stem.with_name(f"{stem.name}-{_contents(read)}.o")
        os.replace(made, target)
        _replace(listing, "\n".join([*map(str, read), "", *unknown]).encode())
        return _Object(target, read, unknown=unknown)


def _kept(listing: Path) -> tuple[tuple[Path, ...], tuple[str, ...]] | None:
    try:
        read, _, unknown = listing.read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return None
    return tuple(Path(n) for n in read.split("\n") if n), tuple(n for n in unknown.split("\n") if n)


def _contents(files: Iterable[Path]) -> str:
    parts: list[object] = []
    for path in files:
        try:
            parts += [str(path), path.read_bytes()]
        except OSError:
            parts += [str(path), None]
    return _key(*parts)


def _dependencies(path: Path, sdk: Path) -> tuple[Path, ...]:
    """The user's files that a compiler has read, of a rule as for make."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    names = text.replace("\\\n", " ").partition(":")[2].replace("\\ ", "\0").split()
    found = [Path(n.replace("\0", " ")) for n in names]
    return tuple(dict.fromkeys(p for p in found if sdk not in p.parents))


@dataclass(frozen=True)
class _Linked:
    """A program, or None and what the linker said."""

    path: Path | None
    stderr: str = ""
    cached: bool = False


def _linked(compiler: Compiler, objects: Sequence[Path], runtime: Path) -> _Linked:
    target = cache_folder() / f"program-{_key(compiler, [o.name for o in objects], runtime.name)}"
    if target.exists():
        os.utime(target)
        return _Linked(target, cached=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        made = Path(scratch) / "program"
        wrap = [f"-Wl,--wrap={name}" for name in _WRAPPED] if sys.platform.startswith("linux") else []
        command = [*compiler.command, *map(str, objects), str(runtime), *wrap, "-lm", "-o", str(made)]
        done = call(command)
        if done.returncode:
            return _Linked(None, done.stderr)
        os.replace(made, target)
    return _Linked(target)


__all__ = [
    "Built",
    "Compiler",
    "NoCompilerError",
    "build",
    "cache_folder",
    "find_compiler",
    "has_compiler",
    "sources_of",
]
