"""Texts and sessions that the tests of the live page share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scamp_sim.costs.timing import load_timing
from scamp_sim.view.opening import subject_of
from scamp_sim.view.pictures import Pictures
from scamp_sim.view.records import Wish
from scamp_sim.view.session import Session

SHAPE = (64, 64)

EDGES = """\
/// Bits where a pixel is brighter than the one to its left.
input image -> PIX;
param level = 12 in 0..127;
param mode = 1 in {0, 1, 2};
kernel find {
    areg left;
    get_image(A);
    movx(left, A, west);
    sub(B, A, left);
    sub(B, B, E);
    where(B);
    MOV(R5, FLAG);
    all();
}
program {
    scamp5_in(E, level + mode);
    find();
    output edges = R5;
    output total = scamp5_global_sum_16(B);
}
"""

HOSTILE = """\
/// <script>document.title = "taken"</script></textarea><img src=x onerror=alert(1)> https://example.com
input image -> PIX;
kernel find { get_image(A); movx(B, A, east); sub(C, A, B); abs(D, C); }   // </pre><svg onload=alert(2)>
program { find(); output edges = D; }
"""

LONG = """\
array 64, 64;
input image -> PIX;
kernel k { for i in 0..ROUNDS { get_image(A); add(B, A, B); movx(C, B, east); where(C); mov(D, A); all(); } }
program { for i in 0..LAUNCHES { k(); } output d = D; }
"""
"""13 words a round."""


def long_text(rounds: int, launches: int) -> str:
    return LONG.replace("ROUNDS", str(rounds)).replace("LAUNCHES", str(launches))


def session(
    file: Path | str, first: Wish | None = None, size: tuple[int, int] | None = SHAPE, images: Any = ()
) -> Session:
    """A session as `scamp-sim view` makes it."""
    return Session(subject_of(str(file), {}), Pictures(images), load_timing("scamp5d"), (), size, first)


def written(folder: Path, text: str = EDGES, name: str = "mine.scamp") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
