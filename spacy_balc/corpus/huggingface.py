"""Hugging Face datasets as they lie on disk: Parquet or Arrow with tokens and tags, in batches.

Rows are counted from 1, and stand where other formats have lines.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .files import open_bytes
from .interface import CorpusError, Format, OnProblem, Problem, ReadOptions, Sentence, place, report
from .schemes import SCHEMES, checked_entities, detect_scheme, is_tag, scheme_named

TOKENS = ("tokens", "words")
TAGS = ("ner_tags", "tags", "ner")
END = b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow stream
ROWS = 1000  # in a batch, as in the files that the library itself writes


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is Parquet or Arrow, and no cache beside a saved dataset."""
    if head[:4] == b"PAR1":
        return True
    if head[:6] != b"ARROW1" and head[:4] != b"\xff\xff\xff\xff":
        return False
    try:
        state = json.loads((path.parent / "state.json").read_bytes())
        return path.name in [file["filename"] for file in state["_data_files"]]
    except (OSError, ValueError, LookupError, TypeError):
        return True


def read(path: Path, options: ReadOptions, on_problem: OnProblem) -> Iterator[Sentence]:
    """One sentence a row, from the columns `tokens` (or `words`) and `ner_tags` (or `tags`, `ner`).

    Tags are strings, or numbers with names in the file's schema or in the `dataset_info.json`
    beside it. Their scheme is the one of `options`, or as names and first rows have it.

    Problems: a row without tokens (left out), an empty token (removed), an entity with white space
    at its border (trimmed), a tag that does not fit those around it (as in column files).
    Raises CorpusError with file, row, content and remedy.
    """
    try:
        import pyarrow
    except ImportError:
        problem = 'Parquet and Arrow need pyarrow: pip install "spacy-balc[parquet]"'
        raise CorpusError(f"{path}: {problem}") from None
    scheme = scheme_named(options.scheme) if options.scheme else None
    row = 1
    try:
        with open_bytes(path) as file:
            for batch, names in _batches(path, file):
                tokens, tags = (column.to_pylist() for column in batch.columns)
                if names is not None:
                    tags = [_named(path, row + i, numbers, names) for i, numbers in enumerate(tags)]
                if scheme is None:
                    scheme = _scheme(tags, names or [])
                    options.say(f"{path}: tags follow {scheme}")
                for each_tokens, each_tags in zip(tokens, tags, strict=True):
                    sentence = _sentence(path, row, each_tokens, each_tags, scheme, on_problem)
                    if sentence is not None:
                        yield sentence
                    row += 1
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = f"the table cannot be read ({error}); save or download it once more"
        raise CorpusError(f"{place(path, row)}: {problem}") from None


def _batches(path: Path, file: Any) -> Iterator[tuple[Any, list[str] | None]]:
    """The two columns in record batches, and the names of the tags where these are numbers."""
    from pyarrow import ipc, parquet

    magic = file.read(6)
    file.seek(0)
    if magic[:4] == b"PAR1":
        table = parquet.ParquetFile(file)
        columns, names = _columns(path, table.schema_arrow)
        for batch in table.iter_batches(batch_size=ROWS, columns=columns):
            yield batch.select(columns), names
        return
    if magic == b"ARROW1":
        table = ipc.open_file(file)
        batches = (table.get_batch(i) for i in range(table.num_record_batches))
    else:
        batches = table = ipc.open_stream(file)
    columns, names = _columns(path, table.schema)
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield batch.select(columns).slice(start, ROWS), names
    if magic != b"ARROW1":  # pyarrow takes a stream that was cut between batches for a whole one
        file.seek(max(0, file.tell() - len(END)))
        if file.read(len(END)) != END:
            raise EOFError("the mark of its end is missing")


