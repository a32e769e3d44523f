"""`compile_filter`: from kernels to a verified program with its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from scamp_sim.checks import integer
from scamp_sim.compiler.filters.allocate import Demand, check_demand
from scamp_sim.compiler.filters.choice import LINEAR, Picture, Ranked, by_noise, by_words, front, ranked
from scamp_sim.compiler.filters.contract import contract_of, written
from scamp_sim.compiler.filters.emit import fraction_text, identifier, kernel_text
from scamp_sim.compiler.filters.generate import LEAST_WORK, RATE, search
from scamp_sim.compiler.filters.kernel import Taps, times
from scamp_sim.compiler.filters.noise import INPUT_RMS, predict
from scamp_sim.compiler.filters.pool import Search, Tick, why_none
from scamp_sim.compiler.filters.read import MOST_DEPTH, MOST_KERNELS, Given, Rounded, kernels_of, number, rounded
from scamp_sim.compiler.filters.task import HALVINGS, OBJECTIVES, OFFSETS, SIGNS, Candidate, Task
from scamp_sim.compiler.filters.verify import verify
from scamp_sim.exceptions import ProgramError
from scamp_sim.text import short

BRIGHT = 64
"""LSB: the mean of a bright picture, half of full scale, for which programs that do not bear it say so."""


@dataclass(frozen=True)
class CompiledFilter:
    """A program for one or several kernels, and what is known of it.

    - words: instruction words.
    - lower_bound: no program that answers the same options has fewer words.
    - without_halving: no program of words with one destination has fewer words, at least lower_bound.
    - optimal: words == lower_bound, and every shorter length was exhausted under the same options.
    - error: largest difference between a weight asked for and the weight made.
    - offset: of each output, in units of one transfer (about 20 LSB on a chip), by name; noise: of each output in LSB,
      predicted for the chip profile, by name.
    - margin: PEs from the border (north, south, west, east) inside which the result equals zero-padded correlation.
    - text: a kernel file; program: it assembled.
    - outputs: name -> register; signs: name -> 1, or -1 where a negated result was accepted; kernels: name -> weights
      made,
      {(columns east, rows north): Fraction}.
    - largest: no value exceeds so many times the input's largest magnitude; flat: none exceeds so many times the level
      of a flat picture.
    - states: looks at values that the search took, of so many as the budget allowed.
    - pareto: programs that are better in words or in predicted rms, ((words, rms, text), ...).
    """

    words: int
    lower_bound: int
    optimal: bool
    error: float
    offset: Any
    noise: Any
    margin: tuple[int, int, int, int]
    text: str
    program: Any = field(repr=False, compare=False)
    outputs: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=dict)
    kernels: Mapping[str, Taps] = field(default_factory=dict)
    largest: float = 1.0
    flat: float = 1.0
    states: int = 0
    seed: int = 0
    notes: tuple[str, ...] = ()
    pareto: tuple[tuple[int, float, str], ...] = ()
    interrupted: bool = False
    without_halving: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON, the program left out."""
        plain = {k: v for k, v in vars(self).items() if k not in ("program", "kernels", "pareto")}
        plain["kernels"] = {
            name: [{"east": x, "north": y, "weight": fraction_text(w)} for (x, y), w in sorted(taps.items())]
            for name, taps in self.kernels.items()
        }
        plain["pareto"] = [{"words": w, "rms": rms, "text": text} for w, rms, text in self.pareto]
        return plain


