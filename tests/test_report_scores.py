"""Scores against seqeval, spaCy's scorer, nervaluate and scikit-learn."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import classification_report as seqeval_report
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2
from sklearn.metrics import classification_report as sklearn_report
from spacy.scorer import get_ner_prf
from spacy.tokens import Span
from spacy.training import Example

from spacy_balc.report.analysis import analyse
from spacy_balc.report.answers import entities, on_gold_tokens
from spacy_balc.report.matching import matching_scores
from spacy_balc.report.scores import entity_scores, token_table

from .spans import bio, corpora, make_doc

AVERAGE = "average_with_O_not_an_entity_score"


def tags(lengths, entities):
    return [bio(spans, length) for spans, length in zip(entities, lengths, strict=True)]


@given(corpora())
def test_entity_scores_are_seqevals_to_the_last_bit(corpus):
    lengths, gold, predicted = corpus
    scores = entity_scores(gold, predicted)
    if not scores["ents_per_type"]:
        assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (None, None, None)
        return
    both = tags(lengths, gold), tags(lengths, predicted)
    strict = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    assert scores["ents_p"] == precision_score(*both, **strict)
    assert scores["ents_r"] == recall_score(*both, **strict)
    assert scores["ents_f"] == f1_score(*both, **strict)
    theirs = seqeval_report(*both, output_dict=True, **strict)
    assert scores["ents_counts"]["gold"] == theirs["micro avg"]["support"]
    for label, rates in scores["ents_per_type"].items():
        expected = [theirs[label][column] for column in ("precision", "recall", "f1-score")]
        assert [rates[key] for key in "prf"] == expected


@given(corpora())
def test_entity_scores_are_spacys_to_the_last_bit(corpus):
    lengths, gold, predicted = corpus
    examples = [
        Example(make_doc("字" * length, theirs), make_doc("字" * length, ours))
        for length, ours, theirs in zip(lengths, gold, predicted, strict=True)
    ]
    expected = get_ner_prf(examples)
    scores = entity_scores(gold, predicted)
    for key in ("ents_p", "ents_r", "ents_f"):
        assert scores[key] == expected[key]
    assert scores["ents_per_type"] == (expected["ents_per_type"] or {})


@given(corpora(), st.data())
def test_with_missing_annotation_they_are_spacys_too(corpus, data):
    lengths, gold, predicted = corpus
    docs, answers, examples = [], [], []
    for length, ours, theirs in zip(lengths, gold, predicted, strict=True):
        doc = make_doc("字" * length, [])
        known = data.draw(st.lists(st.booleans(), min_size=length, max_size=length))
        outside = [doc[i : i + 1] for i in range(length) if known[i]]
        spans = [Span(doc, *entity) for entity in ours]
        covered = {i for start, end, _ in ours for i in range(start, end)}
        outside = [span for span in outside if span.start not in covered]
        doc.set_ents(spans, outside=outside, default="missing")
        docs.append(doc)
        answers.append(on_gold_tokens(doc, theirs)[0])
        examples.append(Example(make_doc("字" * length, theirs), doc))
    expected = get_ner_prf(examples)
    scores = entity_scores([entities(doc) for doc in docs], answers)
    for label, rates in scores["ents_per_type"].items():
        assert rates == expected["ents_per_type"][label]
    if scores["ents_per_type"]:
        for key in ("ents_p", "ents_r", "ents_f"):
            assert scores[key] == expected[key]


@settings(max_examples=25)
@given(corpora())
def test_the_report_has_the_same_scores(corpus):
    lengths, gold, predicted = corpus
    docs = [make_doc("字" * n, spans) for n, spans in zip(lengths, gold, strict=True)]
    metrics = analyse(docs, predicted)
    assert next(iter(metrics)) == "ents_f"
    for key, value in entity_scores(gold, predicted).items():
        assert metrics[key] == value
    assert metrics["matching"] == matching_scores(gold, predicted)
    both = (sum(tags(lengths, side), []) for side in (gold, predicted))
    assert metrics["token_table"] == token_table(*both)
    assert json.loads(json.dumps(metrics)) == metrics


@given(corpora())
def test_matching_scores_are_nervaluates(corpus):
    lengths, gold, predicted = corpus
    labels = sorted({e[2] for side in (gold, predicted) for doc in side for e in doc})
    found = Evaluator(
        tags(lengths, gold), tags(lengths, predicted), tags=labels, loader="list"
    ).evaluate()
    scores = matching_scores(gold, predicted)
    for mode in ("partial", "exact", "ent_type"):
        pairs = [(scores[mode], found["overall"][mode])]
        if mode != "exact":
            per_type = scores[mode].get("per_type", {})
            assert sorted(per_type) == labels
            pairs += [(per_type[label], found["entities"][label][mode]) for label in labels]
        for ours, theirs in pairs:
            for name in ("correct", "incorrect", "partial", "missed", "spurious"):
                assert ours[name] == getattr(theirs, name)
            expected = (theirs.precision, theirs.recall, theirs.f1)
            assert (ours["p"], ours["r"], ours["f"]) == expected


def test_matching_scores_by_hand():
    gold = [[(0, 2, "A")], [], [(4, 6, "B"), (0, 3, "A")]] * 3
    predicted = [[(0, 1, "A")], [(2, 3, "B")], [(0, 3, "B"), (4, 6, "B")]] * 3
    scores = matching_scores(gold, predicted)
    partial = scores["partial"]
    assert (partial["correct"], partial["partial"], partial["spurious"]) == (6, 3, 3)
    assert partial["p"] == 7.5 / 12 and partial["r"] == 7.5 / 9
    assert scores["exact"]["correct"] == 6 and scores["ent_type"]["incorrect"] == 3
    assert "per_type" not in scores["exact"]


@given(corpora())
def test_the_token_table_is_sklearns(corpus):
    lengths, *sides = corpus
    gold, predicted = (sum(tags(lengths, side), []) for side in sides)
    table = token_table(gold, predicted)
    names = [row["tag"] for row in table["rows"]]
    theirs = sklearn_report(gold, predicted, labels=names, output_dict=True, zero_division=0)
    for row in table["rows"]:
        assert {key: row[key] for key in row if key != "tag"} == pytest.approx(theirs[row["tag"]])
    assert table[AVERAGE] == pytest.approx(theirs["weighted avg"])
    assert table["share_of_O"] == pytest.approx(gold.count("O") / len(gold))
    types = sorted({tag[2:] for tag in gold + predicted} - {""})
    assert names == [f"{letter}-{label}" for label in types for letter in "BI"] + ["O"]
    nothing = token_table(gold, ["O"] * len(gold))
    assert table["average_f1_if_all_were_O"] == pytest.approx(nothing[AVERAGE]["f1-score"])


def test_scores_by_hand():
    gold = [[(0, 2, "PER"), (3, 5, "LOC")], [], [(1, 2, "ORG")]]
    predicted = [[(0, 2, "PER"), (3, 4, "LOC")], [(0, 1, "PER")], [(1, 2, "LOC")]]
    scores = entity_scores(gold, predicted)
    assert scores["ents_p"] == pytest.approx(1 / 4)
    assert scores["ents_r"] == pytest.approx(1 / 3)
    assert scores["ents_per_type"]["ORG"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["ents_counts"]["per_type"] == {
        "LOC": {"gold": 1, "predicted": 2, "correct": 0},
        "ORG": {"gold": 1, "predicted": 0, "correct": 0},
        "PER": {"gold": 1, "predicted": 2, "correct": 1},
    }
    with pytest.raises(ValueError):
        entity_scores(gold, predicted[:2])
    with pytest.raises(ValueError):
        token_table(["O", "O"], ["O"])
