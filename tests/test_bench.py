"""The benchmark scripts run, with tiny sizes, and tell the figures they are for; no time is
asserted."""

import importlib
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
from spacy.tokens import DocBin, Span

from .conftest import TOY
from .test_configs import write_corpus

BENCH = Path(__file__).parent.parent / "bench"
MODULES = [path.stem for path in BENCH.glob("*.py")]


@pytest.fixture
def bench(monkeypatch):
    """Function from the name of a script to its module."""
    before = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    monkeypatch.syspath_prepend(str(BENCH))
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(before)


@pytest.fixture
def run(bench, encoder, tmp_path):
    """Function that runs a script on a tiny encoder and returns its figures."""

    def get(script, *arguments):
        out = tmp_path / "figures.json"
        if script != "import_time":
            arguments = ("--encoder", encoder(positions=512), "--docs", "6", *arguments)
        bench(script).main([*arguments, "--out", str(out)])
        return json.loads(out.read_text(encoding="utf-8"))

    return get


def check(ratios, names):
    assert set(names) <= set(ratios)
    for found in ratios.values():
        assert 0 < found["least"] <= found["median"] <= found["most"] < math.inf


def test_inference(run):
    figures = run(
        "inference", "--rounds", "2", "--precision", "auto", "fp32", "--without", "bare-fp32"
    )
    names = ["balc auto / bare bf16 at its best"]
    if "spacy-transformers + ner" in figures["seconds"]:
        names.append("balc auto / spacy-transformers + ner")
    check(figures["ratios"], names)
    assert figures["bare_at_its_best"].startswith("bare bf16")
    assert all(len(taken) == 2 for taken in figures["seconds"].values())
    assert figures["answers"]["auto"]["as_fp32"] > 0.5
    shares = {part: taken[0] for part, taken in figures["shares"].items()}
    rest = shares.pop("not the encoder")
    assert {"encoder", "pieces", "windows", "head", "CRF", "set_annotations"} <= set(shares)
    assert sum(shares.values()) == pytest.approx(1)
    assert rest == pytest.approx(1 - shares["encoder"])


def test_shares_leave_the_pipeline_as_it_was(bench, encoder):
    common = bench("common")
    nlp = common.teach(common.blank(encoder(positions=512)), common.sentences(None, 4), steps=1)
    ner = nlp.get_pipe("balc_ner")
    parts = [ner.model.layers[0], ner.model.attrs["decode"], ner.predict, ner.set_annotations]
    bench("shares").shares(nlp, ["张三在北京工作。"], 1, "cpu")
    after = [ner.model.layers[0], ner.model.attrs["decode"], ner.predict, ner.set_annotations]
    assert after == parts


def test_training(run):
    figures = run("training", "--rounds", "1")
    names = ["balc / bare bf16 forward", "balc / bare loop"]
    if "spacy-transformers + ner" in figures["seconds"]:
        names += ["balc / spacy-transformers + ner"]
        names += ["peak memory, balc / spacy-transformers + ner"]
    check(figures["ratios"], names)
    for memory in figures["memory"].values():
        assert 0 < memory["imports"] <= memory["ready"] <= memory["trained"]


def test_the_bare_loop_trains_the_same_network(bench, encoder):
    training, common = bench("training"), bench("common")
    batches = [common.sentences(None, 8)]
    args = SimpleNamespace(device="cpu", dropout=0.0)
    epoch = training.looping(args, encoder(positions=512), batches)
    for _ in range(15):
        epoch()
    nlp = common.blank(encoder(positions=512), "fp32")
    examples = [common.example(nlp, sentence) for sentence in batches[0]]
    nlp.initialize(lambda: examples)
    shims = [shim for node in nlp.get_pipe("balc_ner").model.walk() for shim in node.shims]
    ours = sum(p.numel() for shim in shims for p in shim.trainable().values())
    assert sum(p.numel() for p in epoch.loop.trainable) == ours
    # All legal paths alike, as the loop starts, whatever the encoder says.
    for parameter in nlp.get_pipe("balc_ner").model.shims[0].module.output.parameters():
        parameter.data.zero_()
    assert epoch.losses[0] == pytest.approx(nlp.update(examples)["balc_ner"], rel=1e-3)
    assert epoch.losses[-1] < 0.8 * epoch.losses[0]


def test_longdoc(run):
    figures = run("longdoc", "--rounds", "1", "--characters", "4000")
    check(figures["ratios"], ["seconds a token, one long doc / sentences"])
    assert [memory["tokens"] for memory in figures["memory"]] == [1000, 4000]
    assert isinstance(figures["bytes_a_token"], float)


