"""The SCAMP-5 programs of networks that a user brings: layers as pieces of text, composed into one program.

A piece is a stage of a network in one layout; it takes plain arrays. Which pieces a network needs, with which
amplitudes and levels, is the planner's part: `scamp_sim.systems.network`.
"""

from scamp_sim.kernels.network.pieces import Part, Piece, compose

__all__ = ["Part", "Piece", "compose"]
