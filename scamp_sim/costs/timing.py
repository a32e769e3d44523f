"""What a program costs: words, launches, host calls, modelled time, bytes that leave the chip, energy.

Counts are exact. Times are counts times the prices of a table. The cost of a program does not depend on data, so a
profile is a pure function of the program. Everything that shows a cost (profile, listing, trace) sums `step_cost`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from scamp_sim.chip.host import CHIP, DEFAULT, SetAddress, SetIn, actions
from scamp_sim.chip.isa import Clock
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import HostCall, Launch, Output, Program, Step, Word, stored_words
from scamp_sim.chip.readout import Volume, volume
from scamp_sim.costs.prices import CONSTANT, DATA, REQUIRED, Price, Timing, load_timing, timing_names
from scamp_sim.costs.profile import KernelCost, Profile, Readout, StepCost, tidy
from scamp_sim.exceptions import ScampError

OUTPUT = "scamp5_output_image"
"""The host function whose price the `output` of a register has."""

ON_BITS = ("dreg image", "bit rows")
"""Kinds of readouts that take whole rows of bits."""


MOST_KNOWN = 1 << 17
"""Host calls whose costs are kept for one table."""


def step_cost(
    step: Step,
    program: Program,
    timing: Timing,
    shape: tuple[int, int] = CHIP,
    options: ArrayOptions = DEFAULT,
) -> StepCost:
    """What one step of `program` costs on an array of `shape` PEs at the prices of `timing`."""
    if isinstance(step, Launch):
        kernel = program.kernels[step.kernel]
        # A kernel on the heap is launched like a static one; a dynamic one is recorded again before it is sent.
        launch = timing["launch.analog" if kernel.analog else "launch.digital"]
        record = timing["record.word"] * len(kernel.words) if kernel.storage == "dynamic" else 0.0
        words_us = timing.words_us(kernel.classes, kernel.highspeed)
        return StepCost(words=len(kernel.words), word_us=words_us, launch_us=launch + record)
    if isinstance(step, Output):
        moved = volume(step, shape)
        return StepCost(readout_us=_readout_us(OUTPUT, moved, timing), volume=moved)
    return _call_cost(step, _known_calls(timing, shape, options), timing, shape, options)[0]


Calls = dict[tuple[str, int | tuple[str | int, ...]], tuple[StepCost, Mapping[Clock, int]]]


def _known_calls(timing: Timing, shape: tuple[int, int], options: ArrayOptions) -> Calls:
    """The host calls whose costs are known at these prices."""
    known: Calls = timing.known.setdefault((shape, options), {})
    if len(known) > MOST_KNOWN:
        known.clear()
    return known


def _call_cost(
    step: HostCall, known: Calls, timing: Timing, shape: tuple[int, int], options: ArrayOptions
) -> tuple[StepCost, Mapping[Clock, int]]:
    """What a host call costs, and its words by class; worked out once for each list of operands."""
    alike = step.name, len(step.args)
    found = known.get(alike)
    if found is None:
        key = step.name, step.args
        found = known.get(key)
        if found is None:
            found = _priced(step, timing, shape, options)
            form = step.form
            same = not form.result and isinstance(form.words, int)  # the price does not go by the operands
            known[alike if same else key] = found
    return found


def _priced(
    step: HostCall, timing: Timing, shape: tuple[int, int], options: ArrayOptions
) -> tuple[StepCost, Mapping[Clock, int]]:
    moved = volume(step, shape)
    classes, addresses, constants, held = _issued(step, shape, options)
    words, own = sum(classes.values()), timing.own(step.name)
    held_us = held * timing.word_us(Clock.ANALOG) if CONSTANT in timing.rows else 0.0
    issued_us = timing.words_us(classes) - held_us + constants * timing.constant_us
    if moved is not None:
        readout_us = _readout_us(step.name, moved, timing) + (issued_us if own is None else 0.0)
        return StepCost(words=words, readout_us=readout_us, volume=moved), classes
    # A routine that goes to several places, such as the PEs of a line, turns to the array as many times (R). The price
    # of a constant is that of a whole call.
    turns = max(addresses, 0 if constants else 1)
    return StepCost(words=words, call_us=turns * timing["call"] + issued_us if own is None else own), classes


def _readout_us(function: str, moved: Volume | None, timing: Timing) -> float:
    """Price of a readout. The fixed part of a conversion is that of the whole call: published times are of calls."""
    own = timing.own(function)
    if own is not None or moved is None:
        return own or 0.0
    if moved.samples:
        return timing["adc.fixed"] + moved.samples * timing["adc.sample"]
    if moved.slots:
        return timing["call"] + moved.slots * timing["event.slot"]
    return timing["call"] + (moved.bytes * timing["dreg.byte"] if moved.kind in ON_BITS else 0.0)


def _issued(step: HostCall, shape: tuple[int, int], options: ArrayOptions) -> tuple[Mapping[Clock, int], int, int, int]:
    """Words by class, addresses and constants that a host routine gives to the array, and how many of the words the
    price of the constants holds: the two that take each from IN."""
    done = actions(step, shape, options)
    classes = Counter(a.clock for a in done if isinstance(a, Word))
    addresses, constants = (sum(isinstance(a, kind) for a in done) for kind in (SetAddress, SetIn))
    taken = sum(isinstance(a, Word) and "IN" in a.src for a in done)
    return classes, addresses, constants, 2 * taken


def profile(
    program: Program,
    timing: Timing,
    shape: tuple[int, int] = CHIP,
    options: ArrayOptions = DEFAULT,
) -> Profile:
    """What one run of `program` costs on an array of `shape` PEs at the prices of `timing`."""
    launches: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    call_times: dict[str, float] = {}
    classes: Counter[Clock] = Counter()
    readouts: list[Readout] = []
    kernel_costs: dict[str, StepCost] = {}
    known = _known_calls(timing, shape, options)
    word_us = launch_us = call_us = readout_us = 0.0
    host_words = 0
    for step in program.steps:
        if isinstance(step, Launch):
            launches[step.kernel] += 1
            cost = kernel_costs.get(step.kernel) or step_cost(step, program, timing, shape, options)
            kernel_costs[step.kernel] = cost
        elif isinstance(step, HostCall):
            cost, issued = _call_cost(step, known, timing, shape, options)
            calls[step.name] += 1
            host_words += cost.words
            for clock, count in issued.items():
                classes[clock] += count
            if cost.volume is None:
                call_times[step.name] = call_times.get(step.name, 0.0) + cost.us
        else:
            cost = step_cost(step, program, timing, shape, options)
        if cost.volume is not None and not isinstance(step, Launch):
            readouts.append(_readout(step, cost.volume, cost.us))
        word_us, launch_us = word_us + cost.word_us, launch_us + cost.launch_us
        call_us, readout_us = call_us + cost.call_us, readout_us + cost.readout_us
    for name, times in launches.items():
        for clock, count in program.kernels[name].classes.items():
            classes[clock] += times * count
    kernels = tuple(
        KernelCost(
            name,
            len(k.words),
            launches[name],
            launches[name] * len(k.words),
            tidy(launches[name] * kernel_costs[name].us) if name in kernel_costs else 0.0,
            k.highspeed,
            k.storage,
        )
        for name, k in program.kernels.items()
    )
    spent = {"words": word_us, "launches": launch_us, "host calls": call_us, "readout": readout_us}
    total, words, pixels = sum(spent.values()), classes.total(), shape[0] * shape[1]
    return Profile(
        program=program.name,
        timing=timing.name,
        shape=(shape[0], shape[1]),
        words=words,
        words_by_class={c.name.lower(): classes[c] for c in Clock if classes[c]},
        kernels=kernels,
        launches=launches.total(),
        host_calls=dict(calls),
        call_times={name: tidy(us) for name, us in call_times.items()},
        host_words=host_words,
        time_us=tidy(total),
        time_breakdown={name: tidy(us) for name, us in spent.items()},
        readouts=tuple(readouts),
        readout_bytes=sum(r.bytes for r in readouts),
        readout_bytes_with_headers=sum(r.bytes_with_headers for r in readouts),
        energy_uj=tidy(words * pixels * timing["energy.word"] * 1e-6),
        system_energy_uj=tidy(total * timing["power.system"]),
        stored_words=program.stored_words,
        note=timing.note,
    )


def _readout(step: Output | HostCall, moved: Volume, us: float) -> Readout:
    if isinstance(step, Output):
        name, function, register = step.name, OUTPUT, step.register
    else:
        registers = [str(register) for register, _ in step.registers]
        name, function = step.result or step.name.removeprefix("scamp5_"), step.name
        register = registers[0] if registers else ""
    return Readout(
        name,
        function,
        moved.kind,
        register,
        moved.elements,
        moved.bits,
        moved.bytes,
        moved.bytes_with_headers,
        tidy(us),
    )


def combine(parts: Iterable[tuple[Profile, int]], name: str) -> Profile:
    """The cost of several runs together: each profile as many times as is said with it.

    Kernels of the same name, length and storage count as one, in the store too: it is one store for all programs. The
    profiles must be of the same array and table, and there must be one at least; ScampError otherwise.
    """
    runs = [(p, n) for p, n in parts]
    if not runs:
        raise ScampError(f"{name}: no runs to add up")
    first = runs[0][0]
    for part, _ in runs:
        if (part.timing, part.shape) != (first.timing, first.shape):
            raise ScampError(
                f"{name}: runs on different arrays or at different prices cannot be added: {first.timing} on "
                f"{first.shape[0]}x{first.shape[1]}, {part.timing} on {part.shape[0]}x{part.shape[1]}"
            )
    found: dict[tuple[str, int, str], tuple[KernelCost, int, int, float]] = {}
    readouts: dict[Readout, int] = {}
    for part, n in runs:
        for k in part.kernels:
            key = (k.name, k.words, k.storage)
            alike, launches, words, us = found.get(key, (k, 0, 0, 0.0))
            found[key] = alike, launches + n * k.launches, words + n * k.total_words, tidy(us + n * k.time_us)
        for r in part.readouts:
            once = r if r.times == 1 else replace(r, times=1)
            readouts[once] = readouts.get(once, 0) + n * r.times
    kernels = [replace(k, launches=n, total_words=words, time_us=us) for k, n, words, us in found.values()]
    return replace(
        first,
        program=name,
        words=sum(n * p.words for p, n in runs),
        words_by_class={c: int(v) for c, v in _sum((p.words_by_class, n) for p, n in runs).items()},
        kernels=tuple(kernels),
        launches=sum(n * p.launches for p, n in runs),
        host_calls={c: int(v) for c, v in _sum((p.host_calls, n) for p, n in runs).items()},
        call_times=_sum((p.call_times, n) for p, n in runs),
        host_words=sum(n * p.host_words for p, n in runs),
        time_us=tidy(sum(n * p.time_us for p, n in runs)),
        time_breakdown=_sum((p.time_breakdown, n) for p, n in runs),
        readouts=tuple(r if n == 1 else replace(r, times=n) for r, n in readouts.items() if n),
        readout_bytes=sum(n * p.readout_bytes for p, n in runs),
        readout_bytes_with_headers=sum(n * p.readout_bytes_with_headers for p, n in runs),
        energy_uj=tidy(sum(n * p.energy_uj for p, n in runs)),
        system_energy_uj=tidy(sum(n * p.system_energy_uj for p, n in runs)),
        stored_words=stored_words((k.storage, k.words) for k in kernels),
        runs=sum(n * p.runs for p, n in runs),
    )


def _sum(parts: Iterable[tuple[Mapping[str, float], int]]) -> dict[str, float]:
    """Sums by name, in the order in which the names turn up."""
    total: dict[str, float] = {}
    for amounts, times in parts:
        for name, amount in amounts.items():
            total[name] = tidy(total.get(name, 0) + times * amount)
    return total


__all__ = [
    "DATA",
    "REQUIRED",
    "KernelCost",
    "Price",
    "Profile",
    "Readout",
    "StepCost",
    "Timing",
    "combine",
    "load_timing",
    "profile",
    "step_cost",
    "timing_names",
]
