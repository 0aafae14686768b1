"""Text for pre-training: lines to blocks of word pieces, a teacher's tags beside them, masking."""

import collections
import gzip
import hashlib
import lzma
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy
import torch
from tqdm import tqdm
from transformers import BertTokenizerFast

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LATIN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII = [chr(code) for code in range(33, 127)]
IGNORED = -100  # a label without a loss, as in torch's cross entropy
AT_ONCE = 1000  # lines tokenised in one call


@dataclass
class Blocks(torch.utils.data.Dataset):
    """Blocks of word pieces, `[CLS] line [SEP] line [SEP] ...`, as int32 (blocks, length).

    tags: int16, the same shape: number of the tag at a piece's first character, IGNORED where
        there is none. starts: bool, the same shape: pieces that begin a word (all of them where
        words are not known). names: of the tags, in order of their numbers.
    """

    ids: numpy.ndarray
    tags: numpy.ndarray
    starts: numpy.ndarray
    names: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index) -> dict:
        """One block; a slice gives `Blocks`."""
        if isinstance(index, slice):
            return Blocks(self.ids[index], self.tags[index], self.starts[index], self.names)
        return {
            "input_ids": torch.from_numpy(self.ids[index].astype("int64")),
            "tags": torch.from_numpy(self.tags[index].astype("int64")),
            "starts": torch.from_numpy(self.starts[index]),
        }


def open_lines(path: Path) -> Iterator[str]:
    """Lines of a plain, .gz or .xz file, cut at line feeds alone."""
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n")


def read_lines(path: Path) -> list[str]:
    """Lines of a text without those of white space alone."""
    return [line for line in open_lines(path) if line.strip()]


def read_tagged(path: Path, tags_path: Path) -> tuple[list[str], list[list[str]]]:
    """Lines of a text, and for each the tags of its characters, one a code point.

    Exits with file and line where the two do not fit.
    """
    lines, tags = [], []
    pairs = zip(open_lines(path), open_lines(tags_path), strict=True)
    try:
        for number, (line, row) in enumerate(pairs, start=1):
            if line.strip():
                found = [sys.intern(tag) for tag in row.split(" ")]
                if len(found) != len(line):
                    sys.exit(
                        f"{tags_path}, line {number}: {len(found)} tags for the {len(line)} "
                        f"characters of that line in {path}: one tag a character is needed."
                    )
                lines.append(line)
                tags.append(found)
    except ValueError:
        sys.exit(f"{tags_path} and {path} do not have equally many lines.")
    return lines, tags


def make_tokenizer(lines: list[str], size: int, folder: Path) -> BertTokenizerFast:
    """A cased character vocabulary: ASCII, `##` pieces for Latin words, the most frequent rest."""
    counts: collections.Counter[str] = collections.Counter()
    for line in lines:
        counts.update(line)
    known = SPECIALS + ASCII + [f"##{char}" for char in LATIN]
    rest = [char for char, _ in counts.most_common() if not char.isspace() and char not in ASCII]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join((known + rest)[:size]) + "\n", encoding="utf8")
    return BertTokenizerFast(
        str(vocabulary), do_lower_case=False, strip_accents=False, model_max_length=512
    )


def pack(lines: list[str], tags: list[list[str]] | None, tokenizer, length: int) -> Blocks:
    """Blocks of `length` word pieces of all lines; exits if there is not one.

    tags: of the characters of each line; a tag that ends in `-B` begins a word.
    """
    names = sorted({tag for row in tags for tag in row}) if tags else []
    numbers = {name: number for number, name in enumerate(names)}
    begins = numpy.array([name.endswith("-B") for name in names] + [True])
    ids: list[numpy.ndarray] = []
    found: list[numpy.ndarray] = []
    for first in tqdm(range(0, len(lines), AT_ONCE), desc="word pieces", unit_scale=AT_ONCE):
        some = slice(first, first + AT_ONCE)
        encoded = tokenizer(
            lines[some], add_special_tokens=False, return_offsets_mapping=bool(tags)
        )
        for i, row in enumerate(encoded["input_ids"]):
            ids.append(numpy.array(row + [tokenizer.sep_token_id], dtype="int32"))
            of_pieces = numpy.full(len(row) + 1, IGNORED, dtype="int16")
            if tags:
                of_line = tags[first + i]
                of_pieces[:-1] = [numbers[of_line[a]] for a, _ in encoded["offset_mapping"][i]]
            found.append(of_pieces)
    room = length - 1
    flat, flat_tags = numpy.concatenate(ids), numpy.concatenate(found)
    blocks = len(flat) // room
    if blocks == 0:
        sys.exit(f"The text holds {len(flat)} word pieces, fewer than one block of {length}.")
    body = flat[: blocks * room].reshape(blocks, room)
    body_tags = flat_tags[: blocks * room].reshape(blocks, room)
    body = numpy.pad(body, ((0, 0), (1, 0)), constant_values=tokenizer.cls_token_id)
    body_tags = numpy.pad(body_tags, ((0, 0), (1, 0)), constant_values=IGNORED)
    starts = begins[numpy.where(body_tags == IGNORED, len(names), body_tags)]
    return Blocks(body, body_tags, starts, names)


@dataclass
class Collator:
    """Masks whole words anew each time, and puts half of the blocks at a random position, so that
    short blocks train all positions.

    share: of the words masked; of their pieces 80 % become `[MASK]`, 10 % a random piece and 10 %
        stay (Devlin et al., 2019, section 3.1). positions: how many the encoder has, the first of
        which is number `first_position`.
    """

    mask_id: int
    vocabulary: int
    special_ids: list[int]
    share: float
    positions: int
    first_position: int = 0

    def __call__(self, examples: list[dict]) -> dict[str, torch.Tensor]:
        ids, tags, starts = (
            torch.stack([example[key] for example in examples])
            for key in ("input_ids", "tags", "starts")
        )
        rows, length = ids.shape
        word = starts.cumsum(1)
        chosen = torch.rand(rows, length + 1).gather(1, word) < self.share
        chosen &= ~torch.isin(ids, torch.tensor(self.special_ids))
        labels = ids.masked_fill(~chosen, IGNORED)
        fate = torch.rand(rows, length)
        ids = torch.where(chosen & (fate < 0.8), self.mask_id, ids)
        random_ids = torch.randint(self.vocabulary, (rows, length))
        ids = torch.where(chosen & (fate >= 0.9), random_ids, ids)
        spare = max(1, self.positions - length + 1)
        shift = torch.randint(spare, (rows, 1)) * torch.randint(2, (rows, 1))
        return {
            "input_ids": ids,
            "labels": labels,
            "tags": tags,
            "position_ids": self.first_position + shift + torch.arange(length),
            "attention_mask": torch.ones_like(ids),
        }


def digest(*paths: Path | None) -> str:
    """SHA-256 of some files in a row, in hexadecimal digits."""
    found = hashlib.sha256()
    for path in filter(None, paths):
        found.update(path.read_bytes())
    return found.hexdigest()
