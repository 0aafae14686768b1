"""The head: token vectors, norm, packed BiLSTM, banded self-attention, linear, emissions; CRF."""

from typing import Any, Optional, Sequence

import numpy
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import PackedSequence, pad_sequence

from ..batching import batches
from ..tags import MISSING, legal_transitions
from .attention import BandedSelfAttention
from .crf import CRF
from .dropout import dropout
from .memory import in_pieces
from .recurrence import unroll
from .stretches import attend, recur

# Tokens a batch: bound the memory. An LSTM wants many docs at each step.
BUDGET = 16384
PADDED = 8192  # the same with padding, for what needs it
TRANSITIONS = 10_000_000  # transitions scored a batch: bounds that of a CRF of many tags
ALIKE = 0.8  # of the longest: attention over padding costs its square
LONG = 512  # tokens: a longer doc goes alone in prediction, and never through oneDNN's LSTM whole
FRESH_NORM = 0.05  # of a tag's row in a fresh output layer
FRESH_HANDICAP = 1.0  # what a fresh label must make up before it wins against those it copies


class Tagger(nn.Module):
    """Emissions and their CRF. Works on docs in a row: vectors of all tokens, and docs' lengths.

    It has no dropout modules and no mode: the rate is an argument, so that prediction in one
    thread is not touched by training in another.
    """

    def __init__(
        self,
        input_width: int,
        n_tags: int,
        hidden_width: int,
        lstm_layers: int,
        attention_heads: int,
        attention_window: int,
        crf: bool,
    ):
        super().__init__()
        width = input_width
        # Encoders differ in scale: vectors of small variance would teach an LSTM nothing for long.
        self.norm = nn.LayerNorm(width)
        self.lstm: Optional[nn.LSTM] = None
        if lstm_layers:
            self.lstm = nn.LSTM(
                width, hidden_width, lstm_layers, bidirectional=True, batch_first=True
            )
            width = 2 * hidden_width
        self.attention: Optional[BandedSelfAttention] = None
        if attention_heads:
            self.attention = BandedSelfAttention(width, attention_heads, attention_window)
        # What the output layer reads is normed: it would learn slowly from an LSTM's small numbers.
        bare = lstm_layers and not attention_heads
        self.lstm_norm = nn.LayerNorm(width) if bare else nn.Identity()
        self.output = nn.Linear(width, n_tags)
        self._start()
        self.use_crf = crf
        self.crf = self._make_crf(n_tags)

    @torch.no_grad()
    def _start(self) -> None:
        """Rows of one norm for the tags, and for O as much as any of these can reach: what they
        multiply has the norm of what a layer norm gives, the root of the width.

        So a fresh head answers O, and still passes a gradient down: with rows of zero the layers
        below get next to none at first, by which Adam would move them as far as by any other.
        """
        weight, bias = self.output.weight, self.output.bias
        nn.init.normal_(weight)
        weight.mul_(FRESH_NORM / weight.norm(dim=1, keepdim=True))
        nn.init.zeros_(weight[:1])
        nn.init.zeros_(bias)
        bias[:1] = FRESH_NORM * weight.shape[1] ** 0.5

    def _make_crf(self, n_tags: int) -> CRF:
        starts, follows = legal_transitions(n_tags)
        crf = CRF(n_tags, torch.from_numpy(starts), torch.from_numpy(follows))
        return crf.requires_grad_(self.use_crf)

    def forward(self, vectors: Tensor, lengths: Sequence[int], rate: float = 0.0) -> Tensor:
        """Emissions (n_tokens, n_tags) of all docs' tokens in a row.

        vectors: (n_tokens, input_width). lengths: tokens a doc, zeros allowed. rate: dropout.
        """
        docs = [i for i, length in enumerate(lengths) if length]
        if not docs:
            return vectors.new_zeros((0, self.output.out_features))
        rows = vectors.split(list(lengths))
        found: list[Optional[Tensor]] = [None] * len(rows)
        most = BUDGET if vectors.is_cuda else LONG
        alone = set() if torch.is_grad_enabled() else {i for i in docs if lengths[i] > most}
        for i in alone:
            found[i] = self._long(rows[i])
        together = [i for i in docs if i not in alone]
        for group in batches([lengths[i] for i in together], BUDGET, padded=False):
            members = [together[k] for k in group]
            run = in_pieces(members, lambda part: self._emissions([rows[i] for i in part], rate))
            for part, emissions in run:
                for i, part_emissions in zip(part, emissions.split([lengths[i] for i in part])):
                    found[i] = part_emissions
        return torch.cat([found[i] for i in docs])

    def _emissions(self, rows: list[Tensor], rate: float) -> Tensor:
        """(tokens, n_tags) of docs in a row, sorted by length, longest first."""
        lengths = [len(row) for row in rows]
        hidden = dropout(self.norm(torch.cat(rows)), rate)
        if self.lstm is not None:
            hidden = dropout(self.lstm_norm(self._lstm(hidden, lengths)), rate)
        if self.attention is not None:
            mixed = []
            for group in batches(lengths, PADDED, alike=ALIKE):
                size = sum(lengths[i] for i in group)
                part, hidden = hidden[:size], hidden[size:]
                mixed.append(self.attention(part, [lengths[i] for i in group]))
            hidden = dropout(torch.cat(mixed), rate)
        return self.output(hidden)

    def _long(self, row: Tensor) -> Tensor:
        """(tokens, n_tags) of one doc of any length, in prediction."""
        hidden = self.norm(row) if self.lstm is None else recur(self.lstm, self.norm, row)
        if self.attention is None:
            return self.output(self.lstm_norm(hidden))
        return torch.cat([self.output(part) for part in attend(self.attention, hidden)])

    def _lstm(self, hidden: Tensor, lengths: list[int]) -> Tensor:
        """What the LSTM makes of rows of docs sorted by length, in the same order."""
        count = len(hidden)
        unrolled = torch.is_grad_enabled() and hidden.device.type == "cpu"
        if lengths[0] > LONG and lengths[-1] == lengths[0] and not unrolled:
            # oneDNN takes rows of one length, and keeps tables for each length that it meets, the
            # larger the longer; a row more is not to its taste.
            hidden, lengths = torch.cat([hidden, hidden[:1]]), [*lengths, 1]
        # First steps of all docs, longest first, then the second ones, and so on.
        step = numpy.concatenate([numpy.arange(length) for length in lengths])
        order = torch.from_numpy(numpy.argsort(step, kind="stable")).to(hidden.device)
        sizes = torch.from_numpy(numpy.bincount(step))
        packed = hidden.index_select(0, order)
        if unrolled:
            packed = unroll(self.lstm, packed, sizes.tolist())
        else:
            packed = self.lstm(PackedSequence(packed, sizes))[0].data
        return packed.index_select(0, order.argsort()[:count])

    def loss(self, emissions: Tensor, tags: Sequence[Tensor]) -> Tensor:
        """Negative log-likelihood of the gold, a mean over its tokens, ().

        emissions: (n_tokens, n_tags), tokens of all sequences in a row. tags: int64 (length,) a
        sequence, MISSING where the gold is unknown.
        """
        known = [int((row != MISSING).sum()) for row in tags]
        if not any(known):
            return emissions.sum() * 0.0
        flat = torch.cat(list(tags)).to(emissions.device)
        if not self.use_crf:
            return cross_entropy(emissions, flat, ignore_index=MISSING)
        possible = (flat[:, None] == MISSING) | (
            flat[:, None] == torch.arange(emissions.shape[1], device=emissions.device)
        )
        total = emissions.new_zeros(())
        for group, scores, open_tags, steps in self._padded(emissions, tags, possible):
            # Asked of the tags where they are, so that no device is waited for.
            unsure = [k for k, i in enumerate(group) if known[i] < len(tags[i])]
            unsure = torch.tensor(unsure, dtype=torch.int64, device=emissions.device)
            total = total - self.crf.log_likelihood(scores, open_tags, steps, unsure).sum()
        return total / sum(known)

    def decode(
        self, emissions: Tensor, lengths: Sequence[int], allowed: Optional[Tensor] = None
    ) -> Tensor:
        """Best legal tags, int64 (n_tokens,), of sequences in a row.

        emissions, allowed: (n_tokens, n_tags). lengths: tokens a sequence, none of them 0.
        """
        if not len(emissions):
            return emissions.new_zeros(0, dtype=torch.int64)
        if allowed is None:
            allowed = torch.ones_like(emissions, dtype=torch.bool)
        rows = emissions.split(list(lengths))
        found: list[Optional[Tensor]] = [None] * len(rows)
        for group, scores, permitted, steps in self._padded(emissions, rows, allowed):
            path = self.crf.best_path(scores, steps, permitted)
            for k, i in enumerate(group):
                found[i] = path[k, : lengths[i]]
        return torch.cat(found)

    def _padded(self, emissions: Tensor, rows: Sequence[Tensor], masks: Tensor):
        """Groups of similar length: their numbers, emissions and masks padded, and lengths."""
        lengths = [len(row) for row in rows]
        parts, mask_parts = emissions.split(lengths), masks.split(lengths)
        budget = min(PADDED, max(1, TRANSITIONS // emissions.shape[1] ** 2))
        for group in batches(lengths, budget):
            scores = pad_sequence([parts[i] for i in group], batch_first=True)
            mask = pad_sequence([mask_parts[i] for i in group], batch_first=True)
            steps = torch.tensor([lengths[i] for i in group], device=emissions.device)
            yield group, scores, mask, steps

    @torch.no_grad()
    def relabel(self, matrix: Tensor, fresh: Tensor) -> None:
        """Take on another tag set; see `tags.expansion` for matrix and fresh."""
        matrix, fresh = matrix.to(self.output.weight.device), fresh.to(self.output.weight.device)
        output = nn.Linear(self.output.in_features, len(matrix)).to(matrix.device)
        output.weight.copy_(matrix @ self.output.weight)
        output.bias.copy_(matrix @ self.output.bias - FRESH_HANDICAP * fresh)
        crf = self._make_crf(len(matrix)).to(matrix.device)
        crf.start_transitions.copy_(matrix @ self.crf.start_transitions)
        crf.end_transitions.copy_(matrix @ self.crf.end_transitions)
        crf.transitions.copy_(matrix @ self.crf.transitions @ matrix.T)
        # Of a label's own B-I and I-I only the legal pairs count; the others were 0 in the mean.
        own = fresh & (torch.arange(len(matrix), device=matrix.device) % 2 == 0)
        crf.transitions[:, own] *= max(1, (matrix.shape[1] - 1) // 2)
        crf.transitions.masked_fill_(crf.forbidden, 0.0)
        # Gradients that wait for the optimizer stay with the tags that they are of.
        known = matrix * ~fresh[:, None]
        for name, parameter in self.crf.named_parameters():
            if parameter.grad is not None:
                moved = known @ parameter.grad
                getattr(crf, name).grad = moved @ known.T if name == "transitions" else moved
        for name, parameter in self.output.named_parameters():
            if parameter.grad is not None:
                getattr(output, name).grad = known @ parameter.grad
        self.output, self.crf = output, crf


def build(spec: dict[str, Any]) -> Tagger:
    """A Tagger from its arguments."""
    return Tagger(**spec)
