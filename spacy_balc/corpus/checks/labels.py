"""Labels: unknown, rare, missing in a set, alike, in rows; and sets without any entity."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence

from .characters import LATIN_TWINS
from .findings import Bag, Figures, Findings, Item

# Entities that touch the one before, which has the same label: so many, and so much more often than
# in train, that a model was hardly taught to tell them apart.
ROWS = 20
ROWS_RATIO = 5
DIGIT_TWINS = str.maketrans("01", "ol")


class Labels:
    """Counts the labels of all sets."""

    def __init__(self, expected: Collection[str] = (), rare: int = 10):
        """expected: the labels there should be, none to take any. rare: fewer entities than that
        in train are few."""
        self.expected = set(expected)
        self.rare = rare
        self.bags: dict[str, Bag] = defaultdict(Bag)
        self.rows: dict[tuple[str, str], Bag] = defaultdict(Bag)  # by part and label
        self.first: dict[str, Item] = {}  # of each part

    def see(self, item: Item, findings: Findings) -> None:
        self.first.setdefault(item.part, item)
        entities = list(item.entities())
        for (start, end, label), in_row in zip(entities, in_rows(entities), strict=True):
            findings.note(self.bags[label], item, start, end)
            if in_row:
                findings.note(self.rows[item.part, label], item, start, end)

    def finish(self, findings: Findings, figures: Figures) -> None:
        for part, item in self.first.items():
            by_label = {label: bag.counts[part] for label, bag in sorted(self.bags.items())}
            figures[part]["entities"] = {label: n for label, n in by_label.items() if n}
            if not any(by_label.values()):
                findings.add("no-entities", item)
        for label, bag in self.bags.items():
            in_train = bag.counts["train"]
            if self.expected and label not in self.expected:
                findings.put("unknown-label", label, bag)
            if "train" in self.first and not in_train:
                findings.put("label-not-in-train", label, bag)
            elif in_train and any(not bag.counts[part] for part in self.first):
                findings.put("label-not-everywhere", label, bag)
            if 0 < in_train < self.rare:
                findings.put("rare-label", label, bag)
        for (part, label), bag in self.rows.items():
            in_train = self.bags[label].counts["train"]
            there = self.rows.get(("train", label), Bag()).count
            often = bag.count * in_train > ROWS_RATIO * there * self.bags[label].counts[part]
            if part != "train" and bag.count >= ROWS and in_train and often:
                findings.put("rows-not-in-train", f"{label} in {part}", bag)
        for label in self.expected - set(self.bags):
            findings.put("label-missing", label, Bag())
        alike = defaultdict(list)
        for label in sorted(self.bags):
            alike[fold(label)].append(label)
        for group in alike.values():
            if len(group) > 1:
                bag = Bag()
                for label in group:
                    bag.counts += self.bags[label].counts
                    bag.places += self.bags[label].places[:1]
                findings.put("similar-labels", " | ".join(group), bag)


def in_rows(entities: Sequence[tuple[int, int, str]]) -> list[bool]:
    """Of each entity (start, end, label), whether it touches one before it of the same label."""
    ends = {(end, label) for _, end, label in entities}
    return [(start, label) in ends for start, _, label in entities]


def fold(label: str) -> str:
    """What labels that look alike have in common."""
    plain = unicodedata.normalize("NFKC", label).translate(LATIN_TWINS).casefold()
    return "".join(filter(str.isalnum, plain)).translate(DIGIT_TWINS) or label