def compile_filter(
    kernels: Any,
    scale: Any = 1,
    offset: str = "zero",
    halving: str = "single",
    seconds: float = 20,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    depth: int = MOST_DEPTH,
    input: str = "A",
    outputs: Sequence[str] | None = None,
    keep_input: bool = False,
    registers: Sequence[str] = "ABCDEF",
    objective: str = "words",
    limit: float | None = None,
    amplitude: float = 127,
    sign: str = "exact",
    states: int | None = None,
    profile: Any = "scamp5",
    rms: float = INPUT_RMS,
    mean: float = 0.0,
    name: str | None = None,
    pareto: bool = False,
    library: bool = True,
    tick: Tick | None = None,
) -> CompiledFilter:
    """The shortest words found for convolution kernels, verified symbolically and by a run.

    - kernels: one kernel, or {name: kernel}; a kernel is an array or nested list of rows (row 0 on top, column 0 left,
      correlation as `scipy.ndimage.correlate`: of n rows or columns number n // 2 is the centre), or text as on the
      command line.
    - scale: weights are divided by it.
    - offset: of results, in transfers, about 20 LSB each on a chip: "zero", "any" (reported), "macros" (only pairs of
      words, as macros have).
    - halving: "single" words with two destinations, "macro" (through NEWS, as divq), "exact" (as div: five words,
      free of
      split mismatch), "none".
    - seconds: the budget, of which a number of states is made that does not depend on the machine; states: the budget
      itself.
    - seed: of the random choices; the same arguments give the same text.
    - tolerance: largest error of a weight; depth: weights become integers over up to 2^depth.
    - input, outputs: registers of the picture and of the results; keep_input: whether the picture stays; registers:
      at hand.
    - objective: "words", "noise" (predicted rms), or "words,noise" (the first by words; `pareto` lists the trade).
    - limit: LSB that no value may leave for an input within +-amplitude; None: no limit.
    - sign: "exact", or "either": a negated result is accepted and named.
    - profile: the chip profile that noise is predicted for.
    - rms, mean: of the picture, in LSB. With a mean, what is left of it counts as noise, and no value leaves the limit
      (without one: 150 LSB) for a flat picture of this level.
    - name: of the kernel in the text.
    - pareto: whether programs that trade words for noise are listed.
    - library: whether programs that are known already may be taken: those of the classic filters of
      `scamp-sim filter --list`, mirrored and turned.

    Raises ProgramError: empty or all-zero kernels, several channels, weights that no depth reaches, too few
    registers, a range
    that cannot be kept, unknown options.
    """
    given = kernels if isinstance(kernels, Given) else kernels_of(kernels)
    _check_choice("offset", offset, OFFSETS)
    _check_choice("halving", halving, HALVINGS)
    _check_choice("objective", objective, OBJECTIVES)
    _check_choice("sign", sign, SIGNS)
    work = _work(seconds, states)
    integer("seed", seed, 0, (1 << 31) - 1)
    if name is not None and not isinstance(name, str):
        raise ProgramError(f"expected the name of a kernel as text, got {name!r:.40}")
    if not 1 <= len(given.kernels) <= MOST_KERNELS:
        raise ProgramError(
            f"expected 1 to {MOST_KERNELS} kernels, got {len(given.kernels)}: each result takes one of the registers "
            "A..F; make the others by a second program, with keep_input"
        )
    wanted = _rounded(given, scale, tolerance, depth)
    cap = _cap(limit, amplitude)
    _check_names("registers", registers)
    if outputs is not None:
        _check_names("outputs", outputs)
    if isinstance(rms, bool) or not isinstance(rms, (int, float)) or not 0 <= rms < 1e9:
        raise ProgramError(f"expected rms of the picture to be a number of 0 or more, got {rms!r:.40}")
    if isinstance(mean, bool) or not isinstance(mean, (int, float)) or not abs(mean) < 1e9:
        raise ProgramError(f"expected mean of the picture to be a number, got {mean!r:.40}")
    picture = Picture(float(mean), float(rms))
    demand = Demand(
        tuple(str(r) for r in registers),
        str(input),
        None if outputs is None else tuple(str(o) for o in outputs),
        bool(keep_input),
    )
    check_demand(demand, len(wanted))
    from scamp_sim.silicon.setup import parse_profile

    chip = profile if hasattr(profile, "knobs") else parse_profile(profile)
    task = Task(
        tuple(wanted),
        tuple(w.taps for w in wanted.values()),
        offset,
        halving,
        objective,
        sign,
        cap,
        _flat_cap(limit, picture.mean),
        demand,
        seed,
        library,
    )
    found, task = _search(task, wanted, Fraction(tolerance), work, tick)
    if not found.pool:
        raise why_none(found)
    some = ranked(found, chip, picture)
    pick = min(some, key=by_noise if objective == "noise" else by_words)
    made = dict(zip(task.names, task.goals, strict=True))
    trades = front(some) if pareto or objective == "words,noise" else []
    results = [
        _result(r, task, found, wanted, made, chip, work, seed, name, given.notes, picture) for r in [pick, *trades]
    ]
    trade = tuple((r.words, _worst(r.noise), r.text) for r in results[1:])
    return replace(results[0], pareto=trade)


