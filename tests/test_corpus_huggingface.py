"""Hugging Face datasets on disk: any table that they write is read, and mistakes are named."""

import builtins
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.formats import read_corpus
from spacy_balc.corpus.huggingface import FORMAT, ROWS
from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence
from spacy_balc.corpus.schemes import SCHEMES, encode

from .marked_texts import LABELS, error_of

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
STRINGS, NUMBERS = pa.list_(pa.string()), pa.list_(pa.int64())


def features(names: list[str], kind: str = "List") -> dict:
    """As the library describes a dataset; `List` was `Sequence` before its version 4."""
    return {
        "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": kind},
        "ner_tags": {"feature": {"names": names, "_type": "ClassLabel"}, "_type": kind},
    }


def table(tokens, tags, names=None, kind="List", types=(STRINGS, None), columns=None) -> pa.Table:
    first = tags[0][0] if tags and tags[0] else 0
    types = (types[0], types[1] or (STRINGS if isinstance(first, str) else NUMBERS))
    schema = pa.schema(list(zip(columns or ("tokens", "ner_tags"), types, strict=True)))
    if names is not None:
        described = json.dumps({"info": {"features": features(names, kind)}})
        schema = schema.with_metadata({"huggingface": described})
    return pa.table([pa.array(tokens, types[0]), pa.array(tags, types[1])], schema=schema)


def write(path: Path, rows: pa.Table, chunk: int = 1000) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(rows, path, row_group_size=chunk)
        return path
    new = pa.ipc.new_file if path.stem == "file" else pa.ipc.new_stream
    with new(str(path), rows.schema) as writer:
        writer.write_table(rows, max_chunksize=chunk)
    return path


def read(path: Path, **options) -> list[tuple[list[str], list[tuple[int, int, str]], int]]:
    sentences = FORMAT.read(path, ReadOptions(**options), None)
    return [(sentence.tokens, sentence.entities, sentence.line) for sentence in sentences]


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3)
    tokens = draw(st.lists(words, min_size=1, max_size=8))
    entities, start = [], 0
    while start < len(tokens):
        end = draw(st.integers(start + 1, len(tokens)))
        label = draw(st.sampled_from(["", *LABELS]))
        if label and not tokens[start].isspace() and not tokens[end - 1].isspace():
            entities.append((start, end, label))
        start = end
    return Sentence(tokens, entities, line=1)


@given(
    corpus=st.lists(sentences(), min_size=1, max_size=5),
    name=st.sampled_from(["a.parquet", "stream.arrow", "file.arrow"]),
    scheme=st.sampled_from(sorted(SCHEMES)),
    numbers=st.booleans(),
    chunk=st.integers(1, 3),
)
def test_any_table_is_read(tmp_path: Path, corpus, name, scheme, numbers, chunk):
    tokens = [sentence.tokens for sentence in corpus]
    tags = [encode(s.entities, len(s.tokens), scheme) for s in corpus]
    letters = sorted(set(SCHEMES[scheme]))
    names = ["O", *(f"{letter}-{label}" for letter in letters for label in LABELS)]
    rows = [[names.index(tag) for tag in each] for each in tags] if numbers else tags
    path = write(tmp_path / name, table(tokens, rows, names if numbers else None), chunk)
    expected = [(s.tokens, s.entities, i) for i, s in enumerate(corpus, start=1)]
    assert read(path, scheme=scheme) == expected
    assert FORMAT.sniff(path, path.read_bytes()[:100])


@pytest.mark.parametrize("kind", ["List", "Sequence"])
@pytest.mark.parametrize("name", ["a.parquet", "stream.arrow"])
def test_names_of_the_schema_and_more_rows_than_a_batch(tmp_path: Path, name: str, kind: str):
    tokens, tags = [["张", "三", "走"]] * (ROWS + 5), [[1, 2, 0]] * (ROWS + 5)
    path = write(tmp_path / name, table(tokens, tags, NAMES, kind), chunk=2 * ROWS)
    notes = []
    rows = read(path, say=notes.append)
    assert [row[2] for row in rows] == list(range(1, ROWS + 6))
    assert all(row[:2] == (tokens[0], [(0, 2, "PER")]) for row in rows)
    assert notes == [f"{path}: tags follow BIO"]


