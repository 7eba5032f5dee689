"""The paths along which a derivative flows from the output back to a name."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from adcli.explain.scene import Scene

MOST_PATHS = 4
MOST_COUNTED = 1_000_000

Path = list[tuple[str, str]]


def paths_to(scene: Scene, name: str) -> list[Path]:
    """Paths from the output to ``name`` as pairs (node, operand), the shortest way to the output last;
    at most ``MOST_PATHS``, and never by recursion."""
    readers: dict[str, list[str]] = {}
    for node in scene.flowing:
        for operand in dict.fromkeys(node.operands):
            if operand in scene.base.flows:
                readers.setdefault(operand, []).append(node.name)
    found: list[Path] = []
    waiting: list[tuple[str, tuple[str, ...]]] = [(name, ())]
    while waiting and len(found) < MOST_PATHS:
        at, way = waiting.pop()
        steps: list[str] = [at]
        nexts = readers.get(at, [])
        while len(nexts) == 1:
            steps.append(nexts[0])
            nexts = readers.get(nexts[0], [])
        way = (*way, *steps)
        if not nexts:
            found.append([(node, operand) for operand, node in pairwise(way)][::-1])
        waiting.extend((reader, way) for reader in nexts)
    return [path for path in found if path and path[0][0] == scene.output]


def count_paths(scene: Scene) -> Counter[str]:
    """Name → how many paths lead to it from the output; of more than ``MOST_COUNTED`` not how many more."""
    count = Counter({scene.output: 1})
    for node in reversed(scene.flowing):
        for operand in set(node.operands):
            if operand in scene.base.flows:
                count[operand] = min(count[operand] + count[node.name], MOST_COUNTED + 1)
    return count
