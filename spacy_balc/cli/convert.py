"""`balc convert`: annotations of any format become spaCy's binary format, BIO, JSONL or brat's."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import typer
from tqdm import tqdm
from wasabi import msg

from ..corpus.docs import Counts, spaced
from ..corpus.files import suffix
from ..corpus.formats import read_corpus
from ..corpus.interface import ReadOptions, Sentence, silent, visible
from ..corpus.output import check_apart, open_outputs, output_format
from ..corpus.split import SETS, Joiner, cut, dev_blocks, parse_shares, set_of
from ..report.tables import Table
from ._util import Notes, OffsetUnit, Scheme, Separator, TagColumn, TokenColumn, Whole


def convert_cli(
    inputs: list[str] = typer.Argument(
        ..., metavar="IN...", help="Files, folders and patterns such as 'data/*.bio', .gz, .xz"
    ),
    output_path: Path = typer.Argument(
        ..., metavar="OUT", help="File to write, by its suffix, or folder of shards, without one"
    ),
    from_format: str | None = typer.Option(
        None, "--from", help="Format of IN; detected from suffix and content where not given"
    ),
    to_format: str | None = typer.Option(
        None, "--to", help="Format of OUT: spacy, bio, jsonl or brat; by its suffix, or spacy"
    ),
    lang: str = typer.Option(
        "zh",
        "--lang",
        "-l",
        help="Language code: which tokenizer cuts raw text, and whether spaces stand between "
        "the tokens of formats that do not say",
    ),
    repair: bool = typer.Option(
        False, "--repair", help="Mend what can be mended, and say what it was"
    ),
    scheme: Scheme = None,
    token_column: TokenColumn = None,
    tag_column: TagColumn = None,
    separator: Separator = None,
    offset_unit: OffsetUnit = None,
    whole: Whole = False,
    cut_how: str | None = typer.Option(
        None, "--cut", help="Cut each text into its 'lines' or its 'sentences'"
    ),
    join_number: int = typer.Option(
        1, "--join", help="Join every N sentences of a file to one Doc", metavar="N", min=1
    ),
    split: str | None = typer.Option(
        None, "--split", help="Shares of train, dev and test, such as 0.9/0.05/0.05"
    ),
    dev_path: Path | None = typer.Option(
        None, "--dev", help="Also split off a development set in blocks, and write it here"
    ),
    dev_share: float = typer.Option(
        0.1, "--dev-share", help="Share of the sentences for --dev, at most 0.5"
    ),
    shard: int = typer.Option(
        10_000, "--shard", help="Docs in each file of a folder", metavar="N", min=1
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
    Convert annotated text: columns (BIO, IOB1, BIOES, BILOU, BMES; CoNLL), CLUENER's JSON, JSON of
    doccano, Label Studio and Prodigy, brat's .txt and .ann, Hugging Face datasets on disk (Parquet,
    Arrow), and .spacy; to .spacy, or to BIO, Prodigy's JSONL or brat.

    Formats, columns and tag schemes are detected, and what was detected is said. Each sentence of
    a column file and each text of the other formats becomes one Doc, whose text is, to the
    character, the one that the annotator saw. Of a .spacy file tokens, entities and the starts of
    sentences are taken, and no other annotation.

    OUT with a suffix (train.spacy, train.bio, train.jsonl) is one file. A .spacy file is made in
    memory, all of it. OUT without one is a folder of shards, train/00000.spacy and so on, which
    needs little memory for any number of sentences; spacy.Corpus.v1 reads the folder as it reads a
    file.

    Of a folder's files those whose suffix is of no format are left out, which is said.

    What does not fit stops the conversion with file, line and remedy, and leaves nothing behind.
    --repair mends what can be mended: a tag that continues nothing begins an entity, white space
    at an entity's border is left out, of overlapping entities the longer one stays.

    --split writes OUT/train, OUT/dev and OUT/test. A hash of the text decides, so the same text is
    always in the same set, whatever else is in the files; shares come out up to chance (of 10,000
    sentences, 5 % is 500, give or take 22).

    --dev takes contiguous blocks of about 500 sentences instead, spread evenly over IN (which is
    then read twice): the same ones each time.

    Examples:

    balc convert train.char.bmes train.spacy

    balc convert 'news/*.bio.gz' corpus --split 0.9/0.05/0.05

    balc convert admin.jsonl train.spacy --from doccano --lang en --cut lines

    balc convert brat-folder train.spacy --whole --cut sentences

    balc convert train.spacy train.jsonl
    """
    reading = (lang, scheme, token_column, tag_column, separator, offset_unit, whole)
    convert(
        inputs,
        output_path,
        from_format,
        to_format,
        ReadOptions(*reading),
        repair=repair,
        cut_how=cut_how,
        join_number=join_number,
        split=split,
        dev_path=dev_path,
        dev_share=dev_share,
        shard=shard,
        expect=expect,
        limit=limit,
    )


