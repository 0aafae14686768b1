"""Self-attention within a band: linear in the length of the sequence."""

from typing import Sequence

import numpy
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

BLOCKS = 16  # blocks of queries at a time: the scores of a whole long doc would not fit


class BandedSelfAttention(nn.Module):
    """Scaled dot-product self-attention (Vaswani et al., 2017, section 3.2) with residual and
    layer norm, in which each step sees at most `window` steps to either side."""

    def __init__(self, width: int, heads: int, window: int):
        super().__init__()
        if width % heads:
            raise ValueError(
                f"attention_heads = {heads} does not divide {width}, the width of what attention "
                "gets (2 * hidden_width, or the tok2vec's width if lstm_layers = 0)."
            )
        self.heads = heads
        self.window = window
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, inputs: Tensor, lengths: Sequence[int]) -> Tensor:
        """inputs: (steps, width), those of all sequences in a row. lengths: steps of each, none of
        them 0. Returns the shape of inputs."""
        longest = max(lengths)
        size = longest if longest <= self.window + 1 else self.window
        blocks = -(-longest // size)
        counts = numpy.asarray(lengths)[:, None]
        starts = numpy.cumsum(counts, axis=0) - counts
        step = numpy.arange(blocks * size)
        # Padding repeats what is there, and is masked.
        rows = numpy.minimum(starts + step, len(inputs) - 1)
        inside = step < counts
        rows, places = (
            torch.from_numpy(indices).to(inputs.device)
            for indices in (rows.ravel(), numpy.flatnonzero(inside))
        )
        padded = self.project(inputs).index_select(0, rows)
        # (batch, heads, blocks, size, width of a head)
        query, key, value = (
            padded.view(len(lengths), blocks, size, 3, self.heads, -1)
            .permute(3, 0, 4, 1, 2, 5)
            .unbind(0)
        )
        mixed = self._mix(query, key, value, torch.tensor(lengths, device=inputs.device))
        joined = mixed.permute(0, 2, 3, 1, 4).reshape(len(rows), -1).index_select(0, places)
        return self.norm(inputs + self.merge(joined))

    def _mix(self, query: Tensor, key: Tensor, value: Tensor, lengths: Tensor) -> Tensor:
        """Values by weight. Each block of queries sees its own keys and a block to either side."""
        blocks, size = query.shape[2:4]
        reach = size if blocks > 1 else 0
        key, value = (
            pad(part.flatten(2, 3), (0, 0, reach, reach)).unfold(2, size + 2 * reach, size)
            for part in (key, value)
        )
        step = torch.arange(size, device=query.device)[:, None]
        other = torch.arange(size + 2 * reach, device=query.device) - reach
        # A step always sees itself: a row of nothing but masked scores would be NaN.
        near, itself = (other - step).abs() <= self.window, other == step
        query = query * query.shape[-1] ** -0.5
        mixed = []
        starts = size * torch.arange(blocks, device=query.device).view(-1, 1, 1)
        # Not slices: the gradient of each would be as large as the whole.
        parts = (part.split(BLOCKS, dim=2) for part in (query, key, value))
        for some_query, some_key, some_value, start in zip(*parts, starts.split(BLOCKS)):
            inside = (start + other >= 0) & (start + other < lengths.view(-1, 1, 1, 1))
            seen = ((near & inside) | itself).unsqueeze(1)
            mask = torch.zeros(seen.shape, dtype=query.dtype, device=query.device)
            scores = some_query @ some_key
            weights = (scores + mask.masked_fill_(~seen, -torch.inf)).softmax(-1)
            mixed.append(weights @ some_value.transpose(-1, -2))
        return torch.cat(mixed, dim=2)
