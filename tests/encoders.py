"""Tiny random encoders of BERT's family, in folders as Hugging Face writes them."""

from pathlib import Path

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    AlbertConfig,
    AutoModel,
    BertConfig,
    BertTokenizerFast,
    ElectraConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaTokenizerFast,
    XLMRobertaConfig,
)

TEXTS = [
    "张三在北京工作，李四去了上海大学。",
    "王五和赵六昨天到南京参加会议",
    "北京博爱医院院长吴弦光代表医院向唐胜利赠送编织机。",
    "The quick brown fox lives in London and New York; Mary met John at Acme Corp.",
    "Café Zürich opened in 1998, naïve readers said.",
]
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.2,  # at the usual 0.02 the output hardly depends on the input
}
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpiece_tokenizer(folder: Path, lower_case: bool = False, pad: bool = True):
    """BERT's tokenizer with a vocabulary of the characters in TEXTS, and `##` for Latin ones."""
    chars = sorted({char for text in TEXTS for char in text if not char.isspace()})
    latin = [f"##{char}" for char in chars if char.isascii()]
    specials = SPECIALS if pad else SPECIALS[1:]
    extra = "London john John ##don e ##e u ##u i ##i ? ! . ,".split()
    vocabulary = list(dict.fromkeys(specials + chars + latin + extra))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf8")
    return BertTokenizerFast(
        str(folder / "vocab.txt"),
        do_lower_case=lower_case,
        strip_accents=lower_case,
        pad_token="[PAD]" if pad else None,
    )


def byte_level_tokenizer():
    """RoBERTa's: byte-level BPE with `<s>`, `<pad>`, `</s>`, `<unk>`."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return RobertaTokenizerFast(tokenizer_object=tokenizer, add_prefix_space=True)


def unigram_tokenizer(specials: dict[str, str]):
    """ALBERT's and XLM-RoBERTa's kind: pieces of a unigram model that begin words with `▁`."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=180,
        special_tokens=list(specials.values()),
        unk_token=specials["unk_token"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    start, end = specials["cls_token"], specials["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (start, end)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **specials)


ALBERT_SPECIALS = {
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
XLM_SPECIALS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "mask_token": "<mask>",
}


def make_encoder(folder: Path, kind: str = "bert", positions: int = 64, **options) -> Path:
    """Write a tiny encoder with `positions` usable positions (special pieces among them).

    kind: bert, bert-lower, bert-no-pad, electra, roberta, xlm-roberta, albert. options: more
    settings of the model's config.
    """
    torch.manual_seed(0)
    if kind in ("bert", "bert-lower", "bert-no-pad"):
        tokenizer = wordpiece_tokenizer(folder, kind == "bert-lower", kind != "bert-no-pad")
        config_class, first = BertConfig, 0
    elif kind == "electra":
        tokenizer = wordpiece_tokenizer(folder)
        config_class, first = ElectraConfig, 0
        options = {"embedding_size": 16, **options}
    elif kind == "roberta":
        tokenizer = byte_level_tokenizer()
        config_class, first = RobertaConfig, 2
    elif kind == "xlm-roberta":
        tokenizer = unigram_tokenizer(XLM_SPECIALS)
        config_class, first = XLMRobertaConfig, 2
    elif kind == "albert":
        tokenizer = unigram_tokenizer(ALBERT_SPECIALS)
        config_class, first = AlbertConfig, 0
        options = {"embedding_size": 16, **options}
    else:
        raise ValueError(kind)
    pad = tokenizer.pad_token_id
    config = config_class(
        vocab_size=len(tokenizer) + 8,  # reloading may add special tokens
        max_position_embeddings=positions + first,
        pad_token_id=pad,
        **{**SHAPE, **options},
    )
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
