"""Vocabularies for pre-training: of characters, or an encoder's own, cut to what a text uses."""

import collections
import sys
from pathlib import Path
from typing import Iterable

import torch
from transformers import BertTokenizerFast, PreTrainedModel

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LATIN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII = [chr(code) for code in range(33, 127)]
LETTERS = ASCII + [f"##{char}" for char in LATIN]


def characters(lines: Iterable[str]) -> list[str]:
    """The characters of a text but white space, the most frequent first."""
    counts: collections.Counter[str] = collections.Counter()
    for line in lines:
        counts.update(line)
    return [char for char, _ in counts.most_common() if not char.isspace()]


def make_tokenizer(lines: list[str], size: int, folder: Path) -> BertTokenizerFast:
    """A cased character vocabulary: ASCII, `##` pieces for Latin words, the most frequent rest."""
    rest = [char for char in characters(lines) if char not in ASCII]
    return _write((SPECIALS + LETTERS + rest)[:size], folder, lower=False)


def cut_vocabulary(
    model: PreTrainedModel, tokenizer, lines: list[str], size: int, folder: Path
) -> BertTokenizerFast:
    """Leave an encoder `size` pieces: the special ones, ASCII, the most frequent characters of a
    text and, for what room is left, the first others. Its rows of them go on as they are.

    Exits unless the encoder has BERT's word pieces, and more of them.
    """
    if not isinstance(tokenizer, BertTokenizerFast):
        sys.exit(f"--keep is for BERT's word pieces, and these are {type(tokenizer).__name__}'s.")
    known = tokenizer.get_vocab()
    if not len(SPECIALS) < size <= len(known):
        sys.exit(f"--keep {size} must be from {len(SPECIALS) + 1} to {len(known)}, all there are.")
    specials = sorted(tokenizer.all_special_tokens, key=known.__getitem__)
    every = sorted(known, key=known.__getitem__)
    wanted = dict.fromkeys([*specials, *LETTERS, *characters(lines), *every])
    pieces = [piece for piece in wanted if piece in known][:size]
    rows = torch.tensor([known[piece] for piece in pieces])
    head = model.get_output_embeddings()
    with torch.no_grad():
        for parameter in {model.get_input_embeddings().weight, *head.parameters()}:
            parameter[:size] = parameter[rows].clone()
    model.resize_token_embeddings(size)
    shorter = _write(pieces, folder, lower=tokenizer.do_lower_case)
    model.config.pad_token_id = shorter.pad_token_id
    model.get_input_embeddings().padding_idx = shorter.pad_token_id
    return shorter


def _write(pieces: list[str], folder: Path, lower: bool) -> BertTokenizerFast:
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(pieces) + "\n", encoding="utf8")
    strip = None if lower else False
    return BertTokenizerFast(
        str(vocabulary), do_lower_case=lower, strip_accents=strip, model_max_length=512
    )
