"""`balc report` on input that is odd but allowed, and on input that would mislead a reader."""

import json
import os
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import DummyTokenizer

import spacy_balc.cli.report as command
from spacy_balc.report.errors import confusion, find_mistakes
from spacy_balc.report.html import render_html
from spacy_balc.report.markdown import render_markdown

from .commands import rules, run, words
from .conftest import HASH_EMBED, head, toy_examples
from .report_metrics import make_metrics
from .spans import VOCAB, make_doc

TEXT = "杨柳回到长沙"
GOLD = [(0, 2, "PER"), (4, 6, "LOC")]


def save(path: Path, *docs: tuple[str, list]) -> Path:
    DocBin(docs=[make_doc(*doc) for doc in docs]).to_disk(path)
    return path


def report(folder: Path, ours: list, gold: list, *arguments: object) -> dict:
    """metrics.json of a report on predictions, after a look at what all three files have to be."""
    system, data = (
        save(folder / f"{name}.spacy", *docs) for name, docs in (("ours", ours), ("gold", gold))
    )
    run("report", system, data, "-o", folder / "out", *arguments)
    return checked(folder / "out")


def checked(output: Path) -> dict:
    """metrics.json, from which both pages follow."""
    text = {path.name: path.read_text(encoding="utf-8") for path in output.iterdir()}
    metrics = json.loads(text["metrics.json"])
    assert text["report.md"] == render_markdown(metrics)
    assert text["report.html"] == render_html(metrics)
    return metrics


@pytest.mark.parametrize(
    "ours, gold, figures",
    [
        ([], [], (None, None, None)),
        ([], GOLD, (0.0, 0.0, 0.0)),
        (GOLD, [], (0.0, 0.0, 0.0)),
        (GOLD, GOLD, (1.0, 1.0, 1.0)),
        ([(0, 2, "GPE"), (4, 6, "LOC")], GOLD, (0.5, 0.5, 0.5)),
    ],
)
def test_one_doc(tmp_path, ours, gold, figures):
    other = save(tmp_path / "other.spacy", (TEXT, GOLD))
    metrics = report(tmp_path, [(TEXT, ours)], [(TEXT, gold)], "--compare", other)
    assert tuple(metrics[f"ents_{key}"] for key in "prf") == figures
    # One doc says nothing of how much others would differ.
    assert set(metrics["intervals"]["overall"].values()) == {None}
    assert metrics["comparison"]["difference"]["interval"] is None
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "(95% interval -;" in page and "(95% interval -)" in page


def test_docs_of_one_token_and_the_same_text_twice(tmp_path):
    docs = [("京", [(0, 1, "LOC")]), ("雨", []), ("京", [(0, 1, "LOC")]), ("京", [])]
    ours = [("京", [(0, 1, "LOC")]), ("雨", []), ("京", []), ("京", [(0, 1, "LOC")])]
    metrics = report(tmp_path, ours, docs)
    assert metrics["ents_counts"] == {
        "gold": 2, "predicted": 2, "correct": 1,
        "per_type": {"LOC": {"gold": 2, "predicted": 2, "correct": 1}},
    }  # fmt: skip
    assert [(e["kind"], e["doc"]) for e in metrics["errors"]["examples"]] == [
        ("missed", 2), ("spurious", 3)
    ]  # fmt: skip


def test_an_error_far_into_a_long_doc(tmp_path):
    text = "雨" * 1_400 + "长沙" + "雪" * 600
    metrics = report(tmp_path, [(text, [])], [(text, [(1_400, 1_402, "LOC")])])
    (error,) = metrics["errors"]["examples"]
    assert error["offset"] == 1_320 and error["text"] == "雨" * 80 + "长沙" + "雪" * 80
    assert error["cut_left"] and error["cut_right"]


