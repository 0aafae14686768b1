"""The encoder: transformers' own model as the oracle, stitching, LoRA."""

import json
from itertools import accumulate
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import AutoModel, AutoTokenizer

from spacy_balc.architectures import LoraTransformer
from spacy_balc.nn import encoder as encoder_module
from spacy_balc.nn.encoder import Encoder, build, for_training, load
from spacy_balc.nn.sources import load_pretrained
from spacy_balc.pieces import Pieces
from spacy_balc.shim import copy_module
from spacy_balc.windows import windows

from .encoders import TEXTS

KINDS = ["bert", "bert-no-pad", "electra", "roberta", "xlm-roberta", "albert"]
LORA = {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.0}
DOCS = [list(TEXTS[0]), TEXTS[3].split()[:9], ["London"], [], [*TEXTS[2], *TEXTS[1]]]


def with_adapters(encoder, seed=0):
    """Adapters as training could leave them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return encoder.eval()


def vectors(encoder, docs, window=62, stride=32, pooling="mean"):
    """Token vectors of each doc."""
    with torch.no_grad():
        rows = encoder.vectors(docs, window, stride, pooling)
    return rows.split([len(doc) for doc in docs])


def stock_vectors(folder, docs, pooling="mean"):
    """What transformers itself makes of split words, one doc at a time."""
    model = AutoModel.from_pretrained(folder).eval()
    options = {"add_prefix_space": True} if model.config.model_type == "roberta" else {}
    tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    found = []
    for doc in docs:
        if not doc:
            found.append(torch.zeros((0, model.config.hidden_size)))
            continue
        encoded = tokenizer(doc, is_split_into_words=True, return_tensors="pt")
        assert encoded["input_ids"][0, 0] == tokenizer.cls_token_id
        assert encoded["input_ids"][0, -1] == tokenizer.sep_token_id
        with torch.no_grad():
            hidden = model(**encoded)[0][0]
        words = encoded.word_ids(0)
        rows = []
        for number in range(len(doc)):
            pieces = torch.stack([hidden[i] for i, word in enumerate(words) if word == number])
            rows.append(pieces.mean(0) if pooling == "mean" else pieces[0])
        found.append(torch.stack(rows))
    return found


def fitting(encoder, docs, most=62):
    """The docs, cut to the tokens whose pieces fit into one window."""
    counts = [accumulate(len(encoder.pieces.token(token)) for token in doc) for doc in docs]
    return [[t for t, n in zip(doc, row) if n <= most] for doc, row in zip(docs, counts)]


def assert_equal(found, expected, atol=1e-5):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, rtol=0, atol=atol)


# Against transformers


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("kind", KINDS)
def test_fresh_adapters_leave_the_output_of_the_stock_model(encoder, kind, pooling):
    _, ours = load(encoder(kind), LORA)
    assert any("lora_" in name for name, _ in ours.named_parameters())
    docs = fitting(ours, DOCS)
    found = vectors(ours.eval(), docs, pooling=pooling)
    assert_equal(found, stock_vectors(encoder(kind), docs, pooling))
    changed = vectors(with_adapters(ours), docs, pooling=pooling)
    assert (changed[0] - found[0]).abs().max() > 0.05


def test_adapters_add_their_product_times_alpha_by_rank(encoder):
    spec, ours = load(encoder("bert"), {**LORA, "rank": 4, "alpha": 12, "targets": ["value"]})
    found = vectors(with_adapters(ours), DOCS)
    plain = build({**spec, "lora": None})
    weights = {name.replace(".base_layer", ""): p for name, p in ours.state_dict().items()}
    for name in [name for name in weights if "lora_A" in name]:
        down, up = weights[name], weights[name.replace("lora_A", "lora_B")]
        target = name.replace("lora_A.default.weight", "weight")
        weights[target] = weights[target] + 12 / 4 * up @ down
    weights = {name: p for name, p in weights.items() if "lora_" not in name}
    plain.load_state_dict(weights, strict=True)
    assert_equal(found, vectors(plain.eval(), DOCS))


@pytest.mark.parametrize("kind", KINDS)
def test_a_doc_that_fills_all_positions(encoder, kind):
    _, ours = load(encoder(kind), None)
    docs = fitting(ours, [list("在北京工作去了上海大学" * 6)])
    assert sum(len(ours.pieces.token(token)) for token in docs[0]) in (61, 62)
    assert_equal(vectors(ours.eval(), docs, 62, 62), stock_vectors(encoder(kind), docs))


@pytest.mark.parametrize("kind", KINDS)
def test_only_adapters_train_and_rebuilding_gives_the_same_shape(encoder, kind):
    spec, ours = load(encoder(kind), LORA)
    trainable = {name for name, p in ours.named_parameters() if p.requires_grad}
    assert trainable == {name for name, _ in ours.named_parameters() if "lora_" in name}
    layers = {name.rpartition(".lora_")[0].rpartition(".")[2] for name in trainable}
    assert layers == {"query", "key"}
    built = build(json.loads(json.dumps(spec)))
    shapes = {name: p.shape for name, p in ours.state_dict().items()}
    assert {name: p.shape for name, p in built.state_dict().items()} == shapes
    built.load_state_dict(with_adapters(ours).state_dict(), strict=True)
    assert_equal(vectors(built.eval(), DOCS), vectors(ours, DOCS), atol=0)
    assert trainable == {name for name, p in built.named_parameters() if p.requires_grad}


def test_gradients_reach_the_adapters_alone(encoder):
    _, ours = load(encoder("bert"), LORA)
    with_adapters(ours).vectors(DOCS, 48, 32, "mean").pow(3).sum().backward()
    for name, parameter in ours.named_parameters():
        assert (parameter.grad is not None) == ("lora_" in name), name
        assert parameter.grad is None or parameter.grad.any()


def test_rank_0_freezes_and_no_lora_trains_every_weight(encoder):
    _, frozen = load(encoder("bert"), {**LORA, "rank": 0})
    _, free = load(encoder("bert"), None)
    names = [name for name, _ in free.named_parameters()]
    assert [name for name, _ in frozen.named_parameters()] == names
    assert not any("lora_" in name for name in names)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert all(p.requires_grad for p in free.parameters())
    assert_equal(vectors(frozen.eval(), DOCS), stock_vectors(encoder("bert"), DOCS))


def test_no_pooler_is_kept(encoder):
    for kind in KINDS:
        _, ours = load(encoder(kind), None)
        assert not any("pooler" in name for name in ours.state_dict()), kind


# Stitching, batches, pooling


class Stub(nn.Module):
    """A transformer with neither positions nor context: each piece is its row of a table."""

    config = SimpleNamespace(
        hidden_size=3, model_type="bert", pad_token_id=0, max_position_embeddings=512
    )

    def __init__(self, n_pieces):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(n_pieces, 3)

    def get_input_embeddings(self):
        return self.table

    def encode(self, ids, positions, segments):
        return self.table(ids)


class Places(Stub):
    """Each piece is its id, its position, and the number of pieces it sees."""

    def encode(self, ids, positions, segments):
        segments = torch.ones_like(ids) if segments is None else segments
        seen = (segments[:, :, None] == segments[:, None]).sum(2)
        return torch.stack([ids, positions, seen], dim=2).float()


@pytest.fixture
def stubs(monkeypatch):
    """Let stubs be encoded by themselves."""

    def encode(stub, ids, positions, segments, *rest):
        return stub.encode(ids, positions, segments)

    monkeypatch.setattr(encoder_module, "encode", encode)


@pytest.fixture(scope="module")
def pieces(encoder):
    return Pieces(load_pretrained(encoder("bert"))[1])


odd = ["London", "quick", "Zürich", "Jon", " ", "😀", "[SEP]"]
tokens = st.sampled_from([*TEXTS[0], *TEXTS[1], *odd])
docs_of_tokens = st.lists(st.lists(tokens, max_size=40), max_size=4)
window_and_stride = st.integers(1, 20).flatmap(
    lambda window: st.tuples(st.just(window), st.integers(1, window))
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(docs_of_tokens, window_and_stride, st.sampled_from([1, 30, 1000]))
def test_without_context_a_doc_equals_itself_however_windows_fall(
    stubs, pieces, docs, shape, budget
):
    stub = Encoder(Stub(1000), pieces)
    whole = vectors(stub, docs, 10_000, 10_000)
    expected = [
        torch.stack([stub.transformer.table(torch.tensor(pieces.token(t))).mean(0) for t in doc])
        if doc
        else torch.zeros((0, 3))
        for doc in docs
    ]
    assert_equal(whole, expected, atol=1e-6)
    window, stride = max(shape[0], 6), max(shape[1], 6)
    assert max((len(pieces.token(t)) for doc in docs for t in doc), default=0) <= window
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoder_module.BUDGET, "cpu", budget)
        assert_equal(vectors(stub, docs, window, min(window, stride)), expected, atol=1e-6)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(docs_of_tokens, window_and_stride, st.sampled_from([1, 30, 1000]))
def test_each_piece_takes_its_vector_from_the_window_that_keeps_it(
    stubs, pieces, docs, shape, budget
):
    window, stride = shape
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoder_module.BUDGET, "cpu", budget)
        found = vectors(Encoder(Places(1000), pieces), docs, window, stride, "first")
    for doc, rows in zip(docs, found):
        ids = [pieces.token(token)[:window] for token in doc]
        flat = [i for token in ids for i in token]
        firsts = [sum(map(len, ids[:k])) for k in range(len(ids))]
        places = {}
        for start, end, keep_start, keep_end in windows(len(flat), window, stride):
            for piece in range(keep_start, keep_end):
                places[piece] = [flat[piece], piece - start + 1, end - start + 2]
        assert rows.tolist() == [places[first] for first in firsts]


def test_a_token_of_more_pieces_than_fit_is_cut_and_answers(encoder):
    _, ours = load(encoder("bert"), None)
    long = ["北", "London" + "u" * 60, "京"]
    found = vectors(ours.eval(), [long], 20, 10)[0]
    assert found.shape == (3, 32)
    assert found.isfinite().all()
    cut = ["北", "London" + "u" * 30, "京"]
    assert len(ours.pieces.token(cut[1])) > 20
    assert_equal([found], vectors(ours, [cut], 20, 10), atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_doc_has_the_same_vectors_in_any_company(encoder, kind, monkeypatch):
    ours = with_adapters(load(encoder(kind), LORA)[1])
    docs = [*DOCS, list(TEXTS[0] * 9), [" ", "\n", "😀"]]
    alone = [vectors(ours, [doc])[0] for doc in docs]
    assert [len(rows) for rows in alone] == [len(doc) for doc in docs]
    assert_equal(vectors(ours, docs), alone)
    assert_equal(vectors(ours, docs[::-1])[::-1], alone)
    monkeypatch.setitem(encoder_module.BUDGET, "cpu", 60)
    assert_equal(vectors(ours, docs), alone)


@pytest.mark.parametrize("docs", [[], [[]], [[], []]])
def test_docs_without_tokens(encoder, docs):
    _, ours = load(encoder("bert"), LORA)
    rows = ours.vectors(docs, 48, 32, "mean")
    assert rows.shape == (0, 32)


@pytest.mark.parametrize("kind", ["bert", "albert"])
@pytest.mark.parametrize("lora", [LORA, None])
def test_checkpointing_keeps_less_and_gives_the_same_gradients(encoder, kind, lora):
    ours = with_adapters(load(encoder(kind), lora)[1])
    ours = for_training(ours, copy_module(ours, sharing=True), torch.float32).train()
    trained = [p for p in ours.parameters() if p.requires_grad]

    def gradients(recompute):
        torch.manual_seed(0)  # dropout is the same in both
        kept = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: kept.append(tensor.numel()) or tensor, lambda tensor: tensor
        )
        with hooks:
            loss = ours.vectors(DOCS, 48, 32, "mean", recompute).pow(3).sum()
        return torch.autograd.grad(loss, trained), sum(kept)

    found, little = gradients(True)
    expected, much = gradients(False)
    assert_equal(found, expected, atol=1e-4)
    assert little < 0.5 * much


# What is refused


def test_unknown_targets_name_those_that_exist(encoder):
    with pytest.raises(ValueError, match=r"lora.targets = \['q_proj'\].*dense, key, query, value"):
        load(encoder("bert"), {**LORA, "targets": ["q_proj"]})


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_window_larger_than_the_positions_is_refused_with_the_largest(encoder, kind):
    for window in (63, 510):
        with pytest.raises(ValueError, match=f"window = {window} word pieces.*set window = 62"):
            LoraTransformer(encoder(kind), LORA, window=window, stride=32).initialize()
    model = LoraTransformer(encoder(kind), LORA, window=62, stride=32)
    model.initialize()
    assert model.get_dim("nO") == 32
