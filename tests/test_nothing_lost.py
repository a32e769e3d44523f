"""Nothing that a user feeds in is lost, and nothing is silent: the same promises for every option that names a file.

What is read is never written to, under whatever name; devices, pipes and folders are called what they are; damage is
told with the file. Each line is one option of one command; `tests/test_files.py` has the readers and writers alone.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.costs.prices import DATA as PRICES
from scamp_sim.exceptions import ScampError
from scamp_sim.silicon.profiles import DATA as PROFILES
from scamp_sim.systems import network
from scamp_sim.systems.leca.params import random_params
from scamp_sim.systems.network.store import save
from scamp_sim.systems.pixelrnn import Weights
from scamp_sim.systems.pixels.params import default_layer
from tests.fuzz.newer_kinds import EXAMPLES, small_network
from tests.processes import called

KERNEL = "input image -> PIX;\nget_image(A);\noutput photo = A;\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of every kind."""
    d = tmp_path_factory.mktemp("made")
    (d / "k.scamp").write_text(KERNEL)
    Image.fromarray(np.arange(65536, dtype=np.uint32).astype(np.uint8).reshape(256, 256)).save(d / "photo.png")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(d / "small.png")
    frames = [Image.fromarray(np.full((256, 256), 20 * n, np.uint8)) for n in range(3)]
    frames[0].save(d / "film.gif", save_all=True, append_images=frames[1:])
    np.save(d / "a.npy", np.zeros((256, 256), np.float32))
    shutil.copy(PRICES / "timing_scamp5d.json", d / "prices.json")
    (d / "chip.json").write_text(json.dumps({**json.loads((PROFILES / "scamp5.json").read_bytes()), "name": "mine"}))
    Weights.random(1).save(d / "w.npz")
    default_layer(4, 8).save(d / "layer.npz")
    random_params(1).save(d / "leca.npz")
    np.savez(d / "clips.npz", input=np.zeros((1, 16, 64, 64), np.uint8), label=np.arange(1))
    save(small_network(), d / "net.npz")
    (d / "plan.json").write_text(json.dumps(network.plan(small_network()).as_dict()))
    pictures = np.random.default_rng(0).integers(0, 256, (20, 64, 64)).astype(np.uint8)
    np.savez(d / "data.npz", x=pictures, y=np.arange(20) % 10)
    (d / "filter.json").write_text("[[1, 2, 1], [2, 4, 2], [1, 2, 1]]")
    rows = "".join(f"{v},{n},{v * 0.1:.2f},{1 + n / 10:.2f}\n" for v in (10, 50, 90) for n in (1, 5, 10))
    (d / "table.csv").write_text("value,passes,mean_in_minus_out,std_out\n" + rows)
    (d / "main.cpp").write_text("scamp5_kernel_begin();\n  bus(A, B);\nscamp5_kernel_end();\n")
    shutil.copy(EXAMPLES / "my_encoder.json", d / "compare.json")
    return d


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- what is read is not written to ---------------------------------------------------------------------------------

WRITTEN_OVER = (
    ("a.npy", "run k.scamp --input image=a.npy --trace a.npy"),
    ("chip.json", "run k.scamp --image photo.png --errors chip.json --trace chip.json"),
    ("chip.json", "profile k.scamp --errors chip.json --html chip.json"),
    ("prices.json", "profile k.scamp --timing prices.json --trace prices.json"),
    ("film.gif", "run k.scamp --image film.gif --video film.gif"),
    ("photo.png", "view k.scamp --image photo.png --no-browser --save photo.png"),
    ("filter.json", "filter filter.json --states 10 -o filter.json"),
    ("w.npz", "validate pixelrnn --weights w.npz --clips synthetic:1 --limit 1 --out w.npz"),
    ("clips.npz", "validate pixelrnn --weights random:1 --clips clips.npz --out clips.npz"),
    pytest.param(
        "chip.json",
        "validate pixelrnn --weights w.npz --clips clips.npz --errors chip.json --out chip.json",
        marks=pytest.mark.nightly,
    ),
    ("net.npz", "network read net.npz --out net.npz"),
    ("net.npz", "network plan net.npz --out net.npz"),
    ("plan.json", "network plan net.npz --plan plan.json --out plan.json"),
    ("data.npz", "network validate net.npz --data data.npz --limit 1 --out data.npz"),
    ("leca.npz", "system validate leca --weights leca.npz --clips example:1 --out leca.npz"),
    ("layer.npz", "system validate p2m --weights layer.npz --clips example:1 --out layer.npz"),
    ("photo.png", "system run p2m photo.png --on scamp5 --trace photo.png"),
    ("compare.json", "compare --row compare.json --rows raw --out ."),
    ("k.scamp", "export k.scamp --out k.scamp"),
    ("main.cpp", "export main.cpp --out main.cpp"),
)


