"""What a run of many frames leaves behind: a video, a film strip, tables of scalars and events, files all at once."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.files import (
    check_file,
    file_aside,
    folder_aside,
    put_in_place,
    refuse_claimed,
    refuse_read,
    remove_aside,
)
from scamp_sim.reading import reason
from scamp_sim.show import render
from scamp_sim.show.frames.decode import library
from scamp_sim.text import short

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Grey = npt.NDArray[np.uint8]

CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}
"""Ending of a video -> how it is written."""

ANIMATION = ".gif"

USUAL_FPS = 25.0
"""Frames a second of a video of pictures that say nothing of time."""

GAP = 8
"""Pixels between planes side by side."""

MOST_STRIP = 12
"""Frames on a film strip."""

MOST_GIF = 512 << 20
"""Bytes of grey that wait until an animation is written."""

MOST_COLUMNS = 64
"""Elements of a list that have columns of their own in the table of frames."""


# --- video --------------------------------------------------------------------------------------------------------


class Video(Protocol):
    """Takes grey frames of one size, in order."""

    def add(self, frame: Grey) -> None: ...


def check_video(path: str | Path) -> Path:
    """The path, if a video can be written there. Raises ScampError."""
    suffix = Path(path).suffix.lower()
    if suffix != ANIMATION and suffix not in CODECS:
        raise OptionError(
            f"cannot write the video to {short(str(path), 200)}: expected an ending of "
            f"{' '.join((*CODECS, ANIMATION))}, got '{short(suffix, 20)}'"
        )
    if suffix in CODECS:
        library()
    return check_file(path, "video")


@contextmanager
def video(path: str | Path, fps: float | None) -> Iterator[Video]:
    """A video that is there when everything has been added, and not before.

    path: .mp4, .mov, .mkv, .webm (extra `video`) or .gif.
    fps: frames a second. Raises ScampError.
    """
    target = check_video(path)
    writer: _Gif | _Film | None = None
    aside = Path()
    try:
        aside = file_aside(target)
        writer = _Gif(str(aside), fps) if target.suffix.lower() == ANIMATION else _Film(str(aside), fps)
        yield writer
        writer.close()
        put_in_place(aside, target)
        writer = None
    except OSError as e:
        raise ScampError(
            f"cannot write the video to {short(str(path), 200)}: {reason(e)}; free some disk space, or choose another "
            "file"
        ) from e
    finally:
        if writer is not None:
            writer.drop()
        remove_aside(aside)


class _Gif:
    def __init__(self, path: str, fps: float | None) -> None:
        self._path, self._fps = path, fps or USUAL_FPS
        self._frames: list[Grey] = []
        self._held = 0

    def add(self, frame: Grey) -> None:
        self._held += frame.nbytes
        if self._held > MOST_GIF:
            raise ScampError(f"an animation of more than {MOST_GIF >> 20} MiB; write .mp4 instead, or fewer --frames")
        self._frames.append(np.ascontiguousarray(frame))

    def close(self) -> None:
        from PIL import Image

        if not self._frames:
            raise ScampError("a video needs at least one frame")
        taken, shown = timed(len(self._frames), self._fps)
        first, *others = (Image.fromarray(self._frames[n]) for n in taken)
        first.save(self._path, format="GIF", save_all=True, append_images=others, duration=shown, loop=0)

    def drop(self) -> None:
        self._frames.clear()


def timed(count: int, fps: float) -> tuple[list[int], list[int]]:
    """The frames of an animation, and the milliseconds that each is shown, so that it lasts as long as the frames do.

    It counts in hundredths of a second, so that some are shown a hundredth longer than others; players take less than
    two of them for ten, so that of more than 50 frames a second some are left out.
    """
    ends = [round(100 * (n + 1) / fps) for n in range(count)]
    taken, shown, begin = [], [], 0
    for number, end in enumerate(ends):
        if end - begin >= 2:
            taken.append(number)
            shown.append(min(MOST_SHOWN, end - begin) * 10)
            begin = end
    return (taken, shown) if taken else ([count - 1], [20])


MOST_SHOWN = 65535
"""Hundredths of a second that a frame of an animation can be shown."""


class _Film:
    def __init__(self, path: str, fps: float | None) -> None:
        self._av = library()
        self._container = self._av.open(path, "w")
        rate = Fraction(fps or USUAL_FPS).limit_denominator(1001) or Fraction(fps or USUAL_FPS).limit_denominator(10**6)
        self._stream = self._container.add_stream(CODECS[Path(path).suffix], rate=rate or Fraction(1))
        self._stream.pix_fmt = "yuv420p"
        if self._stream.codec.name == "libx264":
            self._stream.options = {"crf": "16", "preset": "veryfast"}
        self._size: tuple[int, int] | None = None
        self._open = True

    def add(self, frame: Grey) -> None:
        rows, columns = frame.shape
        if rows % 2 or columns % 2:  # half the resolution of colour
            frame = np.pad(frame, ((0, rows % 2), (0, columns % 2)), mode="edge")
        if self._size is None:
            self._size = (frame.shape[0], frame.shape[1])
            self._stream.height, self._stream.width = self._size
        image = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="gray")
        try:
            for packet in self._stream.encode(image):
                self._container.mux(packet)
        except self._av.error.FFmpegError as e:
            raise ScampError(f"FFmpeg, through PyAV, cannot encode a frame of {rows}x{columns}: {reason(e)}") from e

    def close(self) -> None:
        if self._size is None:
            raise ScampError("a video needs at least one frame")
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._open = False
        self._container.close()

    def drop(self) -> None:
        if self._open:
            self._open = False
            with suppress(Exception):
                self._container.close()


def side_by_side(planes: Sequence[npt.NDArray[Any]], stretch: bool = False) -> Grey:
    """Planes in a row, as grey, upper edges level. Raises ScampError for none."""
    if not planes:
        raise ScampError("a video needs at least one plane; this program puts out no pictures")
    grey = [np.asarray(render.picture_of(plane, stretch)) for plane in planes]
    if len(grey) == 1:
        return grey[0]
    rows = max(g.shape[0] for g in grey)
    whole = np.full((rows, sum(g.shape[1] for g in grey) + GAP * (len(grey) - 1)), render.BACKGROUND, np.uint8)
    x = 0
    for g in grey:
        whole[: g.shape[0], x : x + g.shape[1]] = g
        x += g.shape[1] + GAP
    return whole


# --- film strip ---------------------------------------------------------------------------------------------------


class Strip:
    """Up to twelve frames, evenly spaced, as columns; planes as rows. How many there will be need not be known."""

    def __init__(self, stretch: bool = False) -> None:
        self._stretch = stretch
        self._kept: list[tuple[int, dict[str, Grey]]] = []
        self._every, self._seen = 1, 0

    def add(self, planes: Mapping[str, npt.NDArray[Any]]) -> None:
        """The planes of the next frame, by title."""
        if self._seen % self._every == 0:
            if len(self._kept) >= 2 * MOST_STRIP:  # every second one is enough from here on
                self._kept, self._every = self._kept[::2], 2 * self._every
            if self._seen % self._every == 0:
                grey = {name: np.asarray(render.picture_of(p, self._stretch)) for name, p in planes.items()}
                self._kept.append((self._seen + 1, grey))
        self._seen += 1

    def picture(self) -> Picture | None:
        """The strip; None for fewer than two frames."""
        from PIL import Image, ImageDraw, ImageFont

        if len(self._kept) < 2:
            return None
        step = -(-len(self._kept) // MOST_STRIP)
        shown = self._kept[::step]
        names = list(dict.fromkeys(name for _, planes in shown for name in planes))
        if not names:
            return None
        font = ImageFont.load_default(render.CAPTION_SIZE)
        sizes = [planes[n].shape for _, planes in shown for n in planes]
        side = min(160, max(max(s) for s in sizes))
        left = render.MARGIN + max(round(font.getlength(short(n, 24))) for n in names) + GAP
        top = render.MARGIN + render.CAPTION_SIZE + GAP
        width = left + len(shown) * (side + GAP) + render.MARGIN
        sheet = Image.new("L", (width, top + len(names) * (side + GAP) + render.MARGIN), render.BACKGROUND)
        draw = ImageDraw.Draw(sheet)
        for i, (number, planes) in enumerate(shown):
            x = left + i * (side + GAP)
            draw.text((x, render.MARGIN - 2), f"frame {number:,}", render.CAPTION, font)
            for j, name in enumerate(names):
                if name in planes:
                    tile = Image.fromarray(planes[name])
                    scale = side / max(tile.size)
                    fitted = (max(1, round(tile.width * scale)), max(1, round(tile.height * scale)))
                    sheet.paste(tile.resize(fitted, Image.Resampling.BOX), (x, top + j * (side + GAP)))
        for j, name in enumerate(names):
            draw.text((render.MARGIN, top + j * (side + GAP)), short(name, 24), render.TITLE, font)
        return sheet


# --- tables -------------------------------------------------------------------------------------------------------


class Table:
    """Scalars of each frame, and events one a line, as CSV."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._events: list[tuple[int, str, int, int]] = []

    def add(self, image: str | None, records: Mapping[str, Mapping[str, Any]]) -> None:
        """The records of the next frame, as `results.record` gives them."""
        number = len(self._rows) + 1
        row: dict[str, Any] = {"frame": number, "image": image or ""}
        for name, record in records.items():
            row |= columns(name, record)
            self._events += [(number, name, int(c), int(r)) for c, r in record.get("events", ())]
        self._rows.append(row)

    def frames(self) -> str:
        """frames.csv: a line a frame."""
        head = list(dict.fromkeys(key for row in self._rows for key in row))
        return _csv(head, ([row.get(key, "") for key in head] for row in self._rows))

    def events(self) -> str:
        """events.csv: a line an event, chip column and row; "" if there was none."""
        return _csv(["frame", "output", "column", "row"], self._events) if self._events else ""

    def spans(self) -> dict[str, tuple[float, float, float]]:
        """Column -> (lowest, highest, mean) over the frames."""
        found = {}
        for key in dict.fromkeys(key for row in self._rows for key in row if key not in ("frame", "image")):
            values = [row[key] for row in self._rows if key in row]
            found[key] = (min(values), max(values), sum(values) / len(values))
        return found


