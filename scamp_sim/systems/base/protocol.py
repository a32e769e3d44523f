"""The protocol of an in-sensor system: what a system tells the commands, studies and comparisons, which know none by
name.

class Mine(System[Params]):
    name, title, paper = "mine", "...", "Author et al., ..."
    stages = (Stage("sums", "integers", "window sums"), Stage("codes", "bits"))
    realisations = {"golden": Plain, "scamp5:macropixel": MineOptions}

    def load(self, source): ...                       # what a user brings: a file, or "random:SEED"
    def build(self, params, on, hardware=IDEAL, takes=None): ...      # an Encoder
    def example(self, seed=0): ...                    # small parameters and a clip, for the conformance suite

Everything else has a default and is overridden where a system has more to offer. Heavy imports belong into methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from scamp_sim.systems.base.records import (
    IDEAL,
    Array,
    Clip,
    ClipSet,
    Codes,
    Encoded,
    Frames,
    Hardware,
    Realisation,
    Stage,
)

if TYPE_CHECKING:
    import argparse

    from PIL.Image import Image as Picture

    from scamp_sim.chip.program import Program
    from scamp_sim.systems.base.compare import StageDifference
    from scamp_sim.systems.base.cost import Cost
    from scamp_sim.systems.base.published import PublishedRow

P = TypeVar("P")

Action = Literal["run", "validate", "costs", "train", "published"]
"""What `scamp-sim system ACTION NAME` does, and so what a system's own options are for."""


@runtime_checkable
class Encoder(Protocol):
    """One realisation of one set of parameters on one piece of hardware."""

    @property
    def takes(self) -> Frames:
        """What one clip is made of."""
        ...

    @property
    def gives(self) -> Codes:
        """What leaves the sensor for one clip."""
        ...

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """Encode one clip.

        clip: of `takes.shape`.
        measurement: seed of all noise of this measurement; the same one on the same chip gives the same result,
            whatever ran before.
        keep: names of the stages wanted beside the codes.

        Raises ScampError.
        """
        ...

    def cost(self) -> Cost:
        """What one clip costs."""
        ...

    def programs(self) -> tuple[Program, ...]:
        """The SCAMP-5 programs that a clip runs, each once; () on an own chip."""
        ...

    def depends_on(self) -> Mapping[str, str]:
        """What kept results belong to: name -> digest or value. Weights, programs, options, errors; not chip or
        seed."""
        ...


class Decoder(Protocol):
    """What makes classes of codes, off the sensor."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        ...

    def scores(self, codes: Array) -> Array:
        """One score a class, the largest of which is the answer."""
        ...


@dataclass(frozen=True)
class Report:
    """What a system adds to the report of a command.

    document: merged into the JSON.
    lines: added to the text.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


class Trainer(Protocol[P]):
    """A system's trainable twin. Its methods import torch; making one does not."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of `system train`."""
        ...

    def run(self, args: argparse.Namespace) -> Report:
        """Train as asked, write what is to be kept, and report. Raises ScampError."""
        ...

    def module(self, params: P | None, **settings: Any) -> Any:
        """A torch module with these parameters, or fresh ones."""
        ...

    def params(self, module: Any) -> P:
        """The parameters of a module; `params(module(p)) == p`."""
        ...

    def losses(self, module: Any, steps: int, seed: int = 0) -> Sequence[float]:
        """The training losses of a few steps on small example data."""
        ...


@dataclass(frozen=True, eq=False)
class Example(Generic[P]):
    """Small parameters and one clip that a system encodes in a second or two on every realisation."""

    params: P
    clip: Array


@dataclass(frozen=True, eq=False)
class Ran(Generic[P]):
    """One run as `system run` hands it to a system for reports and pictures.

    golden: of the same clip and parameters.
    differences: by stage, against golden; empty when run on golden.
    """

    params: P
    on: Realisation
    hardware: Hardware
    clip: Clip
    encoder: Encoder
    encoded: Encoded
    golden: Encoded
    differences: tuple[StageDifference, ...]
    args: argparse.Namespace

    @property
    def under(self) -> str:
        """What titles of pictures say of the errors: ", errors of scamp5, chip 7, seed 0", or "" without errors."""
        errors = str(self.hardware.errors)
        if errors == "ideal":
            return ""
        return f", errors of {errors}, chip {self.hardware.chip}, seed {getattr(self.args, 'seed', 0)}"


