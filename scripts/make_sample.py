"""Write the sample corpus: Chinese news-like sentences with PER, LOC and ORG, made from templates.

The grammar and the names lie beside this file: `sample_names.py` and `sample_words.py` (names and
set phrases), `sample_templates.py` and `sample_templates_more.py` (sentence templates). The three
parts share surnames, suffixes and set phrases, and nothing larger: no template, no entity string
and no divided name (countries, cities, rivers, ...) of one part is used in another.
"""

import argparse
import os
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import permutations
from pathlib import Path

from sample_names import DIVIDED, POOLS, RULES
from sample_templates import TEMPLATES
from sample_templates_more import FRAMES, MORE
from sample_words import WORDS

SEED = 20240613
COUNTS = {"test": 400, "dev": 320, "train": 4000}
SENTENCES = ("frame", "headline", "core", "plain")  # the sections that hold whole sentences
# The sections that are divided among the parts; the others are rules that all parts share.
TEMPLATE_SECTIONS = ("headline", "core", "plain", "opener", "tail", "lead_in", "claim")
LABELS = ("PER", "LOC", "ORG")
LONGEST = 125  # characters in a sentence
REPEATS = 3  # times a held-out part may use one entity string
TOO_ALIKE = 9  # characters in a row that a held-out skeleton may not share with another part

FULL_STOPS = ("。", "？", "！", "”")
HALF_WIDTH = str.maketrans("，；：？！（）", ",;:?!()")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code).isalnum()}
CORNER_QUOTES = str.maketrans("“”", "「」")
STRAIGHT_QUOTES = str.maketrans("“”", '""')
TOKEN = re.compile(r"\{([a-z_]+)\}|\{(\d+)-(\d+)\}|([\[\]|])|([^\[\]{}|]+)")

Pieces = list[tuple[str, str]]  # (text, label); the label of text outside entities is ""


def sections(text: str) -> dict[str, list[str]]:
    """Read `= name` sections of items between spaces; an indented line continues the last item."""
    found: dict[str, list[str]] = {}
    items: list[str] = []
    for line in text.splitlines():
        if line.startswith("= "):
            items = found.setdefault(line[2:].strip(), [])
        elif line.startswith("  "):
            items[-1] += line.strip()
        else:
            items += line.split()
    return found


@cache
def parse(template: str) -> tuple:
    """Turn a template into a sequence of strings, ("slot", name), ("number", low, high) and
    ("choice", sequences). Raises ValueError when brackets do not match."""
    stack: list[list[list]] = [[[]]]
    end = 0
    for match in TOKEN.finditer(template):
        if match.start() != end:
            break
        end = match.end()
        slot, low, high, bracket, literal = match.groups()
        if slot:
            stack[-1][-1].append(("slot", slot))
        elif low:
            stack[-1][-1].append(("number", int(low), int(high)))
        elif literal:
            stack[-1][-1].append(literal)
        elif bracket == "[":
            stack.append([[]])
        elif len(stack) == 1:
            raise ValueError(f"'{bracket}' outside brackets in template: {template}")
        elif bracket == "|":
            stack[-1].append([])
        else:
            choice = ("choice", stack.pop())
            stack[-1][-1].append(choice)
    if end != len(template) or len(stack) != 1:
        raise ValueError(f"unbalanced brackets in template: {template}")
    return tuple(stack[0][0])


def literals(sequence: Iterable) -> Iterator[str]:
    """Yield every piece of plain text in a parsed template."""
    for node in sequence:
        if isinstance(node, str):
            yield node
        elif node[0] == "choice":
            for branch in node[1]:
                yield from literals(branch)


