"""How long the sentences are, in tokens and word pieces, and what the encoder does not know."""

from collections import Counter, defaultdict
from typing import Protocol

from .findings import Bag, Figures, Findings, Item

MANY = 0.01  # as a share of unknown characters
LISTED = 20  # unknown tokens and characters that are told one by one
PERCENTILES = {"median": 50, "p90": 90, "p99": 99, "max": 100}


class PieceLookup(Protocol):
    """What is asked of `spacy_balc.pieces.Pieces`."""

    unknown: int

    def token(self, text: str) -> list[int]: ...


class Lengths:
    """Measures sentences."""

    def __init__(self, pieces: PieceLookup | None = None, window: int = 0):
        """pieces: word pieces of the encoder, if it is known; window: how many it takes at once."""
        self.pieces, self.window = pieces, window
        self.tokens: dict[str, Counter[int]] = defaultdict(Counter)
        self.counts: dict[str, Counter[int]] = defaultdict(Counter)
        self.unknown: dict[str, dict[str, Bag]] = {"token": {}, "character": {}}
        self.shares: dict[str, Counter[str]] = defaultdict(Counter)

    def see(self, item: Item, findings: Findings) -> None:
        tokens = item.sentence.tokens
        self.tokens[item.part][len(tokens)] += 1
        if self.pieces is None:
            return
        total = 0
        for token, start in zip(tokens, item.starts, strict=True):
            ids = self.pieces.token(token)
            total += len(ids)
            if len(ids) > self.window:
                findings.add("token-cut", item, start, start + len(token))
            if self.pieces.unknown in ids and not token.isspace():
                self._unknown(item, token, start, findings)
        self.counts[item.part][total] += 1
        if total > self.window:
            findings.add("several-windows", item, note=f"{total:,} word pieces")
        self.shares[item.part]["tokens"] += sum(not token.isspace() for token in tokens)
        self.shares[item.part]["characters"] += sum(map(len, item.text.split()))

    def _unknown(self, item: Item, token: str, start: int, findings: Findings) -> None:
        self.shares[item.part]["unknown_tokens"] += 1
        bag = self.unknown["token"].setdefault(token, Bag())
        findings.note(bag, item, start, start + len(token))
        for i, char in enumerate(token, start):
            if not char.isspace() and self.pieces.unknown in self.pieces.token(char):
                self.shares[item.part]["unknown_characters"] += 1
                bag = self.unknown["character"].setdefault(char, Bag())
                findings.note(bag, item, i, i + 1)

    def finish(self, findings: Findings, figures: Figures) -> None:
        for part, lengths in self.tokens.items():
            figures[part]["tokens_a_sentence"] = distribution(lengths)
        unfit = Bag()
        for part, lengths in self.counts.items():
            figures[part]["pieces_a_sentence"] = distribution(lengths)
            figures[part]["window"] = self.window
            for what in ("tokens", "characters"):
                number, of = self.shares[part][f"unknown_{what}"], self.shares[part][what]
                share = number / of if of else 0.0
                figures[part][f"unknown_{what}"] = {"count": number, "share": share}
            if share > MANY:
                unfit.counts[part] = number
        if unfit.counts:
            findings.put("unfit-encoder", "", unfit)
        for what, bags in self.unknown.items():
            # A token that is one character is told once, as a character.
            rest = {k: bag for k, bag in bags.items() if what == "character" or len(k) > 1}
            ranked = sorted(rest.items(), key=lambda pair: (-pair[1].count, pair[0]))
            for text, bag in ranked[:LISTED]:
                findings.put("unknown-to-encoder", f"{what} {text}", bag)


def distribution(lengths: Counter[int]) -> dict[str, int]:
    """The shortest, the longest, and those at some percentiles (nearest rank)."""
    total, below, values = sum(lengths.values()), 0, {"min": min(lengths)}
    for length in sorted(lengths):
        below += lengths[length]
        for name, percent in PERCENTILES.items():
            if name not in values and 100 * below >= percent * total:
                values[name] = length
    return values
