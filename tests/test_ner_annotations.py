"""What `balc_ner` writes on a doc, and what it must leave alone."""

import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from .conftest import HASH_EMBED, TOY, found, head, learn


def make_nlp(labels):
    nlp = spacy.blank("zh")
    # without LSTM and attention, so that random weights treat each token in its own way
    ner = nlp.add_pipe("balc_ner", config=head(HASH_EMBED, lstm_layers=0, attention_heads=0))
    for label in labels:
        ner.add_label(label)
    fix_random_seed(0)
    nlp.initialize()
    return nlp


@pytest.fixture
def eager():
    """A pipeline that takes every run of tokens for one entity, X."""
    nlp = make_nlp(["X"])
    module = nlp.get_pipe("balc_ner").model.shims[0].module
    module.output.bias.data = torch.tensor([-9.0, 0.0, 9.0])  # O, B-X, I-X
    return nlp


@pytest.fixture(scope="module")
def wild():
    """A pipeline with three labels and random weights, large enough to mark entities anywhere."""
    nlp = make_nlp(["A", "B", "C"])
    module = nlp.get_pipe("balc_ner").model.shims[0].module
    torch.nn.init.normal_(module.output.weight, std=2.0)
    for parameter in module.crf.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return nlp


def words(nlp, text, **options):
    tokens = text.split("|")
    return Doc(nlp.vocab, words=tokens, spaces=[False] * len(tokens), **options)


def ranges(doc):
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def test_eager_takes_the_whole_doc(eager):
    assert ranges(eager.get_pipe("balc_ner")(words(eager, "a|b|c|d|e"))) == [(0, 5, "X")]


@pytest.mark.parametrize("label", ["X", "UNKNOWN"])
def test_preset_entities_survive_with_their_ids(eager, label):
    doc = words(eager, "a|b|c|d|e|f")
    doc.ents = [Span(doc, 2, 4, label=label, kb_id="Q90", span_id="paris")]
    doc = eager.get_pipe("balc_ner")(doc)
    assert ranges(doc) == [(0, 2, "X"), (2, 4, label), (4, 6, "X")]
    assert [(ent.kb_id_, ent.id_) for ent in doc.ents] == [("", ""), ("Q90", "paris"), ("", "")]
    assert [token.ent_id_ for token in doc] == ["", "", "paris", "paris", "", ""]
    assert [token.ent_iob_ for token in doc] == ["B", "I", "B", "I", "B", "I"]
    # an unknown label does not become one of ours
    assert eager.get_pipe("balc_ner").labels == ("X",)


def test_neighbours_of_a_preset_entity_know_its_label(eager):
    crf = eager.get_pipe("balc_ner").model.shims[0].module.crf
    crf.transitions.data[1:, 1] = -100.0  # one X hardly follows another
    for label, others in (("X", [(0, 1), (5, 6)]), ("UNKNOWN", [(0, 2), (4, 6)])):
        doc = words(eager, "a|b|c|d|e|f")
        doc.ents = [Span(doc, 2, 4, label=label)]
        doc = eager.get_pipe("balc_ner")(doc)
        assert [(start, end) for start, end, _ in ranges(doc) if start != 2] == others


def test_blocked_tokens_survive(eager):
    doc = words(eager, "a|b|c|d|e")
    doc.set_ents([], blocked=[doc[2:4]], default="unmodified")
    doc = eager.get_pipe("balc_ner")(doc)
    assert ranges(doc) == [(0, 2, "X"), (4, 5, "X")]
    assert [(token.ent_iob_, token.ent_type_) for token in doc[2:4]] == [("B", ""), ("B", "")]


def test_a_doc_that_is_set_already_stays(eager):
    doc = words(eager, "a|b|c")
    doc.ents = [Span(doc, 0, 2, label="Y"), Span(doc, 2, 3, label="X", kb_id="Q1")]
    doc = eager.get_pipe("balc_ner")(doc)
    assert ranges(doc) == [(0, 2, "Y"), (2, 3, "X")]
    assert doc.ents[1].kb_id_ == "Q1"


def test_preset_white_space_breaks_entities(eager):
    doc = words(eager, "a|\n|b")
    doc.set_ents([], blocked=[doc[1:2]], default="unmodified")
    assert ranges(eager.get_pipe("balc_ner")(doc)) == [(0, 1, "X"), (2, 3, "X")]


def test_tokens_outside_may_be_overwritten(eager):
    doc = words(eager, "a|b|c")
    doc.set_ents([], outside=[doc[0:3]])
    assert [token.ent_iob_ for token in doc] == ["O", "O", "O"]
    assert ranges(eager.get_pipe("balc_ner")(doc)) == [(0, 3, "X")]


def test_tokens_without_entity_become_o():
    nlp = make_nlp(["X"])
    doc = words(nlp, "a|b|c|\n|d")
    doc.ents = [Span(doc, 1, 2, label="Y")]
    assert [token.ent_iob_ for token in nlp.get_pipe("balc_ner")(doc)] == ["O", "B", "O", "O", "O"]


def test_no_entity_crosses_a_sentence_start(eager):
    ner = eager.get_pipe("balc_ner")
    starts = [True, False, False, True, False]
    assert ranges(ner(words(eager, "a|b|c|d|e", sent_starts=starts))) == [(0, 3, "X"), (3, 5, "X")]
    starts = [True, False, True, False, False]  # on white space: the break is at the next token
    doc = ner(words(eager, "a|b|\n|d|e", sent_starts=starts))
    assert ranges(doc) == [(0, 2, "X"), (3, 5, "X")]
    # a preset entity may
    doc = words(eager, "a|b|c|d|e", sent_starts=[True, False, True, False, False])
    doc.ents = [Span(doc, 1, 3, label="X")]
    assert ranges(ner(doc)) == [(0, 1, "X"), (1, 3, "X"), (3, 5, "X")]


