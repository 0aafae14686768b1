"""`balc_ner` as a part of a spaCy pipeline: sourced, frozen, piped, copied, scored, trained."""

import contextlib
import copy
import multiprocessing
import os
import pickle
import signal

import pytest
import spacy
import torch
from spacy.lang.zh import Chinese
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Adam, Config, fix_random_seed

from .conftest import HASH_EMBED, TOY, found, head, learn, toy_examples

TEXTS = [text for text, _ in TOY] * 3
GOLD = [entities for _, entities in TOY] * 3


def model_bytes(nlp, name="balc_ner"):
    return nlp.get_pipe(name).model.to_bytes()


# Prediction


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_pipe_keeps_order(trained, batch_size):
    docs = list(trained.pipe(TEXTS, batch_size=batch_size))
    assert [doc.text for doc in docs] == TEXTS
    assert [found(doc) for doc in docs] == GOLD
    pairs = trained.pipe([(text, i) for i, text in enumerate(TEXTS)], as_tuples=True, batch_size=2)
    assert [(doc.text, i) for doc, i in pairs] == [(text, i) for i, text in enumerate(TEXTS)]


def test_predict_leaves_docs_alone(trained):
    doc = trained.make_doc(TEXTS[0])
    tags = trained.get_pipe("balc_ner").predict([doc])
    assert [row.tolist() for row in tags] == [[5, 6, 0, 1, 2, 0, 0, 0]]  # O, then LOC, ORG, PER
    assert not doc.has_annotation("ENT_IOB")


def test_error_handler_gets_the_failing_docs(trained):
    ner = trained.get_pipe("balc_ner")
    seen = []
    broken = ner.model.attrs["decode"]

    def decode(model, emissions, allowed):
        if any(len(row) == 2 for row in emissions):
            raise RuntimeError("no such doc")
        return broken(model, emissions, allowed)

    ner.model.attrs["decode"] = decode
    try:
        with pytest.raises(RuntimeError, match="no such doc"):
            list(trained.pipe(["张三在北京工作。", "李四"]))
        trained.set_error_handler(
            lambda name, proc, docs, error: seen.append((name, [doc.text for doc in docs]))
        )
        docs = list(trained.pipe(["张三在北京工作。", "李四", "王五在南京。"], batch_size=1))
    finally:
        ner.model.attrs["decode"] = broken
        trained.set_error_handler(spacy.util.raise_error)
    assert [doc.text for doc in docs] == ["张三在北京工作。", "王五在南京。"]
    assert [found(doc) for doc in docs] == [GOLD[0], GOLD[3]]
    assert seen == [("balc_ner", ["李四"])]


@contextlib.contextmanager
def two_threads():
    """A warm pool of two threads, which a forked child would hang in; ended after a minute."""

    def end(signum, frame):
        for child in multiprocessing.active_children():
            child.kill()

    handler = signal.signal(signal.SIGALRM, end)
    signal.alarm(60)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    square = torch.rand(600, 600)
    (square @ square).sum().item()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def test_pipe_with_two_processes(lora_tok2vec):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(lora_tok2vec()))
    learn(nlp, toy_examples(nlp), steps=30)
    texts = ["", *TEXTS, "张三在北京工作。" * 60]

    def entities(**options):
        return [(doc.text, found(doc)) for doc in nlp.pipe(texts, batch_size=2, **options)]

    single = entities()
    assert [text for text, _ in single] == texts
    assert sum(len(ents) for _, ents in single) > 20
    with two_threads():
        assert entities(n_process=2) == single
        assert entities() == single


# Copies


def test_pickle(trained):
    loaded = pickle.loads(pickle.dumps(trained))
    assert [found(doc) for doc in loaded.pipe(TEXTS)] == GOLD
    assert model_bytes(loaded) == model_bytes(trained)
    component = pickle.loads(pickle.dumps(trained.get_pipe("balc_ner")))
    assert component.labels == ("LOC", "ORG", "PER")


@pytest.mark.parametrize("make", [lambda model: model.copy(), copy.deepcopy])
def test_a_copied_model_stands_alone(make, lora_tok2vec):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(lora_tok2vec()))
    examples = toy_examples(nlp)
    learn(nlp, examples, steps=3)
    ner = nlp.get_pipe("balc_ner")
    docs = [eg.predicted for eg in examples]
    before = [row.copy() for row in ner.model.predict(docs)]
    copied = make(ner.model)
    assert all((a == b).all() for a, b in zip(copied.predict(docs), before))
    kept = ner.model.to_bytes()
    # train the copy, its CRF too, through the component
    ner.model, original = copied, ner.model
    for _ in range(3):
        ner.update(examples, sgd=Adam(0.1))
    assert original.to_bytes() == kept
    assert copied.to_bytes() != kept
    crf = copied.shims[0].module.crf.transitions
    assert not torch.equal(crf, original.shims[0].module.crf.transitions)
    assert all((a == b).all() for a, b in zip(original.predict(docs), before))
    assert any((a != b).any() for a, b in zip(copied.predict(docs), before))


# Other pipelines


def test_source_into_another_pipeline(trained):
    nlp = spacy.blank("zh")
    nlp.add_pipe("sentencizer")
    # spaCy shares a sourced component with the pipeline it comes from
    nlp.add_pipe("balc_ner", source=pickle.loads(pickle.dumps(trained)))
    assert [found(doc) for doc in nlp.pipe(TEXTS)] == GOLD
    # further training, on a label that it never had: sourced components are not initialized
    data = [*TOY, ("周日在杭州。", [(0, 2, "DATE"), (3, 5, "LOC")])]
    examples = toy_examples(nlp, data)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    assert nlp.get_pipe("balc_ner").labels == ("DATE", "LOC", "ORG", "PER")
    assert [found(nlp(text)) for text, _ in data] == [entities for _, entities in data]


