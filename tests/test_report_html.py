"""The page of a report: it is whole, needs no network and is safe from its data."""

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.report import tables
from spacy_balc.report.html import render_html
from spacy_balc.report.plots import confusion_plot, types_plot
from spacy_balc.report.sentences import BREAKS, Sentences, visible

from .report_metrics import DATA, EVIL, accepted, evil_data, make_metrics

for package in ("nervaluate", "matplotlib"):
    pytest.importorskip(package)


class Page(HTMLParser):
    """Elements, links, ids, tables and all text of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.elements, self.tables, self.stack = [], {}, []
        self.text, self.raw, self.cell, self.caption = "", "", None, None
        self.feed(page)
        self.close()
        self.ids = [value for _, attrs in self.elements for n, value in attrs if n == "id"]
        self.links = [value for _, attrs in self.elements for n, value in attrs if n == "href"]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, attrs))
        self.stack.append(tag)
        if tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.tables.setdefault(self.caption, []).append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            pass
        if tag in ("td", "th"):
            self.tables[self.caption][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.stack and self.stack[-1] in ("script", "style"):
            self.raw += data
            return
        self.text += data
        if self.cell is not None:
            self.cell += data
        elif self.stack and self.stack[-1] == "caption":
            self.caption += data


@pytest.fixture(scope="module")
def metrics():
    return make_metrics()


@pytest.fixture(scope="module")
def page(metrics):
    return render_html(metrics)


def assert_self_contained(page: str) -> None:
    read = Page(page)
    for tag, attrs in read.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "image", "audio"}
        for name, value in attrs:
            assert name not in {
                "src",
                "srcset",
                "action",
                "data",
                "poster",
                "ping",
                "xmlns",
                "target",
            }
            assert not name.startswith("on")
            if name in ("href", "xlink:href"):
                assert re.fullmatch(r"#[\w-]+", value)
            elif name == "style":
                assert "url(" not in value.replace("url(#", "") and "@import" not in value
    assert not re.search(r"https?:|url\(|@import|fetch|XMLHttp|import\(|eval\(", read.raw)
    ids = read.ids
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in read.links} <= set(ids)
    used = set(re.findall(r"url\(#([\w-]+)\)", page))
    assert used <= set(ids)


def test_needs_nothing_from_outside(page):
    assert_self_contained(page)
    assert Page(page).links and "url(#" in page  # without any, nothing was checked of them
    assert page.startswith("<!DOCTYPE html>")
    ((_, policy),) = [
        (attrs["http-equiv"], attrs["content"])
        for tag, attrs in ((tag, dict(attrs)) for tag, attrs in Page(page).elements)
        if tag == "meta" and "http-equiv" in attrs
    ]
    (script,) = re.findall("<script>(.*)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}'" in policy


def test_says_every_figure(metrics, page):
    read = Page(page)
    captions = {
        "Strict entity scores by type": tables.entity_table(metrics),
        "Errors by kind and type": tables.kinds_table(metrics),
        "Gold type by predicted type": tables.confusion_table(metrics),
        "Strict scores of parts of the docs": tables.slices_table(metrics),
        "Two systems by type": tables.comparison_table(metrics),
        "Partial, exact and type matching": tables.matching_table(metrics),
        "Scores of single tokens, not of entities": tables.token_tags_table(metrics),
        **{f"Recall: {p['title']}": tables.recall_table(p) for p in metrics["recall"]},
    }
    for caption, table in captions.items():
        shown = [row[: len(table.header)] for row in read.tables.pop(caption)]
        assert shown == [table.header, *table.rows], caption
    curve = read.tables.pop("Training curve")
    assert curve[-1] == ["80", "4", "0.8000", "5.50", "80.00", "1,234"]
    transitions, scores = read.tables.pop("Transition scores of the CRF"), metrics["transitions"]
    assert transitions[2][1:-1] == [
        "" if value is None else f"{value:+.2f}" for value in scores["matrix"][0]
    ]
    assert transitions[1][-1] == "" and transitions[2][-1] == f"{scores['end'][0]:+.2f}"
    assert not read.tables
    assert f"Strict entity F1 {tables.percent(metrics['ents_f'])}" in words(read.text)


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_token_average_comes_late_and_says_what_it_is(metrics, page):
    text = words(Page(page).text)
    average = metrics["token_table"]["average_with_O_not_an_entity_score"]["f1-score"]
    assert f"its F1 shows {tables.percent(average)} where the strict entity F1 is" in text
    assert text.index("Single tokens: not an entity score") > text.index("How it was measured")


def test_where_it_fails(metrics, page):
    text, worst = words(Page(page).text), metrics["worst"]
    part = text[text.index("Where it fails The worst") : text.index("Kinds of error and confusion")]
    assert f"The worst type is {worst['type']} with a strict F1 of" in part
    assert worst["kinds"]
    for row in worst["kinds"][:4]:
        assert re.search(rf"\b{row['errors']} \(\d+%\): {row['kind']}, ", part)
    assert f"Recall of {worst['type']} by whether the training data has the string" in part
    named = [e for e in metrics["errors"]["examples"] if e["type"] == worst["type"]]
    ids = re.findall(r'<a href="#e(\d+)"', page)
    assert sorted(map(int, ids)) == sorted(e["id"] for e in named)[:10]


def test_ten_sentences_of_the_worst_type():
    twice = [(0, 4, "LOC"), (4, 8, "LOC")], [(0, 2, "LOC"), (4, 6, "LOC")], []
    data = [("河西走廊河西走廊", *twice) for _ in range(10)]
    data += [("高原", [(0, 2, "LOC")], [], []), ("雨停了", [], [(0, 1, "LOC")], [])]
    found = make_metrics(data, compare=False)
    ten = Sentences(found["errors"], ["LOC"]).ten_of("LOC", ["too short", "missed", "spurious"])
    assert len(ten) == 10 and len({e["doc"] for e in ten}) == 10
    assert [e["kind"] for e in ten[:4]] == ["too short", "missed", "spurious", "too short"]
    assert "Ten errors of LOC" in render_html(found)


def test_counts_lead_to_their_sentences(metrics, page):
    sentences = Sentences(metrics["errors"], metrics["confusion"]["types"])
    for row in metrics["errors"]["counts"]:
        key = sentences.link(row["kind"], row["type"])[1:]
        assert len(accepted(metrics, key)) == row["errors"] == row["shown"]
        assert f'href="#{key}">{row["errors"]}</a>' in page
    counts, types = metrics["confusion"]["counts"], metrics["confusion"]["types"]
    cells = re.findall(
        r'href="#([\w-]+)" aria-label="gold ([^,]+), predicted ([^:]+): (\d+)"', page
    )
    assert len(cells) == sum(map(bool, sum(counts, []))) - sum(
        counts[i][i] > 0 for i in range(len(types))
    )
    for key, gold, predicted, number in cells:
        found = accepted(metrics, key)
        assert all(gold in e["gold_types"] or gold not in types for e in found)
        assert all(predicted in e["predicted_types"] or predicted not in types for e in found)
        if "other span" not in (gold, predicted):
            assert len(found) == int(number)
        else:
            assert 0 < len(found) <= int(number)
    # An entity that overlaps a prediction of another span is part of one of several kinds.
    linked = 0
    for label in types:
        for side, rows in (("gold", counts), ("predicted", list(zip(*counts)))):
            key = sentences.link("boundary", **{side: label})
            assert (key is not None) == (rows[types.index(label)][-2] > 0)
            assert key is None or f'<a href="{key}" aria-label="gold ' in page
            linked += key is not None
    assert linked  # without any, nothing was checked of the page
    assert sentences.link("shifted", "LOC") is None


def test_counts_beyond_the_limit_say_so(metrics, page):
    assert "listed</small>" not in page  # the others do not
    changed = json.loads(json.dumps(metrics))
    changed["errors"]["counts"][0]["errors"] += 90
    changed["errors"]["total"] += 90
    shown = changed["errors"]["counts"][0]["shown"]
    assert f"<small>{shown} listed</small>" in render_html(changed)


RENDER = """
import json, sys
from spacy_balc.report.html import render_html
sys.stdout.buffer.write(render_html(json.load(sys.stdin)).encode())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_metrics_give_the_same_page(metrics, page, hash_seed):
    assert render_html(metrics) == page
    # Elsewhere too, where sets have another order.
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    given = json.dumps(metrics).encode()
    command = [sys.executable, "-c", RENDER]
    elsewhere = subprocess.run(command, input=given, env=environment, capture_output=True)
    assert elsewhere.returncode == 0, elsewhere.stderr.decode()
    assert elsewhere.stdout.decode() == page


