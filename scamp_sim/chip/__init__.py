"""What the chip is, as tables and records: instructions, host functions, programs, planes, what leaves it."""
