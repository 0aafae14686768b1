"""How fast `balc convert` is beside building the same Docs from lists in memory, and how much
memory it takes.

Writes a column file of made-up sentences (Chinese characters, lengths and entities about as in
news), and in turn, one core, in one process:

    build     Docs and DocBins of 10,000 made from lists of tokens and entities in memory
    save      the same, and their bytes
    convert   the file read, checked, built and written into shards of 10,000

Then runs the command in processes of their own on this file and on a long one, which holds it many
times, and compares their peak of resident memory.

Ratios are the figures to look at: of CPU time, in rounds, so that other work on the machine counts
little. As given here it takes about four minutes; for a first look there is

    python bench/convert.py --rounds 1 --sentences 10000
    python bench/convert.py --out bench/convert.json
"""

import argparse
import contextlib
import gc
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from spacy.tokens import DocBin
from spacy.vocab import Vocab
from tqdm import tqdm
from wasabi import table

from spacy_balc.cli.convert import convert
from spacy_balc.corpus.docs import to_doc
from spacy_balc.corpus.formats import read_corpus
from spacy_balc.corpus.interface import Sentence
from spacy_balc.corpus.spacy_binary import ATTRIBUTES

SHARD = 10_000
LABELS = ("PER", "LOC", "ORG")


def write_corpus(path: Path, number: int) -> None:
    """Write a column file of sentences of 48 characters on average."""
    dice = random.Random(0)
    characters = [chr(0x4E00 + i) for i in range(4000)]
    weights = list(accumulate(1 / (i + 10) for i in range(4000)))
    with path.open("w", encoding="utf-8") as file:
        for _ in tqdm(range(number), desc=path.name, disable=None):
            length = max(2, round(dice.lognormvariate(3.7, 0.6)))
            tags = ["O"] * length
            for _ in range(dice.choices((0, 1, 2, 4), (4, 3, 2, 1))[0]):
                start, size = dice.randrange(length), dice.randint(2, 5)
                if set(tags[max(0, start - 1) : start + size + 1]) == {"O"}:
                    label = dice.choice(LABELS)
                    names = [f"B-{label}"] + [f"I-{label}"] * (size - 1)
                    tags[start : start + size] = names[: length - start]
            tokens = dice.choices(characters, cum_weights=weights, k=length)
            lines = [f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)]
            file.write("".join([*lines, "\n"]))


def build(sentences: list[Sentence], save: bool) -> None:
    """Docs and DocBins from lists, and, if `save`, their bytes."""
    for start in range(0, len(sentences), SHARD):
        vocab = Vocab()
        docs = (to_doc(sentence, vocab, False) for sentence in sentences[start : start + SHARD])
        made = DocBin(ATTRIBUTES, docs=docs)
        if save:
            made.to_bytes()


def seconds(task: Callable[[], None]) -> float:
    """Processor time of a call: what else the machine does, does not count."""
    begin = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        task()
    return time.process_time() - begin


# Linux counts a parent's memory into its child's getrusage, but not into VmHWM.
CHILD = """
import re, sys, time
from pathlib import Path
from spacy_balc.cli import app
app(sys.argv[1:], standalone_mode=False)
kib = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(kib, time.process_time())
"""


def peak(path: Path, folder: Path) -> tuple[float, float]:
    """Peak resident memory in MiB and processor time of the command in a process of its own."""
    command = [sys.executable, "-c", CHILD, "convert", str(path), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    kib, took = done.stdout.splitlines()[-1].split()
    return int(kib) / 1024, float(took)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of the three (5)")
    parser.add_argument(
        "--sentences", type=int, default=50_000, metavar="N", help="of the file (50,000)"
    )
    parser.add_argument(
        "--times",
        type=int,
        default=20,
        metavar="N",
        help="the file in the long one (20: a million)",
    )
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # one core

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "round.bio"
        write_corpus(path, args.sentences)
        sentences = list(read_corpus([path]))
        gc.freeze()  # or the collector would go through the lists again and again while building
        tokens = sum(len(sentence.tokens) for sentence in sentences)
        tasks = {
            "build": lambda: build(sentences, save=False),
            "save": lambda: build(sentences, save=True),
            "convert": lambda: convert([str(path)], folder / "shards", shard=SHARD),
        }
        rates: dict[str, list[float]] = {task: [] for task in tasks}
        for _ in tqdm(range(args.rounds), desc="Rounds", disable=None):
            for task, call in tasks.items():
                rates[task].append(len(sentences) / seconds(call))
        content = path.read_bytes()
        with (folder / "long.bio").open("wb") as file:
            for _ in range(args.times):
                file.write(content)
        memory = {}
        for name, times in (("round", 1), ("long", args.times)):
            number = args.sentences * times
            mib, took = peak(folder / f"{name}.bio", folder / name)
            memory[name] = {"sentences": number, "peak_mib": mib, "per_second": number / took}

    ratios = {
        base: [c / b for b, c in zip(rates[base], rates["convert"], strict=True)]
        for base in ("build", "save")
    }
    rows = [
        [task, *(f"{n:,.0f}" for n in spread(values)), *(ratio(ratios.get(task)))]
        for task, values in rates.items()
    ]
    header = ["sentences a CPU second", "median", "least", "most", "convert is", "least", "most"]
    print(table(rows, header, divider=True, aligns=["l"] + ["r"] * 6))
    for name, figures in memory.items():
        print(
            f"{name}: {figures['sentences']:,} sentences, {figures['per_second']:,.0f} a second "
            f"with start-up, peak {figures['peak_mib']:.0f} MiB"
        )
    growth = memory["long"]["peak_mib"] - memory["round"]["peak_mib"]
    print(f"growth of the peak: {growth:.1f} MiB")
    if args.out:
        figures = {
            "tokens_per_sentence": tokens / args.sentences,
            "sentences_per_second": rates,
            "ratio": ratios,
            "memory": memory,
            "growth_mib": growth,
        }
        args.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, least and most."""
    return statistics.median(values), min(values), max(values)


def ratio(values: list[float] | None) -> list[str]:
    """The cells that say how convert compares."""
    return [f"{value:.2f} x" for value in spread(values)] if values else ["", "", ""]


if __name__ == "__main__":
    main()
