"""`scamp-sim train`: the recurrent network."""

from __future__ import annotations

from scamp_sim.cli.commands_torch import register_train as register
from scamp_sim.cli.commands_torch import train as run

NAME = "train"
HELP = (
    "Train PixelRNN with binary weights, by default on synthetic gestures. Needs the extra torch. A seed "
    "fixes every result. With --checkpoint an interrupted run resumes, and ends with the same weights."
)
EXAMPLES = ("scamp-sim train pixelrnn --out weights.npz",)

__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
