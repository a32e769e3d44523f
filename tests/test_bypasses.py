"""Nothing reads or writes a file past the guarded readers and the whole-or-nothing writers.

The modules of the package are parsed, and every call that touches files must be in the readers, the writers, or in the
list below with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import scamp_sim

PACKAGE = Path(scamp_sim.__file__).parent

METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "savefig", "tofile", "rename"}
"""Methods of paths, arrays and figures that touch a file whatever they are called on."""

FUNCTIONS = {
    "open",
    "os.open",
    "io.open",
    "os.replace",
    "os.rename",
    "os.link",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "zipfile.ZipFile",
    "tarfile.open",
    "gzip.open",
    "json.load",
    "json.loads",
    "json.dump",
    "pickle.load",
    "pickle.loads",
    "pickle.dump",
    "Image.open",
    "np.load",
    "np.save",
    "np.savez",
    "np.savez_compressed",
    "np.loadtxt",
    "np.genfromtxt",
    "np.savetxt",
    "np.fromfile",
    "np.memmap",
    "torch.load",
    "torch.save",
    "torch.jit.load",
    "torch.jit.save",
    "imageio.imread",
    "imageio.imiter",
    "imageio.imopen",
    "iio.imread",
    "iio.imiter",
    "iio.imwrite",
    "tempfile.mkstemp",
    "sys.stdin.read",
    "sys.stdin.buffer.read",
}

GUARDS = {"reading.py", "files.py", "pictures.py"}
"""The readers and writers themselves."""

ALLOWED: dict[str, dict[str, str]] = {
    # files of the package's own
    "compare/figures.py": {"read_text": "our style sheet"},
    "compiler/expand/prelude.py": {"read_text": "the prelude"},
    "compiler/filters/classic.py": {"read_text": "our table", "json.loads": "our table"},
    "compiler/filters/renew.py": {"read_text": "our table", "json.loads": "our table", "write_text": "a tool for it"},
    "compiler/filters/search/compiled.py": {"read_bytes": "digest of our sources"},
    "compiler/front/parse.py": {"read_text": "the grammar"},
    "compiler/native/toolchain/header.py": {"read_text": "our header and runtime"},
    "kernels/__init__.py": {"read_text": "a kernel of the library"},
    "kernels/pixelrnn/layout.py": {"read_text": "a tool for our pages", "write_text": "a tool for our pages"},
    "engine/_jit.py": {"read_bytes": "digest of our sources"},
    "cli/bench/page.py": {"read_text": "our figures", "json.loads": "our figures"},
    "cli/commands/docs.py": {"read_text": "our pages", "open": "our pages"},
    "compare/html.py": {"read_text": "our style"},
    "show/report/page.py": {"read_text": "our style"},
    "study/version.py": {"read_bytes": "digest of our sources"},
    "systems/pixels/params.py": {"read_text": "our defaults", "json.loads": "our defaults"},
    "systems/pixels/prices.py": {"read_text": "our prices", "json.loads": "our prices"},
    # folders of compiled code, which user_cache checks
    "compiler/native/toolchain/build.py": {
        "read_text": "lists of the cache, and what a compiler wrote",
        "read_bytes": "digests of what a compiler has read",
        "write_text": "what a compiler is given",
        "os.replace": "into the cache, in one step",
        "tempfile.mkstemp": "into the cache, in one step",
    },
    "engine/fused/build.py": {
        "read_bytes": "object code of the cache",
        "os.replace": "into the cache, in one step",
        "tempfile.mkstemp": "into the cache, in one step",
    },
    "engine/fused/store.py": {"read_bytes": "digest of our sources", "json.loads": "entries of the cache"},
    # no files of users
    "cli/main.py": {"open": "the null device", "os.open": "the null device"},
    "cli/output.py": {"json.loads": "our own document"},
    "cli/bench/measure.py": {"open": "the name of the processor"},
    "study/results_store.py": {"json.loads": "our own document"},
    "systems/pixels/figures/pictures.py": {"savefig": "into memory", "Image.open": "from memory"},
    "training/checkpoints.py": {"json.loads": "a copy of what is written"},
    # behind a guard
    "cli/programs.py": {"json.loads": "a word of the command line"},
    "compiler/native/session/process.py": {
        "shutil.copytree": "copies by the guarded function",
        "shutil.copy2": "checked",
    },
    "show/plots.py": {"savefig": "aside"},
    "systems/base/conformance.py": {"pickle.loads": "a copy of what is in memory"},
    "systems/pixels/data/datasets.py": {"zipfile.ZipFile": "checked"},
    "show/render.py": {"write_text": "aside", "os.replace": "all files at once, in one step each"},
    "systems/leca/train/study.py": {"torch.jit.load": "checked: a program by its kind"},
    "show/frames/camera.py": {"open": "a camera of the system"},
    "show/frames/decode.py": {"open": "videos: checked, frame by frame"},
    "show/frames/write.py": {
        "open": "a video, aside",
        "write_text": "aside",
        "os.replace": "in one step each",
    },
    "view/pictures.py": {"write_bytes": "what the page sent, for the reader"},
    "view/server.py": {"read_bytes": "our page", "json.loads": "a request of the page"},
    "view/session.py": {"json.loads": "our own document"},
    "cli/commands/view.py": {"open": "a page in the browser"},
}
"""Module -> call -> why it may stand there."""


def called(node: ast.expr) -> str:
    """The dotted name of what is called; only the method where it is called on something else than names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    else:
        parts.append("")
    return ".".join(reversed(parts)).removeprefix(".") if isinstance(node, ast.Name) else parts[0]


