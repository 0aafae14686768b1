"""Two-column files: a token and its tag a line, an empty line after each sentence; BIO or BMES."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern

from tqdm import tqdm

from .docs import CorpusError, Sentence

# For each scheme its letters for an entity's begin, inside, end and single token. In case of a
# tie the first one counts.
SCHEMES = {"BIO": "BIIB", "BMES": "BMES", "BMEWO": "BMEW"}


@dataclass
class Repair:
    """A tag that was mended, and its line in the file."""

    line: int
    token: str
    found: str
    mended: str


@dataclass
class Columns:
    """What a file holds: the scheme its tags follow, its sentences, and what had to be mended."""

    scheme: str
    sentences: list[Sentence]
    repairs: list[Repair]


def read_columns(path: Path, repair: bool = False) -> Columns:
    """Read a two-column file. A tab or spaces separate token and tag; BOM and CRLF are tolerated.

    repair: mend a tag that does not fit what stands around it (in BIO an `I-X` that continues
        nothing becomes `B-X`; in BMES an entity is ended where its tags end, and begun where they
        begin) and list it, instead of stopping there.

    Raises CorpusError with file, line and content for a line that is not a token and a tag, for a
    tag outside the scheme, and, unless `repair`, for a tag that continues nothing or an entity
    that is not ended; OSError where the file cannot be read.
    """
    blocks = list(_blocks(path))
    if not blocks:
        raise CorpusError(f"{path}: the file holds no sentence")
    tags_seen = Counter(tag for _, _, tags in blocks for tag in tags)
    scheme = detect_scheme(tags_seen)
    illegal = {tag for tag in tags_seen if not is_tag(tag, scheme)}
    sentences, repairs = [], []
    for line, tokens, tags in blocks:
        if not illegal.isdisjoint(tags):
            i = next(i for i, tag in enumerate(tags) if tag in illegal)
            raise _error(path, line + i, f"{tokens[i]} {tags[i]}", _unknown(tags[i], scheme))
        entities = decode(tags, scheme)
        mended = encode(entities, len(tags), scheme)
        for i, (token, tag, right) in enumerate(zip(tokens, tags, mended, strict=True)):
            if tag != right:
                if not repair:
                    problem = _misfit(tag, right, scheme)
                    raise _error(path, line + i, f"{token} {tag}", problem)
                repairs.append(Repair(line + i, token, tag, right))
        sentences.append(Sentence(tokens, entities, line))
    return Columns(scheme, sentences, repairs)


def detect_scheme(tags: Counter[str]) -> str:
    """The scheme whose letters fit most of the tags; BIO where nothing speaks against it."""
    letters = Counter()
    for tag, number in tags.items():
        letters[tag.partition("-")[0]] += number
    return max(SCHEMES, key=lambda name: sum(letters[letter] for letter in set(SCHEMES[name])))


def is_tag(tag: str, scheme: str) -> bool:
    """Whether `tag` is `O`, or a letter of the scheme, `-` and a label."""
    letter, _, label = tag.partition("-")
    return tag == "O" or bool(label) and len(letter) == 1 and letter in SCHEMES[scheme]


def decode(tags: Sequence[str], scheme: str) -> list[tuple[int, int, str]]:
    """The entities (start, end, label) that the tags mean, read leniently: a tag that continues
    nothing begins an entity, and an entity ends where its tags end."""
    begin, inside, _, _ = SCHEMES[scheme]
    entities: list[tuple[int, int, str]] = []
    goes_on = False  # whether the last entity may take one more token
    for i, tag in enumerate(tags):
        letter, _, label = tag.partition("-")
        if label:
            start = i
            if goes_on and letter in SCHEMES[scheme][1:3] and label == entities[-1][2]:
                start = entities.pop()[0]
            entities.append((start, i + 1, label))
        goes_on = bool(label) and letter in (begin, inside)
    return entities


def encode(entities: Sequence[tuple[int, int, str]], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of `length` tokens that holds these entities."""
    begin, inside, end, single = SCHEMES[scheme]
    tags = ["O"] * length
    for first, stop, label in entities:
        size = stop - first
        letters = single if size == 1 else begin + inside * (size - 2) + end
        tags[first:stop] = [f"{letter}-{label}" for letter in letters]
    return tags


def _blocks(path: Path) -> Iterator[tuple[int, list[str], list[str]]]:
    """Each sentence's first line (counted from 1), its tokens and its tags as they stand."""
    first, tokens, tags = 1, [], []
    with (
        open(path, "rb") as file,
        tqdm(
            total=path.stat().st_size, desc=path.name, unit="B", unit_scale=True, disable=None
        ) as bar,
    ):
        # Bytes are cut at \n alone: U+2028, U+0085 and their like are no ends of lines.
        for number, raw in enumerate(file, start=1):
            bar.update(len(raw))
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                problem = f"{error.reason}: the file must be UTF-8, convert it first"
                raise _error(path, number, str(raw.rstrip(b"\r\n"))[2:-1], problem) from None
            if not line.strip():
                if tokens:
                    yield first, tokens, tags
                first, tokens, tags = number + 1, [], []
                continue
            columns = line.rstrip(" \t").replace("\t", " ").split(" ")
            columns = columns[:1] + [column for column in columns[1:] if column]
            if len(columns) != 2 or not columns[0].strip():
                raise _error(path, number, line, _malformed(columns))
            tokens.append(intern(columns[0]))
            tags.append(intern(columns[1]))
    if tokens:
        yield first, tokens, tags


def _error(path: Path, line: int, content: str, problem: str) -> CorpusError:
    shown = content if len(content) <= 80 else f"{content[:80]}…"
    return CorpusError(f"{path}, line {line}, '{shown}': {problem}")


def _malformed(columns: list[str]) -> str:
    if not columns[0].strip():
        found = "the token is empty or white space"
    elif len(columns) == 1:
        found = "there is only one column"
    else:
        found = f"there are {len(columns)} columns"
    return f"A line is a token, a tab or spaces, and a tag; here {found}. Correct or remove it."


def _unknown(tag: str, scheme: str) -> str:
    letters = ", ".join(f"{letter}-LABEL" for letter in dict.fromkeys(SCHEMES[scheme]))
    return f"'{tag}' is no tag of {scheme}, which the file's tags follow: O, {letters}."


def _misfit(tag: str, right: str, scheme: str) -> str:
    begin, _, end, single = SCHEMES[scheme]
    if tag[0] not in (begin, single) and right[0] in (begin, single):
        problem = f"{tag} continues nothing."
    else:
        problem = f"{tag} is not followed by {end}-{tag[2:]}, so its entity has no end."
    return f"{problem} Use --repair to read it as {right}."
