"""report.md: the metrics of a report as Markdown, the strict entity F1 first."""

import re
from collections.abc import Sequence
from typing import Any

from .tables import (
    comparison_table,
    confusion_table,
    entity_table,
    escaped,
    interval,
    kinds_table,
    matching_table,
    percent,
    points,
    recall_table,
    slices_table,
    token_tags_table,
)

OTHER_LOG = (
    "this is the log of another training: no evaluation in it has the scores in the pipeline's "
    "meta.json"
)
SHOWN = 3  # sentences of each kind of error; metrics.json and report.html have more

OUTCOMES = {"win": "only this system is right", "loss": "only the other system is right"}


def render_markdown(metrics: dict[str, Any]) -> str:
    """The whole page. metrics: as docs/report.md describes metrics.json; KeyError for less."""
    sections = [
        _head(metrics),
        _errors(metrics),
        _recall(metrics),
        _slices(metrics),
        _comparison(metrics),
        _examples(metrics),
        _matching(metrics),
        _tokens(metrics),
        _measured(metrics),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _head(metrics: dict[str, Any]) -> str:
    counts, intervals = metrics["ents_counts"], metrics["intervals"]
    return f"""# {escaped(metrics["title"])}

**Strict entity F1: {percent(metrics["ents_f"])}** ({intervals["level"]:.0%} interval \
{interval(intervals["overall"]["f"])}; an entity is correct if its span and its type are), with \
{counts["correct"]:,} of {counts["gold"]:,} entities found.

## Entities

{entity_table(metrics).markdown()}

Intervals: bootstrap over docs, {intervals["resamples"]:,} resamples. Where all or nothing is \
right an interval has no width, however few the entities."""


def _errors(metrics: dict[str, Any]) -> str:
    worst, why = metrics["worst"], ""
    if not metrics["errors"]["total"]:
        return "## Errors\n\nThere are none."
    if worst and worst["kinds"]:
        kinds = ", ".join(f"{row['kind']} ({row['errors']:,})" for row in worst["kinds"][:3])
        name, f = escaped(worst["type"]), percent(worst["f"])
        why = f"\n\nLowest F1: **{name}**, {f}. Its errors: {kinds}."
    lines = [
        f"- {row['kind']}: {row['description']}"
        for row in metrics["errors"]["kinds"]
        if row["errors"]
    ]
    meanings = "\n".join(lines)
    return f"""## Errors{why}

An error is a group of gold and predicted entities that overlap and are not equal; its type is \
that of its first gold entity, or of the prediction where there is none.

{kinds_table(metrics).markdown()}

{meanings}

### Types

Gold type (row) and predicted type (column) on exactly the same span. "other span": the other side \
has an entity that overlaps, with another span.

{confusion_table(metrics).markdown()}"""


def _recall(metrics: dict[str, Any]) -> str:
    tables = [recall_table(part).markdown() for part in metrics["recall"] if part["rows"]]
    return "\n\n".join(["## Recall", *tables]) if tables else ""


def _slices(metrics: dict[str, Any]) -> str:
    return f"## Slices\n\n{slices_table(metrics).markdown()}" if metrics["slices"] else ""


def _comparison(metrics: dict[str, Any]) -> str:
    comparison = metrics["comparison"]
    if comparison is None:
        return ""
    difference = comparison["difference"]
    around = " to ".join(map(points, difference["interval"] or ())) or "-"
    return f"""## Compared with {escaped(comparison["name"])}

Difference of the strict entity F1: **{points(difference["f"])}** points (\
{metrics["intervals"]["level"]:.0%} interval {around}), p = {difference["p_value"]:.4f} \
(approximate randomisation over docs, {difference["permutations"]:,} permutations, two-sided). The \
two answer {comparison["differing_docs"]:,} docs differently.

{comparison_table(metrics).markdown()}"""


def _examples(metrics: dict[str, Any]) -> str:
    parts: list[str] = []
    shown: dict[str, list[dict[str, Any]]] = {}
    for example in metrics["errors"]["examples"]:
        shown.setdefault(example["kind"], []).append(example)
    for kind, examples in shown.items():
        parts.append(f"### {kind}\n\n" + _fenced(map(_answers, _spread(examples))))
    differing = metrics["comparison"]["examples"] if metrics["comparison"] else []
    for outcome, title in OUTCOMES.items():
        places = [place for place in differing if place["outcome"] == outcome][:SHOWN]
        if places:
            parts.append(f"### {title}\n\n" + _fenced(map(_answers, places)))
    if not parts:
        return ""
    return "\n\n".join(
        [
            "## Examples",
            "More of them are in metrics.json and report.html. Docs are counted from 0.",
            *parts,
        ]
    )


def _spread(examples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first few, of as many types as there are."""
    rank: dict[str, int] = {}
    ranked = []
    for i, example in enumerate(examples):
        rank[example["type"]] = rank.get(example["type"], 0) + 1
        ranked.append((rank[example["type"]], i))
    return [examples[i] for _, i in sorted(ranked)[:SHOWN]]


def _answers(example: dict[str, Any]) -> str:
    text, (start, end) = example["text"], example["focus"]
    place = f'doc {example["doc"]}, at "{marked(text[start:end], [])}"'
    if example["file"]:
        place += f", {example['file']}"
        place += f", line {example['line']}" if example["line"] else ""
    names = {"gold": "gold     ", "predicted": "predicted", "compared": "other    "}
    lines = [
        f"{name}  {marked(text, example[who])}" for who, name in names.items() if who in example
    ]
    return "\n".join([place, *lines])


def marked(text: str, spans: Sequence[Sequence[Any]]) -> str:
    """A text in one line with its entities as [text]LABEL."""
    pieces, last = [], 0
    for start, end, label in spans:
        pieces += [text[last:start], "[", text[start:end], f"]{label}"]
        last = end
    pieces.append(text[last:])
    return re.sub(r"\s", lambda space: "⏎" if space[0] in "\r\n" else " ", "".join(pieces))


def _fenced(blocks: Any) -> str:
    """Blocks of lines as they stand, in a fence longer than any in them."""
    text = "\n\n".join(blocks)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}text\n{text}\n{fence}"


def _matching(metrics: dict[str, Any]) -> str:
    return f"""## Scores that forgive

Not the strict score: these forgive a wrong boundary or a wrong type (by nervaluate, as in SemEval \
2013). A type's own score looks at that type's entities alone.

{matching_table(metrics).markdown()}"""


def _tokens(metrics: dict[str, Any]) -> str:
    table = metrics["token_table"]
    average = table["average_with_O_not_an_entity_score"]["f1-score"]
    return f"""## Single tokens: not an entity score

The same predictions, counted by token. {percent(table["share_of_O"])} % of the tokens are `O`, \
and the average counts them: its F1 shows {percent(average)} where the strict entity F1 is \
**{percent(metrics["ents_f"])}**, and a system that finds no entity at all would get \
{percent(table["average_f1_if_all_were_O"])}.

{token_tags_table(metrics).markdown()}"""


def _measured(metrics: dict[str, Any]) -> str:
    measured = metrics["measured"]
    system, gold, train = measured["system"], measured["gold"], measured["train"]
    lines = [
        f"{system['kind']}: `{system['name']}`"
        + (f", SHA-256 `{system['sha256']}`" if system["sha256"] else "")
        + (f", components {', '.join(system['components'])}" if system["components"] else ""),
        f"gold: `{gold['name']}`, SHA-256 `{gold['sha256']}`",
    ]
    if train:
        lines.append(f"training data: `{train['name']}`, SHA-256 `{train['sha256']}`")
    lines.append(
        f"{measured['docs']:,} docs, {measured['tokens']:,} tokens, the longest doc of "
        f"{measured['longest_doc']:,}; {measured['entities']:,} entities"
    )
    if measured["docs_without_annotation"]:
        lines.append(f"{measured['docs_without_annotation']:,} docs without annotation left out")
    if measured["seconds"] is not None:
        lines.append(
            f"{measured['seconds']:.1f} s, {measured['tokens_per_second']:,.0f} tokens a second"
        )
    curve = metrics["training"]["curve"]
    if curve:
        best = max(curve["rows"], key=lambda row: row["score"])
        lines.append(
            f"training: best score on the development set {best['score']:.4f}, at step "
            f"{best['step']:,} of {curve['rows'][-1]['step']:,} (`{curve['log']}`)"
            + f"; {OTHER_LOG}"
            * (curve["of_system"] is False)
        )
    lines.append(", ".join(f"{name} {number}" for name, number in measured["versions"].items()))
    return "\n".join(["## Measured on", "", *(f"- {line}" for line in lines)])
