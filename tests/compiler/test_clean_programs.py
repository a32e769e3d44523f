"""Programs in the style of the field that deserve no message at all: a warning that cries wolf is a bug."""

from __future__ import annotations

import pytest

from scamp_sim.compiler import assemble
from scamp_sim.compiler.front.diagnostics import render

CLEAN = {
    "the program of docs/language.md": """
        /// Horizontal edges of an image: |south - north|.
        input image -> PIX;
        param floor = 20 in 0..127;
        areg grey = A;
        areg level = E;
        kernel edges {
            areg t;
            get_image(grey);
            subx(t, grey, south, grey);
            abs(B, t);
            sub(B, B, level);
        }
        program {
            scamp5_in(level, floor);
            edges();
            output edges = B;
        }
    """,
    "Sobel along one axis": """
        input image -> A;
        mov(C, A);
        movx(B, A, north);
        addx(B, B, A, south);
        movx(B, B, east);
        sub2x(A, B, west, west, C);
    """,
    "Gaussian 3x3 after Cain": """
        input image -> A;
        divq(B, A); movx(C, B, north); divq(D, C); movx(C, B, south);
        divq(E, C); add(B, D, E); movx(C, B, east); add(A, B, C);
    """,
    "identity pass: halve, copy, add": """
        input image -> A;
        for i in 0..4 { diva(A, E, F); mov(F, A); add(A, A, F); }
    """,
    "two pixels by bus words": "input image -> F;\nbus(XE, F);\nbus(F, XW);\n",
    "two pixels by one macro": "input image -> A;\nmov2x(B, A, north, east);\nadd2x(C, A, B, west, west);\n",
    "threshold": """
        input image -> PIX;
        kernel capture { get_image(A, B); }
        kernel binarise { sub(C, A, D); where(C); MOV(R5, FLAG); all(); }
        program { capture(); scamp5_in(D, 30); binarise(); output bits = R5; }
    """,
    "masked assignment": "input image -> A;\nwhere(A);\nmov(B, A);\nall();\nabs(C, A);\nmovx(D, C, east);\n",
    "masked by a bit, with the condition in two steps": """
        input image -> A; input mask -> R5;
        WHERE(R5); mov(B, A); where(B); neg(C, A); all();
    """,
    "flood": """
        input seeds -> R5; input mask -> R6;
        SET(R0); SET(R1, R2, R3, R4);
        MOV(R12, R5);
        MOV(R0, R6);
        for i in 0..5 { PROP0(); }
        MOV(R7, R12);
        SET(R0);
        CLR(R12);
    """,
    "logic": """
        input a -> R5; input b -> R6; input c -> R7;
        AND(R8, R5, R6); NAND(R9, R5, R6); MUX(R10, R5, R6, R7); IMP(R11, R5, R6); NIMP(R8, R5, R6);
        MOV(R9, R5); XORX(R10, R9, R6); CLR_IF(R10, R7); NOT(R11, R10); OR(R11, R8); NOR(R11, R5);
        MOV(R9, R5); ANDX(R8, R9, R6);
    """,
    "digital shift with refresh": """
        input a -> R5;
        for i in 0..4 { DNEWS(R6, R5, north | east); DNEWS(R5, R6, west, 1); REFRESH(R5); }
        NOT(R5);
    """,
    "per-pixel directions": "input a -> R5;\nMOV(R1, R5);\nNOT(R3, R5);\nCLR(R2, R4);\nDNEWS0(R6, R5);\n",
    "blur": "input image -> A;\nnewsblur(B, A, 3);\nnewsblurh(B, B);\nSET(R1, R2);\ngauss(C, B, 2);\ngaussv(C, C);\n",
    "host planes": """
        kernel mask { MOV(R6, SELECT); OR(R7, R5, R6); where(IN); MOV(R8, FLAG); all(); }
        program {
            scamp5_load_rect(R5, 0, 0, 127, 255);
            scamp5_select_pattern(3, 3, 192, 192);
            scamp5_load_in(30);
            mask();
            output left = R7;
        }
    """,
    "the SDK's own frame": """
        scamp5_in(E, 20);
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            ALL();
        scamp5_kernel_end();
        scamp5_kernel_begin();
            REFRESH(R5);
        scamp5_kernel_end();
    """,
    "a condition that the next kernel ends": """
        input image -> A;
        kernel choose { where(A); MOV(R5, FLAG); }
        kernel finish { all(); mov(B, A); }
        program { choose(); finish(); output b = B; output bits = R5; }
    """,
    "kernels with parameters": """
        param w[3][3] in {-1, 1};
        input image -> A;
        kernel clear { res(B); }
        kernel tap(i, j) { if w[i][j] > 0 { add(B, B, A); } else { sub(B, B, A); } }
        program { clear(); for i in 0..3 { for j in 0..3 { tap(i, j); } } output sum = B; }
    """,
    "macros of one's own": """
        input image -> A;
        /// y := 2 x
        macro twice(y: areg, x: asrc) { require y != x : "two registers"; mov(y, x); add(y, y, x); }
        macro east_by(y: areg, x: asrc, n: int = 1) { mov(y, x); for i in 0..n { movx(y, y, west); } }
        twice(B, A); east_by(C, B, 3); east_by(D, C);
    """,
}

PARAMS = {"kernels with parameters": {"w": [[1, -1, 1], [1, 1, 1], [-1, -1, 1]]}}


@pytest.mark.parametrize("name", CLEAN)
def test_sound_programs_are_silent(name: str) -> None:
    program = assemble(CLEAN[name], params=PARAMS.get(name))
    assert not program.diagnostics, render(program.diagnostics)
