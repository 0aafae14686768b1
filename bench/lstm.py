"""How long the head's LSTM takes in training on a CPU, beside torch's own on the same packed docs.

Forward and backward, in turn, in one process, for a batch of sentences and for ever longer docs.
Before anything is timed, both must give the same outputs and gradients. Ratios, torch's seconds
over ours, are the figures to look at. Takes about three minutes.

    python bench/lstm.py --threads 1 --out bench/lstm.json
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from common import as_ratio, race, ratio, show, spread, write
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from spacy_balc.nn.recurrence import unroll

WIDTH, HIDDEN = 384, 128
DOCS = {"20 sentences of 10 to 105 tokens": range(105, 5, -5)}
# The one token beside a doc keeps torch from handing it to oneDNN, whose tables for each length
# stay in memory.
DOCS |= {f"a doc of {length:,} tokens": [length, 1] for length in (250, 1000, 4000)}


def train(lstm: nn.LSTM, run: Callable[[Tensor], Tensor], packed: PackedSequence) -> list[Tensor]:
    """Outputs, and the gradients of inputs and weights."""
    data = packed.data.clone().requires_grad_()
    outputs = run(data)
    return [outputs, *torch.autograd.grad(outputs.square().sum(), [data, *lstm.parameters()])]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="in turn (5)")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (its own choice)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    args = parser.parse_args(arguments)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    lstm = nn.LSTM(WIDTH, HIDDEN, bidirectional=True)
    found, cells = [], []
    for name, lengths in DOCS.items():
        packed = pack_sequence([torch.randn(length, WIDTH) for length in lengths])
        sizes = packed.batch_sizes.tolist()
        runs = {
            "ours": lambda data: unroll(lstm, data, sizes),
            "torch": lambda data: lstm(packed._replace(data=data))[0].data,
        }
        tasks = {task: partial(train, lstm, run, packed) for task, run in runs.items()}
        for ours, theirs in zip(*(task() for task in tasks.values()), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
        times = race({key: partial(seconds_of, task) for key, task in tasks.items()}, args.rounds)
        ratios = ratio(times, "ours", "torch")
        median, least, most = spread(ratios)
        own, other = (1000 * statistics.median(times[task]) for task in tasks)
        cells.append([name, f"{own:.0f}", f"{other:.0f}", *as_ratio(ratios)])
        row = {"docs": name, "ours_ms": own, "torch_ms": other, "ratio": median}
        found.append({**row, "least": least, "most": most})
    show(("docs", "ours, ms", "torch, ms", "ratio", "least", "most"), cells)
    write(args, {"rows": found})


def seconds_of(task: Callable[[], object]) -> None:
    """The race takes what a task returns for its seconds."""
    task()


if __name__ == "__main__":
    main()
