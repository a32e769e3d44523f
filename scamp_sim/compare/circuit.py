"""The rows as their authors' chips: counts from the configuration of each, without any price."""

from __future__ import annotations

import math

from scamp_sim.compare.counts import Counts, Said, Scene
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.leca import baselines
from scamp_sim.systems.leca import costs as leca
from scamp_sim.systems.leca.golden import compression_ratio
from scamp_sim.systems.p2m import costs as p2m
from scamp_sim.systems.pixelrnn.report import bandwidth
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.snn import costs as snn

RAW_BITS = 8
LECA = {"leca_8_3": (8, 3), "leca_4_4": (4, 4), "leca_4_3": (4, 3)}
"""Row -> channels and bits of LeCA's published settings: CR 4, 6 and 8."""
SD = {"sd_2x2": (2, 2), "sd_2x3": (2, 3), "sd_2x4": (2, 4)}
LR = {"lr_2": 2, "lr_1": 1}
SNN_CHANNELS, SNN_STRIDE = 8, 4
P2M_PAPER = SensorConfig()
CLIP = 16
"""Frames of a decision of PixelRNN, and of the rows that show nothing with fewer."""

NOT_PUBLISHED = "no paper here gives a ratio of its own for it"


def raw(scene: Scene) -> Counts:
    """Every photosite at 8 bits."""
    values = scene.sites * scene.frames
    activity = {"readouts": values, "conversions": values, "rows": scene.side * scene.frames}
    return Counts(
        "raw",
        "raw",
        "circuit",
        "every photosite, 8 bits",
        scene.sites,
        scene.frames,
        (1, 1),
        values,
        RAW_BITS,
        values * RAW_BITS,
        Said(1.0, "C", "what the others are compared with"),
        activity,
    )


def raw_p2m(scene: Scene) -> Counts:
    """P2M's raw frame: RGB values at 12 bits."""
    values = scene.rgb**2 * 3 * scene.frames
    cycles = p2m.baseline_counts(SensorConfig(scene.rgb, scene.rgb)).cycles * scene.frames
    return Counts(
        "raw_p2m",
        "raw_p2m",
        "circuit",
        "P2M's ordinary sensor: RGB values, 12 bits",
        scene.sites,
        scene.frames,
        (1, 1),
        values,
        12,
        values * 12,
        Said(1.0, "C", "what P2M is compared with in its paper"),
        {
            "readouts": scene.sites * scene.frames,
            "conversions": scene.sites * scene.frames,
            "rows": scene.side * scene.frames,
            "cycles": cycles,
        },
        notes=("the bits of the mosaic, as Eq. 2 counts them, are a third more",),
    )


def subsampled(scene: Scene, name: str) -> Counts:
    """SD: means over cells of RGB pixels, 8 bits."""
    cell = SD[name]
    values = baselines.sd_values(scene.rgb, scene.rgb, cell) * scene.frames
    return Counts(
        name,
        "sd",
        "circuit",
        f"means over {cell[0]}x{cell[1]} RGB pixels, 8 bits",
        scene.sites,
        scene.frames,
        (2 * cell[0], 2 * cell[1]),
        values,
        8,
        values * 8,
        Said(baselines.sd_ratio(cell), "P", f"LeCA Sec. 6.1: {cell[0]} x {cell[1]} values for one"),
        {"readouts": scene.sites * scene.frames, "conversions": values, "rows": scene.side * scene.frames},
        notes=("cells at the edge average what is there",) if scene.rgb % cell[1] else (),
    )


def low_resolution(scene: Scene, name: str) -> Counts:
    """LR: RGB values at few bits, the two greens averaged."""
    bits = LR[name]
    values = scene.rgb**2 * 3 * scene.frames
    return Counts(
        name,
        "lr",
        "circuit",
        f"RGB values at {bits} bit{'s' if bits > 1 else ''}",
        scene.sites,
        scene.frames,
        (2, 2),
        values,
        bits,
        values * bits,
        Said(baselines.lr_ratio(bits), "C", f"8 / {bits}"),
        {"readouts": scene.sites * scene.frames, "conversions": values, "rows": scene.side * scene.frames},
    )


def difference(scene: Scene) -> Counts:
    """A difference camera of 1 bit a site: the first frame sends nothing."""
    frames = max(scene.frames, 2)
    values = scene.sites * (frames - 1)
    notes = () if scene.frames >= 2 else ("a difference needs a second frame: the row is of 2",)
    activity = {"readouts": scene.sites * frames, "comparisons": values, "rows": scene.side * frames}
    return Counts(
        "difference",
        "difference",
        "circuit",
        "a bit a site where a frame differs from the last",
        scene.sites,
        frames,
        (1, 1),
        values,
        1,
        values,
        Said(None, reason=NOT_PUBLISHED),
        activity,
        letter="A",
        notes=(*notes, "no chip is published in these papers: time by LeCA's row read-out"),
    )


