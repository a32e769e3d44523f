"""Bad programs and what the assembler says about them: code, severity, place and words.

The place is marked in the text itself: «culprit». Every entry also has the complete message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scamp_sim import compiler
from scamp_sim.compiler import assemble
from scamp_sim.compiler.front.codes import CODES
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic, render
from scamp_sim.compiler.messages import EXAMPLES, messages, page


@dataclass(frozen=True)
class Bad:
    """`text` with the place of the message between « and »; `params` for `assemble`."""

    text: str
    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.text.replace("«", "").replace("»", "")

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Line and column of both ends, from 1."""
        start, stop = self.text.index("«"), self.text.index("»") - 1
        return (*self._place(start), *self._place(stop))

    def _place(self, offset: int) -> tuple[int, int]:
        before = self.source[:offset]
        return before.count("\n") + 1, offset - before.rfind("\n")


SYNTAX = [
    Bad("mov(A, B«)»\n", "S106", "expected ';' after this statement"),
    Bad("mov«(»A, B;\n", "S105", "unclosed '('"),
    Bad("kernel k «{» mov(A, B);\n", "S105", "unclosed '{' of kernel 'k'"),
    Bad("mov(A, B); «}»\n", "S105", "'}' closes nothing"),
    Bad("mov(A,«,» B);", "S107", "an operand is missing before ','"),
    Bad("mov «A», B;", "S107", "expected '(' after 'mov', found 'A'"),
    Bad("for «(»i = 0) { }", "S107", "'(' does not fit in this 'for'"),
    Bad("for i in 0..3 «mov»(A, B);", "S107", "expected '{' before 'mov'"),
    Bad("if 1 «=» 2 { mov(A, B); }", "S107", "'=' is not a comparison"),
    Bad("else «{» res(A); }", "S107", "'else' without an 'if' right before it"),
    Bad("«@»mov(A, B);", "S104", "unknown character '@'"),
    Bad("«#»define N 3\nmov(A, B);", "S104", "unknown character '#'"),
    Bad("«/*» never ends\nmov(A, B);", "S105", "unclosed comment"),
    Bad("include «steps».scamp;\n", "S107", "unexpected 'steps'; expected a quoted string"),
    Bad("const «kernel» = 3;", "S205", "the name 'kernel' is taken: it is a keyword"),
    Bad("kernel k { res(A); }\nprogram { scamp5_in(A, «1.5»); k(); }", "S107", "'1.5' is not an integer"),
    Bad("kernel «(»a) { mov(A, B); }", "S107", "unexpected '('; expected a name"),
    Bad("macro m(y«)» { mov(y, B); }\nm(A);", "S107", "operand 'y' has no kind"),
    Bad("«while» 1 { mov(A, B); }", "S107", "the language has no 'while'"),
    Bad("«while» (global_or(R5)) { mov(A, B); }\nres(A);", "S107", "the language has no 'while'"),
    Bad("«do» { mov(A, B); } while (1);\nres(A);", "S107", "the language has no 'do'"),
    Bad("«for (d = 0; d < 5; d++)» { mov(A, B); res(A); }", "S107", "loops are not written as in C"),
    Bad("«for (int i = 0; i < (N + 1); i++)» mov(A, B);\nres(A);", "S107", "loops are not written as in C"),
    Bad("s«->»mov(A, B);", "S107", "'->' is not allowed before a call"),
    Bad("scamp5«::»mov(A, B);", "S107", "'::' is not allowed before a call"),
    Bad("a.b«.»mov(A, B);", "S107", "'.' is not allowed before a call"),
    Bad("mov(B, «\u0410»);", "S104", "unknown character '\u0410' (U+0410, CYRILLIC CAPITAL LETTER A)"),
    Bad("m«\u043e»v(B, A);", "S104", "unknown character '\u043e' (U+043E, CYRILLIC SMALL LETTER O)"),
    Bad("res(A);«\u00a0»res(B);", "S104", "unknown character U+00A0, NO-BREAK SPACE"),
    Bad('include "x.scamp«"»\nres(A);', "S106", "expected ';' after this statement"),
    Bad("const N = «010»;\nfor i in 0..N { res(A); }", "S107", "'010' begins with 0, which C reads as octal"),
]

