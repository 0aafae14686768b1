"""Sentences of a report's page: gold and answers beneath each other, and links to parts of them."""

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape
from spacy.displacy import EntityRenderer

from .errors import KINDS

BOUNDARY = [kind for kind in KINDS if kind not in ("wrong type", "missed", "spurious")]
WHO = {"gold": "gold", "predicted": "predicted", "compared": "other"}
COLOURS = 8  # backgrounds of types in the style sheet; types beyond them begin again
_ENTITY = '<mark class="{classes}">{text}<b>{label}</b></mark>'

BREAKS = str.maketrans(dict.fromkeys("\r\n\u2028\u2029", "⏎"))
# Invisible, or able to turn what follows.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """A text in which nothing is hidden: control and bidi characters as [U+202E]."""
    return _ODD.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


class Sentences:
    """The errors that a page lists.

    errors: as in the metrics. types: all types, in the order of the page's menus.
    """

    def __init__(self, errors: dict[str, Any], types: Sequence[str]):
        self.examples = errors["examples"]
        self.kinds = [row["kind"] for row in errors["kinds"]]
        self.types = list(types)
        self.anchors: dict[int, list[str]] = {}
        self._listed: dict[str, int] = {}
        self._renderer = EntityRenderer({"template": _ENTITY})

    def link(
        self,
        kind: str | None = None,
        type: str | None = None,
        gold: str | None = None,
        predicted: str | None = None,
    ) -> str | None:
        """The fragment that leads to the errors of a kind (or "boundary" for all BOUNDARY), of a
        type, with a gold or a predicted entity of a type; None where no such error is listed.

        The first of them gets it as an anchor, so that the link leads there without a script.
        """
        key = "f"
        if kind:
            key += "-kb" if kind == "boundary" else f"-k{self.kinds.index(kind)}"
        for letter, label in (("t", type), ("g", gold), ("p", predicted)):
            key += "" if label is None else f"-{letter}{self.types.index(label)}"
        if key not in self._listed:
            kinds = BOUNDARY if kind == "boundary" else [kind] if kind else self.kinds
            found = [
                e["id"]
                for e in self.examples
                if e["kind"] in kinds
                and type in (None, e["type"])
                and (gold is None or gold in e["gold_types"])
                and (predicted is None or predicted in e["predicted_types"])
            ]
            self._listed[key] = len(found)
            if found:
                self.anchors.setdefault(found[0], []).append(key)
        return f"#{key}" if self._listed[key] else None

    def data(self, example: dict[str, Any]) -> dict[str, str]:
        """What the page's filter knows of an error: places in `kinds` and `types`."""

        def places(labels: Sequence[str]) -> str:
            return " ".join(str(self.types.index(label)) for label in labels)

        return {
            "k": str(self.kinds.index(example["kind"])),
            "t": places([example["type"]]),
            "g": places(example["gold_types"]),
            "p": places(example["predicted_types"]),
        }

    def rows(self, example: dict[str, Any]) -> list[tuple[str, Markup]]:
        """Who says so and the sentence as displaCy renders it, for each side that there is.

        What the other side does not have is marked as wrong; a missed entity has its place among
        the predictions, and a spurious one in the gold.
        """
        start, end = example["focus"]
        rows = []
        for who in WHO:
            if who not in example:
                continue
            against = {tuple(s) for s in example["predicted" if who == "gold" else "gold"]}
            ents = []
            for span in example[who]:
                wrong = tuple(span) not in against
                here = wrong and span[0] < end and start < span[1]
                ents.append(self._entity(*span, wrong, here))
            empty = {"missed": "predicted", "spurious": "gold"}.get(example.get("kind", ""))
            if who == empty:
                params = {"classes": "gap here"}
                gap = {"start": start, "end": end, "label": "no entity", "params": params}
                ents = sorted([*ents, gap], key=lambda ent: ent["start"])
            text = example["text"].translate(BREAKS)
            html = self._renderer.render([{"text": text, "ents": ents}])
            rows.append((WHO[who], Markup(html.strip())))
        return rows

    def _entity(self, start: int, end: int, label: str, wrong: bool, here: bool) -> dict[str, Any]:
        classes = f"t{self.types.index(label) % COLOURS if label in self.types else 0}"
        classes += " wrong" * wrong + " here" * here
        shown = str(escape(label)) + " ✗" * wrong  # displaCy leaves labels as they are
        return {"start": start, "end": end, "label": shown, "params": {"classes": classes}}

    def ten_of(self, type: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
        """Up to ten errors of a type, by turns of each kind, of as many docs as there are."""
        by_kind = [
            [e for e in self.examples if e["type"] == type and e["kind"] == kind] for kind in kinds
        ]
        turns = [(n, k, e) for k, found in enumerate(by_kind) for n, e in enumerate(found)]
        docs: set[int] = set()
        first, later = [], []
        for _, _, e in sorted(turns, key=lambda turn: turn[:2]):
            (later if e["doc"] in docs else first).append(e)
            docs.add(e["doc"])
        return [*first, *later][:10]


def gist(example: dict[str, Any], around: int = 14) -> dict[str, Any]:
    """An error in a line: `id`, `kind`, its text (`inside`) and some characters `before` and
    `after` it, and each `gold` and `predicted` entity of it with its label."""
    (start, end), text = example["focus"], example["text"]
    left, right = max(0, start - around), end + around
    return {
        "id": example["id"],
        "kind": example["kind"],
        "before": "…" * (left > 0 or example["cut_left"]) + text[left:start],
        "inside": text[start:end],
        "after": text[end:right] + "…" * (right < len(text) or example["cut_right"]),
        **{
            who: [f"{text[s:e]} {label}" for s, e, label in example[who] if s < end and start < e]
            for who in ("gold", "predicted")
        },
    }
