"""Text of a stage under way, and where the rows that it reads and writes lie: planes, rings, and what is outside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scamp_sim.engine.fused.schedule import Schedule, Stage
from scamp_sim.engine.fused.values import BITS, Place

LANES = 16
"""PEs in a vector: one register of AVX-512, two of AVX2, four of NEON."""
WIDE = 32
"""The same for short stretches with errors: two chains of sums go on at once, but compiling takes twice as long."""
PAD = 16
"""PEs before and behind a row of a ring, 0 like everything beyond the edge."""


def literal(value: float) -> str:
    """A float32 constant as LLVM spells it: the bits of the double of the same value."""
    return f"0x{int(np.float64(np.float32(value)).view(np.uint64)):016X}"


def splat(value: float) -> str:
    return f"splat (float {literal(value)})"


class Rows:
    """Instructions that have been written so far, and pointers to rows. Names never come twice in a text."""

    def __init__(self, schedule: Schedule, shape: tuple[int, int], lanes: int) -> None:
        self.lanes = lanes
        self.f32, self.mask_kind, self.i32 = (f"<{lanes} x {kind}>" for kind in ("float", "i1", "i32"))
        self.half = f"i{lanes}"
        self.schedule = schedule
        self.nodes = schedule.nodes
        self.rows, self.columns = shape
        self.words = self.columns // 64
        self.lines: list[str] = []
        self.head: list[str] = []
        self.constants: dict[int, str] = {}
        self.planes: dict[Place, int] = {}
        self.count = 0
        self.space = 0
        self.zeros = self._reserve(4 * (self.columns + 2 * PAD))
        self.none, self.all = self._reserve(8 * self.words), 0
        self.rings = {value: self._ring(value, rows) for value, rows in schedule.rings.items()}
        self.row = ""
        self.stage: Stage = Stage(0, 0, False)
        self.pointers: dict[tuple[str, int, int], str] = {}
        self.made: dict[object, str] = {}
        self.body: list[str] = []
        self.column = ""  # the first PE of the vector, as addresses name it
        self.margins: set[int] = set()  # values whose rings are read beyond the ends of a row

    # --- text ---

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def put(self, code: str) -> str:
        """An instruction in the loop over a row; the name of what it gives."""
        name = self.name()
        self.body.append(f"  {name} = {code}")
        return name

    def before(self, code: str) -> str:
        """An instruction before that loop."""
        name = self.name()
        self.lines.append(f"  {name} = {code}")
        return name

    # --- memory ---

    def _reserve(self, size: int) -> int:
        at = self.space
        self.space += -(-size // 64) * 64
        return at

    def _ring(self, value: int, rows: int) -> tuple[int, int, int]:
        """(offset in the workspace, rows, bytes a row) of the rows that are kept of a value; rows: a power of two."""
        kept = 1 << (rows - 1).bit_length()
        each = 8 * self.words if self.nodes[value].op in BITS else 4 * (self.columns + 2 * PAD)
        return self._reserve(kept * each), kept, each

    def plane(self, place: Place) -> str:
        """The pointer to a plane, worked out once."""
        number = self.planes.setdefault(place, len(self.planes))
        return f"%plane{number}"

    def plane_code(self, place: Place, number: int) -> list[str]:
        p = f"%plane{number}"
        if place[0] == "octets":
            return [f"  {p} = getelementptr i8, ptr %octets, i64 0"]
        code = [
            f"  {p}.at = getelementptr i64, ptr %planes, i64 {number}",
            f"  {p}.number = load i64, ptr {p}.at",
        ]
        if place[0] == "bits":
            size = self.rows * self.words
            return [
                *code,
                f"  {p}.start = mul i64 {p}.number, {size}",
                f"  {p} = getelementptr i64, ptr %bits, i64 {p}.start",
            ]
        return [
            *code,
            f"  {p}.slot = getelementptr i64, ptr %slots, i64 {p}.number",
            f"  {p}.start = load i64, ptr {p}.slot",
            f"  {p} = getelementptr float, ptr %analog, i64 {p}.start",
        ]

    def place_row(self, place: Place, row: int, outside: int = 0) -> str:
        """The pointer to a row of a plane, `row` from the one that the stage is at."""
        key = f"{place[0]} {outside}", place[1], row
        if key not in self.pointers:
            each = {"plane": self.columns, "bits": self.words, "octets": self.columns}[place[0]]
            unit = {"plane": "float", "bits": "i64", "octets": "i8"}[place[0]]
            at = self._row_at(row)
            pointer = self.before(f"getelementptr {unit}, ptr {self.plane(place)}, i64 {self._start(at, row, each)}")
            self.pointers[key] = self._inside(pointer, at, place[0] != "plane", outside) if row else pointer
        return self.pointers[key]

    def _row_at(self, row: int) -> str:
        """The number of the row that far from the one that the stage is at."""
        if not row:
            return self.row
        key = "row", row, 0
        if key not in self.pointers:
            self.pointers[key] = self.before(f"add i64 {self.row}, {row}")
        return self.pointers[key]

    def _start(self, at: str, row: int, each: int) -> str:
        """Where a row begins, of `each` units a row."""
        key = "start", row, each
        if key not in self.pointers:
            self.pointers[key] = self.before(f"mul i64 {at}, {each}")
        return self.pointers[key]

    def ring_row(self, value: int, row: int, outside: int = 0) -> str:
        """The same for a value that its stage has kept."""
        key = f"ring {outside}", value, row
        if key not in self.pointers:
            offset, rows, each = self.rings[value]
            at = self._row_at(row)
            bits = self.nodes[value].op in BITS
            begin = str(offset + (0 if bits else 4 * PAD))
            if rows > 1:
                index = self.before(f"and i64 {at}, {rows - 1}")
                start = self.before(f"mul i64 {index}, {each}")
                begin = self.before(f"add i64 {start}, {begin}")
            pointer = self.before(f"getelementptr i8, ptr %space, i64 {begin}")
            self.pointers[key] = self._inside(pointer, at, bits, outside) if row else pointer
        return self.pointers[key]

    def in_plane(self) -> str:
        """Where the vector begins in a plane."""
        start = self._start(self.row, 0, self.columns)
        return self.once("in plane", lambda: self.put(f"add i64 {start}, {self.column}"))

    def place_at(self, place: Place, row: int = 0, column: int = 0) -> str:
        """The pointer to the vector of a plane."""
        bits = place[0] == "bits"
        unit = {"plane": "float", "bits": "i8", "octets": "i8"}[place[0]]
        start, at = (self.place_row(place, row), self.column) if row else (self.plane(place), self.in_plane())
        if bits:
            at = self.once(("octet", bool(row)), lambda: self.put(f"lshr i64 {at}, 3"))
        pointer = self.put(f"getelementptr {unit}, ptr {start}, i64 {at}")
        return self.put(f"getelementptr {unit}, ptr {pointer}, i64 {column}") if column else pointer

    def ring_at(self, value: int, row: int = 0, column: int = 0) -> str:
        """The same for a value that its stage has kept."""
        offset, rows, _ = self.rings[value]
        bits = self.nodes[value].op in BITS
        unit, at = "float", self.column
        if bits:
            unit, at = "i8", self.once(("octet", True), lambda: self.put(f"lshr i64 {self.column}, 3"))
        if rows == 1 and not row:  # where it lies is known
            here = self.once(("here", bits), lambda: self.put(f"getelementptr {unit}, ptr %space, i64 {at}"))
            return self.put(f"getelementptr i8, ptr {here}, i64 {offset + (0 if bits else 4 * (PAD + column))}")
        pointer = self.put(f"getelementptr {unit}, ptr {self.ring_row(value, row)}, i64 {at}")
        return self.put(f"getelementptr float, ptr {pointer}, i64 {column}") if column else pointer

    def _inside(self, pointer: str, at: str, bits: bool, outside: int) -> str:
        """The pointer, or one to a row of what is outside the array."""
        inside = self.before(f"icmp ult i64 {at}, {self.rows}")
        if not bits:
            start = self.zeros + 4 * PAD
        elif outside:
            self.all = self.all or self._reserve(8 * self.words)
            start = self.all
        else:
            start = self.none
        other = self.before(f"getelementptr i8, ptr %space, i64 {start}")
        return self.before(f"select i1 {inside}, ptr {pointer}, ptr {other}")

    def margin_code(self) -> list[str]:
        """Zeros beyond the ends of the rows of rings: the workspace is shared, and others have been there."""
        code = []
        for value in sorted(self.margins):
            offset, rows, each = self.rings[value]
            for n in range(rows):
                for at in (offset + n * each, offset + (n + 1) * each - 4 * PAD):
                    code.append(f"  %margin{at} = getelementptr i8, ptr %space, i64 {at}")
                    code.append(f"  store <{PAD} x float> zeroinitializer, ptr %margin{at}, align 64")
        return code

    def once(self, key: object, make: Callable[[], str]) -> str:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def between(self, x: str, low: str, high: str) -> str:
        """Vectors: x within low..high."""
        above = self.put(f"fcmp ogt {self.f32} {x}, {low}")
        raised = self.put(f"select {self.mask_kind} {above}, {self.f32} {x}, {self.f32} {low}")
        below = self.put(f"fcmp olt {self.f32} {raised}, {high}")
        return self.put(f"select {self.mask_kind} {below}, {self.f32} {raised}, {self.f32} {high}")
