"""Errors of every row: the same light for all, and each row's own, which a factor scales.

None of the own errors is published but PixelRNN's; the others are chosen, about 1 % of full scale a stage, as LeCA's
circuit model has them. What a serial fixes is drawn once a chip, noise once a picture. Importing this imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scamp_sim.compare.task import codes, fronts
from scamp_sim.compare.task.data import Bytes
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.draws import generator
from scamp_sim.systems.leca import circuit, golden
from scamp_sim.systems.pixels.draws import normal

Floats = npt.NDArray[np.float32]

COLUMN_GAIN, COLUMN_OFFSET, COLUMN_NOISE, CONVERTER = 0.01, 0.005, 0.003, 0.01
"""Of raw frames, SD, LR and the difference camera: gain and offset of each column, noise of each read-out, offset of
each column's converter or comparator; in parts of full scale, as of LeCA's buffers and converters (A)."""

WIDTHS, RAMP, READ = 0.02, 0.01, 0.005
"""Of P2M and SNN: relative spread of transistor widths, of ramps, and noise of a sum over the sums' spread (A)."""

COMPARATOR = 0.05
"""Of SNN: spread of comparators over that of the sums (A)."""


@dataclass(frozen=True)
class Light:
    """The same for all rows.

    electrons: of a white photosite; 0 for light without noise. read: electrons of noise of every read-out.

    Raises ProgramError.
    """

    electrons: float = 2000.0
    read: float = 3.0

    def __post_init__(self) -> None:
        for name in ("electrons", "read"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ProgramError(f"{name} must be a number of 0 or more, got {value}")

    def seen(self, frames: Bytes, seed: int) -> Floats:
        """Light 0..1 with shot and read noise."""
        light = np.asarray(frames, np.float32) / np.float32(255)
        if not self.electrons:
            return light
        rng = generator(seed, "compare light")
        sd = np.sqrt(light / self.electrons + (self.read / self.electrons) ** 2)
        noisy = light + sd * rng.standard_normal(light.shape, np.float32)
        return np.clip(noisy, 0, 1)


def columns(light: Floats, serial: int, scale: float, measurement: int) -> Floats:
    """Light behind the columns of an ordinary sensor."""
    if not scale:
        return light
    width = light.shape[-1]
    chip = generator(serial, "compare columns")
    gain = 1 + scale * COLUMN_GAIN * chip.standard_normal(width, np.float32)
    offset = scale * (COLUMN_OFFSET * chip.standard_normal(width, np.float32))
    offset = offset + scale * CONVERTER * chip.standard_normal(width, np.float32)
    noise = generator(serial, "compare read-out", measurement).standard_normal(light.shape, np.float32)
    return np.clip(light * gain + offset + scale * COLUMN_NOISE * noise, 0, 1)


def fixed_codes(row: str, light: Floats, serial: int, scale: float, measurement: int) -> Bytes:
    """Codes of a row that does not learn, on a chip."""
    seen = np.rint(255 * columns(light, serial, scale, measurement)).astype(np.uint8)
    return codes.in_parts(codes.encoder(row)[0], seen)


# --- rows that learn ----------------------------------------------------------------------------------------------


@torch.no_grad()
def learned_codes(front: fronts.Front, light: Floats, serial: int, scale: float, measurement: int) -> Tensor:
    """Values of codes of a row that learns, on a chip: the systems' own circuits with their draws."""
    front.eval()
    if isinstance(front, fronts.Leca):
        return _leca(front, light, serial, scale, measurement)
    if isinstance(front, (fronts.P2M, fronts.Snn)):
        return _pixels(front, light, serial, scale, measurement)
    raise ProgramError("this row has no errors of weighted pixels or charge")


def _leca(front: fronts.Leca, light: Floats, serial: int, scale: float, measurement: int) -> Tensor:
    params = front.encoder.params()
    noise = circuit.Noise(noise=scale, shot=0.0, read=0.0)  # the light has both
    found = []
    for n, clip in enumerate(light):
        maps = []
        for t, frame in enumerate(clip):
            seed = measurement * 100_003 + n * 16 + t
            sums = circuit.sums(params, frame.astype(np.float64), noise, serial=serial, seed=seed)
            value = golden.dequantise(params.codes(sums), params.bits, params.limit, params.kind)
            maps.append(np.moveaxis(value, -1, 0))
        found.append(np.concatenate(maps))
    return torch.as_tensor(np.stack(found), dtype=torch.float32)


def widths(serial: int, channels: int, pitch: int, side: int) -> Tensor:
    """Draws of the transistors of a chip, (windows, photosites of one, channels), as P2M's circuit has them."""
    found = [normal(f"p2m widths {o}", serial, (1, pitch, pitch, side, side)) for o in range(channels)]
    stacked = np.stack(found)[:, 0].transpose(3, 4, 1, 2, 0)
    return torch.from_numpy(np.ascontiguousarray(stacked.reshape(side * side, pitch * pitch, channels))).float()


def varied(front: fronts.P2M | fronts.Snn, x: Tensor, draws: Tensor, scale: float) -> Tensor:
    """up - down of windows where every transistor has a width of its own, (n T, channels, rows, columns)."""
    pixel = front.sensor
    d = x - pixel.pixel.centre
    w = pixel.weight.float().flatten(1).T  # (photosites, channels)
    own = w * (1 + scale * WIDTHS * draws).clamp(min=0)
    sums = torch.einsum("ntwp,wpc->ntwc", fronts.in_place(pixel.pixel.gain, d), own)
    tags = pixel._tags().float().flatten(1).T
    return fronts.maps_of(sums + fronts.in_place(pixel.pixel.offset, d) @ tags)


def _pixels(front: fronts.P2M | fronts.Snn, light: Floats, serial: int, scale: float, measurement: int) -> Tensor:
    pitch = front.sensor.kernel
    side = light.shape[-1] // pitch
    draws = widths(serial, len(front.sensor.weight), pitch, side)
    noise = torch.Generator().manual_seed(serial * 1_000_003 + measurement)
    chip = torch.Generator()
    found = []
    for at in range(0, len(light), 16):
        x = torch.from_numpy(fronts.windows(light[at : at + 16], pitch))
        z = disturbed(front, varied(front, x, draws, scale), scale, chip.manual_seed(serial), noise)
        found.append(fronts.joined(front.coded(z), len(x)))
    return torch.cat(found)


def disturbed(
    front: fronts.P2M | fronts.Snn, z: Tensor, scale: float, chip: torch.Generator, noise: torch.Generator
) -> Tensor:
    """Sums behind ramps or comparators that differ by column, and with noise."""
    spread = torch.sqrt(front.batch_norm.running_var)[None, :, None, None]  # type: ignore[arg-type]
    width = z.shape[-1]
    if isinstance(front, fronts.P2M):
        z = z / (1 + scale * RAMP * torch.randn(width, generator=chip)).clamp(min=0.1)
    else:
        z = z + scale * COMPARATOR * spread * torch.randn(1, z.shape[1], 1, width, generator=chip)
    return z + scale * READ * spread * torch.randn(z.shape, generator=noise)


def random_chip(front: fronts.Front, x: Tensor, scale: float, draw: torch.Generator) -> Tensor:
    """Codes of a batch on a chip that is drawn for it, with a gradient: what training with errors sees."""
    if isinstance(front, fronts.Leca):
        encoder = front.encoder
        encoder.noise, encoder.mode = circuit.Noise(noise=scale, shot=0.0, read=0.0), "noisy"
        encoder.generator.manual_seed(int(torch.randint(2**31, (), generator=draw)))
        try:
            return front(x)  # type: ignore[no-any-return]
        finally:
            encoder.mode = "hard"
    if isinstance(front, fronts.Recurrent):
        from scamp_sim.systems.pixelrnn.train.noise import StageErrors

        front.network.noise = StageErrors.authors().scaled(scale)
        return front(x, draw)  # type: ignore[no-any-return]
    assert isinstance(front, (fronts.P2M, fronts.Snn))
    pitch, channels = front.sensor.kernel, len(front.sensor.weight)
    draws = torch.randn(x.shape[2], pitch * pitch, channels, generator=draw)
    z = disturbed(front, varied(front, x, draws, scale), scale, draw, draw)
    return fronts.joined(front.coded(z), len(x))