def columns(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """One result of a frame as cells of the table: NAME.ones, NAME.min, NAME.max, NAME.mean, NAME.events, NAME."""
    match record.get("kind"):
        case "digital":
            return {f"{name}.ones": record["ones"]}
        case "analog" | "image":
            return {f"{name}.{what}": record[what] for what in ("min", "max", "mean")}
        case "events":
            return {f"{name}.events": len(record["events"])}
        case "bounding box":
            # chip columns count from the right, so that the lesser one is the right side of the picture
            return {f"{name}.{what}": v for what, v in zip(("top", "right", "bottom", "left"), record["value"])}  # noqa: B905
    value = record.get("value")
    if isinstance(value, (int, float)):
        return {name: value}
    flat = np.asarray(value).reshape(-1) if value is not None else np.zeros(0)
    return {f"{name}.{i}": v.item() for i, v in enumerate(flat[:MOST_COLUMNS])}


def _csv(head: Sequence[str], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


# --- files, all at once -------------------------------------------------------------------------------------------


class Staging:
    """Files that come to a folder together, or not at all: a context manager.

    folder: where they go; it need not exist. Raises ScampError if it cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = render.check_folder(folder)
        self._aside: Path | None = None
        self._names: list[str] = []
        self._made = False

    def __enter__(self) -> Staging:
        return self

    def picture(self, name: str, picture: Picture, small: bool = True) -> Path:
        """Put a PNG under a name that may lead into a subfolder; where it will be.

        small: as small as it gets, which takes longer.
        """
        with self._writing(name) as path:
            picture.save(path, format="PNG", optimize=small, compress_level=9 if small else 3)
        return self.folder / name

    def text(self, name: str, text: str) -> Path:
        """Put a text there; where it will be."""
        with self._writing(name) as path:
            path.write_text(text, encoding="utf-8")
        return self.folder / name

    @contextmanager
    def _writing(self, name: str) -> Iterator[Path]:
        if (self.folder / name).is_dir():
            raise ScampError(f"cannot write {self.folder / name}: it is a folder; move it, or name another")
        what = "picture" if name.endswith(".png") else "table of frames" if name.endswith(".csv") else "result"
        refuse_read(self.folder / name, what)
        refuse_claimed(self.folder / name, what)
        try:
            if self._aside is None:
                self._made = not self.folder.exists()
                self.folder.mkdir(parents=True, exist_ok=True)
                self._aside = folder_aside(self.folder)
            yield self._aside / str(len(self._names))
        except OSError as e:
            raise self._failed(e) from e
        self._names.append(name)

    def _failed(self, error: OSError) -> ScampError:
        return ScampError(
            f"cannot write files to {self.folder}: {reason(error)}; free some disk space, or choose another folder"
        )

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if self._aside is None:
            return
        try:
            if kind is None:
                for name in self._names:
                    (self.folder / name).parent.mkdir(exist_ok=True)
                for number, name in enumerate(self._names):
                    os.replace(self._aside / str(number), self.folder / name)
        except OSError as e:
            raise self._failed(e) from e
        finally:
            remove_aside(self._aside)
            if kind is not None and self._made:
                with suppress(OSError):
                    self.folder.rmdir()


__all__ = ["CODECS", "Staging", "Strip", "Table", "check_video", "columns", "side_by_side", "video"]