def test_sentence_starts_that_are_not_set_break_nothing(eager):
    doc = words(eager, "a|b|c", sent_starts=[None, None, False])
    assert ranges(eager.get_pipe("balc_ner")(doc)) == [(0, 3, "X")]


def test_white_space_is_inside_an_entity_or_outside(eager):
    ner = eager.get_pipe("balc_ner")
    assert ranges(ner(words(eager, "\n|a|\u3000\u3000|b|\t"))) == [(1, 4, "X")]
    doc = ner(words(eager, " |\n"))
    assert ranges(doc) == []
    assert [token.ent_iob_ for token in doc] == ["O", "O"]


TOKEN = st.sampled_from(["a", "b", "张", "三", "😀", " ", "\n\n", "\u3000"])


@given(
    st.lists(st.tuples(TOKEN, st.sampled_from([None, None, True, False])), max_size=12),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from("ABZ-"))),
)
def test_what_no_doc_may_have(wild, tokens, preset):
    doc = Doc(
        wild.vocab,
        words=[text for text, _ in tokens],
        spaces=[False] * len(tokens),
        sent_starts=[start for _, start in tokens],
    )
    blocked, entities, taken = [], [], set()
    for start, end, label in preset:
        if start < end <= len(doc) and not taken & set(range(start, end)):
            taken.update(range(start, end))
            if label == "-":
                blocked.append(doc[start:end])
            else:
                entities.append(Span(doc, start, end, label=label, kb_id="Q1"))
    doc.set_ents(entities, blocked=blocked, default="missing")
    before = [(ent.start, ent.end, ent.label_) for ent in entities]
    held = [doc[i].ent_iob for span in blocked for i in range(span.start, span.end)]
    doc = wild.get_pipe("balc_ner")(doc)
    assert set(before) <= set(ranges(doc))
    assert [doc[i].ent_iob for s in blocked for i in range(s.start, s.end)] == held
    assert doc.has_annotation("ENT_IOB", require_complete=True) or not len(doc)
    for ent in doc.ents:
        if (ent.start, ent.end, ent.label_) in before:
            assert ent.kb_id_ == "Q1"
            continue
        assert ent.label_ in "ABC"
        assert ent.kb_id_ == ""
        assert not ent[0].is_space
        assert not ent[-1].is_space
        assert not any(token.sent_start == 1 for token in ent[1:])
        assert not taken & set(range(ent.start, ent.end))


def test_random_weights_do_mark_entities(wild):
    docs = [words(wild, "|".join("ab张三😀北京大学"[i:] * 2)) for i in range(9)]
    entities = [ent for doc in wild.get_pipe("balc_ner").pipe(docs) for ent in doc.ents]
    assert {ent.label_ for ent in entities} == {"A", "B", "C"}
    assert {len(ent) > 1 for ent in entities} == {True, False}


def test_trained_decoding_goes_around_what_is_set(trained):
    text, _ = TOY[1]  # 李四去了上海大学。
    assert found(trained(text)) == [(0, 2, "PER"), (4, 8, "ORG")]
    doc = trained.make_doc(text)
    doc.ents = [Span(doc, 4, 6, label="LOC", kb_id="Q8686")]
    doc = trained.get_pipe("balc_ner")(doc)
    assert found(doc)[:2] == [(0, 2, "PER"), (4, 6, "LOC")]
    assert doc.ents[1].kb_id_ == "Q8686"
    assert all(token.ent_iob_ != "I" for token in doc[6:7])
    doc = trained.make_doc(text)
    doc.set_ents([], blocked=[doc[5:6]], default="unmodified")
    doc = trained.get_pipe("balc_ner")(doc)
    assert found(doc)[0] == (0, 2, "PER")
    assert not any(ent.start_char <= 5 < ent.end_char for ent in doc.ents)
    doc = trained.make_doc(text)
    doc[6].is_sent_start = True
    doc = trained.get_pipe("balc_ner")(doc)
    assert not any(ent.start < 6 < ent.end for ent in doc.ents)


def test_after_an_entity_ruler(trained):
    # The ruler sets every token it does not know to O, which may be overwritten.
    ruler = trained.add_pipe("entity_ruler", before="balc_ner")
    try:
        ruler.add_patterns([{"label": "SCHOOL", "pattern": "大学", "id": "university"}])
        doc = trained("李四去了上海大学。")
        assert (0, 2, "PER") in found(doc)
        assert (6, 8, "SCHOOL") in found(doc)
        assert [ent.ent_id_ for ent in doc.ents if ent.label_ == "SCHOOL"] == ["university"]
        assert found(trained("王五在南京。")) == [(0, 2, "PER"), (3, 5, "LOC")]
    finally:
        trained.remove_pipe("entity_ruler")


def test_before_an_entity_ruler(trained):
    ruler = trained.add_pipe("entity_ruler", after="balc_ner")
    try:
        ruler.add_patterns([{"label": "WEATHER", "pattern": "天气"}])
        assert found(trained("今天天气很好。")) == [(2, 4, "WEATHER")]
    finally:
        trained.remove_pipe("entity_ruler")


def test_preset_entities_on_training_docs_do_not_disturb(trained):
    doc = trained.make_doc("张三在北京工作。")
    doc.ents = [Span(doc, 0, 2, label="ORG")]
    example = Example.from_dict(doc, {"entities": TOY[0][1]})
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    learn(nlp, [example], steps=40)
    assert found(nlp("张三在北京工作。")) == TOY[0][1]
