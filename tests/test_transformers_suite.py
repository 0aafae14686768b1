"""What spacy-transformers tests of its transformer, asked of LoraTransformer as shared tok2vec.

In own words, here: listeners (of its test_pipeline_component and regressions) and long docs
(test_spanners, test_truncation). In test_transformers_serialize.py: files, other heads, configs.
Not taken: its data classes and alignments, which have no counterpart here, its deprecations, and
sequence classification by the transformer itself. Learning, gradients and sharing stand in
test_tok2vec.py.
"""

import numpy
import pytest
import spacy
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tests.util import assert_docs_equal
from spacy.training import Example
from spacy.util import load_model_from_config
from thinc.api import Adam

from .conftest import head, randomize

HEADS = ("tagger", "ner", "senter", "balc_ner")
TEXT = "Mary met John in London"
DATA = [
    ("John lives in London", ["N", "V", "P", "N"], [(0, 4, "PER"), (14, 20, "LOC")]),
    ("The brown fox met Mary", ["D", "A", "N", "V", "N"], [(18, 22, "PER")]),
]
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "tok2vec"}


def components(tok2vec):
    tagger = {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}}
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "tok2vec": tok2vec,
    }
    ner = {"model": parser}
    return {"tagger": tagger, "senter": tagger, "ner": ner, "balc_ner": head(tok2vec)}


@pytest.fixture
def short_windows(lora_tok2vec):
    """Function from a kind of encoder to a LoraTransformer's config."""
    return lambda kind="bert", **options: lora_tok2vec(kind, window=12, stride=8, **options)


def shared(tok2vec, heads=HEADS):
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": {**tok2vec, "width": 32}})
    for name in heads:
        nlp.add_pipe(name, config=components(LISTENER)[name])
    return nlp


def examples_for(nlp, data=DATA):
    return [
        Example.from_dict(
            nlp.make_doc(text),
            {"tags": tags, "entities": ents, "sent_starts": [1] + [0] * (len(tags) - 1)}
            if text
            else {},
        )
        for text, tags, ents in data
    ]


def started(nlp, steps=2):
    """The pipeline initialized and trained a little, on adapters that count; its optimizer."""
    examples = examples_for(nlp)
    nlp.initialize(lambda: examples)
    for _, pipe in nlp.pipeline:
        for node in pipe.model.walk():
            if node.name == "lora_transformer":
                randomize(node.shims[0], "lora_B")
    optimizer = Adam(0.001)
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        assert all(numpy.isfinite(loss) for loss in losses.values())
    return optimizer


def listener_of(nlp, name):
    return next(n for n in nlp.get_pipe(name).model.walk() if isinstance(n, Tok2VecListener))


def outputs(nlp, name, texts=(TEXT, "", "John " * 40)):
    """What a head's model gives for docs as the pipeline leaves them; spaCy's `ner` its tensor."""
    docs = list(nlp.pipe(texts))
    if name == "ner":
        return [doc.tensor for doc in docs]
    return nlp.get_pipe(name).model.predict(docs)


def assert_same(first, second, names=HEADS):
    for name in names:
        for a, b in zip(outputs(first, name), outputs(second, name), strict=True):
            assert numpy.array_equal(a, b), name
    texts = [TEXT, "", "John " * 40]
    for one, other in zip(first.pipe(texts), second.pipe(texts), strict=True):
        assert_docs_equal(one, other)


# Listeners


def test_every_listener_gets_the_tensor_of_the_doc(short_windows):
    nlp = shared(short_windows())
    started(nlp)
    tok2vec = nlp.get_pipe("tok2vec")
    assert tok2vec.listening_components == list(HEADS)
    docs = [nlp.make_doc(text) for text in (TEXT, "", "John " * 40)]
    tok2vec.set_annotations(docs, tok2vec.predict(docs))
    assert [doc.tensor.shape for doc in docs] == [(len(doc), 32) for doc in docs]
    for name in HEADS:
        listener = listener_of(nlp, name)
        assert listener in tok2vec.listeners
        for doc, vectors in zip(docs, listener.predict(docs), strict=True):
            assert numpy.array_equal(doc.tensor, vectors)


def test_prediction_between_updates_leaves_the_listeners_gradient(short_windows):
    nlp = shared(short_windows())
    started(nlp)
    examples = examples_for(nlp)
    nlp.get_pipe("tok2vec").update(examples)
    docs = [eg.predicted for eg in examples]
    nlp.get_pipe("tok2vec").predict(docs)
    assert all(listener_of(nlp, name).verify_inputs(docs) for name in HEADS)
    assert all(listener_of(nlp, name)._backprop is not None for name in HEADS)


