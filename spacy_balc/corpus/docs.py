"""From sentences to `Doc`, and from text with marked spans to sentences."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import spacy
from spacy.tokens import Doc, Span
from spacy.util import get_lang_class
from spacy.vocab import Vocab

from .interface import CorpusError, OnProblem, Problem, Sentence, place, report

# Languages written without spaces between words, by spaCy's codes.
WITHOUT_SPACES = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})


@dataclass
class Counts:
    """How much a corpus holds: entities a label; `longest` is its longest sentence in tokens,
    `misaligned` the number of entities that do not fall on the tokenizer's tokens."""

    sentences: int = 0
    tokens: int = 0
    longest: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    misaligned: int = 0

    def add(self, sentence: Sentence) -> None:
        """Count one sentence more."""
        length = len(sentence.tokens)
        self.sentences += 1
        self.tokens += length
        self.longest = max(self.longest, length)
        for _, _, label in sentence.entities:
            self.entities[label] += 1
        self.misaligned += sentence.misaligned


def count(sentences: Iterable[Sentence]) -> Counts:
    """Count sentences, tokens and entities."""
    counts = Counts()
    for sentence in sentences:
        counts.add(sentence)
    return counts


def spaced(lang: str) -> bool:
    """Whether `lang`, a spaCy language code, puts spaces between words.

    Raises ImportError (spaCy's E048) where spaCy has no such language.
    """
    get_lang_class(lang)
    return lang not in WITHOUT_SPACES


@lru_cache
def tokenizer(lang: str) -> Callable[[str], Doc]:
    """The tokenizer of a blank pipeline of spaCy's for `lang`; raises ImportError (E048) where
    spaCy has no such language."""
    return spacy.blank(lang).tokenizer


def from_text(
    text: str,
    spans: Iterable[tuple[int, int, str]],
    tokenizer: Callable[[str], Doc],
    line: int = 1,
    file: Path | None = None,
    on_problem: OnProblem = None,
) -> Sentence | None:
    """A text with (start, end, label) marked by character, end exclusive, as a sentence.

    Tokens are the tokenizer's; where an entity begins or ends inside one it is cut there, and the
    entity is counted as misaligned. Nothing of the text is lost: tokens and spaces give it back to
    the character.

    Problems, each with what is done about it if `on_problem` takes it: an empty text (None is
    returned), a span outside of the text or without length (left out), one with white space at
    its border (trimmed, or left out if it is nothing else), overlapping ones (the longest stays,
    of two as long the first). Raises CorpusError for a text with half a surrogate pair.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{place(file, line, ascii(text)[1:-1])}: character {error.start} is half a surrogate "
            "pair, which no text can hold; correct or remove it"
        ) from None

    def problem(kind: str, content: str, message: str, repair: str) -> None:
        report(Problem(file, line, content, kind, message, repair), on_problem)

    if not text:
        problem("empty-text", "", "the text is empty.", "leaves it out")
        return None
    kept: list[tuple[int, int, str]] = []
    for start, end, label in spans:
        _check_label(label, file, line)
        name = f"{label} {start}-{end}"
        if not 0 <= start < end <= len(text):
            message = f"this span has no text: it is {len(text)} characters long."
            problem("outside-text", name, message, "leaves the span out")
            continue
        content = text[start:end]
        if content != content.strip():
            message = f"the span ({name}) begins or ends with white space."
            problem("white-space-border", content, message, "trims it")
            start += len(content) - len(content.lstrip())
            end = start + len(content.strip())
            if start >= end:
                continue
        kept.append((start, end, label))
    entities: list[tuple[int, int, str]] = []
    for start, end, label in sorted(kept, key=lambda span: (span[0] - span[1], span[0])):
        i = bisect_left(entities, (start, end))
        neighbours = entities[max(0, i - 1) : i + 1]
        other = next((o for o in neighbours if o[0] < end and start < o[1]), None)
        if other:
            message = f"{label} {start}-{end} overlaps {other[2]} {other[0]}-{other[1]}."
            problem("overlap", text[start:end], message, "keeps the longer one")
        else:
            entities.insert(i, (start, end, label))
    return _cut(text, entities, tokenizer(text), line, file)


def _check_label(label: object, file: Path | None, line: int) -> None:
    try:
        if isinstance(label, str) and label.strip() and label.encode("utf-8"):
            return
    except UnicodeEncodeError:
        pass
    problem = "this is no label: it must be a string, and not empty. Correct it or remove its span"
    raise CorpusError(f"{place(file, line, ascii(label))}: {problem}")


def _cut(
    text: str, entities: list[tuple[int, int, str]], doc: Doc, line: int, file: Path | None
) -> Sentence:
    """The sentence of a tokenised text, its tokens cut where entities begin or end inside them."""
    borders = sorted({border for start, end, _ in entities for border in (start, end)})
    tokens, spaces, inside = [], [], set()
    starts, ends = {}, {}
    for token in doc:
        first, last = token.idx, token.idx + len(token)
        cuts = borders[bisect_left(borders, first + 1) : bisect_left(borders, last)]
        inside.update(cuts)
        for begin, end in zip([first, *cuts], [*cuts, last], strict=True):
            starts[begin] = len(tokens)
            tokens.append(text[begin:end])
            spaces.append(False)
            ends[end] = len(tokens)
        spaces[-1] = bool(token.whitespace_)
    by_token = [(starts[start], ends[end], label) for start, end, label in entities]
    misaligned = sum(start in inside or end in inside for start, end, _ in entities)
    return Sentence(tokens, by_token, line, spaces, file, misaligned=misaligned)


def spacing(sentence: Sentence, spaces: bool) -> list[bool]:
    """Whether a space follows each token; `spaces` is the language's habit, for a sentence that
    does not say."""
    return [spaces] * len(sentence.tokens) if sentence.spaces is None else sentence.spaces


def text_of(sentence: Sentence, spaces: bool) -> str:
    """The text of a sentence, with the spacing of `spacing`."""
    pairs = zip(sentence.tokens, spacing(sentence, spaces), strict=True)
    return "".join([token + " " if space else token for token, space in pairs])


def to_doc(sentence: Sentence, vocab: Vocab, spaces: bool) -> Doc:
    """A `Doc` with the sentence's tokens and entities; every other token is `O`, not missing.

    spaces: whether a space follows each token, where the sentence does not say. Without, the text
        is the tokens joined by nothing.
    """
    sent_starts = None
    if sentence.starts is not None:
        sent_starts = [False] * len(sentence.tokens)
        for start in sentence.starts:
            sent_starts[start] = True
    doc = Doc(vocab, sentence.tokens, spacing(sentence, spaces), sent_starts=sent_starts)
    spans = [Span(doc, start, end, label=label) for start, end, label in sentence.entities]
    doc.set_ents(spans, default="outside")
    return doc


def bio_tags(doc: Doc) -> list[str | None]:
    """One BIO tag a token; None where the annotation is missing. Blocked tokens are `O`."""
    tags: list[str | None] = []
    for token in doc:
        if token.ent_iob_ == "":
            tags.append(None)
        elif token.ent_type_:
            tags.append(f"{token.ent_iob_}-{token.ent_type_}")
        else:
            tags.append("O")
    return tags
