"""`balc demo`: the tags and entities a pipeline finds in a text, and a displaCy page of them."""

import sys
import warnings
from pathlib import Path

import typer
from spacy import displacy
from spacy.tokens import Doc
from wasabi import msg

from ..corpus.docs import bio_tags
from ._util import load_pipeline, write_whole

TEXT = "在唐胜利康复回乡前一天,北京博爱医院院长吴弦光代表医院向唐胜利及其父亲赠送编织机。"


def demo_cli(
    model: str = typer.Argument(..., help="Pipeline: a folder or a package name"),
    text: str = typer.Argument(
        TEXT,
        help="Text to tag, by default a sample sentence; - reads standard input, a text a line",
    ),
    html_path: Path | None = typer.Option(
        None, "--html", help="displaCy page to write", dir_okay=False
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Tag a text and show the entities in it.

    Prints each token with its BIO tag, then the entities with their place in the text
    (characters, end exclusive). --html also writes a page for the browser.
    """
    lines = sys.stdin.read().splitlines() if text == "-" else [text]
    texts = [line for line in lines if line.strip()]
    if not texts:
        msg.fail("There is no text to tag", exits=1)
    docs = list(load_pipeline(model, gpu_id).pipe(texts))
    for doc in docs:
        print(tag_lines(doc))
    if not any(doc.ents for doc in docs):
        msg.info("No entity was found")
    if html_path:
        write_whole(html_path, make_html(docs))
        msg.good(f"Saved the page to {html_path}")


def tag_lines(doc: Doc) -> str:
    """A line with token and tag for each token (`?` where nothing tagged it), then the entities."""
    # White space as its escape: a line break as it stands would tear the column.
    shown = [repr(token.text)[1:-1] if token.is_space else token.text for token in doc]
    lines = [f"{token}\t{tag or '?'}" for token, tag in zip(shown, bio_tags(doc), strict=True)]
    ents = [f"{ent.label_}\t{ent.start_char}\t{ent.end_char}\t{ent.text}" for ent in doc.ents]
    if ents:
        lines += ["", "label\tstart\tend\ttext", *ents]
    return "\n".join([*lines, ""])


def make_html(docs: list[Doc]) -> str:
    """displaCy's page of the entities in some docs, also where there are none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W006\]")  # a doc without entities
        return displacy.render(docs, style="ent", page=True, jupyter=False)
