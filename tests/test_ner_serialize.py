"""`balc_ner` on disk and in bytes: equal to the bit, self-contained, and clear when damaged."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile

import numpy
import pytest
import spacy
import srsly
import torch
from safetensors.torch import load as load_tensors

from spacy_balc.artefact import unpack

from .conftest import HASH_EMBED, TOY, found, head, learn, toy_examples
from .encoders import make_encoder

TEXTS = [text for text, _ in TOY] + ["", "北京大学的张三和John去London。", "很好" * 40]


def make_nlp(tok2vec, **settings):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec, **settings))
    return nlp


def enlarge(nlp):
    """Adapters start at zero: give them weights that nobody can lose without being seen."""
    generator = torch.Generator().manual_seed(5)
    for name, p in nlp.get_pipe("balc_ner").model.layers[0].shims[0].module.named_parameters():
        if "lora_B" in name:
            p.data = torch.randn(p.shape, generator=generator)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A trained pipeline with large adapters whose encoder's folder is gone, and its folder."""
    folder = make_encoder(tmp_path_factory.mktemp("made") / "encoder-on-this-machine")
    tok2vec = {
        "@architectures": "spacy-balc.LoraTransformer.v1",
        "name": str(folder),
        "window": 48,
        "stride": 32,
        "precision": "fp32",
        "lora": {"rank": 4, "alpha": 8},
    }
    nlp = make_nlp(tok2vec)
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    enlarge(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    path = tmp_path_factory.mktemp("saved") / "pipeline"
    nlp.to_disk(path)
    shutil.rmtree(folder)
    return nlp, path


def config_of(nlp):
    return {"model": nlp.config["components"]["balc_ner"]["model"]}


def emissions(nlp):
    return nlp.get_pipe("balc_ner").model.predict([nlp.make_doc(text) for text in TEXTS])


def same(first, second):
    return all(numpy.array_equal(a, b) for a, b in zip(first, second, strict=True))


# Round trips


def test_the_adapters_matter(saved):
    nlp, _ = saved
    model = nlp.get_pipe("balc_ner").model.copy()
    for name, p in model.layers[0].shims[0].module.named_parameters():
        if "lora_B" in name:
            p.data.zero_()
    docs = [nlp.make_doc(text) for text in TEXTS]
    assert not numpy.allclose(model.predict(docs)[0], emissions(nlp)[0], atol=1e-2)


def test_disk(saved, tmp_path):
    nlp, path = saved
    loaded = spacy.load(path)
    assert same(emissions(loaded), emissions(nlp))
    assert [found(doc) for doc in loaded.pipe(TEXTS)] == [found(doc) for doc in nlp.pipe(TEXTS)]
    assert loaded.get_pipe("balc_ner").labels == ("LOC", "ORG", "PER")
    loaded.to_disk(tmp_path / "again")
    nlp.to_disk(tmp_path / "twice")
    first = (path / "balc_ner" / "model").read_bytes()
    for folder in ("again", "twice"):
        assert (tmp_path / folder / "balc_ner" / "model").read_bytes() == first


def test_saved_twice_is_identical(saved):
    nlp, _ = saved
    assert nlp.to_bytes() == nlp.to_bytes()
    ner = nlp.get_pipe("balc_ner")
    first = ner.to_bytes()
    list(nlp.pipe(TEXTS))  # what prediction keeps is not saved
    assert ner.to_bytes() == first


def test_bytes(saved):
    nlp, _ = saved
    data = nlp.to_bytes()
    other = spacy.blank("zh")
    other.add_pipe("balc_ner", config=config_of(nlp))
    other.from_bytes(data)
    assert same(emissions(other), emissions(nlp))
    assert other.get_pipe("balc_ner").to_bytes() == nlp.get_pipe("balc_ner").to_bytes()
    # and once more over what it has
    other.from_bytes(data)
    assert same(emissions(other), emissions(nlp))


@pytest.mark.parametrize("labels", [[], ["PER", "GPE"]])
def test_before_initialize(labels, lora_tok2vec, tmp_path):
    nlp = make_nlp(lora_tok2vec())
    for label in labels:
        nlp.get_pipe("balc_ner").add_label(label)
    nlp.to_disk(tmp_path / "empty")
    for loaded in (
        spacy.load(tmp_path / "empty"),
        make_nlp(lora_tok2vec()).from_bytes(nlp.to_bytes()),
    ):
        ner = loaded.get_pipe("balc_ner")
        assert ner.labels == tuple(sorted(labels))
        with pytest.raises(ValueError, match="E109"):
            loaded("张三")
        learn(loaded, toy_examples(loaded), steps=30)
        assert ner.labels == tuple(sorted({*labels, "LOC", "ORG", "PER"}))
        assert [found(loaded(text)) for text, _ in TOY] == [ents for _, ents in TOY]


def test_component_into_another_vocab(saved):
    nlp, path = saved
    ner = nlp.get_pipe("balc_ner")
    config = config_of(nlp)
    for use in ("bytes", "disk"):
        other = spacy.blank("zh")
        loaded = other.add_pipe("balc_ner", config=config)
        assert "PER" not in other.vocab.strings
        if use == "bytes":
            loaded.from_bytes(ner.to_bytes(exclude=["vocab"]), exclude=["vocab"])
        else:
            loaded.from_disk(path / "balc_ner", exclude=["vocab"])
        assert found(other(TOY[1][0])) == TOY[1][1]


def test_into_a_pipeline_of_other_labels(saved, lora_tok2vec):
    nlp, path = saved
    config = config_of(nlp)
    config["model"]["tok2vec"]["name"] = lora_tok2vec()["name"]
    for load in (
        lambda ner: ner.from_bytes(nlp.get_pipe("balc_ner").to_bytes()),
        lambda ner: ner.from_disk(path / "balc_ner", exclude=["vocab"]),
    ):
        other = spacy.blank("zh")
        ner = other.add_pipe("balc_ner", config=config)
        for label in ("A", "B", "C", "D", "E"):
            ner.add_label(label)
        other.initialize()
        load(ner)
        assert ner.labels == ("LOC", "ORG", "PER")
        assert same(emissions(other), emissions(nlp))
        assert [found(other(text)) for text, _ in TOY] == [found(nlp(text)) for text, _ in TOY]
        other.update(toy_examples(other), sgd=other.create_optimizer())


LOAD = """
import sys, numpy, spacy
nlp = spacy.load(sys.argv[1])
texts = open(sys.argv[2], encoding="utf8").read().split("|")
found = nlp.get_pipe("balc_ner").model.predict([nlp.make_doc(text) for text in texts])
numpy.savez(sys.argv[3], *found)
"""


def test_in_a_new_process_it_is_equal_to_the_bit(saved, tmp_path):
    nlp, path = saved
    (tmp_path / "texts").write_text("|".join(TEXTS), encoding="utf8")
    shutil.copytree(path, tmp_path / "moved")
    subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path / "moved", tmp_path / "texts", tmp_path / "out.npz"],
        check=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    with numpy.load(tmp_path / "out.npz") as stored:
        assert same([stored[key] for key in stored.files], emissions(nlp))


