"""doccano's JSON lines, old and new: what is in them comes out, and mistakes are named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.doccano import FORMAT
from spacy_balc.corpus.interface import ReadOptions

from .marked_texts import Marked, error_of, marked_texts, read_all, read_mended, utf16, write_lines
from .marked_texts import marked as as_marked


def old(text: str, spans: list) -> dict:
    return {"id": 3, "text": text, "label": spans, "Comments": []}


def older(text: str, spans: list) -> dict:
    return {"data": text, "labels": spans}


def new(text: str, spans: list) -> dict:
    entities = [
        {"id": i, "start_offset": start, "end_offset": end, "label": label}
        for i, (start, end, label) in enumerate(spans)
    ]
    relations = [{"id": 0, "from_id": 0, "to_id": 1, "type": "knows"}]
    return {"text": text, "entities": entities, "relations": relations, "Comments": []}


def without_pairs(marked: Marked) -> bool:
    """Whether characters and UTF-16 units are the same."""
    return max(marked[0]) <= "\uffff"


@given(
    corpus=st.lists(marked_texts().filter(without_pairs), min_size=1, max_size=4),
    style=st.sampled_from([old, older, new]),
    lang=st.sampled_from(["zh", "en"]),
)
def test_any_text_is_read_as_it_was_marked(tmp_path: Path, corpus: list[Marked], style, lang: str):
    path = write_lines(tmp_path / "all.jsonl", *(style(*marked) for marked in corpus))
    assert read_all(FORMAT, path, lang) == corpus
    assert FORMAT.sniff(path, path.read_bytes())


@given(marked=marked_texts().filter(lambda marked: bool(marked[1])), in_utf16=st.booleans())
def test_offsets_in_either_unit_are_right_or_a_problem(tmp_path: Path, marked: Marked, in_utf16):
    """Never another entity in silence: the right one, or a problem that asks."""
    text, spans = marked
    if in_utf16:
        spans = [(utf16(text, start), utf16(text, end), label) for start, end, label in spans]
    path = write_lines(tmp_path / "all.jsonl", old(text, spans))
    problems = []
    (sentence,) = FORMAT.read(path, ReadOptions(), problems.append)
    if not problems:
        assert read_all(FORMAT, path) == [marked]
    elif not in_utf16 and [problem.kind for problem in problems] == ["offset-unit"]:
        assert read_mended(FORMAT, path) == ([marked], ["offset-unit"])


def test_offsets_where_one_unit_fits(tmp_path: Path):
    text, right = "😀😀张三", [(2, 4, "PER")]
    path = write_lines(tmp_path / "all.jsonl", old(text, [[4, 6, "PER"]]))
    assert read_all(FORMAT, path) == [(text, right)]  # beyond the text in characters
    path = write_lines(tmp_path / "all.jsonl", old(text, [[1, 4, "PER"]]))
    assert read_all(FORMAT, path) == [(text, [(1, 4, "PER")])]  # half an emoji in UTF-16
    path = write_lines(tmp_path / "all.jsonl", old("张三😀", [[0, 2, "PER"]]))
    assert read_all(FORMAT, path) == [("张三😀", [(0, 2, "PER")])]  # the same in both


def test_offsets_where_both_units_fit(tmp_path: Path):
    path = write_lines(tmp_path / "all.jsonl", old("😀张三去了北京", [[2, 4, "PER"]]))
    assert read_mended(FORMAT, path) == ([("😀张三去了北京", [(2, 4, "PER")])], ["offset-unit"])
    message = error_of_reading(path)
    assert '"三去" or "张三"' in message


def error_of_reading(path: Path) -> str:
    with pytest.raises(ValueError) as error:
        list(FORMAT.read(path, ReadOptions(), None))
    return str(error.value)


def test_an_empty_list_hides_no_entities(tmp_path: Path):
    both = {**new("王明走", [(0, 2, "PER")]), "label": []}
    path = write_lines(tmp_path / "all.jsonl", both)
    assert read_all(FORMAT, path) == [("王明走", [(0, 2, "PER")])]


def test_sniff(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    assert not FORMAT.sniff(path, b'{"text": "a", "label": {"X": {}}}')
    assert not FORMAT.sniff(path, b'{"label": [[0, 1, "X"]]}') and not FORMAT.sniff(path, b"")
    assert FORMAT.sniff(path, json.dumps(old("好", [])).encode())


@pytest.mark.parametrize("style", [old, new])
@pytest.mark.parametrize(
    ("span", "kinds", "kept"),
    [
        ((4, 9, "LOC"), ["outside-text"], []),
        ((-1, 2, "LOC"), ["outside-text"], []),
        ((2, 2, "LOC"), ["outside-text"], []),
        ((3, 2, "LOC"), ["outside-text"], []),
        (("0", 2, "LOC"), ["malformed"], []),
        ((None, 2, "LOC"), ["malformed"], []),
        ((3, 6, "LOC"), ["white-space-border"], [(4, 6, "LOC")]),
        ((3, 4, "LOC"), ["white-space-border"], []),
    ],
)
def test_problems_are_named_and_mended(tmp_path: Path, style, span, kinds, kept):
    path = write_lines(tmp_path / "a.jsonl", style("李四在 上海", [span]))
    assert read_mended(FORMAT, path) == ([("李四在 上海", kept)], kinds)


def test_of_overlapping_entities_the_longest_stays(tmp_path: Path):
    spans = [(0, 2, "A"), (1, 4, "B"), (3, 6, "C"), (3, 6, "C"), (4, 5, "D")]
    kept = [(1, 4, "B"), (4, 5, "D")]
    path = write_lines(tmp_path / "a.jsonl", old("abcdef", spans))
    assert read_mended(FORMAT, path) == ([("abcdef", kept)], ["overlap"] * 3)


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        (b"{", "a line holds one JSON object"),
        (b'"text"', "correct or remove it"),
        (b'{"text": "a"}', "a line must be {"),
        (b'{"label": []}', "a line must be {"),
        (b'{"text": "a", "label": "X"}', "a line must be {"),
        (b'{"text": "a", "label": ["positive"]}', "a line must be {"),
        (b'{"text": "a", "label": [[0, 1]]}', "a line must be {"),
        (b'{"text": "a", "entities": [{"start_offset": 0, "end_offset": 1}]}', "a line must be {"),
        (b'{"text": 1, "label": []}', "must be a string; correct"),
        (b'{"text": "\\udc00", "label": []}', "surrogate pair"),
        (b'{"text": "a", "label": [[0, 1, 17]]}', "Correct it or remove"),
        (b'{"text": "a", "label": [[0, 1, [1]]]}', "Correct it or remove"),
        (b'{"text": "a", "label": [[0, 1, " "]]}', "Correct it or remove"),
        (b'{"text": "a", "label": [[0, 1, "\\ud800"]]}', "Correct it or remove"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, line: bytes, remedy: str):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a", "label": []}\n' + line + b"\n")
    message = error_of(FORMAT, path)
    assert "line 2" in message and remedy in message


@given(marked=marked_texts(), in_utf16=st.booleans())
def test_offsets_of_a_given_unit(tmp_path: Path, marked: Marked, in_utf16: bool):
    text, spans = marked
    if in_utf16:
        spans = [(utf16(text, start), utf16(text, end), label) for start, end, label in spans]
    path = write_lines(tmp_path / "all.jsonl", old(text, spans))
    options = ReadOptions(offset_unit="utf-16" if in_utf16 else "characters")
    assert [as_marked(sentence) for sentence in FORMAT.read(path, options, None)] == [marked]


def test_half_a_character_in_utf16(tmp_path: Path):
    path = write_lines(tmp_path / "all.jsonl", old("😀张三", [[1, 3, "PER"]]))
    with pytest.raises(ValueError, match="this span has no text"):
        list(FORMAT.read(path, ReadOptions(offset_unit="utf-16"), None))
