"""Table 3 as a result: its rows, what chips cost and training wins back, as text, as a document and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.study.grid import ranges
from scamp_sim.study.statistics import Distribution, Interval, distribution, tidy, wilson
from scamp_sim.text import plural, table

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.paper.table3 import Study

FORMAT = "pixelrnn table 3, 1"
PLACES, DECODERS = ("simulation", "chips"), ("own", "re-fitted")
SYNTHETIC, AUTHORS = "synthetic gestures", "authors' clips"
PAPER = {("plain", "simulation"): 0.856, ("plain", "chips"): 0.689, ("trained", "chips"): 0.844}
"""Hand gestures in the paper. Its one chip was read with decoders that were re-fitted on planes of that chip."""

FRONT = " with its front end"

FOLDS = 5
"""Parts of the authors' clips: the decoder for each is re-fitted on the other four."""

SHARES = (0.0, 1.0)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    right: one row a network, in it the share of clips that each chip is right about, (networks, chips); in the
        simulation there is one "chip".
    clips: how many each was tried on.
    """

    data: str
    kind: str
    place: str
    decoder: str
    right: tuple[tuple[float, ...], ...]
    clips: int

    @property
    def mean(self) -> float:
        """Over networks and chips."""
        return float(np.mean(self.right))

    @property
    def of_chips(self) -> tuple[float, ...]:
        """Chip by chip, the mean over networks."""
        return tuple(np.mean(self.right, axis=0).tolist())

    @property
    def of_networks(self) -> tuple[float, ...]:
        """Network by network, the mean over chips."""
        return tuple(np.mean(self.right, axis=1).tolist())

    @property
    def chips(self) -> Distribution | None:
        """Over chips; None in the simulation."""
        return distribution(self.of_chips, SHARES) if self.place == "chips" else None

    @property
    def networks(self) -> Distribution:
        """Over networks."""
        return distribution(self.of_networks, SHARES)

    @property
    def interval(self) -> Interval:
        """Of the mean: over chips; in the simulation over networks; of one alone Wilson's, over the clips."""
        over = self.chips or self.networks
        return over.interval or wilson(min(1.0, self.mean), self.clips, "clips")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "clips_from": self.data,
            "network": self.kind,
            "where": self.place,
            "decoder": self.decoder,
            "clips": self.clips,
            "mean": tidy(self.mean),
            "interval_95": self.interval.as_dict(),
            "over_chips": None if self.chips is None else self.chips.as_dict(),
            "over_networks": self.networks.as_dict(),
            "accuracy": [[tidy(v) for v in chips] for chips in self.right],
        }


@dataclass(frozen=True)
class Balance:
    """What chips cost the plain network with one kind of decoder, and what the noise-trained one wins back.

    loss: simulation less chips of the plain network with its own decoder in the simulation, a share of the clips.
    losses: the same for each plain network by itself.
    better: by how much the noise-trained one is right more often on chips.
    regained: that as a part of the loss; None where the loss, over several networks, may be none.
    """

    decoder: str
    loss: float
    losses: tuple[float, ...]
    better: float

    @property
    def regained(self) -> float | None:
        sure = distribution(self.losses).interval
        return None if self.loss <= 0 or (sure is not None and sure.low <= 0) else self.better / self.loss

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "decoder": self.decoder,
            "loss": tidy(self.loss),
            "losses": [tidy(v) for v in self.losses],
            "better": tidy(self.better),
            "regained": None if self.regained is None else tidy(self.regained),
        }


