"""What spacy-transformers tests of files, other heads and configs, asked of LoraTransformer.

In own words, of its test_serialize, test_tok2vectransformer, test_textcatcnn, test_configs and the
sentencepiece part of test_pipeline_component.
"""

import pickle

import numpy
import pytest
import spacy
from spacy.lang.en import English
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config_from_str, load_model_from_config, registry

from .test_transformers_suite import (
    HEADS,
    LISTENER,
    TEXT,
    assert_same,
    components,
    examples_for,
    outputs,
    shared,
    started,
)


@pytest.fixture
def short_windows(lora_tok2vec):
    """Function from a kind of encoder to a LoraTransformer's config."""
    return lambda kind="bert", **options: lora_tok2vec(kind, window=12, stride=8, **options)


# Serialisation


@pytest.mark.parametrize("kind", ["bert", "electra", "roberta", "xlm-roberta", "albert"])
def test_disk_bytes_and_pickle(kind, short_windows, tmp_path):
    names = HEADS if kind == "bert" else ("balc_ner",)
    nlp = shared(short_windows(kind), names)
    config = nlp.config.copy()
    fresh = load_model_from_config(config)
    started(nlp)
    nlp.to_disk(tmp_path / "first")
    loaded = spacy.load(tmp_path / "first")
    assert_same(nlp, loaded, names)
    loaded.to_disk(tmp_path / "second")
    assert_same(nlp, spacy.load(tmp_path / "second"), names)
    assert_same(nlp, fresh.from_bytes(nlp.to_bytes()), names)
    # not `nlp`: spaCy's listeners hold functions of their last update
    assert_same(nlp, pickle.loads(pickle.dumps(loaded)), names)
    # other weights would be seen
    other = load_model_from_config(config)
    started(other, steps=3)
    assert not numpy.array_equal(outputs(other, "balc_ner")[0], outputs(nlp, "balc_ner")[0])


@pytest.mark.parametrize("place", ["tok2vec", "tagger"])
@pytest.mark.parametrize("initialized", [False, True])
def test_one_component_by_bytes_and_disk(place, initialized, short_windows, tmp_path):
    def make():
        if place == "tok2vec":
            return shared(short_windows(), ())
        nlp = spacy.blank("en")
        nlp.add_pipe("tagger", config=components(short_windows())["tagger"])
        return nlp

    nlp = make()
    if place == "tagger":
        nlp.get_pipe("tagger").add_label("V")
    if initialized:
        nlp.initialize()
    component = nlp.get_pipe(place)
    data = component.to_bytes()
    component.to_disk(tmp_path / "component")
    for again in (
        make().get_pipe(place).from_bytes(data),
        make().get_pipe(place).from_disk(tmp_path / "component"),
    ):
        assert again.to_bytes() == data
        if place == "tagger":
            assert again.labels == ("V",)
    nlp.to_disk(tmp_path / "pipeline")
    assert spacy.load(tmp_path / "pipeline").to_bytes() == nlp.to_bytes()


def test_saved_before_it_is_initialized_it_initializes_later(short_windows, tmp_path):
    shared(short_windows(), ("balc_ner",)).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    started(nlp)
    assert nlp(TEXT).tensor.shape == (5, 32)


def test_settings_changed_in_a_saved_config_count(short_windows, tmp_path):
    nlp = shared(short_windows(), ("balc_ner",))
    started(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.tok2vec.model.window": 30})
    assert loaded.config["components"]["tok2vec"]["model"]["window"] == 30
    short, long = "e u i", "e u i " * 20  # a piece a token
    assert numpy.array_equal(nlp(short).tensor, loaded(short).tensor)
    assert not numpy.allclose(nlp(long).tensor, loaded(long).tensor)


# Other heads and configs


@pytest.mark.parametrize("architecture", ["spacy.TextCatEnsemble.v2", "spacy.TextCatReduce.v1"])
def test_textcat_listens_and_takes_another_label(architecture, short_windows, tmp_path):
    nlp = shared(short_windows(), ())
    model = {"@architectures": architecture, "tok2vec": LISTENER}
    if architecture.endswith("Reduce.v1"):
        reduce = {f"use_reduce_{by}": by == "mean" for by in ("first", "last", "max", "mean")}
        model.update(reduce, exclusive_classes=True)
    else:
        model["linear_model"] = {
            "@architectures": "spacy.TextCatBOW.v3",
            "exclusive_classes": True,
            "length": 64,
            "ngram_size": 1,
            "no_output_layer": False,
        }
    textcat = nlp.add_pipe("textcat", config={"model": model})
    data = [("John lives", {"cats": {"X": 1.0, "Y": 0.0}}), ("met", {"cats": {"X": 0.0, "Y": 1.0}})]
    examples = [Example.from_dict(nlp.make_doc(text), gold) for text, gold in data]
    optimizer = nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(TEXT).cats == pytest.approx(nlp(TEXT).cats)
    if textcat.is_resizable:
        textcat.add_label("Z")
        assert set(nlp(TEXT).cats) == {"X", "Y", "Z"}


CONFIG = """
[nlp]
lang = "en"
pipeline = ["my_encoder","balc_ner","tagger"]

[components]

[components.my_encoder]
factory = "tok2vec"

[components.my_encoder.model]
@architectures = "spacy-balc.LoraTransformer.v1"
width = 32
window = 12
stride = 8
lora = null

[components.balc_ner]
factory = "balc_ner"

[components.balc_ner.model]
hidden_width = 8

[components.balc_ner.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.my_encoder.model.width}
upstream = "my_encoder"

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.my_encoder.model.width}
upstream = "my_encoder"

[corpora]
@readers = "toy_shared_data.v1"

[initialize]

[initialize.components]

[initialize.components.balc_ner]
labels = ["LOC","PER"]

[initialize.components.tagger]
labels = ["N"]
"""


def test_an_encoder_of_another_name_initializes_from_a_config(encoder):
    @registry.readers("toy_shared_data.v1")
    def toy_shared_data():
        def read(nlp):
            yield from examples_for(nlp)

        return {"train": read, "dev": read}

    name = {"components.my_encoder.model.name": encoder("bert")}
    config = load_config_from_str(CONFIG, overrides=name)
    nlp = init_nlp(English.default_config.merge(config))
    assert nlp.get_pipe("my_encoder").listening_components == ["balc_ner", "tagger"]
    assert nlp.get_pipe("balc_ner").labels == ("LOC", "PER")
    assert nlp.get_pipe("tagger").labels == ("N",)
    assert nlp(TEXT).has_annotation("ENT_IOB")
