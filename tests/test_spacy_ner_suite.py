"""spaCy's own tests of entity recognisers, run on `balc_ner` wherever they ask for `ner`.

TAKEN come from the installed spaCy as they are. While they run, `add_pipe("ner")` and
`create_pipe("ner")` give a `balc_ner` of that name on a small HashEmbedCNN, and the class
`EntityRecognizer` makes one. Tests of NOT_TAKEN hold for one kind of recogniser, not for any; the
last ones here say in own words what of them concerns us.
"""

import importlib
import pickle
import warnings

import pytest
import spacy
from spacy.lang.en import English
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from thinc.api import Adam, fix_random_seed

from spacy_balc.ner import BalcNer

from .conftest import HASH_EMBED, found, head

# Module under spacy.tests, and its test functions without `test_`.
TAKEN = {
    "parser.test_ner": "issue2800 issue4267 train_empty empty_ner ruler_before_ner "
    "ner_before_ruler block_ner",
    "parser.test_add_label": "ner_labels_added_implicitly_on_update",
    "training.test_training": "issue999 tuple_format_implicit tuple_format_implicit_invalid",
    "training.test_rehearse": "rehearse",
    "training.test_logger": "console_logger",
    "doc.test_add_entities": "doc_add_entities_set_ents_iob ents_reset",
    "pipeline.test_pipe_factories": "pipe_factory_meta_config_cleanup",
    "pipeline.test_pipe_methods": "issue3880 replace_last_pipe pipe_base_class_add_label "
    "pipe_labels add_pipe_before_after pipe_methods_frozen pipe_label_data_exports_labels "
    "pipe_methods_initialize",
    "pipeline.test_tok2vec": "replace_listeners_from_config tok2vec_listener_source_link_name "
    "tok2vec_listener_source_replace_listeners",
    "pipeline.test_entity_linker": "overfitting_IO_with_ner nel_to_bytes",
    "vocab_vectors.test_vectors": "issue4725_2",
    "serialize.test_serialize_pipeline": "issue4042 issue4042_bug2 "
    "serialize_pipeline_disable_enable",
    "serialize.test_serialize_language": "issue2482 issue6950",
    "serialize.test_serialize_config": "config_nlp_roundtrip",
    "test_cli": "init_labels",
}
NOT_TAKEN = {
    "of the transition system (moves, oracles, BILUO, beams)": {
        "parser.test_ner": "issue1967 issue2179 issue2385 issue3209 labels_from_BILUO issue4313 "
        "get_oracle_moves oracle_moves_missing_B oracle_moves_whitespace accept_blocked_token "
        "overwrite_token ner_constructor overfitting_IO beam_ner_scores beam_overfitting_IO "
        "beam_valid_parse",
        "parser.test_add_label": "add_label_deserializes_correctly add_label_get_label "
        "ner_labels_added_implicitly_on_beam_parse ner_labels_added_implicitly_on_greedy_parse",
        "pipeline.test_entity_ruler": "issue3345",
        "serialize.test_serialize_pipeline": "issue4725_1 serialize_parser_roundtrip_bytes "
        "serialize_parser_strings serialize_parser_roundtrip_disk to_from_bytes",
    },
    "of negative gold, which balc_ner has no setting for": {
        "parser.test_ner": "negative_samples_two_word_input negative_samples_three_word_input "
        "negative_samples_U_entity negative_sample_key_is_in_config train_negative_deprecated "
        "neg_annotation neg_annotation_conflict",
    },
    "decided otherwise: preset labels that are none of ours stay on the doc and become none": {
        "parser.test_add_label": "ner_labels_added_implicitly_on_predict",
    },
    "a debug message about NORM, which is the tok2vec's business": {
        "parser.test_ner": "ner_warns_no_lookups",
    },
    "of spaCy's command line, which knows recognisers by the factory's name alone": {
        "test_cli": "get_labels_from_model",
        "test_cli_app": "init_config_trainable",
    },
    "expected by spaCy to fail": {
        "pipeline.test_entity_linker": "nel_pickle",
    },
}


