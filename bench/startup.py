"""From nothing to the first entity: `spacy.load` of a saved pipeline and one text, beside what
nobody can leave out: importing spaCy, BertModel, the fast tokenizer and peft, and reading the file
of the encoder's weights.

Each measurement is a process of its own, from its start to its end, and they take turns. The
pipeline is taught a few sentences first, on a text of which it ends with an entity. Some minutes;
for a first look there is

    python bench/startup.py --rounds 1 --encoder assets/encoder-mini
    python bench/startup.py --data $DATA/msra/test.bio --encoder $DATA/zh-e5-small \\
        --out bench/startup.json
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common import (
    Workplace,
    load,
    prepare,
    ratio,
    save_taught,
    sentences,
    settings,
    short,
    tell,
    text_of,
    write,
)
from hidden import hide
from import_time import show_seconds, take_turns

OURS = """
import spacy
nlp = spacy.load({pipeline!r})
assert nlp({text!r}).ents, "no entity"
"""
NEEDED = """
import spacy
from transformers import BertModel, BertTokenizerFast
import peft
from safetensors.torch import load
with open({weights!r}, "rb") as file:
    load(file.read())
"""
LOAD, IMPORTS = "spacy.load to the first entity", "imports and weights"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = settings(__doc__, rounds=7, docs=100)
    args = parser.parse_args(arguments)
    prepare(args)
    with Workplace(args.encoder) as place:
        data = sentences(args.data, args.docs)
        folder = save_taught(place.encoder, data, place.folder / "balc")
        nlp = load(folder)
        texts = [text_of(sentence) for sentence in short(data, 48)]
        text = next((doc.text for doc in nlp.pipe(texts) if doc.ents), None)
        if text is None:
            raise SystemExit("It found no entity in what it was taught: give it more texts.")
        weights = Path(place.encoder) / "model.safetensors"
        processes = {
            LOAD: hide() + OURS.format(pipeline=str(folder), text=text),
            IMPORTS: hide() + NEEDED.format(weights=str(weights)),
        }
        times = take_turns(processes, args.rounds)
    show_seconds(times)
    asked = {f"{LOAD} / {IMPORTS}": ratio(times, IMPORTS, LOAD)}
    write(args, {"seconds": times, "ratios": tell(asked)})


if __name__ == "__main__":
    sys.exit(main())
