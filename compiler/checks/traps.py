"""Traps: a walk along the straight line of words that one run executes, with what is known about each register.

The walk knows who wrote a cell last and, for bits, whether they are known to be all ones or all zeros. Both are
facts about the whole array: a masked write counts as a write, because only the author knows the mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from scamp_sim.chip import isa
from scamp_sim.chip.isa import DIGITAL, DIRECTIONS, LATCH, NATIVE, PORTS, Gate
from scamp_sim.chip.program import ADDRESSED, HostCall, Launch, Origin, Output, Program, Word, cell
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.expand.bits import READ_HALVES, Bit, any_of, value
from scamp_sim.compiler.expand.macro_info import info
from scamp_sim.compiler.expand.prelude import declarations
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.quoting import NOWHERE, found, says, statement

_BLUR_LINKS = {name: row.reads for name, row in NATIVE.items() if row.dst is not None and name.startswith("blur")}
_GATES = tuple(d.gate for d in DIRECTIONS.values())


@cache
def clobbers(macro: str) -> frozenset[str]:
    """Registers that a macro of the prelude uses without being given them; of another macro nothing is known."""
    return frozenset(r for form in declarations().get(macro, ()) for r in info(form).clobbers)


@dataclass(frozen=True)
class Writer:
    """Who wrote a cell last. `own`: the user's statement names the register, so what is in it was meant."""

    origin: Origin | None
    text: str
    own: bool
    mine_before: Origin | None = None
    """For a clobber: where the user had written the register before."""
    bit_before: Bit = Bit.UNKNOWN
    """For a clobber: what the user had made of the bit, in all PEs."""

    @property
    def place(self) -> str:
        return f"'{self.text}' on line {self.origin.line}" if self.origin else f"'{self.text}'"


@dataclass
class Walk:
    """State of the array at one point of the run. `said` keeps a message of a kernel from coming twice."""

    context: SourceFacts
    kept: frozenset[str]
    """Registers that this program writes somewhere: a later run finds what an earlier one left."""
    written: dict[str, Writer] = field(default_factory=dict)
    bits: dict[str, Bit] = field(default_factory=dict)
    latch: tuple[str, str] | None = None
    """Read half that ran last, and its operand."""
    # FLAG at power-on is unknown like every bit, but programs count on it: the library sets it before user code runs
    flag: Bit = Bit.ONES
    condition: Word | None = None
    """The where/WHERE that FLAG comes from."""
    condition_used: bool = False
    condition_kernel: str = ""
    condition_launch: int = 0
    displaced: tuple[Word, Word] | None = None
    """A condition that another one in a macro replaced, and the word that did."""
    ended: tuple[Word, Word] | None = None
    """A condition that a macro ended on its way, and the word that did."""
    news: Word | None = None
    """The condition under which NEWS was written, if other PEs hold something else there."""
    news_whole: bool = False
    """Whether the user's own text had written NEWS in all PEs before."""
    launches: int = 0
    said: set[tuple[object, ...]] = field(default_factory=set)
    out: list[Diagnostic] = field(default_factory=list)

    def say(self, key: tuple[object, ...], diagnostic: Diagnostic) -> None:
        if key not in self.said:
            self.said.add(key)
            self.out.append(diagnostic)


def run_diagnostics(program: Program, context: SourceFacts) -> list[Diagnostic]:
    """The traps of one run of `program`."""
    walk = Walk(context, frozenset(program.written))
    for given in program.inputs:
        walk.written[given.register] = Writer(given.origin, statement(given.origin, f"input {given.name}"), True)
    for register, origin in context.state.items():
        walk.written[register] = Writer(origin, f"state {register}", True)
    for step in program.steps:
        if isinstance(step, Launch):
            _kernel(walk, step.kernel, program.kernels[step.kernel].words)
        elif isinstance(step, HostCall):
            _host_call(walk, step)
        else:
            _output(walk, step)
    _left_restricted(walk, "when the program ends")
    return walk.out


# --- steps ----------------------------------------------------------------------------------------------------


