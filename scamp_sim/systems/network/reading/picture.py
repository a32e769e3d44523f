"""How a picture becomes the bits that the first layer sees: what stands in front of it, and what the caller says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from scamp_sim.checks import integer
from scamp_sim.chip.isa import did_you_mean
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.params import Input, Padding
from scamp_sim.systems.network.reading.steps import Affine, Array, AveragePool, Reading, Sign, Stairs, refuse

ABOVE = 126
VALUES = (-1.0, 1.0)
GREY = (0.0, 1.0)
PLACES = ("scale", "shrink", "pad")


class Picture:
    """The picture so far: its size, and the value that grey levels have by now."""

    def __init__(self, size: tuple[int, int], reading: Reading) -> None:
        self.size, self.reading = size, reading
        self.means = 1
        self.factor, self.offset = 1.0, 0.0
        self.threshold: Sign | None = None
        self.above: int | None = None
        self.values: tuple[float, float] | None = None
        self.quantised: tuple[float, float] | None = None

    def affine(self, step: Affine) -> None:
        """A scale and a shift of all pixels."""
        scale, shift = (np.unique(part) for part in (step.scale, step.shift))
        if len(scale) != 1 or len(shift) != 1:
            refuse(step.node, "scales pixels one by one; expected one scale for the whole picture")
        self.factor, self.offset = self.factor * float(scale[0]), self.offset * float(scale[0]) + float(shift[0])

    def shrink(self, step: AveragePool) -> None:
        """A mean over windows that do not overlap."""
        if self.threshold is not None:
            refuse(step.node, "a mean over bits of the picture has no place; put it in front of the threshold")
        if step.size is None or step.size[0] != step.size[1] or step.size != step.stride:
            refuse(step.node, "a mean over the picture: expected square windows side by side")
        n = step.size[0]
        if self.size[0] % n or self.size[1] % n:
            refuse(step.node, f"windows of {n}x{n} do not fill {self.size[0]}x{self.size[1]} pixels")
        self.means *= n
        self.size = self.size[0] // n, self.size[1] // n

    def sign(self, step: Sign) -> None:
        """A threshold of the picture itself, on grey levels."""
        if self.threshold is not None:
            refuse(step.node, "a second threshold of the picture; keep one")
        level = np.unique(step.level)
        if len(level) != 1:
            refuse(step.node, "thresholds of their own for pixels; expected one for the whole picture")
        if self.factor == 0:
            refuse(step.node, "the picture is multiplied by 0")
        compare = ">" if step.compare == "sign" and self.reading.zero == -1 else step.compare
        compare = ">=" if compare == "sign" else compare
        low, high = self.reading.grey or GREY
        value = (float(level[0]) - self.offset) / self.factor
        grey = (value - low) / (high - low) * 255
        rising = (compare[0] == ">") == (self.factor > 0)
        bright, dark = (step.high, step.low) if rising else (step.low, step.high)
        # grey > n: for "at least" one less, unless between two levels
        meets = (len(compare) == 2) == rising
        if step.compare == "sign" and self.reading.zero is None and abs(grey - round(grey)) < 1e-9 and 0 <= grey <= 255:
            refuse(
                step.node,
                f"Sign gives 0 where the grey level is exactly {round(grey)}, and a bit holds no 0; say what it is to "
                "be, +1 or -1 (zero, --zero), or put the threshold between two levels of grey",
            )
        above = math.ceil(round(grey, 9)) - 1 if meets else math.floor(round(grey, 9))
        self.threshold, self.above, self.values = step, above, (dark, bright)
        if not 0 <= above <= 254:
            refuse(
                step.node,
                f"the picture's threshold is at {value:g}, outside the levels of grey, which are {low:g} (black) to "
                f"{high:g} (white) to this network; if they were others in training, say so (grey, such as "
                f"--grey={'0,255' if value > 1 else '-1,1'})",
            )
        self.factor, self.offset = 1.0, 0.0

    def stairs(self, step: Stairs) -> None:
        """A threshold, or what a quantisation makes of the two values that dark and bright are."""
        inside = self._inside(step)
        if inside is not None and self.threshold is None and self.quantised is None and self.reading.values is None:
            self.sign(inside)
            return
        if any(value.ndim for value in step.values) or any(cut.level.ndim for cut in step.cuts):
            refuse(step.node, "steps of their own for pixels; expected the same for the whole picture")
        before = self.values or self.quantised or self.reading.values or VALUES
        dark, bright = (float(step.at(np.asarray(self.factor * v + self.offset))) for v in before)
        if dark == bright:
            refuse(
                step.node,
                f"makes {dark:g} of dark pixels and of bright ones, which are {before[0]:g} and {before[1]:g}; if they "
                "were others in training, say so (values, such as --values=0,1)",
            )
        self.factor, self.offset = 1.0, 0.0
        if self.values is not None:
            self.values = dark, bright
        else:
            self.quantised = dark, bright

    def within(self, low: float, high: float) -> bool:
        """Whether no pixel is beyond two limits, grey or bits."""
        known = self.values or self.quantised
        ends = known or (*(self.reading.values or VALUES), *(self.reading.grey or GREY))
        return all(low <= self.factor * level + self.offset <= high for level in ends)

    def _inside(self, step: Stairs) -> Sign | None:
        """The one threshold that lies between black and white, if there is one alone."""
        ends = sorted(self.factor * level + self.offset for level in self.reading.grey or GREY)
        found = [
            (cut, below, above)
            for cut, below, above in zip(step.cuts, step.values[:-1], step.values[1:], strict=True)
            if np.any(below != above) and np.all(cut.level > ends[0]) and np.all(cut.level < ends[1])
        ]
        if len(found) != 1 or found[0][1].ndim or found[0][2].ndim:
            return None
        cut, below, above = found[0]
        return Sign(step.node, ">" if cut.strict else ">=", cut.level, float(below), float(above))

    def finish(self, node: str) -> tuple[Input, Array, Array, list[str]]:
        """The input, and scale and shift of its bits: value = scale x (+-1) + shift."""
        reading = self.reading
        notes: list[str] = []
        if reading.values is not None and self.values is not None:
            refuse(
                node, "the network thresholds its input itself, so its values are known; leave values (--values) out"
            )
        if reading.grey is not None and self.values is None:
            refuse(
                node,
                "the network makes no bits of the picture itself, so what its greys were does not matter; "
                "leave grey (--grey) out",
            )
        if self.values is None and self.means != 1:
            refuse(
                node,
                "a mean over the picture without a threshold leaves grey levels, which no weight of a bit "
                "takes; put a threshold behind it",
            )
        values = self.values or reading.values or VALUES
        if len(values) != 2 or values[0] == values[1] or not all(map(math.isfinite, values)):
            raise ProgramError(f"values: expected two different numbers for dark and bright, got {values!r:.60}")
        dark, bright = (self.factor * v + self.offset for v in self.quantised or values)
        if self.values is None:
            said = "said" if reading.values is not None else "assumed; say it if they are others (values, --values)"
            notes.append(f"input: bits of {values[0]:g} (dark) and {values[1]:g} (bright), {said}")
        if dark == bright:
            refuse(node, "the picture is multiplied by 0")
        above = self.above if self.above is not None else ABOVE if reading.above is None else reading.above
        if self.above is not None and reading.above is not None and reading.above != self.above:
            refuse(node, f"the network's own threshold is grey > {self.above}; leave above (--above) out")
        if not 0 <= integer("above", above, low=None) <= 254:
            refuse(
                node, f"above (--above) is {above}: expected a grey level in 0..254, or no pixel differs from another"
            )
        scale, shrink, pad = placement(reading.place or {})
        found = Input(*self.size, above, shrink * self.means, scale, pad, (dark, bright))
        check_picture(found)
        return found, np.asarray((bright - dark) / 2), np.asarray((bright + dark) / 2), notes


def check_picture(shown: Input) -> None:
    """Raise ProgramError if no pictures fit the input as it places them."""
    rows, columns = shown.picture
    if min(rows, columns) < 1 or rows != int(rows) or columns != int(columns):
        raise ProgramError(
            f"place: pictures of {rows:g}x{columns:g} would fill an input of {shown.rows}x{shown.columns}; choose "
            "scale, shrink and pad so that rows and columns are whole"
        )


def placement(place: Mapping[str, Any]) -> tuple[int, int, Padding]:
    """Scale, shrink and pad of a mapping with some of these keys; pad is one number or four. Raises ProgramError."""
    for key in place:
        if key not in PLACES:
            raise ProgramError(f"place: unknown '{key}'{did_you_mean(str(key), PLACES)}; expected {', '.join(PLACES)}")
    scale = integer("place: scale", place.get("scale", 1), 1, 64)
    shrink = integer("place: shrink", place.get("shrink", 1), 1, 64)
    pad = place.get("pad", 0)
    sides = list(pad) if isinstance(pad, (list, tuple)) else [pad] * 4
    if len(sides) != 4:
        raise ProgramError(f"place: pad: expected one number, or top, left, bottom and right, got {pad!r:.60}")
    top, left, bottom, right = (integer("place: pad", side, 0, 1024) for side in sides)
    return scale, shrink, (top, left, bottom, right)


def parse_place(text: str) -> dict[str, Any]:
    """What --place says, such as scale=2,pad=4 or pad=4:4:4:4. Raises ProgramError."""
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, sign, value = part.partition("=")
        numbers = value.split(":")
        if not sign or not all(n.isascii() and n.isdecimal() and len(n) < 6 for n in numbers) or key in found:
            raise ProgramError(f"place '{text:.60}': expected such as scale=2,pad=4 or pad=4:4:4:4")
        found[key] = [int(n) for n in numbers] if len(numbers) > 1 else int(numbers[0])
    placement(found)
    return found


__all__ = ["ABOVE", "GREY", "PLACES", "VALUES", "Picture", "check_picture", "parse_place", "placement"]
