"""Errors that are redrawn every time: for each word and PE, each exposure, each conversion."""

from __future__ import annotations

import numpy as np

from scamp_sim.chip.planes import GREY_TO_PIX, Floats
from scamp_sim.silicon import draws
from scamp_sim.silicon.profiles import ChipProfile


class TemporalErrors:
    """Noise of one measurement: `seed`, of `draws.measurement`, and the number of a word, an exposure or a readout fix
    every draw."""

    def __init__(self, profile: ChipProfile, seed: int, shape: tuple[int, int]) -> None:
        self.profile = profile
        self.seed = seed
        self.shape = shape

    def scale(self, knob: str) -> np.float32:
        """LSB that a draw of 1 stands for."""
        return np.float32(self.profile[knob] / draws.UNIT)

    @property
    def write_scale(self) -> np.float32:
        """LSB that a draw of 1 stands for in an analog word."""
        return np.float32(self.profile["write_noise"] / draws.WORD_UNIT)

    def write(self, word: int, destination: int) -> Floats:
        """LSB that are added to one destination of a word."""
        return self.write_scale * draws.word_noise(self.shape, self.seed, word, destination)

    def completed(self, word: int) -> Floats:
        """The same for a word that takes on what the word before left in NEWS."""
        return self.write_scale * draws.word_noise(self.shape, self.seed, word - 1, 0, second=True)

    def pix_read(self, word: int) -> Floats:
        return self.scale("pix_read") * draws.noise(self.shape, self.seed, word, draws.PIX_READ)

    def load_scale(self, value: float) -> np.float32:
        """LSB that a draw of 1 stands for when a constant is loaded."""
        p = self.profile
        spread = np.hypot(p["load_spread"], p["load_spread_relative"] * value)
        return np.float32(spread / draws.UNIT)

    def load(self, value: float, word: int) -> Floats:
        return self.load_scale(value) * draws.noise(self.shape, self.seed, word, draws.LOAD)

    def disturbance(self, word: int, register: int) -> Floats:
        return self.scale("digital_end_noise") * draws.noise(self.shape, self.seed, word, draws.DISTURB + register)

    def exposure(self, pix: Floats, number: int, black: float) -> Floats:
        """PIX with shot and reset noise; `number` counts exposures. Shot noise grows with the root of the light (U)."""
        p = self.profile
        if not (p["pix_shot"] or p["pix_reset"]):
            return pix
        source = draws.generator(self.seed, "exposure", number)
        light = np.clip((pix - np.float32(black)) / np.float32(GREY_TO_PIX * 255), 0, None)
        sd = np.sqrt(p["pix_reset"] ** 2 + p["pix_shot"] ** 2 * light)
        return np.asarray(pix + sd * source.standard_normal(pix.shape, np.float32), np.float32)

    def converted(self, seen: Floats, number: int) -> Floats:
        """What the converter gives, in LSB from -128 to 127; `number` counts readouts."""
        p = self.profile
        if p["readout_common"]:
            common = draws.generator(self.seed, "readout common", number).standard_normal()
            seen = seen + np.float32(p["readout_common"] * common)
        if p["adc_noise"]:
            source = draws.generator(self.seed, "adc", number)
            seen = seen + np.float32(p["adc_noise"]) * source.standard_normal(seen.shape, np.float32)
        if p["adc_step"]:
            step = np.float32(p["adc_step"])
            seen = np.clip(np.rint(seen / step) * step, np.float32(-128), np.float32(127))
        return np.asarray(seen, np.float32)
