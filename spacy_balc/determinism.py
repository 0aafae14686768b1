"""The switch for training that gives the same weights twice on a GPU."""

import os
from typing import Any, Callable

from spacy.language import Language


def deterministic() -> Callable[[Language, dict[str, Any]], None]:
    """A callback for `[training.before_update]` that lets torch use deterministic kernels only;
    slower on a GPU. A CPU does without. torch warns of an operation that has none.

    https://docs.pytorch.org/docs/stable/notes/randomness.html
    """

    # Now, as cuBLAS reads it at its first product, which may be of `nlp.initialize`.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

    def switch_on(nlp: Language, step: dict[str, Any]) -> None:
        import torch

        if not torch.are_deterministic_algorithms_enabled():
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.backends.cudnn.benchmark = False

    return switch_on
