"""Whether the memory of `nlp.pipe` stays flat: a stream of very many short docs that is never held.

Pieces of 4 to 16 characters are cut out of some sentences, one after the other, and what is
resident is told at ten points of the stream, without what malloc keeps for later. The first of them
is behind a tenth of it, when all caches are full; the growth is that from there on. No new token
comes along behind it: spaCy keeps the string of each one that it ever met.

The encoder is the embedded one, assets/encoder-mini. A million docs take about ten minutes; for a
first look there is

    python bench/memory.py --docs 20000
    python bench/memory.py --data $DATA/msra/test.bio --out bench/memory.json
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from common import (
    Workplace,
    load,
    prepare,
    resident_bytes,
    save_taught,
    sentences,
    settings,
    show,
    write,
)
from tqdm import tqdm

from spacy_balc.corpus.interface import Sentence

MINI = Path(__file__).parent.parent / "assets" / "encoder-mini"
POINTS = 10


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, docs=1_000_000)
    parser.set_defaults(encoder=str(MINI))
    args = parser.parse_args(arguments)
    prepare(args)
    with Workplace(args.encoder) as place:
        data = sentences(args.data, 300)
        nlp = load(save_taught(place.encoder, data, place.folder / "balc"))
        every = max(1, args.docs // POINTS)
        points, found, tokens, begin = [], 0, 0, time.perf_counter()
        stream = nlp.pipe(texts(data, args.docs))
        for number, doc in enumerate(tqdm(stream, total=args.docs, disable=None), start=1):
            found += len(doc.ents)
            tokens += len(doc)
            if number % every == 0:
                points.append(
                    {
                        "docs": number,
                        "bytes": resident_bytes(),
                        "seconds": time.perf_counter() - begin,
                        "strings": len(nlp.vocab.strings),
                    }
                )
    first = points[0]
    rows = [
        [
            f"{p['docs']:,}",
            f"{p['bytes'] / 2**20:.1f}",
            f"{(p['bytes'] - first['bytes']) / 2**20:+.1f}",
            f"{p['docs'] / p['seconds']:,.0f}",
            f"{p['strings']:,}",
        ]
        for p in points
    ]
    show(["docs", "resident, MiB", "since the first", "docs a second", "strings"], rows)
    growth = points[-1]["bytes"] - first["bytes"]
    share = growth / first["bytes"]
    docs = max(1, points[-1]["docs"] - first["docs"])
    print(
        f"growth from the first point on: {growth / 2**20:+.1f} MiB, {share:+.1%}, "
        f"{growth / docs:.2f} bytes a doc; {tokens:,} tokens, {found:,} entities"
    )
    write(args, {"points": points, "growth_bytes": growth, "growth_share": share})


def texts(data: Sequence[Sentence], number: int) -> Iterator[str]:
    """Short pieces of sentences."""
    dice = random.Random(1)
    for _ in range(number):
        tokens = dice.choice(data).tokens
        start = dice.randrange(max(1, len(tokens) - 3))
        yield "".join(tokens[start : start + dice.randint(4, 16)])


if __name__ == "__main__":
    sys.exit(main())
