"""What every user of spaCy pays for an installed spacy-balc: `spacy.blank("zh")` with and without.

Each measurement is a process of its own, from its start to its end. In every other one spaCy does
not see the plugin's entry points. torch is there in both: spaCy imports it by itself. The two take
turns, and every other round begins with the other of them. A minute or two; for a first look:

    python bench/import_time.py --rounds 2
    python bench/import_time.py --out bench/import_time.json
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from common import ratio, show, spread, tell, write
from hidden import hide
from tqdm import tqdm

BLANK = "import spacy\nspacy.blank('zh')\n"
PROCESSES = {"with": hide() + BLANK, "without": hide("spacy-balc") + BLANK}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="(20)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    args = parser.parse_args(arguments)
    times = take_turns(PROCESSES, args.rounds)
    show_seconds(times)
    asked = {"spacy.blank, with / without spacy-balc": ratio(times, "without", "with")}
    write(args, {"seconds": times, "ratios": tell(asked)})


def take_turns(processes: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds of processes that run some code, after a round that fills the disk's cache, if there
    is more than one."""
    times: dict[str, list[float]] = {name: [] for name in processes}
    for number in tqdm(range(-1 if rounds > 1 else 0, rounds), desc="Rounds", disable=None):
        for name in list(processes) if number % 2 else reversed(processes):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", processes[name]], check=True)
            if number >= 0:
                times[name].append(time.perf_counter() - begin)
    return times


def show_seconds(times: dict[str, list[float]]) -> None:
    """Print what the processes took."""
    rows = [[name, *(f"{v:.2f}" for v in spread(taken))] for name, taken in times.items()]
    show(["seconds", "median", "least", "most"], rows)


if __name__ == "__main__":
    sys.exit(main())
