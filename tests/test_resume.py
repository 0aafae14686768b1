"""Training that is killed: one of model-best and model-last loads, and `balc resume` goes on."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from .conftest import HASH_EMBED, found, head, run_spacy, toy_examples

EVERY = 2  # steps between evaluations


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a config and the toy corpus; training takes `EVERY` steps an evaluation."""
    path = tmp_path_factory.mktemp("training")
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    docs = [eg.reference for eg in toy_examples(nlp)]
    DocBin(docs=docs).to_disk(path / "toy.spacy")
    config = nlp.config.copy()
    config["paths"].update(train=str(path / "toy.spacy"), dev=str(path / "toy.spacy"))
    config["training"].update(max_steps=6, eval_frequency=EVERY, patience=0)
    config["training"]["optimizer"]["learn_rate"] = 0.01
    config.to_disk(path / "config.cfg")
    return path


@pytest.fixture(scope="module")
def trained_folder(folder):
    run_spacy("train", folder / "config.cfg", "--output", folder / "first")
    return folder / "first"


def resume(*args):
    """Run the command; returns what it printed, without the wrapping of long lines."""
    return " ".join(run_spacy("balc", "resume", *args).split())


def entities(path):
    nlp = spacy.load(path)
    docs = nlp.pipe(["张三在北京工作。", "李四去了上海大学。"])
    return nlp.get_pipe("balc_ner").labels, [found(doc) for doc in docs]


def save(nlp, path):
    path.parent.mkdir()
    nlp.to_disk(path)


def test_it_goes_on_from_model_last(trained_folder, tmp_path):
    printed = resume(trained_folder, "--output", tmp_path / "second")
    assert f"Going on from {trained_folder / 'model-last'}" in printed
    second = spacy.load(tmp_path / "second" / "model-last")
    assert second.config["components"]["balc_ner"]["factory"] == "balc_ner"
    assert entities(tmp_path / "second" / "model-last")[0] == ("LOC", "ORG", "PER")


def test_what_was_learnt_is_kept(trained_folder, tmp_path):
    still = ["--training.optimizer.learn_rate", "0.0", "--training.max_steps", "1"]
    output = tmp_path / "second"
    resume(trained_folder, "--output", output, *still)
    files = [path / "model-last" / "balc_ner" / "model" for path in (trained_folder, output)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_model_best_where_model_last_is_half_written(trained_folder, tmp_path):
    shutil.copytree(trained_folder, tmp_path / "first")
    file = tmp_path / "first" / "model-last" / "balc_ner" / "model"
    file.write_bytes(file.read_bytes()[:1000])
    printed = resume(tmp_path / "first", "--output", tmp_path / "second")
    assert f"Going on from {tmp_path / 'first' / 'model-best'}" in printed


def test_components_that_do_not_train_keep_what_they_have(trained_folder, tmp_path):
    nlp = spacy.load(trained_folder / "model-last")
    ruler = nlp.add_pipe("entity_ruler", before="balc_ner")
    ruler.add_patterns([{"label": "LOC", "pattern": "月亮"}])
    save(nlp, tmp_path / "first" / "model-last")
    resume(tmp_path / "first", "--output", tmp_path / "second", "--training.max_steps", "1")
    second = spacy.load(tmp_path / "second" / "model-last")
    assert second.get_pipe("entity_ruler").patterns == ruler.patterns


def test_pretrained_weights_do_not_come_back(trained_folder, tmp_path):
    nlp = spacy.load(trained_folder / "model-last")
    nlp.config["initialize"]["init_tok2vec"] = str(tmp_path / "long-gone.bin")
    save(nlp, tmp_path / "first" / "model-last")
    resume(tmp_path / "first", "--output", tmp_path / "second", "--training.max_steps", "1")
    second = spacy.load(tmp_path / "second" / "model-last")
    assert second.config["initialize"]["init_tok2vec"] is None


def test_a_pipeline_in_place_of_its_folder_is_told(trained_folder, tmp_path):
    with pytest.raises(AssertionError, match="name the folder that it lies in"):
        resume(trained_folder / "model-last", "--output", tmp_path / "second")


def test_nothing_that_loads_is_said(trained_folder, tmp_path):
    shutil.copytree(trained_folder / "model-last", tmp_path / "first" / "model-last")
    (tmp_path / "first" / "model-last" / "balc_ner" / "model").unlink()
    with pytest.raises(AssertionError) as caught:
        resume(tmp_path / "first", "--output", tmp_path / "second")
    assert "no pipeline that loads" in str(caught.value)
    assert "model-last: Can't load" in str(caught.value) and "model-best" in str(caught.value)
    assert not (tmp_path / "second").exists()


def test_the_same_folder_is_refused(trained_folder):
    before = (trained_folder / "model-best" / "balc_ner" / "model").read_bytes()
    with pytest.raises(AssertionError, match="must be another folder"):
        resume(trained_folder, "--output", trained_folder)
    assert (trained_folder / "model-best" / "balc_ner" / "model").read_bytes() == before


def start(folder, output):
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "--output", output]
    return subprocess.Popen(
        [*command, "--training.max_steps", "100000", "--training.eval_frequency", "1"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_killed_at_any_moment_one_of_the_two_loads(folder, tmp_path):
    chance = random.Random(0)
    half_written = 0
    for attempt in range(12):
        output = tmp_path / str(attempt)
        process = start(folder, output)
        try:
            limit = time.monotonic() + 120
            while not (output / "model-last" / "vocab").exists() and time.monotonic() < limit:
                assert process.poll() is None
                time.sleep(0.01)
            # The second evaluation deletes what the first one wrote: from here on is the danger.
            time.sleep(1.0 + chance.random())
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        loads = []
        for name in ("model-last", "model-best"):
            try:
                loads.append(entities(Path(output) / name))
            except Exception:
                half_written += 1
        assert loads
        assert all(labels == ("LOC", "ORG", "PER") for labels, _ in loads)
        if attempt == 0:
            resume(output, "-o", tmp_path / "on", "--training.max_steps", "4")
            entities(tmp_path / "on" / "model-last")
    print(f"12 trainings killed, {half_written} of 24 folders half-written, none without the other")
