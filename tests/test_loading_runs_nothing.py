"""Loading executes nothing of a file, opens nothing outside, allocates no more than it brings and
needs no network."""

import ast
import copy
import json
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
import torch
import transformers

import spacy_balc
from spacy_balc.artefact import pack

from .children import in_child, limit_memory, peak_memory
from .conftest import head, toy_examples
from .encoders import make_encoder
from .tampering import Artefact, Case, lora

PACKAGE = Path(spacy_balc.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def case(made):
    yield made
    try:
        made.assert_as_before()
    except (AssertionError, RuntimeError, TypeError, ValueError):
        made.renew()


@pytest.fixture
def artefact(made):
    return Artefact.of(made.data)


# What the source can't do

MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "runpy"}
BUILT_IN = {"eval", "exec", "compile", "__import__"}
CALLS = {"torch.load", "numpy.load", "srsly.pickle_loads", "torch.jit.load", "torch.package"}


def executing(tree):
    """Places in a module where something of a file might be executed."""
    found = []
    for item in ast.walk(tree):
        if isinstance(item, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in item.names]
            names = [item.module or "", *names] if isinstance(item, ast.ImportFrom) else names
            found += [name for name in names if name.partition(".")[0] in MODULES]
        elif isinstance(item, ast.Attribute) and ast.unparse(item) in CALLS:
            found.append(ast.unparse(item))
        elif isinstance(item, ast.Call):
            if isinstance(item.func, ast.Name) and item.func.id in BUILT_IN:
                found.append(item.func.id)
            given = {word.arg: ast.unparse(word.value) for word in item.keywords}
            if given.get("allow_pickle", "False") != "False":
                found.append("allow_pickle")
            if given.get("trust_remote_code", "False") != "False":
                found.append("trust_remote_code")
            called = ast.unparse(item.func)
            if called.startswith("Auto") and called.endswith(("from_pretrained", "from_config")):
                found += [] if "trust_remote_code" in given else [called]
    return found


def test_the_scan_sees_what_it_looks_for():
    for source, count in [
        ("import pickle", 1),
        ("from dill import loads", 1),
        ("from torch import nn\nnn.x = torch.load(f)", 1),
        ("model.eval()\nmodel.load(x)", 0),
        ("eval('1')", 1),
        ("AutoModel.from_pretrained(x)", 1),
        ("AutoModel.from_pretrained(x, trust_remote_code=True)", 1),
        ("AutoModel.from_pretrained(x, trust_remote_code=False)", 0),
        ("numpy.fromfile(f, allow_pickle=True)", 1),
    ]:
        assert len(executing(ast.parse(source))) == count, source


def test_no_source_can_execute_a_file():
    assert len(SOURCES) > 10
    found = {str(path): executing(ast.parse(path.read_text("utf8"))) for path in SOURCES}
    assert not {path: places for path, places in found.items() if places}


# Pickles


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return open, (self.file, "w")


def test_the_trap_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung"))).close()
    assert (tmp_path / "sprung").exists()


@pytest.fixture
def trap(tmp_path):
    trap = Trap(tmp_path / "sprung")
    yield trap
    assert not Path(trap.file).exists()


def test_a_pickle_is_no_model_file(trap, case, artefact):
    data = pickle.dumps(trap)
    torch_file = Path(trap.file).with_name("torch")
    torch.save(trap, torch_file)
    for received in (data, torch_file.read_bytes()):
        assert case.receive(received)
        for packed in (received, pack(artefact.header, received)):
            with pytest.raises(ValueError):
                case.other.unpack(packed)
        for shim in (received, pack(artefact.encoder.spec, received)):
            assert case.receive(artefact.with_shims([artefact.head.packed()], [shim]))
        with pytest.raises(ValueError):
            case.other.from_bytes(received, exclude=["vocab"])
        with pytest.raises(ValueError):
            case.other.from_bytes(srsly.msgpack_dumps({"model": received}), exclude=["vocab"])
    case.assert_as_before()


def test_a_pickle_in_an_array_is_not_read(trap, case, artefact):
    array = {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": pickle.dumps(trap)}
    artefact.message["params"] = [{"W": array}, {}]
    assert case.receive(artefact.signed())
    case.assert_as_before()


def initialized(folder):
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(lora(folder)))
    nlp.initialize(lambda: toy_examples(nlp))
    return nlp


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "tf_model.h5"])
def test_an_encoder_in_a_pickle_is_refused(name, trap, tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    (folder / "model.safetensors").unlink()
    torch.save(trap, folder / name)
    with pytest.raises(ValueError, match="model.safetensors"):
        initialized(folder)


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer.json", "tokenizer_config.json"])
def test_a_tokenizer_in_a_pickle_is_refused(name, trap, tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    for other in ("vocab.txt", "tokenizer.json"):
        (folder / other).unlink()
    (folder / name).write_bytes(pickle.dumps(trap, protocol=0))
    with pytest.raises(Exception):
        initialized(folder)


# Code beside an encoder

CODE = """
open({file!r}, "w").close()
from transformers import BertConfig, BertModel, BertTokenizerFast
class Config(BertConfig): pass
class Model(BertModel): pass
class Tokens(BertTokenizerFast): pass
"""
AUTO = {
    "AutoConfig": "code.Config",
    "AutoModel": "code.Model",
    "AutoTokenizer": ["code.Tokens", "code.Tokens"],
}


def rewrite(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text("utf8")), **changes}), "utf8")


