"""The interpretation of a program over ranges: what every word and host call does to what is known.

The plain statement of what a word does to values is `engine/reference.py`; here is the same for forms. Tests hold the
two together: what the engine computes lies within what is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from scamp_sim.chip import host, isa
from scamp_sim.chip.isa import PORT_DIRECTION, PORTS, Gate
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import HostCall, Launch, Output, Program, Word
from scamp_sim.chip.readout import volume
from scamp_sim.chip.trace import described
from scamp_sim.costs.timing import Timing, step_cost
from scamp_sim.ranges.ages import Ages, Item
from scamp_sim.ranges.forms import ZERO, Interval, Symbols, hull, magnitude
from scamp_sim.ranges.limits import Limits
from scamp_sim.ranges.state import FALSE, TRUE, State, Value

MARGIN = 1e-3
"""LSB by which a condition must hold, or a limit be passed, to be sure of it: engines compute with float32."""


@dataclass
class Spot:
    """A place of the text where something leaves its limits: the worst case, and how it came about first.

    item, register, low, high, roots: what gives the worst case, where, its range in LSB, the inputs and constants that
        it comes from.
    times: how often.
    first, word, operands: what did so first, its number in the run, and what went into it, with the ranges.
    """

    first: Item
    word: int
    operands: tuple[tuple[str, Interval], ...]
    item: Item
    register: str
    low: float
    high: float
    roots: tuple[str, ...] = ()
    times: int = 0


@dataclass
class Walk:
    """One run of a program over ranges.

    start: the values with which registers begin, by name; others hold 0.
    """

    program: Program
    timing: Timing
    shape: tuple[int, int]
    options: ArrayOptions
    limits: Limits
    start: Mapping[str, tuple[Interval, str]]
    given: frozenset[str]
    flag_open: bool = True
    saturations: dict[object, Spot] = field(default_factory=dict)
    clips: dict[object, Spot] = field(default_factory=dict)
    ranges: dict[str, Interval] = field(default_factory=dict)
    outputs: dict[str, Interval] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    us: float = 0.0
    words: int = 0

    def __post_init__(self) -> None:
        self.symbols = Symbols(self.shape)
        self.state = State(self.symbols)
        self.ages = Ages(self.given)
        reset = self.options.pix_reset
        self.dark = self.symbols.new(reset, reset)
        self.item: Item | None = None
        for register, (interval, root) in self.start.items():
            if register == "PIX":  # above the reset level, so that what a capture takes off cancels
                light = self.symbols.new(interval[0] - reset, interval[1] - reset, [root])
                self.state.analog[register] = self.symbols.combined([(1.0, self.dark), (1.0, light)])
            else:
                self.state.analog[register] = self.symbols.new(*interval, [root])
        if not self.flag_open:
            self.state.bits["FLAG"] = self.state.new_bit()

    # --- steps ---

    def run(self) -> None:
        for step in self.program.steps:
            cost = step_cost(step, self.program, self.timing, self.shape, self.options)
            start, self.us = self.us, self.us + cost.us
            if isinstance(step, Launch):
                self._launch(step, start + cost.launch_us)
            elif isinstance(step, Output):
                self.take(step, step.register, start)
            else:
                self._call(step, start)

    def _launch(self, step: Launch, us: float) -> None:
        kernel = self.program.kernels[step.kernel]
        price = {clock: self.timing.word_us(clock, kernel.highspeed) for clock in kernel.classes}
        for word in kernel.words:
            self.item = word
            self.execute(word, us, us)
            us += price[word.clock]

    def _call(self, call: HostCall, start: float) -> None:
        """Its words write when it begins, and read when it ends; a readout takes its plane when it begins."""
        for action in host.actions(call, self.shape, self.options):
            self.item = call
            if isinstance(action, Word):
                self.execute(action, start, self.us)
            elif isinstance(action, host.SetIn):
                root = f"the constant {action.value:g}{_line(call)}"
                self.state.analog["IN"] = self.symbols.new(action.value, action.value, [root])
            elif isinstance(action, host.Amplify):
                self._amplify(action)
            elif isinstance(action, host.SetAddress):
                self._address(action)
            elif isinstance(action, host.Take):
                self.take(call, action.register, start)

    def take(self, step: HostCall | Output, register: str, us: float) -> None:
        """A plane leaves the array, by way of the converter if it is analog."""
        self.ages.read(register, us, step)
        self.read.add(register)
        moved = volume(step, self.shape)
        if register not in self.state.analog or moved is None or not moved.samples:
            return
        value = self.state.analog[register]
        low, high = self.state.range(value)
        name = step.name if isinstance(step, Output) else step.result or register
        self.outputs[name] = hull(self.outputs.get(name, (low, high)), (low, high))
        if low < self.limits.converter[0] - MARGIN or high > self.limits.converter[1] + MARGIN:
            self._note(self.clips, step, register, (low, high), (), value)

    def _note(
        self,
        spots: dict[object, Spot],
        item: Item,
        register: str,
        interval: Interval,
        operands: Iterable[tuple[str, Interval]],
        value: Value,
    ) -> None:
        origin = item.origin
        place: object = (origin.file, origin.line, origin.column) if origin is not None else id(item)
        spot = spots.get(place)
        if spot is None:
            spot = spots[place] = Spot(item, self.words, tuple(operands), item, register, *interval)
        spot.times += 1
        if spot.times == 1 or magnitude(interval) > magnitude((spot.low, spot.high)):
            spot.item, spot.register, (spot.low, spot.high) = item, register, interval
            spot.roots = self.symbols.origins(self.state.whole(value))

    # --- words ---

    def execute(self, word: Word, written: float, read: float) -> None:
        self.words += 1
        row, flag = word.row, self.state.flag
        gated = row.gate is Gate.FLAG
        item = self.item
        assert item is not None
        for source in (*word.src, *row.reads):
            self.read.add(source)
            if source in PORTS:
                self.ages.read("NEWS", read, item)
            else:
                own = gated and source in isa.ANALOG
                self.ages.read(source, read, item, flag if own else TRUE)
        refreshing = self.state.bits[isa.LATCH] == self.state.bits["R12"]
        masks = {"R12": TRUE if word.op == "REFRESH_L" and refreshing else self.state.bits["R0"]}
        EFFECTS[word.op](self, word)
        for target in (*word.dst, *row.writes):
            if gated:
                self.ages.write("NEWS" if target in PORTS else target, written, item, flag)
            else:
                self.ages.write(target, written, item, masks.get(target, TRUE))

    def parts(self, sources: Iterable[str], factor: float = 1.0) -> list[tuple[float, Value]]:
        """What a bus sees, as multiples of values; a register that is named twice counts once."""
        named = dict.fromkeys(sources)
        found: list[tuple[float, Value]] = [(factor, self.state.analog[r]) for r in named if r not in PORTS]
        ports = [r for r in named if r in PORTS]
        share = factor / len(ports) if ports and self.options.port_mix == "mean" else factor
        for port in ports:
            d = PORT_DIRECTION[port]
            news = self.state.whole(self.state.analog["NEWS"])
            found.append((share, self.symbols.shifted(news, d.row, d.column)))
        return found

    def drive(self, word: Word, value: Value, sources: Iterable[Value]) -> None:
        """Every PE's bus carries `value`; the destinations of the word take it."""
        state, flag = self.state, self.state.flag
        before = [state.where(s, flag) if abs(flag) != TRUE else s for s in sources]
        for register in dict.fromkeys(word.dst):
            if register != "NEWS" and register not in PORTS:
                self.store(register, value, word.src, before)
        ports = [PORT_DIRECTION[r] for r in dict.fromkeys(word.dst) if r in PORTS]
        if ports:
            # a PE with FLAG = 0 drives nothing (Q4)
            driven = state.whole(value if flag == TRUE else state.split(flag, state.where(value, flag), ZERO))
            parts: list[tuple[float, Value]] = [(1.0, self.symbols.shifted(driven, -d.row, -d.column)) for d in ports]
            self.store("NEWS", state.summed(parts + [(1.0, value)] * ("NEWS" in word.dst), flag), word.src, before)
        elif "NEWS" in word.dst:
            self.store("NEWS", value, word.src, before)

    def store(self, register: str, value: Value, names: Collection[str], sources: Iterable[Value]) -> None:
        """Write a register where FLAG = 1, and see whether it stays within the limits."""
        state, flag, limits = self.state, self.state.flag, self.limits
        if flag == FALSE:
            return
        if flag == TRUE:
            interval = state.range(value)
        else:
            value = state.where(value, flag)
            interval = state.given(value, flag)
        size = magnitude(interval)
        if size > limits.linear + MARGIN:
            into = [state.range(s) for s in sources]
            # what only passes on what was too large before is no news
            if size > max(map(magnitude, into), default=0.0) + MARGIN:
                assert self.item is not None
                # in the order of `parts`: own cells before ports
                operands = zip(sorted(dict.fromkeys(names), key=lambda r: r in PORTS), into, strict=False)
                self._note(self.saturations, self.item, register, interval, operands, value)
            if size > limits.far:
                interval = max(interval[0], -limits.far), min(interval[1], limits.far)
                value = self.symbols.new(*interval, self.symbols.origins(state.whole(value)))
        if flag != TRUE:
            value = state.split(flag, state.where(value, flag), state.where(state.analog[register], -flag))
        state.analog[register] = value
        known = self.ranges.get(register)
        self.ranges[register] = interval if known is None else hull(known, interval)

    def _amplify(self, a: host.Amplify) -> None:
        old = self.state.whole(self.state.analog[a.register])
        black = self.symbols.new(a.black * (1 - a.factor), a.black * (1 - a.factor))
        value = self.symbols.combined([(float(a.factor), old), (1.0, black)])
        low, high = self.symbols.range(value)
        if low < a.low or high > a.high:
            clipped = [min(max(v, a.low), a.high) for v in (low, high)]
            value = self.symbols.new(clipped[0], clipped[1], self.symbols.origins(value))
        self.store(a.register, value, (), [value])

    def _address(self, a: host.SetAddress) -> None:
        axes = zip((a.r, a.c), (a.r1, a.c1), _powers(self.shape), strict=True)
        ignored = ((address | (n - 1)) & ~mask == 0 for address, mask, n in axes)
        every = a.kind == "pattern" and all(ignored)
        literal = TRUE if every else self.state.new_bit((a.kind, a.r, a.c, a.r1, a.c1))
        self.state.bits["SELECT"] = self.state.bits["RECT"] = literal


