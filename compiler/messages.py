"""The page docs/messages.md: every code of the catalogue with a short text that provokes it.

python -m scamp_sim.compiler.messages > docs/messages.md
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from scamp_sim.compiler.front.codes import CODES
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic, render

FILE = "example.scamp"
FILE_CPP = "example.cpp"

EXAMPLES: dict[str, str] = {
    "S103": "// nothing but a comment",
    "S104": "#define N 3\nres(A);",
    "S105": "kernel k {\n    res(A);",
    "S106": "res(A)\nmov(B, A);",
    "S107": "mov(B,, A);",
    "S108": 'include "nowhere.scamp";',
    "S109": "kernel outer {\n    kernel inner { res(A); }\n}",
    "S110": "kernel first { res(A); }\nkernel second { res(B); }",
    "S111": "const N = 3;",
    "S201": "mvo(B, A);",
    "S202": "bus3(A, B, C);",
    "S203": "where(R5);",
    "S204": "movx(B, A, nort);",
    "S205": "const R5 = 3;\nres(A);",
    "S206": "const N = 1 / 0;\nres(A);",
    "S207": "dreg b[2] = {R5, R6};\nSET(b[2]);",
    "S208": "param w[2][2] in {-1, 1};\nif w[0][0] > 0 { res(A); }",
    "S209": "kernel k {\n    scamp5_in(A, 30);\n}",
    "S210": "kernel k { res(A); }\nprogram {\n    k();\n    mov(B, A);\n}",
    "S211": "kernel edges { res(A); }\nprogram {\n    edgse();\n}",
    "S212": "macro m(y: areg) {\n    m(y);\n}\nm(A);",
    "S213": "kernel k { res(A); }\nprogram {\n    k();\n    output a = scamp5_load_in(A, 5);\n}",
    "S214": "areg t;\nmov(A, t);",
    "S215": "const T[2] = {1, 2, 3};\nif T[0] > 0 { res(A); }",
    "S301": "input a -> A;\nbus(A, A);",
    "S302": "input a -> A;\nbus(B, A, A);",
    "S303": "input a -> A;\nbus2(B, B, A);",
    "S304": "input a -> R5;\nREFRESH_R(R5);\nMOV(R6, R5);\nREFRESH_L(R5);",
    "S306": "kernel k { res(A); }\nprogram {\n    scamp5_in(B, 200);\n    k();\n}",
    "S307": "kernel k { res(A); }\nprogram {\n    scamp5_load_point(R5, 2000, 3);\n    k();\n}",
    "S308": "OR(R5, SELECT, RECT);",
    "S310": "input a -> A;\nneg(A, A);",
    "S311": "input a -> R5;\nSET(R0);\nIMP(R6, R0, R5);",
    "S312": "kernel k { SET(R5); }\nprogram {\n    k();\n    output corners = scamp5_scan_events(R5, 5000);\n}",
    "S313": "kernel k { CLR(R5); }\nprogram {\n    k();\n    scamp5_draw_pixel(127, 127);\n    output dot = R5;\n}",
    "S401": "for i in 0..600 { mov(B, PIX); }",
    "S402": "areg t[7];\nfor i in 0..7 { res(t[i]); }\nfor i in 0..7 { where(t[i]); MOV(R5, FLAG); }\nall();",
    "S403": "for i in 0..1000000000 { if i < 0 { res(A); } }",
    "W501": "input mask -> R5;\nAND(R6, R5, FLAG);\nMOV(R12, R6);",
    "W502": "add(C, A, B);",
    "W503": "input a -> A;\nbus(NEWS, A);\nadd(C, A, PIX);\nbus(D, XE);",
    "W504": "input a -> A;\nwhere(A);\nmovx(B, A, east);\nall();",
    "W505": "input a -> A;\nwhere(A);\nres(A);",
    "W506": "input a -> A;\nbus(NEWS, A);\nbus(B, XE, XW);",
    "W507": "input a -> A;\nblurset();\nblurh(B, A);",
    "W508": "input a -> A;\nSET(R1, R2);\nblur(B, A);",
    "W509": "SET(R0, R1);\nSET(R12);\nPROP_0();",
    "W510": "input a -> R5;\nDNEWS0(R6, R5);",
    "W511": "kernel k { res(A); }\nprogram {\n    scamp5_in(B, -125);\n    k();\n}",
    "W512": "kernel k { res(A); }\nprogram {\n    scamp5_load_rect(R5, 9, 0, 3, 3);\n    k();\n}",
    "W513": "const N = 3;\nres(A);",
    "W514": "input a -> A;\nwhere(A);\nall();\nmov(B, A);",
    "W515": "input a -> R5;\nOR(R6, R5, R5);",
    "W516": "input a -> R5;\nWHERE(FLAG, R5);\nres(A);\nall();",
    "W517": "kernel k { }\nprogram {\n    k();\n}",
    "W518": "input a -> A;\nwhere(A);\nabs(B, A);\nmov(C, A);",
    "W520": "kernel k { get_image(A); }\nprogram {\n    k();\n    output p = scamp5_read_areg(A, 300, 3);\n}",
    "W519": "macro m(x: dreg) {\n    SET(R5);\n    OR(R6, x, R7);\n}\ninput a -> R7;\nm(R5);",
}
"""Code -> a text for which the assembler says it."""

_MARKED = "scamp5_kernel_begin();\n{}\nscamp5_kernel_end();"
IMPORTED: dict[str, str] = {
    "S601": "int main() { return 0; }",
    "S602": _MARKED.format("    sharpen(A);"),
    "S603": "scamp5_kernel_begin();\n    res(A);\nscamp5_kernel_begin();\n    res(B);\nscamp5_kernel_end();",
    "S604": _MARKED.format("    icw(0, {1, 2});"),
    "S605": _MARKED.format("    mov(A, 2.5);"),
    "S606": _MARKED.format("    switch (n) { case 1: res(A); }"),
    "W601": _MARKED.format("    mov(output_image, A);"),
    "W602": "void step(int n) {\n    scamp5_dynamic_kernel_begin();\n    if (n > 3) { res(A); }\n    "
    "scamp5_dynamic_kernel_end();\n}",
    "W607": _MARKED.format("    double_north(B, A);"),
}
"""The same for texts in C++."""
EXAMPLES |= IMPORTED

ANALYSED = {
    "W701": "input a -> A;\nmov(B, A);\nadd(A, A, B);",
    "W702": "program {\n    scamp5_in(E, 20);\n    k();\n    output brighter = B;\n}\n"
    "kernel k {\n    get_image(A);\n    add(B, A, E);\n}",
    "W703": "input a -> A;\ninput b -> B;\noutput first = A;\noutput second = B;\nres(C);",
    "W704": "state R5;\nkernel k { OR(R6, R5, FLAG); }\nprogram {\n    k();\n    output seen = R6;\n}",
}
"""The same for `scamp-sim ranges --fps 30`."""
EXAMPLES |= ANALYSED

_HEAD = """\
# Messages

