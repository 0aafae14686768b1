"""The head: the same answer in any company, exact gradients, legal tags."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call

from spacy_balc.nn import tagger as tagger_module
from spacy_balc.nn.tagger import Tagger, build
from spacy_balc.tags import MISSING, legal_transitions

from .test_nn_crf import path_score

SETTINGS = {
    "input_width": 6,
    "n_tags": 5,
    "hidden_width": 4,
    "lstm_layers": 1,
    "attention_heads": 2,
    "attention_window": 3,
    "crf": True,
}
LEFT_OUT = [
    {},
    {"lstm_layers": 0},
    {"attention_heads": 0},
    {"crf": False},
    {"lstm_layers": 0, "attention_heads": 0, "crf": False},
    {"lstm_layers": 2},
]


def randomize(tagger, seed=0, scale=1.0):
    """Weights as training could leave them: those of forbidden transitions stay at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in tagger.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
        if tagger.use_crf:
            tagger.crf.start_transitions.masked_fill_(tagger.crf.forbidden_start, 0.0)
            tagger.crf.transitions.masked_fill_(tagger.crf.forbidden, 0.0)
        else:
            for parameter in tagger.crf.parameters():
                parameter.zero_()
    return tagger


def make(seed=0, dtype=torch.float32, **changes):
    torch.manual_seed(seed)
    tagger = build({**SETTINGS, **changes}).to(dtype)
    return randomize(tagger, seed, 0.7)


def legal_tags(lengths, n_tags, generator):
    """Random legal gold for each length."""
    _, follows = legal_transitions(n_tags)
    rows = []
    for length in lengths:
        row = [0]
        for _ in range(length):
            options = follows[row[-1]].nonzero()[0]
            pick = torch.randint(len(options), (1,), generator=generator).item()
            row.append(int(options[pick]))
        rows.append(torch.tensor(row[1:], dtype=torch.int64))
    return rows


def is_legal(path, n_tags):
    starts, follows = legal_transitions(n_tags)
    return starts[path[0]] and all(follows[a, b] for a, b in pairwise(path))


def test_each_layer_is_left_out_by_its_setting():
    full = make()
    assert (full.lstm.num_layers, full.attention.heads, full.use_crf) == (1, 2, True)
    assert full.output.in_features == 8
    assert make(lstm_layers=0).lstm is None
    assert make(lstm_layers=0).output.in_features == 6
    assert make(attention_heads=0).attention is None
    assert make(lstm_layers=2).lstm.num_layers == 2
    vectors, gold = torch.randn(9, 6), [torch.tensor([0, 1, 2, 0, 3, 4, 4, 0, 1])]
    for changes in LEFT_OUT:
        tagger = make(**changes)
        names = {name.partition(".")[0] for name, _ in tagger.named_parameters()}
        expected = {"norm", "output", "crf"}
        expected |= {"lstm"} if tagger.lstm is not None else set()
        expected |= {"attention"} if tagger.attention is not None else set()
        expected |= {"lstm_norm"} if tagger.lstm and not tagger.attention else set()
        assert names == expected
        tagger.loss(tagger(vectors, [9]), gold).backward()
        for name, parameter in tagger.named_parameters():
            trains = tagger.use_crf or not name.startswith("crf.")
            assert parameter.requires_grad == trains
            assert (parameter.grad is not None and parameter.grad.any().item()) == trains, name


def test_without_lstm_and_attention_it_is_a_norm_and_one_linear_layer():
    tagger = make(lstm_layers=0, attention_heads=0)
    vectors = torch.randn(5, 6)
    normal = torch.nn.functional.layer_norm(vectors, (6,), tagger.norm.weight, tagger.norm.bias)
    expected = normal @ tagger.output.weight.T + tagger.output.bias
    torch.testing.assert_close(tagger(vectors, [2, 3]), expected)


@pytest.mark.parametrize("changes", LEFT_OUT)
def test_whatever_is_left_out_the_output_layer_reads_normed_vectors(changes):
    tagger, read = Tagger(**SETTINGS | changes), []
    tagger.output.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    tagger(0.1 * torch.randn(12, 6), [5, 7])
    (vectors,) = read
    torch.testing.assert_close(vectors.mean(1), torch.zeros(12), rtol=0, atol=1e-5)
    torch.testing.assert_close(vectors.var(1, correction=0), torch.ones(12), rtol=0, atol=0.1)


