"""Tables from metrics: the same rows for the terminal, for Markdown and for the page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wasabi import MarkdownRenderer
from wasabi import table as terminal_table


@dataclass
class Table:
    """A header, and rows of as many cells; the first column is a name, the others are numbers."""

    header: list[str]
    rows: list[list[str]]

    def terminal(self) -> str:
        """The table in columns of fixed width, with an empty line before and after."""
        return terminal_table(self.rows, self.header, divider=True, aligns=self._aligns())

    def markdown(self) -> str:
        """The table in Markdown."""
        return MarkdownRenderer().table(
            [list(map(escaped, row)) for row in self.rows],
            list(map(escaped, self.header)),
            self._aligns(),
        )

    def _aligns(self) -> list[str]:
        return ["l"] + ["r"] * (len(self.header) - 1)


def entity_table(metrics: dict[str, Any]) -> Table:
    """Strict entity scores in per cent, and counts, by type and over all; with the interval of F1
    where the metrics have it."""
    counts, intervals = metrics["ents_counts"], metrics.get("intervals")
    named = [
        *(
            (
                label,
                metrics["ents_per_type"][label],
                counts["per_type"][label],
                intervals and intervals["per_type"][label],
            )
            for label in sorted(metrics["ents_per_type"])
        ),
        (
            "all",
            {key: metrics[f"ents_{key}"] for key in "prf"},
            counts,
            intervals and intervals["overall"],
        ),
    ]
    header = ["entities", "F1", "P", "R", "gold", "predicted", "correct"]
    if intervals:
        header.insert(2, f"F1, {intervals['level']:.0%} interval")
    rows = []
    for name, rates, numbers, ends in named:
        cells = [percent(rates[key]) for key in "fpr"]
        if intervals:
            cells.insert(1, interval(ends["f"]))
        cells += [f"{numbers[key]:,}" for key in ("gold", "predicted", "correct")]
        rows.append([name, *cells])
    return Table(header, rows)


def token_tags_table(metrics: dict[str, Any]) -> Table:
    """Scores of single tokens' tags, a row a tag, and their average weighted by support."""
    columns = ["precision", "recall", "f1-score"]
    table = metrics["token_table"]
    rows = [
        [name, *(f"{scores[column]:.4f}" for column in columns), f"{scores['support']:,}"]
        for name, scores in [
            *((row["tag"], row) for row in table["rows"]),
            ("avg / total", table["average_with_O_not_an_entity_score"]),
        ]
    ]
    return Table(["single tokens", *columns, "support"], rows)


def kinds_table(metrics: dict[str, Any]) -> Table:
    """Errors by kind and type of the entity, the kinds that occur."""
    counts = {(row["kind"], row["type"]): row["errors"] for row in metrics["errors"]["counts"]}
    types = sorted({label for _, label in counts})
    rows = [
        [kind["kind"], *(f"{counts.get((kind['kind'], label), 0):,}" for label in types)]
        + [f"{kind[key]:,}" for key in ("errors", "gold", "predicted")]
        for kind in metrics["errors"]["kinds"]
        if kind["errors"]
    ]
    return Table(["kind of error", *types, "all", "gold entities", "predictions"], rows)


def confusion_table(metrics: dict[str, Any]) -> Table:
    """Gold type (row) by predicted type (column) on exactly the same span."""
    confusion = metrics["confusion"]
    rows = [
        [name, *(f"{number:,}" for number in numbers)]
        for name, numbers in zip(confusion["rows"], confusion["counts"], strict=True)
    ]
    return Table(["gold \\ predicted", *confusion["columns"]], rows)


def recall_table(part: dict[str, Any]) -> Table:
    """One of the tables in `recall`."""
    rows = [
        [row["name"], percent(row["recall"]), f"{row['gold']:,}", f"{row['correct']:,}"]
        for row in part["rows"]
    ]
    return Table([part["title"], "R", "gold", "correct"], rows)


def slices_table(metrics: dict[str, Any]) -> Table:
    """Strict scores of the user's slices."""
    rows = [
        [part["name"], *(percent(part[key]) for key in "fpr")]
        + [f"{part[key]:,}" for key in ("docs", "gold", "predicted", "correct")]
        for part in metrics["slices"]
    ]
    return Table(["slice", "F1", "P", "R", "docs", "gold", "predicted", "correct"], rows)


def comparison_table(metrics: dict[str, Any]) -> Table:
    """Two systems' strict F1, wins and losses, by type and over all."""
    comparison = metrics["comparison"]
    overall = {
        "type": "all",
        "f": metrics["ents_f"] or 0.0,
        "other_f": comparison["f"] or 0.0,
        "difference": comparison["difference"]["f"],
        **comparison["total"],
    }
    columns: dict[str, tuple[str, Callable[[Any], str]]] = {
        "this F1": ("f", percent),
        "other F1": ("other_f", percent),
        "difference": ("difference", points),
        "gold": ("gold", "{:,}".format),
        "both find": ("both", "{:,}".format),
        "only this": ("wins", "{:,}".format),
        "only other": ("losses", "{:,}".format),
        "neither": ("neither", "{:,}".format),
        "wrong, only this": ("wrong_ours_only", "{:,}".format),
        "wrong, only other": ("wrong_other_only", "{:,}".format),
    }
    rows = [
        [row["type"], *(shown(row[key]) for key, shown in columns.values())]
        for row in [*comparison["per_type"], overall]
    ]
    return Table(["entities", *columns], rows)


MODES = {
    "partial": "overlap counts half, any type",
    "exact": "same span, any type",
    "ent_type": "any overlap, same type",
}  # nervaluate's names, and what they forgive


def matching_table(metrics: dict[str, Any]) -> Table:
    """The scores that forgive, by mode, overall and by type."""
    counts = ("correct", "incorrect", "partial", "missed", "spurious")
    rows = []
    for mode, forgiven in MODES.items():
        meaning = f"{mode} ({forgiven})"
        overall = metrics["matching"][mode]
        types = overall.get("per_type", {})
        named = [(meaning, overall), *((f"{mode}, {label}", types[label]) for label in types)]
        rows += [
            [name, *(percent(row[key]) for key in "fpr"), *(f"{row[key]:,}" for key in counts)]
            for name, row in named
        ]
    return Table(["match", "F1", "P", "R", *counts], rows)


def percent(rate: float | None) -> str:
    """A rate in per cent with two decimals, `-` where there is none."""
    return "-" if rate is None else f"{rate * 100:.2f}"


def points(difference: float) -> str:
    """A difference of rates in points of per cent, with its sign."""
    return f"{difference * 100:+.2f}"


def interval(ends: Sequence[float] | None) -> str:
    """Both ends in per cent with one decimal, `-` where there is none."""
    return "-" if ends is None else f"{ends[0] * 100:.1f} to {ends[1] * 100:.1f}"


def escaped(text: str) -> str:
    """A text in one line in which Markdown sees no markup."""
    return re.sub(r"[\\|<`*]", r"\\\g<0>", " ".join(text.split()))
