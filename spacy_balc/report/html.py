"""report.html: the metrics of a report as one page that needs no network, F1 first."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import plots
from .markdown import OTHER_LOG
from .sentences import BOUNDARY, Sentences, gist, visible
from .tables import (
    Table,
    comparison_table,
    confusion_table,
    entity_table,
    interval,
    kinds_table,
    matching_table,
    percent,
    points,
    recall_table,
    slices_table,
    token_tags_table,
)

FOLDER = Path(__file__).parent
MOST_TYPES = 30  # a heat map of more is too wide to read; its table stays


class Cell(NamedTuple):
    """Text of a table's cell, the fragment it leads to, and a note beside it."""

    text: str
    href: str | None = None
    note: str = ""


class Cells(NamedTuple):
    """A table whose cells may be links."""

    header: list[str]
    rows: list[list[Cell]]


def render_html(metrics: dict[str, Any]) -> str:
    """The whole page. metrics: as docs/report.md describes metrics.json; KeyError for less.

    Raises ImportError, with the remedy, where matplotlib is missing.
    """
    sentences = Sentences(metrics["errors"], metrics["confusion"]["types"])
    lang = metrics["measured"]["system"]["lang"]
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    context = {
        "m": metrics,
        "sentences": sentences,
        "language": Markup(' lang="{}"').format(lang) if lang else "",
        "level": f"{metrics['intervals']['level']:.0%}",
        "style": Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        "script_hash": f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        "types": _types(metrics, sentences),
        "types_plot": metrics["ents_per_type"] and Markup(plots.types_plot(metrics)),
        "kinds": _kinds(metrics, sentences),
        **_failings(metrics, sentences),
        **_confusion(metrics, sentences),
        "recall": [
            {"title": part["title"], "svg": Markup(plots.recall_plot(part))}
            | {"table": _cells(recall_table(part))}
            for part in metrics["recall"]
            if part["rows"]
        ],
        "slices": _cells(slices_table(metrics)),
        "comparison": metrics["comparison"] and _cells(comparison_table(metrics)),
        "curve": _curve(metrics["training"]["curve"]),
        "other_log": OTHER_LOG,
        "transitions": _transitions(metrics["transitions"]),
        "matching": _cells(matching_table(metrics)),
        "tokens": _cells(token_tags_table(metrics)),
        "boundary": [sentences.kinds.index(kind) for kind in BOUNDARY],
        "listed_kinds": [
            (i, row) for i, row in enumerate(metrics["errors"]["kinds"]) if row["errors"]
        ],
        "groups": [
            (kind, list(examples))
            for kind, examples in groupby(sentences.examples, key=lambda e: e["kind"])
        ],
    }
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "percent": percent,
        "points": points,
        "interval": interval,
        "count": "{:,}".format,
    }
    return visible(environment.get_template("page.html").render(context).lstrip() + "\n")


def _cells(table: Table, link: Callable[[int, int], tuple[str | None, str]] | None = None) -> Cells:
    """link: the fragment and the note of a cell of numbers, by row and column from 0."""
    rows = [
        [Cell(row[0])]
        + [Cell(text, *(link(i, j) if link else ())) for j, text in enumerate(row[1:])]
        for i, row in enumerate(table.rows)
    ]
    return Cells(table.header, rows)


def _types(metrics: dict[str, Any], sentences: Sentences) -> Cells:
    """The entity table, and the errors of each type."""
    table = _cells(entity_table(metrics))
    for row in table.rows[:-1]:
        label, numbers = row[0].text, metrics["ents_counts"]["per_type"][row[0].text]
        if numbers["gold"]:
            errors = [e for e in metrics["errors"]["counts"] if e["type"] == label]
            row.append(_errors(errors, sentences.link(type=label) if errors else None))
        else:  # such errors are mostly counted under the type of the gold
            link = sentences.link(predicted=label)
            row.append(
                Cell(f"{numbers['predicted']:,}", link, "wrong predictions, not in the gold")
            )
    table.rows[-1].append(_errors(metrics["errors"]["counts"], sentences.link()))
    return Cells([*table.header, "errors"], table.rows)


