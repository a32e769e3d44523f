"""Files to grey frames, one after another: pictures, animations, arrays of frames, videos.

Each decoder yields (name, frame, seconds): a uint8 or float32 array (rows, columns), 0 dark to 255 bright, upright, as
large as the file has it, and when it is shown, counted from the first, where the file says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim import pictures
from scamp_sim.exceptions import PlaneError
from scamp_sim.installation import install_hint
from scamp_sim.reading import DAMAGE, checked_path, read_archive, read_array, reason
from scamp_sim.show.frames.camera import is_camera, pictures_of
from scamp_sim.text import plural, short

Decoded = tuple[str, npt.NDArray[Any], "float | None"]

VIDEOS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".y4m", ".ts", ".mts"),
    *(".m2ts", ".3gp", ".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".hevc"),
)
"""Files that the video library reads."""

ARRAYS = (".npy", ".npz")

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".apng")

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpeg",
    "mpegvideo",
    "mpegts",
    "asf",
    "flv",
    "ogg",
    "yuv4mpegpipe",
    "gif",
    *("h264", "hevc", "mjpeg", "m4v"),  # streams without a container
)
"""Containers that are opened. Playlists and descriptions of streams, which name other files and hosts, are none of
them."""

MOST_VIDEO = 64 << 30
"""Bytes of a video; it is read frame by frame."""


@dataclass(frozen=True)
class Length:
    """What a file says of itself before it is decoded. `frames`, `fps`: None if it does not say."""

    frames: int | None
    fps: float | None


# --- what a file says of itself -----------------------------------------------------------------------------------


def length(path: Path) -> Length:
    """How many frames a file holds, and how fast they are shown. Raises PlaneError for videos that cannot be opened."""
    suffix = path.suffix.lower()
    if is_camera(str(path)):
        library()
        return Length(None, None)
    if suffix in VIDEOS:
        return _video_length(path)
    if suffix in ARRAYS:
        return Length(len(_stack(path)), None)
    count = pictures.frame_count(path)
    return Length(count, _animation_fps(path) if count > 1 else None)


def decoded(
    path: Path, known: Length | None = None, lost: MutableMapping[Path, str] | None = None
) -> Iterator[Decoded]:
    """The frames of a file. Raises PlaneError that names the file, the library that refused it and the remedy.

    known: what `length` gave for it, if somebody has asked already.
    lost: gets, after the last frame, what a video says that it holds and did not give.
    """
    suffix = path.suffix.lower()
    if is_camera(str(path)):
        yield from _numbered(str(path), pictures_of(str(path), library()))
    elif suffix in VIDEOS:
        yield from _video(path, {} if lost is None else lost)
    elif suffix in ARRAYS:
        yield from _arrays(path)
    else:
        known = known or length(path)
        if (known.frames or 1) > 1:
            yield from _animation(path, known)
        else:
            yield path.name, np.asarray(_picture(path), np.uint8), None


# --- pictures and arrays ------------------------------------------------------------------------------------------


def _picture(path: Path) -> Any:
    """A picture. A file of an ending that nobody knows may be a video, whose ending then is the remedy."""
    try:
        return pictures.open_picture(path)
    except PlaneError as e:
        if path.suffix.lower() in PICTURES or pictures.UNKNOWN not in str(e):
            raise
        raise PlaneError(f"{e}; a video is known by its ending, such as .mp4 or .mkv") from None


def _animation(path: Path, known: Length) -> Iterator[Decoded]:
    seconds, timed = 0.0, known.fps is not None  # the pages of a TIFF have no time
    for number, (grey, milliseconds) in enumerate(pictures.frames_of(path, count=known.frames), 1):
        yield f"{path.name}#{number}", np.array(grey, np.uint8), seconds if timed else None
        seconds += milliseconds / 1000


def _animation_fps(path: Path) -> float | None:
    milliseconds = pictures.shown_for(path)
    return 1000 / milliseconds if milliseconds > 0 else None


def _stack(path: Path) -> npt.NDArray[Any]:
    if path.suffix.lower() == ".npy":
        array = read_array(path, "array", PlaneError)
    else:
        found = read_archive(path, "array", PlaneError)
        if len(found) != 1:
            raise PlaneError(
                f"{path}: expected one array, got {short(', '.join(found) or 'none', 80)}; save it as .npy"
            )
        (array,) = found.values()
    if array.dtype.kind not in "biuf":
        raise PlaneError(f"{path}: it holds {array.dtype} values; save a plain numeric array")
    stack = array[None] if array.ndim == 2 else array
    if stack.ndim != 3 or not stack.size:
        raise PlaneError(f"{path}: expected (rows, columns) or (frames, rows, columns), got {array.shape}")
    return stack


def _arrays(path: Path) -> Iterator[Decoded]:
    from scamp_sim.chip.planes import image_plane

    stack = _stack(path)
    for number, frame in enumerate(stack, 1):
        name = path.name if len(stack) == 1 else f"{path.name}#{number}"
        shown = short(str(path), 200) + name[len(path.name) :]
        yield name, image_plane(frame, frame.shape, name=shown), None


# --- videos -------------------------------------------------------------------------------------------------------


def library() -> Any:
    try:
        import av
    except ImportError:
        raise PlaneError(
            f"reading and writing videos needs PyAV: {install_hint('video')}; or save the frames as GIF, or as a "
            "folder of pictures"
        ) from None
    return av


def _video_length(path: Path) -> Length:
    av = library()
    checked_path(path, "video", PlaneError, MOST_VIDEO)
    try:
        with path.open("rb") as file, av.open(file, options={"format_whitelist": ",".join(CONTAINERS)}) as container:
            stream = _stream(path, container)
            fps = float(stream.average_rate or stream.guessed_rate or 0) or None
            frames = int(stream.frames) or None
            if frames is None and container.duration and fps:
                frames = round(container.duration / 1e6 * fps) or None
            return Length(frames, fps)
    except PlaneError:
        raise
    except (av.error.FFmpegError, *DAMAGE) as e:
        raise _undecodable(path, e) from e


def _stream(path: Path, container: Any) -> Any:
    if not container.streams.video:
        kinds = ", ".join(dict.fromkeys(s.type for s in container.streams)) or "nothing"
        raise PlaneError(f"video {short(str(path), 200)}: it holds no pictures, only {kinds}; give another file")
    stream = container.streams.video[0]
    if stream.width * stream.height > pictures.MOST_PIXELS:
        raise PlaneError(
            f"video {short(str(path), 200)}: frames of {stream.height}x{stream.width} pixels; at most "
            f"{pictures.MOST_PIXELS:,} are read, so scale it down first"
        )
    return stream


def _video(path: Path, lost: MutableMapping[Path, str]) -> Iterator[Decoded]:
    av = library()
    checked_path(path, "video", PlaneError, MOST_VIDEO)
    number = 0
    given = _Given()
    try:
        with path.open("rb") as file, av.open(file, options={"format_whitelist": ",".join(CONTAINERS)}) as container:
            stream = _stream(path, container)
            stream.thread_type = "AUTO"
            for found in _numbered(path.name, given.watched(container.decode(stream))):
                number += 1
                yield found
            missing = given.missing(stream)
            if missing:
                lost[path] = missing
    except PlaneError:
        raise
    except (av.error.FFmpegError, *DAMAGE) as e:
        raise _undecodable(path, e, number) from e
    if not number:
        raise PlaneError(
            f"video {short(str(path), 200)}: it holds no frame that can be decoded; save it again as .mp4 (H.264)"
        )


class _Given:
    """What a video gave, to be held against what it says of itself: FFmpeg passes over what is damaged or cut off
    without an error."""

    def __init__(self) -> None:
        self.count = self.damaged = 0
        self.begin: float | None = None
        self.end = 0.0
        """Seconds at which the first frame begins and the last one ends."""

    def watched(self, frames: Iterable[Any]) -> Iterator[Any]:
        """PyAV's frames, counted."""
        for frame in frames:
            self.count += 1
            self.damaged += bool(frame.is_corrupt)
            if frame.time is not None:
                self.begin = frame.time if self.begin is None else self.begin
                self.end = max(self.end, frame.time + float((frame.duration or 0) * frame.time_base))
            yield frame

    def missing(self, stream: Any) -> str:
        """What is lacking of a stream that was decoded to its end; empty if nothing is."""
        said = []
        if self.begin is not None:  # its count of frames says less: players pass over those that were edited out
            seconds, lasts = self.end - self.begin, _seconds(stream)
            if lasts - seconds > max(SHORT_OF, lasts / 20):
                said.append(f"its frames end after {seconds:.2f} s of {lasts:.2f} s")
        if self.damaged:
            are = "is" if self.damaged == 1 else "are"
            said.append(f"{plural(self.damaged, 'frame')} of {self.count:,} {are} damaged")
        return "; ".join(said)


