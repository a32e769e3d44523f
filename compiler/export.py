"""A program of ours as C++ for the SDK, or as the plain calls that JSS takes.

What comes out goes into somebody else's project: registers and parameters are settled, and what the user wrote as a
macro of the SDK stands there as that macro. Importing it again gives the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Origin, Output, Program, Word
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.macro_info import expansion
from scamp_sim.compiler.expand.values import AnyDirs, Dirs, Reg, Value
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.sdk.names import is_taken

_INDENT = "    "
_WIDTH = 44
"""Columns up to the comment that says where a call comes from."""

# fmt: off
_CPP_WORDS = frozenset(
    ("alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class", "const", "continue",
     "default", "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
     "friend", "goto", "if", "inline", "int", "long", "main", "mutable", "namespace", "new", "not", "operator", "or",
     "private", "protected", "public", "register", "return", "short", "signed", "sizeof", "static", "struct", "switch",
     "template", "this", "throw", "true", "try", "typedef", "typename", "union", "unsigned", "using", "virtual", "void",
     "volatile", "while", "xor")
)
# fmt: on

_HALVES = {"NOT_R": "NOT", "OR_R": "OR", "NOR_R": "NOR", "REFRESH_R": "REFRESH"}
"""Read halves of words in place, by the SDK's name for the whole."""


@dataclass(frozen=True)
class Exported:
    """The text, and what of the program the SDK has no call for."""

    text: str
    notes: tuple[str, ...]


def export(program: Program, to: str = "sdk") -> Exported:
    """The program as text for `to`: "sdk" or "jss". Raises ValueError for anything else."""
    if to == "sdk":
        return _sdk(program)
    if to == "jss":
        return _jss(program)
    raise ValueError(f"cannot export to '{to}'; there are 'sdk' and 'jss'")


# --- calls ----------------------------------------------------------------------------------------------------


def statements(kernel: Kernel) -> Iterator[tuple[str, Origin | None]]:
    """The calls of a kernel as the SDK has them, each with the place that its words come from."""
    words = kernel.words
    at = 0
    while at < len(words):
        text, count = _in_place(words, at) or _as_macro(words, at) or (str(words[at]), 1)
        yield text, words[at].origin
        at += count


def is_foreign(text: str) -> bool:
    """Whether a call is of our own making: half of a word in place, or several registers where the SDK has one."""
    name = text.partition("(")[0]
    return name in _HALVES or name == "REFRESH_L" or (name in ("MOV", "NOT") and "{" in text)


