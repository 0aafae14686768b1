"""scripts/pretrain_encoder.py: trains, resumes, goes on from an encoder, replaces nothing else."""

import sys
from pathlib import Path

import pytest
import spacy
import torch
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

    def run(*options, text=TEXTS, out="encoder", checkpoints="checkpoints", tags=None):
        file = tmp_path / "text.txt"
        file.write_text("\n".join(text * 20), encoding="utf8")
        if tags:
            (tmp_path / "tags.txt").write_text("\n".join(tags * 20), encoding="utf8")
            options += ("--tags", tmp_path / "tags.txt")
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
    with pytest.raises(SystemExit, match="differs in mask, seed"):
        pretrain("--steps", 4, *RUN, "--seed", 1, "--mask", 0.4)


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


def two_character_words(text):
    return " ".join("n-I" if i % 2 else "n-B" for i in range(len(text)))


def test_a_teachers_tags_are_learnt_beside_masking(pretrain):
    tags = [two_character_words(text) for text in TEXTS]
    folder = pretrain("--steps", 4, *RUN, tags=tags)
    card = (folder / "README.md").read_text(encoding="utf8")
    assert "| accuracy, masked pieces | accuracy, tags |" in card and "tags.txt, 2 of them" in card
    alone = pretrain("--steps", 2, *RUN, "--mask", 0, tags=tags, out="b", checkpoints="b-runs")
    assert "Learnt from tags, from scratch" in (alone / "README.md").read_text(encoding="utf8")
    # Tags that are not learnt still say which pieces make a word.
    words = pretrain("--steps", 2, *RUN, "--tag-weight", 0, tags=tags, out="c", checkpoints="d")
    card = (words / "README.md").read_text(encoding="utf8")
    assert "Learnt from masked pieces, from scratch" in card and "| accuracy, tags |" not in card


def test_tags_that_do_not_fit_the_text_are_named_by_line(pretrain):
    tags = [two_character_words(text) for text in TEXTS]
    tags[1] += " n-B"
    with pytest.raises(SystemExit, match="tags.txt, line 2: .* one tag a character"):
        pretrain("--steps", 2, *RUN, tags=tags)
    with pytest.raises(SystemExit, match="equally many lines"):
        pretrain("--steps", 2, *RUN, text=TEXTS[:1], tags=tags[:1] * 2)


@pytest.mark.parametrize("tags", [None, [two_character_words(text) for text in TEXTS]])
def test_nothing_to_learn_is_refused(pretrain, tags):
    with pytest.raises(SystemExit, match="nothing to learn"):
        pretrain("--steps", 2, *RUN, "--mask", 0, "--tag-weight", 0, tags=tags)


@pytest.fixture
def script_text(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import pretrain_text

    return pretrain_text


def test_each_piece_has_the_tag_of_its_first_character(script_text, encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder("bert"))
    line = "北京 上海北京"
    tags = ["ns-B", "ns-I", "w-B", "ns-B", "ns-I", "nz-B", "nz-I"]
    blocks = script_text.pack([line] * 4, [tags] * 4, tokenizer, 8)
    names = [blocks.names[tag] if tag >= 0 else None for tag in blocks.tags[0]]
    # [CLS], six pieces (the space has none), [SEP]
    assert names == [None, "ns-B", "ns-I", "ns-B", "ns-I", "nz-B", "nz-I", None]
    assert blocks.starts[0].tolist() == [True, True, False, True, False, True, False, True]
    assert tokenizer.convert_ids_to_tokens(blocks.ids[0])[1:3] == ["北", "京"]


def test_masking_takes_whole_words_and_no_special_piece(script_text):
    collate = script_text.Collator(4, 200, [0, 1, 2, 3, 4], share=0.3, positions=64)
    starts = torch.tensor([True] + [True, False, False] * 10 + [True])
    ids = torch.tensor([2] + list(range(10, 40)) + [3])
    example = {"input_ids": ids, "starts": starts, "tags": torch.zeros_like(ids)}
    batch = collate([example] * 300)
    masked = batch["labels"] != script_text.IGNORED
    words = masked[:, 1:-1].reshape(-1, 3)
    assert bool((words.all(1) == words.any(1)).all())
    assert 0.27 < words.float().mean() < 0.33
    assert not masked[:, [0, -1]].any()
    assert bool((batch["labels"][masked] == ids.expand_as(masked)[masked]).all())
    replaced = (batch["input_ids"] == 4)[masked].float().mean()
    assert 0.77 < replaced < 0.83
    assert bool((batch["input_ids"][~masked] == ids.expand_as(masked)[~masked]).all())
    assert int(batch["position_ids"].max()) <= 63


def test_a_cut_vocabulary_leaves_the_vectors_as_they_are(pretrain, encoder):
    source = encoder("bert")
    # No learning: what is written is what was read, but for the vocabulary.
    run = ["--batch", 4, "--length", 16, "--steps", 1, "--learn-rate", 0, "--eval-every", 1]
    folder = pretrain(*run, "--start-from", source, "--keep", 120, "--characters")
    ids = []
    for place in (source, folder):
        tokenizer, model = AutoTokenizer.from_pretrained(place), AutoModel.from_pretrained(place)
        found = tokenizer(TEXTS[0], return_tensors="pt")
        ids.append((tokenizer.convert_ids_to_tokens(found["input_ids"][0]), found["input_ids"]))
        with torch.no_grad():
            vectors = model.eval()(**found).last_hidden_state
        if place == source:
            expected = vectors
    assert len(tokenizer) == model.config.vocab_size == 120
    assert ids[0][0] == ids[1][0] and ids[0][1].tolist() != ids[1][1].tolist()
    assert torch.allclose(vectors, expected, atol=1e-2)  # stored in half precision
    with pytest.raises(SystemExit, match="must be from 6 to"):
        pretrain(*run, "--start-from", source, "--keep", 100_000, checkpoints="other")


def test_each_character_can_be_a_piece(script_text, encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder("bert"))
    tags = [["n-B", "n-I", "w-B", "x-B", "x-I", "x-I"]]
    blocks = script_text.pack(["北京 ab☃"], tags, tokenizer, 7, characters=True)
    expected = ["[CLS]", "北", "京", "a", "b", "[UNK]", "[SEP]"]
    assert tokenizer.convert_ids_to_tokens(blocks.ids[0]) == expected
    names = [blocks.names[tag] for tag in blocks.tags[0, 1:-1]]
    assert names == ["n-B", "n-I", "x-B", "x-I", "x-I"]
