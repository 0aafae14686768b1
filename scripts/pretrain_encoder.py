"""Pre-train a BERT encoder by masked-LM on raw text: from scratch, or on from an existing one.

    python scripts/pretrain_encoder.py TEXT OUT --checkpoints DIR

TEXT holds a sentence or a paragraph a line (plain, .gz or .xz). OUT becomes a folder that
`name = "OUT"` in a config can point to: config.json, model.safetensors in fp16, the tokenizer,
and README.md, a model card with data, time, loss and accuracy. An interrupted run goes on from
its last checkpoint when the same command is given again. Needs spacy-balc's own dependencies only.
"""

import argparse
import collections
import gzip
import hashlib
import json
import lzma
import os
import shutil
import sys
import time
from pathlib import Path

import numpy
import torch
from tqdm import tqdm
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertTokenizerFast,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LATIN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII = [chr(code) for code in range(33, 127)]
# Where each family keeps its masked-LM head; others compute all logits, which is slower.
HEADS = {"bert": "cls", "roberta": "lm_head", "xlm-roberta": "lm_head", "albert": "predictions"}


def read_lines(path: Path) -> list[str]:
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line]


def make_tokenizer(lines: list[str], size: int, folder: Path) -> BertTokenizerFast:
    """A cased character vocabulary: ASCII, `##` pieces for Latin words, the most frequent rest."""
    counts: collections.Counter[str] = collections.Counter()
    for line in lines:
        counts.update(line)
    known = SPECIALS + ASCII + [f"##{char}" for char in LATIN]
    rest = [char for char, _ in counts.most_common() if not char.isspace() and char not in ASCII]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join((known + rest)[:size]) + "\n", encoding="utf8")
    return BertTokenizerFast(
        str(vocabulary), do_lower_case=False, strip_accents=False, model_max_length=512
    )


def pack(lines: list[str], tokenizer, length: int) -> numpy.ndarray:
    """Word pieces of all lines, cut into (blocks, length): `[CLS] line [SEP] line [SEP] ...`."""
    room = length - 1
    flat: list[int] = []
    for start in tqdm(range(0, len(lines), 1000), desc="word pieces", unit_scale=1000):
        encoded = tokenizer(lines[start : start + 1000], add_special_tokens=False)["input_ids"]
        for ids in encoded:
            flat.extend(ids)
            flat.append(tokenizer.sep_token_id)
    blocks = len(flat) // room
    if blocks == 0:
        sys.exit(f"The text holds {len(flat)} word pieces, fewer than one block of {length}.")
    body = numpy.asarray(flat[: blocks * room], dtype="int32").reshape(blocks, room)
    return numpy.hstack([numpy.full((blocks, 1), tokenizer.cls_token_id, dtype="int32"), body])


class Blocks(torch.utils.data.Dataset):
    def __init__(self, ids: numpy.ndarray):
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict:
        return {"input_ids": torch.from_numpy(self.ids[index].astype("int64"))}


class Collator(DataCollatorForLanguageModeling):
    """Dynamic masking, and half of the blocks at a random position: short blocks train them all."""

    positions = 512
    first_position = 0

    def __call__(self, examples):
        batch = super().__call__(examples)
        rows, length = batch["input_ids"].shape
        spare = max(1, self.positions - length + 1)
        shift = torch.randint(spare, (rows, 1)) * torch.randint(2, (rows, 1))
        batch["position_ids"] = self.first_position + shift + torch.arange(length)
        batch["attention_mask"] = torch.ones_like(batch["input_ids"])
        return dict(batch)


