"""The folder of pictures and logs that a chip gave, turned into what a fit takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import check_shape
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.reading import read_bytes, read_json
from scamp_sim.study.fit.flat import Parts, parts_of
from scamp_sim.study.fit.measurements import Stack
from scamp_sim.study.kit.plan import SERIES, STOPWATCH, TIMED, Series, check_repeats
from scamp_sim.study.kit.simulate import Quantity, quantities
from scamp_sim.study.kit.sources import FORMAT as PLAN_FORMAT
from scamp_sim.study.kit.sources import PLAN
from scamp_sim.text import short

FORMAT = "scamp-sim measurement 1"

PICTURES = (".png", ".bmp", ".pgm", ".tif", ".tiff")

FAR = 45.0
"""LSB that the mean of a picture of a loaded value may be off."""


@dataclass(frozen=True)
class Measurement:
    """What the kit found.

    flat: parts of the flat readouts, None without them.
    readouts: how many there were.
    times: what the stopwatch timed -> us each.
    """

    shape: tuple[int, int]
    repeats: int
    found: tuple[Quantity, ...]
    flat: Parts | None = None
    readouts: int = 0
    times: Mapping[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As a file holds it."""
        rows = [[*q.key, float(f"{q.measured:.6g}"), float(f"{q.error:.3g}")] for q in self.found]
        flat = None if self.flat is None else {**self.flat.as_dict(), "readouts": self.readouts}
        return {
            "format": FORMAT,
            "shape": list(self.shape),
            "repeats": self.repeats,
            "columns": ["series", "value", "passes", "wait_ms", "statistic", "measured", "error"],
            "rows": rows,
            "flat": flat,
            "times_us": dict(self.times),
        }

    def stack(self) -> Stack | None:
        """A stand-in for the flat readouts, of which only the parts were kept."""
        if self.flat is None:
            return None
        return Stack(np.broadcast_to(np.float32(0), (self.readouts, *self.shape)), np.ones(self.shape, np.bool_))


def _json(path: Path, what: str, wanted: str, remedy: str) -> dict[str, Any]:
    try:
        document = read_json(path, what, ProgramError)
    except ProgramError as e:
        raise ProgramError(f"{e}; {remedy}") from None
    if not isinstance(document, dict) or document.get("format") != wanted:
        raise ProgramError(f'{path} is not a {what}: expected {{"format": "{wanted}", ...}}; {remedy}')
    return document


def load_measurement(path: str | Path) -> Measurement:
    """Read a file that `measure read` wrote. Raises ProgramError."""
    where = Path(path)
    document = _json(where, "measurement", FORMAT, "scamp-sim measure read DIR --out FILE writes one")
    try:
        shape = check_shape(document["shape"])
        found = tuple(_quantity(row) for row in document["rows"])
        flat = dict(document["flat"]) if document["flat"] else None
        readouts = int(flat.pop("readouts")) if flat else 0
        parts = Parts(**{k: _finite([v])[0] for k, v in flat.items()}) if flat else None
        times = {str(k): _finite([v])[0] for k, v in document["times_us"].items()}
        repeats = int(document["repeats"])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, AttributeError, PlaneError) as e:
        raise ProgramError(f"{path}: the measurement is damaged ({e!r:.80}); run scamp-sim measure read again") from e
    unknown = next((q for q in found if q.series not in SERIES or q.statistic not in SERIES[q.series].statistics), None)
    if unknown is not None:
        raise ProgramError(f"{path}: unknown measurement '{unknown.text:.60}'; run scamp-sim measure read again")
    if any(q.error <= 0 for q in found):
        raise ProgramError(f"{path}: an error is not above 0; run scamp-sim measure read again")
    if not found:
        raise ProgramError(f"{path} holds no measurements; run at least one series of the kit")
    return Measurement(shape, repeats, found, parts, readouts, times)


def _quantity(row: Sequence[Any]) -> Quantity:
    series, value, passes, wait, statistic = row[:5]
    measured, error = _finite(row[5:7])
    return Quantity(str(series), int(value), int(passes), int(wait), str(statistic), measured, error)


def _finite(numbers: Sequence[Any]) -> tuple[float, ...]:
    found = tuple(float(n) for n in numbers)
    if not np.isfinite(found).all():
        raise ValueError(f"{found} is not finite")
    return found


def planned(folder: str | Path) -> tuple[int, int]:
    """The array that a kit was written for. Raises ProgramError."""
    return _plan(Path(folder))[0]


def _plan(path: Path) -> tuple[tuple[int, int], int, list[str]]:
    """(array, repetitions, series) of a kit."""
    plan = _json(path / PLAN, "plan", PLAN_FORMAT, "give a folder that scamp-sim measure write has made")
    try:
        return (
            check_shape(plan["shape"]),
            check_repeats(plan["repeats"]),
            [str(n) for n in plan["series"] if n in SERIES],
        )
    except (KeyError, TypeError, OverflowError, PlaneError, ProgramError) as e:
        raise ProgramError(f"{path / PLAN}: the plan is damaged ({short(str(e), 120)}); write the kit again") from e


