"""`balc evaluate`: strict entity scores of a pipeline, and the token-level table beside them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm
from wasabi import msg

from ..corpus.docs import bio_tags
from ..report.scores import entity_scores, token_table
from ..report.tables import entity_table, token_tags_table
from ._util import load_pipeline, write_whole


def evaluate_cli(
    model: str = typer.Argument(..., help="Pipeline: a folder or a package name"),
    data_path: Path = typer.Argument(
        ..., metavar="DATA", help="Gold annotation, a .spacy file", exists=True, dir_okay=False
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
    Score a pipeline's entities against gold annotation.

    An entity is correct if its span and its type are. The table by token is printed beside it; it
    counts O, which most tokens are, so its average is no entity score.

    The pipeline is given the gold tokens, so that it answers for each of them. --retokenize gives
    it the text alone, as in use: entities are then compared by character, and each gold token
    takes its tag from the entity that covers it.

    Gold tokens without annotation are left out, and so are the entities predicted on them.
    """
    nlp = load_pipeline(model, gpu_id)
    if not any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names):
        msg.warn(f"No component of '{model}' says that it sets doc.ents", ", ".join(nlp.pipe_names))
    golds = read_gold(data_path, nlp)
    metrics = evaluate(nlp, golds, batch_size, retokenize)
    metrics.update(
        model=model,
        data=str(data_path),
        data_sha256=hashlib.sha256(data_path.read_bytes()).hexdigest(),
    )
    msg.divider("Entities: exact span and type")
    print(entity_table(metrics).terminal())
    msg.divider("Tokens, O among them: not an entity score")
    print(token_tags_table(metrics).terminal())
    msg.info(
        f"{metrics['sentences']:,} docs, {metrics['tokens']:,} tokens, the longest of "
        f"{metrics['longest_sentence']:,}; {metrics['seconds']:.1f} s, "
        f"{metrics['tokens_per_second']:,.0f} tokens a second"
    )
    if output_path:
        write_whole(output_path, srsly.json_dumps(metrics, indent=2) + "\n")
        msg.good(f"Saved the metrics to {output_path}")


def read_gold(path: Path, nlp: Language) -> list[Doc]:
    """The gold docs of a .spacy file that have tokens; exit with a message if it has none."""
    try:
        docs = [doc for doc in DocBin().from_disk(path).get_docs(nlp.vocab) if len(doc)]
    except Exception as error:  # zlib, msgpack and numpy each have their own
        msg.fail(f"{path} is no .spacy file", f"{error}\nMake one with: balc convert", exits=1)
    if not any(token.ent_iob for doc in docs for token in doc):
        msg.fail(f"{path} holds no entity annotation, not even O", exits=1)
    return docs


def evaluate(
    nlp: Language, golds: list[Doc], batch_size: int = 256, retokenize: bool = False
) -> dict[str, Any]:
    """Predict each gold doc anew and score the entities.

    retokenize: give the pipeline the gold text for its own tokenizer, not the gold tokens.
    RETURNS: what `entity_scores` returns; `token_table`; `sentences` (docs), `tokens` and
        `longest_sentence` (tokens), all of the gold; `seconds` that the pipeline took, and
        `tokens_per_second` (gold tokens).
    Raises RuntimeError if the pipeline gives back fewer docs than it got.
    """

    def blank_docs() -> Iterator[tuple[Doc, int]]:
        for i, gold in enumerate(golds):
            if retokenize:
                yield nlp.make_doc(gold.text), i
            else:
                spaces = [bool(token.whitespace_) for token in gold]
                yield Doc(nlp.vocab, words=[token.text for token in gold], spaces=spaces), i

    answers: dict[int, list[tuple[int, int, str]]] = {}
    start = perf_counter()
    # With as_tuples each answer keeps its place even where an error handler drops a doc.
    docs = nlp.pipe(blank_docs(), as_tuples=True, batch_size=batch_size)
    for doc, i in tqdm(docs, total=len(golds), desc="evaluate", unit="doc", disable=None):
        answers[i] = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    seconds = perf_counter() - start
    if len(answers) < len(golds):
        missing = len(golds) - len(answers)
        raise RuntimeError(f"the pipeline gave no answer for {missing} of {len(golds)} docs")

    gold_entities, gold_tags, predicted_entities, predicted_tags = [], [], [], []
    for i, gold in enumerate(golds):
        gold_entities.append([(ent.start_char, ent.end_char, ent.label_) for ent in gold.ents])
        entities, tags = on_gold_tokens(gold, answers[i])
        predicted_entities.append(entities)
        for ours, theirs in zip(bio_tags(gold), tags, strict=True):
            if ours is not None:
                gold_tags.append(ours)
                predicted_tags.append(theirs)
    tokens = sum(len(gold) for gold in golds)
    return {
        **entity_scores(gold_entities, predicted_entities),
        "token_table": token_table(gold_tags, predicted_tags),
        "sentences": len(golds),
        "tokens": tokens,
        "longest_sentence": max(len(gold) for gold in golds),
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
    }


def on_gold_tokens(
    gold: Doc, answer: list[tuple[int, int, str]]
) -> tuple[list[tuple[int, int, str]], list[str]]:
    """Predicted entities, by character, seen from the gold tokens.

    RETURNS: those of them that touch no token whose annotation is missing (they are neither right
        nor wrong), and the BIO tag they give each gold token. Where the pipeline's tokens are
        smaller and two entities share a gold token, it goes to the first.
    """
    judged = []
    tags = ["O"] * len(gold)
    for start_char, end_char, label in answer:
        span = gold.char_span(start_char, end_char, label, alignment_mode="expand")
        if all(token.ent_iob for token in span):
            judged.append((start_char, end_char, label))
            free = [token.i for token in span if tags[token.i] == "O"]
            for i in free:
                tags[i] = f"{'B' if i == free[0] else 'I'}-{label}"
    return judged, tags
