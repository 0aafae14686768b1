"""The component `balc_ner`: labels, initialization, learning, and gold of all kinds."""

import numpy
import pytest
import spacy
import torch
from spacy.errors import Errors
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from .conftest import HASH_EMBED, TOY, found, head, learn, toy_examples


def weights(nlp, name="balc_ner"):
    shim = nlp.get_pipe(name).model.shims[0]
    return {key: value.clone() for key, value in shim.module.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def blank(lang="zh", **settings):
    nlp = spacy.blank(lang)
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED, **settings))
    return nlp


def gold(nlp, words, entities, spaces=None):
    """Example whose predicted doc has just the words, and whose gold has BILUO tags."""
    spaces = spaces or [False] * len(words)
    predicted = Doc(nlp.vocab, words=words, spaces=spaces)
    return Example.from_dict(predicted, {"words": words, "spaces": spaces, "entities": entities})


# Labels and initialization


def test_labels_are_sorted_and_added_once():
    ner = blank().get_pipe("balc_ner")
    assert ner.labels == ()
    assert "PER" not in ner.vocab.strings
    assert [ner.add_label(label) for label in ("PER", "LOC", "PER")] == [1, 1, 0]
    assert ner.labels == ("LOC", "PER")
    assert ner.label_data == ["LOC", "PER"]
    assert "PER" in ner.vocab.strings


@pytest.mark.parametrize("label", [1, None, b"PER", ["PER"]])
def test_add_label_refuses_what_is_no_string(label):
    ner = blank().get_pipe("balc_ner")
    with pytest.raises(ValueError, match="E187"):
        ner.add_label(label)
    assert ner.labels == ()


def test_add_label_refuses_the_empty_string():
    ner = blank().get_pipe("balc_ner")
    with pytest.raises(ValueError, match="empty"):
        ner.add_label("")
    assert ner.labels == ()


def test_initialize_takes_labels_from_all_examples():
    nlp = blank()
    plain = toy_examples(nlp, TOY[2:3]) * 20  # more than the sample that weights are made from
    nlp.initialize(lambda: plain + toy_examples(nlp))
    assert nlp.get_pipe("balc_ner").labels == ("LOC", "ORG", "PER")


def test_initialize_with_labels_takes_these_alone():
    nlp = blank()
    examples = toy_examples(nlp)
    ner = nlp.get_pipe("balc_ner")
    ner.initialize(lambda: examples, nlp=nlp, labels=["PER", "GPE"])
    assert ner.labels == ("GPE", "PER")
    assert ner.model.get_dim("nO") == 5
    ner.update(examples, sgd=Adam(0.001))
    assert ner.labels == ("GPE", "LOC", "ORG", "PER")


def test_label_data_makes_the_same_component():
    nlp = blank()
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    again = blank()
    again.config["initialize"]["components"]["balc_ner"] = {
        "labels": nlp.get_pipe("balc_ner").label_data
    }
    again.initialize(lambda: toy_examples(again, TOY[2:3]))
    assert again.get_pipe("balc_ner").labels == nlp.get_pipe("balc_ner").labels


def test_initialize_without_any_label_predicts_o_and_learns_later():
    nlp = blank()
    nlp.initialize()
    assert nlp.get_pipe("balc_ner").labels == ()
    assert [token.ent_iob_ for token in nlp("张三在北京")] == ["O"] * 5
    examples = toy_examples(nlp)
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]


def test_initialize_again_starts_afresh(toy_nlp):
    nlp, examples = toy_nlp
    learn(nlp, examples)
    assert nlp(TOY[0][0]).ents
    nlp.initialize(lambda: examples)
    assert not nlp(TOY[0][0]).ents
    assert nlp.get_pipe("balc_ner").labels == ("LOC", "ORG", "PER")


def test_initialize_refuses_a_contradictory_number_of_tags():
    nlp = blank(nO=5)
    with pytest.raises(ValueError, match="nO = 5 .*3 labels make 7"):
        nlp.initialize(lambda: toy_examples(nlp))
    nlp = blank(nO=7)
    nlp.initialize(lambda: toy_examples(nlp))
    assert nlp.get_pipe("balc_ner").model.get_dim("nO") == 7