@pytest.mark.parametrize("changes", LEFT_OUT)
@given(seed=st.integers(0, 2**32), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_untrained_it_decodes_outside(changes, seed, scale):
    torch.manual_seed(seed)
    tagger = Tagger(**SETTINGS | changes)
    emissions = tagger(scale * torch.randn(12, 6), [5, 7])
    assert (emissions[:, :1] >= emissions).all()
    assert not tagger.decode(emissions, [5, 7]).any()


@pytest.mark.parametrize("changes", LEFT_OUT)
def test_the_first_gradient_reaches_what_it_is_given(changes):
    vectors = torch.randn(12, 6, requires_grad=True)
    tagger = Tagger(**SETTINGS | changes)
    tags = [torch.tensor(row) for row in ([0, 1, 2, 0, 0], [3, 4, 4, 0, 0, 1, 2])]
    tagger.loss(tagger(vectors, [5, 7]), tags).backward()
    assert vectors.grad.norm() > 1e-3


@pytest.mark.parametrize("changes", LEFT_OUT)
@settings(max_examples=15)
@given(lengths=st.lists(st.integers(0, 12), min_size=1, max_size=5), data=st.data())
def test_a_doc_has_the_same_emissions_and_tags_in_any_company(changes, lengths, data):
    tagger = make(**changes)
    order = data.draw(st.permutations(range(len(lengths))))
    rows = list(torch.randn((sum(lengths), 6)).split(lengths))
    alone = [tagger(row, [len(row)]) for row in rows]
    together = tagger(torch.cat(rows), lengths).split(lengths)
    shuffled = tagger(torch.cat([rows[i] for i in order]), [lengths[i] for i in order])
    shuffled = shuffled.split([lengths[i] for i in order])
    for i, row in enumerate(alone):
        assert row.shape == (lengths[i], 5)
        torch.testing.assert_close(together[i], row, rtol=0, atol=1e-5)
        torch.testing.assert_close(shuffled[order.index(i)], row, rtol=0, atol=1e-5)
    filled = [row for row in alone if len(row)]
    if filled:
        tags = tagger.decode(torch.cat(filled), [len(row) for row in filled])
        each = [tagger.decode(row, [len(row)]) for row in filled]
        assert torch.equal(tags, torch.cat(each))


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_only_empty_docs(lengths):
    tagger = make()
    emissions = tagger(torch.zeros((0, 6)), lengths)
    assert emissions.shape == (0, 5)
    assert tagger.loss(emissions, []).item() == 0.0
    tags = tagger.decode(emissions, [])
    assert (tags.shape, tags.dtype) == ((0,), torch.int64)


def test_long_docs_beside_short_ones_go_in_groups_of_their_own(monkeypatch):
    lengths = [1, 30, 2, 0, 5, 31, 3, 30, 1]
    tagger = make(dtype=torch.float64)
    vectors = torch.randn((sum(lengths), 6), dtype=torch.float64, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    gold = [row for row in legal_tags(lengths, 5, generator) if len(row)]
    filled = [length for length in lengths if length]

    def work():
        emissions = tagger(vectors, lengths)
        loss = tagger.loss(emissions, gold)
        gradients = torch.autograd.grad(loss, [vectors, *tagger.parameters()])
        return emissions, loss, tagger.decode(emissions, filled), gradients

    sizes = []
    in_one = work()
    monkeypatch.setattr(tagger_module, "BUDGET", 32)
    inner = tagger._emissions
    monkeypatch.setattr(
        tagger,
        "_emissions",
        lambda rows, rate: sizes.append([len(row) for row in rows]) or inner(rows, rate),
    )
    in_groups = work()
    assert sizes == [[31], [30], [30], [5, 3, 2, 1, 1]]
    torch.testing.assert_close(in_groups, in_one)


@pytest.mark.parametrize("changes", LEFT_OUT)
def test_gradients_equal_finite_differences(changes):
    tagger = make(dtype=torch.float64, **changes)
    lengths, n_tags = [4, 0, 1, 6], 5
    generator = torch.Generator().manual_seed(1)
    gold = [row for row in legal_tags(lengths, n_tags, generator) if len(row)]
    gold[0][1] = MISSING
    gold[2][3:] = MISSING
    names = [name for name, p in tagger.named_parameters() if p.requires_grad]
    weights = [tagger.get_parameter(name).detach().requires_grad_() for name in names]
    vectors = torch.randn((11, 6), generator=generator, dtype=torch.float64, requires_grad=True)

    class Chain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tagger = tagger

        def forward(self, vectors):
            return self.tagger.loss(self.tagger(vectors, lengths), gold)

    def loss(vectors, *weights):
        named = {f"tagger.{name}": weight for name, weight in zip(names, weights)}
        return functional_call(Chain(), named, (vectors,))

    assert loss(vectors, *weights).item() > 0.1
    assert torch.autograd.gradcheck(loss, (vectors, *weights), fast_mode=True)


def test_loss_is_the_mean_over_known_tokens_of_all_paths_that_agree():
    tagger = make(dtype=torch.float64)
    emissions = torch.randn((6, 5), dtype=torch.float64)
    gold = [torch.tensor([1, MISSING, 0]), torch.tensor([3]), torch.tensor([MISSING, MISSING])]
    expected = 0.0
    for scores, row in zip(emissions.split([3, 1, 2]), gold):
        agreeing, every = [], []
        for path in product(range(5), repeat=len(row)):
            if not is_legal(path, 5):
                continue
            every.append(path_score(tagger.crf, scores, path))
            if all(tag in (MISSING, path[i]) for i, tag in enumerate(row.tolist())):
                agreeing.append(every[-1])
        expected += torch.logsumexp(torch.stack(every), 0)
        expected -= torch.logsumexp(torch.stack(agreeing), 0)
    torch.testing.assert_close(tagger.loss(emissions, gold), expected / 3)


def test_without_crf_the_loss_is_the_cross_entropy_of_the_known_tokens():
    tagger = make(crf=False)
    emissions = torch.randn((5, 5))
    gold = [torch.tensor([1, MISSING, 0]), torch.tensor([3, 4])]
    known = torch.tensor([0, 2, 3, 4])
    right = emissions.log_softmax(1)[known, torch.tensor([1, 0, 3, 4])]
    torch.testing.assert_close(tagger.loss(emissions, gold), -right.mean())


@pytest.mark.parametrize("crf", [True, False])
def test_gold_that_is_all_missing_has_no_loss_and_no_gradient(crf):
    tagger = make(crf=crf)
    vectors = torch.randn((4, 6), requires_grad=True)
    loss = tagger.loss(tagger(vectors, [4]), [torch.full((4,), MISSING)])
    loss.backward()
    assert loss.item() == 0.0
    assert not vectors.grad.any()


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 2**20))
def test_without_crf_decoding_is_the_best_legal_path_of_the_emissions(lengths, seed):
    tagger = make(crf=False)
    generator = torch.Generator().manual_seed(seed)
    emissions = torch.randn((sum(lengths), 5), generator=generator)
    found = tagger.decode(emissions, lengths).split(lengths)
    for scores, path in zip(emissions.split(lengths), found):
        legal = [p for p in product(range(5), repeat=len(path)) if is_legal(p, 5)]
        best = max(legal, key=lambda p: sum(scores[i, tag].item() for i, tag in enumerate(p)))
        assert tuple(path.tolist()) == best


