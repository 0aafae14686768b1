"""A linear-chain CRF on pytorch-crf's parameters, with forbidden transitions and missing gold."""

import math
from typing import Iterator, Optional

import torch
import torchcrf
from torch import Tensor
from torch.autograd.function import once_differentiable

# Finite: differences of infinities are NaN. Below any emission that occurs.
IMPOSSIBLE = -1e30
CHUNK = 4_000_000  # scores of transitions held at a time while gradients are summed
UNBOUND = 1024  # steps that are unbound at a time: a view takes more memory than its few numbers
BITS = 1 / math.log(2)  # sums are in base 2: exp is many times as slow as exp2 where it underflows
SHIFT = 16  # steps after which scores are brought back to where floats are exact


class CRF(torchcrf.CRF):
    """Conditional random field (Lafferty et al., 2001) whose forbidden transitions no path uses.

    The parameters and the state dict are those of `torchcrf.CRF`; they start at zero, so that an
    untrained model prefers no tag. All methods take rows without gaps: the first `lengths[b]`
    steps of row b count, and each row has at least one.
    """

    def __init__(self, num_tags: int, starts: Tensor, follows: Tensor):
        """starts: bool (num_tags,), tags that may come first. follows: bool (num_tags, num_tags),
        which tag (column) may follow which (row)."""
        super().__init__(num_tags, batch_first=True)
        self.register_buffer("forbidden_start", ~starts, persistent=False)
        self.register_buffer("forbidden", ~follows, persistent=False)

    def reset_parameters(self) -> None:
        for parameter in self.parameters():
            torch.nn.init.zeros_(parameter)

    def _scores(self, impossible: float) -> tuple[Tensor, Tensor, Tensor]:
        start = self.start_transitions.masked_fill(self.forbidden_start, impossible)
        transitions = self.transitions.masked_fill(self.forbidden, impossible)
        return start, transitions, self.end_transitions

    def log_likelihood(
        self,
        emissions: Tensor,
        possible: Tensor,
        lengths: Tensor,
        unsure: Optional[Tensor] = None,
    ) -> Tensor:
        """Log-likelihood of each row's gold, (batch,), summed over all paths that agree with it.

        emissions: float (batch, steps, num_tags). possible: bool, the same shape: the tags that
        the gold leaves open, one where it is known, all where it is missing. lengths: (batch,).
        unsure: int64, numbers of the rows where a step has more than one possible tag, if the
        caller knows them, else any may. The gold of the others is one path and costs no scan.
        """
        emissions = _at_least_single(emissions)
        scores = self._scores(IMPOSSIBLE)
        masked = emissions.masked_fill(~possible, IMPOSSIBLE)
        rows = slice(None) if unsure is None else unsure
        # Gold and normaliser in one scan: the rows that are added see only the possible tags.
        both = torch.cat([emissions, masked[rows]])
        total = _LogPartition.apply(both, *scores, torch.cat([lengths, lengths[rows]]))
        normaliser, gold = total.tensor_split([len(emissions)])
        if unsure is not None:
            known = _path_score(emissions, *scores, possible, lengths)
            gold = known.index_copy(0, unsure, gold)
        return gold - normaliser

    @torch.no_grad()
    def marginals(
        self, emissions: Tensor, lengths: Tensor, allowed: Optional[Tensor] = None
    ) -> Tensor:
        """Probability of each tag at each step over all legal paths (forward-backward), float
        (batch, steps, num_tags), at least in single precision; 0 behind a row's end.

        emissions: float (batch, steps, num_tags). lengths: (batch,). allowed: bool, the same
        shape as emissions: tags a step may take.
        """
        emissions = _at_least_single(emissions)
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, IMPOSSIBLE)
        emissions = _by_step(emissions) * BITS
        scores = [score * BITS for score in self._scores(IMPOSSIBLE)]
        alpha, beta, _ = _forward_backward(emissions, *scores, lengths)
        return _weighted_softmax(alpha + beta, _inside(alpha, lengths)).permute(2, 0, 1)

    @torch.no_grad()
    def best_path(
        self, emissions: Tensor, lengths: Tensor, allowed: Optional[Tensor] = None
    ) -> Tensor:
        """Most likely legal tags (Viterbi, 1967), int64 (batch, steps); 0 behind a row's end.

        emissions: float (batch, steps, num_tags). lengths: (batch,). allowed: bool, the same
        shape as emissions: tags a step may take. Of equal paths the one of lower tags wins.
        """
        emissions = _at_least_single(emissions)
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, -torch.inf)
        # No gradient here, so forbidden is infinite: no emission is large enough to pay for it.
        start, transitions, end = self._scores(-torch.inf)
        emissions = _by_step(emissions)
        steps, n_tags, batch = emissions.shape
        best = torch.empty_like(emissions)  # of all ways to a tag, without its own emission
        scores = torch.empty_like(emissions)
        torch.add(start[:, None], emissions[0], out=scores[0])
        pairs = emissions.new_empty((n_tags, n_tags, batch))
        between = transitions[..., None].expand_as(pairs).contiguous()
        run = _each_step(scores[:-1].unsqueeze(2), emissions[1:], best[1:], scores[1:])
        for i, (before, emission, highest, score) in enumerate(run, 1):
            torch.add(before, between, out=pairs)
            torch.amax(pairs, dim=0, out=highest)
            torch.add(highest, emission, out=score)
            if i % SHIFT == 0:
                score -= score.amax(dim=0)
        # Where each step came from is left out of the scan: in one go it costs little. Going down,
        # this counts the tags below the lowest of the best.
        pointers = torch.zeros_like(emissions, dtype=torch.int64)
        for tag in range(n_tags - 2, -1, -1):
            less = scores[:-1, tag, None] + transitions[tag, :, None] < best[1:]
            pointers[1:].add_(1).mul_(less)
        inside = _inside(emissions, lengths)
        stay = torch.arange(n_tags, device=emissions.device)[:, None]
        pointers = torch.where(inside[:, None], pointers, stay).flip(0)
        path = torch.empty_like(pointers[:, :1])  # from the end
        torch.argmax(_last(scores, lengths) + end[:, None], dim=0, keepdim=True, out=path[0])
        for pointer, tag, before in _each_step(pointers[:-1], path[:-1], path[1:]):
            torch.gather(pointer, 0, tag, out=before)
        return (path[:, 0].flip(0) * inside).T


