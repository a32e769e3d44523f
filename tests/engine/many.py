"""As many random programs as there is time for: `python -m tests.engine.many agreement --count 100000`.

agreement: the fast engine against the reference; every second program on a chip with errors.
twin: both engines against the third interpreter.
fused: fused code against the walk, bit for bit; every second program on a chip with errors.

A number is the same program on every machine. One that differs ends the run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from tests.engine import test_agreement, test_twin
from tests.engine.fused import test_equal
from tests.engine.programs import random_program

EVERY = 1000
"""Programs between two lines."""


def agreement(number: int) -> float:
    """The greatest difference of analog values, in LSB; digital ones are equal."""
    seed, chunks, steps = number // 2, 1 + number // 2 % 40, 1 + number // 2 % 6
    if number % 2:
        return test_agreement.check_chip(seed, chunks, steps)
    shape = test_agreement.SHAPES[seed % len(test_agreement.SHAPES)]
    return test_agreement.check(random_program(seed, shape, chunks, steps), seed)


def twin(number: int) -> float:
    """1 if the facts settle all comparisons of the program, or it was left before one that they do not."""
    return float(test_twin.check(number))


def fused(number: int) -> float:
    """Rows that were fused."""
    return float((test_equal.check_chip if number % 2 else test_equal.check_seed)(number // 2))


COMPARED: dict[str, tuple[Callable[[int], float], Callable[[float, float], float], str]] = {
    "agreement": (agreement, max, "greatest difference {:.3g} LSB"),
    "twin": (twin, float.__add__, "{:.0f} of them compared to the end"),
    "fused": (fused, float.__add__, "{:.0f} rows were fused"),
}
"""What is compared -> one program, what comes of two of them, how it is said."""


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compared", choices=COMPARED)
    parser.add_argument("--count", type=int, default=1000, help="programs (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default 0)")
    args = parser.parse_args(argv)
    compare, both, said = COMPARED[args.compared]
    found, began = 0.0, time.process_time()
    for done, number in enumerate(range(args.first, args.first + args.count), 1):
        try:
            found = both(found, compare(number))
        except Exception as e:
            raise SystemExit(f"{args.compared}: program {number} differs: {e}") from e
        if done % EVERY == 0 or done == args.count:
            took = time.process_time() - began
            print(f"{done} programs from {args.first}, {said.format(found)}, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()
