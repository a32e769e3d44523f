"""A plan as C++ for the SDK: its kernels as they run, the weights of a dense layer, and the controller's part.

What comes out compiles against the SDK and against the header of `scamp_sim.compiler.native`, and posts in each frame
the scores (vs_post_float), or the bits that left (vs_post_int32), of the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import holds_early, write_text
from scamp_sim.kernels.network.dense import CELL, MIDDLE, DenseSums
from scamp_sim.systems.network.params import Counts, Dense, Pool
from scamp_sim.systems.network.planning.built import Built
from scamp_sim.systems.network.planning.plan import Plan

WRITTEN_BY, PLAN_BEGINS, MARKED_WITHIN = b"written by scamp-sim export", b'{\n "layers": ', 500
"""What the first bytes of network.cpp and of plan.json hold: files of these names that do not are somebody's own."""

WEIGHTS = "R5", "R6"
"""Bits in which the weights of +1 and of -1 are drawn before the first frame."""


def export(plan: Plan, folder: str | Path) -> tuple[Path, ...]:
    """Write the plan to a folder: network.cpp, and plan.json, which `--plan` takes. Raises ScampError."""
    from scamp_sim.show.render import check_folder

    check_folder(str(folder), option="--to")
    text, where = source(plan), Path(folder)
    files = (where / "network.cpp", where / "plan.json")
    for file, mark in zip(files, (WRITTEN_BY, PLAN_BEGINS), strict=True):
        if file.is_file() and not holds_early(file, mark, MARKED_WITHIN):
            raise ProgramError(f"{file} was not written by export; move it, or give another folder with --to")
    where.mkdir(parents=True, exist_ok=True)
    write_text(files[0], text, "C++")
    write_text(files[1], json.dumps(plan.as_dict(), indent=1) + "\n", "plan")
    return files


def source(plan: Plan) -> str:
    """The text of the program. Raises ProgramError for words that the SDK has no call for."""
    from scamp_sim.compiler.export import export as exported

    built = plan.built
    found = exported(built.program)
    if found.notes:
        raise ProgramError(f"this plan cannot be written as C++: {found.notes[0]}")
    text, _, _ = found.text.partition("int main() {")
    held = re.findall(r"^    int (samples\d+) = ", text, re.M)
    text = re.sub(r"^    int (samples\d+) = ", r"    \1 = ", text, flags=re.M)
    match = re.search(r"^void (\w+_pass)\(\)", text, re.M)
    assert match is not None
    head, marker, rest = text.partition("using namespace SCAMP5_PE;\n")
    declared = f"\nstatic int {', '.join(held)};\n" if held else ""
    tail = _dense(built, built.dense) if built.dense is not None else _bits(built)
    setup = "".join(f"    {name}();\n" for name in re.findall(r"^static void (record_\w+)\(\)", rest, re.M))
    setup += "    load_weights();\n" if built.dense is not None else ""
    main = (
        f"int main() {{\n    vs_init();\n{setup}    while (1) {{\n        vs_frame_loop_control();\n"
        f"        {match[1]}();\n        evaluate();\n    }}\n}}\n"
    )
    return f"{head}{marker}{declared}{rest.rstrip()}\n\n{tail}\n{main}"


# --- a dense layer on the array -----------------------------------------------------------------------------------