def _errors(counts: Sequence[dict[str, Any]], link: str | None) -> Cell:
    """The number of errors in some rows of `counts`, and how many are listed if not all."""
    errors, listed = sum(row["errors"] for row in counts), sum(row["shown"] for row in counts)
    return Cell(f"{errors:,}", link, f"{listed:,} listed" if listed < errors else "")


def _kinds(metrics: dict[str, Any], sentences: Sentences) -> Cells:
    table, counts = kinds_table(metrics), metrics["errors"]["counts"]
    kinds = [row["kind"] for row in metrics["errors"]["kinds"] if row["errors"]]
    types = sorted({row["type"] for row in counts})

    def link(i: int, j: int) -> tuple[str | None, str]:
        label = types[j] if j < len(types) else None
        if j > len(types):  # entities and predictions, which the list does not count
            return None, ""
        found = [c for c in counts if c["kind"] == kinds[i] and label in (None, c["type"])]
        return _errors(found, sentences.link(kinds[i], label) if found else None)[1:]

    return _cells(table, link)


def _confusion(metrics: dict[str, Any], sentences: Sentences) -> dict[str, Any]:
    confusion = metrics["confusion"]
    types = confusion["types"]

    def link(i: int, j: int) -> str | None:
        gold = types[i] if i < len(types) else None
        predicted = types[j] if j < len(types) else None
        if not confusion["counts"][i][j] or gold == predicted:
            return None
        if gold is not None and predicted is not None:
            return sentences.link("wrong type", gold, predicted=predicted)
        if gold is not None:
            if j == len(types):
                return sentences.link("boundary", gold=gold)
            return sentences.link("missed", gold)
        if i == len(types):
            return sentences.link("boundary", predicted=predicted)
        return sentences.link("spurious", predicted)

    small = 0 < len(types) <= MOST_TYPES
    return {
        "confusion": types and _cells(confusion_table(metrics), lambda i, j: (link(i, j), "")),
        "confusion_plot": Markup(plots.confusion_plot(confusion, link)) if small else "",
    }


