"""Recall by kind of entity, slices, two systems, and what training left behind."""

import json
import re

import numpy
import pytest
from hypothesis import given

from spacy_balc.report import recall
from spacy_balc.report.compare import compare
from spacy_balc.report.recall import recall_tables, seen_entities, slice_scores
from spacy_balc.report.scores import entity_scores
from spacy_balc.report.training import read_log, transition_table

from .spans import corpora, make_doc


def rows(tables, by):
    return {
        row["name"]: (row["gold"], row["correct"])
        for table in tables
        if table["by"] == by
        for row in table["rows"]
    }


def test_recall_by_hand():
    first = make_doc("杨柳回长沙了", [(0, 2, "PER"), (3, 5, "LOC")])
    second = make_doc("雨" * 20 + "陈安", [(3, 10, "ORG"), (20, 22, "PER")])
    train = [make_doc("长沙和杨柳", [(0, 2, "LOC"), (3, 5, "LOC")])]
    predicted = [[(0, 2, "PER"), (3, 5, "ORG")], [(3, 10, "ORG")]]
    tables = recall_tables([first, second], predicted, seen_entities(train))
    assert rows(tables, "position") == {"0 to 15": (3, 2), "16 to 31": (1, 0)}
    assert rows(tables, "length") == {"2": (3, 1), "7 to 9": (1, 1)}
    assert rows(tables, "sentence_length") == {"1 to 10": (2, 1), "21 to 40": (2, 1)}
    assert rows(tables, "seen") == {
        "same type in train": (1, 0),
        "other type in train": (1, 1),
        "not in train": (2, 1),
    }
    assert tables[0]["rows"][0]["recall"] == pytest.approx(2 / 3)
    assert tables[-1]["rows"][-1] == {
        "name": "not in train", "gold": 2, "correct": 1, "recall": 0.5,
        "per_type": {
            "ORG": {"gold": 1, "correct": 1, "recall": 1.0},
            "PER": {"gold": 1, "correct": 0, "recall": 0.0},
        },
    }  # fmt: skip
    assert [table["by"] for table in recall_tables([first], predicted[:1])] == [
        "position", "length", "sentence_length"
    ]  # fmt: skip


def test_sentences_are_those_annotated():
    doc = make_doc("雨" * 12 + "长沙", [(12, 14, "LOC")])
    for token in doc:
        token.is_sent_start = token.i in (0, 12)
    assert rows(recall_tables([doc], [[]]), "sentence_length") == {"1 to 10": (1, 0)}


@given(corpora())
def test_each_recall_table_has_every_entity_once(corpus):
    lengths, gold, predicted = corpus
    docs = [make_doc("字" * n, spans) for n, spans in zip(lengths, gold, strict=True)]
    counts = entity_scores(gold, predicted)["ents_counts"]
    for table in recall_tables(docs, predicted, {"字": {"LOC"}}):
        assert sum(row["gold"] for row in table["rows"]) == counts["gold"]
        assert sum(row["correct"] for row in table["rows"]) == counts["correct"]
        for row in table["rows"]:
            for key in ("gold", "correct"):
                assert row[key] == sum(numbers[key] for numbers in row["per_type"].values())


@pytest.mark.parametrize("firsts", [recall.POSITIONS, recall.LENGTHS, recall.SENTENCES])
def test_names_of_bins_say_what_is_in_them(firsts):
    for value in range(firsts[0], 600):
        low, high = re.fullmatch(
            r"(\d+)(?: to (\d+)| and more)?", recall._name(firsts, value)
        ).groups()
        upper = float("inf") if "more" in recall._name(firsts, value) else int(high or low)
        assert int(low) <= value <= upper


def test_slices():
    docs = [make_doc(text, [(0, 1, "LOC")]) for text in ("沪2024", "京", "渝2", "津")]
    for doc, source in zip(docs, ("news", "web", "news", None)):
        if source:
            doc.user_data["source"] = source
    predicted = [[(0, 1, "LOC")], [], [(0, 1, "PER")], [(0, 1, "LOC")]]
    found = slice_scores(docs, predicted, {"digits": re.compile("[0-9]")}, ["source"])
    assert [(row["name"], row["by"], row["rule"], row["docs"]) for row in found] == [
        ("digits", "text", "[0-9]", 2),
        ("source = news", "user_data", "source", 2),
        ("source = web", "user_data", "source", 1),
    ]
    assert (found[0]["p"], found[0]["r"], found[0]["f"]) == (0.5, 0.5, 0.5)
    assert (found[2]["gold"], found[2]["predicted"], found[2]["f"]) == (1, 0, 0.0)
    (empty,) = slice_scores(docs, predicted, {"none": re.compile("x")}, [])
    assert (empty["docs"], empty["f"]) == (0, None)


def test_slices_that_cannot_be_made(monkeypatch):
    docs = [make_doc("雨", []) for _ in range(3)]
    with pytest.raises(ValueError, match=r"No doc has user_data\['source'\].*store_user_data"):
        slice_scores(docs, [[]] * 3, {}, ["source"])
    monkeypatch.setattr(recall, "MOST_VALUES", 2)
    for i, doc in enumerate(docs):
        doc.user_data["id"] = i
    with pytest.raises(ValueError, match=r"user_data\['id'\] has 3 values, more than 2"):
        slice_scores(docs, [[]] * 3, {}, ["id"])


