"""Helpers for tests that run `balc` commands as a user does."""

import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_balc.cli import app


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


def rules(**patterns: list[str]) -> Language:
    """A pipeline that finds the given strings."""
    nlp = spacy.blank("zh")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": k, "pattern": v} for k, vs in patterns.items() for v in vs])
    return nlp