class System(ABC, Generic[P]):
    """A published in-sensor system; P is what a user brings, such as weights."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What it is, in one line."""
    paper: ClassVar[str]
    """Authors, title, venue and year of the publication."""
    stages: ClassVar[tuple[Stage, ...]]
    """In the order in which they come about; the last one is the codes, by the name that the system has for them."""
    realisations: ClassVar[Mapping[str, type[Any]]]
    """Name -> frozen dataclass of its options. "golden" is among them; SCAMP-5 mappings are "scamp5:NAME"."""
    default_on: ClassVar[str] = "golden"
    default_weights: ClassVar[str] = "random:1"
    adapts: ClassVar[frozenset[str]] = frozenset()
    """Realisations whose programs are others for a chip with errors; `system costs` prices both."""

    @abstractmethod
    def load(self, source: str) -> P:
        """Parameters from a file, or what else the system takes. Raises ScampError."""

    @abstractmethod
    def build(self, params: P, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None) -> Encoder:
        """The encoder of these parameters on one realisation.

        takes: the frames that it will be shown, for systems that take several sizes; None for the size that the
        system is made for. Raises ScampError, also for frames that it does not take.
        """

    def frames(self, params: P, on: Realisation) -> Frames:
        """The frames that the system is made for, where the user's input does not decide."""
        return self.build(params, on).takes

    @abstractmethod
    def example(self, seed: int = 0) -> Example[P]:
        """Small parameters and a clip."""

    def arguments(self, action: Action, parser: argparse.ArgumentParser) -> None:
        """Add options of this system's own to those of `scamp-sim system ACTION NAME`."""

    def parameters(self, args: argparse.Namespace) -> P:
        """The parameters that a command asks for: --weights, unless overridden. Raises ScampError."""
        return self.load(args.weights or self.default_weights)

    def models(self, params: P, on: Realisation, clip: Array, takes: Frames) -> Mapping[str, Encoded]:
        """What a realisation is compared with: the golden model's encoding of a clip, with all stages, and further
        models, such as one with the edges and ties of a mapping."""
        golden = self.build(params, Realisation("golden", self.realisations["golden"]()), IDEAL, takes)
        return {"golden": golden.encode(clip, keep=[stage.name for stage in self.stages[:-1]])}

    def settle(self, on: Realisation, args: argparse.Namespace) -> Realisation:
        """The realisation with options that own arguments of this system stand for; unchanged unless overridden."""
        return on

    def read(self, source: str | None, takes: Frames, args: argparse.Namespace) -> Clip:
        """The input of `system run`: a picture or an array in a file, None for the system's example.

        takes: the frames that the system is made for. By default: a picture that is scaled to them, or an array .npy
        of their shape; a system that takes other sizes returns a clip of another shape. Raises ScampError.
        """
        from scamp_sim.systems.base.clips import read_picture

        if source is None:
            return Clip(self.example(args.seed).clip, "example")
        return read_picture(source, takes)

    def data(self, source: str, takes: Frames, args: argparse.Namespace) -> ClipSet:
        """The inputs of `system validate`: by default an .npz with `input` and perhaps `labels`, a folder of pictures,
        or "example:N", N examples of other seeds. Raises ScampError."""
        from scamp_sim.systems.base.clips import examples, read_set

        name, _, count = source.partition(":")
        if name == "example":
            return examples(lambda seed: self.example(seed).clip, count or "4", args.seed)
        return read_set(source, takes)

    def decoder(self, params: P) -> Decoder | None:
        """What makes classes of the codes, None if these parameters hold none."""
        return None

    def costs(self, on: Realisation, args: argparse.Namespace) -> Cost:
        """What `system costs` shows: the cost of one clip. Raises ScampError."""
        return self.build(self.parameters(args), on, hardware_of(args)).cost()

    def published(self, on: Realisation | None, args: argparse.Namespace) -> Sequence[PublishedRow]:
        """Every number of the paper beside the recomputed one.

        on: for systems whose rows depend on it.
        """
        return ()

    def on_chip(
        self, first: Encoder, params: P, on: Realisation, hardware: Hardware, takes: Frames | None = None
    ) -> Encoder:
        """The encoder of these parameters on another chip of the same errors as `first`, for studies over chips.

        By default it is built again; a system overrides this to share what does not depend on the chip.
        """
        return self.build(params, on, hardware, takes)

    def item(self, args: argparse.Namespace) -> Report | None:
        """What `system published` shows in place of the rows, such as a figure that is made again, if options of this
        system's own ask for it."""
        return None

    def trainer(self) -> Trainer[P] | None:
        """The trainable twin, None if there is none."""
        return None

    def report(self, ran: Ran[P]) -> Report:
        """What `system run` shows beyond codes, differences and cost."""
        return Report()

    def pictures(self, ran: Ran[P]) -> Mapping[str, Picture]:
        """Pictures that `system run --out` writes, by file name: by default a sheet of input, stages and codes."""
        from scamp_sim.systems.base.clips import stage_sheet

        return {"contact-sheet.png": stage_sheet(self.title, self.stages, ran.clip, ran.encoded, ran.under)}


def hardware_of(args: argparse.Namespace) -> Hardware:
    """The hardware that a command line asks for; what it does not mention has its default."""
    given = {name: getattr(args, name) for name in ("errors", "chip", "engine", "timing") if hasattr(args, name)}
    return Hardware(**given)


__all__ = [
    "IDEAL",
    "Action",
    "Array",
    "Clip",
    "ClipSet",
    "Codes",
    "Decoder",
    "Encoded",
    "Encoder",
    "Example",
    "Frames",
    "Hardware",
    "Ran",
    "Realisation",
    "Report",
    "Stage",
    "System",
    "Trainer",
    "hardware_of",
]
