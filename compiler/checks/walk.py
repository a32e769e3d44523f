"""A walk along the straight line of words that one run executes, with what is known about each register.

The walk knows who wrote a cell last and, for bits, whether they are known to be all ones or all zeros. Both are
facts about the whole array: a masked write counts as a write, because only the author knows the mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from scamp_sim.chip import isa
from scamp_sim.chip.isa import DIGITAL, DIRECTIONS, LATCH, NATIVE, PORTS, Gate
from scamp_sim.chip.program import ADDRESSED, HostCall, Launch, Origin, Output, Program, Word, cell
from scamp_sim.compiler.checks import facts
from scamp_sim.compiler.checks.facts import Fact, Writer
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.expand.bits import READ_HALVES, Bit, any_of, value
from scamp_sim.compiler.expand.macro_info import info
from scamp_sim.compiler.expand.prelude import declarations
from scamp_sim.compiler.front.quoting import statement

_BLUR_LINKS = {name: row.reads for name, row in NATIVE.items() if row.dst is not None and name.startswith("blur")}
_GATES = tuple(d.gate for d in DIRECTIONS.values())

At = tuple[str, int]
"""A word's place in the program: its kernel, and its index in there."""


@cache
def clobbers(macro: str) -> frozenset[str]:
    """Registers that a macro of the prelude uses without being given them; of another macro nothing is known."""
    return frozenset(r for form in declarations().get(macro, ()) for r in info(form).clobbers)


@dataclass
class Walk:
    """State of the array at one point of the run. `noted` keeps a fact about a kernel from coming twice."""

    source: SourceFacts
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
    noted: set[tuple[object, ...]] = field(default_factory=set)
    facts: list[Fact] = field(default_factory=list)

    def note(self, fact: Fact, *site: object) -> None:
        """Take down a fact, unless one of its code was found at this site before."""
        key = (fact.code, *site)
        if key not in self.noted:
            self.noted.add(key)
            self.facts.append(fact)


def run_facts(program: Program, source: SourceFacts) -> list[Fact]:
    """The facts about one run of `program`, in the order of the run."""
    walk = Walk(source, frozenset(program.written))
    for given in program.inputs:
        walk.written[given.register] = Writer(given.origin, statement(given.origin, f"input {given.name}"), True)
    for register, origin in source.state.items():
        walk.written[register] = Writer(origin, f"state {register}", True)
    for step in program.steps:
        if isinstance(step, Launch):
            _kernel(walk, step.kernel, program.kernels[step.kernel].words)
        elif isinstance(step, HostCall):
            _host_call(walk, step)
        else:
            _taken(walk, step, step.register, step.name)
    _left_restricted(walk, None)
    return walk.facts


# --- steps ----------------------------------------------------------------------------------------------------


def _kernel(walk: Walk, name: str, words: tuple[Word, ...]) -> None:
    walk.launches += 1
    walk.latch = None  # the bit bus does not outlive a kernel
    walk.displaced = walk.ended = None
    charged = False
    previous: Word | None = None
    for index, word in enumerate(words):
        named = walk.source.named.get((name, index))
        if named is None:
            plain = word.origin is None or not word.origin.macros
            named = frozenset((*word.dst, *word.src)) if plain else frozenset()
        at = (name, index)
        _reads(walk, at, word, frozenset(map(cell, named)))
        _sequence(walk, at, word, previous)
        _links(walk, at, word)
        if word.op in _BLUR_LINKS and not charged:
            walk.note(facts.NoBlurset(word, name), name)
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
            _taken(walk, call, register, text)
    for argument, operand in call.registers:
        if operand.use == "reads":
            continue
        if argument == "R12" and walk.bits.get("R0") is not Bit.ONES and "R12" not in call.implied:
            walk.note(facts.CallMasked(call, walk.written.get("R0")), call.origin, call.name)
        if argument in isa.ANALOG and "FLAG" not in call.form.writes:
            _loaded_under_flag(walk, call, operand.kind == "areg" and operand.use == "writes")
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


def _loaded_under_flag(walk: Walk, call: HostCall, constant: bool) -> None:
    if walk.condition is not None and walk.flag is not Bit.ONES:
        walk.note(facts.CallRestricted(call, walk.condition, constant), *_restriction(walk))


def _taken(walk: Walk, step: Output | HostCall, name: str, by: str) -> None:
    """A plane is read from outside the array. `by`: the result, or the text of the call."""
    register = cell(name)
    if register == "FLAG":
        walk.condition_used = True
    if register not in walk.written and register not in ("FLAG", "PIX", isa.DRAWING):
        walk.note(facts.UnwrittenPlane(step, name), type(step), by, register)


# --- reads ----------------------------------------------------------------------------------------------------