def test_two_systems_by_hand():
    gold = [[(0, 1, "A"), (2, 3, "A"), (4, 5, "B")], [(0, 1, "B")], []]
    ours = [[(0, 1, "A"), (2, 3, "A"), (4, 5, "A")], [], [(0, 1, "A")]]
    other = [[(0, 1, "A"), (2, 3, "B"), (4, 5, "B")], [], [(0, 1, "A")]]
    docs = [make_doc("雨雪风霜云", spans) for spans in gold]
    found = compare(docs, gold, ours, other, 5)
    by_type = {row["type"]: row for row in found["per_type"]}
    keys = ("gold", "both", "wins", "losses", "neither", "wrong_ours_only", "wrong_other_only")
    assert [by_type["A"][key] for key in keys] == [2, 1, 1, 0, 0, 1, 0]
    assert [by_type["B"][key] for key in keys] == [2, 0, 0, 1, 1, 0, 1]
    assert [found["total"][key] for key in keys] == [4, 1, 1, 1, 1, 1, 1]
    assert found["differing_docs"] == 1 and found["gold"] == 4 and found["correct"] == 2
    assert found["difference"]["f"] == 0 and found["f"] == pytest.approx(0.5)
    places = [(e["outcome"], e["focus"], e["wins"], e["losses"]) for e in found["examples"]]
    assert places == [("win", [2, 3], 1, 0), ("loss", [4, 5], 0, 1)]
    assert found["examples"][0]["compared"] == [list(span) for span in other[0]]
    assert compare(docs, gold, ours, other, 0)["examples"] == []


@given(corpora(sides=3))
def test_two_systems_add_up(corpus):
    lengths, gold, ours, other = corpus
    docs = [make_doc("字" * n, spans) for n, spans in zip(lengths, gold, strict=True)]
    found = compare(docs, gold, ours, other, 50)
    scores = [entity_scores(gold, side) for side in (ours, other)]
    for row in found["per_type"]:
        a, b = (
            s["ents_counts"]["per_type"].get(row["type"], {"gold": 0, "correct": 0, "predicted": 0})
            for s in scores
        )
        assert row["both"] + row["wins"] == a["correct"]
        assert row["both"] + row["losses"] == b["correct"]
        assert row["gold"] == row["both"] + row["wins"] + row["losses"] + row["neither"]
        assert row["gold"] == max(a["gold"], b["gold"])
        wrong = [s["predicted"] - s["correct"] for s in (a, b)]
        assert wrong[0] - row["wrong_ours_only"] == wrong[1] - row["wrong_other_only"] >= 0
    assert found["differing_docs"] == len({place["doc"] for place in found["examples"]})
    assert found["total"]["wins"] == sum(place["wins"] for place in found["examples"])
    assert found["total"]["losses"] == sum(place["losses"] for place in found["examples"])
    assert found["differing_docs"] == sum(set(a) != set(b) for a, b in zip(ours, other))


def test_the_log_of_spacys_logger(tmp_path):
    from spacy.training.loggers import console_logger_v3

    class Nlp:
        pipeline = [("balc_ner", type("Pipe", (), {"is_trainable": True}))]
        config = {
            "training": {
                "max_steps": 2, "eval_frequency": 1, "score_weights": {"ents_f": 1, "speed": 0}
            }
        }  # fmt: skip

    path = tmp_path / "log.jsonl"
    log, finish = console_logger_v3(console_output=False, output_file=path)(Nlp())
    scores = {"ents_f": 0.25, "speed": 300.0}
    log({"epoch": 0, "step": 1, "losses": {"balc_ner": 2.5}, "other_scores": scores, "score": 0.25})
    log(None)
    finish()
    assert read_log(path) == [
        {"epoch": 0, "step": 1, "score": 0.25, "losses": {"balc_ner": 2.5}, "scores": scores}
    ]


@pytest.mark.parametrize(
    "content, problem",
    [
        ("", "holds no evaluation"),
        ("{}\n", "line 1: no training log"),
        ('\n{"epoch": 0\n', "line 2: no training log"),
        ("[]\n", "line 1: no training log"),
        (json.dumps({"epoch": 0, "step": 1, "losses": [], "scores": {}, "score": 0}), "line 1"),
    ],
)
def test_a_log_that_is_none(tmp_path, content, problem):
    path = tmp_path / "log.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=problem) as error:
        read_log(path)
    assert str(path) in str(error.value)


def test_transitions_that_bio_forbids_have_no_number():
    matrix = numpy.arange(25, dtype="float32").reshape(5, 5)
    table = transition_table("ner", ["LOC", "PER"], numpy.arange(5.0), numpy.arange(5.0), matrix)
    assert table["tags"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert table["start"] == [0.0, 1.0, None, 3.0, None]
    assert table["end"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    forbidden = {
        (before, after)
        for before, row in zip(table["tags"], table["matrix"])
        for after, score in zip(table["tags"], row)
        if score is None
    }
    assert forbidden == {
        ("O", "I-LOC"), ("O", "I-PER"), ("B-LOC", "I-PER"), ("I-LOC", "I-PER"),
        ("B-PER", "I-LOC"), ("I-PER", "I-LOC"),
    }  # fmt: skip
    assert table["matrix"][1][2] == 7.0
    json.dumps(table)
