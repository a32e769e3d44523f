"""Benchmarks: what users do, in processor time, beside what the processor can do."""
