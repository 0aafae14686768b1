"""The registered architectures: what is registered, what is refused, what trains, gradients."""

import subprocess
import sys
import threading
from importlib.metadata import distribution

import numpy
import pytest
import spacy
import torch
from spacy.util import registry
from thinc.api import Adam, fix_random_seed

from spacy_balc.architectures import _dtype

from .conftest import HASH_EMBED, TOY, found, head, learn, randomize, toy_examples

ENTRY_POINTS = {
    "spacy_factories": {"balc_ner": "spacy_balc.ner:make_balc_ner"},
    "spacy_architectures": {
        "spacy-balc.BalcNer.v1": "spacy_balc.architectures:BalcNer",
        "spacy-balc.LoraTransformer.v1": "spacy_balc.architectures:LoraTransformer",
        "spacy-balc.WordList.v1": "spacy_balc.words:WordList",
    },
    "spacy_augmenters": {"spacy-balc.EntityRows.v1": "spacy_balc.augment:entity_rows"},
    "spacy_callbacks": {"spacy-balc.deterministic.v1": "spacy_balc.determinism:deterministic"},
    "spacy_cli": {"balc": "spacy_balc.cli:app"},
}


def resolve(config):
    return registry.resolve({"model": config})["model"]


def make_nlp(tok2vec, **settings):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec, **settings))
    return nlp


def initialized(tok2vec, **settings):
    nlp = make_nlp(tok2vec, **settings)
    examples = toy_examples(nlp)
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    return nlp, examples


def state(model):
    module = model.shims[0].module
    return {name: p.detach().clone() for name, p in module.named_parameters()}


# Registration


def test_entry_points_are_these_and_load():
    registered: dict = {}
    for point in distribution("spacy-balc").entry_points:
        registered.setdefault(point.group, {})[point.name] = point.value
        assert callable(point.load())
    assert registered == ENTRY_POINTS


def test_spacy_finds_them():
    for name in ENTRY_POINTS["spacy_architectures"]:
        assert callable(registry.architectures.get(name))
    assert spacy.blank("en").has_factory("balc_ner")
    assert "balc" in registry.cli.get_all()


NEW_MODULES = """
import sys
import spacy, spacy.pipeline, spacy.training, thinc.api
before = set(sys.modules)
import spacy_balc.ner
print(*(set(sys.modules) - before))
spacy.blank("zh")
print(*(name for name in sys.modules if name.startswith(("spacy_balc", "peft"))))
"""


def test_the_factory_imports_nothing_heavy():
    ran = subprocess.run(
        [sys.executable, "-c", NEW_MODULES], capture_output=True, text=True, check=True, timeout=60
    )
    imported, after_blank = ran.stdout.splitlines()
    names = ("adversarial", "artefact", "ner", "pipe", "tags")
    ours = {"spacy_balc", *(f"spacy_balc.{name}" for name in names)}
    assert set(imported.split()) == ours
    assert set(after_blank.split()) == ours


# Settings


@pytest.mark.parametrize(
    "lora, named",
    [
        ({"rnak": 4}, "no setting rnak: it takes rank, alpha, targets, dropout"),
        ({"rank": -1}, "lora.rank = -1"),
        ({"rank": 2.5}, "lora.rank = 2.5"),
        ({"alpha": 0}, "lora.alpha = 0"),
        ({"alpha": "16"}, "lora.alpha = '16'"),
        ({"dropout": 1.0}, "lora.dropout = 1.0"),
        ({"dropout": -0.1}, "lora.dropout = -0.1"),
        ({"targets": "query"}, "lora.targets = 'query'"),
        ({"targets": []}, r"lora.targets = \[\]"),
        ({"targets": [1]}, r"lora.targets = \[1\]"),
    ],
)
def test_lora_settings_out_of_range(lora, named, lora_tok2vec):
    with pytest.raises(ValueError, match=named):
        resolve(lora_tok2vec(lora=lora))


@pytest.mark.parametrize(
    "setting, value",
    [
        ("window", 0),
        ("stride", 0),
        ("stride", 49),
        ("pooling", "max"),
        ("precision", "fp16"),
        ("learn_rate_scale", -1.0),
    ],
)
def test_encoder_settings_out_of_range(setting, value, lora_tok2vec):
    with pytest.raises(ValueError, match=f"{setting} = {value!r}"):
        resolve(lora_tok2vec(**{setting: value}))


