"""The plugin's presence changes nothing else in spaCy: names, languages, spaCy's own tests.

The comparisons run in new processes, one of which does not see the package's entry points.
"""

import json
import subprocess
import sys
from importlib import metadata

import pytest

OURS = {
    entry
    for entry in metadata.distribution("spacy-balc").entry_points
    if entry.group.startswith("spacy_")
}

# Before anything is imported that reads entry points.
BLOCK = """
from importlib import metadata
real = metadata.distributions
def distributions(**selection):
    return (d for d in real(**selection) if d.metadata["Name"] != "spacy-balc")
metadata.distributions = distributions
"""

PROBE = """
import json, pkgutil, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import spacy, spacy.lang
    languages = {}
    modules = pkgutil.iter_modules(spacy.lang.__path__)
    for name in sys.argv[2:] or [module.name for module in modules if module.ispkg]:
        try:
            nlp = spacy.blank(name)
        except ImportError:
            continue
        words = [token.text for token in nlp("don't 12:30 张三 e.g. l'an http://a.b/c 😀")]
        languages[name] = [words, nlp.config.to_str(), nlp.meta["components"]]
    names = spacy.registry.get_registry_names()
    entries = {name: sorted(getattr(spacy.registry, name).get_all()) for name in names}
result = {
    "languages": languages,
    "entries": entries,
    "warnings": sorted({f"{w.category.__name__}: {w.message} ({w.filename})" for w in caught}),
}
with open(sys.argv[1], "w") as file:
    json.dump(result, file)
"""

SUITE = """
import json, sys
import pytest, spacy

class Recorder:
    outcomes = {}
    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            file, _, test = report.location
            self.outcomes[f"{file}::{test}"] = report.outcome
    def pytest_collectreport(self, report):
        if report.failed:
            self.outcomes[report.nodeid] = "not collected"

spacy.blank("en")
plugged = "balc_ner" in spacy.registry.factories.get_all()
recorder = Recorder()
options = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--pyargs"]
pytest.main([*options, *sys.argv[2:]], plugins=[recorder])
with open(sys.argv[1], "w") as file:
    json.dump({"plugged": plugged, "outcomes": recorder.outcomes}, file)
"""


def run(script, tmp_path, *args, blocked=False):
    """What a script writes into the file that it is given, run in a process of its own."""
    out = tmp_path / f"out-{blocked}.json"
    # not here, whose conftest would import the package
    done = subprocess.run(
        [sys.executable, "-c", (BLOCK if blocked else "") + script, str(out), *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert out.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(out.read_text())


def without_ours(entries):
    return {
        registry: [
            name
            for name in names
            if name not in {entry.name for entry in OURS if entry.group == f"spacy_{registry}"}
        ]
        for registry, names in entries.items()
    }


def test_our_names_are_our_own():
    """No other installed package has an entry point of one of our names."""
    taken = {
        (entry.group, entry.name)
        for other in metadata.distributions()
        if other.metadata["Name"] != "spacy-balc"
        for entry in other.entry_points
    }
    assert OURS
    assert not taken & {(entry.group, entry.name) for entry in OURS}
    for entry in OURS:
        if entry.group not in ("spacy_factories", "spacy_cli"):
            assert entry.name.startswith("spacy-balc.")


def test_a_new_process_sees_our_names_and_no_warning_of_ours(tmp_path):
    seen = run(PROBE, tmp_path, "en")
    for entry in OURS:
        assert entry.name in seen["entries"][entry.group.removeprefix("spacy_")]
    assert {"ner", "tagger", "tok2vec"} <= set(seen["entries"]["factories"])
    assert not [text for text in seen["warnings"] if "balc" in text]


@pytest.mark.slow
def test_every_language_and_registry_is_as_without_it(tmp_path):
    seen, bare = run(PROBE, tmp_path), run(PROBE, tmp_path, blocked=True)
    for entry in OURS:
        assert entry.name not in bare["entries"][entry.group.removeprefix("spacy_")]
    assert without_ours(seen["entries"]) == bare["entries"]
    assert len(seen["languages"]) > 70
    assert seen["languages"] == bare["languages"]
    assert seen["warnings"] == bare["warnings"]


SUITES = [
    "pipeline",
    "parser",
    "serialize",
    "training",
    "doc",
    "vocab_vectors",
    "test_architectures",
    "test_factory_imports",
    "test_factory_registrations",
    "test_language",
    "test_misc",
    "test_pickles",
    "test_registry_population",
    "test_scorer",
]


@pytest.mark.slow
def test_spacys_own_tests_pass_as_without_it(tmp_path):
    modules = [f"spacy.tests.{name}" for name in SUITES]
    seen = run(SUITE, tmp_path, *modules)
    bare = run(SUITE, tmp_path, *modules, blocked=True)
    assert seen["plugged"] and not bare["plugged"]
    count = {
        name: sum(outcome == name for outcome in seen["outcomes"].values())
        for name in set(seen["outcomes"].values())
    }
    print(count)
    assert count["passed"] > 900
    changed = {
        test: (bare["outcomes"].get(test), outcome)
        for test, outcome in seen["outcomes"].items()
        if bare["outcomes"].get(test) != outcome
    }
    assert not changed
    assert seen["outcomes"].keys() == bare["outcomes"].keys()
