"""Rows of entities as an augmenter: what changes, what stays, and where it is refused."""

import random
from functools import cache

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from spacy_balc import augment
from spacy_balc.augment import LONGEST, entity_rows

blank = cache(spacy.blank)


def chinese(text, *entities):
    nlp = blank("zh")
    return nlp, Example.from_dict(nlp.make_doc(text), {"entities": list(entities)})


def rows(nlp, example, *, labels=("PER",), times=1, seed=0):
    random.seed(seed)
    augmenter = entity_rows(1.0, list(labels))
    return [changed for _ in range(times) for changed in augmenter(nlp, example)]


def names(example):
    return [entity.text for entity in example.reference.ents]


@st.composite
def documents(draw):
    """Words of one or two letters, spaces, labels in runs (None outside, '?' unknown)."""
    parts = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(["a", "bc", "张", "三丰"]), min_size=1, max_size=3),
                st.sampled_from([None, "?", "PER", "LOC"]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    words = [word for part, _ in parts for word in part]
    spaces = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    return parts, words, spaces


def reference_of(nlp, parts, words, spaces):
    doc = Doc(nlp.vocab, words, spaces)
    spans, unknown, start = [], [], 0
    for part, label in parts:
        end = start + len(part)
        if label == "?":
            unknown.append(Span(doc, start, end))
        elif label:
            spans.append(Span(doc, start, end, label))
        start = end
    doc.set_ents(spans, missing=unknown)
    return doc


@given(documents(), st.sampled_from(["en", "zh"]), st.integers(0, 1000))
def test_a_row_stands_where_one_entity_stood_and_the_rest_stays(document, lang, seed):
    nlp = blank(lang)
    reference = reference_of(nlp, *document)
    example = Example(nlp.make_doc(reference.text), reference)
    (changed,) = rows(nlp, example, seed=seed)
    long_names = {
        tuple(token.text for token in entity)
        for entity in reference.ents
        if entity.label_ == "PER" and len(entity.text) > 1
    }
    if not long_names:
        assert changed is example
        return
    found = changed.reference
    assert changed.predicted.text == found.text
    before = [(entity.label_, [t.text for t in entity]) for entity in reference.ents]
    after = [(entity.label_, [t.text for t in entity]) for entity in found.ents]
    more = len(after) - len(before)
    assert 1 <= more < LONGEST
    tags = [(t.text, t.whitespace_, t.ent_iob_, t.ent_type_) for t in reference]
    new_tags = [(t.text, t.whitespace_, t.ent_iob_, t.ent_type_) for t in found]
    possible = []
    for k, entity in enumerate(reference.ents):
        row = found.ents[k : k + more + 1]
        if (
            entity.label_ == "PER"
            and before[:k] == after[:k]
            and before[k + 1 :] == after[k + more + 1 :]
            and all(e.label_ == "PER" and tuple(t.text for t in e) in long_names for e in row)
            and all(a.end == b.start for a, b in zip(row, row[1:], strict=False))
            and tags[: entity.start] == new_tags[: row[0].start]
            and tags[entity.end :] == new_tags[row[-1].end :]
            and reference[entity.end - 1].whitespace_ == found[row[-1].end - 1].whitespace_
        ):
            possible.append(row)
    assert possible
    space = " " if lang == "en" else ""
    assert any(all(e[-1].whitespace_ == space for e in row[:-1]) for row in possible)


def test_names_of_earlier_examples_come_in():
    nlp, first = chinese("张三丰来了。", (0, 3, "PER"))
    _, second = chinese("李四走了。", (0, 2, "PER"))
    random.seed(0)
    augmenter = entity_rows(1.0, ["PER"])
    found = {
        name
        for example in [first] * 20 + [second] * 20
        for changed in augmenter(nlp, example)
        for name in names(changed)
    }
    assert found == {"张三丰", "李四"}


def test_a_surname_alone_gives_way_but_comes_in_no_row():
    nlp, example = chinese("王说，张三丰来了。", (0, 1, "PER"), (3, 6, "PER"))
    changed = rows(nlp, example, times=30)
    assert any(names(one)[0] == "张三丰" for one in changed)
    assert all(names(one).count("王") <= 1 for one in changed)


def test_rows_have_any_length_and_short_ones_are_as_likely_as_long_ones():
    nlp, example = chinese("张三丰来了。", (0, 3, "PER"))
    lengths = [len(names(changed)) for changed in rows(nlp, example, times=2000)]
    assert min(lengths) == 2 and max(lengths) == LONGEST
    share = sum(length < 9 for length in lengths) / len(lengths)
    assert 0.4 < share < 0.55  # two of the four and a third doublings


def test_other_labels_and_examples_without_entities_stay():
    for example in (chinese("他在上海。", (2, 4, "LOC")), chinese("你好。")):
        assert rows(*example) == [example[1]]


def test_level_is_the_share_of_examples_that_change():
    nlp, example = chinese("张三丰来了。", (0, 3, "PER"))
    random.seed(0)
    for level, least, most in ((0.0, 0, 0), (0.2, 140, 260), (1.0, 1000, 1000)):
        augmenter = entity_rows(level, ["PER"])
        changed = sum(one is not example for _ in range(1000) for one in augmenter(nlp, example))
        assert least <= changed <= most


def test_memory_is_bounded_and_late_names_come_in(monkeypatch):
    monkeypatch.setattr(augment, "KEPT", 5)
    random.seed(0)
    augmenter = entity_rows(1.0, ["PER"])
    for i in range(100):
        nlp, example = chinese(f"{i + 100}号来了。", (0, 3, "PER"))
        (changed,) = augmenter(nlp, example)
    assert len(set(names(changed))) <= 5
    assert any(int(name) > 150 for name in names(changed))


def test_unknown_spaces_stay_unknown():
    nlp = blank("en")
    reference = Doc(nlp.vocab, ["Ann", "Lee", "came"])
    reference.set_ents([Span(reference, 0, 2, "PER")])
    example = Example(Doc(nlp.vocab, ["Ann", "Lee", "came"]), reference)
    (changed,) = rows(nlp, example)
    assert changed.reference.has_unknown_spaces
    assert [t.text for t in changed.predicted] == [t.text for t in changed.reference]


def test_spacy_corpus_takes_it_from_a_config(tmp_path):
    nlp, example = chinese("张三丰来了。", (0, 3, "PER"))
    DocBin(docs=[example.reference] * 50).to_disk(tmp_path / "train.spacy")
    config = {
        "corpus": {
            "@readers": "spacy.Corpus.v1",
            "path": str(tmp_path / "train.spacy"),
            "gold_preproc": False,
            "augmenter": {
                "@augmenters": "spacy-balc.EntityRows.v1",
                "level": 0.5,
                "labels": ["PER"],
            },
        }
    }
    texts = []
    for _ in range(2):
        random.seed(0)
        corpus = registry.resolve(config)["corpus"]
        texts.append([one.reference.text for one in corpus(nlp)])
    assert texts[0] == texts[1]
    assert 10 < sum(text == "张三丰来了。" for text in texts[0]) < 40


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ValueError, match="from 0 to 1"):
        entity_rows(level, ["PER"])


def test_no_labels_are_refused():
    with pytest.raises(ValueError, match="name at least one"):
        entity_rows(0.1, [])
