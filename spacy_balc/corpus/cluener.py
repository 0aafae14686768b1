"""CLUENER's JSON: an object a line, its entities by label and string, with inclusive ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .docs import tokenizer
from .interface import Format, OnProblem, ReadOptions, Sentence
from .spans import Mark, first_object, json_lines, no_line, to_sentence

SHAPE = '{"text": TEXT, "label": {LABEL: {STRING: [[START, LAST], ...]}}}, LAST being inclusive'


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is CLUENER's."""
    return isinstance(first_object(head).get("label"), dict)


def read(path: Path, options: ReadOptions, on_problem: OnProblem) -> Iterator[Sentence]:
    """One sentence a line. The string at an entity's offsets must be the one it stands under.

    Raises CorpusError with file, line, content and remedy.
    """
    tokenize = tokenizer(options.lang)
    for line, entry in json_lines(path):
        if "text" not in entry or "label" not in entry:
            raise no_line(path, line, entry, SHAPE)
        marks = list(_marks(entry["label"], path, line))
        sentence = to_sentence(entry["text"], marks, tokenize, line, path, on_problem)
        if sentence is not None:
            yield sentence


def _marks(labels: Any, path: Path, line: int) -> Iterator[Mark]:
    if not isinstance(labels, dict):
        raise no_line(path, line, labels, SHAPE)
    for label, strings in labels.items():
        if not isinstance(strings, dict):
            raise no_line(path, line, {label: strings}, SHAPE)
        for string, places in strings.items():
            if not isinstance(places, list):
                raise no_line(path, line, {string: places}, SHAPE)
            for span in places:
                if not isinstance(span, list) or len(span) != 2:
                    raise no_line(path, line, {string: places}, SHAPE)
                start, last = span
                end = last + 1 if type(last) is int else last
                yield Mark(start, end, label, line, string)


FORMAT = Format(
    name="cluener",
    description="JSON lines in the style of CLUENER",
    suffixes=(".json", ".jsonl"),
    sniff=sniff,
    read=read,
)