@pytest.mark.parametrize("kind", ["bert", "something-new"])
def test_code_in_an_encoders_folder_is_not_executed(kind, trap, tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    (folder / "code.py").write_text(CODE.format(file=trap.file))
    rewrite(folder / "config.json", auto_map=AUTO, model_type=kind)
    rewrite(folder / "tokenizer_config.json", auto_map=AUTO)
    if kind == "bert":
        initialized(folder).to_disk(tmp_path / "saved")
        spacy.load(tmp_path / "saved")("张三")
        rewrite(folder / "tokenizer_config.json", tokenizer_class="Tokens")
    if kind == "bert" and transformers.__version__ >= "5":
        initialized(folder)  # takes tokenizer.json, whatever class is named
        return
    with pytest.raises(ValueError, match="Can't get the encoder"):
        initialized(folder)


# What a spec may hold

HARMLESS = {
    "auto_map": AUTO,
    "attn_implementation": "flash_attention_2",
    "_attn_implementation": "someone/kernels:attention",
    "quantization_config": {"load_in_8bit": True, "quant_method": "bitsandbytes"},
    "_name_or_path": "someone/model",
    "custom_pipelines": {"ner": {"impl": "code.Pipeline"}},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_settings_that_lead_elsewhere_are_dropped(name, case, artefact):
    artefact.encoder.spec["transformer"][name] = HARMLESS[name]
    assert case.receive(artefact.signed()) is None


def test_kernels_of_the_hub_are_never_asked_for(case, artefact, monkeypatch):
    from transformers import modeling_utils

    asked = []
    monkeypatch.setattr(modeling_utils, "is_kernels_available", lambda: True)
    monkeypatch.setattr(modeling_utils, "get_kernel", asked.append, raising=False)
    name = "someone/kernels:attention"
    artefact.encoder.spec["transformer"]["_attn_implementation_internal"] = name
    case.receive(artefact.signed())
    assert not asked


OUTSIDE = "../../etc/passwd"


def strings(value, path=()):
    """Paths to all strings, and to all nulls, which often are names left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from strings(inner, (*path, i))
    elif value is None or isinstance(value, str):
        yield path


def test_no_string_of_a_spec_reaches_outside(case, artefact):
    opened = []

    def watch(event, arguments):
        if event in ("open", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect"):
            opened.append(str(arguments[0]))

    paths = [path for path in strings(artefact.encoder.spec) if path]
    assert len(paths) > 10
    text = json.dumps(artefact.encoder.spec)

    def all_of_them():
        sys.addaudithook(watch)
        refused = 0
        for path in paths:
            spec = json.loads(text)
            at = spec
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = OUTSIDE
            changed = copy.copy(artefact)
            changed.encoder = copy.copy(artefact.encoder)
            changed.encoder.spec = spec
            case.file.write_bytes(changed.signed())
            try:
                case.other.from_disk(case.folder, exclude=["vocab"])
                case.other.predict(case.docs(case.nlp))
            except ValueError as error:
                assert str(case.file) in str(error), (path, error)
                refused += 1
        return refused, [name for name in opened if "passwd" in name]

    _, (refused, reached) = in_child(all_of_them)
    assert not reached and refused >= 3


# Sizes


def sized(part, name, value):
    def change(artefact):
        spec = getattr(artefact, part).spec
        (spec["transformer"] if part == "encoder" else spec)[name] = value

    return change


HUGE = {
    "words": sized("encoder", "vocab_size", 10**12),
    "width": sized("encoder", "hidden_size", 2**24),
    "inner width": sized("encoder", "intermediate_size", 10**12),
    "heads": sized("encoder", "num_attention_heads", 10**12),
    "beyond 64 bits": sized("encoder", "vocab_size", 10**30),
    "input": sized("head", "input_width", 10**9),
    "types": sized("encoder", "type_vocab_size", 10**12),
    "positions": sized("encoder", "max_position_embeddings", 2**26),
    "layers": sized("encoder", "num_hidden_layers", 10**6),
    "tags": sized("head", "n_tags", 15_001),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_file_asks_for_no_more_than_it_brings(name, case, artefact):
    HUGE[name](artefact)
    data = artefact.signed()

    def load():
        limit_memory(2**30)
        resource.setrlimit(resource.RLIMIT_CPU, (time_used() + 2,) * 2)
        before = peak_memory()
        refused = case.receive(data) is not None
        return refused, peak_memory() - before

    killed, answer = in_child(load)
    assert not killed, "it took more than 2 seconds"
    refused, allocated = answer
    assert refused
    assert allocated < 100 * 2**20


def time_used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int(usage.ru_utime + usage.ru_stime)


# No network

ALONE = """
import socket, sys
asked = []
def refuse(*args, **kwargs):
    asked.append(args)
    raise OSError("there is no network here")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import spacy
from spacy.training import Example
nlp = spacy.blank("zh")
lora = {"name": sys.argv[1], "window": 48, "stride": 32}
nlp.add_pipe("balc_ner", config={"model": {"hidden_width": 8, "tok2vec": lora}})
examples = [Example.from_dict(nlp.make_doc("张三在北京。"), {"entities": [(0, 2, "PER")]})]
optimizer = nlp.initialize(lambda: examples)
nlp.update(examples, sgd=optimizer)
nlp.to_disk(sys.argv[2])
loaded = spacy.load(sys.argv[2])
assert [doc.text for doc in loaded.pipe(["张三在北京。", ""])] == ["张三在北京。", ""]
import huggingface_hub.constants
assert not huggingface_hub.constants.HF_HUB_OFFLINE
assert not asked, asked
print("done")
"""


def test_no_network_is_needed_or_asked_for(tmp_path):
    offline = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    environment = {name: value for name, value in os.environ.items() if name not in offline}
    environment["HF_HOME"] = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, make_encoder(tmp_path / "encoder"), tmp_path / "saved"],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stdout.endswith("done\n"), done.stderr
