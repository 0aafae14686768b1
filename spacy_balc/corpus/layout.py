"""How a column file is to be read: separator, columns and tag scheme, detected or given."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .interface import ReadOptions
from .schemes import TAG, detect_scheme, scheme_named

SEEN = 20_000  # lines that detection looks at
SEPARATORS = {"tab": "\t", "\\t": "\t", "space": " "}
BREAK = "-DOCSTART-"  # CoNLL's mark between documents


@dataclass(frozen=True)
class Layout:
    """How a file's lines are to be read. Columns are counted from 0; a separator of one space
    stands for any run of spaces and tabs."""

    separator: str
    columns: int
    token: int
    tag: int
    scheme: str

    def split(self, line: str) -> list[str]:
        """The columns of one line, those other than the token without white space around them."""
        if self.separator == " ":
            return re.split("[ \t]+", line.rstrip(" \t"))
        cells = line.rstrip(" \t").split(self.separator)
        return [cell if i == self.token else cell.strip(" \t") for i, cell in enumerate(cells)]

    def __str__(self) -> str:
        names = {" ": "white space", "\t": "tabs"}
        by = names.get(self.separator, f"'{self.separator}'")
        return (
            f"tags follow {self.scheme}; token in column {self.token + 1}, tag in column "
            f"{self.tag + 1} of {self.columns}, separated by {by}"
        )


def detect_layout(head: str, options: ReadOptions = ReadOptions()) -> Layout:
    """How the lines of a file are to be read, from its first ones and what `options` names.

    A tag column that is not named is the last one, or, if that does not look like tags, the last
    that does; a token column the first other one, leaving out, in a file of three or more columns,
    a first one that numbers the tokens of each sentence.

    Raises ValueError where `options` names an unknown scheme, a column that is not there, or one
    for both.
    """
    scheme = scheme_named(options.scheme) if options.scheme else ""
    lines = [line.rstrip(" \t") for line in head.split("\n", SEEN)[:SEEN]]
    given = SEPARATORS.get(options.separator or "", options.separator)
    separator = given or _separator(lines)
    split = Layout(separator, 0, -1, 0, "").split
    rows = [split(line) if line else [] for line in lines]
    widths = Counter(len(row) for row in rows if row and row[0] != BREAK)
    width = max(2, max(widths, key=lambda n: widths[n], default=2))
    for name, column in (("token", options.token_column), ("tag", options.tag_column)):
        if column is not None and not 1 <= column <= width:
            raise ValueError(
                f"--{name}-column: there is no column {column}; the lines have {width}"
            )
    rows = [row if len(row) == width and row[0] != BREAK else [] for row in rows]
    tag = options.tag_column - 1 if options.tag_column else _tag_column(rows, width)
    token = options.token_column - 1 if options.token_column else _token_column(rows, width, tag)
    if token == tag:
        raise ValueError(f"token and tag cannot both be in column {tag + 1}; see --token-column")
    return Layout(separator, width, token, tag, scheme or detect_scheme(_groups(rows, tag)))


def _separator(lines: list[str]) -> str:
    """A tab where each line that can be cut at all can be cut at one, else white space. A comment
    says nothing."""
    cut = [line for line in lines if re.search("[^ \t][ \t]", line)]
    tabbed = [line for line in cut if "\t" in line]
    return "\t" if tabbed and all("\t" in line or line[0] == "#" for line in cut) else " "


def _tag_column(rows: list[list[str]], width: int) -> int:
    rows = [row for row in rows if row]
    for column in reversed(range(width)):
        if sum(bool(TAG.fullmatch(row[column])) for row in rows) > 0.9 * len(rows):
            return column
    return width - 1


def _token_column(rows: list[list[str]], width: int, tag: int) -> int:
    groups = list(_groups(rows, 0)) if width > 2 else []
    numbered = (group == [str(i) for i in range(1, len(group) + 1)] for group in groups)
    first = 1 if groups and all(numbered) else 0
    return next(column for column in range(first, width + 1) if column != tag)


def _groups(rows: list[list[str]], column: int) -> Iterator[list[str]]:
    """One column's cells, a list a sentence."""
    group: list[str] = []
    for row in [*rows, []]:
        if row:
            group.append(row[column])
        elif group:
            yield group
            group = []
