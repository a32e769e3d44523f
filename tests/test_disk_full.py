"""A disk that is full: a message with the remedy, exit code 1, the old file as it was, and nothing half-written.

The limit of the system on the size of a file stands in for the disk: what is longer cannot be written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_arrays, write_bytes
from scamp_sim.systems.network.store import save
from tests.fuzz.newer_kinds import small_network

resource: Any = pytest.importorskip("resource")

ROOM = 20
"""Bytes that fit."""


@contextmanager
def full_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)).save(tmp_path / "photo.png")
    shutil.copy(Path(__file__).parent / "compiler/native/programs/captures.cpp", tmp_path / "main.cpp")
    frames = [Image.fromarray(np.full((256, 256), 20 * n, np.uint8)) for n in range(3)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    save(small_network(), tmp_path / "net.npz")
    np.savez(tmp_path / "data.npz", x=np.zeros((2, 64, 64), np.uint8), y=np.arange(2))
    for name in ("old.gif", "old.svg", "old.json", "old.npz", "old.cpp", "old.html", "old.scamp", "old.png"):
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.chdir(tmp_path)
    return tmp_path


LINES = (
    "run edges --image photo.png --trace old.json",
    "run edges --image photo.png --out out",
    "profile edges --image photo.png --html old.html",
    "export edges --out old.cpp",
    "import main.cpp --out kernels",
    "filter 1,2,1;2,4,2;1,2,1 --scale 16 --seconds 1 -o old.scamp",
    "measure write kit",
    "system run p2m photo.png --out out",
    "system validate p2m --clips example:1 --out new.json",
    "view edges --image photo.png --no-browser --save old.html",
    "run edges --image film.gif --video old.gif",
    "run edges --image photo.png --errors scamp5 --chips 1 --out study",
    "validate pixelrnn --weights random:1 --clips synthetic:1 --limit 1 --out new.json",
    "network read net.npz --out old.npz",
    "network plan net.npz --out old.json",
    "network validate net.npz --data data.npz --limit 1 --out new.json",
    "network export net.npz --to exported",
    "compare --rows raw --out compared",
    "report pixelrnn --plot old.svg",
    "new fresh",
)


def kept(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = kept(folder)
    with full_disk():
        code = main(line.split())
    said = capsys.readouterr().err
    assert code == 1, said
    assert "Traceback" not in said
    assert "internal" not in said
    assert "free some disk space" in said or "space on the disk" in said
    assert kept(folder) == before
    assert not [p for p in folder.rglob("*") if p.name.startswith(".scamp-")]


@pytest.mark.parametrize("line", LINES[:5])
def test_nothing_is_half_written(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(line, folder, capsys)


@pytest.mark.nightly
@pytest.mark.parametrize("line", LINES)
def test_no_command_half_writes(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(line, folder, capsys)


def test_writers_leave_the_old_file(folder: Path) -> None:
    for write in (
        lambda: write_bytes("old.json", b"x" * 1000, "results"),
        lambda: write_arrays("old.npz", {"a": np.zeros(1000)}, "weights"),
    ):
        with full_disk(), pytest.raises(ScampError, match="free some disk space"):
            write()
    assert (folder / "old.json").read_bytes() == (folder / "old.npz").read_bytes() == b"old"


def test_a_checkpoint_leaves_the_old_one(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    from scamp_sim.files import write_torch

    with full_disk(), pytest.raises(ScampError, match=r"checkpoint to old\.npz: .*free some disk space"):
        write_torch("old.npz", {"a": torch.zeros(1000)}, "checkpoint")
    assert (folder / "old.npz").read_bytes() == b"old"
