"""Label Studio's JSON and JSON-MIN: what is in them comes out, and mistakes are named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.interface import ReadOptions
from spacy_balc.corpus.label_studio import FORMAT

from .marked_texts import Marked, error_of, marked_texts, read_all, read_mended, utf16


def value(text: str, span: tuple[int, int, str], units: bool = False) -> dict:
    start, end, label = span
    # Label Studio's copy of an entity has its ends of lines as backslash and n.
    copy = text[start:end].replace("\n", "\\n").replace("\r", "\\n")
    if units:
        start, end = utf16(text, start), utf16(text, end)
    return {"start": start, "end": end, "text": copy, "labels": [label]}


def result(*values: dict) -> list[dict]:
    results = [
        {"from_name": "ner", "to_name": "text", "type": "labels", "value": each} for each in values
    ]
    return [*results, {"type": "choices", "value": {"choices": ["a"]}}, {"type": "relation"}]


def task(text: str, *values: dict, **annotation) -> dict:
    return {
        "id": text,
        "annotations": [{"id": 1, "was_cancelled": False, "result": result(*values), **annotation}],
        "predictions": [],
        "data": {"text": text, "source": "letters"},
    }


def task_min(text: str, *values: dict) -> dict:
    return {"text": text, "id": text, "ner": list(values), "annotator": 1, "lead_time": 2.5}


def write(path: Path, *tasks: object) -> Path:
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


@given(
    corpus=st.lists(marked_texts(), min_size=1, max_size=4, unique_by=lambda marked: marked[0]),
    style=st.sampled_from([task, task_min]),
    lang=st.sampled_from(["zh", "en"]),
)
def test_any_text_is_read_as_it_was_marked(tmp_path: Path, corpus: list[Marked], style, lang: str):
    """Whichever unit the offsets count, the text of the entity tells it, or it is a problem."""
    for units in (False, True):
        tasks = [style(text, *(value(text, s, units) for s in spans)) for text, spans in corpus]
        path = write(tmp_path / "project.json", *tasks)
        problems = []
        list(FORMAT.read(path, ReadOptions(lang=lang), problems.append))
        if problems:  # the same string stands in both places
            assert {problem.kind for problem in problems} == {"offset-unit"}
        else:
            assert read_all(FORMAT, path, lang) == corpus


def test_an_emoji_before_an_entity(tmp_path: Path):
    text = "😀张三去了北京\r\n天安门"
    spans = [(1, 3, "PER"), (5, 12, "LOC")]
    for units in (False, True):
        values = [value(text, span, units) for span in spans]
        path = write(tmp_path / "a.json", task(text, *values))
        assert read_all(FORMAT, path) == [(text, spans)]
    for each in values:
        del each["text"]
    path = write(tmp_path / "a.json", task(text, *values[:1]))
    assert read_mended(FORMAT, path)[1] == ["offset-unit"]


def test_a_copy_to_the_character_decides(tmp_path: Path):
    """In characters the offsets mean "a ", which is " a" but for its white space."""
    text = "😀 a b"
    path = write(tmp_path / "a.json", task(text, value(text, (1, 3, "PER"), units=True)))
    assert read_mended(FORMAT, path) == ([(text, [(2, 3, "PER")])], ["white-space-border"])


def test_tasks_that_nobody_finished_are_left_out_and_said(tmp_path: Path):
    path = write(
        tmp_path / "a.json",
        task("甲", was_cancelled=True),
        {"id": 2, "data": {"text": "乙"}, "annotations": []},
        task("丙"),
    )
    notes = []
    (sentence,) = FORMAT.read(path, ReadOptions(say=notes.append), None)
    assert sentence.tokens == ["丙"] and sentence.line == 3
    assert "2 tasks" in notes[0] and str(path) in notes[0]


def test_several_annotations_of_a_task(tmp_path: Path):
    text = "张三在北京"
    first, second = value(text, (0, 2, "PER")), value(text, (3, 5, "LOC"))
    several = task(text, first)
    several["annotations"] += task(text, second)["annotations"]
    path = write(tmp_path / "a.json", several)
    assert read_mended(FORMAT, path) == ([(text, [(3, 5, "LOC")])], ["several-annotations"])
    several["annotations"][0]["ground_truth"] = True
    path = write(tmp_path / "a.json", several)
    assert read_mended(FORMAT, path) == ([(text, [(0, 2, "PER")])], ["several-annotations"])
    path = write(tmp_path / "a.json", task_min(text, first), task_min(text, second))
    assert read_mended(FORMAT, path) == ([(text, [(3, 5, "LOC")])], ["several-annotations"])


def test_the_text_is_found(tmp_path: Path):
    body = task("好")
    for data in ({"text": "好"}, {"body": "好", "n": 3}, {"text": "好", "title": "b"}):
        path = write(tmp_path / "a.json", {**body, "data": data})
        assert read_all(FORMAT, path) == [("好", [])]
    values = result(value("李四", (0, 2, "PER")))
    values[0]["to_name"] = "body"
    several = {**body, "annotations": [{"result": values}], "data": {"text": "b", "body": "李四"}}
    path = write(tmp_path / "a.json", several)
    assert read_all(FORMAT, path) == [("李四", [(0, 2, "PER")])]
    path = write(tmp_path / "a.json", {**body, "data": {"title": "b", "body": "好"}})
    message = error_of(FORMAT, path)
    assert "here are title, body" in message and 'be called "text"' in message


def test_a_file_of_one_task_and_of_an_old_version(tmp_path: Path):
    path = tmp_path / "a.json"
    old = task("好")
    old["completions"] = old.pop("annotations")
    path.write_text(json.dumps(old), encoding="utf-8-sig")
    assert read_all(FORMAT, path) == [("好", [])]
    assert FORMAT.sniff(path, path.read_bytes())


def test_sniff(tmp_path: Path):
    path = write(tmp_path / "a.json", task("好"))
    assert FORMAT.sniff(path, path.read_bytes()) and not FORMAT.sniff(path, b"[1, 2]")
    assert FORMAT.sniff(path, b'\n[{"id": 1, "annotation_id": 2, "text": "a"}]')
    assert not FORMAT.sniff(path, b'x"annotations"') and not FORMAT.sniff(path, b"")


@pytest.mark.parametrize(
    ("change", "kinds", "kept"),
    [
        ({"text": "上海"}, ["other-text"], []),
        ({"text": 5}, ["other-text"], []),
        ({"end": 90}, ["outside-text"], []),
        ({"start": -1}, ["outside-text"], []),
        ({"start": 2}, ["outside-text"], []),
        ({"start": "/div[1]/text()[1]"}, ["malformed"], []),
        ({"start": None}, ["malformed"], []),
        ({"end": 3, "text": "李四\\n"}, ["white-space-border"], [(0, 2, "PER")]),
        ({"labels": ["PER", "ORG"]}, ["overlap"], [(0, 2, "PER")]),
    ],
)
def test_problems_are_named_and_mended(tmp_path: Path, change, kinds, kept):
    text = "李四\n在上海"
    path = write(tmp_path / "a.json", task(text, {**value(text, (0, 2, "PER")), **change}))
    assert read_mended(FORMAT, path) == ([(text, kept)], kinds)


def test_an_empty_text_is_left_out(tmp_path: Path):
    path = write(tmp_path / "a.json", task(""), task("好"))
    assert read_mended(FORMAT, path) == ([("好", [])], ["empty-text"])


@pytest.mark.parametrize(
    ("second", "remedy"),
    [
        (7, "correct or remove it"),
        ({"id": 1, "data": "text", "annotations": []}, "correct or remove it"),
        ({"id": 1, "data": {"text": "a"}}, "export it as JSON once more"),
        ({"id": 1, "data": {"text": "a"}, "annotations": [{}]}, "export it as JSON once more"),
        ({"id": 1, "data": {"text": "a"}, "annotations": [3]}, "correct or remove it"),
        ({"id": 1, "data": {"text": "a"}, "annotations": [{"result": [3]}]}, "correct or remove"),
        ({"id": 1, "data": {}, "annotations": [{"result": []}]}, "here are none"),
        (task("a\ud800"), "surrogate pair"),
        (task("a", {"start": 0, "end": 1, "labels": []}), "Correct it or remove"),
        (task("a", {"start": 0, "end": 1}), "Correct it or remove"),
        (task("a", {"start": 0, "end": 1, "labels": [5]}), "Correct it or remove"),
        (
            {**task("a"), "annotations": [{"result": [{"type": "hypertextlabels"}]}]},
            "annotate with the tags Text and Labels",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, second, remedy: str):
    message = error_of(FORMAT, write(tmp_path / "a.json", task("好"), second))
    assert "line 2" in message and remedy in message


@pytest.mark.parametrize("content", [b'[\n{"id": 1,\n]', b"", b"[" * 100_000])
def test_no_json(tmp_path: Path, content: bytes):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert "export the project from Label Studio as JSON" in error_of(FORMAT, path)


def test_another_encoding(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"id": 1,\n"data": "\xff"}]')
    message = error_of(FORMAT, path)
    assert "line 2" in message and "must be UTF-8" in message
