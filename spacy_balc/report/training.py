"""What training left behind: the curve from spaCy's log, and the transitions of the CRF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import srsly

from ..tags import legal_transitions, tag_names


def read_log(path: Path) -> list[dict[str, Any]]:
    """Evaluations in the JSONL file that `spacy.ConsoleLogger.v2` or `.v3` writes as `output_file`.

    RETURNS: for each `epoch`, `step`, `score`, `losses` by component and `scores` by name, rates
        as shares (the file holds per cent, but for `speed` and `score`).
    Raises ValueError, naming file and line, for anything else.
    """
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = srsly.json_loads(line)
                scores = {
                    name: float(value) if name == "speed" else float(value) / 100
                    for name, value in row["scores"].items()
                }
                losses = {name: float(value) for name, value in row["losses"].items()}
                rows.append(
                    {
                        "epoch": int(row["epoch"]),
                        "step": int(row["step"]),
                        "score": float(row["score"]),
                        "losses": losses,
                        "scores": scores,
                    }
                )
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"{path}, line {number}: no training log ({type(error).__name__}: {error}). "
                    'Write one with [training.logger] @loggers = "spacy.ConsoleLogger.v3" and '
                    "output_file"
                ) from error
    if not rows:
        raise ValueError(f"{path}: the log holds no evaluation")
    return rows


def transition_table(
    component: str,
    labels: Sequence[str],
    start: numpy.ndarray,
    end: numpy.ndarray,
    matrix: numpy.ndarray,
) -> dict[str, Any]:
    """Scores of a CRF's legal transitions, None where BIO forbids one.

    labels: of n types, sorted. start, end: float (2n + 1,), scores of the first and the last tag.
    matrix: float (from 2n + 1, to 2n + 1).
    """
    tags = tag_names(labels)
    starts, follows = legal_transitions(len(tags))
    return {
        "component": component,
        "tags": tags,
        "start": [float(v) if legal else None for v, legal in zip(start, starts, strict=True)],
        "end": [float(value) for value in end],
        "matrix": [
            [float(v) if legal else None for v, legal in zip(row, allowed, strict=True)]
            for row, allowed in zip(matrix, follows, strict=True)
        ],
    }
