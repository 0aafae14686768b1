"""Overlapping windows over a sequence that is longer than an encoder can take."""


def windows(length: int, window: int, stride: int) -> list[tuple[int, int, int, int]]:
    """Windows (start, end, keep_start, keep_end) over `length` word pieces.

    window, stride: size and step in word pieces, 0 < stride <= window. The last window ends at
    the last piece and is as large as the others. The kept ranges partition the sequence: each
    piece is kept from the window in which it is farthest from a cut (the sequence's own ends are
    no cuts).
    """
    if length <= window:
        return [(0, length, 0, length)]
    starts = list(range(0, length - window, stride)) + [length - window]
    bounds = [0]
    for left, right in zip(starts, starts[1:]):
        bounds.append((right + left + window) // 2)
    bounds.append(length)
    return [
        (start, start + window, bounds[i], bounds[i + 1]) for i, start in enumerate(starts)
    ]
