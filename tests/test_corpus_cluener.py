"""CLUENER's JSON lines: what is in them comes out, and mistakes are named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.cluener import FORMAT
from spacy_balc.corpus.interface import ReadOptions

from .marked_texts import Marked, error_of, marked_texts, read_all, read_mended, write_lines


def entry(text: str, spans: list[tuple[int, int, str]]) -> dict:
    label: dict = {}
    for start, end, name in spans:
        label.setdefault(name, {}).setdefault(text[start:end], []).append([start, end - 1])
    return {"text": text, "label": label}


@given(corpus=st.lists(marked_texts(), min_size=1, max_size=4), lang=st.sampled_from(["zh", "en"]))
def test_any_text_is_read_as_it_was_marked(tmp_path: Path, corpus: list[Marked], lang: str):
    path = write_lines(tmp_path / "dev.json", *(entry(*marked) for marked in corpus))
    assert read_all(FORMAT, path, lang) == corpus
    path.write_text(path.read_text().replace("\n", "\r\n\r\n"), encoding="utf-8-sig", newline="")
    assert read_all(FORMAT, path, lang) == corpus


def test_lines_are_counted_and_unknown_keys_passed_over(tmp_path: Path):
    path = tmp_path / "train.json"
    path.write_text('\n{"id": 7, "text": "王五来了", "label": {"name": {"王五": [[0, 1]]}}}\n')
    (sentence,) = FORMAT.read(path, ReadOptions(), None)
    assert (sentence.line, sentence.entities) == (2, [(0, 2, "name")])


def test_sniff(tmp_path: Path):
    path = tmp_path / "a.json"
    head = json.dumps({"text": "好", "label": {}}).encode()
    assert FORMAT.sniff(path, head) and FORMAT.sniff(path, b"\xef\xbb\xbf" + head + b"\n{")
    assert not FORMAT.sniff(path, b'{"text": "a", "label": [[0, 1, "X"]]}')
    assert not FORMAT.sniff(path, b"\0\xff") and not FORMAT.sniff(path, b"[1]")


@pytest.mark.parametrize(
    ("spans", "kinds", "kept"),
    [
        ({"PER": {"李四": [[1, 2]]}}, ["other-text"], []),
        ({"PER": {"李四": [[0, 2]]}}, ["other-text"], []),
        ({"PER": {"李四": [[0, 40]]}}, ["outside-text"], []),
        ({"PER": {"李四": [[-1, 1]]}}, ["outside-text"], []),
        ({"PER": {"李四": [[1, 0]]}}, ["outside-text"], []),
        ({"PER": {"李四": [["0", 1]]}}, ["malformed"], []),
        ({"PER": {"李四": [[0.0, 1]]}}, ["malformed"], []),
        ({"PER": {"李四": [[False, True]]}}, ["malformed"], []),
        ({"PER": {" 上海": [[3, 5]]}}, ["white-space-border"], [(4, 6, "PER")]),
        ({"PER": {" ": [[3, 3]]}}, ["white-space-border"], []),
        ({"PER": {"李四": [[0, 1], [0, 1]]}}, ["overlap"], [(0, 2, "PER")]),
        ({"PER": {"李四": [[0, 1]]}, "NAME": {"李四在": [[0, 2]]}}, ["overlap"], [(0, 3, "NAME")]),
        ({"PER": {"李四": [[0, 1]]}, "NAME": {"李四": [[0, 1]]}}, ["overlap"], [(0, 2, "PER")]),
    ],
)
def test_problems_are_named_and_mended(tmp_path: Path, spans, kinds, kept):
    path = write_lines(tmp_path / "a.json", {"text": "李四在 上海", "label": spans})
    assert read_mended(FORMAT, path) == ([("李四在 上海", kept)], kinds)


def test_an_empty_text_is_left_out(tmp_path: Path):
    path = write_lines(tmp_path / "a.json", {"text": "", "label": {}}, entry("好", []))
    assert read_mended(FORMAT, path) == ([("好", [])], ["empty-text"])


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        (b'{"text": "a"', "a line holds one JSON object"),
        (b"[" * 100_000, "a line holds one JSON object"),
        (b'{"text": "\xff"}', "must be UTF-8, convert it"),
        (b"[1, 2]", "correct or remove it"),
        (b'{"text": 5, "label": {}}', "must be a string; correct"),
        (b'{"text": null, "label": {}}', "must be a string; correct"),
        (b'{"text": "a\\ud83d", "label": {}}', "surrogate pair"),
        (b'{"text": "a", "label": {"": {"a": [[0, 0]]}}}', "Correct it or remove"),
        (b'{"text": "a", "label": {"\\ud800": {"a": [[0, 0]]}}}', "Correct it or remove"),
        (b'{"text": "a"}', "a line must be {"),
        (b'{"label": {}}', "a line must be {"),
        (b'{"text": "a", "label": [[0, 1, "X"]]}', "a line must be {"),
        (b'{"text": "a", "label": {"X": ["a"]}}', "a line must be {"),
        (b'{"text": "a", "label": {"X": {"a": 0}}}', "a line must be {"),
        (b'{"text": "a", "label": {"X": {"a": [0, 0]}}}', "a line must be {"),
        (b'{"text": "a", "label": {"X": {"a": [[0, 0, 0]]}}}', "a line must be {"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, line: bytes, remedy: str):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"text": "a", "label": {}}\n' + line + b"\n")
    message = error_of(FORMAT, path)
    assert "line 2" in message and remedy in message
