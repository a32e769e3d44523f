"""One training: a row, its head, a seed, to the test clips that it gets right. Importing this module imports torch."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scamp_sim.compare.circuit import LR, SD
from scamp_sim.compare.task import codes, fronts, heads
from scamp_sim.compare.task.data import Data, load
from scamp_sim.compare.task.once import once
from scamp_sim.compare.task.settings import TRAINED, Budget, Item

BUILD = threading.Lock()
"""First weights come from torch's one generator, which modules of several threads would share."""

Light = Callable[[Tensor], Tensor]
Right = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the network of a row takes: bytes, and what makes values of a batch of them."""

    train: Tensor
    test: Tensor
    values: Light
    more: tuple[Tensor, ...] = ()
    """The same on other chips, which epochs take in turn."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after training. right: of each test clip."""

    net: nn.Module
    right: Right
    loss: float
    train_right: float


class Network(nn.Module):
    """Codes, and what makes classes of them. disturb: what training makes of a batch in place of the front."""

    disturb: Callable[[fronts.Front, Tensor], Tensor] | None = None

    def __init__(self, front: fronts.Front | None, head: nn.Module) -> None:
        super().__init__()
        self.front, self.head = front, head

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        if self.disturb is not None and self.front is not None and self.training:
            return cast(Tensor, self.head(self.disturb(self.front, x)))
        return cast(Tensor, self.head(x if self.front is None else self.front(x)))


def result(task: str, item: Item, seed: int, budget: Budget, folder: str | None = None) -> dict[str, Any]:
    """What a training is kept as: clips that were right, one by one as hexadecimal bits, and how it ended."""
    found = trained(task, item, seed, budget, folder)
    return recorded(found.right, found.loss, found.train_right, heads.weights(found.net))


def recorded(right: Right, loss: float, train_right: float, weights: int) -> dict[str, Any]:
    """A result as it is kept."""
    return {
        "right": int(right.sum()),
        "of": len(right),
        "clips": np.packbits(right).tobytes().hex(),
        "loss": float(f"{loss:.6g}"),
        "train": float(f"{train_right:.6g}"),
        "weights": weights,
    }


def trained(task: str, item: Item, seed: int, budget: Budget, folder: str | None = None) -> Trained:
    """Train a row. Raises ScampError."""
    data = load(task, budget, folder)
    if item.head == "frozen":
        return _frozen(task, item, seed, budget, folder)
    inputs = inputs_of(item, data, task, budget, folder)
    net = network(item, seed, inputs, len(data.classes))
    return fit(net, inputs, data, budget, seed)


def inputs_of(item: Item, data: Data, task: str, budget: Budget, folder: str | None) -> Inputs:
    """Bytes of a row for both parts of the data."""
    train, test = _bytes(item.row, item.frames, task, budget, folder)
    if item.row == "pixelrnn":
        return Inputs(train, test, fronts.signs)
    top = 255 if item.row in TRAINED else codes.encoder(item.row)[1]
    return Inputs(train, test, lambda x: x.float() / top)


@once(4)
def _bytes(row: str, frames: int, task: str, budget: Budget, folder: str | None) -> tuple[Tensor, Tensor]:
    data = load(task, budget, folder)
    found = []
    for part in (data.train, data.test):
        if row == "pixelrnn":
            found.append(fronts.bits(part.frames))
        elif row in TRAINED:
            found.append(fronts.windows(part.at(frames), fronts.PITCH[row]))
        else:
            found.append(codes.in_parts(codes.encoder(row)[0], part.at(frames)))
    return torch.from_numpy(found[0]), torch.from_numpy(found[1])


def network(item: Item, seed: int, inputs: Inputs, classes: int) -> Network:
    """A network before training: its first weights follow from the seed alone."""
    with BUILD, torch.random.fork_rng(devices=[]):
        torch.manual_seed(1_000_003 * seed + 17)
        front = fronts.front(item.row, seed) if item.row in TRAINED else None
        with torch.no_grad():
            probe = inputs.values(inputs.train[:2])
            shape = tuple((probe if front is None else front.eval()(probe)).shape[1:])
        return Network(front, heads.head(item.head, shape, classes))


def fit(net: Network, inputs: Inputs, data: Data, budget: Budget, seed: int) -> Trained:
    """Train in place, and try the test clips."""
    loss, right = learn(net, inputs, torch.from_numpy(data.train.labels), budget, seed)
    answers = classes_of(net, inputs, budget.batch)
    return Trained(net, answers == data.test.labels, loss, right)


