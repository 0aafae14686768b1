"""Memory that does not do and docs that fail: each costs what failed, and no more."""

import numpy
import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.nn import encoder as encoder_module
from spacy_balc.nn import memory
from spacy_balc.nn.encoder import Encoder
from spacy_balc.nn.memory import in_pieces, is_out_of_memory
from spacy_balc.nn.tagger import LONG, Tagger

from .children import alone, in_child, limit_memory
from .conftest import TOY, found, head, learn, toy_examples

LONG_TEXTS = ["北京" * 40, "张三在北京。", "上海大学" * 20, "李四", "很好" * 33]


def lora_nlp(tok2vec, **settings):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec, **settings))
    return nlp, toy_examples(nlp)


# Memory


class Limited:
    """A function that runs out of memory for more than `most` members of its argument number
    `place`; counts its failures."""

    def __init__(self, function, place, most):
        self.function, self.place, self.most, self.failures = function, place, most, 0

    def __get__(self, instance, owner):
        def call(*args):
            if len(args[self.place]) > self.most:
                self.failures += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return self.function(instance, *args)

        return call


PLACES = {"encoder": (Encoder, "_batch", 1), "head": (Tagger, "_emissions", 0)}


def vectors(nlp):
    docs = [nlp.make_doc(text) for text in LONG_TEXTS]
    return nlp.get_pipe("balc_ner").model.predict(docs)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_batch_that_is_too_large_is_split(place, most, lora_tok2vec, monkeypatch):
    monkeypatch.setattr(encoder_module, "SIZES", (16,))  # several blocks for few words
    nlp, examples = lora_nlp(lora_tok2vec())
    learn(nlp, examples, steps=2)
    right = vectors(nlp)
    owner, name, position = PLACES[place]
    limited = Limited(getattr(owner, name), position, most)
    monkeypatch.setattr(owner, name, limited)
    for first, second in zip(vectors(nlp), right, strict=True):
        assert numpy.allclose(first, second, atol=1e-5)
    assert limited.failures
    failures = limited.failures
    nlp.update(examples, sgd=nlp.create_optimizer())
    assert place == "encoder" and most == 3 or limited.failures > failures


@pytest.mark.parametrize("place", PLACES)
def test_where_one_is_too_large_the_handler_is_asked(place, lora_tok2vec, monkeypatch):
    nlp, examples = lora_nlp(lora_tok2vec())
    learn(nlp, examples, steps=2)
    owner, name, position = PLACES[place]
    limited = Limited(getattr(owner, name), position, 0)
    monkeypatch.setattr(owner, name, limited)
    with pytest.raises(torch.OutOfMemoryError):
        list(nlp.pipe(LONG_TEXTS))
    handled = []
    nlp.set_error_handler(lambda name, proc, docs, error: handled.append((docs, error)))
    assert [doc.text for doc in nlp.pipe([*LONG_TEXTS, ""])] == [""]
    assert [[doc.text for doc in docs] for docs, _ in handled] == [[text] for text in LONG_TEXTS]
    assert all(is_out_of_memory(error) for _, error in handled)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 40))
def test_pieces_come_in_order_and_once(size, most, weak):
    def run(part):
        if len(part) > most:
            raise MemoryError
        if weak in part and size == 40:
            raise ZeroDivisionError
        return [2 * number for number in part]

    if weak < size == 40:
        with pytest.raises(ZeroDivisionError):
            in_pieces(range(size), run)
        return
    done = in_pieces(range(size), run)
    assert [number for part, _ in done for number in part] == list(range(size))
    assert all(result == [2 * number for number in part] for part, result in done)
    assert all(len(part) <= most for part, _ in done)


def test_other_errors_are_none_of_memory():
    for error in (RuntimeError("shapes do not fit"), ValueError("not enough memory"), KeyError()):
        assert not is_out_of_memory(error)
    for error in (
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cublas: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ):
        assert is_out_of_memory(error)


STARVED = [256, 64, 48, 32, 24, 16, 14, 12, 10, 8, 6, 4]  # MiB to spare


