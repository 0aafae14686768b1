"""Saving over a good pipeline, killed at any moment or on a full disk: the old one or the new one,
or an error that says so."""

import errno
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter

import pytest
import spacy

from .children import in_child
from .conftest import HASH_EMBED, found, head, learn, toy_examples

TEXTS = ["张三在北京工作。", "李四去了上海大学。", "今天天气很好。", "王五在南京。", "猫在家。", ""]
NEITHER = "neither"


def answers(nlp):
    """What tells two pipelines apart: labels, and entities of some texts."""
    return nlp.get_pipe("balc_ner").labels, [found(doc) for doc in nlp.pipe(TEXTS)]


class Pipelines:
    """An old pipeline, saved, and a new one of other weights and one label more."""

    def __init__(self, folder):
        self.folder, self.old_folder = folder / "saved", folder / "old"
        self.old, self.new = spacy.blank("zh"), spacy.blank("zh")
        for nlp, more in ((self.old, []), (self.new, [("猫在家。", [(0, 1, "ANIMAL")])])):
            nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
            data = [("张三在北京工作。", [(0, 2, "PER"), (3, 5, "LOC")]), ("今天天气很好。", [])]
            learn(nlp, toy_examples(nlp, data + more), steps=30)
        self.old.to_disk(self.old_folder)
        self.expected = {"old": answers(self.old), "new": answers(self.new)}
        assert self.expected["old"] != self.expected["new"]

    def lay_out(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.old_folder, self.folder)

    def save(self):
        self.new.to_disk(self.folder)

    def save_component(self):
        self.new.get_pipe("balc_ner").to_disk(self.folder / "balc_ner", exclude=["vocab"])

    def outcome(self):
        """old or new, or neither where loading is an error; anything else fails."""
        try:
            loaded = answers(spacy.load(self.folder))
        except Exception as error:
            assert str(error)
            return NEITHER
        return next(name for name, expected in self.expected.items() if loaded == expected)

    def component_outcome(self):
        nlp = spacy.blank("zh")
        ner = nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
        ner.from_disk(self.folder / "balc_ner", exclude=["vocab"])
        loaded = answers(nlp)
        return next(name for name, expected in self.expected.items() if loaded == expected)


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    return Pipelines(tmp_path_factory.mktemp("pipelines"))


# How to kill


WATCHED = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link")


def with_events(save, at=None):
    """Save; die at the event of that number, counted over all that touches files, syncs and
    closings of what was written included. Returns how many there were."""
    seen = [0]

    def count():
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, arguments):
        if event in WATCHED:
            count()

    def around(function):
        def watched(*args, **kwargs):
            count()
            result = function(*args, **kwargs)
            count()
            return result

        return watched

    sys.addaudithook(hook)
    os.fsync, os.replace, os.unlink = map(around, (os.fsync, os.replace, os.unlink))
    save()
    return seen[0]


def with_size(save, most):
    """Save; die at the first byte of a file beyond that many."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    save()


def with_timer(save, seconds):
    """Save; die after that time, wherever it is."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    save()
    signal.setitimer(signal.ITIMER_REAL, 0)


def duration(save):
    """Seconds that it takes."""
    start = time.perf_counter()
    save()
    return time.perf_counter() - start


def kill_points(pipelines, save, number):
    """Functions that save and die, evenly over events, sizes and times; `number` of each."""
    pipelines.lay_out()
    _, events = in_child(lambda: with_events(save))
    _, longest = in_child(lambda: duration(save))
    largest = (pipelines.old_folder / "balc_ner" / "model").stat().st_size
    random_ = random.Random(0)
    sizes = [int(largest ** (i / number)) - 1 for i in range(number // 2)]
    sizes += [int(largest * i / number) for i in range(number // 2)]
    for k in sorted({1 + events * i // number for i in range(number)}):
        yield "event", lambda k=k: with_events(save, k)
    for size in sorted(set(sizes)):
        yield "size", lambda size=size: with_size(save, size)
    for _ in range(number):
        seconds = random_.uniform(1e-5, longest)
        yield "time", lambda seconds=seconds: with_timer(save, seconds)


def outcomes(pipelines, save, outcome, number):
    counted = Counter()
    for kind, die in kill_points(pipelines, save, number):
        pipelines.lay_out()
        signal_, _ = in_child(die)
        counted[kind, outcome()] += 1
        counted["killed"] += signal_ is not None
        assert signal_ is not None or kind == "time"
    print(dict(counted))
    return counted


NUMBERS = [8, pytest.param(150, marks=pytest.mark.slow)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_component_is_the_old_or_the_new_one(number, pipelines):
    counted = outcomes(pipelines, pipelines.save_component, pipelines.component_outcome, number)
    assert counted["killed"] >= 1.4 * number
    assert counted["event", "old"] and counted["event", "new"]
    assert not any(what[1] == NEITHER for what in counted if what != "killed")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_pipeline_is_the_old_or_the_new_one_or_an_error(number, pipelines):
    counted = outcomes(pipelines, pipelines.save, pipelines.outcome, number)
    assert counted["killed"] >= 1.4 * number
    assert counted["event", "old"] and counted["event", "new"]


def test_what_a_killed_one_left_does_not_harm(pipelines):
    for kind, die in kill_points(pipelines, pipelines.save_component, 3):
        pipelines.lay_out()
        in_child(die)
        in_child(die)
        pipelines.save_component()
        assert pipelines.component_outcome() == "new"


# A full disk


def test_a_full_disk_is_an_error_and_the_old_one_stays(pipelines):
    pipelines.lay_out()
    largest = (pipelines.old_folder / "balc_ner" / "model").stat().st_size
    before = (pipelines.folder / "balc_ner" / "model").read_bytes()

    def save(most, whole):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            (pipelines.save if whole else pipelines.save_component)()
        except OSError as error:
            return error.errno
        return None

    for most in (0, 1, 1000, largest // 2, largest - 1):
        assert in_child(lambda: save(most, whole=False)) == (None, errno.EFBIG)
        assert os.listdir(pipelines.folder / "balc_ner") == ["model"]
        assert (pipelines.folder / "balc_ner" / "model").read_bytes() == before
        assert pipelines.component_outcome() == "old"
    # The rest of a pipeline is small; where there is room for that, all of the old one stays.
    assert in_child(lambda: save(largest // 2, whole=True)) == (None, errno.EFBIG)
    assert pipelines.outcome() == "old"
