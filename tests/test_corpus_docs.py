"""From sentences to docs and back, and from text with marked spans to sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_balc.corpus.docs import bio_tags, count, from_text, spaced, text_of, to_doc, tokenizer
from spacy_balc.corpus.interface import CorpusError, Sentence
from spacy_balc.corpus.schemes import encode

from .test_corpus_columns import drawn_sentences

CHARACTERS = "中国人民 \n\u3000\t12ab.，，。😀\u200d👩"
TEXTS = st.text(st.sampled_from(CHARACTERS) | st.characters(exclude_categories=["Cs"]))


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """A text and flat entities whose borders are no white space, in any order."""
    text = draw(TEXTS.filter(bool))
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = []
    for start, end in zip(places[::2], places[1::2]):
        if not text[start].isspace() and not text[end - 1].isspace():
            spans.append((start, end, draw(st.sampled_from(["X", "Y"]))))
    return text, draw(st.permutations(spans))


@given(drawn_sentences(), st.booleans())
def test_a_doc_holds_the_sentence(sentence, spaces):
    doc = to_doc(sentence, Vocab(), spaces)
    assert [token.text for token in doc] == sentence.tokens
    assert doc.text == "".join(token + " " * spaces for token in sentence.tokens)
    assert doc.text == text_of(sentence, spaces)
    assert [(ent.start, ent.end, ent.label_) for ent in doc.ents] == sentence.entities
    assert bio_tags(doc) == encode(sentence.entities, len(sentence.tokens), "BIO")
    assert len(doc) == 1 or not doc.has_annotation("SENT_START")


def test_a_doc_knows_its_own_spaces_and_sentences():
    sentence = Sentence(["Go", ".", "Stay", "!"], [], 1, [False, True, False, False], starts=[0, 2])
    doc = to_doc(sentence, Vocab(), True)
    assert doc.text == "Go. Stay!"
    assert [sent.text for sent in doc.sents] == ["Go.", "Stay!"]


def test_spaces_follow_the_language():
    assert [spaced(lang) for lang in ("en", "th", "ja", "zh")] == [True, False, False, False]
    with pytest.raises(ImportError, match="E048"):
        spaced("zn")


def test_counts():
    sentences = [
        Sentence(["a", "b"], [(0, 1, "Y"), (1, 2, "X")], 1, misaligned=2),
        Sentence(["c"], [(0, 1, "X")], 4),
    ]
    counts = count(iter(sentences))
    assert (counts.sentences, counts.tokens, counts.longest, counts.misaligned) == (2, 3, 2, 2)
    assert counts.entities == {"X": 2, "Y": 1}


@pytest.mark.parametrize("lang", ["zh", "en", "de"])
@given(marked_texts())
def test_nothing_of_a_text_is_lost(lang, marked):
    text, spans = marked
    sentence = from_text(text, spans, tokenizer(lang))
    doc = to_doc(sentence, Vocab(), spaced(lang))
    assert doc.text == text
    found = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    assert found == sorted(spans)
    # What the tokenizer itself can mark is what is not counted as misaligned.
    theirs = tokenizer(lang)(text)
    assert sentence.misaligned == sum(theirs.char_span(s, e) is None for s, e, _ in spans)


def test_tokens_are_cut_where_entities_need_it():
    sentence = from_text(
        "the Berlin-based NATO", [(4, 10, "LOC"), (17, 21, "ORG")], tokenizer("en")
    )
    assert sentence.tokens == ["the", "Berlin", "-", "based", "NATO"]
    sentence = from_text("abc def", [(1, 2, "X"), (4, 7, "Y")], tokenizer("en"))
    assert sentence.tokens == ["a", "b", "c", "def"]
    assert sentence.spaces == [False, False, True, False]
    assert sentence.entities == [(1, 2, "X"), (3, 4, "Y")] and sentence.misaligned == 1


@pytest.mark.parametrize(
    "text, spans, kind, mended",
    [
        ("abc", [(1, 4, "X")], "outside-text", []),
        ("abc", [(-1, 2, "X")], "outside-text", []),
        ("abc", [(2, 2, "X")], "outside-text", []),
        ("a b c", [(1, 4, "X")], "white-space-border", [(2, 3, "X")]),
        ("a  b", [(1, 3, "X")], "white-space-border", []),
        ("a b c", [(0, 3, "X"), (2, 5, "Y")], "overlap", [(0, 3, "X")]),
        ("a b c", [(4, 5, "X"), (0, 5, "Y")], "overlap", [(0, 5, "Y")]),
        ("a b c", [(0, 1, "X"), (0, 1, "Y")], "overlap", [(0, 1, "X")]),
    ],
)
def test_problems_of_spans(text, spans, kind, mended):
    with pytest.raises(CorpusError, match=r"line 7.*--repair"):
        from_text(text, spans, tokenizer("en"), 7)
    problems = []
    sentence = from_text(text, spans, tokenizer("en"), 7, None, problems.append)
    assert [problem.kind for problem in problems] == [kind]
    doc = to_doc(sentence, Vocab(), True)
    assert [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] == mended
    assert doc.text == text


def test_an_empty_text():
    with pytest.raises(CorpusError, match="line 3.*the text is empty"):
        from_text("", [], tokenizer("zh"), 3)
    assert from_text("", [], tokenizer("zh"), 3, None, lambda problem: None) is None


@pytest.mark.parametrize("label", ["", " ", None, 3, ["X"], "\ud83d"])
def test_what_is_no_label(label):
    with pytest.raises(CorpusError, match="line 3, .*this is no label"):
        from_text("abc", [(0, 1, label)], tokenizer("zh"), 3, None, lambda problem: None)


def test_half_a_surrogate_pair():
    with pytest.raises(CorpusError, match=r"line 3, 'ab\\ud83d': character 2 is half a surrogate"):
        from_text("ab\ud83d", [], tokenizer("zh"), 3)


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
