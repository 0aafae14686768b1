"""Labels that come later: what the head has learnt stays, and a fresh label can be learnt."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.nn import tagger as tagger_module
from spacy_balc.nn.tagger import Tagger
from spacy_balc.tags import expansion, tag_names

from .test_nn_crf import path_score
from .test_nn_tagger import SETTINGS, make, randomize


def relabel(tagger, old, new):
    tagger.relabel(*(torch.from_numpy(part) for part in expansion(old, new)))


def grown(tagger, old, new):
    """Names of the best tags of the same vectors before and after growing the label set."""
    lengths = [6, 1, 9, 3]
    vectors = torch.randn((sum(lengths), 6))
    names = tag_names(old)
    before = [names[tag] for tag in tagger.decode(tagger(vectors, lengths), lengths)]
    relabel(tagger, old, new)
    names = tag_names(new)
    emissions = tagger(vectors, lengths)
    assert emissions.shape[1] == len(names)
    return before, [names[tag] for tag in tagger.decode(emissions, lengths)]


@pytest.mark.parametrize("crf", [True, False])
@settings(max_examples=60)
@given(
    st.sets(st.sampled_from("BCDEF"), min_size=1, max_size=3).map(sorted),
    st.lists(st.sets(st.sampled_from("ACXYZ"), min_size=1), min_size=1, max_size=3),
    st.integers(0, 2**20),
    st.sampled_from([0.1, 1.0, 5.0]),
)
def test_new_labels_move_no_answer_whatever_was_learnt(crf, old, steps, seed, scale):
    tagger = make(n_tags=len(tag_names(old)), crf=crf)
    randomize(tagger, seed, scale)
    torch.manual_seed(seed)
    for more in steps:
        new = sorted({*old, *more})
        before, after = grown(tagger, old, new)
        assert after == before
        old = new


@pytest.mark.parametrize("crf", [True, False])
@pytest.mark.parametrize("around", ["F", "FF", "FFF", "OFO", "OFFF", "MFF", "OFFMO"])
def test_a_fresh_label_scores_as_the_mean_of_the_known_less_a_handicap(crf, around):
    """`around` is a path: F an entity of the fresh label, M one token of a known one."""
    tagger = make(dtype=torch.float64, crf=crf)
    old = ["K", "M"]
    for new in (["A", "K", "M"], ["A", "K", "M", "X"]):
        relabel(tagger.float(), old, new)
        tagger.double()
        names = tag_names(new)
        emissions = tagger(torch.randn((len(around), 6), dtype=torch.float64), [len(around)])

        entity = around.replace("F", "B", 1).replace("F", "I")
        scores = {}
        for label in new:
            path = [{"O": "O", "M": "B-M"}.get(tag, f"{tag}-{label}") for tag in entity]
            path = [names.index(name) for name in path]
            scores[label] = path_score(tagger.crf, emissions, path)
        (fresh,) = set(new) - set(old)
        mean = torch.stack([scores[label] for label in old]).mean()
        handicap = tagger_module.FRESH_HANDICAP * around.count("F")
        torch.testing.assert_close(scores[fresh], mean - handicap, rtol=0, atol=1e-4)
        assert not tagger.crf.transitions[tagger.crf.forbidden].any()
        assert not tagger.crf.start_transitions[tagger.crf.forbidden_start].any()
        old = new


def test_a_label_added_before_anything_is_learnt_leaves_all_outside():
    tagger = Tagger(**{**SETTINGS, "n_tags": 1})
    before, after = grown(tagger, [], ["A", "B"])
    assert set(before) == set(after) == {"O"}


@pytest.mark.parametrize("crf", [True, False])
def test_weights_of_known_labels_are_kept_by_name_behind_a_label_that_sorts_first(crf):
    tagger = make(crf=crf)
    old, new = tag_names(["M", "X"]), tag_names(["A", "M", "X"])
    kept = {name: parameter.detach().clone() for name, parameter in tagger.named_parameters()}
    relabel(tagger, ["M", "X"], ["A", "M", "X"])
    place = [new.index(name) for name in old]
    for name, parameter in tagger.named_parameters():
        if name == "crf.transitions":
            parameter = parameter[place][:, place]
        elif name.startswith(("output.", "crf.")):
            parameter = parameter[place]
        assert torch.equal(parameter, kept[name]), name
    assert place == [0, 3, 4, 5, 6]
    assert tagger.output.out_features == tagger.crf.num_tags == 7


@pytest.mark.parametrize("crf", [True, False])
def test_a_fresh_label_can_be_learnt(crf):
    tagger = make(crf=crf)
    relabel(tagger, ["M", "X"], ["A", "M", "X"])
    trainable = [parameter for parameter in tagger.parameters() if parameter.requires_grad]
    assert len(trainable) == len(list(tagger.parameters())) - (0 if crf else 3)
    optimizer = torch.optim.Adam(trainable, lr=0.05)
    vectors, gold = torch.randn((8, 6)), [torch.tensor([0, 1, 2, 0]), torch.tensor([3, 4, 0, 1])]
    for _ in range(80):
        optimizer.zero_grad()
        tagger.loss(tagger(vectors, [4, 4]), gold).backward()
        optimizer.step()
    assert tagger.decode(tagger(vectors, [4, 4]), [4, 4]).tolist() == torch.cat(gold).tolist()
