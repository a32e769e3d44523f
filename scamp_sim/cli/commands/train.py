"""`scamp-sim train`: the recurrent network."""

from __future__ import annotations

from scamp_sim.cli.commands_torch import register_train as register
from scamp_sim.cli.commands_torch import train as run

NAME = "train"
HELP = (
    "Train PixelRNN with binary weights, on drawn gestures unless said otherwise. Needs the extra torch. A seed "
    "fixes every result. With --checkpoint an interrupted run goes on where it stopped, to the same end."
)
EXAMPLES = ("scamp-sim train pixelrnn --out weights.npz",)

__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
