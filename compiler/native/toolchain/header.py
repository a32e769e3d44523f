"""The SDK as C++ programs see it: its declarations, made from the tables of the instruction set, macros and routines.

`files` gives every header of the folder that programs are compiled against, and the source of the runtime that they
are linked with. What no table holds (kernels, the window of the host, stopwatches) stands in `sdk.hpp`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from scamp_sim.chip import isa
from scamp_sim.chip.isa import HostFunction, Native, Operand
from scamp_sim.compiler.expand import prelude

MAIN = "scamp5.hpp"
HEADERS = (
    "vs_import.hpp",
    "scamp5_main.hpp",
    "scamp5_kernel_api.hpp",
    "vs_m0.hpp",
    "vs_scamp5.hpp",
    "vs_vision_chip.hpp",
)
"""Other names under which programs include the SDK."""
SCAMP7 = "scamp7.hpp"
FOLDER = Path(__file__).parent

ANALOG_IDS = (*isa.ANALOG, *isa.PORTS, *isa.ANALOG_INPUTS)
DIGITAL_IDS = (*isa.DIGITAL, *isa.SPECIAL_BITS)
NAMES = (*ANALOG_IDS, *DIGITAL_IDS)
"""Registers by the number that they have in C++."""

DIRECTION_BITS = {"east": 1, "west": 2, "north": 4, "south": 8}
"""Values of `news_t` (D ICW, hardware headers)."""

_TYPES = {"areg": "AREG", "asrc": "ASRC", "dreg": "DREG", "dsrc": "DSRC", "dir": "int", "dirs": "int", "int": "int"}
_VALUES = {"areg": "areg_t", "asrc": "aref_t", "dreg": "dreg_t", "dsrc": "dref_t"}

CONSTANTS = ("scamp5_in", "scamp5_load_in")
BOARD_TYPES = {"row": "uint8_t", "column": "uint8_t", "address": "uint8_t", "max": "uint16_t", "code": "uint16_t"}
"""C types of integer operands by class, or by name; constants are int8_t, all others int (D, SDK headers)."""

# fmt: off
WITHOUT_EFFECT = (
    "vs_led_on", "vs_led_off", "vs_led_toggle", "vs_led_set", "vs_gpio_set", "vs_gpio_clear", "vs_gpio_toggle",
    "vs_gui_set_info", "vs_gui_set_barplot", "vs_gui_set_scatterplot", "vs_gui_set_scope", "vs_gui_display_text",
    "vs_gui_display_boundingbox", "vs_gui_clear", "vs_gui_save_image", "vs_enable_frame_trigger",
    "vs_disable_frame_trigger", "vs_frame_trigger_set", "vs_configure_frame_trigger", "vs_frame_trigger_enable",
    "vs_frame_trigger_disable", "vs_set_exposure", "vs_scamp5_configure_clock", "vs_scamp5_get_parameter",
    "vs_on_shutdown", "vs_on_host_disconnect", "vs_on_event", "scamp5_display_boundingbox", "scamp5_display_events",
    "scamp5_display_point", "scamp5_display_line", "scamp5_display_text", "scamp5_output_begin", "scamp5_output_end",
    "scamp5_bind_io_agent", "vs_configure", "vs_post_message", "vs_disable_idle", "vs_enable_idle",
)
# fmt: on
"""Functions of the SDK that do nothing to the array: they are counted, and told."""

SDK_DEFAULTS = {"max": 1}
"""Where the SDK's default is another than the table's: an event list is as long as its buffer, which only the caller
knows (D APID)."""


@cache
def files() -> dict[str, str]:
    """Name -> contents of every file that a program is built with."""
    text = (FOLDER / "sdk.hpp").read_text(encoding="utf-8")
    parts = {
        "REGISTERS": _registers(),
        "INSTRUCTIONS": instructions(),
        "HOST": host_functions(),
        "IDLE": without_effect(),
    }
    for mark, lines in parts.items():
        text = text.replace(f"//@{mark}\n", "\n".join(lines) + "\n")
    runtime = (FOLDER / "runtime.cpp").read_text(encoding="utf-8")
    names = [f'    "{n}",' for n in NAMES]
    runtime = runtime.replace("//@NAMES\n", "\n".join(names) + "\n")
    forward = f'#pragma once\n#include "{MAIN}"\n'
    return {MAIN: text, **dict.fromkeys(HEADERS, forward), SCAMP7: scamp7(), "runtime.cpp": runtime}


def _registers() -> list[str]:
    lines = [f"constexpr areg_t {n}{{{i}}};" for i, n in enumerate((*isa.ANALOG, *isa.PORTS))]
    lines += [f"constexpr aref_t {n}{{{ANALOG_IDS.index(n)}}};" for n in isa.ANALOG_INPUTS]
    lines += [f"constexpr dreg_t {n}{{{NAMES.index(n)}}};" for n in isa.DIGITAL]
    lines += [f"constexpr dref_t {n}{{{NAMES.index(n)}}};" for n in isa.SPECIAL_BITS]
    for alias, name in isa.ALIASES.items():
        kind = "areg_t" if name in isa.PORTS else "dreg_t"
        lines.append(f"constexpr {kind} {alias}{{{NAMES.index(name)}}};")
    return lines


# --- instructions ---------------------------------------------------------------------------------------------


def instructions() -> list[str]:
    """One function for each form of each native word and macro."""
    lines: dict[str, None] = {}
    for row in isa.NATIVE.values():
        for kinds in native_forms(row):
            lines[_function(row.name, kinds)] = None
        if row.lists:
            lines[_list_function(row)] = None
    for alias, name in isa.MNEMONIC_ALIASES.items():
        for kinds in native_forms(isa.NATIVE[name]):
            lines[_function(alias, kinds, name)] = None
    for name, kinds in macro_forms():
        lines[_function(name, kinds)] = None
    return list(lines)


def native_forms(row: Native) -> Iterator[tuple[str, ...]]:
    """The operand classes of each way to call a native word."""
    destinations = range(row.dst.least, row.dst.most + 1) if row.dst else (0,)
    sources = range(row.src.least, row.src.most + 1) if row.src else (0,)
    for dst in destinations:
        for src in sources:
            yield (*[row.dst.kind if row.dst else ""] * dst, *[row.src.kind if row.src else ""] * src)


def macro_forms() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each macro of the prelude by name and operand classes, once for each number of operands that it takes."""
    for name, forms in prelude.declarations().items():
        for macro in forms:
            for count in range(macro.required, len(macro.formals) + 1):
                yield name, tuple(f.kind for f in macro.formals[:count])