@pytest.mark.parametrize(
    "has, bf16",
    [
        ([], False),
        (["avx512_fp16"], False),
        (["avx512_bf16"], True),  # AMD since Zen 4
        (["avx512_bf16", "avx512_fp16"], False),  # Intel, its AMX hidden by a virtual machine
        (["avx512_bf16", "avx512_fp16", "amx"], True),
    ],
)
def test_auto_precision_is_the_faster_one(has, bf16, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: "amx" in has)
    told = {"_is_avx512_bf16_supported": lambda: "avx512_bf16" in has}
    told["get_capabilities"] = lambda: dict.fromkeys(has, True)
    for name, function in told.items():
        monkeypatch.setattr(torch.cpu, name, function, raising=False)  # torch 2.6 lacks some
    assert _dtype("auto", torch.device("cpu")) is (torch.bfloat16 if bf16 else torch.float32)


@pytest.mark.parametrize(
    "setting, value",
    [
        ("hidden_width", 0),
        ("lstm_layers", -1),
        ("attention_heads", -1),
        ("attention_window", 0),
        ("learn_rate_scale", -1.0),
        ("crf_learn_rate_scale", -0.5),
    ],
)
def test_head_settings_out_of_range(setting, value):
    with pytest.raises(ValueError, match=f"{setting} = {value}"):
        make_nlp(HASH_EMBED, **{setting: value})


def test_heads_that_do_not_divide_the_width():
    with pytest.raises(ValueError, match="attention_heads = 3 does not divide 32"):
        initialized(HASH_EMBED, attention_heads=3)


def test_a_partial_lora_block_gets_the_defaults(lora_tok2vec):
    lora = resolve(lora_tok2vec(lora={"rank": 2})).shims[0].lora
    assert lora == {"rank": 2, "alpha": 16, "targets": ["query", "key"], "dropout": 0.0}


def test_targets_that_are_not_in_the_encoder(lora_tok2vec):
    with pytest.raises(ValueError, match=r"lora.targets = \['q_proj'\].*called dense, key, query"):
        initialized(lora_tok2vec(lora={"targets": ["q_proj"]}))


def test_a_width_that_is_not_the_encoders(lora_tok2vec):
    with pytest.raises(ValueError, match="width = 64.*have 32: set width = 32"):
        initialized(lora_tok2vec(width=64))
    nlp, _ = initialized(lora_tok2vec(width=32))
    assert nlp.get_pipe("balc_ner").model.get_ref("tok2vec").get_dim("nO") == 32
    nlp, _ = initialized(lora_tok2vec())
    assert nlp.get_pipe("balc_ner").model.get_ref("tok2vec").get_dim("nO") == 32


def test_a_window_that_does_not_fit_the_encoder(lora_tok2vec):
    with pytest.raises(ValueError, match="window = 63 .*takes 62 at a time: set window = 62"):
        initialized(lora_tok2vec(window=63))
    initialized(lora_tok2vec(window=62))


def test_an_encoder_that_cannot_be_had(tmp_path):
    tok2vec = {"@architectures": "spacy-balc.LoraTransformer.v1", "name": str(tmp_path), "lora": {}}
    model = resolve(tok2vec)  # construction reads nothing
    with pytest.raises(ValueError, match=r"(?s)Can't get the encoder.*local folder"):
        model.initialize()


def test_a_tok2vec_without_weights_says_so(lora_tok2vec):
    nlp = spacy.blank("zh")
    with pytest.raises(ValueError, match="has no weights"):
        resolve(lora_tok2vec()).predict([nlp.make_doc("张三")])


# What trains


def train(nlp, examples, steps=3):
    optimizer = Adam(0.01)
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)


def test_only_adapters_and_head_train(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec())
    model = nlp.get_pipe("balc_ner").model
    nlp.update(examples, sgd=False)
    encoder = dict(model.layers[0].shims[0].module.named_parameters())
    adapters = {name for name in encoder if "lora_" in name}
    assert len(adapters) == 8  # A and B on query and key of two layers
    assert all((p.grad is not None) == (name in adapters) for name, p in encoder.items())
    assert all(p.grad is not None for p in model.shims[0].module.parameters())
    before, head_before = state(model.layers[0]), state(model)
    train(nlp, examples)
    after, head_after = state(model.layers[0]), state(model)
    assert all(torch.equal(before[k], after[k]) != (k in adapters) for k in before)
    assert not any(torch.equal(head_before[k], head_after[k]) for k in head_before)


