"""Files that lose nothing: header and layers are checked, and it is written whole or not."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Union

from thinc.api import Model

FORMAT = 1
MAGIC = "spacy-balc"
MOST_HEADER = 64 * 2**20  # bytes: a header holds settings and a tokenizer, no weights
DAMAGED = (
    "The file is damaged or was not written by spacy-balc: copy it again from where it was whole, "
    "or train again."
)


def pack(header: dict[str, Any], body: bytes) -> bytes:
    """One line of JSON, which holds `header`, the format's number and a SHA-256 of all, then
    `body` as it is."""
    text = json.dumps(header, sort_keys=True)
    line = {MAGIC: FORMAT, "sha256": _digest(text, body), "header": text}
    return json.dumps(line).encode("ascii") + b"\n" + body


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body of what `pack` gave.

    Raises ValueError with the remedy if it differs from that, or its format is another.
    """
    end = data.find(b"\n", 0, MOST_HEADER)
    try:
        line = json.loads(data[: max(end, 0)])
        found, digest, text = line[MAGIC], line["sha256"], line["header"]
        header = json.loads(text)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"there is no header of spacy-balc in it. {DAMAGED}") from None
    if found != FORMAT:
        raise ValueError(
            f"it is of format {found!r}, while this version of spacy-balc reads {FORMAT}: install "
            "the version that wrote it."
        )
    body = data[end + 1 :]
    if not isinstance(text, str) or digest != _digest(text, body):
        raise ValueError(f"its SHA-256 is not the one that it was written with. {DAMAGED}")
    return header, body


def _digest(text: str, body: bytes) -> str:
    digest = hashlib.sha256(text.encode("utf8"))
    digest.update(b"\n")
    digest.update(body)
    return digest.hexdigest()


def check_nodes(model: Model, message: dict[str, Any]) -> None:
    """Raise ValueError if what `model.to_bytes` packed, once read, is of another network than the
    model, or holds what would take the place of a function or be a weight of no use: thinc takes on
    whatever is in a file."""
    nodes = list(model.walk())
    if len(message["nodes"]) != len(nodes):
        saved = Counter(node["name"] for node in message["nodes"])
        here = Counter(node.name for node in nodes)
        raise ValueError(
            "it holds another network than the config describes: in the file alone are the layers "
            f"{_names(saved - here)}, by the config alone {_names(here - saved)}. Use the config "
            "that it was trained with: `tok2vec` and `words` of its model make the layers."
        )
    for node, attrs, params in zip(nodes, message["attrs"], message["params"]):
        foreign = {name for name in attrs if callable(node.attrs.get(name))}
        foreign |= set(params) - set(node.param_names)
        if foreign:
            raise ValueError(
                f"its layer {node.name!r} has {', '.join(sorted(foreign))}, which spacy-balc "
                "never writes: don't use it."
            )


def _names(layers: Counter[str]) -> str:
    return ", ".join(sorted(layers.elements())) or "none"


def write_whole(path: Union[str, Path], data: bytes) -> None:
    """Write a file beside its place and move it there: whatever happens, the old file or the new
    one is there, whole.

    Raises OSError if that can't be done; the old file is then untouched.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is there and no file: a device or folder can't be replaced.")
    for left in path.parent.glob(f".{path.name}.*.part"):  # by a process that was killed
        left.unlink(missing_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
