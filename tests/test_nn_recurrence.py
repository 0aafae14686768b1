"""The LSTM that trains on a CPU: what torch's own gives, at a cost that grows with length alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils._python_dispatch import TorchDispatchMode

from spacy_balc.nn.recurrence import unroll

from .test_nn_tagger import legal_tags, make

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@given(LENGTHS, st.integers(1, 3), st.integers(0, 9))
@settings(deadline=None)
def test_it_is_torchs_lstm(lengths, layers, seed):
    torch.manual_seed(seed)
    lstm = nn.LSTM(3, 4, layers, bidirectional=True).double()
    rows = [torch.randn(length, 3).double() for length in sorted(lengths, reverse=True)]
    packed = pack_sequence(rows)
    weights = torch.randn(len(packed.data), 8).double()
    found = []
    for run in (
        lambda data: unroll(lstm, data, packed.batch_sizes.tolist()),
        lambda data: lstm(packed._replace(data=data))[0].data,
    ):
        data = packed.data.clone().requires_grad_()
        outputs = run(data)
        found.append([outputs])
        found[-1] += torch.autograd.grad((weights * outputs).sum(), [data, *lstm.parameters()])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


class Counted(TorchDispatchMode):
    """Counts the numbers that operations give."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        found = operation(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.numbers += found.numel()
        return found


def work(lengths, **changes):
    """Numbers that a step of training computes with docs of these lengths."""
    tagger = make(hidden_width=8, **changes)
    gold = legal_tags(lengths, 5, torch.Generator().manual_seed(0))
    vectors = torch.randn(sum(lengths), 6, requires_grad=True)
    with Counted() as counted:
        tagger.loss(tagger(vectors, lengths, 0.1), gold).backward()
    assert vectors.grad is not None
    return counted.numbers


@pytest.mark.parametrize("changes", [{}, {"lstm_layers": 2}, {"attention_heads": 0}], ids=str)
@pytest.mark.parametrize("others", [[], [1], [40, 3]], ids=str)
def test_training_on_a_doc_twice_as_long_is_twice_the_work(changes, others):
    once, twice = work([150, *others], **changes), work([300, *others], **changes)
    assert twice < 2.2 * once
