"""What a run keeps of each frame: numbers, pictures, its row of the tables, its picture of the video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.chip.readout import stack_bits
from scamp_sim.costs.timing import Profile
from scamp_sim.exceptions import OptionError
from scamp_sim.show import render, results
from scamp_sim.show.frames.write import Staging, Strip, Table, Video, side_by_side, video

SHEET, STRIP = "contact-sheet.png", "film-strip.png"
VALUES = "values.json"
"""File of the results that are no pictures."""
TABLE, EVENTS = "frames.csv", "events.csv"
REGISTERS = "registers"
"""Folder, below the one for the pictures, of the registers that `--planes` adds."""

IMAGE, WHOLE = "image", "sheet"
"""What `--video-of` calls the picture that the array is given, and the contact sheet."""


@dataclass(frozen=True)
class Frame:
    """What one frame gave, in numbers; its planes are not kept.

    outputs, registers: name -> record, as `results.record` and `render.plane_summary` give them.
    texts: name -> the same in words.
    files: name -> picture of it, or the file of those that are none, where files were asked for.
    beyond: outputs and registers with values that a chip compresses.
    """

    image: str | None
    outputs: Mapping[str, Mapping[str, Any]]
    registers: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str]
    beyond: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    register_files: Mapping[str, Path] = field(default_factory=dict)
    sheet: Path | None = None
    dumps: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Names, numbers and paths, ready for JSON."""
        outputs = {n: {**record, "file": _file(self.files, n)} for n, record in self.outputs.items()}
        found: dict[str, Any] = {"image": self.image, "outputs": outputs}
        if self.registers:
            below = self.register_files
            found["registers"] = {n: {**record, "file": _file(below, n)} for n, record in self.registers.items()}
        if self.dumps:
            found["dumps"] = [str(folder) for folder in self.dumps]
        return {**found, "sheet": str(self.sheet) if self.sheet else None}

    def lines(self) -> list[str]:
        """The frame as text: every output in numbers, with the path of its picture."""
        rows = [(n, self.texts[n], str(self.files.get(n, ""))) for n in self.outputs]
        for name in self.registers:
            below = str(self.register_files.get(name, ""))
            rows.append((f"register {name}", self.texts[f"register {name}"], below))
        wide, middle = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
        lines = [str(self.image)] if self.image else []
        lines += [f"  {name:{wide}}  {text:{middle}}  {path}".rstrip() for name, text, path in rows]
        if self.beyond:
            lines.append(f"  beyond {render.CHIP_RANGE} LSB, where a chip compresses: {', '.join(self.beyond)}")
        if self.sheet:
            lines.append(f"  all on one sheet: {self.sheet}")
        if self.dumps:
            more = f" .. {self.dumps[-1].name} ({len(self.dumps)} folders)" if len(self.dumps) > 1 else ""
            lines.append(f"  planes after the line: {self.dumps[0]}{more}")
        return lines


def _file(files: Mapping[str, Path], name: str) -> str | None:
    return str(files[name]) if name in files else None


@dataclass(frozen=True)
class Kept:
    """What is left of all frames: where the video, the strip and the tables are, and spans of every number.

    spans: column of the table -> (lowest, highest, mean).
    """

    files: tuple[Path, ...]
    spans: Mapping[str, tuple[float, float, float]]


