"""Adversarial training: the gradients of both passes, what it leaves alone, what it refuses."""

import pytest
import spacy
import torch
from spacy.training import Example

from spacy_balc.ner import BalcNer

from .conftest import HASH_EMBED, head, learn, randomize, toy_examples

LORA = {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.0}
WAYS = {"every weight": None, "LoRA": LORA, "frozen": {**LORA, "rank": 0}}
EMBEDDINGS = "transformer.embeddings.word_embeddings.weight"
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}


def pipeline(tok2vec, norm=0.0):
    """A blank pipeline whose balc_ner has weights that count, its component and the examples."""
    nlp = spacy.blank("zh")
    ner = nlp.add_pipe("balc_ner", config={**head(tok2vec), "adversarial_norm": norm})
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    for shim in shims(ner):
        randomize(shim, "lora_B", "output", "crf")
    return nlp, ner, examples


def shims(ner):
    return [ner.model.shims[0], ner.model.layers[0].shims[0]]


def table(ner):
    return ner.model.layers[0].shims[0].module.transformer.get_input_embeddings().weight


def gradients(ner):
    """Copies of the gradients that wait, by number of shim and name; then none of them does."""
    found = {
        (number, name): p.grad.clone()
        for number, shim in enumerate(shims(ner))
        for name, p in shim.trainable().items()
        if p.grad is not None
    }
    for shim in shims(ner):
        shim.drop_gradients()
    return found


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "albert"])
@pytest.mark.parametrize("lora", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_of_both_passes(kind, lora, checkpointing, lora_tok2vec):
    tok2vec = lora_tok2vec(kind, lora=lora, gradient_checkpointing=checkpointing)
    _, ner, examples = pipeline(tok2vec)
    weights = table(ner)
    # The oracle moves the table itself, and trains it to have its gradient.
    weights.requires_grad_(True)
    ner.update(examples)
    first = weights.grad.clone()
    kept = weights.data.clone()
    weights.data += 2.0 * first / first.norm()
    ner.update(examples)
    weights.data.copy_(kept)
    if lora:
        weights.grad = None
        weights.requires_grad_(False)
    expected = gradients(ner)
    ner.adversarial_norm = 2.0
    ner.update(examples)
    found = gradients(ner)
    assert found.keys() == expected.keys()
    assert any("embeddings" in name for _, name in found) == (lora is None)
    for key, gradient in found.items():
        torch.testing.assert_close(gradient, expected[key], rtol=1e-3, atol=1e-5)
    ner.adversarial_norm = 0.0
    ner.update(examples)
    ner.update(examples)
    twice = gradients(ner)
    assert any(not torch.allclose(twice[key], expected[key], rtol=0.05) for key in twice)


def test_what_waited_before_does_not_steer_it(lora_tok2vec):
    _, ner, examples = pipeline(lora_tok2vec(lora=None), 2.0)
    ner.update(examples[:2])
    first = gradients(ner)
    ner.update(examples[2:])
    second = gradients(ner)
    ner.update(examples[:2])
    ner.update(examples[2:])
    both = gradients(ner)
    assert both.keys() == first.keys() | second.keys()
    for key, gradient in both.items():
        expected = first.get(key, 0.0) + second.get(key, 0.0)
        torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("lora", WAYS.values(), ids=WAYS)
def test_it_learns_and_frozen_weights_stay(lora, lora_tok2vec):
    nlp = spacy.blank("zh")
    ner = nlp.add_pipe(
        "balc_ner", config={**head(lora_tok2vec(lora=lora)), "adversarial_norm": 0.5}
    )
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    encoder = ner.model.layers[0].shims[0]
    before = {name: tensor.clone() for name, tensor in encoder.module.state_dict().items()}
    losses = learn(nlp, examples)
    assert losses["balc_ner"] < 0.1
    assert nlp.evaluate(examples)["ents_f"] == 1.0
    trainable = encoder.trainable()
    for name, tensor in encoder.module.state_dict().items():
        assert name in trainable or torch.equal(tensor, before[name]), name
    assert torch.equal(table(ner), before[EMBEDDINGS]) == (lora is not None)
    assert encoder.perturbation is None


def test_losses_count_a_batch_once(lora_tok2vec):
    _, plain, examples = pipeline(lora_tok2vec(lora=None))
    _, moved, _ = pipeline(lora_tok2vec(lora=None), 2.0)
    for a, b in zip(state(plain), state(moved)):
        b.copy_(a)
    expected = plain.update(examples)["balc_ner"]
    assert moved.update(examples)["balc_ner"] == pytest.approx(expected, rel=1e-4)


def state(ner):
    return [tensor for shim in shims(ner) for tensor in shim.module.state_dict().values()]


def test_a_second_pass_that_fails_leaves_nothing(lora_tok2vec, monkeypatch):
    nlp, ner, examples = pipeline(lora_tok2vec(lora=None), 2.0)
    before = [tensor.clone() for tensor in state(ner)]
    calls, loss = [], ner.model.attrs["loss"]

    def fail_later(*args):
        calls.append(args)
        if len(calls) == 2:
            return float("nan"), args[1]
        return loss(*args)

    monkeypatch.setitem(ner.model.attrs, "loss", fail_later)
    with pytest.raises(ValueError, match="Nothing was learnt .* or adversarial_norm"):
        nlp.update(examples, sgd=nlp.create_optimizer())
    assert len(calls) == 2
    assert gradients(ner) == {}
    assert ner.model.layers[0].shims[0].perturbation is None
    assert all(torch.equal(a, b) for a, b in zip(before, state(ner)))


def test_a_move_that_fails_leaves_nothing(lora_tok2vec, monkeypatch):
    _, ner, examples = pipeline(lora_tok2vec(lora=None), 2.0)

    def fail(norm):
        raise torch.OutOfMemoryError("no room for another table")

    monkeypatch.setattr(ner.model.layers[0].shims[0], "move_embeddings", fail)
    with pytest.raises(torch.OutOfMemoryError):
        ner.update(examples)
    assert gradients(ner) == {}


def test_a_gradient_that_is_not_finite_moves_nothing(lora_tok2vec):
    _, ner, _ = pipeline(lora_tok2vec(), 2.0)
    encoder = ner.model.layers[0].shims[0]
    encoder.watch_embeddings()
    encoder.perturbation.grad = torch.full_like(encoder.perturbation, float("inf"))
    with pytest.raises(ValueError, match="word embeddings is not finite: nothing was updated"):
        encoder.move_embeddings(2.0)


def test_unusable_gold_is_counted_once(lora_tok2vec):
    nlp, ner, _ = pipeline(lora_tok2vec(lora=None), 2.0)
    doc = spacy.tokens.Doc(nlp.vocab, ["NewYork", "Mary"])
    gold = spacy.tokens.Doc(nlp.vocab, ["New", "York", "Mary"], spaces=[False, True, False])
    gold.set_ents([spacy.tokens.Span(gold, 1, 2, "LOC"), spacy.tokens.Span(gold, 2, 3, "PER")])
    with pytest.warns(UserWarning, match="can't learn entities"):
        ner.update([Example(doc, gold)])
    assert ner.unusable_gold == 1


def test_a_batch_without_a_gradient(lora_tok2vec):
    nlp, ner, _ = pipeline(lora_tok2vec(lora=None), 2.0)
    unknown = Example.from_dict(nlp.make_doc("北京"), {"entities": None})
    unknown.reference.set_ents([], missing=[unknown.reference[:]])
    assert ner.update([unknown])["balc_ner"] == 0.0


@pytest.mark.parametrize("norm", [-1.0, float("nan"), float("inf")])
def test_norms_that_are_none(norm, lora_tok2vec):
    nlp, ner, _ = pipeline(lora_tok2vec())
    with pytest.raises(ValueError, match="adversarial_norm = .* must be at least 0"):
        BalcNer(nlp.vocab, ner.model, adversarial_norm=norm)


@pytest.mark.parametrize("tok2vec, words", [("hash", None), ("lora", "listener"), ("lora", "lora")])
def test_it_asks_for_one_encoder_of_its_own(tok2vec, words, lora_tok2vec):
    layers = {"hash": HASH_EMBED, "lora": lora_tok2vec(), "listener": LISTENER, None: None}
    config = {**head(layers[tok2vec], words=layers[words]), "adversarial_norm": 1.0}
    with pytest.raises(ValueError, match="'names' must have one, and no listener"):
        spacy.blank("zh").add_pipe("balc_ner", name="names", config=config)


def test_it_is_kept_in_the_config(lora_tok2vec, tmp_path):
    nlp, _, _ = pipeline(lora_tok2vec(), 1.5)
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("balc_ner").adversarial_norm == 1.5
