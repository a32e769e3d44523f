"""Published times, rates and powers of this chip, each with what the cost model says about it.

An anchor whose program can be written down is predicted from that program. Of others the counts of words, launches
and calls are known; they are priced. Those for which neither is known stay in the list with what their rate allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word, straight_line
from scamp_sim.costs.prices import CONSTANT, Timing
from scamp_sim.costs.timing import profile

if TYPE_CHECKING:
    from scamp_sim.costs.profile import Profile

Predict = Callable[[Timing], float]

KINDS = {
    "price": "is a price itself: it sets one row of the table",
    "fit": "in the joint fit of the prices",
    "sum": "a sum of anchors that are prices or in the fit",
    "set": "an option or a price was set from the same source",
    "independent": "nothing was fitted to it or set from its source",
    "open": "cannot be predicted",
}
"""Kind of anchor -> what that means."""


@dataclass(frozen=True)
class Anchor:
    """One published figure.

    sense: "about", or "at most" and "at least" for bounds.
    predict: what the model says at given prices, None if nothing can be said.
    note: where the prediction comes from, or why there is none, or why it misses.
    kind: what it is to the prices, one of `KINDS`; only an independent one can confirm them.
    """

    id: str
    what: str
    sense: str
    value: float
    unit: str
    source: str
    note: str
    predict: Predict | None = None
    kind: str = "independent"

    @property
    def fitted(self) -> bool:
        """Whether the prices were fitted to it, alone or together with others."""
        return self.kind in ("price", "fit")


def counted(amounts: Mapping[str, float]) -> Predict:
    """So many of each row of the table."""
    return lambda timing: sum(n * timing[row] for row, n in amounts.items())


def priced(program: Callable[[], Program], what: Callable[[Profile], float]) -> Predict:
    """One figure of the profile of a program on the chip."""
    return lambda timing: what(profile(program(), timing))


def _compute(cost: Profile) -> float:
    return cost.compute_us


def _total(cost: Profile) -> float:
    return cost.time_us


def calls(*steps: HostCall | Output) -> Callable[[], Program]:
    """A program of host calls and outputs alone."""
    return lambda: Program("calls", {}, steps)


# --- programs that can be written down --------------------------------------------------------------------------


def binarise() -> Program:
    """Eight words and a constant, as the published step has: the library's threshold."""
    from scamp_sim import kernels

    return kernels.load("threshold")


def closed_shapes() -> Program:
    from scamp_sim import kernels

    return kernels.load("closed_shapes")


def shift_32() -> Program:
    """A shift of a bit plane by 32 pixels, a launch for each."""
    step = Kernel("step", (Word("DNEWS0", ("R6",), ("R5",)), Word("MOV", ("R5",), ("R6",))))
    return Program("shift", {"step": step}, (Launch("step"),) * 32)


def dynamic_penalty(timing: Timing) -> float:
    """How many times longer a long dynamic kernel takes than a static one: the limit for many words."""
    return 1 + timing["record.word"] / timing["word"]


def full_rate() -> Program:
    return straight_line("full_rate", [Word("nop")] * 1000)


def border_flood_words(timing: Timing) -> float:
    """Words until a flood that starts all around the array has met in its middle, found by running it."""
    from scamp_sim.machine.machine import Machine

    for steps in range(1, 17):
        words = [Word("SET", ("R0", "R1", "R2", "R3")), Word("SET", ("R4",)), Word("CLR", ("R12",))]
        program = straight_line("flood", words + [Word("PROP_R"), Word("PROP_1")] * steps)
        machine = Machine(engine="reference", timing=timing)
        machine.run(program)
        if machine.read("R12").all():
            return program.words
    return float("inf")


def flood_reach(timing: Timing) -> float:
    """How far one iteration of scamp5_flood carries a bit, in PEs along rows plus columns, found by running it."""
    import numpy as np

    from scamp_sim.machine.machine import Machine

    machine = Machine(engine="reference", timing=timing)
    machine.write("R6", True)
    steps = (
        HostCall("scamp5_load_point", ("R5", 128, 128)),
        HostCall("scamp5_flood", ("R5", "R6", 0, 1, 0)),
    )
    machine.run(Program("reach", {}, steps))
    rows, columns = np.nonzero(machine.read("R5"))
    return float(np.max(np.abs(rows - 128) + np.abs(255 - columns - 128)))


# --- programs of which the counts are known ---------------------------------------------------------------------

