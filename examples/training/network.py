"""A network of binary weights: trained in PyTorch in thirty lines, read, planned, and run on emulated chips.

python examples/training/network.py [EPOCHS]      (needs torch, onnx and scikit-learn)
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F

from scamp_sim.systems import network
from scamp_sim.systems.network import accuracy
from scamp_sim.systems.network.data import load
from scamp_sim.systems.network.params import Input

# --- thirty lines of training, without a word about the array -------------------------------------------------------


class Bits(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:  # +-1, with the gradient of a clipped line
        soft = F.hardtanh(x)
        return soft + (torch.where(x >= 0, 1.0, -1.0) - soft).detach()


class Kernels(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, Bits()(self.weight), padding=self.padding)


class Scores(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, 0.02 * Bits()(self.weight), self.bias)


torch.manual_seed(0)
train, test = load("digits").split(0.2)
pictures = torch.from_numpy(Input(64, 64, scale=8).bits(train.pictures))[:, None]
labels = torch.from_numpy(train.labels)
layers = [Kernels(1, 16, 5, padding=2, bias=False), nn.BatchNorm2d(16), Bits(), nn.MaxPool2d(4), nn.Flatten()]
model = nn.Sequential(*layers, Scores(4096, 10))
optimiser = torch.optim.Adam(model.parameters(), 3e-3)
for epoch in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
    for at in torch.randperm(len(labels)).split(32):
        loss = F.cross_entropy(model(torch.where(pictures[at], 1.0, -1.0)), labels[at])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"epoch {epoch + 1}: loss {loss:.2f}")

# --- what the array makes of it ---------------------------------------------------------------------------------------

net = network.read(model, size=(64, 64), place={"scale": 8})
net.save("net.npz")  # which every action of `scamp-sim network` takes
print(f"\n{net}")
print(network.plan(net).text())
rows = accuracy.decide(net, test.some(slice(60)), "scamp5", chips=(1,))
print(accuracy.text({"as trained": rows}), end="")
print("\nTo bring it back where chips decide otherwise: scamp-sim network finetune, or systems.network.tuning.tune")
