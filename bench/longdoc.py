"""How one long doc does beside sentences: seconds a token, and how memory grows with its length.

The doc is the texts joined, again and again, to the length that --characters names; the sentences
are the same texts, as many as make a tenth of it. They take turns; what is told is the ratio of the
seconds a token. Then docs of a quarter and of the whole length are annotated in processes of their
own, whose peaks of resident memory (on a GPU: allocated) give the bytes that a token more takes:
its vectors, the head's and the Doc's. As given here it takes some minutes; for a first look there
is

    python bench/longdoc.py --characters 5000 --rounds 1 --docs 20
    python bench/longdoc.py --data $DATA/msra/test.bio --encoder $DATA/zh-e5-small \\
        --out bench/longdoc.json
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from common import (
    Workplace,
    child,
    load,
    peak_bytes,
    piping,
    prepare,
    race,
    same_settings,
    save_taught,
    sentences,
    settings,
    show,
    spread,
    tell,
    text_of,
    write,
)

LONG, SENTENCES = "one long doc", "sentences"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, rounds=5, docs=500)
    parser.add_argument(
        "--characters", type=int, default=200_000, metavar="N", help="of the long doc (200,000)"
    )
    parser.add_argument("--precision", default="auto", help="of the encoder (auto)")
    parser.add_argument(
        "--measure", type=Path, metavar="PIPELINE", help="only annotate the doc, tell the memory"
    )
    args = parser.parse_args(arguments)
    prepare(args)
    data = sentences(args.data, args.docs)
    texts = [text_of(sentence) for sentence in data]
    whole = "".join(texts)
    long = (whole * (args.characters // len(whole) + 1))[: args.characters]
    if args.measure:
        nlp = load(args.measure, args.precision)
        piping(nlp, texts[:100])()
        ready = peak_bytes(args.device)
        tokens = len(nlp(long))
        memory = {"tokens": tokens, "ready": ready, "peak": peak_bytes(args.device)}
        print("\n" + json.dumps(memory))
        return
    with Workplace(args.encoder) as place:
        folder = save_taught(place.encoder, data, place.folder / "balc")
        nlp = load(folder, args.precision)
        few = short_stream(texts, args.characters // 10)
        tokens = {LONG: len(nlp.make_doc(long)), SENTENCES: sum(map(len, nlp.pipe(few)))}
        tasks = {LONG: piping(nlp, [long]), SENTENCES: piping(nlp, few)}
        times = race(tasks, args.rounds, args.device, warm_up=False)
        each = {name: [t / tokens[name] for t in taken] for name, taken in times.items()}
        given = [f"--measure={folder}", f"--precision={args.precision}"]
        given += same_settings(args, place.encoder)
        memory = [
            child([__file__, f"--characters={length}", *given])
            for length in (args.characters // 4, args.characters)
        ]
    rows = [
        [name, f"{tokens[name]:,}", *(f"{1e6 * v:.0f}" for v in spread(taken))]
        for name, taken in each.items()
    ]
    show(["microseconds a token", "tokens", "median", "least", "most"], rows)
    show(
        ["doc of so many tokens", "MiB before", "peak, MiB"],
        [[m["tokens"], *(f"{m[k] / 2**20:.0f}" for k in ("ready", "peak"))] for m in memory],
    )
    least, most = memory
    growth = (most["peak"] - least["peak"]) / max(1, most["tokens"] - least["tokens"])
    print(f"peak memory grows by {growth:,.0f} bytes a token")
    asked = {
        "seconds a token, one long doc / sentences": [
            a / b for a, b in zip(each[LONG], each[SENTENCES], strict=True)
        ]
    }
    figures = {"seconds_a_token": each, "memory": memory, "bytes_a_token": growth}
    write(args, {**figures, "ratios": tell(asked)})


def short_stream(texts: Sequence[str], characters: int) -> list[str]:
    """As many of the texts, from the first on and around again, as have so many characters."""
    found, number = [], 0
    while number < characters:
        text = texts[len(found) % len(texts)]
        found.append(text)
        number += len(text)
    return found


if __name__ == "__main__":
    sys.exit(main())