NAMES = [
    Bad("«mvo(A, B)»;", "S201", "unknown instruction 'mvo'; did you mean 'mov'?"),
    Bad("add(A, B, «G»);", "S204", "unknown register or name 'G'"),
    Bad("mov(«a», B);", "S204", "unknown register or name 'a'; did you mean 'A'?"),
    Bad("MOV(R5, «R13»);", "S204", "unknown register or name 'R13'; did you mean 'R3'?"),
    Bad("movx(A, B, «nort»);", "S204", "unknown register or name 'nort'; did you mean 'north'?"),
    Bad("input image -> PIX;\nget_image(A);\nmov(B, «imag»);", "S204", "unknown register or name 'imag'"),
    Bad("const N = 3;\nfor i in 0..«M» { mov(A, B); }", "S204", "unknown register or name 'M'"),
    Bad("areg «A» = B;", "S205", "the name 'A' is taken: it is a register"),
    Bad("const «mov» = 3;", "S205", "the name 'mov' is taken: it is a macro"),
    Bad("const «R5» = 3;", "S205", "the name 'R5' is taken: it is a register"),
    Bad("const N = 3;\nconst «N» = 4;", "S205", "'N' is already declared at line 1"),
    Bad(
        "kernel k { mov(B, A); }\nkernel «k» { mov(C, A); }\nprogram { k(); }",
        "S205",
        "'k' is already declared at line 1",
    ),
    Bad(
        "kernel k { mov(B, A); }\nprogram { «kk()»; }",
        "S211",
        "unknown kernel or host function 'kk'; did you mean 'k'?",
    ),
    Bad("kernel k(i) { mov(B, A); }\nprogram { «k()»; }", "S202", "kernel 'k' does not take 0 operands"),
    Bad("«scamp5_im(A, 30)»;", "S201", "unknown host function 'scamp5_im'; did you mean 'scamp5_in'?"),
    Bad("«vs_gui_set(A)»;", "S201", "host function 'vs_gui_set' is not available"),
    Bad("«scamp5_get_parameter(what, 3)»;", "S201", "host function 'scamp5_get_parameter' is not available"),
    Bad(
        "kernel k { res(A); }\nprogram { k(); «scamp5_output_text(what)»; }",
        "S211",
        "host function 'scamp5_output_text' is not available",
    ),
    Bad("macro m(y: areg) { «scamp5_get_all(y)»; }\nm(A);", "S201", "host function 'scamp5_get_all' is not available"),
    Bad("kernel k { res(A); }\nprogram { k(); output a = «scamp5_in(A, 3)»; }", "S213", "scamp5_in returns no result"),
    Bad("movx(A, B, «up»);", "S204", "unknown register or name 'up'"),
    Bad(
        "«mov(A, north)»;",
        "S203",
        "operand 2 of mov: expected an analog source (A-F, NEWS, XN XE XS XW, PIX, IN), got north, a direction",
    ),
    Bad("kernel k { mov(B, A); «program» { } }", "S109", "'program' is not allowed in a kernel"),
]

OPERANDS = [
    Bad("«mov(A)»;", "S202", "mov does not take 1 operand"),
    Bad("«mov(A, B, C, D, E)»;", "S202", "mov does not take 5 operands"),
    Bad(
        "«mov(R5, A)»;",
        "S203",
        "operand 1 of mov: expected an analog register (A-F, NEWS, XN XE XS XW), got R5, a digital register",
    ),
    Bad("«MOV(A, R5)»;", "S203", "operand 1 of MOV: expected a digital register (R0-R12), got A, an analog register"),
    Bad(
        "«MOV(FLAG, R5)»;",
        "S203",
        "operand 1 of MOV: expected a digital register (R0-R12), got FLAG, a bit that can only be read",
    ),
    Bad(
        "«SET(SELECT)»;",
        "S203",
        "operand 1 of SET: expected a digital register (R0-R12), got SELECT, a bit that can only be read",
    ),
    Bad(
        "«mov(PIX, A)»;",
        "S203",
        "operand 1 of mov: expected an analog register (A-F, "
        "NEWS, XN XE XS XW), got PIX, an analog input that can only be read",
    ),
    Bad("«bus(A, B, C, D, E, F)»;", "S202", "bus does not take 6 operands"),
    Bad("«bus3(A, B, C)»;", "S202", "bus3 does not take 3 operands"),
    Bad("«OR(R5, R6, R7, R8, R9, R10)»;", "S202", "OR does not take 6 operands"),
    Bad(
        "«movx(A, B, 3)»;",
        "S203",
        "operand 3 of movx: expected a direction (north, east, south, west), got the number 3",
    ),
    Bad(
        "«add(A, B, 3)»;",
        "S203",
        "operand 3 of add: expected an analog source (A-F, NEWS, XN XE XS XW, PIX, IN), got the number 3",
    ),
    Bad(
        "«DNEWS(R5, R6, A)»;",
        "S203",
        "operand 3 of DNEWS: expected directions (such as north|east), got A, an analog register",
    ),
    Bad("«DNEWS(R5, R6, north, 2)»;", "S310", "DNEWS cannot take these operands: boundary is 2"),
    Bad(
        "«WHERE(A)»;",
        "S203",
        "operand 1 of WHERE: expected a digital source (R0-R12, FLAG, SELECT, RECT), got A, an analog register",
    ),
    Bad(
        "«where(R5)»;",
        "S203",
        "operand 1 of where: expected an analog source (A-F, NEWS, XN XE XS XW, PIX, IN), got R5, a digital register",
    ),
    Bad("const T[2] = {1, 2};\nscamp5_in(A, T[«2»]);", "S207", "index 2 is out of range: 'T' has 2 elements, 0 to 1"),
    Bad(
        "const T[2] = «{1, 2, 3}»;\nscamp5_in(A, T[0]);", "S215", "'T' is declared as T[2]: expected 2 elements, got 3"
    ),
    Bad("const N = 1 / «0»;\nscamp5_in(A, N);", "S206", "division by zero"),
    Bad("const N = «A» + 1;\nscamp5_in(A, N);", "S206", "'+' needs integers, got A, an analog register"),
    Bad("for i in «5» { mov(B, A); }", "S206", "cannot loop over the number 5"),
    Bad("for i in «0..5 step 0» { mov(B, A); }", "S206", "a step of 0 never ends"),
    Bad(
        "macro m(y: areg, n: int) { mov(y, A); }\n«m(B, C)»;",
        "S203",
        "operand 2 of m: expected an integer, got C, an analog register",
    ),
    Bad('require «1 > 2» : "one is not greater";\nmov(B, A);', "S310", "require failed: one is not greater"),
    Bad("dreg b[2] = {R5, R6};\nSET(b[«2»]);", "S207", "index 2 is out of range: 'b' has 2 elements, 0 to 1"),
    Bad(
        "program { «scamp5_in(A, B)»; }",
        "S203",
        "operand 2 of scamp5_in: expected an integer, got B, an analog register",
    ),
    Bad(
        "program { «scamp5_in(R5, 3)»; }",
        "S203",
        "operand 1 of scamp5_in: expected an analog register (A-F, NEWS, XN XE XS XW), got R5, a digital register",
    ),
]

