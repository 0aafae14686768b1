"""Batches of similar length within a budget of tokens."""

from typing import Sequence


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group the numbers of sequences so that each group, padded to its longest, holds at most
    `budget` tokens; a longer sequence is a group of its own.

    Sequences are sorted by length, longest first (so the largest batch is met first), and equal
    lengths keep their order: the same lengths always give the same groups.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups: list[list[int]] = []
    for i in order:
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups
