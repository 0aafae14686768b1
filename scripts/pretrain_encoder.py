"""Pre-train a BERT encoder on raw text by masked-LM and by a teacher's tags, mixed or alone.

    python scripts/pretrain_encoder.py TEXT OUT --checkpoints DIR

TEXT holds a sentence or a paragraph a line (plain, .gz or .xz). With --tags FILE, line by line
a tag for each character of TEXT, separated by spaces, the encoder also learns to tell the tags,
and masking takes whole words (a tag that ends in -B begins one). OUT becomes a folder that
`name = "OUT"` in a config can point to: config.json, model.safetensors in fp16, the tokenizer,
and README.md, a model card with data, time, loss and accuracy. An interrupted run goes on from
its last checkpoint when the same command is given again, also with more --steps. Needs
spacy-balc's own dependencies only.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

import torch
from pretrain_text import (
    IGNORED,
    Collator,
    digest,
    pack,
    read_lines,
    read_tagged,
)
from pretrain_vocabulary import cut_vocabulary, make_tokenizer
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

# Where each family keeps its masked-LM head.
HEADS = {"bert": "cls", "roberta": "lm_head", "xlm-roberta": "lm_head", "albert": "predictions"}
# What a run that goes on must have in common with its checkpoints, beside the text.
SHAPE = ("start_from", "vocabulary", "keep", "characters")
SHAPE += ("hidden", "layers", "heads", "intermediate", "length")
SHAPE += ("mask", "tag_weight", "learn_rate", "batch", "seed")
# On blocks of 128, plain products trained 1.25 times as fast on a CPU as the fused attention.
ATTENTION = None if torch.cuda.is_available() else "eager"


class TwoObjectives(Trainer):
    """Masked-LM and, with weight `tag_weight`, the teacher's tags, in one pass over the text."""

    tag_weight = 0.0

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels, tags = inputs.pop("labels"), inputs.pop("tags")
        hidden = model.base_model(**inputs).last_hidden_state
        losses, right = [], []
        masked = labels != IGNORED
        if masked.any():
            # Logits at masked places only: over a whole vocabulary they cost more than BERT.
            head = getattr(model, HEADS[model.config.model_type])
            logits, gold = head(hidden[masked]).float(), labels[masked]
            losses.append(cross_entropy(logits, gold))
            right.append((logits.argmax(-1) == gold).float().mean())
        if self.tag_weight:
            known = tags != IGNORED
            logits, gold = model.tag_head(hidden[known]).float(), tags[known]
            losses.append(self.tag_weight * cross_entropy(logits, gold))
            right.append((logits.argmax(-1) == gold).float().mean())
        loss = torch.stack(losses).sum()
        return (loss, {"right": torch.stack(right)[None]}) if return_outputs else loss

    def autocast_smart_context_manager(self, cache_enabled=True):
        # On a GPU the trainer's own mixed precision is in model.forward, which is not called.
        device, on = self.args.device.type, self.args.bf16
        return torch.autocast(device, torch.bfloat16, enabled=on, cache_enabled=cache_enabled)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        with torch.no_grad(), self.compute_loss_context_manager():
            loss, out = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss, out["right"], torch.zeros(1)


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


def check_run(args, text_digest: str) -> None:
    """Exit if the checkpoints are those of a run on another text or of another shape."""
    run = {"text": text_digest} | {name: getattr(args, name) for name in SHAPE}
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
    """The encoder with its masked-LM head, without dropout: an epoch or two do not overfit."""
    if args.start_from:
        model = AutoModelForMaskedLM.from_pretrained(
            args.start_from,
            torch_dtype=torch.float32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation=ATTENTION,
        )
        if model.config.model_type not in HEADS:
            sys.exit(
                f"--start-from {args.start_from} is of type {model.config.model_type}; masked-LM "
                f"is for {', '.join(HEADS)}."
            )
        return model
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
        intermediate_size=args.intermediate,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return AutoModelForMaskedLM.from_config(config, attn_implementation=ATTENTION)