HAZARDS = [
    Bad("«bus(A, A)»;", "S301", "'bus(A, A)' reads and writes A at once"),
    Bad("«bus(NEWS, XE)»;", "S301", "'bus(NEWS, XE)' reads XE and writes NEWS at once, and both are NEWS cells"),
    Bad("«bus(A, B, B)»;", "S302", "'bus(A, B, B)' names B twice as a source, but it is selected once"),
    Bad("«where(A, A)»;", "S302", "'where(A, A)' names A twice as a source, but it is selected once"),
    Bad("«bus2(A, A, B)»;", "S303", "'bus2(A, A, B)' names A twice as a destination, but it is selected once"),
    Bad("«bus2(XE, NEWS, A)»;", "S303", "'bus2(XE, NEWS, A)' drives every NEWS cell twice, as XE and NEWS"),
    Bad("«NOT(R5, R5)»;", "S301", "'NOT(R5, R5)' reads and writes R5 at once"),
    Bad("«OR(R5, R6, R5)»;", "S301", "'OR(R5, R6, R5)' reads and writes R5 at once"),
    Bad("«NOR(R5, R5, R6)»;", "S301", "'NOR(R5, R5, R6)' reads and writes R5 at once"),
    Bad("«MOV(R5, R5)»;", "S301", "'MOV(R5, R5)' reads and writes R5 at once"),
    Bad("«DNEWS0(R5, R5)»;", "S301", "'DNEWS0(R5, R5)' reads and writes R5 at once"),
    Bad("«DNEWS0(R3, R5)»;", "S301", "'DNEWS0(R3, R5)' writes R3, which DNEWS0 reads as one of its directions"),
    Bad(
        "«OR(R5, SELECT, RECT)»;",
        "S308",
        "'OR(R5, SELECT, RECT)' reads SELECT and RECT at once: they are two views of the same address lines",
    ),
    Bad(
        "program { «scamp5_in(NEWS, 3)»; }",
        "S301",
        "'scamp5_in(NEWS, 3)': its operands a and temp are both NEWS, and temp is NEWS unless it is named",
    ),
    Bad("program { «scamp5_in(A, 3, A)»; }", "S301", "'scamp5_in(A, 3, A)': its operands a and temp are both A"),
    Bad(
        "program { «scamp5_load_in(XE, 3)»; }",
        "S301",
        "'scamp5_load_in(XE, 3)': its operand a is XE, a neighbour's NEWS",
    ),
    Bad(
        "program { «scamp5_load_in(A, 3, XW)»; }",
        "S301",
        "'scamp5_load_in(A, 3, XW)': its operand temp is XW, a neighbour's NEWS",
    ),
    Bad("«bus({A, B}, {C, A})»;", "S301", "'bus({A, B}, {C, A})' reads and writes A at once"),
    Bad("«REFRESH_L(R5)»;", "S304", "'REFRESH_L(R5)' writes back what no read half put on the bit bus"),
    Bad(
        "input a -> R7;\nREFRESH_R(R5);\nMOV(R6, R7);\n«REFRESH_L(R5)»;",
        "S304",
        "'REFRESH_L(R5)' writes back what no read half put on the bit bus",
    ),
]

