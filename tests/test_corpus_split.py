"""Cutting, joining and splitting: nothing is lost, and the same goes the same way each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.docs import from_text, text_of, tokenizer
from spacy_balc.corpus.interface import Sentence
from spacy_balc.corpus.split import Joiner, cut, dev_blocks, parse_shares, set_of

from .test_corpus_columns import drawn_sentences

SHARES = st.floats(0.01, 0.5)
BLOCKS = st.integers(1, 600)


def runs(indices: list[int]) -> int:
    """How many stretches of consecutive numbers there are."""
    return sum(1 for i, number in enumerate(indices) if i == 0 or number != indices[i - 1] + 1)


@given(st.integers(0, 3000), SHARES, BLOCKS)
def test_each_sentence_is_in_one_set(n, share, block):
    train, dev = dev_blocks(n, share, block)
    assert sorted(train + dev) == list(range(n))
    assert train == sorted(train) and dev == sorted(dev)
    if n >= 2:
        assert train and dev


@given(st.integers(2, 3000), SHARES, BLOCKS)
def test_the_share_is_right_within_one_sentence_a_block(n, share, block):
    _, dev = dev_blocks(n, share, block)
    assert abs(len(dev) - n * share) <= runs(dev)


@given(st.integers(1000, 60000), st.floats(0.05, 0.3))
def test_development_comes_in_long_runs_spread_over_the_file(n, share):
    _, dev = dev_blocks(n, share, block=500)
    number = runs(dev)
    assert number == max(1, round(n * share / 500))
    assert len(dev) / number >= min(n * share - 1, 300)
    for i in range(number):
        assert any(n * i // number <= index < n * (i + 1) // number for index in dev)


def test_the_rule_by_hand():
    train, dev = dev_blocks(10000, share=0.1, block=500)
    assert dev == [*range(4500, 5000), *range(9500, 10000)]
    assert dev_blocks(3000)[1] == list(range(2700, 3000))
    assert dev_blocks(2) == ([0], [1])
    assert dev_blocks(1) == ([0], [])
    assert dev_blocks(0) == ([], [])


@pytest.mark.parametrize("share, block", [(0, 500), (0.6, 500), (-0.1, 500), (0.1, 0)])
def test_a_meaningless_setting_is_refused(share, block):
    with pytest.raises(ValueError, match="share must be|block must hold"):
        dev_blocks(10, share, block)


@pytest.mark.parametrize(
    "text, shares",
    [
        ("0.9/0.05/0.05", {"train": 0.9, "dev": 0.05, "test": 0.05}),
        ("0.8/0.2", {"train": 0.8, "dev": 0.2}),
        ("0.5/0/0.5", {"train": 0.5, "test": 0.5}),
    ],
)
def test_shares_are_read(text, shares):
    assert parse_shares(text) == shares


@pytest.mark.parametrize("text", ["0.9", "0.9/0.2", "1/0/0", "a/b", "0.5/0.2/0.2/0.1", "1.5/-0.5"])
def test_shares_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match="is not like|add up to"):
        parse_shares(text)


SHARES_OF_THREE = {"train": 0.8, "dev": 0.1, "test": 0.1}


@given(drawn_sentences())
def test_the_text_alone_decides_the_set(sentence):
    text = "".join(sentence.tokens)
    cut_otherwise = Sentence(list(text), [], 9, [True] * len(text))
    assert set_of(sentence, SHARES_OF_THREE) == set_of(cut_otherwise, SHARES_OF_THREE)


def test_shares_come_out_up_to_chance():
    sets = [set_of(Sentence([f"第{i}句"], [], 1), SHARES_OF_THREE) for i in range(20_000)]
    for name, share in SHARES_OF_THREE.items():
        deviation = (share * (1 - share) / 20_000) ** 0.5
        assert abs(sets.count(name) / 20_000 - share) < 4 * deviation


def test_sets_stay_as_they_are():
    """A hash that changed would mix the test sets of two versions into training."""
    sets = "".join(set_of(Sentence([f"{i}"], [], 1), SHARES_OF_THREE)[-1] for i in range(40))
    assert sets == "ntnnnnntnntvnnntnnnnnnnntnnnnnnnnnnnnvnn"


def texts(parts: list[Sentence]) -> list[str]:
    return [text_of(part, False) for part in parts]


def test_cut_into_lines():
    text = "标题\n\n王明住在上海。 他走了。\n"
    sentence = from_text(text, [(4, 6, "PER"), (8, 10, "LOC")], tokenizer("zh"), line=3)
    heading, line = cut(sentence, "lines")
    assert texts([heading, line]) == ["标题", "王明住在上海。 他走了。"]
    assert (heading.entities, line.entities) == ([], [(0, 2, "PER"), (4, 6, "LOC")])
    assert line.line == 3


def test_cut_into_sentences():
    text = "标题\n价格3.5元。“好！”王明说。Dr. No went. He did"
    sentence = from_text(text, [(14, 16, "PER")], tokenizer("zh"))
    parts = list(cut(sentence, "sentences"))
    assert "".join(texts(parts)) == text.replace("\n", "")
    assert texts(parts)[:3] == ["标题", "价格3.5元。", "“好！”"]
    assert [part.entities for part in parts[:4]] == [[], [], [], [(0, 2, "PER")]]
    assert texts(parts)[-1] == "He did"


def test_known_sentences_are_taken():
    sentence = Sentence(list("甲。乙丙"), [], 1, starts=[0, 3])
    assert texts(cut(sentence, "sentences")) == ["甲。乙", "丙"]
    assert texts(cut(sentence, "lines")) == ["甲。乙丙"]


def test_nothing_is_cut_inside_an_entity():
    sentence = from_text("在A。B\nC社", [(1, 6, "ORG")], tokenizer("zh"))
    for how in ("lines", "sentences"):
        (whole,) = cut(sentence, how)
        assert whole.entities == [(1, 6, "ORG")] and text_of(whole, False) == "在A。B\nC社"


@given(drawn_sentences(exclude=""), st.sampled_from(["lines", "sentences"]))
def test_all_entities_are_in_the_parts(sentence, how):
    parts = list(cut(sentence, how))
    assert sum(len(part.entities) for part in parts) == len(sentence.entities)
    rest = iter(sentence.tokens)
    assert all(token in rest for part in parts for token in part.tokens)
    lost = len(sentence.tokens) - sum(len(part.tokens) for part in parts)
    assert lost <= sum(token.isspace() for token in sentence.tokens)


def joined(sentences: list[Sentence], number: int, habit: bool) -> list[Sentence]:
    found: list[Sentence] = []
    joiner = Joiner(found.append, number, habit)
    for sentence in sentences:
        joiner.add(sentence)
    joiner.finish()
    return found


@given(st.lists(drawn_sentences(), max_size=6), st.integers(1, 4), st.booleans())
def test_joined_sentences_can_be_cut_again(sentences, number, habit):
    together = joined(sentences, number, habit)
    assert len(together) == -(-len(sentences) // number)
    apart = [part for sentence in together for part in cut(sentence, "sentences")]
    assert [(s.tokens, s.entities) for s in apart] == [(s.tokens, s.entities) for s in sentences]


def test_joining_puts_spaces_where_the_language_does_and_stops_at_files():
    first = Sentence(["Go", "!"], [(0, 1, "X")], 1, [False, False])
    second = Sentence(["Stay"], [(0, 1, "Y")], 4, [False])
    (both,) = joined([first, second], 3, habit=True)
    assert text_of(both, True) == "Go! Stay" and both.entities == [(0, 1, "X"), (2, 3, "Y")]
    assert both.starts == [0, 2]
    assert text_of(joined([first, second], 3, habit=False)[0], False) == "Go!Stay"
    second.file = "other"
    assert len(joined([first, second], 3, habit=True)) == 2
