"""A program of ours as C++ for the SDK, or as the plain calls that JSS takes.

What comes out goes into somebody else's project: registers and parameters are settled, and what the user wrote as a
macro of the SDK stands there as that macro. Importing it again gives the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from scamp_sim.chip import isa
from scamp_sim.chip.program import BITSTACK, HostCall, Kernel, Launch, Origin, Output, Program, Word
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.macro_info import expansion
from scamp_sim.compiler.expand.values import AnyDirs, Dirs, Reg, Value
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.sdk.names import C_LIBRARY, is_taken
from scamp_sim.exceptions import ScampError

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
class Sliders:
    """Parameters that are sliders of the exported program.

    values: name -> value.
    bound: where they stand.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    bound: Mapping[tuple[int, int], str] = field(default_factory=dict)


def sliders_of(program: Program, again: Callable[[Mapping[str, int]], Program]) -> Sliders:
    """The parameters that change nothing but constants of host calls, so that the exported program can keep them as
    sliders.

    again: assembles the text with other values of its parameters.
    """
    values: dict[str, int] = {}
    bound: dict[tuple[int, int], str] = {}
    for name, value in program.params.items():
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        found = _depends(program, name, value, again)
        if found and not found.keys() & bound.keys():
            values[name] = value
            bound |= found
    return Sliders(values, bound)


def _depends(
    program: Program, name: str, value: int, again: Callable[[Mapping[str, int]], Program]
) -> dict[tuple[int, int], str]:
    """Operands that are a line in one parameter; empty if it changes anything else."""
    try:
        others = [again({**program.params, name: value + n}) for n in (1, -1)]
    except ScampError:
        return {}
    found: dict[tuple[int, int], str] = {}
    for other in others:
        kernels = {n: k.words for n, k in other.kernels.items()}
        if kernels != {n: k.words for n, k in program.kernels.items()} or len(other.steps) != len(program.steps):
            return {}
    for number, (step, up, down) in enumerate(zip(program.steps, *(o.steps for o in others), strict=True)):
        if step == up == down:
            continue
        if not (isinstance(step, HostCall) and isinstance(up, HostCall) and isinstance(down, HostCall)):
            return {}
        if (step.name, step.result) != (up.name, up.result) or len(step.args) != len(up.args):
            return {}
        for index, (a, b, c) in enumerate(zip(step.args, up.args, down.args, strict=True)):
            if a == b == c:
                continue
            if not (isinstance(a, int) and isinstance(b, int) and isinstance(c, int)) or b - a != a - c:
                return {}
            slope, rest = b - a, a - (b - a) * value
            line = name if slope == 1 else f"-{name}" if slope == -1 else f"{slope} * {name}"
            found[number, index] = line + (f" + {rest}" if rest > 0 else f" - {-rest}" if rest < 0 else "")
    return found


@dataclass(frozen=True)
class Exported:
    """The text, and what of the program the SDK has no call for."""

    text: str
    notes: tuple[str, ...]


def export(program: Program, to: str = "sdk", sliders: Sliders | None = None) -> Exported:
    """The program as text for `to`: "sdk", a whole program in C++, or "jss".

    sliders: parameters that stay variables.

    Raises ValueError for anything else.
    """
    if to == "sdk":
        return _sdk(program, sliders or Sliders())
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
    if clean[0].isdigit() or clean in _CPP_WORDS or clean in C_LIBRARY or is_taken(clean):
        clean = f"{tail}_{clean}"
    found, n = clean, 1
    while found in taken:
        n += 1
        found = f"{clean}_{n}"
    taken.add(found)
    return found


# --- host calls -----------------------------------------------------------------------------------------------


def host_text(step: HostCall, buffer: str, given: Mapping[int, str] | None = None) -> str:
    """A host call as the SDK takes it, without operands that have their default.

    buffer: where its result goes.
    given: operand -> the expression that stands there.
    """
    form = isa.host_form(step.name, len(step.args))
    if form is None:
        return f"{step.name}({', '.join(map(str, step.args))})"
    args = [(o, (given or {}).get(n, a)) for n, (o, a) in enumerate(zip(form.operands, step.args, strict=True))]
    args = [(o, a) for o, a in args if o.default != isa.DRAWING]
    takes = form.buffer >= 0
    if args and args[-1][0].name == "each":
        takes = bool(args.pop()[1])
    while args and args[-1][0].default == args[-1][1] and args[-1][0].name != "max":
        args.pop()  # the SDK's own default of a list's length is another one
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