PIXELRNN_STEPS = (
    ("binarise, unpack weights, masks", 40, 10, 10),
    ("CNN, 25 taps", 1275, 75, 75),
    ("ReLU", 8, 1, 0),
    ("max-pool, fill, align", 148, 24, 2),
    ("threshold, centre", 22, 4, 3),
    ("down-scale, half twice", 12104, 1038, 8),
    ("move by 32 and 34 PEs, twice", 533, 134, 0),
    ("snap and place x and h", 185, 7, 11),
    ("unpack gate weights", 20, 4, 5),
    ("gates, 25 taps", 1225, 75, 50),
    ("move by 64 PEs, add, isolate", 157, 4, 6),
    ("sign, update h", 41, 2, 5),
)
"""Words, launches and host calls of one frame (I: counted from the public program). The sum of the calls is given as
176, one more than that of the rows."""

PIXELRNN_DIGITAL = 1038 + 134
"""Launches in the two steps that move bits alone."""
PIXELRNN_DYNAMIC = 516
PIXELRNN_DYNAMIC_WORDS = 12104 / 1038
"""Of one dynamic kernel. Not published: the mean over the step that holds them (R)."""
PIXELRNN_CONSTANTS = 39
"""Calls that load constants: one in each tap of the CNN; of the calls that are neither in the taps nor in the
down-scaling, a third (R)."""


def pixelrnn(dynamic_words: float = PIXELRNN_DYNAMIC_WORDS, constants: int = PIXELRNN_CONSTANTS) -> Predict:
    """One frame, under the two assumptions about what is not published."""
    words = sum(step[1] for step in PIXELRNN_STEPS)
    launches = sum(step[2] for step in PIXELRNN_STEPS)
    called = sum(step[3] for step in PIXELRNN_STEPS)
    return counted(
        {
            "word": words - 2 * constants,  # the price of a constant holds its two words
            "launch.digital": PIXELRNN_DIGITAL,
            "launch.analog": launches - PIXELRNN_DIGITAL,
            "record.word": PIXELRNN_DYNAMIC * dynamic_words,
            "call": called - constants,
            CONSTANT: constants,
        }
    )


ECCV = {
    "word": 642 + 156 - 2 * 3,
    "launch.analog": 49 + 25,
    "call": 34 + 3 - 3,
    CONSTANT: 3,
    "adc.fixed": 10,
    "adc.sample": 10,
}
"""Convolution, then ReLU and pooling (counted from the public program), then ten sums of regions, a sample each (I).
Three of the calls load constants (R)."""

ANALOGNET_LAYER = {"word": 198 - 2 * 3, "launch.analog": 6, CONSTANT: 3}
"""Three convolutions of 44, 42 and 94 words, three thresholds of 6 (C3; I)."""

MACS = 27 * 50 + 50 * 10
"""Multiplications of AnalogNet's fully connected layers."""

FAST16_WORDS = 2 * 1866
"""Both polarities (C12: counted from the public program for the previous system)."""


def analognet(variant: str) -> Predict:
    """One pass behind the capture: binarise, layer, events, fully connected part in one of its three variants."""
    parts = (priced(binarise, _compute), counted(ANALOGNET_LAYER), priced(three_scans, _total))
    macs = counted({f"mcu.mac.{variant}": MACS})
    return lambda timing: sum(part(timing) for part in parts) + macs(timing)


def three_scans() -> Program:
    return calls(*[HostCall("scamp5_scan_events", ("R5", 100, 0, 0))] * 3)()


# --- the list ---------------------------------------------------------------------------------------------------

_SUM_16 = calls(HostCall("scamp5_global_sum_16", ("A", 0)))
_SUM_64 = calls(HostCall("scamp5_global_sum_64", ("A", 0)))
_ANALOG_IMAGE = calls(Output("image", "A"))

PROGRAM = "from a program"
COUNTS = "from published counts"
CLOSED = "the program is not public"

