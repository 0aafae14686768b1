"""One long sequence through the layers of the head, a stretch at a time: prediction in little
memory. What comes out is what the layers make of the whole."""

from typing import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from .attention import BandedSelfAttention

# A CPU's LSTM of one sequence runs 3 times as fast in these as packed; always the same, since
# oneDNN keeps tables for each length that it meets.
STEPS = 512
ATTENDED = 8192


def bounds(length: int, stretch: int) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of a sequence."""
    for start in range(0, length, stretch):
        yield start, min(length, start + stretch)


def recur(lstm: nn.LSTM, norm: nn.LayerNorm, inputs: Tensor) -> Tensor:
    """What a bidirectional LSTM makes of the norm of inputs (steps, width): (steps, 2 * hidden)."""
    length, hidden = len(inputs), lstm.hidden_size
    for layer in range(lstm.num_layers):
        outputs = inputs.new_empty((length, 2 * hidden))
        for backwards in (0, 1):
            weights = lstm.all_weights[2 * layer + backwards]
            state = (inputs.new_zeros((1, 1, hidden)),) * 2
            for start, end in bounds(length, STEPS):
                place = slice(length - end, length - start) if backwards else slice(start, end)
                part = inputs[place] if layer else norm(inputs[place])
                part = part.flip(0) if backwards else part
                part = pad(part, (0, 0, 0, STEPS - len(part)))
                found, *state = torch.lstm(
                    part[None], state, weights, True, 1, 0.0, False, False, True
                )
                found = found[0, : end - start]
                columns = slice(backwards * hidden, (backwards + 1) * hidden)
                outputs[place, columns] = found.flip(0) if backwards else found
        inputs = outputs
    return inputs


def attend(attention: BandedSelfAttention, inputs: Tensor) -> Iterator[Tensor]:
    """What attention makes of inputs (steps, width), in parts: each stretch is taken with what its
    steps see to either side."""
    for start, end in bounds(len(inputs), ATTENDED):
        first = max(0, start - attention.window)
        seen = inputs[first : end + attention.window]
        yield attention(seen, [len(seen)])[start - first : end - first]
