"""LoRA training of the network of balc_ner as a bare PyTorch loop, written for speed: what
bench/training.py holds `nlp.update` against. BERT alone, no windows, no spaCy, no thinc.

The network: a frozen encoder with LoRA on query and key, LayerNorm, BiLSTM, banded self-attention
with residual and norm, linear layer, CRF without illegal transitions; dropout where balc_ner has
it; AdamW and clipping. Matrices of the encoder are multiplied in bf16, the rest is fp32.

Its tricks:

- Word pieces, lengths and gold are tensors before the clock starts.
- Batches are sorted by length and cut into sub-batches of a token budget that suits the caches,
  lengths rounded up to multiples of eight.
- Frozen matrices are cast to bf16 once, and have no gradients. All activations of the encoder are
  bf16: no autocast, no casts between its layers.
- The embeddings are outside of autograd, and so is all of the first layer's input: nothing is
  propagated below the lowest adapter.
- Query, key and value are one product; the adapters' two down-projections are one as well, and
  their scale is multiplied into the small matrix.
- Attention is plain matrix products (`baddbmm` with the mask as its bias): faster on a CPU than
  `scaled_dot_product_attention` for sentences. On a GPU it is `scaled_dot_product_attention`.
- Dropout masks are bytes of one fast generator, eight for a draw: torch's own bernoulli took a
  quarter of the time on a CPU. The rate is rounded to 1/256.
- The head runs once on the whole batch, on packed sequences.
- The CRF's forward scan is a `logsumexp` a step on (docs, tags, tags), its gold score one gather.
- One fused AdamW over the trainable tensors alone, clipped by their norm; gradients set to None.
"""

import math
from collections.abc import Sequence

import numpy
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

BUDGETS = {"cpu": 1024, "cuda": 16384}
STEP = 8
RANDOM = numpy.random.Generator(numpy.random.SFC64(0))


