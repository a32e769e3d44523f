"""How a network decides: the golden model, the ideal array and emulated chips side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.setup import Errors
from scamp_sim.study.statistics import wilson
from scamp_sim.systems.network.data import Labelled
from scamp_sim.systems.network.golden import decided, forward
from scamp_sim.systems.network.params import Dense, Network
from scamp_sim.text import table

if TYPE_CHECKING:
    from scamp_sim.systems.network.planning.plan import Plan


@dataclass(frozen=True)
class Decided:
    """One row: where, how many pictures, how many right (None without labels), how many as golden decides."""

    where: str
    pictures: int
    right: int | None
    agree: int

    @property
    def accuracy(self) -> float | None:
        """Share that is right."""
        return None if self.right is None else self.right / self.pictures

    @property
    def agreement(self) -> float:
        """Share that is decided as the golden model does."""
        return self.agree / self.pictures


def decide(
    net: Network,
    data: Labelled,
    errors: Errors = "ideal",
    chips: Sequence[int] = (),
    *,
    array: bool = True,
    plan: Mapping[str, Any] | None = None,
) -> tuple[Decided, ...]:
    """Rows for golden, the ideal array and each chip.

    errors, chips: the chip profile and serials.
    array: whether the ideal array runs, too.
    plan: options of `network.plan`.

    Raises ScampError, as for a network without scores.
    """
    if not isinstance(net.layers[-1], Dense):
        raise ProgramError("this network ends in bits or counts; decisions need a dense layer at its end")
    from scamp_sim.systems.network.planning.plan import plan as planned

    golden = forward(net, data.pictures).classes
    rows = [_row("golden", golden, golden, data)]
    wishes = dict(plan or {})
    if array:
        rows.append(_row("ideal array", on_array(planned(net, **wishes), data.pictures), golden, data))
    if chips:
        made = planned(net, chip=errors, **wishes)  # of the profile: all its serials run the same
        rows += [_row(f"chip {chip}", on_array(made, data.pictures, chip), golden, data) for chip in chips]
    return tuple(rows)


def on_array(plan: Plan, pictures: npt.NDArray[Any], chip: int = 0) -> npt.NDArray[np.int64]:
    """The classes (n,) that an emulated chip decides for, picture n being measurement n. Raises ScampError."""
    encoder = plan.build(chip=chip)
    bits = plan.net.input.bits(pictures)
    return decided(np.stack([encoder.run(b, measurement=n).codes for n, b in enumerate(bits)]))


def _row(where: str, classes: npt.NDArray[np.int64], golden: npt.NDArray[np.int64], data: Labelled) -> Decided:
    right = None if data.labels is None else int(np.sum(classes == data.labels))
    return Decided(where, len(classes), right, int(np.sum(classes == golden)))


def text(columns: Mapping[str, Sequence[Decided]]) -> str:
    """Rows of several networks side by side, with intervals of 95 %.

    columns: heading, such as "before" and "after" -> rows of the same places.
    """
    first = next(iter(columns.values()))
    labelled = first[0].right is not None
    head = ["decisions", *columns]
    rows = []
    for n, place in enumerate(first):
        cells = []
        for found in columns.values():
            count = found[n].right if labelled else found[n].agree
            assert count is not None
            share = count / found[n].pictures
            bounds = wilson(share, found[n].pictures)
            cells.append(f"{100 * share:.1f} % ({100 * bounds.low:.1f}..{100 * bounds.high:.1f})")
        rows.append([place.where, *cells])
    title = "right, of so many pictures" if labelled else "as golden decides"
    return f"{title}: {first[0].pictures}\n" + table(head, rows, "<" + ">" * len(columns))


def document(rows: Sequence[Decided]) -> list[dict[str, Any]]:
    """The rows as JSON."""
    return [{"where": r.where, "pictures": r.pictures, "accuracy": r.accuracy, "agreement": r.agreement} for r in rows]


__all__ = ["Decided", "decide", "document", "on_array", "text"]
