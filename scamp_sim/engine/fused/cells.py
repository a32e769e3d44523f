"""Text of cells with errors: as `engine.noisy` has them, sum by sum."""

from __future__ import annotations

from collections.abc import Callable

from scamp_sim.engine import ops
from scamp_sim.engine.fused.rows import Rows, splat
from scamp_sim.engine.fused.values import Node, Ref


class Cells(Rows):
    """Writes of cells and noise.

    A stage with cells has two loops over a row. The straight one leaves compression out and keeps the largest
    magnitude of a vector of PEs; where that is beyond the linear range, the other one carries the vector out again, and
    goes on from there while vectors beside each other need it.
    """

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.parameters: list[str] = []
        """Vectors of the linear range, of how far compression reaches beyond, and of the LSB of a draw."""
        self.bends = False  # which of the two loops is being written
        self.peak = ""  # the largest magnitude so far

    def analog(self, ref: Ref) -> str:
        """The vector of a reference to an analog value."""
        raise NotImplementedError

    def _spread(self, number: int, put: Callable[[str], str], kind: str = "i32") -> str:
        """A number of the table of keys in all lanes."""
        vector = f"<{self.lanes} x {kind}>"
        at = put(f"getelementptr i32, ptr %keys, i64 {number}")
        one = put(f"load {kind}, ptr {at}")
        first = put(f"insertelement {vector} poison, {kind} {one}, i64 0")
        return put(f"shufflevector {vector} {first}, {vector} poison, <{self.lanes} x i32> zeroinitializer")

    def _hash(self, key: int) -> str:
        """The random bits of a key."""
        ground = self.once("ground", self._ground)
        addend, factor = (self._spread(4 * key + 4 + n, self.put) for n in range(2))
        mixed = self.put(f"xor {self.i32} {ground}, {addend}")
        return self.put(f"mul {self.i32} {mixed}, {factor}")

    def _ground(self) -> str:
        at = self.put(f"getelementptr i32, ptr {self.place_row(('plane', ops.GROUND), 0)}, i64 {self.column}")
        return self.put(f"load {self.i32}, ptr {at}, align 64")

    def _other(self, bits: str) -> str:
        """The second draw of a hash."""
        low = self.put(f"shl {self.i32} {bits}, splat (i32 16)")
        high = self.put(f"and {self.i32} {bits}, splat (i32 -65536)")
        return self.put(f"xor {self.i32} {low}, {high}")

    def cell(self, node: Node) -> str:
        """Gain, offset, noise, and compression in the loop that bends."""
        key, second = (int(n) for n in node.numbers)
        bits = self.once(("hash", key), lambda: self._hash(key))
        draw = self.put(f"sitofp {self.i32} {self._other(bits) if second else bits} to {self.f32}")
        value, gain, offset = (self.analog(r) for r in node.refs[:3])
        value = self.put(f"fmul {self.f32} {value}, {gain}")
        value = self.put(f"fadd {self.f32} {value}, {offset}")
        noise = self.put(f"fmul {self.f32} {self.parameters[2]}, {draw}")
        value = self.put(f"fadd {self.f32} {value}, {noise}")
        size = self.put(f"call {self.f32} @llvm.fabs.v{self.lanes}f32({self.f32} {value})")
        self.peak = self._larger(self.peak, size) if self.peak else size
        return self._bent(value, size) if self.bends else value

    def _larger(self, a: str, b: str) -> str:
        larger = self.put(f"fcmp ogt {self.f32} {a}, {b}")
        return self.put(f"select {self.mask_kind} {larger}, {self.f32} {a}, {self.f32} {b}")

    def prepare_cells(self) -> None:
        """Before the loops of a stage that has cells."""
        self.parameters = [self._spread(n, self.before, "float") for n in range(3)]

    def goes_beyond(self, peak: str) -> str:
        """Whether a PE of a vector of magnitudes is beyond the linear range."""
        over = self.put(f"fcmp ogt {self.f32} {peak}, {self.parameters[0]}")
        lanes = self.put(f"bitcast {self.mask_kind} {over} to {self.half}")
        return self.put(f"icmp ne {self.half} {lanes}, 0")

    def _bent(self, value: str, size: str) -> str:
        """`noisy.bent`."""
        linear, reach, _ = self.parameters
        beyond = self.between(self.put(f"fsub {self.f32} {size}, {linear}"), "zeroinitializer", reach)
        under = self.put(f"fcmp olt {self.f32} {size}, {linear}")
        straight = self.put(f"select {self.mask_kind} {under}, {self.f32} {size}, {self.f32} {linear}")
        total = self.put(f"fadd {self.f32} {straight}, {beyond}")
        square = self.put(f"fmul {self.f32} {beyond}, {beyond}")
        twice = self.put(f"fmul {self.f32} {reach}, {splat(2)}")
        less = self.put(f"fdiv {self.f32} {square}, {twice}")
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
