"""Characters that nobody sees, and those that look like others."""

import re
import unicodedata
from collections import Counter, defaultdict

from .findings import Bag, Figures, Findings, Item, named

# Cyrillic and Greek letters that look like Latin ones; Unicode's data in Python has no such list.
LATIN_TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABESIJKMHOPCTYXaeopcyxisjABEZHIKMNOPTYXo"
)
LETTERS = re.compile(r"[^\W\d_]+")
# Compatibility forms that look like the character they stand for, unlike ① or ².
ALIKE = ("<wide>", "<narrow>", "<noBreak>", "<compat>", "<font>")
INVISIBLE = {"Cf", "Zl", "Zp"}
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u180b\u180c\u180d\u2800\ufffc")
LINE_WHITE_SPACE = frozenset("\t\n\r")
JOINERS = frozenset("\u200c\u200d")


class Characters:
    """Counts suspicious characters, each by its number and name."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.harmless: set[str] = set()
        self.twins: dict[str, Bag] = defaultdict(Bag)

    def see(self, item: Item, findings: Findings) -> None:
        text = item.text
        chars = set(text)
        for char in chars - self.seen:
            self.seen.add(char)
            if not (kind_of(char) or twin_of(char) or ord(char) in LATIN_TWINS):
                self.harmless.add(char)
        suspicious = sorted(chars - self.harmless)
        for char in suspicious:
            kind = kind_of(char)
            if kind:
                found = [i for i, c in enumerate(text) if c == char and not joins(text, i)]
                if found:
                    first = found[0]
                    findings.add(kind, item, first, first + 1, named(char), len(found))
            elif twin_of(char):
                first = text.index(char)
                findings.note(self.twins[char], item, first, first + 1, text.count(char))
        if any(ord(char) in LATIN_TWINS for char in suspicious):
            mixed_words(item, findings)

    def finish(self, findings: Findings, figures: Figures) -> None:
        for char, bag in self.twins.items():
            twin = twin_of(char)
            if twin in self.seen:
                findings.put("twin-character", f"{named(char)} beside {named(twin)}", bag)


def kind_of(char: str) -> str | None:
    """The kind of finding that a character is by itself, None for an ordinary one."""
    category = unicodedata.category(char)
    if char == "\ufffd":
        return "replacement-character"
    if category in INVISIBLE or char in BLANKS:
        return "invisible-character"
    if category == "Cc" and char not in LINE_WHITE_SPACE:
        return "control-character"
    return "private-character" if category == "Co" else None


def twin_of(char: str) -> str | None:
    """The usual form of a character that is another form of one that looks the same."""
    how = unicodedata.decomposition(char)
    if not how or how.startswith("<") and not how.startswith(ALIKE):
        return None
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and plain != char else None


def joins(text: str, i: int) -> bool:
    """Whether the character at i is a joiner that belongs there: Arabic and Indic scripts spell
    with it, emoji are glued with it."""
    if text[i] not in JOINERS or i == 0:
        return False
    before = text[i - 1]
    return (
        unicodedata.bidirectional(before) == "AL"
        or unicodedata.combining(before) == 9
        or unicodedata.category(before) in ("So", "Sk")
        or before == "\ufe0f"
    )


def mixed_words(item: Item, findings: Findings) -> None:
    """Words in which a Cyrillic or Greek letter stands among the Latin ones that it looks like."""
    for word in LETTERS.finditer(item.text):
        scripts = [unicodedata.name(char, "").split(" ")[0] for char in word[0]]
        if "LATIN" not in scripts:
            continue
        twins = Counter(char for char in word[0] if ord(char) in LATIN_TWINS)
        for char, times in twins.items():
            findings.add("mixed-script", item, *word.span(), named(char), times)
