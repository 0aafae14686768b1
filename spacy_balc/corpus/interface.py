"""What the annotation formats share: sentences, problems found in a file, and what a format is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path


class CorpusError(ValueError):
    """Input that cannot be read as it stands: the message names the file, the line, the remedy."""


@dataclass(slots=True)
class Sentence:
    """One annotated text, whatever format it came in: a sentence, or a whole document.

    tokens: its n >= 1 tokens, none of them empty.
    entities: (start, end, label) by token, end exclusive, in order, without overlap.
    line: where it begins in its file, counted from 1.
    spaces: whether a space follows each token; None where the format does not say, which leaves
        it to the language.
    file: the file it came from.
    starts: the tokens that begin a sentence, the first among them; None where nobody said.
    misaligned: how many of its entities did not fall on the borders of the tokenizer's tokens,
        which were therefore cut.
    """

    tokens: list[str]
    entities: list[tuple[int, int, str]]
    line: int
    spaces: list[bool] | None = None
    file: Path | None = None
    starts: list[int] | None = None
    misaligned: int = 0


@dataclass(slots=True)
class Problem:
    """Something wrong in a file that can be mended.

    kind: a short name for all of its kind, such as "illegal-transition" or "overlap".
    content: what stands there.
    message: what is wrong with it, a sentence.
    repair: what --repair does about it, a verb phrase such as "reads it as B-PER".
    """

    file: Path | None
    line: int
    content: str
    kind: str
    message: str
    repair: str

    def __str__(self) -> str:
        return f"{place(self.file, self.line, self.content)}: {self.message} " + (
            f"--repair {self.repair}."
        )


OnProblem = Callable[[Problem], None] | None


def report(problem: Problem, on_problem: OnProblem) -> None:
    """Hand a problem on, to be mended by the caller; raises CorpusError where nobody takes it."""
    if on_problem is None:
        raise CorpusError(str(problem))
    on_problem(problem)


def place(file: Path | None, line: int, content: str = "") -> str:
    """Where something stands, for the beginning of a message: file, line, and at most 80 of its
    characters."""
    shown = content if len(content) <= 80 else f"{content[:80]}…"
    shown = visible(shown)
    where = f"{file}, line {line}" if file else f"line {line}"
    return f"{where}, '{shown}'" if content else where


def visible(text: str) -> str:
    """The text with escapes for what a terminal would not show as one character, or obey."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def silent(note: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class ReadOptions:
    """What a reader may be told; each reader takes what concerns it.

    lang: spaCy's code of the language, whose tokenizer cuts raw text.
    scheme, token_column, tag_column (counted from 1), separator: of column files; None where they
        are to be detected.
    offset_unit: what the offsets of doccano, Label Studio and brat count, "characters" or "utf-16";
        None where that is to be found out, text by text.
    whole: whether all of a brat text is one document, not each of its lines.
    say: takes what a reader decided by itself, a sentence.
    """

    lang: str = "zh"
    scheme: str | None = None
    token_column: int | None = None
    tag_column: int | None = None
    separator: str | None = None
    offset_unit: str | None = None
    whole: bool = False
    say: Callable[[str], None] = silent


@dataclass(frozen=True)
class Format:
    """An annotation format.

    name, description: as the command line calls and explains it.
    suffixes: of its files, with the dot, in lower case, without .gz or .xz.
    sniff: whether a file with these first bytes (decompressed, 64 KiB and up to
        the end of the first line) is of this format.
    read: the sentences of a file. Raises CorpusError that names file, line, content and remedy;
        with `on_problem`, what can be mended is mended and handed to it instead.
    write: opens a file of this format for writing; the context gives a function that takes one
        sentence after the other. The arguments are the path, the language's code, and
        `on_problem` for what the format cannot hold (None: CorpusError).
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path, bytes], bool]
    read: Callable[[Path, ReadOptions, OnProblem], Iterator[Sentence]]
    write: (
        Callable[[Path, str, OnProblem], AbstractContextManager[Callable[[Sentence], None]]] | None
    ) = None
