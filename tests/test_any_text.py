"""Any text that spaCy takes gets one legal answer a token, on every kind of encoder."""

import importlib
import pkgutil

import numpy
import pytest
import spacy
import spacy.lang
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from thinc.api import fix_random_seed

from spacy_balc.tags import SKIPPED, legal_transitions

from .conftest import HASH_EMBED, head, randomize

ENCODERS = ["bert", "bert-lower", "electra", "roberta", "xlm-roberta", "albert"]
KINDS = ["hash-embed", *ENCODERS]
LABELS = ("A", "B", "C")
SPELLED = ["[SEP]", "[MASK]", "[CLS]", "[PAD]", "[UNK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>"]
HOSTILE = [
    *SPELLED,
    "a[SEP]b",
    "▁",
    "##a",
    "Ġ",
    "\x00",
    "\x00\x00",
    " ",
    "  ",
    "\n\n",
    "\t",
    "\r\n",
    "\u3000",
    "\u3000\u3000 ",
    "\u00a0",
    "\u2028",
    "\x1c",
    "\x85",
    "\u200b",
    "\ufeff",
    "\u202e",  # right-to-left override
    "\u2067abc\u2069",
    "e\u0301",
    "\u0301",
    "a" + "\u0300" * 40,
    "👩‍👩‍👧‍👦",
    "👍🏿",
    "🇨🇳",
    "\ufe0f",
    "\ufdfa",  # one character that normalisation makes eighteen of
    "ﬀ",
    "İ",
    "ß",
    "\u1100\u1161\u11a8",
    "각",
    "\U0010ffff",
    "\ufffd",
    "𠮷",
    "张三在北京",
    "London",
    "john" * 30,
    "'s",
    "http://a.b/c?d=e",
    "don't",
]
MIXED = "张三在北京工作，李四去了上海大学。London john e u i"
SEGMENT = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=5)
TEXT = st.builds(
    lambda segments, times: "".join(segments) * times,
    st.lists(SEGMENT, max_size=6),
    st.sampled_from([1, 1, 1, 1, 1, 1, 1, 12]),
)
WORD = SEGMENT.filter(len)


@pytest.fixture(scope="module")
def wild(encoder):
    """Function from a kind to a zh pipeline of three labels whose random weights use every tag."""
    made = {}

    def get(kind):
        if kind in made:
            return made[kind]
        tok2vec = HASH_EMBED
        if kind != "hash-embed":
            tok2vec = {
                "@architectures": "spacy-balc.LoraTransformer.v1",
                "name": encoder(kind),
                "window": 24,
                "stride": 16,
                "precision": "fp32",
                "lora": {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.0},
            }
        fix_random_seed(1)
        nlp = spacy.blank("zh")
        # attention of few tokens, so that a long doc has many blocks of them
        ner = nlp.add_pipe("balc_ner", config=head(tok2vec, hidden_width=8, attention_window=8))
        for label in LABELS:
            ner.add_label(label)
        nlp.initialize()
        if kind != "hash-embed":
            randomize(ner.model.layers[0].shims[0], "lora_B")
        module = ner.model.shims[0].module
        torch.manual_seed(0)  # whatever the head drew to begin with
        for parameter in (*module.lstm.parameters(), module.output.weight):
            torch.nn.init.normal_(parameter, std=0.7)
        for parameter in module.crf.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        # no tag is ahead of the others
        emissions = ner.model.predict([nlp.make_doc(text) for text in (MIXED, *HOSTILE)])
        module.output.bias.data -= torch.from_numpy(numpy.concatenate(emissions).mean(axis=0))
        made[kind] = nlp
        return nlp

    return get


def answer(ner, docs):
    """Tags of docs that have been checked for all that must hold, set on the docs."""
    texts = [doc.text for doc in docs]
    sizes = [len(doc) for doc in docs]
    before = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]
    held = [{t.i: (t.ent_iob, t.ent_type) for t in doc if t.ent_iob in (1, 3)} for doc in docs]
    tags = ner.predict(docs)
    ner.set_annotations(docs, tags)
    assert [len(row) for row in tags] == sizes == [len(doc) for doc in docs]
    assert [doc.text for doc in docs] == texts
    for doc, row, preset, kept in zip(docs, tags, before, held):
        check(doc, row, preset, kept)
    return tags


STARTS, FOLLOWS = legal_transitions(2 * len(LABELS) + 1)


