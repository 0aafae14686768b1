"""The layer of words of a list: what it reads, finds, learns and saves."""

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from thinc.api import concatenate

from spacy_balc.architectures import BalcNer
from spacy_balc.artefact import pack, unpack
from spacy_balc.words import LONGEST, UNTAGGED, WordList, WordsShim, read_words

from .conftest import HASH_EMBED, TOY, found, head, learn, toy_examples

WORDS = {"北京": ("ns",), "大学": ("n",), "北京大学": ("n", "nt"), "我": ("r",)}


def listed(words):
    shim = WordsShim("")
    shim.set(words)
    return shim


def features_of(shim, docs):
    """(tokens of all docs, tags, BMES)."""
    tokens = sum(map(len, docs))
    return shim.features(shim.marks(docs), 0, tokens).reshape(tokens, len(shim.tags), 4)


@pytest.fixture
def word_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("张三 3 nr\n北京 5 ns\n大学 n\n上海大学 nt\n南京 ns\n", encoding="utf8")
    return path


def test_begin_middle_end_and_single():
    doc = Doc(spacy.blank("zh").vocab, list("我去北京大学"))
    features = features_of(listed(WORDS), [doc])
    marks = [
        (doc[token].text, ["n", "ns", "nt", "r"][tag], "BMES"[place])
        for token, tag, place in zip(*features.nonzero())
    ]
    assert set(marks) == {
        ("我", "r", "S"),
        *(("北", "ns", "B"), ("京", "ns", "E"), ("大", "n", "B"), ("学", "n", "E")),
        *(("北", tag, "B") for tag in ("n", "nt")),
        *((letter, tag, "M") for letter in "京大" for tag in ("n", "nt")),
        *(("学", tag, "E") for tag in ("n", "nt")),
    }


@given(
    st.dictionaries(
        st.text("ab 国", min_size=1, max_size=4).map(str.strip).filter(bool),
        st.lists(st.sampled_from("xyz"), min_size=1, unique=True).map(tuple),
        min_size=1,
        max_size=8,
    ),
    st.lists(
        st.lists(st.tuples(st.text("ab国", min_size=1, max_size=2), st.booleans()), max_size=9),
        max_size=3,
    ),
    st.sampled_from(["zh", "en"]),
)
def test_all_words_are_found(words, texts, lang):
    vocab = spacy.blank(lang).vocab
    docs = [Doc(vocab, [t for t, _ in text], [gap for _, gap in text]) for text in texts]
    shim = listed(words)
    features = features_of(shim, docs)
    expected = []
    for doc in docs:
        marks = numpy.zeros((len(doc), len(shim.tags), 4), dtype="float32")
        for start in range(len(doc)):
            for end in range(start + 1, len(doc) + 1):
                pieces = [token.text for token in doc[start:end]]
                text = doc[start:end].text if lang == "en" else "".join(pieces)
                for tag in words.get(text, ()):
                    row = shim.tags.index(tag)
                    places = ["B", *"M" * (end - start - 2), "E"] if end - start > 1 else ["S"]
                    for token, place in enumerate(places, start):
                        marks[token, row, "BMES".index(place)] = 1.0
        expected.append(marks)
    assert numpy.array_equal(features, numpy.concatenate([features[:0], *expected]))
    again = WordsShim("").from_bytes(shim.to_bytes())
    assert (again.found, again.tags) == (shim.found, shim.tags)


