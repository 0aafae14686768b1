"""Plots of a report as inline SVG: text stays text, colours are variables of the page's style."""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from .sentences import BREAKS, visible
from .tables import interval, percent

# matplotlib wants colours; each of these becomes the variable of the page's style sheet.
INK, LINE, ACCENT, GOOD, BAD = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {INK: "ink", LINE: "line", ACCENT: "accent", GOOD: "good", BAD: "bad"}
FONT = 11  # px, as every length here: a figure has 72 units an inch and is shown at that size
STRONGEST = 0.55  # opacity of the fullest cell, at which ink on it is still read easily
MOST_NUMBERS = 24  # columns of a heat map whose cells say their numbers
LONGEST = 22  # characters of a name in a plot; its table has the whole


def types_plot(metrics: dict[str, Any]) -> str:
    """Strict F1 and its interval by type in the gold, the lowest first, and over all."""
    ends, counts = metrics["intervals"], metrics["ents_counts"]["per_type"]
    found = [
        (label, rates["f"], ends["per_type"][label]["f"])
        for label, rates in metrics["ents_per_type"].items()
        if counts[label]["gold"]
    ]
    found.sort(key=lambda row: row[1])
    found.append(("all", metrics["ents_f"], ends["overall"]["f"]))
    rows = [row for row in found if row[1] is not None]
    with _Plot([label for label, _, _ in rows], 22 * len(rows)) as plot:
        for y, (_, f, around) in enumerate(rows):
            if around:
                plot.axes.plot([100 * x for x in around], [y, y], color=ACCENT, linewidth=2)
            plot.axes.plot([100 * f], [y], "o", color=ACCENT, markersize=7, clip_on=False)
            plot.axes.annotate(percent(f), (100, y), (6, 0), **_BESIDE)
        plot.axes.set_xlim(0, 100)
        plot.axes.tick_params(axis="y", pad=7)  # a dot at 0 needs room
        words = [f"{label} {percent(f)} ({interval(around)})" for label, f, around in rows]
        return plot.svg("Strict F1 by type", "; ".join(words))


def recall_plot(part: dict[str, Any]) -> str:
    """Bars of one of the tables in `recall`."""
    rows = part["rows"]
    with _Plot([row["name"] for row in rows], 22 * len(rows)) as plot:
        values = [100 * row["recall"] for row in rows]
        plot.axes.barh(range(len(rows)), values, height=0.6, color=ACCENT, alpha=STRONGEST)
        for y, row in enumerate(rows):
            plot.axes.annotate(f"{100 * row['recall']:.1f}", (100, y), (6, 0), **_BESIDE)
        plot.axes.set_xlim(0, 100)
        words = [f"{row['name']}: {percent(row['recall'])} of {row['gold']:,}" for row in rows]
        return plot.svg(f"Recall. {part['title']}", "; ".join(words))


def confusion_plot(confusion: dict[str, Any], link: Callable[[int, int], str | None]) -> str:
    """Heat map of `confusion`. link: the fragment that a cell (row, column) leads to, if any."""
    rows, columns, counts = confusion["rows"], confusion["columns"], confusion["counts"]
    correct = {(i, i) for i in range(len(confusion["types"]))}
    wrong = [n for i, row in enumerate(counts) for j, n in enumerate(row) if (i, j) not in correct]
    most = max([1, *wrong])
    cells = []
    for i, row in enumerate(counts):
        for j, number in enumerate(row):
            if not number:
                continue
            right = (i, j) in correct
            strength = number / sum(row) if right else number / most
            words = f"gold {rows[i]}, predicted {columns[j]}: {number:,}"
            colour = GOOD if right else BAD
            cells.append((i, j, f"{number:,}", colour, strength, link(i, j), words))
    return _heat_map(
        rows,
        columns,
        cells,
        ("gold", "predicted"),
        "Confusion of types",
        "Gold type by predicted type on the same span; the same numbers are in the table below",
    )


def transitions_plot(transitions: dict[str, Any]) -> str:
    """Heat map of a CRF's transition scores; what BIO forbids is left empty."""
    tags = transitions["tags"]
    scores = transition_rows(transitions)
    most = max([abs(v) for row in scores for v in row if v is not None], default=0) or 1.0
    cells = [
        (i, j, f"{value:+.1f}", GOOD if value > 0 else BAD, abs(value) / most, None, "")
        for i, row in enumerate(scores)
        for j, value in enumerate(row)
        if value is not None
    ]
    return _heat_map(
        ["start", *tags],
        [*tags, "end"],
        cells,
        ("from", "to"),
        "Transition scores of the CRF",
        "From the tag of the row to the tag of the column; the same numbers are in the table below",
    )


