"""Batches of similar length within a budget of tokens, and blocks that short sequences share."""

from bisect import bisect_right
from typing import Sequence


def batches(
    lengths: Sequence[int], budget: int, padded: bool = True, alike: float = 0.0
) -> list[list[int]]:
    """Group the numbers of sequences so that each group, padded to its longest or as it is, holds
    at most `budget` tokens; a longer sequence is a group of its own. None is shorter than the share
    `alike` of the longest in its group.

    Sequences are sorted by length, longest first (so the largest batch is met first), and equal
    lengths keep their order: the same lengths always give the same groups.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups: list[list[int]] = []
    full = budget
    for i in order:
        longest = lengths[groups[-1][0]] if groups else 0
        full += longest if padded and groups else lengths[i]
        if groups and full <= budget and lengths[i] >= alike * longest:
            groups[-1].append(i)
        else:
            groups.append([i])
            full = lengths[i]
    return groups


def pack(lengths: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Group the numbers of sequences into blocks that hold them one behind the other.

    sizes: of blocks, ascending. A block is of the least size that its longest sequence, the first,
    fits into and is filled with the longest that still fit. The same lengths always give the same
    blocks, larger ones first.
    """
    left: dict[int, list[int]] = {}
    for i in reversed(range(len(lengths))):
        left.setdefault(lengths[i], []).append(i)
    known = sorted(left)
    blocks = []
    while known:
        room = block_size(known[-1], sizes)
        block = []
        while place := bisect_right(known, room):
            length = known[place - 1]
            block.append(left[length].pop())
            room -= length
            if not left[length]:
                del known[place - 1]
        blocks.append(block)
    return blocks


def block_size(length: int, sizes: Sequence[int]) -> int:
    """The least of the sizes, ascending, that a sequence fits into; its own length if none is."""
    return next((size for size in sizes if size >= length), length)
