"""Where converted sentences go: one file, or a folder of shards, in any format that is written."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import permutations
from pathlib import Path

from .files import COMPRESSED, expand, naming, staged, suffix
from .formats import FORMATS
from .interface import CorpusError, Format, OnProblem, Sentence


def written_formats() -> list[str]:
    """The names of the formats that can be written."""
    return [name for name, known in FORMATS.items() if known.write]


def output_format(target: Path, name: str | None, default: Format | None = None) -> Format:
    """The format to write: `name`, or what the target's suffix says, or, for a target without a
    suffix, which will be a folder of shards, the default, or else spaCy's.

    Raises CorpusError where there is no such format, it is not written, or the suffix is not its.
    """
    if name is not None and name not in written_formats():
        raise CorpusError(f"--to {name}: there are {', '.join(written_formats())}")
    compressed = target.suffix.lower() in COMPRESSED
    if not suffix(target) and not compressed:
        return FORMATS[name] if name else default or FORMATS["spacy"]
    fitting = [n for n in written_formats() if suffix(target) in FORMATS[n].suffixes]
    if name is None and len(fitting) == 1:
        name = fitting[0]
    if name not in fitting:
        for_name = FORMATS[name].suffixes if name else ()
        remedy = f"{name} ends in {' or '.join(for_name)}" if name else "name the format with --to"
        end = suffix(target) or target.suffix
        raise CorpusError(
            f"{target}: {end} does not say what to write; {remedy}. A folder's name has no dot"
        )
    if compressed and name == "spacy":
        raise CorpusError(f"{target}: spaCy reads no compressed .spacy; it is compressed inside")
    if compressed and name == "brat":
        raise CorpusError(f"{target}: brat reads no compressed files; name a .txt or .ann")
    return FORMATS[name]


class Output:
    """Takes sentences one by one. `written` counts them."""

    def __init__(
        self,
        target: Path,
        place: Path,
        format: Format,
        lang: str,
        on_problem: OnProblem,
        shard: int,
    ):
        self.written = 0
        self._target = target
        self._place = place
        self._open = lambda path: format.write(path, lang, on_problem)
        self._suffix = format.suffixes[0]
        self._shard = shard
        self._stack = ExitStack()
        self._turn()

    def add(self, sentence: Sentence) -> None:
        """Write one sentence. Raises CorpusError where the disk is full."""
        try:
            if self._shard and self.written and self.written % self._shard == 0:
                self._stack.close()
                self._turn()
            self._add(sentence)
        except OSError as error:
            raise CorpusError(f"Cannot write {self._target}: {error}") from None
        self.written += 1

    def _turn(self) -> None:
        path = self._place
        if self._shard:
            path = path / f"{self.written // self._shard:05d}{self._suffix}"
        self._add = self._stack.enter_context(self._open(path))

    def __enter__(self) -> "Output":
        return self

    def __exit__(self, *error: object) -> bool | None:
        with naming(self._target):
            return self._stack.__exit__(*error)


@contextmanager
def open_outputs(
    targets: dict[str, Path],
    formats: dict[str, Format],
    lang: str,
    on_problem: OnProblem = None,
    shard: int = 10_000,
) -> Iterator[dict[str, Output]]:
    """For each target, under the same key, an `Output`. A target with a suffix is a file, one
    without a folder of files of `shard` sentences each. All are in place when the context ends
    without an error, and none otherwise.

    Shards in .spacy that lie there already are replaced. Raises CorpusError for a folder with
    anything else in it, and for a target that cannot be written.
    """
    for one, other in permutations(targets.values(), 2):
        if other.resolve() in one.resolve().parents:
            raise CorpusError(f"{one} lies in {other}, which is written as a whole")
    with ExitStack() as places, ExitStack() as outputs:
        opened = {}
        for key, target in targets.items():
            folder = not suffix(target)
            _check_target(target, folder)
            if formats[key].name == "brat" and not folder:
                _check_pair(target, list(targets.values()))
            place = places.enter_context(staged(target, folder))
            output = Output(target, place, formats[key], lang, on_problem, shard if folder else 0)
            opened[key] = outputs.enter_context(output)
        yield opened


def check_apart(inputs: Sequence[Path | str], targets: Iterable[Path]) -> None:
    """Raise CorpusError where a target would take the place of a file that is read."""
    files = {file: file.resolve() for file, _ in expand(inputs)}
    for target in targets:
        places = {target.resolve()}
        if target.suffix in (".txt", ".ann"):
            places.update(target.resolve().with_suffix(end) for end in (".txt", ".ann"))
        for file, real in files.items():
            if not places.isdisjoint((real, *real.parents)):
                raise CorpusError(
                    f"{file} is read, and {target} would take its place; name another OUT, or "
                    "only the files that are to be read"
                )


def _check_pair(target: Path, targets: Sequence[Path]) -> None:
    """Refuse a file of brat's whose other file is another target, or somebody's."""
    other = target.with_suffix(".ann" if target.suffix == ".txt" else ".txt")
    if any(path.resolve() == other.resolve() for path in targets):
        raise CorpusError(f"{target} and {other} are one document of brat's; name another file")
    if other.exists() and not target.exists():
        raise CorpusError(f"{other} is there, and would be written too; name another file")


def _check_target(target: Path, folder: bool) -> None:
    """Refuse to put a file in the place of a folder, or shards in the place of anything else."""
    if target.exists() and not target.is_dir() and not target.is_file():
        raise CorpusError(f"{target} is a pipe or a device; name a file")
    if target.is_dir() and not folder:
        raise CorpusError(f"{target} is a folder; name a file")
    if target.is_file() and folder:
        raise CorpusError(f"{target} is a file; name a folder, or a file with a suffix")
    # Numbered .spacy files are of convert's making; any other may be somebody's work.
    for path in sorted(target.iterdir()) if target.is_dir() else ():
        if not re.fullmatch(r"\d{5,}\.spacy", path.name):
            raise CorpusError(
                f"{target} holds {path.name}, which would be lost; name a new or empty folder"
            )
