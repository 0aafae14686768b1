"""The configs are complete, and spaCy's commands run them."""

from pathlib import Path

import pytest
import spacy
from spacy import util
from spacy.tokens import DocBin
from thinc.api import Config

from .conftest import TOY, found, run_spacy

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
ENGLISH = [
    ("Mary lives in London.", [(0, 4, "PER"), (14, 20, "LOC")]),
    ("John moved to New York.", [(0, 4, "PER"), (14, 22, "LOC")]),
    ("Acme Corp. hired Mary.", [(0, 10, "ORG"), (17, 21, "PER")]),
    ("Nobody came.", []),
]


def write_corpus(path, lang, data, tags=False):
    nlp = spacy.blank(lang)
    docs = []
    for text, ents in data:
        doc = nlp.make_doc(text)
        doc.ents = [doc.char_span(start, end, label) for start, end, label in ents]
        for token in doc if tags else ():
            token.tag_ = "PUNCT" if token.is_punct else "X"
        docs.append(doc)
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_filling_a_config_changes_nothing(path):
    if path.stem == "shared_transformer":
        pytest.importorskip("spacy_transformers")
    config = Config().from_disk(path)
    nlp = util.load_model_from_config(config, auto_fill=True)
    assert nlp.config.interpolate() == config.interpolate()


def train(config, output, corpus, encoder, *overrides, steps=60):
    # fmt: off
    run_spacy(
        "train", ROOT / "configs" / f"{config}.cfg", "--output", output,
        "--paths.train", corpus, "--paths.dev", corpus,
        "--paths.encoder", encoder, "--training.max_steps", steps, "--training.eval_frequency", 30,
        "--training.optimizer.learn_rate.total_steps", 400,
        "--training.optimizer.learn_rate.warmup_steps", 5, *overrides,
    )
    # fmt: on
    return spacy.load(output / "model-best")


def test_a_language_with_spaces_trains_from_the_command_line(encoder, tmp_path):
    corpus = write_corpus(tmp_path / "toy.spacy", "en", ENGLISH)
    overrides = ["--components.balc_ner.model.tok2vec.window", 60]
    overrides += ["--components.balc_ner.model.tok2vec.stride", 40]
    overrides += ["--training.optimizer.learn_rate.initial_rate", 0.01]
    encoder = encoder("roberta", 64)
    nlp = train("english", tmp_path / "out", corpus, encoder, *overrides, steps=120)
    for text, ents in ENGLISH:
        assert found(nlp(text)) == ents


def test_the_shared_transformer_trains_both_components(encoder, tmp_path):
    pytest.importorskip("spacy_transformers")
    corpus = write_corpus(tmp_path / "toy.spacy", "zh", TOY, tags=True)
    mini = ROOT / "assets" / "encoder-mini"
    nlp = train("shared_transformer", tmp_path / "out", corpus, mini)
    for text, ents in TOY:
        doc = nlp(text)
        assert found(doc) == ents
        assert [token.tag_ for token in doc] == ["PUNCT" if t.is_punct else "X" for t in doc]
