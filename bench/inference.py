"""How fast `nlp.pipe` with balc_ner is beside the bare encoder, spacy-transformers, spaCy's CNN and
EDS-NLP, all on the same texts, encoder and threads.

    balc      `nlp.pipe` from texts to entities, in each precision that this version has
    bare      the Hugging Face encoder alone: word pieces cut and padded beforehand, sorted by
              length, in the better attention and batch size of a trial; its result is not used
    spacy-transformers + ner, spaCy's CNN ner, EDS-NLP (`eds.transformer` + `eds.ner_crf`, window
              40, its autocast): from texts to entities, in the best batch size of a trial

All are taught a few sentences first, so that they find something. Then they take turns; what is
told are medians of ratios, with the least and the most. At last, where balc's time goes.

EDS-NLP needs an environment of its own, which is made (pip, 2 GB) in the folder that --edsnlp names
and used again the next time. As given here it takes some minutes; BERT-base's shape wants fewer
texts for that, and for a first look there is

    python bench/inference.py --docs 20 --rounds 1
    python bench/inference.py --data $DATA/msra/test.bio --encoder $DATA/zh-e5-small \\
        --docs 200 --edsnlp $CACHE --out bench/inference-small.json
    python bench/inference.py --data $DATA/msra/test.bio --docs 60 --edsnlp $CACHE \\
        --out bench/inference-base.json
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rivals
import torch
from bare import BareEncoder
from common import (
    Times,
    Workplace,
    best,
    load,
    piping,
    prepare,
    race,
    ratio,
    save_taught,
    sentences,
    settings,
    short,
    show,
    show_race,
    teach,
    tell,
    text_of,
    write,
)
from shares import shares, show_shares
from spacy.language import Language
from spacy.tokens import Doc

from spacy_balc.corpus.interface import Sentence

PRECISIONS = ("auto", "bf16", "fp32", "int8")
SIZES = (16, 32, 64, 128, 256)  # docs a batch, for spaCy's
EDS_SIZES = ("16 docs", "32 docs", "1024 padded_words", "2048 padded_words", "4096 padded_words")
EDS_SORTED = ("512 padded_words", "1024 padded_words", "2048 padded_words")
TRANSFORMERS, CNN, EDS, EDS_BY_LENGTH = (
    "spacy-transformers + ner",
    "spaCy's CNN ner",
    "EDS-NLP, file order",
    "EDS-NLP, sorted",
)
Tasks = dict[str, Callable[[], Any]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, rounds=5, docs=200)
    parser.add_argument(
        "--pipeline", type=Path, metavar="FOLDER", help="a trained one on --encoder (taught here)"
    )
    parser.add_argument(
        "--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="of balc (all)"
    )
    parser.add_argument(
        "--edsnlp", type=Path, metavar="FOLDER", help="for EDS-NLP's environment (left out)"
    )
    parser.add_argument(
        "--without",
        nargs="+",
        choices=("spacy-transformers", "cnn", "bare-fp32", "shares"),
        default=(),
        help="leave these out",
    )
    args = parser.parse_args(arguments)
    prepare(args)
    with Workplace(args.encoder) as place:
        data = sentences(args.data, args.docs)
        texts = [text_of(sentence) for sentence in data]
        by_length = sorted(texts, key=len)
        folder = args.pipeline or save_taught(place.encoder, data, place.folder / "balc")
        pipelines = load_all(folder, args.precision)

        tasks: Tasks = {}
        for precision, nlp in pipelines.items():
            tasks[f"balc {precision}"] = piping(nlp, texts)
            tasks[f"balc {precision}, sorted"] = piping(nlp, by_length)
        bare = BareEncoder(place.encoder, args.device)
        halves = finalists(bare.tasks(texts, "bf16"), 2, args.device)
        tasks |= halves
        if "bare-fp32" not in args.without:
            tasks |= finalists(bare.tasks(texts, "fp32"), 1, args.device)
        tasks |= spacy_rivals(args, place.encoder, data, texts)
        if args.edsnlp:
            taught = short(data, 48)
            eds = rivals.EdsNlp(
                args.edsnlp, place.encoder, taught, texts, args.device, torch.get_num_threads()
            )
            place.callback(eds.close)
            tasks |= eds_tasks(eds, args.device)
        else:
            print("EDS-NLP is left out: name a folder for its environment with --edsnlp.")

        times = race(tasks, args.rounds, args.device)
        base = best(times, list(halves))
        show_race(times, len(texts), "docs", base)
        figures: dict[str, Any] = {
            "tokens": sum(len(sentence.tokens) for sentence in data),
            "bare_at_its_best": base,
            "seconds": times,
            "ratios": tell(ratios(times, base)),
            "answers": answers(pipelines, data),
        }
        if "shares" not in args.without:
            chosen = "auto" if "auto" in pipelines else next(iter(pipelines))
            found = shares(pipelines[chosen], texts, args.rounds, args.device)
            show_shares(found)
            figures["shares"] = found
    write(args, figures)


def load_all(folder: Path, precisions: Sequence[str]) -> dict[str, Language]:
    """The saved pipeline in each of the precisions that there are."""
    found = {}
    for precision in precisions:
        try:
            found[precision] = load(folder, precision)
        except ValueError as error:
            print(f"balc {precision} is left out: {str(error).splitlines()[-1]}")
    if not found:
        raise SystemExit("None of these precisions is there.")
    return found


def finalists(tasks: Tasks, number: int, device: str) -> Tasks:
    """Those that a trial finds the fastest."""
    times = race(tasks, 2, device)
    chosen = sorted(tasks, key=lambda name: min(times[name]))[:number]
    return {name: tasks[name] for name in chosen}


def fastest(candidates: dict[Any, Callable[[], Any]], device: str) -> Any:
    """The setting that a trial finds the fastest: one round, the first one twice."""
    first = next(iter(candidates))
    race({"warm-up": candidates[first]}, 0, device)
    times = race(candidates, 1, device, warm_up=False)
    return min(times, key=lambda setting: times[setting][0])


def spacy_rivals(args, encoder: str, data: list[Sentence], texts: list[str]) -> Tasks:
    """spaCy's own recognisers, taught as balc is, in the batch size that suits them."""
    tasks: Tasks = {}
    if "cnn" not in args.without:
        tasks[CNN] = piping(teach(rivals.spacy_cnn(), data), texts)
    if "spacy-transformers" in args.without:
        return tasks
    if not rivals.has_spacy_transformers():
        print("spacy-transformers is left out: it is not installed (pip install ...[transformers])")
        return tasks
    nlp = teach(rivals.spacy_transformers(encoder, args.device), data, steps=6)
    size = fastest({size: piping(nlp, texts, size) for size in SIZES}, args.device)
    print(f"{TRANSFORMERS}: {size} docs a batch")
    tasks[TRANSFORMERS] = piping(nlp, texts, size)
    tasks[f"{TRANSFORMERS}, sorted"] = piping(nlp, sorted(texts, key=len), size)
    return tasks