def held_out(blocks) -> int:
    """Number of blocks, the first, that are only evaluated on."""
    return min(500, max(1, len(blocks) // 100))


def objectives(args) -> list[str]:
    """What is learnt, in the order of the accuracies that an evaluation gives."""
    tags = args.tags is not None and args.tag_weight > 0
    return ["masked pieces"] * (args.mask > 0) + ["tags"] * tags


def card(args, model, blocks, history, seconds, text_digest) -> str:
    names = objectives(args)
    curve = "\n".join(
        f"| {row['step']:,} | {row['eval_loss']:.3f} | "
        + " | ".join(f"{row[f'eval_{name}']:.3f}" for name in names)
        + " |"
        for row in history
        if "eval_loss" in row
    )
    shape = model.config
    origin = f"continued from `{Path(args.start_from).name}`" if args.start_from else "from scratch"
    tokens = args.steps * args.batch * args.length
    device = f"a CPU, {args.threads} thread(s)"
    if torch.cuda.is_available():
        device = f"one {torch.cuda.get_device_name()}"
    facts = [
        f"Text: {args.text_description or args.text.name}. SHA-256 of the file begins "
        f"`{text_digest[:16]}`; {len(blocks):,} blocks of {args.length} word pieces, "
        f"{held_out(blocks):,} held out.",
        f"{args.steps:,} steps of {args.batch} blocks: {tokens / 1e6:.1f} M word pieces, "
        f"{tokens / len(blocks) / args.length:.1f} epochs, {args.mask:.0%} of the "
        f"{'words' if args.tags else 'pieces'} masked; AdamW, peak learning rate "
        f"{args.learn_rate}, linear decay over the last {args.decay:.0%}, seed {args.seed}, "
        f"{'bf16' if args.bf16 else 'fp32'}; {seconds / 60:.0f} minutes on {device}.",
        *(
            [f"Tags: {args.tags_description or args.tags.name}, {len(blocks.names)} of them."]
            if args.tags
            else []
        ),
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
Learnt from {" and ".join(names)}, {origin}. A start for fine-tuning, not a language model to use \
as it is.

## Training

{chr(10).join(f"* {fact}" for fact in facts)}

| step | held-out loss | {" | ".join(f"accuracy, {name}" for name in names)} |
| --- | --- | {" | ".join("---" for _ in names)} |
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
    add("--keep", type=int, help="with --start-from: word pieces to keep, those TEXT uses first")
    add("--characters", action="store_true", help="a piece a character, as spaCy cuts Chinese")
    add("--hidden", type=int, default=256)
    add("--layers", type=int, default=3)
    add("--heads", type=int, default=4)
    add("--intermediate", type=int, default=512)
    add("--steps", type=int, default=10000)
    add("--batch", type=int, default=32, help="blocks a step")
    add("--length", type=int, default=128, help="word pieces a block")
    add("--mask", type=float, default=0.15, help="share of words (without --tags: of word pieces)")
    add("--tags", type=Path, help="a teacher's tags, one a character (.txt, .gz, .xz)")
    add(
        "--tag-weight",
        type=float,
        default=1.0,
        help="of the tags' loss beside masked-LM's (0: none)",
    )
    add("--learn-rate", type=float, default=1e-3)
    add("--decay", type=float, default=1.0, help="share of the steps, the last, in which it falls")
    add("--eval-every", type=int, default=1000, help="steps between evaluations and checkpoints")
    add("--bf16", action="store_true", help="mixed precision, on a CPU or GPU that has it")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0)
    add("--language", default="zh", help="for the model card")
    add("--license", default="mit", help="for the model card")
    add("--text-description", default="", help="what the text is and where from, for the card")
    add("--tags-description", default="", help="whose the tags are, for the card")
    args = parser.parse_args()
    # For the model card: what counts, without the places of one machine.
    places = ("text", "out", "checkpoints", "start_from", "tags", "threads")
    places += ("text_description", "tags_description")
    args.given = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in vars(args).items()
        if name not in places and value != parser.get_default(name)
    ]
    return args


def main() -> None:
    args = parse()
    torch.set_num_threads(args.threads)
    for path in filter(None, (args.text, args.tags)):
        if not path.is_file():
            sys.exit(f"No such file: {path}")
    if not objectives(args):
        sys.exit("--mask 0 without --tags, or at --tag-weight 0, leaves nothing to learn: set one.")
    check_places(args)
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    text_digest = digest(args.text, args.tags)
    check_run(args, text_digest)
    tags = None
    if args.tags:
        lines, tags = read_tagged(args.text, args.tags)
    else:
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
    if args.keep:
        folder = args.checkpoints / "tokenizer"
        tokenizer = cut_vocabulary(model, tokenizer, lines, args.keep, folder)
    blocks = pack(lines, tags, tokenizer, args.length, args.characters)
    del lines, tags
    if args.tags:
        model.tag_head = torch.nn.Linear(model.config.hidden_size, len(blocks.names))
    shifted = model.config.model_type in ("roberta", "xlm-roberta")
    first_position = model.config.pad_token_id + 1 if shifted else 0
    collator = Collator(
        mask_id=tokenizer.mask_token_id,
        vocabulary=len(tokenizer),
        special_ids=tokenizer.all_special_ids,
        share=args.mask,
        positions=model.config.max_position_embeddings - first_position,
        first_position=first_position,
    )
    warm_up = min(1000, args.steps // 10)
    settings = TrainingArguments(
        output_dir=str(args.checkpoints),
        max_steps=args.steps,
        per_device_train_batch_size=args.batch,
        per_device_eval_batch_size=args.batch,
        learning_rate=args.learn_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={
            "num_decay_steps": round(args.decay * (args.steps - warm_up)),
            "decay_type": "linear",
        },
        warmup_steps=warm_up,
        optim="adamw_torch_fused",
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
        # A GPU waits for blocks that are masked in its own process.
        dataloader_num_workers=4 if torch.cuda.is_available() else 0,
    )
    # With several GPUs DataParallel would hide the model's parts.
    settings._n_gpu = min(1, settings.n_gpu)
    trainer = TwoObjectives(
        model,
        settings,
        data_collator=collator,
        train_dataset=blocks[held_out(blocks) :],
        eval_dataset=blocks[: held_out(blocks)],
        compute_metrics=lambda seen: dict(
            zip(objectives(args), seen.predictions.mean(0).tolist(), strict=True)
        ),
    )
    trainer.tag_weight = args.tag_weight if "tags" in objectives(args) else 0.0
    clock = Clock(args.checkpoints / "seconds.txt")
    trainer.add_callback(clock)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(args.checkpoints)))
    history = trainer.state.log_history
    if not any(row["step"] == args.steps and "eval_loss" in row for row in history):
        trainer.evaluate()  # appends to the history
    readme = card(args, model, blocks, history, clock.seconds(), text_digest)
    save(model, tokenizer, args.out, readme)
    print(f"Wrote {args.out}: {sum(f.stat().st_size for f in args.out.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
