"""brat's pairs of files: read as written, by us and by brat, and mistakes are named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.brat import FORMAT
from spacy_balc.corpus.docs import from_text, tokenizer
from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence, visible

from .marked_texts import Marked, error_of, marked, marked_texts, read_all, read_mended, utf16

corpora = st.lists(marked_texts(without="\r\n"), min_size=1, max_size=4)


def pair(folder: Path, text: str, *annotations: str) -> Path:
    path = folder / "letter.txt"
    path.write_text(text, encoding="utf-8", newline="")
    path.with_suffix(".ann").write_text("".join(f"{a}\n" for a in annotations), newline="")
    return path


def write(path: Path, *sentences: Sentence, on_problem=None, lang: str = "zh") -> None:
    with FORMAT.write(path, lang, on_problem) as add:
        for sentence in sentences:
            add(sentence)


@given(corpus=corpora, lang=st.sampled_from(["zh", "en"]))
def test_what_is_written_is_read(tmp_path: Path, corpus: list[Marked], lang: str):
    path = tmp_path / "out.txt"
    write(path, *(from_text(*marked, tokenizer(lang)) for marked in corpus), lang=lang)
    assert read_all(FORMAT, path, lang) == corpus
    assert read_all(FORMAT, path.with_suffix(".ann"), lang) == corpus
    for line in path.with_suffix(".ann").read_text(encoding="utf-8").split("\n")[:-1]:
        _, middle, string = line.split("\t", 2)
        start, end = map(int, middle.split(" ")[1:])
        assert path.read_text(encoding="utf-8")[start:end] == string


@given(
    corpus=corpora,
    end_of_line=st.sampled_from(["\n", "\r\n", "\n\n"]),
    in_utf16=st.booleans(),
    counted_mark=st.sampled_from([None, False, True]),
)
def test_any_text_is_read_as_it_was_marked(
    tmp_path: Path, corpus: list[Marked], end_of_line, in_utf16, counted_mark
):
    """Whatever the ends of lines, the unit of the offsets, and whether there is a byte order mark
    and it is counted: the right entities, or a problem that asks."""
    whole, annotations = "", []
    counted = counted_mark and not corpus[0][0].startswith("\ufeff")
    for text, spans in corpus:
        for start, end, label in spans:
            first, last = len(whole) + start, len(whole) + end
            offsets = [utf16(whole + text, at) if in_utf16 else at for at in (first, last)]
            first, last = (at + bool(counted) for at in offsets)
            annotations.append(f"T{len(annotations)}\t{label} {first} {last}\t{text[start:end]}")
        whole += text + end_of_line
    if counted_mark is not None or whole.startswith("\ufeff"):
        whole = "\ufeff" + whole
    path = pair(tmp_path, whole, *reversed(annotations), "#1\tAnnotatorNotes T1\tnote")
    problems = []
    list(FORMAT.read(path, ReadOptions(), problems.append))
    if not problems:
        assert read_all(FORMAT, path) == corpus
    else:  # the same strings stand in both places
        assert max(whole) > "\uffff" or counted_mark is not None


@pytest.mark.parametrize("counted", [0, 1])
def test_a_byte_order_mark_counted_or_not(tmp_path: Path, counted: int):
    annotation = f"T1\tLOC {3 + counted} {5 + counted}\t北京"
    path = pair(tmp_path, "\ufeff张三在北京", annotation)
    assert read_all(FORMAT, path) == [("张三在北京", [(3, 5, "LOC")])]
    path = pair(tmp_path, "\ufeff张张张", "T1\tPER 1 2\t张")
    assert read_mended(FORMAT, path) == ([("张张张", [(1, 2, "PER")])], ["offset-unit"])
    write(path, from_text("\ufeff张张张", [(2, 3, "PER")], tokenizer("zh")))
    assert read_all(FORMAT, path) == [("\ufeff张张张", [(2, 3, "PER")])]


def test_lines_and_other_annotations(tmp_path: Path):
    path = pair(
        tmp_path,
        "张三\n\n在北京\n",
        "T1\tPER 0 2\t张三",
        "T2\tLOC 5 7\t北京",
        "E1\tLive:T2 Who:T1",
        "R1\tIn Arg1:T1 Arg2:T2",
        "A1\tSure T1",
        "M1\tSure E1",
        "N1\tReference T1 Wiki:1\t张三",
        "*\tEquiv T1 T2",
        "#1\tAnnotatorNotes T1\tT9 is no annotation",
        "",
    )
    sentences = list(FORMAT.read(path, ReadOptions(), None))
    assert [(s.line, s.entities) for s in sentences] == [(1, [(0, 2, "PER")]), (3, [(1, 3, "LOC")])]


def test_sniff(tmp_path: Path):
    path = pair(tmp_path, "好")
    assert FORMAT.sniff(path, b"") and FORMAT.sniff(path.with_suffix(".ann"), b"")
    path.with_suffix(".ann").unlink()
    assert not FORMAT.sniff(path, b"")


@pytest.mark.parametrize(
    ("annotation", "kinds", "kept"),
    [
        ("PER 0 2\t李四", [], [[(0, 2, "PER")], []]),
        ("PER 0 2", [], [[(0, 2, "PER")], []]),
        ("PER 0 2\t张三", ["other-text"], [[], []]),
        ("PER 0 90\t李四", ["outside-text"], [[], []]),
        ("PER 90 91\t李四", ["outside-text"], [[], []]),
        ("PER 1 1\t", ["outside-text"], [[], []]),
        ("PER 0 1;3 4\t李上", ["discontinuous"], [[(0, 4, "PER")], []]),
        ("PER 0 1;6 7\t李工", ["discontinuous", "crosses-line"], [[], []]),
        ("LOC 3 5;6 7\t上海 工", ["discontinuous", "crosses-line"], [[], []]),
        ("LOC 3 7\t上海 工", ["crosses-line"], [[], []]),
        ("LOC 3 6\t上海 ", ["white-space-border"], [[(3, 5, "LOC")], []]),
        ("LOC 5 8\t 工人", ["white-space-border"], [[], [(0, 2, "LOC")]]),
        ("LOC 5 6\t ", ["white-space-border"], [[], []]),
        ("PER 0 2\t李四\nT2\tPER 0 2\t李四", ["overlap"], [[(0, 2, "PER")], []]),
        ("PER 0 2\t李四\nT2\tX 1 3\t四在", ["overlap"], [[(0, 2, "PER")], []]),
    ],
)
def test_problems_are_named_and_mended(tmp_path: Path, annotation, kinds, kept):
    path = pair(tmp_path, "李四在上海\n工人", f"T1\t{annotation}")
    if not kinds:
        assert read_all(FORMAT, path) == list(zip(["李四在上海", "工人"], kept, strict=True))
        return
    mended = read_mended(FORMAT, path)
    assert mended == (list(zip(["李四在上海", "工人"], kept, strict=True)), kinds)


@pytest.mark.parametrize(
    "line", ["T1 PER 0 2 李四", "T1\tPER 0\t李", "T1\tPER -1 2\t李", "x", "T1\tPER a b\t李四", "T"]
)
def test_what_is_no_annotation_is_named(tmp_path: Path, line: str):
    path = pair(tmp_path, "李四", "#1\tnote", line)
    with pytest.raises(CorpusError) as error:
        list(FORMAT.read(path, ReadOptions(), lambda problem: None))
    assert f"{path.with_suffix('.ann')}, line 2, '{visible(line)}'" in str(error.value)
    assert "an entity has an identifier such as T1" in str(error.value)


def test_half_a_pair_is_named(tmp_path: Path):
    path = pair(tmp_path, "李四")
    path.with_suffix(".ann").unlink()
    message = error_of(FORMAT, path)
    assert "letter.ann is missing" in message and "make an empty file" in message
    path.with_suffix(".ann").touch()
    path.unlink()
    assert "letter.txt is missing" in error_of(FORMAT, path.with_suffix(".ann"))


def test_another_encoding(tmp_path: Path):
    path = pair(tmp_path, "李四")
    path.write_bytes(b"a\n\xff\n")
    message = error_of(FORMAT, path)
    assert "line 2" in message and "must be UTF-8" in message


def test_what_brat_cannot_hold(tmp_path: Path):
    path = tmp_path / "out.txt"
    for text, span in (("a\nb", (2, 3, "X")), ("a\rb", (2, 3, "X")), ("a b", (2, 3, "X Y"))):
        sentence = from_text(text, [span], tokenizer("zh"), 7, Path("in.jsonl"))
        with pytest.raises(CorpusError, match="in.jsonl, line 7, .* brat cannot hold. --rep"):
            write(path, sentence)
        problems = []
        write(path, sentence, on_problem=problems.append)
        assert [problem.kind for problem in problems] == ["not-in-brat"]
        label = span[2].replace(" ", "_")
        assert read_all(FORMAT, path) == [("a b", [(2, 3, label)])]


@given(whole=marked_texts(without="\ufeff"), in_utf16=st.booleans())
def test_a_whole_text_is_read_as_it_was_marked(tmp_path: Path, whole: Marked, in_utf16: bool):
    text, spans = whole
    annotations = []
    for start, end, label in spans:
        first, last = (utf16(text, at) if in_utf16 else at for at in (start, end))
        string = text[start:end].replace("\n", " ")
        annotations.append(f"T{len(annotations)}\t{label} {first} {last}\t{string}")
    path = pair(tmp_path, text, *annotations)
    options = ReadOptions(whole=True, offset_unit="utf-16" if in_utf16 else "characters")
    assert [marked(sentence) for sentence in FORMAT.read(path, options, None)] == [whole]


def test_an_empty_text_taken_whole(tmp_path: Path):
    path = pair(tmp_path, "")
    with pytest.raises(CorpusError, match="letter.txt, line 1: the text is empty"):
        list(FORMAT.read(path, ReadOptions(whole=True), None))