ALIASING = [
    Bad("«res(NEWS)»;", "S310", "res cannot take these operands: a is NEWS"),
    Bad("«res(A, A)»;", "S310", "res cannot take these operands: a and b are both A"),
    Bad("«mov(NEWS, A)»;", "S301", "mov(NEWS, A): its word 'bus(NEWS, NEWS)' reads and writes NEWS at once"),
    Bad("«mov(A, NEWS)»;", "S301", "mov(A, NEWS): its word 'bus(NEWS, NEWS)' reads and writes NEWS at once"),
    Bad("«add(A, B, B)»;", "S310", "add cannot take these operands: x0 and x1 are both B"),
    Bad("«add(A, B, C, B)»;", "S310", "add cannot take these operands: x0 and x2 are both B"),
    Bad("«sub(A, B, A)»;", "S310", "sub cannot take these operands: y and x1 are both A"),
    Bad("«neg(A, A)»;", "S310", "neg cannot take these operands: y and x are both A"),
    Bad("«abs(A, A)»;", "S310", "abs cannot take these operands: y and x are both A"),
    Bad("«divq(A, A)»;", "S310", "divq cannot take these operands: y and x are both A"),
    Bad("«div(A, A, B)»;", "S310", "div cannot take these operands: y0 and y1 are both A"),
    Bad("«div(A, B, C, C)»;", "S310", "div cannot take these operands: y2 and x are both C"),
    Bad("«div(A, B, C, A)»;", "S310", "div cannot take these operands: y0 and x are both A"),
    Bad("«diva(A, B, B)»;", "S310", "diva cannot take these operands: y1 and y2 are both B"),
    Bad("«addx(A, B, B, north)»;", "S310", "addx cannot take these operands: x0 and x1 are both B"),
    Bad("«add2x(A, B, B, north, east)»;", "S310", "add2x cannot take these operands: x0 and x1 are both B"),
    Bad("«subx(A, B, north, A)»;", "S310", "subx cannot take these operands: y and x1 are both A"),
    Bad("«sub(A, B, north, A)»;", "S310", "sub cannot take these operands: y and x1 are both A"),
    Bad("«sub2x(A, B, north, east, A)»;", "S310", "sub2x cannot take these operands: y and x1 are both A"),
    Bad("«get_image(A, A)»;", "S310", "get_image cannot take these operands: y and h are both A"),
    Bad("«getpix(A, A)»;", "S310", "getpix cannot take these operands: y and p are both A"),
    Bad("«getpix(A, B, A)»;", "S310", "getpix cannot take these operands: y and p are both A"),
    Bad("«gauss(A, B, 0)»;", "S310", "gauss cannot take these operands: n is 0"),
    Bad(
        "«newsblur(NEWS, A)»;",
        "S301",
        "newsblur(NEWS, A): its word 'bus(NEWS, XE, XW, XN, XS)' reads XE and writes NEWS at once, and "
        "both are NEWS cells",
    ),
    Bad("«AND(R5, R0, R6)»;", "S310", "AND cannot take these operands: x0 is R0"),
    Bad("«AND(R5, R6, R12)»;", "S310", "AND cannot take these operands: x1 is R12"),
    Bad("«AND(R12, R5, R6)»;", "S310", "AND cannot take these operands: y is R12"),
    Bad("«NAND(R0, R5, R6)»;", "S310", "NAND cannot take these operands: y is R0"),
    Bad("«ANDX(R5, R6, R6)»;", "S310", "ANDX cannot take these operands: x0 and x1 are both R6"),
    Bad("«ANDX(R5, R5, R6)»;", "S310", "ANDX cannot take these operands: y and x0 are both R5"),
    Bad("«NANDX(R5, R5, R6)»;", "S310", "NANDX cannot take these operands: y and x0 are both R5"),
    Bad("«IMP(R5, R5, R6)»;", "S310", "IMP cannot take these operands: y and x0 are both R5"),
    Bad("«NIMP(R5, R5, R6)»;", "S310", "NIMP cannot take these operands: y and x0 are both R5"),
    Bad("«XORX(R5, R6, R6)»;", "S310", "XORX cannot take these operands: x0 and x1 are both R6"),
    Bad("«XOR(R5, R5, R6)»;", "S310", "XOR cannot take these operands: y and x0 are both R5"),
    Bad("«MUX(R5, R12, R6, R7)»;", "S310", "MUX cannot take these operands: x0 is R12"),
    Bad("«MUX(R5, R6, R7, R0)»;", "S310", "MUX cannot take these operands: x2 is R0"),
    Bad("«CLR_IF(R5, R5)»;", "S310", "CLR_IF cannot take these operands: y and x are both R5"),
    Bad("input a -> R5;\n«NOR(R5, R5)»;", "W515", "NOR(R5, R5): its word 'NOR_R(R5, R5)' names R5 twice as a source"),
    Bad("input a -> R5;\n«OR(R5, R5)»;", "W515", "OR(R5, R5): its word 'OR_R(R5, R5)' names R5 twice as a source"),
]

DOUBLING = "macro m0(y: areg) { }\n" + "".join(
    f"macro m{n}(y: areg) {{ m{n - 1}(y); m{n - 1}(y); }}\n" for n in range(1, 41)
)

LIMITS = [
    Bad(
        "for «i» in 0..600 { mov(B, A); }",
        "S401",
        "1,200 words do not fit into the kernel store of 1,024; the largest: text with 1,200",
    ),
    Bad("macro a(y: areg) { b(y); }\nmacro b(y: areg) { «a(y)»; }\na(B);", "S212", "macro 'a' calls itself: a > b > a"),
    Bad("macro m(y: areg) { «m(y)»; }\nm(B);", "S212", "macro 'm' calls itself: m > m"),
    Bad(
        "areg a; areg b; areg c; areg d; areg e; areg «f»; areg g; areg h; areg i;\nres(a); res(b); "
        "res(c); res(d); res(e); res(f); res(g); res(h); res(i);\nadd(A, a, b, c); add(B, d, e, f); add(C, "
        "g, h, i);",
        "S402",
        "no analog register is left for scratch 'f'",
    ),
    Bad(
        "for i in «0..1000000000» { if i < 0 { res(A); } }",
        "S403",
        "the loops of this source run for more than 100,000 iterations",
    ),
    Bad("for i in 0..1000000000 { «res(A)»; }", "S401", "kernel 'text' expands to more than 4,096 words"),
    Bad(
        "kernel k { for i in 0..9999 { «mov(B, A)»; } }\nprogram { k(); }",
        "S401",
        "kernel 'k' expands to more than 4,096 words",
    ),
    Bad(
        "kernel k(n) { for i in 0..4000 { «nop()»; } }\nprogram { for i in 0..9 { k(i); } }",
        "S403",
        "the kernels of this source expand to more than 16,384 words",
    ),
    Bad(
        "kernel k { res(A); }\nprogram { for i in 0..100000 { «k()»; } }",
        "S403",
        "the program has more than 20,000 steps",
    ),
    Bad(
        "kernel k { for i in 0..500 { mov(B, PIX); } }\nprogram { for i in 0..2000 { «k()»; } }",
        "S403",
        "the program executes more than 200,000 words",
    ),
    Bad(
        "kernel k { res(A); }\nprogram { for i in «0..1000000000» { if i < 0 { k(); } } }",
        "S403",
        "the loops of this source run for more than 100,000 iterations",
    ),
    Bad(DOUBLING + "«m40(A)»;", "S403", "the source makes more than 50,000 macro calls"),
    Bad("res(A);" * 12288 + "res(A)«;»" + "res(A);" * 90000, "S403", "the source has more than 12,288 statements"),
]

