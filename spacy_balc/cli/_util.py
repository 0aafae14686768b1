"""What the commands share: options for reading, writing a file whole or not at all, loading a
pipeline, and telling what was found in a corpus without end."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.cli._util import setup_gpu
from spacy.language import Language
from wasabi import msg

from .. import artefact
from ..corpus.interface import Problem, visible

SHOWN = 10  # how many notes, and problems of one kind, are printed


def _known_unit(unit: str | None) -> str | None:
    if unit not in (None, "characters", "utf-16"):
        raise typer.BadParameter(f"there are characters and utf-16, not '{unit}'")
    return unit


Scheme = Annotated[
    str | None,
    typer.Option("--scheme", help="Of tags: BIO, IOB1, BIOES, BILOU, BMES, BMEWO; detected"),
]
TokenColumn = Annotated[
    int | None,
    typer.Option("--token-column", help="Where the token stands, from 1; the first", min=1),
]
TagColumn = Annotated[
    int | None, typer.Option("--tag-column", help="Where the tag stands, from 1; the last", min=1)
]
Separator = Annotated[
    str | None,
    typer.Option(
        "--separator", help="Between columns: tab, space (any white space), or a character"
    ),
]
OffsetUnit = Annotated[
    str | None,
    typer.Option(
        "--offset-unit",
        callback=_known_unit,
        help="What offsets of doccano, Label Studio and brat count: characters or utf-16 (an emoji "
        "is two); found out where not given",
    ),
]
Whole = Annotated[
    bool,
    typer.Option("--whole", help="Of brat's: take all of a .txt as one Doc, not each line as one"),
]


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file (text as UTF-8), whole or not at all; parent folders are made. Exit with a
    message where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        artefact.write_whole(path, data.encode("utf-8") if isinstance(data, str) else data)
    except OSError as error:
        msg.fail(f"Cannot write {path}", str(error), exits=1)


def choose_device(gpu_id: int) -> None:
    """Compute on a GPU from here on or, for -1, the CPU; exit with a message where that GPU cannot
    be used."""
    try:
        setup_gpu(gpu_id, silent=gpu_id < 0)
    except Exception as error:  # without cupy, of thinc's; with it, of cupy's and CUDA's
        msg.fail(f"--gpu-id {gpu_id} cannot be used", str(error), exits=1)


def load_pipeline(model: str, gpu_id: int) -> Language:
    """Load a pipeline by folder or package name, on a GPU or, for -1, the CPU; exit with a message
    where there is none of that name, or it does not load."""
    choose_device(gpu_id)
    try:
        return spacy.load(model)
    except Exception as error:  # damaged files have as many kinds of errors as readers
        msg.fail(f"Cannot load the pipeline '{model}'", str(error), exits=1)


class Notes:
    """Tells what readers decided, at once, and what they mended, at the end; of many alike only the
    first ones."""

    def __init__(self) -> None:
        self._said = 0
        self._problems: Counter[str] = Counter()
        self._first: list[Problem] = []

    def say(self, note: str) -> None:
        """Print a note."""
        self._said += 1
        if self._said <= SHOWN:
            msg.info(visible(note))
        elif self._said == SHOWN + 1:
            msg.info("(more of the kind are not shown)")

    def problem(self, problem: Problem) -> None:
        """Keep a problem that has been mended."""
        self._problems[problem.kind] += 1
        if self._problems[problem.kind] <= SHOWN:
            self._first.append(problem)

    def print_problems(self) -> None:
        """Print the first problems of each kind, and how many there were."""
        for problem in self._first:
            msg.warn(visible(str(problem)))
        for kind, number in sorted(self._problems.items()):
            if number > SHOWN:
                msg.warn(f"{kind}: {number:,} in all")
