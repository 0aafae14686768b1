"""Words of a list that hold a token, as features beside an encoder's: an architecture."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Union

import numpy
from spacy.tokens import Doc
from thinc.api import Linear, Model
from thinc.shims import Shim
from thinc.types import Floats2d

from .artefact import DAMAGED, pack, unpack
from .corpus.docs import WITHOUT_SPACES

PLACES = 4  # of a token in a word: its begin, middle or end, or all of it
LONGEST = 100  # characters of a word: all that a word begins with is kept too
STRETCH = 4096  # tokens that prediction works on at a time
UNTAGGED = "-"


def WordList(path: str, width: int = 64) -> Model[list[Doc], list[Floats2d]]:
    """Vectors, (tokens, width) a doc, of the words of a list that each token is a part of:
    a linear layer over which tags these words have, and whether they begin with the token, end
    with it, go over it or are it, which are the sets B, E, M, S of SoftLexicon (Ma et al., 2020,
    section 3.2). No embeddings of words: what is learnt goes for those that training never shows.

    path: a text file, or "jieba" for the dictionary of the package of that name; read by
        `initialize` alone, a saved pipeline holds the list. UTF-8, a word a line, in the format of
        jieba's dictionaries: behind the word may stand its frequency (ignored) and its tag, a
        space before each; or a tab, if words hold spaces. A word may have several tags, a line
        each.
    width: of the vectors.

    `initialize` raises ValueError for a list that it can't read, OSError if there is none.
    """
    if width < 1:
        raise ValueError(f"width = {width} must be at least 1.")
    return Model(
        "word_list",
        _forward,
        init=_init,
        dims={"nO": width},
        layers=[Linear(width)],
        shims=[WordsShim(path)],
    )


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    shim = model.shims[0]
    shim.set(read_words(shim.path))
    # Another one: a list read anew may have other tags, for which weights can't change their shape.
    model.layers[0] = Linear(model.get_dim("nO"), shim.n_features)
    model.layers[0].initialize()


def _forward(model: Model, docs: Sequence[Doc], is_train: bool):
    shim, linear = model.shims[0], model.layers[0]
    if not shim.n_features or linear.maybe_get_dim("nI") != shim.n_features:
        raise ValueError("WordList has no words: call nlp.initialize(), or spacy.load().")
    ends = numpy.cumsum([len(doc) for doc in docs], dtype=int).tolist()
    last = ends[-1] if ends else 0
    marks = shim.marks(docs)
    # The features of a long doc would be larger than all else that is known of it.
    step = max(last, 1) if is_train else STRETCH
    calls = [
        linear(model.ops.asarray2f(shim.features(marks, start, min(start + step, last))), is_train)
        for start in range(0, max(last, 1), step)
    ]
    vectors = model.ops.xp.concatenate([part for part, _ in calls])

    def backprop(d_vectors: list[Floats2d]) -> list[Doc]:
        calls[0][1](model.ops.xp.concatenate(d_vectors))
        return []

    return [vectors[end - len(doc) : end] for doc, end in zip(docs, ends)], backprop


def read_words(path: Union[str, Path]) -> dict[str, tuple[str, ...]]:
    """The tags of each word of a list, as `WordList` describes its file.

    Raises ValueError for a file that is no such list, OSError if there is none.
    """
    if path == "jieba":
        package = find_spec("jieba")  # not imported: it would come with its own tokenizer
        if package is None:
            raise ValueError(
                'path = "jieba", but it is not installed: pip install "spacy-balc[words]", or '
                "name the file of another word list."
            )
        path = Path(package.origin).with_name("dict.txt")
    words: dict[str, tuple[str, ...]] = {}
    text = Path(path).read_bytes()
    try:
        lines = text.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: not UTF-8. Convert the word list.") from None
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r")
        word, *rest = line.split("\t" if "\t" in line else " ")
        if not line.strip():
            continue
        tags = rest[1:] if rest and rest[0].isdecimal() else rest
        if len(word) > LONGEST:
            raise ValueError(
                f"{path}, line {number}: a word of {len(word):,} characters; at most {LONGEST} are "
                f"possible. Take it out: {word[:40]!r}"
            )
        if not word or len(tags) > 1:
            raise ValueError(
                f"{path}, line {number}: {line[:80]!r} is not a word, its frequency and its tag. "
                "Put a space before frequency and tag (or a tab, if the word holds spaces); both "
                "may be missing."
            )
        tag = tags[0] if tags and tags[0] else UNTAGGED
        known = words.get(word, ())
        if tag not in known:
            words[word] = (*known, tag)
    if not words:
        raise ValueError(f"{path} holds no word: a list has a word a line.")
    return words


class WordsShim(Shim):
    """Keeps the list: it is saved, copied and sent to other processes, and never trained."""

    def __init__(self, path: str):
        super().__init__(None)
        self.path = path
        self.tags: list[str] = []
        # Numbers of a word's tags; none for what only begins a word.
        self.found: dict[str, tuple[int, ...]] = {}

    def set(self, words: dict[str, tuple[str, ...]]) -> None:
        """Take on a list, the tags of each word."""
        self.tags = sorted(set().union(*set(words.values())))
        number = {tag: place for place, tag in enumerate(self.tags)}
        same = {tags: tuple(sorted(number[tag] for tag in tags)) for tags in set(words.values())}
        self.found = {word: same[tags] for word, tags in words.items()}
        for word in words:
            for end in range(len(word) - 1, 0, -1):
                if word[:end] in self.found:
                    break  # and so are all that it begins with: its own turn comes or came
                self.found[word[:end]] = ()

    @property
    def n_features(self) -> int:
        return PLACES * len(self.tags)

    def marks(self, docs: Sequence[Doc]) -> numpy.ndarray:
        """Which features are 1.0: int64 (marks,), in ascending order, token by token of all docs,
        `n_features` numbers each; a feature is a tag and a place."""
        found = array("q")
        first = 0
        for doc in docs:
            for start, end, tags in self.matches(doc):
                for tag in tags:
                    begin = (first + start) * self.n_features + PLACES * tag
                    if end - start == 1:
                        found.append(begin + 3)
                        continue
                    last = begin + (end - start - 1) * self.n_features
                    found.append(begin)
                    found.extend(range(begin + self.n_features + 1, last, self.n_features))
                    found.append(last + 2)
            first += len(doc)
        return numpy.sort(numpy.frombuffer(found, dtype="int64"))

    def features(self, marks: numpy.ndarray, start: int, end: int) -> numpy.ndarray:
        """float32 (end - start, n_features), 1.0 or 0.0, of these tokens."""
        low, high = start * self.n_features, end * self.n_features
        features = numpy.zeros(high - low, dtype="float32")
        features[marks[slice(*numpy.searchsorted(marks, [low, high]))] - low] = 1.0
        return features.reshape(end - start, self.n_features)

    def matches(self, doc: Doc) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """First token, the one behind the last, and tags of every word of the list in a doc."""
        texts = [token.text for token in doc]
        spaced = doc.lang_ not in WITHOUT_SPACES
        behind = [token.whitespace_ if spaced else "" for token in doc]
        for start in range(len(texts)):
            word = ""
            for end in range(start, len(texts)):
                word += texts[end]
                tags = self.found.get(word)
                if tags:
                    yield start, end + 1, tags
                word += behind[end]
                if word not in self.found:
                    break

    # The seam to thinc

    def copy(self) -> "WordsShim":
        copied = WordsShim(self.path)
        copied.tags, copied.found = self.tags, self.found  # nobody changes them
        return copied

    def to_device(self, device_type: str, device_id: int) -> None:
        pass

    def finish_update(self, optimizer: Any) -> None:
        pass

    def to_bytes(self) -> bytes:
        if not self.found:
            return b""
        words = sorted((tags, word) for word, tags in self.found.items() if tags)
        counts = Counter(tags for tags, _ in words)  # in the order of the words
        header = {"tags": self.tags, "groups": [[list(tags), n] for tags, n in counts.items()]}
        return pack(header, "\n".join(word for _, word in words).encode("utf8"))

    def from_bytes(self, bytes_data: bytes) -> "WordsShim":
        """Take on what `to_bytes` gave; ValueError if it is damaged."""
        if not bytes_data:
            return self
        try:
            header, body = unpack(bytes_data)
            words = iter(body.decode("utf8").split("\n"))
            groups = [(tuple(header["tags"][t] for t in tags), n) for tags, n in header["groups"]]
            read = {word: tags for tags, count in groups for word in islice(words, count)}
            if max(map(len, read)) > LONGEST:
                raise ValueError(f"one has more than {LONGEST} characters. {DAMAGED}")
            self.set(read)
        except ValueError as error:
            raise ValueError(f"Can't load the words: {error}") from error
        except Exception as error:
            raise ValueError(
                f"Can't load the words ({type(error).__name__}: {error}). {DAMAGED}"
            ) from error
        return self
