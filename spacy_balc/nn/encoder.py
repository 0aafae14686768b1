"""A pretrained Hugging Face encoder with LoRA: load, build, merge, and token vectors of any text.

Importing this takes seconds (transformers, peft): only the encoder's architecture does it.
"""

from itertools import groupby
from typing import Any, Optional, Sequence

import numpy
import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import AutoModel

from ..batching import batches, block_size, pack
from ..pieces import Pieces
from ..windows import windows
from .dropout import Dropout
from .family import fill_buffers, first_position, plain_config, without_pooler
from .int8 import Int8Linear
from .linear import fuse_gelu, make_linear
from .memory import in_pieces
from .packed import encode, fuse, is_albert
from .sources import load_pretrained

# Rows a batch. Small ones stay in a CPU's cache; a GPU wants large ones.
BUDGET = {"cpu": 2048, "cuda": 16384}
# Rows that windows share: products of few shapes, which is also what a CPU's libraries keep code
# for, and attention costs by the size.
SIZES = (96, 192, 384, 512)
STEP = 16


class Encoder(nn.Module):
    """Texts of tokens in, one vector a token out."""

    def __init__(self, transformer: nn.Module, pieces: Pieces):
        super().__init__()
        self.transformer = transformer
        self.pieces = pieces

    @property
    def width(self) -> int:
        return self.transformer.config.hidden_size

    def vectors(
        self,
        docs: Sequence[Sequence[str]],
        window: int,
        stride: int,
        pooling: str,
        recompute: bool = False,
        perturbation: Optional[Tensor] = None,
    ) -> Tensor:
        """Vectors (n_tokens, width), fp32, of the tokens of all docs in a row.

        docs: token texts. window, stride: in word pieces. pooling: "mean" of a token's pieces or
        "first" of them. recompute, perturbation: see `packed.encode`.
        """
        device = self.transformer.get_input_embeddings().weight.device
        texts = [text for doc in docs for text in doc]
        if not texts:
            return torch.zeros((0, self.width), device=device)
        ids, counts = self.pieces.tokens(texts, window)
        ends = numpy.cumsum([0] + [len(doc) for doc in docs])
        bounds = numpy.concatenate([[0], numpy.cumsum(counts)])[ends]
        cuts = [
            tuple(start + offset for offset in cut)
            for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist())
            for cut in windows(end - start, window, stride)
            if end > start
        ]
        lengths = [end - start + 2 for start, end, _, _ in cuts]
        budget = BUDGET.get(device.type, BUDGET["cuda"])
        pieces = torch.empty((len(ids), self.width), device=device)
        # Blocks of one size go together: they are padded to the fullest.
        packed = pack(lengths, SIZES)
        for _, alike in groupby(packed, lambda block: block_size(lengths[block[0]], SIZES)):
            blocks = [[cuts[i] for i in block] for block in alike]
            for group in batches([_padded(block) for block in blocks], budget):
                run = in_pieces(
                    group,
                    lambda part: self._batch(
                        ids, [blocks[i] for i in part], device, recompute, perturbation
                    ),
                )
                for _, (hidden, kept) in run:
                    places = torch.from_numpy(kept).to(device)
                    pieces = pieces.index_copy_(0, places, hidden.float())
        return _pool(pieces, counts, pooling)

    def _batch(
        self,
        ids: numpy.ndarray,
        blocks,
        device: torch.device,
        recompute: bool,
        perturbation: Optional[Tensor],
    ) -> tuple[Tensor, numpy.ndarray]:
        """Vectors of the kept pieces of the windows in some blocks, and which pieces these are."""
        size = max(map(_padded, blocks))
        # Pieces, positions, and the windows' numbers; padding is a window without a number.
        padded = numpy.zeros((3, len(blocks), size), dtype="int64")
        padded[0] = self.pieces.padding
        rows, kept = [], []
        for number, block in enumerate(blocks):
            first = 0
            for window, (start, end, keep_start, keep_end) in enumerate(block, 1):
                last = first + end - start + 1
                padded[0, number, first] = self.pieces.start
                padded[0, number, first + 1 : last] = ids[start:end]
                padded[0, number, last] = self.pieces.end
                padded[1, number, first : last + 1] = numpy.arange(end - start + 2)
                padded[2, number, first : last + 1] = window
                keep = numpy.arange(keep_start, keep_end)
                kept.append(keep)
                rows.append(keep + (number * size + first + 1 - start))
                first = last + 1
        alone = (padded[2] == 1).all()
        word_pieces, positions, windows_ = torch.from_numpy(padded).to(device)
        hidden = encode(
            self.transformer,
            word_pieces,
            positions + first_position(self.transformer.config),
            None if alone else windows_,
            recompute,
            perturbation,
        )
        chosen = torch.from_numpy(numpy.concatenate(rows)).to(device)
        return hidden.flatten(0, 1).index_select(0, chosen), numpy.concatenate(kept)


