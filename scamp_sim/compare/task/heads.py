"""What makes classes of codes: the same two heads for every row, and a frozen one. Importing this imports torch."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MOST = 16
"""Rows and columns that the linear head averages larger maps to."""
STEM, BODY, GRID = 16, 32, 32


class Linear(nn.Module):
    """Maps averaged to at most 16x16, batch norm of each map, and one layer."""

    def __init__(self, maps: int, rows: int, columns: int, classes: int) -> None:
        super().__init__()
        self.size = (min(rows, MOST), min(columns, MOST))
        self.norm = nn.BatchNorm2d(maps)
        self.last = nn.Linear(maps * self.size[0] * self.size[1], classes)

    def forward(self, codes: Tensor) -> Tensor:
        """Scores (n, classes)."""
        x = F.adaptive_avg_pool2d(codes, self.size) if codes.shape[2:] != self.size else codes
        return cast(Tensor, self.last(self.norm(x).flatten(1)))


class Small(nn.Module):
    """A stem that brings maps to at most 32x32, two more convolutions, means of a 4x4 grid, and one layer.

    The stem is a convolution of as many pixels as it strides over, 3x3 where maps are that small already.
    """

    def __init__(self, maps: int, rows: int, columns: int, classes: int) -> None:
        super().__init__()
        step = math.ceil(max(rows, columns) / GRID)
        stem = nn.Conv2d(maps, STEM, step, step, bias=False) if step > 1 else nn.Conv2d(maps, STEM, 3, 1, 1, bias=False)
        self.body = nn.Sequential(
            stem,  # the batch norm behind it takes scale and offset of the codes away
            nn.BatchNorm2d(STEM),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(STEM, BODY, 3, 1, 1, bias=False),
            nn.BatchNorm2d(BODY),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(BODY, BODY, 3, 1, 1, bias=False),
            nn.BatchNorm2d(BODY),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(16 * BODY, classes),
        )

    def forward(self, codes: Tensor) -> Tensor:
        """Scores (n, classes)."""
        return cast(Tensor, self.body(codes))


class Frozen(nn.Module):
    """A transposed convolution from the codes of a frame to its picture, and the small head of raw frames as it is.

    codes: maps of one frame, and their size. frames: of a decision.
    backbone: trained on raw frames, its weights without gradients; heads of several threads share it.
    """

    def __init__(self, maps: int, rows: int, frames: int, backbone: Small) -> None:
        super().__init__()
        self.frames = frames
        pitch = 256 // rows
        self.spread = nn.ConvTranspose2d(maps // frames, 1, pitch, pitch)
        self.backbone = backbone

    def train(self, mode: bool = True) -> Frozen:
        """The backbone stays in its evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    def picture(self, codes: Tensor) -> Tensor:
        """(n, T, 256, 256)."""
        n = len(codes)
        spread: Tensor = self.spread(codes.reshape(n * self.frames, -1, *codes.shape[2:]))
        return spread.reshape(n, self.frames, *spread.shape[2:])

    def forward(self, codes: Tensor) -> Tensor:
        """Scores (n, classes)."""
        return cast(Tensor, self.backbone(self.picture(codes)))


def head(kind: str, codes: tuple[int, ...], classes: int) -> Linear | Small:
    """A head for codes (maps, rows, columns)."""
    maps, rows, columns = codes
    return Linear(maps, rows, columns, classes) if kind == "linear" else Small(maps, rows, columns, classes)


def weights(net: nn.Module) -> int:
    """Numbers that are learned."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


__all__ = ["Frozen", "Linear", "Small", "head", "torch", "weights"]
