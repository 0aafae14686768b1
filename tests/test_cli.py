"""The commands, each run as a user runs it, on pipelines of rules."""

import gzip
import json
import os
import resource
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_balc.cli import convert as convert_module
from spacy_balc.corpus.formats import read_corpus

from .commands import rules, run, words

BIO = (
    "杨 B-PER\n柳 I-PER\n回到 O\n长 B-LOC\n沙 I-LOC\n\n"
    "雨 O\n停 O\n了 O\n\n"
    "长 B-LOC\n沙 I-LOC\n2024 O\n"
)


def read(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("zh").vocab))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rules(PER=["杨柳"], LOC=["长沙"], ORG=["雨"]).to_disk(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def bio(tmp_path: Path) -> Path:
    (tmp_path / "corpus.bio").write_text(BIO, encoding="utf-8")
    return tmp_path / "corpus.bio"


@pytest.fixture
def gold(tmp_path: Path, bio: Path) -> Path:
    run("convert", bio, tmp_path / "gold.spacy")
    return tmp_path / "gold.spacy"


def test_convert(tmp_path, bio):
    output = tmp_path / "new" / "folder" / "corpus.spacy"
    printed = run("convert", bio, output, "--expect", "sentences=3 LOC=2 PER=4 GPE=0 tokens=11")
    first, second, third = read(output)
    assert first.text == "杨柳回到长沙" and third.text == "长沙2024"
    assert [(ent.text, ent.label_) for ent in first.ents] == [("杨柳", "PER"), ("长沙", "LOC")]
    assert all(token.ent_iob_ == "O" for token in second)
    table = [line.split() for line in printed.splitlines()]
    assert ["sentences", "3", "3"] in table and ["longest", "5"] in table
    assert ["PER", "1", "4"] in table and ["GPE", "0", "0"] in table
    assert "Not as many as expected: PER" in printed
    assert sorted(path.name for path in output.parent.iterdir()) == ["corpus.spacy"]


def test_convert_limits_and_spaces(tmp_path, bio):
    output = tmp_path / "corpus.spacy"
    run("convert", bio, output, "--limit", 1, "--lang", "en")
    (doc,) = read(output)
    assert doc.text == "杨 柳 回到 长 沙 "


def test_convert_splits_off_a_development_set(tmp_path):
    bio = tmp_path / "corpus.bio"
    bio.write_text("".join(f"{i} O\n\n" for i in range(40)), encoding="utf-8")
    train, dev = tmp_path / "train.spacy", tmp_path / "dev.spacy"
    run("convert", bio, train, "--dev", dev, "--dev-share", 0.25)
    assert [doc.text for doc in read(train)] == [str(i) for i in range(30)]
    assert [doc.text for doc in read(dev)] == [str(i) for i in range(30, 40)]


def test_convert_mends_and_lists(tmp_path):
    bio, output = tmp_path / "corpus.bio", tmp_path / "corpus.spacy"
    bio.write_text("去 O\n长 I-LOC\n沙 I-LOC\n", encoding="utf-8")
    assert "line 2, '长 I-LOC'" in words(run("convert", bio, output, code=1))
    assert not output.exists()
    printed = words(run("convert", bio, output, "--repair"))
    assert "line 2, '长 I-LOC': I-LOC continues nothing. --repair reads it as B-LOC" in printed
    assert [ent.text for ent in read(output)[0].ents] == ["长沙"]


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["IN", "OUT.txt"], "name the format with --to"),
        (["IN", "OUT.spacy", "--to", "bio"], "bio ends in .bio"),
        (["IN", "OUT", "--to", "doccano"], "there are spacy, "),
        (["IN", "OUT", "--from", "csv"], "there is no format 'csv'"),
        (["IN", "OUT", "--scheme", "IOB3"], "there is no tag scheme 'IOB3'"),
        (["IN", "OUT", "--tag-column", "3"], "there is no column 3"),
        (["IN", "OUT", "--cut", "words"], "--cut takes lines or sentences, not 'words'"),
        (["IN", "OUT", "--split", "0.5/0.4"], "add up to 0.9"),
        (["IN", "OUT.spacy", "--split", "0.5/0.5"], "--split writes a folder: name OUT, say"),
        (["IN", "OUT", "--split", "0.5/0.5", "--dev", "DEV"], "two ways to do one thing"),
        (["IN", "OUT", "--dev", "OUT/dev.spacy"], "OUT/dev.spacy lies in OUT"),
        (["NONE", "OUT.spacy"], "NONE: there is no such file"),
        (["BROKEN", "OUT"], "BROKEN, line 6001, '王': "),
        (["BROKEN", "OUT", "--dev", "DEV.spacy", "--shard", "100"], "BROKEN, line 6001, '王': "),
        (["IN", "BROKEN", "OUT", "--split", "0.5/0.5"], "BROKEN, line 6001, '王': "),
        (["IN", "OUT.spacy", "--dev", "OUT.spacy"], "is named for both sets"),
        (["IN", "OUT.spacy", "--dev", "DEV.spacy", "--dev-share", "0.7"], "at most 0.5, not 0.7"),
        (["ONE", "OUT.spacy", "--dev", "DEV.spacy"], "cannot be split into two"),
        (["IN", "OUT.spacy", "--expect", "sentences=many"], "'sentences=many' is not like"),
        (["IN", "OUT.spacy", "--lang", "zn"], "E048"),
        (["EMPTY", "OUT.spacy"], "EMPTY: the file holds no sentence"),
        (["IN", "IN/OUT.spacy"], "Cannot write IN/OUT.spacy"),
        (["IN", "OUT.gz"], "OUT.gz: .gz does not say what to write"),
        (["IN", "OUT.ann.gz"], "brat reads no compressed files"),
        (["IN", "IN", "--from", "bio"], "IN is read, and IN would take its place"),
        ([".", "OUT.spacy", "--dev", "EMPTY"], "EMPTY is read, and EMPTY would take its place"),
    ],
)
def test_convert_refuses(tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    inputs = {"IN": BIO, "ONE": "好 O\n", "EMPTY": "\n", "BROKEN": "好 O\n\n" * 3000 + "王\n"}
    for name, content in inputs.items():
        Path(name).write_text(content, encoding="utf-8")
    assert problem in words(run("convert", *arguments, code=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(inputs)


SPAN = {"start": 3, "end": 5, "label": "LOC"}


def texts(*paths: Path) -> list[list[str]]:
    return [[doc.text for doc in read(path)] for path in paths]


def test_convert_reads_files_folders_and_patterns(tmp_path, bio):
    folder = tmp_path / "more"
    folder.mkdir()
    with gzip.open(folder / "a.bio.gz", "wt", encoding="utf-8") as file:
        file.write("甲\tO\n")
    task = {"text": "去了 长沙。", "spans": [SPAN]}
    (folder / "b.jsonl").write_text(json.dumps(task), encoding="utf-8")
    (folder / "notes.md").write_text("# Notes\n", encoding="utf-8")
    output = tmp_path / "all.spacy"
    printed = words(run("convert", bio, folder, output, "--limit", 5))
    assert texts(output)[0][2:] == ["长沙2024", "甲", "去了 长沙。"]
    assert "notes.md is left out" in printed and "tags follow BIO" in printed
    run("convert", f"{folder}/*.jsonl", tmp_path / "b.spacy")
    assert [ent.text for ent in read(tmp_path / "b.spacy")[0].ents] == ["长沙"]


def test_convert_into_shards_with_sets(tmp_path):
    bio = tmp_path / "corpus.bio"
    lines = [f"{i % 500} O\n\n" for i in range(1000)]
    bio.write_text("".join(lines), encoding="utf-8")
    run("convert", bio, tmp_path / "out", "--split", "0.6/0.2/0.2", "--shard", 100)
    folders = {path.name: sorted(path.iterdir()) for path in (tmp_path / "out").iterdir()}
    sets = {name: sum(texts(*paths), []) for name, paths in folders.items()}
    assert sorted(map(int, sum(sets.values(), []))) == sorted([*range(500), *range(500)])
    assert not set(sets["train"]) & set(sets["dev"]) and not set(sets["dev"]) & set(sets["test"])
    assert 500 < len(sets["train"]) < 700 and len(folders["train"]) > 5
    # Neither order nor neighbours matter.
    bio.write_text("".join(reversed(lines[:700])), encoding="utf-8")
    run("convert", bio, tmp_path / "again", "--split", "0.6/0.2/0.2")
    again = texts(tmp_path / "again" / "dev" / "00000.spacy")[0]
    assert set(again) == set(sets["dev"])


def test_convert_cuts_and_joins(tmp_path):
    path, output = tmp_path / "a.jsonl", tmp_path / "a.spacy"
    task = {"text": "去了\n长沙。回来", "spans": [SPAN]}
    path.write_text(json.dumps(task), encoding="utf-8")
    run("convert", path, output, "--cut", "lines")
    assert texts(output) == [["去了", "长沙。回来"]]
    run("convert", path, output, "--cut", "sentences")
    assert texts(output) == [["去了", "长沙。", "回来"]]
    run("convert", path, output, "--cut", "sentences", "--join", 2)
    assert texts(output) == [["去了长沙。", "回来"]]
    assert [sent.text for sent in read(output)[0].sents] == ["去了", "长沙。"]
    run("convert", path, output)
    assert texts(output) == [["去了\n长沙。回来"]]


def test_convert_back_out(tmp_path, gold):
    for name in ("a.bio", "a.jsonl", "a.ann"):
        run("convert", gold, tmp_path / name)
        run("convert", tmp_path / name, tmp_path / "back.spacy")
        found = [[(e.text, e.label_) for e in doc.ents] for doc in read(tmp_path / "back.spacy")]
        assert texts(tmp_path / "back.spacy") == texts(gold), name
        assert found == [[(e.text, e.label_) for e in doc.ents] for doc in read(gold)]
    assert (tmp_path / "a.bio").read_text(encoding="utf-8").startswith("杨\tB-PER\n柳\tI-PER\n")


def test_convert_says_what_a_pipeline_will_not_find(tmp_path):
    path = tmp_path / "a.jsonl"
    task = {"text": "abc", "spans": [{"start": 1, "end": 2, "label": "X"}]}
    path.write_text(json.dumps(task), encoding="utf-8")
    printed = words(run("convert", path, tmp_path / "a.spacy", "--lang", "en"))
    assert "1 entities begin or end inside of a token" in printed


def test_convert_counts_problems(tmp_path):
    bio = tmp_path / "corpus.bio"
    bio.write_text("去 B-X\n\n" + "长 I-LOC\n\n" * 30, encoding="utf-8")
    for options in ([], ["--dev", tmp_path / "dev.spacy"]):
        printed = words(run("convert", bio, tmp_path / "a.spacy", "--repair", *options))
        assert printed.count("reads it as B-LOC") == 10
        assert "illegal-transition: 30 in all" in printed


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_convert_does_not_write_over_what_it_reads(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bio").write_text(BIO, encoding="utf-8")
    run("convert", tmp_path / "in", tmp_path / "in" / "all.spacy")
    run("convert", tmp_path / "in" / "a.bio", tmp_path / "in" / "shards")
    run("convert", tmp_path / "in" / "a.bio", tmp_path / "in" / "pair.txt", "--to", "brat")
    before = files(tmp_path)
    for source, target in [
        ("in", "in/all.spacy"),
        ("in", "in/shards"),
        ("in/shards/00000.spacy", "in/shards"),
        ("in/a.bio", "in/a.bio"),
        ("in/../in/a.bio", "in/a.bio"),
        ("in/pair.ann", "in/pair.txt"),
    ]:
        to = ["--to", "bio"] if target.endswith(".txt") else []
        printed = run("convert", tmp_path / source, tmp_path / target, *to, code=1)
        assert "would take its place" in words(printed)
    assert files(tmp_path) == before


def test_convert_keeps_the_other_file_of_a_pair(tmp_path, bio):
    for there, target in ("one.txt", "one.ann"), ("two.ann", "two.txt"):
        (tmp_path / there).write_text("precious")
        printed = words(run("convert", bio, tmp_path / target, "--to", "brat", code=1))
        assert f"{there} is there, and would be written too" in printed
        assert (tmp_path / there).read_text() == "precious" and not (tmp_path / target).exists()
    both = ["--to", "brat", "--dev", tmp_path / "new.txt", "--dev-share", "0.5"]
    printed = words(run("convert", bio, tmp_path / "new.ann", *both, code=1))
    assert "are one document of brat's" in printed
    run("convert", bio, tmp_path / "new.ann")
    run("convert", bio, tmp_path / "new.ann")


def test_convert_says_that_nothing_is_annotated(tmp_path):
    (tmp_path / "plain.bio").write_text("雨 O\n停 O\n", encoding="utf-8")
    printed = words(run("convert", tmp_path / "plain.bio", tmp_path / "plain.spacy"))
    assert "There is no entity in it" in printed


def test_convert_keeps_sets_of_another_split_apart(tmp_path, bio):
    run("convert", bio, tmp_path / "out", "--split", "0.5/0.3/0.2")
    before = files(tmp_path)
    printed = words(run("convert", bio, tmp_path / "out", "--split", "0.5/0.5", code=1))
    assert "out/test is of another split, and would stay; remove it first" in printed
    assert files(tmp_path) == before
    run("convert", bio, tmp_path / "out", "--split", "0.1/0.1/0.8")


def test_convert_refuses_pipes_and_devices(tmp_path, bio):
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe or a device" in words(run("convert", tmp_path / "pipe", "x.spacy", code=1))
    assert "is a pipe or a device" in words(run("convert", bio, tmp_path / "pipe", code=1))
    assert (tmp_path / "pipe").is_fifo()
    assert "is a pipe or a device" in words(run("validate", tmp_path / "pipe", code=1))


@pytest.mark.parametrize("name", ["out", "out.spacy", "out.bio", "out.ann", "out.jsonl.gz"])
def test_convert_on_a_full_disk_leaves_nothing(tmp_path, bio, name):
    lines = [f"{i * i} B-X\n{i} O\n\n" for i in range(3000)]
    bio.write_text("".join(lines), encoding="utf-8")
    before = files(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        printed = words(run("convert", bio, tmp_path / name, "--shard", 1000, code=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Cannot write" in printed and name in printed
    assert files(tmp_path) == before and len(list(tmp_path.iterdir())) == 1


def test_convert_that_is_interrupted_leaves_what_was_there(tmp_path, bio, monkeypatch):
    run("convert", bio, tmp_path / "out")
    before = files(tmp_path)

    def interrupted(*arguments):
        yield from list(read_corpus(*arguments)) * 3
        raise KeyboardInterrupt

    monkeypatch.setattr(convert_module, "read_corpus", interrupted)
    for target in ("out", "new", "new.bio"):
        with pytest.raises(KeyboardInterrupt):
            convert_module.convert([str(bio)], tmp_path / target, shard=2)
        assert files(tmp_path) == before and len(list(tmp_path.iterdir())) == 2


def test_convert_takes_a_brat_text_whole_and_a_unit_of_offsets(tmp_path):
    (tmp_path / "a.txt").write_text("去长\n沙了。回来。\n", encoding="utf-8")
    (tmp_path / "a.ann").write_text("T1\tLOC 1 4\t长 沙\n", encoding="utf-8")
    output = tmp_path / "a.spacy"
    printed = words(run("convert", tmp_path / "a.ann", output, code=1))
    assert "--whole takes all of the text as one" in printed
    run("convert", tmp_path / "a.ann", output, "--whole", "--cut", "sentences")
    assert texts(output) == [["去长\n沙了。", "回来。"]]
    assert [ent.text for ent in read(output)[0].ents] == ["长\n沙"]
    path = tmp_path / "b.jsonl"
    path.write_text('{"text": "😀去长沙吧", "label": [[2, 4, "LOC"]]}\n', encoding="utf-8")
    assert "--offset-unit says which" in words(run("convert", path, output, code=1))
    for unit, found in (("characters", "长沙"), ("utf-16", "去长")):
        run("convert", path, output, "--offset-unit", unit)
        assert [ent.text for ent in read(output)[0].ents] == [found]
        assert "offset-unit" not in run("validate", path, "--offset-unit", unit)
    assert "characters and utf-16" in run("convert", path, output, "--offset-unit", "x", code=2)


def test_what_a_terminal_would_obey_is_shown_and_not_sent(tmp_path):
    path, red = tmp_path / "a.bio", "\x1b[31m"
    path.write_text(f"好{red} O\n坏 B-{red}X\n坏{red} I-Y\n", encoding="utf-8")
    for options, code in ([], 1), (["--repair"], 0):
        printed = run("convert", path, tmp_path / "a.spacy", *options, code=code)
        assert red not in printed and r"\x1b[31m" in printed


@pytest.mark.parametrize("damage", ["meta.json", "vocab/strings.json", "config.cfg"])
def test_a_damaged_pipeline_is_one_message(model, damage):
    (model / damage).write_bytes(b"\xff\x00{")
    assert "Cannot load the pipeline" in words(run("demo", model, "去长沙", code=1))


@pytest.mark.parametrize("command", [["demo", "."], ["resume", ".", "--output", "other"]])
def test_a_gpu_that_is_not_there_is_one_message(command):
    assert "--gpu-id 99 cannot be used" in words(run(*command, "--gpu-id", "99", code=1))


def test_demo(tmp_path, model):
    html = tmp_path / "pages" / "demo.html"
    printed = run("demo", model, "杨柳\n回长沙", "--html", html)
    lines = [line.split("\t") for line in printed.splitlines()]
    assert ["杨", "B-PER"] in lines and ["柳", "I-PER"] in lines and ["\\n", "O"] in lines
    assert ["LOC", "4", "6", "长沙"] in lines
    assert html.read_text(encoding="utf-8").count('<mark class="entity"') == 2


@pytest.mark.filterwarnings("error")
def test_demo_without_entities(tmp_path, model):
    html = tmp_path / "demo.html"
    assert "No entity was found" in run("demo", model, "今天天气好", "--html", html)
    assert "今天天气好" in html.read_text(encoding="utf-8")
    spacy.blank("zh").to_disk(tmp_path / "blank")
    assert "在\t?" in run("demo", tmp_path / "blank")


def test_demo_reads_standard_input(model):
    printed = run("demo", model, "-", stdin="去长沙\n\n找杨柳\n")
    assert printed.index("LOC\t1\t3\t长沙") < printed.index("PER\t1\t3\t杨柳")
    assert "There is no text" in run("demo", model, "-", stdin=" \n", code=1)
    assert "There is no text" in run("demo", model, "", code=1)


@pytest.mark.skipif(
    "spacy_balc.cli:app" not in {point.value for point in entry_points(group="spacy_cli")},
    reason="the entry point is not installed",
)
def test_spacys_own_command_line_has_the_commands():
    command = [sys.executable, "-m", "spacy", "balc", "--help"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    for name in ("convert", "validate", "evaluate", "report", "demo", "resume"):
        assert f"\n  {name} " in result.stdout
