"""A network behind the protocol of systems: the integer model, and a plan on an emulated chip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import PlaneError
from scamp_sim.study import chips as kinds
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.base.records import Array, Codes, Encoded, Frames, Hardware
from scamp_sim.systems.network.golden import Forward, forward
from scamp_sim.systems.network.params import Conv, Dense, Network
from scamp_sim.systems.network.planning.plan import Plan
from scamp_sim.systems.network.store import net_digest

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.machine.machine import Machine

CODES = "codes"


def frames_of(net: Network) -> Frames:
    """What one clip is made of: a picture of the input's size."""
    return Frames(1, net.input.rows, net.input.columns)


def codes_of(net: Network) -> Codes:
    """What a network ends in."""
    shape = net.shapes()[-1]
    last = net.layers[-1]
    if isinstance(last, Dense):
        return Codes((last.classes,), 8, "score")
    return Codes(shape, 1 if isinstance(last, Conv) else 8, "bit")


def picture_of(clip: Array, net: Network) -> Array:
    """The picture of a clip (1, rows, columns). Raises PlaneError."""
    array = np.asarray(clip)
    takes = frames_of(net)
    if array.shape != takes.shape or array.dtype.kind not in "buif":
        raise PlaneError(
            f"expected a clip of shape {takes.shape} ({takes}), got {array.dtype} {array.shape}; pictures of other "
            "sizes are placed (--place)"
        )
    return np.asarray(array[0])


class Golden:
    """The integer model."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.takes, self.gives = frames_of(net), codes_of(net)

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """See the protocol."""
        found: Forward = forward(self.net, picture_of(clip, self.net), keep="all")
        wanted = set(keep)
        stages = {name: plane[0] for name, plane in found.stages.items() if name in wanted}
        return Encoded(np.asarray(found.output[0], np.float64).reshape(self.gives.shape), stages)

    def cost(self) -> Cost:
        """None: a model costs nothing."""
        return Cost(1, ())

    def programs(self) -> tuple[Program, ...]:
        """None."""
        return ()

    def depends_on(self) -> Mapping[str, str]:
        """See the protocol."""
        return {"weights": net_digest(self.net), "model": "golden"}


@dataclass(eq=False)
class OnArray:
    """A plan on an emulated chip."""

    plan: Plan
    hardware: Hardware

    @property
    def net(self) -> Network:
        """As it runs."""
        return self.plan.net

    @property
    def takes(self) -> Frames:
        """See the protocol."""
        return frames_of(self.net)

    @property
    def gives(self) -> Codes:
        """See the protocol."""
        return codes_of(self.net)

    @cached_property
    def machine(self) -> Machine:
        """The emulated chip."""
        from scamp_sim.machine.machine import Machine

        h = self.hardware
        return Machine(errors=h.errors, chip=h.chip, engine=h.engine, timing=h.timing)

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """See the protocol."""
        return self._shown(picture_of(clip, self.net), measurement, keep)

    def run(self, picture: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """Encode a picture (rows, columns), of the input's size or one that is placed. Raises PlaneError."""
        array = np.asarray(picture)
        if array.shape != (self.net.input.rows, self.net.input.columns):
            array = self.net.input.bits(array)[0]
        return self._shown(array, measurement, keep)

    def _shown(self, picture: Array, measurement: int, keep: Iterable[str]) -> Encoded:
        wanted, built, machine = set(keep), self.plan.built, self.machine
        machine.renew(measurement)
        machine.expose(built.picture(picture))
        outputs: dict[str, Any] = {}
        stages: dict[str, Array] = {}
        segments = built.segments
        for n, segment in enumerate(segments):
            inputs = dict(built.planes) if n == 0 and built.planes else None
            outputs.update(machine.run(segment.program, inputs, registers=False).outputs)
            last = all(later.layer != segment.layer for later in segments[n + 1 :])
            for stage in built.stages:
                if last and stage.layer == segment.layer and stage.name in wanted:
                    stages[stage.name] = stage.take(machine)
        if built.dense is not None:
            value: Array = built.dense.sums_of(outputs)
            if f"{built.inside[-1].name}.sums" in wanted:
                stages[f"{built.inside[-1].name}.sums"] = value
        else:
            value = built.bits_of(outputs)
            name = f"{built.inside[-1].name}.bits"
            if name in wanted and name not in stages:
                stages[name] = value
        found, more = built.finish(value)
        stages.update({name: plane for name, plane in more.items() if name in wanted})
        return Encoded(np.asarray(found, np.float64).reshape(self.gives.shape), stages)

    def model(self, clip: Array) -> Encoded:
        """What the array gives without errors: the integer model with the converter's rounding of a dense layer's
        sums."""
        picture = picture_of(clip, self.net)
        found = forward(self.net, picture, keep="all")
        stages = {name: plane[0] for name, plane in found.stages.items()}
        built = self.plan.built
        if built.dense is None:
            return Encoded(np.asarray(found.output[0], np.float64).reshape(self.gives.shape), stages)
        before = self.net.layers[self.plan.choice.array - 2]
        sums = built.dense.read(stages[f"{before.name}.bits"])
        stages[f"{built.inside[-1].name}.sums"] = sums
        value, _ = built.finish(sums)
        return Encoded(np.asarray(value, np.float64).reshape(self.gives.shape), stages)

    def cost(self) -> Cost:
        """See the protocol."""
        return self.plan.cost()

    def programs(self) -> tuple[Program, ...]:
        """See the protocol."""
        return self.plan.programs()

    def depends_on(self) -> Mapping[str, str]:
        """See the protocol."""
        return {
            "weights": net_digest(self.net),
            "model": "plan, classes of chips",  # those of results before were the ideal array's
            "options": repr(self.plan.choice),
            "errors": kinds.named(self.hardware.errors),
        }

    def on_chip(self, hardware: Hardware) -> OnArray:
        """The same plan on another chip."""
        return OnArray(self.plan, hardware)


__all__ = ["CODES", "Golden", "OnArray", "codes_of", "frames_of", "picture_of"]
