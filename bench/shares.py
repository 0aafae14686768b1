"""Where the time of prediction goes: timers around the parts of a pipeline with `balc_ner`."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

from common import show, synchronize
from spacy.language import Language
from thinc.api import Model

from spacy_balc.batching import batches, pack
from spacy_balc.pieces import Pieces
from spacy_balc.windows import windows

# What is spent in a part is taken off the one that it lies in.
INSIDE = {"pieces": "tok2vec", "windows": "tok2vec", "tok2vec": "predict", "CRF": "predict"}


class Timers:
    """Seconds by the name of the part."""

    def __init__(self, device: str):
        self.device = device
        self.seconds: dict[str, float] = {}

    def around(self, name: str, function: Callable) -> Callable:
        """The function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            synchronize(self.device)
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                synchronize(self.device)
                took = time.perf_counter() - begin
                self.seconds[name] = self.seconds.get(name, 0.0) + took

        return timed


@contextmanager
def timed(nlp: Language, timers: Timers):
    """Timers around the parts of the pipeline within the context."""
    ner = nlp.get_pipe("balc_ner")
    model, tok2vec, decode = ner.model, ner.model.layers[0], ner.model.attrs["decode"]
    forward = timers.around("tok2vec", lambda layer, docs, is_train: tok2vec(docs, is_train))
    replaced = [(Pieces, "tokens", Pieces.tokens, timers.around("pieces", Pieces.tokens))]
    for function in (windows, batches, pack):  # wherever they were imported to
        around = timers.around("windows", function)
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("spacy_balc"):
                for name, value in list(vars(module).items()):
                    if value is function:
                        replaced.append((module, name, function, around))
    model.layers[0] = Model("timed", forward, layers=[tok2vec])
    model.attrs["decode"] = timers.around("CRF", decode)
    ner.predict = timers.around("predict", ner.predict)
    ner.set_annotations = timers.around("set_annotations", ner.set_annotations)
    make_doc, nlp.make_doc = nlp.make_doc, timers.around("tokenizer", nlp.make_doc)
    for owner, name, _, around in replaced:
        setattr(owner, name, around)
    try:
        yield
    finally:
        for owner, name, function, _ in replaced:
            setattr(owner, name, function)
        model.layers[0], model.attrs["decode"] = tok2vec, decode
        del ner.predict, ner.set_annotations
        nlp.make_doc = make_doc


def shares(nlp: Language, texts: Sequence[str], rounds: int, device: str) -> dict[str, list[float]]:
    """Share of `nlp.pipe`'s time, by part and round; "not the encoder" is all but one of them."""
    found: dict[str, list[float]] = {}
    for number in range(-1, rounds):
        timers = Timers(device)
        with timed(nlp, timers):
            timers.around("all", lambda: list(nlp.pipe(texts)))()
        spent = dict(timers.seconds)
        for part, whole in INSIDE.items():
            spent[whole] -= timers.seconds.get(part, 0.0)
        total = spent.pop("all")
        spent["encoder"] = spent.pop("tok2vec")
        spent["head"] = spent.pop("predict")
        spent["spaCy's pipe"] = total - sum(spent.values())
        spent["not the encoder"] = total - spent["encoder"]
        for part, took in spent.items():
            if number >= 0:
                found.setdefault(part, []).append(took / total)
    return dict(sorted(found.items(), key=lambda item: -statistics.median(item[1])))


def show_shares(found: dict[str, list[float]]) -> None:
    """Print them."""
    rows = [
        [part, *(f"{100 * v:.1f}" for v in (statistics.median(vs), min(vs), max(vs)))]
        for part, vs in found.items()
    ]
    show(["% of prediction", "median", "least", "most"], rows)