def test_a_frozen_encoder_stays_and_its_heads_learn(short_windows):
    nlp = shared(short_windows())
    optimizer = started(nlp, steps=0)
    before = {name: nlp.get_pipe(name).to_bytes() for name in nlp.pipe_names}
    frozen = {"exclude": ["tok2vec"], "annotates": ["tok2vec"]}
    for _ in range(2):
        nlp.update(examples_for(nlp), sgd=optimizer, **frozen)
    changed = [name for name in nlp.pipe_names if nlp.get_pipe(name).to_bytes() != before[name]]
    assert changed == list(HEADS)


def test_a_frozen_head_stays_and_the_rest_learns(short_windows):
    nlp = shared(short_windows())
    optimizer = started(nlp)
    before = {name: nlp.get_pipe(name).to_bytes() for name in nlp.pipe_names}
    nlp.update(examples_for(nlp), sgd=optimizer, exclude=["balc_ner", "tagger"])
    same = [name for name in nlp.pipe_names if nlp.get_pipe(name).to_bytes() == before[name]]
    assert same == ["tagger", "balc_ner"]


def test_empty_docs_in_training_and_prediction(short_windows):
    nlp = shared(short_windows())
    optimizer = started(nlp)
    empty = ("", [], [])
    for data in ([empty], [empty, empty], [*DATA, empty], [DATA[0], empty, DATA[1], empty]):
        losses = nlp.update(examples_for(nlp, data), sgd=optimizer)
        assert all(numpy.isfinite(loss) for loss in losses.values())
    assert nlp.update([], sgd=optimizer) is not None
    assert [len(doc) for doc in nlp.pipe(["", ""])] == [0, 0]
    assert list(nlp.pipe([])) == []
    assert nlp("").tensor.shape[0] == 0
    alone = nlp(TEXT)
    first, doc, *last = nlp.pipe(["", TEXT, "", ""])
    assert_docs_equal(doc, alone)
    assert all(len(other) == 0 for other in (first, *last))


@pytest.mark.parametrize("disabled", [[], ["tok2vec"]])
def test_batches_of_any_size_with_the_encoder_or_without(disabled, short_windows):
    nlp = shared(short_windows())
    started(nlp)
    texts = ["John", "Mary", "fox", "", "London John", "met", TEXT, ""]
    with nlp.select_pipes(disable=disabled):
        one = list(nlp.pipe(texts, batch_size=1))
        four = list(nlp.pipe(texts, batch_size=4))
    for a, b in zip(one, four, strict=True):
        assert [t.tag_ for t in a] == [t.tag_ for t in b]
        assert [t.ent_iob_ for t in a] == [t.ent_iob_ for t in b]


def test_two_processes(short_windows):
    nlp = shared(short_windows(), ("tagger", "balc_ner"))
    started(nlp)
    texts = [TEXT, "", DATA[0][0], "John " * 40] * 2
    expected = [nlp(text) for text in texts]
    for doc, other in zip(nlp.pipe(texts, n_process=2, batch_size=2), expected, strict=True):
        assert doc.text == other.text
        assert [(t.tag_, t.ent_iob_, t.ent_type_) for t in doc] == [
            (t.tag_, t.ent_iob_, t.ent_type_) for t in other
        ]


# Replaced listeners


@pytest.mark.parametrize("name", HEADS)
def test_replaced_listeners_answer_the_same_and_go_on(name, short_windows, tmp_path):
    nlp = shared(short_windows())
    started(nlp)
    before = [array.copy() for array in outputs(nlp, name)]
    answers = [doc.to_json() for doc in nlp.pipe([TEXT, "John " * 40])]
    nlp.replace_listeners("tok2vec", name, ["model.tok2vec"])
    settings = nlp.config["components"][name]["model"]["tok2vec"]
    assert settings["@architectures"] == "spacy-balc.LoraTransformer.v1"
    assert "lora_transformer" in [node.name for node in nlp.get_pipe(name).model.walk()]
    assert nlp.get_pipe("tok2vec").listening_components == [n for n in HEADS if n != name]
    for a, b in zip(outputs(nlp, name), before, strict=True):
        assert numpy.array_equal(a, b)
    assert [doc.to_json() for doc in nlp.pipe([TEXT, "John " * 40])] == answers
    optimizer = nlp.resume_training()
    for _ in range(2):
        losses = nlp.update(examples_for(nlp), sgd=optimizer)
        assert losses[name] > 0.0
    nlp.to_disk(tmp_path)
    assert_same(nlp, spacy.load(tmp_path))


