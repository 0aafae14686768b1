"""The tag set against definitions written out by hand, brute force, and spaCy's own gold."""

from itertools import product

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_balc.tags import (
    MISSING,
    SKIPPED,
    allowed_tags,
    encode,
    expansion,
    legal_transitions,
    spans,
    tag_names,
)

VOCAB = Vocab()
LABELS = ["LOC", "ORG-GOV", "PER"]
NAMES = {name: number for number, name in enumerate(tag_names(LABELS))}
BILUO = [None, "-", "O", *(f"{prefix}-{label}" for prefix in "BILU" for label in LABELS[:2])]


def is_legal(names):
    """BIO, as a definition on names: an inside tag continues an entity of its own label."""
    before = ["O", *names]
    return all(
        not after.startswith("I-") or (name != "O" and name[2:] == after[2:])
        for name, after in zip(before, names)
    )


def test_legal_transitions_are_those_written_out():
    assert tag_names(["A", "B"]) == ["O", "B-A", "I-A", "B-B", "I-B"]
    starts, follows = legal_transitions(5)
    assert starts.tolist() == [True, True, False, True, False]
    assert follows.astype(int).tolist() == [
        [1, 1, 0, 1, 0],  # O
        [1, 1, 1, 1, 0],  # B-A
        [1, 1, 1, 1, 0],  # I-A
        [1, 1, 0, 1, 1],  # B-B
        [1, 1, 0, 1, 1],  # I-B
    ]


@pytest.mark.parametrize("n_labels", [0, 1, 4, 20])
def test_legal_transitions_follow_the_definition_for_any_number_of_labels(n_labels):
    names = tag_names([f"{k:02}" for k in range(n_labels)])
    starts, follows = legal_transitions(len(names))
    assert starts.tolist() == [is_legal([name]) for name in names]
    first = {name: "B" + name[1:] if name[0] == "I" else name for name in names}
    for i, name in enumerate(names):
        for j, after in enumerate(names):
            assert follows[i, j] == is_legal([first[name], name, after])


@st.composite
def annotated(draw):
    """Token texts, and entities (start, end, label number) that no white space begins or ends."""
    word = st.sampled_from(["张", "三", "a1", " ", "\n\n", "\u3000"])
    words = draw(st.lists(word, max_size=10))
    entities, start = [], 0
    while start < len(words):
        end = draw(st.integers(start + 1, len(words)))
        label = draw(st.integers(-1, len(LABELS) - 1))
        edges = words[start].isspace() or words[end - 1].isspace()
        if label >= 0 and not edges:
            entities.append((start, end, label))
        start = end
    return words, entities


@given(annotated())
def test_gold_of_a_doc_comes_back_as_its_spans(sample):
    words, entities = sample
    doc = Doc(VOCAB, words=words, spaces=[False] * len(words))
    doc.set_ents([Span(doc, start, end, label=LABELS[k]) for start, end, k in entities])
    is_space = numpy.array([word.isspace() for word in words], dtype=bool)
    tags = encode(Example(doc, doc.copy()).get_aligned_ner(), is_space, NAMES)
    assert tags.dtype == numpy.int64
    assert spans(tags) == entities
    assert (tags == SKIPPED).tolist() == is_space.tolist()
    assert is_legal([tag_names(LABELS)[tag] for tag in tags[~is_space]])


@pytest.mark.parametrize(
    ("biluo", "expected"),
    [
        (["B-PER", "I-PER", "L-PER"], ["B-PER", "I-PER", "I-PER"]),
        (["U-PER", "U-PER"], ["B-PER", "B-PER"]),
        (["B-PER", "L-PER", "B-PER", "L-PER"], ["B-PER", "I-PER", "B-PER", "I-PER"]),
        (["U-ORG-GOV", "O"], ["B-ORG-GOV", "O"]),
        ([None, "O", "-"], [None, "O", None]),
        # continues nothing
        (["I-PER", "L-PER"], ["B-PER", "I-PER"]),
        (["O", "L-PER"], ["O", "B-PER"]),
        (["B-LOC", "I-PER", "L-LOC"], ["B-LOC", "B-PER", "B-LOC"]),
        # behind a missing token it may continue an entity
        ([None, "L-PER", "L-LOC"], [None, "I-PER", "B-LOC"]),
        (["B-PER", None, "L-PER"], ["B-PER", None, "I-PER"]),
        (["O", "-", "I-PER", "L-PER"], ["O", None, "I-PER", "I-PER"]),
        ([None, "U-PER"], [None, "B-PER"]),
        # white space inside, at the edges, and in between
        (["B-PER", " I-PER", "L-PER"], ["B-PER", " ", "I-PER"]),
        (["B-PER", " O", "L-PER"], ["B-PER", " ", "I-PER"]),
        ([" B-PER", "L-PER"], [" ", "B-PER"]),
        (["O", " B-PER", "I-PER", " L-PER", "O"], ["O", " ", "B-PER", " ", "O"]),
        (["U-PER", " O", "U-PER"], ["B-PER", " ", "B-PER"]),
        (["O", " None", "L-PER"], ["O", " ", "B-PER"]),
        (["U-PER", " B-PER", "L-PER"], ["B-PER", " ", "B-PER"]),
        ([None, " B-PER", "L-PER"], [None, " ", "B-PER"]),
        ([], []),
    ],
)
def test_encode(biluo, expected):
    """A leading space marks white space."""
    is_space = numpy.array([(name or "").startswith(" ") for name in biluo], dtype=bool)
    gold = [name.strip() if name else None for name in biluo]
    gold = [None if name == "None" else name for name in gold]
    numbers = [{None: MISSING, " ": SKIPPED}.get(name, NAMES.get(name)) for name in expected]
    assert encode(gold, is_space, NAMES).tolist() == numbers