@pytest.mark.parametrize(("victim", "line"), WRITTEN_OVER)
def test_what_is_read_is_not_written_to(
    victim: str, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / victim).read_bytes()
    assert main(line.split()) == 1
    assert "has read that file" in capsys.readouterr().err
    assert (folder / victim).read_bytes() == before


TWICE = (
    "run k.scamp --image film.gif --video x.gif --trace x.gif",
    "run k.scamp --image film.gif --video x.gif --trace ./x.gif",
    "run k.scamp --image film.gif --out . --trace frames.csv",
    "run k.scamp --image photo.png --out . --trace photo2.png",
    "run main.cpp --image film.gif --video x.gif --trace x.gif",
    "profile k.scamp --html x.html --trace x.html",
    "validate pixelrnn --weights w.npz --clips clips.npz --chips 1-2 --out x.png --plot x.png",
    "network validate net.npz --data data.npz --chips 1-2 --out x.png --plot x.png",
    "system validate p2m --weights layer.npz --clips example:1 --on scamp5 --chips 1-2 --out x.svg --plot x.svg",
)


@pytest.mark.parametrize("line", TWICE)
def test_two_things_do_not_go_to_one_file(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "k.scamp").write_text(KERNEL.replace("photo", "photo2"))
    before = {p.name for p in folder.iterdir()}
    assert main(line.split()) == 2
    assert " are both to go to " in capsys.readouterr().err
    assert {p.name for p in folder.iterdir()} == before


# --- every option that names a file looks at it -----------------------------------------------------------------------

NAMED = (
    "run k.scamp --timing {}",
    "run k.scamp --image {}",
    "run k.scamp --input image={}",
    "run k.scamp --errors {}.json",
    "run pixelrnn --weights {} --clip v/leftward",
    "run pixelrnn --weights w.npz --clip {}.npz",
    "view k.scamp --no-browser --save v.html --timing {}",
    "profile k.scamp --errors {}.json",
    "profile k.scamp --html h.html --errors {}.json",
    "calibration --timing {}",
    "ranges k.scamp --errors {}.json",
    "chips {}.json",
    "filter {}.json",
    "filter 1,2,1 --errors {}.json",
    "fit --table {}",
    "fit --flat {}.npz",
    "fit --measured {}",
    "fit --table table.csv --base {}.json",
    "system run p2m {}.png",
    "system run p2m --weights {}",
    "system run p2m --timing {}",
    "system run p2m --on scamp5 --errors {}.json",
    "system validate leca --clips {}.npz",
    "system validate leca --clips example:1 --timing {}",
    "system costs snn --weights {}",
    "system published p2m --weights {}",
    "compare --constants {}.json",
    "compare --row {}.json",
    "compare --results {}.json",
    "network read {}",
    "network plan net.npz --plan {}",
    "network plan net.npz --timing {}",
    "network run net.npz --image {}",
    "network validate net.npz --data {}",
    "validate pixelrnn --weights {} --clips synthetic:1",
    "validate pixelrnn --weights w.npz --clips {}",
    "report pixelrnn --weights {}",
    "report pixelrnn --timing {}",
    "import {}.cpp",
    "export {}.cpp",
    "check {}.scamp",
    "list {}.scamp",
)


def code_of(line: str) -> int:
    """Prices go by names of tables as well, and an unknown name is the line's fault, as is weights' for a paper."""
    return 2 if "--timing {}" in line or line.startswith("system published") else 1


@pytest.mark.parametrize("line", NAMED)
def test_a_file_that_is_not_there_is_missed(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.format("nowhere").split()) == code_of(line)
    said = capsys.readouterr()
    assert "internal" not in said.err
    assert "nowhere" in said.err + said.out or "--weights changes no published number" in said.err


@pytest.mark.nightly
@pytest.mark.parametrize("line", NAMED)
def test_a_name_that_no_file_can_have_is_told(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.format("x" * 300).split()) == code_of(line)
    said = capsys.readouterr()
    assert "internal" not in said.err
    assert "check paths, permissions" not in said.err  # what is said of errors that nobody has looked at
    assert len(said.err) < 1000


@pytest.mark.nightly
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("line", NAMED)
def test_no_option_hangs_on_a_pipe_or_takes_a_folder(line: str, folder: Path) -> None:
    for ending in ("", ".json", ".npz", ".png", ".cpp", ".scamp"):
        os.mkfifo(folder / f"pipe{ending}")
        (folder / f"folder{ending}").mkdir()
    for name in ("pipe", "folder"):
        done = called(line.format(name))
        assert done.returncode in (1, 2), line
        assert "Traceback" not in done.stderr
        assert "internal" not in done.stderr


# --- damage -----------------------------------------------------------------------------------------------------------


def _encrypted(data: bytes) -> bytes:
    """Members say that they are encrypted, in their own heads and in the directory."""
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + flags
        data = data[:at] + bytes((data[at] | 1,)) + data[at + 1 :]
    return data


