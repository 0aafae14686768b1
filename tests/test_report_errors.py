"""Kinds of error by hand, and that every entity is accounted for once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.report import errors
from spacy_balc.report.errors import KINDS, confusion, error_report, excerpt, find_mistakes
from spacy_balc.report.scores import entity_scores

from .spans import corpora, make_doc

A, B = "A", "B"


@pytest.mark.parametrize(
    "gold, predicted, kind",
    [
        ([(2, 5, A)], [(2, 5, B)], "wrong type"),
        ([(2, 5, A)], [(2, 6, A)], "too long"),
        ([(2, 5, A)], [(1, 5, A)], "too long"),
        ([(2, 5, A)], [(0, 9, A)], "too long"),
        ([(2, 5, A)], [(2, 4, A)], "too short"),
        ([(2, 5, A)], [(3, 4, A)], "too short"),
        ([(2, 5, A)], [(3, 6, A)], "shifted"),
        ([(2, 5, A)], [(1, 3, A)], "shifted"),
        ([(2, 5, A)], [(2, 4, B)], "wrong type and boundary"),
        ([(2, 5, A)], [(1, 9, B)], "wrong type and boundary"),
        ([(2, 5, A)], [(2, 3, A), (4, 5, A)], "split"),
        ([(2, 5, A)], [(0, 3, B), (3, 4, A), (4, 8, A)], "split"),
        ([(2, 5, A), (5, 7, B)], [(2, 7, A)], "merged"),
        ([(2, 5, A), (7, 9, A)], [(4, 8, A)], "merged"),
        ([(2, 5, A), (6, 9, A)], [(4, 7, A), (8, 9, B)], "split and merged"),
        ([(2, 5, A)], [], "missed"),
        ([], [(2, 5, A)], "spurious"),
    ],
)
def test_kinds(gold, predicted, kind):
    (mistake,) = find_mistakes(gold, predicted)
    assert mistake.kind == kind
    assert list(mistake.gold) == gold and list(mistake.predicted) == predicted
    assert mistake.type == (gold or predicted)[0][2]
    assert mistake.span == (
        min(e[0] for e in gold + predicted),
        max(e[1] for e in gold + predicted),
    )


def test_neighbours_that_touch_are_two_mistakes():
    found = list(find_mistakes([(0, 2, A), (2, 4, A)], [(0, 1, A), (4, 6, B)]))
    assert [m.kind for m in found] == ["too short", "missed", "spurious"]
    assert list(find_mistakes([(0, 2, A)], [(0, 2, A)])) == []


@given(corpora())
def test_every_entity_is_accounted_for_once(corpus):
    lengths, gold, predicted = corpus
    mistakes = [list(find_mistakes(*pair)) for pair in zip(gold, predicted, strict=True)]
    counts = entity_scores(gold, predicted)["ents_counts"]
    for right, answered, found in zip(gold, predicted, mistakes, strict=True):
        correct = sorted(set(right) & set(answered))
        assert sorted([*correct, *(e for m in found for e in m.gold)]) == sorted(right)
        assert sorted([*correct, *(e for m in found for e in m.predicted)]) == sorted(answered)
        assert all(m.kind in KINDS for m in found)
    docs = [make_doc("字" * n, spans) for n, spans in zip(lengths, gold, strict=True)]
    report = error_report(docs, gold, predicted, mistakes, 1)
    for side in ("gold", "predicted"):
        assert counts[side] == counts["correct"] + sum(kind[side] for kind in report["kinds"])
    for part in ("errors", "gold", "predicted"):
        by_kind = sum(kind[part] for kind in report["kinds"])
        assert by_kind == sum(row[part] for row in report["counts"])
    assert report["total"] == sum(map(len, mistakes))
    assert len(report["examples"]) == sum(row["shown"] for row in report["counts"])

    table = confusion(gold, mistakes)
    for i, label in enumerate(table["types"]):
        of_type = counts["per_type"][label]
        assert table["counts"][i][i] == of_type["correct"]
        assert sum(table["counts"][i]) == of_type["gold"]
        assert sum(row[i] for row in table["counts"]) == of_type["predicted"]
    assert table["types"] == sorted(counts["per_type"])


def test_confusion_by_hand():
    gold = [[(0, 2, A), (3, 5, A), (6, 8, B)], [(0, 1, B)]]
    predicted = [[(0, 2, B), (3, 4, A), (6, 8, B)], [(2, 3, A)]]
    table = confusion(gold, [list(find_mistakes(*pair)) for pair in zip(gold, predicted)])
    assert table == {
        "types": [A, B],
        "rows": [A, B, "other span", "spurious"],
        "columns": [A, B, "other span", "missed"],
        "counts": [[0, 1, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]],
    }


def test_examples_are_limited_by_kind_and_type_and_counts_are_not():
    gold = [[(0, 1, A), (2, 3, B)]] * 5
    predicted = [[]] * 5
    docs = [make_doc("你和我走", spans) for spans in gold]
    docs[0].user_data.update(file="test.bio", line=7)
    mistakes = [list(find_mistakes(*pair)) for pair in zip(gold, predicted)]
    report = error_report(docs, gold, predicted, mistakes, 2, predicted)
    assert report["counts"] == [
        {"kind": "missed", "type": label, "errors": 5, "gold": 5, "predicted": 0, "shown": 2}
        for label in (A, B)
    ]
    assert [(e["id"], e["type"], e["doc"]) for e in report["examples"]] == [
        (0, A, 0), (1, A, 1), (2, B, 0), (3, B, 1)
    ]  # fmt: skip
    assert report["examples"][0] == {
        "id": 0, "kind": "missed", "type": A, "gold_types": [A], "predicted_types": [],
        "doc": 0, "file": "test.bio", "line": 7, "offset": 0, "cut_left": False,
        "cut_right": False, "text": "你和我走", "focus": [0, 1],
        "gold": [[0, 1, A], [2, 3, B]], "predicted": [], "compared": [],
    }  # fmt: skip


@given(corpora(), st.data())
def test_an_excerpt_cuts_no_entity(corpus, data):
    lengths, gold, predicted = corpus
    length = lengths[0]
    text = "".join(chr(0x4E00 + i) for i in range(length))
    doc = make_doc(text, gold[0])
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    answers = {"gold": gold[0], "predicted": predicted[0]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(errors, "AROUND", data.draw(st.integers(0, 3)))
        part = excerpt(doc, 4, start, end, answers)
    left, right = part["offset"], part["offset"] + len(part["text"])
    assert part["text"] == text[left:right] and left <= start and end <= right
    assert part["focus"] == [start - left, end - left] and part["doc"] == 4
    assert part["cut_left"] == (left > 0) and part["cut_right"] == (right < length)
    for who, spans in answers.items():
        assert not any(s < left < e or s < right < e for s, e, _ in spans)
        inside = [(s, e, label) for s, e, label in spans if left <= s and e <= right]
        assert [(s + left, e + left, label) for s, e, label in part[who]] == inside
