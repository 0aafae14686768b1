"""Gold of any kind: what is usable trains, the rest is counted and warned about once."""

import warnings

import pytest
import spacy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from .conftest import HASH_EMBED, found, head


@pytest.fixture(scope="module")
def english():
    """An initialized pipeline, its optimizer, and what it starts from."""
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    for label in ("LOC", "PER"):
        ner.add_label(label)
    doc = nlp.make_doc("Mary is in New York.")
    return nlp, nlp.initialize(lambda: [Example(doc, doc.copy())])


def fresh(english):
    nlp, _ = english
    ner = nlp.get_pipe("balc_ner")
    ner.unusable_gold = 0
    return nlp, ner


def gold(nlp, text, cuts, entities):
    """An example whose gold is cut into tokens at other places than the pipeline cuts."""
    words = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
    doc = Doc(nlp.vocab, words=words, spaces=[False] * len(words))
    doc.ents = [Span(doc, start, end, label=label) for start, end, label in entities]
    return Example(nlp.make_doc(text), doc)


def test_misaligned_gold_is_counted_and_warned_about_once(english):
    nlp, ner = fresh(english)
    inside = [gold(nlp, "NewYork Mary", [3, 7, 8], [(1, 2, "LOC"), (3, 4, "PER")])]
    with pytest.warns(UserWarning, match="such as 'York' \\(LOC\\) in 'NewYork Mary'") as caught:
        nlp.update(inside, sgd=False)
    assert len(caught) == 1
    assert ner.unusable_gold == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(inside, sgd=False)
    assert ner.unusable_gold == 2


def test_what_is_usable_beside_it_is_learnt():
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    examples = [gold(nlp, "NewYork Mary", [3, 7, 8], [(1, 2, "LOC"), (3, 4, "PER")])]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    with pytest.warns(UserWarning, match="count as missing"):
        for _ in range(40):
            nlp.update(examples, sgd=optimizer)
    assert (8, 12, "PER") in found(nlp("NewYork Mary"))
    assert ner.unusable_gold == 40


def test_gold_of_other_tokens_that_fits_is_not_counted(english):
    nlp, ner = fresh(english)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # "New York" is one token of the gold and two of the pipeline's
        nlp.update([gold(nlp, "New York", [], [(0, 1, "LOC")])], sgd=False)
    assert ner.unusable_gold == 0


@pytest.mark.parametrize(
    "entities, error",
    [
        ([(0, 4, "PER"), (2, 7, "LOC")], "E103"),  # crossing
        ([(0, 7, "PER"), (5, 7, "LOC")], "E103"),  # nested
    ],
)
def test_overlapping_gold_is_spacys_error(entities, error, english):
    nlp, _ = english
    with pytest.raises(ValueError, match=error):
        Example.from_dict(nlp.make_doc("Mary is in York"), {"entities": entities})


def test_misaligned_offsets_are_spacys_warning_and_missing_for_us(english):
    nlp, ner = fresh(english)
    with pytest.warns(UserWarning, match="W030"):
        example = Example.from_dict(
            nlp.make_doc("Mary is in York"), {"entities": [(0, 2, "PER"), (11, 15, "LOC")]}
        )
        nlp.update([example], sgd=False)
    assert example.get_aligned_ner()[0] is None


def test_a_span_without_tokens_is_no_entity(english):
    nlp, ner = fresh(english)
    doc = nlp.make_doc("Mary is in York")
    doc.ents = [Span(doc, 1, 1, label="PER"), Span(doc, 3, 4, label="LOC")]
    assert [ent.text for ent in doc.ents] == ["York"]


WORDS = st.lists(st.sampled_from(["Mary", "New", "York", " ", "is", "x"]), min_size=1, max_size=8)


@settings(max_examples=60)
@given(words=WORDS, data=st.data())
def test_any_tokens_and_entities_train(words, data, english):
    nlp, ner = fresh(english)
    text = "".join(words)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=6)))
    cuts = [cut for cut in cuts if cut < len(text)]
    n = len(cuts) + 1
    free, entities = 0, []
    while free < n and len(entities) < 3:
        start = data.draw(st.integers(free, n - 1))
        end = data.draw(st.integers(start + 1, n))
        entities.append((start, end, data.draw(st.sampled_from(["LOC", "PER"]))))
        free = end
    example = gold(nlp, text, cuts, entities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        losses = nlp.update([example], sgd=False)
    # White space at its borders aside, an entity fits or not by its characters.
    ends = [len(ent.text.rstrip()) for ent in example.reference.ents]
    assume(all(ends))
    fit = sum(
        example.predicted.char_span(ent.end_char - len(ent.text.lstrip()), ent.start_char + end)
        is not None
        for ent, end in zip(example.reference.ents, ends)
    )
    assert losses["balc_ner"] >= -1e-5
    assert ner.unusable_gold == len(entities) - fit


def test_pieces_outlive_a_memory_zone(encoder):
    nlp = spacy.blank("zh")
    tok2vec = {"@architectures": "spacy-balc.LoraTransformer.v1", "name": encoder("bert")}
    tok2vec.update(window=48, stride=32, lora={"rank": 4})
    nlp.add_pipe("balc_ner", config=head(tok2vec))
    nlp.initialize()
    shim = nlp.get_pipe("balc_ner").model.layers[0].shims[0]
    text = "张三在\u3000\u3000北京x7工作。"
    with nlp.memory_zone():
        nlp(text)
        kept = {token: list(ids) for token, ids in shim.module.pieces._cache.items()}
    assert kept
    with nlp.memory_zone():
        for i in range(50):
            nlp(f"{i}新的词{chr(0x4E00 + i)}")
    cache = shim.module.pieces._cache
    assert all(isinstance(token, str) and cache[token] == ids for token, ids in kept.items())
