"""`balc evaluate`, run as a user runs it, on pipelines of rules."""

import hashlib
import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_balc.cli.evaluate import evaluate, sha256

from .commands import rules, run, words
from .spans import bio, make_doc

TEXTS = [
    ("杨柳回到长沙", [(0, 2, "PER"), (4, 6, "LOC")]),
    ("雨停了", []),
    ("长沙下雪", [(0, 2, "LOC")]),
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rules(PER=["杨柳"], LOC=["长沙"], ORG=["雨"]).to_disk(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def docs() -> list[Doc]:
    return [make_doc(*text) for text in TEXTS]


@pytest.fixture
def gold(tmp_path: Path, docs: list[Doc]) -> Path:
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    return tmp_path / "gold.spacy"


def test_evaluate(tmp_path, model, gold):
    output = tmp_path / "metrics" / "test.json"
    printed = run("evaluate", model, gold, "--output", output)
    metrics = json.loads(output.read_text(encoding="utf-8"))
    assert metrics["ents_counts"] == {
        "gold": 3, "predicted": 4, "correct": 3,
        "per_type": {
            "LOC": {"gold": 2, "predicted": 2, "correct": 2},
            "ORG": {"gold": 0, "predicted": 1, "correct": 0},
            "PER": {"gold": 1, "predicted": 1, "correct": 1},
        },
    }  # fmt: skip
    assert metrics["ents_p"] == 3 / 4 and metrics["ents_r"] == 1.0
    assert (metrics["sentences"], metrics["tokens"], metrics["longest_sentence"]) == (3, 13, 6)
    assert (metrics["model"], metrics["data"]) == (str(model), str(gold))
    assert metrics["data_sha256"] == hashlib.sha256(gold.read_bytes()).hexdigest()
    assert metrics["seconds"] > 0 and metrics["tokens_per_second"] > 0
    assert "not an entity score" in printed and "without annotation" not in printed
    assert ["all", "85.71", "75.00", "100.00", "3", "4", "3"] in [
        line.split() for line in printed.splitlines()
    ]


@pytest.mark.parametrize("retokenize", [False, True])
def test_evaluate_agrees_with_spacy_to_the_last_bit(docs, retokenize):
    nlp = rules(PER=["杨"], LOC=["长沙", "雨"])
    metrics = evaluate(nlp, docs, retokenize=retokenize)
    examples = [
        Example(Doc(nlp.vocab, [t.text for t in doc], [False] * len(doc)), doc) for doc in docs
    ]
    theirs = nlp.evaluate(examples)
    for key in ("ents_p", "ents_r", "ents_f", "ents_per_type"):
        assert metrics[key] == theirs[key]
    assert metrics["ents_counts"]["predicted"] == 4
    support = {row["tag"]: row["support"] for row in metrics["token_table"]["rows"]}
    assert support == {"B-LOC": 2, "I-LOC": 2, "B-PER": 1, "I-PER": 1, "O": 7}


def test_retokenize_compares_characters_and_tags_gold_tokens():
    nlp = rules(LOC=["长沙"], DATE=["20"], ORG=["县"])
    gold = Doc(nlp.vocab, words=["长沙县", "2024"], spaces=[False, False])
    gold.set_ents([Span(gold, 0, 1, "LOC")], default="outside")
    metrics = evaluate(nlp, [gold], retokenize=True)
    # 长沙 is not the gold's 长沙县, though it lies on the same gold token.
    assert metrics["ents_counts"]["correct"] == 0
    rows = {row["tag"]: row for row in metrics["token_table"]["rows"]}
    assert rows["B-LOC"]["recall"] == 1.0
    assert rows["O"]["recall"] == 0.0 and rows["B-DATE"]["support"] == 0


def test_missing_annotation_is_left_out():
    nlp = rules(PER=["杨柳"], LOC=["长沙"])
    gold = Doc(nlp.vocab, words=list("杨柳回长沙"), spaces=[False] * 5)
    gold.set_ents([Span(gold, 0, 2, "PER")], outside=[gold[2:4]], default="missing")
    metrics = evaluate(nlp, [gold])
    assert metrics["ents_counts"] == {
        "gold": 1, "predicted": 1, "correct": 1,
        "per_type": {"PER": {"gold": 1, "predicted": 1, "correct": 1}},
    }  # fmt: skip
    assert sum(row["support"] for row in metrics["token_table"]["rows"]) == 4
    theirs = nlp.evaluate([Example(nlp.make_doc(gold.text), gold)])
    assert metrics["ents_f"] == theirs["ents_f"] == 1.0


def test_docs_without_annotation_count_for_nothing(tmp_path, model, docs):
    nlp = rules(PER=["杨柳"], LOC=["长沙"])
    bare = Doc(nlp.vocab, words=list("长沙没有标注"), spaces=[False] * 6)
    empty = Doc(nlp.vocab)
    metrics = evaluate(nlp, [bare, *docs, empty, bare])
    same = evaluate(nlp, docs)
    assert metrics["docs_without_annotation"] == 3 and same["docs_without_annotation"] == 0
    for key in ("ents_f", "ents_counts", "token_table", "sentences", "tokens", "longest_sentence"):
        assert metrics[key] == same[key]
    assert metrics["tokens_per_second"] == pytest.approx(13 / metrics["seconds"])
    DocBin(docs=[bare, *docs]).to_disk(tmp_path / "some.spacy")
    assert "1 docs without annotation left out" in run("evaluate", model, tmp_path / "some.spacy")


def test_evaluate_reads_any_format_and_folders(tmp_path, model, gold):
    folder = tmp_path / "columns"
    folder.mkdir()
    for i, (text, spans) in enumerate(TEXTS):
        lines = [f"{c}\t{tag}\n" for c, tag in zip(text, bio(spans, len(text)), strict=True)]
        (folder / f"{i}.bio").write_text("".join(lines), encoding="utf-8")
    shards = tmp_path / "shards"
    shards.mkdir()
    for i, (text, spans) in enumerate(TEXTS):
        DocBin(docs=[make_doc(text, spans)]).to_disk(shards / f"{i}.spacy")
    found, digests = [], []
    for data in (gold, folder, shards):
        run("evaluate", model, data, "-o", tmp_path / "out.json")
        metrics = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        found.append((metrics["ents_counts"], metrics["token_table"], metrics["tokens"]))
        digests.append(metrics["data_sha256"])
    assert found[0] == found[1] == found[2] and len(set(digests)) == 3
    (folder / "2.bio").rename(folder / "3.bio")
    assert sha256(folder) != digests[1]


def test_a_doc_without_answer_is_not_passed_over(docs):
    @Language.component("test_evaluate_fails_on_rain")
    def fail(doc: Doc) -> Doc:
        if "雨" in doc.text:
            raise ValueError("rain")
        return doc

    nlp = spacy.blank("zh")
    nlp.add_pipe("test_evaluate_fails_on_rain")
    nlp.set_error_handler(lambda name, component, docs, error: None)
    with pytest.raises(RuntimeError, match="no answer for 1 of 3 docs"):
        evaluate(nlp, docs)


def test_evaluate_refuses(tmp_path, model, gold):
    assert "Cannot load the pipeline 'nothing'" in words(run("evaluate", "nothing", gold, code=1))
    other = tmp_path / "other.spacy"
    other.write_text("no binary", encoding="utf-8")
    assert "is no .spacy file" in words(run("evaluate", model, other, code=1))
    DocBin(docs=[spacy.blank("zh")("没有标注")]).to_disk(other)
    assert "holds no entity annotation" in words(run("evaluate", model, other, code=1))
    spacy.blank("zh").to_disk(tmp_path / "blank")
    assert "says that it sets doc.ents" in words(run("evaluate", tmp_path / "blank", gold))
    run("evaluate", model, tmp_path / "none", code=2)
