"""`balc report`, run as a user runs it; its tables and its Markdown."""

import copy
import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

import spacy_balc.cli.report as command
from spacy_balc.report.markdown import marked, render_markdown
from spacy_balc.report.tables import Table, entity_table, percent, token_tags_table

from .commands import rules, run, words
from .conftest import HASH_EMBED, head, toy_examples
from .spans import bio, make_doc

FILES = ["metrics.json", "report.html", "report.md"]
TEXTS = [
    ("杨柳回到长沙", [(0, 2, "PER"), (4, 6, "LOC")]),
    ("雨停了", []),
    ("长沙下雪", [(0, 2, "LOC")]),
    ("柳州的杨柳绿了", [(0, 2, "LOC")]),
]
OURS = [[(0, 2, "PER"), (4, 6, "LOC")], [(0, 1, "ORG")], [(0, 2, "LOC")], [(3, 5, "PER")]]
THEIRS = [[(0, 1, "PER"), (4, 6, "LOC")], [], [(0, 2, "ORG")], [(0, 2, "LOC"), (3, 5, "PER")]]


def save(path: Path, answers=None, **options) -> Path:
    texts = TEXTS if answers is None else zip([text for text, _ in TEXTS], answers, strict=True)
    DocBin(docs=[make_doc(*text) for text in texts], **options).to_disk(path)
    return path


def save_columns(path: Path, answers) -> Path:
    blocks = [
        "".join(f"{c}\t{tag}\n" for c, tag in zip(text, bio(spans, len(text)), strict=True))
        for (text, _), spans in zip(TEXTS, answers, strict=True)
    ]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rules(PER=["杨柳"], LOC=["长沙"], ORG=["雨"]).to_disk(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return save(tmp_path / "gold.spacy")


def read(folder: Path) -> dict:
    assert sorted(path.name for path in folder.iterdir()) == FILES
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def test_a_pipeline(tmp_path, model, gold):
    output = tmp_path / "reports" / "test"
    log = tmp_path / "log.jsonl"
    row = {"epoch": 1, "step": 20, "losses": {"ner": 3.0}, "scores": {"ents_f": 50}, "score": 0.5}
    log.write_text(json.dumps(row) + "\n", encoding="utf-8")
    train = save(tmp_path / "train.spacy", [[(0, 2, "PER")], [], [], []])
    arguments = ["--train", train, "--log", log, "--slice", "snow=雪", "--title", "Rules"]
    printed = run("report", model, gold, "-o", output, *arguments)
    assert "Saved metrics.json, report.md and report.html" in words(printed)
    metrics = read(output)
    assert list(metrics)[:2] == ["title", "ents_f"] and metrics["title"] == "Rules"
    assert metrics["ents_counts"]["correct"] == 3 and metrics["ents_f"] == 2 * 0.6 * 0.75 / 1.35
    nlp = spacy.load(model)
    docs = [make_doc(*text) for text in TEXTS]
    theirs = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])
    for key in ("ents_p", "ents_r", "ents_f", "ents_per_type"):
        assert metrics[key] == theirs[key]
    run("evaluate", model, gold, "-o", tmp_path / "quick.json")
    quick = json.loads((tmp_path / "quick.json").read_text(encoding="utf-8"))
    for key in ("ents_f", "ents_counts", "token_table"):
        assert metrics[key] == quick[key]
    assert metrics["training"]["curve"]["rows"][0]["scores"] == {"ents_f": 0.5}
    assert metrics["slices"][0]["docs"] == 1 and metrics["slices"][0]["f"] == 1.0
    seen = {row["name"]: row["gold"] for row in metrics["recall"][-1]["rows"]}
    assert seen == {"same type in train": 1, "not in train": 3}
    measured = metrics["measured"]
    assert measured["system"]["kind"] == "pipeline" and measured["docs"] == 4
    assert measured["tokens"] == 20 and measured["longest_doc"] == 7 and measured["seconds"] > 0
    assert metrics["comparison"] is None and metrics["transitions"] is None
    kinds = {kind["kind"]: kind["errors"] for kind in metrics["errors"]["kinds"] if kind["errors"]}
    assert kinds == {"missed": 1, "spurious": 2}
    page = (output / "report.md").read_text(encoding="utf-8")
    assert page == render_markdown(metrics)
    assert page.startswith("# Rules\n\n**Strict entity F1: 66.67**")


def test_the_same_input_gives_the_same_metrics(tmp_path, model, gold):
    other = save(tmp_path / "other.spacy", THEIRS)
    found = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        run("report", model, gold, "-o", folder, "--compare", other)
        metrics = read(folder)
        assert metrics["measured"].pop("seconds") and metrics["measured"].pop("tokens_per_second")
        found.append(json.dumps(metrics))
    assert found[0] == found[1]


