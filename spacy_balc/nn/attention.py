"""Self-attention within a band: linear in the length of the sequence."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

BLOCKS = 64  # blocks of queries at a time: the scores of a whole long doc would not fit


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

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """inputs: (batch, steps, width). lengths: (batch,), valid steps a row. Returns the shape
        of inputs; what stands behind a row's end is undefined but finite."""
        batch, steps, width = inputs.shape
        size = steps if steps <= self.window + 1 else self.window
        reach = 0 if size == steps else size
        blocks = -(-steps // size)
        # (batch, heads, blocks, size, width of a head), zeros behind the last step
        heads = pad(self.project(inputs), (0, 0, 0, blocks * size - steps))
        query, key, value = (
            heads.view(batch, blocks * size, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        )
        query = query.unflatten(2, (blocks, size))
        # Each block of queries sees its own block of keys and one to either side.
        key, value = (
            pad(part, (0, 0, reach, reach)).unfold(2, size + 2 * reach, size).transpose(-1, -2)
            for part in (key, value)
        )
        step = torch.arange(size, device=inputs.device)[:, None]
        other = torch.arange(size + 2 * reach, device=inputs.device) - reach
        near = (other - step).abs() <= self.window
        mixed = []
        for first in range(0, blocks, BLOCKS):
            some = slice(first, first + BLOCKS)
            start = size * torch.arange(blocks, device=inputs.device)[some].view(-1, 1, 1)
            inside = (start + other >= 0) & (start + other < lengths.view(batch, 1, 1, 1))
            # A step always sees itself: a row of nothing but masked scores would be NaN.
            mask = ((near & inside) | (other == step)).unsqueeze(1)
            mixed.append(
                scaled_dot_product_attention(
                    query[:, :, some], key[:, :, some], value[:, :, some], attn_mask=mask
                )
            )
        joined = torch.cat(mixed, dim=2).flatten(2, 3)[:, :, :steps]
        joined = joined.transpose(1, 2).reshape(batch, steps, width)
        return self.norm(inputs + self.merge(joined))