def test_two_hundred_types(tmp_path):
    labels = [f"type-{number:03}" for number in range(200)]
    text = "京" * 200
    gold = [(i, i + 1, label) for i, label in enumerate(labels)]
    ours = [(i, i + 1, label) for i, label in enumerate(labels[1:] + labels[:1])]
    data, system = (
        save(tmp_path / f"{n}.spacy", (text, spans)) for n, spans in (("gold", gold), ("a", ours))
    )
    run("report", system, data, "-o", tmp_path / "out")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert len(metrics["confusion"]["types"]) == 200 and metrics["errors"]["total"] == 200
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="error"') == 200 and len(page) < 6_000_000


def test_types_called_like_the_rows_beside_them(tmp_path):
    names = ["missed", "spurious", "other span", "all", "O"]
    text = "东西南北中"
    gold = [(i, i + 1, name) for i, name in enumerate(names)]
    ours = [(0, 1, "spurious"), (1, 2, "spurious"), (2, 4, "other span")]
    table = confusion([gold], [list(find_mistakes(gold, ours))])
    types = sorted(names)
    assert table["types"] == types
    for i, name in enumerate(types):
        assert sum(table["counts"][i]) == sum(e[2] == name for e in gold)
        assert sum(row[i] for row in table["counts"]) == sum(e[2] == name for e in ours)
    at = types.index
    other_span, nothing = len(types), len(types) + 1
    assert table["counts"][at("missed")][at("spurious")] == 1
    assert table["counts"][at("missed")][nothing] == 0
    assert table["counts"][at("O")][nothing] == 1
    assert table["counts"][at("other span")][other_span] == 1
    assert table["counts"][other_span][at("other span")] == 1
    assert table["counts"][nothing] == [0] * 7
    metrics = report(tmp_path, [(text, ours)], [(text, gold)])
    assert metrics["confusion"] == table
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    row = next(line for line in page.split("\n") if line.startswith("| gold"))
    assert row.count("missed") == 2 and "| (missed) |" in row


def test_markup_in_labels_and_names_stays_text_in_markdown(tmp_path):
    label = "a|b\n<b>`*x*"
    metrics = report(tmp_path, [("京", [])], [("京", [(0, 1, label)])], "--title", "two\n# lines")
    assert metrics["confusion"]["types"] == [label]
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert page.startswith("# two # lines\n")
    assert "| a\\|b \\<b>\\`\\*x\\* | 0.00 |" in page
    tables = [line for line in page.split("\n") if line.startswith("|")]
    assert not [line for line in tables if not line.endswith("|")]


def test_a_name_that_is_no_utf_8(tmp_path):
    save(tmp_path / "gold.spacy", (TEXT, GOLD))
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.spacy")
    try:
        (tmp_path / "gold.spacy").rename(odd)
    except OSError:
        pytest.skip("the file system takes no such name")
    run("report", odd, odd, "-o", tmp_path / "out")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["measured"]["gold"]["name"] == odd


def test_predictions_in_another_order(tmp_path):
    docs = [(TEXT, GOLD), ("雨停了", [])]
    ours, gold = save(tmp_path / "a.spacy", *docs[::-1]), save(tmp_path / "b.spacy", *docs)
    printed = words(run("report", ours, gold, "-o", tmp_path / "out", code=1))
    assert "text 1 is not the gold's" in printed and "in their order" in printed


def test_predictions_on_other_tokens_are_compared_by_character(tmp_path):
    gold = Doc(VOCAB, words=["New", "York", "snow"], spaces=[True, True, False])
    gold.set_ents([Span(gold, 0, 2, "LOC")], default="outside")
    DocBin(docs=[gold]).to_disk(tmp_path / "gold.spacy")
    line = {"text": "New York snow", "entities": [[0, 8, "LOC"], [9, 11, "X"]]}
    ours = tmp_path / "ours.jsonl"
    ours.write_text(json.dumps(line) + "\n", encoding="utf-8")
    run("report", ours, tmp_path / "gold.spacy", "-o", tmp_path / "out", "--lang", "en")
    metrics = checked(tmp_path / "out")
    assert metrics["ents_counts"]["correct"] == 1 and metrics["ents_counts"]["predicted"] == 2
    assert metrics["errors"]["examples"][0]["predicted"] == [[0, 8, "LOC"], [9, 11, "X"]]


