"""A case of the robustness protocol: trained, then judged at every scale on every chip. Imports torch."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scamp_sim.compare.task import errors, fronts
from scamp_sim.compare.task.data import load
from scamp_sim.compare.task.fit import Inputs, Network, learn, network
from scamp_sim.compare.task.robust import (
    FITTED_SCALES,
    SCALES,
    SERIALS,
    TRAINING_CHIPS,
    TRAINING_SERIAL,
    Case,
    Work,
    frames_of,
)
from scamp_sim.compare.task.settings import TRAINED, Item

FITTING = 9001
"""Number of the measurement of the training clips on the first chip."""

TRAIN_LIGHT, TEST_LIGHT = 1, 1000
"""Seeds of the noise of light; that of the test is the same for every row and depends on the chip's serial."""


def judged(work: Work, case: Case, seed: int) -> dict[str, Any]:
    """{"shares": scale -> share of right answers on each chip, "fitted": scale -> the share on the first chip with a
    head that was trained on, with the same budget, on what that chip gives of the training clips}."""
    data = load(work.task, work.budget, work.folder)
    labels = torch.from_numpy(data.train.labels)
    light = errors.Light(work.electrons, work.read)
    frames = frames_of(case.row)
    seen = light.seen(data.train.at(frames), TRAIN_LIGHT)
    item = Item(case.row, frames, "small")
    inputs = _inputs(case, seen)
    net = network(item, seed, inputs, len(data.classes))
    if case.noisy and net.front is not None:
        draw = torch.Generator().manual_seed(1_000_003 * seed + 31)
        net.disturb = lambda front, x: errors.random_chip(front, x, 1.0, draw)
    learn(net, inputs, labels, work.budget, seed)
    net.disturb = None

    def share(of: Network, codes: Tensor) -> float:
        return float(f"{np.mean(_answers(of, codes, work.budget.batch) == data.test.labels):.6g}")

    shares: dict[str, list[float]] = {f"{s:g}": [] for s in SCALES}
    fitted: dict[str, float] = {}
    for serial in SERIALS:
        test = _taken(case.row, light.seen(data.test.at(frames), TEST_LIGHT + serial))
        for scale in SCALES:
            codes = _codes(case.row, net, test, serial, scale, serial)
            shares[f"{scale:g}"].append(share(net, codes))
            if serial == SERIALS[0] and scale in FITTED_SCALES:
                own = _codes(case.row, net, _taken(case.row, seen), serial, scale, FITTING)
                head = Network(None, copy.deepcopy(net.head))
                learn(head, Inputs(own, codes, lambda x: x), labels, work.budget, seed)
                fitted[f"{scale:g}"] = share(head, codes)
    return {"shares": shares, "fitted": fitted}


def _inputs(case: Case, seen: errors.Floats) -> Inputs:
    """What the network of a row trains on; rows without weights see several chips in turn if they train with errors."""
    row = case.row
    if row == "pixelrnn":
        bits = _bits(seen)
        return Inputs(bits, bits, fronts.signs)
    if row in TRAINED:
        windows = torch.from_numpy(fronts.windows(seen, fronts.PITCH[row]))
        return Inputs(windows, windows, lambda x: x)
    from scamp_sim.compare.task.codes import encoder

    top = encoder(row)[1]
    chips = range(TRAINING_SERIAL, TRAINING_SERIAL + TRAINING_CHIPS) if case.noisy else (0,)
    made = [torch.from_numpy(errors.fixed_codes(row, seen, c, float(case.noisy), c)) for c in chips]
    return Inputs(made[0], made[0], lambda x: x.float() / top, tuple(made[1:]))


def _bits(light: errors.Floats) -> Tensor:
    return torch.from_numpy(fronts.bits(np.rint(255 * light).astype(np.uint8)))


def _taken(row: str, light: errors.Floats) -> Any:
    """What codes are made of, on whatever chip: light, but for PixelRNN, whose front end binarises it."""
    return fronts.signs(_bits(light)) if row == "pixelrnn" else light


@torch.no_grad()
def _codes(row: str, net: Network, taken: Any, serial: int, scale: float, measurement: int) -> Tensor:
    """Values of codes on a chip. measurement: what tells the noise of one set of clips from that of another."""
    if row == "pixelrnn":
        from scamp_sim.systems.pixelrnn.train.noise import StageErrors

        assert isinstance(net.front, fronts.Recurrent)
        net.front.network.noise = StageErrors.authors().scaled(scale)
        draw = torch.Generator().manual_seed(measurement)
        return torch.cat([net.front.eval()(part, draw if scale else None) for part in taken.split(32)])
    if net.front is not None:
        return errors.learned_codes(net.front, taken, serial, scale, measurement)
    from scamp_sim.compare.task.codes import encoder

    return torch.from_numpy(errors.fixed_codes(row, taken, serial, scale, measurement)).float() / encoder(row)[1]


@torch.no_grad()
def _answers(net: Network, codes: Tensor, batch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    net.eval()
    return np.asarray(torch.cat([net.head(part).argmax(1) for part in codes.split(batch)]).numpy(), np.int64)
