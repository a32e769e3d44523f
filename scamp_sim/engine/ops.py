"""Operation codes of the lowered program: what `lower` writes and `walk` carries out.

A row is `WIDTH` integers: [op, destination, number of sources, source 0..3, extra, p, q, r], and for writes with errors
[..., planes of gain and offset, the same for a second word, row, column, rest, number, purpose, second]. Planes are
numbered; the first nine analog numbers and the first sixteen bit numbers are registers.
"""

from __future__ import annotations

from scamp_sim.chip import isa

WIDTH = 21
OP, DST, COUNT, SRC, EXTRA, P, Q, R = 0, 1, 2, 3, 7, 8, 9, 10
GAIN, OFFSET, ROW, COLUMN, REST, NUMBER, PURPOSE, SECOND = 11, 12, 15, 16, 17, 18, 19, 20

# analog planes
ANALOG_INDEX = {r: i for i, r in enumerate((*isa.ANALOG, *isa.ANALOG_INPUTS))}
NEWS = ANALOG_INDEX["NEWS"]
SPARE, SUM, PORTS, DRIVE, SEEN, ZERO, GROUND = 9, 10, 11, 12, 13, 14, 15  # the ground of the draws: uint32
ANALOG_PLANES = 16
"""Behind them lie the planes of a chip's errors."""

# bit planes
BIT_INDEX = {r: i for i, r in enumerate((*isa.DIGITAL_SOURCES, isa.LATCH))}
R0, R12, FLAG, SELECT, RECT, LATCH = (BIT_INDEX[r] for r in ("R0", "R12", "FLAG", "SELECT", "RECT", isa.LATCH))
SOUTH, WEST, NORTH, EAST = (BIT_INDEX[isa.DIRECTIONS[d].gate] for d in ("south", "west", "north", "east"))
SCRATCH, SCRATCH2 = 17, 18
LEFT, RIGHT = 19, 20  # never change: 1 in the first and in the last column
BIT_PLANES = 21

# Analog, row by row: rows of PEs do not depend on each other, so a run of these can go band by band.
LINEAR = 1  # d := clip(p/q * sum of sources)
LINEAR_MASKED = 2  # the same where FLAG = 1, else extra
SUBTRACT = 3  # d := clip(clip(sum of 1 or 2 sources) - extra)
SUBTRACT_MASKED = 4  # d := clip(source 0 - extra) where FLAG = 1, else plane p
SHIFT_EAST_WEST = 5  # d := clip(p * sum of 1 or 2 sources from r columns away), then, if extra >= 0, clip(d - extra)
WHERE = 6  # FLAG := sum > 0, one byte a PE
BANDED = 6
# Analog, whole planes.
SHIFT = 7  # as SHIFT_EAST_WEST, from q rows and r columns away
ACCUMULATE = 8  # d := sum of sources, no clipping
ADD_SHIFTED = 9  # d += source 0 from q rows and r columns away, 0 outside
ADD_SCALED = 10  # d += source 0 / p
DIVIDE = 11  # d := p * source 0 / q
ZERO_UNFLAGGED = 12  # d := 0 where FLAG = 0
FILL = 13  # d := p / q, p if q is 0
FILL_MASKED = 14  # d := p where FLAG = 1
CLIP = 15  # d := clip(d)
BLUR = 16  # d := p * (source 0 + k * flux), q: vertical, r: horizontal
AMPLIFY = 17  # d := p * (source 0 - q) + q, within source 1..source 2, which are numbers
# Bits.
BITS_FILL = 32  # d and the planes behind it, as many as sources are counted: p
BITS_OR = 33  # d := OR of sources, inverted if p
BITS_MERGE = 34  # d := source 0 where source 1, else d
BITS_DNEWS = 35  # d := neighbours of source 0, p: value outside
BITS_PROP = 36  # R12 floods, p: value outside, q: R1..R4 are known to be all ones
BITS_PATTERN = 37  # d := address match; sources 0..3 hold r, c, rx, cx
BITS_RECT = 38  # d := rectangle; sources 0..3 hold r0, c0, r1, c1
FLAG_PACK = 39  # FLAG bytes -> bits
FLAG_UNPACK = 40  # FLAG bits -> bytes
BITS_MOVE = 41  # d := the neighbour of source 0 in direction q, 0 south, 1 west, 2 north, 3 east; p: value outside

# With errors. E: gain, offset, noise, compression.
ADD_NOISE = 31  # d := source 0 + noise
# d := E(p/q * (source 0 + source 1), from ROW and COLUMN away), where FLAG = 1 if extra, the old plane, is given
# d := E(...) with REST, if it is not ZERO, added to the source from ROW and COLUMN away: p/q is -1 then
WRITE = 48
WRITE_PAIR = 49  # d := E(-(E(-(source 0 + source 1)) + REST)), likewise; p: bits of `ChipNumbers.bound`

WRITES_ALL = frozenset(
    (LINEAR, LINEAR_MASKED, SUBTRACT, SUBTRACT_MASKED, SHIFT_EAST_WEST, SHIFT, ACCUMULATE, DIVIDE, FILL, BLUR, AMPLIFY)
)
"""Operations that give every PE of their analog destination a new value; masked ones find the old one elsewhere."""
CHANGES = frozenset((ADD_SHIFTED, ADD_SCALED, ZERO_UNFLAGGED, FILL_MASKED, CLIP))
"""Operations that change their analog destination."""
