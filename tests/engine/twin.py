"""A third interpreter of native words, the naive twin of both engines: from the published facts alone.

It shares nothing with the product but the names of words and registers, and was written without a look at the engines.
Planes are upright: the east neighbour of a PE is one to the right, the north neighbour one row up. Values are float64.
Where the facts leave something open, the answers of docs/questions.md are taken (Q4 to Q10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Word

Plane = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]

STEPS = {"N": (-1, 0), "E": (0, 1), "S": (1, 0), "W": (0, -1)}
"""Direction -> rows and columns to the neighbour there."""

TAKES_FROM = {"R1": "S", "R2": "W", "R3": "N", "R4": "E"}
OPPOSITE = {"N": "S", "S": "N", "E": "W", "W": "E"}
DARKEST = -127.0
LINK = 0.1
REACH = 64


class Tie(Exception):
    """A comparison whose sum is so near to 0 that the order of additions decides it."""


class Twin:
    """The array: a plane for every register, changed word by word."""

    def __init__(self, shape: tuple[int, int], state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.shape = shape
        self.analog: dict[str, Plane] = {
            r: np.zeros(shape) for r in ("A", "B", "C", "D", "E", "F", "NEWS", "PIX", "IN")
        }
        self.bits: dict[str, Bits] = {f"R{n}": np.zeros(shape, bool) for n in range(13)}
        self.bits["FLAG"] = np.ones(shape, bool)
        self.bus_bits: Bits = np.zeros(shape, bool)
        for name, plane in state.items():
            if name in self.analog:
                self.analog[name] = np.array(plane, np.float64)
            else:
                self.bits[name] = np.array(plane, bool)

    # --- neighbours -----------------------------------------------------------------------------------------------

    def seen(self, plane: npt.NDArray[Any], direction: str, outside: float | bool) -> npt.NDArray[Any]:
        """What every PE sees of its neighbour in a direction."""
        rows, columns = self.shape
        down, right = STEPS[direction]
        found = np.full_like(plane, outside)
        for row in range(max(0, -down), min(rows, rows - down)):
            left, end = max(0, -right), min(columns, columns - right)
            found[row, left:end] = plane[row + down, left + right : end + right]
        return found

    # --- analog ---------------------------------------------------------------------------------------------------

    def total(self, sources: tuple[str, ...]) -> Plane:
        """The sum on the bus of every PE: its own cells, and the mean of the NEWS cells that several ports reach."""
        own = [self.analog[s] for s in sources if s in self.analog]
        ports = [s[1] for s in sources if s not in self.analog]
        result = np.zeros(self.shape)
        for plane in own:
            result = result + plane
        if ports:
            through = np.zeros(self.shape)
            for port in ports:  # Q4 speaks of writes into a neighbour; reading one asks for nobody's FLAG
                through = through + self.seen(self.analog["NEWS"], port, 0.0)
            result = result + through / len(ports)
        return result

    def bus(self, destinations: tuple[str, ...], sources: tuple[str, ...]) -> None:
        flag = self.bits["FLAG"]
        drive = -self.total(sources) / len(destinations)
        written = {}
        for name in destinations:
            if name in self.analog:
                written[name] = np.where(flag, drive, self.analog[name])
            else:  # the NEWS cell of the neighbour there: seen from that cell, the value comes from the other side
                arrives = self.seen(np.where(flag, drive, 0.0), OPPOSITE[name[1]], 0.0)
                written["NEWS"] = np.where(flag, arrives, self.analog["NEWS"])
        self.analog |= written

    def blur(self, destination: str, source: str, down: bool, across: bool) -> None:
        x = self.analog[source]
        change = np.zeros(self.shape)
        for wanted, enable, direction in ((down, "R1", "S"), (across, "R2", "W")):
            if not wanted:
                continue
            inside = self.seen(np.ones(self.shape), direction, 0.0)
            flow = LINK * (self.seen(x, direction, 0.0) - x) * self.bits[enable] * inside
            change = change + flow - self.seen(flow, OPPOSITE[direction], 0.0)
        self.analog[destination] = np.where(self.bits["FLAG"], -(x + change), self.analog[destination])

    # --- bits -----------------------------------------------------------------------------------------------------

    def put(self, names: tuple[str, ...], plane: Bits) -> None:
        """Write bits; R12 takes them only where R0 was 1."""
        enable = self.bits["R0"].copy()
        for name in names:
            self.bits[name] = np.where(enable, plane, self.bits["R12"]) if name == "R12" else plane.copy()

    def either(self, sources: tuple[str, ...]) -> Bits:
        found = np.zeros(self.shape, bool)
        for name in sources:
            found = found | self.bits[name]
        return found

    def from_neighbours(self, plane: Bits, outside: bool) -> Bits:
        found = np.zeros(self.shape, bool)
        for enable, direction in TAKES_FROM.items():
            found = found | (self.bits[enable] & self.seen(plane, direction, outside).astype(bool))
        return found

    def flood(self, outside: bool) -> None:
        for _ in range(REACH):
            fresh = self.bits["R0"] & self.from_neighbours(self.bits["R12"], outside)
            grown = self.bits["R12"] | fresh
            if np.array_equal(grown, self.bits["R12"]):
                return
            self.bits["R12"] = grown

    # --- words ----------------------------------------------------------------------------------------------------

    def word(self, word: Word) -> None:
        """Carry out one native word. Raises Tie, and KeyError for a word that this interpreter does not know."""
        name, y, x = word.op, word.dst, word.src
        if name.startswith("bus"):
            self.bus(y, x)
        elif name in ("blur", "blurh", "blurv"):
            self.blur(y[0], x[0], name != "blurh", name != "blurv")
        elif name == "where":
            total = self.total(x)
            if np.any((total != 0) & (np.abs(total) < 1e-3)):
                raise Tie
            self.bits["FLAG"] = total > 0
        elif name == "all":
            self.bits["FLAG"] = np.ones(self.shape, bool)
        elif name == "rpix":
            self.analog["PIX"] = np.full(self.shape, DARKEST)
        elif name in ("nop", "blurset", "PROP_R"):
            pass
        elif name == "WHERE":
            self.bits["FLAG"] = self.either(x)
        elif name in ("SET", "CLR"):
            self.put(y, np.full(self.shape, name == "SET"))
        elif name in ("MOV", "OR"):
            self.put(y, self.either(x))
        elif name in ("NOT", "NOR"):
            self.put(y, ~self.either(x))
        elif name in ("DNEWS0", "DNEWS1"):
            self.put(y, self.from_neighbours(self.bits[x[0]], name == "DNEWS1"))
        elif name in ("PROP_0", "PROP_1"):
            self.flood(name == "PROP_1")
        elif name in ("REFRESH_R", "OR_R"):
            self.bus_bits = self.either(x)
        elif name in ("NOT_R", "NOR_R"):
            self.bus_bits = ~self.either(x)
        elif name == "REFRESH_L":
            self.put(y, self.bus_bits)
        else:
            raise KeyError(name)


def settled(word: Word) -> bool:
    """Whether the facts say what a word does: not where several words' worth of current meets in one NEWS cell, nor for
    registers whose content at the start is not a fact."""
    news = [d for d in word.dst if d == "NEWS" or d.startswith("X")]
    return len(news) <= 1 and not {"IN", "SELECT", "RECT"} & set(word.src)


__all__ = ["Tie", "Twin", "settled"]
