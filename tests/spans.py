"""Hypothesis strategies and helpers for docs with gold and predicted entities."""

from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

VOCAB = Vocab()
LABELS = ("LOC", "PER", "X")


@st.composite
def entity_lists(draw: st.DrawFn, length: int) -> list[tuple[int, int, str]]:
    """Entities without overlap in a text of one-character tokens."""
    parts = st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(LABELS))
    entities, end = [], 0
    for gap, size, label in draw(st.lists(parts, min_size=1, max_size=6)):
        start, end = end + gap, end + gap + size
        if end <= length:
            entities.append((start, end, label))
    return entities


@st.composite
def corpora(draw: st.DrawFn, sides: int = 2) -> tuple[list[int], ...]:
    """Lengths of some texts, and for each side the entities of each text."""
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    return lengths, *([draw(entity_lists(n)) for n in lengths] for _ in range(sides))


def bio(entities: list[tuple[int, int, str]], length: int) -> list[str]:
    """BIO tags of one-character tokens."""
    tags = ["O"] * length
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def make_doc(text: str, entities: list[tuple[int, int, str]]) -> Doc:
    """A doc of one-character tokens."""
    doc = Doc(VOCAB, words=list(text), spaces=[False] * len(text))
    doc.set_ents([Span(doc, *entity) for entity in entities], default="outside")
    return doc