def _columns(path: Path, schema: Any) -> tuple[list[str], list[str] | None]:
    from pyarrow import types

    columns = []
    for known in (TOKENS, TAGS):
        name = next((name for name in known if name in schema.names), None)
        if name is None:
            raise CorpusError(
                f"{path}: there is no column '{known[0]}', only {', '.join(schema.names)}; rename "
                "the one that is meant (dataset.rename_column) and save the dataset once more"
            )
        columns.append(name)
    kinds = [getattr(schema.field(name).type, "value_type", None) for name in columns]
    if kinds[0] is None or not (types.is_string(kinds[0]) or types.is_large_string(kinds[0])):
        problem = f"column '{columns[0]}' must hold lists of strings; convert it"
        raise CorpusError(f"{path}: {problem}")
    if kinds[1] is None or not types.is_integer(kinds[1]):
        return columns, None
    names = _names((schema.metadata or {}).get(b"huggingface", b""), columns[1])
    beside = path.parent / "dataset_info.json"
    if names is None and beside.is_file():
        names = _names(beside.read_bytes(), columns[1])
    if names is None:
        raise CorpusError(
            f"{path}: column '{columns[1]}' has numbers without names; put the dataset's "
            "dataset_info.json beside the file, or name them (dataset.cast_column to ClassLabel)"
        )
    return columns, names


def _names(info: bytes, column: str) -> list[str] | None:
    """The names of a column's tags, from what the library wrote about a dataset."""
    try:
        described = json.loads(info)
        feature = described.get("info", described)["features"][column]
        while feature.get("_type") != "ClassLabel":
            feature = feature["feature"]  # what a list is of
        return [str(name) for name in feature["names"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _scheme(tags: list, names: list[str]) -> str:
    """The scheme of some rows. Letters of single tokens and ends may be rare in them, so those
    among the names count too."""
    rows = [[tag for tag in each if isinstance(tag, str)] for each in tags if each]
    return detect_scheme([*rows, [name for name in names if name[:1] not in ("B", "I")]])


def _named(path: Path, row: int, numbers: Any, names: list[str]) -> Any:
    if numbers is None:
        return None
    for number in numbers:
        if number is None or not 0 <= number < len(names):
            problem = (
                f"no tag has this number, they go from 0 to {len(names) - 1}; rows without gold "
                "annotation must be taken out first"
            )
            raise CorpusError(f"{place(path, row, str(number))}: {problem}")
    return [names[number] for number in numbers]


def _sentence(
    path: Path, row: int, tokens: Any, tags: Any, scheme: str, on_problem: OnProblem
) -> Sentence | None:
    def tell(kind: str, content: str, message: str, repair: str) -> None:
        report(Problem(path, row, content, kind, message, repair), on_problem)

    if tokens is None or tags is None or None in tokens or len(tokens) != len(tags):
        problem = "a row must have as many tags as tokens, and none missing; correct or remove it"
        raise CorpusError(f"{place(path, row, f'{tokens} {tags}')}: {problem}")
    for tag in tags:
        if not isinstance(tag, str) or not is_tag(tag, scheme):
            letters = ", ".join(f"{letter}-LABEL" for letter in dict.fromkeys(SCHEMES[scheme]))
            problem = f"this is no tag of {scheme}, which has O, {letters}; name another --scheme"
            raise CorpusError(f"{place(path, row, str(tag))}: {problem}")
    if "" in tokens:
        tell("empty-token", " ".join(tokens), "a token is empty.", "removes it and its tag")
        pairs = [pair for pair in zip(tokens, tags, strict=True) if pair[0]]
        tokens, tags = [token for token, _ in pairs], [tag for _, tag in pairs]
    if not tokens:
        tell("empty-text", "", "the row has no tokens.", "leaves it out")
        return None
    rows = [row] * len(tokens)
    entities = checked_entities(tokens, tags, scheme, rows, path, on_problem)
    return Sentence(tokens, entities, row, file=path)


FORMAT = Format(
    name="huggingface",
    description="Hugging Face datasets on disk, Parquet or Arrow",
    suffixes=(".parquet", ".arrow"),
    sniff=sniff,
    read=read,
)
