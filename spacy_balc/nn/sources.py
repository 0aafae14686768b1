"""Where a pretrained encoder comes from: a local folder or the hub, checked before it is used."""

import logging
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging as transformers_logging

from .family import FAMILY, accepts_pooler, plain_config, without_pooler

HELP = (
    "Set `name` in the config to a local folder with config.json, model.safetensors and the "
    "tokenizer's files. One comes with the repository of spacy-balc (assets/encoder-mini); any "
    "other is fetched where there is a network with `hf download NAME --local-dir "
    "FOLDER` and copied here; scripts/pretrain_encoder.py makes one from raw text."
)


def load_pretrained(name: str) -> tuple[nn.Module, dict[str, Any]]:
    """The bare encoder in fp32, and the spec of its word pieces.

    name: hub name or local folder. Raises ValueError with a remedy if it can't be had or used.
    """
    config, spec = load_spec(name)
    return _weights(name, config), spec


def load_spec(name: str) -> tuple[PretrainedConfig, dict[str, Any]]:
    """The encoder's config and the spec of its word pieces, without its weights.

    Raises ValueError with a remedy if they can't be had or used.
    """
    config = _read(
        name, "config", lambda: AutoConfig.from_pretrained(name, trust_remote_code=False)
    )
    try:
        config = plain_config(config.to_dict())
    except ValueError as error:
        raise ValueError(f"Can't use the encoder {name!r}. {error}") from error
    if FAMILY[config.model_type] and config.pad_token_id is None:
        raise ValueError(
            f"The encoder {name!r} is of type {config.model_type!r}, which counts positions from "
            "pad_token_id, and its config.json has none. Add the one it was trained with."
        )
    return config, _pieces(name, config)


def _read(name: str, what: str, read):
    if name.startswith(("/", ".", "~")) and not Path(name).is_dir():
        raise ValueError(f"There is no folder {name!r} with an encoder. {HELP}")
    # Without a network the hub's client warns of each of its attempts; the reason is told once.
    client = logging.getLogger("huggingface_hub")
    level = client.level
    client.setLevel(logging.ERROR)
    try:
        return read()
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"Can't get the encoder {name!r}: its {what} can be read neither from a local folder "
            f"of this name nor from the Hugging Face hub. {HELP}\nReason: {error}"
        ) from error
    finally:
        client.setLevel(level)


def _pieces(name: str, config: PretrainedConfig) -> dict[str, Any]:
    # Byte-level pieces of split words begin with a space, as the stock tokenizer demands.
    options = {"add_prefix_space": True} if config.model_type == "roberta" else {}
    tokenizer = _read(
        name,
        "tokenizer",
        lambda: AutoTokenizer.from_pretrained(
            name, use_fast=True, trust_remote_code=False, **options
        ),
    )
    if not tokenizer.is_fast:
        raise ValueError(
            f"The tokenizer of {name!r} has no fast version (tokenizer.json), which is needed."
        )
    start = _first(tokenizer.cls_token_id, tokenizer.bos_token_id)
    end = _first(tokenizer.sep_token_id, tokenizer.eos_token_id)
    for what, value in (("cls", start), ("sep", end), ("unk", tokenizer.unk_token_id)):
        if value is None:
            raise ValueError(
                f"The tokenizer of {name!r} has no {what} token: name it in its "
                "tokenizer_config.json."
            )
    vocabulary = tokenizer.get_vocab()
    if len(vocabulary) <= len(set(tokenizer.all_special_ids)):
        # transformers 5 makes an empty tokenizer where there is none.
        raise ValueError(f"The encoder {name!r} has no tokenizer with a vocabulary. {HELP}")
    if tokenizer.unk_token not in vocabulary:
        raise ValueError(
            f"The vocabulary of {name!r} lacks its unknown token {tokenizer.unk_token}: add it, or "
            "name another in its tokenizer_config.json."
        )
    highest = max(vocabulary.values())
    if highest >= config.vocab_size:
        raise ValueError(
            f"The tokenizer of {name!r} has ids up to {highest}, its weights only "
            f"{config.vocab_size}: tokenizer and weights are of different encoders."
        )
    return {
        "tokenizer": tokenizer.backend_tokenizer.to_str(),
        "start": start,
        "end": end,
        "unknown": tokenizer.unk_token_id,
        "padding": _first(tokenizer.pad_token_id, config.pad_token_id, 0),
        "special": sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}),
    }


def _weights(name: str, config: PretrainedConfig) -> nn.Module:
    kind = MODEL_MAPPING[type(config)]
    options = {"add_pooling_layer": False} if accepts_pooler(kind) else {}
    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        transformer, loading = _read(
            name,
            "weights (model.safetensors)",
            lambda: AutoModel.from_pretrained(
                name,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            ),
        )
    finally:
        transformers_logging.set_verbosity(level)
    missing = [key for key in loading["missing_keys"] if "pooler" not in key]
    if missing or loading.get("mismatched_keys"):
        wrong = missing or [str(key) for key in loading["mismatched_keys"]]
        raise ValueError(
            f"The weights of {name!r} do not fit its config.json: {len(wrong)} tensors are missing "
            f"or of another shape, such as {wrong[0]}. {HELP}"
        )
    return without_pooler(transformer).float()


def _first(*values):
    return next((value for value in values if value is not None), None)