PARAMS = [
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w' has no default, and no value was given",
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': the given value is not allowed: 0 at [0][1] is not in {-1, 1}",
        {"w": [[1, 0], [1, 1]]},
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': the given value is not allowed: [0]: expected 2 elements, got 3",
        {"w": [[1, 1, 1], [1, 1, 1]]},
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': the given value is not allowed: expected 2 elements, got the number 3",
        {"w": 3},
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': the given value is not allowed: [1]: expected 2 elements, got 1",
        {"w": [[1, 1], [1]]},
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': expected an integer at [0][1], got 0.5",
        {"w": [[1, 0.5], [1, 1]]},
    ),
    Bad(
        "«»param w[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "the source has no param 'v'",
        {"v": 3, "w": [[1, 1], [1, 1]]},
    ),
    Bad(
        "param «w»[2][2] in {-1, 1};\nfor i in 0..2 { if w[i][0] > 0 { SET(R5); } else { CLR(R5); } }",
        "S208",
        "param 'w': expected an integer or a table of integers, got str 'x'",
        {"w": "x"},
    ),
    Bad(
        "param «n» = 1 in 0..3;\nfor i in 0..n { SET(R5); }",
        "S208",
        "param 'n': the given value is not allowed: 4 is not in 0..3",
        {"n": 4},
    ),
    Bad("«»SET(R5);", "S208", "the source has no param 'x'", {"x": 1}),
    Bad(
        "param «n» = 5 in 0..3;\nfor i in 0..n { SET(R5); }",
        "S208",
        "param 'n': its default is not allowed: 5 is not in 0..3",
    ),
    Bad("param p = 3 in «9..2»;\nfor i in 0..p { SET(R5); }", "S208", "the range 9..2 holds no value"),
]

STRUCTURE = [
    Bad("for i in 0..2 { kernel «k» { res(A); } }", "S109", "'kernel' is not allowed in a loop or an 'if'"),
    Bad("output x = A;\n«output x = B»;\nres(A); res(B);", "S205", "output 'x' is already declared at line 1"),
    Bad(
        "kernel k { res(A); }\nprogram {\n    k();\n    output x = A;\n}\n«output x = A»;",
        "S205",
        "output 'x' is already declared at line 4",
    ),
    Bad(
        "kernel k { res(A); }\nprogram {\n    for i in 0..3 {\n        k();\n        «output x = A»;\n    }\n}",
        "S205",
        "output 'x' at line 5 is taken in every round of its loop",
    ),
    Bad(
        "kernel k { res(A); }\nprogram { k(); for i in 0..3 { for j in 0..3 { «output x[i] = A»; } } }",
        "S205",
        "output 'x_0' at line 2 is taken in every round of its loop",
    ),
    Bad(
        "kernel k { res(A); }\nprogram { k(); output x[«north|east»] = A; }",
        "S206",
        "an index of an output: expected an integer, a direction or a register, got north|east, a set of directions",
    ),
    Bad(
        "kernel k { mov(B, A); «scamp5_in(C, 30)»; }",
        "S209",
        "'scamp5_in' is a host function; a kernel holds array instructions only",
    ),
    Bad(
        "kernel k { mov(B, A); }\nkernel «l» { mov(C, A); }",
        "S110",
        "the source has 2 kernels (k, l) and no program that launches them",
    ),
    Bad("kernel k { kernel «l» { mov(B, A); } }", "S109", "'kernel' is not allowed in a kernel"),
    Bad(
        "kernel k { mov(B, A); }\nprogram { k(); «mov(C, A)»; }",
        "S210",
        "'mov' is an array instruction; the host program can only launch kernels",
    ),
    Bad("«scamp5_kernel_begin()»;\nmov(B, A);\n", "S109", "this kernel does not end"),
    Bad(
        "kernel k { mov(B, A); }\nprogram { k(); }\n«program» { k(); }",
        "S205",
        "a program is already declared at line 2",
    ),
    Bad(
        "input image -> PIX;\ninput «image» -> A;\nget_image(B);\nadd(C, A, B);",
        "S205",
        "input 'image' is already declared",
    ),
    Bad(
        "kernel k { mov(B, PIX); }\nprogram { k(); «output x = E»; }",
        "W502",
        "output 'x' takes E, which nothing has written by then",
    ),
    Bad("«output x = R5»;\nmov(B, PIX);", "W502", "output 'x' takes R5, which nothing has written by then"),
    Bad(
        "kernel k { mov(B, A); }\nprogram { «scamp5_in(A, 200)»; k(); }",
        "S306",
        "'scamp5_in(A, 200)': the constant 200 is outside -128..127",
    ),
    Bad(
        "kernel k { mov(B, A); }\nprogram { «scamp5_in(A, 121)»; k(); }",
        "W511",
        "'scamp5_in(A, 121)': the constant 121 is close to the rails, where values load badly",
    ),
    Bad(
        "program { «scamp5_load_point(R5, 2000, 3)»; }",
        "S307",
        "'scamp5_load_point(R5, 2000, 3)': r = 2000 is not an address",
    ),
    Bad(
        "program { «scamp5_load_rect(R5, 9, 0, 3, 3)»; }",
        "W512",
        "'scamp5_load_rect(R5, 9, 0, 3, 3)': no PE lies from (9, 0) to (3, 3), so the rectangle is treated as empty",
    ),
    Bad("program { «scamp5_load_rect(R5, 9, 0)»; }", "S202", "scamp5_load_rect does not take 3 operands"),
    Bad('include «"nothere.scamp"»;\nmov(B, PIX);', "S108", "cannot include 'nothere.scamp': no such file"),
]

