"""What each part of the network buys, and each way to train the encoder: strict entity F1 of every
combination of network and weights, with several seeds, the weights that train, the seconds, and
the size of the saved pipeline.

    python bench/ablations.py --config configs/resume.cfg --corpus corpus/resume --work runs

CORPUS holds train.spacy, dev.spacy and test.spacy, as the project's `convert` commands make them.
Each run is `spacy train` and one `balc evaluate` of its best model on the test set, in a process
of its own, one after the other; the pipelines are deleted once they are scored. Runs that WORK
holds the record of are not run again, so an interrupted table goes on, and grows by more seeds.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import child, machine, show, spread
from thinc.api import Config
from tqdm import tqdm

NETWORKS: dict[str, dict[str, int]] = {
    "CRF": {"lstm_layers": 0, "attention_heads": 0},
    "BiLSTM-CRF": {"lstm_layers": 1, "attention_heads": 0},
    "BiLSTM-attention-CRF": {"lstm_layers": 1, "attention_heads": 1},
}
ARTICLE = ["query", "key"]
LINEAR = ["query", "key", "value", "dense"]


def adapter(rank: int, alpha: float, targets: list[str]) -> dict[str, Any]:
    return {"rank": rank, "alpha": alpha, "targets": targets, "dropout": 0.0}


# The lora block, and the factor of the learning rate. Of an encoder of 12 layers, 384 wide, rank 14
# trains the most that is within 5 % of the weights.
WEIGHTS: dict[str, tuple[dict[str, Any] | None, float]] = {
    "frozen": (adapter(0, 16, ARTICLE), 1.0),
    "LoRA": (adapter(8, 16, ARTICLE), 1.0),
    "LoRA-8-linear": (adapter(8, 16, LINEAR), 1.0),
    "LoRA-14-linear": (adapter(14, 28, LINEAR), 1.0),
    "LoRA-16-linear": (adapter(16, 32, LINEAR), 1.0),
    "LoRA-32-linear": (adapter(32, 64, LINEAR), 1.0),
    "LoRA-64-linear": (adapter(64, 128, LINEAR), 1.0),
    "all": (None, 0.1),
}


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse(arguments)
    wanted = [
        (network, weights, seed)
        for seed in args.seeds
        for network in args.networks
        for weights in args.weights
    ]
    records = []
    for network, weights, seed in tqdm(wanted, desc="runs", unit="run"):
        file = args.work / f"{network}.{weights}.{seed}.json"
        if not file.exists():
            record = run(args, network, weights, seed)
            file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf8")
        records.append(json.loads(file.read_text(encoding="utf8")))
    show(HEADER, rows(records))
    write(args, {"runs": records})


def write(args: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Write figures where --out says, with what they were measured on and with."""
    if args.out:
        told = {"config": args.config.name, "encoder": Path(args.encoder).name}
        told |= {"overrides": args.override, **machine("cpu" if args.gpu_id < 0 else "cuda")}
        text = json.dumps({"measured": told, **figures}, indent=2, ensure_ascii=False)
        args.out.write_text(text + "\n", encoding="utf8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = settings(__doc__)
    add = parser.add_argument
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NETWORK")
    add("--weights", nargs="+", choices=WEIGHTS, default=["frozen", "LoRA", "all"], metavar="WHICH")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    args = parser.parse_args(arguments)
    check(args, "train", "dev", "test")
    return args


def settings(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every script that trains by a config."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config", type=Path, required=True, help="what all runs have in common")
    add("--corpus", type=Path, required=True, help="folder of train.spacy, dev.spacy, test.spacy")
    add("--work", type=Path, required=True, help="folder of the records, and of runs in progress")
    add("--encoder", default="assets/encoder-small", help="hub name or folder of the encoder")
    add("--override", nargs="*", default=[], metavar="SETTING=JSON", help="of the config")
    add("--gpu-id", type=int, default=-1)
    add("--out", type=Path, metavar="FILE", help="JSON of all runs")
    return parser


def check(args: argparse.Namespace, *sets: str) -> None:
    """Make WORK; exit unless all files are there, and all that WORK holds is of the same ones."""
    files = [args.config, *(args.corpus / f"{name}.spacy" for name in sets)]
    for path in files:
        if not path.is_file():
            sys.exit(f"No such file: {path}")
    asked = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    asked |= {"encoder": args.encoder, "overrides": sorted(args.override)}
    args.work.mkdir(parents=True, exist_ok=True)
    file = args.work / "asked.json"
    if not file.exists():
        file.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf8")
    elif json.loads(file.read_text(encoding="utf8")) != asked:
        sys.exit(f"{file} is of another config, corpus, encoder or override: name another --work.")


def variant(args: argparse.Namespace, network: str, weights: str, seed: int) -> Config:
    """The config of one run."""
    config = common_config(args, weights, seed)
    config["components"]["balc_ner"]["model"].update(NETWORKS[network])
    return with_overrides(config, args.override)


def common_config(args: argparse.Namespace, weights: str, seed: int) -> Config:
    """The config that was asked for, on this corpus and encoder, training these weights."""
    config = Config().from_disk(args.config, interpolate=False)
    config["system"]["seed"] = seed
    config["paths"] |= {
        "train": str(args.corpus / "train.spacy"),
        "dev": str(args.corpus / "dev.spacy"),
        "encoder": args.encoder,
    }
    tok2vec = config["components"]["balc_ner"]["model"]["tok2vec"]
    if weights != "all" or tok2vec["lora"]:  # A config that trains every weight knows its own rate.
        tok2vec["lora"], tok2vec["learn_rate_scale"] = WEIGHTS[weights]
    return config


def with_overrides(config: Config, overrides: Sequence[str]) -> Config:
    """The config with settings changed that are given as NAME=JSON."""
    for override in overrides:
        setting, equals, value = override.partition("=")
        if not equals:
            sys.exit(f"--override {override}: give a setting, = and its value.")
        put(config, setting, json.loads(value))
    return config


def put(config: Config, setting: str, value: Any) -> None:
    """Give a setting, named with dots, another value; exits if the config does not have it."""
    *sections, name = setting.split(".")
    place = config
    for section in sections:
        place = place.get(section, {})
    if name not in place:
        sys.exit(f"The config has no setting {setting}.")
    place[name] = value


def train(config: Config, folder: Path, gpu_id: int) -> tuple[Path, dict[str, Any]]:
    """Train in a fresh folder: the best model, and its F1 on dev and the seconds it took."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config.to_disk(folder / "config.cfg")
    start = time.perf_counter()
    call("train", folder / "config.cfg", "--output", folder / "out", "--gpu-id", gpu_id)
    seconds = time.perf_counter() - start
    best = folder / "out" / "model-best"
    meta = json.loads((best / "meta.json").read_text(encoding="utf8"))
    return best, {"dev_f": meta["performance"]["ents_f"], "seconds": seconds}


def run(args: argparse.Namespace, network: str, weights: str, seed: int) -> dict[str, Any]:
    """Train and score once."""
    folder = args.work / "running"
    best, found = train(variant(args, network, weights, seed), folder, args.gpu_id)
    scores = folder / "scores.json"
    test = args.corpus / "test.spacy"
    call("balc", "evaluate", best, test, "--output", scores, "--gpu-id", args.gpu_id)
    record = {"network": network, "weights": weights, "seed": seed, **found}
    record["test"] = json.loads(scores.read_text(encoding="utf8"))
    del record["test"]["model"]  # a folder of this machine, which is deleted below
    del record["test"]["token_table"]  # half of a record, and no entity score
    record["bytes"] = sum(file.stat().st_size for file in best.rglob("*") if file.is_file())
    record |= child(["-c", COUNT, str(best)])
    shutil.rmtree(folder)
    return record


# In a process of its own, so that no pipeline stays in memory.
COUNT = """
import json, sys, spacy
model = spacy.load(sys.argv[1]).get_pipe("balc_ner").model
encoder = next(node for node in model.walk() if node.name == "lora_transformer").shims[0]
head = [shim for node in model.walk() for shim in node.shims if shim is not encoder]
count = lambda parameters: sum(p.numel() for p in parameters)
print(json.dumps({
    "encoder_weights": count(encoder.module.parameters()),
    "encoder_trainable": count(encoder.trainable().values()),
    "head_trainable": count(p for shim in head for p in shim.trainable().values()),
}))
"""


def call(*arguments: Any) -> None:
    """A command of spaCy's; its output is shown if it fails."""
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


HEADER = ("network", "weights", "test F1", "least", "most", "dev F1", "runs")
HEADER += ("encoder trains", "head trains", "minutes", "MB")


def rows(records: list[dict[str, Any]]) -> list[list[str]]:
    """A row for each combination: mean and spread over its seeds."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["network"], record["weights"]), []).append(record)
    found = []
    for (network, weights), group in groups.items():
        scores = [100 * record["test"]["ents_f"] for record in group]
        dev = [100 * record["dev_f"] for record in group]
        minutes = spread([record["seconds"] / 60 for record in group])[0]
        first = group[0]
        found.append(
            [network, weights, f"{sum(scores) / len(scores):.2f}", f"{min(scores):.2f}"]
            + [f"{max(scores):.2f}", f"{sum(dev) / len(dev):.2f}", str(len(group))]
            + [f"{first['encoder_trainable']:,}", f"{first['head_trainable']:,}"]
            + [f"{minutes:.1f}", f"{first['bytes'] / 1e6:.1f}"]
        )
    return found


if __name__ == "__main__":
    main()
