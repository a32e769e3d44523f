"""Processing in pixel in memory (P2M): an image sensor whose pixels carry the weights of a network's first layer."""

from scamp_sim.systems.p2m.golden import Conversion, authors_layer, curve, front_end, ideal_layer

__all__ = ["Conversion", "authors_layer", "curve", "front_end", "ideal_layer"]