def skipped(scene: Scene, name: str) -> Counts:
    """Every T-th frame of a decision of 16 frames, or of as many as the scene has, raw."""
    every = int(name.partition("_")[2])
    frames = max(scene.frames, CLIP)
    if every > frames:
        raise ProgramError(f"row {name}: a decision has {frames} frames; take every 2nd to {frames}th, or --frames")
    read = math.ceil(frames / every)
    values = scene.sites * read
    return Counts(
        name,
        "skip",
        "circuit",
        f"one raw frame of {every}",
        scene.sites,
        frames,
        (1, 1),
        values,
        RAW_BITS,
        values * RAW_BITS,
        Said(None, reason=NOT_PUBLISHED),
        {"readouts": values, "conversions": values, "rows": scene.side * read},
    )


def p2m_chip(scene: Scene) -> Counts:
    """P2M as in its Table 1: 5x5 RGB pixels, stride 5, 8 channels of 8 bits."""
    config = SensorConfig(scene.rgb, scene.rgb)
    n = p2m.counts(config)
    frames = scene.frames
    here = config.bandwidth()
    return Counts(
        "p2m",
        "p2m",
        "circuit",
        "5x5 RGB pixels, stride 5, 8 channels, 8 bits",
        scene.sites,
        frames,
        (2 * config.stride, 2 * config.stride),
        n.results * frames,
        config.bits,
        n.bits * frames,
        Said(
            P2M_PAPER.bandwidth(),
            "C",
            "Eq. 2 the right way up, (I/O) (4/3) (12/8), at the paper's 560x560, where about 21 is printed; "
            f"{here:.4g} at {config.rows}x{config.columns}",
        ),
        {
            # each channel integrates again; a site takes part in one of a channel's two phases
            "readouts": scene.sites * config.channels * frames,
            "outputs": n.results * frames,
            "conversions": n.results * frames,
            "channel_rows": config.out_rows * config.channels * frames,
            "cycles": n.cycles * frames,
        },
    )


def snn_chip(scene: Scene) -> Counts:
    """The spiking front end with 8 channels at a total stride of 4 RGB pixels, which gives the published 96."""
    config = SensorConfig(scene.rgb, scene.rgb, 3, SNN_STRIDE, SNN_STRIDE, 0, SNN_CHANNELS, 1)
    n = snn.counts(config)
    frames = scene.frames
    return Counts(
        "snn",
        "snn",
        "circuit",
        f"spikes of {SNN_CHANNELS} channels, total stride {SNN_STRIDE} RGB pixels",
        scene.sites,
        frames,
        (2 * SNN_STRIDE, 2 * SNN_STRIDE),
        config.values * frames,
        1,
        n.bits * frames,
        Said(config.bandwidth(), "I", "48 s^2 / channels: by analogy with P2M's Eq. 2, 12 to 96 are published"),
        {
            "readouts": scene.sites * config.channels * frames,
            "outputs": config.values * frames,
            "comparisons": n.compares * frames,
            "channel_rows": config.out_rows * config.channels * frames,
        },
        letter="I",
        notes=("kernel, stride and channels are inferred: the summary at hand names none",),
    )


def leca_chip(scene: Scene, name: str) -> Counts:
    """LeCA: blocks of 4x4 photosites."""
    channels, bits = LECA[name]
    n = leca.counts(scene.sites, channels, bits)
    frames = scene.frames
    rows = scene.side * n.passes * frames
    ratio = compression_ratio(channels, bits)
    return Counts(
        name,
        "leca",
        "circuit",
        f"blocks of 4x4 photosites, {channels} channels of {bits} bits",
        scene.sites,
        frames,
        (4, 4),
        int(n.conversions) * frames,
        bits,
        n.bits_wire * frames,
        Said(ratio, "P", "Eq. 1: 2 x 2 x 3 RGB values of 8 bits over the codes of a block"),
        {
            "readouts": n.readouts * frames,
            "macs": n.macs * frames,
            "conversions": int(n.conversions) * frames,
            "rows": rows,
            "groups": rows // 4,
        },
        decoder_macs=leca.decoder_macs(scene.rgb, channels) * frames,
        decoder_parameters=leca.decoder_parameters(channels),
    )


def pixelrnn_chip(scene: Scene) -> Counts:
    """PixelRNN's own chip is SCAMP-5: the released program, by its published counts."""
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.study.anchors import PIXELRNN_STEPS

    if scene.side != 256:
        raise ProgramError(f"row pixelrnn: the array has 256x256 sites, got {scene.side} along a side")
    network = next(m for m in bandwidth.MODELS if m.name == "PixelRNN")
    words = sum(step[1] for step in PIXELRNN_STEPS) * CLIP
    timing = load_timing("scamp5d")
    readout = timing["adc.fixed"] + timing["adc.sample"] * network.values
    return Counts(
        "pixelrnn",
        "released",
        "circuit",
        "binary recurrent network, output read once in 16 frames",
        scene.sites,
        CLIP,
        (16, 16),
        network.values,
        8,
        network.values * 8,
        Said(network.ratio, "P", "256^2 x 16 / 4,096 values (abstract)"),
        {"words": words, "pe_words": words * scene.sites, "readout_us": readout},
        letter="P",
        notes=("the chip of its paper is SCAMP-5: words of the released program, time as published",),
    )


__all__ = ["CLIP", "LECA", "LR", "SD", "SNN_CHANNELS", "SNN_STRIDE"]
