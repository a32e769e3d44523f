"""The C++ programs of the kit, for the SDK, and the protocol that goes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.files import write_text
from scamp_sim.study.kit.plan import SERIES, STOPWATCH, TIMED, Series, check_repeats, fitting

PLAN = "plan.json"
FORMAT = "scamp-sim measurement plan 1"


def setup_lines(series: Series, shape: tuple[int, int]) -> list[str]:
    """Host calls and kernel lines ahead of the shots, for an array of `shape`."""
    rows, columns = shape
    places = {"half_row": rows // 2, "last_row": rows - 1, "half_column": columns // 2 - 1}
    return [line.format(**places) for line in series.setup]


def source(series: Series, repeats: int, shape: tuple[int, int] = (256, 256)) -> str:
    """The C++ text of a series."""
    lines: list[str] = []
    for line in setup_lines(series, shape):
        lines += [line] if line.startswith("scamp5_") else _kernel(line)
    load = ["scamp5_in(A, v);"] if series.loads else []
    act = [*_wait(series), *_passes(series)]
    last = [f"scamp5_output_image({series.register}, display);"]
    if series.before == "load":
        shot = [*load, "scamp5_output_image(A, display);", *act, *_reload(series), *last]
    elif series.before == "mirror":
        shot = [*(part.replace("A, v", "A, -v") for part in load), *act, *last, *load, *act, *last]
    else:
        shot = [*load, *act, *last]
    body = _loop("int wait", series.waits, "waits", shot) if len(series.waits) > 1 else shot
    body = _loop("int k", series.passes, "passes", body) if len(series.passes) > 1 else body
    body = _loop("int v", series.values, "values", body) if len(series.values) > 1 or series.loads else body
    arrays = [
        f"const int {name}[] = {{{', '.join(map(str, numbers))}}};"
        for name, numbers in (("values", series.values), ("passes", series.passes), ("waits", series.waits))
        if any(f" : {name})" in line for line in body)
    ]
    repeated = [f"for (int r = 0; r < {series.rounds(repeats)}; r++) {{", *_indented(body), "}"]
    main = [
        "vs_init();",
        f'auto display = vs_gui_add_display("{series.name}", 0, 0);',
        *arrays,
        *lines,
        *repeated,
        "return 0;",
    ]
    return _file(series.name, series.title, main)


def _file(name: str, title: str, main: list[str]) -> str:
    return "\n".join(
        [
            f"// {name}: {title}.",
            "// Written by scamp-sim measure. Save every picture in the order in which it comes, see PROTOCOL.md.",
            "#include <scamp5.hpp>",
            "using namespace SCAMP5_PE;",
            "",
            "int main() {",
            *_indented(main),
            "}",
            "",
        ]
    )


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _kernel(text: str) -> list[str]:
    words = [f"{part.strip()};" for part in text.split(";") if part.strip()]
    return ["scamp5_kernel_begin();", *_indented(words), "scamp5_kernel_end();"]


def _loop(variable: str, numbers: tuple[int, ...], name: str, body: list[str]) -> list[str]:
    return [f"for ({variable} : {name}) {{", *_indented(body), "}"]


def _wait(series: Series) -> list[str]:
    if len(series.waits) > 1:
        return ["vs_wait(wait);"]
    return [f"vs_wait({series.waits[0]});"] if series.waits[0] else []


def _passes(series: Series) -> list[str]:
    if not series.kernel or series.passes == (0,):
        return []
    once = _kernel(series.kernel)
    if series.passes == (1,):
        return once
    count = "k" if len(series.passes) > 1 else str(series.passes[0])
    return [f"for (int n = 0; n < {count}; n++) {{", *_indented(once), "}"]


def _reload(series: Series) -> list[str]:
    return [f"scamp5_in({series.reload}, v);"] if series.reload else []


def stopwatch_source() -> str:
    """The C++ text of the program that takes times."""
    bodies = {
        "launch": _kernel("all();"),
        "call": ["scamp5_load_pattern(R5, 0, 0, 255, 255);"],
        "constant": ["scamp5_in(A, 0);"],
        "record": ["scamp5_dynamic_kernel_begin();", *_indented(["all();"] * 40), "scamp5_dynamic_kernel_end();"],
    }
    main = ["vs_init();"]
    for name, (count, _) in TIMED.items():
        main += [
            f"vs_stopwatch {name};",
            f"for (int n = 0; n < {count}; n++) {{",
            *_indented(bodies[name]),
            "}",
            f'vs_post_text("{STOPWATCH} {name} {count} %d\\n", (int){name}.get_usec());',
        ]
    return _file(STOPWATCH, "what a launch, a call, a constant and a recording take", [*main, "return 0;"])


def protocol(repeats: int, names: tuple[str, ...], shape: tuple[int, int]) -> str:
    """The protocol as Markdown."""
    rows = [
        f"| `{s.name}.cpp` | {s.title} | {s.rounds(repeats)} | {s.pictures(repeats):,} |"
        for s in (SERIES[n] for n in names)
    ]
    total = sum(SERIES[n].pictures(repeats) for n in names)
    return f"""# Measuring a SCAMP-5