# fmt: off
ANCHORS: tuple[Anchor, ...] = (
    Anchor("T1", "scamp5_global_sum_16", "about", 14, "us", "D APIA", PROGRAM, priced(_SUM_16, _total), "price"),
    Anchor("T2", "scamp5_global_sum_64", "about", 28, "us", "D APIA", PROGRAM, priced(_SUM_64, _total), "price"),
    Anchor("T3", "AnalogNet: binarise the input", "about", 13, "us", "M BG", f"{PROGRAM}: library kernel threshold",
           priced(binarise, _compute), "fit"),
    Anchor("T4", "AnalogNet: three convolutions, thresholds", "about", 68, "us", "M BG",
           f"{COUNTS}: 198 words, 6 launches, 3 constants", counted(ANALOGNET_LAYER), "fit"),
    Anchor("T5", "AnalogNet: three scans of 100 slots, binning", "about", 273, "us", "M BG",
           f"{PROGRAM}; the price of a slot holds the binning", priced(three_scans, _total), "price"),
    Anchor("T6a", "AnalogNet: 1,850 MACs in the controller, loop", "about", 389, "us", "M BG", COUNTS,
           counted({"mcu.mac.loop": MACS}), "price"),
    Anchor("T6b", "the same, unrolled", "about", 374, "us", "M BG", COUNTS,
           counted({"mcu.mac.unrolled": MACS}), "price"),
    Anchor("T6c", "the same, weights in the code", "about", 109, "us", "M BG", COUNTS,
           counted({"mcu.mac.inlined": MACS}), "price"),
    Anchor("T7a", "AnalogNet: whole pass, loop", "about", 743, "us", "M BG", "sum of T3 to T6",
           analognet("loop"), "sum"),
    Anchor("T7b", "the same, unrolled", "about", 728, "us", "M BG", "sum of T3 to T6", analognet("unrolled"), "sum"),
    Anchor("T7c", "the same, weights in the code", "about", 463, "us", "M BG", "sum of T3 to T6",
           analognet("inlined"), "sum"),
    Anchor("T8", "AnalogNet: frame at 2,260 a second", "about", 1e6 / 2260, "us", "P ANET", "as T7c",
           analognet("inlined"), "sum"),
    Anchor("T8e", "the same: energy of the vision system", "about", 0.7, "mJ", "P ANET", "0.44 ms at power.system",
           counted({"power.system": 1e3 / 2260}), "price"),
    Anchor("T9", "FAST corners on SCAMP-5c, 2,300 frames/s", "about", 1e6 / 2300, "us", "P DIP25",
           f"{COUNTS}: 3,732 words at the 9 MHz of that system; without the capture",
           counted({"word": FAST16_WORDS * 10 / 9})),
    Anchor("T10", "BIT-VO loop, 300 frames/s", "about", 1e6 / 300, "us", "P BITVO, DIP25",
           f"{COUNTS}: the corners of T9 and a bit plane out; their list is not counted",
           counted({"word": FAST16_WORDS, "call": 1, "dreg.byte": 8192}), "price"),
    Anchor("T11", "marker odometry, over 400 frames/s", "at most", 1e6 / 400, "us", "P BITVO 2023", CLOSED,
           kind="open"),
    Anchor("T12", "closed shapes, 100,000 frames/s", "at most", 10, "us", "P VLSI13",
           f"{PROGRAM}: words of the library kernel closed_shapes; that system had no launches to pay for",
           priced(closed_shapes, lambda cost: cost.time_breakdown["words"])),
    Anchor("T13", "MNIST CNN in the array, over 3,000 frames/s", "at most", 1e6 / 3000, "us", "P ECCV20",
           f"{COUNTS}: 798 words, 74 launches, 37 calls; ten sums of regions", counted(ECCV), "fit"),
    Anchor("T14a", "strided binary CNNs, 17,500 frames/s", "at most", 1e6 / 17500, "us", "P BMVC20",
           CLOSED, kind="open"),
    Anchor("T14b", "the same: power of the vision system", "at most", 1.5, "W", "P BMVC20", "power.system",
           counted({"power.system": 1}), "price"),
    Anchor("T15", "analog plane on SCAMP-5c, 21 frames/s", "about", 1e6 / 21, "us", "D 5C-SRC",
           "another controller, over USB; the price is that of the conversions of scamp5d",
           priced(_ANALOG_IMAGE, _total)),
    Anchor("T16", "flood from the border to the middle: words", "at most", 20, "words", "D 5C-DOC",
           f"{PROGRAM}, run", border_flood_words, "set"),
    Anchor("T17", "reach of one scamp5_flood iteration", "at least", 47, "PEs", "I LB-MNIST", f"{PROGRAM}, run",
           flood_reach, "set"),
    Anchor("P1", "PixelRNN, one frame", "about", 3500, "us", "P PixelRNN",
           f"{COUNTS}: 15,758 words, 1,378 launches, 516 of them dynamic, 175 calls", pixelrnn(), "fit"),
    Anchor("P2", "heat map of 3 layers, over 280 frames/s", "at most", 1e6 / 280, "us", "P CVPRW22", CLOSED,
           kind="open"),
    Anchor("L1", "shift by 32 in 32 launches, plot to 80 us", "at most", 80, "us", "M LB-TUT", PROGRAM,
           priced(shift_32, _total), "fit"),
    Anchor("L2", "dynamic kernel against static, about 6 times", "about", 6, "x", "M LB-TUT",
           "the routine is not public; with such a factor and the fitted launch, P1 would take longer than published",
           dynamic_penalty),
    Anchor("R1", "analog plane out: under 60 frames/s", "at least", 1e6 / 60, "us", "D EX-SDK", PROGRAM,
           priced(_ANALOG_IMAGE, _total), "fit"),
    Anchor("E1", "power of the array at its peak rate", "about", 1.23, "W", "P VLSI13", f"{PROGRAM}: 1,000 words",
           priced(full_rate, lambda cost: cost.power_w), "set"),
)
# fmt: on
"""Letters and abbreviations of the sources as in docs/isa.md."""
