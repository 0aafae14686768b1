"""Tag schemes: how the tags of a sentence mean entities, and which scheme a file's tags follow."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from .interface import OnProblem, Problem, report

# For each scheme its letters for an entity's begin, inside, end and single token. In case of a
# tie the first one counts. IOB1 begins with I, and with B only directly behind an entity of the
# same type.
SCHEMES = {
    "BIO": "BIIB",
    "IOB1": "BIIB",
    "BIOES": "BIES",
    "BILOU": "BILU",
    "BMES": "BMES",
    "BMEWO": "BMEW",
}
OTHER_NAMES = {"IOB2": "BIO", "IOBES": "BIOES", "BMESO": "BMES", "BMEOW": "BMEWO"}

# What looks like a tag of one scheme or another.
TAG = re.compile(r"O|[BIMELSUW]-\S.*")


def scheme_named(name: str) -> str:
    """The key in SCHEMES that a user's `name` means; raises ValueError where there is none."""
    known = OTHER_NAMES.get(name.upper(), name.upper())
    if known not in SCHEMES:
        names = ", ".join([*SCHEMES, *OTHER_NAMES])
        raise ValueError(f"there is no tag scheme '{name}'; there are {names}")
    return known


def detect_scheme(sentences: Iterable[Sequence[str]]) -> str:
    """The scheme that the tags of some sentences follow: the one whose letters fit most of them;
    BIO where nothing speaks against it.

    IOB1 needs more than one tag's word, since a stray `I-X` is a mistake that BIO files hold: at
    least three entities that begin with I, and not one that begins with B elsewhere than directly
    behind an entity of the same type.
    """
    letters: Counter[str] = Counter()
    begun_by_i = begun_by_b = 0
    for tags in sentences:
        before = ""
        for tag in tags:
            letter, _, label = tag.partition("-")
            letters[letter] += 1
            if label and label != before:
                begun_by_i += letter == "I"
                begun_by_b += letter == "B"
            before = label
    best = max(SCHEMES, key=lambda name: sum(letters[letter] for letter in set(SCHEMES[name])))
    return "IOB1" if best == "BIO" and begun_by_i >= 3 and not begun_by_b else best


def is_tag(tag: str, scheme: str) -> bool:
    """Whether `tag` is `O`, or a letter of the scheme, `-` and a label."""
    letter, _, label = tag.partition("-")
    return tag == "O" or bool(label) and len(letter) == 1 and letter in SCHEMES[scheme]


def decode(tags: Sequence[str], scheme: str) -> list[tuple[int, int, str]]:
    """The entities (start, end, label) that the tags mean, read leniently: a tag that continues
    nothing begins an entity, and an entity ends where its tags end."""
    begin, inside, end, _ = SCHEMES[scheme]
    entities: list[tuple[int, int, str]] = []
    goes_on = False  # whether the last entity may take one more token
    for i, tag in enumerate(tags):
        if tag == "O":
            goes_on = False
            continue
        letter, _, label = tag.partition("-")
        if label:
            start = i
            if goes_on and (letter == inside or letter == end) and label == entities[-1][2]:
                start = entities.pop()[0]
            entities.append((start, i + 1, label))
        goes_on = bool(label) and (letter == begin or letter == inside)
    return entities


def encode(entities: Sequence[tuple[int, int, str]], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of `length` tokens that holds these entities."""
    begin, inside, end, single = SCHEMES[scheme]
    tags = ["O"] * length
    before = (0, 0, "")
    for entity in entities:
        first, stop, label = entity
        size = stop - first
        letters = single if size == 1 else begin + inside * (size - 2) + end
        if scheme == "IOB1" and (before[1] != first or before[2] != label):
            letters = inside * size
        tags[first:stop] = [f"{letter}-{label}" for letter in letters]
        before = entity
    return tags


def checked_entities(
    tokens: Sequence[str],
    tags: Sequence[str],
    scheme: str,
    lines: Sequence[int],
    file: Path,
    on_problem: OnProblem,
) -> list[tuple[int, int, str]]:
    """The entities of a sentence whose tags are all of the scheme, each with its line in the file.

    Problems: a tag that does not fit those around it (read as `decode` does), an entity that begins
    or ends with white space (trimmed).
    """
    entities = decode(tags, scheme)
    mended = encode(entities, len(tags), scheme)
    for line, token, tag, right in zip(lines, tokens, tags, mended, strict=True):
        if tag != right:
            remedy = f"reads it as {right}"
            if tag[0] == "I" and scheme == "BIO":
                remedy += ", --scheme IOB1 takes I where an entity begins"
            where = (file, line, f"{token} {tag}", "illegal-transition")
            report(Problem(*where, f"{misfit(tag, right, scheme)}.", remedy), on_problem)
    trimmed = []
    for first, end, label in entities:
        inner = [i for i in range(first, end) if not tokens[i].isspace()]
        if not inner or (inner[0], inner[-1] + 1) != (first, end):
            message = f"this {label} begins or ends with white space."
            where = (file, lines[first], "".join(tokens[first:end]), "white-space-border")
            report(Problem(*where, message, "trims it"), on_problem)
        if inner:
            trimmed.append((inner[0], inner[-1] + 1, label))
    return trimmed


def misfit(tag: str, right: str, scheme: str) -> str:
    """What is wrong with a tag that should be `right`, a sentence."""
    begin, inside, end, single = SCHEMES[scheme]
    if scheme == "IOB1":
        return f"{tag} does not stand directly behind an entity of the same type, as B in IOB1 must"
    if tag[0] not in (begin, single) and right[0] in (begin, single):
        return f"{tag} continues nothing"
    return f"{tag} is not followed by {end}-{tag[2:]}, so its entity has no end"
