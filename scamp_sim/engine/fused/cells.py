"""Text of cells with errors: as `engine.noisy` has them, sum by sum."""

from __future__ import annotations

from collections.abc import Callable

from scamp_sim.engine import ops
from scamp_sim.engine.fused import build
from scamp_sim.engine.fused.rows import Rows, splat
from scamp_sim.engine.fused.values import Node, Ref

RANGE = "@llvm.x86.avx512.mask.range.ps.512"
"""AVX-512 DQ: the larger of two magnitudes in one instruction."""
LINEAR, REACH, LSB = range(3)
"""Places in the table of keys: the linear range, how far compression reaches beyond, LSB of a draw."""
LARGER = 0b1011
"""Its selector: the larger magnitude, with the sign cleared."""


class Cells(Rows):
    """Writes of cells and noise.

    A stage with cells has two loops over a row. The straight one leaves compression out and keeps the largest
    magnitude of a vector of PEs; where that is beyond the linear range, the other one carries the vector out again, and
    goes on from there while vectors beside each other need it. There a write is compressed only if a PE needs it.
    """

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.linear = self.reach = self.twice = self.lsb = ""
        """Vectors of the linear range, of how far compression reaches beyond, twice that, and of the LSB of a draw."""
        self.bends = False  # which of the two loops is being written
        self.peak = ""  # the largest magnitude so far
        self.ranges = build.has("avx512dq")
        self.needed = ""  # whether a value so far had to bend
        self.block = ""  # the label under which the loop that bends is being written

    def analog(self, ref: Ref) -> str:
        """The vector of a reference to an analog value."""
        raise NotImplementedError

    def prepare_cells(self) -> None:
        """Before the loops of a stage that has cells."""
        self.linear, self.reach, self.lsb = (self._spread(n, self.before, "float") for n in (LINEAR, REACH, LSB))
        self.twice = self.before(f"fmul {self.f32} {self.reach}, {splat(2)}")

    def _spread(self, number: int, put: Callable[[str], str], kind: str = "i32") -> str:
        """A number of the table of keys in all lanes."""
        vector = f"<{self.lanes} x {kind}>"
        at = put(f"getelementptr i32, ptr %keys, i64 {number}")
        one = put(f"load {kind}, ptr {at}")
        first = put(f"insertelement {vector} poison, {kind} {one}, i64 0")
        return put(f"shufflevector {vector} {first}, {vector} poison, <{self.lanes} x i32> zeroinitializer")

    # --- draws ---

    def _hash(self, key: int) -> str:
        """The random bits of a key."""
        ground = self.once("ground", lambda: self.put(f"load {self.i32}, ptr {self._ground()}, align 64"))
        addend, factor = (self._spread(4 * key + 4 + n, self.put) for n in range(2))
        mixed = self.put(f"xor {self.i32} {ground}, {addend}")
        return self.put(f"mul {self.i32} {mixed}, {factor}")

    def _ground(self) -> str:
        return self.once("ground at", lambda: self.place_at(("plane", ops.GROUND)))

    def _draw(self, bits: str, second: int) -> str:
        """The first or the second draw of a hash."""
        if second:
            low = self.put(f"shl {self.i32} {bits}, splat (i32 16)")
            high = self.put(f"and {self.i32} {bits}, splat (i32 -65536)")
            bits = self.put(f"xor {self.i32} {low}, {high}")
        return self.put(f"sitofp {self.i32} {bits} to {self.f32}")

    # --- cells ---

    def cell(self, node: Node) -> str:
        """Gain, offset, noise, and compression in the loop that bends."""
        key, second = (int(n) for n in node.numbers)
        draw = self._draw(self.once(("hash", key), lambda: self._hash(key)), second)
        value = self._gained(node.refs[0], *(self.analog(r) for r in node.refs[1:3]))
        noise = self.put(f"fmul {self.f32} {self.lsb}, {draw}")
        value = self.put(f"fadd {self.f32} {value}, {noise}")
        if self.bends:
            return self._bent_if_beyond(value)
        self.peak = self._larger(self.peak, value)
        return value

    def _gained(self, ref: Ref, gain: str, offset: str) -> str:
        """A value times gain, plus offset; one that is read negated is subtracted, which is the same to the bit."""
        value = self.put(f"fmul {self.f32} {self.analog(ref._replace(negated=False))}, {gain}")
        return self.put(f"fsub {self.f32} {offset}, {value}" if ref.negated else f"fadd {self.f32} {value}, {offset}")

    def _bent_if_beyond(self, value: str) -> str:
        """A value with compression, if a PE of the vector needs it."""
        size = self._size(value)
        beyond = self.goes_beyond(size)
        self.needed = self.put(f"or i1 {self.needed}, {beyond}") if self.needed else beyond
        name = self.name()[1:]
        self.body += [f"  br i1 {beyond}, label %over.{name}, label %on.{name}", f"over.{name}:"]
        bent = self._bent(value, size)
        self.body += [f"  br label %on.{name}", f"on.{name}:"]
        before, self.block = self.block, f"on.{name}"
        return self.put(f"phi {self.f32} [ {bent}, %over.{name} ], [ {value}, %{before} ]")

    def _larger(self, peak: str, value: str) -> str:
        """The larger of the magnitudes of two vectors; `peak` is one already, or nothing."""
        if self.ranges:
            starts = range(0, self.lanes, 16)
            return self._whole([self._range(self._part(value, n), self._part(peak or value, n)) for n in starts])
        size = self._size(value)
        if not peak:
            return size
        larger = self.put(f"fcmp ogt {self.f32} {peak}, {size}")
        return self.put(f"select {self.mask_kind} {larger}, {self.f32} {peak}, {self.f32} {size}")

    def _size(self, value: str) -> str:
        return self.put(f"call {self.f32} @llvm.fabs.v{self.lanes}f32({self.f32} {value})")

    def _part(self, vector: str, first: int) -> str:
        """Sixteen lanes of a vector."""
        if self.lanes == 16:
            return vector
        lanes = ", ".join(f"i32 {n}" for n in range(first, first + 16))
        return self.put(f"shufflevector {self.f32} {vector}, {self.f32} poison, <16 x i32> <{lanes}>")

    def _whole(self, parts: list[str]) -> str:
        """The vector of one or two such parts."""
        if len(parts) == 1:
            return parts[0]
        lanes = ", ".join(f"i32 {n}" for n in range(32))
        return self.put(f"shufflevector <16 x float> {parts[0]}, <16 x float> {parts[1]}, <32 x i32> <{lanes}>")

    def _range(self, a: str, b: str) -> str:
        given = f"<16 x float> {a}, <16 x float> {b}, i32 {LARGER}, <16 x float> poison, i16 -1, i32 4"
        return self.put(f"call <16 x float> {RANGE}({given})")

    def goes_beyond(self, peak: str) -> str:
        """Whether a PE of a vector of magnitudes is beyond the linear range."""
        over = self.put(f"fcmp ogt {self.f32} {peak}, {self.linear}")
        lanes = self.put(f"bitcast {self.mask_kind} {over} to {self.half}")
        return self.put(f"icmp ne {self.half} {lanes}, 0")

    def _bent(self, value: str, size: str) -> str:
        """`noisy.bent`."""
        beyond = self.between(self.put(f"fsub {self.f32} {size}, {self.linear}"), "zeroinitializer", self.reach)
        under = self.put(f"fcmp olt {self.f32} {size}, {self.linear}")
        straight = self.put(f"select {self.mask_kind} {under}, {self.f32} {size}, {self.f32} {self.linear}")
        total = self.put(f"fadd {self.f32} {straight}, {beyond}")
        square = self.put(f"fmul {self.f32} {beyond}, {beyond}")
        less = self.put(f"fdiv {self.f32} {square}, {self.twice}")
        size = self.put(f"fsub {self.f32} {total}, {less}")
        return self.put(f"call {self.f32} @llvm.copysign.v{self.lanes}f32({self.f32} {size}, {self.f32} {value})")

    def noise(self, node: Node) -> str:
        """A value with the sum of four random bytes."""
        (key,) = (int(n) for n in node.numbers)
        bits = self._hash(key)
        high = self.put(f"lshr {self.i32} {bits}, splat (i32 16)")
        bits = self.put(f"xor {self.i32} {bits}, {high}")
        odd = self.put(f"lshr {self.i32} {bits}, splat (i32 8)")
        pairs = [self.put(f"and {self.i32} {x}, splat (i32 16711935)") for x in (bits, odd)]
        two = self.put(f"add {self.i32} {pairs[0]}, {pairs[1]}")
        low = self.put(f"and {self.i32} {two}, splat (i32 65535)")
        high = self.put(f"lshr {self.i32} {two}, splat (i32 16)")
        four = self.put(f"add {self.i32} {low}, {high}")
        centred = self.put(f"add {self.i32} {four}, splat (i32 -510)")
        draw = self.put(f"sitofp {self.i32} {centred} to {self.f32}")
        noise = self.put(f"fmul {self.f32} {self._spread(4 * key + 6, self.put, 'float')}, {draw}")
        return self.put(f"fadd {self.f32} {self.analog(node.refs[0])}, {noise}")
