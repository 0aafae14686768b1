"""What the commands share: writing a file whole or not at all, loading a pipeline."""

import os
from pathlib import Path

import spacy
from spacy.cli._util import setup_gpu
from spacy.language import Language
from wasabi import msg


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file (text as UTF-8) beside its place and move it there; parent folders are made.
    Exit with a message, and leave nothing, where that is not possible."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        msg.fail(f"Cannot write {path}", str(error), exits=1)


def load_pipeline(model: str, gpu_id: int) -> Language:
    """Load a pipeline by folder or package name, on a GPU or, for -1, the CPU; exit with a message
    where there is none of that name."""
    setup_gpu(gpu_id, silent=gpu_id < 0)
    try:
        return spacy.load(model)
    except OSError as error:
        msg.fail(f"Cannot load the pipeline '{model}'", str(error), exits=1)
