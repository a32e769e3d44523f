"""Every command of every page is carried out, in an empty folder with the files that the page speaks of.

Lines of the same page run one after the other in one folder. What takes long runs by night, made shorter where the page
asks for hours: fewer chips, seeds, clips and epochs, the same options. All print on a terminal of 80 columns, which no
line may leave, but those of documents.
"""

from __future__ import annotations

import importlib.util
import re
import runpy
import shlex
import shutil
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.compiler.native import has_compiler

ROOT = Path(__file__).parent.parent
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if p.name != "debugging.md")
"""All but the one whose own test compares what its commands print."""

SMOKE = runpy.run_path(str(ROOT / ".ci" / "smoke.py"), run_name="smoke")

SHORTER = (
    (r"--watch", ""),
    (r"--chips (\d+)-\d+", r"--chips \1"),
    (r"--seeds 5", "--seeds 1"),
    (r"--seeds 4", "--seeds 2"),
    (r"--count 400", "--count 60"),
    (r"--refit-clips 80", "--refit-clips 20"),
    (r"--epochs 2", "--epochs 1"),
    (r"^view (.*)", r"view \1 --save page.html"),
    (r"^train pixelrnn", "train pixelrnn --clips synthetic:1 --test synthetic:1:9 --epochs 1"),
    (r"^system train pixelrnn", "system train pixelrnn --clips synthetic:1 --test synthetic:1:9 --epochs 1"),
    (r"^(system published pixelrnn --item (table3|figure2|figure3))", r"\1 --tests 1"),
    (r"^(system published pixelrnn --item (?!.*--plain).*--tests 1)", r"\1 --train-clips 1 --epochs 1"),
    (r"^system train leca", "system train leca --count 40 --epochs 1"),
    (r"^network finetune", "network finetune --epochs 1"),
    (r"synthetic:20:1000", "synthetic:1:1000"),
    (r"^(filter (?!.*--(list|planes)).*)", r"\1 --seconds 0.2"),
    (r"^measure write kit$", "measure write kit --repeats 3 --size 64x64 --series flat --series moves"),
    (r"^compare --task (\S+)", r"compare --task \1 --rows raw --train 2 --test 2 --epochs 1"),
    (r"^(compare --task (?!.*--robust).*)", r"\1 --heads linear"),
    (r"^(system validate .*)", r"\1 --limit 2"),
    (r"--clips synthetic( |$)", r"--clips synthetic:1 --limit 4\1"),
    (r"^bench$", "bench --only one-word"),
    (r"^bench --format json", "bench --only one-word --format json"),
)
"""What a line says -> what is run in its place, in this order."""

NIGHTLY = re.compile(
    r"^(train|report|validate|bench|compare|fit|measure|network|filter|demo|completion|(run|view|profile) pixelrnn|"
    r"system (run|train|validate|published|costs)|run .*(mp4|frame|chips|clip)|.*(\.cpp|w\.npz|mychip\.json))"
)
"""Lines that take more than a second on one slow processor, or hang on those."""

WANTS = (
    (r"^(train|system published pixelrnn --item (table3|figure))|system train|finetune|compare --task", "torch"),
    (r"\.onnx", "onnx"),
    (r"\.mp4", "av"),
    (r"^completion", "shtab"),
    (r"--data digits", "sklearn"),
    (r"\.cpp|sdk/", "a C++ compiler"),
)
"""Lines -> what they cannot do without."""

DOCUMENTS = re.compile(r"--format json|--man$|^(export|completion)")
"""Lines that print what another program reads."""

NOT_HERE = re.compile(r"^lsp$")
"""Lines that serve until their caller goes; their own tests drive them."""


def commands_of(page: Path) -> list[str]:
    """The command lines of a page: in sh blocks all, in console blocks those behind $; without their comments."""
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            text = line.removeprefix("$ ")
            if language == "sh" or (language == "console" and line.startswith("$ ")):
                found.append(shlex.join(shlex.split(text, comments=True)))
    return [line for line in found if line.startswith("scamp-sim ")]


