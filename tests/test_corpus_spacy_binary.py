""".spacy files: what is read from them, and what is written."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus
from spacy.vocab import Vocab

from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence
from spacy_balc.corpus.spacy_binary import read, sniff, write


def save(path, *docs: Doc):
    DocBin(docs=docs).to_disk(path)
    return path


def test_reads_what_spacy_wrote(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp("  Ann went. Bob  stayed here.")
    doc.set_ents([Span(doc, 1, 2, "PER"), Span(doc, 4, 5, "PER")], default="outside")
    path = save(tmp_path / "a.spacy", doc)
    (sentence,) = read(path)
    assert sniff(path, path.read_bytes())
    assert sentence.tokens == [token.text for token in doc]
    assert sentence.spaces == [bool(token.whitespace_) for token in doc]
    assert sentence.entities == [(1, 2, "PER"), (4, 5, "PER")]
    assert sentence.starts == [0, 4]


def test_problems(tmp_path):
    vocab = Vocab()
    bare = Doc(vocab, list("没有"), [False, False])
    path = save(tmp_path / "a.spacy", Doc(vocab), bare)
    with pytest.raises(CorpusError, match="line 1: the doc has no token"):
        list(read(path))
    problems = []
    (sentence,) = read(path, ReadOptions(), problems.append)
    assert (sentence.tokens, sentence.line) == (["没", "有"], 2)
    assert [problem.kind for problem in problems] == ["empty-text", "missing-annotation"]


def test_docs_that_do_not_know_their_spaces(tmp_path):
    doc = Doc(Vocab(), list("上海"))
    doc.set_ents([Span(doc, 0, 2, "LOC")], default="outside")
    said = []
    (sentence,) = read(save(tmp_path / "a.spacy", doc), ReadOptions(say=said.append))
    assert sentence.spaces is None and "1 docs do not know their spaces" in said[0]


@pytest.mark.parametrize("content", [b"", b"no", b"x\x9c\x03\x00\x00\x00\x00\x01", None])
def test_what_is_no_docbin(tmp_path, content):
    path = save(tmp_path / "a.spacy", Doc(Vocab(), ["a", "b"]))
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    with pytest.raises(CorpusError, match="a.spacy: this is no .spacy file, or a damaged one"):
        list(read(path))


def test_writes_what_spacy_trains_on(tmp_path):
    sentences = [
        Sentence(["刘", "洋", "去", "西安"], [(0, 2, "PER"), (3, 4, "LOC")], 1),
        Sentence(["好", "。", "走"], [], 6, [True, False, False], starts=[0, 2]),
    ]
    path = tmp_path / "a.spacy"
    with write(path, "zh") as add:
        for sentence in sentences:
            add(sentence)
    first, second = [example.reference for example in Corpus(path)(spacy.blank("zh"))]
    assert (first.text, second.text) == ("刘洋去西安", "好 。走")
    assert [(ent.text, ent.label_) for ent in first.ents] == [("刘洋", "PER"), ("西安", "LOC")]
    assert [token.ent_iob_ for token in second] == ["O", "O", "O"]
    assert [sent.text for sent in second.sents] == ["好 。", "走"]
    assert not first.has_annotation("SENT_START")
    assert [(s.tokens, s.entities) for s in read(path)] == [
        (s.tokens, s.entities) for s in sentences
    ]
