"""How long one sentence takes: `nlp(text)` with balc_ner beside a forward pass of the bare encoder.

Each sentence goes through both, one after the other, in turn, and so round after round. The bare
encoder has the sentence's word pieces as a tensor; its precision and attention are those that a
trial finds the best. Told are the median and 99th percentile of each, and their ratios by round.
As given here it takes some minutes with a small encoder; for a first look there is

    python bench/latency.py --docs 10 --rounds 1
    python bench/latency.py --data $DATA/msra/test.bio --encoder $DATA/zh-e5-small \\
        --out bench/latency.json
"""

import statistics
import sys
from collections.abc import Sequence

from bare import BareEncoder
from common import (
    Workplace,
    load,
    percentile,
    prepare,
    save_taught,
    seconds,
    sentences,
    settings,
    show,
    tell,
    text_of,
    write,
)
from tqdm import tqdm


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, rounds=5, docs=300)
    parser.add_argument("--precision", default="auto", help="of balc (auto)")
    args = parser.parse_args(arguments)
    prepare(args)
    with Workplace(args.encoder) as place:
        data = sentences(args.data, args.docs)
        texts = [text_of(sentence) for sentence in data]
        nlp = load(save_taught(place.encoder, data, place.folder / "balc"), args.precision)
        bare = BareEncoder(place.encoder, args.device)
        inputs = [bare.batches([text], 1) for text in texts]

        def answer(i: int) -> None:
            nlp(texts[i])

        def balc(i: int) -> float:
            return seconds(lambda: answer(i), args.device)

        def forward(setting: tuple[str, str], i: int) -> float:
            return seconds(lambda: bare.run(*setting, inputs[i]), args.device)

        trial = {
            setting: [forward(setting, i) for _ in range(2) for i in range(min(50, len(texts)))]
            for setting in bare.models
        }
        best = min(trial, key=lambda setting: statistics.median(trial[setting]))
        names = ("balc", f"bare {best[1]}, {best[0]}")
        rounds = []
        for number in tqdm(range(-1, args.rounds), desc="Rounds", disable=None):
            taken = [(balc(i), forward(best, i)) for i in range(len(texts))]
            if number >= 0:
                rounds.append(dict(zip(names, zip(*taken, strict=True), strict=True)))
    every = {name: [t for one in rounds for t in one[name]] for name in names}
    rows = [
        [name, f"{1e3 * statistics.median(ts):.2f}", f"{1e3 * percentile(ts, 0.99):.2f}"]
        for name, ts in every.items()
    ]
    show(["milliseconds a sentence", "median", "99th percentile"], rows)
    ours, theirs = names
    asked = {
        "median, balc / bare": [
            statistics.median(one[ours]) / statistics.median(one[theirs]) for one in rounds
        ],
        "99th percentile, balc / bare": [
            percentile(one[ours], 0.99) / percentile(one[theirs], 0.99) for one in rounds
        ],
    }
    figures = {name: [statistics.median(one[name]) for one in rounds] for name in names}
    write(args, {"median_seconds": figures, "ratios": tell(asked)})


if __name__ == "__main__":
    sys.exit(main())
