"""The same seed gives the same weights and scores twice; the switch for determinism on a GPU."""

import os

import pytest
import spacy
import srsly
import torch
from spacy.tokens import DocBin

from spacy_balc.determinism import deterministic

from .conftest import head, run_spacy, toy_examples


@pytest.fixture
def train(lora_tok2vec, tmp_path):
    """Function that trains with a seed; returns the bytes of the weights, and the scores."""
    nlp = spacy.blank("zh")
    lora = {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.1}
    nlp.add_pipe("balc_ner", config=head(lora_tok2vec(lora=lora)))
    DocBin(docs=[eg.reference for eg in toy_examples(nlp)]).to_disk(tmp_path / "toy.spacy")
    config = nlp.config.copy()
    config["paths"].update(train=str(tmp_path / "toy.spacy"), dev=str(tmp_path / "toy.spacy"))
    config["training"].update(max_steps=8, eval_frequency=4, patience=0, dropout=0.2)
    config["training"]["batcher"]["size"] = 20
    config["training"]["before_update"] = {"@callbacks": "spacy-balc.deterministic.v1"}
    config.to_disk(tmp_path / "config.cfg")

    def run(seed, name):
        output = tmp_path / name
        run_spacy("train", tmp_path / "config.cfg", "-o", output, "--training.seed", seed)
        scores = srsly.read_json(output / "model-last" / "meta.json")["performance"]
        return (output / "model-last" / "balc_ner" / "model").read_bytes(), scores

    return run


@pytest.fixture
def restored():
    yield
    torch.use_deterministic_algorithms(False)


def test_one_seed_gives_the_same_weights_and_scores_twice(train, restored):
    weights, scores = train(3, "first")
    again, scores_again = train(3, "second")
    assert again == weights
    assert scores_again == scores
    assert train(4, "third")[0] != weights


def test_the_switch_reaches_torch(restored, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    switch_on = deterministic()
    # cuBLAS reads it once, at the first product, which is before the first step.
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    switch_on(spacy.blank("zh"), {"step": 0, "epoch": 0})
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
