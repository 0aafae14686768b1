"""A packed LSTM for training on a CPU. Torch's own takes a slice of all tokens at each step, whose
gradient is as large as they are, so that its time grows with the square of length."""

from itertools import pairwise
from typing import Any, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def unroll(lstm: nn.LSTM, data: Tensor, sizes: Sequence[int]) -> Tensor:
    """What a bidirectional LSTM makes of a packed sequence: (tokens, 2 * hidden).

    data: (tokens, width), the first steps of all docs, longest doc first, then the second ones,
    and so on, as in a `PackedSequence`. sizes: docs that have a first step, a second one, ...
    """
    for ahead, back in zip(lstm.all_weights[::2], lstm.all_weights[1::2]):
        both = (
            _Direction.apply(data, *ahead, sizes, False),
            _Direction.apply(data, *back, sizes, True),
        )
        data = torch.cat(both, dim=1)
    return data


class _Direction(torch.autograd.Function):
    """Hidden states (tokens, hidden) of one direction, and back-propagation through time. The gates
    lie as in torch: input, forget, cell, output."""

    @staticmethod
    def forward(
        ctx: Any,
        data: Tensor,
        across: Tensor,
        along: Tensor,
        bias: Tensor,
        other_bias: Tensor,
        sizes: Sequence[int],
        backwards: bool,
    ) -> Tensor:
        width = along.shape[1]
        gates = torch.addmm(bias + other_bias, data, across.t())
        cells, squashed, states = gates.new_empty((3, len(data), width)).unbind()
        into, keep, fresh, out = (part.split(sizes) for part in gates.chunk(4, dim=1))
        into_keep = gates[:, : 2 * width].split(sizes)
        all_gates, cell, tanh, state = (
            part.split(sizes) for part in (gates, cells, squashed, states)
        )
        steps = list(_steps(sizes, backwards))
        for now, last, shared in steps:
            if shared:
                all_gates[now][:shared].addmm_(state[last][:shared], along.t())
            into_keep[now].sigmoid_()
            fresh[now].tanh_()
            out[now].sigmoid_()
            torch.mul(into[now], fresh[now], out=cell[now])
            if shared:
                cell[now][:shared].addcmul_(keep[now][:shared], cell[last][:shared])
            torch.tanh(cell[now], out=tanh[now])
            torch.mul(tanh[now], out[now], out=state[now])
        ctx.save_for_backward(data, across, along, gates, cells, squashed, states)
        ctx.sizes, ctx.steps = sizes, steps
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        data, across, along, gates, cells, squashed, states = ctx.saved_tensors
        sizes, steps = ctx.sizes, ctx.steps
        into, keep, fresh, out = gates.chunk(4, dim=1)
        forgotten = _before(cells, sizes, steps) * keep * (1 - keep)
        # What needs no other step's gradient is computed for all steps at once: the slopes of the
        # cell to its gates, of the state to its output gate and to its cell.
        slopes = torch.stack(
            [fresh * into * (1 - into), forgotten, into * (1 - fresh * fresh)], dim=1
        ).split(sizes)
        out_slope = (squashed * out * (1 - out)).split(sizes)
        cell_slope = (out * (1 - squashed * squashed)).split(sizes)
        d_gates = torch.empty_like(gates)
        d_cell = torch.zeros_like(cells).split(sizes)
        d_state = gradient.clone(memory_format=torch.contiguous_format).split(sizes)
        parts = d_gates.view(len(data), 4, -1)
        d_all, d_inner, d_out = (part.split(sizes) for part in (d_gates, parts[:, :3], parts[:, 3]))
        keep = keep.split(sizes)
        for now, last, shared in reversed(steps):
            d_cell[now].addcmul_(d_state[now], cell_slope[now])
            torch.mul(d_state[now], out_slope[now], out=d_out[now])
            torch.mul(d_cell[now][:, None], slopes[now], out=d_inner[now])
            if shared:
                d_state[last][:shared].addmm_(d_all[now][:shared], along)
                d_cell[last][:shared].addcmul_(d_cell[now][:shared], keep[now][:shared])
        d_along = d_gates.t() @ _before(states, sizes, steps)
        d_bias = d_gates.sum(0)
        return d_gates @ across, d_gates.t() @ data, d_along, d_bias, d_bias, None, None


def _steps(sizes: Sequence[int], backwards: bool) -> Iterator[tuple[int, int, int]]:
    """Each step, the one before it in this direction, and how many docs go on from there."""
    order = range(len(sizes))[:: -1 if backwards else 1]
    yield order[0], order[0], 0
    for last, now in pairwise(order):
        yield now, last, min(sizes[now], sizes[last])


def _before(rows: Tensor, sizes: Sequence[int], steps: Sequence[tuple[int, int, int]]) -> Tensor:
    """Each step's rows as they were a step before; zeros where a doc starts."""
    found = torch.zeros_like(rows)
    parts, moved = rows.split(sizes), found.split(sizes)
    for now, last, shared in steps:
        moved[now][:shared] = parts[last][:shared]
    return found