Written by `python -m scamp_sim.compiler.messages`; do not edit.

Every message has a code, a place and a remedy. Codes that start with S are errors: the text has no defined meaning on
the chip. Codes that start with W are traps: the text has a meaning, but seldom the one that was meant. Nothing but
a changed text silences a warning. S6 and W6 are about [C++](porting.md): texts of kernels, and
[programs that run](native.md). W7 is what [`scamp-sim ranges`](ranges.md) says about values and times; here with
`--fps 30`.
"""

_PARTS = {
    "S1": "Text and structure",
    "S2": "Names and operands",
    "S3": "Hazards",
    "S4": "Limits",
    "W5": "Traps",
    "S6": "C++ of the SDK",
    "W6": "C++ of the SDK: what was assumed, and notes of a run",
    "W7": "Ranges and times",
}


@lru_cache(maxsize=256)
def messages(text: str) -> tuple[Diagnostic, ...]:
    """What the assembler says about `text`."""
    from scamp_sim.compiler import assemble

    imported = text in IMPORTED.values()
    said: tuple[Diagnostic, ...] = ()
    if imported:
        from scamp_sim.compiler.sdk import extract_kernels

        said = tuple(d for block in extract_kernels(text) for d in block.diagnostics)
    try:
        program = assemble(text, dialect="sdk" if imported else "scamp")
        said += program.diagnostics
        if text in ANALYSED.values():
            from scamp_sim.compiler.checks.ranges import range_diagnostics
            from scamp_sim.ranges import analyse

            said += range_diagnostics(analyse(program, fps=30))
    except CompileError as error:
        said += error.diagnostics
    return tuple(replace(d, file=FILE_CPP if imported else FILE) for d in said)


@dataclass(frozen=True)
class Explanation:
    """What a code means.

    `example`: a source that provokes it, or "".
    `message`: what the assembler then reports.
    """

    code: str
    title: str
    kind: str
    example: str = ""
    message: str = ""

    def text(self) -> str:
        """For a terminal."""
        lines = [f"{self.code}: {self.title}", self.kind]
        if self.example:
            lines += ["", "This source provokes it:", "", *(f"    {line}" for line in self.example.splitlines())]
            lines += ["", *self.message.splitlines()]
        return "\n".join(lines) + "\n"

    def as_dict(self) -> dict[str, str]:
        """Ready for JSON."""
        return asdict(self)


def explanation(code: str) -> Explanation:
    """What there is to say about a code of `CODES`."""
    kind = "warning: the source has a defined meaning, but seldom the intended one"
    if code.startswith("S"):
        kind = "error: the source has no defined meaning on the chip, or cannot be read"
    if code.startswith("W6"):
        kind = "warning: something that the import of C++ assumed or left out"
    if code.startswith("W7"):
        kind = "warning of 'scamp-sim ranges': a value or a time beyond what the chip keeps; shown for --fps 30"
    if code not in EXAMPLES:
        return Explanation(code, CODES[code], kind)
    return Explanation(code, CODES[code], kind, EXAMPLES[code], _shown(code))


def _shown(code: str) -> str:
    """The first message of a code for its example, with its source line."""
    found = [d for d in messages(EXAMPLES[code]) if d.code == code]
    return render(found[:1]).rpartition("\n\n")[0]


def page() -> str:
    """The text of docs/messages.md."""
    parts = [_HEAD]
    for prefix, title in _PARTS.items():
        parts.append(f"\n## {title}\n")
        for code in sorted(c for c in CODES if c.startswith(prefix)):
            parts.append(f"\n### {code}: {CODES[code]}\n")
            if code in EXAMPLES:
                parts.append(f"\n```\n{_shown(code)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
