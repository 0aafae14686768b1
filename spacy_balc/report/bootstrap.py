"""How sure a score is: bootstrap over docs, and a paired randomisation test of two systems.

Docs with the same counts are interchangeable, so each resample draws how often each kind of doc
comes up, from a multinomial or binomial distribution: what drawing doc by doc would give, sooner.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from tqdm import tqdm

from .answers import Entity

RESAMPLES = 2_000
PERMUTATIONS = 10_000
LEVEL = 0.95
CHUNK = 4_000_000  # numbers drawn at a time: bounds the memory


def intervals(
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Percentile bootstrap intervals (Efron, 1979) of strict precision, recall and F1.

    RETURNS: `level`, `resamples`, `seed`; `overall` and `per_type`: for "p", "r" and "f" the two
        ends, None where no resample has a denominator and where there is one doc only. Resamples
        without a denominator are left out.
    """
    labels = sorted({e[2] for side in (gold, predicted) for doc in side for e in doc})
    number = {label: i for i, label in enumerate(labels)}
    kinds, sizes = _kinds_of_doc(
        _sparse(ours, theirs, number) for ours, theirs in zip(gold, predicted, strict=True)
    )
    counts = numpy.zeros((len(kinds), 3 * len(labels)))
    for row, kind in enumerate(kinds):
        for column, value in kind:
            counts[row, column] = value
    rng = numpy.random.default_rng(seed)
    sums = numpy.concatenate([*_resample(counts, sizes, resamples, rng)])
    sums = sums.reshape(resamples, len(labels), 3)
    if len(gold) < 2:
        sums = sums[:0]  # resamples of one doc are that doc: no width, and no certainty either
    return {
        "level": LEVEL,
        "resamples": resamples,
        "seed": seed,
        "overall": _ends(sums.sum(axis=1)),
        "per_type": {label: _ends(sums[:, i]) for label, i in number.items()},
    }


def paired_difference(
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    other: Sequence[Sequence[Entity]],
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> dict[str, Any]:
    """Difference of the strict F1 of two systems' answers to the same docs, and what it is worth.

    RETURNS: `f`, the first system's F1 less the other's; `interval`, paired bootstrap over docs
        (Berg-Kirkpatrick et al., 2012), None for one doc only; `p_value`, two-sided, of approximate
        randomisation over docs (Noreen, 1989; Yeh, 2000): how often a difference as large comes of
        swapping the answers at random; and `resamples`, `permutations`, `seed`.
    """
    kinds, sizes = _kinds_of_doc(
        (len(ours), len(a), _correct(ours, a), len(b), _correct(ours, b))
        for ours, a, b in zip(gold, predicted, other, strict=True)
    )
    counts = numpy.array(kinds, dtype="float64").reshape(len(kinds), 5)
    total = sizes @ counts
    observed = float(_differences(total))
    rng = numpy.random.default_rng(seed)
    resampled = _differences(numpy.concatenate([*_resample(counts, sizes, resamples, rng)]))
    low, high = numpy.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # Only docs that the two answer differently change anything when their answers are swapped.
    differ = (counts[:, 1:3] != counts[:, 3:5]).any(axis=1)
    step = counts[differ][:, [0, 3, 4, 1, 2]] - counts[differ]
    as_far = 0
    for size in _chunks(permutations, len(step)):
        swapped = rng.binomial(sizes[differ], 0.5, (size, len(step)))
        permuted = _differences(total + swapped @ step)
        # Equal differences of other counts can differ in the last digit.
        as_far += int((numpy.abs(permuted) >= abs(observed) - 1e-12).sum())
    return {
        "f": observed,
        "interval": [float(low), float(high)] if len(gold) > 1 else None,
        "p_value": (as_far + 1) / (permutations + 1),
        "resamples": resamples,
        "permutations": permutations,
        "seed": seed,
    }


def _kinds_of_doc(docs: Iterable[tuple]) -> tuple[list[tuple], NDArray]:
    """The docs' counts, each once, and how many docs have them."""
    groups = Counter(docs)
    return list(groups), numpy.array(list(groups.values()), dtype="int64")


def _sparse(
    gold: Sequence[Entity], predicted: Sequence[Entity], number: dict[str, int]
) -> tuple[tuple[int, int], ...]:
    """Gold, predicted and correct entities of a doc by type: (column, value), without zeros."""
    counts: Counter[int] = Counter()
    counts.update(3 * number[label] for *_, label in gold)
    counts.update(3 * number[label] + 1 for *_, label in predicted)
    counts.update(3 * number[label] + 2 for *_, label in set(gold) & set(predicted))
    return tuple(sorted(counts.items()))


def _correct(gold: Sequence[Entity], predicted: Sequence[Entity]) -> int:
    return len(set(gold) & set(predicted))


def _resample(counts: NDArray, sizes: NDArray, times: int, rng) -> Iterator[NDArray]:
    """Summed counts (resamples, columns) of as many docs as there are, drawn with replacement."""
    docs = int(sizes.sum())
    chunks = list(_chunks(times, len(sizes)))
    for size in tqdm(chunks, desc="bootstrap", unit="chunk", disable=None):
        yield rng.multinomial(docs, sizes / docs, size) @ counts


def _chunks(times: int, width: int) -> Iterator[int]:
    most = max(1, CHUNK // max(1, width))
    for start in range(0, times, most):
        yield min(most, times - start)


def _ends(sums: NDArray) -> dict[str, list[float] | None]:
    """Ends of the intervals of sums (resamples, 3): gold, predicted, correct."""
    gold, predicted, correct = sums.T
    columns = {
        "p": (correct, predicted),
        "r": (correct, gold),
        "f": (2 * correct, gold + predicted),
    }
    ends: dict[str, list[float] | None] = {}
    for name, (part, whole) in columns.items():
        defined = whole > 0
        values = part[defined] / whole[defined]
        quantiles = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        ends[name] = numpy.quantile(values, quantiles).tolist() if len(values) else None
    return ends


def _differences(sums: NDArray) -> NDArray:
    """F1 less F1 of sums (..., 5): gold, predicted, correct, other's predicted, other's correct."""
    gold, predicted, correct, other, other_correct = numpy.moveaxis(sums, -1, 0)
    return _f1(gold + predicted, correct) - _f1(gold + other, other_correct)


def _f1(both: NDArray, correct: NDArray) -> NDArray:
    return 2 * correct / numpy.maximum(both, 1)  # without entities none is correct: 0
