"""Formats by name, their detection, and corpora of many files."""

import gzip
import lzma
from pathlib import Path

import pytest

from spacy_balc.corpus.formats import FORMATS, choose_format, read_corpus
from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence

BIO = "刘\tB-PER\n洋\tI-PER\n去\tO\n西\tB-LOC\n安\tI-LOC\n\n好\tO\n"
SENTENCES = [
    Sentence(list("刘洋去西安"), [(0, 2, "PER"), (3, 5, "LOC")], 1, [False] * 5),
    Sentence(list("好"), [], 7, [False]),
]
WRITTEN = [name for name, known in FORMATS.items() if known.write]
ALL = {"spacy", "bio", "jsonl", "brat", "cluener", "doccano", "label-studio", "huggingface"}


def write(name: str, path: Path) -> Path:
    with FORMATS[name].write(path, "zh", None) as add:
        for sentence in SENTENCES:
            add(sentence)
    return path


def tokens(sentences) -> list[str]:
    return ["".join(sentence.tokens) for sentence in sentences]


def test_every_format_is_there():
    assert set(FORMATS) == ALL
    assert set(WRITTEN) == {"spacy", "bio", "jsonl", "brat"}
    for name, known in FORMATS.items():
        assert known.name == name and known.description
        assert known.suffixes and all(suffix.startswith(".") for suffix in known.suffixes)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_detected(tmp_path, name):
    path = write(name, tmp_path / f"a{FORMATS[name].suffixes[0]}")
    assert choose_format(path).name == name
    if name != "brat":  # whose two files belong together by name
        assert choose_format(path.rename(tmp_path / "renamed")).name == name
    else:
        assert choose_format(tmp_path / "a.txt").name == name


@pytest.mark.parametrize(
    "content, name",
    [
        ('{"text": "好", "label": {}}', "cluener"),
        ('{"text": "好", "label": [[0, 1, "X"]]}', "doccano"),
        ('{"text": "好", "entities": []}', "doccano"),
        ('{"text": "好", "spans": []}', "jsonl"),
        ('[{"data": {"text": "好"}, "annotations": []}]', "label-studio"),
        (BIO, "bio"),
        (BIO.replace("\t", " "), "bio"),
    ],
)
def test_content_decides(tmp_path, content, name):
    for suffix in (*FORMATS[name].suffixes, ""):
        path = tmp_path / f"a{suffix}"
        path.write_text(content, encoding="utf-8")
        assert choose_format(path).name == name


def test_what_fits_no_format(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# A page\n\nof text.\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="a.md: its format cannot be told; name it with --from"):
        choose_format(path)
    with pytest.raises(CorpusError, match="there is no format 'csv'; there are spacy"):
        choose_format(path, "csv")
    assert choose_format(path, named=False) is None
    assert choose_format(path, "bio").name == "bio"


def test_a_folder_of_several_formats(tmp_path):
    for name in WRITTEN:
        (tmp_path / name).mkdir()
        write(name, tmp_path / name / f"a{FORMATS[name].suffixes[0]}")
    (tmp_path / "README.md").write_text("# About\n", encoding="utf-8")
    said = []
    sentences = list(read_corpus([tmp_path], options=ReadOptions(say=said.append)))
    assert tokens(sentences) == ["刘洋去西安", "好"] * len(WRITTEN)
    assert any("README.md is left out" in note for note in said)
    assert {sentence.file.parent.name for sentence in sentences} == set(WRITTEN)
    assert tokens(read_corpus([tmp_path], "jsonl")) == ["刘洋去西安", "好"]


@pytest.mark.parametrize("opener, suffix", [(gzip.open, ".gz"), (lzma.open, ".xz")])
def test_compressed_files(tmp_path, opener, suffix):
    path = tmp_path / f"a.bio{suffix}"
    with opener(path, "wb") as file:
        file.write(BIO.encode())
    assert tokens(read_corpus([path])) == ["刘洋去西安", "好"]
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"no archive", whole[:20] + b"\x00\xff" * 9 + whole[38:]):
        path.write_bytes(damaged)
        with pytest.raises(CorpusError, match=rf"a\.bio{suffix}: the file is damaged"):
            list(read_corpus([path]))


def test_reading_is_a_stream(tmp_path):
    """What is wrong at the end is not seen before the end."""
    path = tmp_path / "a.bio"
    path.write_text(f"{BIO}\n" * 30_000 + "好\n", encoding="utf-8")
    sentences = read_corpus([path])
    assert tokens([next(sentences), next(sentences)]) == ["刘洋去西安", "好"]
    with pytest.raises(CorpusError, match="line 240001, '好': .*only one column"):
        list(sentences)


def test_the_file_that_is_not_there(tmp_path):
    with pytest.raises(CorpusError, match="none.bio: there is no such file"):
        list(read_corpus([tmp_path / "none.bio"]))


@pytest.mark.parametrize(
    "name, content, problem",
    [
        ("b.bio", "好 O\n".encode("gbk"), "line 1, .*must be UTF-8"),
        ("b.txt", "好 O\n".encode("gbk"), "must be UTF-8"),
        ("b.jsonl", '{"text": "好", "spans": []}'.encode("utf-16"), "must be UTF-8"),
        ("b.jsonl", b'{"no": 1}\n', "cannot be told; .* or take it out of the folder"),
        ("b.txt", b"Some text.\n", "cannot be told"),
        ("b.txt.gz", gzip.compress(b"Some text.\n"), "cannot be told"),
        ("b.spacy", b"", "no .spacy file"),
        ("b.ann", b"", "brat's b.txt is missing"),
        ("b.parquet", b"", "cannot be read"),
    ],
)
def test_nothing_of_a_folder_is_lost(tmp_path, name, content, problem):
    (tmp_path / "a.bio").write_text(BIO, encoding="utf-8")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=rf"{name}.*{problem}"):
        list(read_corpus([tmp_path]))


def test_a_link_to_nothing(tmp_path):
    (tmp_path / "a.bio").symlink_to(tmp_path / "none.bio")
    with pytest.raises(FileNotFoundError, match="a.bio"):
        list(read_corpus([tmp_path]))


def test_what_belongs_to_a_saved_dataset_is_passed_over(tmp_path):
    (tmp_path / "a.bio").write_text(BIO, encoding="utf-8")
    for name in ("dataset_info.json", "state.json", "dataset_dict.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "state.json").write_text('{"_data_files": []}', encoding="utf-8")
    (tmp_path / "cache-0123.arrow").write_bytes(b"\xff\xff\xff\xff" * 4)
    said = []
    assert len(list(read_corpus([tmp_path], options=ReadOptions(say=said.append)))) == 2
    assert len(said) == 1 and "tags follow" in said[0]
    with pytest.raises(CorpusError, match="state.json: its format cannot be told"):
        choose_format(tmp_path / "state.json")


def test_a_long_document_is_detected(tmp_path):
    text = "好" * 100_000
    (tmp_path / "a.jsonl").write_text(f'{{"text": "{text}", "spans": []}}\n', encoding="utf-8")
    assert choose_format(tmp_path / "a.jsonl").name == "jsonl"
    (tmp_path / "a.json").write_text(f'{{"text": "{text}", "label": {{}}}}\n', encoding="utf-8")
    assert choose_format(tmp_path / "a.json").name == "cluener"
