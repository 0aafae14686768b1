"""Linear layers whose weights do not change, laid out for the hardware beforehand."""

from typing import Optional

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers.activations import GELUActivation

GELU = ("gelu", [], "none")
PLAIN = ("none", [], "")


def make_linear(
    weight: Tensor, bias: Optional[Tensor], dtype: torch.dtype, training: bool = False
) -> nn.Module:
    """A layer of these frozen weights, (out, in) and (out,), that computes in `dtype`; through one
    for `training` gradients pass."""
    if _can_pack(weight, dtype):
        return FrozenLinear(weight, bias) if training else PackedLinear(weight, bias)
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    linear.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
    return linear


def _can_pack(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether oneDNN can multiply by this matrix in a layout of its own."""
    return (
        weight.device.type == "cpu"
        and dtype is torch.bfloat16
        and torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


class PackedLinear(nn.Module):
    """A linear layer in bf16 in oneDNN's own layout, which spares it to lay the matrix out anew at
    each call. With `then` GELU (exact, Hendrycks and Gimpel, 2016) its outputs pass through that in
    the same kernel."""

    def __init__(self, weight: Tensor, bias: Optional[Tensor]):
        super().__init__()
        # Plain attributes: the layout is opaque, and no state dict can hold it.
        self.matrix = torch.ops.mkldnn._reorder_linear_weight(weight.to(torch.bfloat16))
        self.bias = None if bias is None else bias.to(torch.bfloat16)
        self.then = PLAIN

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(inputs, self.matrix, self.bias, *self.then)


class FrozenLinear(PackedLinear):
    """The same for training: gradients pass through to the inputs, the weights have none."""

    def __init__(self, weight: Tensor, bias: Optional[Tensor]):
        super().__init__(weight, bias)
        transposed = weight.T.contiguous().to(torch.bfloat16)
        self.transposed = torch.ops.mkldnn._reorder_linear_weight(transposed)

    def forward(self, inputs: Tensor) -> Tensor:
        inputs = inputs.to(torch.bfloat16)
        return _Product.apply(inputs, self.matrix, self.bias, self.transposed)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, matrix, bias, transposed):
        ctx.transposed = transposed
        return torch.ops.mkldnn._linear_pointwise(inputs, matrix, bias, *PLAIN)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        gradient = gradient.to(torch.bfloat16).contiguous()
        passed = torch.ops.mkldnn._linear_pointwise(gradient, ctx.transposed, None, *PLAIN)
        return passed, None, None, None


def fuse_gelu(owner: nn.Module, linear: str, activation: str) -> None:
    """Let a layer's linear module apply the activation itself, if it is one that it can."""
    module = getattr(owner, linear)
    if hasattr(module, "then") and _is_exact_gelu(getattr(owner, activation)):
        module.then = GELU
        setattr(owner, activation, nn.Identity())


def _is_exact_gelu(activation: nn.Module) -> bool:
    return isinstance(activation, GELUActivation) or (
        isinstance(activation, nn.GELU) and activation.approximate == "none"
    )