def _function(name: str, kinds: tuple[str, ...], told: str = "") -> str:
    taken = [f"{_TYPES[k]} x{i}" for i, k in enumerate(kinds)]
    given = ", ".join(_told(k, f"x{i}") for i, k in enumerate(kinds))
    place = ", ".join([*taken, "scamp_sim::at place = scamp_sim::at()"])
    return f'inline void {name}({place}) {{ scamp_sim::word("{told or name}", {{{given}}}, place); }}'


def _told(kind: str, name: str) -> str:
    if kind in _VALUES:
        return f"scamp_sim::reg({name})"
    return f"scamp_sim::{'directions' if kind in ('dir', 'dirs') else 'integer'}({name})"


def _list_function(row: Native) -> str:
    """The form `{destinations}, {sources}` of a word; of a single source too where the word has but one."""
    assert row.dst is not None
    assert row.src is not None
    dst, src = _VALUES[row.dst.kind], _VALUES[row.src.kind]
    body = (
        "{ scamp_sim::lists to; to.open(); for (const auto& r : y) to.add(scamp_sim::reg(r)); to.close(); "
        "to.open(); for (const auto& r : x) to.add(scamp_sim::reg(r)); to.close(); "
        f'to.word("{row.name}", place); }}'
    )
    place = "scamp_sim::at place = scamp_sim::at()"
    many = f"inline void {row.name}(std::initializer_list<{dst}> y, std::initializer_list<{src}> x, {place}) {body}"
    if row.src.most > 1:
        return many
    one = f"inline void {row.name}(std::initializer_list<{dst}> y, {_TYPES[row.src.kind]} x, {place}) "
    return many + "\n" + one + f"{{ {row.name}(y, {{x}}, place); }}"


