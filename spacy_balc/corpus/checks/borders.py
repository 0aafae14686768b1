"""Borders of entities: against tokens, sentences, white space and punctuation."""

import unicodedata
from collections.abc import Callable

from spacy.pipeline import Sentencizer
from spacy.tokens import Doc

from .findings import Figures, Findings, Item

# Marks that end a sentence wherever they stand. A full stop does not, and ! and ? are in names.
ENDS = frozenset(
    mark
    for mark in Sentencizer.default_punct_chars
    if mark not in "!?" and unicodedata.normalize("NFKC", mark) != "."
)


class Borders:
    """Looks at where entities begin and end."""

    def __init__(self, tokenizer: Callable[[str], Doc] | None = None):
        """tokenizer: the pipeline's own, to be compared with the tokens of the annotation."""
        self.tokenizer = tokenizer

    def see(self, item: Item, findings: Findings) -> None:
        if not item.sentence.entities:
            return
        text, tokens = item.text, item.sentence.tokens
        doc = self.tokenizer(text) if self.tokenizer else None
        for (start, end, _), (first, stop, _) in zip(
            item.entities(), item.sentence.entities, strict=True
        ):
            entity = text[start:end]
            if entity != entity.strip():
                findings.add("white-space-border", item, start, end)
            elif doc is not None and doc.char_span(start, end) is None:
                findings.add("misaligned-entity", item, start, end)
            if unbalanced(tokens[first], tokens[stop - 1], entity):
                findings.add("punctuation-border", item, start, end)
            if any(first < token < stop for token in item.sentence.starts or ()):
                findings.add("crosses-sentence-start", item, start, end)
            for i, char in enumerate(entity):
                if char in ENDS and any(map(str.isalnum, entity[i + 1 :])):
                    findings.add("crosses-sentence-end", item, start, end)
                    break

    def finish(self, findings: Findings, figures: Figures) -> None:
        pass


def unbalanced(first: str, last: str, entity: str) -> bool:
    """Whether an entity's first or last token is punctuation, brackets and quotes that are closed
    inside it excepted."""
    return (
        is_punct(first) and not _has(entity[len(first) :], first, ("Pe", "Pf"))
        or is_punct(last) and not _has(entity[: -len(last)], last, ("Ps", "Pi"))
    )  # fmt: skip


def is_punct(token: str) -> bool:
    return all(unicodedata.category(char)[0] == "P" for char in token)


def _has(rest: str, mark: str, categories: tuple[str, str]) -> bool:
    """Whether `rest` holds the other half of a pair: a bracket for a bracket, the same quote."""
    if unicodedata.category(mark[0]) in ("Ps", "Pe", "Pi", "Pf"):
        return any(unicodedata.category(char) in categories for char in rest)
    return mark in "\"'" and mark in rest
