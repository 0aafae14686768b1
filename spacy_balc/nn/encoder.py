"""A pretrained Hugging Face encoder with LoRA: load, build, merge, and token vectors of any text.

Importing this takes seconds (transformers, peft): only the encoder's architecture does it.
"""

from typing import Any, Optional, Sequence

import numpy
import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import AutoModel

from ..batching import batches
from ..pieces import Pieces
from ..windows import windows
from .family import fill_buffers, first_position, most_pieces, plain_config, without_pooler
from .memory import in_pieces
from .sources import load_pretrained

# Padded word pieces a batch. Small ones stay in a CPU's cache; a GPU wants large ones.
BUDGET = {"cpu": 1024, "cuda": 16384}
# oneDNN keeps code for each shape that it meets: few shapes keep a service's memory flat.
STEP = 8


class Encoder(nn.Module):
    """Texts of tokens in, one vector a token out."""

    def __init__(self, transformer: nn.Module, pieces: Pieces):
        super().__init__()
        self.transformer = transformer
        self.pieces = pieces

    @property
    def width(self) -> int:
        return self.transformer.config.hidden_size

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Vectors (windows, pieces, width) of padded ids (windows, pieces); lengths (windows,)."""
        steps = torch.arange(ids.shape[1], device=ids.device)
        first = first_position(self.transformer.config)
        return self.transformer(
            input_ids=ids,
            attention_mask=(steps < lengths[:, None]).long(),
            position_ids=(steps + first).expand_as(ids),
        )[0]

    def vectors(
        self, docs: Sequence[Sequence[str]], window: int, stride: int, pooling: str
    ) -> Tensor:
        """Vectors (n_tokens, width), fp32, of the tokens of all docs in a row.

        docs: token texts. window, stride: in word pieces. pooling: "mean" of a token's pieces or
        "first" of them.
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
        budget = BUDGET.get(device.type, BUDGET["cuda"])
        found, places = [], []
        for group in batches([end - start + 2 for start, end, _, _ in cuts], budget):
            run = in_pieces(group, lambda part: self._batch(ids, [cuts[i] for i in part], device))
            for _, (hidden, kept) in run:
                found.append(hidden)
                places.append(kept)
        order = numpy.empty(len(ids), dtype="int64")
        order[numpy.concatenate(places)] = numpy.arange(len(ids))
        pieces = torch.cat(found).index_select(0, torch.from_numpy(order).to(device))
        return _pool(pieces.float(), counts, pooling)

    def _batch(self, ids: numpy.ndarray, cuts, device) -> tuple[Tensor, numpy.ndarray]:
        """Vectors of the kept pieces of some windows, and which pieces these are."""
        lengths = [end - start + 2 for start, end, _, _ in cuts]
        most = most_pieces(self.transformer.config) + 2
        longest = min(-(-max(lengths) // STEP) * STEP, most)
        lengths += [1] * ((1 << (len(cuts) - 1).bit_length()) - len(cuts))  # rows of padding
        padded = numpy.full((len(lengths), longest), self.pieces.padding, dtype="int64")
        rows, kept = [], []
        for row, (start, end, keep_start, keep_end) in enumerate(cuts):
            padded[row, 0] = self.pieces.start
            padded[row, 1 : end - start + 1] = ids[start:end]
            padded[row, end - start + 1] = self.pieces.end
            keep = numpy.arange(keep_start, keep_end)
            kept.append(keep)
            rows.append(keep + (row * longest + 1 - start))
        hidden = self(torch.from_numpy(padded).to(device), torch.tensor(lengths, device=device))
        chosen = torch.from_numpy(numpy.concatenate(rows)).to(device)
        return hidden.flatten(0, 1).index_select(0, chosen), numpy.concatenate(kept)


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


def cast_frozen(encoder: Encoder, copied: Encoder, dtype: torch.dtype) -> Encoder:
    """Give a copy that shares the encoder's parameters its frozen matrices in another type."""
    for name, module in copied.named_modules():
        if isinstance(module, nn.Linear) and not module.weight.requires_grad:
            original = encoder.get_submodule(name)
            module.weight = nn.Parameter(original.weight.to(dtype), requires_grad=False)
            if module.bias is not None:
                module.bias = nn.Parameter(original.bias.to(dtype), requires_grad=False)
    return copied


@torch.no_grad()
def merge(encoder: Encoder, copied: Encoder, dtype: torch.dtype) -> Encoder:
    """Turn a copy into one for prediction: adapters merged into matrices of its own, all linear
    layers in `dtype`, no gradients, no dropout. The encoder itself stays as it is."""
    for name, module in list(copied.named_modules()):
        original = encoder.get_submodule(name)
        if isinstance(module, LoraLayer):
            weight = original.base_layer.weight + original.get_delta_weight("default")
            bias = original.base_layer.bias
        elif isinstance(module, nn.Linear) and ".lora_" not in name and "base_layer" not in name:
            weight, bias = module.weight, module.bias
        else:
            continue
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
        linear.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
        if bias is not None:
            linear.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
        copied.set_submodule(name, linear)
    return copied.eval()
