"""Frames of C++ programs: in from pictures and videos, out as a video, a strip and a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.compiler.native import LiveFrame, LiveRun


def images_of(args: argparse.Namespace) -> tuple[list[tuple[str, Any]], float | None]:
    """The frames of the command line, each with its name, and how many a second. Raises PlaneError."""
    from scamp_sim.show import session
    from scamp_sim.show.frames.source import frames

    if not args.image:
        return [], args.fps
    film = frames(args.image, args.size, resize=args.resize, fps=args.fps, count=args.frames)
    most = session.MOST_DECODED
    if (film.expected or 0) > most:
        raise ProgramError(f"{film.expected:,} frames: C++ programs take at most {most:,}; give --frames N")
    named = list(film.named())
    session.note_fitted(film)
    return named, film.fps


def keep(result: LiveRun, args: argparse.Namespace, fps: float | None) -> list[Path]:
    """Write what belongs to all frames: the video that is asked for; strip and table, if there is a folder and more
    than one frame. Raises ScampError."""
    from scamp_sim.show.frames.record import STRIP, TABLE
    from scamp_sim.show.frames.write import Staging, Strip, Table, side_by_side, video

    files: list[Path] = []
    if args.video is not None:
        with video(args.video, fps) as film:
            for frame in result.shown:
                film.add(side_by_side(_chosen(frame, args.video_of), args.stretch))
        files.append(Path(args.video))
    if args.out is not None and len(result.shown) > 1:
        strip, table = Strip(args.stretch), Table()
        for frame in result.shown:
            strip.add(_pictures(frame))
            table.add(frame.image or None, _records(frame))
        with Staging(args.out) as staging:
            picture = strip.picture()
            if picture is not None:
                files.append(staging.picture(STRIP, picture))
            files.append(staging.text(TABLE, table.frames()))
    return files


def _pictures(frame: LiveFrame) -> dict[str, Any]:
    from scamp_sim.cli.live_results import drawn

    return {name: plane for name, v in {**frame.pictures, **frame.planes}.items() if (plane := drawn(v)) is not None}


def _chosen(frame: LiveFrame, names: tuple[str, ...]) -> list[Any]:
    """The pictures of a frame for the video: those named, or what went to the displays. Raises ProgramError."""
    from scamp_sim.chip.isa import did_you_mean
    from scamp_sim.cli.live_results import drawn
    from scamp_sim.show.frames.record import absent

    found = _pictures(frame)
    for name in names:
        if name not in found:
            has = ", ".join(found) or "none"
            raise ProgramError(
                f"--video-of {name}: {absent(name, did_you_mean(name, tuple(found)))} (pictures of frame "
                f"{frame.number}: {has})"
            )
    return [found[n] for n in names or [n for n, v in frame.pictures.items() if drawn(v) is not None]]


def _records(frame: LiveFrame) -> dict[str, Any]:
    """What a frame gave in numbers: its cost, what it posted, its displays."""
    from scamp_sim.cli.live_results import drawn

    cost = frame.profile
    found: dict[str, Any] = {
        "words": {"kind": "value", "value": cost.words},
        "us": {"kind": "value", "value": round(cost.time_us, 3)},
        "bytes": {"kind": "value", "value": cost.readout_bytes},
    }
    for channel, values in frame.posted:
        found[f"posted {channel}"] = {"kind": "values", "value": list(values)}
    for label, value in frame.pictures.items():
        plane = drawn(value)
        if plane is None:
            found[label] = {"kind": "values", "value": value}
        else:
            low, high, mean = float(plane.min()), float(plane.max()), float(plane.mean())
            found[label] = {"kind": "image", "min": round(low, 3), "max": round(high, 3), "mean": round(mean, 3)}
    return found


__all__ = ["images_of", "keep"]