def test_data_cannot_leave_its_place():
    evil = " ".join(EVIL)
    found = make_metrics(evil_data(), labels=sorted(EVIL), title=evil)
    found["comparison"]["name"] = found["training"]["curve"]["log"] = evil
    found["measured"]["system"] |= {"name": evil, "lang": evil, "components": [evil]}
    for example in found["errors"]["examples"]:
        example["file"] = evil
    page = render_html(found)
    assert_self_contained(page)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u2028-\u202e\u2066-\u2069]", page)
    read = Page(page)
    tags = [tag for tag, _ in read.elements]
    assert tags.count("script") == tags.count("style") == 1
    text = words(read.text)
    for number, evil in enumerate(EVIL):
        assert text.count(words(visible(evil))) > 3, number
    assert text.count("line⏎break⏎⏎here河西") > 3
    assert "a[U+202E]b[U+2066]c[U+200B]d" in text and "nul[U+0000] esc[U+001B]" in text


@pytest.mark.parametrize("data", [[row[:2] + (row[1], row[1]) for row in DATA], [DATA[4]]])
def test_no_errors_and_no_gold(data):
    found = make_metrics(data)
    found["comparison"] = found["transitions"] = None
    found["training"] = {"curve": None, "performance": None}
    found["slices"] = []
    found["measured"]["train"] = found["measured"]["seconds"] = None
    found["measured"]["system"] |= {"kind": "predictions", "lang": None, "components": None}
    page = render_html(found)
    assert_self_contained(page)
    wrong = found["errors"]["total"]
    assert ("There are no errors." in page) == (not wrong)
    assert ("No type of the gold has errors" in page) == bool(wrong)


