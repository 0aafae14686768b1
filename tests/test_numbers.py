"""Losses and gradients that are not finite, extreme emissions, gradients that wait for a label."""

import itertools

import numpy
import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Adam

from spacy_balc.nn.crf import CRF
from spacy_balc.nn.tagger import Tagger
from spacy_balc.tags import MISSING, legal_transitions, tag_names

from .conftest import HASH_EMBED, TOY, head, toy_examples


def lora_nlp(tok2vec, **settings):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec, **settings))
    return nlp, toy_examples(nlp)


@pytest.fixture(params=["HashEmbedCNN", "LoraTransformer"])
def either(request, lora_tok2vec):
    """An initialized pipeline on either tok2vec, and its examples."""
    tok2vec = lora_tok2vec() if request.param == "LoraTransformer" else HASH_EMBED
    nlp, examples = lora_nlp(tok2vec)
    nlp.initialize(lambda: examples)
    return nlp, examples


def gradients(ner):
    """All gradients that wait, of torch's and of thinc's parameters."""
    waiting = {}
    for node in ner.model.walk():
        for shim in node.shims:
            for name, parameter in shim.trainable().items():
                if parameter.grad is not None:
                    waiting[node.name, name] = parameter.grad.numpy().copy()
        for name in node.param_names:
            if node.has_grad(name) and node.get_grad(name).any():
                waiting[node.name, node.id, name] = node.get_grad(name).copy()
    return waiting


def equal(first, second):
    return first.keys() == second.keys() and all(
        numpy.array_equal(first[key], second[key]) for key in first
    )


def weights(ner):
    return ner.to_bytes(exclude=["vocab"])


def learns(nlp, examples, optimizer):
    """Training goes on, as if nothing had been."""
    optimizer.learn_rate = 0.01
    losses = [nlp.update(examples, sgd=optimizer)["balc_ner"] for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


# Loss and gradients


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
@pytest.mark.parametrize("waiting", [False, True])
def test_a_loss_that_is_not_finite_stops_with_the_batch(value, waiting, either):
    nlp, examples = either
    ner, optimizer = nlp.get_pipe("balc_ner"), nlp.create_optimizer()
    if waiting:
        ner.update(examples)
    kept, before, losses = gradients(ner), weights(ner), {"balc_ner": 1.5}
    assert bool(kept) == waiting
    layer = ner.model.shims[0].module.output
    hook = layer.register_forward_hook(lambda module, inputs, output: output * value)
    with pytest.raises(ValueError, match="E910") as caught:
        nlp.update(examples, sgd=optimizer, losses=losses)
    hook.remove()
    assert all(text in str(caught.value) for text, _ in TOY)
    assert "4 docs" in str(caught.value)
    assert equal(gradients(ner), kept)
    assert weights(ner) == before
    assert losses == {"balc_ner": 1.5}
    learns(nlp, examples, optimizer)


def test_a_long_batch_is_named_in_short(toy_nlp):
    nlp, _ = toy_nlp
    ner = nlp.get_pipe("balc_ner")
    torch.nn.init.constant_(ner.model.shims[0].module.output.bias, numpy.nan)
    with pytest.raises(ValueError, match="E910") as caught:
        nlp.update(toy_examples(nlp, [("很好" * 50, [])] * 40), sgd=nlp.create_optimizer())
    assert "40 docs" in str(caught.value) and len(str(caught.value)) < 2000


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_a_gradient_that_is_not_finite_is_refused(value, either):
    nlp, examples = either
    ner, optimizer = nlp.get_pipe("balc_ner"), nlp.create_optimizer()
    before = weights(ner)
    hook = ner.model.shims[0].module.output.bias.register_hook(lambda grad: grad * value)
    with pytest.raises(ValueError, match="not finite in 1 of .* output.bias: nothing was updated"):
        nlp.update(examples, sgd=optimizer)
    hook.remove()
    assert weights(ner) == before
    assert not any("output" in name[1] for name in gradients(ner) if isinstance(name[1], str))
    learns(nlp, examples, optimizer)


def test_nothing_is_updated_where_the_encoders_gradient_is_not_finite(lora_tok2vec):
    nlp, examples = lora_nlp(lora_tok2vec())
    optimizer = nlp.initialize(lambda: examples)
    ner = nlp.get_pipe("balc_ner")
    nlp.update(examples, sgd=optimizer)
    before = weights(ner)
    name, parameter = next(iter(ner.model.layers[0].shims[0].trainable().items()))
    hook = parameter.register_hook(lambda grad: grad + numpy.inf)
    with pytest.raises(ValueError, match="nothing was updated"):
        nlp.update(examples, sgd=optimizer)
    hook.remove()
    assert weights(ner) == before


def test_nothing_of_a_refused_gradient_waits(either):
    nlp, examples = either
    ner, optimizer = nlp.get_pipe("balc_ner"), nlp.create_optimizer()
    nlp.update(examples, sgd=optimizer)
    ner.model.shims[0].module.output.bias.register_hook(lambda grad: grad * numpy.inf)
    with pytest.raises(ValueError, match="nothing was updated"):
        nlp.update(examples, sgd=optimizer)
    assert not gradients(ner)


# Extreme emissions


def make_crf(n_labels):
    n_tags = 2 * n_labels + 1
    starts, follows = legal_transitions(n_tags)
    crf = CRF(n_tags, torch.from_numpy(starts), torch.from_numpy(follows))
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf, starts, follows


def legal_paths(starts, follows, steps):
    for path in itertools.product(range(len(starts)), repeat=steps):
        if starts[path[0]] and all(follows[a, b] for a, b in zip(path, path[1:])):
            yield path


def score(crf, emissions, path):
    """In double precision."""
    start, end, between = (
        p.detach().double() for p in (crf.start_transitions, crf.end_transitions, crf.transitions)
    )
    total = start[path[0]] + end[path[-1]] + sum(between[a, b] for a, b in zip(path, path[1:]))
    return total + sum(emissions[i, tag].double() for i, tag in enumerate(path))


SIZES = {
    torch.float32: [1.0, 1e4, 6e4, 1e8, 1e30],
    torch.bfloat16: [1.0, 1e4, 6e4, 1e8, 1e30],
    torch.float16: [1.0, 1e4, 6e4],
}


@pytest.mark.parametrize("dtype, size", [(t, size) for t in SIZES for size in SIZES[t]], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_extreme_emissions_do_not_overflow(dtype, size, seed):
    torch.manual_seed(seed)
    crf, starts, follows = make_crf(n_labels=2)
    n_tags, steps = len(starts), 4
    signs = torch.sign(torch.randn(steps, n_tags))
    magnitudes = torch.where(torch.rand(steps, n_tags) < 0.5, size, 1.0)
    scale = 1.0 if seed % 2 else torch.rand(steps, n_tags)
    emissions = (signs * magnitudes * scale).to(dtype).requires_grad_()
    paths = list(legal_paths(starts, follows, steps))
    gold = paths[(seed * 37 + 11) % len(paths)]
    possible = torch.nn.functional.one_hot(torch.tensor(gold), n_tags).bool()
    found = crf.log_likelihood(emissions[None], possible[None], torch.tensor([steps]))
    found.sum().backward()
    assert found.isfinite().all() and emissions.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in crf.parameters())
    scores = torch.stack([score(crf, emissions.detach(), path) for path in paths])
    best = crf.best_path(emissions.detach()[None], torch.tensor([steps]))[0]
    assert tuple(best.tolist()) in paths
    if size <= 1e8:
        expected = score(crf, emissions.detach(), gold) - torch.logsumexp(scores, 0)
        assert found.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-5 * size + 1e-4)
        reached = score(crf, emissions.detach(), best.tolist()).item()
        assert reached == pytest.approx(scores.max().item(), rel=1e-6, abs=1e-6 * size)


