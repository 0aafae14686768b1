"""`balc evaluate`: strict entity scores of a pipeline, and the token-level table beside them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from tqdm import tqdm
from wasabi import msg

from ..corpus.docs import spaced, to_doc
from ..corpus.formats import ReadOptions, read_corpus
from ..report.answers import Entity, entities, is_annotated, on_gold_tokens, tag_pairs
from ..report.scores import entity_scores, token_table
from ..report.tables import entity_table, token_tags_table
from ._util import Notes, load_pipeline, write_whole


def evaluate_cli(
    model: str = typer.Argument(..., help="Pipeline: a folder or a package name"),
    data_path: Path = typer.Argument(
        ...,
        metavar="DATA",
        help="Gold annotation: .spacy, or any format that `balc convert` reads",
        exists=True,
    ),
    output_path: Path | None = typer.Option(
        None, "--output", "-o", help="JSON file to write the metrics to", dir_okay=False
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
    batch_size: int = typer.Option(
        256, "--batch-size", help="Docs given to the pipeline at a time", min=1
    ),
    retokenize: bool = typer.Option(
        False, "--retokenize", help="Let the pipeline's own tokenizer cut the gold text"
    ),
) -> None:
    """
    Score a pipeline's entities against gold annotation, quickly, in the terminal.

    An entity is correct if its span and its type are. The table by token is printed beside it; it
    counts O, which most tokens are, so its average is no entity score. For errors, intervals and
    the comparison of two systems there is `balc report`.

    The pipeline is given the gold tokens, so that it answers for each of them. --retokenize gives
    it the text alone, as in use: entities are then compared by character, and each gold token
    takes its tag from the entity that covers it.

    Gold tokens without annotation are left out, and so are the entities predicted on them.
    """
    nlp = load_pipeline(model, gpu_id)
    warn_without_entities(nlp, model)
    golds = with_annotation(read_docs(data_path, nlp.vocab, nlp.lang), data_path)
    try:
        metrics = evaluate(nlp, golds, batch_size, retokenize)
    except (ValueError, RuntimeError) as error:
        msg.fail("Cannot evaluate", str(error), exits=1)
    metrics.update(model=model, data=str(data_path), data_sha256=sha256(data_path))
    msg.divider("Entities: exact span and type")
    print(entity_table(metrics).terminal())
    msg.divider("Tokens, O among them: not an entity score")
    print(token_tags_table(metrics).terminal())
    msg.info(
        f"{metrics['sentences']:,} docs, {metrics['tokens']:,} tokens, the longest of "
        f"{metrics['longest_sentence']:,}; {metrics['seconds']:.1f} s, "
        f"{metrics['tokens_per_second']:,.0f} tokens a second"
    )
    if metrics["docs_without_annotation"]:
        msg.info(f"{metrics['docs_without_annotation']:,} docs without annotation left out")
    if output_path:
        write_whole(output_path, json.dumps(metrics, ensure_ascii=False, indent=2) + "\n")
        msg.good(f"Saved the metrics to {output_path}")


def warn_without_entities(nlp: Language, name: str) -> None:
    """Warn where no component of a pipeline says that it finds entities."""
    if not any("doc.ents" in nlp.get_pipe_meta(pipe).assigns for pipe in nlp.pipe_names):
        msg.warn(f"No component of '{name}' says that it sets doc.ents", ", ".join(nlp.pipe_names))


def read_docs(path: Path, vocab: Vocab, lang: str, repair: bool = False) -> list[Doc]:
    """The docs of a file or folder in any format that `balc convert` reads; exit with a message
    where that is not possible.

    lang: decides whether spaces stand between tokens, where the format does not say.
    repair: mend what can be mended, and list it.
    Docs that were not read from .spacy have `file` and `line` in their user_data.
    """
    binary = sorted(path.rglob("*.spacy")) if path.is_dir() else [path]
    if binary and binary[0].suffix == ".spacy":
        docs = []
        for file in binary:
            try:
                docs += DocBin().from_disk(file).get_docs(vocab)
            except Exception as error:  # zlib, msgpack and numpy each have their own
                remedy = f"{error}\nMake one with: balc convert"
                msg.fail(f"{file} is no .spacy file", remedy, exits=1)
        return docs
    notes = Notes()
    try:
        spaces, docs = spaced(lang), []
        options = ReadOptions(lang=lang, say=notes.say)
        sentences = read_corpus([path], None, options, notes.problem if repair else None)
        for sentence in tqdm(sentences, desc=f"read {path.name}", unit="doc", disable=None):
            doc = to_doc(sentence, vocab, spaces)
            doc.user_data.update(file=str(sentence.file or path), line=sentence.line)
            docs.append(doc)
    except (ValueError, ImportError, OSError) as error:
        msg.fail(f"Cannot read {path}", str(error), exits=1)
    notes.print_problems()
    return docs


def with_annotation(docs: list[Doc], path: Path) -> list[Doc]:
    """The docs as they are; exit with a message, which names their file, if nothing in them is
    annotated."""
    if not any(map(is_annotated, docs)):
        msg.fail(f"{path} holds no entity annotation, not even O", exits=1)
    return docs


def sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder, over the relative path and the content of each of its
    files."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    found = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        found.update(file.relative_to(path).as_posix().encode("utf-8") + b"\0")
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def predict(
    nlp: Language, golds: Sequence[Doc], batch_size: int = 256, retokenize: bool = False
) -> tuple[list[list[Entity]], float]:
    """Entities that a pipeline finds in the texts of gold docs, and the seconds it took.

    retokenize: give the pipeline the gold text for its own tokenizer, not the gold tokens.
    Raises RuntimeError if the pipeline gives back fewer docs than it got, ValueError if its
    tokenizer does not keep the text.
    """

    def blank_docs() -> Iterator[tuple[Doc, int]]:
        for i, gold in enumerate(golds):
            if retokenize:
                doc = nlp.make_doc(gold.text)
                if doc.text != gold.text:
                    raise ValueError(
                        f"the pipeline's tokenizer changes the text of doc {i + 1}, so that its "
                        "entities have no place in the gold: leave --retokenize out"
                    )
                yield doc, i
            else:
                spaces = [bool(token.whitespace_) for token in gold]
                yield Doc(nlp.vocab, words=[token.text for token in gold], spaces=spaces), i

    answers: dict[int, list[Entity]] = {}
    start = perf_counter()
    # With as_tuples each answer keeps its place even where an error handler drops a doc.
    docs = nlp.pipe(blank_docs(), as_tuples=True, batch_size=batch_size)
    for doc, i in tqdm(docs, total=len(golds), desc="predict", unit="doc", disable=None):
        answers[i] = entities(doc)
    seconds = perf_counter() - start
    if len(answers) < len(golds):
        missing = len(golds) - len(answers)
        raise RuntimeError(f"the pipeline gave no answer for {missing} of {len(golds)} docs")
    return [answers[i] for i in range(len(golds))], seconds


def evaluate(
    nlp: Language, golds: Sequence[Doc], batch_size: int = 256, retokenize: bool = False
) -> dict[str, Any]:
    """Predict each annotated gold doc anew and score the entities.

    retokenize: as `predict` takes it.
    RETURNS: what `entity_scores` returns; `token_table`; `sentences` (docs), `tokens` and
        `longest_sentence` (tokens), all of the gold; `docs_without_annotation`, which count for
        nothing; `seconds` that the pipeline took, and `tokens_per_second` (gold tokens).
    Raises what `predict` raises.
    """
    annotated = [doc for doc in golds if is_annotated(doc)]
    answers, seconds = predict(nlp, annotated, batch_size, retokenize)
    judged = [on_gold_tokens(*pair) for pair in zip(annotated, answers, strict=True)]
    tokens = sum(map(len, annotated))
    return {
        **entity_scores([entities(doc) for doc in annotated], [found for found, _ in judged]),
        "token_table": token_table(*tag_pairs(annotated, [tags for _, tags in judged])),
        "sentences": len(annotated),
        "tokens": tokens,
        "longest_sentence": max(map(len, annotated), default=0),
        "docs_without_annotation": len(golds) - len(annotated),
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
    }
