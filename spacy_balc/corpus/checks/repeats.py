"""What occurs again: sentences within and across sets, with the same gold or another, and entities
of dev and test that train has.

Of each sentence only hashes and its place are kept, of the first of its kind.
"""

import unicodedata
from array import array
from collections import Counter, defaultdict

from .findings import Figures, Findings, Item


class Repeats:
    """Compares sentences and entities by their text, normalised (NFKC) and without white space."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}  # hash of a text: row of its first sentence, below
        self.gold, self.line = array("q"), array("q")
        self.source = array("I")  # number of part and file
        self.sources: dict[tuple[str, str], int] = {}
        self.names: list[tuple[str, str]] = []
        self.entities: dict[str, set[int]] = defaultdict(set)  # by part: hashes of their strings
        self.mentions: Counter[str] = Counter()
        self.mentions_seen: Counter[str] = Counter()

    def see(self, item: Item, findings: Findings) -> None:
        self._count_entities(item)
        text = plain(item.text)
        if not text:
            findings.add("white-space-sentence", item)
            return
        key, gold = hash(text), hash(gold_of(item))
        row = self.rows.setdefault(key, len(self.gold))
        if row == len(self.gold):
            self.gold.append(gold)
            self.line.append(item.sentence.line)
            self.source.append(self._source(item))
            return
        part, file = self.names[self.source[row]]
        note = f"as in {file}, line {self.line[row]:,}"
        if gold != self.gold[row]:
            findings.add("conflicting-gold", item, note=note)
        elif part == item.part:
            findings.add("duplicate-sentence", item, note=note)
        if part != item.part:
            findings.add("leaked-sentence", item, subject=f"{item.part} in {part}", note=note)

    def finish(self, findings: Findings, figures: Figures) -> None:
        train = self.entities["train"]
        for part in figures:
            if part != "train" and train and self.mentions[part]:
                found = self.entities[part]
                figures[part]["entities_seen_in_train"] = {
                    "mentions": self.mentions_seen[part],
                    "mentions_share": self.mentions_seen[part] / self.mentions[part],
                    "strings": len(found & train),
                    "strings_share": len(found & train) / len(found),
                }

    def _source(self, item: Item) -> int:
        key = item.part, str(item.sentence.file)
        if key not in self.sources:
            self.sources[key] = len(self.names)
            self.names.append(key)
        return self.sources[key]

    def _count_entities(self, item: Item) -> None:
        train = self.entities["train"]
        for start, end, _ in item.entities():
            key = hash(plain(item.text[start:end]))
            self.entities[item.part].add(key)
            self.mentions[item.part] += 1
            self.mentions_seen[item.part] += key in train


def plain(text: str) -> str:
    """The text as it is compared: NFKC, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def gold_of(item: Item) -> tuple[str, ...]:
    """A sentence's entities by what stands before them, in them, and their label, whatever its
    tokens are."""
    segments, last = [], 0
    for start, end, label in item.entities():
        segments += [plain(item.text[last:start]), plain(item.text[start:end]), label]
        last = end
    return tuple(segments)
