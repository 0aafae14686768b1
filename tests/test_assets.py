"""The encoders that come with the repository: whole, small, in half precision, with a card."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from spacy_balc.nn.encoder import load

ASSETS = Path(__file__).parent.parent / "assets"
ENCODERS = sorted(path.parent for path in ASSETS.glob("encoder-*/config.json"))


@pytest.mark.parametrize("folder", ENCODERS, ids=lambda path: path.name)
def test_an_encoder_is_whole(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    with safe_open(folder / "model.safetensors", "pt") as file:
        weights = [file.get_tensor(name) for name in file.keys()]
    assert {tensor.dtype for tensor in weights} == {torch.float16}
    assert all(torch.isfinite(tensor).all() for tensor in weights)
    assert (folder / "model.safetensors").stat().st_size <= 50_000_000
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf8").splitlines()
    assert "京" in vocabulary
    assert len(set(vocabulary)) == len(vocabulary) == config["vocab_size"]
    card = (folder / "README.md").read_text(encoding="utf8")
    assert "license: mit" in card and "SHA-256" in card


@pytest.mark.parametrize("folder", ENCODERS, ids=lambda path: path.name)
def test_an_encoder_tells_texts_apart(folder):
    _, encoder = load(str(folder), None)
    encoder.eval()
    with torch.inference_mode():
        texts = [list("他在北京工作。"), list("她在北京工作。")]
        vectors = encoder.vectors(texts, 510, 384, "mean")
    first, second = vectors.float().split(7)
    assert torch.isfinite(vectors).all()
    assert (first[1:] - second[1:]).abs().max() > 1e-3  # of the same characters, by their context
