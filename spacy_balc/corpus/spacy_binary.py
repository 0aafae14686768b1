"""spaCy's own binary format, `.spacy`: a DocBin, of which tokens, spaces and entities are used."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .docs import spaced, to_doc
from .files import open_bytes
from .interface import CorpusError, Format, OnProblem, Problem, ReadOptions, Sentence, report

# What is known of a token besides its text. spaCy's default would store nine empty columns more.
ATTRIBUTES = ("ENT_IOB", "ENT_TYPE", "SENT_START")


def read(
    path: Path, options: ReadOptions = ReadOptions(), on_problem: OnProblem = None
) -> Iterator[Sentence]:
    """The docs of a `.spacy` file, `line` being a doc's number, from 1. The whole file is held in
    memory, as its format wants.

    Tokens, spaces, entities and sentence starts are read, and nothing else. Docs that do not know
    their spaces get those of the language, which is said.

    Problems: a doc without tokens (left out), tokens whose annotation is missing (read as `O`).
    Raises CorpusError for a file that is no DocBin.
    """
    with open_bytes(path) as file:
        data = file.read()
    try:
        docs = list(DocBin().from_bytes(data).get_docs(Vocab()))
    except Exception as error:  # whatever zlib, msgpack and numpy make of other bytes
        raise CorpusError(f"{path}: this is no .spacy file, or a damaged one ({error})") from None
    unknown = sum(doc.has_unknown_spaces and len(doc) > 1 for doc in docs)
    if unknown:
        options.say(f"{path}: {unknown} docs do not know their spaces; {options.lang} decides")
    for number, doc in enumerate(docs, start=1):
        missing = [token.i for token in doc if token.ent_iob == 0]
        if not len(doc):
            message, repair = "the doc has no token.", "leaves it out"
            report(Problem(path, number, "", "empty-text", message, repair), on_problem)
            continue
        if missing:
            message = f"the annotation of {len(missing)} tokens is missing."
            where = (path, number, doc.text, "missing-annotation")
            report(Problem(*where, message, "reads them as O"), on_problem)
        yield to_sentence(doc, number)


def to_sentence(doc: Doc, line: int = 1) -> Sentence:
    """What a Doc of one token or more holds, as a sentence."""
    starts = None
    if len(doc) > 1 and doc.has_annotation("SENT_START"):
        starts = [token.i for token in doc if token.is_sent_start or token.i == 0]
    return Sentence(
        tokens=[token.text for token in doc],
        entities=[(ent.start, ent.end, ent.label_) for ent in doc.ents],
        line=line,
        spaces=None if doc.has_unknown_spaces else [bool(token.whitespace_) for token in doc],
        starts=starts,
    )


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is zlib's compression of a msgpack map."""
    try:
        start = zlib.decompressobj().decompress(head, 1)
    except zlib.error:
        return False
    return bool(start) and (start[0] & 0xF0 == 0x80 or start[0] in (0xDE, 0xDF))


@contextmanager
def write(
    path: Path, lang: str, on_problem: OnProblem = None
) -> Iterator[Callable[[Sentence], None]]:
    """Write one Doc a sentence; tokens without an entity are `O`, not missing. Everything is held
    in memory until the end, as the format wants."""
    habit, vocab, docs = spaced(lang), Vocab(), DocBin(ATTRIBUTES)
    yield lambda sentence: docs.add(to_doc(sentence, vocab, habit))
    path.write_bytes(docs.to_bytes())


FORMAT = Format(
    name="spacy",
    description="spaCy's binary format, a DocBin",
    suffixes=(".spacy",),
    sniff=sniff,
    read=read,
    write=write,
)
