"""`balc report`: evaluate's JSON becomes a page of Markdown."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from ..report.page import make_page
from ._util import write_whole


def report_cli(
    metrics_path: Path = typer.Argument(
        ...,
        metavar="METRICS",
        help="JSON file that `balc evaluate` wrote",
        exists=True,
        dir_okay=False,
    ),
    output_path: Path = typer.Argument(
        ..., metavar="OUT", help="Markdown file to write", dir_okay=False
    ),
    title: str = typer.Option("Entity recognition", "--title", help="Heading of the page"),
) -> None:
    """
    Write a page of Markdown from evaluate's metrics.

    It holds the strict entity F1, both tables, and what they were measured on.
    """
    report(metrics_path, output_path, title)


def report(metrics_path: Path, output_path: Path, title: str = "Entity recognition") -> None:
    """Write the page; metrics that cannot be read are reported and end the program with 1."""
    try:
        page = make_page(srsly.read_json(metrics_path), title)
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}\nWrite it with: balc evaluate --output"
        msg.fail(f"{metrics_path} does not hold the metrics of `balc evaluate`", problem, exits=1)
    write_whole(output_path, page)
    msg.good(f"Saved the report to {output_path}")
