"""Tables from evaluate's metrics: the same rows for the terminal and for Markdown."""

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
        rows = [[cell.replace("|", "\\|") for cell in row] for row in self.rows]
        return MarkdownRenderer().table(rows, self.header, self._aligns())

    def _aligns(self) -> list[str]:
        return ["l"] + ["r"] * (len(self.header) - 1)


def entity_table(metrics: dict[str, Any]) -> Table:
    """Strict entity scores in per cent, and counts, by type and over all."""
    counts = metrics["ents_counts"]
    overall = {key: metrics[f"ents_{key}"] for key in "prf"}
    named = [
        *(
            (label, metrics["ents_per_type"][label], counts["per_type"][label])
            for label in sorted(metrics["ents_per_type"])
        ),
        ("all", overall, counts),
    ]
    rows = [
        [name]
        + [percent(rates[key]) for key in "prf"]
        + [f"{numbers[key]:,}" for key in ("gold", "predicted", "correct")]
        for name, rates, numbers in named
    ]
    return Table(["entities", "P", "R", "F1", "gold", "predicted", "correct"], rows)


def token_tags_table(metrics: dict[str, Any]) -> Table:
    """Scores of single tokens' tags, a row a tag, and their average weighted by support."""
    header = ["", "precision", "recall", "f1-score", "support"]
    table = metrics["token_table"]
    rows = [
        [name, *(f"{scores[column]:.4f}" for column in header[1:4]), f"{scores['support']:,}"]
        for name, scores in [
            *((row["tag"], row) for row in table["rows"]),
            ("avg / total", table["average_with_O_not_an_entity_score"]),
        ]
    ]
    return Table(header, rows)


def percent(rate: float | None) -> str:
    """A rate in per cent with two decimals, `-` where there is none."""
    return "-" if rate is None else f"{rate * 100:.2f}"
