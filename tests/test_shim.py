"""The seam between thinc and torch: steps against torch's own optimisers, averages, copies."""

import copy
import pickle

import pytest
import spacy
import torch
from spacy.training import Example
from thinc.api import SGD, Adam, RAdam, fix_random_seed
from thinc.backends import NumpyOps
from torch import nn
from torch.nn.utils import clip_grad_norm_

from spacy_balc.shim import TorchShim, copy_module

from .conftest import HASH_EMBED, TOY, found, head, learn, toy_examples

SCALES = {"": 2.0, "crf.": 0.5}


class Net(nn.Module):
    """One parameter of each kind that the step tells apart."""

    def __init__(self, width: int = 4):
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        self.linear = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.lstm = nn.LSTM(width, width)
        self.crf = nn.ParameterDict({"transitions": torch.randn(width, width)})


def build(spec):
    torch.manual_seed(spec["seed"])
    return Net()


def make_shim(seed=0):
    shim = TorchShim(build, SCALES)
    shim.set({"seed": seed})
    return shim


def scale(name):
    return 0.5 if name.startswith("crf.") else 2.0


def decays(name, parameter):
    return name in ("linear.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0")


def set_gradients(module, step, size=1.0):
    generator = torch.Generator().manual_seed(100 + step)
    for p in module.parameters():
        if p.requires_grad:
            p.grad = size * torch.randn(p.shape, generator=generator)


def reference(net, optimizer_class, rate, decay, clip, steps, size=1.0, **options):
    """The same steps by torch's own optimiser, a group a parameter."""
    groups = [
        {
            "params": [p],
            "lr": rate * scale(name),
            "weight_decay": decay if decays(name, p) else 0.0,
        }
        for name, p in net.named_parameters()
        if p.requires_grad
    ]
    optimizer = optimizer_class(groups, foreach=False, **options)
    for step in range(steps):
        set_gradients(net, step, size)
        clip_grad_norm_([p for p in net.parameters() if p.requires_grad], clip)
        optimizer.step()
    return net


def assert_close(first, second, moved_from):
    for (name, a), b, start in zip(
        first.named_parameters(), second.parameters(), moved_from.parameters()
    ):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6), name
        assert torch.equal(a, start) != a.requires_grad, name


@pytest.mark.parametrize("clip", [1.0, 1e6])
def test_adam_is_adamw_on_globally_clipped_gradients(clip):
    shim = make_shim()
    optimizer = Adam(0.01, L2=0.1, beta1=0.8, beta2=0.95, eps=1e-7, grad_clip=clip)
    for step in range(6):
        set_gradients(shim.module, step)
        shim.finish_update(optimizer)
    expected = reference(
        build({"seed": 0}), torch.optim.AdamW, 0.01, 0.1, clip, 6, betas=(0.8, 0.95), eps=1e-7
    )
    assert_close(shim.module, expected, build({"seed": 0}))


def test_l2_that_is_no_weight_decay_is_adam_with_l2():
    shim = make_shim()
    optimizer = Adam(0.01, L2=0.1, L2_is_weight_decay=False, grad_clip=1.0)
    for step in range(4):
        set_gradients(shim.module, step)
        shim.finish_update(optimizer)
    expected = reference(
        build({"seed": 0}), torch.optim.Adam, 0.01, 0.1, 1.0, 4, eps=optimizer.eps
    )
    assert_close(shim.module, expected, build({"seed": 0}))


@pytest.mark.parametrize("is_decay", [True, False])
def test_sgd(is_decay):
    shim = make_shim()
    optimizer = SGD(0.05, L2=0.1, grad_clip=1.0, L2_is_weight_decay=is_decay)
    for step in range(4):
        set_gradients(shim.module, step)
        shim.finish_update(optimizer)
    expected = reference(build({"seed": 0}), torch.optim.SGD, 0.05, 0.1, 1.0, 4)
    assert_close(shim.module, expected, build({"seed": 0}))


def test_radam_is_refused():
    shim = make_shim()
    set_gradients(shim.module, 0)
    with pytest.raises(ValueError, match="RAdam"):
        shim.finish_update(RAdam(0.01))


def test_no_clipping_where_the_optimizer_asks_for_none():
    shim, start = make_shim(), build({"seed": 0})
    set_gradients(shim.module, 0, size=100.0)
    gradient = shim.module.linear.weight.grad.clone()
    shim.finish_update(SGD(0.01, L2=0.0, grad_clip=0.0))
    expected = start.linear.weight - 0.02 * gradient
    assert torch.allclose(shim.module.linear.weight, expected, atol=1e-5)