def transition_rows(transitions: dict[str, Any]) -> list[list[float | None]]:
    """Scores from the start and from each tag, to each tag and to the end."""
    inner = zip(transitions["matrix"], transitions["end"], strict=True)
    return [[*transitions["start"], None], *([*row, end] for row, end in inner)]


def curve_plot(rows: Sequence[dict[str, Any]]) -> str:
    """Scores on the development set, and losses, over the steps of training."""
    steps = [row["step"] for row in rows]
    names = [n for n in ("ents_f", "ents_p", "ents_r") if all(n in row["scores"] for row in rows)]
    scores = {name: [100 * row["scores"][name] for row in rows] for name in names}
    scores = scores or {"score": [100 * row["score"] for row in rows]}
    parts = sorted({name for row in rows for name in row["losses"]})
    losses = {f"loss {n}": [row["losses"].get(n, float("nan")) for row in rows] for n in parts}
    with _Plot([], 280, right=10, left=44) as plot:
        plot.axes.set_position([44 / plot.width, 0.5, 1 - 54 / plot.width, 0.46])
        below = plot.figure.add_axes([44 / plot.width, 0.12, 1 - 54 / plot.width, 0.3])
        for axes, lines in ((plot.axes, scores), (below, losses)):
            axes.tick_params(length=0)
            axes.grid(color=LINE, linewidth=0.7)
            for (name, values), style in zip(lines.items(), ("-", "--", ":", "-.") * len(lines)):
                mark = "o" if len(rows) == 1 else ""
                axes.plot(
                    steps, values, mark + style, color=ACCENT, linewidth=1.6, label=visible(name)
                )
            if lines:
                axes.legend(frameon=False, fontsize=FONT - 1, handlelength=2.2)
        plot.axes.tick_params(labelbottom=False)
        below.set_xlabel("step")
        below.locator_params(axis="x", nbins=5)
        below.locator_params(axis="y", nbins=4)
        for spine in below.spines.values():
            spine.set_visible(False)
        first, best = next(iter(scores)), max(rows, key=lambda row: row["score"])
        words = f"{first} from {scores[first][0]:.2f} at step {steps[0]} to {scores[first][-1]:.2f}"
        words += f" at step {steps[-1]}; best score {best['score']:.4f} at step {best['step']}"
        return plot.svg("Training curve", words)


_BESIDE: dict[str, Any] = {
    "textcoords": "offset points",
    "va": "center",
    "ha": "left",
    "annotation_clip": False,
}


