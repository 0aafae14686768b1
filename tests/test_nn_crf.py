"""The CRF against all paths enumerated in float64, against pytorch-crf, and against numpy."""

from itertools import pairwise, product

import numpy
import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.nn import crf as crf_module
from spacy_balc.nn.crf import CRF
from spacy_balc.tags import legal_transitions

ALL_FREE = "all free"


def make_crf(n_tags, seed=0, rules="BIO", dtype=torch.float64):
    """A CRF with random weights, and its rules: (tags that may start, which may follow which)."""
    if rules == "BIO":
        starts, follows = (torch.from_numpy(rule) for rule in legal_transitions(n_tags))
    else:
        starts, follows = torch.ones(n_tags).bool(), torch.ones(n_tags, n_tags).bool()
    crf = CRF(n_tags, starts, follows).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(2 * torch.randn(parameter.shape, generator=generator))
    return crf, starts, follows


def legal_paths(starts, follows, steps):
    for path in product(range(len(starts)), repeat=steps):
        if starts[path[0]] and all(follows[a, b] for a, b in pairwise(path)):
            yield path


def agrees(path, possible):
    """Whether each tag of a path is a possible one."""
    return all(possible[i, tag] for i, tag in enumerate(path))


def paths_of(problem, row, restrict):
    """Legal paths of a row; with `restrict` those of possible tags."""
    _, starts, follows, _, possible, lengths = problem
    found = legal_paths(starts, follows, int(lengths[row]))
    return [path for path in found if not restrict or agrees(path, possible[row])]


def path_score(crf, emissions, path):
    score = crf.start_transitions[path[0]] + crf.end_transitions[path[-1]]
    score = score + sum(emissions[i, tag] for i, tag in enumerate(path))
    return score + sum(crf.transitions[a, b] for a, b in pairwise(path))


def brute_log_likelihood(crf, starts, follows, emissions, possible):
    """Of one sequence, over all its legal paths, and over those that agree with the gold."""
    scores, agreeing = [], []
    for path in legal_paths(starts, follows, len(emissions)):
        scores.append(path_score(crf, emissions, path))
        if agrees(path, possible):
            agreeing.append(scores[-1])
    return torch.logsumexp(torch.stack(agreeing), 0) - torch.logsumexp(torch.stack(scores), 0)


@st.composite
def problems(draw):
    """A CRF, emissions of a batch, its lengths, and gold that is legal and partly missing."""
    n_tags = draw(st.sampled_from([1, 3, 5]))
    rules = draw(st.sampled_from(["BIO", ALL_FREE]))
    most = {1: 5, 3: 5, 5: 4}[n_tags]
    lengths = torch.tensor(draw(st.lists(st.integers(1, most), min_size=1, max_size=3)))
    seed = draw(st.integers(0, 2**20))
    crf, starts, follows = make_crf(n_tags, seed, rules)
    generator = torch.Generator().manual_seed(seed + 1)
    shape = (len(lengths), int(lengths.max()), n_tags)
    emissions = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    gold = torch.zeros(shape[:2], dtype=torch.int64)
    for row, length in enumerate(lengths.tolist()):
        paths = list(legal_paths(starts, follows, length))
        gold[row, :length] = torch.tensor(paths[draw(st.integers(0, len(paths) - 1))])
    missing = torch.rand(shape, generator=generator) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    possible = (gold[..., None] == torch.arange(n_tags)) | missing
    return crf, starts, follows, emissions, possible, lengths


def rows_with_a_choice(possible, lengths):
    inside = torch.arange(possible.shape[1]) < lengths[:, None]
    return ((possible.sum(dim=2) > 1) & inside).any(dim=1).nonzero()[:, 0]


