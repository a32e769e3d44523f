"""What a frame of a live program cost: a profile as programs have it, and the same by source line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scamp_sim.chip.program import Launch, Program
from scamp_sim.compiler.native.board.board import Board, Tally
from scamp_sim.compiler.native.session.ending import UNREADABLE
from scamp_sim.compiler.native.session.records import LineCost, LiveFrame
from scamp_sim.compiler.native.session.window import unescaped
from scamp_sim.costs.profile import Profile
from scamp_sim.costs.timing import profile, step_cost
from scamp_sim.exceptions import ProgramError

MOST_KEPT = 256
"""Different courses of a frame whose costs are kept."""
TOGETHER, MOST_STEPS = 64, 1000
"""Frames of fewer steps than this are recorded so many at once, which takes a third of the time of one by one."""


@dataclass
class _Course:
    """What frames of the same course have in common. `times`: how many there were."""

    program: Program
    profile: Profile
    lines: tuple[LineCost, ...]
    launches: Counter[str]
    times: int = 0


def _texts(tally: Tally) -> tuple[str, ...]:
    """The texts of `T channel site text` lines. Raises ProgramError if they are none."""
    told = [line.split(b"\t", 3) for line in tally.texts]
    if any(len(fields) < 4 for fields in told):
        raise ProgramError(UNREADABLE)
    texts = [unescaped(fields[3].decode("utf-8", errors="replace")) for fields in told]
    return (*texts, f"... and {tally.dropped_texts:,} more texts") if tally.dropped_texts else tuple(texts)


class Costs:
    """Records of frames; costs are worked out once for each course that a frame takes. `count`: frames that have
    ended, with what runs before the first."""

    def __init__(self, board: Board, name: str) -> None:
        self.board, self.name = board, name
        self._launches: Counter[str] = Counter()
        self._kept: dict[tuple[int, ...], _Course] = {}
        self.count = 0
        self._waiting: list[tuple[str, Tally, Mapping[str, Any], int]] = []
        self._frames: list[LiveFrame] = []

    def add(self, image: str, tally: Tally, planes: Mapping[str, Any], used: int) -> None:
        """A frame has ended, or what runs before the first. `used`: words of the store at its end."""
        self.count += 1
        self._waiting.append((image, tally, planes, max(tally.stored, used)))
        if len(self._waiting) >= TOGETHER or len(tally.acts) > MOST_STEPS:
            self._record()

    def frames(self) -> list[LiveFrame]:
        """The records of what has ended, what runs before the first frame among them."""
        self._record()
        return self._frames

    def _record(self) -> None:
        for ended in self._waiting:
            self._frames.append(self._frame(len(self._frames), *ended))
        self._waiting.clear()

    def _frame(self, number: int, image: str, tally: Tally, planes: Mapping[str, Any], stored: int) -> LiveFrame:
        key = tuple([a.number for a in tally.acts])
        course = self._kept.get(key)
        if course is None:
            if len(self._kept) >= MOST_KEPT:
                self._forget()
            machine = self.board.machine
            program = self.board.program_of(tally.acts, self.name, whole=True)
            cost = profile(program, machine.timing, machine.shape, machine.options)
            launches = Counter(a.step.kernel for a in tally.acts if isinstance(a.step, Launch))
            course = self._kept[key] = _Course(program, cost, self._lines(program, tally), launches)
        course.times += 1
        return LiveFrame(
            number,
            image,
            tally.pictures,
            _texts(tally),
            tuple(tally.posted),
            course.profile,
            course.lines,
            stored,
            course.program,
            planes,
        )

    def launches(self) -> Counter[str]:
        """How often each kernel was launched until now."""
        self._record()
        self._forget()
        return self._launches

    def _forget(self) -> None:
        for course in self._kept.values():
            for name, times in course.launches.items():
                self._launches[name] += times * course.times
        self._kept.clear()

    def _lines(self, program: Program, tally: Tally) -> tuple[LineCost, ...]:
        """Words and time of each line: those of a kernel's words at the lines of its calls, the rest at that of its
        launch."""
        machine = self.board.machine
        launched: Counter[tuple[str, int]] = Counter()
        words: Counter[tuple[str, int]] = Counter()
        sent: Counter[tuple[str, int]] = Counter()
        spent: dict[tuple[str, int], float] = {}
        texts: dict[tuple[str, int], str] = {}
        for act, times in Counter(tally.acts).items():
            step = act.step
            origin = step.origin
            place = (origin.file, origin.line) if origin else ("", 0)
            texts.setdefault(place, origin.text if origin else "")
            if isinstance(step, Launch):
                kernel = program.kernels[step.kernel]
                cost = step_cost(step, program, machine.timing, machine.shape, machine.options)
                launched[place] += times
                spent[place] = spent.get(place, 0.0) + times * cost.launch_us
                for word in kernel.words:
                    at = (word.origin.file, word.origin.line) if word.origin else place
                    texts.setdefault(at, word.origin.text if word.origin else "")
                    words[at] += times
                    share = cost.word_us / len(kernel.words)
                    spent[at] = spent.get(at, 0.0) + times * share
            else:
                words[place] += times * act.words
                spent[place] = spent.get(place, 0.0) + times * act.us
                sent[place] += times * act.bytes
        return tuple(
            LineCost(f, n, texts[f, n].strip(), launched[f, n], words[f, n], round(us, 3), sent[f, n])
            for (f, n), us in sorted(spent.items())
        )
