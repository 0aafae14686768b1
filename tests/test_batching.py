"""Batches within a budget of padded tokens, and blocks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.batching import batches, pack

lengths_and_budget = (st.lists(st.integers(0, 60), max_size=40), st.integers(1, 200))


@given(*lengths_and_budget)
def test_batches_partition_the_sequences(lengths, budget):
    groups = batches(lengths, budget)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    assert all(groups)


@given(*lengths_and_budget)
def test_a_padded_batch_stays_within_the_budget_unless_it_is_one_sequence(lengths, budget):
    for group in batches(lengths, budget):
        padded = len(group) * max(lengths[i] for i in group)
        assert padded <= budget or len(group) == 1


@given(*lengths_and_budget)
def test_longest_first_and_equal_lengths_in_their_order(lengths, budget):
    order = [i for group in batches(lengths, budget) for i in group]
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


@given(*lengths_and_budget)
def test_no_batch_had_room_for_the_next_sequence(lengths, budget):
    groups = batches(lengths, budget)
    for group, _ in pairwise(groups):
        assert (len(group) + 1) * lengths[group[0]] > budget


@given(*lengths_and_budget)
def test_the_same_lengths_give_the_same_batches(lengths, budget):
    kept = list(lengths)
    assert batches(lengths, budget) == batches(tuple(lengths), budget)
    assert lengths == kept


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [([], []), ([3], [[0]]), ([50, 2, 5, 5, 1], [[0], [2, 3], [1, 4]])],
)
def test_batches_of_10_tokens(lengths, expected):
    assert batches(lengths, 10) == expected


@given(*lengths_and_budget)
def test_lengths_of_a_batch_are_alike_if_they_shall_be(lengths, budget):
    groups = batches(lengths, budget, alike=0.5)
    assert [i for group in groups for i in group] == [i for g in batches(lengths, 1) for i in g]
    for group, after in pairwise(groups):
        longest = lengths[group[0]]
        assert lengths[group[-1]] >= longest / 2
        assert lengths[after[0]] < longest / 2 or (len(group) + 1) * longest > budget


SIZES = (8, 16, 32)


@given(st.lists(st.integers(1, 50), max_size=60))
def test_blocks_hold_each_sequence_once_and_no_more_than_fits(lengths):
    blocks = pack(lengths, SIZES)
    assert sorted(i for block in blocks for i in block) == list(range(len(lengths)))
    assert blocks == pack(tuple(lengths), SIZES)
    for block in blocks:
        longest = lengths[block[0]]
        assert longest == max(lengths[i] for i in block)
        size = min([size for size in SIZES if size >= longest], default=longest)
        assert sum(lengths[i] for i in block) <= size


@given(st.lists(st.integers(1, 8), max_size=60))
def test_no_later_sequence_fits_into_an_earlier_block(lengths):
    blocks = pack(lengths, [8])
    free = [8 - sum(lengths[i] for i in block) for block in blocks]
    for number, block in enumerate(blocks):
        assert all(lengths[i] > room for i in block for room in free[:number])


def test_blocks_of_8_and_16():
    assert pack([5, 12, 3, 4, 4, 7], SIZES) == [[1, 3], [5], [0, 2], [4]]


@given(*lengths_and_budget)
def test_without_padding_a_batch_is_the_sum_of_its_sequences(lengths, budget):
    groups = batches(lengths, budget, padded=False)
    assert [i for group in groups for i in group] == [i for g in batches(lengths, 1) for i in g]
    for group, following in zip(groups, [*groups[1:], None]):
        size = sum(lengths[i] for i in group)
        assert size <= budget or len(group) == 1
        assert following is None or size + lengths[following[0]] > budget
