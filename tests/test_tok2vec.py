"""Encoder and head among spaCy's own parts: direct, behind listeners, frozen, replaced, shared."""

import numpy
import pytest
import spacy
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from .conftest import HASH_EMBED, TOY, found, head

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}
NER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 32,
    "maxout_pieces": 2,
    "use_upper": True,
    "nO": None,
}
TAGGER = {"@architectures": "spacy.Tagger.v2", "nO": None}
TEXTCAT = {
    "@architectures": "spacy.TextCatReduce.v1",
    "exclusive_classes": True,
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": False,
    "use_reduce_mean": True,
    "nO": None,
}


def components(tok2vec):
    return {
        "ner": {"model": {**NER, "tok2vec": tok2vec}},
        "tagger": {"model": {**TAGGER, "tok2vec": tok2vec}},
        "textcat": {"model": {**TEXTCAT, "tok2vec": tok2vec}},
        "balc_ner": head(tok2vec),
    }


def examples_for(nlp):
    """The toy corpus with a tag a token, Han or not, and a category a text, weather or not."""
    examples = []
    for text, entities in TOY:
        doc = nlp.make_doc(text)
        weather = float("天气" in text)
        annotation = {
            "entities": entities,
            "tags": ["PUNCT" if token.is_punct else "HAN" for token in doc],
            "cats": {"WEATHER": weather, "OTHER": 1.0 - weather},
        }
        examples.append(Example.from_dict(doc, annotation))
    return examples


def pipeline(names, tok2vec, shared):
    """A pipeline of components on their own tok2vec, or on one that they share."""
    nlp = spacy.blank("zh")
    if shared:
        nlp.add_pipe("tok2vec", config={"model": tok2vec})
    for name in names:
        nlp.add_pipe(name, config=components(LISTENER if shared else tok2vec)[name])
    return nlp


def teach(nlp, examples, steps=100, until=(), **options):
    """Train, at most until the pipeline knows the toy corpus as far as components `until` go."""
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    for step in range(1, steps + 1):
        nlp.update(examples, sgd=optimizer, **options)
        if until and step % 10 == 0 and all(knows(nlp, name) for name in until):
            break
    return optimizer


def knows(nlp, name):
    docs = list(nlp.pipe(text for text, _ in TOY))
    if name in ("ner", "balc_ner"):
        return [found(doc) for doc in docs] == [ents for _, ents in TOY]
    if name == "tagger":
        return all((token.tag_ == "PUNCT") == token.is_punct for doc in docs for token in doc)
    return all((doc.cats["WEATHER"] > 0.5) == ("天气" in doc.text) for doc in docs)


def encoder_of(nlp, name="tok2vec"):
    model = nlp.get_pipe(name).model
    return model if model.name == "lora_transformer" else model.get_ref("tok2vec")


def adapter(nlp, name="tok2vec"):
    module = encoder_of(nlp, name).shims[0].module
    return {key: p for key, p in module.named_parameters() if "lora_B" in key}


# Learning


@pytest.mark.parametrize("shared", [False, True], ids=["direct", "listener"])
@pytest.mark.parametrize("name", ["ner", "tagger", "textcat", "balc_ner"])
def test_learns_on_the_encoder(name, shared, lora_tok2vec):
    nlp = pipeline([name], lora_tok2vec(width=32), shared)
    teach(nlp, examples_for(nlp), until=[name])
    assert knows(nlp, name)
    if shared or name == "balc_ner":
        moved = adapter(nlp, "tok2vec" if shared else name)
        assert all(p.abs().max() > 0.01 for p in moved.values())


@pytest.mark.parametrize("shared", [False, True], ids=["direct", "listener"])
def test_learns_on_hash_embed(shared):
    nlp = pipeline(["balc_ner"], HASH_EMBED, shared)
    teach(nlp, examples_for(nlp), until=["balc_ner"])
    assert knows(nlp, "balc_ner")


