"""`balc resume`: training that was killed goes on from what it left."""

import tempfile
from pathlib import Path

import spacy
import typer
from spacy.cli._util import parse_config_overrides
from spacy.cli.train import train
from wasabi import msg

from ._util import choose_device


def resume_cli(
    context: typer.Context,
    training_path: Path = typer.Argument(
        ...,
        metavar="TRAINING",
        help="Output folder of the `spacy train` that ended early",
        exists=True,
        file_okay=False,
    ),
    output_path: Path = typer.Option(
        ..., "--output", "-o", help="Folder for what is trained now; another one", file_okay=False
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Go on with a training that was killed.

    Takes model-last from TRAINING, or model-best where model-last was being written and does not
    load, and trains its components on, with the config that is in it. Settings are
    overridden as in `spacy train`: --training.max_steps 2000.

    What was learnt up to the last evaluation is kept. Not saved by spaCy, and begun anew: the
    optimizer's moments, the averages, the schedule of the learning rate with its warm-up, the
    count of steps, the order of the examples, and the best score so far: so the output is another
    folder, and the best of both is yours to choose.
    """
    overrides = parse_config_overrides(context.args)
    choose_device(gpu_id)
    resume(training_path, output_path, gpu_id, overrides)


def resume(training_path: Path, output_path: Path, gpu_id: int, overrides: dict) -> None:
    """Train on from the newest pipeline of a folder; a problem is printed and ends with 1."""
    if output_path.resolve() == training_path.resolve():
        msg.fail("--output must be another folder: the best model so far stays in it", exits=1)
    source = newest(training_path)
    msg.info(f"Going on from {source}")
    nlp = spacy.load(source)
    config = nlp.config.copy()
    for name in nlp.component_names:
        config["components"][name] = {"source": str(source)}
    # No component is new, so nothing is to be initialized from a file that may be gone.
    config["initialize"] |= {"components": {}, "init_tok2vec": None}
    del nlp
    with tempfile.TemporaryDirectory() as folder:
        config_path = Path(folder) / "config.cfg"
        config.to_disk(config_path)
        train(config_path, output_path, use_gpu=gpu_id, overrides=overrides)


def newest(training_path: Path) -> Path:
    """model-last of a training's folder, or model-best if the first does not load; exits with a
    message if neither does."""
    problems = []
    for name in ("model-last", "model-best"):
        try:
            spacy.load(training_path / name)
        except Exception as error:  # half-written files have as many kinds of errors as readers
            problems.append(f"{name}: {error}")
        else:
            return training_path / name
    if (training_path / "config.cfg").exists():
        msg.fail(f"{training_path} is a pipeline: name the folder that it lies in", exits=1)
    reasons = "\n".join(problems)
    msg.fail(f"{training_path} holds no pipeline that loads: train again", reasons, exits=1)
