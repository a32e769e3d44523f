"""Robustness: one light for all rows, each row's own errors at several scales, trained without and with them.

Each training is judged on at least five chips, whose serials take no part in training. Importing this imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scamp_sim.compare.task.settings import (
    CATALOGUE,
    CLIP,
    SIDE,
    TASKS,
    TRAINED,
    Budget,
    Item,
    reason_against,
    seeds_option,
)
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.files import check_file, make_folder
from scamp_sim.study.execute import Bench
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.study.results_store import Store, units_of
from scamp_sim.study.resume import carried

FORM = "scamp-sim compare robustness, 3"
SCALES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Of a row's own errors."""
ELECTRONS = 2000.0
"""Of a white photosite, if nothing else is said."""
SERIALS = (1, 2, 3, 4, 5)
FITTED_SCALES = (0.0, 1.0, 4.0)
"""At which a head is fitted once more, to the codes that the first chip gives of the training clips. At 0 it shows what
the further training does by itself."""
TRAINING_SERIAL = 9001
"""Of the first chip that rows without weights of their own are trained on, if with errors."""
TRAINING_CHIPS = 4


@dataclass(frozen=True)
class Case:
    """A row, trained without (plain) or with its own errors."""

    row: str
    noisy: bool

    @property
    def number(self) -> int:
        """In kept results."""
        return 2 * CATALOGUE.index(self.row) + self.noisy


