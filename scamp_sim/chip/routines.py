"""The host functions as one table: what the microcontroller's routines take, do and give.

Part of the instruction set (`isa` re-exports it). `scamp_sim.chip.host` holds what a routine does to the array,
`scamp_sim.chip.readout` what it gives, the price table what it costs. A "Qn" in a source is an open question; its
answer is an option of `ArrayOptions` where it matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

MASK_ALL = 1023
"""An address mask that ignores every bit. The chip has eight address bits, so that 255 does there."""

DRAWING = "drawing"
"""Stands for the plane that `scamp5_draw_begin` named, until the assembler or the machine puts its name there."""

MOST_EVENTS = 4000
"""Slots of the longest event list (D APID)."""


class Operand(NamedTuple):
    """One operand of a host function.

    kind: an operand class, or an integer: "int"; "row" and "column", addresses inside the array; "address", an address
        or mask of which only the part inside the array counts.
    default: None where the operand is required.
    use: what happens to a register: "reads", "writes", "updates", or "temp", which is left with something else in it.
    """

    name: str
    kind: str
    default: int | str | None = None
    use: str = ""


@dataclass(frozen=True)
class HostFunction:
    """A routine of the microcontroller that host programs can call.

    words: instruction words that it issues to the array while it runs; text where they depend on the operands.
    writes: registers that change besides the operands.
    result: kind of what it gives, "" for nothing.
    buffer: place of the SDK's operand for the memory or display that takes the result, -1 if it has none. It is not
        among `operands`, and where it stands in a call it names the result.
    """

    name: str
    operands: tuple[Operand, ...]
    words: int | str
    effect: str
    source: str
    writes: tuple[str, ...] = ()
    result: str = ""
    buffer: int = -1

    @property
    def signature(self) -> str:
        shown = [o for o in self.operands if o.default != DRAWING]
        parts = [o.name if o.default is None else f"{o.name}={o.default}" for o in shown]
        if self.buffer >= 0:
            parts.insert(self.buffer, "[buffer]")
        return f"{self.name}({', '.join(parts)})"

    @cached_property
    def required(self) -> int:
        """Operands without a default."""
        return sum(o.default is None for o in self.operands)


# Rows of the table below: (operands), words, effect, source, then what is implied, given and where the buffer stands.

_AN = Operand("a", "areg", use="writes")
_TEMP = Operand("temp", "areg", "NEWS", "temp")
_V = Operand("v", "int")
_CODE = Operand("code", "int")
_D = Operand("d", "dreg", use="writes")
_INTO = Operand("into", "dreg", DRAWING, "updates")
_POINT = (Operand("r", "row"), Operand("c", "column"))
_PIXEL = (Operand("r", "int"), Operand("c", "int"))
_RECT = tuple(Operand(n, "address") for n in ("r0", "c0", "r1", "c1"))
_PATTERN = (*_POINT, Operand("rx", "address"), Operand("cx", "address"))
_READ_A = Operand("a", "acell", use="reads")
_READ_D = Operand("d", "dsrc", use="reads")
_READ_X = Operand("x", "plane", use="reads")
_EACH = Operand("each", "int", 0)
_EVENTS = (Operand("max", "int", 1000), Operand("h_dir", "int", 0), Operand("v_dir", "int", 0))
_LINES = ("SELECT", "RECT")

# fmt: off
_FORMS = (
    # constants (section 4.1 of the fact sheet)
    HostFunction("scamp5_in", (_AN, _V, _TEMP), 2,
                 "a := v where FLAG = 1, error-corrected; v in -128..127; temp is clobbered",
                 "D APIA; I words and gating", ("IN",)),
    HostFunction("scamp5_load_in", (_AN, _V, _TEMP), 2,
                 "IN := v; where FLAG = 1: temp := -IN; a := -temp, without error correction; v in -128..127",
                 "D APIA; I words and gating", ("IN",)),
    HostFunction("scamp5_load_in", (_V,), 0, "IN := v, for kernels that read IN; v in -128..127", "D APIA", ("IN",)),
    HostFunction("scamp5_load_dac", (_AN, _CODE, _TEMP), 2,
                 "as scamp5_load_in with a raw code of the converter, 0..4095 for -128..127",
                 "D APIA; R straight line from code to LSB", ("IN",)),
    HostFunction("scamp5_load_dac", (_CODE,), 0, "IN := a raw code of the converter, 0..4095 for -128..127",
                 "D APIA; R straight line from code to LSB", ("IN",)),
    HostFunction("vs_scamp5_set_dac", (_CODE,), 0, "IN := a raw code of the converter, 0..4095 for -128..127",
                 "D VS; R straight line from code to LSB", ("IN",)),
    # whole analog planes
    HostFunction("scamp5_get_image",
                 (Operand("yf", "areg", use="writes"), Operand("yh", "areg", use="writes"), Operand("gain", "int", 1)),
                 "7 + 10 (gain - 1)",
                 "yf := the image, full range -127..127; yh := half range 0..127; PIX is reset; gain 1..5 makes the "
                 "light 1, 2, 4, 8, 16 times brighter, with saturation",
                 "D SDK example; I words; R gain (Q14)", ("PIX", "NEWS")),
    HostFunction("scamp5_shift", (Operand("a", "areg", use="updates"), Operand("h", "int"), Operand("v", "int")),
                 "2 for every two PEs, and for a last one, of each axis",
                 "a moves h PEs to the east and v to the north; 0 comes in", "D APIA; I words", ("NEWS",)),
    HostFunction("scamp5_shift",
                 (Operand("d", "dreg", use="updates"), Operand("h", "int"), Operand("v", "int"),
                  Operand("boundary", "int", 0), Operand("refresh", "int", 2)),
                 "2 for each axis, 1 for a PE, 2 for a refresh after every `refresh` PEs",
                 "d moves h PEs to the east and v to the north; boundary comes in", "D APID; I words",
                 ("R1", "R2", "R3", "R4")),
    HostFunction("scamp5_diffuse",
                 (Operand("a", "areg", use="updates"), Operand("n", "int"), Operand("vert", "int", 1),
                  Operand("horiz", "int", 1), Operand("t0", "areg", "NEWS", "temp")),
                 "2 + 2n", "n rounds of blur, along the axes that are 1", "D APIA; I words and links", ("R1", "R2")),
    # single bits of planes
    HostFunction("scamp5_load_point", (_D, *_POINT), 2, "d := 1 at one PE, 0 elsewhere",
                 "D APID; I words", _LINES),
    HostFunction("scamp5_load_rect", (_D, *_RECT), 3,
                 "d := 1 in the rectangle from top-right (r0, c0) to bottom-left (r1, c1), both included, 0 "
                 "elsewhere", "D APID; I words", _LINES),
    HostFunction("scamp5_load_region", (_D, *_RECT), 3, "newer name of scamp5_load_rect", "LB-TUT; I words", _LINES),
    HostFunction("scamp5_load_pattern", (_D, *_PATTERN), 2,
                 "d := 1 where the address matches (r, c) outside the bits set in (rx, cx), 0 elsewhere",
                 "D APID; I words", _LINES),
    HostFunction("scamp5_select_point", _POINT, 0, "SELECT, RECT := one PE", "D APID", _LINES),
    HostFunction("scamp5_select_rect", _RECT, 0,
                 "RECT, SELECT := rectangle, corners as in scamp5_load_rect", "D APID", _LINES),
    HostFunction("scamp5_select_pattern", _PATTERN, 0,
                 "SELECT, RECT := address match as in scamp5_load_pattern", "D APID", _LINES),
    HostFunction("scamp5_select_row", (Operand("r", "row"),), 0, "SELECT, RECT := one row", "D APID", _LINES),
    HostFunction("scamp5_select_col", (Operand("c", "column"),), 0, "SELECT, RECT := one column",
                 "D APID", _LINES),
    HostFunction("scamp5_select_rowx", (Operand("r", "row"), Operand("rx", "address")), 0,
                 "SELECT, RECT := rows that match r outside the bits set in rx", "D APID", _LINES),
    HostFunction("scamp5_select_colx", (Operand("c", "column"), Operand("cx", "address")), 0,
                 "SELECT, RECT := columns that match c outside the bits set in cx", "D APID", _LINES),
    # drawing
    HostFunction("scamp5_draw_begin", (Operand("d", "dreg", use="updates"),), 0,
                 "what is drawn until scamp5_draw_end goes to d; d keeps its contents (Q15)", "D APID; I keeps"),
    HostFunction("scamp5_draw_pixel", (*_PIXEL, _INTO), 2, "sets one PE; addresses wrap round",
                 "D APID; I words", _LINES),
    HostFunction("scamp5_draw_point", (*_PIXEL, _INTO), "2, or 0 outside",
                 "sets one PE; nothing outside the array; gives whether it was inside", "D APID; I words",
                 _LINES),
    HostFunction("scamp5_draw_rect", (*_RECT, _INTO), 2, "sets a filled rectangle, corners as in scamp5_load_rect",
                 "D APID; I filled, words", _LINES),
    HostFunction("scamp5_draw_line",
                 (*(Operand(n, "int") for n in ("r0", "c0", "r1", "c1")), Operand("repeat", "int", 1), _INTO),
                 "2 for each PE", "sets the PEs on a straight line, ends included; beyond the edge it wraps round, or "
                 "is cut off with repeat = 0", "D APID; I words, repeat", _LINES),
    HostFunction("scamp5_draw_circle", (*_PIXEL, Operand("radius", "int"), Operand("repeat", "int", 1), _INTO),
                 "2 for each PE", "sets the PEs on a circle; beyond the edge it wraps round, or is cut off with "
                 "repeat = 0", "D APID; I words, repeat", _LINES),
    HostFunction("scamp5_draw_negate", (_INTO,), 2, "inverts the plane", "D APID; I words"),
    HostFunction("scamp5_draw_end", (), 0, "ends the drawing", "D APID"),
    HostFunction("scamp5_flood",
                 (Operand("target", "dreg", use="updates"), Operand("mask", "dsrc", use="reads"),
                  Operand("boundary", "int"), Operand("iterations", "int", 5), Operand("use_local", "int", 0)),
                 "5 + 2 iterations, 1 more without use_local",
                 "target spreads inside mask; boundary is what the array's surroundings hold; use_local takes the "
                 "directions that R1..R4 allow, else all", "D APID; I words", ("R0", "R12", "R1", "R2", "R3", "R4")),
    # sums and tests
    HostFunction("scamp5_global_or",
                 (_READ_D, Operand("r", "row", 0), Operand("c", "column", 0), Operand("rx", "address", MASK_ALL),
                  Operand("cx", "address", MASK_ALL)), 0,
                 "gives 1 if d is 1 in any PE whose address matches as in scamp5_load_pattern, else 0",
                 "D APID", _LINES, "bit"),
    HostFunction("scamp5_global_sum_16", (_READ_A, _EACH), 0,
                 "gives the total, 0..4080, of 16 samples of a 4x4 set of grids (Q13); the samples with a buffer or "
                 "each = 1", "D APIA; R scale (Q12)", _LINES, "sum", 1),
    HostFunction("scamp5_global_sum_64", (_READ_A, _EACH), 0,
                 "gives the total, 0..16320, of 64 samples of an 8x8 set of grids (Q13); the samples with a buffer "
                 "or each = 1", "D APIA; R scale (Q12)", _LINES, "sum", 1),
    HostFunction("scamp5_global_sum_fast", (_READ_A,), 0,
                 "gives one sample of the whole plane, 128 + mean within 0..255", "D APIA; R scale (Q12)", _LINES,
                 "sum"),
    HostFunction("scamp5_global_sum_sparse",
                 (_READ_A, Operand("r", "row", 2), Operand("c", "column", 2), Operand("rx", "address", MASK_ALL - 1),
                  Operand("cx", "address", MASK_ALL - 1)), 0,
                 "gives one sample of the PEs whose address matches, 128 + sum/4096 within 0..255; by default a "
                 "quarter of the PEs", "D APIA; I scale (Q12)", _LINES, "sum"),
    HostFunction("scamp5_global_sum_region", (_READ_A, *_RECT), 0,
                 "gives one sample of a rectangle, 128 + sum/4096 within 0..255", "D APIA; I scale (Q12)", _LINES,
                 "sum"),
    HostFunction("scamp5_global_count",
                 (_READ_D, Operand("temp", "areg", use="temp"), Operand("opt", "int", 0)), 7,
                 "gives an estimate of the number of ones, 0..4095 for none..all, by way of a global sum of temp: "
                 "opt 0 takes 16 samples, 1 takes 64", "D APIA; I words", ("NEWS", "IN", "FLAG", *_LINES), "sum"),
    # readout (section 4.3)
    HostFunction("scamp5_read_areg", (_READ_A, *_POINT), 0,
                 "gives one PE's value, 0..255 = value + 128", "D APIA", _LINES, "pixel"),
    HostFunction("scamp5_scan_areg", (_READ_A, *_RECT, Operand("rs", "int", 1), Operand("cs", "int", 1)), 0,
                 "gives the values of a rectangle, every rs-th row and cs-th column, column after column from the "
                 "top right", "D APIA; M KUR inclusive end", _LINES, "samples", 1),
    HostFunction("scamp5_scan_areg_8x8", (_READ_A,), 0,
                 "gives 64 values, one from the top right of each of 8x8 blocks, column after column from the top "
                 "right", "D APIA; I phase", _LINES, "samples", 1),
    HostFunction("scamp5_scan_areg_mean_8x8", (_READ_A,), 0,
                 "gives the means of 8x8 blocks, column after column from the top right", "D APIA; I order", _LINES,
                 "samples", 1),
    HostFunction("scamp5_scan_dreg", (_READ_D, Operand("r0", "address", 0), Operand("r1", "address", MASK_ALL)), 0,
                 "gives the rows r0..r1, 8 PEs a byte, lowest column first (Q11)", "D APID", _LINES, "bit rows", 1),
    HostFunction("scamp5_scan_events", (_READ_D, *_EVENTS), 0,
                 "gives (column, row) of PEs that are 1, at most max, unused slots (0, 0); h_dir, v_dir = 1 start "
                 "from the far side", "D APID; M KUR zero fill; R row after row", _LINES, "events", 1),
    HostFunction("scamp5_scan_events_cr", (_READ_D, *_EVENTS), 0, "as scamp5_scan_events", "LB-TUT", _LINES,
                 "events", 1),
    HostFunction("scamp5_scan_events_rc", (_READ_D, *_EVENTS), 0,
                 "as scamp5_scan_events, but (row, column)", "LB-TUT; I order", _LINES, "events", 1),
    HostFunction("scamp5_scan_boundingbox", (_READ_D,), 0,
                 "gives (r_min, c_min, r_max, c_max) of the PEs that are 1; upside down if there are none",
                 "D APID; R empty plane", _LINES, "bounding box", 1),
    HostFunction("scamp5_output_image", (_READ_X,), 0,
                 "sends a plane: upright, an analog one as 0..255 = value + 128", "D OUT", _LINES, "image", 1),
    HostFunction("scamp5_output_areg", (_READ_A, Operand("s", "int", 1), Operand("r0", "row", 0),
                                        Operand("c0", "column", 0)), 0,
                 "sends every s-th row and column, from (r0, c0) on", "D OUT", _LINES, "image", 1),
    HostFunction("scamp5_output_events", (_READ_D, *_EVENTS), 0, "sends what scamp5_scan_events gives", "D OUT",
                 _LINES, "events", 1),
    HostFunction("scamp5_output_boundingbox", (_READ_D,), 0, "sends what scamp5_scan_boundingbox gives", "D OUT",
                 _LINES, "bounding box", 1),
    HostFunction("scamp5_output_bitstack_begin", (Operand("n", "int"),), 0,
                 "the next n planes given to scamp5_output_bitstack_bit are one picture", "D OUT", buffer=0),
    HostFunction("scamp5_output_bitstack_bit", (_READ_D,), 0, "sends one plane of the picture, highest bit first",
                 "D OUT; LB-TUT", _LINES),
    HostFunction("scamp5_output_bitstack_end", (), 0, "gives the picture, upright, n bits a PE", "D OUT", (),
                 "bit stack"),
    # the rest
    HostFunction("scamp5_kernel_all", (), 1, "FLAG := 1 in all PEs", "D KAPI", ("FLAG",)),
    HostFunction("scamp5_kernel_refresh_dreg", (), 26, "refreshes R0..R12", "D ICW"),
    HostFunction("vs_scamp5_rest", (), 0, "lowers the power until the next activity; registers decay more slowly",
                 "D VS"),
    HostFunction("vs_vision_chip_rest", (), 0, "as vs_scamp5_rest", "D VS"),
    HostFunction("vs_vision_chip_reset_exposure", (), 3, "PIX := its reset level", "D VS; I words", ("PIX",)),
)
# fmt: on

HOST: dict[str, tuple[HostFunction, ...]] = {}
"""Host functions by name; one entry for each accepted list of operands."""
for _form in _FORMS:
    HOST[_form.name] = (*HOST.get(_form.name, ()), _form)


_BY_COUNT = {(f.name, len(f.operands)): f for f in reversed(_FORMS)}


def host_forms(name: str, operands: int) -> list[HostFunction]:
    """The forms of host function `name` that a user may call with this many operands."""
    return [f for f in HOST.get(name, ()) if f.required <= operands <= len(f.operands)]


def host_form(name: str, operands: int) -> HostFunction | None:
    """The form of host function `name` that has exactly this many operands, as a complete call has them."""
    return _BY_COUNT.get((name, operands))
