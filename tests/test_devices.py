"""Tensors are made where the weights are: the whole network runs on the meta device, which has no
memory and fails where a tensor of another device, or a value of its own, is asked for."""

from collections import Counter

import pytest
import spacy
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from spacy_balc.nn import encoder as encoders
from spacy_balc.nn.tagger import Tagger
from spacy_balc.shim import copy_module

from .conftest import TOY, found, head, learn, toy_examples

KINDS = ("bert", "electra", "roberta", "xlm-roberta", "albert")

LORA = {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.0}
DOCS = [["北", "京", "London"], ["很", "好"] * 40, ["张"]]  # the second takes several windows
LENGTHS = [len(doc) for doc in DOCS]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_encoder_on_meta(kind, training, encoder):
    _, module = encoders.load(encoder(kind), LORA)
    module = module.train(training).to("meta")
    if not training:
        module = encoders.merge(copy_module(module, sharing=True), torch.bfloat16)
    with torch.set_grad_enabled(training):
        vectors = module.vectors(DOCS, 48, 32, "first")
    assert vectors.is_meta
    assert vectors.shape == (sum(LENGTHS), module.width)
    if training:
        vectors.sum().backward()
        assert all(p.grad.is_meta for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize("crf", [True, False])
def test_head_on_meta(crf):
    tagger = Tagger(12, 7, 8, 1, 1, 16, crf).to("meta")
    vectors = torch.zeros((sum(LENGTHS), 12), device="meta")
    emissions = tagger(vectors, LENGTHS, 0.1)
    assert emissions.is_meta and emissions.shape == (sum(LENGTHS), 7)
    tags = [torch.zeros(length, dtype=torch.int64) for length in LENGTHS]
    tagger.loss(emissions, tags).backward()
    assert all(p.grad.is_meta for p in tagger.parameters() if p.requires_grad)
    found = tagger.decode(emissions.detach(), LENGTHS)
    assert found.is_meta and found.shape == (sum(LENGTHS),)


class Counted(TorchDispatchMode):
    """Counts the operators that are called."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_prediction_waits_for_no_value(precision, lora_tok2vec):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(lora_tok2vec(precision=precision)))
    learn(nlp, toy_examples(nlp), steps=2)
    ner = nlp.get_pipe("balc_ner")
    few, many = ([nlp.make_doc(text) for text, _ in TOY] * times for times in (1, 20))
    ner.predict(few)  # what is derived from the weights is made once
    calls = []
    for docs in (few, many):
        with Counted() as counted:
            ner.predict(docs)
        calls.append(counted.calls)
    assert calls[1]["bmm"] and not calls[1]["nonzero"]
    # torch's LSTM reads the number of docs twice, from a tensor that is always on the CPU.
    assert calls[0]["_local_scalar_dense"] == calls[1]["_local_scalar_dense"] == 2
    # Only rows, which are views, are handed over one a doc.
    views = {"split", "split_with_sizes", "detach", "clone", "slice", "alias", "view", "select"}
    steps = sum(n for name, n in calls[0].items() if name not in views)
    assert sum(n for name, n in calls[1].items() if name not in views) < 3 * steps


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_saved_on_a_gpu_loads_on_a_cpu_and_back(lora_tok2vec, tmp_path):
    from thinc.api import require_cpu, require_gpu

    texts = [text for text, _ in TOY]
    require_gpu(0)
    try:
        nlp = spacy.blank("zh")
        nlp.add_pipe("balc_ner", config=head(lora_tok2vec()))
        learn(nlp, toy_examples(nlp), steps=20)
        nlp.to_disk(tmp_path / "gpu")
        expected = [found(doc) for doc in nlp.pipe(texts)]
        require_cpu()
        on_cpu = spacy.load(tmp_path / "gpu")
        assert on_cpu.get_pipe("balc_ner").model.shims[0].device.type == "cpu"
        assert [found(doc) for doc in on_cpu.pipe(texts)] == expected
        on_cpu.to_disk(tmp_path / "cpu")
        require_gpu(0)
        back = spacy.load(tmp_path / "cpu")
        assert back.get_pipe("balc_ner").model.shims[0].device.type == "cuda"
        assert [found(doc) for doc in back.pipe(texts)] == expected
    finally:
        require_cpu()
