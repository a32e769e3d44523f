"""`kill -9` in the middle of a study: the same command goes on, and its files end with the bytes of a run that was left
alone. Nothing is half-written in between."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim.systems.network.store import save
from tests.fuzz.newer_kinds import small_network

ROOT = Path(scamp_sim.__file__).parents[1]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

SMALL = "--epochs 1 --train-clips 1 --tests 1 --threads 1"

STUDIES = {
    "program": "run edges --image photo.png --size 256x256 --errors scamp5 --chips 1-2 --seeds 3 --jobs 1 --out out",
    "validate": "validate pixelrnn --weights random:1 --clips synthetic:1 --errors scamp5 --chips 1-12 --jobs 1 "
    "--out r.json",
    "system validate": "system validate p2m --clips example:40 --on scamp5 --errors scamp5 --chips 1-3 --jobs 1 "
    "--out r.json",
    "system validate snn": "system validate snn --clips example:40 --on scamp5 --errors scamp5 --chips 1-3 --jobs 1 "
    "--out r.json",
    "system validate leca": "system validate leca --clips example:20 --on scamp5 --errors scamp5 --chips 1-3 --jobs 1 "
    "--out r.json",
    "system train p2m": "system train p2m --data shapes --count 200 --size 20 --epochs 12 --checkpoint c.pt "
    "--out w.npz",
    "system train snn": "system train snn --data shapes --count 200 --size 20 --epochs 12 --checkpoint c.pt "
    "--out w.npz",
    "system train leca": "system train leca --data shapes --count 64 --test 32 --start-epochs 2 --epochs 4 "
    "--modes soft --checkpoint c.pt --out w.npz",
    "network validate": "network validate net.npz --data pictures.npz --errors scamp5 --chips 1-6 --jobs 1 "
    "--out r.json",
    "compare": "compare --task shapes --rows raw,lr_1 --heads linear --train 2 --test 2 --epochs 4 --jobs 1 --out task",
    "train": "train pixelrnn --clips synthetic:1 --test synthetic:1:9 --epochs 8 --threads 1 --noise authors "
    "--checkpoint c.pt --out w.npz",
    "network finetune": "network finetune net.npz --data pictures.npz --pictures 4 --chips 1 --measure 7 --epochs 8 "
    "--batch 8 --checkpoint c.pt --out w.npz",
    "fit": "fit --table table.csv --chips 3 --results r.json --out mine.json",
    "figure2": f"report figure2 {SMALL} --results r.json --plot f.svg",
    "figure3": f"report figure3 {SMALL} --results r.json",
    "table3": f"report table3 {SMALL} --refit-clips 1 --chips 1-4 --noise authors --jobs 1 --results r.json",
}
"""What is killed -> its command line; the last names what it keeps."""

TRAINED = ("train", "system train p2m", "system train snn", "network finetune")
FINAL = {
    **dict.fromkeys(TRAINED, ("w.npz", "c.pt")),
    "system train leca": ("w.npz", "c.soft.pt"),
    "figure2": ("r.json", "f.svg"),
}
"""Files that must have the same bytes; of others, all that are there."""


def start(line: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "scamp_sim", *line.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def made(folder: Path) -> Path:
    folder.mkdir()
    Image.fromarray(np.arange(256 * 256, dtype=np.uint32).astype(np.uint8).reshape(256, 256)).save(folder / "photo.png")
    save(small_network(), folder / "net.npz")
    rows = "".join(f"{v},{n},{3 * n},{1 + n / 2}\n" for v in range(0, 121, 10) for n in range(1, 11))
    (folder / "table.csv").write_text("value,passes,mean_in_minus_out,std_out\n" + rows)
    pictures = np.random.default_rng(0).integers(0, 256, (20, 64, 64)).astype(np.uint8)
    np.savez(folder / "pictures.npz", x=pictures, y=np.arange(20) % 10)
    return folder


def kept(folder: Path) -> dict[str, bytes]:
    """Every file by name, but those that were being written aside when the process was killed."""
    files = [p for p in folder.rglob("*") if p.is_file() and ".scamp-" not in str(p.relative_to(folder))]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def sound(files: dict[str, bytes]) -> None:
    """Nothing is half-written: documents and archives are whole."""
    for name, data in files.items():
        if name.endswith(".json"):
            json.loads(data)
        if name.endswith((".npz", ".pt")):
            assert b"PK\x05\x06" in data[-100:], name


def killed(name: str, folder: Path, times: int, seed: int) -> None:
    """Run a study that is killed so many times, each time as soon as it has kept something more; one that comes to its
    end before is looked at and begun anew."""
    line, draw = STUDIES[name], random.Random(seed)
    alone = made(folder / "alone")
    began = time.monotonic()
    done(start(line, alone))
    whole = time.monotonic() - began
    left = kept(alone)
    count, attempts = 0, iter(range(6 * times))
    here = made(folder / "killed")
    while count < times:
        number = next(attempts)  # StopIteration: it cannot be killed so often
        before = kept(here)
        running = start(line, here)
        deadline = time.monotonic() + 2 * whole + 60
        while running.poll() is None and kept(here) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(draw.random() * min(0.3, whole / 4))
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            sound(kept(here))
            count += 1
        else:
            done(running)
            same(name, left, kept(here))
            here = made(folder / f"anew {number}")
    done(start(line, here))
    same(name, left, kept(here))


def done(running: subprocess.Popen[bytes]) -> None:
    """Wait for the end, which is a good one."""
    _, said = running.communicate(timeout=1800)
    assert running.returncode == 0, said


def same(name: str, first: dict[str, bytes], second: dict[str, bytes]) -> None:
    """What is kept has the same bytes."""
    names: Sequence[str] = FINAL.get(name, tuple(first))
    assert set(names) <= set(second)
    for file in names:
        assert first[file] == second[file], file


def test_a_study_of_a_program_goes_on(tmp_path: Path) -> None:
    killed("program", tmp_path, times=1, seed=1)


@pytest.mark.nightly
@pytest.mark.parametrize("name", STUDIES)
def test_studies_go_on(name: str, tmp_path: Path) -> None:
    if name in (*TRAINED, "system train leca", "figure2", "figure3", "table3", "compare"):
        pytest.importorskip("torch")
    killed(name, tmp_path, times=5, seed=2)


def test_epochs_that_were_read_are_kept_with_the_same_bytes(tmp_path: Path) -> None:
    """A text that all epochs share is one object in a training that was left alone, and several in a resumed one."""
    torch = pytest.importorskip("torch")
    from scamp_sim.training import checkpoints

    net = torch.nn.Linear(2, 1)
    more = ({"a": 1}, net, torch.optim.Adam(net.parameters()), torch.Generator())
    one = "soft"
    for name, texts in (("alone", (one, one)), ("resumed", ("".join(list(one)), "".join(list(one))))):
        checkpoints.keep(tmp_path / name, *more, [{"mode": text, "loss": 0.1} for text in texts])
    assert (tmp_path / "alone").read_bytes() == (tmp_path / "resumed").read_bytes()
