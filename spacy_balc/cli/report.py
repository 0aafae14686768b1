"""`balc report`: what a system gets wrong and how sure its scores are, as JSON, Markdown, HTML."""

import json
import os
import platform
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab
from wasabi import msg

from .. import __version__
from ..report.analysis import analyse
from ..report.answers import Entity, check_same_texts, entities, is_annotated
from ..report.markdown import render_markdown
from ..report.recall import seen_entities
from ..report.training import read_log, transition_table
from ._util import load_pipeline
from .evaluate import predict, read_docs, sha256, warn_without_entities, with_annotation

FILES = ("report.md", "report.html", "metrics.json")  # who finds the last finds them all
PACKAGES = ("spacy", "thinc", "torch", "transformers", "numpy", "nervaluate")


def report_cli(
    name: str = typer.Argument(
        ...,
        metavar="SYSTEM",
        help="What is judged: a pipeline (folder or package name), or a file or folder with any "
        "system's predictions, in any format that `balc convert` reads",
    ),
    gold_path: Path = typer.Argument(
        ...,
        metavar="GOLD",
        help="Gold annotation of the same texts in the same order: .spacy or any of those formats",
        exists=True,
    ),
    output_path: Path = typer.Option(
        ...,
        "--output",
        "-o",
        help="Folder for metrics.json, report.md and report.html",
        file_okay=False,
    ),
    compare: str | None = typer.Option(
        None, "--compare", help="A second SYSTEM, compared with the first on the same GOLD"
    ),
    train_path: Path | None = typer.Option(
        None,
        "--train",
        help="Training data, which tells entities the system has seen from those it has not",
        exists=True,
    ),
    log_path: Path | None = typer.Option(
        None,
        "--log",
        help='Training log for the curve: the output_file of "spacy.ConsoleLogger.v3"',
        exists=True,
        dir_okay=False,
    ),
    slices: list[str] = typer.Option(
        [],
        "--slice",
        metavar="NAME=REGEX",
        help="Also score the docs whose text the regular expression is found in; repeatable",
    ),
    slice_by: list[str] = typer.Option(
        [],
        "--slice-by",
        metavar="KEY",
        help="Also score the docs by each value of doc.user_data[KEY]; repeatable",
    ),
    title: str = typer.Option("Entity recognition", "--title", help="Heading of the report"),
    examples: int = typer.Option(
        50, "--examples", help="Sentences kept for each kind of error and type", min=0
    ),
    lang: str | None = typer.Option(
        None, "--lang", "-l", help="Language code of files; by default the pipeline's, or else zh"
    ),
    repair: bool = typer.Option(
        False,
        "--repair",
        help="Mend files as `balc convert --repair` does, and list what was mended",
    ),
    retokenize: bool = typer.Option(
        False, "--retokenize", help="Let the pipeline's own tokenizer cut the gold text"
    ),
    batch_size: int = typer.Option(
        256, "--batch-size", help="Docs given to the pipeline at a time", min=1
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Report what a system gets right and wrong, and how sure that is.

    The figure is the strict entity F1: an entity is correct if its span and its type are. It comes
    with bootstrap intervals, overall and by type; the kinds of error with their sentences; the
    confusion of types; recall by position, length and whether training has seen the entity;
    slices; scores that forgive boundaries or types; a pipeline's CRF and training curve. --compare
    adds a second system and a paired significance test.

    \b
    A pipeline, with its training data:
      balc report training/model-best corpus/test.spacy -o reports/test --train corpus/train.spacy
    Two systems' predictions against each other, without a pipeline:
      balc report ours.bio test.bio -o reports/test --compare theirs.bio

    All three files are written, or none. The same input gives the same metrics.json but for the
    seconds. Needs the extra `report`: pip install 'spacy-balc[report]'.
    """
    for package in ("nervaluate", "matplotlib"):
        if find_spec(package) is None:
            remedy = "Install what the report needs: pip install 'spacy-balc[report]'"
            msg.fail(f"'{package}' is not installed", remedy, exits=1)
    from ..report.html import render_html

    check_output(output_path)
    try:
        by_text = parse_slices(slices)
        curve = log_path and {"log": str(log_path), "rows": read_log(log_path)}
    except ValueError as error:
        msg.fail("Cannot report", str(error), exits=1)
    system = load_system(name, gpu_id)
    other = load_system(compare, gpu_id) if compare is not None else None
    nlp = system.nlp or (other and other.nlp)
    read = partial(
        read_docs,
        vocab=nlp.vocab if nlp else Vocab(),
        lang=lang or (nlp.lang if nlp else "zh"),
        repair=repair,
    )
    docs = with_annotation(read(gold_path), gold_path)
    seen = seen_entities(read(train_path)) if train_path else None
    if seen == {}:
        msg.fail(f"{train_path} holds no entity, so --train tells nothing", exits=1)
    try:
        answers, seconds = system.answer(docs, read, batch_size, retokenize)
        others = other and other.answer(docs, read, batch_size, retokenize)[0]
        numbers = [i for i, doc in enumerate(docs) if is_annotated(doc)]
        golds = [docs[i] for i in numbers]
        found = analyse(golds, answers, others, seen, by_text, slice_by, examples)
    except (ValueError, RuntimeError) as error:
        msg.fail("Cannot report", str(error), exits=1)
    measured_in_training = performance(system.nlp)
    if curve:
        curve["of_system"] = measured_in_training and of_one_run(
            curve["rows"], measured_in_training
        )
    if curve and curve["of_system"] is False:
        msg.warn(
            f"{log_path} is not the log of '{name}'",
            "No evaluation in it has the scores in the pipeline's meta.json. spaCy's logger leaves "
            "a file that exists as it is: remove it before training again.",
        )
    for part in filter(None, (found["errors"], found["comparison"])):
        for example in part["examples"]:
            example["doc"] = numbers[example["doc"]]
    if other:
        found["comparison"] = {"name": other.name, **found["comparison"]}
    tokens = sum(map(len, golds))
    metrics = {
        "title": title,
        **found,
        "transitions": crf_transitions(system.nlp),
        "training": {"curve": curve, "performance": measured_in_training},
        "measured": {
            "system": system.described(),
            "gold": {"name": str(gold_path), "sha256": sha256(gold_path)},
            "train": train_path and {"name": str(train_path), "sha256": sha256(train_path)},
            "docs": len(golds),
            "docs_without_annotation": len(docs) - len(golds),
            "tokens": tokens,
            "longest_doc": max(map(len, golds)),
            "entities": found["ents_counts"]["gold"],
            "seconds": seconds,
            "tokens_per_second": seconds and tokens / seconds,
            "versions": versions(),
        },
    }
    texts = (
        render_markdown(metrics),
        render_html(metrics),
        json.dumps(metrics, ensure_ascii=False, indent=1) + "\n",
    )
    write_all(output_path, dict(zip(FILES, texts, strict=True)))
    msg.good(f"Saved metrics.json, report.md and report.html to {output_path}")


@dataclass
class System:
    """What is judged: a pipeline, or where `nlp` is None the predictions in a file or folder."""

    name: str
    nlp: Language | None

    def answer(
        self,
        docs: Sequence[Doc],
        read: Callable[[Path], list[Doc]],
        batch_size: int,
        retokenize: bool,
    ) -> tuple[list[list[Entity]], float | None]:
        """Entities in each annotated doc, and the seconds they took (None for predictions read).

        Raises ValueError where predictions are of other texts, RuntimeError where a pipeline
        leaves a doc out.
        """
        if self.nlp:
            return predict(self.nlp, list(filter(is_annotated, docs)), batch_size, retokenize)
        predicted = read(Path(self.name))
        check_same_texts(docs, predicted, self.name)
        pairs = zip(docs, predicted, strict=True)
        return [entities(found) for gold, found in pairs if is_annotated(gold)], None

    def described(self) -> dict[str, Any]:
        """How it is named in metrics.json."""
        nlp = self.nlp
        return {
            "name": self.name,
            "kind": "pipeline" if nlp else "predictions",
            "components": nlp and nlp.pipe_names,
            "lang": nlp and nlp.lang,
            "version": nlp and nlp.meta["version"],
            "sha256": None if nlp else sha256(Path(self.name)),
        }


def load_system(name: str, gpu_id: int) -> System:
    """The system of a name: a file, or a folder that is no pipeline's, holds predictions."""
    path = Path(name)
    if path.exists() and not (path / "config.cfg").exists():
        return System(name, None)
    nlp = load_pipeline(name, gpu_id)
    warn_without_entities(nlp, name)
    return System(name, nlp)


def parse_slices(texts: Sequence[str]) -> dict[str, re.Pattern[str]]:
    """Read NAME=REGEX of each; raises ValueError for anything else and for a name used twice."""
    found: dict[str, re.Pattern[str]] = {}
    for text in texts:
        name, _, pattern = text.partition("=")
        if not name or not pattern:
            raise ValueError(f"--slice: '{text}' is not like NAME=REGEX")
        if name in found:
            raise ValueError(f"--slice: '{name}' names two slices; choose another name")
        try:
            found[name] = re.compile(pattern)
        except re.error as error:
            message = f"--slice: '{pattern}' is no regular expression: {error}"
            raise ValueError(message) from error
    return found


def crf_transitions(nlp: Language | None) -> dict[str, Any] | None:
    """The transitions of a pipeline's first `balc_ner` that has a trained CRF."""
    for name in nlp.pipe_names if nlp else ():
        pipe = nlp.get_pipe(name)
        if nlp.get_pipe_meta(name).factory != "balc_ner" or pipe.model.name != "balc_ner":
            continue
        tagger = pipe.model.shims[0].module
        if tagger is not None and tagger.use_crf:
            crf = tagger.crf
            scores = (crf.start_transitions, crf.end_transitions, crf.transitions)
            return transition_table(
                name, pipe.labels, *(score.detach().cpu().numpy() for score in scores)
            )
    return None


def performance(nlp: Language | None) -> dict[str, float] | None:
    """Scores on the development set that `spacy train` left in a pipeline's meta.json."""
    found = nlp.meta.get("performance", {}) if nlp else {}
    numbers = {
        name: value
        for name, value in found.items()
        if name.startswith("ents_") and isinstance(value, (int, float))
    }
    return numbers or None


def of_one_run(rows: Sequence[dict[str, Any]], measured: dict[str, float]) -> bool:
    """Whether a training log has an evaluation with the scores that a pipeline's meta.json has."""
    for row in rows:
        shared = row["scores"].keys() & measured.keys()
        if shared and all(abs(row["scores"][key] - measured[key]) < 1e-6 for key in shared):
            return True
    return False


def versions() -> dict[str, str]:
    """Of Python, this package and those that figures may depend on."""
    found = {"python": platform.python_version(), "spacy-balc": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def check_output(folder: Path) -> None:
    """Exit with a message where the files could not be written into a folder."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    problem = None
    if not nearest.is_dir():
        problem = f"{nearest} is no folder"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        problem = f"{nearest} is not writable for you"
    for name in FILES:
        if (folder / name).is_dir():
            problem = f"{folder / name} is a folder"
    if problem:
        msg.fail(f"Cannot write to {folder}", f"{problem}. Choose another --output", exits=1)


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder, all or none, the last of them last; exit with a message where
    that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as beside:
            for name, text in files.items():
                # A file's name need not be UTF-8; JSON reads what stands for it then.
                (Path(beside) / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            for name in files:
                os.replace(Path(beside) / name, folder / name)
    except OSError as error:
        msg.fail(f"Cannot write to {folder}", str(error), exits=1)