class Recorder:
    """Keeps what frames of a program give; a context manager, whose files are there when it ends well.

    out: a folder, or None.
    expected: how many frames there will be, None if that is not known; names are numbered unless there is one.
    stretch: analog planes from their minimum to their maximum.
    keep_image: the name under which the image, as the array saw it, is written too.
    video, video_of, fps: a video of those pictures, by default the image and every output, side by side.
    """

    def __init__(
        self,
        program: Program,
        out: str | None = None,
        *,
        expected: int | None = 1,
        stretch: bool = False,
        keep_image: str | None = None,
        video_to: str | None = None,
        video_of: Sequence[str] = (),
        fps: float | None = None,
    ) -> None:
        self._program, self._stretch, self._keep_image = program, stretch, keep_image
        self._several = expected != 1
        self._wide = max(3, len(str(expected or 1)))
        self._open = ExitStack()
        self._out, self._video_to, self._video_of, self._fps = out, video_to, tuple(video_of), fps
        self._staging: Staging | None = None
        self._video: Video | None = None
        self._strip = Strip(stretch)
        self._number = 0
        self.table = Table()
        self._bits = stack_bits(program)

    def __enter__(self) -> Recorder:
        if self._out is not None:
            self._staging = self._open.enter_context(Staging(self._out))
        if self._video_to is not None:
            self._video = self._open.enter_context(video(self._video_to, self._fps))
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self._open.__exit__(kind, value, trace)

    @property
    def prefix(self) -> str:
        """What the names of the present frame's files begin with."""
        return f"{self._number + 1:0{self._wide}}-" if self._several else ""

    def add(
        self,
        image: str | None,
        outputs: Mapping[str, Any],
        registers: Mapping[str, npt.NDArray[Any]],
        profile: Profile,
        fed: render.Tile | None,
        exposed: npt.NDArray[Any] | None,
        dumps: Sequence[Path] = (),
    ) -> Frame:
        """Keep the next frame.

        image: the name of what it ran on.
        outputs, registers: what it gave.
        fed: what the array got of the image.
        exposed: the image itself.
        """
        kinds = results.kinds(self._program) or dict.fromkeys(outputs, "plane")
        planes = {
            n: results.drawable(v, self._bits.get(n, 0)) for n, v in outputs.items() if results.is_picture(kinds[n])
        }
        far = [n for n, v in outputs.items() if kinds[n] == "plane" and render.beyond_chip(v)]
        beyond = [name for name, plane in registers.items() if render.beyond_chip(plane)]
        frame = Frame(
            image,
            {n: results.record(kinds[n], v) for n, v in outputs.items()},
            {n: render.plane_summary(p) for n, p in registers.items()},
            {n: results.text(kinds[n], v) for n, v in outputs.items()}
            | {f"register {n}": render.summary_text(p) for n, p in registers.items()},
            (*far, *([f"registers {' '.join(beyond)}"] if beyond else [])),
            dumps=tuple(dumps),
        )
        self.table.add(image, frame.outputs)
        files: dict[str, Any] = {}
        if self._staging is not None or self._video is not None:
            tiles = self._tiles(planes, registers, fed)
            heading = _heading(profile)
            if self._several:
                self._strip.add({tile.title: tile.plane for tile in tiles.values()})
            if self._video is not None:
                self._video.add(self._film(tiles, heading))
            if self._staging is not None:
                files = self._files(frame, planes, registers, tiles, heading, exposed)
        self._number += 1
        return Frame(**{**vars(frame), **files})

    def finish(self) -> Kept:
        """The files of all frames together; call it when the last one has been added."""
        files: list[Path] = []
        if self._video_to is not None:
            files.append(Path(self._video_to))
        if self._staging is not None and self._several:
            strip = self._strip.picture()
            if strip is not None:
                files.append(self._staging.picture(STRIP, strip))
            files.append(self._staging.text(TABLE, self.table.frames()))
            events = self.table.events()
            if events:
                files.append(self._staging.text(EVENTS, events))
        return Kept(tuple(files), self.table.spans())

    # --- one frame ------------------------------------------------------------------------------------------------

    def _tiles(
        self, planes: Mapping[str, Any], registers: Mapping[str, Any], fed: render.Tile | None
    ) -> dict[str, render.Tile]:
        """Everything that can be drawn, by the name that `--video-of` takes."""
        tiles = {} if fed is None else {IMAGE: fed}
        behind = {o.name: o.register for o in self._program.outputs}
        for name, plane in planes.items():
            bare = name if self._program.results else f"register {name}"
            tiles[name] = render.Tile(f"{name} = {behind[name]}" if name in behind else bare, plane)
        for name, plane in registers.items():
            taken = [planes[o] for o, register in behind.items() if register == name]
            if not any(np.array_equal(plane, p) for p in taken):  # a register is shown once, as the output it is
                tiles[f"register {name}"] = render.Tile(f"register {name}", plane)
        return tiles

    def _film(self, tiles: Mapping[str, render.Tile], heading: str) -> npt.NDArray[np.uint8]:
        if self._video_of == (WHOLE,):
            return np.asarray(render.contact_sheet(list(tiles.values()), heading, self._stretch))
        wanted = self._video_of or tuple(name for name in tiles if not name.startswith("register "))
        chosen = []
        for name in wanted:
            found = tiles.get(name) or tiles.get(f"register {name}")
            if found is None:
                near = isa.did_you_mean(name, tuple(tiles))
                has = ", ".join((*tiles, WHOLE)) if tiles else "none"
                raise OptionError(f"--video-of {name}: {absent(name, near)} (pictures of this run: {has})")
            chosen.append(found.plane)
        return side_by_side(chosen, self._stretch)

    def _files(
        self,
        frame: Frame,
        planes: Mapping[str, Any],
        registers: Mapping[str, Any],
        tiles: Mapping[str, render.Tile],
        heading: str,
        exposed: npt.NDArray[Any] | None,
    ) -> dict[str, Any]:
        assert self._staging is not None
        put, before, small = self._staging, self.prefix, not self._several
        files: dict[str, Path] = {}
        for name, stem in _file_stems(planes).items():
            picture = render.picture_of(planes[name], self._stretch)
            files[name] = put.picture(f"{before}{stem}.png", picture, small)
        below = {
            name: put.picture(f"{REGISTERS}/{before}{name}.png", render.picture_of(plane, self._stretch), small)
            for name, plane in registers.items()
        }
        if exposed is not None and self._keep_image:
            put.picture(before + self._keep_image, render.picture_of(exposed), small)
        sheet = None
        if tiles and not self._several:
            sheet = put.picture(SHEET, render.contact_sheet(list(tiles.values()), heading, self._stretch))
        values = {n: r for n, r in frame.outputs.items() if n not in planes}
        if values:
            where = put.text(before + VALUES, results.as_json(values))
            files |= dict.fromkeys(values, where)
        return {"files": files, "register_files": below, "sheet": sheet}


def absent(name: str, near: str = "") -> str:
    """What to say of a picture that a video cannot have. near: the tail of a message with a near name."""
    if name in (*isa.ANALOG, *isa.DIGITAL):
        return f"{name} is a register; --planes adds those that the program writes"
    return f"no such picture{near}"


def _heading(profile: Profile) -> str:
    words = "1 word" if profile.words == 1 else f"{profile.words} words"
    readout_us = profile.time_breakdown["readout"]
    readout = f", {readout_us:,.0f} us to read out" if readout_us else ""
    return f"{profile.program}: {words}, {profile.compute_us:,.1f} us on the chip{readout} (modelled)"


def _file_stems(names: Iterable[str]) -> dict[str, str]:
    """Name -> file name without its suffix; names that differ in case alone get a number, as disks may fold case."""
    used: Counter[str] = Counter()
    stems = {}
    for name in names:
        used[name.lower()] += 1
        stems[name] = name if used[name.lower()] == 1 else f"{name}-{used[name.lower()]}"
    return stems


__all__ = ["EVENTS", "REGISTERS", "SHEET", "STRIP", "TABLE", "VALUES", "Frame", "Kept", "Recorder", "absent"]