def convert(
    inputs: list[str],
    output_path: Path,
    from_format: str | None = None,
    to_format: str | None = None,
    options: ReadOptions = ReadOptions(),
    *,
    repair: bool = False,
    cut_how: str | None = None,
    join_number: int = 1,
    split: str | None = None,
    dev_path: Path | None = None,
    dev_share: float = 0.1,
    shard: int = 10_000,
    expect: str = "",
    limit: int = 0,
) -> None:
    """Convert and print what was there; a problem is printed and ends the program with 1."""
    notes = Notes()
    counts = Counts()

    def read(passing: bool = False) -> Iterator[Sentence]:
        """The sentences, cut and up to the limit; problems are not told twice when `passing`."""
        take = (lambda problem: None) if passing else notes.problem
        told = replace(options, say=silent if passing else notes.say)
        sentences = read_corpus(inputs, from_format, told, take if repair else None)
        if cut_how:
            sentences = chain.from_iterable(cut(sentence, cut_how) for sentence in sentences)
        return tqdm(sentences, desc="Counting" if passing else None, unit="", disable=None)

    try:
        expected = parse_expected(expect)
        habit = spaced(options.lang)
        if cut_how not in (None, "lines", "sentences"):
            raise ValueError(f"--cut takes lines or sentences, not '{cut_how}'")
        targets, choose = plan(output_path, split, dev_path)
        check_apart(inputs, targets.values())
        if dev_path:
            n = sum(1 for _ in islice(read(passing=True), limit or None))
            dev = set(dev_blocks(n, dev_share)[1])
            if n == 1:
                raise ValueError("One sentence cannot be split into two sets")

            def choose(i: int, sentence: Sentence) -> str:
                return "dev" if i in dev else "train"

        main = output_format(output_path, to_format)
        formats = {key: output_format(path, to_format, main) for key, path in targets.items()}
        take = notes.problem if repair else None
        with open_outputs(targets, formats, options.lang, take, shard) as outputs:
            adders = {key: output.add for key, output in outputs.items()}
            joiners = []
            if join_number > 1:
                joiners = [Joiner(add, join_number, habit) for add in adders.values()]
                adders = {key: joiner.add for key, joiner in zip(adders, joiners, strict=True)}
            for i, sentence in enumerate(read()):
                if limit and i >= limit and not expected:
                    break
                counts.add(sentence)
                if not limit or i < limit:
                    adders[choose(i, sentence)](sentence)
            if not counts.sentences:
                raise ValueError("no sentence was found")
            for joiner in joiners:
                joiner.finish()
    except (ValueError, ImportError, OSError) as error:
        msg.fail(f"Cannot convert {' '.join(inputs)}", visible(str(error)), exits=1)

    notes.print_problems()
    if counts.misaligned:
        msg.warn(
            f"{counts.misaligned:,} entities begin or end inside of a token of spaCy's tokenizer "
            f"for '{options.lang}'. The tokens were cut there; a pipeline with that tokenizer "
            "cannot find these entities."
        )
    print_counts(counts, expected)
    if not counts.entities:
        msg.warn("There is no entity in it", "Is this the right file, and --tag-column its tags?")
    for key, target in targets.items():
        written = outputs[key].written
        tell = msg.good if written else msg.warn
        tell(f"Saved {written:,} docs to {target}")


def plan(
    output_path: Path, split: str | None, dev_path: Path | None
) -> tuple[dict[str, Path], Callable[[int, Sentence], str]]:
    """The targets by name, and a function that names the one of a sentence.

    Raises ValueError for options that exclude each other.
    """
    if not split:
        if dev_path and dev_path.resolve() == output_path.resolve():
            raise ValueError(f"{dev_path} is named for both sets; name another file with --dev")
        targets = {"train": output_path} | ({"dev": dev_path} if dev_path else {})
        return targets, lambda i, sentence: "train"
    if dev_path:
        raise ValueError("--split and --dev are two ways to do one thing; choose one")
    shares = parse_shares(split)
    if suffix(output_path):
        raise ValueError(f"--split writes a folder: name {output_path.with_suffix('')}, say")
    for path in (output_path / name for name in SETS if name not in shares):
        if path.exists():
            raise ValueError(f"{path} is of another split, and would stay; remove it first")
    targets = {name: output_path / name for name in shares}
    return targets, lambda i, sentence: set_of(sentence, shares)


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
        **dict(sorted(counts.entities.items())),
    }
    found.update({name: 0 for name in expected if name not in found})
    header = ["", "found"]
    rows = [[visible(name), f"{number:,}"] for name, number in found.items()]
    if expected:
        header.append("expected")
        for row, name in zip(rows, found, strict=True):
            row.append(f"{expected[name]:,}" if name in expected else "")
    print(Table(header, rows).terminal())
    differing = [name for name, number in expected.items() if found[name] != number]
    if differing:
        msg.warn(f"Not as many as expected: {', '.join(differing)}", "Is this the right file?")
