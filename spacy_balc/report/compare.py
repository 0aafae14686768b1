"""Two systems on the same gold: who wins, by type, how sure that is, and where they differ."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc

from .answers import Entity
from .bootstrap import paired_difference
from .errors import excerpt, find_mistakes
from .scores import entity_scores

COLUMNS = ("both", "wins", "losses", "neither", "wrong_ours_only", "wrong_other_only")


def compare(
    golds: Sequence[Doc],
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    other: Sequence[Sequence[Entity]],
    limit: int,
) -> dict[str, Any]:
    """Compare the answers of two systems, ours and the other's, to the same docs.

    RETURNS: the other's scores; `difference`, from `paired_difference`; `per_type` and `total`:
        gold entities that both find, only we (wins), only the other (losses) or neither, and wrong
        predictions that only one makes; `examples`: the first `limit` places where they differ for
        each outcome, "win", "loss" or "draw" (as many gold entities found by one as by the other).
    """
    ours_by_type = entity_scores(gold, predicted)["ents_per_type"]
    scores = entity_scores(gold, other)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    differing_docs = 0
    examples: dict[str, list[dict[str, Any]]] = {"win": [], "loss": [], "draw": []}
    for i, (right, a, b) in enumerate(
        zip(map(set, gold), map(set, predicted), map(set, other), strict=True)
    ):
        places = {
            "both": right & a & b,
            "wins": (right & a) - b,
            "losses": (right & b) - a,
            "neither": right - a - b,
            "wrong_ours_only": a - right - b,
            "wrong_other_only": b - right - a,
        }
        for column, found in places.items():
            for *_, label in found:
                counts[label][column] += 1
        differing_docs += a != b
        answers = {"gold": gold[i], "predicted": predicted[i], "compared": other[i]}
        # Taken as gold, the other's answer makes a mistake of each place where ours is another.
        for group in find_mistakes(other[i], predicted[i]):
            wins = len(right.intersection(group.predicted))
            losses = len(right.intersection(group.gold))
            outcome = "win" if wins > losses else "loss" if losses > wins else "draw"
            if len(examples[outcome]) < limit:
                place = excerpt(golds[i], i, *group.span, answers)
                place |= {"outcome": outcome, "wins": wins, "losses": losses}
                examples[outcome].append(place)
    rows = []
    for label in sorted({*counts, *ours_by_type, *scores["ents_per_type"]}):
        f, other_f = (
            rates.get(label, {"f": 0.0})["f"] for rates in (ours_by_type, scores["ents_per_type"])
        )
        row = {"type": label, "f": f, "other_f": other_f, "difference": f - other_f}
        rows.append({**row, **_columns(counts[label])})
    totals: Counter[str] = Counter()
    for numbers in counts.values():
        totals.update(numbers)
    return {
        **{key: scores[f"ents_{key}"] for key in "prf"},
        **{key: scores["ents_counts"][key] for key in ("gold", "predicted", "correct")},
        "difference": paired_difference(gold, predicted, other),
        "per_type": rows,
        "total": _columns(totals),
        "differing_docs": differing_docs,
        "limit": limit,
        "examples": [place for places in examples.values() for place in places],
    }


def _columns(counts: Counter[str]) -> dict[str, int]:
    found = {column: counts[column] for column in COLUMNS}
    gold = sum(found[column] for column in ("both", "wins", "losses", "neither"))
    return {"gold": gold, **found}