SHORT_OF = 0.1
"""Seconds that the frames of a video may end before it says that it does; streams are rounded to their packets."""


def _seconds(stream: Any) -> float:
    """How long a stream says that it lasts; 0 if it does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    said = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # as Matroska says it
    return float(said[1]) * 3600 + float(said[2]) * 60 + float(said[3]) if said else 0.0


def _numbered(name: str, frames: Iterable[Any]) -> Iterator[Decoded]:
    """PyAV's frames as they are given on, with their number and time."""
    first = None
    for number, frame in enumerate(frames, 1):
        first = frame.time if first is None else first
        seconds = None if frame.time is None or first is None else frame.time - first
        yield f"{name}#{number}", _upright(_luma(frame), getattr(frame, "rotation", 0)), seconds


def _luma(frame: Any) -> npt.NDArray[np.uint8]:
    """The brightness that a frame stores, 0..255. Most store it as a plane of its own, 16 to 235 unless they say
    that they use the whole range; of others it is worked out."""
    if frame.format.name not in STORED:
        grey: npt.NDArray[np.uint8] = frame.reformat(format="gray").to_ndarray()
        return grey
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    stored = rows[: frame.height, : frame.width]
    whole = frame.format.name.startswith("yuvj") or int(frame.color_range) == FULL_RANGE
    return stored.copy() if whole else _FROM_VIDEO[stored]


STORED = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12")
FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG."""

_FROM_VIDEO = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Luma of a video, 16 black to 235 white, as grey 0..255 (ITU-R BT.601)."""


def _upright(grey: npt.NDArray[np.uint8], rotation: int) -> npt.NDArray[np.uint8]:
    """A frame as players show it: telephones write how they were held."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(grey, turns)) if turns else grey


def _undecodable(path: Path, error: BaseException, after: int = 0) -> PlaneError:
    where = f" after frame {after}" if after else ""
    said = getattr(error, "strerror", None) or reason(error)
    if not path.stat().st_size:
        said = "the file is empty"  # FFmpeg calls it an invalid argument
    return PlaneError(
        f"video {short(str(path), 200)}: FFmpeg, through PyAV, cannot decode it{where}: {short(str(said), 120)}; save "
        "it again as .mp4 (H.264), as GIF, or as a folder of pictures"
    )


__all__ = ["ARRAYS", "PICTURES", "VIDEOS", "Decoded", "Length", "decoded", "length"]