def test_half_precision_base_goes_out_as_it_came_in(tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    from transformers import AutoModel

    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    tok2vec = {"@architectures": "spacy-balc.LoraTransformer.v1", "name": str(folder)}
    tok2vec.update(window=48, stride=32, precision="fp32", lora={"rank": 4})
    nlp = make_nlp(tok2vec)
    nlp.initialize(lambda: toy_examples(nlp))
    nlp.to_disk(tmp_path / "saved")
    assert same(emissions(spacy.load(tmp_path / "saved")), emissions(nlp))
    _, message = unpack((tmp_path / "saved" / "balc_ner" / "model").read_bytes())
    (shim,) = srsly.msgpack_loads(message)["shims"][1]
    weights = load_tensors(unpack(shim)[1])
    types = {name: tensor.dtype for name, tensor in weights.items()}
    adapters = {name for name in types if "lora_" in name}
    assert {types[name] for name in adapters} == {torch.float32}
    assert {types[name] for name in types.keys() - adapters} == {torch.float16}


# What is inside


def test_no_path_of_the_machine_in_the_model(saved):
    _, path = saved
    data = (path / "balc_ner" / "model").read_bytes()
    for trace in ("encoder-on-this-machine", tempfile.gettempdir(), os.path.expanduser("~")):
        assert trace.encode() not in data


def test_nothing_but_msgpack_json_and_safetensors(saved, monkeypatch):
    nlp, path = saved

    def refuse(*args, **kwargs):
        raise AssertionError("pickle in use")

    for module, name in (
        (pickle, "loads"),
        (pickle, "load"),
        (pickle, "dumps"),
        (pickle, "dump"),
        (pickle, "Unpickler"),
        (pickle, "Pickler"),
        (torch, "load"),
        (torch, "save"),
    ):
        monkeypatch.setattr(module, name, refuse)
    nlp.get_pipe("balc_ner").to_bytes()
    spacy.load(path)
    header, body = unpack((path / "balc_ner" / "model").read_bytes())
    assert header == {"labels": ["LOC", "ORG", "PER"]}
    message = srsly.msgpack_loads(body)
    shims = [shim for node in message["shims"] for shim in node]
    assert len(shims) == 2
    for shim in shims:
        spec, weights = unpack(shim)
        assert isinstance(spec, dict)
        assert load_tensors(weights)
    assert not any(param for node in message["params"] for param in node)
    # thinc's attributes are plain values, our functions are not among them
    assert {name for node in message["attrs"] for name in node} == {"dropout_rate"}


def test_settings_that_may_change_do(saved):
    nlp, path = saved
    changed = {"window": 20, "stride": 10, "precision": "bf16"}
    other = spacy.load(path, config={"components.balc_ner.model.tok2vec": changed})
    close = emissions(other)
    assert not same(close, emissions(nlp))


# What is wrong


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"\x00" + data,
        lambda data: data.replace(b"lora_B", b"lora_X"),
        lambda data: data.replace(b"num_attention_heads", b"mun_attention_heads"),
        lambda data: data.replace(b'"F32"', b'"F31"'),
        lambda data: b"PK\x03\x04" + data[4:],
    ],
    ids=["empty", "half", "last byte", "first byte", "names", "spec", "type", "zip"],
)
def test_a_damaged_file_is_named(damage, saved, tmp_path):
    _, path = saved
    shutil.copytree(path, tmp_path / "copy")
    file = tmp_path / "copy" / "balc_ner" / "model"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError) as caught:
        spacy.load(tmp_path / "copy")
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(saved, tmp_path):
    _, path = saved
    shutil.copytree(path, tmp_path / "copy")
    (tmp_path / "copy" / "balc_ner" / "model").unlink()
    with pytest.raises((ValueError, OSError), match="balc_ner.model"):
        spacy.load(tmp_path / "copy")