def eds_tasks(eds: rivals.EdsNlp, device: str) -> Tasks:
    """EDS-NLP in file order and sorted, in the batch size that suits each."""
    tasks: Tasks = {}
    for name, sizes, ordered in ((EDS, EDS_SIZES, True), (EDS_BY_LENGTH, EDS_SORTED, False)):
        size = fastest({s: lambda s=s, o=ordered: eds.run(s, o) for s in sizes}, device)
        print(f"{name}: {size} a batch")
        tasks[name] = lambda s=size, o=ordered: eds.run(s, o)
    print(f"EDS-NLP found {eds.entities()} entities")
    return tasks


def ratios(times: Times, base: str) -> dict[str, list[float]]:
    """The ratios that are asked for, as far as both sides took part. Texts are in file order."""
    asked = [
        ("balc auto / bare bf16 at its best", "balc auto", base),
        ("balc auto / spacy-transformers + ner", "balc auto", TRANSFORMERS),
        ("balc auto / EDS-NLP in file order", "balc auto", EDS),
        ("balc auto / EDS-NLP sorted as its docs say", "balc auto", EDS_BY_LENGTH),
        ("balc int8 / bare bf16 at its best", "balc int8", base),
    ]
    bare = next((name for name in times if name.startswith("bare fp32")), "")
    asked.append(("balc fp32 / bare fp32 at its best", "balc fp32", bare))
    return {
        name: ratio(times, over, under)
        for name, over, under in asked
        if over in times and under in times
    }


def answers(pipelines: dict[str, Language], data: list[Sentence]) -> dict[str, dict[str, float]]:
    """What each precision answers: entities, strict F1, tokens labelled as the first fp32 does."""
    found = {p: list(nlp.pipe(map(text_of, data))) for p, nlp in pipelines.items()}
    told = {}
    for precision, docs in found.items():
        spans = {(i, e.start, e.end, e.label_) for i, doc in enumerate(docs) for e in doc.ents}
        gold = {(i, *entity) for i, sentence in enumerate(data) for entity in sentence.entities}
        told[precision] = {
            "entities": len(spans),
            "strict_f1": 2 * len(spans & gold) / max(1, len(spans) + len(gold)),
        }
        if "fp32" in found:
            told[precision]["as_fp32"] = agreement(docs, found["fp32"])
    rows = [
        [p, f["entities"], f"{f['strict_f1']:.4f}", f"{f.get('as_fp32', 1):.5f}"]
        for p, f in told.items()
    ]
    show(["answers", "entities", "strict F1", "tokens labelled as by fp32"], rows)
    return told


def agreement(docs: list[Doc], others: list[Doc]) -> float:
    """Share of the tokens with the same label."""
    same = total = 0
    for doc, other in zip(docs, others, strict=True):
        labels = [[(t.ent_iob_, t.ent_type_) for t in one] for one in (doc, other)]
        same += sum(a == b for a, b in zip(*labels, strict=True))
        total += len(doc)
    return same / max(1, total)


if __name__ == "__main__":
    sys.exit(main())