def test_replacing_what_is_not_there_is_refused(short_windows):
    nlp = shared(short_windows())
    started(nlp, steps=0)
    for upstream, name, paths in [
        ("invalid", "balc_ner", ["model.tok2vec"]),
        ("tok2vec", "parser", ["model.tok2vec"]),
        ("tok2vec", "balc_ner", ["model.yolo"]),
        ("tok2vec", "balc_ner", ["model.tok2vec", "model.yolo"]),
    ]:
        with pytest.raises(ValueError):
            nlp.replace_listeners(upstream, name, paths)


def test_sourced_with_replaced_listeners_beside_another_encoder(short_windows, tmp_path):
    source = shared(short_windows())
    started(source)
    source.to_disk(tmp_path / "source")
    sourced = {"source": str(tmp_path / "source"), "replace_listeners": ["model.tok2vec"]}
    config = {
        "nlp": {"lang": "en", "pipeline": ["tok2vec", "tagger", "balc_ner", "senter"]},
        "components": {
            "tok2vec": {"factory": "tok2vec", "model": {**short_windows("electra"), "width": 32}},
            "tagger": {"factory": "tagger", **components(LISTENER)["tagger"]},
            "balc_ner": sourced,
            "senter": sourced,
        },
    }
    nlp = load_model_from_config(config, auto_fill=True)
    assert nlp.get_pipe("tok2vec").listening_components == ["tagger"]
    with nlp.select_pipes(enable=["tok2vec", "tagger"]):
        nlp.initialize(lambda: examples_for(nlp))
    for name in ("balc_ner", "senter"):
        for a, b in zip(outputs(nlp, name, [TEXT]), outputs(source, name, [TEXT])):
            assert numpy.array_equal(a, b)
    nlp.to_disk(tmp_path / "both")
    loaded = spacy.load(tmp_path / "both")
    assert loaded.get_pipe("tok2vec").listening_components == ["tagger"]
    for a, b in zip(outputs(loaded, "balc_ner", [TEXT]), outputs(source, "balc_ner", [TEXT])):
        assert numpy.array_equal(a, b)


# Long docs


def test_no_token_of_a_long_doc_goes_without_an_answer(short_windows):
    nlp = shared(short_windows())
    started(nlp)
    doc = nlp(f"{TEXT} . " * 200)
    assert doc.tensor.shape == (1200, 32)
    assert numpy.isfinite(doc.tensor).all()
    assert (numpy.abs(doc.tensor).sum(axis=1) > 0).all()
    assert all(token.tag_ and token.ent_iob for token in doc)
    # far from both ends the text repeats, and so do the vectors, with the period of the windows
    period = 8 * 6  # tokens: windows step by 8 pieces, and the sentence has 6 tokens
    pieces = nlp.get_pipe("tok2vec").model.shims[0].module.pieces
    _, counts = pieces.tokens([token.text for token in doc[:6]], 12)
    shift = int(numpy.lcm(8, counts.sum()) // counts.sum()) * 6
    assert shift <= period
    middle = doc.tensor[300:600]
    assert numpy.allclose(middle, doc.tensor[300 + shift : 600 + shift], atol=1e-5)


def test_training_on_a_long_doc_reaches_its_end(short_windows):
    nlp = shared(short_windows(), ("balc_ner",))
    started(nlp)
    text, _, ents = DATA[0]
    n = 100
    shifts = (0, (n - 1) * (len(text) + 1))
    far = [(start + by, end + by, label) for by in shifts for start, end, label in ents]
    example = Example.from_dict(nlp.make_doc(" ".join([text] * n)), {"entities": far})
    model = nlp.get_pipe("balc_ner").model
    nlp.get_pipe("tok2vec").update([example])
    emissions, _ = model.begin_update([example.predicted])
    loss, (gradient,) = nlp.get_pipe("balc_ner").get_loss([example], emissions)
    assert numpy.isfinite(loss)
    rows = numpy.abs(gradient).sum(axis=1)
    assert rows.shape == (len(example.predicted),)
    assert (rows > 0).all()


def test_a_very_long_token_in_prediction_and_training(short_windows):
    nlp = shared(short_windows())
    optimizer = started(nlp)
    link = "https://example.com/" + "a/" * 1000
    assert len(nlp(link)) == 1
    losses = nlp.update(examples_for(nlp, [(link, ["N"], [])]), sgd=optimizer)
    assert all(numpy.isfinite(loss) for loss in losses.values())
