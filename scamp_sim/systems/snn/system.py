"""The in-sensor spiking front end as a system."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from scamp_sim.exceptions import OptionError
from scamp_sim.kernels.macropixels import Mapping as Macropixels
from scamp_sim.limits import number_in
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.base.protocol import Action, Encoder, Ran, Report, Trainer
from scamp_sim.systems.base.published import PublishedRow
from scamp_sim.systems.base.records import IDEAL, Frames, Hardware, Realisation, Stage
from scamp_sim.systems.pixels.calibration import free_of_errors
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.costs import words_cost
from scamp_sim.systems.pixels.params import RESPONSE, LayerParams, default_layer
from scamp_sim.systems.pixels.system import LayerSystem
from scamp_sim.systems.snn.costs import FACTORS, back_end_range, counts, sensing_ms, shares, shares_by_ratio
from scamp_sim.systems.snn.encoder import (
    Circuit,
    CircuitOptions,
    Golden,
    OnArray,
    SpikeArrayOptions,
    Steps,
    sensor_cost,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class SNN(LayerSystem):
    """Spikes of weighted pixels, without a converter."""

    name = "snn"
    title = "in-sensor spiking front end, weighted pixels and a comparator"
    paper = (
        "Datta et al., In-Sensor & Neuromorphic Computing are all you need for Energy Efficient Computer Vision, "
        "arXiv 2212.10881, 2022 (known here from its abstract and a summary)"
    )
    stages = (
        Stage("potentials", "analog", "batch-norm output", within=1e-3),
        Stage("spikes", "bits", "spikes"),
    )
    realisations: ClassVar[Mapping[str, type]] = {
        "golden": Steps,
        "circuit": CircuitOptions,
        "scamp5:macropixel": SpikeArrayOptions,
    }
    default_bits: ClassVar[int] = 1

    def build(
        self, params: LayerParams, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> Encoder:
        if on.on_array:
            return OnArray(params, on.options, hardware)
        if not free_of_errors(hardware.errors):
            raise OptionError(
                "profiles of errors are of the array; the circuit's spreads are options, such as "
                "circuit:comparator_offset=0.05,cds_noise=0.01"
            )
        shown = takes or self.frames(params, on)
        if on.name == "golden":
            return Golden(params, shown, on.options)
        return Circuit(params, shown, on.options, hardware)

    def models(self, params: LayerParams, on: Realisation, clip: Any, takes: Frames) -> dict[str, Any]:
        options = on.options
        steps = Steps(options.steps, options.leak, options.reset) if on.on_array else Steps()
        golden = self.build(params, Realisation("golden", steps), IDEAL, takes)
        found = {"golden": golden.encode(clip, keep=("potentials",))}
        if on.on_array:
            encoder = self.build(params, on, takes=takes)
            assert isinstance(encoder, OnArray)
            found["array"] = encoder.model(clip)
        return found

    def example_layer(self, seed: int) -> LayerParams:
        """Thresholds of whole LSB on the array at range exponent 1, other ones for each seed, so that no rounding of
        them shows."""
        base = default_layer(4, 1, 4)
        lsb = RESPONSE * base.norm.scale / (254 * 2 / 16)
        return replace(base, extremum=(5 + seed) * lsb)

    def arguments(self, action: Action, parser: argparse.ArgumentParser) -> None:
        super().arguments(action, parser)
        if action == "published":
            add = parser.add_argument
            add(
                "--shares",
                metavar="TOTAL",
                type=number_in(above=0),
                help="calculate the energy shares that give this factor in all",
            )
            add(
                "--factors",
                metavar="F",
                nargs=3,
                type=number_in(above=0),
                default=FACTORS,
                help="energy factors of sensor, link and back end (default: 13.3 6.9 1.23)",
            )
            add("--sensor-share", metavar="A", type=number_in(0, 1), help="share of the sensor in the baseline")
            add(
                "--link-to-sensor",
                metavar="R",
                type=number_in(above=0),
                help="link over sensor in the baseline (default: 2.26)",
            )

    def published(self, on: Realisation | None, args: argparse.Namespace) -> Sequence[PublishedRow]:
        if getattr(args, "shares", None) is not None:
            return list(self.calculated(args))
        for option in ("sensor_share", "link_to_sensor"):
            if getattr(args, option, None) is not None:
                raise OptionError(f"--{option.replace('_', '-')} is for --shares TOTAL; give both, or leave it out")
        return super().published(on, args)

    def calculated(self, args: argparse.Namespace) -> Iterator[PublishedRow]:
        """The calculator of admissible shares. Raises ScampError where there are none."""
        from scamp_sim.systems.snn.costs import stand_in_ratio

        total, factors = args.shares, tuple(args.factors)
        if args.sensor_share is not None:
            got, how = shares(total, factors, sensor=args.sensor_share), f"the sensor has {args.sensor_share:g}"
        else:
            ratio = stand_in_ratio() if args.link_to_sensor is None else args.link_to_sensor
            got, how = shares_by_ratio(total, factors, ratio=ratio), f"link over sensor is {ratio:.3g}"
        low, high = back_end_range(total, factors)
        why = f"for {total:g}x in all, parts {factors[0]:g}, {factors[1]:g}, {factors[2]:g}, where {how}"
        for name, value in (("sensor", got.sensor), ("link", got.link), ("back_end", got.back_end)):
            yield PublishedRow(
                f"share_{name}", f"share of the {name.replace('_', ' ')}", None, value, "1", "inferred", why
            )
        yield PublishedRow(
            "share_back_end_least", "least share of the back end, whatever the split", None, low, "1", "inferred"
        )
        yield PublishedRow("share_back_end_most", "largest share of the back end", None, high, "1", "inferred")

    def trainer(self) -> Trainer[LayerParams]:
        from scamp_sim.systems.snn.trainer import SNNTrainer

        return SNNTrainer()

    # --- reports ------------------------------------------------------------------------------------------------

    def report(self, ran: Ran[LayerParams]) -> Report:
        spikes = np.asarray(ran.encoded.codes)
        by_channel = spikes.mean(axis=(-2, -1))
        rates = by_channel if by_channel.ndim == 1 else by_channel.mean(axis=0)
        document: dict[str, Any] = {"firing_rate": float(spikes.mean()), "firing_rates": rates.tolist()}
        lines = [f"spikes   {100 * spikes.mean():.1f} % fire; by channel " + " ".join(f"{100 * r:.1f}" for r in rates)]
        if ran.encoded is not ran.golden:
            flips = float(np.mean(spikes != ran.golden.codes))
            document["flips"] = flips
            lines.append(f"flips    {100 * flips:.2f} % of the bits differ from the golden model")
        encoder = ran.encoder
        if isinstance(encoder, (Golden, Circuit)):
            from scamp_sim.systems.snn.circuit import comparator

            theta = comparator(ran.params.norm, ran.params.v_th, ran.params.extremum).theta
            document["thresholds"] = theta.tolist()
            rows, columns = encoder.config.ignored
            document["ignored"] = [rows, columns]
            if rows or columns:
                lines.append(f"edges    {rows} row(s) and {columns} column(s) at the bottom and right are in no window")
        if isinstance(encoder, OnArray):
            m = encoder.mapping
            document["array"] = {
                "range_exponent": m.g,
                "largest_result_lsb": m.bound(),
                "weight_bits": m.bits,
                "thresholds_lsb": encoder.thresholds.tolist(),
            }
            lines.append(f"array    range exponent {m.g}, no result beyond {m.bound():.0f} LSB")
        document["notes"] = self.notes(ran)
        lines += [f"note     {text}" for text in document["notes"]]
        return Report(document, tuple(lines))

    def pictures(self, ran: Ran[LayerParams]) -> Mapping[str, Picture]:
        from scamp_sim.systems.pixels.figures import pictures as draw

        spikes = np.asarray(ran.encoded.codes)
        last = spikes if spikes.ndim == 3 else spikes[-1]
        found = {"spikes.png": draw.sheet(f"Spikes, {ran.on}", ran.clip, last, "channel")}
        if ran.encoded is not ran.golden:
            golden = np.asarray(ran.golden.codes)
            away = last.astype(np.float64), (golden if golden.ndim == 3 else golden[-1]).astype(np.float64)
            found["errors.png"] = draw.errors(f"Spikes, {ran.on}", *away)
        if isinstance(ran.encoder, Circuit):
            found |= draw.pixel_pictures(ran.encoder.pixel, ran.encoder.options.pixel, ran.params.weights)
        return found

    # --- costs and published numbers ----------------------------------------------------------------------------

    def sensor_costs(self, config: SensorConfig, on: Realisation) -> Cost:
        return sensor_cost(config)

    def frame_words(self, mapping: Macropixels) -> int:
        return mapping.words() + 3

    def priced(self, mapping: Macropixels, words: Sequence[int], timing: str) -> Cost:
        from scamp_sim.costs.timing import load_timing, profile
        from scamp_sim.kernels import snn

        prices, size = load_timing(timing), (256, 256)
        seen = profile(snn.frame(mapping), prices, size)
        cured = Macropixels(mapping.weights, mapping.bits, 0, cure=True).words() - mapping.words()
        step = profile(snn.lif_step(mapping, leak=0.5, reset="subtract"), prices, size).words
        more = {"words_cure": cured, "words_lif_step": step}
        return words_cost(Cost.of_profile(seen), words, mapping.words() + 3, more)

    def paper_rows(self) -> Sequence[PublishedRow]:
        from scamp_sim.systems.snn.published import rows

        return rows()

    def sweep_rows(self, configs: Sequence[SensorConfig]) -> Iterator[PublishedRow]:
        for c in configs:
            tag = f"k{c.kernel}_s{c.stride}_c{c.channels}_b{c.bits}_i{c.rows}"
            what = f"kernel {c.kernel}, stride {c.stride}, {c.channels} channels, {c.bits} bit, {c.rows}x{c.columns}"
            yield PublishedRow(f"bandwidth_{tag}", f"bandwidth: {what}", None, c.bandwidth(), "1", "recomputed")
            yield PublishedRow(f"t_sens_{tag}", f"t_sens: {what}", None, sensing_ms(c), "ms", "assumed")
            yield PublishedRow(f"bits_{tag}", f"bits: {what}", None, counts(c).bits, "bits", "recomputed")


SYSTEM = SNN()
