"""The registered architectures: settings in, thinc models out."""

import math
from typing import Any, Optional, Sequence

import numpy
import torch
from spacy.tokens import Doc
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d

from .shims import EncoderShim, TaggerShim
from .tags import SKIPPED

LORA = {"rank": 8, "alpha": 16, "targets": ["query", "key"], "dropout": 0.0}
POOLINGS = ("mean", "first")
PRECISIONS = ("auto", "fp32", "bf16", "int8")

Tok2Vec = Model[list[Doc], list[Floats2d]]


# spacy-balc.LoraTransformer.v1


def LoraTransformer(
    name: str,
    lora: Optional[dict[str, Any]],
    width: Optional[int] = None,
    window: int = 510,
    stride: int = 384,
    pooling: str = "mean",
    precision: str = "auto",
    learn_rate_scale: float = 1.0,
    gradient_checkpointing: bool = False,
) -> Tok2Vec:
    """A pretrained encoder of BERT's family with LoRA (Hu et al., 2021), as a tok2vec layer.

    Weights arrive in `initialize` or from disk; a saved pipeline holds all of them.

    name: hub name or local folder of the encoder, read by `initialize` alone.
    lora: `rank` (0 freezes every weight), `alpha`, `targets` (names of linear layers) and
        `dropout`; null trains every weight.
    width: size of the token vectors, which must be the encoder's; listeners need it.
    window, stride: size and step, in word pieces, of the windows over a longer doc.
    pooling: "mean" of a token's word pieces, or the "first".
    precision: "fp32", "bf16" (the CRF and all of the head stay in fp32), or "auto": bf16 where the
        hardware is faster in it. "int8" is "auto" in training; it predicts with matrices of bytes
        on CPUs that multiply them (VNNI), and as "auto" elsewhere.
    learn_rate_scale: factor of the optimizer's learning rate.
    gradient_checkpointing: whether training computes each layer twice (Chen et al., 2016), which
        spares most of its memory.

    Raises ValueError for a setting out of range.
    """
    lora = _check_lora(lora)
    if not 0 < stride <= window:
        raise ValueError(f"stride = {stride} must be at least 1 and at most window = {window}.")
    if pooling not in POOLINGS:
        raise ValueError(f"pooling = {pooling!r} must be one of {', '.join(POOLINGS)}.")
    if precision not in PRECISIONS:
        raise ValueError(f"precision = {precision!r} must be one of {', '.join(PRECISIONS)}.")
    if learn_rate_scale < 0:
        raise ValueError(f"learn_rate_scale = {learn_rate_scale} must be at least 0.")
    # In the shim, not in attrs: thinc saves attrs, and a loaded pipeline would ignore its config.
    settings = {
        "name": name,
        "window": window,
        "stride": stride,
        "pooling": pooling,
        "precision": precision,
        "gradient_checkpointing": gradient_checkpointing,
    }
    return Model(
        "lora_transformer",
        _encoder_forward,
        init=_encoder_init,
        dims={"nO": width},
        attrs={"dropout_rate": 0.0},
        shims=[EncoderShim(lora, settings, learn_rate_scale)],
    )


def _check_lora(lora: Optional[dict[str, Any]]) -> Optional[dict[str, Any]]:
    """The block with its defaults filled in; ValueError for what it can't hold."""
    if lora is None:
        return None
    unknown = sorted(set(lora) - set(LORA))
    if unknown:
        raise ValueError(
            f"The lora block has no setting {', '.join(unknown)}: it takes {', '.join(LORA)}."
        )
    lora = {**LORA, **lora}
    if type(lora["rank"]) is not int or lora["rank"] < 0:
        raise ValueError(f"lora.rank = {lora['rank']!r} must be a whole number, 0 or more.")
    if not isinstance(lora["alpha"], (int, float)) or lora["alpha"] <= 0:
        raise ValueError(f"lora.alpha = {lora['alpha']!r} must be a number above 0.")
    if not isinstance(lora["dropout"], (int, float)) or not 0 <= lora["dropout"] < 1:
        raise ValueError(f"lora.dropout = {lora['dropout']!r} must be a number in [0, 1).")
    targets = lora["targets"]
    if isinstance(targets, str) or not targets or not all(isinstance(t, str) for t in targets):
        raise ValueError(f"lora.targets = {targets!r} must be a list of names of linear layers.")
    return {**lora, "targets": list(targets)}


def _encoder_init(model: Tok2Vec, X: Any = None, Y: Any = None) -> None:
    from .nn.encoder import load

    shim, settings = model.shims[0], model.shims[0].settings
    name = settings["name"]
    spec, encoder = load(name, shim.lora)
    width = model.get_dim("nO") if model.has_dim("nO") else None
    if width not in (None, encoder.width):
        raise ValueError(
            f"width = {width}, but the token vectors of {name!r} have {encoder.width}: "
            f"set width = {encoder.width}."
        )
    spec = {**spec, "pooling": settings["pooling"]}
    shim.check(spec)
    model.set_dim("nO", encoder.width)
    shim.set(spec, encoder)