def _curve(curve: dict[str, Any] | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    losses = sorted({name for row in curve["rows"] for name in row["losses"]})
    scores = sorted({name for row in curve["rows"] for name in row["scores"]})
    rows = [
        [f"{row['step']:,}", str(row["epoch"]), f"{row['score']:.4f}"]
        + [f"{row['losses'][n]:,.2f}" if n in row["losses"] else "-" for n in losses]
        + [
            f"{row['scores'][n]:,.0f}" if n == "speed" else percent(row["scores"].get(n))
            for n in scores
        ]
        for row in curve["rows"]
    ]
    header = ["step", "epoch", "score", *(f"loss {name}" for name in losses), *scores]
    svg = Markup(plots.curve_plot(curve["rows"]))
    return {"svg": svg, "table": _cells(Table(header, rows))}


def _transitions(transitions: dict[str, Any] | None) -> dict[str, Any] | None:
    if transitions is None:
        return None
    tags = transitions["tags"]
    rows = [
        [name, *("" if value is None else f"{value:+.2f}" for value in values)]
        for name, values in zip(["start", *tags], plots.transition_rows(transitions), strict=True)
    ]
    table = Table(["from \\ to", *tags, "end"], rows)
    small = len(tags) <= 2 * MOST_TYPES + 1
    svg = Markup(plots.transitions_plot(transitions)) if small else ""
    return {"svg": svg, "table": _cells(table)}


def _failings(metrics: dict[str, Any], sentences: Sentences) -> dict[str, Any]:
    """What "Where it fails" says: the worst type, its errors, and whom it is confused with."""
    worst = metrics["worst"]
    if not worst or not worst["kinds"]:
        return {"worst": None, "ten": [], "seen": "", "weakest": []}
    label, confusion = worst["type"], metrics["confusion"]
    rates, ends = metrics["ents_per_type"], metrics["intervals"]["per_type"]
    numbers = metrics["ents_counts"]["per_type"]
    others = [(rates[name]["f"], name) for name in rates if name != label and numbers[name]["gold"]]
    following = min(others, default=None)
    around, p, r = ends[label]["f"], rates[label]["p"], rates[label]["r"]
    beside = following and ends[following[1]]["f"]
    total = sum(row["errors"] for row in worst["kinds"])
    meanings = {row["kind"]: row["description"] for row in metrics["errors"]["kinds"]}
    place, types, counts = confusion["types"].index(label), confusion["types"], confusion["counts"]
    as_gold, as_predicted = counts[place], [row[place] for row in counts]
    confused = [(as_gold[i] + as_predicted[i], -i) for i in range(len(types)) if i != place]
    partner = None
    if confused and max(confused)[0]:
        i = -max(confused)[1]
        partner = {
            "type": types[i],
            "as_other": _count(as_gold[i], sentences, "wrong type", label, predicted=types[i]),
            "as_worst": _count(as_predicted[i], sentences, "wrong type", types[i], predicted=label),
        }
    words = [("precision", p), ("recall", r)]
    (weak, low), (strong, high) = sorted(words, key=lambda word: word[1])
    taken = sum(as_gold[: len(types)]) - as_gold[place]
    taken_for = sum(as_predicted[: len(types)]) - as_predicted[place]
    found = {
        "type": label,
        "f": worst["f"],
        "interval": around,
        "next": following and {"type": following[1], "f": following[0]},
        "sure": bool(around and beside and around[1] < beside[0]),
        "weak": weak if low < high else "",
        "weak_words": percent(low),
        "strong": strong,
        "strong_words": percent(high),
        "kinds": [
            {
                "cell": _count(row["errors"], sentences, row["kind"], label),
                "kind": row["kind"],
                "share": f"{row['errors'] / total:.0%}",
                "description": meanings[row["kind"]],
            }
            for row in worst["kinds"][:4]
        ],
        **numbers[label],
        "taken": taken,
        "taken_for": taken_for,
        "other_span": _count(as_gold[-2], sentences, "boundary", gold=label),
        "missed": _count(as_gold[-1], sentences, "missed", label),
        "other_span_predicted": _count(as_predicted[-2], sentences, "boundary", predicted=label),
        "spurious": _count(as_predicted[-1], sentences, "spurious", label),
        "partner": partner,
    }
    ten = sentences.ten_of(label, [row["kind"] for row in worst["kinds"]])
    return {
        "worst": found,
        "ten": [gist(e) for e in ten],
        "seen": _seen(metrics["recall"], label),
        "weakest": _weakest(metrics["recall"]),
    }


def _count(number: int, sentences: Sentences, *args: str, **filters: str) -> Cell:
    return Cell(f"{number:,}", sentences.link(*args, **filters) if number else None)


def _seen(recall: Sequence[dict[str, Any]], label: str) -> str:
    """Recall of a type's names that are known and unknown from training."""
    for part in recall:
        if part["by"] != "seen":
            continue
        rows = [(row["name"], row["per_type"].get(label)) for row in part["rows"]]
        found = [
            f"{percent(row['recall'])} % of {row['gold']:,} ({name})" for name, row in rows if row
        ]
        return f"Recall of {label} by whether the training data has the string: {', '.join(found)}."
    return ""


def _weakest(recall: Sequence[dict[str, Any]]) -> list[str]:
    """Where recall over all types is lowest, among rows of enough entities to say so."""
    lines = []
    for part in recall:
        rows = [row for row in part["rows"] if row["gold"] >= 20]
        if part["by"] == "seen" or len(rows) < 2:
            continue
        low, high = (pick(rows, key=lambda row: row["recall"]) for pick in (min, max))
        lines.append(
            f"{part['title']}: {low['name']} ({percent(low['recall'])} % of {low['gold']:,}); "
            f"{high['name']} ({percent(high['recall'])} % of {high['gold']:,})"
        )
    return lines
