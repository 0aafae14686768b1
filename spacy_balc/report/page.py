"""A page of Markdown from evaluate's metrics."""

from typing import Any

from .tables import entity_table, percent, token_tags_table


def make_page(metrics: dict[str, Any], title: str) -> str:
    """The page: the strict entity F1 first, then both tables, then how it was measured.

    metrics: what `balc evaluate` writes. Raises KeyError where it lacks a key.
    """
    counts, table = metrics["ents_counts"], metrics["token_table"]
    return f"""# {title}

**Strict entity F1: {percent(metrics["ents_f"])}** (an entity is correct if its span and its type \
are), with {counts["correct"]:,} of {counts["gold"]:,} entities found.

## Entities

{entity_table(metrics).markdown()}

## Tokens

The same predictions, counted by token. This is not an entity score: the average includes `O`, \
which {percent(table["share_of_O"])} % of the tokens are.

{token_tags_table(metrics).markdown()}

## Measured on

- pipeline: `{metrics["model"]}`
- data: `{metrics["data"]}`, SHA-256 `{metrics["data_sha256"]}`
- {metrics["sentences"]:,} sentences, {metrics["tokens"]:,} tokens, the longest sentence of \
{metrics["longest_sentence"]:,}
- {metrics["seconds"]:.1f} s, {metrics["tokens_per_second"]:,.0f} tokens a second
"""
