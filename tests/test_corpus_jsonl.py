"""Prodigy's JSONL: read as Prodigy writes it, written as Prodigy reads it."""

import json

import pytest

from spacy_balc.corpus.docs import text_of
from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence
from spacy_balc.corpus.jsonl import read, sniff, write

SPAN = {"start": 0, "end": 2, "label": "PER"}


def save(folder, *tasks):
    path = folder / "a.jsonl"
    lines = [task if isinstance(task, str) else json.dumps(task) for task in tasks]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_reads_tasks_with_and_without_tokens(tmp_path):
    tokens = [
        {"text": "Ann", "start": 0, "end": 3, "id": 0},
        {"text": "-Lee", "start": 3, "end": 7, "id": 1},
        {"text": "left", "start": 8, "end": 12, "id": 2, "ws": False},
    ]
    span = {"start": 0, "end": 7, "token_start": 0, "token_end": 1, "label": "PER"}
    path = save(
        tmp_path,
        {"text": "Ann-Lee left", "tokens": tokens, "spans": [span], "meta": {}, "answer": "accept"},
        "",
        {"text": "王明走", "spans": [SPAN]},
        {"text": "无", "spans": None},
    )
    first, second, third = read(path)
    assert first.tokens == ["Ann", "-Lee", "left"] and first.entities == [(0, 2, "PER")]
    assert text_of(first, False) == "Ann-Lee left"
    assert second.tokens == ["王", "明", "走"] and second.entities == [(0, 2, "PER")]
    assert (third.tokens, third.entities, third.line) == (["无"], [], 4)


def test_only_accepted_tasks_are_read(tmp_path):
    said = []
    path = save(tmp_path, *({"text": a, "answer": a} for a in ("reject", "accept", "ignore")))
    (sentence,) = read(path, ReadOptions("en", say=said.append))
    assert sentence.tokens == ["accept"]
    assert said == [f"{path}: 2 texts that were not accepted are left out"]


@pytest.mark.parametrize(
    "tokens",
    [
        [{"text": "王"}, {"text": "走"}],
        [{"text": "王明", "ws": True}, {"text": "走", "ws": False}],
        [{"text": "王明走"}],
        ["王明走"],
        {"text": "王明走"},
        [{"text": None, "ws": False}],
    ],
)
def test_tokens_that_are_not_those_of_the_text(tmp_path, tokens):
    path = save(tmp_path, {"text": "王明走", "tokens": tokens, "spans": [SPAN]})
    with pytest.raises(CorpusError, match="line 1, '王明走': the tokens are not those of the text"):
        list(read(path))
    problems = []
    (sentence,) = read(path, ReadOptions(), problems.append)
    assert sentence.tokens == ["王", "明", "走"] and len(problems) == 1


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        "[" * 100_000,
        {"spans": []},
        {"text": 3},
        {"text": "王", "spans": {"a": 1}},
        {"text": "王", "spans": [3]},
        {"text": "王明", "spans": [{"start": 0, "end": 2}]},
        {"text": "王明", "spans": [{"start": "0", "end": 2, "label": "X"}]},
        {"text": "王明", "spans": [{"start": 0, "end": 2.0, "label": "X"}]},
        {"text": "王\ud83d", "spans": []},
    ],
)
def test_malformed_lines_are_named(tmp_path, line):
    path = save(tmp_path, {"text": "好", "spans": []}, line)
    with pytest.raises(CorpusError, match=r"a\.jsonl, line 2"):
        list(read(path))


@pytest.mark.parametrize("key", ["entities", "label", "labels", "ner_tags"])
def test_entities_of_another_format_are_not_passed_over(tmp_path, key):
    tokens = [{"text": "王", "ws": False}, {"text": "明", "ws": False}]
    path = save(tmp_path, {"text": "王明", "tokens": tokens, key: [[0, 2, "PER"]]})
    with pytest.raises(CorpusError, match="a line must be"):
        list(read(path))
    unmarked = {"text": "王明", "tokens": tokens, key: []}
    assert [sentence.entities for sentence in read(save(tmp_path, unmarked))] == [[]]


def test_writes_what_prodigy_holds(tmp_path):
    path = tmp_path / "a.jsonl"
    with write(path, "en") as add:
        add(Sentence(["New", "York", ".", "\n"], [(0, 2, "LOC")], 1, [True, False, False, False]))
    assert sniff(path, path.read_bytes())
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "text": "New York.\n",
        "tokens": [
            {"text": "New", "start": 0, "end": 3, "id": 0, "ws": True},
            {"text": "York", "start": 4, "end": 8, "id": 1, "ws": False},
            {"text": ".", "start": 8, "end": 9, "id": 2, "ws": False},
            {"text": "\n", "start": 9, "end": 10, "id": 3, "ws": False},
        ],
        "spans": [{"start": 0, "end": 8, "token_start": 0, "token_end": 1, "label": "LOC"}],
    }