def test_misaligned_gold_is_missing_and_its_neighbours_stay():
    predicted = Doc(VOCAB, words=["张", "三在", "北", "京"], spaces=[False] * 4)
    reference = Doc(VOCAB, words=["张", "三", "在", "北京"], spaces=[False] * 4)
    reference.set_ents([Span(reference, 0, 2, label="PER"), Span(reference, 3, 4, label="LOC")])
    biluo = Example(predicted, reference).get_aligned_ner()
    tags = encode(biluo, numpy.zeros(4, dtype=bool), NAMES)
    assert tags.tolist() == [MISSING, MISSING, NAMES["B-LOC"], NAMES["I-LOC"]]


@given(st.lists(st.tuples(st.sampled_from(BILUO), st.booleans()), max_size=10))
def test_any_gold_leaves_a_legal_completion(gold):
    biluo, is_space = [name for name, _ in gold], numpy.array([s for _, s in gold], dtype=bool)
    tags = encode(biluo, is_space, NAMES)
    starts, follows = legal_transitions(len(NAMES))
    reachable = starts
    for tag in tags[tags != SKIPPED]:
        open_tags = numpy.ones(len(NAMES), dtype=bool)
        if tag != MISSING:
            open_tags = numpy.arange(len(NAMES)) == tag
        assert (reachable & open_tags).any()
        reachable = follows[reachable & open_tags].any(axis=0)


@given(st.lists(st.tuples(st.sampled_from(BILUO), st.booleans()), max_size=10))
def test_encode_keeps_every_label_where_the_gold_has_it(gold):
    biluo, is_space = [name for name, _ in gold], numpy.array([s for _, s in gold], dtype=bool)
    tags = encode(biluo, is_space, NAMES)
    names = tag_names(LABELS)
    for name, space, tag in zip(biluo, is_space, tags):
        if space:
            assert tag == SKIPPED
        elif name in (None, "-"):
            assert tag == MISSING
        else:
            assert names[tag][1:] == name[1:]
            assert name[0] in "IL" or names[tag][0] in "BO"


def test_spans_of_adjacent_entities_and_of_white_space_between_parts():
    b, i = NAMES["B-PER"], NAMES["I-PER"]
    assert spans(numpy.array([b, b, i, 0, NAMES["B-LOC"]])) == [(0, 1, 2), (1, 3, 2), (4, 5, 0)]
    assert spans(numpy.array([b, SKIPPED, i, SKIPPED, 0])) == [(0, 3, 2)]
    assert spans(numpy.array([SKIPPED, 0, MISSING])) == []
    assert spans(numpy.zeros(0, dtype="int64")) == []


@st.composite
def restrictions(draw):
    """What a doc of up to 5 tokens may have: white space, sentence starts, and runs of preset
    tokens, each an entity of a known label, or without a tag of ours (blocked, unknown label)."""
    n = draw(st.integers(1, 5))
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    is_space, sentence_start = numpy.array(draw(flags)), numpy.array(draw(flags))
    preset, preset_tags = numpy.zeros(n, dtype=bool), numpy.zeros(n, dtype="int64")
    start = 0
    while start < n:
        end = draw(st.integers(start + 1, n))
        kind = draw(st.sampled_from(["free", "free", "blocked", "A", "B"]))
        if kind != "free":
            preset[start:end] = True
        if kind in ("A", "B"):
            begin = 1 if kind == "A" else 3
            tokens = [i for i in range(start, end) if not is_space[i]]
            preset_tags[tokens] = begin + 1
            preset_tags[tokens[:1]] = begin
        start = end
    return is_space, sentence_start, preset, preset_tags