def _powers(shape: tuple[int, int]) -> tuple[int, int]:
    """The powers of two that reach over the array's addresses."""
    return 1 << (shape[0] - 1).bit_length(), 1 << (shape[1] - 1).bit_length()


def _line(item: Item) -> str:
    return f" of line {item.origin.line}" if item.origin is not None else f" of {described(item)}"


def _bus(w: Walk, word: Word) -> None:
    parts = w.parts(word.src, -1.0 / len(dict.fromkeys(word.dst)))
    w.drive(word, w.state.summed(parts, w.state.flag), [v for _, v in parts])


def _where(w: Walk, word: Word) -> None:
    # each source as a whole, so that the condition says something of each
    condition = w.symbols.combined([(c, w.state.whole(v)) for c, v in w.parts(word.src)])
    low, high = w.symbols.range(condition)
    if low > MARGIN or high < -MARGIN:
        w.state.bits["FLAG"] = TRUE if low > 0 else FALSE
        return
    w.state.bits["FLAG"] = bit = w.state.new_bit()
    w.state.conditions[bit] = condition


def _all(w: Walk, word: Word) -> None:
    w.state.bits["FLAG"] = TRUE


def _rpix(w: Walk, word: Word) -> None:
    state = w.state
    spared = state.flag if w.options.flag_gates_rpix else TRUE
    state.analog["PIX"] = state.split(spared, w.dark, state.where(state.analog["PIX"], -spared))