def _dense(built: Built, dense: DenseSums) -> str:
    layer = built.inside[-1]
    plane = dense.plane
    classes = layer.classes
    text = [_runs("plus", plane > 0), _runs("minus", plane < 0)]
    text.append(
        f"""// F := the weights of {layer.name}: drawn once, renewed in every frame
static void weights_to_f() {{
    scamp5_kernel_begin();
        bus(F);
        bus(NEWS, D);
        WHERE({WEIGHTS[0]});
        bus(F, NEWS);
        WHERE({WEIGHTS[1]});
        bus(NEWS);
        bus(F, NEWS, D);
        all();
    scamp5_kernel_end();
}}

static void draw(const uint8_t runs[][3], int count) {{
    for (int n = 0; n < count; n++)
        scamp5_draw_rect(runs[n][0], runs[n][1], runs[n][0], runs[n][2]);
    scamp5_draw_end();
}}

static void load_weights() {{
    scamp5_kernel_begin();
        CLR({", ".join(WEIGHTS)});
        all();
    scamp5_kernel_end();
    scamp5_draw_begin({WEIGHTS[0]});
    draw(plus, sizeof plus / sizeof plus[0]);
    scamp5_draw_begin({WEIGHTS[1]});
    draw(minus, sizeof minus / sizeof minus[0]);
    scamp5_in(D, {dense.amplitude});
    weights_to_f();
}}
"""
    )
    text += [_table("scale", layer.scale), _table("bias", layer.bias)]
    lines = []
    for c in range(classes):
        i, j = divmod(c, CELL)
        if dense.sums == "sparse":
            seen = f"samples{c} - {MIDDLE}"
        else:
            n = 4 if dense.sums == "16" else 8
            places = [
                (row * CELL + i) * n + n - 1 - (column * CELL + j)
                for row in range(n // CELL)
                for column in range(n // CELL)
            ]
            seen = " + ".join(f"samples[{p}]" for p in places) + f" - {MIDDLE * len(places)}"
        lines.append(f"    scores[{c}] = (float)(({seen}) / {_number(dense.lsb)} * scale[{c}] + bias[{c}]);")
    text.append(f"static float scores[{classes}];\n\nstatic void evaluate() {{")
    text += [*lines, f"    vs_post_float(scores, 1, {classes});", "}", ""]
    return "\n".join(text)


def _runs(name: str, plane: npt.NDArray[Any]) -> str:
    """Stretches of a row (row, right column, left column) as the chip counts them."""
    found = []
    for row, line in enumerate(plane[:, ::-1]):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
        found += [(row, int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    rows = ", ".join(f"{{{r}, {a}, {b}}}" for r, a, b in found) or "{0, 1, 0}"
    return f"static const uint8_t {name}[][3] = {{{rows}}};\n"


# --- bits, and what the controller makes of them --------------------------------------------------------------------


def _bits(built: Built) -> str:
    maps = built.bitmaps
    height, width = maps.size
    serial = built.choice.layout == "serial"
    levels = built.choice.convs[built.inside[0].name].levels
    count = len(levels) if serial else maps.maps
    name = f"v{built.choice.array}"
    text = [f"static uint8_t {name}[{count}][{height}][{width}];\n", "static void unpack() {"]
    for n in range(count):
        if serial and not isinstance(levels[n], int):
            text += _loop(height, width, f"{name}[{n}][y][x] = {int(levels[n] == 'always')};")
            continue
        prefix = f"map{n}_" if serial else "map_"
        text += _unpacked(built, name, n, 0 if serial else n, prefix)
    text += ["}", ""]
    shape: tuple[int, ...] = (count, height, width)
    calls = ["unpack();"]
    for number, layer in enumerate(built.outside, start=built.choice.array + 1):
        behind_bits = number == built.choice.array + 1 or isinstance(built.net.layers[number - 2], Pool)
        more, shape = _layer(layer, f"v{number - 1}", f"v{number}", shape, behind_bits)
        text.append(more)
        calls.append(f"to_v{number}();")
    last = f"v{len(built.net.layers)}"
    if isinstance(built.net.layers[-1], Dense):
        size = shape[0]
        text.append(f"static float scores[{size}];\n")
        calls.append(f"for (int n = 0; n < {size}; n++) scores[n] = (float){last}[n];")
        calls.append(f"vs_post_float(scores, 1, {size});")
    else:
        size = int(np.prod(shape))
        text.append(f"static int32_t values[{size}];\n")
        calls += [
            f"for (int n = 0; n < {size}; n++) values[n] = (&{last}[0][0][0])[n];",
            f"vs_post_int32(values, {shape[0]}, {size // shape[0]});",
        ]
    text += ["static void evaluate() {", *(f"    {call}" for call in calls), "}", ""]
    return "\n".join(text)


def _loop(height: int, width: int, body: str) -> list[str]:
    rows, columns = f"for (int y = 0; y < {height}; y++)", f"for (int x = 0; x < {width}; x++)"
    return [f"    {rows}", f"        {columns}", f"            {body}"]


def _unpacked(built: Built, name: str, n: int, slot: int, prefix: str) -> list[str]:
    """Statements that fill map n."""
    maps = built.bitmaps
    height, width = maps.size
    top, left = maps.corner(slot)
    step = maps.step
    row, column = f"({top} + {step} * y)", f"({255 - left} - {step} * x)"
    if built.choice.read == "values":
        if maps.whole:
            side = maps.grid.side // step
            i, j = maps.grid.slot(slot)
            all_ = side * maps.grid.rows
            place = f"({all_ - 1} - {side * j} - x) * {all_} + {side * i} + y"
            return _loop(height, width, f"{name}[{n}][y][x] = {prefix}0[{place}] > {MIDDLE};")
        return _loop(height, width, f"{name}[{n}][y][x] = {prefix}{slot}[({width - 1} - x) * {height} + y] > {MIDDLE};")
    if built.choice.read == "rows":
        spans = maps.rows()
        number = next(k for k, (a, b) in enumerate(spans) if a <= top <= b)
        place = f"({row} - {spans[number][0]}) * 32 + {column} / 8"
        return _loop(height, width, f"{name}[{n}][y][x] = {prefix}{number}[{place}] >> ({column} % 8) & 1;")
    most = built.choice.events
    return [
        *_loop(height, width, f"{name}[{n}][y][x] = 0;"),
        f"    for (int k = 0; k < {most}; k++) {{",
        f"        const int c = {prefix}0[2 * k], r = {prefix}0[2 * k + 1];",
        f"        if (!c && !r && (k || !({prefix}0[2] || {prefix}0[3]))) continue;",
        f"        const int y = r - {top}, x = {255 - left} - c;",
        f"        if (y < 0 || y >= {height * step} || x < 0 || x >= {width * step}) continue;",
        f"        if (y % {step} == 0 && x % {step} == 0)",
        f"            {name}[{n}][y / {step}][x / {step}] = 1;",
        "    }",
    ]


def _layer(layer: Any, before: str, after: str, shape: tuple[int, ...], bits: bool) -> tuple[str, tuple[int, ...]]:
    """A function to_AFTER, and the shape of what it leaves."""
    if isinstance(layer, (Pool, Counts)):
        channels, height, width = layer.shape((shape[0], shape[1], shape[2]))
        kind = "uint8_t" if isinstance(layer, Pool) else "int32_t"
        every = [0] * channels if isinstance(layer, Counts) or layer.every is None else [int(v) for v in layer.every]
        mask = f"    static const uint8_t every[{channels}] = {{{', '.join(map(str, every))}}};\n"
        result = "count" if isinstance(layer, Counts) else f"every[c] ? count == {layer.size**2} : count > 0"
        body = f"""static {kind} {after}[{channels}][{height}][{width}];

static void to_{after}() {{  // {layer.name}
{mask if isinstance(layer, Pool) else ""}    for (int c = 0; c < {channels}; c++)
        for (int y = 0; y < {height}; y++)
            for (int x = 0; x < {width}; x++) {{
                int count = 0;
                for (int i = 0; i < {layer.size}; i++)
                    for (int j = 0; j < {layer.size}; j++)
                        count += {before}[c][y * {layer.stride} + i][x * {layer.stride} + j];
                {after}[c][y][x] = {result};
            }}
}}
"""
        return body, (channels, height, width)
    features, classes = layer.features, layer.classes
    kind = "int8_t" if layer.integer else "double"
    first = f"(&{before}[0][0][0])" if len(shape) == 3 else before
    value = f"({first}[n] ? 1 : -1)" if bits else f"{first}[n]"
    done = {"none": "z", "relu": "z > 0 ? z : 0", "sign": "z >= 0 ? 1 : -1"}[layer.activation]
    rows = ",\n    ".join("{" + ", ".join(_number(v) for v in row) + "}" for row in layer.weights)
    body = f"""static const {kind} weights_{after}[{classes}][{features}] = {{
    {rows}}};
{_table(f"scale_{after}", layer.scale)}{_table(f"bias_{after}", layer.bias)}
static double {after}[{classes}];

static void to_{after}() {{  // {layer.name}
    for (int c = 0; c < {classes}; c++) {{
        double sum = 0;
        for (int n = 0; n < {features}; n++) sum += weights_{after}[c][n] * {value};
        const double z = sum * scale_{after}[c] + bias_{after}[c];
        {after}[c] = {done};
    }}
}}
"""
    return body, (classes,)


def _table(name: str, values: Sequence[float] | npt.NDArray[Any]) -> str:
    return f"static const double {name}[{len(values)}] = {{{', '.join(map(_number, values))}}};\n"


def _number(value: Any) -> str:
    """A number as C++ reads it back to the last bit."""
    if isinstance(value, (np.integer, int)):
        return str(int(value))
    return repr(float(value))


__all__ = ["export", "source"]
