"""`scamp-sim new`: a program to start from."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.files import write_text
from scamp_sim.text import short

NAME = "new"
HELP = "Write a program to start from, which runs as it is. Files that are there are never replaced."
EXAMPLES = ("scamp-sim new mine", "scamp-sim new motion --kind state", "scamp-sim new main --kind cpp")

EDGES = """\
/// Bits where the picture changes from a pixel to its neighbour by more than a level.
/// in:    image -> PIX, 0 dark .. 127 bright
/// out:   edges, R5

input image -> PIX;
param level = 12 in 0..127;

kernel find {
    areg left;
    get_image(A);
    movx(left, A, west);                 // what the pixel to the left has
    sub(B, A, left);
    abs(C, B);
    sub(C, C, E);
    where(C);                            // FLAG: PEs where C > 0
        MOV(R5, FLAG);
    all();
}

program {
    scamp5_in(E, level);                 // a constant in every PE
    find();
    output edges = R5;
}
"""

STATE = """\
/// What has changed since the frame before, which stays in the array from run to run.
/// in:    image -> PIX
/// out:   changed, R5

input image -> PIX;
param level = 10 in 0..127;
state F;                                 // keeps its value from run to run

kernel compare {
    get_image(A);
    sub(B, A, F);                        // F: the frame before
    abs(C, B);
    sub(C, C, E);
    where(C);
        MOV(R5, FLAG);
    all();
    mov(F, A);
}

program {
    scamp5_in(E, level);
    compare();
    output changed = R5;
}
"""

CPP = """\
// Bits where the picture is brighter than a level, shown as the host application would.
#include <scamp5.hpp>

using namespace SCAMP5_PE;

int main() {
    vs_init();
    auto display = vs_gui_add_display("bright", 0, 0);
    int level = 40;
    vs_gui_add_slider("level", 0, 127, level, &level);

    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, level);
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        scamp5_output_image(R5, display);
    }
}
"""

KINDS = {"kernel": (".scamp", EDGES), "state": (".scamp", STATE), "cpp": (".cpp", CPP)}
"""Kind -> ending and text."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `new`."""
    parser.add_argument("name", metavar="NAME", help="of the program, or its file")
    parser.add_argument(
        "--kind",
        choices=tuple(KINDS),
        default="kernel",
        help="a kernel with a parameter (default), one whose state stays from frame to frame, or C++ for the SDK",
    )


def run(args: argparse.Namespace) -> int:
    """`new`: write the file and say what to do with it. Raises ProgramError if it exists."""
    suffix, text = KINDS[args.kind]
    path = Path(args.name)
    if path.suffix != suffix and path.suffix in (".cpp", ".scamp"):
        remedy = "add --kind cpp" if path.suffix == ".cpp" else "leave --kind cpp out"
        raise OptionError(f"new {short(args.name, 80)}: --kind {args.kind} writes a file {suffix}; {remedy}")
    if path.name and path.suffix != suffix:
        path = path.with_name(path.name + suffix)
    if not re.fullmatch(r"[A-Za-z_]\w*", path.stem):
        raise ProgramError(
            f"new {short(args.name, 80)}: a program's name has letters, digits and _, and begins with no digit"
        )
    if path.exists():
        raise ProgramError(f"{path} exists; choose another name")
    write_text(path, text, "program")
    print(f"wrote {path}. Then:")
    if args.kind != "cpp":
        print(f"  scamp-sim check {path} --watch")
    print(f"  scamp-sim run {path} --image IMG --resize --out out")
    return 0
