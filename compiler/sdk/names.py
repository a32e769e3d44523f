"""Names for kernels, parameters and results that are free in our language."""

from __future__ import annotations

import re
from collections import Counter

from scamp_sim.chip import isa
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.front.syntax_errors import KEYWORDS

C_LIBRARY = frozenset(
    """
    abort abs accept access acos acosh alarm asctime asin asinh assert atan atan2 atanh atexit atof atoi atol bcmp bcopy
    bind brk bsearch bzero calloc cbrt ceil chdir chmod chown clearerr clock close connect copysign cos cosh creat crypt
    ctime daemon difftime div drem dup encrypt environ erf erfc errno execl execv exit exp exp2 expm1 fabs fclose fdim
    feof ferror fflush ffs fgetc fgets floor fma fmax fmin fmod fopen fork fprintf fputc fputs fread free freopen frexp
    fscanf fseek ftell fwrite gamma getc getchar getenv gets getw gmtime hypot ilogb index ioctl isalnum isalpha isatty
    iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit j0 j1 jn kill labs ldexp ldiv lgamma link
    listen llabs localtime log log10 log1p log2 logb longjmp lrint lround lseek malloc memchr memcmp memcpy memmove
    memset mktime modf nan nearbyint nextafter nice open pause perror pipe poll pow printf putc putchar puts putw qsort
    raise rand random read realloc recv remainder remove rename rewind rindex rint rmdir round scalb scalbn scanf select
    send setbuf setjmp setlocale shutdown signal significand sin sinh sleep snprintf socket sprintf sqrt srand srandom
    sscanf stat stderr stdin stdout stime strcat strchr strcmp strcoll strcpy strerror strlen strncpy strstr strtod
    strtok strtol swab symlink sync system tan tanh tempnam tgamma time timezone tmpfile tmpnam tolower toupper trunc
    truncate ungetc unlink usleep vfork vprintf wait write y0 y1 yn
    """.split()  # noqa: SIM905
)
"""Names that the headers of the C library declare outside of any namespace: a variable of such a name does not
compile next to them."""


def is_taken(name: str) -> bool:
    """Whether a name means something in the language already."""
    return (
        name in isa.ALL_REGISTERS
        or name in isa.ALIASES
        or name in isa.DIRECTIONS
        or name in isa.HOST
        or name in KEYWORDS
        or name in prelude.declarations()
        or native_named(name) is not None
        or name in ("scamp5_kernel_begin", "scamp5_kernel_end")
    )


def free_name(name: str, tail: str) -> str:
    """The name, with a tail if it means something already, and without signs that names cannot hold."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII) or "x"
    if clean[0].isdigit():
        clean = f"_{clean}"
    return f"{clean}_{tail}" if is_taken(clean) else clean


def kernel_name(title: str, taken: Counter[str]) -> str:
    """A name for a kernel that stands in function `title`: that name, numbered from the second on.

    taken: how often each name was asked for; counted on.
    """
    stem = free_name(title or "block", "kernel")
    while True:
        taken[stem] += 1
        number = taken[stem]
        name = stem if number == 1 else f"{stem}_{number}"
        if (number == 1 or name not in taken) and not is_taken(name):
            break
    if number > 1:
        taken[name] += 1
    return name
