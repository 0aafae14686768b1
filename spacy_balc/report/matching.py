"""Scores that forgive a wrong boundary or a wrong type, from nervaluate."""

from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from .answers import Entity

COUNTS = ("correct", "incorrect", "partial", "missed", "spurious")


def matching_scores(
    gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]
) -> dict[str, Any]:
    """Partial, exact-boundary and type-only scores over docs, by type too but for `exact`.

    nervaluate scores a type on that type's entities alone, which makes its `exact` the strict
    score; so that is left out. Its `Evaluator` looks at every doc once for each type there is;
    here its strategies are asked for the types in a doc, which gives the same in a tenth of the
    time.
    RETURNS: by mode `p`, `r`, `f`, `correct`, `incorrect`, `partial`, `missed`, `spurious` and
        `per_type`, the same by type.
    Raises ImportError where nervaluate is not installed.
    """
    from nervaluate import entities, strategies

    modes = {
        "partial": strategies.PartialEvaluation(),
        "exact": strategies.ExactEvaluation(),
        "ent_type": strategies.EntityTypeEvaluation(),
    }
    labels = sorted({e[2] for side in (gold, predicted) for doc in side for e in doc})
    sums = {
        (mode, label): entities.EvaluationResult()
        for mode in modes
        for label in [None, *(labels if mode != "exact" else [])]
    }
    pairs = zip(gold, predicted, strict=True)
    for pair in tqdm(pairs, desc="nervaluate", total=len(gold), unit="doc", disable=None):
        # nervaluate's ends are inclusive, and which entities meet depends on the order.
        sides = [[entities.Entity(name, a, b - 1) for a, b, name in sorted(doc)] for doc in pair]
        parts = {label: sides for label in [None] if sides[0] or sides[1]}
        for label in {entity.label for side in sides for entity in side}:
            parts[label] = [[e for e in side if e.label == label] for side in sides]
        for mode, strategy in modes.items():
            for label, (true, answered) in parts.items():
                if (mode, label) in sums:
                    total = sums[mode, label]
                    result, _ = strategy.evaluate(true, answered, labels)
                    for name in COUNTS:
                        setattr(total, name, getattr(total, name) + getattr(result, name))
    scores: dict[str, Any] = {}
    for (mode, label), total in sums.items():
        total.compute_metrics(partial_or_type=mode != "exact")
        row = {"p": total.precision, "r": total.recall, "f": total.f1}
        row.update({name: getattr(total, name) for name in COUNTS})
        if label is None:
            scores[mode] = row
        else:
            scores[mode].setdefault("per_type", {})[label] = row
    return scores
