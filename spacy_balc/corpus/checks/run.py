"""Reading a set with its problems noted, and all checks in one pass over train, dev and test."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from spacy.tokens import Doc

from ..docs import spaced, spacing
from ..files import expand
from ..formats import choose_format, read_corpus
from ..interface import CorpusError, Problem, ReadOptions, Sentence
from .borders import Borders
from .characters import Characters
from .findings import Figures, Findings, Item, Place, visible
from .labels import Labels
from .lengths import Lengths, PieceLookup
from .repeats import Repeats

PARTS = ("train", "dev", "test")


def read_part(
    part: str,
    given: Path | str,
    findings: Findings,
    format: str | None = None,
    options: ReadOptions = ReadOptions(),
) -> Iterator[Sentence]:
    """The sentences of a file, a folder or a pattern; what is wrong with them becomes findings,
    and a file that cannot be read on is left there.

    part: one of PARTS. format, options: as `read_corpus` takes them.
    Raises CorpusError where nothing has this name.
    """

    def on_problem(problem: Problem) -> None:
        content = visible(problem.content[:80])
        place = Place(str(problem.file), problem.line, content, visible(problem.message))
        findings.problem(problem.kind, part, place)

    number = 0
    for path, named in expand([given]):
        try:
            if choose_format(path, format, named) is None:
                findings.problem("left-out-file", part, Place(str(path), None, ""))
                continue
            for sentence in read_corpus([path], format, options, on_problem):
                number += 1
                yield sentence
        except (CorpusError, OSError) as error:
            findings.problem("unreadable", part, place_of(error, path))
    if not number:
        findings.problem("no-sentences", part, Place(str(given), None, ""))


def check_corpus(
    parts: Mapping[str, Iterable[Sentence]],
    findings: Findings,
    lang: str = "zh",
    *,
    tokenizer: Callable[[str], Doc] | None = None,
    pieces: PieceLookup | None = None,
    window: int = 0,
    labels: Collection[str] = (),
    rare: int = 10,
) -> Figures:
    """Look for what will hurt later.

    parts: sentences by name of PARTS, train first. findings: is added to. lang: says whether
        spaces stand between tokens, where a sentence does not. tokenizer: the pipeline's. pieces,
        window: the encoder's word pieces and how many it takes at once. labels: those expected,
        none for any. rare: fewer entities in train are few.
    RETURNS: the figures of each part.
    Raises ImportError where spaCy has no such language, and what the parts raise.
    """
    spaces, figures = spaced(lang), {}
    checks = [Labels(labels, rare), Borders(tokenizer), Repeats(), Characters()]
    checks.append(Lengths(pieces, window))
    for part, sentences in parts.items():
        number = tokens = 0
        for sentence in sentences:
            item = make_item(part, sentence, spaces)
            for check in checks:
                check.see(item, findings)
            number, tokens = number + 1, tokens + len(sentence.tokens)
        figures[part] = {"sentences": number, "tokens": tokens}
    for check in checks:
        check.finish(findings, figures)
    return figures


def place_of(error: Exception, path: Path) -> Place:
    """Where a reader stopped: its message says it, "FILE, line N, 'CONTENT': PROBLEM"."""
    message = visible(str(error))
    found = re.match(r", line (\d+)(?:, )?", message.removeprefix(visible(str(path))))
    if not found:
        return Place(str(path), None, message.removeprefix(f"{visible(str(path))}: "))
    rest = message.removeprefix(visible(str(path)))[found.end() :]
    return Place(str(path), int(found[1]), rest)


def make_item(part: str, sentence: Sentence, spaces: bool) -> Item:
    """A sentence with its text. spaces: the language's habit, where the sentence does not say."""
    starts, chunks, at = [], [], 0
    for token, space in zip(sentence.tokens, spacing(sentence, spaces), strict=True):
        starts.append(at)
        chunks.append(f"{token} " if space else token)
        at += len(chunks[-1])
    return Item(part, sentence, "".join(chunks), starts)