def test_reads_what_jieba_writes_and_less(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff北京 34488 ns\r\n华山 nr\n\n华山 3 ns\n火锅\nNew York\tGPE\n".encode())
    assert read_words(path) == {
        "北京": ("ns",),
        "华山": ("nr", "ns"),
        "火锅": (UNTAGGED,),
        "New York": ("GPE",),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("北京 1 ns\n大学 n x y\n".encode(), "line 2: .*not a word, its frequency and its tag"),
        ("北京\n 3 n\n".encode(), "line 2: .*not a word"),
        ("北京\n".encode() + b"\xff\n", "line 2: not UTF-8"),
        (b"\n\n", "holds no word"),
        (("北京\n" + "长" * (LONGEST + 1)).encode(), "line 2: a word of 101 characters"),
    ],
    ids=["too many columns", "no word", "encoding", "empty", "too long"],
)
def test_a_bad_list_is_named(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_words(path)


def test_no_list():
    with pytest.raises(OSError, match="nowhere"):
        WordList("nowhere.txt").initialize()
    with pytest.raises(ValueError, match="nlp.initialize"):
        WordList("nowhere.txt").predict([Doc(spacy.blank("zh").vocab, ["我"])])
    with pytest.raises(ValueError, match="width"):
        WordList("nowhere.txt", width=0)


@pytest.fixture
def nlp(word_file):
    nlp = spacy.blank("zh")
    words = {"@architectures": "spacy-balc.WordList.v1", "path": str(word_file), "width": 8}
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED, words=words))
    return nlp


def test_learns_what_is_named_by_the_list_alone(nlp, word_file):
    """Words that training never shows get the label that words of their tag had in it."""
    names = ["甲乙", "丙丁", "戊己", "庚辛", "壬癸", "子丑"]
    with word_file.open("a", encoding="utf8") as file:
        file.writelines(f"{name} {'nr' if i % 2 else 'ns'}\n" for i, name in enumerate(names))
    rows = [(f"说{name}好", [(1, 3, "PER" if i % 2 else "LOC")]) for i, name in enumerate(names)]
    # One vector for all characters: only the list tells them apart.
    tok2vec = {**HASH_EMBED, "embed_size": 1}
    words = nlp.config["components"]["balc_ner"]["model"]["words"]
    nlp.replace_pipe("balc_ner", "balc_ner", config=head(tok2vec, words=words))
    learn(nlp, toy_examples(nlp, rows[:4]))
    assert [found(nlp(text)) for text, _ in rows[4:]] == [entities for _, entities in rows[4:]]


def test_saved_whole(nlp, word_file, tmp_path):
    learn(nlp, toy_examples(nlp))
    word_file.unlink()
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    texts = [text for text, _ in TOY] + ["上海大学在南京", ""]
    assert [found(loaded(text)) for text, _ in TOY] == [entities for _, entities in TOY]
    for one, other in zip(nlp.pipe(texts), loaded.pipe(texts)):
        emissions = [n.get_pipe("balc_ner").model.predict([one])[0] for n in (nlp, loaded)]
        assert found(one) == found(other)
        numpy.testing.assert_array_equal(*emissions)
    copied = nlp.get_pipe("balc_ner").model.copy()
    docs = [nlp.make_doc(text) for text in texts]
    for one, other in zip(copied.predict(docs), nlp.get_pipe("balc_ner").model.predict(docs)):
        numpy.testing.assert_array_equal(one, other)


def test_loaded_by_a_config_without_the_list_or_with_one_more(nlp, tmp_path):
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "saved")
    with pytest.raises(ValueError, match="in the file alone .* linear, word_list, .* `words`"):
        spacy.load(tmp_path / "saved", config={"components.balc_ner.model.words": None})
    bare = spacy.blank("zh")
    pipe = bare.add_pipe("balc_ner", config=head(HASH_EMBED))
    bare.initialize(lambda: toy_examples(bare))
    before = bare.to_bytes()
    with pytest.raises(ValueError, match="in the file alone .* linear, word_list, by the config"):
        pipe.from_bytes(nlp.get_pipe("balc_ner").to_bytes())
    assert bare.to_bytes() == before
    with pytest.raises(ValueError, match="in the file alone .* none, by the config alone linear"):
        nlp.get_pipe("balc_ner").from_bytes(pipe.to_bytes())


