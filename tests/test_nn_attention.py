"""Banded self-attention against a dense reference, step by step in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.nn import attention
from spacy_balc.nn.attention import BandedSelfAttention


def make(width=8, heads=2, window=3, seed=0):
    torch.manual_seed(seed)
    layer = BandedSelfAttention(width, heads, window).double()
    with torch.no_grad():
        layer.norm.weight.normal_(1.0, 0.3)
        layer.norm.bias.normal_(0.0, 0.3)
        layer.project.weight.mul_(3.0)  # far from uniform attention
    return layer


def dense(layer, row):
    """One sequence (steps, width), with all scores and an explicit mask."""
    steps, width = row.shape
    query, key, value = (row @ layer.project.weight.T + layer.project.bias).chunk(3, dim=1)
    part = width // layer.heads
    step = torch.arange(steps)
    seen = (step[:, None] - step).abs() <= layer.window
    mixed = []
    for head in range(layer.heads):
        own = slice(head * part, (head + 1) * part)
        scores = query[:, own] @ key[:, own].T / math.sqrt(part)
        mixed.append(scores.masked_fill(~seen, -math.inf).softmax(dim=1) @ value[:, own])
    merged = torch.cat(mixed, dim=1) @ layer.merge.weight.T + layer.merge.bias
    total = row + merged
    centred = total - total.mean(dim=1, keepdim=True)
    normed = centred / (centred.pow(2).mean(dim=1, keepdim=True) + layer.norm.eps).sqrt()
    return normed * layer.norm.weight + layer.norm.bias


@settings(max_examples=80)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.integers(1, 12),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([1, 2, 64]),
    st.integers(0, 2**20),
)
def test_equals_dense_attention_with_an_explicit_mask(lengths, window, heads, at_a_time, seed):
    layer = make(heads=heads, window=window, seed=seed)
    inputs = torch.randn((sum(lengths), 8), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "BLOCKS", at_a_time)
        outputs = layer(inputs, lengths)
    assert outputs.shape == inputs.shape
    expected = torch.cat([dense(layer, row) for row in inputs.split(lengths)])
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", [1, 3, 4, 5, 6, 7, 9, 12, 13])
def test_any_length_about_a_window_of_3(steps):
    layer = make(window=3)
    inputs = torch.randn((steps, 8), dtype=torch.float64)
    torch.testing.assert_close(layer(inputs, [steps]), dense(layer, inputs))


@settings(max_examples=40)
@given(st.lists(st.integers(1, 25), min_size=2, max_size=5), st.integers(1, 10))
def test_no_sequence_sees_another(lengths, window):
    layer = make(window=window)
    inputs = torch.randn((sum(lengths), 8), dtype=torch.float64, requires_grad=True)
    layer(inputs, lengths)[: lengths[0]].pow(3).sum().backward()
    assert inputs.grad[: lengths[0]].any(dim=1).all()
    assert not inputs.grad[lengths[0] :].any()


def test_a_step_sees_window_steps_to_either_side_and_no_more():
    layer = make(window=3)
    inputs = torch.randn((20, 8), dtype=torch.float64, requires_grad=True)
    layer(inputs, [20])[9].pow(3).sum().backward()
    assert inputs.grad.any(dim=1).nonzero().flatten().tolist() == list(range(6, 13))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="attention_heads = 3 does not divide 8.*hidden_width"):
        BandedSelfAttention(8, 3, 4)