class MaskedTrainer(Trainer):
    """Computes logits at masked places only: over a whole vocabulary they cost more than BERT."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs.pop("labels")
        masked = labels != -100
        head = getattr(model, HEADS.get(model.config.model_type, ""), None)
        if head is None:
            logits = model(**inputs).logits[masked]
        else:
            logits = head(model.base_model(**inputs).last_hidden_state[masked])
        gold = labels[masked]
        loss = torch.nn.functional.cross_entropy(logits.float(), gold)
        if not return_outputs:
            return loss
        return loss, {"logits": (logits.argmax(-1) == gold).float().mean()[None]}

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        with torch.no_grad(), self.compute_loss_context_manager():
            loss, out = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss, out["logits"], torch.zeros(1)


class Clock(TrainerCallback):
    """Seconds of training over all runs that led to the last checkpoint."""

    def __init__(self, path: Path):
        self.path = path
        self.before = float(path.read_text()) if path.exists() else 0.0
        self.start = time.time()

    def seconds(self) -> float:
        return self.before + time.time() - self.start

    def on_save(self, args, state, control, **kwargs):
        self.path.write_text(f"{self.seconds():.0f}\n")


def check_places(args) -> None:
    """Exit rather than replace a folder that is no encoder, or holds something else in use."""
    args.out = args.out.resolve()
    if args.out.exists() and not (args.out / "config.json").is_file():
        if not args.out.is_dir() or any(args.out.iterdir()):
            sys.exit(f"{args.out} exists and is no encoder: name another folder, or remove it.")
    for other in (args.text, args.checkpoints, Path.cwd()):
        if other.resolve().is_relative_to(args.out):
            sys.exit(f"{args.out} would be replaced, and {other} is in it: name another folder.")


def check_run(args, digest: str) -> None:
    """Exit if the checkpoints are those of a run on another text or of another shape."""
    run = {"text": digest}
    for name in ("start_from", "vocabulary", "hidden", "layers", "heads", "intermediate", "length"):
        run[name] = getattr(args, name)
    file = args.checkpoints / "run.json"
    if get_last_checkpoint(str(args.checkpoints)) and file.exists():
        before = json.loads(file.read_text(encoding="utf8"))
        differing = [name for name, value in run.items() if before.get(name) != value]
        if differing:
            sys.exit(
                f"{args.checkpoints} holds the checkpoints of another run, which differs in "
                f"{', '.join(differing)}: name another --checkpoints, or remove it."
            )
    file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf8")


def load_model(args, tokenizer):
    if args.start_from:
        return AutoModelForMaskedLM.from_pretrained(args.start_from, torch_dtype=torch.float32)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
        intermediate_size=args.intermediate,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        hidden_dropout_prob=0.0,  # a few epochs of a small encoder do not overfit
        attention_probs_dropout_prob=0.0,
    )
    return AutoModelForMaskedLM.from_config(config)


def card(args, model, blocks, history, seconds, digest) -> str:
    curve = "\n".join(
        f"| {row['step']:,} | {row['eval_loss']:.3f} | {row['eval_accuracy']:.3f} |"
        for row in history
        if "eval_loss" in row
    )
    shape = model.config
    origin = f"continued from `{Path(args.start_from).name}`" if args.start_from else "from scratch"
    tokens = args.steps * args.batch * args.length
    facts = [
        f"Text: {args.text_description or args.text.name}. SHA-256 of the file begins "
        f"`{digest[:16]}`; {len(blocks):,} blocks of {args.length} word pieces, 1 % held out.",
        f"{args.steps:,} steps of {args.batch} blocks: {tokens / 1e6:.1f} M word pieces, "
        f"{tokens / len(blocks) / args.length:.1f} epochs, {args.mask:.0%} of them masked; AdamW, "
        f"peak learning rate {args.learn_rate}, linear decay, seed {args.seed}, "
        f"{'bf16' if args.bf16 else 'fp32'}; {seconds / 60:.0f} minutes"
        + ("." if torch.cuda.is_available() else f" on a CPU, {args.threads} thread(s)."),
        f"Command: `python scripts/pretrain_encoder.py TEXT OUT {' '.join(args.given)}`",
    ]
    return f"""---
language: {args.language}
license: {args.license}
library_name: transformers
---
# {args.out.name}

A {shape.model_type} encoder: {shape.num_hidden_layers} layers, hidden {shape.hidden_size}, \
{shape.num_attention_heads} heads, intermediate {shape.intermediate_size}, vocabulary \
{shape.vocab_size:,}; {sum(p.numel() for p in model.base_model.parameters()):,} weights in fp16.
Masked-LM only, {origin}. A start for fine-tuning, not a language model to use as it is.

## Training

{chr(10).join(f"* {fact}" for fact in facts)}