def test_memory(run):
    figures = run("memory", "--docs", "200")
    assert [point["docs"] for point in figures["points"]] == list(range(20, 201, 20))
    assert all(point["bytes"] > 0 for point in figures["points"])
    assert isinstance(figures["growth_bytes"], int)


def test_latency(run):
    figures = run("latency", "--rounds", "1")
    check(figures["ratios"], ["median, balc / bare", "99th percentile, balc / bare"])


def test_import_time(run):
    figures = run("import_time", "--rounds", "1")
    check(figures["ratios"], ["spacy.blank, with / without spacy-balc"])


def test_startup(run):
    figures = run("startup", "--rounds", "1")
    check(figures["ratios"], ["spacy.load to the first entity / imports and weights"])


def test_dev_split(bench, tmp_path):
    sentence = "张\tB-PER\n三\tI-PER\n在\tO\n{}\tB-LOC\n\n"
    (tmp_path / "train.bio").write_text(
        sentence.format("京") * 8 + sentence.format("沪") * 2, encoding="utf8"
    )
    row = "张\tB-PER\n三\tI-PER\n"
    (tmp_path / "test.bio").write_text(row + sentence.format("渝"), encoding="utf8")
    bench("dev_split").main(
        ["--train", str(tmp_path / "train.bio"), "--test", str(tmp_path / "test.bio")]
        + ["--share", "0.2", "--blocks", "2", "--seeds", "1", "--out", str(tmp_path / "out.json")]
    )
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))
    unseen = {"LOC": 1, "PER": 0, "all": 0.5}
    in_rows = {"LOC": 0, "PER": 0.5, "all": 1 / 3}
    assert found["the test set"] == {
        "entities": 3,
        "unseen": {**unseen, "all": 1 / 3},
        "in_rows": in_rows,
    }
    # The block is the last fifth, where alone 沪 is.
    none = dict.fromkeys(unseen, 0)
    assert found["blocks of about 2"] == {"entities": 4, "unseen": unseen, "in_rows": none}


def test_name_rows(bench, tmp_path, capsys):
    nlp = spacy.blank("zh")
    # The first of these is found in rows alone.
    patterns = [{"label": "PER", "pattern": name} for name in ("三李", "李四")]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(tmp_path / "ruler")
    docs = [nlp.make_doc(text) for text in ["张三来了", "李四来了"] * 10]
    for doc in docs:
        doc.ents = [Span(doc, 0, 2, "PER")]
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    bench("name_rows").main([str(tmp_path / "ruler"), "--data", str(tmp_path / "dev.spacy")])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "ruler" in line]
    as_it_is, in_rows = rows
    assert as_it_is[-4:] == ["66.67%", "66.67%", "100.00%", "50.00%"]
    assert float(in_rows[-2].rstrip("%")) < 100  # precision: borders are crossed


def test_ablations_are_of_what_they_say(bench):
    ablations = bench("ablations")
    args = SimpleNamespace(
        config=BENCH.parent / "configs" / "sample.cfg",
        corpus=Path("corpus"),
        encoder="somewhere",
        override=["training.max_steps=7", 'components.balc_ner.model.tok2vec.pooling="first"'],
    )
    config = ablations.variant(args, "BiLSTM-CRF", "all", 3)
    model = config["components"]["balc_ner"]["model"]
    assert (model["lstm_layers"], model["attention_heads"]) == (1, 0)
    assert model["tok2vec"]["lora"] is None and model["tok2vec"]["pooling"] == "first"
    assert config["training"]["max_steps"] == 7 and config["system"]["seed"] == 3
    assert config.interpolate()["components"]["balc_ner"]["model"]["tok2vec"]["name"] == "somewhere"
    assert model["tok2vec"]["learn_rate_scale"] == 0.1
    args.override, args.config = [], BENCH.parent / "configs" / "msra.cfg"
    model = ablations.variant(args, "CRF", "all", 0)["components"]["balc_ner"]["model"]
    assert model["tok2vec"]["learn_rate_scale"] == 0.2  # the config's own
    args.override = ["training.max_step=7"]
    with pytest.raises(SystemExit, match="no setting training.max_step"):
        ablations.variant(args, "CRF", "LoRA", 0)


@pytest.mark.slow
def test_search(bench, encoder, tmp_path):
    for name in ("train", "dev"):
        write_corpus(tmp_path / f"{name}.spacy", "zh", TOY)
    arguments = ["--config", str(BENCH.parent / "configs" / "sample.cfg")]
    arguments += ["--corpus", str(tmp_path), "--work", str(tmp_path / "work")]
    arguments += ["--encoder", encoder(positions=512), "--out", str(tmp_path / "out.json")]
    arguments += ["--override", "training.max_steps=4", "training.eval_frequency=2"]
    search = bench("search")
    search.main([*arguments, "--trials", "1"])
    first = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))["trials"]
    assert [trial["number"] for trial in first] == [0]
    assert {first[0]["settings"][name] for name in search.FACTORS} == {1.0}
    search.main([*arguments, "--trials", "2"])
    both = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))["trials"]
    assert {trial["number"] for trial in both} == {0, 1} and first[0] in both


