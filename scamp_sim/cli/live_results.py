"""What `run` of a C++ program gives: pictures, values and texts of each frame, the document, the run in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli.output import as_json, plain, print_profile
from scamp_sim.text import plural, short

if TYPE_CHECKING:
    from scamp_sim.compiler.native import LiveFrame, LiveRun

VALUES, TEXTS, SHEET = "values.json", "texts.txt", "contact-sheet.png"
MOST_LINES = 40
"""Source lines that the table shows."""


def safe(label: str) -> str:
    """A label as the name of a file."""
    return re.sub(r"[^\w.-]+", "_", label).strip("._") or "display"


def write(folder: str, result: LiveRun, stretch: bool) -> dict[int, dict[str, str]]:
    """Pictures, values and texts of each frame, in folders of their own if there are several."""
    from scamp_sim.show import render

    pictures: dict[str, Any] = {}
    texts: dict[str, str] = {}
    where: dict[int, dict[str, str]] = {}
    wide = len(str(len(result.frames)))
    for frame in result.shown:
        prefix = f"frame-{frame.number:0{wide}}/" if len(result.shown) > 1 else ""
        files: dict[str, str] = {}
        values: dict[str, Any] = {}
        tiles = []
        for label, value in (*frame.pictures.items(), *frame.planes.items()):
            name = f"{prefix}{safe(label)}"
            number = 1
            while f"{name}.png" in pictures or f"{name}.png" == f"{prefix}{SHEET}":
                number += 1
                name = f"{prefix}{safe(label)}-{number}"
            if drawn(value) is None:
                values[label] = plain(value)
            else:
                pictures[f"{name}.png"] = render.picture_of(drawn(value), stretch)
                tiles.append(render.Tile(label, drawn(value)))
                files[label] = f"{name}.png"
        if tiles and len({t.plane.shape for t in tiles}) == 1:
            pictures[f"{prefix}{SHEET}"] = render.contact_sheet(
                tiles, f"{result.program}: frame {frame.number}", stretch
            )
        if values:
            texts[f"{prefix}{VALUES}"] = json.dumps(values, indent=1)
            files.update(dict.fromkeys(values, f"{prefix}{VALUES}"))
        if frame.texts:
            texts[f"{prefix}{TEXTS}"] = "".join(t if t.endswith("\n") else f"{t}\n" for t in frame.texts)
        where[frame.number] = {label: str(Path(folder) / file) for label, file in files.items()}
    render.write_files(folder, pictures, texts)
    return where


def drawn(value: Any) -> Any:
    """A result as a plane to draw, None for lists and boxes."""
    import numpy as np

    if getattr(value, "ndim", 0) != 2 or value.dtype == np.int64:
        return None
    return value.astype(np.float32) / 257 - 128 if value.dtype == np.uint16 else value


def document(result: LiveRun, files: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    """Everything that a run gave, in names and numbers."""
    return {
        "program": result.program,
        "ended": result.ended,
        "setup": _frame_record(result.setup, {}) if result.frames else None,
        "frames": [_frame_record(f, files.get(f.number, {})) for f in result.shown],
        "kernels": [vars(k) for k in result.kernels],
        "items": [vars(i) for i in result.items],
        "left_out": {
            "notes": as_json([n for n in result.notes if n.severity == "error"]),
            "kernels_not_reached": [{"file": o.file, "line": o.line} for o in result.unreached],
            "buttons_not_pressed": list(result.unpressed),
            "calls_without_effect": dict(result.calls_without_effect),
        },
        "notes": as_json(result.notes),
        "printed": result.printed,
    }


def _frame_record(frame: LiveFrame, files: Mapping[str, str]) -> dict[str, Any]:
    import numpy as np

    shown = {}
    for label, value in frame.pictures.items():
        record: dict[str, Any] = {"shape": list(np.shape(value)), "file": files.get(label)}
        if drawn(value) is None:
            record["values"] = plain(value)
        else:
            record |= {"minimum": int(value.min()), "maximum": int(value.max()), "mean": float(value.mean())}
        shown[label] = record
    return {
        "number": frame.number,
        "image": frame.image or None,
        "displays": shown,
        "texts": list(frame.texts),
        "posted": [{"channel": c, "values": list(v)} for c, v in frame.posted],
        "profile": frame.profile.as_dict(),
        "lines": [vars(line) for line in frame.lines],
        "stored_words": frame.stored,
    }


def show(result: LiveRun, files: Mapping[int, Mapping[str, str]]) -> None:
    """The run in words and numbers."""
    import numpy as np

    last = result.shown[-1]
    print_profile(last.profile)
    print(f"\nsource lines of {'frame ' + str(last.number) if last.number else 'the program'}, by time")
    rows = sorted(last.lines, key=lambda r: -r.us)
    for row in rows[:MOST_LINES]:
        where = f"{Path(row.file).name}:{row.line}"
        print(
            f"  {where:24} {row.launches:6,} launches {row.words:8,} words {row.us:12,.1f} us {row.bytes:9,} B  "
            f"{short(row.text, 60)}"
        )
    if len(rows) > MOST_LINES:
        print(f"  ... and {len(rows) - MOST_LINES} more lines")
    for frame in result.shown:
        image = f" on {frame.image}" if frame.image else ""
        title = f"frame {frame.number}{image}" if frame.number else f"the program{image}"
        cost = frame.profile
        print(
            f"\n{title}: {cost.words:,} words, {cost.time_us:,.1f} us, {cost.readout_bytes:,} bytes, "
            f"{frame.stored} words stored"
        )
        for label, value in frame.pictures.items():
            plane = drawn(value)
            about = f"{np.shape(value)[0]} values" if plane is None else f"mean {float(np.mean(value)):.4g}"
            file = files.get(frame.number, {}).get(label, "")
            print(f"  {label}: {'x'.join(map(str, np.shape(value)))}, {about}  {file}".rstrip())
        for text in frame.texts[:20]:
            print(f"  | {short(text.rstrip(), 110)}")
        if len(frame.texts) > 20:
            print(f"  | ... and {len(frame.texts) - 20} more texts")
    if result.frames and result.setup.profile.words:
        print(f"\nbefore the first frame: {result.setup.profile.words:,} words, {result.setup.profile.time_us:,.1f} us")
    print(f"\n{left_out(result)}")
    if result.printed:
        print(f"printed: {short(result.printed.strip(), 400)}")


def left_out(result: LiveRun) -> str:
    """What the run has not carried out, or not come by, in one paragraph."""
    lines = []
    missing = [n for n in result.notes if n.severity == "error"]
    if missing:
        lines.append(f"not carried out: {plural(len(missing), 'kind')} of calls; see the errors")
    if result.unreached:
        places = ", ".join(f"{Path(o.file).name}:{o.line}" for o in result.unreached[:8])
        lines.append(f"kernels not reached: {places}{' ...' if len(result.unreached) > 8 else ''}")
    if result.unpressed:
        lines.append(f"buttons not pressed: {', '.join(result.unpressed)}")
    if result.calls_without_effect:
        calls = ", ".join(f"{n} ({t:,})" for n, t in sorted(result.calls_without_effect.items()))
        lines.append(f"calls without effect on the array: {calls}")
    return "\n".join(lines or ["nothing was left out"])


__all__ = ["document", "drawn", "left_out", "safe", "show", "write"]