def test_initialized_anew_with_another_list(nlp, word_file):
    examples = toy_examples(nlp)
    learn(nlp, examples, steps=2)
    word_file.write_text("张三 nr\n上海 x\n北京 ns\n", encoding="utf8")
    learn(nlp, examples)
    assert nlp.get_pipe("balc_ner").model.layers[1].shims[0].tags == ["nr", "ns", "x"]
    assert [found(nlp(text)) for text, _ in TOY] == [entities for _, entities in TOY]


@pytest.mark.parametrize(
    "change",
    [
        lambda header, body: (header, b"\xff" + body),
        lambda header, body: ({**header, "groups": [[[99], 1]]}, body),
        lambda header, body: ({**header, "groups": 3}, body),
        lambda header, body: ({**header, "tags": [["x"]] * 4}, body),
        lambda header, body: (header, b"x" * 1000 + body),
        lambda header, body: ({}, body),
    ],
)
def test_damaged(change):
    data = listed(WORDS).to_bytes()
    with pytest.raises(ValueError, match="Can't load the words"):
        WordsShim("").from_bytes(pack(*change(*unpack(data))))
    with pytest.raises(ValueError, match="SHA-256"):
        WordsShim("").from_bytes(data[:-1] + b"x")


def test_list_of_another_size_than_the_weights(word_file):
    model = WordList(str(word_file))
    model.initialize()
    model.shims[0].set(WORDS)  # four tags, as in the file
    doc = Doc(spacy.blank("zh").vocab, list("我在"))
    assert model.predict([doc])[0].shape == (2, 64)
    model.shims[0].set({"我": ("r",)})
    with pytest.raises(ValueError, match="no words"):
        model.predict([doc])


def test_beside_is_as_concatenated(nlp):
    """Outputs and gradients are those of thinc's `concatenate`, docs without tokens among them."""
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    beside = nlp.get_pipe("balc_ner").model
    docs = [eg.predicted for eg in examples] + [nlp.make_doc("")]
    tok2vec, words = (layer.copy() for layer in beside.layers)
    joined = BalcNer(concatenate(tok2vec, words), hidden_width=16, nO=beside.get_dim("nO"))
    joined.layers[0].set_dim("nO", tok2vec.get_dim("nO") + words.get_dim("nO"))
    joined.shims[0] = beside.shims[0].copy()
    gradients = []
    for model in (beside, joined):
        emissions, backprop = model.begin_update(docs)
        backprop([numpy.cos(row * 9) for row in emissions])
        nodes = [node for node in model.walk() if node.grad_names]
        gradients.append([node.get_grad(name) for node in nodes for name in node.grad_names])
        gradients[-1].extend(emissions)
        gradients[-1].extend(
            p.grad.numpy() for p in model.shims[0].trainable().values() if p.grad is not None
        )
    assert len(gradients[0]) == len(gradients[1]) > 10
    assert numpy.abs(beside.layers[1].layers[0].get_grad("W")).sum() > 0
    for one, other in zip(*gradients):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_dictionary_of_jieba():
    pytest.importorskip("jieba")
    words = read_words("jieba")
    assert len(words) > 300_000
    assert words["北京"] == ("ns",)


def test_jieba_is_not_installed(monkeypatch):
    monkeypatch.setattr("spacy_balc.words.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"spacy-balc\[words\]"):
        WordList("jieba").initialize()


def test_a_long_doc_in_stretches_is_as_whole(word_file, monkeypatch):
    model = WordList(str(word_file))
    model.initialize()
    vocab = spacy.blank("zh").vocab
    docs = [Doc(vocab, list("在上海大学张三" * 5)), Doc(vocab), Doc(vocab, list("南京大学"))]
    whole, _ = model.begin_update(docs)
    for stretch in (1, 7, 39, 40):
        monkeypatch.setattr("spacy_balc.words.STRETCH", stretch)
        for one, other in zip(whole, model.predict(docs), strict=True):
            numpy.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    assert model.predict([]) == []
    assert [len(row) for row in model.predict([Doc(vocab)])] == [0]
