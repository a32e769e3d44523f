"""P2M as a system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from scamp_sim.exceptions import OptionError
from scamp_sim.kernels.macropixels import Mapping as Macropixels
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.base.options import Plain
from scamp_sim.systems.base.protocol import Encoder, Ran, Report, Trainer
from scamp_sim.systems.base.published import PublishedRow
from scamp_sim.systems.base.records import IDEAL, Frames, Hardware, Realisation, Stage
from scamp_sim.systems.p2m.circuit import width_warnings
from scamp_sim.systems.p2m.costs import baseline_energy, baseline_times, counts, energy, times
from scamp_sim.systems.p2m.encoder import Circuit, CircuitOptions, Golden, OnArray, sensor_cost
from scamp_sim.systems.pixels.array import ArrayOptions, DenseOptions
from scamp_sim.systems.pixels.calibration import free_of_errors
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.costs import words_cost
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.system import LayerSystem

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class P2M(LayerSystem):
    """Processing in pixel in memory."""

    name = "p2m"
    title = "P2M, a layer in the weight transistors of pixels"
    paper = (
        "Datta et al., A Processing-in-Pixel-in-Memory Paradigm for Resource-Constrained TinyML Applications, "
        "Scientific Reports 12:14396, 2022"
    )
    stages = (
        Stage("up", "analog", "sums of positive weights", within=1e-9),
        Stage("down", "analog", "sums of negative weights", within=1e-9),
        Stage("count", "integers", "counter"),
        # One step of the array's converter is 0.066 for the shipped 4x4 layer.
        Stage("maps", "analog", "batch-norm output after the ReLU", within=0.07),
    )
    realisations: ClassVar[Mapping[str, type]] = {
        "golden": Plain,
        "circuit": CircuitOptions,
        "scamp5:macropixel": ArrayOptions,
        "scamp5:dense": DenseOptions,
    }

    def build(
        self, params: LayerParams, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> Encoder:
        if on.on_array:
            return OnArray(params, on.options, hardware)
        if not free_of_errors(hardware.errors):
            raise OptionError(
                "profiles of errors are of the array; the circuit's spreads are options, such as "
                "circuit:width_spread=0.02,read_noise=0.001"
            )
        shown = takes or self.frames(params, on)
        if on.name == "golden":
            return Golden(params, shown)
        return Circuit(params, shown, on.options, hardware)

    def trainer(self) -> Trainer[LayerParams]:
        from scamp_sim.systems.p2m.trainer import P2MTrainer

        return P2MTrainer()

    # --- reports ------------------------------------------------------------------------------------------------

    def report(self, ran: Ran[LayerParams]) -> Report:
        encoder = ran.encoder
        lines: list[str] = []
        document: dict[str, Any] = {}
        if isinstance(encoder, (Golden, Circuit)):
            rows, columns = encoder.config.ignored
            if rows or columns:
                lines.append(f"edges    {rows} row(s) and {columns} column(s) at the bottom and right are in no window")
            document["ignored"] = [rows, columns]
        if isinstance(encoder, Circuit) and encoder.options.quantiser == "converter":
            shares = encoder.clipped(ran.clip.array)
            document["clipped"] = shares
            lines.append("ends     " + ", ".join(f"{100 * v:.2f} % {k.replace('_', ' ')}" for k, v in shares.items()))
            full = ran.params.full_scale
            lines.append(
                f"fusion   {encoder.options.fusion}; full scale "
                + (f"{full:g} of the parameters" if full and encoder.options.fusion == "ramp" else "from this picture")
            )
        if isinstance(encoder, Circuit):
            found = width_warnings(encoder.weights, encoder.pixel)
            document["warnings"] = found
            lines += [f"warning  {text}" for text in found]
        if isinstance(encoder, OnArray):
            m = encoder.mapping
            document["array"] = {
                "gain": m.gain(),
                **({"range_exponent": m.g} if isinstance(m, Macropixels) else {"halvings": m.halvings}),
                "largest_result_lsb": m.bound(),
                "weight_bits": m.bits,
                "lsb_of_output": encoder.unit.tolist(),
                "shifts_lsb": encoder.shift.tolist(),
            }
            one = f"one LSB is {encoder.unit[0]:.4g}"
            range_ = f"range exponent {m.g}" if isinstance(m, Macropixels) else f"picture halved {m.halvings} time(s)"
            lines.append(f"array    {range_}, no result beyond {m.bound():.0f} LSB; {one}")
        document["notes"] = self.notes(ran)
        lines += [f"note     {text}" for text in document["notes"]]
        return Report(document, tuple(lines))

    def pictures(self, ran: Ran[LayerParams]) -> Mapping[str, Picture]:
        from scamp_sim.systems.p2m.pictures import pictures

        return pictures(ran)

    # --- costs and published numbers ----------------------------------------------------------------------------

    def sensor_costs(self, config: SensorConfig, on: Realisation) -> Cost:
        """With MobileNetV2 behind, and the ordinary sensor with the paper's baseline beside it as figures."""
        cost = sensor_cost(config)
        t, e, base_t, base_e = times(config), energy(config), baseline_times(config), baseline_energy(config)
        figures = {
            "back_end_ms": t.compute,
            "sequential_ms": t.sequential,
            "conservative_ms": t.conservative,
            "back_end_uj": e.back_end,
            "total_uj": e.total,
            "bandwidth_reduction_by_bits": config.bandwidth_bits(),
            "ordinary_sequential_ms": base_t.sequential,
            "ordinary_conservative_ms": base_t.conservative,
            "ordinary_total_uj": base_e.total,
            "back_end": "MobileNetV2 of the paper; Eqs. 4 to 8, recomputed",
        }
        return replace(cost, figures={**cost.figures, **figures})

    def frame_words(self, mapping: Macropixels) -> int:
        return mapping.words()

    def priced(self, mapping: Macropixels, words: Sequence[int], timing: str) -> Cost:
        from scamp_sim.costs.timing import load_timing, profile
        from scamp_sim.kernels import p2m

        prices, size = load_timing(timing), (256, 256)
        seen = profile(p2m.frame(mapping, activation=False), prices, size)
        return words_cost(
            Cost.of_profile(seen),
            words,
            mapping.words(),
            {
                "words_relu": 5,
                "words_cure": Macropixels(mapping.weights, mapping.bits, 0, cure=True).words() + 1 - mapping.words(),
            },
        )

    def paper_rows(self) -> Sequence[PublishedRow]:
        from scamp_sim.systems.p2m.published import rows

        return rows()

    def sweep_rows(self, configs: Sequence[SensorConfig]) -> Iterator[PublishedRow]:
        for c in configs:
            tag = f"k{c.kernel}_s{c.stride}_c{c.channels}_b{c.bits}_i{c.rows}"
            what = f"kernel {c.kernel}, stride {c.stride}, {c.channels} channels, {c.bits} bit, {c.rows}x{c.columns}"
            t, e, n = times(c), energy(c), counts(c)
            for name, value, unit, kind in (
                ("bandwidth", c.bandwidth(), "1", "recomputed"),
                ("t_sens", t.sensing, "ms", "inferred"),
                ("t_adc", t.conversion, "ms", "inferred"),
                ("t_conv", t.compute, "ms", "recomputed"),
                ("energy", e.total, "uJ", "recomputed"),
                ("bits", n.bits, "bits", "recomputed"),
            ):
                yield PublishedRow(f"{name}_{tag}", f"{name}: {what}", None, value, unit, kind)  # type: ignore[arg-type]


SYSTEM = P2M()