| step | held-out loss | held-out accuracy |
| --- | --- | --- |
{curve}
"""


def save(model, tokenizer, out: Path, readme: str) -> None:
    """The bare encoder without head and pooler, written beside and moved into place."""
    beside = out.with_name(out.name + ".part")
    shutil.rmtree(beside, ignore_errors=True)
    encoder = model.base_model.half()
    encoder.config.torch_dtype = torch.float32
    encoder.save_pretrained(beside)
    config = json.loads((beside / "config.json").read_text(encoding="utf8"))
    config["torch_dtype"] = "float32"  # stored in half, computed in single precision
    (beside / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    tokenizer.save_pretrained(beside)
    (beside / "README.md").write_text(readme, encoding="utf8")
    shutil.rmtree(out, ignore_errors=True)
    os.replace(beside, out)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("text", type=Path, help="raw text, a sentence or paragraph a line (.txt, .gz, .xz)")
    add("out", type=Path, help="folder of the finished encoder; replaced when it exists")
    add("--checkpoints", type=Path, required=True, help="folder for checkpoints; resumes from it")
    add("--start-from", help="a local folder or hub name of a masked-LM or bare encoder")
    add("--vocabulary", type=int, default=4700, help="characters, when made from scratch")
    add("--hidden", type=int, default=256)
    add("--layers", type=int, default=3)
    add("--heads", type=int, default=4)
    add("--intermediate", type=int, default=512)
    add("--steps", type=int, default=10000)
    add("--batch", type=int, default=32, help="blocks a step")
    add("--length", type=int, default=128, help="word pieces a block")
    add("--mask", type=float, default=0.15, help="share of word pieces to mask")
    add("--learn-rate", type=float, default=1e-3)
    add("--eval-every", type=int, default=1000, help="steps between evaluations and checkpoints")
    add("--bf16", action="store_true", help="mixed precision, on a CPU or GPU that has it")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0)
    add("--language", default="zh", help="for the model card")
    add("--license", default="mit", help="for the model card")
    add("--text-description", default="", help="what the text is and where from, for the card")
    args = parser.parse_args()
    # For the model card: what counts, without the places of one machine.
    places = ("text", "out", "checkpoints", "start_from", "text_description", "threads")
    args.given = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in vars(args).items()
        if name not in places and value != parser.get_default(name)
    ]
    return args


def main() -> None:
    args = parse()
    torch.set_num_threads(args.threads)
    if not args.text.is_file():
        sys.exit(f"No such text: {args.text}")
    check_places(args)
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(args.text.read_bytes()).hexdigest()
    check_run(args, digest)
    lines = read_lines(args.text)
    if args.start_from:
        tokenizer = AutoTokenizer.from_pretrained(args.start_from)
    else:
        tokenizer = make_tokenizer(lines, args.vocabulary, args.checkpoints / "tokenizer")
    torch.manual_seed(args.seed)
    model = load_model(args, tokenizer)
    if not 2 <= args.length <= model.config.max_position_embeddings:
        most = model.config.max_position_embeddings
        sys.exit(f"--length {args.length} must be from 2 to {most}, the encoder's positions.")
    blocks = pack(lines, tokenizer, args.length)
    held_out = max(1, len(blocks) // 100)
    collator = Collator(tokenizer, mlm_probability=args.mask)
    if model.config.model_type in ("roberta", "xlm-roberta"):
        collator.first_position = model.config.pad_token_id + 1
    collator.positions = model.config.max_position_embeddings - collator.first_position
    settings = TrainingArguments(
        output_dir=str(args.checkpoints),
        max_steps=args.steps,
        per_device_train_batch_size=args.batch,
        per_device_eval_batch_size=args.batch,
        learning_rate=args.learn_rate,
        lr_scheduler_type="linear",
        warmup_steps=min(1000, args.steps // 10),
        weight_decay=0.01,
        adam_beta2=0.98,
        bf16=args.bf16,
        eval_strategy="steps",
        eval_steps=args.eval_every,
        save_steps=args.eval_every,
        save_total_limit=2,
        logging_steps=args.eval_every,
        report_to=[],
        seed=args.seed,
        use_cpu=not torch.cuda.is_available(),
        remove_unused_columns=False,
    )
    trainer = MaskedTrainer(
        model,
        settings,
        data_collator=collator,
        train_dataset=Blocks(blocks[held_out:]),
        eval_dataset=Blocks(blocks[:held_out]),
        compute_metrics=lambda seen: {"accuracy": float(seen.predictions.mean())},
    )
    clock = Clock(args.checkpoints / "seconds.txt")
    trainer.add_callback(clock)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(args.checkpoints)))
    history = trainer.state.log_history
    if not any(row["step"] == args.steps and "eval_loss" in row for row in history):
        trainer.evaluate()  # appends to the history
    save(model, tokenizer, args.out, card(args, model, blocks, history, clock.seconds(), digest))
    print(f"Wrote {args.out}: {sum(f.stat().st_size for f in args.out.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
