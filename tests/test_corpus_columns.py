"""The two-column reader: formats it takes, mistakes it names, and the way to `Doc` and back."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_balc.corpus.columns import SCHEMES, decode, encode, read_columns
from spacy_balc.corpus.docs import CorpusError, Sentence, bio_tags, count, to_doc, to_docbin

LABELS = ("PER", "LOC", "ORG-GOV")
# The letters under which seqeval knows the same tags.
SEQEVAL_LETTERS = {"M": "I", "W": "S"}


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "corpus.bio"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def tag_lists(scheme: str) -> st.SearchStrategy[list[str]]:
    letters = sorted(set(SCHEMES[scheme]))
    tags = ["O", *(f"{letter}-{label}" for letter in letters for label in LABELS)]
    return st.lists(st.sampled_from(tags), max_size=12)


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    """Any tokens a two-column file can hold, with any entities."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r")
    words = st.text(characters, min_size=1, max_size=3)
    tokens = draw(st.lists(words.filter(lambda word: bool(word.strip())), min_size=1, max_size=8))
    entities, start = [], 0
    while start < len(tokens):
        end = draw(st.integers(start + 1, len(tokens)))
        label = draw(st.sampled_from(["", *LABELS]))
        if label:
            entities.append((start, end, label))
        start = end
    return Sentence(tokens, entities, line=1)


@pytest.mark.parametrize(
    "content",
    [
        "李 B-PER\n华 I-PER\n到 O\n\n杭州 B-LOC\n",
        "李\tB-PER\n华\tI-PER\n到\tO\n\n杭州\tB-LOC\n\n",
        "\ufeff李\tB-PER\r\n华\tI-PER\r\n到\tO\r\n\r\n杭州\tB-LOC\r\n",
        "\n \n李   B-PER\n华\t I-PER \n到\tO\n\t\n\n\n杭州\tB-LOC\n\n\n",
    ],
    ids=["space", "tab", "BOM and CRLF", "more space than needed"],
)
def test_reads_what_files_come_in(tmp_path, content):
    columns = read_columns(write(tmp_path, content))
    assert columns.scheme == "BIO" and columns.repairs == []
    first, second = columns.sentences
    assert (first.tokens, first.entities) == (["李", "华", "到"], [(0, 2, "PER")])
    assert (second.tokens, second.entities) == (["杭州"], [(0, 1, "LOC")])
    lines = content.split("\n")
    assert "李" in lines[first.line - 1] and "杭州" in lines[second.line - 1]


@pytest.mark.parametrize("single, scheme", [("S", "BMES"), ("W", "BMEWO")])
def test_detects_the_scheme(tmp_path, single, scheme):
    content = f"王 B-PER\n小 M-PER\n明 E-PER\n、 O\n丁 {single}-PER\n郑 B-LOC\n州 E-LOC\n"
    columns = read_columns(write(tmp_path, content))
    assert columns.scheme == scheme
    assert columns.sentences[0].entities == [(0, 3, "PER"), (4, 5, "PER"), (5, 7, "LOC")]


def test_a_stray_letter_does_not_change_the_scheme(tmp_path):
    content = "王 B-PER\n明 I-PER\n来 O\n了 M-PER\n"
    with pytest.raises(CorpusError, match=r"line 4, '了 M-PER': 'M-PER' is no tag of BIO"):
        read_columns(write(tmp_path, content))


@pytest.mark.parametrize(
    "line, problem",
    [
        ("王", "there is only one column"),
        ("王\t", "there is only one column"),
        ("王 小 B-PER", "there are 3 columns"),
        ("\tB-PER", "the token is empty or white space"),
        ("\u3000\tO", "the token is empty or white space"),
        ("\u2028 O", "the token is empty or white space"),
        ("王 PER", "'PER' is no tag of BIO"),
        ("王 B-", "'B-' is no tag of BIO"),
        ("王 b-PER", "'b-PER' is no tag of BIO"),
        ("王 -PER", "'-PER' is no tag of BIO"),
        ("王 BI-PER", "'BI-PER' is no tag of BIO"),
        ("王 O-PER", "'O-PER' is no tag of BIO"),
    ],
)
@pytest.mark.parametrize("repair", [False, True])
def test_a_malformed_line_or_unknown_tag_is_named(tmp_path, line, problem, repair):
    path = write(tmp_path, f"他 O\n在 O\n\n{line}\n来 O\n")
    with pytest.raises(CorpusError) as error:
        read_columns(path, repair=repair)
    assert f"{path}, line 4, '{line}'" in str(error.value)
    assert problem in str(error.value)


def test_bad_bytes_are_named(tmp_path):
    path = write(tmp_path, "他 O\n".encode() + "她 O\n".encode("gb18030"))
    with pytest.raises(CorpusError, match="line 2, .*the file must be UTF-8"):
        read_columns(path)


@pytest.mark.parametrize("content", ["", "\n \n\t\n", "\ufeff"])
def test_a_file_without_a_sentence_is_named(tmp_path, content):
    with pytest.raises(CorpusError, match="corpus.bio: the file holds no sentence"):
        read_columns(write(tmp_path, content))


BIO, BMES = "王 B-LOC\n州 I-LOC\n", "王 B-LOC\n小 M-LOC\n州 E-LOC\n"


