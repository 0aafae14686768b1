"""brat's pairs of files: the text in .txt, a document a line or all of it one, and its entities in
.ann.

A pair is held in memory while it is read, since an .ann has no order.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from .docs import from_text, spaced, spacing, text_of, tokenizer
from .files import open_bytes, open_writing, read_lines, read_text
from .interface import CorpusError, Format, OnProblem, Problem, ReadOptions, Sentence, place, report
from .spans import Mark, checked, fitting, shown

BOM = "\ufeff"
# An identifier, a label, start and end of each part, and the text of these parts.
ENTITY = re.compile(r"T\S*\t(\S+) (\d{1,12} \d{1,12}(?:;\d{1,12} \d{1,12})*)(?:\t(.*))?", re.DOTALL)
OTHERS = "ERAMN#*"  # events, relations, attributes, modifications, normalisations, notes


def sniff(path: Path, head: bytes) -> bool:
    """Whether the other file of the pair is there."""
    return path.with_suffix(".txt").is_file() and path.with_suffix(".ann").is_file()


def read(path: Path, options: ReadOptions, on_problem: OnProblem) -> Iterator[Sentence]:
    """One sentence a line of the .txt that is not empty, or one for all of it, as `options` say;
    `path` is either file of the pair.

    Text-bound annotations are read, triggers of events among them, and no others. Offsets count
    characters of the .txt, \\r\\n being two, or UTF-16 units, where these fit the .ann's texts.

    Problems besides those of other formats: an entity in several parts (its hull is taken), one
    that goes over the end of a line (left out).
    Raises CorpusError with file, line, content and remedy, also where one of the pair is missing.
    """
    text_file, marks_file = path.with_suffix(".txt"), path.with_suffix(".ann")
    for file, remedy in (
        (text_file, "put the text there"),
        (marks_file, "make an empty file where nothing is to be annotated"),
    ):
        if not file.is_file():
            raise CorpusError(f"{path}: brat's {file.name} is missing beside it; {remedy}")
    text = read_text(text_file)
    marks = list(_marks(marks_file, on_problem))
    with open_bytes(text_file) as file:
        has_mark = file.read(3) == BOM.encode()
    if has_mark and not text.startswith(BOM):  # our writer doubles one that belongs to the text
        marks = _without_byte_order_mark(text, marks, marks_file, on_problem)
    marks = checked(text, marks, marks_file, on_problem, options.offset_unit)
    tokenize = tokenizer(options.lang)
    if options.whole:
        spans = [(mark.start, mark.end, mark.label) for mark in marks]
        sentence = from_text(text, spans, tokenize, 1, text_file, on_problem)
        if sentence is not None:
            yield sentence
        return
    lines = text.split("\n")
    begins = list(accumulate((len(line) + 1 for line in lines), initial=0))
    by_line = defaultdict(list)
    for start, end, label in _within_lines(text, marks, marks_file, on_problem):
        i = bisect_right(begins, start) - 1
        by_line[i].append((start - begins[i], end - begins[i], label))
    for i, line in enumerate(lines):
        line = line.removesuffix("\r")
        if line:
            sentence = from_text(line, by_line[i], tokenize, i + 1, text_file, on_problem)
            if sentence is not None:
                yield sentence


def _marks(file: Path, on_problem: OnProblem) -> Iterator[Mark]:
    for number, line in read_lines(file):
        if not line.strip() or line[0] in OTHERS:
            continue
        entity = ENTITY.fullmatch(line)
        if entity is None:
            problem = (
                "this is no annotation; an entity has an identifier such as T1, a tab, label, "
                "start and end, a tab, and its text"
            )
            raise CorpusError(f"{place(file, number, line)}: {problem}")
        label, parts, string = entity.groups()
        offsets = [int(offset) for offset in re.findall(r"\d+", parts)]
        if len(offsets) > 2:
            message = "this entity is in several parts, which named entities cannot be."
            remedy = "takes everything from its first part to its last"
            report(Problem(file, number, line, "discontinuous", message, remedy), on_problem)
            string = None
        yield Mark(min(offsets), max(offsets), label, number, string)


def _without_byte_order_mark(
    text: str, marks: list[Mark], file: Path, on_problem: OnProblem
) -> list[Mark]:
    """The entities of a text file that begins with a byte order mark, which some tools count."""
    counted = [Mark(m.start - 1, m.end - 1, m.label, m.line, m.string) for m in marks]
    fit, fit_counted = fitting(text, marks), fitting(text, counted)
    if fit_counted == fit > 0:
        message = "nothing tells whether offsets count the text file's byte order mark."
        where = (file, marks[0].line, "", "offset-unit")
        report(Problem(*where, message, "does not count it"), on_problem)
    return counted if fit_counted > fit else marks


def _within_lines(
    text: str, marks: list[Mark], file: Path, on_problem: OnProblem
) -> Iterator[tuple[int, int, str]]:
    """The entities that lie in one line, without the ends of lines around them."""

    def tell(mark: Mark, kind: str, message: str, repair: str) -> None:
        content = shown([mark.start, mark.end, mark.label])
        report(Problem(file, mark.line, content, kind, message, repair), on_problem)

    for mark in marks:
        start, end = mark.start, mark.end
        if not 0 <= start < end <= len(text):
            message = f"this entity has no text: it is {len(text)} characters long."
            tell(mark, "outside-text", message, "leaves the entity out")
            continue
        found = text[start:end]
        if "\n" in found or "\r" in found:
            if found != found.strip():
                message = "the entity begins or ends with the end of a line."
                tell(mark, "white-space-border", message, "trims it")
            start += len(found) - len(found.lstrip())
            found = found.strip()
            end = start + len(found)
            if "\n" in found:
                message = (
                    "the entity goes over the end of a line, and a line is a document; --whole "
                    "takes all of the text as one."
                )
                tell(mark, "crosses-line", message, "leaves the entity out")
                continue
        if found:
            yield start, end, mark.label


@contextmanager
def write(
    path: Path, lang: str, on_problem: OnProblem = None
) -> Iterator[Callable[[Sentence], None]]:
    """Write a pair of files, `path` with the suffixes .txt and .ann, one document a line.

    What this cannot hold: the end of a line in a text (mended: a space), white space in a label
    (mended: `_`).
    """
    habit, offset, entities = spaced(lang), 0, 0
    with (
        open_writing(path.with_suffix(".txt")) as text_file,
        open_writing(path.with_suffix(".ann")) as marks_file,
    ):

        def problem(sentence: Sentence, content: str, message: str, repair: str) -> None:
            where = (sentence.file, sentence.line, content, "not-in-brat")
            report(Problem(*where, f"{message}, which brat cannot hold.", repair), on_problem)

        def add(sentence: Sentence) -> None:
            nonlocal offset, entities
            text = text_of(sentence, habit)
            if "\n" in text or "\r" in text:
                message = "the text has the end of a line in it"
                problem(sentence, shown(text), message, "puts a space there")
                text = text.replace("\n", " ").replace("\r", " ")
            if offset == 0 and text.startswith(BOM):
                text_file.write(BOM)  # readers take the first one for the mark of the encoding
            text_file.write(text + "\n")
            spaces = spacing(sentence, habit)
            pairs = zip(sentence.tokens, spaces, strict=True)
            begins = list(accumulate((len(token) + space for token, space in pairs), initial=0))
            for first, last, label in sentence.entities:
                if len(label.split()) > 1 or label != label.strip():
                    problem(sentence, label, "the label has white space in it", "puts _ there")
                    label = re.sub(r"\s", "_", label)
                start, end = begins[first], begins[last] - spaces[last - 1]
                entities += 1
                marks_file.write(
                    f"T{entities}\t{label} {offset + start} {offset + end}\t{text[start:end]}\n"
                )
            offset += len(text) + 1

        yield add


FORMAT = Format(
    name="brat",
    description="brat's .txt and .ann, a document a line",
    suffixes=(".ann", ".txt"),
    sniff=sniff,
    read=read,
    write=write,
)
