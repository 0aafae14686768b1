"""Windows over a long sequence, against brute force."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.windows import windows

shapes = st.integers(1, 40).flatmap(
    lambda window: st.tuples(st.integers(0, 200), st.just(window), st.integers(1, window))
)


@settings(max_examples=300)
@given(shapes)
def test_kept_ranges_partition_the_sequence_within_their_windows(shape):
    length, window, stride = shape
    cuts = windows(length, window, stride)
    kept = [piece for _, _, start, end in cuts for piece in range(start, end)]
    assert kept == list(range(length))
    for start, end, keep_start, keep_end in cuts:
        assert 0 <= start <= keep_start <= keep_end <= end <= length


@settings(max_examples=300)
@given(shapes)
def test_windows_are_full_and_a_stride_apart(shape):
    length, window, stride = shape
    cuts = windows(length, window, stride)
    assert all(end - start == min(length, window) for start, end, _, _ in cuts)
    starts = [start for start, *_ in cuts]
    assert starts[:-1] == [stride * k for k in range(len(starts) - 1)]
    assert cuts[-1][1] == length
    # one window fewer would not reach the end
    assert len(starts) == 1 or starts[-2] + window < length


@settings(max_examples=300)
@given(shapes)
def test_each_piece_is_kept_where_it_is_farthest_from_a_cut(shape):
    length, window, stride = shape
    cuts = windows(length, window, stride)

    def distance(piece, start, end):
        left = piece - start if start > 0 else length
        right = end - 1 - piece if end < length else length
        return min(left, right)

    for start, end, keep_start, keep_end in cuts:
        for piece in range(keep_start, keep_end):
            assert distance(piece, start, end) == max(
                distance(piece, *other[:2]) for other in cuts if other[0] <= piece < other[1]
            )


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, [(0, 0, 0, 0)]),
        (8, [(0, 8, 0, 8)]),
        (9, [(0, 8, 0, 4), (1, 9, 4, 9)]),
        (16, [(0, 8, 0, 6), (4, 12, 6, 10), (8, 16, 10, 16)]),
    ],
)
def test_windows_of_8_with_a_stride_of_4(length, expected):
    assert windows(length, 8, 4) == expected