@settings(max_examples=150)
@given(restrictions(), st.sampled_from([3, 5]))
def test_allowed_tags_leave_exactly_the_paths_that_keep_the_rules(given_, n_tags):
    is_space, sentence_start, preset, preset_tags = given_
    preset_tags = numpy.where(preset_tags < n_tags, preset_tags, 0)
    copies = [array.copy() for array in (is_space, sentence_start, preset, preset_tags)]
    allowed = allowed_tags(n_tags, is_space, sentence_start, preset, preset_tags)
    for before, after in zip(copies, (is_space, sentence_start, preset, preset_tags)):
        assert (before == after).all()
    if allowed is None:
        assert not is_space.any() and not preset.any() and not sentence_start[1:].any()
        allowed = numpy.ones((len(is_space), n_tags), dtype=bool)
    assert (allowed.any(axis=1) == ~is_space).all()
    names = tag_names(["A", "B"])
    tokens = numpy.flatnonzero(~is_space)
    n_paths = 0
    for path in product(range(n_tags), repeat=len(tokens)):
        if not is_legal([names[tag] for tag in path]):
            continue
        tags = numpy.full(len(is_space), SKIPPED)
        tags[tokens] = path
        right = (tags[preset & ~is_space] == preset_tags[preset & ~is_space]).all()
        for start, end, _ in spans(tags):
            if preset[start:end].all():
                continue
            right &= not preset[start:end].any() and not sentence_start[start + 1 : end].any()
        assert right == allowed[tokens, list(path)].all()
        n_paths += right
    assert n_paths


def allowed_names(labels="A", **where):
    """First letters of the tags that each of 4 tokens may have."""
    arrays = {key: numpy.zeros(4, dtype=bool) for key in ("is_space", "sentence_start", "preset")}
    preset_tags = numpy.zeros(4, dtype="int64")
    names = tag_names(list(labels))
    for i, name in where.pop("preset", {}).items():
        arrays["preset"][i] = True
        preset_tags[i] = names.index(name)
    for key, indices in where.items():
        arrays[key][indices] = True
    allowed = allowed_tags(len(names), *arrays.values(), preset_tags)
    if allowed is None:
        return None
    return ["".join(name[0] for name, ok in zip(names, row) if ok) for row in allowed]


def test_allowed_tags_case_by_case():
    assert allowed_names() is None
    assert allowed_names(sentence_start=[0]) is None
    assert allowed_names(is_space=[1]) == ["OBI", "", "OBI", "OBI"]
    assert allowed_names(sentence_start=[2]) == ["OBI", "OBI", "OB", "OBI"]
    # a sentence that starts on white space starts with what follows
    assert allowed_names(sentence_start=[1], is_space=[1]) == ["OBI", "", "OB", "OBI"]
    assert allowed_names(sentence_start=[1], is_space=[1, 2]) == ["OBI", "", "", "OB"]
    # a preset entity is kept, and what follows cannot continue it
    assert allowed_names(preset={1: "B-A", 2: "I-A"}) == ["OBI", "B", "I", "OB"]
    assert allowed_names(preset={0: "B-A", 1: "B-A"}) == ["B", "B", "OB", "OBI"]
    # blocked, or of an unknown label
    assert allowed_names(preset={1: "O"}) == ["OBI", "O", "OB", "OBI"]
    assert allowed_names(preset={1: "O"}, is_space=[2]) == ["OBI", "O", "", "OB"]
    assert allowed_names(preset={1: "O"}, is_space=[1]) == ["OBI", "", "OB", "OBI"]
    # a sentence start inside a preset entity is none of our business
    assert allowed_names(preset={1: "B-A", 2: "I-A"}, sentence_start=[2])[1:3] == ["B", "I"]


label_sets = st.lists(st.sampled_from("ABCDEF"), unique=True, max_size=5).map(sorted)


@given(label_sets, label_sets)
def test_expansion_keeps_tags_by_name_and_starts_fresh_ones_at_the_mean(old, more):
    new = sorted({*old, *more})
    matrix, fresh = expansion(old, new)
    assert matrix.dtype == numpy.float32
    assert matrix.shape == (len(tag_names(new)), len(tag_names(old)))
    weights = {name: 2.0**k for k, name in enumerate(tag_names(old))}
    expanded = matrix @ numpy.array(list(weights.values()))
    for name, value, is_fresh in zip(tag_names(new), expanded, fresh):
        assert is_fresh == (name not in weights)
        if name in weights:
            assert value == weights[name]
        else:
            known = [weight for other, weight in weights.items() if other[0] == name[0]]
            assert value == pytest.approx(sum(known) / len(known) if known else 0.0)


def test_expansion_by_a_label_that_sorts_first_moves_the_others():
    matrix, fresh = expansion(["M", "X"], ["B", "M", "X"])
    assert matrix.tolist() == [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.5, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.5, 0.0, 0.5],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
    assert fresh.tolist() == [False, True, True, False, False, False, False]