def test_another_missing_file_is_named_too(saved, tmp_path):
    nlp, path = saved
    ner = spacy.blank("zh").add_pipe("balc_ner", config=config_of(nlp))
    with pytest.raises(ValueError, match="strings.json") as caught:
        ner.from_disk(path / "balc_ner")  # which has no vocabulary of its own
    assert str(path / "balc_ner" / "model") not in str(caught.value)


def test_a_later_format_is_refused(saved, tmp_path):
    _, path = saved
    shutil.copytree(path, tmp_path / "copy")
    file = tmp_path / "copy" / "balc_ner" / "model"
    file.write_bytes(file.read_bytes().replace(b'"spacy-balc": 1', b'"spacy-balc": 99', 1))
    with pytest.raises(ValueError, match="format 99.*install the version that wrote it"):
        spacy.load(tmp_path / "copy")


@pytest.mark.parametrize(
    "setting, value, named",
    [
        ("hidden_width", 8, "hidden_width = 16"),
        ("lstm_layers", 2, "lstm_layers = 1"),
        ("attention_heads", 2, "attention_heads = 1"),
        ("attention_window", 3, "attention_window = 256"),
        ("crf", False, "crf = True"),
        ("tok2vec.lora.rank", 8, "lora.*'rank': 4"),
        ("tok2vec.lora.targets", ["value"], "lora.*'targets'"),
        ("tok2vec.pooling", "first", "pooling = 'mean'"),
        ("tok2vec.width", 64, "64"),
        ("tok2vec.window", 100, "window = 100 .*takes 62 at a time: set window = 62"),
    ],
)
def test_other_settings_are_refused_by_name(setting, value, named, saved):
    _, path = saved
    with pytest.raises(ValueError, match=named) as caught:
        spacy.load(path, config={f"components.balc_ner.model.{setting}": value})
    assert str(path / "balc_ner" / "model") in str(caught.value)


def test_another_tok2vec_is_refused(saved):
    _, path = saved
    config = {"components.balc_ner.model.tok2vec": HASH_EMBED}
    with pytest.raises(ValueError, match="balc_ner.model"):
        spacy.load(path, config=config)


def test_without_an_lstm_nothing_need_have_its_width(tmp_path):
    nlp = make_nlp(HASH_EMBED, lstm_layers=0, attention_heads=0, hidden_width=128)
    examples = toy_examples(nlp)
    learn(nlp, examples, 2)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("balc_ner").to_bytes() == nlp.get_pipe("balc_ner").to_bytes()