def _short(name: str) -> str:
    name = visible(name.translate(BREAKS))
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _width(text: str) -> int:
    """Pixels that a browser may need for it; matplotlib's own font lacks Han characters."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide * FONT + (len(text) - wide) * 7


class _Plot:
    """A figure whose rows are named on the left, and the settings that all figures share."""

    def __init__(self, names: list[str], height: int, right: int = 48, left: int = 0):
        self.names = list(map(_short, names))
        self.left = left or max([24, *map(_width, self.names)]) + 10
        self.width = max(320, self.left + 160)
        self.right, self.below, self.height = right, 22, height + 22

    def __enter__(self) -> "_Plot":
        try:
            import matplotlib
            from matplotlib.figure import Figure
        except ImportError as error:
            remedy = "pip install 'spacy-balc[report]'"
            raise ImportError(f"The plots of a report need matplotlib: {remedy}") from error
        self._settings = matplotlib.rc_context(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "spacy-balc",  # the same figures give the same page
                "text.parse_math": False,
                "font.size": FONT,
                **dict.fromkeys(["text.color", "axes.labelcolor", "xtick.color"], INK),
                **dict.fromkeys(["ytick.color", "axes.edgecolor"], INK),
            }
        )
        self._settings.__enter__()
        self.figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
        inside = [self.left, self.below, self.width - self.left - self.right]
        inside.append(self.height - self.below - 2)
        scale = [self.width, self.height] * 2
        self.axes = self.figure.add_axes([v / s for v, s in zip(inside, scale)])
        for spine in self.axes.spines.values():
            spine.set_visible(False)
        if self.names:
            self.axes.set_yticks(range(len(self.names)), self.names)
            self.axes.set_ylim(len(self.names) - 0.5, -0.5)
            self.axes.set_axisbelow(True)
            self.axes.grid(axis="x", color=LINE, linewidth=0.7)
        self.axes.tick_params(length=0)
        return self

    def __exit__(self, *error: Any) -> None:
        self._settings.__exit__(*error)

    def svg(self, title: str, description: str, links: dict[str, str] | None = None) -> str:
        """The figure as an element of a page. links: what each fragment linked to is, in words."""
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # the browser has the fonts
            self.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return _inline(file.getvalue(), visible(title), visible(description), links or {})


def _heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[tuple[int, int, str, str, float, str | None, str]],
    axes: tuple[str, str],
    title: str,
    description: str,
) -> str:
    """cells: row, column, text, colour, strength (0 to 1), link, words for the link."""
    names = list(map(_short, columns))
    named = len(columns) <= MOST_NUMBERS
    turned = max(map(_width, names)) > 72 or len(names) > 9
    wide, high = (46, 28) if named else (18, 18)
    above = max(map(_width, names)) + 30 if turned else 50
    with _Plot(list(rows), high * len(rows) + above - 22, right=4) as plot:
        from matplotlib.collections import PolyCollection
        from matplotlib.colors import to_rgba

        plot.width = plot.left + wide * len(columns) + 4
        plot.figure.set_size_inches(plot.width / 72, plot.height / 72)
        inside = (plot.left / plot.width, 2 / plot.height, 1 - (plot.left + 4) / plot.width)
        plot.axes.set_position([*inside, high * len(rows) / plot.height])
        plot.axes.grid(visible=False)
        plot.axes.set_xlim(-0.5, len(columns) - 0.5)
        labels = names if turned else [name.replace(" ", "\n") for name in names]
        plot.axes.set_xticks(range(len(columns)), labels, rotation=90 if turned else 0)
        plot.axes.xaxis.tick_top()
        corner = f"{axes[0]} \\ {axes[1]}"
        plot.figure.text(2 / plot.width, 1 - 14 / plot.height, corner, style="italic")
        edges = {"color": LINE, "linewidth": 0.7, "zorder": 0}
        plot.axes.vlines([x - 0.5 for x in range(len(columns) + 1)], -0.5, len(rows) - 0.5, **edges)
        plot.axes.hlines([y - 0.5 for y in range(len(rows) + 1)], -0.5, len(columns) - 0.5, **edges)
        squares, colours = [], []
        for y, x, text, colour, strength, _, _ in cells:
            corners = (-0.47, -0.46), (0.47, -0.46), (0.47, 0.46), (-0.47, 0.46)
            squares.append([(x + right, y + down) for right, down in corners])
            colours.append(to_rgba(colour, 0.06 + (STRONGEST - 0.06) * strength))
            if named:
                plot.axes.text(x, y, text, ha="center", va="center", fontsize=FONT - 0.5)
        found = PolyCollection(squares, facecolors=colours, edgecolors="none")
        found.set_urls([link for *_, link, _ in cells])
        plot.axes.add_collection(found, autolim=False)
        links = {link: visible(words) for *_, link, words in cells if link}
        return plot.svg(title, description, links)


def _inline(svg: bytes, title: str, description: str, links: dict[str, str]) -> str:
    """What a page needs of matplotlib's file: no metadata, no global style, no ids that clash."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in list(element.attrib):
            value = element.attrib.pop(name)
            if name == "style":
                value = re.sub(r"font: (?:italic )?([\d.]+)px [^;]*", r"font-size: \1px", value)
                value = re.sub(r"font-family: [^;]*;? ?", "", value)
                for colour, variable in VARIABLES.items():
                    value = value.replace(colour, f"var(--{variable})")
            element.set(name.rpartition("}")[2], value)
        if element.tag == "a":
            element.attrib.pop("target")  # matplotlib opens a new tab
            element.set("aria-label", links[element.attrib["href"]])
            ElementTree.SubElement(element, "title").text = links[element.attrib["href"]]
    for name in ("metadata", "defs/style"):
        parent = root.find(name.rpartition("/")[0] or ".")
        child = root.find(name)
        if parent is not None and child is not None:
            parent.remove(child)
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"(?:href=\"|url\()#([\w-]+)", text))
    prefix = re.sub(r"\W+", "-", title.lower())
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in used:
            element.set("id", f"{prefix}-{name}")
        for key, value in element.attrib.items():
            if element.tag != "a":
                value = re.sub(r"^#(?=[\w-]+$)", f"#{prefix}-", value)
                element.set(key, value.replace("url(#", f"url(#{prefix}-"))
    for key in ("version", "xmlns"):
        root.attrib.pop(key, None)
    for key in ("width", "height"):
        root.set(key, root.attrib[key].removesuffix("pt"))
    root.set("role", "group" if links else "img")
    root.set("aria-label", title)
    for tag, words in (("desc", description), ("title", title)):
        child = ElementTree.Element(tag)
        child.text = words
        root.insert(0, child)
    return ElementTree.tostring(root, encoding="unicode")
