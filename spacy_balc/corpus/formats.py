"""The annotation formats by name, and the reader of a corpus in any of them."""

import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import (
    brat,
    cluener,
    columns,
    doccano,
    huggingface,
    jsonl,
    label_studio,
    spacy_binary,
)
from .files import expand, open_bytes, suffix
from .interface import CorpusError, Format, OnProblem, ReadOptions, Sentence

HEAD = 1 << 16
FIRST_LINE = 1 << 24  # a long document in one line of JSON
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
# What a saved dataset of Hugging Face's holds besides its tables.
BELONGING = re.compile(r"(dataset_info|dataset_dict|state)\.json|cache-.*\.arrow")


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        spacy_binary.FORMAT,
        brat.FORMAT,
        huggingface.FORMAT,
        jsonl.FORMAT,
        label_studio.FORMAT,
        doccano.FORMAT,
        cluener.FORMAT,
        columns.FORMAT,
    )  # where two could read a file, the first one does
}


def read_corpus(
    inputs: Sequence[Path | str],
    format: str | None = None,
    options: ReadOptions = ReadOptions(),
    on_problem: OnProblem = None,
) -> Iterator[Sentence]:
    """The sentences of files, folders and patterns, one after the other as they are read.

    format: a name in FORMATS; None to detect it, for each file, from its suffix and content.
    on_problem: takes what was wrong and has been mended; None to stop there.

    Raises CorpusError with file, line, content and remedy for what cannot be read.
    """
    for path, named in expand(inputs):
        found = choose_format(path, format, named)
        if found is None:
            if not BELONGING.fullmatch(path.name):
                options.say(f"{path} is left out: it is not in {format or 'a format known'}")
            continue
        try:
            for sentence in found.read(path, options, on_problem):
                sentence.file = path
                yield sentence
        except DAMAGED as error:
            raise CorpusError(f"{path}: the file is damaged or cut off ({error})") from None


def choose_format(path: Path, format: str | None = None, named: bool = True) -> Format | None:
    """The format of a file: the one that was asked for, or the first that its suffix and its first
    bytes fit, or, where none has the suffix, the first that the bytes fit.

    named: whether the user named this file; of a folder's files those that have the suffix of no
        format, or not of the one asked for, or that belong to a saved dataset, are None.

    Raises CorpusError where any other file fits none, or there is no such format.
    """
    if format is not None:
        if format not in FORMATS:
            raise CorpusError(f"there is no format '{format}'; there are {', '.join(FORMATS)}")
        asked = FORMATS[format]
        return asked if named or suffix(path) in asked.suffixes else None
    try:
        with open_bytes(path) as file:
            head = file.read(HEAD)
            if b"\n" not in head:
                head += file.readline(FIRST_LINE)
    except DAMAGED as error:
        raise CorpusError(f"{path}: the file is damaged or cut off ({error})") from None
    by_suffix = [known for known in FORMATS.values() if suffix(path) in known.suffixes]
    for known in by_suffix or (FORMATS.values() if named else ()):
        if known.sniff(path, head):
            return known
    if not named and (not by_suffix or BELONGING.fullmatch(path.name)):
        return None
    if len(by_suffix) == 1:
        return by_suffix[0]  # whose reader can say what is wrong with it
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: {error.reason}: a file of text must be UTF-8, convert it first"
        ) from None
    remedy = "" if named else "; or take it out of the folder, or name the files that you mean"
    raise CorpusError(
        f"{path}: its format cannot be told; name it with --from: {', '.join(FORMATS)}{remedy}"
    )