def test_names_of_dataset_info_and_large_types(tmp_path: Path):
    types = (pa.large_list(pa.large_string()), pa.large_list(pa.int8()))
    path = write(tmp_path / "a.arrow", table([["张", "三"]], [[1, 2]], types=types))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": features(NAMES)}))
    assert read(path) == [(["张", "三"], [(0, 2, "PER")], 1)]


def test_other_names_of_columns(tmp_path: Path):
    rows = table([["张", "三"]], [["B-PER", "I-PER"]], columns=("words", "tags"))
    assert read(write(tmp_path / "a.parquet", rows)) == [(["张", "三"], [(0, 2, "PER")], 1)]


def test_the_scheme_is_detected(tmp_path: Path):
    rows = table([["张", "三", "李"]], [["B-PER", "E-PER", "S-PER"]])
    path = write(tmp_path / "a.parquet", rows)
    assert read(path) == [(["张", "三", "李"], [(0, 2, "PER"), (2, 3, "PER")], 1)]
    # No row of the first batch has the letters that tell it; the names do.
    names = ["O", "B-PER", "I-PER", "L-PER", "U-PER"]
    rows = table([["张"]] * ROWS + [["李"]], [[0]] * ROWS + [[4]], names)
    assert read(write(tmp_path / "b.parquet", rows))[-1] == (["李"], [(0, 1, "PER")], ROWS + 1)


def test_sniff(tmp_path: Path):
    path = write(tmp_path / "data-0.arrow", table([["a"]], [["O"]]))
    head = path.read_bytes()[:100]
    assert FORMAT.sniff(path, head)
    assert not FORMAT.sniff(path, b"{}") and not FORMAT.sniff(path, b"")
    state = {"_data_files": [{"filename": "data-0.arrow"}]}
    (tmp_path / "state.json").write_text(json.dumps(state))
    assert FORMAT.sniff(path, head) and not FORMAT.sniff(tmp_path / "cache-1.arrow", head)
    (tmp_path / "state.json").write_text("[]")
    assert FORMAT.sniff(path, head)


@pytest.mark.parametrize(
    ("tokens", "tags", "kind", "kept"),
    [
        ([], [], "empty-text", None),
        (["", ""], ["O", "O"], "empty-token", None),
        (["张", "", "三"], ["B-PER", "I-PER", "I-PER"], "empty-token", (["张", "三"], (0, 2))),
        (["三", "张"], ["O", "I-PER"], "illegal-transition", (["三", "张"], (1, 2))),
        ([" ", "张", "\n"], ["B-PER", "I-PER", "I-PER"], "white-space-border", (None, (1, 2))),
        (["\u3000"], ["B-PER"], "white-space-border", (["\u3000"], None)),
    ],
)
def test_problems_are_named_and_mended(tmp_path: Path, tokens, tags, kind, kept):
    path = write(tmp_path / "a.parquet", table([["好"], tokens], [["O"], tags]))
    problems = []
    read_mended = list(FORMAT.read(path, ReadOptions(), problems.append))[1:]
    assert problems[0].kind == kind and problems[0].line == 2 and problems[0].file == path
    with pytest.raises(CorpusError) as error:
        read(path)
    assert f"{path}, line 2" in str(error.value) and "--repair" in str(error.value)
    if kept is None:
        assert read_mended == []
    else:
        words, span = kept
        assert read_mended[0].tokens == (words or tokens)
        assert read_mended[0].entities == ([(*span, "PER")] if span else [])


