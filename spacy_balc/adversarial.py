"""Adversarial training: each batch once more, its word embeddings moved to where it errs most."""

import math
from typing import Any, Callable

from thinc.api import Model
from thinc.shims import Shim

from .pipe import drop_gradients, shims_of


def check_norm(norm: float, model: Model, name: str) -> None:
    """Raise ValueError if `learn_twice` can't take this norm and the model of this component."""
    if not 0 <= norm < math.inf:
        raise ValueError(f"adversarial_norm = {norm} must be at least 0, and finite.")
    if not norm:
        return
    # What a listener hears is of one pass: it can't send two gradients back.
    listens = any(hasattr(node, "upstream_name") for node in model.walk())
    if listens or len(_encoders(model)) != 1:
        raise ValueError(
            f"adversarial_norm = {norm} moves the word embeddings of the component's own "
            f"LoraTransformer: {name!r} must have one, and no listener. Set adversarial_norm = 0."
        )


def learn_twice(model: Model, norm: float, learn: Callable[[], Any]) -> Any:
    """Call `learn`, which adds a batch's gradients to those of the model, as it is and once more
    with the word embeddings moved along their gradient (Miyato, Dai and Goodfellow, 2017, section
    3; there each occurrence of a word is moved by itself, here the embedding).

    norm: length of the whole move, of all embeddings together.

    Returns what the first call returned. If the second one raises, all gradients are dropped.
    """
    [shim] = _encoders(model)
    shim.watch_embeddings()
    try:
        found = learn()
        try:
            if shim.move_embeddings(norm):
                learn()
        except BaseException:
            drop_gradients(model)
            raise
    finally:
        shim.perturbation = None
    return found


def _encoders(model: Model) -> list[Shim]:
    """What keeps the encoders that a model holds itself."""
    return [shim for shim in shims_of(model) if hasattr(shim, "move_embeddings")]
