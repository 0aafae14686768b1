"""How fast LoRA training through `nlp.update` is, and how much memory it takes.

    balc          Examples made from texts and gold, `nlp.update` with balc_ner: adapters of rank
                  8 on query and key, head, CRF, optimizer step
    bare forward  the Hugging Face encoder in bf16, prediction only, in the better attention and
                  batch size of a trial; training frozen matrices takes twice its arithmetic
    bare loop     the same network and precision trained by bench/bare_loop.py
    spacy-transformers + ner   `nlp.update` with all weights of the encoder trained, which is all
                  that it has

Batches are of about 2,000 tokens in file order; sentences longer than the encoder takes at once are
left out. The four take turns. Then each trains in a process of its own, whose peak of resident
memory (on a GPU: allocated) is told. As given here it takes some minutes; BERT-base's shape wants
fewer texts for that, and for a first look there is

    python bench/training.py --docs 20 --rounds 1
    python bench/training.py --data $DATA/msra/train.bio --encoder $DATA/zh-e5-small \\
        --out bench/training-small.json
    python bench/training.py --data $DATA/msra/train.bio --docs 50 --out bench/training-base.json
"""

import json
import statistics
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

import rivals
import spacy
import torch
from bare import BareEncoder
from bare_loop import Loop
from common import (
    Workplace,
    best,
    blank,
    child,
    example,
    peak_bytes,
    prepare,
    race,
    ratio,
    same_settings,
    sentences,
    settings,
    show,
    show_race,
    tell,
    text_of,
    write,
)
from spacy.language import Language
from thinc.api import Adam
from transformers import AutoModel, AutoTokenizer

from spacy_balc.corpus.interface import Sentence
from spacy_balc.tags import tag_names

BATCH = 2000  # tokens
LONGEST = 500  # tokens: a piece each, and the special ones
BALC, LOOP, TRANSFORMERS = "balc", "bare loop", "spacy-transformers + ner"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, rounds=5, docs=160)
    parser.add_argument("--dropout", type=float, default=0.1, metavar="RATE", help="(0.1)")
    parser.add_argument(
        "--without", nargs="+", choices=(TRANSFORMERS, "memory"), default=(), help="leave these out"
    )
    parser.add_argument(
        "--measure", choices=(BALC, LOOP, TRANSFORMERS), help="only train this, tell its memory"
    )
    args = parser.parse_args(arguments)
    prepare(args)
    batches = batched(sentences(args.data, args.docs))
    if args.measure:
        begin = peak_bytes(args.device)
        epoch = contestant(args.measure, args, args.encoder, batches)
        loaded = peak_bytes(args.device)
        epoch()
        epoch()
        memory = {"imports": begin, "ready": loaded, "trained": peak_bytes(args.device)}
        print("\n" + json.dumps(memory))
        return
    names = [BALC, LOOP, TRANSFORMERS]
    if TRANSFORMERS in args.without or not rivals.has_spacy_transformers():
        print(f"{TRANSFORMERS} is left out.")
        names.remove(TRANSFORMERS)
    tokens = sum(len(sentence.tokens) for batch in batches for sentence in batch)
    with Workplace(args.encoder) as place:
        tasks = BareEncoder(place.encoder, args.device).tasks(
            [text_of(sentence) for batch in batches for sentence in batch], "bf16"
        )
        forward = best(race(tasks, 2, args.device), list(tasks))
        tasks = {forward: tasks[forward]}
        tasks |= {name: contestant(name, args, place.encoder, batches) for name in names}
        times = race(tasks, args.rounds, args.device)
        show_race(times, tokens, "tokens", forward)
        asked = {
            "balc / bare bf16 forward": ratio(times, BALC, forward),
            "balc / bare loop": ratio(times, BALC, LOOP),
        }
        if TRANSFORMERS in names:
            asked["balc / spacy-transformers + ner"] = ratio(times, BALC, TRANSFORMERS)
        figures: dict[str, Any] = {"tokens": tokens, "seconds": times, "dropout": args.dropout}
        if "memory" not in args.without:
            figures["memory"] = memory = {
                name: measured(name, args, place.encoder) for name in names
            }
            rows = [
                [name, *(f"{found[when] / 2**20:,.0f}" for when in found)]
                for name, found in memory.items()
            ]
            show(["peak memory, MiB", "imports", "ready", "trained"], rows)
            if TRANSFORMERS in names:
                share = memory[BALC]["trained"] / memory[TRANSFORMERS]["trained"]
                asked["peak memory, balc / spacy-transformers + ner"] = [share]
    figures["ratios"] = tell(asked)
    write(args, figures)


def batched(data: list[Sentence]) -> list[list[Sentence]]:
    """Batches of about BATCH tokens."""
    batches: list[list[Sentence]] = [[]]
    for sentence in data:
        if len(sentence.tokens) <= LONGEST:
            if sum(len(other.tokens) for other in batches[-1]) >= BATCH:
                batches.append([])
            batches[-1].append(sentence)
    return batches


def contestant(
    name: str, args: Namespace, encoder: str, batches: list[list[Sentence]]
) -> Callable[[], None]:
    """An epoch of training over the batches."""
    spacy.util.fix_random_seed(0)
    if name == BALC:
        return updating(blank(encoder), batches, args.dropout, 1e-3)
    if name == TRANSFORMERS:
        nlp = rivals.spacy_transformers(encoder, args.device)
        return updating(nlp, batches, args.dropout, 5e-5)
    return looping(args, encoder, batches)


def updating(
    nlp: Language, batches: list[list[Sentence]], rate: float, learn_rate: float
) -> Callable[[], None]:
    """An epoch through spaCy, its examples made as `spacy train` makes them."""
    nlp.initialize(lambda: [example(nlp, sentence) for batch in batches for sentence in batch])
    optimizer = Adam(learn_rate, L2=0.01, grad_clip=1.0, L2_is_weight_decay=True)

    def epoch() -> None:
        for batch in batches:
            nlp.update([example(nlp, s) for s in batch], sgd=optimizer, drop=rate)

    return epoch


def looping(args: Namespace, encoder: str, batches: list[list[Sentence]]) -> Callable[[], None]:
    """An epoch of the bare loop, its tensors made beforehand."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    labels = {label for batch in batches for s in batch for _, _, label in s.entities}
    numbers = {name: i for i, name in enumerate(tag_names(sorted(labels)))}
    bert = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
    loop = Loop(bert, len(numbers), args.device, args.dropout)

    def row(sentence: Sentence) -> tuple[list[int], list[int]]:
        ids = tokenizer.convert_tokens_to_ids(sentence.tokens)
        tags = [0] * len(ids)
        for start, end, label in sentence.entities:
            tags[start:end] = [numbers[f"I-{label}"]] * (end - start)
            tags[start] = numbers[f"B-{label}"]
        return [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id], tags

    prepared = [loop.prepare([row(sentence) for sentence in batch]) for batch in batches]
    losses: list[float] = []

    def epoch() -> None:
        found = torch.stack([loop.step(batch) for batch in prepared])
        losses.append(statistics.fmean(found.tolist()))

    epoch.loop, epoch.losses = loop, losses
    return epoch


def measured(name: str, args: Namespace, encoder: str) -> dict[str, int]:
    """Peaks of memory of a process that trains this alone."""
    given = [f"--measure={name}", f"--dropout={args.dropout}", *same_settings(args, encoder)]
    return child([__file__, *given])


if __name__ == "__main__":
    sys.exit(main())
