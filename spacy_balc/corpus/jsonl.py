"""Prodigy's JSONL: a text a line, with its tokens and the spans of its entities."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from .docs import spaced, spacing, text_of, tokenizer
from .files import open_writing
from .interface import Format, OnProblem, Problem, ReadOptions, Sentence, report
from .spans import Mark, as_object, json_lines, no_line, to_sentence

SHAPE = '{"text": TEXT, "spans": [{"start": START, "end": END, "label": LABEL}, ...]}'

# Where other formats have the entities; a task of Prodigy's has a string there, or nothing.
ELSEWHERE = ("entities", "label", "labels", "ner_tags")


def read(
    path: Path, options: ReadOptions = ReadOptions(), on_problem: OnProblem = None
) -> Iterator[Sentence]:
    """Read objects with `text`, `spans` (`start` and `end` by character, `label`) and `tokens`
    (`text`, and `ws` or `start` and `end`), one a line. Texts without `tokens` are tokenised, those
    whose `answer` is not `accept` are left out, which is said.

    Problems: tokens that are not those of the text (the tokenizer's are taken), and those of
    `from_text`. Raises CorpusError for a line that is no such object.
    """
    tokenize, vocab, left_out = tokenizer(options.lang), Vocab(), 0
    for line, task in json_lines(path):
        if not isinstance(task.get("text"), str) or not isinstance(task.get("spans") or [], list):
            raise no_line(path, line, task, SHAPE)
        elsewhere = any(task.get(key) and isinstance(task[key], list) for key in ELSEWHERE)
        if elsewhere and not task.get("spans"):
            raise no_line(path, line, task, SHAPE)
        if task.get("answer", "accept") != "accept":
            left_out += 1
            continue
        text, cut = task["text"], tokenize
        if task.get("tokens"):
            tokens = _tokens(task)
            if "".join(token + " " * space for token, space in tokens) == text:
                doc = Doc(vocab, *zip(*tokens, strict=True))
                cut = partial(_given, doc)
            else:
                message = "the tokens are not those of the text."
                where = (path, line, text, "tokens-and-text")
                report(Problem(*where, message, "takes the tokenizer's"), on_problem)
        marks = list(_marks(task.get("spans"), path, line))
        sentence = to_sentence(text, marks, cut, line, path, on_problem)
        if sentence:
            yield sentence
    if left_out:
        options.say(f"{path}: {left_out} texts that were not accepted are left out")


def _marks(spans: Any, path: Path, line: int) -> Iterator[Mark]:
    for span in spans or []:
        entry = as_object(span, path, line)
        yield Mark(entry.get("start"), entry.get("end"), entry.get("label"), line)


def _tokens(task: dict[str, Any]) -> list[tuple[str, bool]]:
    """The tokens and whether a space follows each; none where they are not given as that."""
    try:
        return [
            (token["text"], bool(token["ws"]) if "ws" in token else _space_at(task, token["end"]))
            for token in task["tokens"]
            if token["text"].encode("utf-8")
        ]
    except (AttributeError, KeyError, TypeError, UnicodeEncodeError):
        return []


def _space_at(task: dict[str, Any], end: int) -> bool:
    return task["text"][end : end + 1] == " "


def _given(doc: Doc, text: str) -> Doc:
    """Stands for the tokenizer where the tokens are given."""
    return doc


def sniff(path: Path, head: bytes) -> bool:
    """Whether the first line is an object with a text, and spans or tokens."""
    line = head.decode("utf-8-sig", "ignore").lstrip().partition("\n")[0]
    return line.startswith("{") and '"text"' in line and ('"spans"' in line or '"tokens"' in line)


@contextmanager
def write(
    path: Path, lang: str, on_problem: OnProblem = None
) -> Iterator[Callable[[Sentence], None]]:
    """Write one object a line: the text to the character, every token, every entity."""
    habit = spaced(lang)
    with open_writing(path) as file:

        def add(sentence: Sentence) -> None:
            file.write(json.dumps(to_task(sentence, habit), ensure_ascii=False) + "\n")

        yield add


def to_task(sentence: Sentence, habit: bool) -> dict[str, Any]:
    """A sentence as Prodigy holds it; a span's `token_end` is its last token."""
    tokens, offset = [], 0
    pairs = zip(sentence.tokens, spacing(sentence, habit), strict=True)
    for i, (token, space) in enumerate(pairs):
        end = offset + len(token)
        tokens.append({"text": token, "start": offset, "end": end, "id": i, "ws": space})
        offset = end + space
    spans = [
        {
            "start": tokens[start]["start"],
            "end": tokens[end - 1]["end"],
            "token_start": start,
            "token_end": end - 1,
            "label": label,
        }
        for start, end, label in sentence.entities
    ]
    return {"text": text_of(sentence, habit), "tokens": tokens, "spans": spans}


FORMAT = Format(
    name="jsonl",
    description="Prodigy's JSONL: text, tokens and spans, a text a line",
    suffixes=(".jsonl",),
    sniff=sniff,
    read=read,
    write=write,
)
