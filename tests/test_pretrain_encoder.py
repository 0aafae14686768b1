"""scripts/pretrain_encoder.py: trains, resumes, goes on from an encoder, replaces nothing else."""

import sys
from pathlib import Path

import pytest
import spacy
from transformers import AutoModel, AutoTokenizer

from .encoders import TEXTS

ROOT = Path(__file__).parent.parent
SHAPE = ["--hidden", 16, "--layers", 1, "--heads", 2, "--intermediate", 32, "--vocabulary", 250]
RUN = ["--batch", 4, "--length", 16, "--eval-every", 2, *SHAPE]


@pytest.fixture
def pretrain(monkeypatch, tmp_path):
    """Function that runs the script on a text of its own; returns the folder it wrote."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import pretrain_encoder

    def run(*options, text=TEXTS, out="encoder", checkpoints="checkpoints"):
        file = tmp_path / "text.txt"
        file.write_text("\n".join(text * 20), encoding="utf8")
        # fmt: off
        argv = [
            "pretrain_encoder.py", file, tmp_path / out, "--checkpoints", tmp_path / checkpoints,
            *options,
        ]
        # fmt: on
        monkeypatch.setattr(sys, "argv", [str(arg) for arg in argv])
        pretrain_encoder.main()
        return tmp_path / out

    return run


def test_the_encoder_it_writes_serves_a_pipeline(pretrain):
    folder = pretrain("--steps", 4, *RUN)
    card = (folder / "README.md").read_text(encoding="utf8")
    assert "| 4 |" in card and "4 steps of 4 blocks" in card
    assert str(folder.parent) not in card
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.tokenize("北京London") == ["北", "京", "L", "##o", "##n", "##d", "##o", "##n"]
    nlp = spacy.blank("zh")
    tok2vec = {
        "@architectures": "spacy-balc.LoraTransformer.v1",
        "name": str(folder),
        "width": 16,
        "lora": None,
    }
    nlp.add_pipe("tok2vec", config={"model": tok2vec})
    nlp.initialize()
    assert nlp("在北京").tensor.shape == (3, 16)


def test_it_resumes_and_goes_on_from_what_it_wrote(pretrain):
    first = pretrain("--steps", 2, *RUN)
    again = pretrain("--steps", 4, *RUN)
    assert first == again
    assert "| 2 |" in (again / "README.md").read_text(encoding="utf8")
    more = pretrain("--steps", 1, *RUN, "--start-from", first, out="more", checkpoints="other")
    assert AutoModel.from_pretrained(more).config.hidden_size == 16
    assert "continued from `encoder`" in (more / "README.md").read_text(encoding="utf8")


def test_it_refuses_checkpoints_of_another_run(pretrain):
    pretrain("--steps", 2, *RUN)
    with pytest.raises(SystemExit, match="differs in text"):
        pretrain("--steps", 4, *RUN, text=TEXTS[::-1])


def test_it_replaces_no_folder_that_is_no_encoder(pretrain, tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "file").write_text("precious")
    with pytest.raises(SystemExit, match="is no encoder"):
        pretrain("--steps", 2, *RUN, out="keep")
    assert (tmp_path / "keep" / "file").read_text() == "precious"


@pytest.mark.parametrize("length", [1, 513])
def test_a_length_beyond_the_positions_is_refused(pretrain, length):
    with pytest.raises(SystemExit, match="--length"):
        pretrain("--steps", 2, *SHAPE, "--length", length)
