"""A long sequence in stretches: what comes out is what the layers make of the whole."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.nn import stretches, tagger
from spacy_balc.nn.tagger import Tagger


@pytest.fixture(scope="module", autouse=True)
def short_stretches():
    """Stretches of a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "STEPS", 5)
        patch.setattr(stretches, "ATTENDED", 7)
        patch.setattr(tagger, "LONG", 3)
        yield


few = st.integers(0, 2)


@given(st.lists(st.integers(0, 40), max_size=4), few, few, st.integers(1, 9))
def test_long_docs_are_tagged_as_if_they_were_not(lengths, layers, heads, window):
    torch.manual_seed(sum(lengths))
    made = Tagger(6, 5, 4, layers, heads, window, True)
    torch.nn.init.normal_(made.output.weight)
    vectors = torch.randn(sum(lengths), 6)
    whole = made(vectors, lengths)  # with gradients, which need the whole
    with torch.inference_mode():
        found = made(vectors, lengths)
    assert whole.requires_grad == any(lengths) and not found.requires_grad
    assert torch.allclose(found, whole, atol=1e-5)


@given(st.integers(0, 30), st.integers(1, 9))
def test_bounds_cover_each_step_once(length, stretch):
    found = [i for start, end in stretches.bounds(length, stretch) for i in range(start, end)]
    assert found == list(range(length))
    assert all(0 < end - start <= stretch for start, end in stretches.bounds(length, stretch))
