"""Frames of a camera on this machine: `--image camera`, or camera:1 of several."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import PlaneError
from scamp_sim.text import short

NAMED = re.compile(r"(?:camera|webcam)(?::(\d{1,2}))?")

DEVICES: Mapping[str, tuple[str, str]] = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}")}
"""Platform -> FFmpeg's device, and the name of a camera there."""


def is_camera(name: str) -> bool:
    """Whether a name stands for a camera; a file of that name is the file."""
    return NAMED.fullmatch(name) is not None and not Path(name).exists()


def opened(name: str, av: Any) -> Any:
    """The container of a camera's frames. Raises PlaneError that says what the system said."""
    number = (NAMED.fullmatch(name) or NAMED.fullmatch("camera"))[1] or "0"  # type: ignore[index]
    kind, device = DEVICES.get(sys.platform, ("", ""))
    if not kind:
        raise PlaneError(f"{name}: cameras are read on Linux and macOS; record a video, and give that to --image")
    try:
        return av.open(device.format(number), format=kind)
    except (av.error.FFmpegError, ValueError, OSError) as e:
        said = short(str(getattr(e, "strerror", None) or e), 120)
        raise PlaneError(
            f"{name}: FFmpeg, through PyAV, cannot open {device.format(number)}: {said}; plug a camera in, see that "
            "you may read it, or name another one: camera:1"
        ) from e


def pictures_of(name: str, av: Any) -> Iterator[Any]:
    """PyAV's frames of a camera, as long as it gives some."""
    with opened(name, av) as container:
        try:
            yield from container.decode(video=0)
        except (av.error.FFmpegError, OSError) as e:
            said = short(str(getattr(e, "strerror", None) or e), 120)
            raise PlaneError(f"{name}: it gives no more pictures: {said}; plug it in again") from e


__all__ = ["DEVICES", "is_camera", "opened", "pictures_of"]