def learn(net: Network, inputs: Inputs, labels: Tensor, budget: Budget, seed: int) -> tuple[float, float]:
    """Train in place with the budget that all rows have; the loss and the share of right answers of the last epoch."""
    torch.set_num_threads(1)  # the same sums whatever else runs, and whatever the machine
    generator = torch.Generator().manual_seed(1_000_003 * seed + 29)
    optimiser, rates = _optimiser(net, budget)
    batches = math.ceil(len(labels) / budget.batch)
    step, total, right = 0, 0.0, 0
    for epoch in range(budget.epochs):
        net.train()
        if net.front is not None:
            net.front.epoch(epoch, budget.epochs)
        total, right = 0.0, 0
        train = (inputs.train, *inputs.more)[epoch % (1 + len(inputs.more))]
        order = torch.randperm(len(labels), generator=generator)
        for chosen in order.split(budget.batch):
            if len(chosen) < 2:
                continue  # batch norm needs two
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / (batches * budget.epochs)))
            optimiser.zero_grad()
            scores = net(inputs.values(train[chosen]))
            loss = F.cross_entropy(scores, labels[chosen])
            whole = loss if net.front is None else loss + net.front.extra_loss()
            whole.backward()
            if net.front is not None and net.front.norm is not None:
                nn.utils.clip_grad_norm_(net.front.parameters(), net.front.norm)
            optimiser.step()
            if net.front is not None:
                net.front.after_step()
            total += float(loss.detach()) * len(chosen)
            right += int((scores.detach().argmax(1) == labels[chosen]).sum())
            step += 1
    settle(net, (inputs.values(part) for part in inputs.train.split(budget.batch)))
    return total / len(labels), right / len(labels)


def _optimiser(net: Network, budget: Budget) -> tuple[torch.optim.Optimizer, list[float]]:
    """Adam, and the rate of each group."""
    factors = {} if net.front is None else {f"front.{n}": f for n, f in net.front.rates().items()}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(factors.get(name, 1.0), []).append(parameter)
    listed = [{"params": p, "lr": budget.rate * f} for f, p in groups.items()]
    return torch.optim.Adam(listed), [budget.rate * f for f in groups]


@torch.no_grad()
def settle(net: nn.Module, batches: Iterable[Tensor]) -> None:
    """Take the statistics of batch norms again, over all training clips: after few steps their running ones still hold
    some of what they started from, which for codes of small values is most of them. Those of a frozen part stay."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d) and m.weight.requires_grad]
    net.eval()
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
        m.train()
    for part in batches:
        if len(part) > 1:
            net(part)
    net.eval()


@torch.no_grad()
def classes_of(net: nn.Module, inputs: Inputs, batch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The answer to every test clip."""
    net.eval()
    found = [net(inputs.values(part)).argmax(1) for part in inputs.test.split(batch)]
    return np.asarray(torch.cat(found).numpy(), np.int64)


# --- a frozen backbone --------------------------------------------------------------------------------------------


@once(8)
def backbone(task: str, frames: int, seed: int, budget: Budget, folder: str | None) -> heads.Small:
    """The small head of raw frames, trained on them and left as it is from here on."""
    net = trained(task, Item("raw", frames, "small"), seed, budget, folder).net
    assert isinstance(net, Network)
    return cast(heads.Small, net.head.eval().requires_grad_(False))


def _frozen(task: str, item: Item, seed: int, budget: Budget, folder: str | None) -> Trained:
    """Rows before the frozen backbone of raw frames: LeCA trains its encoder and a decoder, the others nothing."""
    data = load(task, budget, folder)
    frames = 1 if data.train.frames.shape[1] == 1 else item.frames
    raw = backbone(task, item.frames, seed, budget, folder)
    inputs = inputs_of(item, data, task, budget, folder)
    if item.row in TRAINED:
        with BUILD, torch.random.fork_rng(devices=[]):
            torch.manual_seed(1_000_003 * seed + 17)
            front = fronts.front(item.row, seed)
            with torch.no_grad():
                shape = front.eval()(inputs.values(inputs.train[:2])).shape[1:]
            head = heads.Frozen(shape[0], shape[1], frames, raw)
        return fit(Network(front, head), inputs, data, budget, seed)
    shown = Inputs(inputs.train, inputs.test, lambda x: picture(item.row, inputs.values(x)))
    net = Network(None, raw)
    return Trained(net, classes_of(net, shown, budget.batch) == data.test.labels, 0.0, 0.0)


def picture(row: str, values: Tensor) -> Tensor:
    """Frames on photosites (n, T, 256, 256) of RGB values 0..1 (n, 3 T, ...): SD between the centres of its cells, LR
    as decoded."""
    n, maps, *size = values.shape
    rgb = values.reshape(-1, 3, *size)
    if row in SD:
        cell = SD[row]
        whole = (size[0] * cell[0], size[1] * cell[1])
        rgb = F.interpolate(rgb, whole, mode="bilinear", align_corners=False)[..., :128, :128]
    assert row in SD or row in LR
    sites = torch.empty(len(rgb), 256, 256)
    sites[:, 0::2, 0::2], sites[:, 1::2, 1::2] = rgb[:, 0], rgb[:, 2]
    sites[:, 0::2, 1::2] = sites[:, 1::2, 0::2] = rgb[:, 1]
    return sites.reshape(n, maps // 3, 256, 256)