def test_two_components_under_other_names():
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", name="first", config=head(HASH_EMBED))
    nlp.add_pipe("balc_ner", name="second", config=head(HASH_EMBED))
    losses = learn(nlp, toy_examples(nlp), steps=2)
    assert set(losses) == {"first", "second"}


# Configs

CONFIG = """
[paths]
corpus = null

[nlp]
lang = "zh"
pipeline = ["balc_ner", "textcat"]

[components]

[components.balc_ner]
factory = "balc_ner"

[components.balc_ner.model]
@architectures = "spacy-balc.BalcNer.v1"
hidden_width = 16

[components.balc_ner.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 32
depth = 1
embed_size = 200
window_size = 1
maxout_pieces = 2
subword_features = false

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
length = 100
ngram_size = 1
no_output_layer = false

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.corpus}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.corpus}

[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
dropout = 0.1
max_steps = 40
eval_frequency = 20
patience = 0
accumulate_gradient = 2
frozen_components = []

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01
use_averages = true

[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 4

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"

[training.score_weights]
ents_f = 1.0

[initialize]
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    nlp = spacy.blank("zh")
    binary = DocBin()
    for example in toy_examples(nlp):
        example.reference.cats = {"weather": float("天气" in example.text), "other": 0.0}
        example.reference.cats["other"] = 1.0 - example.reference.cats["weather"]
        binary.add(example.reference)
    path = tmp_path_factory.mktemp("corpus") / "toy.spacy"
    binary.to_disk(path)
    return str(path)


def run_training(overrides, tmp_path):
    config = spacy.util.load_config_from_str(CONFIG, overrides=overrides)
    nlp = init_nlp(Chinese.default_config.merge(config))
    with open(os.devnull, "w") as silence:
        train(nlp, tmp_path, stdout=silence, stderr=silence)
    return spacy.load(tmp_path / "model-best")


def test_spacy_train_with_averages_and_accumulated_gradients(corpus, tmp_path):
    nlp = run_training({"paths.corpus": corpus}, tmp_path)
    assert [found(doc) for doc in nlp.pipe(TEXTS)] == GOLD
    assert nlp.meta["performance"]["ents_f"] == 1.0


def test_frozen_components(trained, corpus, tmp_path):
    trained.to_disk(tmp_path / "source")
    before = model_bytes(trained)
    nlp = run_training(
        {
            "paths.corpus": corpus,
            "components.balc_ner": {"source": str(tmp_path / "source")},
            "training.frozen_components": ["balc_ner"],
        },
        tmp_path,
    )
    assert model_bytes(nlp) == before
    assert [found(doc) for doc in nlp.pipe(TEXTS)] == GOLD


def test_sourced_and_trained_on(trained, corpus, tmp_path):
    trained.to_disk(tmp_path / "source")
    nlp = run_training(
        {"paths.corpus": corpus, "components.balc_ner": {"source": str(tmp_path / "source")}},
        tmp_path,
    )
    assert model_bytes(nlp) != model_bytes(trained)
    assert [found(doc) for doc in nlp.pipe(TEXTS)] == GOLD


# What spaCy knows about it


def test_meta_is_that_of_the_builtin_ner():
    nlp = spacy.blank("zh")
    ours = nlp.get_factory_meta("balc_ner")
    builtin = nlp.get_factory_meta("ner")
    assert ours.default_score_weights == builtin.default_score_weights
    assert ours.assigns == builtin.assigns
    assert ours.default_config["scorer"] == builtin.default_config["scorer"]
    assert (ours.requires, ours.retokenizes) == (builtin.requires, builtin.retokenizes)
    assert ours.scores == builtin.scores


def test_analyze_pipes(trained):
    analysis = trained.analyze_pipes()
    assert analysis["summary"]["balc_ner"]["assigns"] == [
        "doc.ents",
        "token.ent_iob",
        "token.ent_type",
    ]
    assert set(analysis["summary"]["balc_ner"]["scores"]) == {
        "ents_f",
        "ents_p",
        "ents_r",
        "ents_per_type",
    }
    assert analysis["problems"] == {"balc_ner": []}


def test_evaluate(trained):
    scores = trained.evaluate(toy_examples(trained))
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (1.0, 1.0, 1.0)
    assert set(scores["ents_per_type"]) == {"LOC", "ORG", "PER"}
    wrong = [(text, ents[:1]) for text, ents in TOY]
    scores = trained.evaluate(toy_examples(trained, wrong))
    assert scores["ents_r"] == 1.0
    assert scores["ents_p"] == pytest.approx(3 / 6)


def test_default_config_is_complete():
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner")
    config = nlp.config["components"]["balc_ner"]
    filled = spacy.util.registry.fill({"model": config["model"]})["model"]
    assert filled == config["model"]
    assert Config(nlp.config).to_str()


def test_nothing_random_in_prediction(trained):
    fix_random_seed(1)
    first = trained.get_pipe("balc_ner").model.predict([trained.make_doc(t) for t in TEXTS])
    fix_random_seed(2)
    second = trained.get_pipe("balc_ner").model.predict([trained.make_doc(t) for t in TEXTS])
    assert all((a == b).all() for a, b in zip(first, second))
