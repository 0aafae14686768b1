"""Mean and spread of strict entity scores over several runs, from `balc evaluate --output`.

python scripts/mean_scores.py metrics/resume-0.json metrics/resume-1.json metrics/resume-2.json
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from wasabi import table

SCORES = {"P": "ents_p", "R": "ents_r", "F1": "ents_f"}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("metrics", type=Path, nargs="+", help="files of `balc evaluate --output`")
    args = parser.parse_args(arguments)
    runs = [read(path) for path in args.metrics]
    if len({run["data_sha256"] for run in runs}) > 1:
        sys.exit("The files are about different data: their mean would say nothing.")
    rows = [
        [path.stem, *(f"{100 * run[key]:.2f}" for key in SCORES.values())]
        for path, run in zip(args.metrics, runs)
    ]
    columns = [[100 * run[key] for run in runs] for key in SCORES.values()]
    for name, of in (("mean", statistics.mean), ("least", min), ("most", max)):
        rows.append([name, *(f"{of(column):.2f}" for column in columns)])
    print(table(rows, header=("run", *SCORES), divider=True, aligns=("l", "r", "r", "r")))


def read(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf8"))
        missing = {"data_sha256", *SCORES.values()} - set(found)
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"{path}: {error}")
    if missing:
        sys.exit(f"{path} is no output of `balc evaluate`: it lacks {', '.join(sorted(missing))}.")
    return found


if __name__ == "__main__":
    main()
