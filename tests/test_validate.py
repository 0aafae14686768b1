"""`balc validate` as a user runs it: what it reads, what it prints and writes, how it exits."""

import gzip
import json
import shutil
import tempfile
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from transformers import AutoTokenizer
from typer.testing import CliRunner

from spacy_balc.cli import app
from spacy_balc.cli.validate import load_pieces, load_tools
from spacy_balc.corpus.checks import Findings, check_corpus, read_part
from spacy_balc.corpus.formats import FORMATS

from .conftest import run_spacy
from .test_corpus_checks import any_sentence

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "assets" / "sample"
MINI = ROOT / "assets" / "encoder-mini"
CLEAN = "张\tB-PER\n三\tI-PER\n在\tO\n上\tB-LOC\n海\tI-LOC\n\n雨\tO\n停\tO\n"
OTHER = "去\tO\n北\tB-LOC\n京\tI-LOC\n\n李\tB-PER\n四\tI-PER\n来\tO\n"


def run(*arguments: object, code: int = 0) -> str:
    """Run the command in this process, check its exit code, and return what it printed."""
    result = CliRunner().invoke(app, ["validate", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def found(*arguments: object, code: int = 0) -> dict[str, dict]:
    """The findings by kind and subject, from the JSON that is printed."""
    result = json.loads(run(*arguments, "--json", "-", code=code))
    assert result["clean"] == (code == 0)
    return {f"{one['kind']} {one['subject']}".rstrip(): one for one in result["findings"]}


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Function that writes files and works where they are."""
    monkeypatch.chdir(tmp_path)

    def write(**contents: str) -> None:
        for name, content in contents.items():
            Path(f"{name}.bio").write_text(content, encoding="utf-8")

    return write


def test_a_clean_corpus(corpus):
    corpus(train=CLEAN, dev=OTHER)
    printed = run("train.bio", "--dev", "dev.bio", "--rare", 0, "--strict")
    lines = [line.split() for line in printed.splitlines()]
    assert "Clean" in printed and ["entities:", "PER", "1", "1"] in lines
    assert ["sentences", "2", "2"] in lines and ["tokens", "7", "6"] in lines
    assert sorted(path.name for path in Path().iterdir()) == ["dev.bio", "train.bio"]


def test_spacy_has_the_command(corpus):
    corpus(train=CLEAN)
    assert "rare-label PER" in run_spacy("balc", "validate", "train.bio")


def test_errors_warnings_and_exit_codes(corpus):
    corpus(train=CLEAN, wrong="北\tO\n京\tI-LOC\n", other="一\tB-ORG\n中\tI-ORG\n")
    warned = run("train.bio", "--rare", 2)
    assert "Warnings: rare-label" in warned and "Errors" not in warned
    run("train.bio", "--rare", 2, "--strict", code=1)
    printed = run("wrong.bio", code=1)
    assert "    wrong.bio, line 2: 京 I-LOC (I-LOC continues nothing.)" in printed
    assert "Errors: illegal-transition" in printed
    findings = found("train.bio", "--test", "other.bio", "--rare", 0, code=1)
    assert list(findings) == [
        "label-not-in-train ORG", "label-not-everywhere LOC", "label-not-everywhere PER"
    ]  # fmt: skip
    found("train.bio", "--labels", "PER LOC", "--rare", 0)
    findings = found("train.bio", "--labels", "PER,GPE", "--rare", 0, code=1)
    assert list(findings) == ["unknown-label LOC", "label-missing GPE"]
    assert findings["unknown-label LOC"] == {
        "kind": "unknown-label", "severity": "error", "subject": "LOC", "count": 1,
        "message": "label is not among those expected", "by_part": {"train": 1},
        "examples": [{"file": "train.bio", "line": 1, "content": "张三在[上海]", "note": ""}],
    }  # fmt: skip


def test_json(corpus):
    corpus(train=CLEAN + "\n" + CLEAN, dev=CLEAN)
    printed = run("train.bio", "--dev", "dev.bio", "--json", "out/findings.json")
    result = json.loads(Path("out/findings.json").read_text(encoding="utf-8"))
    assert result == json.loads(run("train.bio", "--dev", "dev.bio", "--json", "-"))
    assert list(result) == ["clean", "figures", "findings"] and result["clean"] is True
    assert result["figures"]["dev"]["entities_seen_in_train"]["mentions_share"] == 1.0
    assert "leaked-sentence dev in train" in printed and "duplicate-sentence" in printed
    leak = next(one for one in result["findings"] if one["kind"] == "leaked-sentence")
    assert leak["count"] == 2 and leak["examples"][1]["note"] == "as in train.bio, line 7"
    none = run("train.bio", "--examples", 0)
    assert "duplicate-sentence" in none and "train.bio, line" not in none


def test_the_rest_is_read_where_a_file_cannot_be(corpus):
    corpus(a="张\tB-PER\n三\n", b=CLEAN, c="\n")
    Path("d.bio").write_bytes((CLEAN * 9999).encode() + "京\tO\n".encode("gb18030"))
    Path("notes.md").write_text("Nothing to read", encoding="utf-8")
    output = run(".", "--json", "-", code=1)
    result = json.loads(output)
    assert result["figures"]["train"]["sentences"] == 2
    assert [place["file"] for place in result["findings"][-1]["examples"]] == ["notes.md"]
    (unreadable,) = (one for one in result["findings"] if one["severity"] == "error")
    places = [(place["file"], place["line"]) for place in unreadable["examples"]]
    assert unreadable["kind"] == "unreadable"
    assert places == [("a.bio", 2), ("c.bio", None), ("d.bio", 79_993)]
    assert list(found("c.bio", code=1)) == ["unreadable", "no-sentences"]
    contents = [place["content"] for place in unreadable["examples"]]
    assert contents[1] == "the file holds no sentence"


def test_every_format_is_read(corpus):
    corpus(train=CLEAN)
    with gzip.open("train.bio.gz", "wt", encoding="utf-8") as file:
        file.write(CLEAN)
    Path("train.jsonl").write_text(
        '{"text": "张三在上海", "spans": [{"start": 0, "end": 2, "label": "PER"},'
        ' {"start": 3, "end": 5, "label": "LOC"}]}\n{"text": "雨停", "spans": []}\n',
        encoding="utf-8",
    )
    run_spacy("balc", "convert", "train.bio", "train.spacy")
    figures = [
        json.loads(run(name, "--json", "-"))["figures"]
        for name in ("train.bio", "train.bio.gz", "train.jsonl", "train.spacy", "*.gz")
    ]
    assert all(one == figures[0] for one in figures)
    Path("columns.txt").write_text("1|O|张|PERSON\n", encoding="utf-8")
    arguments = ["--from", "bio", "--separator", "|", "--token-column", 3, "--tag-column", 2]
    assert "tokens" in run("columns.txt", *arguments, code=1)


def test_sentence_starts_of_a_spacy_file_and_missing_annotation(tmp_path):
    vocab = spacy.blank("zh").vocab
    docs = [
        Doc(vocab, list("去北京"), [False] * 3, sent_starts=[True, False, True]),
        Doc(vocab, list("去北京"), [False] * 3, sent_starts=[True, True, False]),
        Doc(vocab, list("雨停了"), [False] * 3),
    ]
    for doc in docs[:2]:
        doc.set_ents([Span(doc, 1, 3, "LOC")], default="outside")
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    findings = found(tmp_path / "train.spacy", "--rare", 0, code=1)
    assert list(findings) == [
        "crosses-sentence-start", "missing-annotation", "duplicate-sentence"
    ]  # fmt: skip
    assert findings["crosses-sentence-start"]["count"] == 1
    assert findings["missing-annotation"]["severity"] == "warning"


def test_the_configs_tokenizer_and_encoder(tmp_path):
    config = tmp_path / "config.cfg"
    text = (ROOT / "configs" / "english.cfg").read_text(encoding="utf-8")
    config.write_text(text.replace('"bert-base-cased"', f'"{MINI}"'), encoding="utf-8")
    bio = tmp_path / "train.bio"
    bio.write_text("in\tO\nU.S.\tB-LOC\n-based\tO\n\nto\tO\nYork\tB-LOC\n", encoding="utf-8")
    output = run(bio, "--config", config, "--json", "-")
    figures = json.loads(output)["figures"]["train"]
    assert figures["window"] == 510 and figures["pieces_a_sentence"]["max"] > 3
    nlp, name, window = load_tools(config, None)
    assert (nlp.lang, name, window) == ("en", str(MINI), 510)
    assert "--lang is zh, while" in run(bio, "--config", config, "--lang", "zh", code=1)
    nlp, name, window = load_tools(ROOT / "configs" / "shared_transformer.cfg", "zh")
    assert name and window == 0
    config.write_text("[nlp]\nlang = 1\n", encoding="utf-8")
    assert "config.cfg" in run(bio, "--config", config, code=1)


def test_a_config_without_an_encoder(corpus, tmp_path):
    corpus(train=CLEAN)
    spacy.blank("zh").config.to_disk("blank.cfg")
    assert "encoder" not in run("train.bio", "--config", "blank.cfg")


def test_pieces_are_those_of_the_stock_tokenizer_and_need_no_weights(tmp_path, corpus):
    encoder = tmp_path / "encoder"
    shutil.copytree(MINI, encoder, ignore=shutil.ignore_patterns("*.safetensors"))
    words = [list("张三在𪚥𪚥"), ["Schäffer", "2024", "☃"]]
    corpus(train="\n\n".join("\n".join(f"{word}\tO" for word in words_) for words_ in words))
    output = run("train.bio", "--encoder", encoder, "--json", "-", code=1)
    figures = json.loads(output)["figures"]["train"]
    stock = AutoTokenizer.from_pretrained(encoder)
    ids = [stock(w, is_split_into_words=True, add_special_tokens=False)["input_ids"] for w in words]
    lengths = sorted(map(len, ids))
    pieces = figures["pieces_a_sentence"]
    assert (pieces["min"], pieces["max"]) == tuple(lengths)
    unknown = sum(i.count(stock.unk_token_id) for i in ids)
    assert 3 <= unknown == figures["unknown_tokens"]["count"]
    assert figures["window"] == 510


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "albert", "electra"])
def test_the_window_is_the_encoders(encoder, kind):
    pieces, window = load_pieces(encoder(kind), 0)
    assert window == 62 and pieces.token("London")
    assert load_pieces(encoder(kind), 48)[1] == 48
    assert load_pieces(encoder(kind), 510)[1] == 62


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["none.bio"], "none.bio"),
        (["train.bio", "--dev", "none*.bio"], "none*.bio"),
        (["train.bio", "--from", "xml"], "there is no format 'xml'"),
        (["train.bio", "--lang", "zn"], "E048"),
        (["train.bio", "--scheme", "BIX"], "no tag scheme 'BIX'"),
        (["train.bio", "--encoder", "./none"], "There is no folder './none'"),
        (["train.bio", "--json", "train.bio/findings.json"], "Cannot write"),
    ],
)
def test_refuses(corpus, arguments, problem):
    corpus(train=CLEAN)
    assert problem in " ".join(run(*arguments, code=1).split())
    assert [path.name for path in Path().iterdir()] == ["train.bio"]


def test_the_sample_is_clean():
    parts = {name: SAMPLE / f"{name}.bio" for name in ("train", "dev", "test")}
    findings = Findings()
    figures = check_corpus(
        {part: read_part(part, path, findings) for part, path in parts.items()}, findings
    )
    assert not [one.kind for one in findings.sorted() if one.severity != "information"]
    # Told again by other means: sentences are what empty lines part, entities begin with B.
    for part, path in parts.items():
        text = path.read_text(encoding="utf-8")
        assert figures[part]["sentences"] == len(text.strip().split("\n\n"))
        assert sum(figures[part]["entities"].values()) == text.count("\tB-")


def check_file(path: Path) -> None:
    findings = Findings()
    check_corpus({"train": read_part("train", path, findings)}, findings, rare=1)
    findings.sorted()


@given(st.lists(any_sentence(), min_size=1, max_size=4))
@settings(max_examples=50)
def test_whatever_a_reader_gives_is_checked(sentences):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        with FORMATS["jsonl"].write(path, "zh", lambda problem: None) as add:
            for one in sentences:
                add(one)
        check_file(path)


@given(
    st.sampled_from(["bio", "json", "jsonl", "spacy", "txt", "xyz", "parquet", "gz"]),
    st.binary(max_size=60)
    | st.text(st.sampled_from('张BIO-\t \n{"text:[],}1'), max_size=60).map(str.encode),
)
def test_whatever_a_file_holds_there_is_an_answer(suffix, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"train.{suffix}"
        path.write_bytes(content)
        check_file(path)
