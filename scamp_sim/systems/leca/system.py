"""LeCA behind the protocol of systems: what the commands `scamp-sim system ... leca` ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from scamp_sim.exceptions import OptionError, PlaneError, ProgramError
from scamp_sim.limits import number_in, whole_in
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.base.protocol import (
    Action,
    Array,
    Clip,
    Encoded,
    Encoder,
    Example,
    Frames,
    Hardware,
    Ran,
    Realisation,
    Report,
    Stage,
    System,
    Trainer,
    hardware_of,
)
from scamp_sim.systems.base.published import PublishedRow
from scamp_sim.systems.base.records import IDEAL
from scamp_sim.systems.leca import circuit, costs, encoder, golden, inputs, published
from scamp_sim.systems.leca.params import Params, load_params, random_params

if TYPE_CHECKING:
    import argparse

    from PIL.Image import Image as Picture

CHIP = Frames(1, 448, 448, "bayer")
"""What the chip of the paper sees (Sec. 4.1)."""
DRAWS = 20
"""Random sets of weights of which costs on the array are the largest."""


class Leca(System[Params]):
    """See `scamp_sim.systems.base.protocol.System`."""

    name = "leca"
    title = "LeCA, learned compressive acquisition"
    paper = (
        "T. Ma et al., LeCA: In-Sensor Learned Compressive Acquisition for Efficient Machine Vision on the Edge, "
        "ISCA 2023"
    )
    stages = (
        Stage(encoder.SUMS, "analog", "the encoder's output before the converter", within=1e-4),
        Stage("codes", "integers", "few-bit codes, a plane a channel"),
    )
    realisations: ClassVar[Mapping[str, type[Any]]] = {
        "golden": encoder.GoldenOptions,
        "circuit": circuit.Noise,
        "scamp5": encoder.Scamp5Options,
    }
    default_weights = "basis"

    def load(self, source: str) -> Params:
        """An .npz of training, "random:SEED", or "basis": untrained kernels that fit natural pictures."""
        if source == "basis":
            from scamp_sim.systems.leca.decode import basis_params

            return basis_params()
        return load_params(source)

    def build(
        self, params: Params, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> Encoder:
        """The encoder on one realisation; see the protocol."""
        if on.name == "golden":
            return encoder.GoldenEncoder(params, on.options or encoder.GoldenOptions(), takes)
        if on.name == "circuit":
            return encoder.CircuitEncoder(params, on.options or circuit.Noise(), hardware, takes)
        return encoder.Scamp5Encoder(params, on.options or encoder.Scamp5Options(), hardware, takes)

    def frames(self, params: Params, on: Realisation) -> Frames:
        """448x448 sites on the chip, 256x256 on the array."""
        if on.on_array:
            return replace(encoder.ARRAY, colour="bayer" if params.side == 4 else "grey")
        return replace(CHIP, colour="bayer" if params.side == 4 else "grey")

    def models(self, params: Params, on: Realisation, clip: Array, takes: Frames) -> Mapping[str, Encoded]:
        """The golden model, for the array with the clamp limit that it has at its scale."""
        scale = on.options.scale if on.on_array and on.options is not None else 0
        model = encoder.GoldenEncoder(params, encoder.GoldenOptions(scale), takes)
        return {"golden": model.encode(clip, keep=[encoder.SUMS])}

    def example(self, seed: int = 0) -> Example[Params]:
        """Linear parameters, which all realisations take, and a random mosaic."""
        params = random_params(1 + seed, multiplier="linear")
        return Example(params, np.random.default_rng(seed).integers(0, 256, encoder.ARRAY.shape, np.uint8))

    # --- command line

    def arguments(self, action: Action, parser: argparse.ArgumentParser) -> None:
        """Channels and bits of untrained weights, and how a picture is taken."""
        if action in ("run", "validate", "costs"):
            parser.add_argument(
                "--channels", metavar="N", type=whole_in(1), help="kernels of untrained weights (default: 4)"
            )
            parser.add_argument(
                "--bits",
                metavar="B",
                type=number_in(1.5, 8),
                help="of a code: 1.5 (ternary) or 2..8; those of the weights if not given",
            )
            parser.add_argument("--side", type=int, choices=(4, 2), help="of the kernels: 4 (mosaic) or 2 (grey)")
        if action == "run":
            parser.add_argument("--mosaic", action="store_true", help="INPUT is a mosaic already, not an RGB picture")
            parser.add_argument("--native", action="store_true", help="keep the size of the picture (not on scamp5)")

    def parameters(self, args: argparse.Namespace) -> Params:
        """Weights with the channels and bits that were asked for, for the multiplier of the realisation."""
        linear = str(getattr(args, "on", None) or "").partition(":")[0] == "scamp5"
        source = args.weights or self.default_weights
        channels, bits, side = (getattr(args, name, None) for name in ("channels", "bits", "side"))
        if bits is not None:
            bits = inputs.resolution(bits)
        if side == 2 and not linear:
            raise OptionError("--side 2: kernels of 2x2 are for grey pictures on SCAMP-5; add --on scamp5")
        kind, _, seed = source.partition(":")
        if source == "basis" or kind == "random":
            wanted: dict[str, Any] = {
                "channels": 4 if channels is None else channels,
                "bits": 4.0 if bits is None else bits,
                "side": side or 4,
                "multiplier": "linear" if linear else "charge",
            }
            if source == "basis":
                from scamp_sim.systems.leca.decode import basis_params

                return basis_params(**wanted)
            if not seed.isdecimal():
                raise ProgramError(f"weights {source:.60}: expected random:SEED, such as random:1")
            return random_params(int(seed), **wanted)
        params = load_params(source)
        for name, value in (("channels", channels), ("side", side)):
            if value is not None and value != getattr(params, name):
                raise OptionError(f"--{name} {value}: weights {source} have {getattr(params, name)}; leave it out")
        if bits is not None:
            params = replace(params, bits=bits)
        return params.for_array() if linear else params

    def read(self, source: str | None, takes: Frames, args: argparse.Namespace) -> Clip:
        """A picture as a mosaic: scaled to the sites of the sensor, or as it is with --native or --mosaic."""
        if source is None:
            params = self.parameters(args)
            frame = np.random.default_rng(args.seed).integers(0, 256, takes.shape, np.uint8)
            return Clip(frame, f"random mosaic for {params.channels} channels")
        path = Path(source)
        if path.suffix.lower() == ".npy":
            from scamp_sim.show.render import load_array

            return Clip(self._array(load_array(path), takes, source), path.stem)
        if takes.colour == "grey" or args.mosaic:
            return Clip(self._grey(path, takes, args.native or args.mosaic), path.stem)
        return Clip(golden.mosaic(_rgb(path, takes, args.native))[None].astype(np.uint8), path.stem)

    def _array(self, array: Array, takes: Frames, source: str) -> Array:
        if array.ndim == 3 and array.shape[2] == 3 and takes.colour == "bayer":
            array = golden.mosaic(array)
        if array.ndim == 2:
            array = array[None]
        if array.ndim != 3 or len(array) != 1:
            raise PlaneError(f"{source}: expected a mosaic (R, C) or an RGB picture (H, W, 3), got {array.shape}")
        return array

    def _grey(self, path: Path, takes: Frames, native: bool) -> Array:
        from scamp_sim.pictures import load_image

        if native:
            return load_image(path)[None]
        return load_image(path, (takes.rows, takes.columns), resize=True)[None]

    def costs(self, on: Realisation, args: argparse.Namespace) -> Cost:
        """On the array without --weights: the largest of 20 random draws."""
        if not on.on_array or args.weights:
            params = self.parameters(args)
            return self.build(params, on, hardware_of(args), self.frames(params, on)).cost()
        found = []
        for seed in range(DRAWS):
            args.weights = f"random:{seed}"
            found.append(self.build(self._on_array(args), on, hardware_of(args)).cost())
        args.weights = None
        largest = max(found, key=lambda cost: cost.words)
        words = [cost.words for cost in found]
        return replace(largest, figures={**largest.figures, "draws": DRAWS, "words_smallest": min(words)})

    def _on_array(self, args: argparse.Namespace) -> Params:
        """Parameters for the array, whatever --on says: `costs` without it asks for all realisations."""
        on, args.on = args.on, "scamp5"
        try:
            return self.parameters(args)
        finally:
            args.on = on

    def published(self, on: Realisation | None, args: argparse.Namespace) -> Sequence[PublishedRow]:
        """Every number of the paper; see `published`."""
        return published.rows()

    def trainer(self) -> Trainer[Params] | None:
        """The trainable twin."""
        from scamp_sim.systems.leca.trainer import LecaTrainer

        return LecaTrainer()

    # --- what `system run` shows

    def report(self, ran: Ran[Params]) -> Report:
        """Compression, energy by part, frames a second, and how good the decoded picture is."""
        from scamp_sim.systems.leca import decode

        p, takes = ran.params, ran.encoder.takes
        picture, by = decode.decoded(ran.encoded.codes, p)
        original = decode.original(ran.clip.array, p.side)
        quality = decode.psnr(picture, original)
        cost = ran.encoder.cost()
        ratio = costs.counts(takes.sites, p.channels, p.bits).ratio_rgb if p.side == 4 else 32 / (p.channels * p.bits)
        document: dict[str, Any] = {
            "channels": p.channels,
            "bits": p.bits,
            "converter": "ternary" if p.bits == inputs.TERNARY else p.kind,
            "multiplier": p.multiplier,
            "clamp_limit": p.limit,
            "compression_ratio": ratio,
            "decoded": {"psnr_db": quality, "by": by},
        }
        us = cost.us
        rate = f"{1e6 / us:,.0f} frames a second" if us else "no frame rate"
        lines = [
            f"ratio    {ratio:.3g} by Eq. 1 (8-bit RGB over codes), {cost.figures['ratio_wire']:.3g} by bits sent",
            f"decoded  {quality:.1f} dB against the picture, by {by}; {rate}",
        ]
        if not ran.on.on_array:
            cnv = costs.conventional_energy(takes.sites)
            joules = costs.energy(takes.sites, p.channels, p.bits)
            document["energy_uj"] = {k: 1e6 * v for k, v in joules.items()}
            document["energy_conventional_uj"] = {k: 1e6 * v for k, v in cnv.items()}
            document["decoder_gmac"] = costs.decoder_macs(takes.rows // 2, p.channels) / 1e9
            shares = ", ".join(f"{k} {1e6 * v:.2f}" for k, v in joules.items())
            lines.append(
                f"energy   {1e6 * sum(joules.values()):.2f} uJ a frame ({shares}), conventional sensor "
                f"{1e6 * sum(cnv.values()):.2f} uJ; without the decoder, whose published size takes "
                f"{document['decoder_gmac']:.1f} GMAC off the sensor"
            )
        else:
            document["ties"] = ties = encoder.ties(ran.encoded, ran.golden, ran.encoder)
            if ties:
                lines.append(f"ties     {ties} of the codes that differ have a sum that is exactly a threshold")
            lines.append(
                "energy   of the whole vision system, not comparable with that of LeCA's chip: "
                f"{1.5e-3 * (us or 0):,.2f} mJ a frame at 1.5 W; a colour filter on SCAMP-5 is hypothetical"
            )
        return Report(document, tuple(lines))

    def pictures(self, ran: Ran[Params]) -> Mapping[str, Picture]:
        """Code planes and decoded picture side by side, histograms against the clamp limit, energy by part."""
        from scamp_sim.systems.leca import pictures

        return pictures.of_run(ran)


def _rgb(path: Path, takes: Frames, native: bool) -> Array:
    """An RGB picture of half the sites along each side, or of its own size, cropped to even sides."""
    from PIL import Image, ImageOps

    from scamp_sim.pictures import open_picture

    upright = open_picture(path, "picture", colour=True)
    if native:
        width, height = upright.size
        if min(width, height) < 2:
            raise PlaneError(f"{path}: expected a picture of at least 2x2 pixels, got {width}x{height}")
        return np.asarray(upright)[: height - height % 2, : width - width % 2]
    half = (takes.columns // 2, takes.rows // 2)
    return np.asarray(ImageOps.fit(upright, half, Image.Resampling.BOX))


SYSTEM = Leca()