@pytest.mark.parametrize("order", [["balc_ner", "tagger"], ["tagger", "balc_ner"]])
@pytest.mark.parametrize("tok2vec", ["encoder", "hash"])
def test_shares_a_tok2vec_with_the_tagger(order, tok2vec, lora_tok2vec, tmp_path):
    nlp = pipeline(order, lora_tok2vec(width=32) if tok2vec == "encoder" else HASH_EMBED, True)
    teach(nlp, examples_for(nlp), until=order)
    assert knows(nlp, "balc_ner")
    assert knows(nlp, "tagger")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert knows(loaded, "balc_ner")
    assert knows(loaded, "tagger")


def test_as_spacy_train_does_it(lora_tok2vec):
    # sgd=False, and one step for all at the end, of several batches
    nlp = pipeline(["balc_ner", "tagger"], lora_tok2vec(width=32), True)
    examples = examples_for(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    for _ in range(30):
        for batch in (examples[:2], examples[2:]):
            nlp.update(batch, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
    assert knows(nlp, "balc_ner")
    assert knows(nlp, "tagger")


def test_width_by_reference(lora_tok2vec, tmp_path):
    nlp = pipeline(["balc_ner"], lora_tok2vec(width=32), True)
    nlp.config.to_disk(tmp_path / "config.cfg")
    text = (tmp_path / "config.cfg").read_text(encoding="utf8")
    assert text.count("width = 32\nupstream") == 1
    reference = "width = ${components.tok2vec.model.width}\nupstream"
    text = text.replace("width = 32\nupstream", reference)
    config = spacy.util.load_config_from_str(text)
    nlp = spacy.util.load_model_from_config(config)
    teach(nlp, examples_for(nlp), steps=2)
    (listener,) = nlp.get_pipe("tok2vec").listeners
    assert listener.get_dim("nO") == 32


# Gradients


def without(examples, what):
    """The examples with their tags or entities missing."""
    partial = []
    for eg in examples:
        reference = eg.reference.copy()
        if what == "entities":
            reference.set_ents([], default="missing")
        else:
            for token in reference:
                token.tag_ = ""
        partial.append(Example(eg.predicted.copy(), reference))
    return partial


def gradients(nlp, examples):
    for p in adapter(nlp).values():
        p.grad = None
    nlp.update(examples, sgd=False)
    return numpy.concatenate([p.grad.flatten() for p in adapter(nlp).values()])


@pytest.mark.parametrize("order", [["balc_ner", "tagger"], ["tagger", "balc_ner"]])
def test_the_listeners_gradients_add_up(order, lora_tok2vec):
    # the last listener backpropagates for all: also one that has no gold in the batch
    nlp = pipeline(order, lora_tok2vec(width=32), True)
    examples = examples_for(nlp)
    teach(nlp, examples, steps=2)
    assert without(examples, "entities")[0].get_aligned_ner() == [None] * 8
    tags = gradients(nlp, without(examples, "entities"))
    entities = gradients(nlp, without(examples, "tags"))
    assert numpy.abs(tags).max() > 1e-4
    assert numpy.abs(entities).max() > 1e-4
    assert numpy.allclose(tags + entities, gradients(nlp, examples), atol=1e-6)


@pytest.mark.parametrize(
    "tok2vec, texts",
    [
        ("encoder", ["", ""]),  # spaCy's own tok2vec does not take such a batch
        ("encoder", ["", "张三在北京工作。", ""]),
        ("hash", ["", "张三在北京工作。", ""]),
        ("hash", ["张三在北京工作。", ""]),
    ],
)
def test_empty_docs_behind_a_listener(texts, tok2vec, lora_tok2vec):
    nlp = pipeline(
        ["balc_ner", "tagger"], lora_tok2vec(width=32) if tok2vec == "encoder" else HASH_EMBED, True
    )
    teach(nlp, examples_for(nlp), until=["balc_ner"])
    gold = {"张三在北京工作。": TOY[0][1], "": []}
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": gold[text]}) for text in texts]
    losses = nlp.update(examples, sgd=Adam(0.001))
    assert numpy.isfinite(losses["balc_ner"])
    assert [found(doc) for doc in nlp.pipe(texts)] == [gold[text] for text in texts]


# spaCy's ways with tok2vec


def test_replace_listeners(lora_tok2vec, tmp_path):
    nlp = pipeline(["balc_ner", "tagger"], lora_tok2vec(width=32), True)
    examples = examples_for(nlp)
    optimizer = teach(nlp, examples, until=["balc_ner", "tagger"])
    nlp.replace_listeners("tok2vec", "balc_ner", ["model.tok2vec"])
    assert knows(nlp, "balc_ner")
    own = nlp.get_pipe("balc_ner").model.get_ref("tok2vec")
    assert own.name == "lora_transformer"
    assert own.shims[0].id != nlp.get_pipe("tok2vec").model.shims[0].id
    assert not any(
        isinstance(node, Tok2VecListener) for node in nlp.get_pipe("balc_ner").model.walk()
    )
    # they go separate ways from here
    before = {key: p.detach().clone() for key, p in adapter(nlp).items()}
    with nlp.select_pipes(enable=["balc_ner"]):
        for _ in range(3):
            nlp.update(examples, sgd=optimizer)
    assert all((p == before[key]).all() for key, p in adapter(nlp).items())
    assert not any((p == before[key]).all() for key, p in adapter(nlp, "balc_ner").items())
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert knows(loaded, "balc_ner")
    assert knows(loaded, "tagger")
    docs = [nlp.make_doc(text) for text, _ in TOY]
    for a, b in zip(
        nlp.get_pipe("balc_ner").model.predict(docs),
        loaded.get_pipe("balc_ner").model.predict(docs),
    ):
        assert numpy.array_equal(a, b)


def test_frozen_and_annotating(lora_tok2vec):
    nlp = pipeline(["balc_ner"], lora_tok2vec(width=32), True)
    examples = examples_for(nlp)
    nlp.initialize(lambda: examples)
    before = nlp.get_pipe("tok2vec").model.to_bytes()
    optimizer = Adam(0.01)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, exclude=["tok2vec"], annotates=["tok2vec"])
    assert nlp.get_pipe("tok2vec").model.to_bytes() == before
    assert knows(nlp, "balc_ner")


def test_annotating_balc_ner_feeds_later_components(lora_tok2vec):
    seen = []

    @spacy.Language.component("watch_entities")
    def watch_entities(doc):
        seen.append(found(doc))
        return doc

    nlp = pipeline(["balc_ner"], lora_tok2vec(width=32), False)
    nlp.add_pipe("watch_entities")
    examples = examples_for(nlp)
    teach(nlp, examples, until=["balc_ner"])
    seen.clear()
    nlp.update(examples, sgd=False, annotates=["balc_ner", "watch_entities"])
    assert seen == [ents for _, ents in TOY]


def test_doc_tensor_does_not_keep_the_batch(lora_tok2vec):
    nlp = pipeline(["balc_ner"], lora_tok2vec(width=32), True)
    teach(nlp, examples_for(nlp), steps=1)
    for doc in nlp.pipe([text for text, _ in TOY]):
        assert doc.tensor.shape == (len(doc), 32)
        owner = doc.tensor
        while isinstance(getattr(owner, "base", None), numpy.ndarray):
            owner = owner.base
        storage = owner.base.untyped_storage() if hasattr(owner.base, "untyped_storage") else None
        size = storage.nbytes() if storage is not None else owner.nbytes
        assert size == len(doc) * 32 * 4


def test_pretrain_finds_the_tok2vec(lora_tok2vec):
    nlp = pipeline(["balc_ner"], lora_tok2vec(), False)
    assert nlp.get_pipe("balc_ner").model.get_ref("tok2vec").name == "lora_transformer"