def case(number: int) -> Case:
    """The case of a number."""
    return Case(CATALOGUE[number // 2], bool(number % 2))


@dataclass(frozen=True)
class Work:
    """The work of one case, small enough to be sent to a worker."""

    task: str
    budget: Budget
    electrons: float
    read: float
    folder: str | None

    def bench(self, chip: int) -> Bench:
        """What carries out a case: (seed, number, nothing) -> result."""

        def run(seed: int, item: int, payload: Any) -> Any:
            from scamp_sim.compare.task.judged import judged

            return judged(self, case(item), seed)

        return run


@dataclass(frozen=True)
class Found:
    """Shares of right answers of a case, by scale.

    shares: of every seed and chip, chips of the first seed first.
    fitted: of the first chip with a head that is fitted to it, of every seed.
    """

    shares: Mapping[float, tuple[float, ...]]
    fitted: Mapping[float, tuple[float, ...]]

    def first_chip(self, scale: float) -> tuple[float, ...]:
        """Of the first chip before its head is fitted to it, of every seed."""
        return self.shares[scale][:: len(SERIALS)]


@dataclass(frozen=True)
class Robustness:
    """What was found of each case."""

    task: str
    budget: Budget
    electrons: float
    read: float
    seeds: tuple[int, ...]
    results: Mapping[Case, Found]
    left_out: Mapping[str, str]


def check(row: Mapping[str, Any]) -> None:
    """Raises KeyError, TypeError or ValueError for a result that is none."""
    for scale in SCALES:
        shares = row["shares"][f"{scale:g}"]
        if len(shares) != len(SERIALS) or not all(0 <= s <= 1 for s in shares):
            raise ValueError(scale)
    for scale in FITTED_SCALES:
        if not 0 <= row["fitted"][f"{scale:g}"] <= 1:
            raise ValueError(scale)


def robustness(
    task: str,
    budget: Budget,
    *,
    rows: Sequence[str] | None = None,
    electrons: float = ELECTRONS,
    read: float = 3.0,
    seeds: Iterable[int] = (0, 1, 2),
    out: str | Path | None = None,
    jobs: int | None = None,
    cluster: Any = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Robustness:
    """Train and judge all cases that are not kept yet; arguments as of `study.study` and `errors.Light`.

    Raises ScampError.
    """
    from scamp_sim import training
    from scamp_sim.compare.task.study import counted, stamp

    if task not in TASKS or task == "photographs":
        raise OptionError(f"--robust: expected gestures, shapes or digits, got '{task:.40}'")
    left: dict[str, str] = {}
    wanted: list[Case] = []
    for row in CATALOGUE if rows is None else dict.fromkeys(rows):
        if row not in CATALOGUE:
            left[row] = f"{row} is in no task: it is not trained"
            continue
        why = reason_against(task, Item(row, frames_of(row), "small"))
        if why:
            left[row] = why
        else:
            wanted += [Case(row, False), Case(row, True)]
    if not wanted:
        raise OptionError("--robust: no row can take it: " + "; ".join(left.values()))
    training.require()
    grid = make_grid((0,), seeds)
    store = None
    folder = None if out is None else str(make_folder(out, "--out"))
    work = Work(task, budget, float(electrons), float(read), folder)
    if folder is not None:
        path = check_file(Path(folder) / f"{task}-robust.json", "results")
        light = {"electrons": f"{electrons:g}", "read": f"{read:g}"}
        about = {"task": task, "budget": budget.as_dict(), **light}
        store = Store(path, FORM, about, {**stamp(task, budget), **light}, 2 * len(CATALOGUE), check)
    units = [Unit(0, s, c.number) for s in grid.seeds for c in wanted]
    results, _ = carried(work, units, store, jobs=jobs, cluster=cluster, advance=counted(told, len(units)))
    return _gathered(work, grid.seeds, {u: results[u] for u in units}, left)


def frames_of(row: str) -> int:
    """Frames of a decision: one, but for the rows that need more."""
    return CLIP if row == "pixelrnn" else 2 if row == "difference" else 1


def read(path: str | Path) -> Robustness:
    """From a file of results, without training. Raises ScampError."""
    from scamp_sim.reading import OTHER_FORM, read_json

    document = read_json(path, "results", ProgramError)
    try:
        if document["format"] != FORM:
            raise KeyError
        about = document["about"]
        results = units_of(document["units"], check)
        for unit in results:
            case(unit.item)
        work = Work(about["task"], Budget(**about["budget"]), float(about["electrons"]), float(about["read"]), None)
    except OTHER_FORM:
        raise ProgramError(f"results {path}: not those of --robust; scamp-sim compare --robust writes them") from None
    return _gathered(work, tuple(sorted({u.seed for u in results})), results, {})


def _gathered(
    work: Work, seeds: tuple[int, ...], results: Mapping[Unit, Mapping[str, Any]], left: Mapping[str, str]
) -> Robustness:
    found: dict[Case, Found] = {}
    for number in sorted({u.item for u in results}):
        own = [results[u] for u in sorted(results) if u.item == number]
        found[case(number)] = Found(
            {s: tuple(x for r in own for x in r["shares"][f"{s:g}"]) for s in SCALES},
            {s: tuple(r["fitted"][f"{s:g}"] for r in own) for s in FITTED_SCALES},
        )
    return Robustness(work.task, work.budget, work.electrons, work.read, seeds, found, left)


# --- text ---------------------------------------------------------------------------------------------------------

HEAD = ("row", "trained", *(f"x{s:g}" for s in SCALES), "chips at x1")
FITTED_HEAD = ("head fitted to a chip", "trained", *(f"x{s:g}" for s in FITTED_SCALES))


def mean(values: Sequence[float]) -> float:
    """The mean."""
    return sum(values) / len(values)


def cells(c: Case, found: Found) -> tuple[str, ...]:
    """A line of the table: means over chips and seeds, and the lowest and highest at scale 1."""
    one = found.shares[1.0]
    means = (f"{100 * mean(found.shares[s]):.1f}" for s in SCALES)
    return (c.row, "with" if c.noisy else "without", *means, f"{100 * min(one):.0f} .. {100 * max(one):.0f}")


def fitted_cells(c: Case, found: Found) -> tuple[str, ...]:
    """A line of the second table: the first chip before and after its head is fitted to it, means over seeds."""
    pairs = ((mean(found.first_chip(s)), mean(found.fitted[s])) for s in FITTED_SCALES)
    return (c.row, "with" if c.noisy else "without", *(f"{100 * a:.1f} -> {100 * b:.1f}" for a, b in pairs))


def title(r: Robustness) -> str:
    """What was done."""
    b = r.budget
    return (
        f"task {r.task} under {r.electrons:g} electrons at full scale and {r.read:g} of read noise, own errors scaled "
        f"0 to 4, {len(SERIALS)} chips, {len(r.seeds)} seed(s), small heads; {b.train} and {b.test} of each class, "
        f"{b.epochs} epochs"
    )


def sources() -> list[str]:
    """Whose errors they are."""
    found: dict[str, list[str]] = {}
    for row in CATALOGUE:
        if row == "pixelrnn":
            what = "noise of pooled maps, forget sum and output that its authors trained with (P)"
        elif row.startswith("leca"):
            what = "buffers, capacitors, accumulator and converter of its circuit model (A)"
        elif row in TRAINED:
            what = "transistor widths, ramps or comparators, noise of sums (A)"
        else:
            what = "gain and offset of columns, converter, read-outs (A)"
        found.setdefault(what, []).append(row)
    said = [f"errors of {', '.join(rows)}: {what}" for what, rows in found.items()]
    return [
        "right answers in %, means over chips and seeds; chips at x1: the lowest and the highest",
        f"head fitted to a chip: chip {SERIALS[0]} before -> after its head is trained once more, with the same "
        "budget, on what that chip gives of the training clips; at x0 that is what more training does by itself",
        *said,
    ]


def text(r: Robustness, width: int = 80) -> str:
    """The table."""
    from scamp_sim.compare.table import wrapped
    from scamp_sim.text import table

    shown = [cells(c, found) for c, found in r.results.items()]
    said = [*sources(), *(f"no part: {why}" for why in r.left_out.values())]
    fitted = [fitted_cells(c, found) for c, found in r.results.items()]
    parts = (
        wrapped([title(r)], width, "") + table(HEAD, shown, "<<" + ">" * (len(HEAD) - 2)),
        table(FITTED_HEAD, fitted, "<<" + ">" * (len(FITTED_HEAD) - 2)),
        wrapped(said, width),
    )
    return "\n".join(parts)


def command(r: Robustness) -> str:
    """What gives these results again."""
    there = {c.row for c in r.results}
    parts = [f"scamp-sim compare --task {r.task} --robust", *r.budget.options()]
    parts += [f"--electrons {r.electrons:g}"] if r.electrons != ELECTRONS else []
    if len(there) < len(CATALOGUE):
        parts.append(f"--rows {','.join(row for row in CATALOGUE if row in there)}")
    return " ".join([*parts, *seeds_option(r.seeds)])


def as_dict(r: Robustness) -> dict[str, Any]:
    """Ready for JSON."""
    return {
        "task": r.task,
        "budget": r.budget.as_dict(),
        "electrons": r.electrons,
        "read": r.read,
        "seeds": list(r.seeds),
        "chips": list(SERIALS),
        "cases": [
            {
                "row": c.row,
                "trained_with_errors": c.noisy,
                "scales": [
                    {"scale": s, "mean": mean(v), "lowest": min(v), "highest": max(v), "shares": list(v)}
                    for s, v in found.shares.items()
                ],
                "fitted": [
                    {"scale": s, "before": mean(found.first_chip(s)), "after": mean(v), "shares": list(v)}
                    for s, v in found.fitted.items()
                ],
            }
            for c, found in r.results.items()
        ],
        "left_out": dict(r.left_out),
        "sites": SIDE**2,
    }
