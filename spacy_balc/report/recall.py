"""Recall by what an entity is like: place, length, known from training or not; slices of docs."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.tokens import Doc, Span

from .answers import Entity, entities
from .scores import entity_scores

POSITIONS = (0, 16, 32, 64, 128, 256, 512)
LENGTHS = (1, 2, 3, 4, 5, 7, 10)
SENTENCES = (1, 11, 21, 41, 81, 161)
SEEN = ("same type in train", "other type in train", "not in train")
MOST_VALUES = 50  # values of a key that still make a table


def recall_tables(
    golds: Sequence[Doc],
    predicted: Sequence[Sequence[Entity]],
    seen: dict[str, set[str]] | None = None,
) -> list[dict[str, Any]]:
    """Recall by position in the doc, by entity length and by sentence length, all in tokens.

    seen: the types of each entity string in the training data, which adds a table.
    RETURNS: for each table `by`, `title` and `rows` of name, gold, correct, recall and the last
        three `per_type`, without those that no gold entity belongs to.
    """
    tables: list[tuple[str, str, Sequence[str], Callable[[Span], str]]] = [
        (
            "position",
            "Position in the doc (tokens before the entity)",
            _names(POSITIONS),
            lambda ent: _name(POSITIONS, ent.start),
        ),
        (
            "length",
            "Length of the entity (tokens)",
            _names(LENGTHS),
            lambda ent: _name(LENGTHS, len(ent)),
        ),
        (
            "sentence_length",
            "Length of the sentence (tokens)",
            _names(SENTENCES),
            lambda ent: _name(SENTENCES, _sentence_length(ent)),
        ),
    ]
    if seen is not None:

        def known(ent: Span) -> str:
            types = seen.get(ent.text, ())
            return SEEN[0] if ent.label_ in types else SEEN[1] if types else SEEN[2]

        tables.append(("seen", "Entity string in the training data", SEEN, known))
    gold: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    correct: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for doc, answer in zip(golds, predicted, strict=True):
        found = set(answer)
        for ent in doc.ents:
            is_correct = (ent.start_char, ent.end_char, ent.label_) in found
            for by, _, _, name_of in tables:
                key = by, name_of(ent)
                gold[key][ent.label_] += 1
                correct[key][ent.label_] += is_correct
    return [
        {
            "by": by,
            "title": title,
            "rows": [
                {
                    "name": name,
                    **_rate(gold[by, name].total(), correct[by, name].total()),
                    "per_type": {
                        label: _rate(number, correct[by, name][label])
                        for label, number in sorted(gold[by, name].items())
                    },
                }
                for name in names
                if (by, name) in gold
            ],
        }
        for by, title, names, _ in tables
    ]


def _rate(gold: int, correct: int) -> dict[str, Any]:
    return {"gold": gold, "correct": correct, "recall": correct / gold}


def _sentence_length(ent: Span) -> int:
    """Tokens of the sentence; a doc whose sentences are not annotated is one."""
    return len(ent.sent) if ent.doc.has_annotation("SENT_START") else len(ent.doc)


def _names(firsts: Sequence[int]) -> list[str]:
    lasts = [first - 1 for first in firsts[1:]]
    names = [str(a) if a == b else f"{a} to {b}" for a, b in zip(firsts, lasts)]
    return [*names, f"{firsts[-1]} and more"]


def _name(firsts: Sequence[int], value: int) -> str:
    return _names(firsts)[sum(value >= first for first in firsts) - 1]


def seen_entities(docs: Iterable[Doc]) -> dict[str, set[str]]:
    """The types of each entity string in some docs."""
    seen: dict[str, set[str]] = {}
    for doc in docs:
        for ent in doc.ents:
            seen.setdefault(ent.text, set()).add(ent.label_)
    return seen


def slice_scores(
    golds: Sequence[Doc],
    predicted: Sequence[Sequence[Entity]],
    by_text: dict[str, re.Pattern[str]],
    by_key: Sequence[str],
) -> list[dict[str, Any]]:
    """Strict scores of parts of the docs.

    by_text: slices by name, the docs where a regular expression is found in the text.
    by_key: keys of `doc.user_data`, a slice for each value, in sorted order.
    Raises ValueError for a key that no doc has or that has more than MOST_VALUES values.
    """
    parts: list[tuple[str, str, str, list[int]]] = []
    for name, pattern in by_text.items():
        inside = [i for i, doc in enumerate(golds) if pattern.search(doc.text)]
        parts.append((name, "text", pattern.pattern, inside))
    for key in by_key:
        values: dict[str, list[int]] = {}
        for i, doc in enumerate(golds):
            if key in doc.user_data:
                values.setdefault(str(doc.user_data[key]), []).append(i)
        if not values:
            raise ValueError(
                f"No doc has user_data[{key!r}]; a .spacy file keeps it only if it was written "
                "with DocBin(store_user_data=True)"
            )
        if len(values) > MOST_VALUES:
            raise ValueError(
                f"user_data[{key!r}] has {len(values):,} values, more than {MOST_VALUES}: choose a "
                "key that sorts docs into few kinds"
            )
        parts += [(f"{key} = {v}", "user_data", key, values[v]) for v in sorted(values)]
    rows = []
    for name, by, rule, inside in parts:
        scores = entity_scores([entities(golds[i]) for i in inside], [predicted[i] for i in inside])
        counts = {key: scores["ents_counts"][key] for key in ("gold", "predicted", "correct")}
        row = {"name": name, "by": by, "rule": rule, "docs": len(inside)}
        rows.append({**row, **{key: scores[f"ents_{key}"] for key in "prf"}, **counts})
    return rows
