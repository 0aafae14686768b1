"""Word pieces against the stock tokenizers, over Unicode."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from spacy_balc import pieces as pieces_module
from spacy_balc.nn.sources import load_pretrained
from spacy_balc.pieces import Pieces

from .encoders import TEXTS

KINDS = ["bert", "bert-lower", "roberta", "xlm-roberta", "albert"]
SPELLED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>"]
WHITE_SPACE = [" ", "\n\n", "\t", "\u3000\u3000", "\xa0", "\r\n"]
RARE = ["😀", "👩‍💻", "𠮷", "ＡＢ", "①", "Ⅷ", "ﬁ", "İ", "ß", "e\u0301"]
ODD = [*WHITE_SPACE, *RARE, "\u200b", "\x00", "\ufffd"]

known = st.sampled_from(sorted({word for text in TEXTS for word in [*text, *text.split()]}))
words = st.one_of(
    known, st.sampled_from(ODD), st.text(min_size=1, max_size=8), st.lists(known).map("".join)
).filter(bool)


@pytest.fixture(scope="module")
def stock_and_ours(encoder):
    """Function from a kind of encoder to its stock tokenizer and our `Pieces`."""
    made = {}

    def get(kind):
        if kind not in made:
            options = {"add_prefix_space": True} if kind == "roberta" else {}
            stock = AutoTokenizer.from_pretrained(encoder(kind), **options)
            made[kind] = stock, Pieces(load_pretrained(encoder(kind))[1])
        return made[kind]

    return get


def stock_ids(stock, tokens):
    """The stock tokenizer's ids of each of some split words."""
    found = stock(tokens, is_split_into_words=True, add_special_tokens=False)
    ids = [[] for _ in tokens]
    for word, piece in zip(found.word_ids(), found["input_ids"]):
        ids[word].append(piece)
    return ids


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150)
@given(tokens=st.lists(words, min_size=1, max_size=8))
def test_ids_equal_the_stock_tokenizer_on_split_words(stock_and_ours, kind, tokens):
    stock, ours = stock_and_ours(kind)
    specials = set(stock.all_special_ids)
    expected = [
        [stock.unk_token_id if i in specials else i for i in ids] or [stock.unk_token_id]
        for ids in stock_ids(stock, tokens)
    ]
    flat, counts = ours.tokens(tokens, 1000)
    assert [ours.token(token) for token in tokens] == expected
    assert flat.tolist() == [i for ids in expected for i in ids]
    assert counts.tolist() == [len(ids) for ids in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_known_text_is_not_unknown(stock_and_ours, kind):
    stock, ours = stock_and_ours(kind)
    tokens = [char for char in TEXTS[2]] + ["London", "Mary", "lives"]
    ids = [i for token in tokens for i in ours.token(token)]
    assert ids == stock(tokens, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert ids.count(ours.unknown) < len(ids) / 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [*WHITE_SPACE, "😀", "龘", "\u200b", "\x00"])
def test_a_token_without_pieces_is_the_unknown_one(stock_and_ours, kind, text):
    stock, ours = stock_and_ours(kind)
    found = stock_ids(stock, ["北", text, "京"])[1]
    assert ours.token(text) == (found or [ours.unknown])
    # byte-level pieces spell any character; the others have none for these
    if kind in ("bert", "bert-lower"):
        assert ours.token(text) == [ours.unknown]


@pytest.mark.parametrize("kind", KINDS)
@given(before=known, spelled=st.sampled_from(SPELLED), after=known)
@settings(max_examples=40)
def test_text_that_spells_a_special_token_never_becomes_it(
    stock_and_ours, kind, before, spelled, after
):
    stock, ours = stock_and_ours(kind)
    special = set(stock.all_special_ids) - {stock.unk_token_id}
    for text in (spelled, before + spelled, spelled + after, before + spelled + after):
        assert not special & set(ours.token(text))
    if spelled in stock.all_special_tokens:
        assert ours.token(spelled) == [ours.unknown]
        assert stock_ids(stock, [spelled]) == [[stock.convert_tokens_to_ids(spelled)]]


def test_a_token_of_too_many_pieces_is_cut_and_its_neighbours_are_not(stock_and_ours):
    stock, ours = stock_and_ours("bert")
    long = "London" + "don" * 20
    ids = stock_ids(stock, [long])[0]
    assert len(ids) > 7
    flat, counts = ours.tokens(["北", long, "京"], 7)
    assert counts.tolist() == [1, 7, 1]
    assert flat.tolist() == [*ours.token("北"), *ids[:7], *ours.token("京")]
    assert ours.token(long) == ids


def test_no_tokens(stock_and_ours):
    flat, counts = stock_and_ours("bert")[1].tokens([], 10)
    assert (flat.shape, counts.shape) == ((0,), (0,))
    assert flat.dtype == counts.dtype == "int64"


def test_the_cache_is_bounded_and_used(stock_and_ours, monkeypatch):
    monkeypatch.setattr(pieces_module, "MAX_CACHED", 5)
    ours = Pieces(stock_and_ours("bert")[1].spec)
    alone = {char: stock_and_ours("bert")[1].token(char) for char in TEXTS[0]}
    for _ in range(3):
        for char in TEXTS[0]:
            assert ours.token(char) == alone[char]
            assert len(ours._cache) <= 5
    long = "x" * (pieces_module.MAX_CACHED_LENGTH + 1)
    first = ours.token(long)
    assert long not in ours._cache
    assert ours.token(long) == first
    ours.token("京")
    ours._tokenizer = None
    assert ours.token("京") == alone["京"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_gives_the_same_ids(stock_and_ours, copied):
    ours = Pieces(stock_and_ours("roberta")[1].spec)
    before = [ours.token(text) for text in [*TEXTS, *ODD]]
    other = copied(ours)
    assert [other.token(text) for text in [*TEXTS, *ODD]] == before
    for name in ("start", "end", "unknown", "padding", "spec"):
        assert getattr(other, name) == getattr(ours, name)


def test_a_pickle_leaves_the_cache_behind(stock_and_ours):
    ours = Pieces(stock_and_ours("bert")[1].spec)
    size = len(pickle.dumps(ours))
    ours.tokens([f"{k}" for k in range(1000)], 10)
    assert len(pickle.dumps(ours)) == size


def test_eight_threads_get_what_one_gets(stock_and_ours, monkeypatch):
    monkeypatch.setattr(pieces_module, "MAX_CACHED", 20)
    one, many = (Pieces(stock_and_ours("albert")[1].spec) for _ in range(2))
    tokens = [*"".join(TEXTS), *ODD, *(f"{k}京a" for k in range(100))]
    expected = [ids.tolist() for ids in one.tokens(tokens, 10)]

    def work(_):
        return [[ids.tolist() for ids in many.tokens(tokens, 10)] for _ in range(5)]

    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(work, range(8)):
            assert found == [expected] * 5