def _in_place(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    word = words[at]
    if word.op not in _HALVES or at + 1 >= len(words):
        return None
    after = words[at + 1]
    if after.op != "REFRESH_L" or after.dst != word.src[:1]:
        return None
    return f"{_HALVES[word.op]}({', '.join(word.src)})", 2


def _as_macro(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """The macro of the SDK that the user's text called for these words, if they are all of it."""
    first = words[at].origin
    if first is None:
        return None
    for depth, name in enumerate(first.macros):
        for pattern in _patterns(name):
            stop = at + len(pattern.words)
            here = words[at:stop]
            if len(here) < len(pattern.words):
                continue
            # words of one call share their statement and the macros around
            if any(w.origin is None or _call(w.origin, depth) != _call(first, depth) for w in here):
                continue
            text = pattern.match(here)
            if text is not None:
                return text, len(here)
    return None


def _call(origin: Origin, depth: int) -> tuple[object, ...]:
    return origin.file, origin.line, origin.column, origin.macros[: depth + 1]


@dataclass(frozen=True)
class _Pattern:
    """A macro with stand-ins for its operands. `numbers`: the integer operands that it was expanded with."""

    macro: syntax.MacroDecl
    numbers: tuple[int, ...]
    words: tuple[Word, ...]

    def match(self, words: Sequence[Word]) -> str | None:
        """The call that makes these words; None if they are not of this pattern."""
        bound: dict[str, Value] = {}
        for own, word in zip(self.words, words, strict=True):
            if own.op != word.op or not _bind(own.dst, word.dst, bound) or not _bind(own.src, word.src, bound):
                return None
        args: list[Value] = []
        numbers = iter(self.numbers)
        for formal in self.macro.formals:
            if formal.kind == "int":
                args.append(next(numbers))
            elif formal.name in bound:
                args.append(bound[formal.name])
            else:
                return None
        if tuple(_expansion(self.macro, args)) != tuple(words):
            return None
        while args and isinstance(args[-1], int) and _default(self.macro, len(args) - 1) == args[-1]:
            args.pop()
        return f"{self.macro.name}({', '.join(_shown(a) for a in args)})"


def _default(macro: syntax.MacroDecl, index: int) -> int | None:
    default = macro.formals[index].default
    return default.value if isinstance(default, syntax.Number) else None


def _shown(value: Value) -> str:
    if isinstance(value, Reg):
        return value.name
    return "|".join(value.names) if isinstance(value, Dirs) else str(value)


def _bind(own: Sequence[str], real: Sequence[str], bound: dict[str, Value]) -> bool:
    """Match operands; what a stand-in stands for goes to `bound`."""
    if len(own) == 1 and own[0].startswith("gates("):
        gates = {d.gate: d.name for d in isa.DIRECTIONS.values()}
        names = tuple(gates[r] for r in real if r in gates)
        return len(names) == len(real) and _agree(own[0][6:-1], Dirs(names), bound)
    if len(own) != len(real):
        return False
    for name, register in zip(own, real, strict=True):
        ported = re.fullmatch(r"port\((opposite\()?(\w+)\)*", name)
        if ported is not None:
            direction = isa.PORT_DIRECTION.get(register)
            if direction is None:
                return False
            if not _agree(ported[2], Dirs((direction.opposite if ported[1] else direction.name,)), bound):
                return False
        elif name in isa.ALL_REGISTERS:
            if name != register:
                return False
        elif not _agree(name, Reg(register), bound):
            return False
    return True


def _agree(name: str, value: Value, bound: dict[str, Value]) -> bool:
    return bound.setdefault(name, value) == value


_NUMBERS = {"boundary": (0, 1)}


@cache
def _patterns(name: str) -> tuple[_Pattern, ...]:
    """The forms of a macro of the prelude, the longest first; empty for a macro of a user's."""
    found: list[_Pattern] = []
    for macro in prelude.declarations().get(name, ()):
        integers = [f for f in macro.formals if f.kind == "int"]
        choices: list[tuple[int, ...]] = [()]
        for formal in integers:
            choices = [(*c, n) for c in choices for n in _NUMBERS.get(formal.name, tuple(range(1, 13)))]
        for numbers in choices:
            rest = iter(numbers)
            args: list[Value] = []
            for formal in macro.formals:
                if formal.kind == "int":
                    args.append(next(rest))
                elif formal.kind in ("dir", "dirs"):
                    args.append(AnyDirs((formal.name,)))
                else:
                    # a name of its own, lest a stand-in is taken for the register that is called like it
                    args.append(Reg(f"{formal.name}", scratch=formal.kind))
            found.append(_Pattern(macro, numbers, tuple(_expansion(macro, args))))
    return tuple(sorted(found, key=lambda p: -len(p.words)))


def _expansion(macro: syntax.MacroDecl, args: Sequence[Value]) -> list[Word]:
    try:
        return expansion(macro, args)
    except CompileError:
        return []


# --- names ----------------------------------------------------------------------------------------------------


def _identifier(name: str, taken: set[str], tail: str) -> str:
    """A C++ name for a kernel or a result: `tap(-1,2)` is tap_m1_2."""
    clean = re.sub(r"[\W_]+", "_", name.replace("-", "m"), flags=re.ASCII).strip("_") or tail
    if clean[0].isdigit() or clean in _CPP_WORDS or is_taken(clean):
        clean = f"{tail}_{clean}"
    found, n = clean, 1
    while found in taken:
        n += 1
        found = f"{clean}_{n}"
    taken.add(found)
    return found


# --- host calls -----------------------------------------------------------------------------------------------


def host_text(step: HostCall, buffer: str) -> str:
    """A host call as the SDK takes it, without operands that have their default. `buffer`: where its result goes."""
    form = isa.host_form(step.name, len(step.args))
    if form is None:
        return f"{step.name}({', '.join(map(str, step.args))})"
    args = list(zip(form.operands, step.args, strict=True))
    args = [(o, a) for o, a in args if o.default != isa.DRAWING]
    takes = form.buffer >= 0
    if args and args[-1][0].name == "each":
        takes = bool(args.pop()[1])
    while args and args[-1][0].default == args[-1][1]:
        args.pop()
    shown = [str(a) for _, a in args]
    if takes and buffer:
        at = min(form.buffer, len(shown))
        if at < form.buffer:
            shown += [str(o.default) for o in form.operands[at : form.buffer]]
        shown.insert(form.buffer, buffer)
    return f"{step.name}({', '.join(shown)})"


_SIZES = {"events": 8000, "samples": 65536, "bit rows": 8192, "bounding box": 4, "sum": 64}
"""Bytes of the longest result of each kind."""


def _is_number(step: HostCall) -> bool:
    """Whether what a host call gives is a number, and no list that fills a buffer."""
    form = isa.host_form(step.name, len(step.args))
    return form is not None and form.result in ("bit", "sum", "pixel") and not _takes_buffer(step)


def _takes_buffer(step: HostCall) -> bool:
    form = isa.host_form(step.name, len(step.args))
    if form is None or form.buffer < 0:
        return False
    return not (form.operands and form.operands[-1].name == "each" and not step.args[-1])


# --- texts ----------------------------------------------------------------------------------------------------


def _head(program: Program) -> list[str]:
    lines = [f"// {program.name}, written by scamp-sim export."]
    lines += [f"// param {name} = {value}" for name, value in program.params.items() if len(str(value)) < 60]
    long = [name for name, value in program.params.items() if len(str(value)) >= 60]
    lines += [f"// param {name}: settled in the words below" for name in long]
    for given in program.inputs:
        how = "the camera's picture" if given.register == "PIX" else f"expected in {given.register}"
        lines.append(f"// input {given.name}: {how}")
    return lines


def _body(kernel: Kernel, indent: str, prefix: str, notes: dict[str, None]) -> list[str]:
    lines: list[str] = []
    last: tuple[str, int] | None = None
    for text, origin in statements(kernel):
        call = f"{indent}{prefix}{text};"
        said = []
        if is_foreign(text):
            name = text.partition("(")[0]
            notes[f"kernel {kernel.name}: the SDK has no call for {name} as in {text}; it needs a raw word there"] = (
                None
            )
            said.append("not in the SDK: a raw word")
        if origin is not None and (origin.file, origin.line) != last:
            last = origin.file, origin.line
            said.append(f"line {origin.line}: {_one_line(origin.text)}")
        lines.append(f"{call:<{_WIDTH}}// {'; '.join(said)}" if said else call)
    return lines


def _one_line(text: str) -> str:
    # a backslash at the end would swallow the next line, and other signs may be of any alphabet
    text = " ".join(text.split()).rstrip("\\")
    text = text if len(text) <= 70 else text[:67] + "..."
    return text.replace("*/", "* /").replace("/*", "/ *")


def _sdk(program: Program) -> Exported:
    notes: dict[str, None] = {}
    taken: set[str] = set()
    names = {name: _identifier(name, taken, "kernel") for name in program.kernels}
    lines = [*_head(program), "", "#include <scamp5.hpp>", "", "using namespace SCAMP5_PE;", ""]
    declared, buffers = _buffers(program, taken)
    lines += [*declared, ""] if declared else []
    for name, kernel in program.kernels.items():
        own = names[name]
        count = len(kernel.words)
        about = f"// {name}: {count} word{'s' * (count != 1)}"
        if kernel.storage == "heap":
            lines += [about, f"static scamp5_kernel {own}([] {{", *_body(kernel, _INDENT, "", notes), "});", ""]
            continue
        mark = "scamp5_dynamic_kernel" if kernel.storage == "dynamic" else "scamp5_kernel"
        lines += [
            about,
            f"static void {own}() {{",
            f"{_INDENT}{mark}_begin();",
            *_body(kernel, _INDENT * 2, "", notes),
            f"{_INDENT}{mark}_end();",
            "}",
            "",
        ]
    title = _identifier(f"{program.name}_pass", taken, "program")
    lines += ["// one pass: call it in the frame loop", f"void {title}() {{"]
    lines += [f"{_INDENT}{names[n]}.move_to_heap(true);" for n, k in program.kernels.items() if k.storage == "heap"]
    for number, step in enumerate(program.steps):
        lines.append(f"{_INDENT}{_step(step, number, names, buffers)}")
    return Exported("\n".join([*lines, "}"]) + "\n", tuple(notes))


def _buffers(program: Program, taken: set[str]) -> tuple[list[str], dict[int, str]]:
    """Declarations of what takes the results, and the name for each step that has one."""
    lines: list[str] = []
    buffers: dict[int, str] = {}
    for number, step in enumerate(program.steps):
        if isinstance(step, Output):
            buffers[number] = _identifier(step.name, taken, "out")
            lines.append(f'static vs_handle {buffers[number]};  // vs_gui_add_display("{step.name}", row, column)')
        elif isinstance(step, HostCall) and _is_number(step):
            buffers[number] = _identifier(step.result or step.name.removeprefix("scamp5_"), taken, "out")
        elif isinstance(step, HostCall) and _takes_buffer(step):
            form = isa.host_form(step.name, len(step.args))
            assert form is not None
            buffers[number] = _identifier(step.result or step.name.removeprefix("scamp5_"), taken, "out")
            if "_output_" in step.name:
                lines.append(
                    f'static vs_handle {buffers[number]};  // vs_gui_add_display("{step.result}", row, column)'
                )
            else:
                lines.append(f"static uint8_t {buffers[number]}[{_SIZES.get(form.result, 65536)}];  // {form.result}")
    return lines, buffers


def _step(step: object, number: int, names: dict[str, str], buffers: dict[int, str]) -> str:
    if isinstance(step, Launch):
        return f"{names[step.kernel]}();"
    if isinstance(step, Output):
        return f"scamp5_output_image({step.register}, {buffers[number]});  // output {step.name}"
    assert isinstance(step, HostCall)
    if _is_number(step):
        return f"int {buffers[number]} = {host_text(step, '')};"
    return f"{host_text(step, buffers.get(number, ''))};"


def _jss(program: Program) -> Exported:
    """Calls of a simulator object, kernels between comments, in the order in which they run."""
    notes: dict[str, None] = {}
    taken: set[str] = set()
    _, buffers = _buffers(program, taken)
    lines = _head(program)
    for number, step in enumerate(program.steps):
        lines.append("")
        if isinstance(step, Launch):
            kernel = program.kernels[step.kernel]
            lines += [f"// kernel {step.kernel}", "// scamp5_kernel_begin();", *_body(kernel, "", "s.", notes)]
            lines.append("// scamp5_kernel_end();")
        else:
            before, name, after = _step(step, number, {}, buffers).partition("scamp5_")
            lines.append(f"{before.removesuffix('vs_')}s.{'vs_' * before.endswith('vs_')}{name}{after}")
    return Exported("\n".join(lines) + "\n", tuple(notes))
