"""Stages -> text of LLVM's intermediate language, with vectors spelled out: no vectoriser has to guess.

The function `run(frame, planes)` makes one pass over the array. frame: addresses of the analog planes, the packed bits,
the bytes of FLAG, the slots, the keys of draws and the workspace. planes: for every plane that the text names, in its
own numbering, the number in the table; so one text serves all stretches that differ in names only.

The arithmetic is that of `engine.analog` and `engine.bits`, operation by operation: nothing is contracted, so fused
code rounds as the walk does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scamp_sim.engine.fused.schedule import Schedule, Stage
from scamp_sim.engine.fused.values import BITS, CONSTANT, MEMORY, Node, Place, Ref

LANES = 16
"""PEs in a vector: one register of AVX-512, two of AVX2, four of NEON."""
PAD = 16
"""PEs before and behind a row of a ring, 0 like everything beyond the edge."""

FRAME = ("analog", "bits", "octets", "slots", "keys", "space")
"""What the frame holds, 64-bit numbers."""

_F = f"<{LANES} x float>"
_M = f"<{LANES} x i1>"
_I = f"<{LANES} x i32>"
_HALF = f"i{LANES}"


@dataclass(frozen=True)
class Text:
    """text: of a module with the function `run`. planes: the places that it names, in its order. space: bytes of
    workspace, zeros at the start."""

    text: str
    planes: tuple[Place, ...]
    space: int


def emit(schedule: Schedule, shape: tuple[int, int]) -> Text:
    """The text for an array of `shape`, whose columns are a multiple of 64."""
    return _Emitter(schedule, shape).function()


def literal(value: float) -> str:
    """A float32 constant as LLVM spells it: the bits of the double of the same value."""
    return f"0x{int(np.float64(np.float32(value)).view(np.uint64)):016X}"


def splat(value: float) -> str:
    return f"splat (float {literal(value)})"


class _Emitter:
    def __init__(self, schedule: Schedule, shape: tuple[int, int]) -> None:
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
            at = self.row if not row else self.before(f"add i64 {self.row}, {row}")
            start = self.before(f"mul i64 {at}, {each}")
            pointer = self.before(f"getelementptr {unit}, ptr {self.plane(place)}, i64 {start}")
            self.pointers[key] = self._inside(pointer, at, place[0] != "plane", outside) if row else pointer
        return self.pointers[key]

    def ring_row(self, value: int, row: int, outside: int = 0) -> str:
        """The same for a value that its stage has kept."""
        key = f"ring {outside}", value, row
        if key not in self.pointers:
            offset, rows, each = self.rings[value]
            at = self.row if not row else self.before(f"add i64 {self.row}, {row}")
            index = self.before(f"and i64 {at}, {rows - 1}")
            start = self.before(f"mul i64 {index}, {each}")
            bits = self.nodes[value].op in BITS
            begin = self.before(f"add i64 {start}, {offset + (0 if bits else 4 * PAD)}")
            pointer = self.before(f"getelementptr i8, ptr %space, i64 {begin}")
            self.pointers[key] = self._inside(pointer, at, bits, outside) if row else pointer
        return self.pointers[key]

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

    # --- values ---

    def analog(self, ref: Ref) -> str:
        """The vector of a reference to an analog value."""
        plain = self._once((ref.value, ref.row, ref.column), lambda: self._load(ref))
        if not ref.negated:
            return plain
        return self._once((ref.value, ref.row, ref.column, "-"), lambda: self.put(f"fneg {_F} {plain}"))

    def _load(self, ref: Ref) -> str:
        node = self.nodes[ref.value]
        if node.op == "number":
            return splat(node.numbers[0])
        if self.schedule.of.get(ref.value) is self.stage and not (ref.row or ref.column):
            raise AssertionError("a value of this stage that has not been made yet")
        if node.op in MEMORY:
            row = self.place_row((node.op, int(node.numbers[0])), ref.row)
        else:
            row = self.ring_row(ref.value, ref.row)
            if ref.column:
                self.margins.add(ref.value)
        at = self.put(f"getelementptr float, ptr {row}, i64 %c")
        if not ref.column:
            return self.put(f"load {_F}, ptr {at}, align 64")
        at = self.put(f"getelementptr float, ptr {at}, i64 {ref.column}")
        loaded = self.put(f"load {_F}, ptr {at}, align 4")
        if node.op not in MEMORY:
            return loaded  # its rows have margins of 0
        mask = self._once(("edge", ref.column), lambda: self._edge(ref.column))
        return self.put(f"select {_M} {mask}, {_F} {loaded}, {_F} zeroinitializer")

    def _edge(self, column: int) -> str:
        """Which PEs of a vector find somebody that many columns away."""
        inside = np.arange(self.columns) + column
        bits = np.packbits((inside >= 0) & (inside < self.columns), bitorder="little").view(f"<u{LANES // 8}")
        self.constants[column] = ", ".join(f"{_HALF} {b}" for b in bits)
        index = self.put(f"lshr i64 %c, {LANES.bit_length() - 1}")
        at = self.put(f"getelementptr {_HALF}, ptr @edge{column + 100}, i64 {index}")
        return self._as_mask(at)

    def _as_mask(self, at: str) -> str:
        half = self.put(f"load {_HALF}, ptr {at}")
        return self.put(f"bitcast {_HALF} {half} to {_M}")

    def mask(self, ref: Ref) -> str:
        """The mask of a reference to bits, in an analog stage."""
        plain = self._once((ref.value, 0, 0), lambda: self._load_mask(ref.value))
        if not ref.negated:
            return plain
        return self._once((ref.value, "not"), lambda: self.put(f"xor {_M} {plain}, splat (i1 true)"))

    def _load_mask(self, value: int) -> str:
        node = self.nodes[value]
        if node.op == "ones":
            return "splat (i1 true)"
        if node.op == "octets":
            at = self.put(f"getelementptr i8, ptr {self.place_row((node.op, 0), 0)}, i64 %c")
            octets = self.put(f"load <{LANES} x i8>, ptr {at}, align {LANES}")
            return self.put(f"icmp ne <{LANES} x i8> {octets}, zeroinitializer")
        row = self.place_row(("bits", int(node.numbers[0])), 0) if node.op == "bits" else self.ring_row(value, 0)
        return self._as_mask(self._half_at(row))

    def _half_at(self, row: str) -> str:
        octet = self._once("octet", lambda: self.put("lshr i64 %c, 3"))
        return self.put(f"getelementptr i8, ptr {row}, i64 {octet}")

    def packed(self, ref: Ref) -> str:
        """The row of words of a reference to bits, in a digital stage."""
        plain = self._once((ref.value, 0, 0), lambda: self._load_words(ref.value, 0, 0))
        if not ref.negated:
            return plain
        return self._once((ref.value, "not"), lambda: self._flipped(plain))

    def _flipped(self, words: str) -> str:
        return self.put(f"xor {self._w} {words}, splat (i64 -1)")

    def _load_words(self, value: int, row: int, outside: int) -> str:
        node = self.nodes[value]
        if node.op == "ones":
            return "splat (i64 -1)"
        if node.op == "bits":
            pointer = self.place_row((node.op, int(node.numbers[0])), row, outside)
        else:
            pointer = self.ring_row(value, row, outside)
        return self.put(f"load {self._w}, ptr {pointer}, align 8")

    @property
    def _w(self) -> str:
        return f"<{self.words} x i64>"

    def _once(self, key: object, make: Callable[[], str]) -> str:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    # --- nodes ---

    def make(self, value: int) -> None:
        node = self.nodes[value]
        made = self._digital(node) if self.stage.digital else self._analog(node)
        self.made[(value, 0, 0)] = made

    def _analog(self, node: Node) -> str:
        if node.op == "positive":
            return self.put(f"fcmp ogt {_F} {self.analog(node.refs[0])}, zeroinitializer")
        if node.op == "mask":
            return self.mask(node.refs[0])
        if node.op == "choose":
            mask, new, old = self.mask(node.refs[0]), self.analog(node.refs[1]), self.analog(node.refs[2])
            return self.put(f"select {_M} {mask}, {_F} {new}, {_F} {old}")
        x = [self.analog(r) for r in node.refs]
        if node.op == "plus":
            return self.put(f"fadd {_F} {x[0]}, {x[1]}")
        if node.op == "times":
            return self.put(f"fmul {_F} {x[0]}, {splat(node.numbers[0])}")
        if node.op == "over":
            return self.put(f"fdiv {_F} {x[0]}, {splat(node.numbers[0])}")
        if node.op == "copy":
            return x[0]
        assert node.op == "clip", node.op
        low, high = (splat(n) for n in node.numbers)
        above = self.put(f"fcmp ogt {_F} {x[0]}, {low}")
        raised = self.put(f"select {_M} {above}, {_F} {x[0]}, {_F} {low}")
        below = self.put(f"fcmp olt {_F} {raised}, {high}")
        return self.put(f"select {_M} {below}, {_F} {raised}, {_F} {high}")

    def _digital(self, node: Node) -> str:
        w = self._w
        if node.op == "neighbour":
            return self._neighbour(node)
        x = [self.packed(r) for r in node.refs]
        if node.op == "or":
            found = x[0]
            for other in x[1:]:
                found = self.put(f"or {w} {found}, {other}")
            return found
        if node.op == "merge":
            new = self.put(f"and {w} {x[0]}, {x[1]}")
            other = self._flipped(x[1])
            old = self.put(f"and {w} {x[2]}, {other}")
            return self.put(f"or {w} {new}, {old}")
        assert node.op == "neighbours", node.op
        gated = [self.put(f"and {w} {near}, {gate}") for near, gate in zip(x[:4], x[4:], strict=True)]
        for _ in range(3):
            gated = [self.put(f"or {w} {gated[0]}, {gated[1]}"), *gated[2:]]
        return gated[0]

    def _neighbour(self, node: Node) -> str:
        (ref,), (row, column, outside) = node.refs, (int(n) for n in node.numbers)
        if row:
            # what is loaded from outside is turned round too
            words = self._load_words(ref.value, row, outside ^ int(ref.negated))
            if self.nodes[ref.value].op == "ones":
                words = self._constant_beyond(row, outside ^ int(ref.negated))
            return self._flipped(words) if ref.negated else words
        words = self.packed(ref)
        wide = f"i{self.columns}"
        number = self.put(f"bitcast {self._w} {words} to {wide}")
        n = abs(column)
        if column < 0:
            moved = self.put(f"shl {wide} {number}, {n}")
            fill = (1 << n) - 1
        else:
            moved = self.put(f"lshr {wide} {number}, {n}")
            fill = ((1 << n) - 1) << (self.columns - n)
        if outside:
            moved = self.put(f"or {wide} {moved}, {fill}")
        return self.put(f"bitcast {wide} {moved} to {self._w}")

    def _constant_beyond(self, row: int, outside: int) -> str:
        """Ones as they are read from another row: `outside` beyond the edge."""
        if outside:
            return "splat (i64 -1)"
        at = self.before(f"add i64 {self.row}, {row}")
        inside = self.before(f"icmp ult i64 {at}, {self.rows}")
        return self.put(f"select i1 {inside}, {self._w} splat (i64 -1), {self._w} zeroinitializer")

    # --- stores ---

    def keep(self, value: int) -> None:
        """Put a value into its ring."""
        self._store(value, self.ring_row(value, 0), self.nodes[value].op in BITS, False)

    def store(self, place: Place, value: int) -> None:
        """Put a value into its plane."""
        self._store(value, self.place_row(place, 0), place[0] != "plane", place[0] == "octets")

    def _store(self, value: int, row: str, bits: bool, octets: bool) -> None:
        ref = Ref(value)
        if self.stage.digital:
            self.body.append(f"  store {self._w} {self.packed(ref)}, ptr {row}, align 8")
        elif not bits:
            at = self.put(f"getelementptr float, ptr {row}, i64 %c")
            self.body.append(f"  store {_F} {self.analog(ref)}, ptr {at}, align 64")
        elif octets:
            at = self.put(f"getelementptr i8, ptr {row}, i64 %c")
            wide = self.put(f"zext {_M} {self.mask(ref)} to <{LANES} x i8>")
            self.body.append(f"  store <{LANES} x i8> {wide}, ptr {at}, align {LANES}")
        else:
            at = self._half_at(row)
            half = self.put(f"bitcast {_M} {self.mask(ref)} to {_HALF}")
            self.body.append(f"  store {_HALF} {half}, ptr {at}, align {LANES // 8}")

    # --- the whole ---

    def stage_code(self, number: int, stage: Stage) -> None:
        self.stage, self.pointers, self.made, self.body = stage, {}, {}, []
        self.row = f"%row{number}"
        for value in stage.nodes:
            self.make(value)
            if value in self.rings:
                self.keep(value)
        for place, value in stage.stores:
            self.store(place, value)
        preheader, self.lines = self.lines, []
        self.lines += [
            f"stage{number}:",
            f"  {self.row} = sub i64 %t, {stage.lag}",
            f"  %in{number} = icmp ult i64 {self.row}, {self.rows}",
            f"  br i1 %in{number}, label %row.at{number}, label %stage{number + 1}",
            f"row.at{number}:",
            *preheader,
        ]
        if stage.digital:
            self.lines += [*self.body, f"  br label %stage{number + 1}"]
        else:
            self.lines += [
                f"  br label %loop{number}",
                f"loop{number}:",
                f"  %c{number} = phi i64 [ 0, %row.at{number} ], [ %next{number}, %loop{number} ]",
                *(line.replace("%c", f"%c{number}") for line in self.body),
                f"  %next{number} = add i64 %c{number}, {LANES}",
                f"  %more{number} = icmp ult i64 %next{number}, {self.columns}",
                f"  br i1 %more{number}, label %loop{number}, label %stage{number + 1}",
            ]
        self.head += self.lines
        self.lines = []

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

    def function(self) -> Text:
        for number, stage in enumerate(self.schedule.stages):
            self.stage_code(number, stage)
        last = len(self.schedule.stages)
        frame = [
            line
            for n, name in enumerate(FRAME)
            for line in (
                f"  %{name}.at = getelementptr ptr, ptr %frame, i64 {n}",
                f"  %{name} = load ptr, ptr %{name}.at",
            )
        ]
        planes = [line for place, n in self.planes.items() for line in self.plane_code(place, n)]
        ones = []
        if self.all:
            ones = [
                f"  %ones = getelementptr i8, ptr %space, i64 {self.all}",
                f"  store {self._w} splat (i64 -1), ptr %ones, align 8",
            ]
        halves = f"[{self.columns // LANES} x {_HALF}]"
        constants = [
            f"@edge{column + 100} = private unnamed_addr constant {halves} [{values}], align 64"
            for column, values in self.constants.items()
        ]
        text = [
            *constants,
            "define void @run(ptr %frame, ptr %planes) {",
            "entry:",
            *frame, *planes, *ones, *self.margin_code(),
            "  br label %step",
            "step:",
            f"  %t = phi i64 [ 0, %entry ], [ %t.next, %stage{last} ]",
            "  br label %stage0",
            *self.head,
            f"stage{last}:",
            "  %t.next = add i64 %t, 1",
            f"  %t.more = icmp ult i64 %t.next, {self.rows + self.schedule.lag}",
            "  br i1 %t.more, label %step, label %end",
            "end:",
            "  ret void",
            "}",
        ]  # fmt: skip
        return Text("\n".join(text) + "\n", tuple(self.planes), self.space)


__all__ = ["CONSTANT", "FRAME", "LANES", "PAD", "Text", "emit", "literal", "splat"]