@pytest.mark.parametrize("columns", [False, True])
def test_predictions_of_any_system(tmp_path, columns):
    write = save_columns if columns else save
    suffix = "bio" if columns else "spacy"
    gold = write(tmp_path / f"gold.{suffix}", [spans for _, spans in TEXTS])
    ours = write(tmp_path / f"ours.{suffix}", OURS)
    theirs = write(tmp_path / f"theirs.{suffix}", THEIRS)
    run("report", ours, gold, "-o", tmp_path / "out", "--compare", theirs)
    metrics = read(tmp_path / "out")
    assert metrics["ents_counts"]["correct"] == 3 and metrics["ents_counts"]["predicted"] == 5
    comparison = metrics["comparison"]
    assert comparison["name"] == str(theirs) and comparison["correct"] == 2
    assert (comparison["total"]["wins"], comparison["total"]["losses"]) == (2, 1)
    assert metrics["measured"]["system"]["kind"] == "predictions"
    assert metrics["measured"]["seconds"] is None and metrics["training"]["performance"] is None
    (missed,) = (e for e in metrics["errors"]["examples"] if e["kind"] == "missed")
    assert missed["text"] == "柳州的杨柳绿了" and missed["compared"][0] == [0, 2, "LOC"]
    # In the file of columns 20 lines and 3 between them are before its end.
    assert (missed["file"], missed["line"]) == ((str(gold), 17) if columns else (None, None))


def test_files_of_two_formats(tmp_path):
    gold = save_columns(tmp_path / "gold.bio", [spans for _, spans in TEXTS])
    run("report", save(tmp_path / "ours.spacy", OURS), gold, "-o", tmp_path / "out")
    assert read(tmp_path / "out")["ents_counts"]["correct"] == 3


def test_docs_without_annotation_are_left_out(tmp_path, model):
    docs = [make_doc(*text) for text in TEXTS]
    bare = Doc(docs[0].vocab, words=list("长沙没有标注"), spaces=[False] * 6)
    DocBin(docs=[bare, *docs]).to_disk(tmp_path / "gold.spacy")
    answers = [make_doc("长沙没有标注", [(0, 2, "LOC")])]
    answers += [make_doc(doc.text, spans) for doc, spans in zip(docs, OURS, strict=True)]
    DocBin(docs=answers).to_disk(tmp_path / "ours.spacy")
    for system in (model, tmp_path / "ours.spacy"):
        ours = tmp_path / "ours.spacy"
        run("report", system, tmp_path / "gold.spacy", "-o", tmp_path / "out", "--compare", ours)
        metrics = read(tmp_path / "out")
        texts = {e["doc"]: e["text"] for e in metrics["errors"]["examples"]}
        assert texts == {2: "雨停了", 4: "柳州的杨柳绿了"}
        assert metrics["comparison"]["differing_docs"] == 0
        assert metrics["measured"]["docs"] == 4 and metrics["measured"]["tokens"] == 20
        assert metrics["measured"]["docs_without_annotation"] == 1
        assert metrics["ents_counts"]["predicted"] == 5


def test_slices_by_a_key(tmp_path, model):
    docs = [make_doc(*text) for text in TEXTS]
    for i, doc in enumerate(docs):
        doc.user_data["source"] = "news" if i else "web"
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "gold.spacy")
    run("report", model, tmp_path / "gold.spacy", "-o", tmp_path / "out", "--slice-by", "source")
    slices = read(tmp_path / "out")["slices"]
    assert [(row["name"], row["docs"]) for row in slices] == [
        ("source = news", 3), ("source = web", 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["none", "gold.spacy"], "Cannot load the pipeline 'none'"),
        (
            ["other.spacy", "gold.spacy"],
            "text 2 is not the gold's: '雪停了' where the gold has '雨停了'",
        ),
        (["few.spacy", "gold.spacy"], "few.spacy holds 3 texts, the gold 4"),
        (["model", "bare.spacy"], "bare.spacy holds no entity annotation"),
        (["model", "broken.spacy"], "broken.spacy is no .spacy file"),
        (["broken.bio", "gold.spacy"], "broken.bio, line 1"),
        (["model", "gold.spacy", "--slice", "雪"], "'雪' is not like NAME=REGEX"),
        (["model", "gold.spacy", "--slice", "a=("], "'(' is no regular expression"),
        (["model", "gold.spacy", "--slice", "a=1", "--slice", "a=2"], "'a' names two slices"),
        (["model", "gold.spacy", "--slice-by", "source"], "No doc has user_data['source']"),
        (["model", "gold.spacy", "--log", "broken.spacy"], "line 1: no training log"),
        (["model", "gold.spacy", "--compare", "few.spacy"], "few.spacy holds 3 texts"),
    ],
)
def test_what_cannot_be_reported(tmp_path, monkeypatch, model, gold, arguments, problem):
    monkeypatch.chdir(tmp_path)
    docs = [make_doc(*text) for text in TEXTS]
    DocBin(docs=docs[:3]).to_disk("few.spacy")
    DocBin(docs=[docs[0], make_doc("雪停了", []), *docs[2:]]).to_disk("other.spacy")
    DocBin(docs=[spacy.blank("zh")("没有标注")]).to_disk("bare.spacy")
    Path("broken.spacy").write_text("no binary", encoding="utf-8")
    Path("broken.bio").write_text("杨 I-PER\n柳 B-PER\n", encoding="utf-8")
    assert problem in words(run("report", *arguments, "-o", "out", code=1))
    assert not Path("out").exists()


