"""Everything that a report says about a system's answers, in one dictionary of JSON values."""

import re
from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc
from tqdm import tqdm

from .answers import Entity, entities, on_gold_tokens, tag_pairs
from .bootstrap import intervals
from .compare import compare
from .errors import confusion, error_report, find_mistakes
from .matching import matching_scores
from .recall import recall_tables, slice_scores
from .scores import entity_scores, token_table


def analyse(
    golds: Sequence[Doc],
    answers: Sequence[Sequence[Entity]],
    other: Sequence[Sequence[Entity]] | None = None,
    seen: dict[str, set[str]] | None = None,
    by_text: dict[str, re.Pattern[str]] | None = None,
    by_key: Sequence[str] = (),
    limit: int = 50,
) -> dict[str, Any]:
    """Scores, intervals, errors and breakdowns, as docs/report.md describes metrics.json.

    golds: annotated docs. answers, other: entities by character of one or two systems, a list a
        doc. seen: from `seen_entities`. by_text, by_key: as `slice_scores` takes them.
    limit: sentences kept for each kind of error and type, and of those where two systems differ.
    Raises ValueError for slices that cannot be made, ImportError where nervaluate is missing.
    """
    gold = [entities(doc) for doc in golds]
    pairs = zip(golds, answers, strict=True)
    judged = [
        on_gold_tokens(*pair)
        for pair in tqdm(pairs, desc="judge", total=len(golds), unit="doc", disable=None)
    ]
    predicted = [found for found, _ in judged]
    others = None
    if other is not None:
        others = [on_gold_tokens(*pair)[0] for pair in zip(golds, other, strict=True)]
    mistakes = [list(find_mistakes(*pair)) for pair in zip(gold, predicted, strict=True)]
    scores = entity_scores(gold, predicted)
    errors = error_report(golds, gold, predicted, mistakes, limit, others)
    return {
        "ents_f": scores["ents_f"],  # the figure that counts stands first
        **scores,
        "intervals": intervals(gold, predicted),
        "worst": worst_type(scores, errors),
        "errors": errors,
        "confusion": confusion(gold, mistakes),
        "recall": recall_tables(golds, predicted, seen),
        "slices": slice_scores(golds, predicted, by_text or {}, by_key),
        "comparison": None if others is None else compare(golds, gold, predicted, others, limit),
        "matching": matching_scores(gold, predicted),
        "token_table": token_table(*tag_pairs(golds, [tags for _, tags in judged])),
    }


def worst_type(scores: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any] | None:
    """The type of lowest F1 among those that gold has (of equals the most frequent), and its
    kinds of error, the most frequent first; None where there is no such type."""
    counts = scores["ents_counts"]["per_type"]
    rated = [
        (rates["f"], -counts[label]["gold"], label)
        for label, rates in scores["ents_per_type"].items()
        if counts[label]["gold"]
    ]
    if not rated:
        return None
    f, _, worst = min(rated)
    kinds = [
        {"kind": row["kind"], "errors": row["errors"]}
        for row in errors["counts"]
        if row["type"] == worst
    ]
    return {"type": worst, "f": f, "kinds": sorted(kinds, key=lambda row: -row["errors"])}
