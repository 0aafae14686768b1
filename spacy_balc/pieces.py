"""Word pieces: from token texts to the ids of an encoder's vocabulary, token by token."""

from typing import Any, Iterable

import numpy
from tokenizers import Tokenizer

MAX_CACHED = 100_000
MAX_CACHED_LENGTH = 64


class Pieces:
    """Looks tokens up one at a time, through a bounded cache keyed by their text.

    Each token has at least one piece, the unknown one where nothing fits or where its text spells
    a special token; otherwise the ids equal those of the stock tokenizer on split words. One
    object serves many threads.
    """

    def __init__(self, spec: dict[str, Any]):
        """spec: "tokenizer", the JSON of a `tokenizers.Tokenizer`; "start" and "end", ids that
        frame a window; "unknown"; "padding"; "special", all ids that text must not produce."""
        self.spec = spec
        self.start: int = spec["start"]
        self.end: int = spec["end"]
        self.unknown: int = spec["unknown"]
        self.padding: int = spec["padding"]
        self._special = set(spec["special"])
        self._tokenizer = Tokenizer.from_str(spec["tokenizer"])
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._cache: dict[str, list[int]] = {}

    def __deepcopy__(self, memo) -> "Pieces":
        return self

    def __getstate__(self):
        return self.spec

    def __setstate__(self, spec):
        self.__init__(spec)

    def token(self, text: str) -> list[int]:
        """Ids of one token's pieces."""
        ids = self._cache.get(text)
        if ids is None:
            found = self._tokenizer.encode([text], is_pretokenized=True, add_special_tokens=False)
            ids = [self.unknown if i in self._special else i for i in found.ids]
            ids = ids or [self.unknown]
            if len(text) <= MAX_CACHED_LENGTH:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[text] = ids
        return ids

    def tokens(self, texts: Iterable[str], most: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Ids of the pieces of all tokens in a row, int64 (n_pieces,), and their number a token,
        int64 (n_tokens,); a token of more than `most` pieces is cut to these."""
        found = [self.token(text)[:most] for text in texts]
        counts = numpy.fromiter((len(ids) for ids in found), dtype="int64", count=len(found))
        flat = numpy.fromiter((i for ids in found for i in ids), dtype="int64", count=counts.sum())
        return flat, counts
