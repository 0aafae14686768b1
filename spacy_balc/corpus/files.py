"""Files of a corpus: which ones are meant, opening them, and writing whole or not at all."""

import glob
import gzip
import lzma
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO, TextIO

from .interface import CorpusError, place

PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\..+)")  # a file of a dataset in several
COMPRESSED = {".gz": gzip.open, ".xz": lzma.open}


def expand(inputs: Sequence[Path | str]) -> list[tuple[Path, bool]]:
    """The files meant by paths, folders (with all that is in them) and patterns such as
    `data/*.bio`, each input's in sorted order, and whether a file was named itself.

    Of a folder's files hidden ones are left out, and a `.txt` with an `.ann` of the same name
    beside it, which together are one document of brat's. Links are followed.

    Raises CorpusError where an input names nothing, or a pipe or device, which cannot be read
    twice, or a folder without some of a dataset's files (such as train-00001-of-00002.parquet);
    OSError for a folder that cannot be read.
    """
    files: list[tuple[Path, bool]] = []
    for given in inputs:
        path = Path(given)
        if path.is_dir():
            found = [(file, False) for file in _walk(path)]
        elif path.exists():
            if not path.is_file():
                raise CorpusError(f"{given} is a pipe or a device; save what it gives in a file")
            found = [(path, True)]
        else:
            matches = [Path(name) for name in sorted(glob.glob(str(given), recursive=True))]
            found = [(match, True) for match in _once(matches) if match.is_file()]
            for folder in (match for match in matches if match.is_dir()):
                if "**" not in str(given):
                    found.extend((file, False) for file in _walk(folder))
        if not found:
            kind = "the folder holds no file" if path.is_dir() else "there is no such file"
            raise CorpusError(f"{given}: {kind}")
        files.extend(found)
    return files


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    seen = {folder.resolve()}  # a link to a folder that it lies in would go on without end
    for where, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        inside = sorted(name for name in folders if not name.startswith("."))
        folders.clear()
        for name in inside:
            real = Path(where, name).resolve()
            if real not in seen:
                seen.add(real)
                folders.append(name)
        files = (Path(where, name) for name in names if not name.startswith("."))
        # A link to nothing stays, so that whoever opens it says so.
        found.extend(path for path in files if path.is_file() or not path.exists())
    _check_parts(found)
    return _once(sorted(found))


def _raise(error: OSError) -> None:
    raise error


def _check_parts(paths: list[Path]) -> None:
    parts = defaultdict(set)
    for path in paths:
        if part := PART.fullmatch(path.name):
            name, number, total, end = part.groups()
            parts[path.parent, name, int(total), end].add(int(number))
    for (folder, name, total, end), there in parts.items():
        if missing := sorted(set(range(total)) - there):
            raise CorpusError(
                f"{folder / name}-{missing[0]:05d}-of-{total:05d}{end} is missing ({len(missing)} "
                f"of {total} files are); copy the dataset once more, or name the files to read"
            )


def _once(paths: list[Path]) -> list[Path]:
    """Without the `.txt` of a pair that brat's reader takes together."""
    known = set(paths)
    return [
        path for path in paths if path.suffix != ".txt" or path.with_suffix(".ann") not in known
    ]


def suffix(path: Path) -> str:
    """A file's suffix in lower case, without that of a compressed file: `.bio` of a.bio.gz."""
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return inner.suffix.lower()


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, `.gz` and `.xz` decompressed, for reading bytes."""
    return COMPRESSED.get(path.suffix.lower(), open)(path, "rb")


def open_writing(path: Path) -> TextIO:
    """Open a file, `.gz` and `.xz` compressed, for writing UTF-8 with \\n as end of line."""
    opener = COMPRESSED.get(path.suffix.lower(), open)
    return opener(path, "wt", encoding="utf-8", newline="\n")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line's number, from 1, and text without its end. Bytes are cut at \\n alone: U+2028,
    U+0085 and their like are no ends of lines. A byte order mark at the start is left out.

    Raises CorpusError for what is not UTF-8.
    """
    with open_bytes(path) as file:
        for number, raw in enumerate(file, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise not_utf8(path, number, raw, error) from None
            yield number, line.rstrip("\r\n")


def read_text(path: Path) -> str:
    """A whole file, byte for byte (\\r\\n stays), but for a byte order mark at its start.

    Raises CorpusError for what is not UTF-8.
    """
    with open_bytes(path) as file:
        data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        line = data.count(b"\n", 0, error.start) + 1
        raise not_utf8(path, line, data[start:].partition(b"\n")[0], error) from None


def not_utf8(path: Path, line: int, raw: bytes, error: UnicodeDecodeError) -> CorpusError:
    """The error for a line of bytes in another encoding."""
    shown = str(raw.rstrip(b"\r\n"))[2:-1]
    problem = f"{error.reason}: the file must be UTF-8, convert it first"
    return CorpusError(f"{place(path, line, shown)}: {problem}")


@contextmanager
def staged(target: Path, folder: bool = False) -> Iterator[Path]:
    """A place to write at, of the target's name, moved to the target when the context ends without
    an error: nothing half-written is ever there, and of an error nothing remains.

    folder: whether the target is a folder, made empty, which replaces one that is there; else it is
        a file, and what is written beside it (such as the .ann of a .txt) goes with it.

    Parent folders are made at the end. Raises CorpusError where the target cannot be written.
    """
    if target.exists() and not (target.is_dir() if folder else target.is_file()):
        # A device or a pipe would be replaced by what is moved there.
        kind = "folder" if folder else "file"
        raise CorpusError(f"Cannot write {target}: it is there and no {kind}. Name another place.")
    home = next(parent for parent in target.absolute().parents if parent.exists())
    with naming(target):
        stage = Path(mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=home))
    place = stage / target.name
    try:
        if folder:
            place.mkdir()
        yield place
        with naming(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            old = stage / ".old"
            if folder and target.exists():
                os.replace(target, old)
            try:
                for made in (path for path in stage.iterdir() if path != old):
                    os.replace(made, target.parent / made.name)
            except BaseException:
                if old.exists() and not target.exists():
                    os.replace(old, target)
                raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Raise a CorpusError that names the target for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise CorpusError(f"Cannot write {target}: {error}") from None