def _check_choice(what: str, value: Any, known: Sequence[str]) -> None:
    if value not in known:
        raise ProgramError(f"expected {what} to be one of {', '.join(known)}, got {value!r:.40}")


def _check_names(what: str, value: Any) -> None:
    if not isinstance(value, (str, Sequence)):
        raise ProgramError(f"expected {what} to be a text or list of registers, got {value!r:.40}")


def _work(seconds: float, states: int | None) -> int:
    for what, value in (("seconds", seconds), ("states", states)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e15:
            raise ProgramError(f"expected a budget of more than 0 {what}, got {value!r:.40}")
    if states is not None and states < 1:
        raise ProgramError(f"expected a budget of at least 1 state, got {states!r:.40}")
    return int(states) if states is not None else int(seconds * RATE)


def _rounded(given: Given, scale: Any, tolerance: float, depth: int) -> dict[str, Rounded]:
    factor = number(scale, "scale", "number")
    if not 0 < factor <= 1 << 32:
        raise ProgramError(f"expected a scale above 0 and at most {1 << 32}, got {short(str(scale), 40)}")
    if isinstance(depth, bool) or not isinstance(depth, int) or not 0 <= depth <= MOST_DEPTH:
        raise ProgramError(f"expected a depth in 0..{MOST_DEPTH}, got {depth!r:.40}")
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1e6:
        raise ProgramError(f"expected a tolerance of 0 or more, got {tolerance!r:.40}")
    return {n: rounded(rows, factor, n, Fraction(tolerance), depth) for n, rows in given.kernels.items()}


def _cap(limit: float | None, amplitude: float) -> Fraction | None:
    for what, value in (("limit", limit), ("amplitude", amplitude)):
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9
        ):
            raise ProgramError(f"expected {what} to be a number above 0, got {value!r:.40}")
    if limit is None:
        return None
    cap = Fraction(limit) / Fraction(amplitude)
    if cap < 1:
        raise ProgramError(
            f"the input itself leaves the range: its amplitude is {amplitude:g} and the limit {limit:g} LSB"
        )
    return cap


def _flat_cap(limit: float | None, mean: float) -> Fraction | None:
    if not mean:
        return None
    most = Fraction(LINEAR if limit is None else limit)
    if abs(mean) > most:
        raise ProgramError(
            f"the picture itself leaves the range: its mean is {mean:g} and the limit {float(most):g} LSB"
        )
    return most / abs(Fraction(mean))


