"""Text for pre-training: lines to blocks of word pieces, a teacher's tags beside them, masking."""

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


def pack(
    lines: list[str],
    tags: list[list[str]] | None,
    tokenizer,
    length: int,
    characters: bool = False,
) -> Blocks:
    """Blocks of `length` word pieces of all lines; exits if there is not one.

    tags: of the characters of each line; a tag that ends in `-B` begins a word. characters: whether
        each character but white space is a piece.
    """
    names = sorted({tag for row in tags for tag in row}) if tags else []
    numbers = {name: number for number, name in enumerate(names)}
    begins = numpy.array([name.endswith("-B") for name in names] + [True])
    ids: list[numpy.ndarray] = []
    found: list[numpy.ndarray] = []
    encoded = (_characters if characters else _pieces)(lines, tokenizer)
    for i, (row, places) in enumerate(tqdm(encoded, desc="word pieces", total=len(lines))):
        ids.append(numpy.array(row + [tokenizer.sep_token_id], dtype="int32"))
        of_pieces = numpy.full(len(row) + 1, IGNORED, dtype="int16")
        if tags:
            of_pieces[:-1] = [numbers[tags[i][place]] for place in places]
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


def _pieces(lines: list[str], tokenizer) -> Iterator[tuple[list[int], list[int]]]:
    """Word pieces of each line, and the places where they begin."""
    for first in range(0, len(lines), AT_ONCE):
        some = lines[first : first + AT_ONCE]
        encoded = tokenizer(some, add_special_tokens=False, return_offsets_mapping=True)
        for row, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
            yield row, [start for start, _ in offsets]


def _characters(lines: list[str], tokenizer) -> Iterator[tuple[list[int], list[int]]]:
    """The same where each character but white space is a piece."""
    known, unknown = tokenizer.get_vocab(), tokenizer.unk_token_id
    lower = getattr(tokenizer, "do_lower_case", False)
    for line in lines:
        places = [i for i, char in enumerate(line) if not char.isspace()]
        found = [line[i].lower() if lower else line[i] for i in places]
        yield [known.get(char, unknown) for char in found], places


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
