"""Scores against seqeval, scikit-learn and spaCy's own; tables and the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import classification_report as seqeval_report
from seqeval.scheme import IOB2
from sklearn.metrics import classification_report as sklearn_report
from spacy.scorer import get_ner_prf
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_balc.corpus.columns import decode, encode
from spacy_balc.corpus.docs import Sentence, to_doc
from spacy_balc.report.page import make_page
from spacy_balc.report.scores import entity_scores, token_table
from spacy_balc.report.tables import Table, entity_table, percent, token_tags_table

AVERAGE = "average_with_O_not_an_entity_score"
VOCAB = Vocab()
TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-X", "I-X"])


@st.composite
def tag_pairs(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Legal BIO tags of some texts, gold and predicted."""
    texts = []
    for length in draw(st.lists(st.integers(1, 9), min_size=1, max_size=5)):
        pair = []
        for _ in range(2):
            tags = draw(st.lists(TAGS, min_size=length, max_size=length))
            pair.append(encode(decode(tags, "BIO"), length, "BIO"))
        texts.append(pair)
    return [gold for gold, _ in texts], [predicted for _, predicted in texts]


def spans(texts: list[list[str]]) -> list[list[tuple[int, int, str]]]:
    return [decode(tags, "BIO") for tags in texts]


@given(tag_pairs())
def test_entity_scores_are_seqevals_strict_ones(pair):
    gold, predicted = pair
    scores = entity_scores(spans(gold), spans(predicted))
    if not scores["ents_per_type"]:
        assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (None, None, None)
        return
    theirs = seqeval_report(
        gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    assert scores["ents_counts"]["gold"] == theirs["micro avg"]["support"]
    ours = {"micro avg": {key: scores[f"ents_{key}"] for key in "prf"}, **scores["ents_per_type"]}
    for name, rates in ours.items():
        expected = [theirs[name][column] for column in ("precision", "recall", "f1-score")]
        assert [rates[key] for key in "prf"] == pytest.approx(expected)


@given(tag_pairs())
def test_entity_scores_are_spacys(pair):
    gold, predicted = pair
    examples = []
    for ours, theirs in zip(predicted, gold, strict=True):
        docs = [
            to_doc(Sentence(["字"] * len(tags), decode(tags, "BIO"), 1), VOCAB, False)
            for tags in (ours, theirs)
        ]
        examples.append(Example(*docs))
    expected = get_ner_prf(examples)
    scores = entity_scores(spans(gold), spans(predicted))
    assert set(scores["ents_per_type"]) == set(expected["ents_per_type"] or {})
    for key in ("ents_p", "ents_r", "ents_f"):
        assert scores[key] == (expected[key] and pytest.approx(expected[key]))
    for label, rates in (expected["ents_per_type"] or {}).items():
        assert scores["ents_per_type"][label] == pytest.approx(rates)


@given(tag_pairs())
def test_the_token_table_is_sklearns(pair):
    gold, predicted = (sum(texts, []) for texts in pair)
    table = token_table(gold, predicted)
    tags = [row["tag"] for row in table["rows"]]
    theirs = sklearn_report(gold, predicted, labels=tags, output_dict=True, zero_division=0)
    for row in table["rows"]:
        assert {key: row[key] for key in row if key != "tag"} == pytest.approx(theirs[row["tag"]])
    assert table[AVERAGE] == pytest.approx(theirs["weighted avg"])
    assert table["share_of_O"] == pytest.approx(gold.count("O") / len(gold))
    types = sorted({tag[2:] for tag in gold + predicted} - {""})
    assert tags == [f"{letter}-{label}" for label in types for letter in "BI"] + ["O"]


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


@pytest.fixture
def metrics() -> dict:
    gold, predicted = ["B-A", "I-A", "O", "O", "O"], ["B-A", "O", "O", "O", "B-Q|R"]
    return {
        **entity_scores([decode(gold, "BIO")], [decode(predicted, "BIO")]),
        "token_table": token_table(gold, predicted),
        "sentences": 1,
        "tokens": 5,
        "longest_sentence": 5,
        "seconds": 0.5,
        "tokens_per_second": 10.0,
        "model": "training/model-best",
        "data": "corpus/test.spacy",
        "data_sha256": "0" * 64,
    }


def test_tables_have_a_row_a_type_and_a_row_a_tag(metrics):
    assert entity_table(metrics).rows == [
        ["A", "0.00", "0.00", "0.00", "1", "1", "0"],
        ["Q|R", "0.00", "0.00", "0.00", "0", "1", "0"],
        ["all", "0.00", "0.00", "0.00", "1", "2", "0"],
    ]
    table = token_tags_table(metrics)
    assert [row[0] for row in table.rows] == [
        "B-A", "I-A", "B-Q|R", "I-Q|R", "O", "avg / total"
    ]  # fmt: skip
    assert table.rows[4] == ["O", "0.6667", "0.6667", "0.6667", "3"]
    assert table.rows[5] == ["avg / total", "0.6000", "0.6000", "0.6000", "5"]


def test_a_table_looks_the_same_in_both_forms():
    table = Table(["tag", "support"], [["B-Q|R", "1,234"], ["O", "5"]])
    assert table.markdown().split("\n") == [
        "| tag | support |",
        "| --- | ---: |",
        "| B-Q\\|R | 1,234 |",
        "| O | 5 |",
    ]
    lines = [line.split() for line in table.terminal().strip().split("\n")]
    assert lines[0] == ["tag", "support"] and lines[2:] == [["B-Q|R", "1,234"], ["O", "5"]]


def test_the_page_leads_with_entity_f1_and_says_what_the_token_table_is(metrics):
    metrics["ents_f"] = 0.87654
    page = make_page(metrics, "Sample")
    assert page.startswith("# Sample\n\n**Strict entity F1: 87.65**")
    assert "60.00 % of the tokens are" in page and "not an entity score" in page
    assert entity_table(metrics).markdown() in page
    assert token_tags_table(metrics).markdown() in page
    assert metrics["data_sha256"] in page
    del metrics["ents_counts"]
    with pytest.raises(KeyError, match="ents_counts"):
        make_page(metrics, "Sample")


def test_no_entity_at_all_is_no_score():
    assert percent(entity_scores([[]], [[]])["ents_f"]) == "-"
