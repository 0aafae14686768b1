"""Column files: a token and its tag a line, among other columns, an empty line after each sentence.

Read by blocks: each sentence is cut into columns and checked as a whole, and only one that does not
pass is gone through line by line, to mend it or to say what is wrong.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from .docs import spaced, spacing, text_of
from .files import not_utf8, open_bytes, open_writing
from .interface import CorpusError, Format, OnProblem, Problem, ReadOptions, Sentence, place, report
from .layout import BREAK, Layout, detect_layout
from .schemes import SCHEMES, TAG, checked_entities, decode, encode, is_tag

BLOCK = 1 << 20  # bytes read at once; the first block is what detection sees


def read(
    path: Path, options: ReadOptions = ReadOptions(), on_problem: OnProblem = None
) -> Iterator[Sentence]:
    """Read a file with a token and a tag in each line, and an empty line after each sentence.

    Separator, columns and scheme are as `options` name them, or as the first lines have them
    (at most 20,000, of the first MiB). White space between columns is a tab in a file with tabs
    throughout, so that a token may hold spaces, else any run of tabs and spaces. A byte order
    mark at the start, \\r\\n, CoNLL's `-DOCSTART-` and lines before a sentence that begin with `#`
    and hold no tag are passed over.

    Problems that can be mended: a tag that does not fit those around it (a tag that continues
    nothing begins an entity, and an entity ends where its tags do), an entity that begins or ends
    with white space (trimmed), a byte order mark in the middle of the file (left out). Raises
    CorpusError for every other: a line without its columns, a tag outside the scheme, bytes that
    are not UTF-8, a file without a sentence. OSError where the file cannot be read.
    """
    with open_bytes(path) as file:
        blocks = _blocks(file, path, on_problem)
        head = next(blocks, "")
        try:
            layout = detect_layout(head, options)
        except ValueError as error:
            raise CorpusError(f"{path}: {error}") from None
        if not head.strip():
            raise CorpusError(f"{path}: the file holds no sentence")
        if "\r" in head and "\n" not in head:
            raise CorpusError(f"{path}: lines end in \\r alone; they must in \\n, convert them")
        options.say(f"{path}: {layout}")
        reader = _Reader(path, layout, on_problem)
        rest = ""
        for text in chain([head], blocks):
            rest = yield from reader.sentences(rest + text, last=False)
        yield from reader.sentences(rest, last=True)


def _blocks(file: BinaryIO, path: Path, on_problem: OnProblem) -> Iterator[str]:
    """The file's text in blocks of whole lines, with \\n at their ends."""
    number, rest = 1, b""
    while data := file.read(BLOCK):
        data = rest + data
        end = data.rfind(b"\n") + 1
        data, rest = data[:end], data[end:]
        if data:
            yield _decode(data, number, path, on_problem)
            number += data.count(b"\n")
    if rest:
        yield _decode(rest, number, path, on_problem)


def _decode(data: bytes, number: int, path: Path, on_problem: OnProblem) -> str:
    if number == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        raw = data[start:].partition(b"\n")[0]
        raise not_utf8(path, number + data.count(b"\n", 0, start), raw, error) from None
    if text.startswith("\ufeff") or "\n\ufeff" in text:
        lines = text.split("\n")
        for i, line in enumerate(lines):
            if line.startswith("\ufeff"):
                message = "a byte order mark stands here, as where files were put together."
                content = line.replace("\ufeff", "\\ufeff")
                where = (path, number + i, content, "byte-order-mark")
                report(Problem(*where, message, "leaves it out"), on_problem)
                lines[i] = line.lstrip("\ufeff")
        text = "\n".join(lines)
    return text