def check(doc, row, preset, kept):
    is_space = numpy.array([token.is_space for token in doc], dtype=bool)
    assert ((row == SKIPPED) == is_space).all()
    sequence = row[~is_space]
    assert ((sequence >= 0) & (sequence < len(STARTS))).all()
    if len(sequence):
        assert STARTS[sequence[0]]
        assert FOLLOWS[sequence[:-1], sequence[1:]].all()
    assert all(token.ent_iob != 0 for token in doc)
    assert {i: (doc[i].ent_iob, doc[i].ent_type) for i in kept} == kept
    assert set(preset) <= {(e.start, e.end, e.label_) for e in doc.ents}
    for entity in doc.ents:
        if (entity.start, entity.end, entity.label_) in preset:
            continue
        assert entity.label_ in LABELS
        assert not entity[0].is_space and not entity[-1].is_space
        assert not any(token.sent_start == 1 for token in entity[1:])
        assert not any(token.i in kept for token in entity)


@pytest.mark.parametrize("kind", KINDS)
def test_random_weights_use_every_tag(wild, kind):
    nlp = wild(kind)
    docs = [nlp.make_doc(text) for text in (*HOSTILE, *(MIXED[i:] for i in range(len(MIXED))))]
    tags = answer(nlp.get_pipe("balc_ner"), docs)
    assert set(numpy.concatenate(tags).tolist()) - {SKIPPED} == set(range(len(STARTS)))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6)
@example(texts=["", "张三", "", " \u3000\n", "", "李四"])
@example(texts=HOSTILE)
@example(texts=["".join(HOSTILE), " ".join(HOSTILE)])
@given(texts=st.lists(TEXT, max_size=10))
def test_texts(wild, kind, texts):
    nlp = wild(kind)
    docs = [nlp.make_doc(text) for text in texts]
    answer(nlp.get_pipe("balc_ner"), docs)
    assert [doc.text for doc in docs] == texts
    piped = list(nlp.pipe(texts, batch_size=3))
    assert [doc.text for doc in piped] == texts
    assert [[t.ent_iob for t in doc] for doc in piped] == [[t.ent_iob for t in doc] for doc in docs]


@st.composite
def annotated(draw):
    """Words, spaces, sentence starts, and entities and blocked tokens that are set already."""
    words = draw(st.lists(WORD, max_size=20))
    n = len(words)
    bits = st.lists(st.booleans(), min_size=n, max_size=n)
    starts = draw(st.lists(st.sampled_from([None, None, True, False]), min_size=n, max_size=n))
    ranges = st.tuples(st.integers(0, n), st.integers(1, 4), st.sampled_from(["A", "B", "Z", ""]))
    return words, draw(bits), starts, draw(st.lists(ranges, max_size=3))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(drawn=annotated())
def test_what_is_set_already(wild, kind, drawn):
    nlp = wild(kind)
    words, spaces, starts, ranges = drawn
    doc = Doc(nlp.vocab, words=words, spaces=spaces, sent_starts=starts)
    entities, blocked, taken = [], [], set()
    for start, length, label in ranges:
        end = min(start + length, len(doc))
        if start < end and not taken & set(range(start, end)):
            taken.update(range(start, end))
            into = entities if label else blocked
            into.append(Span(doc, start, end, label=label))
    doc.set_ents(entities, blocked=blocked, default="missing")
    answer(nlp.get_pipe("balc_ner"), [doc, nlp.make_doc(""), nlp.make_doc(doc.text)])


@pytest.mark.parametrize("kind", ENCODERS)
@settings(max_examples=60)
@given(words=st.lists(WORD, min_size=1, max_size=8))
def test_text_never_becomes_a_special_piece(wild, kind, words):
    pieces = wild(kind).get_pipe("balc_ner").model.layers[0].shims[0].module.pieces
    special = {pieces.start, pieces.end, pieces.padding, *pieces.spec["special"]}
    special -= {pieces.unknown}
    ids, counts = pieces.tokens([*words, *SPELLED, *(f"a{s}b" for s in SPELLED)], 24)
    assert not special & set(ids.tolist())
    assert counts.min() >= 1 and counts.max() <= 24 and counts.sum() == len(ids)


# Large


