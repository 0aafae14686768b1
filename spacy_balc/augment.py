"""An augmenter for training: rows of entities with nothing between them, such as lists of names
that lost their separators."""

import math
import random
from collections.abc import Callable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from .corpus.docs import bio_tags, spaced

LONGEST = 40  # entities in a row
KEPT = 10_000  # entities remembered a label
# Words of an entity, and whether a space is behind each.
Name = tuple[tuple[str, ...], tuple[bool, ...]]


def entity_rows(
    level: float, labels: list[str]
) -> Callable[[Language, Example], Iterator[Example]]:
    """An augmenter, `spacy-balc.EntityRows.v1`, that puts rows of entities in place of single ones.

    In an example drawn with probability `level`, one entity gives way to 2 to 40 in a row (each
    doubling as likely as the next) that earlier examples hold under its label, which is one of
    `labels`. They touch in languages that write no spaces. An example without such an entity stays
    as it is, and so do all others. Those of one character (a surname alone) are in no row: nobody
    could tell where the next begins.

    The changed example has tokens and entities (or that these are unknown), and no other
    annotation. Chance comes from `random`, which `spacy train` seeds.

    Raises ValueError for a level that is not from 0 to 1 and where labels are missing.
    """
    if not 0 <= level <= 1:
        raise ValueError(f"EntityRows: level is a share of examples from 0 to 1, not {level}")
    if not labels:
        raise ValueError("EntityRows: labels is empty; name at least one, as in ['PER']")
    names: dict[str, list[Name]] = {label: [] for label in labels}
    known: set[tuple[str, Name]] = set()

    def remember(label: str, name: Name) -> None:
        if (label, name) in known:
            return
        known.add((label, name))
        if len(names[label]) < KEPT:
            names[label].append(name)
        else:
            place = random.randrange(KEPT)
            known.discard((label, names[label][place]))
            names[label][place] = name

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        entities = [entity for entity in example.reference.ents if entity.label_ in names]
        for entity in entities:
            if len(entity.text) == 1:
                continue
            words = tuple(token.text for token in entity)
            remember(entity.label_, (words, tuple(bool(t.whitespace_) for t in entity)))
        replaced = random.choice(entities) if entities else None
        if replaced is not None and names[replaced.label_] and random.random() < level:
            number = int(2 ** random.uniform(1, math.log2(LONGEST + 1)))
            row = random.choices(names[replaced.label_], k=number)
            yield _with_row(nlp, replaced, row)
        else:
            yield example

    return augment


def _with_row(nlp: Language, replaced: Span, row: list[Name]) -> Example:
    """The example of an entity's doc with a row in its place."""
    doc, label = replaced.doc, replaced.label_
    given = [token.text for token in doc]
    behind = [bool(token.whitespace_) for token in doc]
    given_tags = [tag or "" for tag in bio_tags(doc)]
    between = spaced(nlp.lang)
    words, spaces, tags = (part[: replaced.start] for part in (given, behind, given_tags))
    for name, gaps in row:
        words += name
        spaces += [*gaps[:-1], between]
        tags += [f"B-{label}"] + [f"I-{label}"] * (len(name) - 1)
    spaces[-1] = behind[replaced.end - 1]
    words += given[replaced.end :]
    spaces += behind[replaced.end :]
    tags += given_tags[replaced.end :]
    unknown = doc.has_unknown_spaces
    reference = Doc(nlp.vocab, words, None if unknown else spaces, ents=tags)
    return Example(Doc(nlp.vocab, words) if unknown else nlp.make_doc(reference.text), reference)
