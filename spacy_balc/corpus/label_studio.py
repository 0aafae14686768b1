"""Label Studio's exports JSON and JSON-MIN: a list of tasks, each with its text and its labels.

The file is read whole, since JSON itself has no place to stop in. Tasks are counted from 1, and
stand where other formats have lines.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from .docs import tokenizer
from .files import read_text
from .interface import CorpusError, Format, OnProblem, Problem, ReadOptions, Sentence, place, report
from .spans import Mark, as_object, shown, to_sentence

# What a task of JSON-MIN holds besides its data and its labels.
MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
HTML = {"hypertextlabels", "paragraphlabels", "timeserieslabels"}


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is Label Studio's."""
    keys = (b'"annotations"', b'"completions"', b'"annotation_id"')
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begin in (b"[", b"{") and any(key in head for key in keys)


def read(path: Path, options: ReadOptions, on_problem: OnProblem) -> Iterator[Sentence]:
    """One sentence a task that somebody has annotated; other tasks are passed over, and counted.

    Its text is the data field that the labels name, or the one called "text", or the only one
    there is. Offsets count characters or UTF-16 units, whichever fits the text that Label Studio
    has put down with each label.

    Raises CorpusError with file, task, content and remedy.
    """
    tokenize = tokenizer(options.lang)
    passed_over = 0
    for number, annotations in _tasks(path):
        if not annotations:
            passed_over += 1
            continue
        data, results = annotations[-1]
        if len(annotations) > 1:
            message = f"the task has {len(annotations)} annotations."
            remedy = "takes the ground truth, or else the last one"
            problem = Problem(path, number, "", "several-annotations", message, remedy)
            report(problem, on_problem)
        text = _text(data, results, path, number)
        marks = [mark for result in results for mark in _marks(result, path, number)]
        sentence = to_sentence(text, marks, tokenize, number, path, on_problem, options.offset_unit)
        if sentence is not None:
            yield sentence
    if passed_over:
        options.say(f"{path}: {passed_over} tasks without a finished annotation are left out")


def _tasks(path: Path) -> Iterator[tuple[int, list[tuple[dict, list[dict]]]]]:
    """Each task's number, and for each of its annotations, the best one last, its data and its
    results."""
    try:
        tasks = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, CorpusError):
            raise
        line = getattr(error, "lineno", 1)
        problem = f"this is no JSON ({error}); export the project from Label Studio as JSON"
        raise CorpusError(f"{place(path, line)}: {problem}") from None
    tasks = tasks if isinstance(tasks, list) else [tasks]
    numbered = [(i, as_object(task, path, i)) for i, task in enumerate(tasks, start=1)]
    # JSON-MIN has a task once for each of its annotations.
    for _, group in groupby(numbered, key=lambda item: item[1].get("id") or f"task {item[0]}"):
        entries = list(group)
        annotations = []
        for number, task in entries:
            if "data" in task:
                annotations.extend(_finished(task, path, number))
            else:
                annotations.append((task, _min_results(task)))
        yield entries[0][0], annotations


def _finished(task: dict[str, Any], path: Path, number: int) -> Iterator[tuple[dict, list[dict]]]:
    data = as_object(task["data"], path, number)
    found = task.get("annotations", task.get("completions"))
    if not isinstance(found, list):
        problem = 'the task has no list "annotations"; export it as JSON once more'
        raise CorpusError(f"{place(path, number, shown(task))}: {problem}")
    finished = [as_object(annotation, path, number) for annotation in found]
    finished = [a for a in finished if not (a.get("was_cancelled") or a.get("skipped"))]
    for annotation in sorted(finished, key=lambda a: bool(a.get("ground_truth"))):
        results = annotation.get("result")
        if not isinstance(results, list):
            problem = 'the annotation has no list "result"; export it as JSON once more'
            raise CorpusError(f"{place(path, number, shown(annotation))}: {problem}")
        yield data, [as_object(result, path, number) for result in results]


def _min_results(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The labels of a JSON-MIN task, as the other export has them."""
    return [
        {"type": "labels", "value": value}
        for values in task.values()
        if isinstance(values, list)
        for value in values
        if isinstance(value, dict) and "labels" in value
    ]


def _text(data: dict[str, Any], results: list[dict], path: Path, number: int) -> Any:
    named = [result.get("to_name") for result in results if result.get("type") == "labels"]
    for key in (*named, "text"):
        if isinstance(key, str) and isinstance(data.get(key), str):
            return data[key]
    strings = {key: v for key, v in data.items() if isinstance(v, str) and key not in MIN_KEYS}
    if len(strings) == 1:
        return next(iter(strings.values()))
    problem = (
        'the text must be the only string of the task\'s data, or be called "text"; here are '
        f"{', '.join(strings) or 'none'}"
    )
    raise CorpusError(f"{place(path, number, shown(data))}: {problem}")


def _marks(result: dict[str, Any], path: Path, number: int) -> Iterator[Mark]:
    if result.get("type") in HTML:
        problem = "labels of HTML have no place in a text; annotate with the tags Text and Labels"
        raise CorpusError(f"{place(path, number, shown(result))}: {problem}")
    if result.get("type") != "labels":
        return
    value = as_object(result.get("value"), path, number)
    labels = value.get("labels")
    for label in labels if isinstance(labels, list) and labels else [labels]:
        yield Mark(value.get("start"), value.get("end"), label, number, value.get("text"))


FORMAT = Format(
    name="label-studio",
    description="Label Studio's JSON and JSON-MIN",
    suffixes=(".json",),
    sniff=sniff,
    read=read,
)
