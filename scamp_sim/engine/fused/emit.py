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

from scamp_sim.engine import ops
from scamp_sim.engine.fused.rows import LANES, PAD, Rows
from scamp_sim.engine.fused.schedule import Schedule, Stage
from scamp_sim.engine.fused.values import BITS, CONSTANT, MEMORY, Node, Place, Ref

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


class _Emitter(Rows):
    parameters: list[str]
    """Vectors of the linear range, of how far compression reaches beyond, and of the LSB of a draw, in this stage."""

    # --- values ---

    def analog(self, ref: Ref) -> str:
        """The vector of a reference to an analog value."""
        plain = self.once((ref.value, ref.row, ref.column), lambda: self._load(ref))
        if not ref.negated:
            return plain
        return self.once((ref.value, ref.row, ref.column, "-"), lambda: self.put(f"fneg {_F} {plain}"))

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
        at = self.put(f"getelementptr float, ptr {row}, i64 {self.column}")
        if not ref.column:
            return self.put(f"load {_F}, ptr {at}, align 64")
        at = self.put(f"getelementptr float, ptr {at}, i64 {ref.column}")
        loaded = self.put(f"load {_F}, ptr {at}, align 4")
        if node.op not in MEMORY:
            return loaded  # its rows have margins of 0
        mask = self.once(("edge", ref.column), lambda: self._edge(ref.column))
        return self.put(f"select {_M} {mask}, {_F} {loaded}, {_F} zeroinitializer")

    def _edge(self, column: int) -> str:
        """Which PEs of a vector find somebody that many columns away."""
        inside = np.arange(self.columns) + column
        bits = np.packbits((inside >= 0) & (inside < self.columns), bitorder="little").view(f"<u{LANES // 8}")
        self.constants[column] = ", ".join(f"{_HALF} {b}" for b in bits)
        index = self.put(f"lshr i64 {self.column}, {LANES.bit_length() - 1}")
        at = self.put(f"getelementptr {_HALF}, ptr @edge{column + 100}, i64 {index}")
        return self._as_mask(at)

    def _as_mask(self, at: str) -> str:
        half = self.put(f"load {_HALF}, ptr {at}")
        return self.put(f"bitcast {_HALF} {half} to {_M}")

    def mask(self, ref: Ref) -> str:
        """The mask of a reference to bits, in an analog stage."""
        plain = self.once((ref.value, 0, 0), lambda: self._load_mask(ref.value))
        if not ref.negated:
            return plain
        return self.once((ref.value, "not"), lambda: self.put(f"xor {_M} {plain}, splat (i1 true)"))

    def _load_mask(self, value: int) -> str:
        node = self.nodes[value]
        if node.op == "ones":
            return "splat (i1 true)"
        if node.op == "octets":
            at = self.put(f"getelementptr i8, ptr {self.place_row((node.op, 0), 0)}, i64 {self.column}")
            octets = self.put(f"load <{LANES} x i8>, ptr {at}, align {LANES}")
            return self.put(f"icmp ne <{LANES} x i8> {octets}, zeroinitializer")
        row = self.place_row(("bits", int(node.numbers[0])), 0) if node.op == "bits" else self.ring_row(value, 0)
        return self._as_mask(self._half_at(row))

    def _half_at(self, row: str) -> str:
        octet = self.once("octet", lambda: self.put(f"lshr i64 {self.column}, 3"))
        return self.put(f"getelementptr i8, ptr {row}, i64 {octet}")

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
            return self.put(f"fcmp ogt {_F} {self.analog(node.refs[0])}, zeroinitializer")
        if node.op == "mask":
            return self.mask(node.refs[0])
        if node.op == "choose":
            mask, new, old = self.mask(node.refs[0]), self.analog(node.refs[1]), self.analog(node.refs[2])
            return self.put(f"select {_M} {mask}, {_F} {new}, {_F} {old}")
        if node.op == "cell":
            return self._cell(node)
        if node.op == "noise":
            return self._noise(node)
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
        return self._between(x[0], low, high)

    # --- errors: as `engine.noisy` has them, sum by sum ---

    def _spread(self, number: int, put: Callable[[str], str], kind: str = "i32") -> str:
        """A number of the table of keys in all lanes."""
        vector = f"<{LANES} x {kind}>"
        at = put(f"getelementptr i32, ptr %keys, i64 {number}")
        one = put(f"load {kind}, ptr {at}")
        first = put(f"insertelement {vector} poison, {kind} {one}, i64 0")
        return put(f"shufflevector {vector} {first}, {vector} poison, <{LANES} x i32> zeroinitializer")

    def _hash(self, key: int) -> str:
        """The random bits of a key."""
        ground = self.once("ground", self._ground)
        addend, factor = (self._spread(4 * key + 4 + n, self.put) for n in range(2))
        mixed = self.put(f"xor {_I} {ground}, {addend}")
        return self.put(f"mul {_I} {mixed}, {factor}")

    def _ground(self) -> str:
        at = self.put(f"getelementptr i32, ptr {self.place_row(('plane', ops.GROUND), 0)}, i64 {self.column}")
        return self.put(f"load {_I}, ptr {at}, align 64")

    def _other(self, bits: str) -> str:
        """The second draw of a hash."""
        low = self.put(f"shl {_I} {bits}, splat (i32 16)")
        high = self.put(f"and {_I} {bits}, splat (i32 -65536)")
        return self.put(f"xor {_I} {low}, {high}")

    def _cell(self, node: Node) -> str:
        """Gain, offset and noise, then compression where a PE of the vector is beyond the linear range."""
        key, second = (int(n) for n in node.numbers)
        if not self.parameters:
            self.parameters = [self._spread(n, self.before, "float") for n in range(3)]
        linear, _, sd = self.parameters
        bits = self.once(("hash", key), lambda: self._hash(key))
        draw = self.put(f"sitofp {_I} {self._other(bits) if second else bits} to {_F}")
        value, gain, offset = (self.analog(r) for r in node.refs[:3])
        value = self.put(f"fmul {_F} {value}, {gain}")
        value = self.put(f"fadd {_F} {value}, {offset}")
        noise = self.put(f"fmul {_F} {sd}, {draw}")
        value = self.put(f"fadd {_F} {value}, {noise}")
        size = self.put(f"call {_F} @llvm.fabs.v{LANES}f32({_F} {value})")
        over = self.put(f"fcmp ogt {_F} {size}, {linear}")
        lanes = self.put(f"bitcast {_M} {over} to {_HALF}")
        straight = self.put(f"icmp eq {_HALF} {lanes}, 0")
        before, number = self.block, self.name()[2:]
        self.body.append(f"  br i1 {straight}, label %on{number}, label %bend{number}")
        self.label(f"bend{number}")
        bent = self._bent(value, size)
        self.body.append(f"  br label %on{number}")
        self.label(f"on{number}")
        return self.put(f"phi {_F} [ {value}, %{before} ], [ {bent}, %bend{number} ]")

    def _bent(self, value: str, size: str) -> str:
        """`noisy.bent`."""
        linear, reach, _ = self.parameters
        beyond = self._between(self.put(f"fsub {_F} {size}, {linear}"), "zeroinitializer", reach)
        under = self.put(f"fcmp olt {_F} {size}, {linear}")
        straight = self.put(f"select {_M} {under}, {_F} {size}, {_F} {linear}")
        total = self.put(f"fadd {_F} {straight}, {beyond}")
        square = self.put(f"fmul {_F} {beyond}, {beyond}")
        twice = self.put(f"fmul {_F} {reach}, {splat(2)}")
        less = self.put(f"fdiv {_F} {square}, {twice}")
        size = self.put(f"fsub {_F} {total}, {less}")
        return self.put(f"call {_F} @llvm.copysign.v{LANES}f32({_F} {size}, {_F} {value})")

    def _between(self, x: str, low: str, high: str) -> str:
        above = self.put(f"fcmp ogt {_F} {x}, {low}")
        raised = self.put(f"select {_M} {above}, {_F} {x}, {_F} {low}")
        below = self.put(f"fcmp olt {_F} {raised}, {high}")
        return self.put(f"select {_M} {below}, {_F} {raised}, {_F} {high}")

    def _noise(self, node: Node) -> str:
        """A value with the sum of four random bytes."""
        (key,) = (int(n) for n in node.numbers)
        bits = self._hash(key)
        high = self.put(f"lshr {_I} {bits}, splat (i32 16)")
        bits = self.put(f"xor {_I} {bits}, {high}")
        odd = self.put(f"lshr {_I} {bits}, splat (i32 8)")
        pairs = [self.put(f"and {_I} {x}, splat (i32 16711935)") for x in (bits, odd)]
        two = self.put(f"add {_I} {pairs[0]}, {pairs[1]}")
        low = self.put(f"and {_I} {two}, splat (i32 65535)")
        high = self.put(f"lshr {_I} {two}, splat (i32 16)")
        four = self.put(f"add {_I} {low}, {high}")
        centred = self.put(f"add {_I} {four}, splat (i32 -510)")
        draw = self.put(f"sitofp {_I} {centred} to {_F}")
        noise = self.put(f"fmul {_F} {self._spread(4 * key + 6, self.put, 'float')}, {draw}")
        return self.put(f"fadd {_F} {self.analog(node.refs[0])}, {noise}")

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
            at = self.put(f"getelementptr float, ptr {row}, i64 {self.column}")
            self.body.append(f"  store {_F} {self.analog(ref)}, ptr {at}, align 64")
        elif octets:
            at = self.put(f"getelementptr i8, ptr {row}, i64 {self.column}")
            wide = self.put(f"zext {_M} {self.mask(ref)} to <{LANES} x i8>")
            self.body.append(f"  store <{LANES} x i8> {wide}, ptr {at}, align {LANES}")
        else:
            at = self._half_at(row)
            half = self.put(f"bitcast {_M} {self.mask(ref)} to {_HALF}")
            self.body.append(f"  store {_HALF} {half}, ptr {at}, align {LANES // 8}")

    # --- the whole ---

    def stage_code(self, number: int, stage: Stage) -> None:
        self.stage, self.pointers, self.made, self.body = stage, {}, {}, []
        self.row, self.column, self.block = f"%row{number}", f"%c{number}", f"loop{number}"
        self.parameters = []
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
                f"  %c{number} = phi i64 [ 0, %row.at{number} ], [ %next{number}, %{self.block} ]",
                *self.body,
                f"  %next{number} = add i64 %c{number}, {LANES}",
                f"  %more{number} = icmp ult i64 %next{number}, {self.columns}",
                f"  br i1 %more{number}, label %loop{number}, label %stage{number + 1}",
            ]
        self.head += self.lines
        self.lines = []

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
            f"declare {_F} @llvm.fabs.v{LANES}f32({_F})",
            f"declare {_F} @llvm.copysign.v{LANES}f32({_F}, {_F})",
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