def shorter(line: str) -> str:
    """What is run in the place of a line."""
    for pattern, better in SHORTER:
        line = re.sub(pattern, better, line)
    return line


def lines_of(page: Path) -> list[str]:
    """What is run of a page."""
    found = []
    for line in commands_of(page):
        text = re.split(r"\s(?:'[|>&]'|[|>&])", line.removeprefix("scamp-sim"))[0].strip()
        text = shorter(text)
        if not NOT_HERE.match(text):
            found.append(text.strip())
    return list(dict.fromkeys(found))


def missing(line: str) -> str:
    """What a line wants and this machine lacks."""
    for pattern, what in WANTS:
        there = has_compiler() if what.startswith("a C++") else importlib.util.find_spec(what) is not None
        if re.search(pattern, line) and not there:
            return what
    return ""


# --- the files that pages speak of ------------------------------------------------------------------------------

FRAMES = 3


def photograph(size: int = 256) -> np.ndarray[Any, np.dtype[np.uint8]]:
    y, x = np.mgrid[:size, :size]
    disc = (x - size // 2) ** 2 + (y - size // 3) ** 2 < (size // 5) ** 2
    return np.where(disc, 230, 40 + 100 * x // size).astype(np.uint8)


def write_files(folder: Path) -> None:
    """Pictures, clips, programs and tables, under the names that the pages give them."""
    for name in ("scamp-demo", "frames", "clip", "src", "include", "pictures/a", "pictures/b"):
        (folder / name).mkdir(parents=True)
    photo = photograph()
    for name in ("photo.png", "scamp-demo/photo.png"):
        Image.fromarray(photo).save(folder / name)
    for n in range(FRAMES):
        for name in (f"frames/{n}.png", f"clip/{n}.png", f"frame{n:04}.png"):
            Image.fromarray(np.roll(photo, 3 * n, 1)).save(folder / name)
    digit = photograph(28)
    Image.fromarray(digit).save(folder / "digit.png")
    for n in range(8):
        Image.fromarray(np.roll(digit, n, 1)).save(folder / f"pictures/a/{n}.png")
        Image.fromarray(255 - np.roll(digit, n, 0)).save(folder / f"pictures/b/{n}.png")
    (folder / "mine.scamp").write_text(SMOKE["PROGRAM"])
    for name in ("kernel", "new", "old"):
        shutil.copy(folder / "mine.scamp", folder / f"{name}.scamp")
    ranges = (ROOT / "docs" / "ranges.md").read_text(encoding="utf-8")
    (folder / "change.scamp").write_text(re.findall(r"^```c\n(.*?)^```$", ranges, re.M | re.S)[0])
    items = ("int t = 20;", 'vs_gui_add_slider("threshold", 0, 99, t, &t);', 'vs_gui_add_button("record");')
    cpp = SMOKE["CPP"].replace("vs_init();", "\n    ".join(("vs_init();", *items)))
    (folder / "main.cpp").write_text(cpp)
    shutil.copy(folder / "main.cpp", folder / "project.cpp")
    (folder / "filters.cpp").write_text("int depth() { return DEPTH; }\n")
    (folder / "halve_copy_add.csv").write_text(SMOKE["TABLE"])
    g = np.random.default_rng(3)
    np.savez(folder / "flat.npz", readouts=g.integers(126, 131, (8, 64, 64)).astype(np.uint8))
    shutil.copy(ROOT / "examples" / "my_encoder.json", folder)
    SMOKE["_write_network"](folder / "net.npz")


def write_networks(folder: Path) -> None:
    """Weights and clips of PixelRNN."""
    from scamp_sim.systems.pixelrnn import Weights
    from scamp_sim.systems.pixelrnn.data.gestures import dataset

    for seed, name in enumerate("WABCD", 1):
        Weights.random(seed, classes=9).save(folder / f"{name}.npz")
    clips, labels = dataset(1, seed=3)
    for name in ("gestures.npz", "CLIPS.npz"):
        np.savez(folder / name, input=clips[:2], label=labels[:2])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@cache
def carried_out() -> set[str]:
    """Lines that another page has asked for already."""
    return set()


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@cache
def nightly_done() -> set[str]:
    """The same of the nightly test."""
    return set()


def carry_out(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    if line.startswith("new "):
        Path(f"{line.split()[1]}.scamp").unlink(missing_ok=True)
        Path(f"{line.split()[1]}.cpp").unlink(missing_ok=True)
    if line.startswith("measure read") and not any(Path("kit").glob("*/*.png")):  # the owner has a chip in between
        assert main(["measure", "play", "kit", "--errors", "scamp5", "--chip", "7"]) == 0
    code = main(shlex.split(line))
    captured = capsys.readouterr()
    assert code == 0, f"scamp-sim {line}\n{captured.out[-1500:]}\n{captured.err[-3000:]}"
    if not DOCUMENTS.search(line):
        wide = [shown for shown in (captured.out + captured.err).splitlines() if len(shown) > 80]
        assert not wide, f"scamp-sim {line}\n{len(wide)} lines over 80 columns, such as: {wide[0]}"


QUICK = [p for p in PAGES if any(not NIGHTLY.match(line) for line in lines_of(p))]


@pytest.mark.parametrize("page", QUICK, ids=lambda p: p.name)
def test_quick_commands(
    page: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for line in lines_of(page):
        if not NIGHTLY.match(line) and not missing(line) and line not in carried_out():
            carried_out().add(line)
            carry_out(line, capsys)


MAKES = re.compile(r"^(demo|new|measure)|--(out|keep|checkpoint|results|trace|save)|-o ")
"""Lines that write what a later one of the page may read."""


def write_large_files(folder: Path) -> None:
    """What other commands make, and what needs an extra."""
    write_networks(folder)
    for line in (
        "run edges --image frames/ --video ball.mp4 --video-of edges",
        "run edges --image frames/ --video clip.mp4 --video-of edges",
        "network plan net.npz --out plan.json",
        shorter("measure write kit"),
        "measure play kit --errors scamp5 --chip 7",
        "measure read kit --out measurement.json",
        "fit --measured measurement.json --out mychip.json",
        "system train p2m --data shapes --count 40 --epochs 1 --kernel 4 --out w.npz",
    ):
        if not missing(line) and not (line.startswith("run") and missing(".mp4")):
            assert main(shlex.split(line)) == 0, line
    shutil.rmtree(folder / "kit", ignore_errors=True)
    if importlib.util.find_spec("onnx"):
        write_onnx(folder / "net.onnx")


def write_onnx(path: Path) -> None:
    """A network of binary weights for grey pictures of 0 to 1, bright above a half: 28x28, doubled and padded."""
    from tests.systems.network.onnx_nets import Graph

    g = np.random.default_rng(5)
    graph = Graph((1, 1, 64, 64))
    graph.add("Sub", 0.5)
    graph.add("Sign")
    graph.add("Conv", g.choice([-1.0, 1.0], (4, 1, 5, 5)), pads=[2] * 4)
    graph.add("BatchNormalization", np.ones(4), g.uniform(-3, 3, 4), np.zeros(4), np.full(4, 9.0), epsilon=1e-5)
    graph.add("Sign")
    graph.add("MaxPool", kernel_shape=[4, 4], strides=[4, 4])
    graph.add("Flatten")
    graph.add("MatMul", g.choice([-1.0, 1.0], (4 * 16 * 16, 10)))
    graph.save(path)


@pytest.fixture(scope="module")
def large_files(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("large")
    shutil.copytree(files, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_large_files(folder)
        yield folder


@pytest.mark.nightly
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_all_commands(
    page: Path, large_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(large_files, tmp_path / "home")
    (tmp_path / "include").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    failed = []
    for line in lines_of(page):
        if missing(line) or (line in nightly_done() and not MAKES.search(line)):
            continue
        nightly_done().add(line)
        began = time.monotonic()
        try:
            carry_out(line, capsys)
        except AssertionError as e:
            failed.append(str(e))
        with capsys.disabled():
            print(f"{time.monotonic() - began:7.2f} s  {page.name}: {line}", flush=True)
    assert not failed, "\n\n".join(failed)