def test_fresh_adapters_change_nothing(lora_tok2vec):
    with_lora, examples = initialized(lora_tok2vec())
    without, _ = initialized(lora_tok2vec(lora={"rank": 0}))
    docs = [eg.predicted for eg in examples]
    for a, b in zip(
        with_lora.get_pipe("balc_ner").model.layers[0].predict(docs),
        without.get_pipe("balc_ner").model.layers[0].predict(docs),
    ):
        assert numpy.array_equal(a, b)


@pytest.mark.parametrize("kind", ["bert", "roberta", "albert", "electra"])
def test_merged_prediction_is_the_training_forward(kind, lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec(kind))
    model = nlp.get_pipe("balc_ner").model.layers[0]
    unadapted = model.predict([examples[0].predicted])
    randomize(model.shims[0], "lora_B")
    assert not numpy.allclose(model.predict([examples[0].predicted]), unadapted, atol=0.01)
    docs = [eg.predicted for eg in examples]
    for a, b in zip(model.predict(docs), model.begin_update(docs)[0]):
        assert numpy.allclose(a, b, atol=1e-5)


def test_rank_0_trains_the_head_alone(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec(lora={"rank": 0}))
    tok2vec = nlp.get_pipe("balc_ner").model.layers[0]
    assert tok2vec.shims[0].trainable() == {}
    before = state(tok2vec)
    learn(nlp, examples)
    assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]
    assert all(torch.equal(before[k], p) for k, p in state(tok2vec).items())


def test_no_lora_trains_every_weight(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec(lora=None))
    tok2vec = nlp.get_pipe("balc_ner").model.layers[0]
    before = state(tok2vec)
    assert set(tok2vec.shims[0].trainable()) == set(before)
    train(nlp, examples)
    still = {k for k, p in state(tok2vec).items() if torch.equal(before[k], p)}
    assert still == set()
    learn(nlp, examples, learn_rate=0.003)
    assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]


def test_learning_rates_are_scaled(lora_tok2vec):
    tok2vec = lora_tok2vec(learn_rate_scale=0.0)
    nlp, examples = initialized(tok2vec, learn_rate_scale=1.0, crf_learn_rate_scale=0.0)
    model = nlp.get_pipe("balc_ner").model
    before, encoder_before = state(model), state(model.layers[0])
    train(nlp, examples)
    moved = {name for name, p in state(model).items() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if not name.startswith("crf.")}
    for name, p in state(model.layers[0]).items():
        assert torch.equal(p, encoder_before[name])


# Dropout and threads


def test_dropout_is_off_at_0_and_on_above(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec(lora={"rank": 4, "dropout": 0.5}))
    ner = nlp.get_pipe("balc_ner")
    train(nlp, examples)
    docs = [eg.predicted for eg in examples]

    def forward(rate, part):
        part.attrs["dropout_rate"] = rate
        return numpy.concatenate(part.begin_update(docs)[0])

    for part in (ner.model, ner.model.layers[0]):
        assert numpy.array_equal(forward(0.0, part), forward(0.0, part))
        assert not numpy.allclose(forward(0.3, part), forward(0.3, part))
    off = forward(0.0, ner.model.layers[0])
    assert numpy.allclose(off, numpy.concatenate(ner.model.layers[0].predict(docs)), atol=1e-5)


def test_prediction_while_another_thread_trains(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec())
    train(nlp, examples)
    ner = nlp.get_pipe("balc_ner")
    texts = [text for text, _ in TOY]
    docs = [nlp.make_doc(text) for text in texts]
    expected = numpy.concatenate(ner.model.predict(docs))
    stop, failures = threading.Event(), []

    def predict():
        while not stop.is_set():
            if not numpy.array_equal(numpy.concatenate(ner.model.predict(docs)), expected):
                failures.append("changed")
                return

    thread = threading.Thread(target=predict)
    thread.start()
    for _ in range(30):
        ner.update(examples, drop=0.5)  # no step: weights stay
    stop.set()
    thread.join()
    assert failures == []


def test_a_doc_in_a_batch_is_as_alone(lora_tok2vec):
    nlp, examples = initialized(lora_tok2vec())
    train(nlp, examples)
    model = nlp.get_pipe("balc_ner").model
    texts = ["张三", "", "今天天气很好。" * 20, "李四去了上海大学。", "London John"]
    docs = [nlp.make_doc(text) for text in texts]
    alone = [model.predict([doc])[0] for doc in docs]
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [2, 2, 1]):
        for i, row in zip(order, model.predict([docs[i] for i in order])):
            assert row.shape == alone[i].shape
            assert numpy.allclose(row, alone[i], atol=1e-5)