def test_predictions_that_overlap(tmp_path):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    line = {"text": TEXT, "entities": [[0, 2, "PER"], [0, 1, "PER"]]}
    ours = tmp_path / "ours.jsonl"
    ours.write_text(json.dumps(line) + "\n", encoding="utf-8")
    arguments = ("report", ours, gold, "-o", tmp_path / "out")
    printed = words(run(*arguments, code=1))
    assert "ours.jsonl, line 1" in printed and "PER 0-1 overlaps PER 0-2" in printed
    assert "--repair" in printed and not (tmp_path / "out").exists()
    run(*arguments, "--repair")
    assert checked(tmp_path / "out")["ents_counts"]["predicted"] == 1


def test_training_data_without_entities_is_refused(tmp_path):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    train = save(tmp_path / "train.spacy", ("雨停了", []))
    printed = words(run("report", gold, gold, "-o", tmp_path / "out", "--train", train, code=1))
    assert "train.spacy" in printed and "no entity" in printed
    assert not (tmp_path / "out").exists()


def test_a_slice_that_matches_nothing(tmp_path):
    metrics = report(tmp_path, [(TEXT, GOLD)], [(TEXT, GOLD)], "--slice", "none=xyz")
    (part,) = metrics["slices"]
    assert (part["docs"], part["gold"], part["f"]) == (0, 0, None)
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| none | - | - | - | 0 | 0 | 0 | 0 |" in page


def log_of(path: Path, **scores: float) -> Path:
    row = {"epoch": 0, "step": 9, "losses": {}, "scores": scores, "score": 0.5}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def test_the_page_says_that_a_log_is_of_another_run(tmp_path):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    nlp = rules(LOC=["长沙"])
    nlp.meta["performance"] = {"ents_f": 0.5, "ents_r": 0.25}
    nlp.to_disk(tmp_path / "model")
    arguments = ["report", tmp_path / "model", gold, "-o", tmp_path / "out", "--log"]
    found = {}
    for name, scores in {
        "same": {"ents_f": 50.0, "ents_r": 25.0},
        "other": {"ents_f": 60.0, "ents_r": 25.0},
        "tagger": {"tag_acc": 50.0},  # has none of the scores that could agree
    }.items():
        printed = words(run(*arguments, log_of(tmp_path / f"{name}.jsonl", **scores)))
        found[name] = checked(tmp_path / "out")["training"]["curve"]["of_system"]
        said = "this is the log of another training"
        page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        markdown = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
        assert (said in page) == (said in markdown) == (not found[name])
        assert ("is not the log of" in printed) == (not found[name])
    assert found == {"same": True, "other": False, "tagger": False}


def test_an_empty_log_is_refused(tmp_path):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    log = tmp_path / "log.jsonl"
    log.write_text("", encoding="utf-8")
    printed = words(run("report", gold, gold, "-o", tmp_path / "out", "--log", log, code=1))
    assert "log.jsonl: the log holds no evaluation" in printed


