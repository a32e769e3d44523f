"""SCAMP-5 in the loop: its errors as measured on emulated chips, and trained networks on emulated arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from scamp_sim.exceptions import ScampError
from scamp_sim.kernels.leca import mapping
from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.base.records import Hardware
from scamp_sim.systems.leca import golden
from scamp_sim.systems.leca.data import Pictures
from scamp_sim.systems.leca.encoder import Scamp5Encoder, Scamp5Options, on_array
from scamp_sim.systems.leca.inputs import FULL, Floats
from scamp_sim.systems.leca.params import LINEAR_UNIT, Params
from scamp_sim.systems.leca.train.loop import mosaics, scores_of, share_right
from scamp_sim.systems.leca.train.modules import ArrayErrors, Network

WORTH = (-16, 8, 4, 2, 1)
"""What the registers F, A, B, C, D stand for."""


def measure_array(
    errors: Errors = "scamp5", *, scale: int = 8, side: int = 4, chips: Sequence[int] = (101, 102, 103), seed: int = 0
) -> ArrayErrors:
    """What the errors of a profile do to sums: random kernels on random pictures, on a few emulated chips.

    Sums are fitted by the five digits of the weights, each with a gain, and an offset; what is left is the spread.
    Chips on which a network is judged should be others.

    Args:
        errors: profile.
        scale: of the sums.
        side: of the kernels.
        chips: serials.
        seed: of kernels, pictures and noise.
    """
    rng = np.random.default_rng(seed)
    lsb = LINEAR_UNIT * mapping.WHITE / (1 << scale)
    rows, wanted, groups = [], [], []
    for number, chip in enumerate(chips):
        w = rng.integers(-FULL, FULL + 1, (side, side, side))
        w = np.clip(w - np.rint(w.mean(axis=(1, 2), keepdims=True)).astype(np.int64), -FULL, FULL)
        params = Params(np.abs(w), np.where(w < 0, -1, 1), 1.0, multiplier="linear")
        picture = _blotches(rng)
        encoder = Scamp5Encoder(params, Scamp5Options(scale), Hardware(errors, chip))
        found = encoder.sums(picture[None], number) * lsb
        digits = _digit_sums(w, picture / 255 * mapping.WHITE, scale)
        for n in range(len(w)):
            rows.append(digits[:, n].reshape(len(WORTH), -1))
            wanted.append(found[n].ravel())
            groups.append(np.full(found[n].size, number * len(w) + n))
    x, y, group = np.concatenate(rows, axis=1), np.concatenate(wanted), np.concatenate(groups)
    members = (group[:, None] == np.arange(group.max() + 1)).astype(float)
    fit, *_ = np.linalg.lstsq(np.hstack([x.T, members]), y, rcond=None)
    left = y - np.hstack([x.T, members]) @ fit
    gains, offsets = fit[: len(WORTH)], fit[len(WORTH) :]
    return ArrayErrors(
        tuple(float(g) for g in gains),  # type: ignore[arg-type]
        float(offsets.mean()),
        float(offsets.std()),
        float(left.std()),
        lsb,
    )


def _blotches(rng: np.random.Generator) -> Floats:
    """A picture of uneven light with detail, grey 0..255."""
    coarse = np.kron(rng.uniform(20, 235, (16, 16)), np.ones((16, 16)))
    return np.asarray(np.clip(np.rint(coarse + rng.normal(0, 30, coarse.shape)), 0, 255))


def _digit_sums(w: Floats, x: Floats, scale: int) -> Floats:
    """(digits, kernels, rows, columns): sums over blocks of each digit of the weights alone, in LSB."""
    side = w.shape[-1]
    u = np.asarray(w).astype(np.int64) & 31
    blocks = x.reshape(x.shape[0] // side, side, x.shape[1] // side, side)
    bits = np.stack([worth * ((u >> (4 - b)) & 1) for b, worth in enumerate(WORTH)])
    return np.asarray(np.einsum("ricj,bnij->bnrc", blocks, bits.astype(float)) / 2**scale)


@torch.no_grad()
def accuracy_on_array(
    net: Network, pictures: Pictures, errors: Errors = "ideal", chip: int = 0, *, scale: int = 0, seed: int = 0
) -> float:
    """Accuracy of a network whose encoder runs on an emulated array, many pictures to a frame.

    Raises:
        ScampError: an encoder for the charge multiplier, pictures that do not divide the array.
    """
    params = net.encoder.params()
    exact, _ = on_array(params, scale)
    sites = mosaics(pictures, net.encoder.side).numpy()
    rows, columns = sites.shape[1:]
    if mapping.ROWS % rows or mapping.COLUMNS % columns:
        raise ScampError(f"pictures: expected sides that divide {mapping.ROWS}, got {rows}x{columns} sites")
    down, across = mapping.ROWS // rows, mapping.COLUMNS // columns
    encoder = Scamp5Encoder(params, Scamp5Options(scale), Hardware(errors, chip))
    each = down * across
    codes = []
    for start in range(0, len(sites), each):
        tiles = np.zeros((each, rows, columns))
        part = sites[start : start + each]
        tiles[: len(part)] = part
        frame = tiles.reshape(down, across, rows, columns).transpose(0, 2, 1, 3).reshape(mapping.ROWS, mapping.COLUMNS)
        found = encoder.encode(255 * frame[None], measurement=seed + start // each).codes
        n, r, c = found.shape
        split = found.reshape(n, down, r // down, across, c // across).transpose(1, 3, 0, 2, 4)
        codes.append(split.reshape(each, n, r // down, c // across)[: len(part)])
    values = golden.dequantise(np.concatenate(codes), exact.bits, exact.limit, exact.kind)
    decoded = torch.as_tensor(values, dtype=torch.float32)
    net.eval()
    pictures_back = scores_of(net.decoder, decoded)
    return share_right(scores_of(net.backbone, pictures_back), pictures)