class _Reader:
    """Makes sentences from text, and counts its lines."""

    def __init__(self, path: Path, layout: Layout, on_problem: OnProblem) -> None:
        self.path = path
        self.layout = layout
        self.on_problem = on_problem
        self.line = 1  # the number of the first line that has not been read

    def sentences(self, raw: str, last: bool) -> Iterator[Sentence]:
        """The sentences of a text. RETURNS: what stands after the last empty line, unread unless
        `last`."""
        text = _normal(raw, self.layout.separator)
        *whole, rest = text.split("\n\n")
        if last:
            whole.append(rest.rstrip("\n"))
        first, originals = self.line, []
        for block in whole:
            content = block.lstrip("\n")
            start = self.line + len(block) - len(content)
            if content:
                length = content.count("\n") + 1
                sentence = self._quickly(content, start)
                if sentence is None:
                    originals = originals or raw.split("\n")
                    lines = originals[start - first : start - first + length]
                    sentence = self._carefully(lines, start)
                if sentence is not None:
                    yield sentence
                self.line = start + length + 1
            else:
                self.line = start + 2
        return "\n".join(raw.rsplit("\n", rest.count("\n") + 1)[-rest.count("\n") - 1 :])

    def _quickly(self, content: str, start: int) -> Sentence | None:
        """The sentence of some lines, or None where not everything is as it should be."""
        layout = self.layout
        between = layout.separator
        # Cells in one row, with a cell of its own for each end of line: all at their places, or
        # some line has more or fewer columns.
        cells = content.replace("\n", f"{between}\n{between}").split(between)
        step = layout.columns + 1
        ends = cells[layout.columns :: step]
        if len(cells) % step != layout.columns or ends.count("\n") != len(ends):
            return None
        tokens, tags = cells[layout.token :: step], cells[layout.tag :: step]
        if "" in tokens or cells[0] == BREAK:
            return None
        if tags.count("O") == len(tags):
            return Sentence(tokens, [], start)
        entities = decode(tags, layout.scheme)
        if encode(entities, len(tags), layout.scheme) != tags:
            return None
        if any(tokens[first].isspace() or tokens[end - 1].isspace() for first, end, _ in entities):
            return None
        return Sentence(tokens, entities, start)

    def _carefully(self, lines: list[str], start: int) -> Sentence | None:
        """The same line by line: mend or name what is wrong. None where no line is a token."""
        layout = self.layout
        numbers, tokens, tags = [], [], []
        for number, line in enumerate(lines, start):
            cells = layout.split(line)
            fits = len(cells) == layout.columns
            tag = cells[layout.tag] if fits else ""
            if not tokens and (
                cells[0] == BREAK or line.startswith("#") and not is_tag(tag, layout.scheme)
            ):
                continue
            if not fits or not cells[layout.token]:
                raise CorpusError(f"{place(self.path, number, line)}: {_malformed(cells, layout)}")
            if not is_tag(tag, layout.scheme):
                problem = _unknown(tag, layout.scheme)
                raise CorpusError(f"{place(self.path, number, line)}: {problem}")
            numbers.append(number)
            tokens.append(cells[layout.token])
            tags.append(tag)
        if not tokens:
            return None
        entities = checked_entities(
            tokens, tags, layout.scheme, numbers, self.path, self.on_problem
        )
        return Sentence(tokens, entities, numbers[0])


def _normal(text: str, separator: str) -> str:
    """The same lines, blank ones empty, and, where any white space separates, one space for it."""
    if separator == " ":
        if "\t" in text:
            text = text.replace("\t", " ")
        if "  " in text:
            text = re.sub(" {2,}", " ", text)
        if " \n" in text or text.endswith(" "):
            text = re.sub(" $", "", text, flags=re.MULTILINE)
    elif "\n " in text or "\n\t" in text or text[:1] in (" ", "\t"):
        text = re.sub("^[ \t]+$", "", text, flags=re.MULTILINE)
    return text