def starving(run, monkeypatch):
    """Run with less and less memory, in children: (times it was split, what came of it) each,
    where None means that not even one member fits. Fails for an error not known as memory's."""
    splits = []

    def watched(error):
        splits.append(is_out_of_memory(error))
        assert splits[-1], f"{type(error).__name__}: {error}"
        return True

    def limited(megabytes):
        limit_memory(megabytes * 2**20)
        try:
            # Without oneDNN, which needs memory of its own for each shape.
            with torch.backends.mkldnn.flags(enabled=False):
                answer = run()
        except Exception as error:
            assert is_out_of_memory(error), f"{type(error).__name__}: {error}"
            answer = None
        return len(splits), answer

    monkeypatch.setattr(memory, "is_out_of_memory", watched)
    done = []
    for megabytes in STARVED:
        killed, outcome = in_child(lambda: limited(megabytes))
        assert not killed
        done.append(outcome)
    return done


@alone
def test_a_head_that_runs_out_in_truth(monkeypatch):
    tagger, rows, lengths = Tagger(32, 7, 128, 1, 0, 1, True), torch.randn(20_000, 32), [100] * 200
    with torch.inference_mode():
        right = tagger(rows, lengths)

    def run():
        with torch.inference_mode():
            return torch.allclose(tagger(rows, lengths), right, atol=1e-5)

    done = starving(run, monkeypatch)
    assert {answer for _, answer in done} <= {True, None}
    assert any(splits and answer for splits, answer in done), done


@alone
def test_the_cpus_own_message_is_known():
    def allocate():
        limit_memory(100 * 2**20)
        try:
            torch.zeros(2**30)
        except RuntimeError as error:
            return is_out_of_memory(error), str(error)

    _, (known, message) = in_child(allocate)
    assert known, message


@alone
def test_memory_that_runs_out_in_truth(lora_tok2vec, monkeypatch):
    nlp, examples = lora_nlp(lora_tok2vec(), lstm_layers=0, attention_heads=0)
    learn(nlp, examples, steps=20)
    monkeypatch.setitem(encoder_module.BUDGET, "cpu", 10**9)
    texts = [f"{text}{'很好' * (i % 20)}" for i in range(120) for text, _ in TOY]
    right = [found(doc) for doc in nlp.pipe(texts, batch_size=10)]

    def run():
        return [found(doc) for doc in nlp.pipe(texts, batch_size=len(texts))] == right

    done = starving(run, monkeypatch)
    assert {answer for _, answer in done} <= {True, None}
    assert any(splits and answer for splits, answer in done), done


# Memory that must not grow


def test_long_docs_of_one_length_equal_each_alone():
    tagger = Tagger(6, 5, 4, 1, 1, 300, True)
    torch.nn.init.normal_(tagger.output.weight)
    length = LONG + 3
    vectors = torch.randn(3 * length, 6)
    together = tagger(vectors, [length] * 3)
    for i, row in enumerate(vectors.split(length)):
        alone = tagger(row, [length])
        assert torch.allclose(together[i * length : (i + 1) * length], alone, atol=1e-5)
        # and as one sequence that is not packed
        hidden, _ = tagger.lstm(tagger.norm(row)[None])
        expected = tagger.output(tagger.attention(hidden[0], [length]))
        assert torch.allclose(alone, expected, atol=1e-5)


# Docs that fail


@given(
    st.lists(st.booleans(), max_size=20),
    st.integers(1, 9),
    st.sampled_from(["predict", "set_annotations"]),
)
@settings(max_examples=40)
def test_a_doc_that_fails_goes_alone(trained, failing, batch_size, method):
    ner = trained.get_pipe("balc_ner")
    texts = [f"{'坏' if bad else ''}{TOY[i % 4][0]}" for i, bad in enumerate(failing)]
    original, handled = getattr(ner, method), []

    def weak(docs, *args):
        docs = list(docs)
        for i, doc in enumerate(docs):
            if doc.text.startswith("坏"):
                if method == "set_annotations":
                    original(docs[:i], *(arg[:i] for arg in args))
                raise ZeroDivisionError(doc.text)
        return original(docs, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ner, method, weak)
        ner.set_error_handler(lambda *args: handled.append(args))
        docs = list(trained.pipe(texts, batch_size=batch_size))
        ner.set_error_handler(spacy.util.raise_error)
        if any(failing):
            with pytest.raises(ZeroDivisionError):
                list(trained.pipe(texts, batch_size=batch_size))
    good = [i for i, bad in enumerate(failing) if not bad]
    assert [doc.text for doc in docs] == [texts[i] for i in good]
    assert [found(doc) for doc in docs] == [TOY[i % 4][1] for i in good]
    assert [[doc.text for doc in args[2]] for args in handled] == [
        [text] for text, bad in zip(texts, failing) if bad
    ]
    for name, proc, (doc,), error in handled:
        assert (name, proc) == ("balc_ner", ner) and doc.text == str(error)