def test_nothing_at_all():
    found = make_metrics([("雨停了", [], [], [])])
    page = render_html(found)
    assert found["ents_f"] is None and '<strong id="f1">-</strong>' in page
    assert_self_contained(page)


def test_a_type_that_only_the_system_has():
    data = [("河西走廊", [(0, 4, "LOC")], [(0, 4, "GPE")], [])] * 3
    found = make_metrics([*data, ("雨", [], [(0, 1, "GPE")], [])], compare=False)
    page = render_html(found)
    (row,) = (r for r in Page(page).tables["Strict entity scores by type"] if r[0] == "GPE")
    assert row[-1] == "4 wrong predictions, not in the gold"
    assert found["worst"]["type"] == "LOC" and "LOC 0.00 (" in page and "GPE 0.00 (" not in page


def test_many_types(page):
    labels = [f"类型{number:02}" for number in range(40)]
    data = [("河西走廊", [(0, 4, a)], [(0, 4, b)], []) for a, b in zip(labels, labels[1:])]
    many, plot = render_html(make_metrics(data, labels)), "Confusion of types</title>"
    assert_self_contained(many)
    assert "类型39" in many and plot not in many
    assert plot in page  # the plot is called so where it is drawn


def test_names_in_plots_are_text_whatever_they_are(metrics):
    confusion = {
        "types": ["地名$x$", "_人\x00"],
        "rows": ["地名$x$", "_人\x00", "other span", "spurious"],
        "columns": ["地名$x$", "_人\x00", "other span", "missed"],
        "counts": [[5, 1, 0, 0], [0, 3, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]],
    }
    svg = confusion_plot(confusion, lambda i, j: f"#f-{i}{j}" if i != j else None)
    # A row's name and a column's, as they are drawn: links are labelled with both names too.
    for name in ("地名$x$", "_人[U+0000]"):
        assert svg.count(f">{name}</text>") == 2
    assert svg.count("<a ") == 2
    assert "#0" not in svg.replace("#f-0", "") and "DejaVu" not in svg and "xmlns" not in svg
    assert "var(--good)" in svg and "var(--bad)" in svg
    assert f">{tables.percent(metrics['ents_f'])}</text>" in types_plot(metrics)


def test_without_matplotlib(metrics, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'spacy-balc\[report\]'"):
        render_html(metrics)


SENTENCES = Sentences({"examples": [], "kinds": []}, [])
SPANS = st.lists(st.integers(0, 30), min_size=2, max_size=6, unique=True).map(sorted)


@given(st.text(min_size=1, max_size=30), SPANS, st.text(min_size=1, max_size=5))
def test_a_sentence_is_shown_whole(text, cuts, label):
    cuts = [cut for cut in cuts if cut <= len(text)]
    spans = [[a, b, label] for a, b in zip(cuts[::2], cuts[1::2])]
    example = {"text": text, "gold": spans, "predicted": [], "focus": [0, len(text)]}
    rows = SENTENCES.rows(example)
    shown = [re.sub("<b>.*?</b>", "", html) for _, html in rows]
    for html in shown:
        assert Page(re.sub("<mark[^>]*>|</mark>", "", html)).text == text.translate(BREAKS)
    assert shown[0].count("<mark") == len(spans)
    assert "".join(re.findall("<b>(.*?)</b>", rows[0][1])).count("✗") >= len(spans)


def test_the_place_of_what_is_missing(metrics):
    sentences = Sentences(metrics["errors"], metrics["confusion"]["types"])
    (missed, *_), (spurious, *_) = (
        [e for e in metrics["errors"]["examples"] if e["kind"] == kind]
        for kind in ("missed", "spurious")
    )
    gold, predicted, other = (html for _, html in sentences.rows(missed))
    assert 'wrong here">长沙<b>LOC ✗</b>' in gold
    assert '<mark class="gap here">长沙<b>no entity</b>' in predicted and "gap" not in other
    gold, predicted, _ = (html for _, html in sentences.rows(spurious))
    assert '<mark class="gap here">雨<b>no entity</b>' in gold and "gap" not in predicted