def touches(tree: ast.AST) -> Iterator[str]:
    """Every call that touches files, under its short name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node.func)
        last = name.rpartition(".")[2]
        if name.startswith("numpy."):
            name = "np." + name.removeprefix("numpy.")
        if name in FUNCTIONS:
            yield name
        elif isinstance(node.func, ast.Attribute) and last in METHODS:
            yield last
        elif isinstance(node.func, ast.Attribute) and last == "open" and not (name in FUNCTIONS or _records(node)):
            yield "open"


def _records(node: ast.Call) -> bool:
    """Whether `x.open()` is a method of ours, which takes nothing, or no mode."""
    return not node.args and not node.keywords


def modules() -> list[str]:
    found = [p.relative_to(PACKAGE).as_posix() for p in _files(PACKAGE)]
    return sorted(found)


def _files(folder: Path) -> Iterator[Path]:
    # not rglob, which follows no links: compiler and kernels are links in a clone
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            yield from _files(path)
        elif path.suffix == ".py":
            yield path


@cache
def calls_of(name: str) -> tuple[str, ...]:
    """Every call of a module that touches files."""
    return tuple(touches(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))))


def test_every_file_goes_through_the_guards() -> None:
    found = {}
    for name in modules():
        if name in GUARDS:
            continue
        bad = [call for call in calls_of(name) if call not in ALLOWED.get(name, {})]
        if bad:
            found[name] = bad
    assert not found, f"use scamp_sim.reading, scamp_sim.pictures or scamp_sim.files: {found}"


def test_the_list_is_no_longer_than_it_must_be() -> None:
    for name, calls in ALLOWED.items():
        there = set(calls_of(name))
        assert set(calls) <= there, f"{name}: {set(calls) - there} can be taken off the list"


@pytest.mark.parametrize(
    "line",
    [
        "open(p)",
        "p.open('rb')",
        "np.load(p)",
        "numpy.load(p)",
        "Path(p).read_text(encoding='utf-8')",
        "json.load(f)",
        "Image.open(p)",
        "torch.load(p)",
        "torch.save(x, p)",
        "figure.savefig(p)",
        "draw().savefig(p)",
        "os.replace(a, b)",
    ],
)
def test_a_bypass_is_found(line: str) -> None:
    assert list(touches(ast.parse(line)))
