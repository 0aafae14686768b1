"""What checks find: kinds with their severity, counts by part, and the first places of each."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..interface import Sentence, visible

SEVERITIES = ("error", "warning", "information")

# An error: converting, training or scoring goes wrong. A warning: it may be meant. Whatever else
# readers report as a problem is an error too, since `balc convert` stops there.
KINDS = {
    "unreadable": ("error", "the rest of a file cannot be read"),
    "no-sentences": ("error", "set holds no sentence"),
    "no-entities": ("error", "set holds no entity"),
    "illegal-transition": ("error", "tag does not fit those around it"),
    "overlap": ("error", "entities overlap"),
    "empty-text": ("error", "text is empty"),
    "outside-text": ("error", "entity is outside of its text"),
    "unknown-label": ("error", "label is not among those expected"),
    "label-not-in-train": ("error", "label that train does not have"),
    "white-space-border": ("error", "entity starts or ends with white space"),
    "crosses-sentence-start": ("error", "entity goes on across a sentence start that is set"),
    "missing-annotation": ("warning", "tokens have no annotation, not even O"),
    "label-missing": ("warning", "label is expected and never used"),
    "label-not-everywhere": ("warning", "label of train that another set does not have"),
    "rare-label": ("warning", "label is rare in train"),
    "rows-not-in-train": (
        "warning",
        "entity touches the one before, as few of its label do in train (augmenter EntityRows)",
    ),
    "similar-labels": ("warning", "labels look alike"),
    "crosses-sentence-end": ("warning", "the end of a sentence is inside an entity"),
    "misaligned-entity": ("warning", "entity is not on the pipeline's token borders: not learnt"),
    "punctuation-border": ("warning", "entity starts or ends with punctuation"),
    "conflicting-gold": ("warning", "sentence was there before with other entities"),
    "leaked-sentence": ("warning", "sentence is in another set too"),
    "white-space-sentence": ("warning", "sentence is white space only"),
    "invisible-character": ("warning", "character cannot be seen"),
    "replacement-character": ("warning", "text was damaged here by a wrong encoding"),
    "private-character": ("warning", "character means nothing by itself (private use)"),
    "control-character": ("warning", "control character"),
    "mixed-script": ("warning", "letter looks like one of the Latin letters beside it"),
    "unfit-encoder": ("warning", "encoder does not know more than 1 % of the characters"),
    "token-cut": ("warning", "token has more word pieces than the encoder's window: cut"),
    "twin-character": ("information", "character occurs in two forms"),
    "unknown-to-encoder": ("information", "encoder does not know it (the 20 most frequent)"),
    "duplicate-sentence": ("information", "sentence was there before in this set"),
    "left-out-file": ("information", "file of a folder is in no format known: not read"),
    "several-windows": ("information", "text needs more than one window of the encoder"),
}

Figures = dict[str, dict[str, Any]]  # by part, then by name


@dataclass(slots=True)
class Place:
    """Where something was found: file, line (from 1; None: unknown), and what stands there."""

    file: str
    line: int | None
    content: str
    note: str = ""


@dataclass(slots=True)
class Item:
    """One sentence as the checks see it.

    part: "train", "dev" or "test". starts: the place of each token in `text`, in characters.
    """

    part: str
    sentence: Sentence
    text: str
    starts: list[int]

    def entities(self) -> Iterator[tuple[int, int, str]]:
        """The entities by character, end exclusive."""
        for start, end, label in self.sentence.entities:
            last = self.starts[end - 1] + len(self.sentence.tokens[end - 1])
            yield self.starts[start], last, label

    def place(self, start: int = 0, end: int = 0, note: str = "") -> Place:
        """The place, with the text around the characters start to end, which brackets mark."""
        content = around(self.text, start, end)
        return Place(str(self.sentence.file), self.sentence.line, content, note)


@dataclass
class Bag:
    """How often by part, and the first places."""

    counts: Counter[str] = field(default_factory=Counter)
    places: list[Place] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(self.counts.values())


@dataclass
class Finding:
    """Something found: `kind` is a stable key, `subject` what it is about (a label, a character),
    empty where the kind says it all."""

    kind: str
    severity: str
    message: str
    subject: str
    bag: Bag


class Findings:
    """Collects what the checks find. examples: how many places to keep of each."""

    def __init__(self, examples: int = 5):
        self.examples = examples
        self._bags: dict[tuple[str, str], Bag] = {}
        self._problems: dict[str, str] = {}

    def note(self, bag: Bag, item: Item, start=0, end=0, times: int = 1, note: str = "") -> None:
        """Count into a bag; its first places are kept."""
        bag.counts[item.part] += times
        if len(bag.places) < self.examples:
            bag.places.append(item.place(start, end, note))

    def add(
        self, kind: str, item: Item, start=0, end=0, subject: str = "", times: int = 1, note=""
    ) -> None:
        """Count one finding (or `times`) in a sentence."""
        self.note(self._bag(kind, subject), item, start, end, times, note)

    def put(self, kind: str, subject: str, bag: Bag) -> None:
        """Take over what a check has counted by itself."""
        self._bags[kind, visible(subject)] = bag

    def problem(self, kind: str, part: str, place: Place) -> None:
        """Count what a reader reports, an error of whatever kind."""
        bag = self._bag(kind)
        bag.counts[part] += 1
        if len(bag.places) < self.examples:
            bag.places.append(place)

    def _bag(self, kind: str, subject: str = "") -> Bag:
        return self._bags.setdefault((kind, visible(subject)), Bag())

    def sorted(self) -> list[Finding]:
        """All findings: errors first, then in the order of KINDS, the most frequent first."""
        order = list(KINDS)
        found = []
        for (kind, subject), bag in self._bags.items():
            severity, message = KINDS.get(kind, ("error", kind.replace("-", " ")))
            found.append(Finding(kind, severity, message, subject, bag))
        return sorted(
            found,
            key=lambda f: (
                SEVERITIES.index(f.severity),
                order.index(f.kind) if f.kind in KINDS else -1,
                f.kind,
                -f.bag.count,
                f.subject,
            ),
        )


def around(text: str, start: int, end: int, width: int = 24) -> str:
    """The text around a place, visible, on one line; the place in brackets if it has any length."""
    if start == end:
        return visible(text[: 2 * width]) + ("…" if len(text) > 2 * width else "")
    left, right = max(0, start - width), end + width
    middle = text[start:end]
    if len(middle) > 2 * width:
        middle = f"{middle[:width]}…{middle[-width:]}"
    return (
        ("…" if left else "")
        + f"{visible(text[left:start])}[{visible(middle)}]{visible(text[end:right])}"
        + ("…" if right < len(text) else "")
    )


def named(char: str) -> str:
    """`U+200B ZERO WIDTH SPACE`; of a character without a name only its number."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
