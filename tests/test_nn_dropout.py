"""Dropout: its share, its scale, its gradient, and where its chance comes from."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.nn.dropout import Dropout, dropout

TYPES = [torch.bfloat16, torch.float32, torch.float64]


@settings(max_examples=30)
@given(st.floats(0.01, 0.95), st.integers(0, 1000), st.sampled_from(TYPES))
def test_a_share_is_zero_and_the_others_are_scaled(rate, seed, dtype):
    torch.manual_seed(seed)
    found = dropout(torch.ones(200, 301, dtype=dtype), rate)
    zero = found == 0
    deviation = (rate * (1 - rate) / found.numel()) ** 0.5
    assert abs(zero.double().mean().item() - rate) < 6 * deviation + 1e-4
    torch.testing.assert_close(
        found[~zero], torch.full_like(found[~zero], 1 / (1 - rate)), rtol=5e-3, atol=0
    )
    rows = zero.double().mean(1)
    assert (rows - rate).abs().max() < 6 * (rate * (1 - rate) / 301) ** 0.5


def test_neighbours_and_calls_are_independent():
    torch.manual_seed(0)
    first, second = (dropout(torch.ones(100_000), 0.5) != 0 for _ in range(2))
    for step in (1, 2, 3, 4, 8):
        same = (first[step:] == first[:-step]).double().mean().item()
        assert abs(same - 0.5) < 0.02, step
    assert abs((first == second).double().mean().item() - 0.5) < 0.02


def test_torchs_seed_decides():
    torch.manual_seed(3)
    first = dropout(torch.ones(64, 9), 0.3)
    assert not torch.equal(dropout(torch.ones(64, 9), 0.3), first)
    torch.manual_seed(3)
    assert torch.equal(dropout(torch.ones(64, 9), 0.3), first)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 1023])
def test_the_gradient_is_the_mask(size):
    inputs = torch.randn(size, dtype=torch.float64, requires_grad=True)
    found = dropout(inputs, 0.4)
    found.sum().backward()
    torch.testing.assert_close(found.detach(), inputs.detach() * inputs.grad)


def test_rates_of_0_and_1():
    inputs = torch.randn(50_000)
    assert torch.equal(dropout(inputs, 0.0), inputs)
    assert not dropout(inputs, 1.0).any()


def test_the_module_rests_in_prediction():
    inputs = torch.randn(50)
    assert torch.equal(Dropout(0.5).eval()(inputs), inputs)
    assert (Dropout(0.5)(inputs) == 0).any()