@pytest.mark.parametrize(
    "before, tags, line, mended",
    [
        (BIO, "I-PER", 4, "B-PER"),
        (BIO, "O I-PER", 5, "O B-PER"),
        (BIO, "B-PER I-LOC I-LOC", 5, "B-PER B-LOC I-LOC"),
        (BMES, "O M-PER E-PER", 6, "O B-PER E-PER"),
        (BMES, "S-PER E-PER O", 6, "S-PER S-PER O"),
        (BMES, "B-PER O", 5, "S-PER O"),
        (BMES, "B-PER M-PER O", 6, "B-PER E-PER O"),
        (BMES, "B-PER E-PER M-PER M-PER", 7, "B-PER E-PER B-PER E-PER"),
        (BMES, "B-PER E-LOC", 5, "S-PER S-LOC"),
        (BMES, "B-PER B-PER E-PER", 5, "S-PER B-PER E-PER"),
    ],
)
def test_tags_that_do_not_fit_stop_or_are_mended(tmp_path, before, tags, line, mended):
    tags, mended = tags.split(), mended.split()
    path = write(tmp_path, before + "\n" + "".join(f"词 {tag}\n" for tag in tags))
    with pytest.raises(CorpusError, match=rf"corpus\.bio, line {line}, '词 .*--repair"):
        read_columns(path)
    columns = read_columns(path, repair=True)
    first = before.count("\n") + 2
    assert [(fix.line, fix.token, fix.found, fix.mended) for fix in columns.repairs] == [
        (first + i, "词", tag, right)
        for i, (tag, right) in enumerate(zip(tags, mended, strict=True))
        if tag != right
    ]
    sentence = columns.sentences[1]
    assert encode(sentence.entities, len(tags), columns.scheme) == mended


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


@pytest.mark.parametrize("scheme", list(SCHEMES))
@given(st.lists(sentences(), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_any_sentence_survives_the_file(tmp_path_factory, scheme, drawn, newline):
    # The first sentence has every letter of the scheme, so that it cannot be mistaken.
    expected = [Sentence(list("甲乙丙丁"), [(0, 3, "X"), (3, 4, "X")], 1), *drawn]
    blocks = []
    for sentence in expected:
        tags = encode(sentence.entities, len(sentence.tokens), scheme)
        pairs = zip(sentence.tokens, tags, strict=True)
        blocks.append("".join(f"{token}\t{tag}{newline}" for token, tag in pairs))
    # A byte order mark of its own, so that one in the first token is not taken for it.
    path = write(tmp_path_factory.mktemp("columns"), "\ufeff" + newline.join(blocks))
    found = read_columns(path)
    assert found.scheme == scheme
    assert [s.tokens for s in found.sentences] == [s.tokens for s in expected]
    assert [s.entities for s in found.sentences] == [s.entities for s in expected]


@given(sentences(), st.booleans())
def test_a_doc_holds_the_sentence(sentence, spaces):
    doc = to_doc(sentence, Vocab(), spaces)
    assert [token.text for token in doc] == sentence.tokens
    assert doc.text == "".join(token + " " * spaces for token in sentence.tokens)
    assert [(ent.start, ent.end, ent.label_) for ent in doc.ents] == sentence.entities
    assert bio_tags(doc) == encode(sentence.entities, len(sentence.tokens), "BIO")


def test_docs_come_back_from_their_binary_form():
    sentence = Sentence(["刘", "洋", "去", "西安"], [(0, 2, "PER"), (3, 4, "LOC")], line=1)
    data = to_docbin([sentence, sentence], "zh").to_bytes()
    docs = list(DocBin().from_bytes(data).get_docs(Vocab()))
    assert [doc.text for doc in docs] == ["刘洋去西安"] * 2
    assert bio_tags(docs[1]) == ["B-PER", "I-PER", "O", "B-LOC"]


def test_spaces_follow_the_language():
    sentence = Sentence(["Rome", "waits"], [(0, 1, "LOC")], line=1)
    for lang, text in [("en", "Rome waits "), ("th", "Romewaits"), ("ja", "Romewaits")]:
        (doc,) = to_docbin([sentence], lang).get_docs(Vocab())
        assert doc.text == text
    with pytest.raises(ImportError, match="E048"):
        to_docbin([sentence], "zn")


def test_bio_tags_tell_missing_from_outside():
    doc = Doc(Vocab(), words=list("abcde"))
    assert bio_tags(doc) == [None] * 5
    doc.set_ents(
        [Span(doc, 0, 1, "X"), Span(doc, 1, 2, "X")],
        blocked=[doc[2:3]],
        outside=[doc[3:4]],
        default="missing",
    )
    assert bio_tags(doc) == ["B-X", "B-X", "O", "O", None]


@pytest.mark.skipif("BALC_DATA" not in os.environ, reason="BALC_DATA names no folder of corpora")
def test_real_corpora_hold_what_they_should():
    data = Path(os.environ["BALC_DATA"])
    found = count(read_columns(data / "msra" / "test.bio").sentences)
    assert (found.sentences, found.tokens, found.longest) == (4365, 172601, 1475)
    assert found.entities == {"LOC": 2877, "ORG": 1331, "PER": 1973}
    found = count(read_columns(data / "resume" / "test.bio").sentences)
    assert (sum(found.entities.values()), len(found.entities)) == (1630, 8)
    with pytest.raises(CorpusError, match="line 62392"):
        read_columns(data / "resume" / "train.bio")
    repairs = read_columns(data / "resume" / "train.bio", repair=True).repairs
    assert [(fix.line, fix.mended) for fix in repairs] == [(62392, "B-ORG"), (64414, "B-ORG")]
