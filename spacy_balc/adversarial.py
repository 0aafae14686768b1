"""Adversarial training: each batch once more, its word embeddings moved to where it errs most."""

import math
from typing import Any, Callable, Optional

from thinc.api import Model
from thinc.shims import Shim


def check_norm(norm: float, model: Model, name: str) -> None:
    """Raise ValueError if `learn_twice` can't take this norm and the model of this component."""
    if not 0 <= norm < math.inf:
        raise ValueError(f"adversarial_norm = {norm} must be at least 0, and finite.")
    if norm and _encoder(model) is None:
        raise ValueError(
            f"adversarial_norm = {norm} moves the word embeddings of the component's own "
            f"LoraTransformer, and {name!r} has none: set adversarial_norm = 0."
        )


def learn_twice(model: Model, norm: float, learn: Callable[[], Any]) -> Any:
    """Call `learn`, which adds a batch's gradients to those of the model, as it is and once more
    with the word embeddings moved along their gradient (Miyato, Dai and Goodfellow, 2017, section
    3; there each occurrence of a word is moved by itself, here the embedding).

    norm: length of the whole move, of all embeddings together.

    Returns what the first call returned. If the second one raises, all gradients are dropped.
    """
    shim = _encoder(model)
    shim.watch_embeddings()
    try:
        found = learn()
        if shim.move_embeddings(norm):
            try:
                learn()
            except BaseException:
                drop_gradients(model)
                raise
    finally:
        shim.perturbation = None
    return found


def drop_gradients(model: Model) -> None:
    """Forget what a model's layers accumulated, in torch and in thinc."""
    for node in model.walk():
        for shim in node.shims:
            if hasattr(shim, "drop_gradients"):
                shim.drop_gradients()
        for name in node.grad_names:
            node.get_grad(name).fill(0.0)


def _encoder(model: Model) -> Optional[Shim]:
    """What keeps the encoder of a model that holds one itself, and does not listen to another's."""
    shims = [shim for node in model.walk() for shim in node.shims]
    return next((shim for shim in shims if hasattr(shim, "move_embeddings")), None)