def _reads(walk: Walk, at: At, word: Word, named: frozenset[str]) -> None:
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
            # one fact for each register: what follows from it is not news
            walk.written[store] = Writer(None, "", True)
            walk.note(_unwritten(walk, word, source, store in named), store)
        elif not writer.own and store in named and (store not in ADDRESSED or writer.mine_before is not None):
            walk.note(facts.Overwritten(word, source, writer), *at, store)
    # blurset charges the bus for all links, whichever the blur then uses
    for store in word.row.reads if word.op != "blurset" else ():
        writer = walk.written.get(store)
        if writer is None or writer.own or writer.mine_before is None or store in word.src:
            continue
        if writer.bit_before is not Bit.UNKNOWN and writer.bit_before is walk.bits.get(store):
            continue  # overwritten with what it was
        if _call(writer.origin) != _call(word.origin) or writer.origin is None:
            walk.note(facts.Overwritten(word, store, writer), word.origin or at)  # the others had the same fate


def _call(origin: Origin | None) -> tuple[object, ...]:
    """Which call of the user's text, and which macro in it, a word comes from."""
    return (origin.line, origin.column, origin.macros) if origin is not None else ()


def _unwritten(walk: Walk, word: Word, source: str, own: bool) -> facts.Unwritten:
    store = cell(source)
    scratch = next((n for n, r in walk.source.scratch.items() if r == store), None)
    if store in walk.source.user_named:
        scratch = None
    return facts.Unwritten(word, source, own, scratch, store in walk.kept)


# --- order of words -------------------------------------------------------------------------------------------


def _sequence(walk: Walk, at: At, word: Word, previous: Word | None) -> None:
    """Halves that belong together: the bit bus holds its charge for one word."""
    before = previous.op if previous is not None else None
    if word.op == "REFRESH_L" and before not in READ_HALVES:
        walk.note(facts.StrayWriteBack(word), *at)
    if word.op in ("PROP_0", "PROP_1") and before != "PROP_R":
        walk.note(facts.StrayProp(word), *at)


def _links(walk: Walk, at: At, word: Word) -> None:
    """Direction bits that a word takes without naming them."""
    if word.clock in (isa.Clock.DNEWS, isa.Clock.PROP) and not any(g in walk.written for g in _GATES):
        walk.note(facts.NoDirections(word), word.clock)
    for link in _BLUR_LINKS.get(word.op, ()):
        if link not in walk.written:
            walk.note(facts.LinkUnset(word, link, None), word.origin or at, link)
        elif walk.bits.get(link) is Bit.ZEROS:
            walk.note(facts.LinkUnset(word, link, walk.written[link]), word.origin or at, link)


# --- FLAG -----------------------------------------------------------------------------------------------------


def _flag(walk: Walk, at: At, word: Word, following: Word | None) -> None:
    if "FLAG" in word.src or word.row.gate is Gate.FLAG:
        if word.row.gate is Gate.FLAG and walk.condition_launch != walk.launches:
            _left_restricted(walk, at[0])
        walk.condition_used = True
    if word.row.gate is Gate.FLAG and walk.ended is not None:
        walk.note(facts.NoLongerGated(word, *walk.ended), walk.ended[1].origin)
        walk.ended = None
    ports = tuple(r for r in word.src if r in PORTS)
    if ports and walk.news is not None:
        walk.note(facts.NeighboursDiffer(word, ports, walk.news), word.origin or at)
    if any(d in PORTS for d in word.dst) and walk.flag is not Bit.ONES and walk.condition is not None:
        two_steps = following is not None and bool(set(following.src) & set(PORTS))
        walk.note(facts.MoveGated(word, walk.condition, two_steps), *at)
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


def _drop_condition(walk: Walk) -> None:
    """FLAG is about to be overwritten: was the condition good for anything?"""
    word = walk.condition
    if word is not None and not walk.condition_used and not _macros(word):
        walk.note(facts.GatesNothing(word), walk.condition_kernel, word.origin, str(word))
    walk.condition = None
    walk.condition_used = False


def _left_restricted(walk: Walk, into: str | None) -> None:
    """A condition is still there when the kernel `into` starts to write, or at the end of the program."""
    if walk.condition is not None and walk.flag is not Bit.ONES:
        walk.note(facts.LeftRestricted(walk.condition, walk.condition_kernel, into), *_restriction(walk))


def _restriction(walk: Walk) -> tuple[object, ...]:
    return (walk.condition_kernel, walk.condition and walk.condition.origin, str(walk.condition))


# --- writes ---------------------------------------------------------------------------------------------------


def _masked(walk: Walk, at: At, word: Word, named: frozenset[str]) -> None:
    """R12 listens only where R0 = 1. Macros that use R12 as their own temporary know that."""
    if "R12" not in word.dst or "R12" not in named or walk.bits.get("R0") is Bit.ONES:
        return
    if word.op != "REFRESH_L" or walk.latch != ("REFRESH_R", "R12"):
        walk.note(facts.Masked(word, walk.written.get("R0")), *at)


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
