"""How well does a pipeline tell names apart that stand in a row, with nothing between them?

    python bench/name_rows.py training/msra/model-best --data corpus/msra/dev.spacy

Entity F1 on a development set as it is, and with a row of its own names in place of one of them, by
the augmenter EntityRows, in each text that has one.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import spacy
from common import show
from spacy.training import Corpus
from thinc.api import fix_random_seed
from tqdm import tqdm

from spacy_balc.augment import entity_rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipelines", nargs="+", metavar="PIPELINE", help="folders")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="a .spacy file")
    parser.add_argument("--label", default="PER", help="of the names (PER)")
    args = parser.parse_args(arguments)
    table = []
    for pipeline in tqdm(args.pipelines, disable=None):
        nlp = spacy.load(pipeline)
        for name, level in (("as it is", 0.0), ("in rows", 1.0)):
            fix_random_seed(0)
            read = Corpus(args.data, augmenter=entity_rows(level, [args.label]))
            scores = nlp.evaluate(list(read(nlp)))
            of_label = (scores["ents_per_type"] or {}).get(args.label, dict.fromkeys("prf", 0.0))
            values = [scores["ents_f"] or 0.0, *(of_label[key] for key in "fpr")]
            table.append([pipeline, name, *(f"{value:.2%}" for value in values)])
    label = args.label
    show(["pipeline", "names", "F1", f"{label} F1", f"{label} P", f"{label} R"], table)


if __name__ == "__main__":
    main()