def _kernel(walk: Walk, name: str, words: tuple[Word, ...]) -> None:
    walk.launches += 1
    walk.latch = None  # the bit bus does not outlive a kernel
    walk.displaced = walk.ended = None
    charged = False
    previous: Word | None = None
    for index, word in enumerate(words):
        named = walk.context.named.get((name, index))
        if named is None:
            plain = word.origin is None or not word.origin.macros
            named = frozenset((*word.dst, *word.src)) if plain else frozenset()
        at = (name, index)
        _reads(walk, at, word, frozenset(map(cell, named)))
        _sequence(walk, at, word, previous)
        _links(walk, at, word)
        if word.op in _BLUR_LINKS and not charged:
            walk.say(
                ("W508", name),
                found(
                    word, "W508", f"{says(word)} has no blurset before it in kernel '{_base(name)}'",
                    "start the blur sequence with blurset(), or use gauss(y, x)",
                ),
            )  # fmt: skip
        charged = charged or word.op == "blurset"
        _flag(walk, at, word, words[index + 1] if index + 1 < len(words) else None)
        _masked(walk, at, word, named)
        own = _write(walk, word, frozenset(map(cell, named)))
        if "NEWS" in map(cell, word.dst):
            _news(walk, word, own)
        previous = word


def _host_call(walk: Walk, call: HostCall) -> None:
    text = statement(call.origin, call.name)
    for register, operand in call.registers:
        if operand.use in ("reads", "updates"):
            _taken(walk, call, register, f"'{text}' reads {register}")
    for argument, operand in call.registers:
        if operand.use == "reads":
            continue
        if argument == "R12" and walk.bits.get("R0") is not Bit.ONES and "R12" not in call.implied:
            walk.say(
                ("W501", call.origin, call.name),
                Diagnostic.at(
                    call.origin or NOWHERE, "W501", "warning",
                    f"'{text}' writes R12 only where R0 = 1, and {_why_masked(walk)}",
                    hint="launch a kernel with SET(R0) first, or load another register and MOV it",
                ),
            )  # fmt: skip
        if argument in isa.ANALOG and "FLAG" not in call.form.writes:
            _loaded_under_flag(walk, call, text, operand.kind == "areg" and operand.use == "writes")
        temporary = operand.use == "temp" and argument == operand.default
        walk.written[cell(argument)] = _writer(walk, cell(argument), call.origin, text, not temporary)
        walk.bits.pop(argument, None)
        walk.condition_used = walk.condition_used or argument in isa.ANALOG
        if argument == "NEWS":
            walk.news, walk.news_whole = None, walk.flag is Bit.ONES and not temporary
    named = {r for r, _ in call.registers}
    for register in call.implied:
        if register in named:
            continue
        if register == "FLAG":
            _drop_condition(walk)
            walk.flag = Bit.ONES
        else:
            # a plane is loaded by way of the address lines: what they select afterwards was not the point
            own = register in (*ADDRESSED, "IN") and not named
            walk.written[register] = _writer(walk, register, call.origin, text, own)
            walk.bits.pop(register, None)


def _loaded_under_flag(walk: Walk, call: HostCall, text: str, constant: bool) -> None:
    if walk.condition is None or walk.flag is Bit.ONES:
        return
    does = "loads its constant" if constant else "works"
    walk.say(
        _restricted(walk),
        Diagnostic.at(
            call.origin or NOWHERE, "W505", "warning",
            f"'{text}' {does} only where FLAG = 1, and {_place(walk.condition)} still restricts FLAG",
            hint="end the condition before, with all() in the kernel or scamp5_kernel_all()",
        ),
    )  # fmt: skip


def _output(walk: Walk, output: Output) -> None:
    _taken(walk, output, output.register, f"output '{output.name}' takes {output.register}")


def _taken(walk: Walk, step: Output | HostCall, name: str, what: str) -> None:
    """A plane is read from outside the array."""
    register = cell(name)
    if register == "FLAG":
        walk.condition_used = True
    if register in walk.written or register in ("FLAG", "PIX", isa.DRAWING):
        return
    message = f"{what}, which nothing has written by then"
    hint = (
        "name the register that holds the result, or launch the kernel that writes it first; if an earlier program "
        f"left it there, say 'state {register};'"
    )
    if isinstance(step, HostCall) and step.name == "scamp5_draw_begin":
        hint = f"drawing adds to what is there: clear it in a kernel first, with CLR({register})"
    origin = step.origin or NOWHERE
    walk.say(("W502", what, register), Diagnostic.at(origin, "W502", "warning", message, hint=hint))


# --- reads ----------------------------------------------------------------------------------------------------

_LOAD_HINTS = {
    "IN": "set it first: scamp5_load_in(v) in the host program",
    "SELECT": "set it first: scamp5_select_point, scamp5_select_rect or scamp5_select_pattern in the host program",
    "RECT": "set it first: scamp5_select_rect in the host program",
    "NEWS": "write NEWS first, for example bus(NEWS, x)",
}


