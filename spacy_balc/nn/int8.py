"""Linear layers in int8, for prediction on CPUs that have products of bytes (VNNI), by oneDNN."""

from typing import Optional

import torch
from torch import Tensor, nn

from .linear import PLAIN

# Numbers quantised at a time: temporaries of a whole layer's size were slow.
BLOCK = 2**18


def has_int8(device: torch.device) -> bool:
    """Whether int8 products are exact and fast here: without VNNI they saturate in 16 bits."""
    return (
        device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and getattr(torch.cpu, "_is_vnni_supported", lambda: False)()
    )


class Int8Linear(nn.Module):
    """A linear layer whose matrix is int8, a scale an output; inputs are quantised to uint8 with
    one scale a batch. With `then` GELU its outputs pass through that in the same kernel."""

    def __init__(self, weight: Tensor, bias: Optional[Tensor]):
        super().__init__()
        weight = weight.float()
        # Plain attributes: the layout is opaque, and no state dict can hold it.
        self.scales = (weight.abs().amax(1) / 127).clamp_(min=1e-12)
        codes = (weight / self.scales[:, None]).round_().to(torch.int8)
        self.matrix = torch.ops.onednn.qlinear_prepack(codes, None)
        self.zeros = torch.zeros(0, dtype=torch.int32)
        self.bias = None if bias is None else bias.float()
        self.then = PLAIN

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs (…, out) of inputs (…, in), in their type."""
        codes, scale, zero = quantise(inputs.flatten(0, -2))
        outputs = torch.ops.onednn.qlinear_pointwise(
            codes,
            scale,
            zero,
            self.matrix,
            self.scales,
            self.zeros,
            self.bias,
            1.0,
            0,
            inputs.dtype,
            *self.then,
        )
        return outputs.unflatten(0, inputs.shape[:-1])


def quantise(inputs: Tensor) -> tuple[Tensor, float, int]:
    """uint8 codes of inputs (rows, width), their scale and the code of 0. For signed codes oneDNN
    has no fast kernel here."""
    low, high = (limit.item() for limit in inputs.aminmax())
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255 or 1.0
    zero = round(-low / scale)
    codes = torch.empty(inputs.shape, dtype=torch.uint8)
    offset = torch.tensor(zero + 0.5)  # the half makes of the cut to an integer a rounding
    rows = max(1, BLOCK // inputs.shape[1])
    for part, into in zip(inputs.split(rows), codes.split(rows)):
        into.copy_(torch.add(offset, part.float(), alpha=1 / scale).clamp_(0.0, 255.0))
    return codes, scale, zero
