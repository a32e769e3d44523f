"""At least one real call of every command of an installed copy, from an empty folder, with and without errors.

python smoke.py [--extras] [--few]      the Python of the environment that holds the installed wheel

--extras: torch is there. --few: one call of each kind only, for one Python more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """\
input image -> PIX;
kernel find { get_image(A); movx(B, A, east); sub(C, A, B); abs(D, C); }
program { find(); output edges = D; }
"""

CPP = """\
#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    vs_init();
    scamp5_kernel_begin(); get_image(A); movx(B, A, east); scamp5_kernel_end();
}
"""

CALLS = (
    "demo --out demo",
    "run mine.scamp --image demo/photo.png --out ideal",
    "run mine.scamp --image demo/photo.png --errors scamp5 --chip 7 --seed 3 --out chip",
    "run edges --image demo/photo.png --errors scamp5 --chips 1-2 --out study",
    "view mine.scamp --image demo/photo.png --errors scamp5 --save state.html",
    "run mine.scamp --image demo/photo.png demo/photo.png --frames 3 --fps 10 --video film.gif --out film",
    "new fresh",
    "run fresh.scamp --image demo/photo.png",
    "check mine.scamp",
    "list mine.scamp",
    "isa movx",
    "profile mine.scamp --image demo/photo.png --html report.html",
    "calibration",
    "compare --rows raw,p2m,leca_4_4",
    "ranges mine.scamp --fps 25",
    "chips scamp5",
    "fit --table table.csv --chips 1 --out mychip.json",
    "run pixelrnn --weights random:1 --clip spread/leftward",
    "run pixelrnn --weights random:1 --clip spread/leftward --errors scamp5 --chip 1",
    "validate pixelrnn --weights random:1 --clips made-up:1 --limit 2",
    "report pixelrnn",
    "export mine.scamp --out mine.cpp",
    "import main.cpp --out imported",
    "docs costs",
    "explain W503",
    "run main.cpp --image demo/photo.png --out live",
    "filter 1,2,1;2,4,2;1,2,1 --scale 16 --seconds 2",
    "measure write kit --series flat --size 64x64",
    "system list",
    "system run p2m demo/photo.png",
    "system run snn demo/photo.png",
    "system run leca demo/photo.png",
    "network read mine.npz --place scale=2,pad=4",
    "network plan mine.npz --place scale=2,pad=4 --margins",
    "network costs mine.npz --format json",
    "network export mine.npz --to sdk",
    "network validate mine.npz --place scale=2,pad=4 --data shown.npz --errors scamp5 --chips 1 --limit 2",
    "system costs p2m --on scamp5 --channels 8 --weight-bits ternary --format json",
    "system published leca --format json",
    "bench --only one-word",
)
"""One line a call; each must end with 0."""

FEW = (
    "demo --out demo",
    "run mine.scamp --image demo/photo.png --errors scamp5 --chip 7 --seed 3 --out chip",
    "view mine.scamp --image demo/photo.png --errors scamp5 --save state.html",
    "run pixelrnn --weights random:1 --clip spread/leftward",
    "run main.cpp --image demo/photo.png --out live",
    "system run p2m demo/photo.png",
    "network plan mine.npz --place scale=2,pad=4 --margins",
)
"""Of these, what uses most of the libraries."""

FINETUNE = "network finetune mine.npz --place scale=2,pad=4 --data shown.npz"
TORCH = (
    "train pixelrnn --clips made-up:1 --test made-up:1:5 --epochs 1 --out trained.npz",
    f"{FINETUNE} --epochs 1 --pictures 3 --measure 101 --chips 1 --out tuned.npz",
)

WITHOUT = {"train pixelrnn": "torch", FINETUNE: "torch", "completion bash": "completion", "lsp": "lsp"}
"""Calls that end with 1 and a hint where an extra is missing, and the extra."""

TABLE = "value,passes,mean_in_minus_out,std_out\n" + "".join(
    f"{value},{passes},{value * 0.01 * passes:.2f},{1.5 + 0.2 * passes:.2f}\n"
    for value in (0, 50, 100)
    for passes in (1, 2, 4)
)


def main() -> int:
    """Run all calls in a temporary folder; returns the exit code."""
    extras = "--extras" in sys.argv[1:]
    from scamp_sim.cli.commands import OWN

    called = {line.split()[0] for line in (*CALLS, *TORCH, *WITHOUT)}
    missing = ({c.name for c in OWN} - called) | ({*FEW} - {*CALLS})
    if missing:
        print(f"no call of: {', '.join(sorted(missing))}")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mine.scamp").write_text(PROGRAM)
        (folder / "main.cpp").write_text(CPP)
        (folder / "table.csv").write_text(TABLE)
        _write_network(folder / "mine.npz")
        for line in FEW if "--few" in sys.argv[1:] else (*CALLS, *(TORCH if extras else ())):
            if not _call(line, folder, (0,)):
                return 1
        for line, extra in WITHOUT.items() if not extras else ():
            if not _call(line, folder, (1,), f"scamp-sim[{extra}]"):
                return 1
    return 0


def _write_network(path: Path) -> None:
    """A trained network as arrays and a description: one layer of two kernels, a pool, a dense layer; and pictures."""
    import numpy as np

    g = np.random.default_rng(1)
    layers = [
        {"op": "conv", "weights": "kernels", "padding": 2},
        {"op": "norm", "gamma": [1, -1], "beta": [0.1, 0.2]},
        {"op": "sign"},
        {"op": "max", "size": 4},
        {"op": "flatten"},
        {"op": "dense", "weights": "dense"},
    ]
    description = json.dumps({"input": {"size": [64, 64]}, "layers": layers})
    kernels, dense = g.choice([-0.1, 0.1], (2, 1, 5, 5)), g.choice([-0.02, 0.02], (10, 512))
    np.savez(path, kernels=kernels, dense=dense, description=np.array(description))
    np.savez(path.with_name("shown.npz"), x=g.integers(0, 256, (30, 28, 28), np.uint8), y=np.arange(30) % 10)


def _call(line: str, folder: Path, codes: tuple[int, ...], said: str = "") -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "scamp_sim", *line.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    good = done.returncode in codes and "Traceback" not in done.stderr and said in done.stderr
    print(f"{'ok ' if good else 'NOT'} {done.returncode}  scamp-sim {line}")
    if not good:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
    return good


if __name__ == "__main__":
    sys.exit(main())
