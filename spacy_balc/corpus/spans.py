"""What the formats with character offsets share: JSON lines, and entities as files have them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from .docs import from_text
from .files import read_lines
from .interface import CorpusError, OnProblem, Problem, Sentence, place, report


@dataclass(slots=True)
class Mark:
    """An entity as a file has it, not checked yet: all but `line` may be of any type.

    start, end: offsets in the text, end exclusive.
    line: where the file has it.
    string: what the file says stands there; None where it does not say.
    """

    start: Any
    end: Any
    label: Any
    line: int
    string: Any = None


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number, from 1, and JSON object. Empty lines are passed over.

    Raises CorpusError for a line that is no JSON object, or not in UTF-8.
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            problem = f"this is no JSON ({error}); a line holds one JSON object"
            raise CorpusError(f"{place(path, number, line)}: {problem}") from None
        yield number, as_object(value, path, number)


def as_object(value: Any, path: Path, line: int) -> dict[str, Any]:
    """The value, if it is a JSON object; raises CorpusError if not."""
    if not isinstance(value, dict):
        problem = "there must be a JSON object here, in curly brackets; correct or remove it"
        raise CorpusError(f"{place(path, line, shown(value))}: {problem}")
    return value


def no_line(path: Path, line: int, value: Any, shape: str) -> CorpusError:
    """The error for a line that is JSON, but not of a format's shape."""
    problem = f"a line must be {shape}; correct or remove it"
    return CorpusError(f"{place(path, line, shown(value))}: {problem}")


def first_object(head: bytes) -> dict[str, Any]:
    """The JSON object in the first line of a file that begins so; empty where there is none."""
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def to_sentence(
    text: Any,
    marks: Sequence[Mark],
    tokenizer: Callable[[str], Doc],
    line: int,
    file: Path,
    on_problem: OnProblem,
    unit: str | None = "characters",
) -> Sentence | None:
    """The sentence that a text and its entities make; None for an empty text.

    Raises CorpusError for what is no text, and for any problem that `on_problem` does not take.
    """
    if not isinstance(text, str):
        problem = "the text must be a string; correct or remove it"
        raise CorpusError(f"{place(file, line, shown(text))}: {problem}")
    sound = checked(text, marks, file, on_problem, unit)
    spans = [(mark.start, mark.end, mark.label) for mark in sound]
    return from_text(text, spans, tokenizer, line, file, on_problem)


def checked(
    text: str,
    marks: Sequence[Mark],
    file: Path,
    on_problem: OnProblem,
    unit: str | None = "characters",
) -> list[Mark]:
    """The entities whose offsets are numbers and whose text is what the file says, with offsets by
    character. Everything else is checked by `from_text`.

    unit: "characters", "utf-16" (as editors in a browser count: an emoji or a rare Han character is
        two), or None, where that reading counts under which more entities fit.

    Problems: "malformed" and "other-text" (left out); "offset-unit", several readings that fit the
    text as well (characters).
    """

    def tell(mark: Mark, kind: str, message: str, repair: str = "leaves the entity out") -> None:
        content = shown([mark.start, mark.end, mark.label])
        report(Problem(file, mark.line, content, kind, message, repair), on_problem)

    numbered = []
    for mark in marks:
        if type(mark.start) is int and type(mark.end) is int:
            numbered.append(mark)
        else:
            tell(mark, "malformed", "start and end of an entity must be whole numbers.")
    if unit != "characters" and numbered and max(text, default="") > "\uffff":
        converted = _from_utf16(text, numbered)
        numbered = converted if unit else _fitting_better(text, numbered, converted, tell)
    sound = []
    for mark in numbered:
        if _inside(text, mark) and not _likeness(text[mark.start : mark.end], mark.string):
            found = shown(text[mark.start : mark.end])
            message = f"the text has {found} there, not {shown(mark.string)}."
            tell(mark, "other-text", message)
        else:
            sound.append(mark)
    return sound


def fitting(text: str, marks: Sequence[Mark]) -> int:
    """How well entities fit a text: how many lie in it and have there what the file says, those to
    the character twice."""
    return sum(_inside(text, m) and _likeness(text[m.start : m.end], m.string) for m in marks)


def shown(value: Any) -> str:
    """A value of a file for a message: in JSON, and safe to print."""
    string = json.dumps(value, ensure_ascii=False, default=str)
    return string.encode("utf-8", "backslashreplace").decode("utf-8")


def _inside(text: str, mark: Mark) -> bool:
    return 0 <= mark.start < mark.end <= len(text)


def _likeness(found: str, said: Any) -> int:
    """2 where a file's copy of an entity is what the text has, 1 but for white space, else 0. Tools
    change ends of lines in it: Label Studio writes them as backslash and n, brat as a space."""
    if said is None or found == said:
        return 2
    if not isinstance(said, str):
        return 0
    return int("".join(found.split()) == "".join(said.replace("\\n", " ").split()))


def _from_utf16(text: str, marks: list[Mark]) -> list[Mark]:
    """The entities with offsets by character, that were by UTF-16 unit; -1 inside a character."""
    units = accumulate((1 + (character > "\uffff") for character in text), initial=0)
    character_at = {unit: i for i, unit in enumerate(units)}
    return [
        Mark(character_at.get(m.start, -1), character_at.get(m.end, -1), m.label, m.line, m.string)
        for m in marks
    ]


def _fitting_better(
    text: str, marks: list[Mark], converted: list[Mark], tell: Callable[..., None]
) -> list[Mark]:
    """The entities as they are, or converted from UTF-16 units, whichever fit the text better."""
    fit, fit_converted = fitting(text, marks), fitting(text, converted)
    if fit_converted > fit:
        return converted
    if fit == fit_converted and fit and marks != converted:
        one, other = next(pair for pair in zip(marks, converted, strict=True) if pair[0] != pair[1])
        message = (
            "before this entity the text holds characters beyond U+FFFF, such as emoji, and "
            "nothing tells whether its offsets count characters or UTF-16 units, so it is "
            f"{shown(text[one.start : one.end])} or {shown(text[other.start : other.end])}; "
            "--offset-unit says which."
        )
        tell(one, "offset-unit", message, "counts characters")
    return marks