def module_of(where):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # marks that spaCy's own configuration registers
        return importlib.import_module(f"spacy.tests.{where}")


def for_ner_alone(function):
    """Leave other components out of what a test is parametrised with."""
    function.pytestmark = [
        pytest.mark.parametrize(mark.args[0], ["ner"]).mark
        if mark.name == "parametrize" and "ner" in mark.args[1]
        else mark
        for mark in getattr(function, "pytestmark", [])
    ]
    return function


for _where, _names in TAKEN.items():
    for _name in _names.split():
        assert f"test_{_name}" not in globals(), f"two tests are called {_name}"
        globals()[f"test_{_name}"] = for_ner_alone(getattr(module_of(_where), f"test_{_name}"))

test_issue2800 = pytest.mark.slow(globals()["test_issue2800"])  # a CRF of 2,001 tags
test_issue999 = pytest.mark.slow(globals()["test_issue999"])  # 180 updates


def ours(factory, name, config):
    """What `add_pipe` and `create_pipe` are given, with `balc_ner` for `ner`."""
    if factory != "ner":
        return factory, name, config
    tok2vec = config.get("model", {}).get("tok2vec", HASH_EMBED)
    # spaCy's tests train few steps at Adam's own rate
    model = head(tok2vec, learn_rate_scale=10.0, crf_learn_rate_scale=10.0)
    scorer = {key: value for key, value in config.items() if key == "scorer"}
    return "balc_ner", name or "ner", {**model, **scorer}


@pytest.fixture(autouse=True)
def balc_ner_is_ner(monkeypatch):
    create, add = Language.create_pipe, Language.add_pipe

    def create_pipe(self, factory_name, name=None, *, config={}, **options):
        factory_name, name, config = ours(factory_name, name, config)
        return create(self, factory_name, name, config=config, **options)

    def add_pipe(self, factory_name, name=None, *, source=None, config={}, **options):
        if source is None:
            factory_name, name, config = ours(factory_name, name, config)
        return add(self, factory_name, name, source=source, config=config, **options)

    def entity_recognizer(vocab, model):
        return BalcNer(vocab, registry.resolve(head(HASH_EMBED))["model"])

    monkeypatch.setattr(Language, "create_pipe", create_pipe)
    monkeypatch.setattr(Language, "add_pipe", add_pipe)
    monkeypatch.setattr(module_of("doc.test_add_entities"), "EntityRecognizer", entity_recognizer)


# What the tests taken ask for


@pytest.fixture
def en_vocab():
    return English().vocab


@pytest.fixture
def nlp(request):
    if request.function.__module__.endswith("test_logger"):
        nlp = spacy.blank("en")
        nlp.add_pipe("ner")
        return nlp
    return Language()


@pytest.fixture
def info():
    scores = {"ENTS_F": 0.85, "ENTS_P": 0.90, "ENTS_R": 0.80}
    return {"losses": {"ner": 1.0}, "other_scores": scores, "epoch": 1, "step": 1, "score": 0.85}


def test_balc_ner_is_what_they_get(nlp):
    assert isinstance(nlp.add_pipe("ner"), BalcNer)
    assert isinstance(nlp.create_pipe("ner"), BalcNer)
    assert nlp.pipe_names == ["ner"]


def test_each_test_is_listed_once_and_exists():
    listed = [f"{where}:{name}" for where, names in TAKEN.items() for name in names.split()]
    for modules in NOT_TAKEN.values():
        for where, names in modules.items():
            for name in names.split():
                assert hasattr(module_of(where), f"test_{name}"), f"{where} has no test_{name}"
                listed.append(f"{where}:{name}")
    assert len(listed) == len(set(listed))
    # the two modules about recognisers alone are accounted for to the last test
    names = dir(module_of("parser.test_ner"))
    tests = {name[5:] for name in names if name.startswith("test_")}
    assert tests == {name.partition(":")[2] for name in listed if "parser.test_ner:" in name}


