"""Where encoders come from: what is taken, and what is refused with which remedy."""

import json
import shutil

import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    T5Config,
)

from spacy_balc.nn.sources import load_pretrained
from spacy_balc.pieces import Pieces

from .encoders import TEXTS


@pytest.fixture
def copied(encoder, tmp_path):
    """Function that copies a tiny encoder and changes settings in its config.json."""

    def get(kind="bert", file="config.json", **changes):
        folder = tmp_path / kind
        if not folder.exists():
            shutil.copytree(encoder(kind), folder)
        path = folder / file
        config = json.loads(path.read_text(encoding="utf8"))
        path.write_text(json.dumps({**config, **changes}), encoding="utf8")
        return folder

    return get


def test_weights_in_half_precision_are_read_into_fp32(copied):
    folder = copied()
    half = AutoModel.from_pretrained(folder).half()
    half.save_pretrained(folder)
    found, _ = load_pretrained(str(folder))
    state = half.state_dict()
    for name, parameter in found.named_parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, state[name].float()), name


def test_byte_level_words_begin_with_a_space_whatever_the_tokenizers_files_say(copied):
    folder = copied("roberta", "tokenizer_config.json", add_prefix_space=False)
    path = folder / "tokenizer.json"
    saved = json.loads(path.read_text(encoding="utf8"))
    saved["pre_tokenizer"]["add_prefix_space"] = False
    path.write_text(json.dumps(saved), encoding="utf8")
    ours = Pieces(load_pretrained(str(folder))[1])
    stock = AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
    words = [*TEXTS[0], *TEXTS[3].split()]
    expected = stock(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert ours.tokens(words, 100)[0].tolist() == expected
    plain = AutoTokenizer.from_pretrained(folder)
    assert ours.token("London") == plain(" London", add_special_tokens=False)["input_ids"]
    assert ours.token("London") != plain("London", add_special_tokens=False)["input_ids"]


def refused(name, *mentioned):
    with pytest.raises(ValueError) as caught:
        load_pretrained(str(name))
    for part in (repr(str(name)), *mentioned):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [GPT2Config(), T5Config(), DistilBertConfig(), BertConfig(is_decoder=True)],
    ids=["gpt2", "t5", "distilbert", "decoder"],
)
def test_encoders_of_another_kind_are_refused_by_what_is_taken(copied, config):
    folder = copied()
    config.save_pretrained(folder)
    refused(folder, repr(config.model_type), "albert, bert, camembert, electra", "roberta")


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta"])
def test_positions_that_count_from_a_pad_id_need_one(copied, kind):
    refused(copied(kind, pad_token_id=None), "pad_token_id", "config.json")


def test_a_missing_folder_names_the_ways_to_an_encoder(tmp_path):
    refused(tmp_path / "nowhere", "config", "`name`", "local folder", "hf download")


def test_a_hub_name_that_cant_be_reached_names_the_ways_to_an_encoder():
    refused("spacy-balc/no-such-encoder", "`name`", "local folder", "hf download")


def test_missing_weights(copied):
    folder = copied()
    (folder / "model.safetensors").unlink()
    refused(folder, "model.safetensors", "hf download")


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n"])
def test_damaged_weights(copied, content):
    folder = copied()
    (folder / "model.safetensors").write_bytes(content)
    refused(folder, "model.safetensors", "hf download")


@pytest.mark.parametrize("changes", [{"num_hidden_layers": 3}, {"intermediate_size": 80}])
def test_weights_that_do_not_fit_their_config(copied, changes):
    refused(copied(**changes), "weights", "config.json")


def test_a_missing_tokenizer(copied):
    folder = copied()
    for path in folder.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    refused(folder, "tokenizer", "hf download")


@pytest.mark.parametrize("content", ["", "{", "{}", "version https://git-lfs.github.com/spec/v1\n"])
def test_a_damaged_tokenizer(copied, content):
    folder = copied()
    (folder / "tokenizer.json").write_text(content, encoding="utf8")
    refused(folder, "tokenizer", "hf download")


def test_a_tokenizer_without_a_fast_version(copied):
    folder = copied("bert", "tokenizer_config.json", tokenizer_class="BertJapaneseTokenizer")
    (folder / "tokenizer.json").unlink()
    refused(folder, "fast", "tokenizer.json")


def test_a_tokenizer_of_another_encoder(copied):
    refused(copied(vocab_size=20), "tokenizer", "20", "different encoders")


def test_a_tokenizer_that_names_no_start(copied):
    folder = copied("albert", "tokenizer_config.json", cls_token=None)
    if (folder / "special_tokens_map.json").exists():  # transformers 4 repeats it there
        copied("albert", "special_tokens_map.json", cls_token=None)
    refused(folder, "cls", "tokenizer_config.json")
