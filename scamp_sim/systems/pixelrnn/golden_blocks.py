"""What the block mapping computes, in plain NumPy: golden variant H, beside the golden model G of `golden`.

result = encode(frames, weights, "published")     # the fields of golden.encode, without stages

"lean" computes what the network says: H is G. Walls, edges and places cost it no accuracy.

"published" differs from G in all of the following, because the released program does:

* Sums end up at the bottom left corner of their window: at p lies the sum around the PE 2 to the right and 2 up.
* A bit has no third value. What is beyond the array counts as -1, not as 0. Beyond the edge of a block lies another
  block: the same picture once more for the CNN, and for the gates x beside h, one copy below the other, -1 elsewhere.
* The picture walks 4 PEs to the left and back. What left the array at its left edge comes back as -1.
* The top line and the right line of a block are walls: no taps are added there. Their sums are 0, which is no maximum
  and not above a positive theta_r; so f is -1 on them, and h changes in every frame.
* Window (i, j) of b covers rows 4i - 1 to 4i + 2 and columns 4j + 7 to 4j + 10 of the sums, not 4i and 4j on. What is
  beyond the array counts as 0. The last row of b is -1.
* A rectangle of 127x127 keeps the sums of the gates. In its left column the x part of f and of o is -8, which a
  register held from before, and the last row of o is 0.
* A sum that equals the threshold in whole LSB is not above it (`ties="down"` of the golden model).
* o leaves through a converter of 8 bits at 10 LSB for a sum of 1: it is cut off at -12.8 and 12.7.

Neither has the compression of registers beyond about 150 LSB, which ideal registers do not show: sums reach 250 here,
250 for a gate, 500 for f and o.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.kernels.depthwise import tile as sixteen_times
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.golden import FRAMES, INPUT_LEVEL, SIDE, Bits, Result
from scamp_sim.systems.pixelrnn.params import SIZE, Weights, check_weights

WALK = SIZE - 1
"""How far the picture walks along a row of taps, and how many rows there are above the first."""

FIRST, FILLER = 7, -8
"""Column where the first pooling window begins; what stands for the x part of a gate in the left column."""

UNIT = golden.LEVELS_PER_UNIT
LOWEST, HIGHEST = -128, 127

Sums = npt.NDArray[np.int16]


def encode(clip: npt.ArrayLike, weights: Weights, version: str = "published", level: float = INPUT_LEVEL) -> Result:
    """What the block mapping gives for one clip, free of noise. Raises PlaneError, ProgramError."""
    if version == "lean":
        return golden.encode(clip, weights, level=level)
    if version != "published":
        raise OptionError(f"unknown version '{version}'; there are lean, published")
    if check_weights(weights).layers != 1:
        raise ProgramError(f"the block mapping takes one layer of kernels; these weights have {weights.layers}")
    kernels, theta1 = weights.layer(0)
    x = golden.binarise(golden.checked(clip), level)
    b, f, h = np.empty((3, FRAMES, SIDE, SIDE), bool)
    state, o = np.ones((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), np.int16)
    grid = kernels.reshape(4, 4, SIZE, SIZE).swapaxes(0, 1)  # kernel r + 4 c is in block row r, block column c
    for t in range(FRAMES):
        sums = anchored(sixteen_times(x[t]), grid, edge=True)
        b[t] = golden.threshold(pooled(sums), theta1, "down")
        b[t, -1] = False
        total, o = gates(b[t], state, weights)
        f[t] = golden.threshold(total, weights.theta_r, "down")
        state = h[t] = golden.update(state, f[t])
    out = np.clip(UNIT * o, LOWEST, HIGHEST).astype(np.float32) / np.float32(UNIT)
    return Result(x, b, f, h, out)


def anchored(plane: Bits, kernels: npt.NDArray[np.int8], *, edge: bool) -> Sums:
    """Sums of a plane of blocks: at p, that of the window whose bottom left corner is p; 0 on the walls.

    kernels: (block rows, block columns, 5, 5).
    edge: whether the left edge of the plane is that of the array.
    """
    lost = plane.copy()
    if edge:
        lost[:, :WALK] = False
    rows, columns = plane.shape
    total = np.zeros(plane.shape, np.int16)
    for i, j in np.ndindex(SIZE, SIZE):
        # the bottom row of taps comes first, before anything was pushed out
        seen = np.pad(plane if i == WALK else lost, ((WALK, 0), (0, WALK)))[i : i + rows, j : j + columns]
        sign = np.kron(kernels[:, :, i, j], np.ones((SIDE, SIDE), np.int8))
        total += np.where(seen, sign, -sign)
    total[::SIDE] = 0
    total[:, SIDE - 1 :: SIDE] = 0
    return total


def pooled(sums: Sums) -> Sums:
    """Maxima of windows (64, 64), of a plane of sums (256, 256): below 0 they count as 0, as beyond the array."""
    window = golden.WINDOW
    seen = np.pad(np.maximum(sums, 0), ((1, 0), (0, window - 1 + FIRST)))[: len(sums), FIRST : len(sums) + FIRST]
    return np.asarray(golden.pool(seen))


def gates(b: Bits, h: Bits, weights: Weights) -> tuple[Sums, Sums]:
    """The sums for f and o: x and h side by side in four blocks, -1 around them."""
    field = np.pad(np.tile(np.hstack([b, h]), (2, 1)), ((SIDE, 0), (0, SIDE)))
    unused = -np.ones((SIZE, SIZE), np.int8)
    kernels = [[unused] * 3, [weights.w_f, weights.u_f, unused], [weights.w_o, weights.u_o, unused]]
    sums = anchored(field, np.array(kernels), edge=False)
    sums[:, 0] = FILLER
    _, f, o = sums.reshape(3, SIDE, 3 * SIDE)
    total_f, total_o = f[:, :SIDE] + f[:, SIDE : 2 * SIDE], o[:, :SIDE] + o[:, SIDE : 2 * SIDE]
    total_o[-1] = 0
    return total_f, total_o


__all__ = ["anchored", "encode", "gates", "pooled"]
