"""The sample corpus: written again byte for byte, legal BIO, and parts that share no string."""

import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "make_sample.py"
SAMPLE = ROOT / "assets" / "sample"
PARTS = {"train": 4000, "dev": 320, "test": 400}
TAG = re.compile(r"O|[BI]-(PER|LOC|ORG)")
LOOK_ALIKES = [
    "高兴",
    "黄金",
    "马上",
    "白天",
    "江水",
    "城市",
    "海关手续",
    "山水",
    "州长",
    "省钱",
    "县里",
    "该公司",
    "那所大学",
    "有关部门",
]


def read(part: str) -> list[list[tuple[str, str]]]:
    """Read a part with no code of the project: a list of (character, tag) a sentence."""
    text = (SAMPLE / f"{part}.bio").read_bytes().decode("utf-8")
    blocks = text.split("\n\n")
    assert blocks.pop() == ""
    return [[tuple(line.split("\t")) for line in block.split("\n")] for block in blocks]


def entities(sentence: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """List the (string, label) of a sentence's entities, width forms folded."""
    found: list[list[str]] = []
    for character, tag in sentence:
        if tag.startswith("B-"):
            found.append([character, tag[2:]])
        elif tag.startswith("I-"):
            found[-1][0] += character
    return [(unicodedata.normalize("NFKC", text), label) for text, label in found]


def text_of(sentence: list[tuple[str, str]]) -> str:
    return unicodedata.normalize("NFKC", "".join(character for character, _ in sentence))


def skeleton(sentence: list[tuple[str, str]]) -> str:
    """The sentence with each entity replaced by its type's first letter, each digit by 0."""
    letters = (t[2] if t[0] == "B" else "" if t[0] == "I" else c for c, t in sentence)
    return re.sub(r"\d", "0", unicodedata.normalize("NFKC", "".join(letters)))


CORPUS = {part: read(part) for part in PARTS}
HELD_OUT = [("test", "train"), ("test", "dev"), ("dev", "train")]


def run(*arguments: str, hash_seed: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_default_seed_rewrites_the_files(tmp_path):
    result = run(str(tmp_path), hash_seed="12345")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev.bio", "test.bio", "train.bio"]
    for part in PARTS:
        ours = (tmp_path / f"{part}.bio").read_bytes()
        assert ours == (SAMPLE / f"{part}.bio").read_bytes(), f"run {SCRIPT} {SAMPLE}"


def test_another_seed_gives_other_sentences(tmp_path):
    assert run(str(tmp_path), "--seed", "7", hash_seed="0").returncode == 0
    for part in PARTS:
        assert (tmp_path / f"{part}.bio").read_bytes() != (SAMPLE / f"{part}.bio").read_bytes()


@pytest.mark.parametrize("part", PARTS)
def test_layout_and_counts(part):
    raw = (SAMPLE / f"{part}.bio").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw
    assert raw.endswith(b"\n\n") and b"\n\n\n" not in raw
    assert len(CORPUS[part]) == PARTS[part]
    assert len({text_of(sentence) for sentence in CORPUS[part]}) == PARTS[part]
    for sentence in CORPUS[part]:
        for row in sentence:
            assert len(row) == 2 and len(row[0]) == 1 and not row[0].isspace()


@pytest.mark.parametrize("part", PARTS)
def test_tags_are_legal(part):
    for sentence in CORPUS[part]:
        before = "O"
        for _, tag in sentence:
            assert TAG.fullmatch(tag)
            if tag.startswith("I-"):
                assert before[2:] == tag[2:]
            before = tag


@pytest.mark.parametrize("held_out, other", HELD_OUT)
def test_no_entity_string_is_shared(held_out, other):
    strings = {text for sentence in CORPUS[held_out] for text, _ in entities(sentence)}
    known = {text for sentence in CORPUS[other] for text, _ in entities(sentence)}
    assert len(strings) > 300
    assert not strings & known
    everything = "\n".join(text_of(sentence) for sentence in CORPUS[other])
    assert [text for text in strings if text in everything] == []


@pytest.mark.parametrize("part, least", [("train", 120), ("dev", 25), ("test", 45)])
def test_there_are_enough_templates(monkeypatch, part, least):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import make_sample

    found = make_sample.templates(part)
    items = [item for name in make_sample.SENTENCES for item in found[name]]
    assert len(set(items)) == len(items) >= least


@pytest.mark.parametrize("held_out, other", HELD_OUT)
def test_no_template_is_shared(held_out, other):
    skeletons = {skeleton(sentence) for sentence in CORPUS[held_out]}
    known = {skeleton(sentence) for sentence in CORPUS[other]}
    assert not skeletons & known
    # Not the same sentence with a word changed either: no nine characters in a row in common.
    runs = {text[i : i + 9] for text in known for i in range(len(text) - 8)}
    for text in skeletons:
        assert not any(text[i : i + 9] in runs for i in range(len(text) - 8)), text


@pytest.mark.parametrize("part", PARTS)
def test_lengths_spread(part):
    lengths = sorted(len(sentence) for sentence in CORPUS[part])
    tenth = len(lengths) // 10
    assert lengths[0] <= 6 and lengths[-1] >= 80 and lengths[-1] <= 125
    assert lengths[tenth] <= 15 and lengths[-tenth] >= 45


@pytest.mark.parametrize("part", PARTS)
def test_share_of_sentences_without_entities(part):
    empty = sum(not entities(sentence) for sentence in CORPUS[part])
    assert 0.18 <= empty / len(CORPUS[part]) <= 0.27


@pytest.mark.parametrize("part", PARTS)
def test_each_label_has_a_decent_share(part):
    counts = Counter(label for sentence in CORPUS[part] for _, label in entities(sentence))
    assert set(counts) == {"PER", "LOC", "ORG"}
    assert min(counts.values()) > 0.2 * sum(counts.values())


def test_training_part_is_varied():
    strings = {entity for sentence in CORPUS["train"] for entity in entities(sentence)}
    assert len(strings) > 4000
    touching = sum(
        before != "O" and after.startswith("B-")
        for sentence in CORPUS["train"]
        for (_, before), (_, after) in pairwise(sentence)
    )
    assert touching > 100
    text = "\n".join(text_of(sentence) for sentence in CORPUS["train"])
    for sign in "、·（“「%,":
        assert unicodedata.normalize("NFKC", sign) in text


def test_look_alikes_stay_outside_entities():
    seen: Counter[str] = Counter()
    beside_entities = 0
    for sentence in [*CORPUS["train"], *CORPUS["dev"], *CORPUS["test"]]:
        text = "".join(character for character, _ in sentence)
        for word in LOOK_ALIKES:
            start = text.find(word)
            if start < 0:
                continue
            tags = {tag for _, tag in sentence[start : start + len(word)]}
            seen[word] += tags == {"O"}
            beside_entities += tags == {"O"} and bool(entities(sentence))
    assert sum(count > 0 for count in seen.values()) >= 10, seen
    assert sum(seen.values()) > 100 and beside_entities > 30


def test_bad_seed_is_refused_and_leaves_nothing(tmp_path):
    result = run(str(tmp_path / "new"), "--seed", "many", hash_seed="0")
    assert result.returncode == 2 and "--seed" in result.stderr
    assert not (tmp_path / "new").exists()