def test_initialize_refuses_what_gives_no_examples():
    nlp = blank()
    ner = nlp.get_pipe("balc_ner")
    with pytest.raises(TypeError, match="E930"):
        ner.initialize(toy_examples(nlp), nlp=nlp)
    with pytest.raises(TypeError, match="E930"):
        ner.initialize(list, nlp=nlp)
    with pytest.raises(ValueError, match="must be a list"):
        ner.initialize(lambda: toy_examples(nlp), nlp=nlp, labels="PER")
    assert not ner.is_initialized


def test_before_initialize_nothing_is_predicted_or_learnt():
    nlp = blank()
    ner = nlp.get_pipe("balc_ner")
    ner.add_label("PER")
    message = Errors.E109.format(name="balc_ner")[:30]
    for use in (
        lambda: nlp("张三"),
        lambda: list(nlp.pipe(["张三", "李四"])),
        lambda: ner.predict([nlp.make_doc("张三")]),
        lambda: ner.predict([]),
        lambda: ner.update(toy_examples(nlp)),
    ):
        with pytest.raises(ValueError, match="E109") as caught:
            use()
        assert message in str(caught.value)


@pytest.mark.parametrize("crf", [True, False])
def test_untrained_predicts_o(crf):
    nlp = blank(crf=crf)
    examples = toy_examples(nlp)
    for seed in range(10):
        fix_random_seed(seed)
        nlp.initialize(lambda: examples)
        for doc in nlp.pipe(text for text, _ in TOY):
            assert [token.ent_iob_ for token in doc] == ["O"] * len(doc)


# Learning


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"crf": False},
        {"lstm_layers": 0},
        {"attention_heads": 0},
        {"lstm_layers": 2, "attention_heads": 2, "attention_window": 2},
        {"lstm_layers": 0, "attention_heads": 0, "crf": False},
    ],
    ids=str,
)
def test_learns(settings):
    nlp = blank(**settings)
    losses = learn(nlp, toy_examples(nlp))
    assert losses["balc_ner"] < 0.2
    assert [found(nlp(text)) for text, _ in TOY] == [ents for _, ents in TOY]


def same_for_all(ner):
    """Emissions of zero: all legal paths are as likely."""
    for parameter in ner.model.shims[0].module.output.parameters():
        torch.nn.init.zeros_(parameter)


def test_losses_add_up_by_name(toy_nlp):
    nlp, examples = toy_nlp
    ner = nlp.get_pipe("balc_ner")
    same_for_all(ner)
    first = ner.update(examples)
    assert first["balc_ner"] == pytest.approx(numpy.log(7), rel=0.3)  # 7 tags, near uniform
    losses = {"other": 1.0}
    assert ner.update(examples, losses=losses) is losses
    ner.update(examples, losses=losses)
    assert losses == {"other": 1.0, "balc_ner": pytest.approx(2 * first["balc_ner"])}


def test_without_an_optimizer_gradients_wait_for_finish_update(toy_nlp):
    nlp, examples = toy_nlp
    ner = nlp.get_pipe("balc_ner")
    before = weights(nlp)
    ner.update(examples, sgd=None)
    once = ner.model.shims[0].module.output.bias.grad.clone()
    ner.update(examples, sgd=None)
    assert torch.allclose(ner.model.shims[0].module.output.bias.grad, 2 * once)
    assert same(before, weights(nlp))
    ner.finish_update(Adam(0.01))
    assert not same(before, weights(nlp))
    assert ner.model.shims[0].module.output.bias.grad is None


def test_dropout_reaches_the_head(toy_nlp):
    nlp, examples = toy_nlp
    learn(nlp, examples, steps=5)
    ner = nlp.get_pipe("balc_ner")

    def loss(drop):
        return ner.update(examples, drop=drop)["balc_ner"]

    assert loss(0.0) == loss(0.0)
    assert len({loss(0.5) for _ in range(4)}) == 4


