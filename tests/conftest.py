"""Fixtures for all tests: tiny encoders, a toy corpus, `--slow`."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import spacy
import spacy.cli
import torch
from hypothesis import HealthCheck, settings
from spacy.cli._util import app as spacy_app
from spacy.training import Example
from thinc.api import fix_random_seed
from typer.testing import CliRunner

import spacy_balc.cli  # noqa: F401  (hangs `balc` into spaCy's commands, as the entry point does)

from .encoders import make_encoder

settings.register_profile(
    "default",
    deadline=None,  # the first example pays for imports and caches
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("default")

TOY = [
    ("张三在北京工作。", [(0, 2, "PER"), (3, 5, "LOC")]),
    ("李四去了上海大学。", [(0, 2, "PER"), (4, 8, "ORG")]),
    ("今天天气很好。", []),
    ("王五在南京。", [(0, 2, "PER"), (3, 5, "LOC")]),
]


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the long tests as well")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: long; runs with --slow")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="long: runs with --slow"))


@pytest.fixture(autouse=True)
def seed():
    """No test depends on what ran before it."""
    fix_random_seed(0)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """Function from a kind (see `make_encoder`) to the folder of a tiny encoder of that kind."""
    made = {}

    def get(kind="bert", positions=64, **options):
        key = (kind, positions, *sorted(options.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("encoders") / f"{kind}-{len(made)}"
            made[key] = str(make_encoder(folder, kind, positions, **options))
        return made[key]

    return get


HASH_EMBED = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}


@pytest.fixture
def lora_tok2vec(encoder):
    """Function that returns a LoraTransformer's config on a tiny encoder."""

    def get(kind="bert", **settings):
        return {
            "@architectures": "spacy-balc.LoraTransformer.v1",
            "name": encoder(kind),
            "window": 48,
            "stride": 32,
            "precision": "fp32",
            "lora": {"rank": 4, "alpha": 8, "targets": ["query", "key"], "dropout": 0.0},
            **settings,
        }

    return get


def head(tok2vec, **settings):
    """A BalcNer model's config on a tok2vec's."""
    return {
        "model": {
            "@architectures": "spacy-balc.BalcNer.v1",
            "hidden_width": 16,
            "tok2vec": tok2vec,
            **settings,
        }
    }


def toy_examples(nlp, data=TOY):
    return [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in data]


def learn(nlp, examples, steps=60, learn_rate=0.01, **options):
    """Initialize a pipeline and overfit it; returns the losses of the last step."""
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = learn_rate
    losses = {}
    for _ in range(steps):
        losses = {}
        nlp.update(examples, sgd=optimizer, losses=losses, **options)
    return losses


def run_spacy(*args):
    """Run a command of `python -m spacy` in this process; returns what it printed."""
    result = CliRunner().invoke(spacy_app, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def randomize(shim, *names):
    """Give parameters that start at zero weights that count."""
    generator = torch.Generator().manual_seed(1)
    for name, p in shim.trainable().items():
        if any(part in name for part in names):
            torch.nn.init.normal_(p, std=0.3, generator=generator)
    shim.set(shim.spec, shim.module)


def found(doc):
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


@pytest.fixture
def toy_nlp():
    """An initialized, untrained zh pipeline with a balc_ner on HashEmbedCNN, and its examples."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    examples = toy_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp, examples


@pytest.fixture(scope="module")
def trained():
    """A zh pipeline whose balc_ner on HashEmbedCNN has learnt the toy corpus."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(HASH_EMBED))
    learn(nlp, toy_examples(nlp))
    return nlp