Takes about an hour. Warm the chip up for ten minutes; keep it dark, except for `light`, which needs an even, steady
field at about half of full scale (a sheet of paper over the lens).

1. Build and run each program as it is. It loads, treats and reads planes of {shape[0]}x{shape[1]}, all
   repetitions in one go.
2. Save every picture of its display, in the order in which it comes, as 8-bit grey (PNG or BMP) into a folder of the
   program's name: `flat/0001.png`, `flat/0002.png` ... Numbers decide about the order. Nothing is cropped, scaled, or
   turned, and **nothing is subtracted**: differences are made from signed numbers by the reader.
3. Save what `stopwatch` posts as `stopwatch/log.txt`.
4. `scamp-sim measure read FOLDER --out measurement.json`, then
   `scamp-sim fit --measured measurement.json --out mychip.json`.

| program | measures | repetitions | pictures |
|---|---|---|---|
{chr(10).join(rows)}
| `{STOPWATCH}.cpp` | {"; ".join(what for _, what in TIMED.values())} | 1 | |

{total:,} pictures in all. A value is loaded again for every shot. A picture is taken right after loading and one at the
end, so that the pattern of the readout drops out of their difference. A series that was not run may be left out; one
that is incomplete is refused.
"""


def write_kit(
    folder: str | Path, repeats: int, names: tuple[str, ...] = (), shape: tuple[int, int] = (256, 256)
) -> list[Path]:
    """Write programs, protocol and plan into a folder that is empty or new. Returns the files. Raises ProgramError.

    names: of series, by default all that the array is wide enough for.
    """
    check_repeats(repeats)
    unknown = [n for n in names if n not in SERIES]
    if unknown:
        raise OptionError(f"unknown series '{unknown[0]}'; there are {', '.join(SERIES)}")
    narrow = next((n for n in names if SERIES[n].columns > shape[1]), None)
    if narrow is not None:
        raise OptionError(
            f"series '{narrow}' needs an array of at least {SERIES[narrow].columns} columns, got {shape[1]}; leave it "
            "out"
        )
    names = names or fitting(shape)
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ProgramError(f"{path} exists and is not an empty directory; give a new one")
    texts = {f"{n}.cpp": source(SERIES[n], repeats, shape) for n in names}
    texts[f"{STOPWATCH}.cpp"] = stopwatch_source()
    texts["PROTOCOL.md"] = protocol(repeats, names, shape)
    plan: dict[str, Any] = {"format": FORMAT, "repeats": repeats, "shape": list(shape), "series": list(names)}
    texts[PLAN] = json.dumps(plan, indent=2) + "\n"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ProgramError(f"cannot make the directory {path}: {e.strerror or e}") from e
    for name, text in texts.items():
        write_text(path / name, text, "measurement kit")
    return [path / name for name in texts]
