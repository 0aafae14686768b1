"""`balc_ner` on a spacy-transformers `transformer` that it shares with a tagger."""

import numpy
import pytest
import spacy
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from .conftest import TOY, found, head

pytest.importorskip("spacy_transformers", reason="the extra [transformers] is not installed")

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "transformer",
    "pooling": {"@layers": "reduce_mean.v1"},
}


def shared_pipeline(folder):
    nlp = spacy.blank("zh")
    nlp.add_pipe(
        "transformer",
        config={
            "model": {
                "@architectures": "spacy-transformers.TransformerModel.v3",
                "name": folder,
                "tokenizer_config": {"use_fast": True},
                "get_spans": {
                    "@span_getters": "spacy-transformers.strided_spans.v1",
                    "window": 40,
                    "stride": 30,
                },
            }
        },
    )
    nlp.add_pipe("balc_ner", config=head(LISTENER))
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}
    )
    return nlp


def examples_for(nlp, data):
    examples = []
    for text, entities in data:
        doc = nlp.make_doc(text)
        tags = ["PUNCT" if token.is_punct else "HAN" for token in doc]
        examples.append(Example.from_dict(doc, {"entities": entities, "tags": tags}))
    return examples


@pytest.fixture(scope="module")
def trained(encoder):
    # spacy-transformers trains with the encoder's own dropout, whatever the rate
    folder = encoder("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    nlp = shared_pipeline(folder)
    examples = examples_for(nlp, TOY)
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    for step in range(1, 121):
        nlp.update(examples, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        if step % 10 == 0 and knows(nlp):
            break
    return nlp


def knows(nlp):
    docs = list(nlp.pipe(text for text, _ in TOY))
    return [found(doc) for doc in docs] == [entities for _, entities in TOY] and all(
        (token.tag_ == "PUNCT") == token.is_punct for doc in docs for token in doc
    )


def test_both_learn(trained):
    assert knows(trained)


def test_the_transformer_learns_from_balc_ner(trained):
    examples = examples_for(trained, TOY[1:2])
    for eg in examples:
        for token in eg.reference:
            token.tag_ = ""
    module = trained.get_pipe("transformer").model.layers[0].shims[0]._model
    for p in module.parameters():
        p.grad = None
    trained.update(examples, sgd=False)
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    assert sum(float(g.abs().sum()) for g in gradients) > 0


def test_empty_docs(trained):
    texts = ["", TOY[0][0], "", TOY[3][0]]
    expected = [[], TOY[0][1], [], TOY[3][1]]
    assert [found(doc) for doc in trained.pipe(texts)] == expected
    assert [found(doc) for doc in trained.pipe(["", ""])] == [[], []]
    losses = trained.update(examples_for(trained, list(zip(texts, expected))), sgd=False)
    assert numpy.isfinite(losses["balc_ner"])
    losses = trained.update(examples_for(trained, [("", []), ("", [])]), sgd=False)
    assert losses["balc_ner"] == 0.0


def test_save_and_load(trained, tmp_path):
    trained.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert knows(loaded)
    docs = [list(nlp.pipe(text for text, _ in TOY)) for nlp in (trained, loaded)]
    models = [nlp.get_pipe("balc_ner").model for nlp in (trained, loaded)]
    for a, b in zip(models[0].predict(docs[0]), models[1].predict(docs[1])):
        assert numpy.allclose(a, b, atol=1e-5)
    other = shared_pipeline(loaded.config["components"]["transformer"]["model"]["name"])
    other.from_bytes(trained.to_bytes())
    assert knows(other)