def read_kit(folder: str | Path) -> Measurement:
    """What a chip gave for the kit in `folder`: pictures in directories of the series' names. Raises ProgramError."""
    path = Path(folder)
    shape, repeats, names = _plan(path)
    found: list[Quantity] = []
    flat, readouts = None, 0
    for name in names:
        if not (path / name).is_dir():
            continue
        series = SERIES[name]
        pictures = _pictures(path / name, series, repeats, shape)
        for q, before, after in _shots(series, pictures, path / name):
            found += quantities(series, q, before, after)
        if name == "flat":
            flat, readouts = parts_of(Stack(pictures.astype(np.float32), np.ones(shape, np.bool_))), len(pictures)
    if not found:
        raise ProgramError(f"{path} has no directory of pictures; expected one of {', '.join(names)}")
    return Measurement(shape, repeats, tuple(found), flat, readouts, read_log(path / STOPWATCH / "log.txt"))


def _number(path: Path) -> tuple[int, str]:
    numbers = re.findall(r"\d+", path.stem)
    return (int(numbers[-1]) if numbers else 0), path.name


def _pictures(folder: Path, series: Series, repeats: int, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Every picture of a series in order. Raises ProgramError if there are not as many as the plan says."""
    files = sorted((p for p in folder.iterdir() if p.suffix.lower() in PICTURES), key=_number)
    wanted, once = series.pictures(repeats), series.pictures(repeats) // series.rounds(repeats)
    if len(files) != wanted:
        whole, rest = divmod(len(files), once)
        what = f"repetition {whole + 1} is incomplete, {rest} of {once}" if rest else f"{whole} repetitions of {once}"
        raise ProgramError(
            f"{folder}: {len(files)} pictures ({what}); {series.rounds(repeats)} repetitions are {wanted}. Save every "
            f"picture of {series.name}.cpp, or write the kit again with the repetitions that there are"
        )
    found = np.empty((wanted, *shape), np.uint8)
    for n, file in enumerate(files):
        found[n] = _picture(file, shape)
    return found


def _picture(file: Path, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from scamp_sim.pictures import decoded, guarded

    opened = decoded(file, "picture", ProgramError)
    with guarded(file, "picture", ProgramError):
        picture = np.asarray(opened.convert("L") if opened.mode in ("1", "P", "RGB", "RGBA") else opened)
    if picture.shape != shape:
        raise ProgramError(
            f"{file} is {picture.shape[0]}x{picture.shape[1]}; the plan is for {shape[0]}x{shape[1]}. Save pictures as "
            "they are, neither cropped nor scaled"
        )
    if picture.dtype != np.uint8:
        raise ProgramError(f"{file} holds {picture.dtype} values; expected 8-bit grey")
    return picture


def _shots(series: Series, pictures: npt.NDArray[np.uint8], folder: Path) -> list[Any]:
    """(shot, before, after) of every shot, planes in LSB. Raises ProgramError for codes that wrapped."""
    shots = [*series.shots()]
    each = 2 if series.before else 1
    ordered = pictures.reshape(-1, len(shots), each, *pictures.shape[1:])
    found = []
    for n, shot in enumerate(shots):
        if series.register.startswith("R"):
            planes = [(ordered[:, n, k] >= 128).astype(np.float64) for k in range(each)]
        else:
            planes = [ordered[:, n, k].astype(np.float64) - 128 for k in range(each)]
        if series.before == "load":
            _check_codes(planes[0], shot.value, folder)
        found.append((shot, planes[0] if series.before else None, planes[-1]))
    return found


def _check_codes(plane: npt.NDArray[np.float64], value: int, folder: Path) -> None:
    mean = float(plane.mean())
    if abs(mean - value) <= FAR:
        return
    turned = float(((plane + 256) % 256 - 128).mean())
    if abs(turned - value) <= FAR:
        raise ProgramError(
            f"{folder}: codes of {value} LSB wrap: their mean is {mean + 128:.0f}, that of signed numbers written as "
            f"unsigned ones; expected {value + 128}. Save codes 0..255, where 128 is 0 LSB"
        )
    raise ProgramError(
        f"{folder}: pictures of {value} LSB have a mean code of {mean + 128:.0f}; expected about {value + 128}. Either "
        "pictures are missing or out of order, or something was subtracted from them"
    )


def read_log(path: Path) -> dict[str, float]:
    """us each of what the stopwatch timed; nothing if there is no log. Raises ProgramError."""
    if not path.exists():
        return {}
    found = {}
    for line in read_bytes(path, "log", ProgramError).decode("utf-8", errors="replace").splitlines():
        m = re.search(rf"{STOPWATCH} (\w+) (\d+) (\d+)", line)
        if m and m[1] in TIMED and int(m[2]):
            found[m[1]] = int(m[3]) / int(m[2])
    if not found:
        raise ProgramError(f"{path} has no line of the stopwatch, such as '{STOPWATCH} launch 1000 880'")
    return found


def prices(times: Mapping[str, float]) -> dict[str, float]:
    """Prices of the cost model that times stand for, in us: a launch, a call, a constant, a recorded word."""
    found = {}
    word = 0.1
    if "launch" in times:
        found["launch.analog"] = times["launch"] - word
    if "call" in times:
        found["call"] = times["call"] - 2 * word
    if "constant" in times:
        found["call.scamp5_in"] = times["constant"] - 3 * word
    if "record" in times and "launch" in found:
        found["record.word"] = (times["record"] - 40 * word - found["launch.analog"]) / 40
    return found


__all__ = ["FORMAT", "Measurement", "load_measurement", "planned", "prices", "read_kit", "read_log"]