def _search(
    task: Task, wanted: Mapping[str, Rounded], tolerance: Fraction, work: int, tick: Tick | None
) -> tuple[Search, Task]:
    """The best of the kernel and of those that the tolerance and the sign allow."""
    variants = [task]
    if tolerance and len(task.goals) == 1:
        from scamp_sim.compiler.filters.approximate import approximations

        exact = next(iter(wanted.values())).exact
        variants += [replace(task, goals=(g,)) for g in approximations(exact, tolerance, task.goals[0])]
    if task.sign == "either":
        variants += [replace(v, goals=tuple(times(g, Fraction(-1)) for g in v.goals)) for v in list(variants)]
    best: tuple[Search, Task] | None = None
    bounds: dict[Any, int] = {}

    def kernel(goals: Sequence[Taps], sign: int = 1) -> Any:
        return tuple(tuple(sorted(times(g, Fraction(sign)).items())) for g in goals)

    # a budget that would not do for a search of each goes to those whose first programs are shortest
    if work >= LEAST_WORK > work // len(variants):
        firsts = {k: search(v, 0).best for k, v in enumerate(variants)}
        few = sorted(sorted(firsts, key=lambda k: (firsts[k], k))[: work // LEAST_WORK])
        variants = [variants[k] for k in few]
    for variant in variants:
        found = search(variant, work // len(variants), tick)
        bounds[kernel(variant.goals)] = found.lower_bound
        if best is None or (found.pool and (not best[0].pool or found.best < best[0].best)):
            best = found, variant
        if found.interrupted:
            best[0].interrupted = True
            break
    assert best is not None
    # a bound is one for the weights that are made, of either sign where both are accepted
    goals = best[1].goals
    best[0].lower_bound = min(bounds[kernel(goals)], bounds.get(kernel(goals, -1), 99))
    return best


def _dim(c: Candidate, task: Task, room: float, picture: Picture) -> list[str]:
    """Said where bright pictures leave the linear range on the way, though not in the result."""
    own = max(abs(sum(g.values(), Fraction(0))) for g in task.goals)
    if picture.mean or float(own) * BRIGHT > LINEAR or float(c.flat) * BRIGHT <= room:
        return []
    return [
        f"of pictures whose mean is beyond {room / float(c.flat):.0f} LSB values on the way leave the linear range; "
        f"a mean of {BRIGHT} given (--mean {BRIGHT}) asks for a program that bears brighter ones"
    ]


def _worst(noise: Any) -> float:
    return max(float(n["rms"]) for n in (noise.values() if "rms" not in noise else [noise]))


def _result(
    shown: Ranked,
    task: Task,
    found: Search,
    wanted: Mapping[str, Rounded],
    made: Mapping[str, Taps],
    chip: Any,
    work: int,
    seed: int,
    name: str | None,
    notes: Sequence[str],
    picture: Picture,
) -> CompiledFilter:
    from scamp_sim.compiler.assembler import assemble

    c, noise = shown.candidate, shown.noise
    # what the offsets on the way leave of the range, whatever the picture
    dark = predict(c.steps, chip) if picture.mean else noise
    room = max(LINEAR - max(n.peak for n in dark), 0)
    reach = [max(v.reach[k] for v in c.outputs) for k in range(4)]
    margin = (reach[3], reach[2], reach[0], reach[1])
    errors = {
        n: max(abs(w.exact.get(k, Fraction(0)) - made[n].get(k, Fraction(0))) * 1 for k in {*w.exact, *made[n]})
        for n, w in wanted.items()
    }
    # a negated kernel was searched for in place of the kernel itself
    signs = {}
    for n, v in zip(task.names, c.outputs, strict=True):
        as_asked = max(
            abs(v.taps.get(k, Fraction(0)) - wanted[n].exact.get(k, Fraction(0))) for k in {*v.taps, *wanted[n].exact}
        )
        negated = max(
            abs(v.taps.get(k, Fraction(0)) + wanted[n].exact.get(k, Fraction(0))) for k in {*v.taps, *wanted[n].exact}
        )
        signs[n] = 1 if as_asked <= negated else -1
        errors[n] = min(as_asked, negated)
    kernel = identifier(name or ("filters" if len(task.names) > 1 else task.names[0]))
    taken = ["image", kernel]
    names = []
    for n in task.names:
        taken.append(identifier(n if len(task.names) > 1 else "result", taken))
        names.append(taken[-1])
    places = {n: c.places[o] for n, o in zip(task.names, c.steps.outputs, strict=True)}
    kept = "kept" if task.demand.keep or c.places[0] not in written(c) else "overwritten"
    contract = contract_of(
        c, task, found, noise, errors, signs, margin, chip, work, seed, places, kept, names, picture, room
    )
    text = kernel_text(c, contract, kernel, names, c.places[0], "image")
    program = assemble(text, name=kernel)
    verify(program, c, names, margin)
    one = len(task.names) == 1
    offsets = {n: float(v.o) for n, v in zip(task.names, c.outputs, strict=True)}
    noises = {n: p.as_dict() for n, p in zip(task.names, noise, strict=True)}
    bound = min(found.lower_bound, c.words)
    return CompiledFilter(
        words=c.words,
        lower_bound=bound,
        optimal=c.words == bound,
        error=float(max(errors.values())),
        offset=offsets[task.names[0]] if one else offsets,
        noise=noises[task.names[0]] if one else noises,
        margin=margin,
        text=text,
        program=program,
        outputs=places,
        signs=signs,
        kernels={n: v.taps for n, v in zip(task.names, c.outputs, strict=True)},
        largest=float(c.largest),
        flat=float(c.flat),
        states=found.work,
        seed=seed,
        notes=(*notes, *_dim(c, task, room, picture)),
        interrupted=found.interrupted,
        without_halving=max(bound, found.without_halving),
    )


__all__ = ["CompiledFilter", "compile_filter"]