@given(
    st.integers(1, 3),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.sampled_from([1e4, 1e8, 1e30]),
    st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    st.integers(0, 10**6),
)
@settings(max_examples=60)
def test_docs_of_extreme_emissions_have_finite_losses_and_legal_tags(
    n_labels, lengths, size, dtype, seed
):
    generator = torch.Generator().manual_seed(seed)
    n_tags = 2 * n_labels + 1
    tagger = Tagger(8, n_tags, 4, 0, 0, 1, True)
    largest = min(size, torch.finfo(dtype).max / 4)
    emissions = torch.randn(sum(lengths), n_tags, generator=generator).clamp(-3, 3) * largest
    emissions = emissions.to(dtype).requires_grad_()
    starts, follows = legal_transitions(n_tags)
    tags = [torch.randint(0, n_tags, (n,), generator=generator) for n in lengths]
    for row in tags:
        for i in range(len(row)):
            known = i and row[i - 1] != MISSING
            legal = follows[row[i - 1], row[i]] if known else starts[row[i]]
            row[i] = row[i] if legal else (MISSING if i % 3 else 0)
    loss = tagger.loss(emissions, tags)
    loss.backward()
    assert loss.isfinite() and emissions.grad.isfinite().all()
    best = tagger.decode(emissions.detach(), lengths)
    for row in best.split(lengths):
        row = row.tolist()
        assert starts[row[0]] and all(follows[a, b] for a, b in zip(row, row[1:]))


# Gradients that wait while a label comes


def rows(names, name, array):
    """An array of the head by tag, where it has tags."""
    if name in ("output.weight", "output.bias", "crf.start_transitions", "crf.end_transitions"):
        return dict(zip(names, array))
    if name == "crf.transitions":
        return {pair: array[pair] for pair in numpy.ndindex(array.shape)} | {
            (a, b): array[i, j] for i, a in enumerate(names) for j, b in enumerate(names)
        }
    return {"": array}


@pytest.mark.parametrize("label", ["AAA", "MMM", "ZZZ"])
def test_gradients_wait_for_a_label_that_comes(label, either):
    nlp, examples = either
    first = nlp.get_pipe("balc_ner")
    for _ in range(2):
        nlp.update(examples, sgd=nlp.create_optimizer())
    config = {"model": nlp.config["components"]["balc_ner"]["model"]}
    second = spacy.blank("zh").add_pipe("balc_ner", config=config)
    second.from_bytes(weights(first), exclude=["vocab"])
    # Plain gradient descent, where a step depends on the gradient alone.
    for ner in (first, second):
        optimizer = Adam(0.1, beta1=0.0, beta2=0.0, L2=0.0, grad_clip=0.5)
        ner.update(examples)
        if ner is first:
            ner.add_label(label)
        waiting = gradients(ner)
        assert waiting
        ner.finish_update(optimizer)
        if ner is second:
            ner.add_label(label)
    names = tag_names(first.labels)
    known = {name for name in names if label not in name}
    ours, theirs = (ner.model.shims[0].trainable() for ner in (first, second))
    assert ours.keys() == theirs.keys()
    moved = 0
    for name in ours:
        mine = rows(names, name, ours[name].detach().numpy())
        other = rows(names, name, theirs[name].detach().numpy())
        for key in mine:
            parts = set(key) if isinstance(key, tuple) else {key}
            if parts <= known or key == "":
                assert numpy.allclose(mine[key], other[key], atol=1e-7), (name, key)
                moved += 1
    assert moved > 20
    before = ours["output.weight"].detach().clone()
    first.update(examples, sgd=Adam(0.1))
    assert not torch.equal(before, first.model.shims[0].trainable()["output.weight"])
