"""`balc validate`: what in an annotated corpus will hurt later, before anyone trains on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.util import get_lang_class, load_config
from tqdm import tqdm
from wasabi import msg, table

from ..corpus.checks import PARTS, Figures, Finding, Findings, check_corpus, read_part
from ..corpus.formats import FORMATS
from ..corpus.interface import ReadOptions, Sentence
from ..pieces import Pieces
from ._util import OffsetUnit, Scheme, Separator, TagColumn, TokenColumn, Whole, write_whole

NOTES = 10  # of the readers
SHOWN = 5  # subjects of a kind; the JSON has all
OURS = "spacy-balc.LoraTransformer."
ENCODERS = (OURS, "spacy-transformers.TransformerModel.")


def validate_cli(
    train: str = typer.Argument(
        ..., metavar="TRAIN", help="File, folder or pattern, of any format that convert reads"
    ),
    dev: str | None = typer.Option(None, "--dev", help="Development set, likewise"),
    test: str | None = typer.Option(None, "--test", help="Test set, likewise"),
    config_path: Path | None = typer.Option(
        None,
        "--config",
        "-c",
        help="Config of a pipeline, whose tokenizer and encoder are taken",
        exists=True,
        dir_okay=False,
    ),
    encoder: str | None = typer.Option(
        None, "--encoder", help="Encoder, folder or hub name, in place of the config's"
    ),
    lang: str | None = typer.Option(
        None, "--lang", "-l", help="Language code; the config's, or zh without one"
    ),
    from_format: str | None = typer.Option(
        None, "--from", help="Format of the files; detected where not given"
    ),
    scheme: Scheme = None,
    token_column: TokenColumn = None,
    tag_column: TagColumn = None,
    separator: Separator = None,
    offset_unit: OffsetUnit = None,
    whole: Whole = False,
    labels: str = typer.Option(
        "", "--labels", help='The labels that there should be: "LOC,ORG,PER"; none for any'
    ),
    rare: int = typer.Option(
        10, "--rare", metavar="N", help="Labels with fewer entities in TRAIN are rare", min=0
    ),
    examples: int = typer.Option(
        5, "--examples", metavar="N", help="Places shown of each finding", min=0
    ),
    json_path: Path | None = typer.Option(
        None, "--json", help="JSON file to write too; - prints it and nothing else", dir_okay=False
    ),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 for warnings too"),
) -> None:
    """
    Look for what will hurt later in an annotated corpus, before anyone trains on it.

    Errors: what convert would stop at, such as tags that continue nothing; labels of DEV and TEST
    that TRAIN does not have, or that --labels does not name; entities that begin or end with white
    space or go on across a sentence start; a set without entities.

    Warnings: rare labels and labels that look alike; entities that are not on token borders of the
    pipeline's tokenizer, hold the end of a sentence, or begin or end with punctuation; the same
    sentence with other entities; sentences of DEV and TEST that TRAIN has; entities in a row with
    nothing between them, where TRAIN has few; characters that cannot be seen, are damaged or pass
    for others; and, with --config or --encoder, more than 1 % of the characters unknown to the
    encoder.

    Information: duplicates, characters in two forms (full and half width), characters unknown to
    the encoder, lengths, texts longer than the encoder's window, and how many entities of DEV and
    TEST are known from TRAIN.

    A finding is told with the line where its sentence begins, or its tag stands.

    Exits with 0 if there is no error (with --strict: and no warning), otherwise with 1. Nothing is
    written but the JSON.

    Examples:

    balc validate train.bio --dev dev.bio --test test.bio --config configs/sample.cfg

    balc validate corpus/train.spacy --labels LOC,ORG,PER --strict --json findings.json
    """
    to_stdout = json_path is not None and str(json_path) == "-"
    notes: list[str] = []
    try:
        if from_format and from_format not in FORMATS:
            raise ValueError(f"there is no format '{from_format}'; there are {', '.join(FORMATS)}")
        nlp, name, window = load_tools(config_path, lang)
        pieces, window = load_pieces(encoder or name, window)
        reading = (nlp.lang, scheme, token_column, tag_column, separator, offset_unit, whole)
        options = ReadOptions(*reading, say=notes.append)
        findings = Findings(examples)
        parts = {
            part: bar(read_part(part, path, findings, from_format, options), part)
            for part, path in zip(PARTS, (train, dev, test), strict=True)
            if path
        }
        figures = check_corpus(
            parts,
            findings,
            nlp.lang,
            tokenizer=nlp.tokenizer,
            pieces=pieces,
            window=window,
            labels=labels.replace(",", " ").split(),
            rare=rare,
        )
    except (ValueError, ImportError, OSError) as error:
        msg.fail("Cannot validate", str(error), exits=1)
    found = findings.sorted()
    errors, warnings = (
        list(dict.fromkeys(one.kind for one in found if one.severity == severity))
        for severity in ("error", "warning")
    )
    clean = not errors and not (strict and warnings)
    if json_path:
        text = srsly.json_dumps(as_json(clean, figures, found), indent=2)
        if to_stdout:
            print(text)
        else:
            write_whole(json_path, text + "\n")
    if not to_stdout:
        for note in notes[:NOTES]:
            msg.info(note)
        if len(notes) > NOTES:
            msg.info(f"and {len(notes) - NOTES:,} notes more")
        print_findings(figures, found)
        if errors:
            msg.fail(f"Errors: {', '.join(errors)}")
        if warnings:
            msg.warn(f"Warnings: {', '.join(warnings)}")
        if not errors and not warnings:
            msg.good("Clean")
    raise typer.Exit(0 if clean else 1)


def bar(sentences: Iterator[Sentence], part: str) -> Iterator[Sentence]:
    """The same sentences, with a progress bar on standard error."""
    return iter(tqdm(sentences, desc=part, unit=" sentences", disable=None))


def load_tools(config_path: Path | None, lang: str | None) -> tuple[Language, str, int]:
    """A pipeline with the tokenizer to compare with, and the encoder's name and window (word
    pieces) that a config sets; "" and 0 where it sets none.

    Raises ValueError where the config cannot be used, ImportError for an unknown language.
    """
    if config_path is None:
        return spacy.blank(lang or "zh"), "", 0
    try:
        config = load_config(config_path).interpolate()
        settings = {"nlp": {**config["nlp"], "pipeline": [], "disabled": []}}
        nlp = get_lang_class(settings["nlp"]["lang"]).from_config(settings)
        nlp.tokenizer("1")  # one that wants to be initialized says so here
    except Exception as error:  # the config system's own, and whatever a tokenizer raises
        raise ValueError(f"{config_path}: {error}") from error
    if lang and lang != nlp.lang:
        raise ValueError(f"--lang is {lang}, while {config_path} is for {nlp.lang}: leave one out")
    block = find_encoder(config.get("components", {}))
    # Windows of spacy-transformers count tokens.
    window = block.get("window", 0) if block.get("@architectures", "").startswith(OURS) else 0
    return nlp, block.get("name") or "", window


def find_encoder(block: dict[str, Any]) -> dict[str, Any]:
    """The first settings of a pretrained encoder in a part of a config, {} where there are none."""
    if str(block.get("@architectures", "")).startswith(ENCODERS):
        return block
    found = (find_encoder(inner) for inner in block.values() if isinstance(inner, dict))
    return next(filter(None, found), {})


def load_pieces(name: str, window: int) -> tuple[Pieces | None, int]:
    """The word pieces of an encoder, without its weights, and how many it takes at once: `window`,
    or as many as there are positions for where that is 0. Without a name None and 0.

    Raises ValueError with a remedy where the encoder can't be had or used.
    """
    if not name:
        return None, 0
    # Seconds to import, and only needed here.
    from ..nn.family import most_pieces
    from ..nn.sources import load_spec

    config, spec = load_spec(name)
    most = most_pieces(config)
    return Pieces(spec), min(window or most, most)


def as_json(clean: bool, figures: Figures, found: list[Finding]) -> dict[str, Any]:
    """What `--json` writes."""
    return {
        "clean": clean,
        "figures": figures,
        "findings": [
            {
                "kind": one.kind,
                "severity": one.severity,
                "message": one.message,
                "subject": one.subject,
                "count": one.bag.count,
                "by_part": {part: one.bag.counts[part] for part in figures},
                "examples": [
                    {
                        "file": place.file,
                        "line": place.line,
                        "content": place.content,
                        "note": place.note,
                    }
                    for place in one.bag.places
                ],
            }
            for one in found
        ],
    }


def print_findings(figures: Figures, found: list[Finding]) -> None:
    """A table of figures, one of findings, and the first places of each finding."""
    rows = figures_rows(figures)
    aligns = ["l"] + ["r"] * len(figures)
    print(table(rows, ["", *figures], divider=True, aligns=aligns, max_col=60))
    if not found:
        return
    kinds: dict[str, list[Finding]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    rows = []
    for kind, group in kinds.items():
        for one in group[:SHOWN]:
            numbers = [f"{one.bag.counts[part]:,}" for part in figures]
            rows.append([*numbers, f"{one.severity}: {kind} {one.subject}"])
        if rest := group[SHOWN:]:
            sums = [f"{sum(one.bag.counts[part] for one in rest):,}" for part in figures]
            rows.append([*sums, f"{rest[0].severity}: {kind}, {len(rest)} others"])
    # What was found stands last: its characters may be of any width.
    aligns = ["r"] * len(figures) + ["l"]
    lines = table(rows, [*figures, "found"], divider=True, aligns=aligns, max_col=100).split("\n")
    print("\n".join(map(str.rstrip, lines)))
    for kind, group in kinds.items():
        for one in (one for one in group[:SHOWN] if one.bag.places):
            print(f"{kind} {one.subject}".rstrip() + f": {one.message}")
            for place in one.bag.places:
                line = f", line {place.line:,}" if place.line else ""
                note = f" ({place.note})" if place.note else ""
                print(f"    {place.file}{line}: {place.content}{note}")
    print()


def figures_rows(figures: Figures) -> list[list[str]]:
    """What the sets hold: rows of a name and a cell for each set."""
    labels = sorted({label for of in figures.values() for label in of.get("entities", {})})
    names = ["sentences", "tokens", *(f"entities: {label}" for label in labels)]
    rows: dict[str, dict[str, str]] = {name: {} for name in names}

    def put(name: str, part: str, value: str) -> None:
        rows.setdefault(name, {})[part] = value

    for part, of in figures.items():
        for name in ("sentences", "tokens"):
            put(name, part, f"{of[name]:,}")
        for label in labels:
            put(f"entities: {label}", part, f"{of.get('entities', {}).get(label, 0):,}")
        if seen := of.get("entities_seen_in_train"):
            put("entities whose string train has", part, f"{seen['mentions_share']:.1%}")
        for what in ("tokens", "pieces"):
            if lengths := of.get(f"{what}_a_sentence"):
                name = f"{what} a sentence: min, median, 90 %, 99 %, max"
                put(name, part, " ".join(f"{number:,}" for number in lengths.values()))
        for what in ("tokens", "characters"):
            if unknown := of.get(f"unknown_{what}"):
                value = f"{unknown['count']:,} ({unknown['share']:.2%})"
                put(f"{what} that the encoder does not know", part, value)
    return [[name, *(cells.get(part, "") for part in figures)] for name, cells in rows.items()]
