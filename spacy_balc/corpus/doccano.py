"""doccano's JSON lines for sequence labelling, of its old versions and its new ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .docs import tokenizer
from .interface import Format, OnProblem, ReadOptions, Sentence
from .spans import Mark, first_object, json_lines, no_line, to_sentence

# Where a project has relations, its export names the parts of an entity.
KEYS = ("label", "labels", "entities")
SHAPE = (
    '{"text": TEXT, "label": [[START, END, LABEL], ...]} or '
    '{"text": TEXT, "entities": [{"start_offset": START, "end_offset": END, "label": LABEL}, ...]}'
)


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is doccano's."""
    entry = first_object(head)
    has_text = "text" in entry or "data" in entry
    return has_text and any(isinstance(entry.get(key), list) for key in KEYS)


def read(path: Path, options: ReadOptions, on_problem: OnProblem) -> Iterator[Sentence]:
    """One sentence a line; relations and all else are passed over.

    doccano stores what it is given: its editor counts UTF-16 units, imported annotations mostly
    count characters. Where the two differ, both fit, and `options` name neither, that is the
    problem "offset-unit".

    Raises CorpusError with file, line, content and remedy.
    """
    tokenize = tokenizer(options.lang)
    for line, entry in json_lines(path):
        text = entry["text"] if "text" in entry else entry.get("data")
        keys = [key for key in KEYS if isinstance(entry.get(key), list)]
        key = next((key for key in keys if entry[key]), keys[0] if keys else None)
        if text is None or key is None:
            raise no_line(path, line, entry, SHAPE)
        marks = [_mark(value, path, line) for value in entry[key]]
        sentence = to_sentence(text, marks, tokenize, line, path, on_problem, options.offset_unit)
        if sentence is not None:
            yield sentence


def _mark(value: Any, path: Path, line: int) -> Mark:
    if isinstance(value, dict) and "label" in value:
        return Mark(value.get("start_offset"), value.get("end_offset"), value["label"], line)
    if isinstance(value, list) and len(value) == 3:
        return Mark(*value, line)
    raise no_line(path, line, value, SHAPE)


FORMAT = Format(
    name="doccano",
    description="doccano's JSON lines (sequence labelling)",
    suffixes=(".jsonl", ".json"),
    sniff=sniff,
    read=read,
)