def _encoder_forward(model: Tok2Vec, docs: Sequence[Doc], is_train: bool):
    shim = model.shims[0]
    if shim.module is None:
        raise ValueError("LoraTransformer has no weights: call nlp.initialize(), or spacy.load().")
    settings = shim.settings
    dtype = _dtype(settings["precision"], shim.device)
    lengths = [len(doc) for doc in docs]
    if is_train:
        encoder = shim.for_training(dtype, dropout=model.attrs["dropout_rate"] > 0)
    else:
        encoder = shim.for_prediction(dtype)
    perturbation = shim.perturbation if is_train else None
    texts = [[token.text for token in doc] for doc in docs]
    half = torch.autocast(
        shim.device.type, torch.bfloat16, enabled=is_train and dtype is not torch.float32
    )
    # Both modes are made in the with: set_grad_enabled counts from when it is made.
    with (
        torch.inference_mode(not is_train),
        torch.set_grad_enabled(is_train and (bool(shim.trainable()) or perturbation is not None)),
        half,
    ):
        vectors = encoder.vectors(
            texts,
            settings["window"],
            settings["stride"],
            settings["pooling"],
            is_train and settings["gradient_checkpointing"],
            perturbation,
        )
    rows = vectors.detach().split(lengths)
    if not is_train:
        # doc.tensor may keep a row range for long: it must not keep the whole batch alive.
        rows = [row.clone() for row in rows] if len(rows) > 1 else rows
    outputs = [torch2xp(row) for row in rows]

    def backprop(d_outputs: list[Floats2d]) -> list[Doc]:
        if vectors.requires_grad:
            torch.autograd.backward(vectors, _row(d_outputs, vectors.device, vectors.shape[1]))
        return []

    return outputs, backprop


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision in ("auto", "int8"):
        return torch.bfloat16 if _has_bf16(device) else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    if torch.cpu._is_amx_tile_supported():
        return True
    # Intel's cores that have AVX512-FP16 are made for AMX, which a virtual machine may hide: their
    # AVX512-BF16 has half the speed of fp32. AMD's has twice that of it.
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return supported() and not capabilities.get("avx512_fp16", False)


# spacy-balc.BalcNer.v1