def _packed_unheard_of(data: bytes) -> bytes:
    for mark, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(mark) + method
        data = data[:at] + b"\x63\x00" + data[at + 2 :]
    return data


def _headed(text: bytes) -> Callable[[bytes], bytes]:
    """An archive whose first member has another head, its checksum right."""

    def damage(data: bytes) -> bytes:
        import io

        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            name = old.namelist()[0]
            head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
            new.writestr(name, head)
        return out.getvalue()

    return damage


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "encrypted": _encrypted,
    "packed in a way unheard of": _packed_unheard_of,
    "a header that claims petabytes": _headed(
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 16, 64, 64), }\n"
    ),
    "an open bracket": _headed(b"{'descr': '|u1', 'fortran_order': False, 'shape': (((((((, }\n"),
    "cut off": lambda data: data[: len(data) // 2],
}

ARCHIVES = (
    ("w.npz", "validate pixelrnn --weights w.npz --clips synthetic:1"),
    ("clips.npz", "validate pixelrnn --weights random:1 --clips clips.npz"),
    ("layer.npz", "system costs p2m --weights layer.npz"),
    ("leca.npz", "system costs leca --weights leca.npz"),
    ("net.npz", "network read net.npz"),
    ("data.npz", "network validate net.npz --data data.npz"),
    ("clips.npz", "run k.scamp --image clips.npz"),
    ("data.npz", "fit --flat data.npz"),
)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("victim", "line"), ARCHIVES)
def test_damaged_archives_are_named_by_every_command(
    damage: str, victim: str, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / victim).write_bytes(DAMAGE[damage]((folder / victim).read_bytes()))
    assert main(line.split()) == 1
    said = capsys.readouterr().err
    assert victim in said
    assert "cannot be read as .npz" in said
    assert len(said.splitlines()) == 1


def test_results_that_are_nested_too_deeply_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "r.json").write_text("[" * 100_000 + "]" * 100_000)
    assert main(["validate", "pixelrnn", "--weights", "w.npz", "--clips", "clips.npz", "--out", "r.json"]) == 1
    assert "r.json: not the results of a study" in capsys.readouterr().err
    assert (folder / "r.json").stat().st_size == 200_000


def test_a_damaged_tiff_ends_in_one_message(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """libtiff writes its own lines to standard error, past Python."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    for packed in ("tiff_lzw", "tiff_adobe_deflate"):
        Image.fromarray(noise).save(folder / "p.tiff", compression=packed)
        data = bytearray((folder / "p.tiff").read_bytes())
        data[1000:1200] = b"\xff" * 200
        (folder / "p.tiff").write_bytes(bytes(data))
        assert main(["run", "k.scamp", "--image", "p.tiff"]) == 1
        said = capfd.readouterr().err
        assert said.startswith("scamp-sim: error: image p.tiff: cannot be read: it is damaged or cut off")
        assert len(said.splitlines()) == 1


def test_weights_with_more_than_the_network_has_are_refused(folder: Path) -> None:
    with np.load(folder / "w.npz") as archive:
        arrays = dict(archive)
    for name, value in (
        ("cnn_model.conv1.bias", np.full(16, 4.0, np.float32)),
        ("cnn_model.bn1.running_mean", np.full(16, 3.0, np.float32)),
        ("rnn_model.ConvGates_i.bias", np.array([5.0], np.float32)),
    ):
        np.savez(folder / "more.npz", **{**arrays, name: value})
        with pytest.raises(ScampError, match=name.replace(".", r"\.")):
            Weights.load(folder / "more.npz")


# --- bounds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["run k.scamp --image photo.png --trace t.json", "profile k.scamp --trace t.json"])
def test_a_trace_of_a_million_frames_is_refused_before_it_runs(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line.split(), "--frames", "1000000"]) == 1
    assert "a trace of 1,000,000 frames would hold" in capsys.readouterr().err
    assert not (folder / "t.json").exists()


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("system train p2m --count 1000000 --size 1024", 1, "1,000,000 pictures of 1024x1024 would fill the memory"),
        ("system train leca --channels 99999999", 2, "--channels 99999999: expected integers in 1..4096"),
        ("system train leca --count 1000000", 1, "count: expected an integer in 1.."),
        (
            "train pixelrnn --noise authors --noise-scale 1e300",
            2,
            "--noise-scale: expected a finite number of at least 0",
        ),
    ],
)
def test_what_would_fill_the_memory_or_overflow_is_refused(
    line: str, code: int, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    assert main(line.split()) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("filter --list --seed 3", "--seed"),
        ("filter --list -o x.scamp", "--output"),
        ("filter 1,2,1 --list", "KERNEL"),
        ("filter 1,1,1 --planes --seconds 3", "--seconds"),
        ("filter 1,1,1 --planes --registers A,B", "--registers"),
        ("system published leca --weights leca.npz", "--weights"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    line: str, option: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    assert option in capsys.readouterr().err
