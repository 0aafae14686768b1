"""What differs between the encoders of BERT's family."""

import inspect
from typing import Any

import torch
from torch import nn
from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig

# Model type, and whether it counts positions from behind its padding id.
FAMILY = {
    "albert": False,
    "bert": False,
    "camembert": True,
    "electra": False,
    "ernie": False,
    "roberta": True,
    "xlm-roberta": True,
}


def plain_config(settings: dict[str, Any]) -> PretrainedConfig:
    """A config of the family from its settings, of which only those that describe the network go
    on: others can lead transformers to a stranger's code.

    Raises ValueError for another kind of model, or a decoder.
    """
    kind = settings.get("model_type")
    if kind not in FAMILY or settings.get("is_decoder"):
        raise ValueError(
            f"The encoder is of type {kind!r}{', set up as a decoder' if kind in FAMILY else ''}. "
            f"LoraTransformer takes BERT's family: {', '.join(sorted(FAMILY))}."
        )
    positions = settings.get("position_embedding_type") or "absolute"
    if positions != "absolute":
        raise ValueError(
            f"The encoder has position_embedding_type = {positions!r}: LoraTransformer takes "
            "encoders with absolute positions."
        )
    known = inspect.signature(CONFIG_MAPPING[kind].__init__).parameters
    return AutoConfig.for_model(
        kind, **{name: value for name, value in settings.items() if name in known}
    )


def first_position(config: PretrainedConfig) -> int:
    """Number of the first position embedding in use."""
    return config.pad_token_id + 1 if FAMILY[config.model_type] else 0


def most_pieces(config: PretrainedConfig) -> int:
    """Word pieces that fit into one window, beside the two special ones that frame it."""
    return config.max_position_embeddings - first_position(config) - 2


def accepts_pooler(kind: type) -> bool:
    """Whether a model class can be asked to have no pooler: ELECTRA's can't."""
    return "add_pooling_layer" in inspect.signature(kind.__init__).parameters


def without_pooler(transformer: nn.Module) -> nn.Module:
    """Token vectors do not pass through a pooler: take out the one that some models build."""
    if getattr(transformer, "pooler", None) is not None:
        transformer.pooler = None
    return transformer


def fill_buffers(transformer: nn.Module) -> nn.Module:
    """Give the buffers that no state dict holds their values, where a module was made on the meta
    device. Raises ValueError for one that is not known here."""
    for name, buffer in list(transformer.named_buffers()):
        if not buffer.is_meta:
            continue
        path, _, leaf = name.rpartition(".")
        if leaf == "position_ids":
            filled = torch.arange(buffer.shape[-1], device="cpu").expand(buffer.shape)
        elif leaf == "token_type_ids":
            filled = torch.zeros(buffer.shape, dtype=buffer.dtype, device="cpu")
        else:
            raise ValueError(f"this version of transformers keeps an unknown buffer {name}.")
        transformer.get_submodule(path).register_buffer(leaf, filled, persistent=False)
    return transformer