def test_repair(tmp_path, gold):
    answers = save_columns(tmp_path / "ours.bio", OURS)
    text = answers.read_text(encoding="utf-8").replace("B-PER", "I-PER")
    answers.write_text(text, encoding="utf-8")
    assert "--repair" in words(run("report", answers, gold, "-o", tmp_path / "out", code=1))
    run("report", answers, gold, "-o", tmp_path / "out", "--repair")
    assert read(tmp_path / "out")["ents_counts"]["correct"] == 3


@pytest.mark.parametrize("package", ["nervaluate", "matplotlib"])
def test_a_missing_package_is_named(tmp_path, monkeypatch, model, gold, package):
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == package else name)
    printed = words(run("report", model, gold, "-o", tmp_path / "out", code=1))
    assert f"'{package}' is not installed" in printed and "spacy-balc[report]" in printed
    assert not (tmp_path / "out").exists()


def test_all_files_or_none(tmp_path, model, gold):
    output = tmp_path / "out"
    (output / "report.md").mkdir(parents=True)
    assert "Cannot write to" in words(run("report", model, gold, "-o", output, code=1))
    assert [path.name for path in output.iterdir()] == ["report.md"]
    (tmp_path / "file").write_text("", encoding="utf-8")
    run("report", model, gold, "-o", tmp_path / "file", code=2)
    assert "Cannot write" in words(run("report", model, gold, "-o", tmp_path / "file/out", code=1))


def test_a_pipeline_that_leaves_a_doc_out(tmp_path, gold, monkeypatch, model):
    def predict(*arguments):
        raise RuntimeError("the pipeline gave no answer for 1 of 4 docs")

    monkeypatch.setattr(command, "predict", predict)
    printed = words(run("report", model, gold, "-o", tmp_path / "out", code=1))
    assert "no answer for 1 of 4 docs" in printed


def test_the_transitions_are_those_of_the_crf():
    nlp = spacy.blank("zh")
    pipe = nlp.add_pipe("balc_ner", name="names", config=head(HASH_EMBED))
    assert command.crf_transitions(nlp) is None  # nothing learnt yet
    nlp.initialize(lambda: toy_examples(nlp))
    crf = pipe.model.shims[0].module.crf
    for i, parameter in enumerate((crf.start_transitions, crf.end_transitions, crf.transitions)):
        parameter.data.uniform_(i, i + 1)
    table = command.crf_transitions(nlp)
    assert table["component"] == "names"
    assert table["tags"] == ["O"] + [f"{b}-{label}" for label in pipe.labels for b in "BI"]
    assert table["start"][1] == crf.start_transitions[1].item() and table["start"][2] is None
    assert table["end"] == crf.end_transitions.tolist()
    assert table["matrix"][1][2] == crf.transitions[1, 2].item() and table["matrix"][0][2] is None

    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED, crf=False))
    nlp.initialize(lambda: toy_examples(nlp))
    assert command.crf_transitions(nlp) is None
    assert command.crf_transitions(None) is None


def test_performance_is_that_of_the_meta():
    nlp = spacy.blank("zh")
    assert command.performance(nlp) is None
    nlp.meta["performance"] = {"ents_f": 0.5, "ents_per_type": {"A": {}}, "speed": 3.0}
    assert command.performance(nlp) == {"ents_f": 0.5}


def test_the_log_of_another_run_is_told(tmp_path, gold):
    nlp = rules(LOC=["长沙"])
    nlp.meta["performance"] = {"ents_f": 0.625, "ents_r": 0.5, "ents_per_type": {}}
    nlp.to_disk(tmp_path / "model")
    rows = [
        {"epoch": 0, "step": step, "losses": {}, "scores": {"ents_f": f}, "score": f / 100}
        for step, f in ((10, 31.25), (20, 62.5))
    ]
    log = tmp_path / "log.jsonl"
    arguments = ["report", tmp_path / "model", gold, "-o", tmp_path / "out", "--log", log]
    log.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert "is not the log of" not in words(run(*arguments))
    assert read(tmp_path / "out")["training"]["performance"] == {"ents_f": 0.625, "ents_r": 0.5}
    log.write_text(json.dumps(rows[0]), encoding="utf-8")
    assert "is not the log of" in words(run(*arguments))