@dataclass(frozen=True)
class Table3:
    """The table.

    networks: kind -> what the networks are, in words.
    ran: measurements that were not kept already.
    """

    study: Study
    networks: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    ran: int = 0

    def find(self, kind: str, place: str, decoder: str, data: str = SYNTHETIC) -> Row | None:
        """A row; None if it is not there."""
        wanted = (data, kind, place, decoder)
        return next((r for r in self.rows if (r.data, r.kind, r.place, r.decoder) == wanted), None)

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """For each kind of decoder on chips; none unless there are networks of both kinds."""
        found = []
        for decoder in DECODERS:
            clean, chips = self.find("plain", "simulation", "own"), self.find("plain", "chips", decoder)
            trained = self.find("trained", "chips", decoder)
            if clean is None or chips is None or trained is None:
                continue
            losses = tuple(a - b for a, b in zip(clean.of_networks, chips.of_networks, strict=True))
            found.append(Balance(decoder, clean.mean - chips.mean, losses, trained.mean - chips.mean))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        s = self.study
        return {
            "format": FORMAT,
            **{k: v for k, v in asdict(s).items() if k not in ("chips", "jobs")},
            "chips": ranges(s.serials),
            "networks": {kind: list(names) for kind, names in self.networks.items()},
            "rows": [row.as_dict() for row in self.rows],
            "balance": [b.as_dict() for b in self.balances],
            "paper": [{"network": k, "where": p, "accuracy": v} for (k, p), v in PAPER.items()],
        }

    def text(self) -> str:
        """A table for each set of clips, and what is lost and won back."""
        s = self.study
        chips = s.serials
        mapping = f"{s.mapping}{FRONT * s.front_end}"
        head = f"table 3: {plural(len(chips), 'chip')} ({ranges(chips)}) of {s.errors}, mapping {mapping}\n"
        for kind, names in self.networks.items():
            head += f"{kind}: {', '.join(names)}\n"
        blocks = [head]
        for data in dict.fromkeys(row.data for row in self.rows):
            rows = [row for row in self.rows if row.data == data]
            block = f"{data}, {rows[0].clips} to try on\n"
            columns = ("network", "where", "decoder", "accuracy, %", "95 % interval", "networks", "chips", "paper, %")
            block += table(columns, [_cells(row) for row in rows], "<<<>>>>>")
            blocks.append(block)
        notes = []
        for b in self.balances:
            line = f"{b.decoder} decoder: chips cost the plain network {100 * b.loss:.1f} points"
            line += f"; on chips the noise-trained one is {100 * b.better:+.1f} points"
            line += " away" if b.regained is None else f", {100 * b.regained:.0f} % of that"
            notes.append(line + "\n")
        how = (
            f"interval of the mean: on chips Student's t over {len(chips)} of them"
            if len(chips) > 1
            else "interval of the mean: Wilson's over the clips"
        )
        notes.append(f"{how}; networks, chips: range of their means\n")
        if any(row.data == AUTHORS for row in self.rows):
            notes.append(f"authors' clips: decoders re-fitted by cross-validation, {FOLDS} parts, on the same chip\n")
        blocks.append("".join(notes))
        return "\n".join(blocks)


def _cells(row: Row) -> tuple[str, ...]:
    def span(values: Sequence[float]) -> str:
        return f"{100 * min(values):.1f} .. {100 * max(values):.1f}" if len(values) > 1 else "-"

    i = row.interval
    same = row.decoder == ("own" if row.place == "simulation" else "re-fitted")
    paper = PAPER.get((row.kind, row.place)) if same else None
    return (
        row.kind,
        row.place,
        row.decoder,
        f"{100 * row.mean:.1f}",
        f"{100 * i.low:.1f} .. {100 * i.high:.1f}",
        span(row.of_networks),
        span(row.of_chips) if row.place == "chips" else "-",
        "-" if paper is None else f"{100 * paper:.1f}",
    )


# --- drawing ----------------------------------------------------------------------------------------------------


def plot(found: Table3, path: str | Path) -> Path:
    """Draw the table to a file, PNG, PDF or SVG by its name: a dot a chip and network, a bar for the mean. Raises
    ScampError."""
    from scamp_sim.show import plots

    return plots.save(path, lambda: _figure(found))


def _figure(found: Table3) -> Any:
    from scamp_sim.show import plots

    sets = list(dict.fromkeys(row.data for row in found.rows))
    figure = plots.new_figure(1.5 + 1.1 * len(found.rows), 4.4)
    counts = [sum(row.data == data for row in found.rows) for data in sets]
    for axes, data in zip(
        figure.subplots(1, len(sets), squeeze=False, sharey=True, width_ratios=counts)[0], sets, strict=True
    ):
        rows = [row for row in found.rows if row.data == data]
        for place, row in enumerate(rows):
            dots = 100 * np.array(row.right).ravel()
            # side by side, so that dots of one value are seen
            x = place + np.linspace(-0.28, 0.28, len(dots)) if len(dots) > 1 else [place]
            axes.plot(x, dots, "o", color=plots.ACCENT, ms=4, alpha=0.6)
            axes.plot(place, 100 * row.mean, "_", color="black", ms=28)
        names = [f"{r.kind}\n{r.place}\n{r.decoder}" for r in rows]
        axes.set_xticks(range(len(rows)), names, fontsize=8)
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_title(f"{data}, {plural(rows[0].clips, 'clip')}", loc="left", fontsize=10)
        axes.set_ylim(0, 102)
        axes.grid(axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("accuracy, % (dots: chips and networks; bar: mean)", fontsize=9)
    return figure


__all__ = ["Balance", "Row", "Table3", "plot"]