class _LogPartition(torch.autograd.Function):
    """Log of the summed scores of all paths, (batch,). Its gradient is the marginals: in one go
    instead of back through each step."""

    @staticmethod
    def forward(ctx, emissions, start, transitions, end, lengths):
        emissions = _by_step(emissions) * BITS
        start, transitions, end = start * BITS, transitions * BITS, end * BITS
        alpha, beta, total = _forward_backward(emissions, start, transitions, end, lengths)
        ctx.save_for_backward(emissions, transitions, lengths, alpha, beta)
        return total / BITS

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        emissions, transitions, lengths, alpha, beta = ctx.saved_tensors
        steps, n_tags, batch = alpha.shape
        weight = _inside(alpha, lengths) * gradient
        tags = _weighted_softmax(alpha + beta, weight)
        onward = (beta + emissions).unsqueeze(1)
        between = torch.zeros_like(transitions)
        chunk = max(1, CHUNK // (batch * n_tags * n_tags))
        for first in range(1, steps, chunk):
            now = slice(first, min(first + chunk, steps))
            before = alpha[now.start - 1 : now.stop - 1].unsqueeze(2)
            pairs = (before + transitions[..., None]).add_(onward[now]).flatten(1, 2)
            between += _weighted_softmax(pairs, weight[now]).sum(dim=(0, 2)).view_as(between)
        start, end = tags[0].sum(dim=1), _last(tags, lengths).sum(dim=1)
        return tags.permute(2, 0, 1), start, between, end, None


def _forward_backward(
    emissions: Tensor, start: Tensor, transitions: Tensor, end: Tensor, lengths: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Logs of the summed scores of all ways to a tag, its own emission included, and of all from
    it to the row's end, (steps, n_tags, batch) and each step up to a constant, and of all paths,
    (batch,). Behind a row's end the first two mean nothing. All logs are in base 2.
    """
    steps, n_tags, batch = emissions.shape
    # The way back is the way of a row turned around: both go in one scan.
    turn = lengths - 1 - torch.arange(steps, device=lengths.device)[:, None]
    turn = turn.clamp(min=0)[:, None].expand_as(emissions)
    emissions = torch.stack([emissions, emissions.gather(0, turn)], dim=2)
    pairs = emissions.new_empty((n_tags, n_tags, 2, batch))
    between = torch.stack([transitions, transitions.T], dim=2)[..., None].expand_as(pairs)
    between = between.contiguous()
    reached = torch.empty_like(emissions)  # without the own emission
    scores = torch.empty_like(emissions)
    reached[0] = torch.stack([start, end], dim=1)[..., None]
    torch.add(reached[0], emissions[0], out=scores[0])
    highest = emissions.new_empty((n_tags, 2, batch))
    shifts = []
    run = _each_step(scores[:-1].unsqueeze(2), emissions[1:], reached[1:], scores[1:])
    for i, (before, emission, after, score) in enumerate(run, 1):
        torch.add(before, between, out=pairs)
        torch.amax(pairs, dim=0, out=highest)
        pairs.sub_(highest).exp2_()
        torch.sum(pairs, dim=0, out=after)
        after.log2_().add_(highest)
        torch.add(after, emission, out=score)
        if i % SHIFT == 0:
            shifts.append(score.amax(dim=0))
            score -= shifts[-1]
    alpha = scores[:, :, 0]
    last = _last(alpha, lengths) + end[:, None]
    highest = last.amax(dim=0)
    total = (last - highest).exp2_().sum(dim=0).log2_() + highest
    if shifts:
        inside = _inside(alpha, lengths)[SHIFT::SHIFT]
        total += (torch.stack(shifts)[:, 0] * inside).sum(dim=0)
    return alpha, reached[:, :, 1].gather(0, turn), total


def _path_score(
    emissions: Tensor,
    start: Tensor,
    transitions: Tensor,
    end: Tensor,
    possible: Tensor,
    lengths: Tensor,
) -> Tensor:
    """Of rows with one possible tag a step, (batch,); of others a number without meaning."""
    n_tags = emissions.shape[2]
    tags = (possible * torch.arange(n_tags, device=emissions.device)).amax(dim=2)
    inside = torch.arange(tags.shape[1], device=lengths.device) < lengths[:, None]
    total = (emissions.gather(2, tags[..., None])[..., 0] * inside).sum(dim=1)
    total = total + (transitions[tags[:, :-1], tags[:, 1:]] * inside[:, 1:]).sum(dim=1)
    return total + start[tags[:, 0]] + end[tags.gather(1, lengths[:, None] - 1)[:, 0]]


def _by_step(emissions: Tensor) -> Tensor:
    """(batch, steps, n_tags) as (steps, n_tags, batch): sums over tags then go along the batch."""
    return emissions.permute(1, 2, 0).contiguous()


def _inside(steps: Tensor, lengths: Tensor) -> Tensor:
    """Whether a step is one of the row's, bool (steps, batch)."""
    return torch.arange(len(steps), device=lengths.device)[:, None] < lengths


def _last(scores: Tensor, lengths: Tensor) -> Tensor:
    """(n_tags, batch) at each row's last step."""
    return scores.gather(0, (lengths - 1).expand_as(scores[:1]))[0]


def _each_step(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    for parts in zip(*(tensor.split(UNBOUND) for tensor in tensors)):
        yield from zip(*(part.unbind() for part in parts))


def _weighted_softmax(scores: Tensor, weight: Tensor) -> Tensor:
    """Over the middle dimension, of logs in base 2, in place."""
    scores.sub_(scores.amax(dim=1, keepdim=True)).exp2_()
    return scores.mul_((weight / scores.sum(dim=1)).unsqueeze(1))


def _at_least_single(emissions: Tensor) -> Tensor:
    """Sums over a whole doc overflow half precision."""
    return emissions.to(torch.promote_types(emissions.dtype, torch.float32))