class Grammar:
    """The names and templates of one part of the corpus, and the dice to draw from them."""

    def __init__(self, part: str, seed: int):
        # Only `random()` is drawn from: Python promises the same sequence in every version.
        self.dice = random.Random(f"{seed}/{part}").random
        names = sections(POOLS)
        for name in DIVIDED:
            names[name] = [x for i, x in enumerate(names[name]) if part_of(i) == part]
        self.templates = templates(part)
        self.rules = {**names, **sections(RULES), **sections(WORDS), **self.templates}
        self.unused: dict[str, list[str]] = {}

    def pick(self, items: list):
        return items[int(self.dice() * len(items))]

    def deal(self, section: str) -> str:
        """Return a template of the section; all of them come up before one comes up again."""
        if not self.unused.get(section):
            self.unused[section] = sorted(self.templates[section], key=lambda _: self.dice())
        return self.unused[section].pop()

    def expand(self, template: str) -> Pieces:
        """Fill a template in. Raises ValueError for a slot that no pool or rule provides."""
        return self._expand(parse(template), template)

    def _expand(self, sequence: Iterable, template: str) -> Pieces:
        pieces: Pieces = []
        for node in sequence:
            if isinstance(node, str):
                pieces.append((node, ""))
            elif node[0] == "number":
                low, high = node[1:]
                pieces.append((str(low + int(self.dice() * (high - low + 1))), ""))
            elif node[0] == "choice":
                pieces += self._expand(self.pick(node[1]), template)
            elif node[1] not in self.rules:
                raise ValueError(f"no pool or rule called '{node[1]}', in template: {template}")
            else:
                inner = self.expand(self.pick(self.rules[node[1]]))
                label = node[1].split("_")[0].upper()
                if label in LABELS:
                    inner = [("".join(text for text, _ in inner), label)]
                pieces += inner
        return pieces

    def sentence(self) -> Pieces:
        """Compose a sentence: a headline, frames, a plain one, or a core and what goes with it."""
        kind = self.dice()
        if kind < 0.05:
            return self.restyle(self.expand(self.deal("headline")))
        if kind < 0.68:
            pieces = self.expand(self.deal("frame"))
            while self.dice() < 0.36:
                join = self.pick(["；", "；同时，", "，而", "。"])
                pieces += [(join, ""), *self.expand(self.deal("frame"))]
            return self.restyle([*pieces, ("。", "")])
        if kind < 0.88:
            opener, core, tails = "lead_in", self.deal("plain"), False
        else:
            opener, core, tails = "opener", self.deal("core"), True
        pieces = self.expand(core)
        if self.dice() < 0.25:
            pieces = [*self.expand(self.deal(opener)), ("，", ""), *pieces]
        if tails and not pieces[-1][0].endswith(FULL_STOPS):
            if self.dice() < 0.3:
                pieces += self.expand(self.deal("tail"))
            if self.dice() < 0.28:
                join = self.pick(["；", "；同时，", "，而", "。"])
                pieces += [(join, ""), *self.expand(self.deal("core"))]
        if not pieces[-1][0].endswith(FULL_STOPS):
            pieces.append(("。", ""))
        return self.restyle(pieces)

    def restyle(self, pieces: Pieces) -> Pieces:
        """Now and then write punctuation, digits or quotation marks in their other forms."""
        for share, table in (
            (0.1, HALF_WIDTH),
            (0.05, FULL_WIDTH),
            (0.06, CORNER_QUOTES),
            (0.04, STRAIGHT_QUOTES),
        ):
            if self.dice() < share:
                pieces = [(text.translate(table), label) for text, label in pieces]
        return pieces


def part_of(index: int) -> str:
    """Say which part the name at this place in a divided pool belongs to: 9 of 12 are train's."""
    return {5: "test", 8: "dev", 11: "test"}.get(index % 12, "train")


@cache
def templates(part: str) -> dict[str, list[str]]:
    """The templates of a part, by section: of all, every ninth is test's and every 13th dev's."""
    found: dict[str, list[str]] = {}
    for text in (TEMPLATES, MORE):
        for name, items in sections(text).items():
            found.setdefault(name, []).extend(items)
    for name in TEMPLATE_SECTIONS:
        found[name] = [
            item
            for i, item in enumerate(dict.fromkeys(found[name]))
            if part == ("test" if i % 9 == 4 else "dev" if i % 13 == 7 else "train")
        ]
        if not found[name]:
            raise ValueError(f"no template is left for {part} in '{name}'")
    found["frame"] = sections(FRAMES)[part]
    return found


def plain_text(pieces: Pieces) -> str:
    """The sentence with one form for each character, to compare strings by."""
    return unicodedata.normalize("NFKC", "".join(text for text, _ in pieces))