def test_two_trainings_with_one_seed_are_equal(lora_tok2vec):
    config = head(lora_tok2vec())

    def train():
        fix_random_seed(3)
        nlp = spacy.blank("zh")
        nlp.add_pipe("balc_ner", config=config)
        examples = toy_examples(nlp)
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate = 0.01
        for _ in range(5):
            nlp.update(examples, sgd=optimizer, drop=0.3)
        return nlp.get_pipe("balc_ner").model.to_bytes()

    assert train() == train()


# Labels that come later


@pytest.mark.parametrize("crf", [True, False])
def test_new_labels_keep_what_was_learnt(crf):
    nlp = blank(crf=crf)
    learn(nlp, toy_examples(nlp))
    ner = nlp.get_pipe("balc_ner")
    texts = [text for text, _ in TOY]
    texts += ["赵六在上海工作。", "北京大学李四", "很好张三在南京去了北京"]
    before = [found(doc) for doc in nlp.pipe(texts)]
    assert sum(map(len, before)) > 6
    docs = [nlp.make_doc(text) for text in texts]
    emissions = ner.model.predict(docs)
    for label in ("AAA", "MMM", "ZZZ"):  # first, between and last in order
        assert ner.add_label(label) == 1
    assert ner.labels == ("AAA", "LOC", "MMM", "ORG", "PER", "ZZZ")
    assert [found(doc) for doc in nlp.pipe(texts)] == before
    known = [0, 3, 4, 7, 8, 9, 10]
    for old, new in zip(emissions, ner.model.predict(docs)):
        assert numpy.allclose(new[:, known], old, atol=1e-6)


def test_labels_first_seen_in_update_are_learnt():
    nlp = blank()
    learn(nlp, toy_examples(nlp))
    data = TOY + [("周日在杭州。", [(0, 2, "DATE"), (3, 5, "LOC")])]
    examples = toy_examples(nlp, data)
    optimizer = nlp.resume_training()
    assert not hasattr(nlp.get_pipe("balc_ner"), "_rehearsal_model")
    optimizer.learn_rate = 0.01
    nlp.update(examples[-1:], sgd=optimizer)
    assert nlp.get_pipe("balc_ner").labels == ("DATE", "LOC", "ORG", "PER")
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    assert [found(nlp(text)) for text, _ in data] == [ents for _, ents in data]


# Gold


def test_missing_gold_gives_no_gradient(toy_nlp):
    nlp, _ = toy_nlp
    ner = nlp.get_pipe("balc_ner")
    examples = [
        Example(nlp.make_doc(text), Doc(nlp.vocab, words=list(text), spaces=[False] * len(text)))
        for text in ("张三在北京", "李四")
    ]
    emissions, _ = ner.model.begin_update([eg.predicted for eg in examples])
    loss, gradient = ner.get_loss(examples, emissions)
    assert loss == 0.0
    assert [row.shape for row in gradient] == [(5, 7), (2, 7)]
    assert not any(row.any() for row in gradient)
    before = weights(nlp)
    nlp.update(examples, sgd=Adam(0.1, L2=0.0))
    assert same(before, weights(nlp))


def test_partial_gold_says_nothing_about_the_rest():
    nlp = blank()
    words = list("张三在北京")
    full = gold(nlp, words, ["B-PER", "L-PER", "O", "B-LOC", "L-LOC"])
    partial = gold(nlp, words, ["B-PER", "L-PER", "-", "-", "-"])
    unknown = gold(nlp, words, ["-"] * 5)
    assert partial.get_aligned_ner() == ["B-PER", "L-PER", None, None, None]
    losses = learn(nlp, [full, partial, unknown, partial])
    assert losses["balc_ner"] < 0.05  # were "-" read as "O", no model could fit these together
    assert found(nlp("".join(words))) == [(0, 2, "PER"), (3, 5, "LOC")]


