"""One run of a built program: reads what it tells, answers what it asks, and says how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from scamp_sim.chip.program import HostCall, Origin
from scamp_sim.compiler.native.board.board import MOST_TEXTS, Board, Tally, bytes_of, number_of
from scamp_sim.compiler.native.session import costs, ending
from scamp_sim.compiler.native.session.process import LINE, Process, TimeoutPassedError, TooLongError
from scamp_sim.compiler.native.session.records import KernelUse, LiveRun
from scamp_sim.compiler.native.session.window import Window, unescaped
from scamp_sim.compiler.native.session.wishes import Wishes
from scamp_sim.compiler.native.toolchain.build import Built
from scamp_sim.compiler.native.toolchain.said import origin
from scamp_sim.compiler.native.toolchain.scan import kernel_marks
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.machine.machine import Machine

MOST_STEPS = 400_000
"""Steps in one frame: a program that goes on without ending one is stopped."""
MOST_WITHOUT_FRAMES = 20_000
"""The same for a program in which nothing can end a frame."""
MOST_WAITING = 2048
"""Steps that are told before they are carried out."""
MOST_LINES = 2_000_000
"""Lines of the protocol in one frame, texts and words of kernels among them."""
FRAME_ENDS = ("vs_frame_loop_control", "vs_wait_frame_trigger", "vs_loop_counter_inc")
"""Calls that end a frame; the strongest that a program uses does."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Session:
    """Runs a program once."""

    def __init__(self, name: str, built: Built, machine: Machine, wishes: Wishes) -> None:
        if max(machine.shape) > 256:
            raise ProgramError(
                f"the board's addresses have 8 bits, so C++ programs run on arrays of up to 256x256, not of "
                f"{machine.shape[0]}x{machine.shape[1]}"
            )
        self.name, self.built, self.machine, self.wishes = name, built, machine, wishes
        self.board = Board(machine)
        self.window = Window(wishes, self.board.notes)
        self.board.displays = self.window.displays
        self.idle: Counter[str] = Counter()
        self.printed = ""
        self.ended = ""
        self._markers = 0
        self._defining: tuple[int, str, str, str] | None = None
        self._calls: list[list[bytes]] = []
        self._lines = 0
        self._costs = costs.Costs(self.board, name)
        self._image = ""

    # --- the run ---

    def run(self) -> LiveRun:
        """Run to the end of the last frame. Raises StoppedError, ProgramError."""
        self._see(0)
        seconds = int(self.wishes.timeout * min(self.wishes.frames + 1, 1000)) + 60
        process = Process(self.built, self.wishes.files, seconds, self.wishes.timeout)
        try:
            self._talk(process)
        except TimeoutPassedError:
            self._hung()
        except TooLongError as error:
            fields = error.start.split(b"\t")
            place = self.board.notes.place(fields[2]) if fields[0] == b"T" else self._last_place()
            what = f"the program posts more than {LINE >> 20} MiB at once"
            self._stop(place, "S624", what, "post less, and more often")
        finally:
            code = process.close(patience=0.0 if self.ended else 2.0)
            self.printed = process.printed
        if not self.ended:
            self._vanished(code)
        self._finish()
        return self._result()

    def _talk(self, process: Process) -> None:
        over = False
        while not over and (data := process.read()) is not None:
            over = self._take(data, process)

    def _take(self, data: bytes, process: Process) -> bool:
        """Carry out lines; whether the run is over."""
        rest = data.rfind(b"\nR\t") + 1
        if rest or data[:2] == b"R\t":  # a frame ends, and the next one may begin as it did
            rest = data.find(b"\n", rest) + 1
            if self._take_each(data[:rest], process):
                return True
            data = data[rest:]
        answered = self.board.ask_again(data)
        if answered is None:
            return self._take_each(data, process)
        process.answer(self._given(*answered))
        self._lines += 1
        if len(self.board.tally.acts) > MOST_WITHOUT_FRAMES:
            self._check_length()
        return False

    def _take_each(self, data: bytes, process: Process) -> bool:
        """Carry out lines one by one; whether the run is over."""
        board, pending = self.board, self.board.pending
        lines = data.split(b"\n")
        self._lines += len(lines)
        for line in lines:
            kind = line[:1]
            if kind == b"L":
                board.launch(line)
            elif kind == b"H":
                board.host(line)
            elif kind == b"W":
                if self._defining is not None:
                    self._calls.append(line.split(b"\t")[1:])
            elif kind == b"?":
                process.answer(self._answer(line))
                self._check_length()  # a question settles: the count below never gets there
            elif kind == b"T":
                self._text(line)
            elif kind == b"R":
                if self._frame_ends(process):
                    return True
            elif kind == b"O":
                board.show(line)
            elif kind and self._other(kind, line):
                return True
            if len(pending) >= MOST_WAITING:
                board.settle()
                self._check_length()
        if self._lines > MOST_LINES:
            self._stop(self._last_place(), "S621", f"no frame has ended in {MOST_LINES:,} lines that it sent")
        return False

    def _check_length(self) -> None:
        done = len(self.board.tally.acts)
        if self._markers == 0 and done > MOST_WITHOUT_FRAMES:
            what = f"nothing in the program ends a frame, and it has gone on for {done:,} calls"
        elif done > MOST_STEPS:
            what = f"no frame has ended in {done:,} calls"
        else:
            return
        hint = f"frames end at {', '.join(FRAME_ENDS)}"
        self._stop(self._last_place(), "S621", what, hint)

    def _last_place(self) -> Origin:
        acts = self.board.tally.acts
        found = acts[-1].step.origin if acts else None
        return found or Origin(str(self.built.sources[0]), 1, 1, 1, 1)

    def _stop(self, place: Origin, code: str, message: str, hint: str = "") -> NoReturn:
        raise ending.error(place, code, message, hint, self._costs.count)

    # --- lines without an answer ---

    def _other(self, kind: bytes, line: bytes) -> bool:
        fields = line.decode("utf-8", errors="replace").split("\t")
        handler = self._handlers.get(kind)
        if handler is None:
            raise ProgramError(ending.UNREADABLE)
        try:
            return bool(handler(self, fields))
        except ScampError:
            raise
        except (IndexError, ValueError, KeyError):
            raise ProgramError(ending.UNREADABLE) from None

    def _begin(self, fields: list[str]) -> None:
        self._markers = int(fields[2])

    def _file(self, fields: list[str]) -> None:
        self.board.notes.files[int(fields[1])] = unescaped(fields[2])

    def _kernel(self, fields: list[str]) -> None:
        self._defining = int(fields[1]), fields[2], unescaped(fields[3]), fields[4]
        self._calls = []

    def _defined(self, fields: list[str]) -> None:
        assert self._defining is not None
        self.board.define(*self._defining, self._calls)
        self._defining = None

    def _instance(self, fields: list[str]) -> None:
        self.board.instance(int(fields[1]), int(fields[2]))

    def _freed(self, fields: list[str]) -> None:
        self.board.freed(int(fields[1]))

    def _text(self, line: bytes) -> None:
        tally = self.board.tally
        if len(tally.texts) < MOST_TEXTS and self.board.room(len(line), None):
            tally.texts.append(line)
        else:
            tally.dropped_texts += 1

    def _numbers(self, fields: list[str]) -> None:
        tally = self.board.tally
        if len(tally.posted) < MOST_TEXTS and self.board.room(8 * len(fields[5]), None):
            values = tuple(float(v) if "." in v or "e" in v or "n" in v else int(v) for v in fields[5].split(",") if v)
            tally.posted.append((int(fields[1]), values))

    def _wait(self, fields: list[str]) -> None:
        seconds = min(max(float(fields[2]), 0.0), 3600.0)
        self.board.settle()
        self.machine.wait(seconds)
        self.board.us += seconds * 1e6

    def _idle(self, fields: list[str]) -> None:
        self.idle[fields[1]] += int(fields[2])

    def _window(self, fields: list[str]) -> None:
        self.window.told(fields)

    def _ended(self, fields: list[str]) -> bool:
        self.board.settle()
        self.ended = "main returned"
        return True

    def _note(self, fields: list[str]) -> None:
        if fields[1] == "uncaught":
            self._uncaught = unescaped(fields[2])
        else:
            self.board.notes.told(fields)

    _uncaught = ""

    def _last_words(self, fields: list[str]) -> bool:
        """The program tells why it ends."""
        last = self._last_place()
        raise ending.stopped(fields, self.built, last, self._uncaught, self.wishes.timeout, self._costs.count)

    _handlers: Mapping[bytes, Callable[[Any, list[str]], Any]] = {
        b"B": _begin,
        b"F": _file,
        b"K": _kernel,
        b"k": _defined,
        b"I": _instance,
        b"M": _instance,
        b"D": _freed,
        b"V": _numbers,
        b"G": _window,
        b"Z": _wait,
        b"E": _ended,
        b"i": _idle,
        b"N": _note,
        b"!": _last_words,
    }

    # --- questions ---

    def _answer(self, line: bytes) -> bytes:
        """The answer to a question."""
        board = self.board
        if line.startswith((b"?call", b"?fill")):
            return self._given(line.startswith(b"?fill"), *board.ask(line))
        fields = line[1:].split(b"\t")
        kind = fields[0]
        text = [f.decode("utf-8", errors="replace") for f in fields]
        if kind == b"time":
            board.settle()
            self._check_length()
            return b"=%d\n" % int(board.us)
        if kind == b"item":
            return self.window.item(text)
        if kind == b"size":
            return b"=%d\n" % len(board.contents[int(text[1])].kernel.words)
        if kind == b"picture":
            return self.window.picture(text)
        if kind == b"hello":
            rows, columns = self.machine.shape
            return b"=%d %d %d %d\n" % (rows, columns, self.machine.seed, self.wishes.frames)
        raise ProgramError(ending.UNREADABLE)

    def _given(self, filled: bool, call: HostCall | None, value: Any) -> bytes:
        """The answer to a question for a result: a number, or bytes for the program's own memory."""
        if not filled:
            return b"=%d\n" % number_of(value)
        data = bytes_of(call, value, self.machine)
        return b"=%d\n" % len(data) + data

    def _frame_ends(self, process: Process) -> bool:
        """A frame has ended, or what runs before the first; whether it was the last."""
        if self.board.pending:
            self.board.settle()
        self._lines = 0
        process.renew()
        self._close()
        done = self._costs.count - 1
        if done == 0:
            self.window.check_labels()
        if done >= self.wishes.frames:
            self.ended = "all frames done"
            return True
        self._see(done)
        return False

    def _see(self, frame: int) -> None:
        images = self.wishes.images
        if images:
            self._image, picture = images[frame % len(images)]
            self.board.scene(picture)

    def _close(self) -> None:
        """What has gone on until now is a frame."""
        board, wanted = self.board, self.wishes.planes
        planes = {n: self.machine.read(n) for n in wanted} if wanted else _NOTHING
        used = board.store.used
        self._costs.add(self._image, board.tally, planes, used)
        board.tally = Tally(used)

    # --- the end ---

    def _hung(self) -> NoReturn:
        self._stop(
            self._last_place(),
            "S622",
            f"the program computed for more than {self.wishes.timeout:g} s without a word",
            "an endless loop? --timeout SECONDS gives it more",
        )

    def _vanished(self, code: int) -> NoReturn:
        what = f"by {ending.SIGNALS.get(-code, f'signal {-code}')}" if code < 0 else f"with exit code {code}"
        self._stop(
            self._last_place(), "S620", f"the program ended without a word, {what}", "memory, or a limit of the system?"
        )

    def _finish(self) -> None:
        costs = self._costs
        if self.ended == "main returned":
            if costs.count == 0:
                self._close()
                self.window.check_labels()
            elif self.board.tally.holds:
                self._close()
            if 1 < costs.count <= self.wishes.frames:
                place = Origin(str(self.built.sources[0]), 1, 1, 1, 1)
                what = f"main returned after {costs.count - 1} of {self.wishes.frames} frames"
                self.board.notes.note(place, "W618", what)
        elif costs.count == 0:
            self._vanished(0)

    def _result(self) -> LiveRun:
        setup, *frames = self._costs.frames()
        board, note = self.board, self.board.notes.note
        launched = self._costs.launches()
        kernels = tuple(
            KernelUse(
                c.kernel.name,
                c.origin.file,
                c.origin.line,
                len(c.kernel.words),
                c.kernel.storage,
                launched.get(c.kernel.name, 0),
            )
            for c in board.contents.values()
        )
        reached = {(_resolved(k.file), k.line) for k in kernels if k.launches}
        files = dict.fromkeys((*self.built.sources, *self.built.read))
        marks = [m for m in kernel_marks(files) if (_resolved(m.file), m.line) not in reached]
        unreached = tuple(origin(m.file, m.line) for m in marks)
        for place in unreached:
            note(place, "W619", "this kernel was never reached", "is it in a branch that the run did not take?")
        used = [c for c in board.contents.values() if launched.get(c.kernel.name)]
        # A kernel that was moved to the heap after it was recorded stands there twice.
        moved = {(c.origin, c.kernel.words) for c in used if c.kernel.storage == "heap"}
        for content in (c for c in board.contents.values() if not launched.get(c.kernel.name)):
            if (content.origin, content.kernel.words) in moved:
                continue
            note(content.origin, "W620", "this kernel was recorded and never launched")
        self.window.note_unpressed()
        if not self.wishes.images and any(a.sees for a in board.known_acts()):
            place = Origin(str(self.built.sources[0]), 1, 1, 1, 1)
            note(place, "W625", "the program takes pictures, and none was given: the array saw darkness", "--image")
        if self.built.unknown:
            names = ", ".join(self.built.unknown)
            place = Origin(str(self.built.sources[0]), 1, 1, 1, 1)
            note(place, "W623", f"not known here, and taken to do nothing: {names}", "do they work on the array?")
        for path, reason in self.built.left_out.items():
            note(origin(str(path), 1), "W622", f"the file does not compile, and nothing needs it: {reason}")
        return LiveRun(
            self.name,
            setup,
            tuple(frames),
            kernels,
            tuple(self.window.items.values()),
            board.notes.all(),
            unreached,
            self.printed,
            self.ended,
            dict(self.idle),
        )


def _resolved(file: str) -> str:
    return str(Path(file).resolve())


__all__ = ["Session"]
