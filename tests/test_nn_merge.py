"""The encoder merged for prediction and cast for training: fp32 as the oracle of bf16 and int8."""

import pytest
import torch

from spacy_balc.nn.encoder import for_training, load, merge
from spacy_balc.nn.int8 import has_int8
from spacy_balc.shim import copy_module

from .test_nn_encoder import DOCS, KINDS, LORA, assert_equal, vectors, with_adapters


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("targets", [["query", "key"], ["query", "value", "dense", "ffn"]])
def test_merging_gives_the_same_answers_and_leaves_the_original_bit_identical(
    encoder, kind, targets
):
    if kind != "albert":
        targets = [name for name in targets if name != "ffn"]
    ours = with_adapters(load(encoder(kind), {**LORA, "targets": targets})[1])
    plain = vectors(load(encoder(kind), None)[1].eval(), DOCS)
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    expected = vectors(ours, DOCS)
    merged = merge(copy_module(ours.train(), sharing=True), torch.float32)
    assert_equal(vectors(merged, DOCS), expected)
    assert ours.training
    assert (expected[0] - plain[0]).abs().max() > 0.05
    assert not any("lora_" in name for name in merged.state_dict())
    assert not any(p.requires_grad for p in merged.parameters())
    assert not merged.training
    assert ours.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.state_dict().items())
    assert {n for n, p in ours.named_parameters() if p.requires_grad} == {
        n for n in before if "lora_" in n
    }
    assert_equal(vectors(ours.eval(), DOCS), expected, atol=0)


@pytest.mark.parametrize("lora", [None, {**LORA, "rank": 0}])
def test_merging_without_adapters(encoder, lora):
    _, ours = load(encoder("bert"), lora)
    merged = merge(copy_module(ours, sharing=True), torch.float32)
    assert_equal(vectors(merged, DOCS), vectors(ours.eval(), DOCS), atol=0)


def relative_error(found, expected):
    found, expected = torch.cat(found), torch.cat(expected)
    return ((found - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("kind", ["bert", "albert", "roberta"])
def test_bf16_agrees_roughly_with_fp32(encoder, kind):
    ours = with_adapters(load(encoder(kind), LORA)[1])
    expected = vectors(ours, DOCS)
    merged = merge(copy_module(ours, sharing=True), torch.bfloat16)
    training = for_training(ours, copy_module(ours, sharing=True), torch.bfloat16).eval()
    for half in (merged, training):
        types = {name: p.dtype for name, p in half.named_parameters()}
        for name, dtype in types.items():
            norm = half is training and ("LayerNorm" in name or "layer_norm" in name)
            full = norm or ".embeddings." in name or "lora_" in name
            assert dtype == (torch.float32 if full else torch.bfloat16), name
        with torch.autocast("cpu", torch.bfloat16, enabled=half is training):
            found = vectors(half, DOCS)
        assert found[0].dtype == torch.float32
        assert 0 < relative_error(found, expected) < 0.03
    assert all(p.requires_grad == ("lora_" in n) for n, p in training.named_parameters())
    assert all(p.dtype == torch.float32 for p in ours.parameters())


def test_gradients_in_bf16_arrive_in_fp32_and_agree_roughly(encoder):
    ours = with_adapters(load(encoder("bert"), LORA)[1])
    half = for_training(ours, copy_module(ours, sharing=True), torch.bfloat16)
    adapters = {name: p for name, p in ours.named_parameters() if p.requires_grad}
    weights = torch.randn((sum(map(len, DOCS)), 32), generator=torch.Generator().manual_seed(0))

    def gradients(module):
        loss = (module.vectors(DOCS, 48, 32, "mean") * weights).sum()
        return torch.autograd.grad(loss, list(adapters.values()))

    expected = gradients(ours)
    with torch.autocast("cpu", torch.bfloat16):
        found = gradients(half)
    assert all(gradient.dtype == torch.float32 for gradient in found)
    flat = [[gradient.flatten() for gradient in part] for part in (found, expected)]
    assert 0 < relative_error(*flat) < 0.1


@pytest.mark.skipif(not has_int8(torch.device("cpu")), reason="needs a CPU with VNNI")
@pytest.mark.parametrize("kind", ["bert", "albert", "roberta"])
def test_int8_agrees_roughly_with_fp32(encoder, kind):
    ours = with_adapters(load(encoder(kind), LORA)[1])
    merged = merge(copy_module(ours, sharing=True), torch.float32, int8=True)
    assert 0 < relative_error(vectors(merged, DOCS), vectors(ours, DOCS)) < 0.1
