"""The commands, each run as a user runs it, on pipelines of rules."""

import hashlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from typer.testing import CliRunner

from spacy_balc.cli import app
from spacy_balc.cli.evaluate import evaluate

BIO = (
    "杨 B-PER\n柳 I-PER\n回到 O\n长 B-LOC\n沙 I-LOC\n\n"
    "雨 O\n停 O\n了 O\n\n"
    "长 B-LOC\n沙 I-LOC\n2024 O\n"
)


def run(*arguments: object, code: int = 0, stdin: str | None = None) -> str:
    """Run a command in this process, check its exit code, and return what it printed."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def words(output: str) -> str:
    """The output without the line breaks that fit it to a terminal."""
    return " ".join(output.split())


def read(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("zh").vocab))


def rules(**patterns: list[str]) -> Language:
    """A pipeline that finds the given strings."""
    nlp = spacy.blank("zh")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": k, "pattern": v} for k, vs in patterns.items() for v in vs])
    return nlp


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
    assert "line 2: 长 I-LOC read as B-LOC" in words(run("convert", bio, output, "--repair"))
    assert [ent.text for ent in read(output)[0].ents] == ["长沙"]


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["IN", "OUT.txt"], "does not end in .spacy"),
        (["IN", "OUT.spacy", "--dev", "OUT.spacy"], "is named for both sets"),
        (["IN", "OUT.spacy", "--dev", "DEV.spacy", "--dev-share", "0.7"], "at most 0.5, not 0.7"),
        (["ONE", "OUT.spacy", "--dev", "DEV.spacy"], "cannot be split into two"),
        (["IN", "OUT.spacy", "--expect", "sentences=many"], "'sentences=many' is not like"),
        (["IN", "OUT.spacy", "--lang", "zn"], "E048"),
        (["EMPTY", "OUT.spacy"], "EMPTY: the file holds no sentence"),
        (["IN", "IN/OUT.spacy"], "Cannot write IN/OUT.spacy"),
    ],
)
def test_convert_refuses(tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    inputs = {"IN": BIO, "ONE": "好 O\n", "EMPTY": "\n"}
    for name, content in inputs.items():
        Path(name).write_text(content, encoding="utf-8")
    assert problem in words(run("convert", *arguments, code=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(inputs)


@pytest.mark.parametrize("command", [["convert"], ["report"], ["evaluate", "model"]])
def test_missing_input_and_folders_are_refused(tmp_path, command):
    rest = [] if command[0] == "evaluate" else [tmp_path / "out.spacy"]
    for path in (tmp_path / "none", tmp_path):
        run(*command, path, *rest, code=2)
    assert list(tmp_path.iterdir()) == []


def test_evaluate(tmp_path, model, gold):
    output = tmp_path / "metrics" / "test.json"
    printed = run("evaluate", model, gold, "--output", output)
    metrics = json.loads(output.read_text(encoding="utf-8"))
    assert metrics["ents_counts"] == {
        "gold": 3, "predicted": 4, "correct": 3,
        "per_type": {
            "LOC": {"gold": 2, "predicted": 2, "correct": 2},
            "ORG": {"gold": 0, "predicted": 1, "correct": 0},
            "PER": {"gold": 1, "predicted": 1, "correct": 1},
        },
    }  # fmt: skip
    assert metrics["ents_p"] == pytest.approx(3 / 4) and metrics["ents_r"] == 1.0
    assert (metrics["sentences"], metrics["tokens"], metrics["longest_sentence"]) == (3, 11, 5)
    assert (metrics["model"], metrics["data"]) == (str(model), str(gold))
    assert metrics["data_sha256"] == hashlib.sha256(gold.read_bytes()).hexdigest()
    assert metrics["seconds"] > 0 and metrics["tokens_per_second"] > 0
    assert "not an entity score" in printed
    assert ["all", "75.00", "100.00", "85.71", "3", "4", "3"] in [
        line.split() for line in printed.splitlines()
    ]


@pytest.mark.parametrize("retokenize", [False, True])
def test_evaluate_agrees_with_spacy(gold, retokenize):
    nlp = rules(PER=["杨"], LOC=["长沙", "雨"])
    docs = read(gold)
    metrics = evaluate(nlp, docs, retokenize=retokenize)
    if not retokenize:
        examples = [
            Example(Doc(nlp.vocab, [t.text for t in doc], [False] * len(doc)), doc) for doc in docs
        ]
        theirs = nlp.evaluate(examples)
        for key in ("ents_p", "ents_r", "ents_f"):
            assert metrics[key] == pytest.approx(theirs[key])
        assert metrics["ents_counts"]["predicted"] == 4
    support = {row["tag"]: row["support"] for row in metrics["token_table"]["rows"]}
    assert support == {"B-LOC": 2, "I-LOC": 2, "B-PER": 1, "I-PER": 1, "O": 5}


def test_retokenize_compares_characters_and_tags_gold_tokens():
    nlp = rules(LOC=["长沙"], DATE=["20"], ORG=["县"])
    gold = Doc(nlp.vocab, words=["长沙县", "2024"], spaces=[False, False])
    gold.set_ents([Span(gold, 0, 1, "LOC")], default="outside")
    metrics = evaluate(nlp, [gold], retokenize=True)
    # 长沙 is not the gold's 长沙县, though it lies on the same gold token.
    assert metrics["ents_counts"]["correct"] == 0
    rows = {row["tag"]: row for row in metrics["token_table"]["rows"]}
    assert rows["B-LOC"]["recall"] == 1.0
    assert rows["O"]["recall"] == 0.0 and rows["B-DATE"]["support"] == 0


def test_missing_annotation_is_left_out():
    nlp = rules(PER=["杨柳"], LOC=["长沙"])
    gold = Doc(nlp.vocab, words=list("杨柳回长沙"), spaces=[False] * 5)
    gold.set_ents([Span(gold, 0, 2, "PER")], outside=[gold[2:4]], default="missing")
    metrics = evaluate(nlp, [gold])
    assert metrics["ents_counts"] == {
        "gold": 1, "predicted": 1, "correct": 1,
        "per_type": {"PER": {"gold": 1, "predicted": 1, "correct": 1}},
    }  # fmt: skip
    assert sum(row["support"] for row in metrics["token_table"]["rows"]) == 4
    theirs = nlp.evaluate([Example(nlp.make_doc(gold.text), gold)])
    assert metrics["ents_f"] == theirs["ents_f"] == 1.0


def test_a_doc_without_answer_is_not_passed_over(gold):
    @Language.component("test_cli_fails_on_rain")
    def fail(doc: Doc) -> Doc:
        if "雨" in doc.text:
            raise ValueError("rain")
        return doc

    nlp = spacy.blank("zh")
    nlp.add_pipe("test_cli_fails_on_rain")
    nlp.set_error_handler(lambda name, component, docs, error: None)
    with pytest.raises(RuntimeError, match="no answer for 1 of 3 docs"):
        evaluate(nlp, read(gold))


def test_evaluate_refuses(tmp_path, model, bio, gold):
    assert "Cannot load the pipeline 'nothing'" in words(run("evaluate", "nothing", gold, code=1))
    assert "is no .spacy file" in words(run("evaluate", model, bio, code=1))
    bare = tmp_path / "bare.spacy"
    DocBin(docs=[spacy.blank("zh")("没有标注")]).to_disk(bare)
    assert "holds no entity annotation" in words(run("evaluate", model, bare, code=1))
    spacy.blank("zh").to_disk(tmp_path / "blank")
    assert "says that it sets doc.ents" in words(run("evaluate", tmp_path / "blank", gold))


def test_report(tmp_path, model, gold):
    metrics, page = tmp_path / "metrics.json", tmp_path / "docs" / "report.md"
    run("evaluate", model, gold, "--output", metrics)
    run("report", metrics, page, "--title", "Rules")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Rules\n") and "85.71" in text and "| avg / total |" in text


@pytest.mark.parametrize("content", ['{"ents_f": 0.5}', "[]", "3", "no JSON", "\ud83d"])
def test_report_refuses(tmp_path, content):
    metrics, page = tmp_path / "metrics.json", tmp_path / "report.md"
    metrics.write_text(content, encoding="utf-8", errors="surrogatepass")
    assert "does not hold the metrics of" in words(run("report", metrics, page, code=1))
    assert not page.exists()


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
    for name in ("convert", "evaluate", "report", "demo"):
        assert f"\n  {name} " in result.stdout
