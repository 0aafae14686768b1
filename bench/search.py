"""Search for a recipe (learning rates, dropout, batches, averaging) on the development set alone.

    pip install "spacy-balc[search]"
    python bench/search.py --config configs/resume.cfg --corpus corpus/resume --work runs/search \\
        --weights all --trials 20 --override training.max_steps=600

The first trial is the config as it is; the others are proposed by Optuna's TPE sampler (Bergstra
et al., 2011). Each is `spacy train` in a process of its own. The study is a journal in WORK: the
same command goes on with it, and --out holds every trial of it.
"""

import shutil
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import optuna
from ablations import WEIGHTS, check, common_config, put, settings, train, with_overrides, write
from common import show
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from thinc.api import Config

TOK2VEC = "components.balc_ner.model.tok2vec"
# Factors of the config's own value, on a logarithmic scale.
FACTORS = {
    "training.optimizer.learn_rate.initial_rate": (0.3, 3.0),
    f"{TOK2VEC}.learn_rate_scale": (0.2, 5.0),
    "components.balc_ner.model.crf_learn_rate_scale": (0.1, 10.0),
}
BATCH = "training.batcher.size"
CHOICES: dict[str, list[Any]] = {
    "training.dropout": [0.0, 0.1, 0.2, 0.3, 0.5],
    BATCH: [500, 1000, 2000],
    "training.optimizer.use_averages": [False, True],
}

STEPS = ("training.max_steps", "training.eval_frequency")
STEPS += tuple(f"training.optimizer.learn_rate.{name}_steps" for name in ("warmup", "total"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__)
    parser.add_argument("--weights", choices=WEIGHTS, default="all", metavar="WHICH")
    parser.add_argument("--trials", type=int, default=20, help="of the whole study (20)")
    parser.add_argument("--seed", type=int, default=0, help="of sampler and training (0)")
    args = parser.parse_args(arguments)
    check(args, "train", "dev")
    start = with_overrides(common_config(args, args.weights, args.seed), args.override)
    name = f"{args.weights}.{args.seed}"
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(args.work / f"{name}.journal"))),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )
    # Another one for each start, which would otherwise propose the same recipes again.
    sampler_seed = args.seed + len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=sampler_seed, n_startup_trials=6)
    for killed in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(killed.number, state=TrialState.FAIL)
    if not study.get_trials(states=[TrialState.COMPLETE, TrialState.WAITING]):
        as_it_is = {key: get(start, key) for key in CHOICES}
        study.enqueue_trial(dict.fromkeys(FACTORS, 1.0) | as_it_is)
    ended = len(study.get_trials(states=[TrialState.COMPLETE]))
    study.optimize(
        lambda trial: objective(trial, start, args.work / "running", args.gpu_id),
        n_trials=max(0, args.trials - ended),
        show_progress_bar=True,
    )
    trials = sorted(study.get_trials(states=[TrialState.COMPLETE]), key=lambda trial: -trial.value)
    names = [*FACTORS, *CHOICES]
    short = [name.rsplit(".", 1)[1] for name in names]
    show(
        ["trial", "dev F1", "minutes", *short],
        [
            [str(trial.number), f"{100 * trial.value:.2f}"]
            + [f"{trial.user_attrs['seconds'] / 60:.1f}"]
            + [f"{trial.params[name]:.3g}" for name in names]
            for trial in trials
        ],
    )
    write(args, {"trials": [record(trial) for trial in trials]})


def objective(trial: optuna.Trial, start: Config, folder: Path, gpu_id: int) -> float:
    """F1 on dev of one recipe, which sees as many tokens as the others."""
    config = start.copy()
    for name, (least, most) in FACTORS.items():
        factor = trial.suggest_float(name, least, most, log=True)
        put(config, name, factor * get(start, name))
    for name, values in CHOICES.items():
        own = get(start, name)
        values = values if own in values else [own, *values]
        put(config, name, trial.suggest_categorical(name, values))
    for name in STEPS:
        if isinstance(get(start, name), int):  # "${training.max_steps}" follows by itself
            put(config, name, round(get(start, name) * get(start, BATCH) / get(config, BATCH)))
    _, found = train(config, folder, gpu_id)
    shutil.rmtree(folder)
    trial.set_user_attr("seconds", found["seconds"])
    return found["dev_f"]


def record(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "dev_f": trial.value,
        "seconds": trial.user_attrs["seconds"],
        "settings": trial.params,
    }


def get(config: Config, setting: str) -> Any:
    """A setting, named with dots."""
    return reduce(lambda place, name: place[name], setting.split("."), config)


if __name__ == "__main__":
    main()
