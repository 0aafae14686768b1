"""Tag schemes: what tags mean, against seqeval, and how a scheme is told from the tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

from spacy_balc.corpus.schemes import (
    SCHEMES,
    checked_entities,
    decode,
    detect_scheme,
    encode,
    is_tag,
    scheme_named,
)

LABELS = ("PER", "LOC", "ORG-GOV")
# The letters under which seqeval's lenient reader knows the same tags.
SEQEVAL_LETTERS = {"M": "I", "W": "S", "L": "E", "U": "S"}
STRICT = {"BIO": IOB2, "IOB1": IOB1, "BIOES": IOBES, "BILOU": BILOU}


def tag_lists(scheme: str) -> st.SearchStrategy[list[str]]:
    letters = sorted(set(SCHEMES[scheme]))
    tags = ["O", *(f"{letter}-{label}" for letter in letters for label in LABELS)]
    return st.lists(st.sampled_from(tags), max_size=12)


@pytest.mark.parametrize("scheme", list(SCHEMES))
@given(data=st.data())
def test_any_tags_decode_as_seqeval_reads_them(scheme, data):
    tags = data.draw(tag_lists(scheme))
    theirs = [SEQEVAL_LETTERS.get(tag[0], tag[0]) + tag[1:] for tag in tags]
    expected = [(start, end + 1, label) for label, start, end in get_entities(theirs)]
    assert decode(tags, scheme) == expected


@pytest.mark.parametrize("scheme", list(SCHEMES))
@given(data=st.data())
def test_mended_tags_are_legal_and_mean_the_same(scheme, data):
    tags = data.draw(tag_lists(scheme))
    entities = decode(tags, scheme)
    mended = encode(entities, len(tags), scheme)
    assert decode(mended, scheme) == entities
    assert [tag == "O" for tag in mended] == [tag == "O" for tag in tags]
    assert all(is_tag(tag, scheme) for tag in mended)


@pytest.mark.parametrize("scheme", list(STRICT))
@given(data=st.data())
def test_what_is_written_is_legal_to_seqeval(scheme, data):
    entities = decode(data.draw(tag_lists("BIO")), "BIO")
    tags = encode(entities, 12, scheme)
    found = Entities([tags], scheme=STRICT[scheme]).entities[0]
    assert [(entity.start, entity.end, entity.tag) for entity in found] == entities


@pytest.mark.parametrize(
    "tags, scheme",
    [
        ("B-X I-X O B-X", "BIO"),
        ("O O", "BIO"),
        ("B-X M-X E-X S-X", "BMES"),
        ("B-X M-X E-X W-X", "BMEWO"),
        ("B-X I-X E-X S-X", "BIOES"),
        ("B-X I-X L-X U-X", "BILOU"),
        ("I-X O I-Y I-X B-X", "IOB1"),
        ("I-X O I-Y I-X B-X O B-X", "BIO"),
        ("I-X O I-X O", "BIO"),
    ],
)
def test_detects_the_scheme(tags, scheme):
    assert detect_scheme([tags.split()]) == scheme


@given(st.integers(0, 40))
def test_stray_tags_do_not_make_iob1(number):
    assert detect_scheme([["B-X", "O"], *[["O", "I-X"]] * number]) == "BIO"


def test_iob1_is_found_across_sentences():
    assert detect_scheme([["I-X"], ["I-X", "I-X"], ["O", "I-Y"]]) == "IOB1"


def test_schemes_go_by_several_names():
    names = {"bio": "BIO", "IOB2": "BIO", "IOBES": "BIOES", "bmes": "BMES"}
    assert {name: scheme_named(name) for name in names} == names
    with pytest.raises(ValueError, match="no tag scheme 'IOB3'; there are BIO, IOB1"):
        scheme_named("IOB3")


def test_white_space_at_borders_is_trimmed():
    problems = []
    entities = checked_entities(
        ["\u3000", "甲", " ", "\n"], ["B-X", "I-X", "I-X", "B-Y"], "BIO", [3, 4, 5, 6], None,
        problems.append,
    )  # fmt: skip
    assert entities == [(1, 2, "X")]
    found = [(problem.kind, problem.line) for problem in problems]
    assert found == [("white-space-border", 3), ("white-space-border", 6)]