def _padded(block: Sequence[tuple[int, int, int, int]]) -> int:
    """Rows of a block of windows."""
    return -(-sum(end - start + 2 for start, end, _, _ in block) // STEP) * STEP


def _pool(pieces: Tensor, counts: numpy.ndarray, pooling: str) -> Tensor:
    if (counts == 1).all():
        return pieces
    lengths = torch.from_numpy(counts).to(pieces.device)
    if pooling == "first":
        return pieces.index_select(0, lengths.cumsum(0) - lengths)
    return torch.segment_reduce(pieces, "mean", lengths=lengths, axis=0)


def load(name: str, lora: Optional[dict[str, Any]]) -> tuple[dict[str, Any], Encoder]:
    """Spec and module of a pretrained encoder, by hub name or local folder, with fresh adapters.

    Raises ValueError if there is none or it is of a kind that is not supported.
    """
    transformer, pieces = load_pretrained(name)
    config = transformer.config.to_dict()
    for key in ("_name_or_path", "torch_dtype", "dtype", "transformers_version"):
        config.pop(key, None)
    spec = {"transformer": config, "pieces": pieces, "lora": lora}
    return spec, _adapt(Encoder(transformer, Pieces(pieces)), lora)


def build(spec: dict[str, Any]) -> Encoder:
    """An encoder of the spec's shape, weights still to be loaded; it may be made on "meta".

    Raises ValueError for a kind of model that is not of the family."""
    config = plain_config(spec["transformer"])
    transformer = without_pooler(AutoModel.from_config(config, trust_remote_code=False))
    fill_buffers(transformer)
    return _adapt(Encoder(transformer, Pieces(spec["pieces"])), spec["lora"])


def _adapt(encoder: Encoder, lora: Optional[dict[str, Any]]) -> Encoder:
    """Freeze the base and put adapters in; lora None trains every weight, rank 0 none."""
    if lora is None:
        return encoder
    encoder.requires_grad_(False)
    if lora["rank"]:
        config = LoraConfig(
            r=lora["rank"],
            lora_alpha=lora["alpha"],
            target_modules=list(lora["targets"]),
            lora_dropout=lora["dropout"],
        )
        try:
            inject_adapter_in_model(config, encoder.transformer)
        except ValueError as error:
            linear = {
                name.rpartition(".")[2]
                for name, module in encoder.transformer.named_modules()
                if isinstance(module, nn.Linear)
            }
            raise ValueError(
                f"lora.targets = {lora['targets']} is not in this encoder, whose linear layers "
                f"are called {', '.join(sorted(linear))}."
            ) from error
    return encoder


def _merged(linear: nn.Module) -> tuple[Tensor, Optional[Tensor]]:
    """Weight and bias of a linear layer, its adapter's product added to the former."""
    if isinstance(linear, LoraLayer):
        base = linear.base_layer
        return base.weight + linear.get_delta_weight("default"), base.bias
    return linear.weight, linear.bias


def for_training(encoder: Encoder, copied: Encoder, dtype: torch.dtype) -> Encoder:
    """Give a copy that shares the encoder's parameters its frozen matrices in another type, and
    dropout that costs less."""
    for name, module in list(copied.named_modules()):
        if isinstance(module, nn.Dropout):
            copied.set_submodule(name, Dropout(module.p).train(module.training))
        elif isinstance(module, nn.Linear) and not module.weight.requires_grad:
            original = encoder.get_submodule(name)
            frozen = make_linear(original.weight, original.bias, dtype, training=True)
            copied.set_submodule(name, frozen)
    return copied


@torch.no_grad()
def merge(copied: Encoder, dtype: torch.dtype, int8: bool = False) -> Encoder:
    """Turn a copy into one for prediction: adapters merged into matrices of its own, query, key
    and value in one product, all but the embeddings in `dtype`, no gradients, no dropout. What it
    was copied from stays as it is.

    int8: whether to multiply by int8 matrices, but where the inputs, after GELU, have a few rows
    far larger than the others: one scale would cost these layers their accuracy.
    """

    def make(weight: Tensor, bias: Optional[Tensor]) -> nn.Module:
        wide = weight.shape[1] > weight.shape[0]
        return Int8Linear(weight, bias) if int8 and not wide else make_linear(weight, bias, dtype)

    for module in list(copied.modules()):
        if hasattr(module, "query"):
            parts = [_merged(part) for part in (module.query, module.key, module.value)]
            weights, biases = zip(*parts)
            bias = None if biases[0] is None else torch.cat(biases)
            fuse(module, make(torch.cat(weights), bias))
    for name, module in list(copied.named_modules()):
        inner = ".base_layer" in name or ".lora_" in name
        if isinstance(module, (nn.Linear, LoraLayer)) and not inner:
            copied.set_submodule(name, make(*_merged(module)))
    for layer in copied.modules():
        if hasattr(layer, "intermediate_act_fn"):
            fuse_gelu(layer, "dense", "intermediate_act_fn")
        elif is_albert(layer):
            fuse_gelu(layer, "ffn", "activation")
    for name, module in copied.named_modules():
        if isinstance(module, nn.LayerNorm) and ".embeddings." not in name:
            module.weight = nn.Parameter(module.weight.to(dtype), requires_grad=False)
            module.bias = nn.Parameter(module.bias.to(dtype), requires_grad=False)
    return copied.eval()