@settings(max_examples=60)
@given(problems(), st.booleans())
def test_log_likelihood_and_gradient_equal_those_over_all_paths(problem, told):
    crf, starts, follows, emissions, possible, lengths = problem
    emissions.requires_grad_()
    parameters = [emissions, *crf.parameters()]
    unsure = rows_with_a_choice(possible, lengths) if told else None
    found = crf.log_likelihood(emissions, possible, lengths, unsure)
    expected = torch.stack(
        [
            brute_log_likelihood(crf, starts, follows, emissions[row, :n], possible[row, :n])
            for row, n in enumerate(lengths.tolist())
        ]
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
    weights = torch.arange(1.0, len(lengths) + 1, dtype=torch.float64)
    options = {"allow_unused": True, "materialize_grads": True}  # one step has no transitions
    gradients = torch.autograd.grad((found * weights).sum(), parameters, **options)
    brute = torch.autograd.grad((expected * weights).sum(), parameters, **options)
    for one, other in zip(gradients, brute):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@settings(max_examples=60)
@given(problems(), st.booleans())
def test_marginals_are_the_probabilities_over_all_legal_paths(problem, restrict):
    crf, starts, follows, emissions, possible, lengths = problem
    found = crf.marginals(emissions, lengths, possible if restrict else None)
    assert found.dtype == torch.float64
    expected = torch.zeros_like(emissions)
    for row, n in enumerate(lengths.tolist()):
        paths = paths_of(problem, row, restrict)
        scores = torch.stack([path_score(crf, emissions[row], path) for path in paths])
        for path, probability in zip(paths, scores.softmax(0).tolist()):
            for i, tag in enumerate(path):
                expected[row, i, tag] += probability
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_marginals_of_half_precision_are_single():
    crf, *_ = make_crf(5, dtype=torch.float32)
    emissions = torch.randn((3, 7, 5), generator=torch.Generator().manual_seed(0)).half()
    lengths = torch.tensor([7, 1, 4])
    found = crf.marginals(emissions, lengths)
    assert found.dtype == torch.float32
    assert torch.equal(found, crf.marginals(emissions.float(), lengths))
    total = (torch.arange(7) < lengths[:, None]).float()
    torch.testing.assert_close(found.sum(dim=2), total)


@pytest.mark.parametrize("choices", [[], [0, 2], [0, 1, 2]])
def test_gradients_equal_finite_differences(choices, monkeypatch):
    # A few transitions at a time, a few steps at a time, and shifts on the way.
    monkeypatch.setattr(crf_module, "CHUNK", 200)
    monkeypatch.setattr(crf_module, "UNBOUND", 3)
    monkeypatch.setattr(crf_module, "SHIFT", 2)
    crf, starts, follows = make_crf(5, seed=8)
    lengths = torch.tensor([8, 3, 6])
    torch.manual_seed(0)
    possible = crf.best_path(torch.randn((3, 8, 5)).double(), lengths)[..., None] == torch.arange(5)
    possible[choices, 1] = True
    emissions = torch.randn((3, 8, 5), dtype=torch.float64, requires_grad=True)
    unsure = torch.tensor(choices, dtype=torch.int64)
    names = [name for name, _ in crf.named_parameters()]

    def likelihood(emissions, *weights):
        # Called like a module, as functional_call wants it.
        crf.forward = lambda *arguments: crf.log_likelihood(*arguments)
        arguments = (emissions, possible, lengths, unsure)
        return torch.func.functional_call(crf, dict(zip(names, weights)), arguments)

    weights = [weight.detach().requires_grad_() for weight in crf.parameters()]
    assert torch.autograd.gradcheck(likelihood, (emissions, *weights))


@settings(max_examples=60)
@given(problems())
def test_forbidden_transitions_have_no_gradient_and_no_influence(problem):
    crf, starts, follows, emissions, possible, lengths = problem
    before = crf.log_likelihood(emissions, possible, lengths)
    before.sum().backward()
    assert (crf.start_transitions.grad[~starts] == 0).all()
    if lengths.max() > 1:
        assert (crf.transitions.grad[~follows] == 0).all()
        assert all(parameter.grad.isfinite().all() for parameter in crf.parameters())
    path = crf.best_path(emissions, lengths)
    with torch.no_grad():
        crf.start_transitions[~starts] = 1e6
        crf.transitions[~follows] = 1e6
    assert torch.equal(crf.log_likelihood(emissions, possible, lengths), before)
    assert torch.equal(crf.best_path(emissions, lengths), path)


@settings(max_examples=60)
@given(problems(), st.booleans())
def test_best_path_is_the_best_of_all_legal_paths(problem, restrict):
    crf, starts, follows, emissions, possible, lengths = problem
    found = crf.best_path(emissions, lengths, possible if restrict else None)
    assert found.dtype == torch.int64
    for row, n in enumerate(lengths.tolist()):
        paths = paths_of(problem, row, restrict)
        best = max(paths, key=lambda path: path_score(crf, emissions[row], path).item())
        assert tuple(found[row, :n].tolist()) == best
        assert not found[row, n:].any()


@settings(max_examples=30)
@given(problems())
def test_what_stands_behind_a_rows_end_does_not_count(problem):
    crf, _, _, emissions, possible, lengths = problem
    behind = (torch.arange(emissions.shape[1]) >= lengths[:, None])[..., None]
    noisy = emissions.masked_fill(behind, 50.0).requires_grad_()
    found = crf.log_likelihood(noisy, possible & ~behind, lengths)
    torch.testing.assert_close(
        found, crf.log_likelihood(emissions, possible, lengths), rtol=0, atol=1e-9
    )
    found.sum().backward()
    assert not noisy.grad[behind.expand_as(noisy)].any()
    assert torch.equal(crf.best_path(noisy, lengths), crf.best_path(emissions, lengths))


@pytest.mark.parametrize("n_tags", [3, 5, 9])
def test_no_decoded_path_uses_a_forbidden_transition(n_tags):
    crf, starts, follows = make_crf(n_tags, dtype=torch.float32)
    generator = torch.Generator().manual_seed(1)
    emissions = torch.randn((50, 30, n_tags), generator=generator)
    emissions[..., 2::2] += 5.0  # inside tags tempt
    paths = crf.best_path(emissions, torch.full((50,), 30))
    assert starts[paths[:, 0]].all()
    assert follows[paths[:, :-1], paths[:, 1:]].all()
    assert (paths % 2 == 0).sum() > paths.numel() / 2


def test_probabilities_of_all_legal_paths_sum_to_one_and_illegal_ones_have_none():
    crf, starts, follows = make_crf(5)
    torch.manual_seed(0)
    emissions = torch.randn((1, 4, 5), dtype=torch.float64)
    paths = torch.tensor(list(product(range(5), repeat=4)))
    possible = paths[..., None] == torch.arange(5)
    likelihood = crf.log_likelihood(
        emissions.expand(len(paths), -1, -1), possible, torch.full((len(paths),), 4)
    ).exp()
    right = set(legal_paths(starts, follows, 4))
    legal = torch.tensor([tuple(path) in right for path in paths.tolist()])
    assert likelihood[legal].sum().item() == pytest.approx(1.0)
    assert (likelihood[legal] > 0).all()
    assert (likelihood[~legal] == 0).all()


@pytest.fixture
def stock():
    """pytorch-crf's own CRF beside ours with the same weights, all transitions legal."""
    ours, _, _ = make_crf(5, seed=3, rules=ALL_FREE)
    theirs = torchcrf.CRF(5, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("told", [None, torch.zeros(0, dtype=torch.int64)], ids=["", "told"])
def test_equals_pytorch_crf_when_all_transitions_are_legal(stock, told):
    ours, theirs = stock
    torch.manual_seed(0)
    lengths = torch.tensor([9, 1, 6, 9, 3])
    mask = torch.arange(9) < lengths[:, None]
    emissions = torch.randn((5, 9, 5), dtype=torch.float64, requires_grad=True)
    tags = torch.randint(5, (5, 9))
    possible = tags[..., None] == torch.arange(5)
    one = ours.log_likelihood(emissions, possible, lengths, told)
    other = theirs(emissions, tags, mask, reduction="none")
    torch.testing.assert_close(one, other)
    gradients = torch.autograd.grad(one.sum(), [emissions, *ours.parameters()])
    expected = torch.autograd.grad(other.sum(), [emissions, *theirs.parameters()])
    for gradient, right in zip(gradients, expected):
        torch.testing.assert_close(gradient, right)
    paths = ours.best_path(emissions, lengths)
    assert [row[:n].tolist() for row, n in zip(paths, lengths)] == theirs.decode(
        emissions.detach(), mask
    )


def test_state_dict_is_that_of_pytorch_crf():
    ours, theirs = make_crf(7)[0].float(), torchcrf.CRF(7, batch_first=True)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert torch.equal(ours.transitions, theirs.transitions)


@pytest.mark.parametrize("n_tags", [1, 3, 13])
def test_untrained_and_without_emissions_all_is_outside(n_tags):
    starts, follows = (torch.from_numpy(rule) for rule in legal_transitions(n_tags))
    crf = CRF(n_tags, starts, follows)
    assert not any(parameter.any() for parameter in crf.parameters())
    paths = crf.best_path(torch.zeros((3, 40, n_tags)), torch.tensor([40, 17, 1]))
    assert paths.shape == (3, 40)
    assert not paths.any()


def numpy_viterbi(crf, starts, follows, emissions):
    """Best path in float64, lower tags first among equals."""
    weights = {k: v.double().numpy() for k, v in crf.state_dict().items()}
    transitions = numpy.where(follows, weights["transitions"], -numpy.inf)
    score = numpy.where(starts, weights["start_transitions"], -numpy.inf) + emissions[0]
    pointers = []
    for row in emissions[1:]:
        total = score[:, None] + transitions
        pointers.append(total.argmax(axis=0))
        score = total.max(axis=0) + row
    path = [int((score + weights["end_transitions"]).argmax())]
    for pointer in reversed(pointers):
        path.append(int(pointer[path[-1]]))
    return path[::-1]


def test_a_very_long_doc_decodes_in_fp32_as_in_float64():
    crf, starts, follows = make_crf(5, seed=4, dtype=torch.float32)
    # On a grid, so that fp32 has no rounding of its own, unless scores grow with the length.
    generator = torch.Generator().manual_seed(5)
    emissions = (torch.randn((1, 20_000, 5), generator=generator) * 1024 + 2048).round() / 512
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_((parameter * 512).round() / 512)
    path = crf.best_path(emissions, torch.tensor([20_000]))[0].tolist()
    expected = numpy_viterbi(crf, starts.numpy(), follows.numpy(), emissions[0].double().numpy())
    assert path == expected
    assert len(set(path)) == 5


def test_the_likelihood_of_a_long_doc_stays_finite_and_close_in_fp32():
    crf, *_ = make_crf(5, seed=6)
    emissions = 3 * torch.randn((1, 2000, 5), generator=torch.Generator().manual_seed(7)).double()
    lengths = torch.tensor([2000])
    possible = crf.best_path(emissions, lengths)[..., None] == torch.arange(5)
    expected = crf.log_likelihood(emissions, possible, lengths)
    emissions = emissions.float().requires_grad_()
    found = crf.float().log_likelihood(emissions, possible, lengths)
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=0.0)
    found.backward()
    assert emissions.grad.isfinite().all()


@pytest.mark.parametrize("told", [False, True])
def test_gradients_of_a_long_doc_in_fp32_are_those_in_float64(told):
    crf, *_ = make_crf(5, seed=6)
    emissions = 3 * torch.randn((1, 5000, 5), generator=torch.Generator().manual_seed(7)).double()
    lengths = torch.tensor([5000])
    possible = crf.best_path(emissions, lengths)[..., None] == torch.arange(5)
    possible[0, ::50] |= not told
    unsure = torch.tensor([] if told else [0], dtype=torch.int64)
    found = []
    for dtype in (torch.float64, torch.float32):
        crf = crf.to(dtype)
        emissions = emissions.detach().to(dtype).requires_grad_()
        total = crf.log_likelihood(emissions, possible, lengths, unsure).sum()
        tensors = [emissions, *crf.parameters()]
        found.append([g.double() for g in torch.autograd.grad(total, tensors)])
        found[-1].append(crf.marginals(emissions, lengths).double())
    for expected, single in zip(*found):
        torch.testing.assert_close(single, expected, rtol=1e-4, atol=1e-4)


def test_a_way_that_was_unlikely_for_long_is_not_forgotten():
    # I-X is reached once, and is behind by more than floats can hold as a probability, until its
    # last emission makes it the only way that counts.
    crf, starts, follows = make_crf(3, dtype=torch.float32)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.zero_()
    emissions = torch.zeros((1, 40, 3))
    emissions[0, 1:, 1] = -1e4
    emissions[0, 1:-1, 2] = -10.0
    emissions[0, -1, 2] = 1000.0
    found = crf.marginals(emissions, torch.tensor([40]))[0]
    assert found[0, 1] == pytest.approx(1.0)
    assert (found[1:, 2] > 0.999).all()
    assert set(crf.best_path(emissions, torch.tensor([40]))[0, 1:].tolist()) == {2}


def test_all_works_on_the_meta_device():
    crf, *_ = make_crf(5)
    crf = crf.to("meta")
    emissions = torch.zeros((3, 40, 5), device="meta", requires_grad=True)
    lengths = torch.zeros(3, dtype=torch.int64, device="meta")
    possible = torch.ones((3, 40, 5), dtype=torch.bool, device="meta")
    for unsure in (None, torch.zeros(2, dtype=torch.int64, device="meta")):
        crf.log_likelihood(emissions, possible, lengths, unsure).sum().backward()
    assert emissions.grad.is_meta and crf.transitions.grad.is_meta
    assert crf.marginals(emissions, lengths, possible).shape == (3, 40, 5)
    assert crf.best_path(emissions, lengths, possible).shape == (3, 40)