def test_gold_in_another_tokenization():
    nlp = blank()
    words, gold_words = list("张三在北京大学"), ["张三在", "北京", "大", "学"]
    predicted = Doc(nlp.vocab, words=words, spaces=[False] * 7)
    example = Example.from_dict(
        predicted,
        {
            "words": gold_words,
            "spaces": [False] * 4,
            "entities": ["O", "B-ORG", "I-ORG", "L-ORG"],
        },
    )
    learn(nlp, [example])
    assert found(nlp("".join(words))) == [(3, 7, "ORG")]


def test_misaligned_gold_is_unknown():
    nlp = blank("en")
    predicted = Doc(nlp.vocab, words=["Visit", "NewYork", "today"])
    example = Example.from_dict(
        predicted,
        {"words": ["Visit", "New", "York", "today"], "entities": ["O", "O", "U-LOC", "O"]},
    )
    assert example.get_aligned_ner() == ["O", None, "O"]
    nlp.initialize(lambda: [example])
    ner = nlp.get_pipe("balc_ner")
    same_for_all(ner)
    emissions, _ = ner.model.begin_update([predicted])
    loss, gradient = ner.get_loss([example], emissions)
    assert loss > 0
    # Of 13 legal paths 4, 6 and 3 have O, B and I in the middle; of the two that agree with the
    # gold, one has O there and one has B. The mean is over two known tokens.
    expected = [4 / 13 - 1 / 2, 6 / 13 - 1 / 2, 3 / 13]
    assert 2 * gradient[0][1] == pytest.approx(expected, abs=1e-5)


def test_white_space_within_gold():
    nlp = blank("en")
    words = ["Visit", "New", "\n", "York", "today"]
    example = gold(nlp, words, ["O", "B-LOC", "I-LOC", "L-LOC", "O"], spaces=[True] * 5)
    learn(nlp, [example])
    doc = nlp.get_pipe("balc_ner")(Doc(nlp.vocab, words=words, spaces=[True] * 5))
    assert [(ent.start, ent.end) for ent in doc.ents] == [(1, 4)]


@pytest.mark.parametrize("at_end", [True, False])
def test_white_space_at_an_end_of_gold(at_end):
    nlp = blank("en")
    words = ["Visit", "Paris", "\n", "today"] if at_end else ["Visit", "\n", "Paris", "today"]
    example = gold(nlp, words, ["O", "B-LOC", "L-LOC", "O"])
    learn(nlp, [example])
    doc = nlp.get_pipe("balc_ner")(Doc(nlp.vocab, words=words))
    assert [ent.text.strip() for ent in doc.ents] == [doc.ents[0].text] == ["Paris"]


def test_empty_docs_anywhere_in_a_batch(toy_nlp):
    nlp, examples = toy_nlp
    empty = Example.from_dict(nlp.make_doc(""), {"entities": []})
    mixed = [empty, examples[0], empty, empty, *examples[1:], empty]
    assert nlp.update(mixed, sgd=False) == {
        "balc_ner": pytest.approx(nlp.update(examples, sgd=False)["balc_ner"], rel=1e-5)
    }
    learn(nlp, mixed)
    texts = ["", TOY[0][0], "", "", TOY[1][0], ""]
    expected = [[], TOY[0][1], [], [], TOY[1][1], []]
    assert [found(doc) for doc in nlp.pipe(texts)] == expected
    before = weights(nlp)
    assert nlp.update([empty, empty], sgd=Adam(0.1)) == {"balc_ner": 0.0}
    assert same(before, weights(nlp))
    assert [len(doc) for doc in nlp.pipe(["", ""])] == [0, 0]
    assert nlp.get_pipe("balc_ner").predict([]) == []
    assert nlp.update([], sgd=Adam(0.1)) == {}


def test_a_batch_of_white_space(toy_nlp):
    nlp, _ = toy_nlp
    blanks = [Example.from_dict(nlp.make_doc(text), {"entities": []}) for text in (" ", "\n\n")]
    assert nlp.update(blanks, sgd=Adam(0.1)) == {"balc_ner": 0.0}
    assert [found(doc) for doc in nlp.pipe([" ", "\n", ""])] == [[], [], []]