TRAPS = [
    Bad("«program» { }", "W517", "the program does nothing"),
    Bad("kernel «k» { }", "W517", "kernel 'k' is empty"),
    Bad(
        "«SET(R12)»;",
        "W501",
        "'SET(R12)' writes R12 only where R0 = 1, and R0 has not been initialised (its power-on value is undefined)",
    ),
    Bad("«bus(B, A)»;", "W502", "'bus(B, A)' reads A before anything wrote it"),
    Bad("«MOV(R5, SELECT)»;", "W502", "'MOV(R5, SELECT)' reads SELECT before anything wrote it"),
    Bad("«bus(B, IN)»;", "W502", "'bus(B, IN)' reads IN before anything wrote it"),
    Bad(
        "input a -> A;\nbus(NEWS, A);\nmov(B, A);\n«bus(C, NEWS)»;",
        "W503",
        "'bus(C, NEWS)' reads NEWS, but what line 2 put there was overwritten by 'mov(B, A)' on line 3",
    ),
    Bad(
        "input a -> A;\nwhere(A);\n«movx(B, A, east)»;\nall();",
        "W504",
        "movx(B, A, east): its word 'bus(XW, A)' writes a neighbour's NEWS while 'where(A)' on line 2 "
        "restricts FLAG: a PE with FLAG = 0 neither gives nor takes",
    ),
    Bad(
        "input a -> A;\n«where(A)»;\nmov(B, A);",
        "W505",
        "'where(A)' still restricts FLAG when the program ends: kernel 'text' ends without all()",
    ),
    Bad(
        "input a -> A;\n«where(A)»;\nall();",
        "W514",
        "'where(A)' has no effect: FLAG is overwritten before any analog word runs",
    ),
    Bad(
        "input a -> A;\nbus(NEWS, A);\n«bus(B, XE, XW)»;",
        "W506",
        "'bus(B, XE, XW)' reads XE and XW in one word: neighbours that share a bus count as their mean, not their sum",
    ),
    Bad(
        "input a -> A;\nSET(R1);\nblurset();\n«blur(B, A)»;",
        "W507",
        "'blur(B, A)' blurs through the horizontal links in R2, which nothing has written",
    ),
    Bad("input a -> A;\nSET(R1, R2);\n«blur(B, A)»;", "W508", "'blur(B, A)' has no blurset before it in kernel 'text'"),
    Bad(
        "input a -> R5;\n«DNEWS0(R6, R5)»;",
        "W510",
        "'DNEWS0(R6, R5)' takes its directions from R1..R4, which nothing has written",
    ),
    Bad("SET(R0, R1);\nSET(R12);\n«PROP_0()»;", "W509", "'PROP_0()' does not directly follow PROP_R()"),
    Bad("input a -> R5;\n«OR(R6, R5, R5)»;", "W515", "'OR(R6, R5, R5)' names R5 twice as a source"),
    Bad("«SET(R5, R5)»;", "W515", "'SET(R5, R5)' names R5 twice as a destination"),
    Bad(
        "input a -> R5;\n«WHERE(FLAG, R5)»;\nres(A);\nall();", "W516", "'WHERE(FLAG, R5)' reads FLAG while it writes it"
    ),
    Bad("const «N» = 3;\nres(A);", "W513", "const 'N' is never used"),
    Bad("macro «m»(y: areg) { res(y); }\nres(A);", "W513", "macro 'm' is never called"),
    Bad("kernel k { res(A); }\nkernel «l» { res(B); }\nprogram { k(); }", "W513", "kernel 'l' is never launched"),
    Bad("param «level» = 3;\nres(A) ;", "W513", "param 'level' is never used"),
    Bad("input «a» -> A;\nres(B);", "W513", "input 'a' is never used"),
    Bad("areg «t»;\nres(B);", "W513", "areg 't' is never used"),
    Bad("dreg «b»;\nSET(R5);", "W513", "dreg 'b' is never used"),
    Bad("areg t;\n«mov(A, t)»;", "S214", "scratch 't' is read before it is written: nothing has written it by then"),
    Bad(
        "input a -> R5;\nSET(R0);\nMOV(R0, R5);\n«SET(R12)»;",
        "W501",
        "'SET(R12)' writes R12 only where R0 = 1, and R0 comes from 'MOV(R0, R5)' on line 3",
    ),
    Bad(
        "input a -> R5;\ninput b -> R6;\nAND(R7, R5, R6);\n«MOV(R12, R7)»;",
        "W501",
        "'MOV(R12, R7)' writes R12 only where R0 = 1, and R0 comes from 'AND(R7, R5, R6)' on line 3",
    ),
    Bad(
        "kernel k { SET(R5); }\nprogram { «scamp5_load_point(R12, 3, 4)»; k(); }",
        "W501",
        "'scamp5_load_point(R12, 3, 4)' writes R12 only where R0 = 1, and R0 has not been "
        "initialised (its power-on value is undefined)",
    ),
    Bad(
        "«mov(B, XE)»;",
        "S301",
        "mov(B, XE): its word 'bus(NEWS, XE)' reads XE and writes NEWS at once, and both are NEWS cells",
    ),
    Bad("«bus(B, XE)»;", "W502", "'bus(B, XE)' reads XE, a neighbour's NEWS, before anything wrote it"),
    Bad("«MOV(R5, RECT)»;", "W502", "'MOV(R5, RECT)' reads RECT before anything wrote it"),
    Bad("«mov(B, C)»;\nmov(D, C);", "W502", "'mov(B, C)' reads C before anything wrote it"),
    Bad(
        "input a -> A;\nmov(B, A);\n«bus(C, NEWS)»;",
        "W503",
        "'bus(C, NEWS)' reads NEWS, which holds what 'mov(B, A)' on line 2 left there",
    ),
    Bad(
        "input a -> R5;\nSET(R1);\nDNEWS(R6, R5, north);\n«MOV(R7, R1)»;",
        "W503",
        "'MOV(R7, R1)' reads R1, but what line 2 put there was overwritten by 'DNEWS(R6, R5, north)' on line 3",
    ),
    Bad(
        "input a -> R5;\ninput b -> R6;\nMOV(R0, R5);\nCLR_IF(R6, R5);\n«MOV(R7, R0)»;",
        "W503",
        "'MOV(R7, R0)' reads R0, but what line 3 put there was overwritten by 'CLR_IF(R6, R5)' on line 4",
    ),
    Bad(
        "input a -> A;\nwhere(A);\n«mov2x(B, A, east, east)»;\nall();",
        "W504",
        "mov2x(B, A, east, east): its word 'bus(XW, A)' moves two steps while 'where(A)' on line 2 "
        "restricts FLAG: all three PEs on the way need FLAG = 1",
    ),
    Bad(
        "input a -> A;\nkernel k { «where(A)»; MOV(R5, FLAG); }\nkernel l { mov(B, A); all(); }\nprogram { k(); l(); }",
        "W505",
        "'where(A)' still restricts FLAG when kernel 'l' starts to write: kernel 'k' ends without all()",
    ),
    Bad(
        "input a -> R5;\n«WHERE(R5)»;\nSET(R6);\nWHERE(R5);\nres(A);\nall();",
        "W514",
        "'WHERE(R5)' has no effect: FLAG is overwritten before any analog word runs",
    ),
    Bad(
        "input a -> A;\nSET(R1, R2);\nCLR(R2);\nblurset();\n«blurh(B, A)»;",
        "W507",
        "'blurh(B, A)' blurs through the horizontal links in R2, which 'CLR(R2)' on line 3 left 0 everywhere",
    ),
    Bad(
        "input a -> A;\nbus(NEWS, A);\n«bus(B, NEWS, XE)»;",
        "W506",
        "'bus(B, NEWS, XE)' reads NEWS and XE in one word: NEWS feeds this bus and the neighbour's; the result "
        "on a chip is not known, the simulator adds them (Q7)",
    ),
    Bad(
        "input a -> A;\nmacro halve(y: areg, x: asrc) { bus(y, x); }\n«halve(A, A)»;",
        "S301",
        "halve(A, A): its word 'bus(A, A)' reads and writes A at once",
    ),
    Bad(
        "SET(R0);\nSET(R12);\n«PROP0()»;",
        "W510",
        "PROP0(): its word 'PROP_0()' takes its directions from R1..R4, which nothing has written",
    ),
]

