"""All trainings of a task: carried out on threads or on Dask, kept in a file, resumed from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scamp_sim.compare.task.settings import CATALOGUE, ITEMS, Budget, chosen
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.files import check_file, make_folder
from scamp_sim.study.execute import Bench
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.study.results_store import Store, describe, digest, units_of
from scamp_sim.study.resume import carried
from scamp_sim.study.version import results_identity

FORM = "scamp-sim compare task, 1"
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Training:
    """The work of one training, small enough to be sent to a worker."""

    task: str
    budget: Budget
    folder: str | None

    def bench(self, chip: int) -> Bench:
        """What carries out a training: (seed, number of the item, nothing) -> result."""
        from scamp_sim import training

        training.require()

        def run(seed: int, item: int, payload: Any) -> Any:
            if self.task == "photographs":
                from scamp_sim.compare.task.photographs import result as of_photographs

                return of_photographs(self.task, ITEMS[item], seed, self.budget, self.folder)
            from scamp_sim.compare.task.fit import result

            return result(self.task, ITEMS[item], seed, self.budget, self.folder)

        return run


@dataclass(frozen=True)
class Study:
    """A task and what was found: unit -> result; trainings that were asked for; rows that take no part -> why."""

    task: str
    budget: Budget
    items: tuple[int, ...]
    seeds: tuple[int, ...]
    results: Mapping[Unit, Mapping[str, Any]]
    left_out: Mapping[str, str]
    ran: int = 0

    def of(self, item: int) -> list[Mapping[str, Any]]:
        """Results of one training, by seed."""
        return [self.results[u] for u in (Unit(0, s, item) for s in self.seeds) if u in self.results]


def check(row: Mapping[str, Any]) -> None:
    """Raises KeyError, TypeError or ValueError for a result that is none."""
    right, of = row["right"], row["of"]
    bits = bytes.fromhex(row["clips"])
    if not 0 <= right <= of or len(bits) != -(-of // 8) or sum(b.bit_count() for b in bits) != right:
        raise ValueError("right")
    float(row["loss"])


def stamp(task: str, budget: Budget) -> dict[str, str]:
    """What kept results belong to."""
    import torch

    return {
        **results_identity(),
        "torch": torch.__version__.partition("+")[0],
        "task": task,
        **{name: str(value) for name, value in budget.as_dict().items()},
        "trainings": digest([str(describe([str(i) for i in ITEMS]))])[:12],
    }


def study(
    task: str,
    budget: Budget,
    *,
    rows: Sequence[str] | None = None,
    frames: Sequence[int] = (1,),
    heads: Sequence[str] = ("linear", "small"),
    seeds: Iterable[int] = (0, 1, 2),
    out: str | Path | None = None,
    jobs: int | None = None,
    cluster: Any = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Study:
    """Carry out what is not in the file yet.

    rows: None for all. frames, heads: of the decisions. seeds: at least three. out: a folder for results and clips.
    jobs, cluster: as of `carry_out`. told: called with how many are done, of how many.

    Raises ScampError: names that do not exist, results of other settings, what is missing to train.
    """
    from scamp_sim import training

    items, left = chosen(task, rows, frames, heads)
    grid = make_grid((0,), seeds)
    if len(grid.seeds) < LEAST_SEEDS:
        raise OptionError(f"--seeds: expected at least {LEAST_SEEDS}, got {len(grid.seeds)}; one says nothing of luck")
    training.require()
    folder = None if out is None else str(make_folder(out, "--out"))
    store = None
    if folder is not None:
        path = check_file(Path(folder) / f"{task}.json", "results")
        about = {"task": task, "budget": budget.as_dict(), "rows": list(CATALOGUE)}
        store = Store(path, FORM, about, stamp(task, budget), len(ITEMS), check)
    wanted = [Unit(0, s, i) for s in grid.seeds for i in ordered(items)]
    work = Training(task, budget, folder)
    results, ran = carried(work, wanted, store, jobs=jobs, cluster=cluster, advance=counted(told, len(wanted)))
    kept = {u: results[u] for u in wanted}
    return Study(task, budget, items, grid.seeds, kept, left, ran)


def counted(told: Callable[[int, int], None], of: int) -> Callable[[], None]:
    """What counts how many of so many are done, and tells it; from 0 on."""
    done = iter(range(of + 1))

    def advance() -> None:
        told(next(done), of)

    advance()
    return advance


def read(path: str | Path) -> Study:
    """A study from its file, without training. Raises ScampError."""
    from scamp_sim.reading import OTHER_FORM, read_json

    document = read_json(path, "results", ProgramError)
    try:
        if document["format"] != FORM:
            raise KeyError
        budget = Budget(**document["about"]["budget"])
        results = units_of(document["units"], check)
        for unit in results:
            ITEMS[unit.item]
        task = str(document["about"]["task"])
    except OTHER_FORM:
        raise ProgramError(f"results {path}: not the results of a task; scamp-sim compare --task writes them") from None
    items = tuple(sorted({u.item for u in results}))
    return Study(task, budget, items, tuple(sorted({u.seed for u in results})), results, {})


def ordered(items: Sequence[int]) -> list[int]:
    """Trainings in the order in which they are of interest: small heads first, frames that are many before few."""
    rank = {"small": 0, "linear": 1, "frozen": 2}
    return sorted(items, key=lambda n: (rank[ITEMS[n].head], -ITEMS[n].frames % 17, n))