# --- host functions -------------------------------------------------------------------------------------------


def host_functions() -> list[str]:
    """One object for each host function, with an operator() for each form and number of operands."""
    lines = []
    for name, forms in isa.HOST.items():
        lines.append(f"struct {name}_t {{")
        seen: dict[str, None] = {}
        for form in forms:
            for method in _methods(form):
                seen[method] = None
        lines += [f"    {m}" for m in seen]
        lines.append(f"}};\nstatic constexpr {name}_t {name}{{}};")
    return lines


def operand_type(function: str, operand: Operand) -> str:
    """The C type that the board has for an integer operand."""
    if operand.name == "v" and function in CONSTANTS:
        return "int8_t"
    return BOARD_TYPES.get(operand.name) or BOARD_TYPES.get(operand.kind) or "int"


def sdk_operands(form: HostFunction) -> list[Operand]:
    """The operands that a call in C++ has: none that only the simulator knows."""
    return [o for o in form.operands if o.default != isa.DRAWING and o.name != "each"]


def is_output(name: str) -> bool:
    """Whether what a routine gives goes to a display of the host."""
    return name.startswith("scamp5_output_")


def is_number(form: HostFunction) -> bool:
    """Whether a routine returns what it gives."""
    return form.result in ("bit", "sum", "pixel")


_KINDS = {"plane": ("ASRC", "DSRC"), "acell": ("ASRC",)}


def _methods(form: HostFunction) -> Iterator[str]:
    operands = sdk_operands(form)
    least = sum(o.default is None for o in operands)
    for count in range(least, len(operands) + 1):
        taken = operands[:count]
        choices = [_KINDS.get(o.kind) or (_TYPES[o.kind],) if o.kind not in isa.INTEGER_KINDS else () for o in taken]
        variants = max((len(c) for c in choices), default=1) or 1
        for variant in range(variants):
            formals, told = [], []
            for index, (operand, kinds) in enumerate(zip(taken, choices, strict=True)):
                if kinds:
                    formals.append(f"{kinds[min(variant, len(kinds) - 1)]} x{index}")
                    told.append(f"scamp_sim::reg(x{index})")
                else:
                    formals.append(f"scamp_sim::narrow<{operand_type(form.name, operand)}> x{index}")
                    told.append(f"scamp_sim::integer(x{index})")
            told += [
                f"scamp_sim::integer({SDK_DEFAULTS[o.name]}ll)" for o in operands[count:] if o.name in SDK_DEFAULTS
            ]
            yield from _method(form, formals, told)


