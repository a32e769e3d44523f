"""Photographs: agreement with an ImageNet classifier, which stays as it is, on raw pictures. Imports torch.

Rows see the mosaic of a crop and are decoded to an RGB picture by a transposed convolution, which is trained with them;
what counts is whether the classifier says of that picture what it says of the raw one. Labels take no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scamp_sim.compare.circuit import LR, SD
from scamp_sim.compare.task import fronts
from scamp_sim.compare.task.fit import BUILD, recorded, settle
from scamp_sim.compare.task.once import once
from scamp_sim.compare.task.settings import TRAINED, Budget, Item
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.leca import baselines, golden

SIDE = 96
"""Pixels along a side of a crop; the mosaic has twice as many photosites."""
KINDS = 4
"""Photographs that crops are taken from."""
AGREE, PICTURE = 1.0, 20.0
"""Weights of the loss: towards the classifier's answers, and towards the picture."""


@dataclass(frozen=True, eq=False)
class Crops:
    """pictures: (n, 3, 96, 96), 0..1. mosaics: (n, 1, 192, 192). scores: of the classifier."""

    pictures: Tensor
    mosaics: np.ndarray[Any, np.dtype[np.float32]]
    scores: Tensor


def result(task: str, item: Item, seed: int, budget: Budget, folder: str | None = None) -> dict[str, Any]:
    """What a training is kept as; see `fit.result`. Raises ScampError."""
    backbone, train, test = _loaded(budget)
    torch.set_num_threads(1)
    weights, loss, agreed = 0, 0.0, 0.0
    if item.row in TRAINED:
        net = _network(item.row, seed)
        loss, agreed = _learn(net, train, backbone, budget, seed)
        weights = sum(p.numel() for p in net.parameters() if p.requires_grad)
        with torch.no_grad():
            shown = net.eval()(_windows(item.row, test)).clamp(0, 1)
    else:
        shown = torch.from_numpy(np.stack([_decoded(item.row, p) for p in test.pictures.numpy()]))
    with torch.no_grad():
        right = (_scores(backbone, shown).argmax(1) == test.scores.argmax(1)).numpy()
    return recorded(right, loss, agreed, weights)


@once(1)
def _loaded(budget: Budget) -> tuple[nn.Module, Crops, Crops]:
    from scamp_sim.systems.leca.data import photographs
    from scamp_sim.systems.leca.train.study import efficientnet

    backbone = efficientnet().eval()
    for parameter in backbone.parameters():
        parameter.requires_grad_(False)
    made = []
    for count, seed in ((budget.train, 0), (budget.test, 1000)):
        images = photographs(KINDS * count, seed, side=SIDE).images
        pictures = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float()
        mosaics = np.stack([golden.mosaic(image) for image in images])[:, None].astype(np.float32)
        made.append(Crops(pictures, mosaics, _scores(backbone, pictures)))
    return backbone, made[0], made[1]


@torch.no_grad()
def _scores(backbone: nn.Module, pictures: Tensor) -> Tensor:
    return torch.cat([backbone(part) for part in pictures.split(16)])


def _windows(row: str, crops: Crops) -> Tensor:
    return torch.from_numpy(fronts.windows(crops.mosaics, fronts.PITCH[row]))


class Decoded(nn.Module):
    """A row, and a transposed convolution from its codes to a picture (n, 3, 96, 96)."""

    def __init__(self, row: str, seed: int) -> None:
        super().__init__()
        self.row, self.front = row, fronts.front(row, seed)
        if isinstance(self.front, fronts.Leca):
            self.front.encoder.tied = True  # a colour mosaic: both greens of a cell count alike
        pitch = fronts.PITCH[row] // 2
        with torch.no_grad():
            probe = torch.rand(2, 1, (2 * SIDE // fronts.PITCH[row]) ** 2, fronts.PITCH[row] ** 2)
            maps = self.front.eval()(probe).shape[1]
        self.norm = nn.BatchNorm2d(maps)
        self.spread = nn.ConvTranspose2d(maps, 3, pitch, pitch)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures; at the bottom and right, which no window reaches, the edge is repeated."""
        found: Tensor = self.spread(self.norm(self.front(x)))
        short = SIDE - found.shape[-1]
        return F.pad(found, (0, short, 0, short), mode="replicate") if short else found


def _network(row: str, seed: int) -> Decoded:
    with BUILD, torch.random.fork_rng(devices=[]):
        torch.manual_seed(1_000_003 * seed + 17)
        return Decoded(row, seed)


def _learn(net: Decoded, crops: Crops, backbone: nn.Module, budget: Budget, seed: int) -> tuple[float, float]:
    generator = torch.Generator().manual_seed(1_000_003 * seed + 29)
    factors = {f"front.{name}": factor for name, factor in net.front.rates().items()}
    groups = [
        {"params": [p], "lr": budget.rate, "base": budget.rate * factors.get(name, 1.0)}
        for name, p in net.named_parameters()
        if p.requires_grad
    ]
    optimiser = torch.optim.Adam(groups)
    x = _windows(net.row, crops)
    steps, step, loss, agreed = budget.epochs * -(-len(x) // budget.batch), 0, 0.0, 0
    for epoch in range(budget.epochs):
        net.train()
        net.front.epoch(epoch, budget.epochs)
        loss, agreed = 0.0, 0
        for chosen in torch.randperm(len(x), generator=generator).split(budget.batch):
            if len(chosen) < 2:
                continue
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * 0.5 * (1 + np.cos(np.pi * step / steps))
            optimiser.zero_grad()
            shown = net(x[chosen])
            scores = backbone(shown.clamp(0, 1))
            towards = F.kl_div(
                F.log_softmax(scores, 1), F.log_softmax(crops.scores[chosen], 1), reduction="batchmean", log_target=True
            )
            whole = AGREE * towards + PICTURE * F.mse_loss(shown, crops.pictures[chosen]) + net.front.extra_loss()
            whole.backward()
            if net.front.norm is not None:
                nn.utils.clip_grad_norm_(net.front.parameters(), net.front.norm)
            optimiser.step()
            net.front.after_step()
            loss += float(whole.detach()) * len(chosen)
            agreed += int((scores.detach().argmax(1) == crops.scores[chosen].argmax(1)).sum())
            step += 1
    settle(net, x.split(budget.batch))
    return loss / len(x), agreed / len(x)


def _decoded(row: str, picture: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What a row that does not learn makes of a picture (3, H, W)."""
    rgb = np.moveaxis(picture, 0, -1).astype(np.float64)
    if row in SD:
        found = baselines.subsample(rgb, SD[row])
    elif row in LR:
        found = baselines.low_resolution(rgb, LR[row])
    else:
        raise ProgramError(f"row {row} gives no picture")
    return np.ascontiguousarray(np.moveaxis(found, -1, 0)).astype(np.float32)