def test_search_survives_being_killed(bench, tmp_path, monkeypatch):
    for name in ("train", "dev"):
        write_corpus(tmp_path / f"{name}.spacy", "zh", TOY)
    arguments = ["--config", str(BENCH.parent / "configs" / "sample.cfg")]
    arguments += ["--corpus", str(tmp_path), "--work", str(tmp_path / "work")]
    arguments += ["--out", str(tmp_path / "out.json")]
    search = bench("search")

    def killed(config, folder, gpu_id):
        raise SystemExit

    def trained(config, folder, gpu_id):
        folder.mkdir()
        return folder, {"dev_f": 0.5, "seconds": 1.0}

    monkeypatch.setattr(search, "train", killed)
    with pytest.raises(SystemExit):
        search.main([*arguments, "--trials", "2"])
    monkeypatch.setattr(search, "train", trained)
    for trials in ("2", "4"):
        search.main([*arguments, "--trials", trials])
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))["trials"]
    settings = [trial["settings"] for trial in sorted(found, key=lambda trial: trial["number"])]
    assert {settings[0][name] for name in search.FACTORS} == {1.0}
    assert len(settings) == 4 and all(settings.count(one) == 1 for one in settings)


@pytest.mark.slow
def test_ablations(bench, encoder, tmp_path):
    for name in ("train", "dev", "test"):
        write_corpus(tmp_path / f"{name}.spacy", "zh", TOY)
    arguments = ["--config", str(BENCH.parent / "configs" / "sample.cfg")]
    arguments += ["--corpus", str(tmp_path), "--work", str(tmp_path / "work")]
    arguments += ["--encoder", encoder(positions=512), "--out", str(tmp_path / "out.json")]
    arguments += ["--networks", "CRF", "--override", "training.max_steps=2"]
    arguments += ["training.eval_frequency=1"]
    bench("ablations").main([*arguments, "--seeds", "0"])
    first = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))["runs"]
    trains = {run["weights"]: run["encoder_trainable"] for run in first}
    assert trains["frozen"] == 0 < trains["LoRA"] < trains["all"] == first[-1]["encoder_weights"]
    assert all(run["bytes"] > 0 and 0 <= run["test"]["ents_f"] <= 1 for run in first)
    work = tmp_path / "work"
    assert str(work) not in (work / "CRF.LoRA.0.json").read_text(encoding="utf8")
    bench("ablations").main([*arguments, "--seeds", "0", "--weights", "all"])
    again = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))["runs"]
    assert again == [run for run in first if run["weights"] == "all"]


def test_ablations_mix_no_settings(bench, tmp_path):
    for name in ("train", "dev", "test"):
        write_corpus(tmp_path / f"{name}.spacy", "zh", TOY)
    arguments = ["--config", str(BENCH.parent / "configs" / "sample.cfg")]
    arguments += ["--corpus", str(tmp_path), "--work", str(tmp_path / "work")]
    parse = bench("ablations").parse
    parse(arguments)
    parse([*arguments, "--seeds", "7", "--networks", "CRF"])
    with pytest.raises(SystemExit, match="another config, corpus, encoder or override"):
        parse([*arguments, "--override", "training.max_steps=7"])
    write_corpus(tmp_path / "dev.spacy", "zh", TOY[:1])
    with pytest.raises(SystemExit, match="name another --work"):
        parse(arguments)


def test_hiding_hides_the_plugin_alone(bench):
    hidden, common = bench("hidden"), bench("common")
    probe = "import catalogue, json\nentries = catalogue.AVAILABLE_ENTRY_POINTS\n"
    probe += "print(json.dumps([e.name for e in entries.select(group='spacy_factories')]))\n"
    assert "balc_ner" in common.child(["-c", hidden.hide() + probe])
    without = common.child(["-c", hidden.hide("spacy-balc") + probe])
    assert "balc_ner" not in without and "transformer" not in without


@pytest.mark.parametrize(
    "script",
    "inference training longdoc memory latency lstm dev_split name_rows ablations search".split(),
)
def test_help_teaches(bench, capsys, script):
    with pytest.raises(SystemExit) as stopped:
        bench(script).main(["--help"])
    assert stopped.value.code == 0
    assert f"python bench/{script}.py" in capsys.readouterr().out
