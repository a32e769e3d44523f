"""Frames of C++ programs: in from pictures and videos, out as a video, a strip and tables."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError, ProgramError

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


def keep(result: LiveRun, args: argparse.Namespace, images: Sequence[tuple[str, Any]], fps: float | None) -> list[Path]:
    """Write what belongs to all frames: the video that is asked for; strip and tables, if there is a folder and more
    than one frame. Raises ScampError."""
    from scamp_sim.show.frames.record import EVENTS, STRIP, TABLE
    from scamp_sim.show.frames.write import Staging, Strip, Table, video

    seen = dict(images)
    files: list[Path] = []
    if args.video is not None:
        with video(args.video, fps) as film:
            for frame in result.shown:
                film.add(_film(result.program, frame, _tiles(frame, seen), args.video_of, args.stretch))
        files.append(Path(args.video))
    if args.out is not None and len(result.shown) > 1:
        strip, table = Strip(args.stretch), Table()
        for frame in result.shown:
            strip.add(_tiles(frame, seen))
            table.add(frame.image or None, _records(frame))
        with Staging(args.out) as staging:
            picture = strip.picture()
            if picture is not None:
                files.append(staging.picture(STRIP, picture))
            files.append(staging.text(TABLE, table.frames()))
            events = table.events()
            if events:
                files.append(staging.text(EVENTS, events))
    return files


def _tiles(frame: LiveFrame, images: Mapping[str, Any]) -> dict[str, Any]:
    """Everything of a frame that can be drawn, by the name that `--video-of` takes: what the array saw, what went to
    the displays, registers."""
    from scamp_sim.cli.live_results import drawn
    from scamp_sim.show import render
    from scamp_sim.show.frames.record import IMAGE

    seen = {IMAGE: render.light(images[frame.image])} if frame.image in images else {}
    found = {name: plane for name, v in {**frame.pictures, **frame.planes}.items() if (plane := drawn(v)) is not None}
    return {**seen, **found}


def _film(program: str, frame: LiveFrame, tiles: Mapping[str, Any], names: Sequence[str], stretch: bool) -> Any:
    """The picture of a frame for the video: of those named, or of the image and what went to the displays. Raises
    ProgramError."""
    import numpy as np

    from scamp_sim.chip.isa import did_you_mean
    from scamp_sim.show import render
    from scamp_sim.show.frames.record import WHOLE, absent
    from scamp_sim.show.frames.write import side_by_side

    if tuple(names) == (WHOLE,) and tiles:
        sheet = [render.Tile(name, plane) for name, plane in tiles.items()]
        return np.asarray(render.contact_sheet(sheet, f"{program}: frame {frame.number}", stretch))
    for name in names:
        if name not in tiles:
            near = did_you_mean(name, tuple(tiles))
            has = ", ".join((*tiles, WHOLE)) if tiles else "none"
            raise OptionError(f"--video-of {name}: {absent(name, near)} (pictures of frame {frame.number}: {has})")
    return side_by_side([tiles[n] for n in names or [n for n in tiles if n not in frame.planes]], stretch)


def _records(frame: LiveFrame) -> dict[str, Any]:
    """What a frame gave in numbers: its cost, what it posted, its displays."""
    from scamp_sim.cli.live_results import drawn
    from scamp_sim.show import results

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
            kind = "events" if value.ndim == 2 else "bounding box" if value.shape == (4,) else "values"
            found[label] = results.record(kind, value)
        else:
            low, high, mean = float(plane.min()), float(plane.max()), float(plane.mean())
            found[label] = {"kind": "image", "min": round(low, 3), "max": round(high, 3), "mean": round(mean, 3)}
    return found


__all__ = ["images_of", "keep"]
