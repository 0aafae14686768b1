"""The rivals: spacy-transformers + `ner`, spaCy's CNN `ner`, EDS-NLP in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from spacy_balc.corpus.interface import Sentence

EDSNLP = ["edsnlp[ml]==0.21.0", "torch==2.13.0", "transformers==4.53.2"]


def has_spacy_transformers() -> bool:
    return importlib.util.find_spec("spacy_transformers") is not None


def spacy_transformers(encoder: str, device: str, grad_factor: float = 1.0) -> Language:
    """A zh pipeline of `transformer` and `ner`, not initialized: spaCy's own recommendation."""
    nlp = spacy.blank("zh")
    nlp.add_pipe(
        "transformer",
        config={
            "model": {
                "@architectures": "spacy-transformers.TransformerModel.v3",
                "name": encoder,
                "mixed_precision": device == "cuda",  # all it has: not for a CPU
                "get_spans": {
                    "@span_getters": "spacy-transformers.strided_spans.v1",
                    "window": 128,
                    "stride": 96,
                },
            }
        },
    )
    nlp.add_pipe(
        "ner",
        config={
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 64,
                "maxout_pieces": 2,
                "use_upper": False,
                "tok2vec": {
                    "@architectures": "spacy-transformers.TransformerListener.v1",
                    "grad_factor": grad_factor,
                    "pooling": {"@layers": "reduce_mean.v1"},
                    "upstream": "*",
                },
            }
        },
    )
    return nlp


def spacy_cnn() -> Language:
    """A zh pipeline of spaCy's `ner` on its own small network, not initialized."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("ner")
    return nlp


class EdsNlp:
    """EDS-NLP in an environment and a process of its own, that works when it is told to.

    cache: folder for the environment, which is made there if it is not there yet.
    """

    def __init__(
        self,
        cache: Path,
        encoder: str,
        taught: Sequence[Sentence],
        texts: Sequence[str],
        device: str,
        threads: int,
    ):
        python = cache / "edsnlp-0.21.0" / "bin" / "python"
        if not python.exists():
            install(python)
        self.process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("edsnlp_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        self._ask(
            encoder=encoder,
            taught=[[s.tokens, s.entities] for s in taught],
            texts=list(texts),
            device=device,
        )

    def _ask(self, **message: Any) -> Any:
        print(json.dumps(message), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("EDS-NLP's process ended; what it said is above.")
        return json.loads(line)

    def run(self, batch_size: str, ordered: bool) -> float:
        """Seconds for all texts, in batches such as "1024 padded_words"; if not in their order,
        then sorted by length as its docs say."""
        return self._ask(batch_size=batch_size, ordered=ordered)["seconds"]

    def entities(self) -> int:
        """How many entities it found when it ran last."""
        return self._ask(count=True)["entities"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def install(python: Path) -> None:
    """Make EDS-NLP's environment beside its place, and move it there when it is whole."""
    folder = python.parent.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"Making an environment for EDS-NLP in {folder}: some minutes, 2 GB.", flush=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / "made"
        subprocess.run([sys.executable, "-m", "venv", str(made)], check=True)
        pip = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        done = subprocess.run([*pip, *EDSNLP], stderr=subprocess.PIPE, encoding="utf-8")
        if done.returncode:
            raise SystemExit(f"pip could not install {', '.join(EDSNLP)}:\n{done.stderr}")
        made.rename(folder)
