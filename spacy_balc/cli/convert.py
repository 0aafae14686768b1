"""`balc convert`: a two-column BIO or BMES file becomes spaCy's binary format."""

from pathlib import Path

import typer
from tqdm import tqdm
from wasabi import msg

from ..corpus.columns import read_columns
from ..corpus.docs import Counts, Sentence, count, spaced, to_docbin
from ..corpus.split import dev_blocks
from ..report.tables import Table
from ._util import write_whole


def convert_cli(
    input_path: Path = typer.Argument(
        ..., metavar="IN", help="Two-column file to read", exists=True, dir_okay=False
    ),
    output_path: Path = typer.Argument(
        ..., metavar="OUT", help="File to write, ending in .spacy", dir_okay=False
    ),
    lang: str = typer.Option(
        "zh", "--lang", "-l", help="Language code; it decides whether spaces stand between tokens"
    ),
    repair: bool = typer.Option(
        False, "--repair", help="Mend tags that do not fit those around them, and list them"
    ),
    dev_path: Path | None = typer.Option(
        None, "--dev", help="Also split off a development set, and write it here", dir_okay=False
    ),
    dev_share: float = typer.Option(
        0.1, "--dev-share", help="Share of the sentences split off, at most 0.5"
    ),
    expect: str = typer.Option(
        "",
        "--expect",
        help='What IN should hold, to be compared: "sentences=4365 LOC=2877"; '
        "also tokens, longest, entities",
    ),
    limit: int = typer.Option(
        0, "--limit", help="Use only the first N sentences; 0 for all", min=0
    ),
) -> None:
    """
    Convert a BIO or BMES file to spaCy's binary format.

    The file holds a token and its tag a line, a tab or spaces between them, and an empty line
    after each sentence; the scheme is detected from the tags. Each sentence becomes one Doc.

    A line that is not a token and a tag, an unknown tag, or a tag that continues nothing stops the
    conversion with its line. --repair mends the last kind: an I-X that continues nothing becomes
    B-X, and in BMES entities end where their tags do.

    --dev takes contiguous blocks of about 500 sentences, spread evenly over the file: the same
    ones each time.
    """
    convert(input_path, output_path, lang, repair, dev_path, dev_share, expect, limit)


def convert(
    input_path: Path,
    output_path: Path,
    lang: str = "zh",
    repair: bool = False,
    dev_path: Path | None = None,
    dev_share: float = 0.1,
    expect: str = "",
    limit: int = 0,
) -> None:
    """Convert one file and print what it held; a problem is printed and ends the program with 1."""
    for path in filter(None, (output_path, dev_path)):
        if path.suffix != ".spacy":
            msg.fail(f"{path} does not end in .spacy, so spaCy would not read it", exits=1)
    if dev_path and dev_path.resolve() == output_path.resolve():
        msg.fail(f"{dev_path} is named for both sets", "Name another file with --dev", exits=1)
    try:
        expected = parse_expected(expect)
        spaced(lang)
        columns = read_columns(input_path, repair)
        used = columns.sentences[: limit or None]
        train, dev = dev_blocks(len(used), dev_share) if dev_path else (range(len(used)), [])
    except (ValueError, ImportError, OSError) as error:
        msg.fail(f"Cannot convert {input_path}", str(error), exits=1)
    if dev_path and not dev:
        msg.fail("One sentence cannot be split into two sets", exits=1)

    msg.info(f"{input_path}: tags follow {columns.scheme}")
    for fix in columns.repairs:
        msg.warn(f"{input_path}, line {fix.line}: {fix.token} {fix.found} read as {fix.mended}")
    print_counts(count(columns.sentences), expected)
    outputs = {output_path: [used[i] for i in train]}
    if dev_path:
        outputs[dev_path] = [used[i] for i in dev]
    data = {path: docbin_bytes(sentences, lang, path.name) for path, sentences in outputs.items()}
    for path, sentences in outputs.items():
        write_whole(path, data[path])
        msg.good(f"Saved {len(sentences):,} sentences to {path}")


def docbin_bytes(sentences: list[Sentence], lang: str, description: str) -> bytes:
    """The content of a .spacy file, made with a progress bar."""
    return to_docbin(tqdm(sentences, desc=description, unit="doc", disable=None), lang).to_bytes()


def parse_expected(text: str) -> dict[str, int]:
    """Read "sentences=4365 LOC=2877"; raises ValueError for anything else."""
    expected = {}
    for part in text.split():
        name, _, number = part.rpartition("=")
        if not name or not number.isdecimal():
            raise ValueError(f"--expect: '{part}' is not like sentences=4365 or LOC=2877")
        expected[name] = int(number)
    return expected


def print_counts(counts: Counts, expected: dict[str, int]) -> None:
    """Print what was found, beside what was expected, and warn where the two differ."""
    found = {
        "sentences": counts.sentences,
        "tokens": counts.tokens,
        "longest": counts.longest,
        "entities": sum(counts.entities.values()),
        **counts.entities,
    }
    found.update({name: 0 for name in expected if name not in found})
    header = ["", "found"]
    rows = [[name, f"{number:,}"] for name, number in found.items()]
    if expected:
        header.append("expected")
        for row in rows:
            row.append(f"{expected[row[0]]:,}" if row[0] in expected else "")
    print(Table(header, rows).terminal())
    differing = [name for name, number in expected.items() if found[name] != number]
    if differing:
        msg.warn(f"Not as many as expected: {', '.join(differing)}", "Is this the right file?")
