"""Metrics of a report on a few made-up docs, plain ones and some that try to break a page."""

import re

import numpy

from spacy_balc.report.analysis import analyse
from spacy_balc.report.recall import seen_entities
from spacy_balc.report.sentences import BOUNDARY
from spacy_balc.report.training import transition_table

from .spans import make_doc

DATA = [  # text, gold, predicted, compared
    ("杨柳回到长沙", [(0, 2, "PER"), (4, 6, "LOC")], [(0, 2, "LOC")], [(0, 2, "PER")]),
    ("白云在白云山上", [(0, 2, "PER"), (3, 6, "LOC")], [(3, 5, "LOC")], [(3, 6, "LOC")]),
    ("高原牧场很大", [(0, 4, "ORG")], [(0, 2, "PER"), (2, 4, "LOC")], [(0, 4, "ORG")]),
    ("张清河海洋", [(0, 3, "PER"), (3, 5, "LOC")], [(0, 5, "PER")], [(0, 3, "PER")]),
    ("雨停了", [], [(0, 1, "LOC"), (2, 3, "PER")], []),
    ("河西走廊", [(0, 4, "LOC")], [(0, 4, "LOC")], [(0, 2, "LOC")]),
    ("天水人在天水", [(0, 2, "LOC"), (4, 6, "LOC")], [(0, 3, "LOC"), (4, 6, "ORG")], []),
    ("江山和江山厂", [(0, 2, "PER"), (3, 6, "ORG")], [(0, 2, "LOC"), (4, 6, "PER")], []),
]
EVIL = [
    '<script>alert("1")</script>',
    "<img src=x onerror=alert(1)>",
    "' onclick='x' \" onfocus=\"y",
    "a\u202eb\u2066c\u200bd",
    "nul\x00 esc\x1b bell\x07",
    "</style></script><!-- ]]> &amp; {{ 7*7 }} {x} $x^2$ %s",
    "line\nbreak\r\nhere",
    "four    spaces\tand a tab",
]


def make_metrics(data=DATA, labels=("LOC", "ORG", "PER"), title="A <title>", compare=True):
    docs = [make_doc(text, gold) for text, gold, _, _ in data]
    seen = seen_entities(docs[:3])
    for number, doc in enumerate(docs):
        doc.user_data.update(file="made/up.bio", line=10 * number + 1, source=f"part {number % 2}")
    predicted, compared = ([row[side] for row in data] for side in (2, 3))
    pattern = {"with <i>": re.compile("江|<")}
    others = compared if compare else None
    found = analyse(docs, predicted, others, seen, pattern, ["source"])
    if compare:
        found["comparison"] = {"name": "other <b>", **found["comparison"]}
    random = numpy.random.default_rng(0)
    size = 2 * len(labels) + 1
    scores = random.normal(size=size), random.normal(size=size), random.normal(size=(size, size))
    rows = [
        {
            "epoch": step,
            "step": 20 * step,
            "score": 0.2 * step,
            "losses": {"balc_ner": 9.5 - step},
            "scores": {"ents_f": 0.2 * step, "speed": 1234.0},
        }
        for step in range(5)
    ]
    gold = {"name": "made/up.bio", "sha256": "0" * 64}
    return {
        "title": title,
        **found,
        "transitions": transition_table("balc_ner", labels, *scores),
        "training": {
            "curve": {"log": "log.jsonl", "rows": rows, "of_system": True},
            "performance": {"ents_f": 0.75},
        },
        "measured": {
            "system": {
                "name": "training/model-best",
                "kind": "pipeline",
                "components": ["balc_ner"],
                "lang": "zh",
                "version": "0.0.1",
                "sha256": None,
            },
            "gold": gold,
            "train": gold,
            "docs": len(docs),
            "docs_without_annotation": 1,
            "tokens": sum(map(len, docs)),
            "longest_doc": max(map(len, docs), default=0),
            "entities": found["ents_counts"]["gold"],
            "seconds": 1.25,
            "tokens_per_second": 321.0,
            "versions": {"spacy": "3.8"},
        },
    }


def evil_data():
    """The same, with every evil text around the entities and as labels."""
    data = []
    for number, evil in enumerate(EVIL):
        text, end = f"{evil}河西{evil}", len(evil)
        label, other = EVIL[number].strip(), EVIL[(number + 1) % len(EVIL)].strip()
        spans = [(end, end + 2, label)]
        data.append((text, spans, [(end, end + 2, other)], [(end, end + 1, label)]))
    return data


def accepted(metrics, key):
    """Errors that a link leads to, found again from what its key says."""
    kinds = [row["kind"] for row in metrics["errors"]["kinds"]]
    types = metrics["confusion"]["types"]
    found = metrics["errors"]["examples"]
    for part in key.split("-")[1:]:
        letter, value = part[0], part[1:]
        if letter == "k":
            some = BOUNDARY if value == "b" else [kinds[int(value)]]
            found = [e for e in found if e["kind"] in some]
        else:
            label = types[int(value)]
            field = {"g": "gold_types", "p": "predicted_types"}.get(letter)
            found = [e for e in found if (label in e[field] if field else label == e["type"])]
    return found
