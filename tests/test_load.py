"""Many threads and processes at once: the answers of one thread, and never a hang."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from .conftest import head, learn, toy_examples

ROOT = Path(__file__).parent.parent
WATCHDOG = 240  # seconds; a hang would take for ever, all of it takes some 15


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory):
    tok2vec = {"@architectures": "spacy-balc.LoraTransformer.v1", "name": encoder("bert")}
    tok2vec.update(window=48, stride=32, lora={"rank": 4})
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec))
    learn(nlp, toy_examples(nlp), steps=30)
    path = tmp_path_factory.mktemp("load") / "pipeline"
    nlp.to_disk(path)
    return path


def run(path, how, threads):
    return subprocess.run(
        [sys.executable, "-m", "tests.load_script", path, how],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )


@pytest.mark.parametrize("torch_threads", [1, 2])
@pytest.mark.parametrize("how", ["threads", "fork", "spawn"])
def test_the_answers_of_one_thread(how, torch_threads, saved):
    if how == "fork" and sys.platform != "linux":
        pytest.skip("forking is for Linux")
    ran = run(saved, how, torch_threads)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == f"{how} 60 as one thread answers"
