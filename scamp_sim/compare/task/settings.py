"""What a task consists of, and every training that it can ask for, numbered so that kept results stay with theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Literal

from scamp_sim.checks import integer
from scamp_sim.compare.rows import NAMES
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.text import short

TaskName = Literal["gestures", "shapes", "digits", "photographs"]
TASKS: tuple[TaskName, ...] = ("gestures", "shapes", "digits", "photographs")

SIDE, CLIP = 256, 16
"""Photosites along a side, and frames of a clip."""

FRAMES = (1, 2, 4, 8, 16)
"""Frames that a decision can have: evenly spaced in the clip."""

HEADS = ("linear", "small", "frozen")
"""What makes classes of codes. linear: maps averaged to at most 16x16, and one layer. small: three convolutions.
frozen: the small head of the raw row, trained on raw frames and then left as it is, behind a decoder to a picture."""

TRAINED = ("pixelrnn", "p2m", "leca_8_3", "leca_4_4", "leca_4_3", "snn")
"""Rows that learn."""

CATALOGUE = tuple(n for n in NAMES if not n.startswith("skip_"))
"""Rows of a task; skipping frames is `raw` with fewer of them."""

FREEZES = ("sd_2x2", "sd_2x3", "sd_2x4", "lr_2", "lr_1", "leca_8_3", "leca_4_4", "leca_4_3")
"""Rows with a picture to decode, as LeCA's paper judges them: by a frozen backbone."""


SAME_ON_ARRAY = ("raw", "sd_2x2", "sd_2x4", "lr_2", "lr_1", "difference", "pixelrnn")
"""Rows whose SCAMP-5 programs give the codes that a task trains on: PixelRNN to the bit, the others up to the levels of
the array, 128 from black to white. Programs of rows that are not here take other weights, linear or ternary ones."""


@dataclass(frozen=True)
class Budget:
    """The same for every row.

    train, test: pictures or clips of each class. epochs, batch, rate: of Adam, the rate of heads with a cosine decay.
    light: "even" as drawn, or "uneven": each clip in a light of its own, darker and sloping.

    Raises ProgramError.
    """

    train: int = 40
    test: int = 20
    epochs: int = 20
    batch: int = 32
    rate: float = 3e-3
    light: str = "uneven"

    def __post_init__(self) -> None:
        integer("train", self.train, 1, 10_000)
        integer("test", self.test, 1, 10_000)
        integer("epochs", self.epochs, 1, 1000)
        integer("batch", self.batch, 2, 1024)
        if not 0 < self.rate < 1:
            raise ProgramError(f"rate must be above 0 and below 1, got {self.rate}")
        if self.light not in ("even", "uneven"):
            raise ProgramError(f"light: expected even or uneven, got '{short(self.light, 40)}'")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    def options(self) -> list[str]:
        """What a command line must say to have it, beside what it has by itself."""
        usual = Budget().as_dict()
        asked = ("train", "test", "epochs", "light")
        return [f"--{name} {value}" for name, value in self.as_dict().items() if name in asked and value != usual[name]]


def seeds_option(seeds: Sequence[int]) -> list[str]:
    """The same of training seeds."""
    count = len(seeds)
    if tuple(seeds) == (0, 1, 2):
        return []
    return [f"--seeds {count}" if tuple(seeds) == tuple(range(count)) else f"--seeds {','.join(map(str, seeds))}"]


@dataclass(frozen=True)
class Item:
    """One training: a row, the frames of its decision, the head."""

    row: str
    frames: int
    head: str

    def __str__(self) -> str:
        return f"{self.row}, {self.frames} frame(s), {self.head}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"row": self.row, "frames": self.frames, "head": self.head}


ITEMS: tuple[Item, ...] = tuple(Item(row, f, head) for row, f, head in product(CATALOGUE, FRAMES, HEADS))
"""All trainings, by their numbers in kept results; the order is never changed, new ones go to the end."""


def reason_against(task: str, item: Item) -> str:
    """Why a task has no such training; "" where it has."""
    if task == "photographs":
        if item.row in ("pixelrnn", "difference"):
            return f"{item.row} needs frames of a clip, and a photograph is one"
        if item.row == "raw":
            return "raw pictures are what photographs are judged by"
        if item.head != "frozen":
            return "photographs are judged by a frozen classifier only; add --heads frozen"
        return "a photograph is one frame" if item.frames > 1 else ""
    if task in ("shapes", "digits") and item.frames > 1 and item.row != "pixelrnn":
        return f"{task} are decided from one frame"
    if item.row == "pixelrnn" and item.frames != CLIP:
        return "pixelrnn reads once in 16 frames"
    if item.row == "difference" and item.frames == 1:
        return "a difference needs a second frame"
    if item.head == "frozen" and item.row not in FREEZES:
        return f"{item.row} gives no picture for a frozen backbone"
    return ""


def chosen(
    task: str, rows: Sequence[str] | None, frames: Sequence[int], heads: Sequence[str]
) -> tuple[tuple[int, ...], dict[str, str]]:
    """(numbers of the trainings of a task, row -> why it has none of them). Raises ProgramError."""
    if task not in TASKS:
        from scamp_sim.chip.isa import did_you_mean

        near = did_you_mean(task, TASKS) or ""
        raise ProgramError(f"no task is called '{short(task, 60)}'{near}; expected one of {', '.join(TASKS)}")
    for f in frames:
        if f not in FRAMES:
            raise OptionError(f"--frames {f}: a clip has 16 frames; take some of {', '.join(map(str, FRAMES))}")
    for head in heads:
        if head not in HEADS:
            raise OptionError(f"--heads {short(head, 40)}: expected some of {', '.join(HEADS)}")
    wanted = CATALOGUE if rows is None else tuple(dict.fromkeys(rows))
    left: dict[str, str] = {}
    found = []
    for row in wanted:
        if row not in CATALOGUE:
            why = (
                "skipping frames is the raw row with fewer of them" if row.startswith("skip_") else "it is not trained"
            )
            left[row] = f"{row} is in no task: {why}"
            continue
        asked = (CLIP,) if row == "pixelrnn" else tuple(frames)
        numbers = [n for n, i in enumerate(ITEMS) if i.row == row and i.frames in asked and i.head in heads]
        able = [n for n in numbers if not reason_against(task, ITEMS[n])]
        if not able:
            left[row] = reason_against(task, ITEMS[numbers[0]])
        found += able
    if not found:
        raise ProgramError(f"task {task}: no row can take it: " + "; ".join(left.values()))
    return tuple(found), left
