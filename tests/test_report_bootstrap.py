"""Intervals and the paired test against loops that do it doc by doc."""

import itertools
import random

import numpy
import pytest
from hypothesis import given, settings

from spacy_balc.report import bootstrap
from spacy_balc.report.bootstrap import intervals, paired_difference
from spacy_balc.report.scores import entity_scores

from .spans import corpora


def made_up(docs: int, seed: int, skill: float) -> tuple[list, list]:
    """Gold, and answers that are right with a probability of `skill`."""
    rng = random.Random(seed)
    gold, predicted = [], []
    for _ in range(docs):
        spans = [(3 * i, 3 * i + 2, rng.choice("AB")) for i in range(rng.randrange(4))]
        gold.append(spans)
        answers = [e if rng.random() < skill else (e[0], e[1] + 1, e[2]) for e in spans]
        predicted.append([e for e in answers if rng.random() < 0.95])
    return gold, predicted


def test_intervals_are_those_of_a_loop_over_docs():
    gold, predicted = made_up(80, 1, 0.8)
    rng = random.Random(2)
    drawn = {"p": [], "r": [], "f": [], "A": []}
    for _ in range(3000):
        docs = [rng.randrange(80) for _ in range(80)]
        scores = entity_scores([gold[i] for i in docs], [predicted[i] for i in docs])
        for key in "prf":
            drawn[key].append(scores[f"ents_{key}"])
        drawn["A"].append(scores["ents_per_type"]["A"]["f"])
    found = intervals(gold, predicted, 4000)
    ours = {**found["overall"], "A": found["per_type"]["A"]["f"]}
    for key, values in drawn.items():
        width = numpy.ptp(ours[key])
        assert width > 0.05
        assert ours[key] == pytest.approx(numpy.quantile(values, [0.025, 0.975]), abs=width / 8)


@settings(max_examples=30)
@given(corpora())
def test_intervals_hold_for_any_corpus(corpus):
    _, gold, predicted = corpus
    found = intervals(gold, predicted, 200)
    scores = entity_scores(gold, predicted)
    assert found == intervals(gold, predicted, 200)
    assert list(found["per_type"]) == list(scores["ents_per_type"])
    counts = scores["ents_counts"]
    one = len(gold) == 1  # whose resamples are all the same
    assert (found["overall"]["r"] is None) == (one or counts["gold"] == 0)
    assert (found["overall"]["p"] is None) == (one or counts["predicted"] == 0)
    for ends in [found["overall"], *found["per_type"].values()]:
        for low, high in filter(None, ends.values()):
            assert 0 <= low <= high <= 1


def test_docs_that_are_alike_leave_no_doubt():
    gold, predicted = [[(0, 1, "A"), (2, 3, "A")]] * 9, [[(0, 1, "A")]] * 9
    found = intervals(gold, predicted)
    assert found["resamples"] >= 1000
    assert found["overall"]["p"] == [1.0, 1.0] and found["overall"]["r"] == [0.5, 0.5]
    assert found["overall"] == found["per_type"]["A"]


def test_chunks_change_nothing(monkeypatch):
    gold, predicted = made_up(60, 3, 0.7)
    _, other = made_up(60, 3, 0.5)
    whole = intervals(gold, predicted), paired_difference(gold, predicted, other)
    monkeypatch.setattr(bootstrap, "CHUNK", 1000)
    chunked = intervals(gold, predicted), paired_difference(gold, predicted, other)
    assert chunked[0] == whole[0]
    assert chunked[1]["f"] == whole[1]["f"]
    assert chunked[1]["interval"] == whole[1]["interval"]


def test_the_p_value_is_that_of_all_permutations():
    gold, a = made_up(9, 5, 0.9)
    _, b = made_up(9, 6, 0.5)
    b = [
        [e for e in answer if e[0] < 3 * len(right)] for answer, right in zip(b, gold, strict=True)
    ]

    def f1(answers):
        return entity_scores(gold, answers)["ents_f"]

    observed = f1(a) - f1(b)
    as_far = 0
    for swaps in itertools.product([False, True], repeat=9):
        ours, theirs = zip(
            *((y, x) if swap else (x, y) for swap, x, y in zip(swaps, a, b, strict=True)),
            strict=True,
        )
        as_far += abs(f1(ours) - f1(theirs)) >= abs(observed) - 1e-12
    found = paired_difference(gold, a, b)
    assert found["f"] == pytest.approx(observed)
    assert 0.05 < as_far / 512 < 0.95  # otherwise the test would say little
    assert found["p_value"] == pytest.approx(as_far / 512, abs=0.02)


def test_the_interval_of_a_difference_is_that_of_a_loop_over_docs():
    gold, a = made_up(70, 8, 0.85)
    rng = random.Random(1)
    b = [[e for e in answer if rng.random() < 0.8] for answer in a]
    drawn = []
    for _ in range(3000):
        docs = [rng.randrange(70) for _ in range(70)]
        right = [gold[i] for i in docs]
        ours, theirs = (entity_scores(right, [s[i] for i in docs])["ents_f"] for s in (a, b))
        drawn.append(ours - theirs)
    found = paired_difference(gold, a, b, resamples=4000)
    width = numpy.ptp(found["interval"])
    expected = numpy.quantile(drawn, [0.025, 0.975])
    assert found["interval"] == pytest.approx(expected, abs=width / 8)


@settings(max_examples=30)
@given(corpora(sides=3))
def test_the_paired_test_is_symmetric(corpus):
    _, gold, a, b = corpus
    found = paired_difference(gold, a, b, 100, 200)
    back = paired_difference(gold, b, a, 100, 200)
    f1 = [entity_scores(gold, side)["ents_f"] or 0.0 for side in (a, b)]
    assert found["f"] == pytest.approx(f1[0] - f1[1]) and back["f"] == -found["f"]
    assert 0 < found["p_value"] <= 1
    if found["f"] == 0:
        assert found["p_value"] == 1.0


def test_the_same_answers_do_not_differ():
    gold, a = made_up(20, 4, 0.6)
    found = paired_difference(gold, a, a)
    assert (found["f"], found["interval"], found["p_value"]) == (0.0, [0.0, 0.0], 1.0)
