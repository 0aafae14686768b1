"""Gradients through the whole chain, CRF to tok2vec, against finite differences."""

import numpy
import pytest
import spacy
from thinc.api import fix_random_seed

from .conftest import HASH_EMBED, head, randomize, toy_examples


@pytest.fixture
def component():
    """Function from a model's config to a component that has gradients, and its examples."""

    def get(tok2vec, **settings):
        nlp = spacy.blank("zh")
        ner = nlp.add_pipe("balc_ner", config=head(tok2vec, **settings))
        examples = toy_examples(nlp)
        fix_random_seed(0)
        nlp.initialize(lambda: examples)
        for node in ner.model.walk():
            for shim in node.shims:
                randomize(shim, "lora_B", "output", "crf")
        ner.update(examples)
        return ner, examples

    return get


def loss_of(ner, examples):
    docs = [eg.predicted for eg in examples]
    return ner.get_loss(examples, ner.model.predict(docs))[0]


@pytest.mark.parametrize("settings", [{}, {"crf": False}, {"lstm_layers": 0}], ids=str)
def test_head_and_adapters(settings, component, lora_tok2vec):
    ner, examples = component(lora_tok2vec(), **settings)
    gradients = [
        (shim, name, p.data, p.grad.clone())
        for shim in (ner.model.shims[0], ner.model.layers[0].shims[0])
        for name, p in shim.trainable().items()
    ]
    assert sum("lora_" in name for _, name, _, _ in gradients) == 8
    for shim, name, weights, gradient in gradients:
        # along the gradient itself: the slope there is its norm
        size = gradient.norm().item()
        values = []
        for sign in (1, -1):
            moved = weights + sign * 0.02 * gradient / size
            with shim.use_params({(shim.id, name): moved}):
                values.append(loss_of(ner, examples))
        assert (values[0] - values[1]) / 0.04 == pytest.approx(size, rel=0.05, abs=1e-3), name


def test_hash_embed(component):
    ner, examples = component(HASH_EMBED)
    checked = 0
    for node in ner.model.get_ref("tok2vec").walk():
        for name in node.grad_names:
            kept, gradient = node.get_param(name), node.get_grad(name)
            size = float(numpy.linalg.norm(gradient))
            values = []
            for sign in (1, -1):
                node.set_param(name, kept + sign * 0.01 * gradient / size)
                values.append(loss_of(ner, examples))
            node.set_param(name, kept)
            slope = (values[0] - values[1]) / 0.02
            assert slope == pytest.approx(size, rel=0.1, abs=2e-3), (node.name, name)
            checked += 1
    assert checked > 5


def test_inputs_are_never_changed(component):
    ner, examples = component(HASH_EMBED)
    emissions, backprop = ner.model.begin_update([eg.predicted for eg in examples])
    kept = [row.copy() for row in emissions]
    _, gradient = ner.get_loss(examples, emissions)
    kept_gradient = [row.copy() for row in gradient]
    backprop(gradient)
    ner.model.attrs["decode"](ner.model, emissions, [None] * len(examples))
    assert all(numpy.array_equal(a, b) for a, b in zip(emissions, kept))
    assert all(numpy.array_equal(a, b) for a, b in zip(gradient, kept_gradient))