TRAPS += [
    Bad(
        "input a -> A;\nareg t;\nwhere(A);\nmov(t, A);\nall();\n«mov(C, t)»;",
        "W502",
        "scratch 't' is read in all PEs, but it was written only where a condition held",
    ),
    Bad(
        "input a -> R6;\nSET(R1);\nDNEWS(R7, R6, north);\n«DNEWS0(R8, R6)»;",
        "W503",
        "'DNEWS0(R8, R6)' reads R1, but what line 2 put there was overwritten by 'DNEWS(R7, R6, north)' on line 3",
    ),
    Bad(
        "program { scamp5_select_rect(0, 0, 9, 9); scamp5_load_point(R6, 3, 4); k(); }\n"
        "kernel k { «MOV(R5, SELECT)»; OR(R5, R6); }",
        "W503",
        "'MOV(R5, SELECT)' reads SELECT, but what line 1 put there was overwritten by 'scamp5_load_point(R6, 3, "
        "4)' on line 1",
    ),
    Bad(
        "input a -> A;\nwhere(A);\n«newsblur(B, A)»;\nall();",
        "W504",
        "newsblur(B, A): its word 'bus(B, XE, XW, XN, XS)' reads neighbours' NEWS, but NEWS was written while "
        "'where(A)' on line 2 restricted FLAG: neighbours that it left out hold something else",
    ),
    Bad(
        "input a -> A;\nkernel k { where(A); }\nkernel l { all(); }\nprogram { k(); «scamp5_in(B, 3)»; l(); }",
        "W505",
        "'scamp5_in(B, 3)' loads its constant only where FLAG = 1, and 'where(A)' on line 2 still restricts FLAG",
    ),
    Bad(
        "input a -> A;\nwhere(A);\nabs(B, A);\n«mov(C, A)»;",
        "W518",
        "mov(C, A): its word 'bus(NEWS, A)' is no longer gated by 'where(A)' on line 2: 'abs(B, A)' on line 3 sets "
        "FLAG to 1 everywhere",
    ),
    Bad(
        "macro m(x: dreg) { SET(R5); OR(R6, x, R7); }\ninput a -> R7;\n«m(R5)»;",
        "W519",
        "m overwrites R5, its operand x, before it has read it: it writes R5 as its own temporary",
    ),
]

ALL = [*SYNTAX, *NAMES, *OPERANDS, *HAZARDS, *ALIASING, *LIMITS, *PARAMS, *STRUCTURE, *TRAPS]


