"""A network under a choice as a program: its pieces, layer by layer, what is shown, where stages stand, what leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.compiler.front.parse import MOST_STATEMENTS
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import compare, pool_blocks, pool_macropixels
from scamp_sim.kernels.network.channels import Channels, spread
from scamp_sim.kernels.network.dense import AMPLITUDE, DenseSums
from scamp_sim.kernels.network.first import FULL, Convolution, Look, checked, look
from scamp_sim.kernels.network.grids import Grid
from scamp_sim.kernels.network.pieces import Part, Piece, assembled, drafted, piece
from scamp_sim.kernels.network.readout import Bitmaps
from scamp_sim.systems.network.params import Conv, Dense, Network, Pool
from scamp_sim.systems.network.planning import controller
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import values_of
from scamp_sim.systems.network.planning.segments import INPUT, READOUT, Segment, Stage, cut

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.machine.machine import Machine

Planes = npt.NDArray[Any]


@dataclass
class _State:
    """What the layers so far have left."""

    bits: str
    size: tuple[int, int]
    spacing: int
    maps: int
    flooded: int = 1
    slots_lost: bool = False


@dataclass(frozen=True, eq=False)
class Built:
    """A network as a choice has it. Raises ScampError when its program is asked for and does not fit."""

    net: Network
    choice: Choice
    _parts: list[tuple[str, Piece]] = field(default_factory=list, repr=False)
    _stages: list[Stage] = field(default_factory=list, repr=False)
    _planes: dict[str, Planes] = field(default_factory=dict, repr=False)

    @cached_property
    def grid(self) -> Grid:
        """Where maps lie."""
        kind = "blocks" if self.choice.layout == "blocks" else "macropixels"
        return Grid(kind, self.choice.rows)

    @property
    def lift(self) -> str:
        """The register that makes up for the offset of a transfer in a first layer."""
        if not self.choice.offset:
            return ""
        return "IN" if self.choice.sums else "F"

    @property
    def level(self) -> int:
        """Grey above it is bright. Pictures that are placed are shown as bits, for which the cheapest level will do."""
        return FULL if self.net.input.placed else self.net.input.above

    @property
    def inside(self) -> tuple[Any, ...]:
        """The layers on the array."""
        return self.net.layers[: self.choice.array]

    @property
    def outside(self) -> tuple[Any, ...]:
        """The layers on the controller."""
        return self.net.layers[self.choice.array :]

    # --- the program --------------------------------------------------------------------------------------------

    @cached_property
    def pieces(self) -> tuple[tuple[str, Piece], ...]:
        """The program's pieces, each with its layer. Raises ScampError for what does not fit."""
        if self.choice.layout == "serial":
            self._serial()
        else:
            state = self._layers()
            if state is not None and self.choice.read:
                self._add(READOUT, self._read(state))
        total = 0
        for layer, piece_ in self._parts:
            total += piece_.statements
            if total > MOST_STATEMENTS:
                raise ProgramError(
                    f"a program holds {MOST_STATEMENTS:,} statements, and {layer} goes beyond them; networks of fewer "
                    "layers or channels fit"
                )
        return tuple(self._parts)

    @cached_property
    def program(self) -> Program:
        """One frame, checked as one. Raises ScampError."""
        return assembled(self.title, [p for _, p in self.pieces])

    @cached_property
    def draft(self) -> Program:
        """The same, made of remembered pieces: for comparing choices. Raises ScampError."""
        return drafted(self.title, [p for _, p in self.pieces])

    @property
    def title(self) -> str:
        """Name of the program."""
        return f"network, {self.choice.layout}"

    @cached_property
    def planes(self) -> Mapping[str, Planes]:
        """What is given with the program, by name: the weights of a dense layer."""
        _ = self.pieces
        return dict(self._planes)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """What can be looked at on the way."""
        _ = self.pieces
        return tuple(self._stages)

    @cached_property
    def bitmaps(self) -> Bitmaps:
        """How bits leave."""
        _ = self.pieces
        return self._bitmaps  # type: ignore[attr-defined, no-any-return]

    def _add(self, layer: str, *pieces: Piece) -> None:
        self._parts.extend((layer, p) for p in pieces)

    def _layers(self) -> _State | None:
        """All layers on the array, over one another."""
        state: _State | None = None
        before: list[Any] = [None, *self.net.layers]
        for n, layer in enumerate(self.inside):
            match layer:
                case Conv() if state is None:
                    state = self._first(layer)
                case Conv() if layer.depthwise:
                    state = self._depthwise(layer, _there(state))
                case Conv():
                    state = self._channels(layer, _there(state))
                case Pool():
                    self._pool(layer, _there(state))
                case Dense():
                    self._dense(layer, _there(state))
                    return None
                case _:
                    raise ProgramError(
                        f"{layer.name}: counts are the controller's; {before[n].name} is the last layer on the array"
                    )
        return state

    def _first(self, layer: Conv) -> _State:
        if self.choice.layout == "windows":
            return self._windows(layer)
        size = self.net.input.rows, self.net.input.columns
        dark, bright = values_of(layer)
        chosen, grid = self.choice.convs[layer.name], self.grid
        form = Look(self.level, dark, bright, chosen.amplitude, size)
        self._add(INPUT, look(grid, form, self.lift))
        taps = Convolution(
            checked(layer.weights[:, 0], grid), grid, layer.padding[0], any(layer.padding), self.lift, size
        )
        held = self.lift == "IN"
        summed = any(isinstance(v, int) for v in chosen.levels)  # else no level is compared with
        if summed:
            self._add(layer.name, taps.piece(layer.name, (f"scamp5_load_in({self.choice.offset})",) if held else ()))
        state = _State("", self._shape(layer), layer.stride, layer.channels)
        if summed:
            self._sums(layer, taps.result, chosen.gain * chosen.amplitude, state)
        return self._compared(layer, taps.result, state)

    def _compared(self, layer: Conv, sums: str, state: _State) -> _State:
        piece_, state.bits = compare(self.grid, sums, self.choice.convs[layer.name].levels, name=f"{layer.name}_bits")
        self._add(layer.name, piece_)
        self._look(layer.name, f"{layer.name}.bits", state)
        return state

    def _windows(self, layer: Conv) -> _State:
        """Strided windows: the PEs of a window are the inputs of an all-channel layer of 1x1."""
        grid, chosen = self.grid, self.choice.convs[layer.name]
        form = Look(self.level, -1, 1, chosen.amplitude, (self.net.input.rows, self.net.input.columns))
        whole = Grid("macropixels", 1)
        shown = look(whole, form, self.lift)
        first, *rest = shown.parts
        masks = Part((*grid.ready(), *first.lines), (*grid.loads(), *first.calls))
        shown = Piece(shown.name, (masks, *rest))
        self._add(INPUT, shown)
        w = layer.weights[:, 0].astype(np.int64)
        k = layer.kernel
        inputs = w.transpose(0, 2, 1).reshape(layer.channels, k * k, 1, 1)  # slot n is (n % k, n // k)
        side = grid.side
        joined = Channels(inputs, chosen.levels, grid, 0, False, self.lift, (side, side), 1, chosen.doublings)
        self._add(layer.name, *joined.pieces(layer.name))
        state = _State(joined.result, self._shape(layer), 1, layer.channels)
        self._look(layer.name, f"{layer.name}.bits", state)
        return state

    def _spread(self, layer: Conv, state: _State) -> tuple[int, int]:
        chosen = self.choice.convs[layer.name]
        size = state.size[0] * state.spacing, state.size[1] * state.spacing
        self._add(
            layer.name,
            spread(
                self.grid,
                state.bits,
                chosen.amplitude,
                self.lift,
                size,
                values_of(layer),
                loads=state.slots_lost,
                maps=state.maps,
                name=f"{layer.name}_in",
                offset=self.choice.offset,
            ),
        )
        state.slots_lost = False
        return size

    def _depthwise(self, layer: Conv, state: _State) -> _State:
        size = self._spread(layer, state)
        taps = Convolution(
            checked(layer.weights[:, 0], self.grid),
            self.grid,
            layer.padding[0],
            any(layer.padding),
            self.lift,
            size,
            state.spacing,
        )
        self._add(layer.name, taps.piece(layer.name))
        after = _State("", self._shape(layer), state.spacing * layer.stride, layer.channels)
        return self._compared(layer, taps.result, after)

    def _channels(self, layer: Conv, state: _State) -> _State:
        if self.grid.kind == "blocks" or self.grid.rows == 1:
            raise ProgramError(
                f"{layer.name}: all channels with all channels need macropixels; in {self.choice.layout} a map does "
                "not meet the others"
            )
        size = self._spread(layer, state)
        chosen = self.choice.convs[layer.name]
        joined = Channels(
            layer.weights.astype(np.int64),
            chosen.levels,
            self.grid,
            layer.padding[0],
            any(layer.padding),
            self.lift,
            size,
            state.spacing,
            chosen.doublings,
        )
        self._add(layer.name, *joined.pieces(layer.name))
        after = _State(joined.result, self._shape(layer), state.spacing * layer.stride, layer.channels)
        self._look(layer.name, f"{layer.name}.bits", after)
        return after

    def _pool(self, layer: Pool, state: _State) -> None:
        if layer.size != layer.stride:
            raise ProgramError(f"{layer.name}: windows of {layer.size} with stride {layer.stride} overlap")
        every = None if layer.every is None else [bool(v) for v in layer.every]
        if self.grid.kind == "blocks":
            between = state.spacing if state.flooded == 1 else 1
            state.flooded = state.spacing * layer.size
            piece_, state.bits = pool_blocks(
                self.grid, state.bits, state.flooded, every, name=layer.name, stride=between, loads=state.slots_lost
            )
        else:
            piece_, state.bits = pool_macropixels(
                self.grid, state.bits, layer.size, state.spacing, every, name=layer.name, loads=state.slots_lost
            )
        state.slots_lost = True
        state.spacing *= layer.size
        state.size = self._shape(layer)
        self._add(layer.name, piece_)
        self._look(layer.name, f"{layer.name}.bits", state)

    def _dense(self, layer: Dense, state: _State) -> None:
        sums = self.dense
        assert sums is not None
        self._add(layer.name, sums.piece(state.bits, bool(self.choice.offset), name=layer.name))
        self._planes["weights"] = sums.plane

    @cached_property
    def dense(self) -> DenseSums | None:
        """The dense layer on the array. Raises ProgramError if it does not fit."""
        if not self.choice.sums or not isinstance(self.inside[-1], Dense):
            return None
        layer = self.inside[-1]
        maps, rows, columns = self.net.shapes()[self.choice.array - 1]
        if not layer.integer:
            raise ProgramError(f"{layer.name}: float weights are the controller's; the array holds -1, 0 and +1")
        window = self._window()
        weights = layer.weights.reshape(layer.classes, maps, rows, columns).astype(np.int64)
        return DenseSums(weights, self.grid, window, AMPLITUDE, self.choice.sums)

    def _window(self) -> int:
        """PEs along an axis that hold one bit behind the pools."""
        found = 1
        for layer in self.inside:
            if isinstance(layer, (Conv, Pool)):
                found *= layer.stride
        return found

    def _serial(self) -> None:
        """One map after the other; each leaves at once."""
        layer = self.inside[0]
        chosen, grid = self.choice.convs[layer.name], self.grid
        size = self.net.input.rows, self.net.input.columns
        dark, bright = values_of(layer)
        form = Look(self.level, dark, bright, chosen.amplitude, size)
        self._add(INPUT, look(grid, form, self.lift))
        maps = Bitmaps(grid, 1, self._shape(layer), layer.stride)
        self.__dict__["_bitmaps"] = maps
        for n, level in enumerate(chosen.levels):
            if not isinstance(level, int):
                continue
            name = f"{layer.name}_m{n}"
            taps = Convolution(
                checked(layer.weights[n : n + 1, 0], grid), grid, layer.padding[0], any(layer.padding), self.lift, size
            )
            bits, register = compare(grid, taps.result, [level], name=f"{name}_bits")
            self._add(layer.name, taps.piece(name), bits)
            self._add(READOUT, self._reading(maps, register, f"read{n}", f"map{n}_"))

    def _reading(self, maps: Bitmaps, register: str, name: str, prefix: str) -> Piece:
        if self.choice.read == "values":
            return maps.as_values(register, self.lift if self.lift == "F" else "", name=name, prefix=prefix)
        if self.choice.read == "events":
            return piece(name, [Part(after=maps.as_events(register, self.choice.events, prefix=prefix))])
        return piece(name, [Part(after=maps.as_rows(register, prefix=prefix))])

    def _read(self, state: _State) -> Piece:
        maps = Bitmaps(self.grid, state.maps, state.size, state.spacing)
        self.__dict__["_bitmaps"] = maps
        return self._reading(maps, state.bits, "read", "map_")

    def _shape(self, layer: Any) -> tuple[int, int]:
        shapes = self.net.shapes()
        number = next(n for n, own in enumerate(self.net.layers) if own is layer)
        return shapes[number + 1][1:]

    def finish(self, value: Planes) -> tuple[Planes, dict[str, Planes]]:
        """What the controller makes of what leaves: bits, or sums of a dense layer; see `controller.finish`."""
        return controller.finish(self.inside[-1] if self.choice.sums else None, self.outside, value)

    @property
    def products(self) -> int:
        """Multiplications of the controller in a frame."""
        return controller.products(self.outside)

    # --- segments and stages ------------------------------------------------------------------------------------

    def _look(self, layer: str, name: str, state: _State) -> None:
        maps = Bitmaps(self.grid, state.maps, state.size, state.spacing)
        register = state.bits
        self._stages.append(Stage(layer, name, lambda machine: maps.of_plane(machine.read(register))))

    def _sums(self, layer: Conv, register: str, amplitude: float, state: _State) -> None:
        maps = Bitmaps(self.grid, state.maps, state.size, state.spacing)
        dark, bright = values_of(layer)
        total = layer.weights.sum(axis=(1, 2, 3)).astype(np.float64)[:, None, None]

        def take(machine: Machine) -> Planes:
            sums = maps.of_plane(machine.read(register)).astype(np.float64) / amplitude
            return np.asarray(sums if dark and bright else 2 * sums - (total if bright else -total))

        self._stages.append(Stage(layer.name, f"{layer.name}.sums", take))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The program in stretches, a layer each, in order. Their words and times add up to the program's."""
        return self.cut(self.program)

    def cut(self, program: Program) -> tuple[Segment, ...]:
        """A program of these pieces in stretches."""
        return cut(program, self.pieces, self.title, bool(self.choice.read))

    # --- what is shown and what leaves --------------------------------------------------------------------------

    def picture(self, frame: Planes) -> Planes:
        """What PIX is to see, (256, 256) uint8, of a frame of the input's size, or one that is placed."""
        own = self.net.input
        array = np.asarray(frame)
        if own.placed or array.dtype == np.bool_ or array.shape != (own.rows, own.columns):
            array = np.asarray(own.bits(array)[0] * np.uint8(255), np.uint8)
        grid = Grid("macropixels", 1) if self.choice.layout in ("windows", "serial") else self.grid
        full = np.zeros((grid.side, grid.side), np.uint8)
        full[: own.rows, : own.columns] = array
        return grid.fill(full)

    def bits_of(self, outputs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """The bits that left, (maps, rows, columns)."""
        read = {"values": "from_values", "rows": "from_rows", "events": "from_events"}[self.choice.read]
        maps = self.bitmaps
        if self.choice.layout != "serial":
            return np.asarray(getattr(maps, read)(outputs, "map_"))
        layer = self.inside[0]
        found = []
        for n, level in enumerate(self.choice.convs[layer.name].levels):
            if isinstance(level, int):
                found.append(getattr(maps, read)(outputs, f"map{n}_")[0])
            else:
                found.append(np.full(maps.size, level == "always"))
        return np.stack(found)


def _there(state: _State | None) -> _State:
    assert state is not None, "the first layer of a network is a convolution"
    return state


__all__ = ["FULL", "Built"]