def _malformed(cells: list[str], layout: Layout) -> str:
    width = len(cells)
    if width == layout.columns:
        found = "the token is empty or white space"
    elif width == 1:
        found = "there is only one column"
    else:
        found = f"there are {width} columns"
    by = {" ": "white space", "\t": "a tab"}.get(layout.separator, f"'{layout.separator}'")
    need = "a token and a tag" if layout.columns < 3 else f"{layout.columns} columns"
    return (
        f"a line is {need}, {by} between them, as most of the first lines are; here {found}. "
        "Correct or remove it, or name another --separator"
    )


def _unknown(tag: str, scheme: str) -> str:
    letters = ", ".join(f"{letter}-LABEL" for letter in dict.fromkeys(SCHEMES[scheme]))
    others = [name for name in SCHEMES if is_tag(tag, name)]
    other = f", or name another --scheme, such as {others[0]}" if others else ""
    return f"'{tag}' is no tag of {scheme}: O, {letters}. Correct it{other}"


def sniff(path: Path, head: bytes) -> bool:
    """Whether most of the first lines end or begin with what looks like a tag."""
    lines = [line.split() for line in head.decode("utf-8", "ignore").split("\n")[:200]]
    rows = [row for row in lines if len(row) > 1]
    if not rows:
        return not head.strip()
    return sum(any(TAG.fullmatch(cell) for cell in row[1:]) for row in rows) > len(rows) / 2


@contextmanager
def write(
    path: Path, lang: str, on_problem: OnProblem = None
) -> Iterator[Callable[[Sentence], None]]:
    """Write BIO: a token, a tab and a tag a line, an empty line after each sentence.

    What this cannot hold: white space in a token (mended: the token is cut there, and a token of
    nothing else left out) or in a label (mended: `_`), spaces that are not the habit of the
    language (mended: left out), a token at the start of a sentence that means something else to a
    reader: `-DOCSTART-` or one that begins with a byte order mark (mended: they lose the first
    character).
    """
    habit = spaced(lang)
    with open_writing(path) as file:

        def add(sentence: Sentence) -> None:
            if lines := list(_lines(sentence, habit, on_problem)):
                file.write("".join([*lines, "\n"]))

        yield add


def _lines(sentence: Sentence, habit: bool, on_problem: OnProblem) -> Iterator[str]:
    """A sentence's lines; what they cannot hold is a problem."""

    def problem(content: str, message: str, repair: str) -> None:
        where = (sentence.file, sentence.line, content, "not-in-columns")
        report(Problem(*where, f"{message}, which BIO columns cannot hold.", repair), on_problem)

    if any(space != habit for space in spacing(sentence, habit)):
        message = "not every token is followed by a space" if habit else "there are spaces"
        problem(text_of(sentence, habit), message, "leaves the spaces to the language")
    tags = encode(sentence.entities, len(sentence.tokens), "BIO")
    begun = False  # whether the entity at hand has a line of its own yet
    first = True
    for token, tag in zip(sentence.tokens, tags, strict=True):
        parts = token.split()
        if parts != [token]:
            problem(token, "there is white space in the token", "cuts it there")
        if len(tag.split()) > 1:
            problem(tag, "there is white space in the label", "puts _ there")
            tag = "_".join(tag.split())
        begun = begun and tag[0] == "I"
        for part in parts:
            if part[0] == "\ufeff" or first and part == BREAK:
                problem(part, "at the start of a line it means something else", "cuts it")
                part = part.lstrip("\ufeff") if part[0] == "\ufeff" else part[1:]
            if part:
                letter = "O" if tag == "O" else "I" if begun else "B"
                yield f"{part}\t{letter}{tag[1:]}\n"
                begun, first = tag != "O", False


FORMAT = Format(
    name="bio",
    description="a token and its tag a line, among other columns: BIO, IOB1, BIOES, BILOU, BMES",
    suffixes=(".bio", ".bioes", ".bmes", ".bilou", ".iob", ".iob2", ".conll", ".tsv", ".txt"),
    sniff=sniff,
    read=read,
    write=write,
)
