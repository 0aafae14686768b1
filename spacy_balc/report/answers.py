"""What a system answered, seen from the gold docs: entities by character, one tag a gold token."""

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc

from ..corpus.docs import bio_tags

Entity = tuple[int, int, str]  # start and end (exclusive) in characters, label


def entities(doc: Doc) -> list[Entity]:
    """A doc's entities by character, in order."""
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def is_annotated(doc: Doc) -> bool:
    """Whether any token of a doc is annotated, be it with O."""
    return any(token.ent_iob for token in doc)


def on_gold_tokens(gold: Doc, answer: Sequence[Entity]) -> tuple[list[Entity], list[str]]:
    """Predicted entities seen from the gold tokens.

    RETURNS: those of them that touch no token whose annotation is missing (they are neither right
        nor wrong), and the BIO tag they give each gold token. Where the pipeline's tokens are
        smaller and two entities share a gold token, it goes to the first.
    """
    judged = []
    tags = ["O"] * len(gold)
    for start_char, end_char, label in answer:
        span = gold.char_span(start_char, end_char, label, alignment_mode="expand")
        if all(token.ent_iob for token in span):
            judged.append((start_char, end_char, label))
            free = [token.i for token in span if tags[token.i] == "O"]
            for i in free:
                tags[i] = f"{'B' if i == free[0] else 'I'}-{label}"
    return judged, tags


def tag_pairs(
    golds: Sequence[Doc], predicted_tags: Iterable[Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Gold and predicted tags of all annotated tokens of some docs, in a row."""
    ours, theirs = [], []
    for gold, tags in zip(golds, predicted_tags, strict=True):
        for gold_tag, predicted_tag in zip(bio_tags(gold), tags, strict=True):
            if gold_tag is not None:
                ours.append(gold_tag)
                theirs.append(predicted_tag)
    return ours, theirs


def check_same_texts(golds: Sequence[Doc], predicted: Sequence[Doc], name: str) -> None:
    """Raises ValueError unless the predictions, which `name` names, are of the gold texts in the
    gold order."""
    for i, (gold, answer) in enumerate(zip(golds, predicted)):
        if gold.text != answer.text:
            at = next(
                (k for k, (a, b) in enumerate(zip(gold.text, answer.text)) if a != b),
                min(len(gold.text), len(answer.text)),
            )
            ours, theirs = (repr(doc.text[max(0, at - 10) : at + 10]) for doc in (gold, answer))
            raise ValueError(
                f"{name}: text {i + 1} is not the gold's: {theirs} where the gold has {ours} "
                f"(character {at}). Predictions must be of the gold texts, in their order"
            )
    if len(golds) != len(predicted):
        raise ValueError(
            f"{name} holds {len(predicted):,} texts, the gold {len(golds):,}: "
            "predictions must be of the gold texts, in their order"
        )
