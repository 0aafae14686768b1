"""A linear-chain CRF on pytorch-crf's parameters, with forbidden transitions and missing gold."""

from typing import Optional

import torch
import torchcrf
from torch import Tensor

# Finite: a column of -inf gives NaN gradients in the normaliser. Below any emission that occurs.
IMPOSSIBLE = -1e30
CHUNK = 4_000_000  # scores held at a time while paths are traced back


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

    def _scores(self, impossible: float) -> tuple[Tensor, Tensor]:
        start = self.start_transitions.masked_fill(self.forbidden_start, impossible)
        return start, self.transitions.masked_fill(self.forbidden, impossible)

    def log_likelihood(self, emissions: Tensor, possible: Tensor, lengths: Tensor) -> Tensor:
        """Log-likelihood of each row's gold, (batch,), summed over all paths that agree with it.

        emissions: float (batch, steps, num_tags). possible: bool, the same shape: the tags that
        the gold leaves open, one where it is known, all where it is missing. lengths: (batch,).
        """
        emissions = _at_least_single(emissions)
        # Gold and normaliser in one scan: rows of the first half see only the possible tags.
        both = torch.cat([emissions.masked_fill(~possible, IMPOSSIBLE), emissions])
        total = self._log_partition(both, torch.cat([lengths, lengths]))
        gold, normaliser = total.chunk(2)
        return gold - normaliser

    def _log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        start, transitions = self._scores(IMPOSSIBLE)
        steps = emissions.unbind(1)
        inside = (torch.arange(len(steps), device=lengths.device)[:, None] < lengths)[..., None]
        alpha = start + steps[0]
        for i in range(1, len(steps)):
            after = torch.logsumexp(alpha.unsqueeze(2) + transitions, dim=1) + steps[i]
            alpha = torch.where(inside[i], after, alpha)
        return torch.logsumexp(alpha + self.end_transitions, dim=1)

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
        start, transitions = self._scores(-torch.inf)
        batch, steps, n_tags = emissions.shape
        inside = (torch.arange(steps, device=lengths.device)[:, None] < lengths)[..., None]
        scores = emissions.new_empty((steps, batch, n_tags))
        scores[0] = start + emissions[:, 0]
        for i in range(1, steps):
            best = (scores[i - 1].unsqueeze(2) + transitions).amax(dim=1)
            # Only differences count; kept small, they stay exact on a very long doc.
            best = best - best.amax(dim=1, keepdim=True) + emissions[:, i]
            scores[i] = torch.where(inside[i], best, scores[i - 1])
        path = inside.new_zeros((steps, batch, 1), dtype=torch.int64)
        path[-1] = (scores[-1] + self.end_transitions).argmax(dim=1, keepdim=True)
        chunk = max(1, CHUNK // (batch * n_tags * n_tags))
        stay = torch.arange(n_tags, device=emissions.device)
        for last in range(steps - 1, 0, -chunk):
            first = max(1, last - chunk + 1)
            # Where each step came from is left out of the scan: in one go it costs little.
            before = scores[first - 1 : last].unsqueeze(3) + transitions
            pointers = torch.where(inside[first : last + 1], before.argmax(dim=2), stay)
            for i in range(last, first - 1, -1):
                path[i - 1] = pointers[i - first].gather(1, path[i])
        return (path * inside)[..., 0].T


def _at_least_single(emissions: Tensor) -> Tensor:
    """Sums over a whole doc overflow half precision."""
    return emissions.to(torch.promote_types(emissions.dtype, torch.float32))