def test_a_schedule_is_followed():
    shim, start = make_shim(), build({"seed": 0})
    optimizer = SGD(iter([0.1, 0.0]), L2=0.0, grad_clip=0.0)
    set_gradients(shim.module, 0)
    shim.finish_update(optimizer)
    moved = shim.module.linear.weight.clone()
    assert not torch.equal(moved, start.linear.weight)
    optimizer.step_schedules()
    set_gradients(shim.module, 1)
    shim.finish_update(optimizer)
    assert torch.equal(shim.module.linear.weight, moved)


def test_gradients_are_used_once():
    shim = make_shim()
    optimizer = SGD(0.1)
    set_gradients(shim.module, 0)
    shim.finish_update(optimizer)
    assert all(p.grad is None for p in shim.module.parameters())
    after = copy.deepcopy(shim.module.state_dict())
    shim.finish_update(optimizer)
    assert all(torch.equal(v, after[k]) for k, v in shim.module.state_dict().items())


def test_another_shape_starts_with_fresh_moments():
    shim = make_shim()
    optimizer = Adam(0.01, L2=0.0)
    for step in range(50):
        set_gradients(shim.module, step)
        shim.finish_update(optimizer)
    shim.module.linear = nn.Linear(4, 6)
    start = shim.module.linear.weight.detach().clone()
    set_gradients(shim.module, 0)
    shim.finish_update(optimizer)
    # the first step of Adam is the learning rate, whatever the gradient
    step = (shim.module.linear.weight - start).abs()
    assert torch.allclose(step, torch.full((6, 4), 0.02), rtol=1e-3)


def test_parameters_without_gradient_stay():
    shim, start = make_shim(), build({"seed": 0})
    shim.module.linear.weight.grad = torch.ones(4, 4)
    shim.finish_update(Adam(0.1, L2=0.1))
    assert torch.equal(shim.module.lstm.weight_ih_l0, start.lstm.weight_ih_l0)
    assert not torch.equal(shim.module.linear.weight, start.linear.weight)


# Averages


def test_averages_follow_thincs_schedule():
    shim, ops = make_shim(), NumpyOps()
    optimizer = SGD(0.1, use_averages=True)
    key = (shim.id, "linear.weight")
    expected = None
    for step in range(1, 6):
        set_gradients(shim.module, step)
        shim.finish_update(optimizer)
        weights = shim.module.linear.weight.detach().numpy()
        if expected is None:
            expected = weights.copy()
        else:
            ops.update_averages(expected.reshape(-1), weights.reshape(-1), step)
        assert torch.allclose(optimizer.averages[key], torch.from_numpy(expected), atol=1e-6)
    assert not any("base" in name for _, name in optimizer.averages)
    # averages are no view of the weights
    assert not torch.allclose(optimizer.averages[key], shim.module.linear.weight)


def test_averages_reach_predictions_and_go_again(lora_tok2vec):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(lora_tok2vec()))
    examples = toy_examples(nlp)
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    ner = nlp.get_pipe("balc_ner")
    docs = [eg.predicted for eg in examples]

    def predicted():
        return [row.copy() for row in ner.model.predict(docs)]

    def same(first, second):
        return all((a == b).all() for a, b in zip(first, second))

    before = predicted()
    with nlp.use_params(optimizer.averages):
        averaged = predicted()
        saved = ner.model.to_bytes()
    assert not same(averaged, before)
    assert same(predicted(), before)
    # both the head's and the adapters' averages count
    for part in (ner.model.shims[0], ner.model.layers[0].shims[0]):
        some = {key: value for key, value in optimizer.averages.items() if key[0] == part.id}
        assert len(some) == len(part.trainable())
        with nlp.use_params(some):
            assert not same(predicted(), before)
            assert not same(predicted(), averaged)
    assert same(predicted(), before)
    # what was saved within is the averages
    other = nlp.get_pipe("balc_ner").model.copy().from_bytes(saved)
    assert same(other.predict(docs), averaged)


def test_averages_go_again_after_an_error(toy_nlp):
    nlp, examples = toy_nlp
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    shim = nlp.get_pipe("balc_ner").model.shims[0]
    before = copy.deepcopy(shim.module.state_dict())
    for use_params in (nlp.use_params, nlp.get_pipe("balc_ner").model.use_params, shim.use_params):
        with pytest.raises(RuntimeError, match="in between"), use_params(optimizer.averages):
            assert not torch.equal(shim.module.output.weight, before["output.weight"])
            raise RuntimeError("in between")
        assert all(torch.equal(v, before[k]) for k, v in shim.module.state_dict().items())


