"""The window of the host: displays, sliders, switches and buttons, and what the user of the run does with them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.native.board.notes import Notes
from scamp_sim.compiler.native.session.records import Item
from scamp_sim.compiler.native.session.wishes import Wishes, plain
from scamp_sim.exceptions import OptionError

LARGEST = 4096
"""Columns and rows of a picture that a program may ask for."""


class Window:
    """What the program has put there. `displays`: labels by handle."""

    def __init__(self, wishes: Wishes, notes: Notes) -> None:
        self.wishes, self.notes = wishes, notes
        self.displays: dict[int, str] = {}
        self.items: dict[int, Item] = {}
        self._places: dict[int, Origin] = {}
        self._taken: set[str] = set()
        self._alike: Counter[str] = Counter()

    def told(self, fields: list[str]) -> None:
        """G kind handle site label ..."""
        if fields[1] == "display":
            label = unescaped(fields[4]).strip() or f"display {fields[2]}"
            name = label
            while name in self._taken:
                self._alike[label] += 1
                name = f"{label} ({self._alike[label] + 1})"
            self._taken.add(name)
            self.displays[int(fields[2])] = name

    def item(self, fields: list[str]) -> bytes:
        """A slider, switch or button is made: its first value, and what the user does to it, as frame=value."""
        kind, handle, label = fields[1], int(fields[2]), unescaped(fields[4])
        low, high, first = int(fields[5]), int(fields[6]), int(fields[7])
        asked = self._asked(label) if kind != "button" else None
        pressed = [frame for n, frame in self.wishes.press if kind == "button" and plain(n) == plain(label)]
        if asked is not None and not low <= asked <= high:
            raise OptionError(f"set {label}={asked}: the {kind} goes from {low} to {high}")
        self._places[handle] = self.notes.place(fields[3])
        self.items[handle] = Item(kind, label, low, high, first, asked is not None or bool(pressed))
        now = first if asked is None else asked
        events = [f"1={asked}"] if asked is not None else [f"{frame}=1" for frame in pressed]
        return " ".join([f"={now}", *events]).encode() + b"\n"

    def _asked(self, label: str) -> int | None:
        return next((v for n, v in self.wishes.set.items() if plain(n) == plain(label)), None)

    def check_labels(self) -> None:
        """Whether what was set and pressed is there. Raises ProgramError with the labels that are."""
        sliders, buttons = ("slider", "switch"), ("button",)
        pressed = [n for n, _ in self.wishes.press]
        for what, wanted, kinds in (("set", list(self.wishes.set), sliders), ("press", pressed, buttons)):
            labels = [i.label for i in self.items.values() if i.kind in kinds]
            for label in wanted:
                if plain(label) not in map(plain, labels):
                    near = isa.did_you_mean(label, labels)
                    has = ", ".join(f"'{x}'" for x in labels) or "none"
                    raise OptionError(
                        f"{what} {label}: the program has no {' or '.join(kinds)} of that label{near} (it has: {has})"
                    )

    def note_unpressed(self) -> None:
        """A note for each button that the run did not press."""
        for handle, item in self.items.items():
            if item.kind == "button" and not item.used:
                hint = f"press it: --press '{item.label}@1'"
                self.notes.note(self._places[handle], "W621", f"the button '{item.label}' was not pressed", hint)

    def picture(self, fields: list[str]) -> bytes:
        """A picture that the program asks the host for: one of the files of the run."""
        place, width, height, name = self.notes.place(fields[1]), int(fields[2]), int(fields[3]), unescaped(fields[4])
        path = next((p for f in self.wishes.files for p in _named(Path(f), name)), None)
        if path is None or not (0 < width <= LARGEST and 0 < height <= LARGEST):
            what = f"the program asks the host for the picture '{name}', which is not there"
            self.notes.note(place, "W617", what, "name its file or folder: --files FOLDER")
            return b"=0\n"
        from scamp_sim.pictures import open_picture

        grey = np.asarray(open_picture(path).resize((width, height)), np.uint8)
        return b"=%d\n" % grey.size + grey.tobytes()


def _named(path: Path, name: str) -> list[Path]:
    """The files that a name may mean: that file, or one in a folder."""
    wanted = Path(name.replace("\\", "/"))
    if path.is_dir():
        tries = (
            [path / wanted.name]
            if wanted.is_absolute() or ".." in wanted.parts
            else [path / wanted, path / wanted.name]
        )
        return [t for t in tries if t.is_file()]
    return [path] if path.name == wanted.name and path.is_file() else []


def unescaped(text: str) -> str:
    """A text as it was before it was sent."""
    if "\\" not in text:
        return text
    found, at = [], 0
    signs = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            found.append(signs.get(text[at + 1], text[at + 1]))
            at += 2
        else:
            found.append(text[at])
            at += 1
    return "".join(found)


__all__ = ["Window", "unescaped"]