def _reads(walk: Walk, at: tuple[str, int], word: Word, named: frozenset[str]) -> None:
    sources = list(word.src)
    if word.op == "REFRESH_R":
        return  # refreshing a bit that nobody wrote does no harm
    if word.op.startswith("PROP"):
        sources += [r for r in word.row.reads if r in ("R0", "R12")]
    for source in dict.fromkeys(sources):
        store = cell(source)
        if store in ("PIX", "FLAG"):
            continue
        writer = walk.written.get(store)
        if writer is None:
            # one message for each register: what follows from it is not news
            walk.written[store] = Writer(None, "", True)
            walk.say(("W502", store), _unwritten(walk, word, source, store in named))
        elif not writer.own and store in named and (store not in ADDRESSED or writer.mine_before is not None):
            walk.say(("W503", *at, store), _overwritten(word, source, writer))
    # blurset charges the bus for all links, whichever the blur then uses
    for store in word.row.reads if word.op != "blurset" else ():
        writer = walk.written.get(store)
        if writer is None or writer.own or writer.mine_before is None or store in word.src:
            continue
        if writer.bit_before is not Bit.UNKNOWN and writer.bit_before is walk.bits.get(store):
            continue  # overwritten with what it was
        if _call(writer.origin) != _call(word.origin) or writer.origin is None:
            walk.say(("W503", word.origin or at), _overwritten(word, store, writer))  # the others had the same fate


def _call(origin: Origin | None) -> tuple[object, ...]:
    """Which call of the user's text, and which macro in it, a word comes from."""
    return (origin.line, origin.column, origin.macros) if origin is not None else ()


def _unwritten(walk: Walk, word: Word, source: str, own: bool) -> Diagnostic:
    store = cell(source)
    reader = f"'{statement(word.origin, str(word))}'" if own else says(word)
    kind = "plane" if store in isa.ANALOG else "bit"
    scratch = next((n for n, r in walk.context.scratch.items() if r == store), None)
    if scratch is not None and store not in walk.context.user_named:
        hint = f"write '{scratch}' first: a scratch {kind} holds nothing when it starts"
        return found(word, "W502", f"{reader} reads '{scratch}' before anything wrote it", hint)
    seen = source if source == store else f"{source}, a neighbour's NEWS,"
    hint = _LOAD_HINTS.get(store, f"declare 'input name -> {store};' or load it first")
    if store in walk.kept:
        hint = f"if it is meant to hold what the last run left there, say 'state {store};', else {hint}"
    return found(word, "W502", f"{reader} reads {seen} before anything wrote it", hint)


def _overwritten(word: Word, source: str, writer: Writer) -> Diagnostic:
    implied = source in word.row.reads
    reader = says(word) if implied else f"'{statement(word.origin, str(word))}'"
    if writer.mine_before is not None:
        message = (
            f"{reader} reads {source}, but what line {writer.mine_before.line} put there "
            f"was overwritten by {writer.place}"
        )
    else:
        message = f"{reader} reads {source}, which holds what {writer.place} left there"
    hint = f"macros use {cell(source)} as a temporary: keep the value in another register"
    if implied:
        hint = f"macros use {source} as a temporary: set it again before this"
    if source in ADDRESSED:
        hint = "a plane is loaded by way of the address lines: load first, select afterwards"
    return found(word, "W503", message, hint)


# --- order of words -------------------------------------------------------------------------------------------


def _sequence(walk: Walk, at: tuple[str, int], word: Word, previous: Word | None) -> None:
    """Halves that belong together: the bit bus holds its charge for one word."""
    before = previous.op if previous is not None else None
    if word.op == "REFRESH_L" and before not in READ_HALVES:
        walk.say(
            ("S304", *at),
            found(
                word, "S304", f"{says(word)} writes back what no read half put on the bit bus",
                "it must follow REFRESH_R directly: use REFRESH(R), or the in-place NOT, OR and NOR",
            ),
        )  # fmt: skip
    if word.op in ("PROP_0", "PROP_1") and before != "PROP_R":
        call = "PROP0()" if word.op == "PROP_0" else "PROP1()"
        hint = f"PROP_R puts R12 on the bus: use {call}, which is both words"
        walk.say(("W509", *at), found(word, "W509", f"{says(word)} does not directly follow PROP_R()", hint))


