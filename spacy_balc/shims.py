"""What encoder and head keep: their settings, their checks, the encoder's derived copies."""

import math
from types import SimpleNamespace
from typing import Any, Optional

import torch

from .artefact import DAMAGED
from .nn import tagger
from .shim import TorchShim, copy_module


class EncoderShim(TorchShim):
    """Keeps the encoder, a copy for training in half precision and a merged one for prediction."""

    def __init__(
        self, lora: Optional[dict[str, Any]], settings: dict[str, Any], learn_rate_scale: float
    ):
        super().__init__(_build_encoder, {"": learn_rate_scale})
        self.lora = lora
        self.settings = settings
        # Added to the word embeddings in training, (vocabulary, width).
        self.perturbation: Optional[torch.Tensor] = None

    def watch_embeddings(self) -> None:
        """Have the next gradient of the word embeddings taken, whether they train or not."""
        table = self.module.transformer.get_input_embeddings().weight
        self.perturbation = torch.zeros_like(table, requires_grad=True)

    def move_embeddings(self, norm: float) -> bool:
        """Perturb the watched embeddings along their gradient, by so much together; False if it
        is zero. Raises ValueError if it is not finite."""
        gradient = self.perturbation.grad
        length = 0.0 if gradient is None else gradient.norm().item()
        if not math.isfinite(length):
            raise ValueError(
                "The gradient of the word embeddings is not finite: nothing was updated. Lower "
                'learn_rate, or set precision = "fp32".'
            )
        if not length:
            return False
        self.perturbation = gradient * (norm / length)
        return True

    def check(self, spec: dict[str, Any]) -> None:
        for setting, value in (("lora", self.lora), ("pooling", self.settings["pooling"])):
            if spec[setting] != value:
                raise ValueError(
                    f"they were trained with {setting} = {spec[setting]!r}, while the config says "
                    f"{value!r}: use the config that they were trained with"
                )
        from .nn.family import most_pieces

        most = most_pieces(SimpleNamespace(**spec["transformer"]))
        if self.settings["window"] > most:
            raise ValueError(
                f"window = {self.settings['window']} word pieces, but the encoder takes {most} at "
                f"a time: set window = {most} and a stride of at most that"
            )

    def check_sizes(self, spec: dict[str, Any], tensors: int, largest: int) -> None:
        for name, value in spec["transformer"].items():
            most = tensors if name == "num_hidden_layers" else max(largest, tensors)
            if type(value) is int and not 0 <= value <= most:
                raise ValueError(f"{name} = {value} does not fit the tensors in it. {DAMAGED}")

    def for_training(self, dtype: torch.dtype, dropout: bool):
        from .nn.encoder import for_training

        def make():
            copied = copy_module(self.module, sharing=True)
            return for_training(self.module, copied, dtype)

        # Only update() comes here, which is one thread's business: no other sees the mode change.
        return self.derived(f"training {dtype}", make, weights=False).train(dropout)

    def for_prediction(self, dtype: torch.dtype):
        from .nn.encoder import merge
        from .nn.int8 import has_int8

        int8 = self.settings["precision"] == "int8" and has_int8(self.device)

        def make():
            return merge(copy_module(self.module, sharing=True), dtype, int8)

        return self.derived(f"prediction {dtype} {int8}", make, weights=True)


def _build_encoder(spec: dict[str, Any]) -> torch.nn.Module:
    from .nn.encoder import build

    return build(spec)


class TaggerShim(TorchShim):
    """Keeps the head and its CRF."""

    def __init__(self, settings: dict[str, Any], learn_rate_scale: float, crf_scale: float):
        super().__init__(tagger.build, {"": learn_rate_scale, "crf.": crf_scale})
        self.settings = settings

    def check(self, spec: dict[str, Any]) -> None:
        for setting, value in self.settings.items():
            if spec[setting] != value:
                raise ValueError(
                    f"they were trained with {setting} = {spec[setting]}, while the config says "
                    f"{value}: use the config that they were trained with"
                )

    def check_sizes(self, spec: dict[str, Any], tensors: int, largest: int) -> None:
        # Without an LSTM no tensor is of its width.
        names = ("input_width", "n_tags", "lstm_layers", "hidden_width")
        for name in names if spec["lstm_layers"] else names[:-1]:
            if not 0 <= spec[name] <= largest:
                raise ValueError(f"{name} = {spec[name]} does not fit the tensors in it. {DAMAGED}")