def _nothing(w: Walk, word: Word) -> None:
    """nop, blurset and PROP_R change no register."""


def _blur(w: Walk, word: Word) -> None:
    x = w.state.whole(w.state.summed(w.parts(word.src)))
    if all(w.state.bits[link] == FALSE for link in word.row.reads):
        value = w.symbols.combined([(-1.0, x)])
    else:  # a mean of values, each with a weight from 0 to 1
        low, high = w.symbols.range(x)
        value = w.symbols.new(-high, -low, w.symbols.origins(x))
    w.drive(word, value, [x])


def _where_bits(w: Walk, word: Word) -> None:
    w.state.bits["FLAG"] = w.state.any_of(word.src)


def _constant(literal: int) -> Callable[[Walk, Word], None]:
    return lambda w, word: _store_bits(w, word, literal)


def _combine(sign: int) -> Callable[[Walk, Word], None]:
    return lambda w, word: _store_bits(w, word, sign * w.state.any_of(word.src))


def _store_bits(w: Walk, word: Word, literal: int) -> None:
    # R12 first: a word that also sets R0 gates it by the R0 from before.
    for register in sorted(word.dst, key=lambda r: r != "R12"):
        w.state.store_bit(register, literal)


def _latch(sign: int) -> Callable[[Walk, Word], None]:
    def effect(w: Walk, word: Word) -> None:
        w.state.bits[isa.LATCH] = sign * w.state.any_of(word.src)

    return effect


def _write_back(w: Walk, word: Word) -> None:
    w.state.store_bit(word.dst[0], w.state.bits[isa.LATCH])


def _spread(w: Walk, word: Word) -> None:
    """DNEWS and PROP: bits from elsewhere."""
    for register in word.dst or word.row.writes:
        w.state.store_bit(register, w.state.new_bit())


EFFECTS: dict[str, Callable[[Walk, Word], None]] = {
    "bus": _bus,
    "bus2": _bus,
    "bus3": _bus,
    "where": _where,
    "all": _all,
    "rpix": _rpix,
    "nop": _nothing,
    "blur": _blur,
    "blurh": _blur,
    "blurv": _blur,
    "blurset": _nothing,
    "WHERE": _where_bits,
    "SET": _constant(TRUE),
    "CLR": _constant(FALSE),
    "MOV": _combine(1),
    "OR": _combine(1),
    "NOT": _combine(-1),
    "NOR": _combine(-1),
    "DNEWS0": _spread,
    "DNEWS1": _spread,
    "PROP_R": _nothing,
    "PROP_0": _spread,
    "PROP_1": _spread,
    "REFRESH_R": _latch(1),
    "NOT_R": _latch(-1),
    "OR_R": _latch(1),
    "NOR_R": _latch(-1),
    "REFRESH_L": _write_back,
}
"""Native word -> what it does to what is known. A test checks that it covers the table in `scamp_sim.chip.isa`."""
