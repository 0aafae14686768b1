"""What the scripts of this folder share: texts, encoders, a pipeline, races, tables, processes."""

import argparse
import ctypes
import json
import math
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import accumulate, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tqdm import tqdm
from wasabi import table

from spacy_balc.corpus.formats import read_corpus
from spacy_balc.corpus.interface import Sentence

LABELS = ("LOC", "ORG", "PER")
BASE = "base"
BATCH = 256  # docs that nlp.pipe works on at a time, as in the project's configs
CHARACTERS = [chr(code) for code in range(0x4E00, 0x9FA6)]
Times = dict[str, list[float]]


# Settings


def settings(description: str, *, docs: int, rounds: int = 0) -> argparse.ArgumentParser:
    """A parser with the arguments that most scripts take, and their defaults; rounds 0: no such."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="annotated texts, such as BIO (made up)"
    )
    parser.add_argument(
        "--encoder",
        default=BASE,
        metavar="FOLDER",
        help=f"a BERT as Hugging Face writes it ('{BASE}': BERT-base's shape, random weights)",
    )
    parser.add_argument("--docs", type=int, default=docs, metavar="N", help=f"texts ({docs:,})")
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"({rounds})")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(cpu)")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (its own choice)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    return parser


def prepare(args: argparse.Namespace) -> None:
    """Set device and threads, for this process and its children; exits where there is no GPU."""
    if args.threads:
        torch.set_num_threads(args.threads)
        os.environ["OMP_NUM_THREADS"] = str(args.threads)
    if args.device == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit("--device cuda: torch finds no GPU here.")
        spacy.require_gpu()


def machine(device: str) -> dict[str, Any]:
    """What the figures were measured on and with."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if device == "cpu" and cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        name = found[1] if found else name
    versions = {module.__name__: module.__version__ for module in (spacy, torch)}
    return {"device": device, "name": name, "threads": torch.get_num_threads(), **versions}


# Texts


def sentences(path: Path | None, number: int) -> list[Sentence]:
    """So many sentences of a file, spread over it in its order, or made up like those of news.

    Made-up ones are of Chinese characters, 48 on average, and 1.25 entities.
    """
    if path is None:
        return _made_up(number)
    found = list(read_corpus([path]))
    if number >= len(found):
        return found
    chosen = random.Random(0).sample(range(len(found)), number)
    return [found[i] for i in sorted(chosen)]


def _made_up(number: int) -> list[Sentence]:
    dice = random.Random(0)
    weights = list(accumulate(1 / (i + 10) for i in range(4000)))
    made = []
    for line in range(1, number + 1):
        length = min(500, max(2, round(dice.lognormvariate(3.7, 0.6))))
        tokens = dice.choices(CHARACTERS[:4000], cum_weights=weights, k=length)
        entities, last = [], 0
        for _ in range(dice.choices((0, 1, 2, 4), (4, 3, 2, 1))[0]):
            start, size = last + dice.randrange(1, 9), dice.randint(2, 4)
            if start + size <= length:
                entities.append((start, start + size, dice.choice(LABELS)))
                last = start + size
        made.append(Sentence(tokens, entities, line))
    return made


def text_of(sentence: Sentence) -> str:
    return "".join(sentence.tokens)


def example(nlp: Language, sentence: Sentence) -> Example:
    """An example whose gold is the sentence's, token by token."""
    tokens = sentence.tokens
    gold = Doc(nlp.vocab, tokens, [False] * len(tokens))
    gold.ents = [spacy.tokens.Span(gold, *entity) for entity in sentence.entities]
    return Example(nlp.make_doc(gold.text), gold)


# Encoders and pipelines


class Workplace(ExitStack):
    """A temporary folder, and the encoder that was asked for."""

    def __init__(self, encoder: str):
        super().__init__()
        self.folder = Path(self.enter_context(TemporaryDirectory()))
        self.encoder = encoder
        if encoder == BASE:
            self.encoder = str(self.folder / "bert-base")
            write_base(Path(self.encoder))
        elif not Path(encoder).is_dir():
            raise SystemExit(f"--encoder: there is no folder {encoder}.")


