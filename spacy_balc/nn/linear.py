"""Linear layers for prediction alone, their weights laid out for the hardware beforehand."""

from typing import Optional

import torch
from torch import Tensor, nn
from transformers.activations import GELUActivation

GELU = ("gelu", [], "none")
PLAIN = ("none", [], "")


def make_linear(weight: Tensor, bias: Optional[Tensor], dtype: torch.dtype) -> nn.Module:
    """A layer of these weights, (out, in) and (out,), that computes in `dtype`."""
    if weight.device.type == "cpu" and dtype is torch.bfloat16 and has_packed_bf16():
        return PackedLinear(weight, bias)
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    linear.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
    return linear


def has_packed_bf16() -> bool:
    """Whether oneDNN can multiply by bf16 matrices in a layout of its own here."""
    return (
        torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


class PackedLinear(nn.Module):
    """A linear layer in bf16 in oneDNN's own layout, which spares it to lay the matrix out anew at
    each call, and with `gelu` (exact, Hendrycks and Gimpel, 2016) in the same kernel."""

    def __init__(self, weight: Tensor, bias: Optional[Tensor]):
        super().__init__()
        # Plain attributes: the layout is opaque, and no state dict can hold it.
        self.matrix = torch.ops.mkldnn._reorder_linear_weight(weight.to(torch.bfloat16))
        self.bias = None if bias is None else bias.to(torch.bfloat16)
        self.then = PLAIN

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(inputs, self.matrix, self.bias, *self.then)


def fuse_gelu(owner: nn.Module, linear: str, activation: str) -> None:
    """Let a layer's linear module apply the activation itself, if it is one that it can."""
    module = getattr(owner, linear)
    if isinstance(module, PackedLinear) and _is_exact_gelu(getattr(owner, activation)):
        module.then = GELU
        setattr(owner, activation, nn.Identity())


def _is_exact_gelu(activation: nn.Module) -> bool:
    return isinstance(activation, GELUActivation) or (
        isinstance(activation, nn.GELU) and activation.approximate == "none"
    )