# In own words: what tests not taken say about any recogniser

TRAIN = [
    ("Where does Ada Novak live?", [(11, 20, "PERSON")]),
    ("We went from Lisbon to Prague.", [(13, 19, "LOC"), (23, 29, "LOC")]),
]


def learnt(data=TRAIN, steps=50):
    nlp = English()
    nlp.add_pipe("ner")
    examples = [Example.from_dict(nlp.make_doc(t), {"entities": e}) for t, e in data]
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.001)
    losses = {}
    for _ in range(steps):
        losses = {}
        nlp.update(examples, sgd=optimizer, losses=losses)
    return nlp, losses


def test_overfitting_and_what_is_read_back(tmp_path):
    nlp, losses = learnt()
    assert losses["ner"] < 0.01
    text, gold = "We went to Lisbon.", [(11, 17, "LOC")]
    assert found(nlp(text)) == gold
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert found(loaded(text)) == gold
    loaded.get_pipe("ner").add_label("SOMETHING_ELSE")
    assert found(loaded(text)) == gold
    # piped twice or one by one: the same
    texts = ["Nothing here.", "They then left Prague for good.", "And this is all.", text]
    piped = [[token.ent_iob_ for token in doc] for doc in nlp.pipe(texts)]
    assert [[token.ent_iob_ for token in doc] for doc in nlp.pipe(texts)] == piped
    assert [[token.ent_iob_ for token in nlp(text)] for text in texts] == piped
    # an entity that is there keeps its knowledge base id, a new one has none
    doc = nlp.make_doc("We went from Lisbon to Lisbon.")
    doc.ents = [Span(doc, 3, 4, label="LOC", kb_id=1234)]
    doc = nlp.get_pipe("ner")(doc)
    assert [(ent.text, ent.label_, ent.kb_id) for ent in doc.ents] == [
        ("Lisbon", "LOC", 1234),
        ("Lisbon", "LOC", 0),
    ]


@pytest.mark.parametrize("label", ["LARGE-ANIMAL", "-", "动物 1"])
def test_labels_of_any_spelling(label, tmp_path):
    nlp, _ = learnt([("The okapi sleeps.", [(4, 9, label)]), ("The lamp is on.", [])])
    assert nlp.get_pipe("ner").labels == (label,)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("ner").labels == (label,)
    assert found(loaded("The okapi sleeps.")) == found(nlp("The okapi sleeps."))
    assert found(loaded("The okapi sleeps.")) == [(4, 9, label)]


def test_a_pipeline_without_labels_takes_on_those_it_reads():
    nlp, _ = learnt()
    other = English()
    other.add_pipe("ner")
    other.from_bytes(nlp.to_bytes())
    assert other.get_pipe("ner").labels == ("LOC", "PERSON")
    assert found(other("We went to Lisbon.")) == [(11, 17, "LOC")]
    assert other.vocab.strings["PERSON"] in other.vocab.strings


@pytest.mark.parametrize("initialized", [True, False])
def test_pickle_of_the_component_alone(initialized, nlp):
    component = nlp.create_pipe("ner")
    component.add_label("PERSON")
    if initialized:
        example = Example.from_dict(Doc(nlp.vocab, words=["Ada"]), {"entities": ["U-PERSON"]})
        component.initialize(lambda: [example])
    again = pickle.loads(pickle.dumps(component))
    assert again.labels == ("PERSON",)
    assert again.to_bytes() == component.to_bytes()


def test_a_second_recogniser_may_overwrite_outside():
    first, _ = learnt([("Nothing here.", [])])
    doc = first("We went to Lisbon.")
    assert {token.ent_iob_ for token in doc} == {"O"}
    second, _ = learnt()
    again = Doc(second.vocab).from_bytes(doc.to_bytes())
    assert found(second.get_pipe("ner")(again)) == [(11, 17, "LOC")]
