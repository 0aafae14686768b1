"""Scores of predicted entities, by span and by token. Pure functions of lists."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any


def entity_scores(
    gold: Sequence[Collection[tuple[int, int, str]]],
    predicted: Sequence[Collection[tuple[int, int, str]]],
) -> dict[str, Any]:
    """Strict scores: a predicted entity counts if a gold one has its very span and type.

    gold, predicted: for each text its entities (start, end, label), each at most once.
    RETURNS: `ents_p`, `ents_r`, `ents_f` and `ents_per_type` as spaCy's scorer gives them (a rate
        without a denominator is 0.0; the three overall are None where neither side has any entity),
        and `ents_counts`: gold, predicted and correct entities, overall and `per_type`.
    """
    in_gold: Counter[str] = Counter()
    in_predicted: Counter[str] = Counter()
    correct: Counter[str] = Counter()
    for ours, theirs in zip(gold, predicted, strict=True):
        in_gold.update(label for _, _, label in ours)
        in_predicted.update(label for _, _, label in theirs)
        correct.update(label for _, _, label in set(ours) & set(theirs))
    counts = {
        label: {
            "gold": in_gold[label],
            "predicted": in_predicted[label],
            "correct": correct[label],
        }
        for label in sorted({*in_gold, *in_predicted})
    }
    total = {key: sum(c[key] for c in counts.values()) for key in ("gold", "predicted", "correct")}
    overall = rates(**total) if counts else {"p": None, "r": None, "f": None}
    return {
        **{f"ents_{key}": rate for key, rate in overall.items()},
        "ents_per_type": {label: rates(**numbers) for label, numbers in counts.items()},
        "ents_counts": {**total, "per_type": counts},
    }


def token_table(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, Any]:
    """Scores of single tokens' tags, `O` among them. Not an entity score: most tokens are `O`.

    gold, predicted: one BIO tag a token, of any number of texts in a row.
    RETURNS: `rows`, each with tag, precision, recall, f1-score and support (gold tokens): `B-X` and
        `I-X` for each type in sorted order, then `O`; `average_with_O_not_an_entity_score`: the
        mean of each column weighted by support, and the number of tokens; `share_of_O` among the
        gold tokens; `average_f1_if_all_were_O`: the same mean for a system that finds no entity.
        A rate without a denominator is 0.0.
    """
    pairs = Counter(zip(gold, predicted, strict=True))
    in_gold: Counter[str] = Counter()
    in_predicted: Counter[str] = Counter()
    for (ours, theirs), number in pairs.items():
        in_gold[ours] += number
        in_predicted[theirs] += number
    types = sorted({tag[2:] for tag in {*in_gold, *in_predicted} if tag != "O"})
    rows = []
    for tag in [*(f"{letter}-{label}" for label in types for letter in "BI"), "O"]:
        scores = rates(in_gold[tag], in_predicted[tag], pairs[tag, tag]).values()
        rows.append(
            {"tag": tag, **dict(zip(COLUMNS, scores, strict=True)), "support": in_gold[tag]}
        )
    tokens = sum(in_gold.values())
    average = {
        column: _ratio(sum(row[column] * row["support"] for row in rows), tokens)
        for column in COLUMNS
    }
    share = _ratio(in_gold["O"], tokens)
    return {
        "rows": rows,
        "average_with_O_not_an_entity_score": {**average, "support": tokens},
        "share_of_O": share,
        "average_f1_if_all_were_O": share * 2 * share / (1 + share),
    }


COLUMNS = ("precision", "recall", "f1-score")


def rates(gold: int, predicted: int, correct: int) -> dict[str, float]:
    """Precision, recall and F1 of counts, each 0.0 where it has no denominator."""
    p, r = _ratio(correct, predicted), _ratio(correct, gold)
    # Not 2 * correct / (gold + predicted): seqeval's and spaCy's last digit comes from this.
    return {"p": p, "r": r, "f": _ratio(2 * p * r, p + r)}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
