"""Kernels of +1, -1 and 0 on bit planes: adders of OR and NOR words, exact and without noise.

The plane walks over the taps, one DNEWS0 word a step; what arrives is counted, three planes of a weight becoming one of
that weight and one of the next. Nothing but OR, NOR, NOT, MOV, DNEWS0, SET and CLR is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from scamp_sim.compiler.filters.emit import identifier
from scamp_sim.compiler.filters.kernel import Offset, Taps
from scamp_sim.exceptions import ProgramError, ScampError

MOST_TAPS = 31

_POOL = ("R5", "R6", "R7", "R8", "R9", "R10", "R11", "R0", "R4", "R3", "R2", "R1")
"""Planes in the order in which they are taken: those that steer DNEWS last."""

_STEERING = {(0, -1): "R1", (-1, 0): "R2", (0, 1): "R3", (1, 0): "R4"}

_LINEAR = 150.0


@dataclass(frozen=True)
class PlaneFilter:
    """A count of agreeing taps as bits. words: of the kernel; bits: registers of the count, the lowest first; taps: how
    many there are; analog_words, analog_rms, analog_level: the same kernel on analog registers: its words, predicted
    rms in LSB, LSB that a bit may stand for; suits: "planes" or "analog"."""

    words: int
    bits: tuple[str, ...]
    taps: int
    text: str
    program: Any
    analog_words: int
    analog_rms: float
    analog_level: float
    suits: str

    def as_dict(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != "program"}


class _Builder:
    """Words, and who holds which plane."""

    def __init__(self, source: str) -> None:
        self.lines: list[str] = []
        self.held = {source}
        self.steered: tuple[str, ...] | None = None

    def take(self) -> str:
        for plane in _POOL:
            if plane not in self.held:
                self.held.add(plane)
                if plane in _STEERING.values():
                    self.steered = None
                return plane
        raise ProgramError(
            f"too few bit registers: the count, the walking plane and the adder hold {', '.join(sorted(self.held))}; "
            f"split the kernel into two of fewer taps"
        )

    def room(self) -> bool:
        """Whether there is a plane that does not steer."""
        return any(plane not in self.held for plane in _POOL if plane not in _STEERING.values())

    def drop(self, *planes: str) -> None:
        self.held -= {*planes}

    def word(self, name: str, target: str, *sources: str) -> None:
        self.lines.append(f"{name}({', '.join([target, *sources])});")

    def shift(self, plane: str, step: Offset, keep: bool) -> str:
        """The plane as the neighbour at `step` holds it. keep: whether the old one stays, as a bit that is counted."""
        wanted = _STEERING[step]
        if self.steered is None or self.steered != (wanted,):
            if self.held & {*_STEERING.values()}:
                raise ProgramError("too few bit registers: a count stands in R1..R4, which steer the shifts")
            others = [r for r in ("R1", "R2", "R3", "R4") if r != wanted]
            if self.steered is None:
                self.word("CLR", *others)
            else:
                self.word("CLR", *self.steered)
            self.word("SET", wanted)
            self.steered = (wanted,)
        fresh = self.take()
        if fresh in _STEERING.values():
            raise ProgramError("too few bit registers: no plane is left beside R1..R4 to shift into")
        self.word("DNEWS0", fresh, plane)
        if not keep:
            self.drop(plane)
        return fresh

    def full_adder(self, a: str, b: str, c: str) -> tuple[str, str]:
        """(sum, carry) of three planes in eight words; a and b are dropped, c stays."""
        t1, t2, t3 = self.take(), self.take(), self.take()
        self.word("NOR", t1, a, b)
        self.word("NOR", t2, a, t1)
        self.word("NOR", a, b, t1)  # a is not read any more
        self.word("NOR", b, t2, a, c)
        self.word("NOR", t3, t2, a, b)
        self.word("NOR", t2, c, b)
        self.word("OR", a, t3, t2)
        self.word("NOR", b, t1, t2)
        self.drop(t1, t2, t3)
        return a, b

    def half_adder(self, a: str, b: str) -> tuple[str, str]:
        """(sum, carry) of two planes in five words; both are dropped."""
        t1, t2 = self.take(), self.take()
        self.word("NOR", t1, a, b)
        self.word("NOR", t2, a, t1)
        self.word("NOR", a, b, t1)
        self.word("OR", b, t2, a)
        self.word("NOR", a, t1, b)
        self.drop(t1, t2)
        return b, a


def compile_planes(kernel: Any, source: str = "R5", name: str | None = None) -> PlaneFilter:
    """A program that counts agreeing taps on a bit plane: of weight 1 with a bit of 1, of weight -1 with a bit of 0.

    For planes of +-1 the weighted sum is 2 count - taps. Beyond the edge bits read 0.

    - kernel: one kernel of -1, 0 and 1, as for `compile_filter`.
    - source: the register of the plane; it is overwritten.
    - name: of the kernel in the text.

    Raises ProgramError: other weights, no tap, more than MOST_TAPS, several kernels.
    """
    from scamp_sim.compiler.filters.kernel import from_rows
    from scamp_sim.compiler.filters.read import Given, kernels_of

    given = kernel if isinstance(kernel, Given) else kernels_of(kernel)
    if len(given.kernels) != 1:
        raise ProgramError(f"bit planes take one kernel at a time, got {len(given.kernels)}")
    ((label, rows),) = given.kernels.items()
    taps = from_rows(rows)
    if any(abs(w) != 1 for w in taps.values()):
        odd = next(w for w in taps.values() if abs(w) != 1)
        raise ProgramError(f"kernel '{label}': weight {float(odd):g}; bit planes take weights of -1, 0 and 1")
    if not 1 <= len(taps) <= MOST_TAPS:
        raise ProgramError(f"kernel '{label}': expected 1 to {MOST_TAPS} taps, got {len(taps)}")
    if source not in _POOL[:7]:
        raise ProgramError(f"expected the plane in one of R5..R11, got '{source}'")
    lines, bits = _shortest(taps, source)
    title = identifier(name or (label if label != "filter" else "count_taps"))
    analog = _analog(taps)
    text = _text(title, taps, lines, bits, source, analog)
    from scamp_sim.compiler.assembler import assemble

    program = assemble(text, name=title)
    _verify(program, taps, bits)
    words, rms, level, suits = analog
    return PlaneFilter(len(lines), tuple(bits), len(taps), text, program, words, rms, level, suits)


def _shortest(taps: Taps, source: str) -> tuple[list[str], list[str]]:
    """(words, planes of the count) of the walk over the taps, and of the way to wait, that takes the fewest words."""
    best: tuple[list[str], list[str]] | None = None
    failed: ProgramError | None = None
    for order in _walks(taps):
        for waiting in (3, 2, 1):  # where few planes wait for a third, adders take more words and fewer planes
            try:
                found = _count(taps, source, order, waiting)
            except ProgramError as error:
                failed = error
                continue
            if best is None or len(found[0]) < len(best[0]):
                best = found
    if best is None:
        assert failed is not None
        raise failed
    return best


def _walks(taps: Taps) -> list[list[Offset]]:
    """Orders of the taps: the nearest next, and row by row or column by column, there and back, from each corner. A
    step in another direction than the last takes words that steer."""
    left, at = sorted(taps), (0, 0)
    nearest: list[Offset] = []
    while left:
        at = min(left, key=lambda p: (abs(p[0] - at[0]) + abs(p[1] - at[1]), p))
        left.remove(at)
        nearest.append(at)
    walks = [nearest]
    for axis, down, back in product((0, 1), (1, -1), (1, -1)):
        walk: list[Offset] = []
        for k, line in enumerate(sorted({p[axis] for p in taps}, key=lambda v: down * v)):
            here = sorted((p for p in taps if p[axis] == line), key=lambda p: back * p[1 - axis])
            walk += here if k % 2 == 0 else here[::-1]
        walks.append(walk)
    return walks


def _count(taps: Taps, source: str, order: Sequence[Offset], waiting: int) -> tuple[list[str], list[str]]:
    """(words, planes of the count). order: of the taps; waiting: weights at which two planes may wait for a third."""
    build = _Builder(source)
    plane, at = source, (0, 0)
    levels: list[list[str]] = [[]]
    top = len(taps).bit_length() - 1

    def carry(level: int, bit: str) -> None:
        while len(levels) <= level:
            levels.append([])
        here = levels[level]
        if level == top and here:  # the highest bit is carried once at most
            total = build.take()
            build.word("OR", total, here[0], bit)
            build.drop(here[0], bit)
            levels[level] = [total]
        elif not here or (len(here) == 1 and level < waiting):
            here.append(bit)
        elif len(here) == 2:
            total, over = build.full_adder(here[0], here[1], bit)
            build.drop(bit)
            levels[level] = [total]
            carry(level + 1, over)
        else:
            total, over = build.half_adder(here[0], bit)
            levels[level] = [total]
            carry(level + 1, over)

    def make_room() -> None:
        """Count on where no plane is left beside those that steer."""
        for level in range(1, len(levels)):
            if build.room():
                return
            if len(levels[level]) == 2:
                total, over = build.half_adder(*levels[level])
                levels[level] = [total]
                carry(level + 1, over)

    for place in order:
        while at != place:
            step = (0, 1 if place[1] > at[1] else -1) if at[1] != place[1] else (1 if place[0] > at[0] else -1, 0)
            make_room()
            plane = build.shift(plane, step, plane in levels[0])
            at = (at[0] + step[0], at[1] + step[1])
        ones = levels[0]
        if len(ones) < 2 and taps[place] > 0:
            ones.append(plane)  # it stays where the next step leaves it
            continue
        bit = plane
        if taps[place] < 0:
            make_room()
            bit = build.take()
            build.word("NOT", bit, plane)
        if len(ones) < 2:
            ones.append(bit)
            continue
        total, over = build.full_adder(ones[0], ones[1], bit)
        if bit != plane:
            build.drop(bit)
        levels[0] = [total]
        carry(1, over)
    if plane not in levels[0]:
        build.drop(plane)
    level = 0
    while level < len(levels):
        if len(levels[level]) == 2:
            total, over = build.half_adder(*levels[level])
            levels[level] = [total]
            if level < top:
                carry(level + 1, over)
            else:  # the count never comes so far
                build.drop(over)
        level += 1
    if not build.lines:  # one tap where the plane is: its count is the plane
        copy = build.take()
        build.word("MOV", copy, plane)
        levels[0] = [copy]
    # a count of n taps has no more bits than n
    return build.lines, [some[0] for some in levels[: top + 1]]


def _analog(taps: Taps) -> tuple[int, float, float, str]:
    """(words, rms, level, what suits) on analog registers: a bit stands for +-level, and sums must be told apart."""
    from scamp_sim.compiler.filters.noise import predict
    from scamp_sim.compiler.filters.search.first import first_program
    from scamp_sim.silicon.profiles import load_profile

    steps = first_program((dict(taps),), "none", True)
    level = _LINEAR / len(taps)
    if steps is None:
        return 0, 0.0, level, "planes"
    rms = predict(steps, load_profile("scamp5"), level)[0].rms
    # neighbouring sums are 2 levels apart
    return len(steps), round(rms, 2), round(level, 1), "analog" if level > 3 * rms else "planes"


def _text(
    title: str,
    taps: Taps,
    lines: Sequence[str],
    bits: Sequence[str],
    source: str,
    analog: tuple[int, float, float, str],
) -> str:
    from scamp_sim.compiler.filters.emit import rows_text

    words, rms, level, suits = analog
    why = f"sums are {2 * level:g} LSB apart there, with {rms:g} LSB rms of noise"
    margin = 2 * max(max(abs(x), abs(y)) for x, y in taps)
    names = [f"count{k}" for k in range(len(bits))]
    head = [
        f"Count of agreeing taps on a bit plane, in {len(lines)} words, exact.",
        "",
        f"{', '.join(f'{n} = {b}' for n, b in zip(names, bits, strict=True))}: the count of {len(taps)} taps with",
        *(f"    {row}" for row in rows_text({k: Fraction(w) for k, w in taps.items()})),
        f"    for a plane of +-1 the weighted sum is 2 count - {len(taps)}",
        "",
        f"in:         plane -> {source}, overwritten; bits beyond the edge read 0",
        f"border:     exact inside a margin of {margin}: the plane walks out and back",
        "registers:  R0..R4 and R5..R11 as far as named below, overwritten",
        f"words:      {len(lines)}; on analog registers {words} or less: {why}",
        f"suits:      {suits}",
    ]
    body = "".join(f"    {line}\n" for line in lines)
    outputs = "".join(f"    output {n} = {b};\n" for n, b in zip(names, bits, strict=True))
    contract = "".join(f"/// {line}".rstrip() + "\n" for line in head)
    program = f"program {{\n    {title}();\n{outputs}}}\n"
    return f"{contract}\ninput plane -> {source};\n\nkernel {title} {{\n{body}}}\n\n{program}"


def _verify(program: Any, taps: Taps, bits: Sequence[str]) -> None:
    """Run it on random bits. Raises ScampError: a bug."""
    import numpy as np

    from scamp_sim.machine.machine import Machine

    side, most = 64, max(max(abs(x), abs(y)) for x, y in taps)
    plane = np.random.Generator(np.random.PCG64(11)).integers(0, 2, (side, side)).astype(np.bool_)
    run = Machine((side, side), engine="reference").run(program, inputs={"plane": plane})
    got = sum(run.outputs[f"count{k}"].astype(int) << k for k in range(len(bits)))
    padded = np.pad(plane, most).astype(int)
    want = np.zeros((side, side), int)
    for (dx, dy), w in taps.items():
        seen = padded[most - dy : most - dy + side, most + dx : most + dx + side]
        want += seen if w > 0 else 1 - seen
    inside = slice(2 * most, side - 2 * most)
    if not np.array_equal(got[inside, inside], want[inside, inside]):
        raise ScampError("internal: the adders do not count the taps in a run; please report it")


__all__ = ["MOST_TAPS", "PlaneFilter", "compile_planes"]
