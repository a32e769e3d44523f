"""What `network finetune` does: measure noise on some chips, train under it, compare on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.network.accuracy import Decided, decide
from scamp_sim.systems.network.data import Labelled
from scamp_sim.systems.network.noise import MEASURED_ON, StageNoise, measure
from scamp_sim.systems.network.params import Conv, Counts, Dense, Network, Pool

if TYPE_CHECKING:
    from scamp_sim.systems.network.train.loop import Epoch

PICTURES = 12
"""Pictures of each chip that noise is measured on."""

REFIT_PICTURES = 500
"""Pictures of each chip that the last layer is fitted to."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """A network before and after.

    noise: of each convolution, as measured before training; empty after a fit of the last layer alone.
    before, after: golden, ideal array and the chips that were not measured.
    """

    net: Network
    noise: Mapping[str, StageNoise]
    epochs: Sequence[Epoch]
    before: tuple[Decided, ...]
    after: tuple[Decided, ...]


def tune(
    net: Network,
    train: Labelled,
    test: Labelled,
    errors: Errors = "scamp5",
    *,
    measured: Sequence[int] = MEASURED_ON,
    compared: Sequence[int] = (1, 2, 3),
    refit: bool = False,
    told: Callable[[int, float, float], None] | None = None,
    checkpoint: str | Path | None = None,
    **settings: Any,
) -> Tuned:
    """Fine-tune a network for a chip profile.

    train, test: labelled pictures; those of `test` are compared on.
    errors: the chip profile.
    measured: serials of chips that noise is measured on, or whose bits the last layer is fitted to.
    compared: serials of chips to compare on; none of them is measured.
    refit: fit only the last layer instead.
    told: called after every epoch with its number, loss and share of right decisions.
    checkpoint: a file that keeps every epoch, from which an interrupted training goes on; not with `refit`.
    settings: of `train.loop.Settings`.

    Raises ScampError.
    """
    from scamp_sim.systems.network.train.loop import Settings, finetune
    from scamp_sim.systems.network.train.loop import refit as fit

    if set(measured) & set(compared):
        raise ProgramError(f"chips {sorted(set(measured) & set(compared))} are measured; compare on others")
    if refit and checkpoint is not None:
        raise OptionError("a fit of the last layer has no epochs that a checkpoint could keep; leave it out")
    for data, what in ((train, "training"), (test, "comparing")):
        if data.labels is None:
            raise ProgramError(f"data {data.source}: pictures without labels; {what} needs them")
    chosen = Settings(**settings)
    before = decide(net, test, errors, compared)
    if refit:
        assert train.labels is not None
        some = np.random.Generator(np.random.Philox(chosen.seed)).permutation(len(train))[:REFIT_PICTURES]
        values = before_last(net, train.pictures[some], errors, measured)
        made = fit(net, values, np.tile(train.labels[some], len(measured)))
        return Tuned(made, {}, (), before, decide(made, test, errors, compared))
    pictures = train.pictures[:: max(len(train) // PICTURES, 1)][:PICTURES]
    noise = measure(net, pictures, errors, chips=measured, limit=chosen.limit)
    heard = None if told is None else lambda number, epoch: told(number, epoch.loss, epoch.right)
    made, epochs = finetune(net, train, noise, chosen, heard, checkpoint=checkpoint)
    return Tuned(made, noise, epochs, before, decide(made, test, errors, compared))


def before_last(net: Network, pictures: Any, errors: Errors, chips: Sequence[int]) -> Any:
    """What the last dense layer sees on each chip, (chips x n, features): +-1, counts or scores. Raises ScampError."""
    from scamp_sim.systems.network.planning.plan import plan as planned

    if not isinstance(net.layers[-1], Dense) or len(net.layers) < 2:
        raise ProgramError("this network has no dense layer at its end that could be fitted")
    layer = net.layers[-2]
    if not isinstance(layer, (Conv, Pool, Counts)):
        raise ProgramError(f"{layer.name}: two dense layers at the end; fitting the last one alone helps little")
    name = f"{layer.name}.counts" if isinstance(layer, Counts) else f"{layer.name}.bits"
    plan, bits = planned(net, chip=errors), net.input.bits(pictures)
    found = []
    for chip in chips:
        encoder = plan.build(chip=chip)
        for number, picture in enumerate(bits):
            plane = encoder.run(picture, measurement=number, keep=[name]).stages[name]
            seen = plane if isinstance(layer, Counts) else np.where(plane, 1.0, -1.0)
            found.append(np.asarray(seen, np.float64).ravel())
    return np.stack(found)


__all__ = ["Tuned", "before_last", "tune"]
