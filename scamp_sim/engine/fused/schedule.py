"""Values -> stages: when each value of a row is made, in one pass over the rows of the array.

The pass goes down the rows. In step t a stage with lag L makes its values for row t - L, so a value that looks down
n rows lags n rows behind the one that it reads. Values that need nothing but the same PEs of the same row share a
stage and stay in registers; a new level begins where a whole row must be there first: at a move along the row, and
where bits and analog values meet. What leaves its stage goes through a ring of rows in a small workspace.

A plane is overwritten in place. A row of it is stored once everybody has read that row: in the stage that makes the
value if that is late enough, else in a stage of its own at the end of the step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from scamp_sim.engine.fused.values import CONSTANT, DIGITAL, FLAG_OCTETS, MEMORY, Node, Place, Values

MOST_NODES = 58
"""Nodes in a stage: beyond, a vector of PEs has more values alive than a processor has registers."""
CELL = 10
"""Nodes that a write with errors counts for."""


@dataclass
class Stage:
    """lag: rows behind the first.
    digital: whether it makes rows of packed bits.
    stores: (place, value).
    """

    lag: int
    level: int
    digital: bool
    nodes: list[int] = field(default_factory=list)
    weight: int = 0
    stores: list[tuple[Place, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Schedule:
    """stages: in the order of a step.
    rings: value -> rows that its ring holds.
    of: value -> its stage.
    """

    nodes: list[Node]
    stages: list[Stage]
    rings: dict[int, int]
    of: dict[int, Stage]

    @property
    def lag(self) -> int:
        """Steps that the pass takes beyond the rows of the array."""
        return max((s.lag for s in self.stages), default=0)


def is_digital(node: Node) -> bool:
    return node.op in DIGITAL


def row_of(node: Node, offset: int) -> int:
    """Rows down that a node reads an operand at.

    offset: of the reference.
    """
    return int(node.numbers[0]) if node.op == "neighbour" else offset


def lags(nodes: list[Node], before: list[int]) -> list[int]:
    """Lag of each node.

    `before`: of the first ones, known already.
    """
    found = before
    for node in nodes[len(before) :]:
        lag = 0
        for ref in node.refs:
            read = nodes[ref.value]
            if read.op not in MEMORY and read.op not in CONSTANT:
                lag = max(lag, found[ref.value] + max(0, row_of(node, ref.row)))
        found.append(lag)
    return found


def schedule(values: Values, results: Mapping[Place, int], most: int = MOST_NODES) -> Schedule:
    """Stages for the values that `results` (place -> value) needs."""
    nodes = values.nodes
    needed = _needed(nodes, results)
    lag = lags(nodes, [])
    stages: dict[tuple[int, int, bool], Stage] = {}
    of: dict[int, Stage] = {}
    for value in needed:
        node = nodes[value]
        if node.op in MEMORY or node.op in CONSTANT:
            continue
        digital = is_digital(node)
        level = 0
        for ref in node.refs:
            made = of.get(ref.value)
            if made is not None:
                together = (
                    made.lag == lag[value] and made.digital == digital and not (row_of(node, ref.row) or ref.column)
                )
                level = max(level, made.level + (not together))
        while _at(stages, lag[value], level, digital).weight >= most:
            level += 1
        stage = of[value] = _at(stages, lag[value], level, digital)
        stage.nodes.append(value)
        stage.weight += CELL if node.op in ("cell", "noise") else 1
    ordered = sorted(stages.values(), key=lambda s: (s.level, -s.lag, s.digital))
    ordered += _place_stores(nodes, ordered, of, results)
    return Schedule(nodes, ordered, _rings(nodes, ordered, of), of)


def _at(stages: dict[tuple[int, int, bool], Stage], lag: int, level: int, digital: bool) -> Stage:
    key = lag, level, digital
    if key not in stages:
        stages[key] = Stage(*key)
    return stages[key]


def _needed(nodes: list[Node], results: Mapping[Place, int]) -> list[int]:
    wanted = {*results.values()}
    for value in range(len(nodes) - 1, -1, -1):
        if value in wanted:
            wanted.update(ref.value for ref in nodes[value].refs)
    return sorted(wanted)


def _place_stores(
    nodes: list[Node], stages: list[Stage], of: Mapping[int, Stage], results: Mapping[Place, int]
) -> list[Stage]:
    """Give every result its store; the stages that had to be added for some."""
    readers: dict[Place, list[tuple[int, Stage, bool]]] = defaultdict(list)  # [lag behind, stage, of the same PE?]
    for stage in stages:
        for value in stage.nodes:
            node = nodes[value]
            for ref in node.refs:
                read = nodes[ref.value]
                if read.op in MEMORY:
                    row = row_of(node, ref.row)
                    same = not (row or ref.column)
                    readers[read.op, int(read.numbers[0])].append((stage.lag - row, stage, same))
    late: dict[tuple[int, bool], Stage] = {}
    last = 1 + max((s.level for s in stages), default=0)
    for place, value in results.items():
        made = of[value]

        def is_over(behind: int, reader: Stage, same: bool, made: Stage = made) -> bool:
            if behind != made.lag:
                return behind < made.lag
            return reader.level < made.level or (reader is made and same)

        if all(is_over(*r) for r in readers[place]):
            made.stores.append((place, value))
            continue
        lag = max(made.lag, *(behind for behind, _, _ in readers[place]))
        digital = place[0] == "bits"
        if (lag, digital) not in late:
            late[lag, digital] = Stage(lag, last, digital)
        late[lag, digital].stores.append((place, value))
    return list(late.values())


def _rings(nodes: list[Node], stages: list[Stage], of: Mapping[int, Stage]) -> dict[int, int]:
    """Rows that have to be kept of each value that is read outside its stage."""
    rows: dict[int, int] = {}
    for stage in stages:
        for value in stage.nodes:
            node = nodes[value]
            for ref in node.refs:
                made = of.get(ref.value)
                if made is not None and made is not stage:
                    kept = stage.lag - row_of(node, ref.row) - made.lag + 1
                    rows[ref.value] = max(rows.get(ref.value, 0), kept)
        for _, value in stage.stores:
            if of[value] is not stage:
                rows[value] = max(rows.get(value, 0), stage.lag - of[value].lag + 1)
    return rows


__all__ = ["FLAG_OCTETS", "Schedule", "Stage", "is_digital", "lags", "row_of", "schedule"]