def write_base(folder: Path) -> None:
    """Write an encoder of bert-base-chinese's shape and random weights, a piece a character."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    config = BertConfig(vocab_size=21128)
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known += [chr(code) for code in (*range(33, 127), *range(0x3001, 0x3020))]
    known += [chr(code) for code in range(0xFF01, 0xFF5F)] + CHARACTERS
    known = known[: config.vocab_size]
    known += [f"[unused{i}]" for i in range(config.vocab_size - len(known))]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(known) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)


def blank(encoder: str, precision: str = "auto") -> Language:
    """A zh pipeline with a balc_ner of the default config on an encoder; not initialized."""
    nlp = spacy.blank("zh")
    nlp.batch_size = BATCH
    tok2vec = {
        "@architectures": "spacy-balc.LoraTransformer.v1",
        "name": encoder,
        "precision": precision,
        "lora": {"rank": 8, "alpha": 16, "targets": ["query", "key"], "dropout": 0.0},
    }
    nlp.add_pipe("balc_ner", config={"model": {"tok2vec": tok2vec, "crf_learn_rate_scale": 10.0}})
    return nlp


def teach(nlp: Language, data: Sequence[Sentence], steps: int = 36) -> Language:
    """Initialize a pipeline and train it on some short sentences for a moment, so that what it
    answers is neither nothing nor noise alone."""
    taught = [example(nlp, sentence) for sentence in short(data, 48)]
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: [*taught, *(example(nlp, s) for s in data[:100])])
    optimizer.learn_rate = 0.002
    batches = chunks(taught, 8)
    for step in tqdm(range(steps), desc="Teaching", disable=None):
        nlp.update(batches[step % len(batches)], sgd=optimizer)
    return nlp


def short(data: Sequence[Sentence], number: int) -> list[Sentence]:
    """So many short sentences with entities, or the first ones if there are none."""
    found = [s for s in data if s.entities and len(s.tokens) <= 40]
    return found[:number] or list(data[:number])


def save_taught(encoder: str, data: Sequence[Sentence], folder: Path, steps: int = 36) -> Path:
    """Save a pipeline with a balc_ner on an encoder that was taught; returns the folder."""
    nlp = teach(blank(encoder), data, steps)
    nlp.to_disk(folder)
    return folder


def load(folder: Path, precision: str = "auto") -> Language:
    """Load a saved pipeline in a precision; ValueError where the version has none such."""
    changes = {"components.balc_ner.model.tok2vec.precision": precision, "nlp.batch_size": BATCH}
    return spacy.load(folder, config=changes)


def piping(nlp: Language, texts: Sequence[str], size: int | None = None) -> Callable[[], None]:
    """A pass over the texts, nothing of which is kept."""

    def run() -> None:
        for _ in nlp.pipe(texts, batch_size=size):
            pass

    return run


# Races


def race(
    tasks: dict[str, Callable[[], float | None]],
    rounds: int,
    device: str = "cpu",
    warm_up: bool = True,
) -> Times:
    """Seconds of each task in each round, the tasks taking turns.

    A task that measures itself, such as one in another process, returns its seconds.
    """
    times: Times = {name: [] for name in tasks}
    for number in tqdm(range(-int(warm_up), rounds), desc="Rounds", disable=None):
        for name, task in tasks.items():
            took = seconds(task, device)
            if number >= 0:
                times[name].append(took)
    return times


def seconds(task: Callable[[], float | None], device: str = "cpu") -> float:
    """Wall clock of a call, what it left to the GPU included."""
    begin = time.perf_counter()
    own = task()
    synchronize(device)
    return time.perf_counter() - begin if own is None else own


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def best(times: Times, names: Sequence[str]) -> str:
    """Of some tasks that do the same, the one of the least median."""
    return min(names, key=lambda name: statistics.median(times[name]))


def ratio(times: Times, over: str, under: str) -> list[float]:
    """How many times as fast as `under` the task `over` was, round by round."""
    return [u / o for o, u in zip(times[over], times[under], strict=True)]


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and most."""
    return statistics.median(values), min(values), max(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all are not above."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


# What is told


def show(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table, the first column to the left."""
    cells = [[str(cell) for cell in row] for row in rows]
    aligns = ["l"] + ["r"] * (len(header) - 1)
    print(table(cells, header, divider=True, aligns=aligns, max_col=60), flush=True)


def show_race(times: Times, units: float, unit: str, base: str) -> None:
    """Print how fast the tasks were, in units of work a second, and as a ratio to one of them."""
    rows = [
        [name, f"{units / statistics.median(taken):,.1f}", *as_ratio(ratio(times, name, base))]
        for name, taken in times.items()
    ]
    show([f"{unit} a second", "median", f"of {base}", "least", "most"], rows)


def as_ratio(values: Sequence[float]) -> list[str]:
    """Cells of a ratio: median, least, most."""
    return [f"{value:.3f}" for value in spread(values)]


def tell(ratios: dict[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Print named ratios, and return them for the JSON."""
    if ratios:
        show(
            ["ratio", "median", "least", "most"],
            [[name, *as_ratio(values)] for name, values in ratios.items()],
        )
    return {
        name: dict(zip(("median", "least", "most"), spread(values), strict=True))
        for name, values in ratios.items()
    }


def write(args: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Write the figures, with what they were measured on, where --out says."""
    if args.out:
        kept = {name: getattr(args, name, None) for name in ("docs", "rounds")}
        content = {"machine": machine(getattr(args, "device", "cpu")), **kept, **figures}
        args.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


# Processes and memory


def child(arguments: Sequence[str], **options: Any) -> dict[str, Any]:
    """Run Python with arguments in a process of its own; the JSON of the last line it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.PIPE, encoding="utf-8", **options
    )
    if done.returncode:
        raise SystemExit(f"A process of its own failed: {' '.join(arguments)}\n{done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])


def same_settings(args: argparse.Namespace, encoder: str) -> list[str]:
    """The arguments of `settings` but rounds and output, for a child on this encoder's folder."""
    given = [f"--encoder={encoder}", f"--docs={args.docs}", f"--device={args.device}"]
    given += [f"--data={args.data}"] if args.data else []
    return given + ([f"--threads={args.threads}"] if args.threads else [])


def peak_bytes(device: str = "cpu") -> int:
    """Most memory that this process ever held: resident, or allocated on the GPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    # Linux counts a parent's memory into its child's getrusage, but not into VmHWM.
    status = Path("/proc/self/status")
    if not status.exists():
        raise SystemExit("Memory is measured on Linux alone: there is no /proc here.")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])


def resident_bytes() -> int:
    """Memory that this process holds now, without what malloc keeps for later."""
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def chunks(items: Sequence[Any], size: int) -> list[list[Any]]:
    """The items, so many at a time."""
    stream = iter(items)
    return list(iter(lambda: list(islice(stream, size)), []))
