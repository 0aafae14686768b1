"""The development split: a partition in contiguous blocks, the same each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.split import dev_blocks

SHARES = st.floats(0.01, 0.5)
BLOCKS = st.integers(1, 600)


def runs(indices: list[int]) -> int:
    """How many stretches of consecutive numbers there are."""
    return sum(1 for i, number in enumerate(indices) if i == 0 or number != indices[i - 1] + 1)


@given(st.integers(0, 3000), SHARES, BLOCKS)
def test_each_sentence_is_in_one_set(n, share, block):
    train, dev = dev_blocks(n, share, block)
    assert sorted(train + dev) == list(range(n))
    assert train == sorted(train) and dev == sorted(dev)
    if n >= 2:
        assert train and dev


@given(st.integers(2, 3000), SHARES, BLOCKS)
def test_the_share_is_right_within_one_sentence_a_block(n, share, block):
    _, dev = dev_blocks(n, share, block)
    assert abs(len(dev) - n * share) <= runs(dev)


@given(st.integers(1000, 60000), st.floats(0.05, 0.3))
def test_development_comes_in_long_runs_spread_over_the_file(n, share):
    _, dev = dev_blocks(n, share, block=500)
    number = runs(dev)
    assert number == max(1, round(n * share / 500))
    assert len(dev) / number >= min(n * share - 1, 300)
    for i in range(number):
        assert any(n * i // number <= index < n * (i + 1) // number for index in dev)


def test_the_rule_by_hand():
    train, dev = dev_blocks(10000, share=0.1, block=500)
    assert dev == [*range(4500, 5000), *range(9500, 10000)]
    assert dev_blocks(3000)[1] == list(range(2700, 3000))
    assert dev_blocks(2) == ([0], [1])
    assert dev_blocks(1) == ([0], [])
    assert dev_blocks(0) == ([], [])


@pytest.mark.parametrize("share, block", [(0, 500), (0.6, 500), (-0.1, 500), (0.1, 0)])
def test_a_meaningless_setting_is_refused(share, block):
    with pytest.raises(ValueError, match="share must be|block must hold"):
        dev_blocks(10, share, block)