def entities(pieces: Pieces) -> list[str]:
    return [unicodedata.normalize("NFKC", text) for text, label in pieces if label]


def skeleton(pieces: Pieces) -> str:
    """The sentence with one capital letter for each entity and 0 for each digit."""
    text = "".join(label[0] if label else text for text, label in pieces)
    return re.sub(r"\d", "0", unicodedata.normalize("NFKC", text))


def runs(text: str) -> set[str]:
    return {text[i : i + TOO_ALIKE] for i in range(len(text) - TOO_ALIKE + 1)}


def make_corpus(seed: int) -> dict[str, list[Pieces]]:
    """Make all parts, the held-out ones first, so that later ones can avoid their strings.

    Thrown away is a sentence that repeats another, is too long, names somebody twice, or holds
    an entity that is also a word of some template or was used too often; and one that holds,
    anywhere, an entity string of an earlier part, or shares `TOO_ALIKE` characters of its
    skeleton with one, or all of them. Raises ValueError when two parts share a template."""
    for part, other in permutations(COUNTS, 2):
        mine, theirs = (
            {item for name in SENTENCES for item in templates(p)[name]} for p in (part, other)
        )
        if mine & theirs:
            raise ValueError(f"{part} and {other} share templates: {sorted(mine & theirs)}")
    words = "\n".join(
        literal
        for text in (RULES, WORDS, TEMPLATES, MORE, FRAMES)
        for items in sections(text).values()
        for item in items
        for literal in literals(parse(item))
    )
    corpus: dict[str, list[Pieces]] = {}
    taken: set[str] = set()
    taken_runs: set[str] = set()
    taken_skeletons: set[str] = set()
    for part, count in COUNTS.items():
        grammar = Grammar(part, seed)
        made: dict[str, Pieces] = {}
        uses: Counter[str] = Counter()
        for _ in range(count * 20):
            if len(made) == count:
                break
            pieces = grammar.sentence()
            text, names = plain_text(pieces), entities(pieces)
            if len(text) > LONGEST or text in made or len(set(names)) < len(names):
                continue
            if any(name in words for name in names):
                continue
            if part != "train" and any(uses[name] == REPEATS for name in names):
                continue
            if any(name in text for name in taken):
                continue
            if runs(skeleton(pieces)) & taken_runs or skeleton(pieces) in taken_skeletons:
                continue
            made[text] = pieces
            uses.update(names)
        else:
            raise RuntimeError(f"the {part} grammar yields no {count} different sentences")
        corpus[part] = list(made.values())
        taken.update(name for pieces in corpus[part] for name in entities(pieces))
        for pieces in corpus[part]:
            taken_runs |= runs(skeleton(pieces))
            taken_skeletons.add(skeleton(pieces))
    return corpus


def bio_lines(pieces: Pieces) -> Iterator[str]:
    """Yield `character TAB tag` for each character of the sentence."""
    for text, label in pieces:
        for i, character in enumerate(text):
            tag = f"{'I' if i else 'B'}-{label}" if label else "O"
            yield f"{character}\t{tag}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write train.bio, dev.bio and test.bio: made-up Chinese news sentences, one "
        "character and its tag (B-/I- PER, LOC, ORG, or O) a line, a tab between, an empty line "
        "after each sentence. The same seed gives the same files, byte for byte.",
        epilog="To have other sentences, edit scripts/sample_*.py or choose another seed. "
        "Example: python scripts/make_sample.py assets/sample",
    )
    parser.add_argument("folder", type=Path, help="where the three files go; made if absent")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    args = parser.parse_args()
    corpus = make_corpus(args.seed)
    args.folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "dev", "test"):
        target = args.folder / f"{part}.bio"
        beside = target.with_suffix(".bio.tmp")
        text = "".join("".join([*bio_lines(pieces), "\n"]) for pieces in corpus[part])
        beside.write_bytes(text.encode("utf-8"))
        os.replace(beside, target)
        found = sum(len(entities(pieces)) for pieces in corpus[part])
        print(f"{target}: {len(corpus[part])} sentences, {found} entities")


if __name__ == "__main__":
    main()
