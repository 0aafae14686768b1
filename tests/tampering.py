"""Damaging artefacts: at random, and on purpose with all digests made anew."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy
import spacy
import srsly
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from spacy_balc.artefact import pack, unpack

from .conftest import TOY, head, learn, toy_examples
from .encoders import make_encoder


@dataclass
class Weights:
    """What one shim saves."""

    spec: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    def packed(self) -> bytes:
        return pack(self.spec, save_tensors(self.tensors))


@dataclass
class Artefact:
    """A saved `balc_ner` on a LoraTransformer, taken apart: change it, then sign it anew."""

    header: Any
    message: dict[str, Any]
    head: Weights
    encoder: Weights

    @classmethod
    def of(cls, data: bytes) -> "Artefact":
        header, body = unpack(data)
        message = srsly.msgpack_loads(body)
        parts = []
        for (shim,) in message["shims"]:
            spec, weights = unpack(shim)
            parts.append(Weights(spec, load_tensors(weights)))
        return cls(header, message, *parts)

    def signed(self) -> bytes:
        return self.with_shims([self.head.packed()], [self.encoder.packed()])

    def with_shims(self, head: Any, encoder: Any) -> bytes:
        """Signed, with lists of bytes for what the shims saved."""
        message = {**self.message, "shims": [head, encoder]}
        return pack(self.header, srsly.msgpack_dumps(message))


def _flip(data: bytearray, random_: random.Random) -> None:
    for _ in range(random_.choice([1, 1, 1, 2, 8])):
        data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)


def _truncate(data: bytearray, random_: random.Random) -> None:
    del data[random_.randrange(len(data)) :]


def _swap(data: bytearray, random_: random.Random) -> None:
    first, second = random_.randrange(len(data)), random_.randrange(len(data))
    data[first], data[second] = data[second], data[first]


def _block(data: bytearray, random_: random.Random) -> slice:
    start = random_.randrange(len(data))
    return slice(start, start + random_.choice([1, 2, 16, 512, 4096]))


def _zero(data: bytearray, random_: random.Random) -> None:
    block = _block(data, random_)
    data[block] = bytes(len(data[block]))


def _remove(data: bytearray, random_: random.Random) -> None:
    del data[_block(data, random_)]


def _repeat(data: bytearray, random_: random.Random) -> None:
    block = _block(data, random_)
    data[block.start : block.start] = data[block]


def _insert(data: bytearray, random_: random.Random) -> None:
    place = random_.randrange(len(data) + 1)
    data[place:place] = random_.randbytes(random_.choice([1, 2, 16, 512]))


DAMAGES = [_flip, _truncate, _swap, _zero, _remove, _repeat, _insert]


def damaged(data: bytes, seed: int, upto: Optional[int] = None) -> bytes:
    """The data damaged in one way, by its number; never equal to it. upto: damage is somewhere
    in that many first bytes."""
    random_ = random.Random(seed)
    part, rest = data[:upto], data[len(data[:upto]) :]
    while True:
        changed = bytearray(part)
        DAMAGES[seed % len(DAMAGES)](changed, random_)
        if changed + rest != data:
            return bytes(changed + rest)


TEXTS = [text for text, _ in TOY] + ["北京大学的张三和John去London。", "很好" * 40]


def lora(folder):
    return {
        "@architectures": "spacy-balc.LoraTransformer.v1",
        "name": str(folder),
        "window": 48,
        "stride": 32,
        "precision": "fp32",
        "lora": {"rank": 4, "alpha": 8},
    }


def emissions(ner):
    vocab = ner.vocab
    nlp = spacy.blank("zh", vocab=vocab)
    return ner.model.predict([nlp.make_doc(text) for text in TEXTS])


def same(first, second):
    return all(numpy.array_equal(a, b) for a, b in zip(first, second, strict=True))


class Case:
    """A trained component, its file, and a second component that works in another way."""

    def __init__(self, folder: Path):
        encoder = make_encoder(folder / "encoder")
        self.config = head(lora(encoder))
        nlp = spacy.blank("zh")
        self.ner = nlp.add_pipe("balc_ner", config=self.config)
        learn(nlp, toy_examples(nlp), steps=12)
        self.ner.to_disk(folder / "balc_ner", exclude=["vocab"])
        self.data = (folder / "balc_ner" / "model").read_bytes()
        self.right = emissions(self.ner)
        self.tags = [row.tolist() for row in self.ner.predict(self.docs(nlp))]
        self.folder = folder / "received"
        self.folder.mkdir()
        self.file = self.folder / "model"
        # Other weights and labels: a load that changes nothing in silence is seen.
        self.nlp = spacy.blank("zh")
        self.other = self.nlp.add_pipe("balc_ner", config=self.config)
        learn(self.nlp, [*toy_examples(self.nlp), *self.more(self.nlp)], steps=3)
        self.before = emissions(self.other)
        self.labels = self.other.labels
        self.own = self.other.to_bytes(exclude=["vocab"])
        assert not same(self.before, self.right)

    @staticmethod
    def docs(nlp):
        return [nlp.make_doc(text) for text in TEXTS]

    @staticmethod
    def more(nlp):
        return toy_examples(nlp, [("猫在家。", [(0, 1, "ANIMAL")])])

    def renew(self):
        """A component that works in its own way, whatever was done to the last one."""
        self.nlp = spacy.blank("zh")
        self.other = self.nlp.add_pipe("balc_ner", config=self.config)
        self.other.from_bytes(self.own, exclude=["vocab"])

    def receive(self, data: bytes) -> Optional[ValueError]:
        """Load a file; None if it came out right, the error if it was refused.

        Fails if it came out wrong, or if a refusal cost the component its labels.
        """
        self.file.write_bytes(data)
        try:
            self.other.from_disk(self.folder, exclude=["vocab"])
        except ValueError as error:
            assert str(self.file) in str(error)
            assert self.other.labels == self.labels
            return error
        self.assert_right()
        self.other.from_bytes(self.own, exclude=["vocab"])
        return None

    def assert_right(self):
        assert self.other.labels == self.ner.labels
        assert same(emissions(self.other), self.right)
        assert [row.tolist() for row in self.other.predict(self.docs(self.nlp))] == self.tags

    def assert_as_before(self):
        assert self.other.labels == self.labels
        assert same(emissions(self.other), self.before)