def _links(walk: Walk, at: tuple[str, int], word: Word) -> None:
    """Direction bits that a word takes without naming them."""
    if word.clock in (isa.Clock.DNEWS, isa.Clock.PROP) and not any(g in walk.written for g in _GATES):
        walk.say(
            ("W510", word.clock),
            found(
                word, "W510", f"{says(word)} takes its directions from R1..R4, which nothing has written",
                "SET the directions first (R1 south, R2 west, R3 north, R4 east), or use DNEWS(y, x, north|east)",
            ),
        )  # fmt: skip
    for link in _BLUR_LINKS.get(word.op, ()):
        if link not in walk.written:
            why = "nothing has written"
        elif walk.bits.get(link) is Bit.ZEROS:
            why = f"{walk.written[link].place} left 0 everywhere"
        else:
            continue
        axis = "vertical" if link == "R1" else "horizontal"
        walk.say(
            ("W507", word.origin or at, link),
            found(
                word, "W507", f"{says(word)} blurs through the {axis} links in {link}, which {why}",
                f"SET({link}) first, or 1 only where values shall spread",
            ),
        )  # fmt: skip


# --- FLAG -----------------------------------------------------------------------------------------------------


def _flag(walk: Walk, at: tuple[str, int], word: Word, following: Word | None) -> None:
    if "FLAG" in word.src or word.row.gate is Gate.FLAG:
        if word.row.gate is Gate.FLAG and walk.condition_launch != walk.launches:
            _left_restricted(walk, f"when kernel '{_base(at[0])}' starts to write")
        walk.condition_used = True
    if word.row.gate is Gate.FLAG and walk.ended is not None:
        walk.say(("W518", walk.ended[1].origin), _no_longer_gated(word, *walk.ended))
        walk.ended = None
    _neighbours(walk, at, word)
    if any(d in PORTS for d in word.dst) and walk.flag is not Bit.ONES and walk.condition is not None:
        walk.say(("W504", *at), _neighbour_under_flag(walk.condition, word, following))
    if "FLAG" not in word.row.writes:
        return
    _displace(walk, word)
    _drop_condition(walk)
    walk.flag = Bit.ONES if word.op == "all" else any_of(word, walk.bits, walk.flag)
    walk.condition = word if word.op != "all" else None
    walk.condition_used = False
    walk.condition_kernel = at[0]
    walk.condition_launch = walk.launches


def _displace(walk: Walk, word: Word) -> None:
    """A macro may set FLAG and end with all(): then a condition around its call has ended too."""
    walk.ended = None
    before, walk.displaced = walk.displaced, None
    if word.origin is None or not word.origin.macros:
        return
    if word.op == "all":
        if before is not None and before[1].origin == word.origin:
            walk.ended = before
    elif walk.condition is not None and walk.flag is not Bit.ONES:
        if before is not None and before[1].origin == word.origin:
            walk.displaced = before
            return
        # macros of the text may well leave conditions to one another
        meant = bool(_macros(walk.condition)) and "FLAG" not in clobbers(_macros(word)[-1])
        if walk.condition.origin != word.origin and not meant:
            walk.displaced = (walk.condition, word)


def _macros(word: Word) -> tuple[str, ...]:
    return word.origin.macros if word.origin is not None else ()


def _no_longer_gated(word: Word, condition: Word, ending: Word) -> Diagnostic:
    return found(
        word, "W518",
        f"{says(word)} is not gated by {_place(condition)} any more: {_place(ending)} sets FLAG to 1 everywhere",
        "call the macro outside of the condition, or repeat the condition after it",
    )  # fmt: skip


def _neighbours(walk: Walk, at: tuple[str, int], word: Word) -> None:
    ports = [r for r in word.src if r in PORTS]
    if not ports or walk.news is None:
        return
    what = ports[0] if len(ports) == 1 else "neighbours' NEWS"
    walk.say(
        ("W504", word.origin or at),
        found(
            word, "W504",
            f"{says(word)} reads {what}, but NEWS was written while {_place(walk.news)} restricted FLAG: neighbours "
            "that it left out hold something else",
            "write NEWS first and restrict afterwards, or call all() before",
        ),
    )  # fmt: skip


def _news(walk: Walk, word: Word, own: bool) -> None:
    """Keep track of NEWS cells that only a part of the PEs has written. Merging into what the user wrote is fine."""
    if walk.flag is Bit.ONES or walk.condition is None or any(r in PORTS for r in word.dst):
        # a neighbour's NEWS under a restricted FLAG has had its message
        walk.news, walk.news_whole = None, own
    elif not own:
        walk.news, walk.news_whole = walk.condition, False
    elif not walk.news_whole:
        other = walk.news is not None and walk.news.origin != walk.condition.origin
        walk.news, walk.news_whole = None if other else walk.condition, other


