"""Stages -> text of LLVM's intermediate language, with vectors spelled out: no vectoriser has to guess.

The function `run(frame, planes)` makes one pass over the array. frame: addresses of the analog planes, the packed bits,
the bytes of FLAG, the slots, the keys of draws and the workspace. planes: for every plane that the text names, in its
own numbering, the number in the table; so one text serves all stretches that differ in names only.

The arithmetic is that of `engine.analog` and `engine.bits`, operation by operation: nothing is contracted, so fused
code rounds as the walk does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scamp_sim.engine.fused.cells import RANGE, Cells
from scamp_sim.engine.fused.rows import LANES, PAD, WIDE, splat
from scamp_sim.engine.fused.schedule import Schedule, Stage
from scamp_sim.engine.fused.values import BITS, MEMORY, Node, Place, Ref

FRAME = ("analog", "bits", "octets", "slots", "keys", "space")
"""What the frame holds, 64-bit numbers."""


@dataclass(frozen=True)
class Text:
    """text: of a module with the function `run`.
    planes: the places that it names, in its order.
    space: bytes of workspace, zeros at the start.
    """

    text: str
    planes: tuple[Place, ...]
    space: int


def emit(schedule: Schedule, shape: tuple[int, int]) -> Text:
    """The text for an array of `shape`, whose columns are a multiple of 64."""
    cells = sum(node.op == "cell" for node in schedule.nodes)
    return _Emitter(schedule, shape, WIDE if 0 < cells <= FEW else LANES).function()


FEW = 20
"""Cells of a short stretch: its code is made in 35 ms. Half the lanes take half as long to compile, and a tenth longer
to run where values compress."""


class _Emitter(Cells):
    # --- values ---

    def analog(self, ref: Ref) -> str:
        """The vector of a reference to an analog value."""
        plain = self.once((ref.value, ref.row, ref.column), lambda: self._load(ref))
        if not ref.negated:
            return plain
        return self.once((ref.value, ref.row, ref.column, "-"), lambda: self.put(f"fneg {self.f32} {plain}"))

    def _load(self, ref: Ref) -> str:
        node = self.nodes[ref.value]
        if node.op == "number":
            return splat(node.numbers[0])
        if self.schedule.of.get(ref.value) is self.stage and not (ref.row or ref.column):
            raise AssertionError("a value of this stage that has not been made yet")
        if node.op in MEMORY:
            at = self.place_at((node.op, int(node.numbers[0])), ref.row, ref.column)
        else:
            at = self.ring_at(ref.value, ref.row, ref.column)
            if ref.column:
                self.margins.add(ref.value)
        loaded = self.put(f"load {self.f32}, ptr {at}, align {4 if ref.column else 64}")
        if not ref.column or node.op not in MEMORY:
            return loaded  # rows of rings have margins of 0
        mask = self.once(("edge", ref.column), lambda: self._edge(ref.column))
        return self.put(f"select {self.mask_kind} {mask}, {self.f32} {loaded}, {self.f32} zeroinitializer")

    def _edge(self, column: int) -> str:
        """Which PEs of a vector find somebody that many columns away."""
        inside = np.arange(self.columns) + column
        bits = np.packbits((inside >= 0) & (inside < self.columns), bitorder="little").view(f"<u{self.lanes // 8}")
        self.constants[column] = ", ".join(f"{self.half} {b}" for b in bits)
        index = self.put(f"lshr i64 {self.column}, {self.lanes.bit_length() - 1}")
        at = self.put(f"getelementptr {self.half}, ptr @edge{column + 100}, i64 {index}")
        return self._as_mask(at)

    def _as_mask(self, at: str) -> str:
        half = self.put(f"load {self.half}, ptr {at}")
        return self.put(f"bitcast {self.half} {half} to {self.mask_kind}")

    def mask(self, ref: Ref) -> str:
        """The mask of a reference to bits, in an analog stage."""
        plain = self.once((ref.value, 0, 0), lambda: self._load_mask(ref.value))
        if not ref.negated:
            return plain
        return self.once((ref.value, "not"), lambda: self.put(f"xor {self.mask_kind} {plain}, splat (i1 true)"))

    def _load_mask(self, value: int) -> str:
        node = self.nodes[value]
        if node.op == "ones":
            return "splat (i1 true)"
        if node.op == "octets":
            octets = self.put(f"load <{self.lanes} x i8>, ptr {self.place_at((node.op, 0))}, align {self.lanes}")
            return self.put(f"icmp ne <{self.lanes} x i8> {octets}, zeroinitializer")
        if node.op == "bits":
            return self._as_mask(self.place_at(("bits", int(node.numbers[0]))))
        return self._as_mask(self.ring_at(value))

    def packed(self, ref: Ref) -> str:
        """The row of words of a reference to bits, in a digital stage."""
        plain = self.once((ref.value, 0, 0), lambda: self._load_words(ref.value, 0, 0))
        if not ref.negated:
            return plain
        return self.once((ref.value, "not"), lambda: self._flipped(plain))

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

    # --- nodes ---

    def make(self, value: int) -> None:
        node = self.nodes[value]
        made = self._digital(node) if self.stage.digital else self._analog(node)
        self.made[(value, 0, 0)] = made

    def _analog(self, node: Node) -> str:
        if node.op == "positive":
            return self.put(f"fcmp ogt {self.f32} {self.analog(node.refs[0])}, zeroinitializer")
        if node.op == "mask":
            return self.mask(node.refs[0])
        if node.op == "choose":
            mask, new, old = self.mask(node.refs[0]), self.analog(node.refs[1]), self.analog(node.refs[2])
            return self.put(f"select {self.mask_kind} {mask}, {self.f32} {new}, {self.f32} {old}")
        if node.op == "cell":
            return self.cell(node)
        if node.op == "noise":
            return self.noise(node)
        x = [self.analog(r) for r in node.refs]
        if node.op == "plus":
            return self.put(f"fadd {self.f32} {x[0]}, {x[1]}")
        if node.op == "times":
            return self.put(f"fmul {self.f32} {x[0]}, {splat(node.numbers[0])}")
        if node.op == "over":
            return self.put(f"fdiv {self.f32} {x[0]}, {splat(node.numbers[0])}")
        if node.op == "copy":
            return x[0]
        assert node.op == "clip", node.op
        low, high = (splat(n) for n in node.numbers)
        return self.between(x[0], low, high)

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
        return self._along(self.packed(ref), column, outside)

    def _along(self, words: str, column: int, outside: int) -> str:
        """A row of words as it is read from that many columns away, fewer than a word has."""
        count, up = abs(column), column < 0
        places = (n - 1 if up else n + 1 for n in range(self.words))
        lanes = ", ".join(f"i32 {n if 0 <= n < self.words else self.words}" for n in places)  # beyond the last one: 0
        beside = f"{self._w} {words}, {self._w} zeroinitializer, <{self.words} x i32> <{lanes}>"
        beyond = self.put(f"shufflevector {beside}")
        moved = self.put(f"{'shl' if up else 'lshr'} {self._w} {words}, splat (i64 {count})")
        beyond = self.put(f"{'lshr' if up else 'shl'} {self._w} {beyond}, splat (i64 {64 - count})")
        moved = self.put(f"or {self._w} {moved}, {beyond}")
        if not outside:
            return moved
        new = (1 << count) - 1 if up else ((1 << count) - 1) << (self.columns - count)
        fill = ", ".join(f"i64 {(new >> 64 * n) & (1 << 64) - 1}" for n in range(self.words))
        return self.put(f"or {self._w} {moved}, <{fill}>")

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
        bits = self.nodes[value].op in BITS
        self._store(value, self.ring_row(value, 0) if self.stage.digital else self.ring_at(value), bits, False)

    def store(self, place: Place, value: int) -> None:
        """Put a value into its plane."""
        at = self.place_row(place, 0) if self.stage.digital else self.place_at(place)
        self._store(value, at, place[0] != "plane", place[0] == "octets")

    def _store(self, value: int, at: str, bits: bool, octets: bool) -> None:
        ref = Ref(value)
        if self.stage.digital:
            self.body.append(f"  store {self._w} {self.packed(ref)}, ptr {at}, align 8")
        elif not bits:
            self.body.append(f"  store {self.f32} {self.analog(ref)}, ptr {at}, align 64")
        elif octets:
            wide = self.put(f"zext {self.mask_kind} {self.mask(ref)} to <{self.lanes} x i8>")
            self.body.append(f"  store <{self.lanes} x i8> {wide}, ptr {at}, align {self.lanes}")
        else:
            half = self.put(f"bitcast {self.mask_kind} {self.mask(ref)} to {self.half}")
            self.body.append(f"  store {self.half} {half}, ptr {at}, align {self.lanes // 8}")

    # --- the whole ---

    def stage_code(self, number: int, stage: Stage) -> None:
        self.stage, self.pointers, self.made, self.body, self.lines = stage, {}, {}, [], []
        self.row = f"%row{number}"
        if stage.digital:
            self.make_all()
            self.store_all()
            loops = [*self.body, f"  br label %stage{number + 1}"]
        elif any(self.nodes[value].op == "cell" for value in stage.nodes):
            loops = self.two_loops(number)
        else:
            loops = self.loop(number)
        self.head += [
            f"stage{number}:",
            f"  {self.row} = sub i64 %t, {stage.lag}",
            f"  %in{number} = icmp ult i64 {self.row}, {self.rows}",
            f"  br i1 %in{number}, label %row.at{number}, label %stage{number + 1}",
            f"row.at{number}:",
            *self.lines,
            *loops,
        ]

    def make_all(self) -> None:
        for value in self.stage.nodes:
            self.make(value)

    def store_all(self) -> None:
        for value in self.stage.nodes:
            if value in self.rings:
                self.keep(value)
        for place, value in self.stage.stores:
            self.store(place, value)

    def loop(self, number: int) -> list[str]:
        """The loop of a stage over the vectors of a row."""
        column = f"%c{number}"
        self.column = self.opaque(column)
        self.make_all()
        self.store_all()
        return [
            f"  br label %loop{number}",
            f"loop{number}:",
            f"  {column} = phi i64 [ 0, %row.at{number} ], [ %next{number}, %loop{number} ]",
            *self.body,
            *self.again(f"{number}", column, f"loop{number}", f"stage{number + 1}"),
        ]

    def opaque(self, column: str) -> str:
        """The same number, without LLVM knowing that it goes up in a loop: what it would make of that for the sake of
        addresses took a third of all the time, and gained nothing."""
        return self.put(f"call i64 @llvm.expect.i64(i64 {column}, i64 0)")

    def again(self, name: str, column: str, loop: str, end: str) -> list[str]:
        """On to the next vector of the row."""
        return [
            f"  %next{name} = add i64 {column}, {self.lanes}",
            f"  %more{name} = icmp ult i64 %next{name}, {self.columns}",
            f"  br i1 %more{name}, label %{loop}, label %{end}",
        ]

    def two_loops(self, number: int) -> list[str]:
        """The two loops of a stage with cells. %last: whether the vector before had to bend."""
        n, end = number, f"stage{number + 1}"
        self.prepare_cells()
        self.column, self.bends, self.peak = self.opaque(f"%c{n}"), False, ""
        self.make_all()
        beyond = self.goes_beyond(self.peak)
        self.body.append(f"  br i1 {beyond}, label %bend{n}, label %store{n}")
        self.body.append(f"store{n}:")
        self.store_all()
        straight = [*self.body, *self.again(f"{n}", f"%c{n}", f"loop{n}", end)]
        self.made, self.body = {}, []
        self.column, self.bends, self.needed, self.block = self.opaque(f"%d{n}"), True, "", f"bend{n}"
        self.make_all()
        self.store_all()
        bending, needed = [*self.body], self.needed
        return [
            f"  br label %loop{n}",
            f"loop{n}:",
            f"  %c{n} = phi i64 [ 0, %row.at{n} ], [ %next{n}, %store{n} ], [ %next.bent{n}, %back{n} ]",
            f"  %last{n} = phi i1 [ false, %row.at{n} ], [ false, %store{n} ], [ {needed}, %back{n} ]",
            *straight,
            f"bend{n}:",
            f"  %d{n} = phi i64 [ %c{n}, %loop{n} ], [ %next.bent{n}, %on{n} ]",
            f"  %was{n} = phi i1 [ %last{n}, %loop{n} ], [ true, %on{n} ]",
            *bending,
            *self.again(f".bent{n}", f"%d{n}", f"on{n}", end),
            f"on{n}:",
            f"  %stay{n} = and i1 %was{n}, {needed}",
            f"  br i1 %stay{n}, label %bend{n}, label %back{n}",
            f"back{n}:",
            f"  br label %loop{n}",
        ]

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
        halves = f"[{self.columns // self.lanes} x {self.half}]"
        constants = [
            f"@edge{column + 100} = private unnamed_addr constant {halves} [{values}], align 64"
            for column, values in self.constants.items()
        ]
        text = [
            *constants,
            "declare i64 @llvm.expect.i64(i64, i64)",
            f"declare {self.f32} @llvm.fabs.v{self.lanes}f32({self.f32})",
            *([f"declare <16 x float> {RANGE}(<16 x float>, <16 x float>, i32, <16 x float>, i16, i32)"] * self.ranges),
            f"declare {self.f32} @llvm.copysign.v{self.lanes}f32({self.f32}, {self.f32})",
            "define void @run(ptr %frame, ptr %planes) nounwind {",
            "entry:",
            *frame,
            *planes,
            *ones,
            *self.margin_code(),
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
        ]
        return Text("\n".join(text) + "\n", tuple(self.planes), self.space)


__all__ = ["FRAME", "LANES", "PAD", "Text", "emit", "splat"]