@pytest.mark.parametrize("crf", [True, False])
def test_decoding_keeps_to_the_allowed_tags(crf):
    tagger = make(crf=crf)
    lengths = [7, 1, 4]
    emissions = torch.randn((12, 5))
    allowed = torch.ones((12, 5), dtype=torch.bool)
    allowed[2] = torch.tensor([0, 0, 0, 1, 0]).bool()
    allowed[3] = torch.tensor([0, 0, 0, 0, 1]).bool()
    allowed[4, 2::2] = False
    allowed[7] = torch.tensor([0, 1, 0, 0, 0]).bool()
    allowed[8:, 1:] = False
    tags = tagger.decode(emissions, lengths, allowed)
    assert allowed[torch.arange(12), tags].all()
    assert (tags[2:4].tolist(), tags[7:].tolist()) == ([3, 4], [1, 0, 0, 0, 0])
    assert all(is_legal(row.tolist(), 5) for row in tags.split(lengths))


def test_dropout_comes_with_a_rate_and_from_torchs_generator():
    tagger = make()
    vectors = torch.randn((9, 6))
    plain = tagger(vectors, [4, 5])
    assert torch.equal(tagger.train()(vectors, [4, 5]), plain)
    assert torch.equal(tagger.eval()(vectors, [4, 5], 0.0), plain)
    torch.manual_seed(1)
    dropped = tagger(vectors, [4, 5], 0.3)
    other = tagger(vectors, [4, 5], 0.3)
    torch.manual_seed(1)
    assert torch.equal(tagger(vectors, [4, 5], 0.3), dropped)
    assert not torch.equal(dropped, plain)
    assert not torch.equal(dropped, other)


@pytest.mark.parametrize("changes", LEFT_OUT[:5])
def test_dropout_reaches_every_configuration_and_keeps_the_mean(changes):
    tagger = make(lstm_layers=0, attention_heads=0) if not changes else make(**changes)
    vectors = torch.randn((6, 6))
    plain = tagger(vectors, [6])
    dropped = torch.stack([tagger(vectors, [6], 0.2) for _ in range(20)])
    assert (dropped != plain).any(dim=0).any(dim=1).all()
    if not changes:
        many = torch.stack([tagger(vectors, [6], 0.2) for _ in range(4000)])
        torch.testing.assert_close(many.mean(0), plain, rtol=0, atol=0.2)