# Tables and Markdown


@pytest.fixture
def metrics(tmp_path, gold) -> dict:
    other = save(tmp_path / "theirs.spacy", THEIRS)
    ours = save(tmp_path / "ours.spacy", OURS)
    run("report", ours, gold, "-o", tmp_path / "out", "--compare", other, "--slice", "x|y=雪|雨")
    return read(tmp_path / "out")


def test_the_page_cannot_be_taken_for_the_token_table(metrics):
    page = render_markdown(metrics)
    strict = f"**Strict entity F1: {percent(metrics['ents_f'])}**"
    average = metrics["token_table"]["average_with_O_not_an_entity_score"]["f1-score"]
    share = percent(metrics["token_table"]["share_of_O"])
    assert page.index(strict) < page.index("## Single tokens: not an entity score")
    section = page[page.index("## Single tokens") :]
    assert f"{share} % of the tokens are `O`" in section
    assert f"shows {percent(average)} where the strict entity F1 is" in section
    assert f"**{percent(metrics['ents_f'])}**" in section
    assert section.index(percent(metrics["ents_f"])) < section.index("| O |")
    assert token_tags_table(metrics).markdown() in section
    assert percent(average) not in page[: page.index("## Single tokens")]


def test_the_page_says_which_type_is_worst_and_why(metrics):
    assert metrics["worst"] == {
        "type": "PER", "f": 2 * 0.5 / 1.5, "kinds": [{"kind": "spurious", "errors": 1}]
    }  # fmt: skip
    page = render_markdown(metrics)
    assert "Lowest F1: **PER**, 66.67. Its errors: spurious (1)." in page
    assert "gold       [柳州]LOC的杨柳绿了" in page and "predicted  柳州的[杨柳]PER绿了" in page
    assert "other      [柳州]LOC的[杨柳]PER绿了" in page
    assert f"## Compared with {metrics['comparison']['name']}" in page
    assert "| x\\|y |" in page


def test_pages_of_little(metrics, tmp_path, gold):
    perfect = save(tmp_path / "perfect.spacy")
    run("report", perfect, gold, "-o", tmp_path / "perfect")
    page = (tmp_path / "perfect" / "report.md").read_text(encoding="utf-8")
    assert "**Strict entity F1: 100.00**" in page and "## Errors\n\nThere are none." in page
    assert "## Examples" not in page and "## Slices" not in page and "## Compared" not in page
    nothing = tmp_path / "nothing.spacy"
    DocBin(docs=[make_doc("雨停了", [])]).to_disk(nothing)
    run("report", nothing, nothing, "-o", tmp_path / "nothing")
    page = (tmp_path / "nothing" / "report.md").read_text(encoding="utf-8")
    assert "**Strict entity F1: -**" in page and "## Recall" not in page
    run("report", perfect, gold, "-o", tmp_path / "perfect", "--examples", 0)
    incomplete = copy.deepcopy(metrics)
    del incomplete["ents_counts"]
    with pytest.raises(KeyError, match="ents_counts"):
        render_markdown(incomplete)


def test_marked_text_stays_in_its_line_and_its_fence(metrics):
    assert marked("a\nb\tc", [[0, 1, "X"], [2, 5, "Y"]]) == "[a]X⏎[b c]Y"
    for example in metrics["errors"]["examples"]:
        example.update(text="````\n# x", gold=[], predicted=[], compared=[])
    page = render_markdown(metrics)
    assert "`````text\n" in page and "\n````\n" not in page


def test_tables(metrics):
    table = entity_table(metrics)
    assert table.header[:3] == ["entities", "F1", "F1, 95% interval"]
    assert [row[0] for row in table.rows] == ["LOC", "ORG", "PER", "all"]
    assert table.rows[0][1] == "80.00" and table.rows[0][3:] == ["100.00", "66.67", "3", "2", "2"]
    del metrics["intervals"]
    assert entity_table(metrics).rows[3] == ["all", "66.67", "60.00", "75.00", "4", "5", "3"]
    assert [row[0] for row in token_tags_table(metrics).rows] == [
        "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER", "O", "avg / total"
    ]  # fmt: skip


def test_a_table_looks_the_same_in_both_forms():
    table = Table(["tag", "support"], [["B-Q|R", "1,234"], ["O", "5"]])
    assert table.markdown().split("\n") == [
        "| tag | support |",
        "| --- | ---: |",
        "| B-Q\\|R | 1,234 |",
        "| O | 5 |",
    ]
    lines = [line.split() for line in table.terminal().strip().split("\n")]
    assert lines[0] == ["tag", "support"] and lines[2:] == [["B-Q|R", "1,234"], ["O", "5"]]
