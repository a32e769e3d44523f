"""What has to be said under every table and figure, and what is quoted because it cannot be recomputed here."""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.compare.counts import ON_ARRAY, Counts
from scamp_sim.text import plural

LESSON = (
    "256 is per decision over 16 frames, and includes a 16-fold spatial down-scaling before any network; with every "
    "frame read out it would be 16."
)
ALWAYS = (
    "A decision has {frames}; PixelRNN's has 16, the difference camera's at least 2, and that of skip_T at least 16.",
    "Bits are compared with 8-bit photosites; the papers' own ratios use other references, and stand apart.",
    "Accuracy, where it is shown, is on drawn or tiny data and says nothing about ImageNet, VWW or cameras.",
)
CIRCUIT = (
    "Own-chip rows are simulations of their papers (P2M 22 nm, LeCA 65 nm, SNN), without controller and without "
    "decoder. Weights of P2M and SNN are fixed at manufacture, those of LeCA are programmable.",
    "Energies by published constants differ as the constants do: the papers' raw frames of one scene differ by a "
    "factor of 6.6. Only the common set compares encoders.",
    "Time leaves out exposure and link, for which no paper gives a rate.",
)
ARRAY = (
    "SCAMP-5 rows are a 0.18 um chip of 2013 and its whole vision system of 1.5 W, controller and USB included; "
    "energy_array is the array alone. Own-chip rows carry no controller at all. The two energies are not comparable.",
    "SCAMP-5 has no colour filter, P2M's pixel curve and LeCA's charge equation do not run on it, and batch norm only "
    "acts through the weights. On a chip with errors its sums are good to about 1 LSB in a register and 3 LSB read.",
)
PITCH = (
    "{names}: the window of one value is {circuit} photosites wide on the circuit and {array} on SCAMP-5, so their "
    "ratios compare windows as well as hardware."
)

QUOTED: tuple[tuple[str, str, str], ...] = (
    ("pixelrnn", "84.4 %", "gestures on the chip, re-fitted decoder (85.6 % simulated, 68.9 % trained without noise)"),
    ("p2m", "89.90 %", "Visual Wake Words at 560x560 (baseline 91.37 %)"),
    ("leca", "0.97, 0.98, 2.01 points", "lost on ImageNet at CR 4, 6 and 8 (backbone 76.02 %)"),
    ("snn", "3.8 points", "lost on ImageNet with VGG16"),
    ("snn", "2.32 x, at most 3.56 x", "energy; no constants are published"),
)
"""Published, not reproducible offline: row, number, what it is."""


def lines(rows: Sequence[Counts], frames: int) -> list[str]:
    """The caveats that hold for these rows, a sentence or two each."""
    sides = {row.on for row in rows}
    found = [ALWAYS[0].format(frames=plural(frames, "frame")), *ALWAYS[1:]]
    if "circuit" in sides:
        found += CIRCUIT
    if "scamp5" in sides:
        found += ARRAY
    if any(row.system in ON_ARRAY and row.name.startswith("pixelrnn") for row in rows):
        found.append(LESSON)
    by = {(row.name, row.on): row.window for row in rows}
    for (name, on), window in by.items():
        other = by.get((name, "scamp5"))
        if on == "circuit" and other not in (None, window):
            assert other is not None
            found.append(PITCH.format(names=name, circuit=window[0], array=other[0]))
    return found


def notes(rows: Sequence[Counts]) -> list[str]:
    """What single rows say of themselves, rows with the same words together."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for note in row.notes:
            said.setdefault((row.on, note), []).append(row.name)
    return [f"{', '.join(names)} ({on}): {note}" for (on, note), names in said.items()]