def test_training_goes_on_after_averages(toy_nlp):
    nlp, examples = toy_nlp
    optimizer = Adam(0.01, use_averages=True)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
        with nlp.use_params(optimizer.averages):
            nlp(TOY[0][0])
    assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]


def test_new_labels_and_averages_of_another_size(toy_nlp):
    nlp, examples = toy_nlp
    optimizer = Adam(0.01, use_averages=True)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    nlp.get_pipe("balc_ner").add_label("AAA")
    with nlp.use_params(optimizer.averages):  # those of the old output layer do not fit
        nlp(TOY[0][0])
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    with nlp.use_params(optimizer.averages):
        assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]


# More than one shim


def test_one_optimizer_serves_many_shims():
    together = [make_shim(0), make_shim(1)]
    apart = [make_shim(0), make_shim(1)]
    shared, own = Adam(0.01), [Adam(0.01), Adam(0.01)]
    for step in range(4):
        for i in (0, 1):
            set_gradients(together[i].module, step * 2 + i)
            together[i].finish_update(shared)
            set_gradients(apart[i].module, step * 2 + i)
            apart[i].finish_update(own[i])
    for one, other in zip(together, apart):
        for a, b in zip(one.module.parameters(), other.module.parameters()):
            assert torch.equal(a, b)


def test_copies_have_their_own_id_and_share_what_is_frozen():
    shim = make_shim()
    copied = shim.copy()
    again = copied.copy()
    assert len({shim.id, copied.id, again.id}) == 3
    ours, theirs = dict(shim.module.named_parameters()), dict(copied.module.named_parameters())
    for name, p in ours.items():
        assert (p.data_ptr() == theirs[name].data_ptr()) == name.startswith("base."), name
        assert torch.equal(p, theirs[name])
        assert p.requires_grad == theirs[name].requires_grad
    start = copy.deepcopy(shim.module.state_dict())
    optimizer = Adam(0.1)
    set_gradients(copied.module, 0)
    copied.finish_update(optimizer)
    assert all(torch.equal(v, start[k]) for k, v in shim.module.state_dict().items())
    assert {number for number, _ in optimizer.mom1} == {copied.id}


def test_a_copy_before_there_are_weights():
    shim = TorchShim(build, SCALES)
    copied = shim.copy()
    assert copied.module is None
    assert copied.trainable() == {}
    copied.finish_update(Adam(0.1))
    assert copied.to_bytes() == b""
    copied.set({"seed": 0})
    assert shim.module is None


def test_copying_a_module_for_another_use_shares_all():
    net = make_shim().module
    for a, b in zip(net.parameters(), copy_module(net, sharing=True).parameters()):
        assert a is b


def test_bytes_and_pickle():
    shim = make_shim(3)
    for other in (
        TorchShim(build, SCALES).from_bytes(shim.to_bytes()),
        pickle.loads(pickle.dumps(shim)),
    ):
        assert other.spec == {"seed": 3}
        for (name, a), b in zip(shim.module.named_parameters(), other.module.parameters()):
            assert torch.equal(a, b)
            assert a.requires_grad == b.requires_grad, name
    assert TorchShim(build, SCALES).from_bytes(b"").module is None


def test_a_step_between_forward_and_backward(lora_tok2vec):
    # Language.update steps a tok2vec before its listeners have backpropagated.
    tok2vec = spacy.registry.resolve({"model": lora_tok2vec()})["model"]
    nlp = spacy.blank("zh")
    docs = [nlp.make_doc(text) for text, _ in TOY]
    tok2vec.initialize(X=docs)
    optimizer = Adam(0.1)
    adapters = tok2vec.shims[0].trainable()
    for _ in range(2):
        vectors, backprop = tok2vec.begin_update(docs)
        tok2vec.finish_update(optimizer)
        backprop([row * 0 + 1 for row in vectors])
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in adapters.values())
        assert all(torch.isfinite(p.grad).all() for p in adapters.values())


def test_two_components_with_one_optimizer_learn():
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", name="a", config=head(HASH_EMBED))
    nlp.add_pipe("balc_ner", name="b", config=head(HASH_EMBED))
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": e}) for text, e in TOY]
    losses = learn(nlp, examples)
    assert losses["a"] < 0.2
    assert losses["b"] < 0.2
