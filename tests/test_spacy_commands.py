"""spaCy's own commands on a pipeline with balc_ner: each is run on one that `spacy train` made."""

import json
from pathlib import Path

import pytest
import spacy
from thinc.api import Config

from .conftest import TOY, found, run_spacy
from .test_configs import write_corpus

ROOT = Path(__file__).parent.parent
STEPS = ["--training.max_steps", 120, "--training.eval_frequency", 40]


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    """Folder with toy.spacy, toy.cfg and training/model-{best,last}."""
    folder = tmp_path_factory.mktemp("project")
    corpus = write_corpus(folder / "toy.spacy", "zh", TOY)
    config = Config().from_disk(ROOT / "configs" / "sample.cfg", interpolate=False)
    config["paths"] = {**config["paths"], "train": str(corpus), "dev": str(corpus)}
    config["paths"]["encoder"] = encoder("bert", 64)
    tok2vec = config["components"]["balc_ner"]["model"]["tok2vec"]
    tok2vec["window"], tok2vec["stride"] = 60, 40
    schedule = {"initial_rate": 0.01, "warmup_steps": 5, "total_steps": STEPS[1]}
    config["training"]["optimizer"]["learn_rate"].update(schedule)
    config["training"]["dropout"] = 0.0
    config.to_disk(folder / "toy.cfg")
    run_spacy("train", folder / "toy.cfg", "--output", folder / "training", *STEPS)
    return folder


def answers(nlp):
    return [found(doc) for doc in nlp.pipe(text for text, _ in TOY)]


def test_train_learns_and_overrides_count(trained, tmp_path):
    assert answers(spacy.load(trained / "training" / "model-best")) == [ents for _, ents in TOY]
    half = write_corpus(tmp_path / "half.spacy", "zh", TOY[:1])
    output = tmp_path / "out"
    steps = ["--training.max_steps", 2, "--training.eval_frequency", 1]
    run_spacy("train", trained / "toy.cfg", "--output", output, "--paths.train", half, *steps)
    assert spacy.load(output / "model-last").get_pipe("balc_ner").labels == ("LOC", "PER")


def test_train_goes_on_from_a_sourced_component(trained, tmp_path):
    config = Config().from_disk(trained / "toy.cfg", interpolate=False)
    config["components"]["balc_ner"] = {"source": str(trained / "training" / "model-last")}
    config.to_disk(tmp_path / "more.cfg")
    more = [*TOY, ("特斯拉发布新车。", [(0, 3, "CAR")])]
    corpus = write_corpus(tmp_path / "more.spacy", "zh", more)
    output = tmp_path / "out"
    # fmt: off
    run_spacy(
        "train", tmp_path / "more.cfg", "--output", output,
        "--paths.train", corpus, "--paths.dev", corpus,
        "--training.max_steps", 300, "--training.eval_frequency", 50,
        "--training.optimizer.learn_rate.total_steps", 300,
    )
    # fmt: on
    nlp = spacy.load(output / "model-best")
    assert nlp.get_pipe("balc_ner").labels == ("CAR", "LOC", "ORG", "PER")
    assert [found(nlp(text)) for text, _ in more] == [ents for _, ents in more]


def test_debug_config_finds_no_fault(trained):
    assert "Config is valid" in run_spacy("debug", "config", trained / "toy.cfg")


def test_init_fill_config_changes_nothing(trained, tmp_path):
    run_spacy("init", "fill-config", trained / "toy.cfg", tmp_path / "filled.cfg")
    given = Config().from_disk(trained / "toy.cfg")
    assert Config().from_disk(tmp_path / "filled.cfg") == given


def test_init_labels_writes_what_initialize_reads(trained, tmp_path):
    run_spacy("init", "labels", trained / "toy.cfg", tmp_path)
    assert json.loads((tmp_path / "balc_ner.json").read_text()) == ["LOC", "ORG", "PER"]
    config = Config().from_disk(trained / "toy.cfg", interpolate=False)
    config["initialize"]["components"]["balc_ner"] = {
        "labels": {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "balc_ner.json")}
    }
    config.to_disk(tmp_path / "labels.cfg")
    steps = ["--training.max_steps", 1, "--training.eval_frequency", 1]
    run_spacy("train", tmp_path / "labels.cfg", "--output", tmp_path / "out", *steps)
    assert spacy.load(tmp_path / "out" / "model-last").get_pipe("balc_ner").labels == (
        "LOC",
        "ORG",
        "PER",
    )


def test_evaluate_and_balc_evaluate_agree(trained, tmp_path):
    model, corpus = trained / "training" / "model-best", trained / "toy.spacy"
    run_spacy("evaluate", model, corpus, "--output", tmp_path / "spacy.json")
    run_spacy("balc", "evaluate", model, corpus, "--output", tmp_path / "balc.json")
    theirs = json.loads((tmp_path / "spacy.json").read_text())
    ours = json.loads((tmp_path / "balc.json").read_text())
    assert theirs["ents_f"] == ours["ents_f"] == 1.0
    assert theirs["ents_per_type"] == ours["ents_per_type"]


def test_benchmark_speed_runs(trained):
    model, corpus = trained / "training" / "model-best", trained / "toy.spacy"
    assert "Outliers" in run_spacy(
        "benchmark", "speed", model, corpus, "--warmup", 1, "--batches", 30, "--batch-size", 2
    )


def test_assemble_puts_a_pipeline_together_from_components(trained, tmp_path):
    config = Config().from_disk(trained / "toy.cfg", interpolate=False)
    config["components"]["balc_ner"] = {"source": str(trained / "training" / "model-best")}
    config.to_disk(tmp_path / "assemble.cfg")
    run_spacy("assemble", tmp_path / "assemble.cfg", tmp_path / "assembled")
    assert answers(spacy.load(tmp_path / "assembled")) == [ents for _, ents in TOY]


def test_package_declares_this_plugin(trained, tmp_path):
    model = trained / "training" / "model-best"
    run_spacy("package", model, tmp_path, "--name", "toy", "--build", "none")
    meta = json.loads((tmp_path / "zh_toy-0.0.0" / "meta.json").read_text(encoding="utf8"))
    assert any(need.startswith("spacy-balc>=") for need in meta["requirements"])


def test_project_document_describes_every_command(tmp_path):
    run_spacy("project", "document", ROOT, "--output", tmp_path / "project.md")
    page = (tmp_path / "project.md").read_text(encoding="utf8")
    for name in ("all", "msra", "convert", "train", "evaluate", "report", "demo", "package"):
        assert f"`{name}`" in page


def test_balc_demo_tags_a_text(trained):
    out = run_spacy("balc", "demo", trained / "training" / "model-best", TOY[0][0])
    assert "张\tB-PER\n三\tI-PER\n在\tO\n" in out