@pytest.mark.parametrize("kind", ["hash-embed", "bert", "roberta", "xlm-roberta"])
@pytest.mark.parametrize("text", ["x", "张", "\u0301", "[SEP]", " ", "\x00"])
def test_a_token_of_100_000_characters(wild, kind, text):
    nlp = wild(kind)
    word = text * (100_000 // len(text))
    doc = Doc(nlp.vocab, words=["张", word, "三"], spaces=[False] * 3)
    answer(nlp.get_pipe("balc_ner"), [doc, nlp.make_doc("张三")])
    assert doc[1].text == word


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_of_more_pieces_than_a_window(wild, kind):
    nlp = wild(kind)
    words = ["e" * n for n in (1, 23, 24, 25, 60, 99, 100, 101, 1000)] * 3
    docs = [Doc(nlp.vocab, words=words[i:]) for i in range(9)]
    answer(nlp.get_pipe("balc_ner"), docs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("space", [" ", "\n", "\u3000", "\t \r\n"])
def test_docs_of_nothing_but_white_space(wild, kind, space):
    nlp = wild(kind)
    docs = [nlp.make_doc(space * n) for n in (1, 2, 500)]
    docs += [Doc(nlp.vocab, words=[space] * n, spaces=[False] * n) for n in (1, 100)]
    answer(nlp.get_pipe("balc_ner"), docs)
    assert not any(doc.ents for doc in docs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "language"), [("hash-embed", "zh"), ("hash-embed", "xx"), ("bert", "xx")]
)
def test_a_doc_of_1_000_000_characters(wild, kind, language):
    sentence = "张三 in Londonだった e\u0301 😀\u3000[SEP]. "
    text = (sentence * (1_000_000 // len(sentence) + 1))[:1_000_000]
    nlp = wild(kind)
    doc = spacy.blank(language)(text)
    answer(nlp.get_pipe("balc_ner"), [nlp.make_doc(""), doc])
    assert doc.text == text
    assert doc.ents


# What spaCy refuses


def test_a_lone_surrogate_is_spacys_error(wild):
    nlp = wild("bert")
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        nlp("张三\ud800")
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        list(nlp.pipe(["张三", "\udfff"]))
    assert nlp("张三").text == "张三"


def test_more_than_1_000_000_characters_is_spacys_error(wild):
    nlp = wild("bert")
    with pytest.raises(ValueError, match="E088"):
        nlp("x" * 1_000_001)
    with pytest.raises(ValueError, match="E088"):
        list(nlp.pipe(["张三", "x" * 1_000_001]))
    assert nlp("张三").text == "张三"


# Languages

NEED_A_PACKAGE = {"ja", "ko", "th", "vi"}
SLOW_TO_LOAD = {"af", "fr", "id", "ms", "nl"}
ALL = sorted(module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg)
OTHER_TOKENIZERS = {  # of languages whose own needs a package
    "ko": {"@tokenizers": "spacy.Tokenizer.v1"},
    "vi": {"@tokenizers": "spacy.vi.VietnameseTokenizer", "use_pyvi": False},
}


def tokenizer_of(language):
    if language in OTHER_TOKENIZERS:
        return spacy.blank(language, config={"nlp": {"tokenizer": OTHER_TOKENIZERS[language]}})
    try:
        return spacy.blank(language)
    except ImportError:
        assert language in NEED_A_PACKAGE
        pytest.skip(f"the tokenizer of {language!r} needs a further package")


@pytest.mark.parametrize(
    "language",
    [pytest.param(x, marks=pytest.mark.slow if x in SLOW_TO_LOAD else ()) for x in ALL],
)
def test_the_tokenizer_of_each_language(wild, language):
    nlp = tokenizer_of(language)
    try:  # spaCy's own sentences of the language
        own = importlib.import_module(f"spacy.lang.{language}.examples").sentences[:3]
    except ImportError:
        own = []
    texts = [*own, "", "".join(HOSTILE), " ".join(HOSTILE), *HOSTILE]
    docs = [nlp.make_doc(text) for text in texts]
    answer(wild("bert").get_pipe("balc_ner"), docs)
    assert [doc.text for doc in docs] == texts


# Very many


@pytest.mark.slow
def test_100_000_texts(wild):
    """Prints how many were tried; each batch goes through one kind of model and one tokenizer."""
    tried = {"texts": 0, "tokens": 0, "tags": 0, "entities": 0}
    distinct = set()
    tokenizers = [spacy.blank(language) for language in ("zh", "xx", "en", "ar", "hi")]

    @settings(max_examples=3_300, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(TEXT, min_size=40, max_size=40, unique=True),
        st.sampled_from(KINDS),
        st.sampled_from(tokenizers),
    )
    def batch(texts, kind, tokenizer):
        docs = [tokenizer.make_doc(text) for text in texts]
        tags = answer(wild(kind).get_pipe("balc_ner"), docs)
        assert [doc.text for doc in docs] == texts
        tried["texts"] += len(texts)
        tried["tokens"] += sum(len(doc) for doc in docs)
        tried["tags"] += sum(len(row) for row in tags)
        tried["entities"] += sum(len(doc.ents) for doc in docs)
        distinct.update(hash(text) for text in texts)

    batch()
    print(tried, "distinct texts:", len(distinct))
    assert len(distinct) >= 100_000
    assert tried["tags"] == tried["tokens"]
    assert tried["entities"] > 100_000
