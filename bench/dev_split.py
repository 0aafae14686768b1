"""How hard is a development set? The share of its entities that the training sentences do not
hold, for random sentences, for contiguous blocks as `balc convert --dev` takes them, and for the
test set.

    python bench/dev_split.py --train $DATA/msra/train.bio --test $DATA/msra/test.bio \\
        --out bench/dev_split.json

An entity is unseen if no training sentence has the same characters with the same label. A
development set that is to rank recipes as new text would should have as many as the test set. And
it stands in a row if it touches the one before, which has the same label.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from common import show

from spacy_balc.corpus.checks.labels import in_rows
from spacy_balc.corpus.formats import read_corpus
from spacy_balc.corpus.interface import Sentence
from spacy_balc.corpus.split import dev_blocks

Entity = tuple[str, str, bool]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True, metavar="FILE")
    parser.add_argument("--test", type=Path, required=True, metavar="FILE")
    parser.add_argument("--share", type=float, default=0.05, help="of the sentences (0.05)")
    parser.add_argument(
        "--blocks", type=int, nargs="+", default=[10, 50, 100, 200, 500, 1000], metavar="SENTENCES"
    )
    parser.add_argument("--seeds", type=int, default=3, help="random splits (3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON of all figures")
    args = parser.parse_args(arguments)
    train, test = (
        [entities(sentence) for sentence in read_corpus([str(path)])]
        for path in (args.train, args.test)
    )
    n = len(train)
    splits = {}
    for seed in range(args.seeds):
        dev = random.Random(seed).sample(range(n), round(n * args.share))
        splits[f"random sentences, seed {seed}"] = dev
    for block in args.blocks:
        splits[f"blocks of about {block:,}"] = dev_blocks(n, args.share, block)[1]
    found = {name: split_off(train, dev) for name, dev in splits.items()}
    found["the test set"] = compare(test, train)
    labels = sorted({label for sentence in train for _, label, _ in sentence})
    keys = ["all", *labels]
    show(
        ["development set", "entities", "unseen", *labels, *(f"{key} in rows" for key in labels)],
        [
            [
                name,
                f"{row['entities']:,}",
                *(f"{row['unseen'][key]:.1%}" for key in keys),
                *(f"{row['in_rows'][key]:.1%}" for key in labels),
            ]
            for name, row in found.items()
        ],
    )
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf8")


def entities(sentence: Sentence) -> list[Entity]:
    """Text and label of each entity, and whether it stands in a row."""
    return [
        ("".join(sentence.tokens[start:end]), label, in_row)
        for (start, end, label), in_row in zip(sentence.entities, in_rows(sentence.entities))
    ]


def split_off(data: Sequence[list[Entity]], dev: Iterable[int]) -> dict[str, Any]:
    """What these sentences are like when the others are for training."""
    chosen = set(dev)
    return compare(
        [data[i] for i in sorted(chosen)],
        [sentence for i, sentence in enumerate(data) if i not in chosen],
    )


def compare(dev: Iterable[list[Entity]], train: Iterable[list[Entity]]) -> dict[str, Any]:
    """Number of entities, and the shares, of each label and of all, that `train` lacks and that
    stand in rows."""
    known = {entity[:2] for sentence in train for entity in sentence}
    total, new, in_rows = Counter(), Counter(), Counter()
    for sentence in dev:
        for text, label, in_row in sentence:
            for key in ("all", label):
                total[key] += 1
                new[key] += (text, label) not in known
                in_rows[key] += in_row
    return {
        "entities": total["all"],
        "unseen": {key: new[key] / total[key] for key in sorted(total)},
        "in_rows": {key: in_rows[key] / total[key] for key in sorted(total)},
    }


if __name__ == "__main__":
    main()
