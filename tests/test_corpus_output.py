"""Where sentences go: files, shards, and nothing after an error."""

import pytest
import spacy
from spacy.training import Corpus

from spacy_balc.corpus.formats import FORMATS, read_corpus
from spacy_balc.corpus.interface import CorpusError, Sentence
from spacy_balc.corpus.output import open_outputs, output_format


def sentences(number: int) -> list[Sentence]:
    return [Sentence(["第", str(i)], [(0, 1, "X")], i + 1) for i in range(number)]


def write(targets: dict, number: int, name: str = "spacy", shard: int = 3) -> dict[str, int]:
    formats = dict.fromkeys(targets, FORMATS[name])
    with open_outputs(targets, formats, "zh", shard=shard) as outputs:
        for output in outputs.values():
            for sentence in sentences(number):
                output.add(sentence)
    return {key: output.written for key, output in outputs.items()}


@pytest.mark.parametrize(
    "target, name, expected",
    [
        ("a.spacy", None, "spacy"),
        ("a.bio", None, "bio"),
        ("a.conll", None, "bio"),
        ("a.jsonl.gz", None, "jsonl"),
        ("a.ann", None, "brat"),
        ("a.txt", "brat", "brat"),
        ("a.txt", "bio", "bio"),
        ("folder", None, "spacy"),
        ("folder", "jsonl", "jsonl"),
    ],
)
def test_the_format_to_write(tmp_path, target, name, expected):
    assert output_format(tmp_path / target, name).name == expected


@pytest.mark.parametrize(
    "target, name, problem",
    [
        ("a.txt", None, "name the format with --to"),
        ("a.json", None, "name the format with --to"),
        ("a.json", "jsonl", "jsonl ends in .jsonl"),
        ("a.spacy", "doccano", "--to doccano: there are spacy"),
        ("a.spacy.gz", None, "spaCy reads no compressed .spacy"),
    ],
)
def test_what_cannot_be_written(tmp_path, target, name, problem):
    with pytest.raises(CorpusError, match=problem):
        output_format(tmp_path / target, name)


@pytest.mark.parametrize("name", ["spacy", "bio", "jsonl", "brat"])
def test_shards(tmp_path, name):
    assert write({"train": tmp_path / "new" / "out"}, 7, name) == {"train": 7}
    files = sorted({path.stem for path in (tmp_path / "new" / "out").iterdir()})
    assert files == ["00000", "00001", "00002"]
    found = ["".join(s.tokens) for s in read_corpus([tmp_path / "new" / "out"])]
    assert found == [f"第{i}" for i in range(7)]


def test_spacy_reads_the_folder(tmp_path):
    write({"train": tmp_path / "out"}, 7)
    docs = [example.reference for example in Corpus(tmp_path / "out")(spacy.blank("zh"))]
    assert [doc.text for doc in docs] == [f"第{i}" for i in range(7)]


def test_fewer_shards_replace_more(tmp_path):
    write({"train": tmp_path / "out"}, 7)
    write({"train": tmp_path / "out"}, 6, "bio")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00000.bio", "00001.bio"]
    with pytest.raises(CorpusError, match="out holds 00000.bio, which would be lost"):
        write({"train": tmp_path / "out"}, 6, "bio")


def test_a_set_without_a_sentence_is_an_empty_file(tmp_path):
    write({"train": tmp_path / "out", "dev": tmp_path / "dev.spacy"}, 0)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["00000.spacy", "dev.spacy", "out"]


def test_an_error_leaves_nothing(tmp_path):
    targets = {"train": tmp_path / "new" / "out", "dev": tmp_path / "dev.spacy"}
    formats = dict.fromkeys(targets, FORMATS["spacy"])
    for at in (0, 2, 3, 5):
        with pytest.raises(ZeroDivisionError):
            with open_outputs(targets, formats, "zh", shard=3) as outputs:
                for i, sentence in enumerate(sentences(7)):
                    outputs["train"].add(sentence)
                    outputs["dev"].add(sentence)
                    1 / (i - at)
        assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_second_target_leaves_nothing_of_the_first(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CorpusError, match="Cannot write"):
        write({"train": tmp_path / "out", "dev": tmp_path / "file" / "dev.spacy"}, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_would_be_lost_is_kept(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match="out holds notes.txt, which would be lost"):
        write({"train": tmp_path / "out"}, 2)
    with pytest.raises(CorpusError, match="dev.spacy lies in .*out, which is"):
        write({"train": tmp_path / "out", "dev": tmp_path / "out" / "dev.spacy"}, 2)
    (tmp_path / "a.spacy").mkdir()
    with pytest.raises(CorpusError, match="a.spacy is a folder; name a file"):
        write({"train": tmp_path / "a.spacy"}, 2)
    (tmp_path / "plain").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match="plain is a file; name a folder"):
        write({"train": tmp_path / "plain"}, 2)
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
