"""Linear layers laid out for the hardware: plain products are the oracle."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import gelu, linear
from transformers.activations import ACT2FN

from spacy_balc.nn.int8 import Int8Linear, has_int8, quantise
from spacy_balc.nn.linear import PackedLinear, _can_pack, fuse_gelu, make_linear

CPU = torch.device("cpu")
packs = pytest.mark.skipif(
    not _can_pack(torch.zeros(1), torch.bfloat16), reason="needs a CPU with bf16"
)
bytes_ = pytest.mark.skipif(not has_int8(CPU), reason="needs a CPU with VNNI")
shapes = st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 200), st.booleans())


def weights(n_in, n_out, bias, seed=0):
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(n_out, n_in, generator=generator) / n_in**0.5
    return matrix, torch.randn(n_out, generator=generator) if bias else None


def problem(shape):
    """Weight, bias, fp32 inputs (2, rows, in) and what they give."""
    n_in, n_out, rows, bias = shape
    matrix, offset = weights(n_in, n_out, bias)
    inputs = torch.randn(2, rows, n_in)
    return matrix, offset, inputs, linear(inputs, matrix, offset)


def error(found, expected):
    return ((found.float() - expected).norm() / expected.norm().clamp(min=1e-9)).item()


@packs
@settings(max_examples=25)
@given(shapes)
def test_packed_products(shape):
    matrix, offset, inputs, expected = problem(shape)
    layer = make_linear(matrix, offset, torch.bfloat16)
    assert isinstance(layer, PackedLinear)
    found = layer(inputs.bfloat16())
    assert found.dtype == torch.bfloat16 and found.shape == expected.shape
    assert error(found, expected) < 0.02
    layer.then = ("gelu", [], "none")
    assert error(layer(inputs.bfloat16()), gelu(expected)) < 0.03


@packs
@settings(max_examples=25)
@given(shapes)
def test_gradients_pass_through_frozen_products(shape):
    matrix, offset, inputs, expected = problem(shape)
    inputs.requires_grad_()
    upstream = torch.randn(expected.shape)
    layer = make_linear(matrix, offset, torch.bfloat16, training=True)
    assert not list(layer.parameters())
    found = layer(inputs)
    assert error(found.detach(), expected) < 0.02
    (gradient,) = torch.autograd.grad(found, inputs, upstream.bfloat16())
    assert gradient.dtype == torch.float32
    assert error(gradient, upstream @ matrix) < 0.02


@pytest.mark.parametrize("training", [True, False])
def test_in_full_precision_they_are_plain(training):
    matrix, offset = weights(5, 3, True)
    layer = make_linear(matrix, offset, torch.float32, training)
    assert type(layer) is nn.Linear
    inputs = torch.randn(4, 5)
    assert torch.equal(layer(inputs), linear(inputs, matrix, offset))
    assert not any(p.requires_grad for p in layer.parameters())


@packs
@pytest.mark.parametrize("name", ["gelu", "gelu_new", "relu", "silu"])
def test_only_exact_gelu_goes_into_the_product(name):
    owner = nn.Module()
    owner.dense = make_linear(*weights(16, 24, True), torch.bfloat16)
    owner.activation = ACT2FN[name]
    inputs = torch.randn(9, 16).bfloat16()
    expected = owner.activation(owner.dense(inputs).float())
    fuse_gelu(owner, "dense", "activation")
    assert (owner.dense.then[0] == "gelu") == (name == "gelu")
    assert error(owner.activation(owner.dense(inputs)), expected) < 0.01


@settings(max_examples=40)
@given(st.floats(-50, 50), st.floats(0.01, 50), st.integers(1, 40), st.integers(1, 9))
def test_codes_are_within_half_a_step_and_0_is_exact(middle, spread, rows, width):
    inputs = middle + spread * torch.randn(rows, width, generator=torch.Generator().manual_seed(0))
    inputs[0, 0] = 0.0
    codes, scale, zero = quantise(inputs)
    assert codes.dtype == torch.uint8 and 0 <= zero <= 255
    back = (codes.float() - zero) * scale
    assert (back - inputs).abs().max() <= scale * 1.01
    assert back[0, 0] == 0.0
    assert (back - inputs).abs().mean() <= scale * 0.51


@bytes_
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("bias", [True, False])
def test_int8_products(dtype, bias):
    matrix, offset = weights(384, 200, bias)
    inputs = torch.randn(3, 31, 384)
    layer = Int8Linear(matrix, offset)
    given_ = inputs.to(dtype)
    before = given_.clone()
    found = layer(given_)
    assert torch.equal(given_, before)
    assert found.dtype == dtype and found.shape == (3, 31, 200)
    assert error(found, linear(inputs, matrix, offset)) < 0.02
    layer.then = ("gelu", [], "none")
    assert error(layer(given_), gelu(linear(inputs, matrix, offset))) < 0.03


@bytes_
def test_int8_of_nothing_but_zeros():
    layer = Int8Linear(*weights(64, 32, True))
    assert torch.allclose(layer(torch.zeros(2, 5, 64)), layer.bias.expand(2, 5, 32), atol=1e-6)