def _sdk(program: Program, sliders: Sliders) -> Exported:
    notes: dict[str, None] = {}
    taken: set[str] = {"main"}
    names = {name: _identifier(name, taken, "kernel") for name in program.kernels}
    heap = [name for name, kernel in program.kernels.items() if kernel.storage == "heap"]
    records = {name: _identifier(f"record_{names[name]}", taken, "kernel") for name in heap}
    lines = [*_head(program), "", "#include <scamp5.hpp>", "", "using namespace SCAMP5_PE;", ""]
    variables = {name: _identifier(name, taken, "param") for name in sliders.values}
    buffers, displays, memory = _buffers(program, taken)
    lines += [f"static int {variables[name]} = {value};" for name, value in sliders.values.items()]
    lines += [f"static vs_handle {name};" for name in displays] + memory
    lines += [""] if sliders.values or displays or memory else []
    for name, kernel in program.kernels.items():
        lines += [*_kernel(name, names[name], kernel, notes, records.get(name)), ""]
    title = _identifier(f"{program.name}_pass", taken, "program")
    lines += ["// one pass: call it in the frame loop", f"void {title}() {{"]
    for number, step in enumerate(program.steps):
        given = {i: _renamed(e, variables) for (n, i), e in sliders.bound.items() if n == number}
        lines.append(f"{_INDENT}{_step(step, number, names, buffers, given)}")
    lines += ["}", "", "int main() {", f"{_INDENT}vs_init();"]
    lines += [f"{_INDENT}{record}();" for record in records.values()]
    for place, (name, label) in enumerate(displays.items()):
        lines.append(f"{_INDENT}{name} = vs_gui_add_display({_quoted(label)}, {place // 4}, {place % 4});")
    for name, variable in variables.items():
        value = sliders.values[name]
        low, high = min(-128, value), max(127, value)
        lines.append(f"{_INDENT}vs_gui_add_slider({_quoted(name)}, {low}, {high}, {variable}, &{variable});")
    lines += [f"{_INDENT}while (1) {{", f"{_INDENT * 2}vs_frame_loop_control();", f"{_INDENT * 2}{title}();"]
    lines += [f"{_INDENT}}}", "}"]
    return Exported("\n".join(lines) + "\n", tuple(notes))


def _renamed(expression: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda m: variables.get(m[0], m[0]), expression)


def _quoted(label: str) -> str:
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kernel(name: str, own: str, kernel: Kernel, notes: dict[str, None], record: str | None) -> list[str]:
    count = len(kernel.words)
    about = f"// {name}: {count} word{'s' * (count != 1)}"
    if record is not None:  # the controller's memory keeps it; the store has not room for all on their way there
        return [
            about,
            f"static scamp5_kernel {own};",
            f"static void {record}() {{",
            f"{_INDENT}{own}.move_to_heap(true);",
            f"{_INDENT}{own}.constructor([] {{",
            f"{_INDENT * 2}using namespace scamp5_kernel_api;",
            *_body(kernel, _INDENT * 2, "", notes),
            f"{_INDENT}}});",
            "}",
        ]
    mark = "scamp5_dynamic_kernel" if kernel.storage == "dynamic" else "scamp5_kernel"
    return [
        about,
        f"static void {own}() {{",
        f"{_INDENT}{mark}_begin();",
        *_body(kernel, _INDENT * 2, "", notes),
        f"{_INDENT}{mark}_end();",
        "}",
    ]


def _buffers(program: Program, taken: set[str]) -> tuple[dict[int, str], dict[str, str], list[str]]:
    """The name of what takes the result of each step, displays with their labels, and declarations of memory."""
    buffers: dict[int, str] = {}
    displays: dict[str, str] = {}
    memory: list[str] = []
    begun = -1
    for number, step in enumerate(program.steps):
        if isinstance(step, Launch):
            continue
        if isinstance(step, HostCall) and step.name == f"{BITSTACK}begin":
            begun = number
            continue
        label = step.name if isinstance(step, Output) else step.result or step.name.removeprefix("scamp5_")
        if isinstance(step, HostCall) and step.name == f"{BITSTACK}end":
            buffers[begun] = _identifier(label, taken, "out")
            displays[buffers[begun]] = label
        elif isinstance(step, Output) or (_takes_buffer(step) and "_output_" in step.name):
            buffers[number] = _identifier(label, taken, "out")
            displays[buffers[number]] = label
        elif _is_number(step) or _takes_buffer(step):
            buffers[number] = _identifier(label, taken, "out")
            if not _is_number(step):
                kind = step.form.result
                memory.append(f"static uint8_t {buffers[number]}[{_SIZES.get(kind, 65536)}];  // {kind}")
    return buffers, displays, memory


def _step(
    step: object,
    number: int,
    names: dict[str, str],
    buffers: dict[int, str],
    given: Mapping[int, str] | None = None,
) -> str:
    if isinstance(step, Launch):
        return f"{names[step.kernel]}();"
    if isinstance(step, Output):
        return f"scamp5_output_image({step.register}, {buffers[number]});  // output {step.name}"
    assert isinstance(step, HostCall)
    if _is_number(step):
        return f"int {buffers[number]} = {host_text(step, '', given)};"
    return f"{host_text(step, buffers.get(number, ''), given)};"


def _jss(program: Program) -> Exported:
    """Calls of a simulator object, kernels between comments, in the order in which they run."""
    notes: dict[str, None] = {}
    taken: set[str] = set()
    buffers, _, _ = _buffers(program, taken)
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
