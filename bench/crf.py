"""How fast the CRF is beside pytorch-crf's, on random emissions and tags.

In turn, in one process, for rows of one length and for rows of random lengths:

    loss      negative log-likelihood and its gradient by emissions and weights
    decode    best paths as lists of ints

Both have the same weights and all transitions are legal, which is all that pytorch-crf knows. It
gets a bool mask: without one it makes one of uint8, which torch warns of and is no faster. Before
anything is timed, both must give the same loss, the same gradients and the same paths. Ratios,
pytorch-crf's seconds over ours, are the figures to look at. Takes about a minute.

    python bench/crf.py --rounds 5
    python bench/crf.py --threads 1 --out bench/crf.json
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchcrf
from tqdm import tqdm
from wasabi import table

from spacy_balc.nn.crf import CRF

REPEATS = 5  # calls a round; their median counts


class Problem:
    """The same work for both CRFs."""

    def __init__(self, batch: int, steps: int, n_tags: int, varied: bool, device: str):
        torch.manual_seed(0)
        every = torch.ones((n_tags, n_tags), dtype=torch.bool)
        self.ours = CRF(n_tags, every[0], every)
        self.theirs = torchcrf.CRF(n_tags, batch_first=True)
        self.ours.load_state_dict(self.theirs.state_dict())
        self.ours, self.theirs = self.ours.to(device), self.theirs.to(device)
        self.emissions = torch.randn((batch, steps, n_tags), device=device, requires_grad=True)
        self.tags = torch.randint(n_tags, (batch, steps), device=device)
        self.possible = self.tags[..., None] == torch.arange(n_tags, device=device)
        self.unsure = torch.zeros(0, dtype=torch.int64, device=device)  # all gold is known
        lengths = torch.full((batch,), steps)
        if varied:
            lengths[1:] = torch.randint(1, steps + 1, (batch - 1,))
        self.counts = lengths.tolist()
        self.lengths = lengths.to(device)
        self.mask = (torch.arange(steps) < lengths[:, None]).to(device)

    def our_loss(self) -> None:
        found = self.ours.log_likelihood(self.emissions, self.possible, self.lengths, self.unsure)
        (-found.sum()).backward()

    def their_loss(self) -> None:
        (-self.theirs(self.emissions, self.tags, self.mask)).backward()

    def our_decode(self) -> list[list[int]]:
        paths = self.ours.best_path(self.emissions, self.lengths).tolist()
        return [path[:count] for path, count in zip(paths, self.counts)]

    def their_decode(self) -> list[list[int]]:
        with torch.no_grad():
            return self.theirs.decode(self.emissions, self.mask)

    def check(self) -> None:
        """Fail unless both give the same."""
        found = self.ours.log_likelihood(self.emissions, self.possible, self.lengths, self.unsure)
        expected = self.theirs(self.emissions, self.tags, self.mask, reduction="none")
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)
        names = [name for name, _ in self.theirs.named_parameters()]
        gradients = []
        for total, crf in ((found, self.ours), (expected, self.theirs)):
            weights = [crf.get_parameter(name) for name in names]
            gradients.append(torch.autograd.grad(total.sum(), [self.emissions, *weights]))
        torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-3)
        assert self.our_decode() == self.their_decode()


def seconds(call: Callable[[], object], device: str) -> float:
    """Median of a few calls."""
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize(device)
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="rows (64)")
    parser.add_argument("--steps", type=int, default=128, metavar="N", help="of a row (128)")
    parser.add_argument("--tags", type=int, default=7, metavar="N", help="(7: three labels)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ... (cpu)")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (its own choice)")
    parser.add_argument("--rounds", type=int, default=11, metavar="N", help="in turn (11)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    rows = []
    for varied in (False, True):
        problem = Problem(args.batch, args.steps, args.tags, varied, args.device)
        problem.check()
        tasks = {
            "loss": (problem.our_loss, problem.their_loss),
            "decode": (problem.our_decode, problem.their_decode),
        }
        taken: dict[str, list[tuple[float, float]]] = {task: [] for task in tasks}
        for i in tqdm(range(args.rounds), desc="Rounds", disable=None):
            for task, calls in tasks.items():
                order = calls if i % 2 else calls[::-1]
                pair = {call: seconds(call, args.device) for call in order}
                taken[task].append((pair[calls[0]], pair[calls[1]]))
        for task, pairs in taken.items():
            ratios = [theirs / ours for ours, theirs in pairs]
            rows.append(
                {
                    "task": task,
                    "lengths": "varied" if varied else "equal",
                    "ours_ms": 1000 * statistics.median(ours for ours, _ in pairs),
                    "theirs_ms": 1000 * statistics.median(theirs for _, theirs in pairs),
                    "ratio": statistics.median(ratios),
                    "lowest": min(ratios),
                    "highest": max(ratios),
                }
            )
    print(f"{args.batch} x {args.steps} x {args.tags}, {args.device}")
    header = ("task", "lengths", "ours, ms", "pytorch-crf, ms", "ratio", "lowest", "highest")
    body = [
        tuple(f"{value:.2f}" if isinstance(value, float) else value for value in row.values())
        for row in rows
    ]
    print(table(body, header=header, divider=True, aligns=("l", "l", *"rrrrr")))
    if args.out:
        figures = {
            "shape": [args.batch, args.steps, args.tags],
            "device": args.device,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "rounds": args.rounds,
            "rows": rows,
        }
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