def said(source: str | Path, params: Mapping[str, Any] | None = None) -> tuple[Diagnostic, ...]:
    """Everything that the assembler says about a text."""
    try:
        return assemble(source, params=params).diagnostics
    except CompileError as error:
        return error.diagnostics


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: f"{bad.code}: {bad.source[:50]}")
def test_bad_program(bad: Bad) -> None:
    found = said(bad.source, bad.params)
    severity = "warning" if bad.code.startswith("W") else "error"
    # one mistake, one message: errors may stand beside warnings, but never beside each other
    (d,) = [d for d in found if d.severity == severity]
    assert (d.code, d.message) == (bad.code, bad.message)
    assert (d.line, d.column, d.end_line, d.end) == bad.place
    assert d.text == bad.source.split("\n")[d.line - 1]
    assert len(found) == 1 or severity == "error"


@pytest.mark.parametrize("bad", TRAPS + HAZARDS, ids=lambda bad: f"{bad.code}: {bad.source[:50]}")
def test_hazards_and_traps_come_with_a_remedy(bad: Bad) -> None:
    assert all(d.hint for d in said(bad.source))


def test_codes_are_in_the_catalogue() -> None:
    assert {bad.code for bad in ALL} <= set(CODES)
    sources = "".join(p.read_text(encoding="utf-8") for p in Path(compiler.__file__).parent.glob("*.py"))
    assert set(re.findall(r'"([SW]\d{3})"', sources)) <= set(CODES)


# --- files ----------------------------------------------------------------------------------------------------


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "edges.scamp").write_text("res(A);", encoding="utf-8")
    (d,) = said(tmp_path / "edgse.scamp")
    assert (d.code, d.line) == ("S101", 1)
    assert d.message.endswith("no such file; did you mean 'edges.scamp'?")


def test_a_common_suffix_is_no_likeness(tmp_path: Path) -> None:
    (tmp_path / "sdk.scamp").write_text("res(A);", encoding="utf-8")
    (d,) = said(tmp_path / "nosuch.scamp")
    assert d.message.endswith("no such file")


def test_a_folder_is_no_text(tmp_path: Path) -> None:
    (d,) = said(tmp_path)
    assert d.code == "S101"
    assert d.message.endswith("is a folder")


def test_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "latin.scamp"
    file.write_bytes(b"SET(R5);\n// caf\xe9\n")
    (d,) = said(file)
    assert (d.code, d.line) == ("S102", 2)
    assert d.message.endswith("not UTF-8: byte 0xe9 at offset 15, line 2")
    assert d.hint == "save the file as UTF-8"


@pytest.mark.parametrize("text", ["", "\n\n", "// nothing but a comment\n", "/* nor here */"])
def test_empty_text(text: str, tmp_path: Path) -> None:
    file = tmp_path / "empty.scamp"
    file.write_text(text, encoding="utf-8")
    (d,) = said(file)
    assert (d.code, d.message) == ("S103", "the source is empty")


def test_includes_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.scamp").write_text('include "b.scamp";\nres(A);', encoding="utf-8")
    (tmp_path / "b.scamp").write_text('\ninclude "a.scamp";', encoding="utf-8")
    (d,) = said(tmp_path / "a.scamp")
    assert (d.code, d.line, d.column) == ("S108", 2, 9)
    assert d.file.endswith("b.scamp")
    assert d.message == "'a.scamp' includes itself: a.scamp > b.scamp > a.scamp"


def test_mistakes_in_included_macros_name_both_places(tmp_path: Path) -> None:
    (tmp_path / "lib.scamp").write_text("macro m(y: dreg) {\n    SET(z);\n}\n", encoding="utf-8")
    (tmp_path / "main.scamp").write_text('include "lib.scamp";\nm(R5);', encoding="utf-8")
    (d,) = said(tmp_path / "main.scamp")
    assert (d.code, d.line, d.column, d.text) == ("S204", 2, 9, "    SET(z);")
    assert d.file.endswith("lib.scamp")
    assert len(d.notes) == 1
    assert "in macro m, called at" in d.notes[0]
    assert d.notes[0].endswith("main.scamp:2")


# --- how they look --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("syntax", SYNTAX),
        ("names", NAMES),
        ("operands", OPERANDS),
        ("hazards", HAZARDS),
        ("aliasing", ALIASING),
        ("limits", LIMITS),
        ("params", PARAMS),
        ("structure", STRUCTURE),
        ("traps", TRAPS),
    ],
)
def test_golden(name: str, cases: list[Bad], golden: Callable[[str, str], None]) -> None:
    golden(f"diagnostics/{name}.txt", "\n".join(render(said(bad.source, bad.params)) for bad in cases))


def test_the_page_of_messages_is_fresh() -> None:
    path = Path(__file__).parents[2] / "docs" / "messages.md"
    assert path.read_text(encoding="utf-8") == page(), (
        "write it with: python -m scamp_sim.compiler.messages > docs/messages.md"
    )


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_of_the_page(code: str) -> None:
    assert code in {d.code for d in messages(EXAMPLES[code])}


def test_every_code_has_an_example() -> None:
    # S101 and S102 are about files, S404 about a text too long for a page
    # S61., S62., W61. and W62. come out of a C++ compiler and out of running programs: tests/compiler/native has them
    built = {c for c in CODES if c[:3] in ("S61", "S62", "W61", "W62")}
    assert set(CODES) - set(EXAMPLES) - built <= {"S101", "S102", "S404"}