def _neighbour_under_flag(condition: Word, word: Word, following: Word | None) -> Diagnostic:
    two_steps = following is not None and bool(set(following.src) & set(PORTS))
    where = f"while {_place(condition)} restricts FLAG"
    if two_steps:
        message = f"moves two steps {where}: all three PEs on the way need FLAG = 1"
    else:
        message = f"writes a neighbour's NEWS {where}: a PE with FLAG = 0 neither gives nor takes"
    return found(
        word, "W504", f"{says(word)} {message}",
        "move first and restrict afterwards, or call all() before",
    )  # fmt: skip


def _drop_condition(walk: Walk) -> None:
    """FLAG is about to be overwritten: was the condition good for anything?"""
    word = walk.condition
    if word is not None and not walk.condition_used and not _macros(word):
        walk.say(
            ("W514", walk.condition_kernel, word.origin, str(word)),
            found(
                word, "W514", f"{says(word)} has no effect: FLAG is overwritten before any analog word runs",
                "put the analog words that it shall gate before the next where, WHERE or all; digital words "
                "ignore FLAG",
            ),
        )  # fmt: skip
    walk.condition = None
    walk.condition_used = False


def _left_restricted(walk: Walk, when: str) -> None:
    if walk.condition is None or walk.flag is Bit.ONES:
        return
    walk.say(
        _restricted(walk),
        found(
            walk.condition, "W505",
            f"{says(walk.condition)} still restricts FLAG {when}: kernel '{_base(walk.condition_kernel)}' ends "
            "without all()",
            "end the part that it gates with all()",
        ),
    )  # fmt: skip


def _restricted(walk: Walk) -> tuple[object, ...]:
    return ("W505", walk.condition_kernel, walk.condition and walk.condition.origin, str(walk.condition))


def _base(kernel: str) -> str:
    """`tap` for the kernel `tap(0,1)`: its source text is what the message is about."""
    return kernel.partition("(")[0]


def _place(word: Word) -> str:
    text = statement(word.origin, str(word))
    return f"'{text}' on line {word.origin.line}" if word.origin else f"'{text}'"


# --- writes ---------------------------------------------------------------------------------------------------


def _masked(walk: Walk, at: tuple[str, int], word: Word, named: frozenset[str]) -> None:
    """R12 listens only where R0 = 1. Macros that use R12 as their own temporary know that."""
    if "R12" not in word.dst or "R12" not in named or walk.bits.get("R0") is Bit.ONES:
        return
    if word.op == "REFRESH_L" and walk.latch == ("REFRESH_R", "R12"):
        return
    walk.say(
        ("W501", *at),
        found(
            word, "W501", f"{says(word)} writes R12 only where R0 = 1, and {_why_masked(walk)}",
            "SET(R0) first; for a choice under a mask MUX(y, mask, a, b) says so",
        ),
    )  # fmt: skip


def _why_masked(walk: Walk) -> str:
    writer = walk.written.get("R0")
    if writer is None or not writer.text:
        return "nothing has set R0, whose bits are unknown when the chip wakes up"
    return f"R0 comes from {writer.place}"


def _write(walk: Walk, word: Word, named: frozenset[str]) -> bool:
    """Take note of what a word writes; returns whether that was the purpose of the user's call, no macro's detour."""
    own = True
    result = value(word, walk.bits, walk.flag)
    if word.op in READ_HALVES:
        walk.bits[LATCH] = result
        walk.latch = (word.op, word.src[0])
        return own
    chain = _macros(word)
    for target in word.dst:
        store = cell(target)
        if word.op == "REFRESH_L" and walk.latch == ("REFRESH_R", target):
            continue
        clobber = bool(chain) and store in clobbers(chain[-1]) and store not in named
        own = own and not clobber
        text = statement(word.origin, str(word))
        walk.written[store] = _writer(walk, store, word.origin, text, not clobber)
        if store in DIGITAL:
            masked = store == "R12" and walk.bits.get("R0") is not Bit.ONES
            walk.bits[store] = Bit.UNKNOWN if masked else result
    for store in word.row.writes:
        if store not in ("FLAG", LATCH):
            walk.written[store] = Writer(word.origin, statement(word.origin, str(word)), True)
            walk.bits.pop(store, None)
    return own


def _writer(walk: Walk, store: str, origin: Origin | None, text: str, own: bool) -> Writer:
    before = walk.written.get(store)
    writer = Writer(origin, text, own)
    if own or before is None:
        return writer
    if before.own:
        return replace(writer, mine_before=before.origin, bit_before=walk.bits.get(store, Bit.UNKNOWN))
    return replace(writer, mine_before=before.mine_before, bit_before=before.bit_before)
