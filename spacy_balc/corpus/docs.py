"""What every annotation format is read into: sentences, and their way to `Doc` and `DocBin`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from spacy.tokens import Doc, DocBin, Span
from spacy.util import get_lang_class
from spacy.vocab import Vocab

# Languages written without spaces between words, by spaCy's codes.
WITHOUT_SPACES = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})


class CorpusError(ValueError):
    """Input that cannot be read as it stands: the message names the file, the line, the remedy."""


@dataclass
class Sentence:
    """One annotated sentence, whatever format it came in.

    tokens: its n >= 1 tokens, none of them empty or white space.
    entities: (start, end, label) by token, end exclusive, in order, without overlap.
    line: where it begins in its file, counted from 1.
    """

    tokens: list[str]
    entities: list[tuple[int, int, str]]
    line: int


@dataclass
class Counts:
    """How much a corpus holds; `longest` is its longest sentence in tokens."""

    sentences: int
    tokens: int
    longest: int
    entities: dict[str, int]


def count(sentences: Iterable[Sentence]) -> Counts:
    """Count sentences, tokens and entities a label (in sorted order)."""
    lengths = []
    labels: Counter[str] = Counter()
    for sentence in sentences:
        lengths.append(len(sentence.tokens))
        labels.update(label for _, _, label in sentence.entities)
    return Counts(len(lengths), sum(lengths), max(lengths, default=0), dict(sorted(labels.items())))


def spaced(lang: str) -> bool:
    """Whether `lang`, a spaCy language code, puts spaces between words.

    Raises ImportError (spaCy's E048) where spaCy has no such language.
    """
    get_lang_class(lang)
    return lang not in WITHOUT_SPACES


def to_doc(sentence: Sentence, vocab: Vocab, spaces: bool) -> Doc:
    """A `Doc` with the sentence's tokens and entities; every other token is `O`, not missing.

    spaces: whether a space follows each token. Without, the text is the tokens joined by nothing.
    """
    doc = Doc(vocab, words=sentence.tokens, spaces=[spaces] * len(sentence.tokens))
    spans = [Span(doc, start, end, label=label) for start, end, label in sentence.entities]
    doc.set_ents(spans, default="outside")
    return doc


def to_docbin(sentences: Iterable[Sentence], lang: str) -> DocBin:
    """One `Doc` a sentence, in spaCy's binary format, with the spacing of `lang`.

    Raises ImportError where spaCy has no such language.
    """
    spaces, vocab = spaced(lang), Vocab()
    return DocBin(docs=(to_doc(sentence, vocab, spaces) for sentence in sentences))


def bio_tags(doc: Doc) -> list[str | None]:
    """One BIO tag a token; None where the annotation is missing. Blocked tokens are `O`."""
    tags: list[str | None] = []
    for token in doc:
        if token.ent_iob_ == "":
            tags.append(None)
        elif token.ent_type_:
            tags.append(f"{token.ent_iob_}-{token.ent_type_}")
        else:
            tags.append("O")
    return tags
