"""The commands under `python -m spacy balc`, one file each."""

import typer
from spacy.cli._util import app as spacy_app

from .convert import convert_cli
from .demo import demo_cli
from .evaluate import evaluate_cli
from .report import report_cli
from .resume import resume_cli
from .validate import validate_cli

app = typer.Typer(
    name="balc",
    help="Convert, validate, train on, evaluate, report and try out, for the entity recogniser "
    "balc_ner.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("convert")(convert_cli)
app.command("validate")(validate_cli)
app.command("evaluate")(evaluate_cli)
app.command("report")(report_cli)
app.command("demo")(demo_cli)
# Settings of the config are passed on as they stand.
RESUME = {"allow_extra_args": True, "ignore_unknown_options": True}
app.command("resume", context_settings=RESUME)(resume_cli)

# `python -m spacy` imports this module through the entry point group `spacy_cli`.
spacy_app.add_typer(app, name="balc")