def BalcNer(
    tok2vec: Tok2Vec,
    hidden_width: int = 128,
    lstm_layers: int = 1,
    attention_heads: int = 1,
    attention_window: int = 256,
    crf: bool = True,
    learn_rate_scale: float = 1.0,
    crf_learn_rate_scale: float = 1.0,
    words: Optional[Model[list[Doc], list[Floats2d]]] = None,
    nO: Optional[int] = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Tagger over any tok2vec: BiLSTM, self-attention, linear, CRF. Its output is the emissions,
    (tokens, tags) a doc; its attributes `loss`, `decode` and `resize_output` are functions that
    take the model first, so that a copied model drives its own CRF.

    tok2vec: layer that gives each token a vector.
    hidden_width: of the LSTM in each direction. lstm_layers: 0 leaves it out.
    attention_heads: 0 leaves self-attention out. attention_window: tokens seen to either side.
    crf: false trains each token by itself; decoding is legal BIO all the same.
    learn_rate_scale, crf_learn_rate_scale: factors of the optimizer's learning rate, for the head
        without its CRF and for the CRF.
    words: a second layer that gives each token a vector, put beside the first; `WordList` is made
        for it.
    nO: number of tags, 2 a label and 1; set when the labels are known.

    Raises ValueError for a setting out of range.
    """
    for setting, value, least in (
        ("hidden_width", hidden_width, 1),
        ("lstm_layers", lstm_layers, 0),
        ("attention_heads", attention_heads, 0),
        ("attention_window", attention_window, 1),
        ("learn_rate_scale", learn_rate_scale, 0),
        ("crf_learn_rate_scale", crf_learn_rate_scale, 0),
    ):
        if value < least:
            raise ValueError(f"{setting} = {value} must be at least {least}.")
    settings = {
        "hidden_width": hidden_width,
        "lstm_layers": lstm_layers,
        "attention_heads": attention_heads,
        "attention_window": attention_window,
        "crf": crf,
    }
    return Model(
        "balc_ner",
        _tagger_forward,
        init=_tagger_init,
        dims={"nO": nO},
        attrs={
            "dropout_rate": 0.0,
            "loss": loss,
            "decode": decode,
            "resize_output": resize_output,
        },
        layers=[tok2vec] if words is None else [tok2vec, words],
        refs={"tok2vec": tok2vec},
        shims=[TaggerShim(settings, learn_rate_scale, crf_learn_rate_scale)],
    )


def _tagger_init(model: Model, X: Optional[Sequence[Doc]] = None, Y: Any = None) -> None:
    filled = [doc for doc in X or [] if len(doc)][:1]
    width = 0
    for layer in model.layers:
        layer.initialize(X)
        width += layer.predict(filled)[0].shape[1] if filled else layer.get_dim("nO")
    spec = {"input_width": width, "n_tags": model.get_dim("nO"), **model.shims[0].settings}
    model.shims[0].set(spec)


def _tagger_forward(model: Model, docs: Sequence[Doc], is_train: bool):
    calls = [layer(docs, is_train) for layer in model.layers]
    shim = model.shims[0]
    lengths = [len(doc) for doc in docs]
    widths = [layer.get_dim("nO") for layer in model.layers[1:]]
    widths.insert(0, shim.spec["input_width"] - sum(widths))
    with torch.set_grad_enabled(is_train):
        parts = [
            _row(vectors, shim.device, width).requires_grad_(is_train)
            for (vectors, _), width in zip(calls, widths)
        ]
        flat = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
        emissions = shim.module(flat, lengths, model.attrs["dropout_rate"] if is_train else 0.0)
    outputs = [torch2xp(row) for row in emissions.detach().split(lengths)]

    def backprop(d_emissions: list[Floats2d]):
        torch.autograd.backward(emissions, _row(d_emissions, shim.device, emissions.shape[1]))
        ends = numpy.cumsum(lengths).tolist()
        d_docs = []
        for (vectors, backprop_vectors), part in zip(calls, parts):
            d_rows = torch2xp(part.grad)
            # An empty doc's vectors may have a width of their own: so has their gradient.
            d_vectors = [
                d_rows[end - len(v) : end] if len(v) else model.ops.alloc2f(*v.shape)
                for v, end in zip(vectors, ends)
            ]
            d_docs.append(backprop_vectors(d_vectors))
        return d_docs[0]

    return outputs, backprop


def loss(
    model: Model, emissions: list[Floats2d], tags: Sequence[numpy.ndarray]
) -> tuple[float, list[Floats2d]]:
    """Mean negative log-likelihood of a batch's gold tokens, and its gradient by the emissions.

    tags: int64 (n_tokens,) a doc, as `tags.encode` gives them. The CRF's own gradients accumulate,
    unless the loss is not finite: then nothing changes and the gradient is zero.
    """
    shim = model.shims[0]
    flat = _row(emissions, shim.device, model.get_dim("nO")).requires_grad_()
    sequences = [torch.from_numpy(row[row != SKIPPED]) for row in tags]
    kept = torch.from_numpy(numpy.flatnonzero(numpy.concatenate(tags) != SKIPPED))
    value = shim.module.loss(
        flat.index_select(0, kept.to(flat.device)), [row for row in sequences if len(row)]
    )
    number = value.item()
    if math.isfinite(number):
        value.backward()
    gradient = torch.zeros_like(flat) if flat.grad is None else flat.grad
    return number, [torch2xp(row) for row in gradient.split([len(row) for row in tags])]


def decode(
    model: Model, emissions: list[Floats2d], allowed: Sequence[Optional[numpy.ndarray]]
) -> list[numpy.ndarray]:
    """Best legal tags, int64 (n_tokens,) a doc, SKIPPED where a token may have none.

    allowed: bool (n_tokens, n_tags) a doc, as `tags.allowed_tags` gives them, None for all tags.

    Raises ValueError if an emission is not finite.
    """
    shim, n_tags = model.shims[0], model.get_dim("nO")
    lengths = [len(row) for row in emissions]
    free = [
        numpy.ones((length, n_tags), dtype=bool) if mask is None else mask
        for length, mask in zip(lengths, allowed)
    ]
    counts = [int(mask.any(axis=1).sum()) for mask in free]
    masks = numpy.concatenate(free)
    kept = numpy.flatnonzero(masks.any(axis=1))
    tags = numpy.full(len(masks), SKIPPED, dtype="int64")
    flat = _row(emissions, shim.device, n_tags)
    best = shim.module.decode(
        flat.index_select(0, torch.from_numpy(kept).to(flat.device)),
        [count for count in counts if count],
        torch.from_numpy(masks[kept]).to(flat.device),
    )
    # In one transfer with the tags, since each one waits for the device.
    found = torch.cat([best, flat.isfinite().all()[None]]).cpu().numpy()
    if not found[-1]:
        raise ValueError("The emissions are not finite: the weights or the vectors are broken.")
    tags[kept] = found[:-1]
    return numpy.split(tags, numpy.cumsum(lengths)[:-1])


def resize_output(model: Model, matrix: numpy.ndarray, fresh: numpy.ndarray) -> None:
    """Take on another tag set without losing what was learnt; see `tags.expansion`."""
    shim = model.shims[0]
    shim.module.relabel(torch.from_numpy(matrix), torch.from_numpy(fresh))
    shim.set({**shim.spec, "n_tags": len(matrix)}, shim.module)
    model.set_dim("nO", len(matrix), force=True)


def _row(arrays: Sequence[Floats2d], device: torch.device, width: int) -> torch.Tensor:
    """The rows of all docs in one tensor; in training a copy, so that nobody's input is changed."""
    filled = [xp2torch(array).to(device) for array in arrays if len(array)]
    if len(filled) == 1 and not torch.is_grad_enabled():
        return filled[0]
    return torch.cat(filled) if filled else torch.zeros((0, width), device=device)
