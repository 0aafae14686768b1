"""Which sentences go where: cut from documents, joined to docs, split into sets."""

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b

import spacy
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc
from spacy.vocab import Vocab

from .docs import spacing
from .interface import Sentence

SETS = ("train", "dev", "test")


def dev_blocks(n: int, share: float = 0.1, block: int = 500) -> tuple[list[int], list[int]]:
    """Split n sentences in a row into training and development set, by position alone.

    Annotated files seldom mark documents, and neighbours share a topic and its names, so whole
    runs of sentences are taken. The rule: cut the file into d equal stretches, where d is
    `n * share / block` rounded, at least 1; the last `share` of each stretch, rounded, is for
    development. So that is d blocks of about `block` sentences, spread evenly over the file. From
    n = 2 on neither set is empty.

    share: of the sentences for development, above 0 and at most 0.5.
    RETURNS: the indices of the training and of the development sentences, both rising.
    Raises ValueError for another share, or a block below 1.
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"the development share must be above 0 and at most 0.5, not {share}")
    if block < 1:
        raise ValueError(f"a block must hold at least one sentence, not {block}")
    stretches = max(1, min(round(n * share / block), n // 2))
    train: list[int] = []
    dev: list[int] = []
    for i in range(stretches):
        start, end = n * i // stretches, n * (i + 1) // stretches
        size = min(max(1, round((end - start) * share)), max(0, end - start - 1))
        train.extend(range(start, end - size))
        dev.extend(range(end - size, end))
    return train, dev


def parse_shares(text: str) -> dict[str, float]:
    """Read "0.9/0.05/0.05", shares of train, dev and test; two of them are train and dev. A share
    of 0 leaves its set out. Raises ValueError unless they are two or three that add up to 1."""
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        shares = []
    if len(shares) not in (2, 3) or not all(0 <= s < 1 for s in shares):
        raise ValueError(f"'{text}' is not like 0.9/0.05/0.05, the shares of train, dev and test")
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"the shares {text} add up to {sum(shares):g}, not to 1")
    return {name: share for name, share in zip(SETS, shares) if share}


def set_of(sentence: Sentence, shares: dict[str, float]) -> str:
    """The set that a sentence belongs to, one of the names in `shares`.

    A hash of its text decides, white space aside: so the same text is always in the same set, in
    whatever file and order, and of n different texts the share p of a set comes out as p, give or
    take sqrt(p * (1 - p) / n).
    """
    text = "".join("".join(sentence.tokens).split())
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    for name, share in shares.items():
        place -= share
        if place < 0:
            return name
    return name


def cut(sentence: Sentence, how: str) -> Iterator[Sentence]:
    """The lines ("lines") or sentences ("sentences") of a text.

    Lines end at line breaks, which are left out. Sentences end there too, and where the text's own
    sentences do; where it does not know them, behind what spaCy's `sentencizer` takes for a full
    stop. Nothing is cut inside an entity.
    """
    n = len(sentence.tokens)
    inside = {i for start, end, _ in sentence.entities for i in range(start + 1, end)}
    starts = {0}
    if how == "sentences":
        starts.update(_starts(sentence) if sentence.starts is None else sentence.starts)
    breaks = (
        {i for i, token in enumerate(sentence.tokens) if token.isspace() and "\n" in token}
        - inside
        - {start for start, _, _ in sentence.entities}
    )
    borders = sorted((starts - inside) | breaks | {i + 1 for i in breaks} | {n})
    misaligned = sentence.misaligned
    for start, end in zip(borders, borders[1:]):
        if start not in breaks:
            yield _part(sentence, start, end, misaligned)
            misaligned = 0


@lru_cache
def _sentencizer() -> tuple[Sentencizer, Vocab]:
    return Sentencizer(), spacy.blank("xx").vocab  # which knows what is punctuation


def _starts(sentence: Sentence) -> list[int]:
    sentencizer, vocab = _sentencizer()
    spaces = spacing(sentence, False)
    doc = sentencizer(Doc(vocab, sentence.tokens, spaces))
    starts = [token.i for token in doc if token.is_sent_start]
    return [
        _before_opening(doc, i)
        for i in starts
        if not i or doc[i - 1].text != "." or spaces[i - 1] or not doc[i].text[0].isalnum()
    ]  # a full stop with more behind it stands inside of a number or an address


def _before_opening(doc: Doc, start: int) -> int:
    """Opening brackets and quotes belong to the sentence behind them, not before."""
    while start and unicodedata.category(doc[start - 1].text[0]) in ("Ps", "Pi"):
        start -= 1
    return start


def _part(sentence: Sentence, start: int, end: int, misaligned: int) -> Sentence:
    return Sentence(
        tokens=sentence.tokens[start:end],
        entities=[
            (first - start, last - start, label)
            for first, last, label in sentence.entities
            if start <= first and last <= end
        ],
        line=sentence.line,
        spaces=None if sentence.spaces is None else sentence.spaces[start:end],
        file=sentence.file,
        misaligned=misaligned,
    )


class Joiner:
    """Takes sentences one by one, and gives every `number` of a file in a row to `add` as one,
    which knows where they begin.

    habit: whether the language puts spaces between words, so also between sentences.
    """

    def __init__(self, add: Callable[[Sentence], None], number: int, habit: bool) -> None:
        self._add = add
        self._number = number
        self._habit = habit
        self._group: list[Sentence] = []

    def add(self, sentence: Sentence) -> None:
        """Take one sentence."""
        group = self._group
        if len(group) == self._number or group and group[0].file != sentence.file:
            self.finish()
        self._group.append(sentence)

    def finish(self) -> None:
        """Give on what is left."""
        if self._group:
            self._add(_joined(self._group, self._habit))
        self._group = []


def _joined(group: list[Sentence], habit: bool) -> Sentence:
    tokens, entities, spaces, starts = [], [], [], []
    for sentence in group:
        shift = len(tokens)
        if shift:
            spaces[-1] = spaces[-1] or habit and not tokens[-1].isspace()
        tokens.extend(sentence.tokens)
        spaces.extend(spacing(sentence, habit))
        starts.extend(shift + start for start in sentence.starts or [0])
        entities.extend((shift + s, shift + e, label) for s, e, label in sentence.entities)
    misaligned = sum(sentence.misaligned for sentence in group)
    first = group[0]
    return Sentence(tokens, entities, first.line, spaces, first.file, starts, misaligned)
