"""C++ for the SCAMP-5 SDK -> kernels and programs of ours."""

from __future__ import annotations

from compiler.sdk.blocks import Block, extract_from, extract_kernels
from compiler.sdk.program import assemble_sdk

__all__ = ["Block", "assemble_sdk", "extract_from", "extract_kernels"]
