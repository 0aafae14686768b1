"""Which errors a system makes: kinds, counts, the confusion of types, and the sentences behind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc

from .answers import Entity

KINDS = {
    "wrong type": "the span is right, the type is not",
    "too long": "the type is right, the prediction holds the entity and more",
    "too short": "the type is right, the prediction is a part of the entity",
    "shifted": "the type is right, the two overlap and neither holds the other",
    "wrong type and boundary": "the two overlap, and neither span nor type is right",
    "split": "one entity, several predictions that overlap it",
    "merged": "several entities, one prediction that overlaps them",
    "split and merged": "several entities and several predictions in a chain of overlaps",
    "missed": "an entity that no prediction overlaps",
    "spurious": "a prediction that overlaps no entity",
}
AROUND = 80  # characters shown to either side of an error


@dataclass(frozen=True, slots=True)
class Mistake:
    """Gold and predicted entities of one doc that overlap and are not equal; one side may be empty.

    kind: a key of KINDS. gold, predicted: in order.
    """

    kind: str
    gold: tuple[Entity, ...]
    predicted: tuple[Entity, ...]

    @property
    def type(self) -> str:
        """Type of the first gold entity; of the predicted one where there is none."""
        return (self.gold or self.predicted)[0][2]

    @property
    def span(self) -> tuple[int, int]:
        """From the first to the last character of all that takes part."""
        both = self.gold + self.predicted
        return min(start for start, _, _ in both), max(end for _, end, _ in both)


def find_mistakes(gold: Iterable[Entity], predicted: Iterable[Entity]) -> Iterator[Mistake]:
    """The mistakes in one doc, in order. No two entities of a side may overlap.

    Each entity that is not correct takes part in exactly one.
    """
    tagged = sorted([(*e, "gold") for e in gold] + [(*e, "predicted") for e in predicted])
    group: dict[str, list[Entity]] = {"gold": [], "predicted": []}
    end_of_group = 0
    for start, end, label, side in [*tagged, (float("inf"), 0, "", "")]:
        if start >= end_of_group and group["gold"] + group["predicted"]:
            ours, theirs = tuple(group["gold"]), tuple(group["predicted"])
            if ours != theirs:
                yield Mistake(_kind(ours, theirs), ours, theirs)
            group = {"gold": [], "predicted": []}
        if side:
            group[side].append((start, end, label))
            end_of_group = max(end_of_group, end)


def _kind(gold: Sequence[Entity], predicted: Sequence[Entity]) -> str:
    if not predicted:
        return "missed"
    if not gold:
        return "spurious"
    if len(gold) > 1 or len(predicted) > 1:
        if len(predicted) == 1:
            return "merged"
        return "split" if len(gold) == 1 else "split and merged"
    ((start, end, label),), ((p_start, p_end, p_label),) = gold, predicted
    if (start, end) == (p_start, p_end):
        return "wrong type"
    if label != p_label:
        return "wrong type and boundary"
    if p_start <= start and end <= p_end:
        return "too long"
    return "too short" if start <= p_start and p_end <= end else "shifted"


def confusion(
    gold: Sequence[Sequence[Entity]], mistakes: Sequence[Sequence[Mistake]]
) -> dict[str, Any]:
    """Gold type by predicted type on exactly the same span, over all docs.

    mistakes: of each doc, as `find_mistakes` gives them.
    RETURNS: `types`, sorted; `rows` (they and "other span", "spurious"), `columns` (they and
        "other span", "missed") and `counts`. A row of a type sums to its gold entities, a column
        to its predictions. "other span": an entity of the other side overlaps, with another span.
        The two names beside the types are in brackets where a type is called so.
    """
    found = {label for ours in gold for *_, label in ours}
    found |= {label for wrong in mistakes for m in wrong for *_, label in m.predicted}
    types = sorted(found)
    place = {label: i for i, label in enumerate(types)}
    other_span, nothing = len(types), len(types) + 1
    counts = [[0] * (len(types) + 2) for _ in range(len(types) + 2)]
    for ours, wrong in zip(gold, mistakes, strict=True):
        for *_, label in ours:
            counts[place[label]][place[label]] += 1
        for mistake in wrong:
            rows = [place[label] for *_, label in mistake.gold]
            columns = [place[label] for *_, label in mistake.predicted]
            for row in rows:
                counts[row][row] -= 1
            if mistake.kind == "wrong type":
                counts[rows[0]][columns[0]] += 1
                continue
            for row in rows:
                counts[row][other_span if columns else nothing] += 1
            for column in columns:
                counts[other_span if rows else nothing][column] += 1

    def names(*beside: str) -> list[str]:
        return [*types, *(f"({name})" if name in place else name for name in beside)]

    return {
        "types": types,
        "rows": names("other span", "spurious"),
        "columns": names("other span", "missed"),
        "counts": counts,
    }


def error_report(
    golds: Sequence[Doc],
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    mistakes: Sequence[Sequence[Mistake]],
    limit: int,
    compared: Sequence[Sequence[Entity]] | None = None,
) -> dict[str, Any]:
    """Counts of mistakes by kind and type, and the first `limit` sentences of each.

    RETURNS: `limit`, `total`, `kinds`, `counts` and `examples`, as docs/report.md describes them.
    """
    found: dict[tuple[str, str], list[tuple[int, Mistake]]] = defaultdict(list)
    for i, wrong in enumerate(mistakes):
        for mistake in wrong:
            found[mistake.kind, mistake.type].append((i, mistake))
    order = list(KINDS)
    keys = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    counts, examples = [], []
    for kind, label in keys:
        shown = found[kind, label][:limit]
        numbers = _numbers(mistake for _, mistake in found[kind, label])
        counts.append({"kind": kind, "type": label, **numbers, "shown": len(shown)})
        for i, mistake in shown:
            answers = {"gold": gold[i], "predicted": predicted[i]}
            if compared is not None:
                answers["compared"] = compared[i]
            examples.append(
                {
                    "id": len(examples),
                    "kind": kind,
                    "type": label,
                    "gold_types": sorted({e[2] for e in mistake.gold}),
                    "predicted_types": sorted({e[2] for e in mistake.predicted}),
                    **excerpt(golds[i], i, *mistake.span, answers),
                }
            )
    kinds = [
        {
            "kind": kind,
            "description": description,
            **_numbers(m for wrong in mistakes for m in wrong if m.kind == kind),
        }
        for kind, description in KINDS.items()
    ]
    total = sum(row["errors"] for row in counts)
    return {"limit": limit, "total": total, "kinds": kinds, "counts": counts, "examples": examples}


def _numbers(mistakes: Iterable[Mistake]) -> dict[str, int]:
    numbers = {"errors": 0, "gold": 0, "predicted": 0}
    for mistake in mistakes:
        numbers["errors"] += 1
        numbers["gold"] += len(mistake.gold)
        numbers["predicted"] += len(mistake.predicted)
    return numbers


def excerpt(
    doc: Doc, number: int, start: int, end: int, answers: dict[str, Sequence[Entity]]
) -> dict[str, Any]:
    """The text around some characters, with all entities in it, none of them cut.

    answers: entities of the whole doc by who says so. Their spans, and `focus` (start and end as
    they were given), count from the excerpt's first character, which is number `offset` of the doc.
    """
    text = doc.text
    file, line = doc.user_data.get("file"), doc.user_data.get("line")
    left, right = max(0, start - AROUND), min(len(text), end + AROUND)
    spans = [span for said in answers.values() for span in said]
    while crossing := [(s, e) for s, e, _ in spans if s < left < e or s < right < e]:
        left = min(left, *(s for s, _ in crossing if s < left), left)
        right = max(right, *(e for _, e in crossing if e > right), right)
    return {
        "doc": number,
        "file": file if isinstance(file, str) else None,
        "line": line if isinstance(line, int) else None,
        "offset": left,
        "cut_left": left > 0,
        "cut_right": right < len(text),
        "text": text[left:right],
        "focus": [start - left, end - left],
        **{
            who: [[s - left, e - left, label] for s, e, label in said if left <= s and e <= right]
            for who, said in answers.items()
        },
    }