def dropout(x: Tensor, rate: float) -> Tensor:
    """x with a share of its elements zeroed and the others scaled."""
    if not rate or x.is_cuda:
        return functional.dropout(x, rate)
    drawn = RANDOM.integers(0, 2**64, -(-x.numel() // 8), dtype="uint64").view("uint8")
    dropped = round(256 * rate)
    kept = torch.from_numpy(drawn[: x.numel()]).view(x.shape) >= dropped
    return x * kept.to(x.dtype).mul_(256 / (256 - dropped))


class Adapters(nn.Module):
    """LoRA of a layer's query and key: two down-projections in one matrix, two up-projections."""

    def __init__(self, width: int, rank: int, alpha: int):
        super().__init__()
        self.down = nn.Parameter(torch.empty(2 * rank, width))
        self.up = nn.Parameter(torch.zeros(2, width, rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))


class Encoder(nn.Module):
    """A BERT with frozen bf16 matrices and trainable adapters."""

    def __init__(self, bert: nn.Module, rank: int = 8, alpha: int = 16):
        super().__init__()
        config = bert.config
        if config.model_type != "bert" or config.hidden_act != "gelu":
            raise SystemExit("The bare loop is for encoders of BERT's kind with GELU.")
        self.bert = bert.requires_grad_(False).to(torch.bfloat16)
        self.heads, self.rank = config.num_attention_heads, rank
        self.rates = (config.hidden_dropout_prob, config.attention_probs_dropout_prob)
        width = config.hidden_size
        self.adapters = nn.ModuleList(Adapters(width, rank, alpha) for _ in bert.encoder.layer)
        for i, layer in enumerate(bert.encoder.layer):
            parts = [getattr(layer.attention.self, name) for name in ("query", "key", "value")]
            self.register_buffer(f"weight{i}", torch.cat([part.weight for part in parts]))
            self.register_buffer(f"bias{i}", torch.cat([part.bias for part in parts]))

    def forward(self, ids: Tensor, lengths: Tensor, training: bool) -> Tensor:
        """Vectors (docs, steps, width) in bf16 of padded ids (docs, steps)."""
        hidden_rate, probability_rate = self.rates if training else (0.0, 0.0)
        docs, steps = ids.shape
        positions = torch.arange(steps, device=ids.device)
        with torch.no_grad():
            x = self.bert.embeddings(ids, position_ids=positions[None])
            x = dropout(x, hidden_rate)
        mask = torch.where(positions < lengths[:, None], 0.0, -1e4).to(x.dtype)[:, None, None]
        bias = mask.expand(docs, self.heads, steps, steps).reshape(-1, steps, steps)
        for i, (layer, adapters) in enumerate(
            zip(self.bert.encoder.layer, self.adapters, strict=True)
        ):
            query, key, value = self._project(i, adapters, x)
            if ids.is_cuda:
                mixed = functional.scaled_dot_product_attention(
                    *(t.unflatten(0, (docs, self.heads)) for t in (query, key, value)),
                    attn_mask=mask,
                    dropout_p=probability_rate,
                ).flatten(0, 1)
            else:
                scores = torch.baddbmm(
                    bias, query, key.transpose(1, 2), alpha=query.shape[-1] ** -0.5
                )
                mixed = dropout(scores.softmax(-1), probability_rate) @ value
            mixed = mixed.unflatten(0, (docs, self.heads)).transpose(1, 2).flatten(2)
            for part, inner in ((layer.attention.output, mixed), (layer.output, None)):
                if inner is None:
                    dense = layer.intermediate.dense
                    inner = functional.gelu(functional.linear(x, dense.weight, dense.bias))
                outer = functional.linear(inner, part.dense.weight, part.dense.bias)
                x = part.LayerNorm(dropout(outer, hidden_rate) + x)
        return x

    def _project(self, i: int, adapters: Adapters, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value, (docs × heads, steps, width of a head) each."""
        width = x.shape[-1]
        joint = functional.linear(x, getattr(self, f"weight{i}"), getattr(self, f"bias{i}"))
        query, key, value = joint.split(width, dim=-1)
        low = functional.linear(x, adapters.down.to(x.dtype)).split(self.rank, dim=-1)
        up = (adapters.up * adapters.scale).to(x.dtype)
        query = query + functional.linear(low[0], up[0])
        key = key + functional.linear(low[1], up[1])
        parts = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (query, key, value))
        return tuple(part.flatten(0, 1) for part in parts)


class Head(nn.Module):
    """LayerNorm, BiLSTM, self-attention, linear, CRF: loss of padded vectors and tags."""

    def __init__(self, width: int, tags: int, hidden: int = 128, window: int = 256):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.lstm = nn.LSTM(width, hidden, bidirectional=True, batch_first=True)
        self.projection = nn.Linear(2 * hidden, 6 * hidden)
        self.mixture = nn.Linear(2 * hidden, 2 * hidden)
        self.after = nn.LayerNorm(2 * hidden)
        self.output = nn.Linear(2 * hidden, tags)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.window = window
        self.starts = nn.Parameter(torch.zeros(tags))
        self.ends = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        inside = torch.arange(tags) % 2 == 0
        inside[0] = False
        legal = torch.ones(tags, tags, dtype=torch.bool)
        for tag in torch.nonzero(inside)[:, 0].tolist():
            legal[:, tag] = False
            legal[tag - 1 : tag + 1, tag] = True
        self.register_buffer("illegal", torch.where(legal, 0.0, -1e4))
        self.register_buffer("illegal_start", torch.where(inside, -1e4, 0.0))

    def forward(self, x: Tensor, lengths: Tensor, tags: Tensor, rate: float) -> Tensor:
        """Mean negative log-likelihood of x (docs, steps, width), tags (docs, steps), longest
        first."""
        steps = torch.arange(x.shape[1], device=x.device)
        x = dropout(self.norm(x), rate)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        hidden = dropout(pad_packed_sequence(self.lstm(packed)[0], True)[0], rate)
        query, key, value = self.projection(hidden).chunk(3, dim=-1)
        seen = (steps < lengths[:, None])[:, None]
        seen = seen & ((steps[:, None] - steps).abs() <= self.window)
        bias = torch.where(seen, 0.0, -1e4)
        scores = torch.baddbmm(bias, query, key.transpose(1, 2), alpha=query.shape[-1] ** -0.5)
        hidden = self.after(hidden + self.mixture(scores.softmax(-1) @ value))
        return self._crf(self.output(dropout(hidden, rate)), lengths, tags)

    def _crf(self, emissions: Tensor, lengths: Tensor, tags: Tensor) -> Tensor:
        follows, starts = self.transitions + self.illegal, self.starts + self.illegal_start
        steps = torch.arange(tags.shape[1], device=tags.device)
        real = steps < lengths[:, None]
        last = tags.gather(1, lengths[:, None] - 1)[:, 0]
        gold = (emissions.gather(2, tags[..., None])[..., 0] * real).sum()
        gold = gold + (follows[tags[:, :-1], tags[:, 1:]] * real[:, 1:]).sum()
        gold = gold + starts[tags[:, 0]].sum() + self.ends[last].sum()
        alpha = starts + emissions[:, 0]
        for t, row in enumerate(emissions.unbind(1)[1:], start=1):
            stepped = torch.logsumexp(alpha[:, :, None] + follows, dim=1) + row
            alpha = torch.where(real[:, t, None], stepped, alpha)
        return (torch.logsumexp(alpha + self.ends, dim=1).sum() - gold) / lengths.sum()


class Loop:
    """The loop over batches, each a list of (ids of the pieces with the special ones, tags)."""

    def __init__(self, bert: nn.Module, tags: int, device: str, rate: float):
        self.device, self.rate = device, rate
        self.encoder = Encoder(bert).to(device)
        self.head = Head(bert.config.hidden_size, tags).to(device)
        named = [*self.encoder.adapters.named_parameters(), *self.head.named_parameters()]
        self.trainable = [p for _, p in named]
        self.optimizer = torch.optim.AdamW(self.trainable, lr=1e-3, fused=True)

    def prepare(self, batch: Sequence[tuple[list[int], list[int]]]) -> tuple:
        """Tensors of a batch: sub-batches of ids and lengths, lengths of the docs, tags."""
        rows = sorted(batch, key=lambda row: -len(row[0]))
        groups: list[list[list[int]]] = []
        for ids, _ in rows:
            width = -(-len(ids) // STEP) * STEP
            if groups and groups[-1][0] * (len(groups[-1]) + 1) <= BUDGETS[self.device]:
                groups[-1].append(ids)
            else:
                groups.append([width, ids])
        inputs = []
        for width, *members in groups:
            padded = numpy.zeros((len(members), width), dtype="int64")
            for row, ids in zip(padded, members, strict=True):
                row[: len(ids)] = ids
            counts = torch.tensor([len(ids) for ids in members])
            inputs.append((torch.from_numpy(padded).to(self.device), counts.to(self.device)))
        lengths = torch.tensor([len(tags) for _, tags in rows]).to(self.device)
        tags = pad_sequence([torch.tensor(tags) for _, tags in rows], batch_first=True)
        return inputs, lengths, tags.to(self.device)

    def step(self, prepared: tuple) -> Tensor:
        """One update; the loss."""
        inputs, lengths, tags = prepared
        found = [self.encoder(ids, counts, self.rate > 0) for ids, counts in inputs]
        longest = tags.shape[1]
        # Without the special pieces: from the second to as many as the longest doc has.
        parts = [functional.pad(x[:, 1:], (0, 0, 0, longest + 1))[:, :longest] for x in found]
        loss = self.head(torch.cat(parts).float(), lengths, tags, self.rate)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trainable, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()
