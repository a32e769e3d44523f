"""What the microcontroller's routines do to the array: a host call becomes a short list of actions.

An action is an instruction word, or something that the controller does from outside: set the DAC or the address
latches, take a plane. Both engines carry out the same lists, so a host function is written once, here; what it gives
is worked out in `readout` from the planes that it takes.

The words inside the vendor's routines are not published. Lists here have the effect that is documented and the number
of words that published programs suggest (load_pattern 2, load_rect 3, load_in 2, one-pass flood 8: I).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import Bits
from scamp_sim.chip.program import HostCall, Launch, Program, Word
from scamp_sim.chip.routines import MASK_ALL
from scamp_sim.exceptions import ProgramError

CHIP = (256, 256)
DEFAULT = ArrayOptions()
DAC_CODES = 4095


@dataclass(frozen=True, slots=True)
class SetIn:
    """The DAC drives IN with `value` LSB in all PEs."""

    value: float

    @property
    def quiet(self) -> bool:
        """Whether IN is then at its top, where digital words do not disturb analog registers (D KIM note 6)."""
        return self.value >= dac(DAC_CODES)


@dataclass(frozen=True, slots=True)
class SetAddress:
    """The address latches change. SELECT and RECT both show what they match (D: one set of latches; I: both views).

    Chip addresses. A pattern is (r, c, rx, cx): PEs whose row and column equal r and c outside the bits set in rx, cx.
    A rectangle is (r0, c0, r1, c1): top-right and bottom-left corner, both included.
    """

    kind: str  # "pattern" or "rect"
    r: int
    c: int
    r1: int
    c1: int


@dataclass(frozen=True, slots=True)
class Amplify:
    """Where FLAG = 1, register := clip((register - black) * factor + black, low, high); all in LSB."""

    register: str
    factor: int
    black: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Take:
    """The controller reads the plane of `register`."""

    register: str


@dataclass(frozen=True, slots=True)
class Disturb:
    """A launch has ended on a digital word: what the controller does next couples into all analog registers."""


Action = Word | SetIn | SetAddress | Amplify | Take | Disturb

NUMBERED = (Word, SetIn, Amplify, Disturb)
"""Actions that draw random numbers, and are therefore counted."""


def execution(
    program: Program, shape: tuple[int, int], options: ArrayOptions, disturbs: bool = False, quiet: bool = False
) -> Iterator[Action]:
    """Everything that a program does to the array, in order.

    disturbs: whether launches disturb analog registers if their kernel ends on a digital word; they do not while IN is
        at the top of the DAC (D KIM note 6).
    quiet: whether it is there at the start.
    """
    for step in program.steps:
        if isinstance(step, Launch):
            words = program.kernels[step.kernel].words
            yield from words
            if disturbs and not quiet and not step.more and words and words[-1].clock is not isa.Clock.ANALOG:
                yield Disturb()
        elif isinstance(step, HostCall):
            for action in actions(step, shape, options):
                if isinstance(action, SetIn):
                    quiet = action.quiet
                yield action
        else:
            yield Take(step.register)


def address_mask(action: SetAddress, shape: tuple[int, int]) -> Bits:
    """The PEs that the latches match, upright. Here, in the fast engine's copy of it and in `readout` chip columns,
    counted from the right, turn round."""
    rows = np.arange(shape[0])[:, None]
    columns = np.arange(shape[1])[::-1][None, :]
    a = action
    if a.kind == "pattern":
        match: Bits = ((rows & ~a.r1) == (a.r & ~a.r1)) & ((columns & ~a.c1) == (a.c & ~a.c1))
        return match
    # A rectangle that is upside down is empty (Q19).
    inside: Bits = (rows >= a.r) & (rows <= a.r1) & (columns >= a.c) & (columns <= a.c1)
    return inside


def words_of(call: HostCall, shape: tuple[int, int] = CHIP, options: ArrayOptions = DEFAULT) -> list[Word]:
    """The instruction words that a host routine issues."""
    return [a for a in actions(call, shape, options) if isinstance(a, Word)]


def actions(call: HostCall, shape: tuple[int, int] = CHIP, options: ArrayOptions = DEFAULT) -> list[Action]:
    """What a host call does, in order. Raises ProgramError for a call that is not in the table."""
    form = isa.host_form(call.name, len(call.args))
    if form is None:
        raise ProgramError(f"host function '{call.name}' with {len(call.args)} operands is not known")
    numbers: list[Any] = list(call.args)  # typed by the table: the match below names what is what
    match (call.name.removeprefix("scamp5_").removeprefix("vs_"), *numbers):
        case ("in" | "load_in", a, v, temp):
            return _load_in(a, v, temp)
        case ("load_in", v):
            return [SetIn(v)]
        case ("load_dac", a, code, temp):
            return _load_in(a, dac(code), temp)
        case ("load_dac" | "scamp5_set_dac", code):
            return [SetIn(dac(code))]
        case ("get_image", yf, yh, gain):
            return _get_image(yf, yh, gain, options)
        case ("shift", a, h, v):
            return [*_shift_analog(a, h, "east", "west"), *_shift_analog(a, v, "north", "south")]
        case ("shift", d, h, v, boundary, refresh):
            east_west = _shift_bits(d, h, "east", "west", boundary, refresh)
            return [*east_west, *_shift_bits(d, v, "north", "south", boundary, refresh)]
        case ("diffuse", a, n, vert, horiz, t0):
            return _diffuse(a, n, bool(vert), bool(horiz), t0)
        case ("load_rect" | "load_region", d, *corners):
            return [SetAddress("rect", *corners), Word("CLR", (d,)), *_mov(d, "RECT", 2)]
        case (("load_point" | "load_pattern"), d, *address):
            return [_pattern(*address), *_mov(d, "SELECT", 2)]
        case (("select_point" | "select_pattern"), *address):
            return [_pattern(*address)]
        case ("select_rect", *corners):
            return [SetAddress("rect", *corners)]
        case ("select_row" | "select_rowx", r, *mask):
            return [_pattern(r, 0, mask[0] if mask else 0, MASK_ALL)]
        case ("select_col" | "select_colx", c, *mask):
            return [_pattern(0, c, MASK_ALL, mask[0] if mask else 0)]
        case ("draw_begin", d):
            return [Word("CLR", (d,))] if options.draw_clears else []
        case (("draw_pixel" | "draw_point" | "draw_rect" | "draw_line" | "draw_circle"), *_, into):
            return [a for address in drawn(call, shape) for a in _set(into, address)]
        case ("draw_negate", into):
            return [Word("NOT_R", (), (into,)), Word("REFRESH_L", (into,))]
        case ("flood", target, mask, boundary, iterations, use_local):
            return _flood(target, mask, boundary, iterations, bool(use_local))
        case ("global_count", d, temp, _):
            return [*_count(d, temp), Take(temp), _pattern(0, 0, MASK_ALL, MASK_ALL)]
        case ("global_or" | "global_sum_sparse", x, *address):
            return [Take(x), _pattern(*address)]
        case ("global_sum_region", x, *corners):
            return [Take(x), SetAddress("rect", *corners)]
        case ("read_areg", x, r, c):
            return [Take(x), _pattern(r, c)]
        case ("kernel_all",):
            return [Word("all")]
        case ("kernel_refresh_dreg",):
            return [w for r in isa.DIGITAL for w in _refresh(r)]
        case ("vision_chip_reset_exposure",):
            return [Word("rpix"), Word("rpix"), Word("nop")]
        case ("scamp5_rest" | "vision_chip_rest" | "draw_end" | "output_bitstack_begin" | "output_bitstack_end", *_):
            return []
    if isa.HOST[call.name][0].operands[0].use == "reads":
        # Whole planes: the readout addresses every PE, and leaves the latches so (R; on the chip they are in its use).
        return [Take(numbers[0]), _pattern(0, 0, MASK_ALL, MASK_ALL)]
    raise ProgramError(f"host function '{call.name}' has no actions yet")


def drawn(call: HostCall, shape: tuple[int, int]) -> list[SetAddress]:
    """Where a drawing call sets the bits of its register, in order; nowhere for all other calls."""
    numbers: list[Any] = list(call.args)
    match (call.name.removeprefix("scamp5_"), *numbers):
        case ("draw_pixel", r, c, _):
            return [_pattern(r % shape[0], c % shape[1])]
        case ("draw_point", r, c, _):
            return [_pattern(r, c)] if inside(r, c, shape) else []
        case ("draw_rect", *corners, _):
            return [SetAddress("rect", *corners)]
        case ("draw_line", r0, c0, r1, c1, repeat, _):
            return _points(line_points(r0, c0, r1, c1), bool(repeat), shape)
        case ("draw_circle", r, c, radius, repeat, _):
            return _points(circle_points(r, c, radius), bool(repeat), shape)
    return []


def dac(code: int) -> float:
    """LSB that a raw code of the converter gives: a straight line through -128 at 0 and 127 at 4095 (R)."""
    return code * 255 / DAC_CODES - 128


def inside(r: int, c: int, shape: tuple[int, int]) -> bool:
    return 0 <= r < shape[0] and 0 <= c < shape[1]


def _pattern(r: int, c: int, rx: int = 0, cx: int = 0) -> SetAddress:
    return SetAddress("pattern", r, c, rx, cx)


def _load_in(register: str, value: float, temp: str) -> list[Action]:
    return [SetIn(value), Word("bus", (temp,), ("IN",)), Word("bus", (register,), (temp,))]


def _mov(register: str, source: str, words: int) -> list[Action]:
    """register := source, cleared before: routines that load a plane take a word or two more than a plain MOV (I)."""
    return [*[Word("CLR", (register,))] * (words - 1), Word("MOV", (register,), (source,))]


def _refresh(register: str) -> list[Word]:
    return [Word("REFRESH_R", (), (register,)), Word("REFRESH_L", (register,))]


def _get_image(yf: str, yh: str, gain: int, options: ArrayOptions) -> list[Action]:
    black = options.pix_reset
    capture: list[Action] = [
        Word("bus", ("NEWS",), ("PIX",)),
        Word("bus", (yh,), ("PIX",)),
        Word("rpix"),
        Word("rpix"),
        Word("nop"),
        Word("bus", (yf,), (yh, "NEWS", "PIX")),
        Word("bus", (yh,), ("NEWS", "PIX")),
    ]
    if gain == 1:
        return capture
    # how the chip multiplies is not public: the words only take the time that a doubling is thought to need (Q14)
    idle = [Word("nop")] * (options.gain_words * (gain - 1))
    factor = 1 << (gain - 1)
    return [*capture, *idle, Amplify(yf, factor, black, -128, 127), Amplify(yh, factor, 0, 0, 127)]


def _shift_analog(register: str, steps: int, ahead: str, behind: str) -> Iterator[Word]:
    """Two PEs every two words: what is driven into the neighbour's NEWS is read from the neighbour beyond."""
    to, source = (ahead, behind) if steps > 0 else (behind, ahead)
    port, far = isa.DIRECTIONS[to].port, isa.DIRECTIONS[source].port
    for _ in range(abs(steps) // 2):
        yield Word("bus", (port,), (register,))
        yield Word("bus", (register,), (far,))
    if steps % 2:
        yield Word("bus", (port,), (register,))
        yield Word("bus", (register,), ("NEWS",))


def _shift_bits(register: str, steps: int, ahead: str, behind: str, boundary: int, refresh: int) -> Iterator[Word]:
    if not steps:
        return
    source = behind if steps > 0 else ahead
    yield Word("CLR", ("R1", "R2", "R3", "R4"))
    yield Word("SET", (isa.DIRECTIONS[source].gate,))
    for n in range(1, abs(steps) + 1):
        yield Word("DNEWS1" if boundary else "DNEWS0", (register,), (register,))
        if refresh and n % refresh == 0:
            yield from _refresh(register)


def _diffuse(register: str, rounds: int, vertical: bool, horizontal: bool, temp: str) -> list[Action]:
    if not (vertical or horizontal) or rounds < 1:
        return []
    links = [link for link, wanted in (("R1", vertical), ("R2", horizontal)) if wanted]
    op = "blur" if vertical and horizontal else "blurv" if vertical else "blurh"
    there_and_back = [Word(op, (temp,), (register,)), Word(op, (register,), (temp,))]
    return [Word("SET", tuple(links)), Word("blurset"), *there_and_back * rounds]


def _set(register: str, address: SetAddress) -> list[Action]:
    view = "RECT" if address.kind == "rect" else "SELECT"
    return [address, Word("OR_R", (), (register, view)), Word("REFRESH_L", (register,))]


def _points(points: list[tuple[int, int]], repeat: bool, shape: tuple[int, int]) -> list[SetAddress]:
    if repeat:
        points = [(r % shape[0], c % shape[1]) for r, c in points]
    return [_pattern(*p) for p in dict.fromkeys(points) if inside(*p, shape)]


def line_points(r0: int, c0: int, r1: int, c1: int) -> list[tuple[int, int]]:
    """The PEs on a straight line, ends included: one for each step along its longer axis."""
    steps = max(abs(r1 - r0), abs(c1 - c0))

    def along(start: int, stop: int, n: int) -> int:
        return start + (2 * n * (stop - start) + steps) // (2 * steps) if steps else start

    return [(along(r0, r1, n), along(c0, c1, n)) for n in range(steps + 1)]


def circle_points(row: int, column: int, radius: int) -> list[tuple[int, int]]:
    """The PEs on a circle: in each octant the one nearest to it, for every step."""
    found = []
    for a in range(radius + 1):
        b = round((radius * radius - a * a) ** 0.5)
        if b < a:
            break
        found += [(row + s * x, column + t * y) for x, y in ((a, b), (b, a)) for s in (1, -1) for t in (1, -1)]
    return found


def _flood(target: str, mask: str, boundary: int, iterations: int, use_local: bool) -> list[Action]:
    """The public native version; CLR is the word by which the count of a released program is longer (I)."""
    words: list[Word] = [] if use_local else [Word("SET", ("R1", "R2", "R3", "R4"))]
    if target != "R12":
        words += [Word("SET", ("R0",)), Word("CLR", ("R12",)), Word("MOV", ("R12",), (target,))]
    if mask != "R0":
        words.append(Word("MOV", ("R0",), (mask,)))
    words += [Word("PROP_R"), Word("PROP_1" if boundary else "PROP_0")] * iterations
    return [*words, Word("MOV", (target,), ("R12",))] if target != "R12" else [*words]


def _count(bits: str, temp: str) -> list[Action]:
    """temp := the top of the converter's range where the bit is 1, else its bottom."""
    low: list[Action] = [SetIn(-128), Word("bus", ("NEWS",), ("IN",)), Word("bus", (temp,), ("NEWS",))]
    high: list[Action] = [SetIn(127), Word("bus", ("NEWS",), ("IN",)), Word("bus", (temp,), ("NEWS",))]
    return [Word("all"), *low, Word("WHERE", (), (bits,)), *high, Word("all")]