def test_files_of_others_stay(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "out" / "report.md").write_text("old", encoding="utf-8")
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    run("report", gold, gold, "-o", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["metrics.json", "notes.txt", "report.html", "report.md"]
    assert (tmp_path / "out" / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "out" / "report.md").read_text(encoding="utf-8") != "old"


def test_a_crash_leaves_no_file_behind(tmp_path, monkeypatch):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    move, moved = os.replace, []

    def replace(source, target):
        moved.append(Path(target).name)
        if len(moved) == 3:
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr(command.os, "replace", replace)
    run("report", gold, gold, "-o", tmp_path / "out", code=130)
    # Who finds metrics.json finds it with its pages.
    assert moved == ["report.md", "report.html", "metrics.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == moved[1::-1]


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    gold = save(tmp_path / "gold.spacy", (TEXT, GOLD))
    monkeypatch.setattr(command, "read_docs", lambda *arguments, **options: pytest.fail("read"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    for output in (tmp_path / "file" / "out", tmp_path / "file" / "a" / "b"):
        printed = words(run("report", gold, gold, "-o", output, code=1))
        assert "Cannot write to" in printed and "is no folder" in printed


def test_a_pipeline_of_spacys_ner_and_one_of_two_recognisers(tmp_path):
    texts = [(TEXT, GOLD), ("长沙下雪", [(0, 2, "LOC")])]
    gold = save(tmp_path / "gold.spacy", *texts)
    for name in ("ner", "two"):
        nlp = spacy.blank("zh")
        if name == "ner":
            nlp.add_pipe("ner", config={"model": {"tok2vec": HASH_EMBED}})
        else:
            nlp.add_pipe("balc_ner", name="first", config=head(HASH_EMBED))
            nlp.add_pipe("balc_ner", name="second", config=head(HASH_EMBED))
        nlp.initialize(lambda nlp=nlp: toy_examples(nlp))
        nlp.to_disk(tmp_path / name)
        run("report", tmp_path / name, gold, "-o", tmp_path / f"{name}-report")
        metrics = checked(tmp_path / f"{name}-report")
        component = metrics["transitions"] and metrics["transitions"]["component"]
        assert component == {"ner": None, "two": "first"}[name]
        docs = [make_doc(*text) for text in texts]
        blank = [Doc(nlp.vocab, [t.text for t in doc], [False] * len(doc)) for doc in docs]
        theirs = nlp.evaluate([Example(*pair) for pair in zip(blank, docs, strict=True)])
        assert metrics["ents_f"] == theirs["ents_f"]


def test_lang_is_taken_for_a_pipeline_too(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "长沙"}])
    nlp.to_disk(tmp_path / "model")
    gold = tmp_path / "gold.bio"
    gold.write_text("长沙 B-LOC\n下 O\n雪 O\n", encoding="utf-8")
    for lang, texts in ((), "长沙 下 雪 "), (("--lang", "zh"), "长沙下雪"):
        arguments = ("--slice", f"all=^{texts}$")
        run("report", tmp_path / "model", gold, "-o", tmp_path / "out", *arguments, *lang)
        assert checked(tmp_path / "out")["slices"][0]["docs"] == 1


class Splitter(DummyTokenizer):
    """Forgets how many spaces stand between words."""

    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        return Doc(self.vocab, words=text.split())


def test_a_tokenizer_that_changes_the_text_is_refused(tmp_path):
    spacy.registry.tokenizers("test_report_splitter", func=lambda: lambda nlp: Splitter(nlp.vocab))
    tokenizer = {"@tokenizers": "test_report_splitter"}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "长沙"}])
    nlp.to_disk(tmp_path / "model")
    gold = save(tmp_path / "gold.spacy", ("长沙  下雪", [(0, 2, "LOC")]))
    for arguments in (("evaluate",), ("report", "-o", tmp_path / "out")):
        arguments = (*arguments, tmp_path / "model", gold)
        assert "tokenizer changes the text" in words(run(*arguments, "--retokenize", code=1))
        run(*arguments)


def test_what_user_data_holds_does_not_matter(tmp_path):
    doc = make_doc(TEXT, GOLD)
    doc.user_data.update(file={"a": 1}, line="three")
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "gold.spacy")
    ours = save(tmp_path / "ours.spacy", (TEXT, []))
    run("report", ours, tmp_path / "gold.spacy", "-o", tmp_path / "out")
    error = checked(tmp_path / "out")["errors"]["examples"][0]
    assert (error["file"], error["line"]) == (None, None)


def test_headings_promise_what_is_there():
    few = make_metrics([("高原", [(0, 2, "LOC")], [], [])] * 2, compare=False)
    page = render_html(few)
    assert "ten such sentences" not in page and "shows 2 such sentences" in page
    many = make_metrics([("高原", [(0, 2, "LOC")], [], [])] * 12)
    page = render_html(many)
    assert "shows ten such sentences" in page
    assert "of the docs they answer differently" not in page
