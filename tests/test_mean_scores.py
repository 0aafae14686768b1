"""Mean and spread of several runs' scores."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "mean_scores.py"


def mean_scores(*paths):
    command = [sys.executable, str(SCRIPT), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True)


def metrics(path, score, data="1a"):
    scores = {"ents_p": score, "ents_r": score, "ents_f": score, "data_sha256": data}
    path.write_text(json.dumps(scores), encoding="utf8")
    return path


def test_the_mean_is_of_all_and_the_spread_of_the_extremes(tmp_path):
    files = [metrics(tmp_path / f"run-{i}.json", f) for i, f in enumerate((0.9, 0.95, 0.94))]
    done = mean_scores(*files)
    assert done.returncode == 0
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert rows["mean"] == ["93.00"] * 3
    assert rows["least"] == ["90.00"] * 3
    assert rows["most"] == rows["run-1"] == ["95.00"] * 3


def test_runs_on_other_data_are_refused(tmp_path):
    done = mean_scores(metrics(tmp_path / "a.json", 0.9), metrics(tmp_path / "b.json", 0.9, "2b"))
    assert done.returncode == 1 and "different data" in done.stderr


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / "other.json").write_text("{}", encoding="utf8")
    done = mean_scores(tmp_path / "other.json")
    assert done.returncode == 1
    assert "other.json is no output of `balc evaluate`" in done.stderr
    assert "No such file" in mean_scores(tmp_path / "none.json").stderr
