"""Texts with entities by character, for the formats that hold them: a Hypothesis strategy, and what
a reader has made of such a text."""

import json
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import strategies as st

from spacy_balc.corpus.docs import spacing, text_of
from spacy_balc.corpus.interface import CorpusError, Format, ReadOptions, Sentence

LABELS = ("PER", "LOC", "ORG-GOV")
# Characters that tools trip over: NUL, ends of lines, white space of all kinds, a byte order mark,
# a zero-width joiner, an emoji and a Han character of two UTF-16 units each.
ODD = "\0\t\n\r \x85\xa0\u2028\u3000\ufeff\u200d😀𠮷"

Marked = tuple[str, list[tuple[int, int, str]]]


@st.composite
def marked_texts(draw: st.DrawFn, without: str = "") -> Marked:
    """Any text but for some characters, with entities that neither overlap nor begin or end with
    white space, in order."""
    characters = st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters=without),
        st.sampled_from([character for character in ODD if character not in without]),
        st.sampled_from("张三在北京ab1"),
    )
    text = draw(st.text(characters, min_size=1))
    spans, end = [], 0
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(end, len(text)))
        end = draw(st.integers(start, len(text)))
        if text[start:end] and text[start:end] == text[start:end].strip():
            spans.append((start, end, draw(st.sampled_from(LABELS))))
    return text, spans


def marked(sentence: Sentence) -> Marked:
    """A sentence's text, and its entities by character."""
    spaces = spacing(sentence, False)
    pairs = zip(sentence.tokens, spaces, strict=True)
    begins = list(accumulate((len(token) + space for token, space in pairs), initial=0))
    spans = [(begins[s], begins[e] - spaces[e - 1], label) for s, e, label in sentence.entities]
    return text_of(sentence, False), spans


def utf16(text: str, offset: int) -> int:
    """What an editor in JavaScript counts up to that character."""
    return len(text[:offset].encode("utf-16-le")) // 2


def write_lines(path: Path, *entries: object) -> Path:
    """A file with a JSON value a line."""
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def read_all(format: Format, path: Path, lang: str = "zh") -> list[Marked]:
    """The texts of a file, without a problem."""
    return [marked(sentence) for sentence in format.read(path, ReadOptions(lang=lang), None)]


def read_mended(format: Format, path: Path) -> tuple[list[Marked], list[str]]:
    """The texts of a file that needs mending, and the kinds of its problems, each of which, alone
    and unmended, is an error that names file, line and remedy."""
    problems = []
    texts = [marked(s) for s in format.read(path, ReadOptions(), problems.append)]
    with pytest.raises(CorpusError) as error:
        list(format.read(path, ReadOptions(), None))
    assert str(error.value) == str(problems[0])
    for problem in problems:
        assert problem.file.parent == path.parent and problem.line >= 1
        assert f"{problem.file}, line {problem.line}" in str(problem)
        assert f"--repair {problem.repair}." in str(problem)
    return texts, [problem.kind for problem in problems]


def error_of(format: Format, path: Path) -> str:
    """The message for a file that cannot be read, not even mended; it must name the file."""
    with pytest.raises(CorpusError) as error:
        list(format.read(path, ReadOptions(), lambda problem: None))
    str(error.value).encode("utf-8")  # it can be printed
    assert str(path) in str(error.value)
    return str(error.value)
