"""Texts of kernels that need no C++ to be understood: marked blocks, JSS, the output of AUKE and Cain."""

from __future__ import annotations

from scamp_sim.compiler.sdk.blocks import Block, extract_from, extract_kernels
from scamp_sim.compiler.sdk.program import assemble_sdk

__all__ = ["Block", "assemble_sdk", "extract_from", "extract_kernels"]