def _method(form: HostFunction, formals: list[str], told: list[str]) -> Iterator[str]:
    """The operators for one list of operands; what takes the result stands where the SDK has it."""
    name, place = form.name, "scamp_sim::at place = scamp_sim::at()"
    given = ", ".join(told)

    def method(returns: str, taken: list[str], body: str) -> str:
        return f"{returns} operator()({', '.join([*taken, place])}) const {{ {body} }}"

    at = form.buffer
    if name == "scamp5_output_bitstack_begin":
        body = f'scamp_sim::show("{name}", {{{given}}}, place, display);'
        yield method("void", ["uint32_t display", *formals], body)
        yield method("void", formals, body.replace("display);", "0);"))
    elif name == "scamp5_output_bitstack_end":
        yield method("void", [], f'scamp_sim::show("{name}", {{}}, place, 0);')
    elif name == "scamp5_output_bitstack_bit":
        yield method("void", formals, f'scamp_sim::show("{name}", {{{given}}}, place, 0);')
    elif is_output(name):
        body = f'scamp_sim::show("{name}", {{{given}}}, place, display);'
        if name == "scamp5_output_boundingbox":
            yield method("void", [*formals, "uint32_t display", "void* box"], f"{body} if (box) {_box(given)}")
        if len(formals) >= at:
            yield method("void", [*formals[:at], "uint32_t display", *formals[at:]], body)
        if len(formals) == 1:
            yield method("void", formals, body.replace("display);", "0);"))
    elif is_number(form):
        ask = f'return static_cast<int>(scamp_sim::ask("{name}", {{{given}}}, place));'
        yield method("int", formals, ask)
        if at >= 0:
            each = f'if (memory) return scamp_sim::fill("{name}", {{{given}, scamp_sim::integer(1ll)}}, place, memory);'
            yield method("int", [*formals, "void* memory"], f"{each} {ask}")
    elif form.result:
        taken = [*formals[:at], "void* memory", *formals[at:]]
        fill = "events" if form.result == "events" else "fill"
        yield method("int", taken, f'return scamp_sim::{fill}("{name}", {{{given}}}, place, memory);')
    elif name == "scamp5_draw_point":
        inside = "return scamp_sim::inside(x0.given, x1.given);"
        yield method("bool", formals, f'scamp_sim::host("{name}", {{{given}}}, place); {inside}')
    else:
        yield method("void", formals, f'scamp_sim::host("{name}", {{{given}}}, place);')


def _box(given: str) -> str:
    return f'scamp_sim::fill("scamp5_scan_boundingbox", {{{given}}}, place, box);'


def without_effect() -> list[str]:
    """Objects for what does nothing to the array."""
    names = [n for n in WITHOUT_EFFECT if n not in isa.HOST]
    return [f'static constexpr scamp_sim::idle_t<{i}> {n}{{"{n}"}};' for i, n in enumerate(names)]


def unknown_names(names: Sequence[str]) -> str:
    """Declarations of names that programs take from the SDK and that are not known here: functions that do nothing,
    and constants."""
    lines = ["#pragma once", f'#include "{MAIN}"']
    for number, name in enumerate(names):
        if name.isupper() or name.startswith("VS_"):
            lines.append(f"static constexpr int {name} = {0xE000 + number};")
        else:
            lines.append(f'static constexpr scamp_sim::idle_t<{1000 + number}> {name}{{"{name} (not known here)"}};')
    return "\n".join(lines) + "\n"


def scamp7() -> str:
    """SCAMP-7 spellings as those of SCAMP-5, which is told once."""
    lines = ["#pragma once", f'#include "{MAIN}"', ""]
    lines += [
        "namespace scamp_sim {",
        'static const bool scamp7_told = (idle("SCAMP-7 spellings (taken as SCAMP-5)"), true);',
        "}",
        "namespace SCAMP7_PE { using namespace SCAMP5_PE; }",
        "namespace scamp7_kernel_api { using namespace scamp5_kernel_api; }",
        "typedef scamp5_kernel scamp7_kernel;",
        "typedef scamp5_dynamic_kernel scamp7_dynamic_kernel;",
        "template <class K> void scamp7_launch_kernel(K&& k) { scamp5_launch_kernel(k); }",
    ]
    for kind in ("kernel", "dynamic_kernel"):
        for mark in ("begin", "end"):
            lines.append(f"#define scamp7_{kind}_{mark}(...) scamp5_{kind}_{mark}()")
    for name in isa.HOST:
        other = name.replace("scamp5", "scamp7")
        if other != name:
            lines.append(f"static constexpr {name}_t {other}{{}};")
    return "\n".join(lines) + "\n"


__all__ = ["DIRECTION_BITS", "HEADERS", "MAIN", "NAMES", "files", "macro_forms", "native_forms"]