@pytest.mark.parametrize(
    ("tokens", "tags", "remedy"),
    [
        (["a", "b"], [1], "as many tags as tokens"),
        (None, [1], "as many tags as tokens"),
        (["a"], None, "as many tags as tokens"),
        (["a", None], [0, 0], "as many tags as tokens"),
        (["a"], [5], "they go from 0 to 4"),
        (["a"], [-1], "rows without gold annotation must be taken out"),
        (["a"], [None], "they go from 0 to 4"),
    ],
)
def test_rows_that_cannot_be_read_are_named(tmp_path: Path, tokens, tags, remedy: str):
    path = write(tmp_path / "a.parquet", table([["好"], tokens], [[0], tags], NAMES))
    message = error_of(FORMAT, path)
    assert f"{path}, line 2" in message and remedy in message


@pytest.mark.parametrize("tag", ["PER", "X-PER", "B-", "", None])
def test_tags_of_no_scheme_are_named(tmp_path: Path, tag: str | None):
    path = write(tmp_path / "a.parquet", table([["好"], ["a"]], [["O"], [tag]]))
    message = error_of(FORMAT, path)
    assert f"{path}, line 2" in message and "B-LABEL, I-LABEL; name another --scheme" in message


@pytest.mark.parametrize(
    ("rows", "remedy"),
    [
        (table([["a"]], [[1]]), "put the dataset's dataset_info.json beside the file"),
        (table([["a"]], [[1]], columns=("text", "ner_tags")), "only text, ner_tags; rename"),
        (table([["a"]], [[1]], columns=("tokens", "gold")), "no column 'ner_tags'"),
        (table([[1]], [[1]], types=(NUMBERS, None)), "must hold lists of strings"),
        (table(["a"], [[1]], types=(pa.string(), None)), "must hold lists of strings"),
    ],
)
def test_tables_that_cannot_be_read_are_named(tmp_path: Path, rows, remedy: str):
    assert remedy in error_of(FORMAT, write(tmp_path / "a.parquet", rows))
    assert remedy in error_of(FORMAT, write(tmp_path / "a.arrow", rows))


@pytest.mark.parametrize("name", ["a.parquet", "stream.arrow", "file.arrow"])
def test_damaged_files_are_named(tmp_path: Path, name: str):
    path = write(tmp_path / name, table([["张", "三"]] * 500, [["O", "O"]] * 500), chunk=100)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:5], b"", b"PAR1" + b"\0" * 40):
        path.write_bytes(damaged)
        assert "save or download it once more" in error_of(FORMAT, path)


def test_text_that_is_not_utf8(tmp_path: Path):
    binary = pa.array([[b"\xff"]], pa.list_(pa.binary()))
    strings = binary.flatten().view(pa.string())
    tokens = pa.ListArray.from_arrays(binary.offsets, strings)
    rows = pa.table({"tokens": tokens, "ner_tags": pa.array([["O"]], STRINGS)})
    assert "save or download it once more" in error_of(FORMAT, write(tmp_path / "a.arrow", rows))


def test_without_pyarrow_the_remedy_is_named(tmp_path: Path, monkeypatch):
    path = write(tmp_path / "a.parquet", table([["a"]], [["O"]]))
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert 'pip install "spacy-balc[parquet]"' in error_of(FORMAT, path)


@pytest.mark.parametrize("compress", [False, True])
def test_a_stream_cut_between_batches(tmp_path: Path, compress: bool):
    table = pa.table({"tokens": [["好"], ["吗"]], "ner_tags": [["O"], ["O"]]})
    path = tmp_path / ("a.arrow.gz" if compress else "a.arrow")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.slice(0, 1))
        middle = sink.tell()
        writer.write_table(table.slice(1))
    whole = sink.getvalue().to_pybytes()

    def save(data: bytes) -> None:
        path.write_bytes(gzip.compress(data) if compress else data)

    save(whole)
    assert len(list(FORMAT.read(path, ReadOptions(), None))) == 2
    for end in (middle, len(whole) - 8, len(whole) - 1):
        save(whole[:end])
        with pytest.raises(CorpusError, match="a.arrow.*(damaged or cut off|table cannot be read)"):
            list(read_corpus([path]))
