"""Files of a corpus: which are meant, how they are opened, and that nothing is half-written."""

import gzip
import lzma
import os
from pathlib import Path

import pytest

from spacy_balc.corpus.files import (
    expand,
    open_bytes,
    open_writing,
    read_lines,
    read_text,
    staged,
    suffix,
)
from spacy_balc.corpus.interface import CorpusError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")


def names(folder: Path, inputs: list) -> list[tuple[str, bool]]:
    return [(file.relative_to(folder).as_posix(), named) for file, named in expand(inputs)]


def test_expand(tmp_path):
    touch(tmp_path, "b.bio", "a.bio", "deep/c.bio", "deep/d.ann", "deep/d.txt", ".hidden/e.bio")
    touch(tmp_path, "deep/.f.bio", "deep/g.txt")
    inside = [("deep/c.bio", False), ("deep/d.ann", False), ("deep/g.txt", False)]
    assert names(tmp_path, [tmp_path / "b.bio", tmp_path / "deep"]) == [("b.bio", True), *inside]
    assert names(tmp_path, [tmp_path]) == [("a.bio", False), ("b.bio", False), *inside]
    assert names(tmp_path, [str(tmp_path / "*.bio")]) == [("a.bio", True), ("b.bio", True)]
    assert names(tmp_path, [f"{tmp_path}/**/c.*"]) == [("deep/c.bio", True)]
    assert names(tmp_path, [f"{tmp_path}/d*p"]) == inside
    assert names(tmp_path, [tmp_path / "deep" / "d.txt"]) == [("deep/d.txt", True)]


def test_a_name_with_the_characters_of_a_pattern(tmp_path):
    touch(tmp_path, "a[1].bio", "a1.bio")
    assert names(tmp_path, [tmp_path / "a[1].bio"]) == [("a[1].bio", True)]


def test_inputs_that_name_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="the folder holds no file"):
        expand([tmp_path / "empty"])
    for name in ("none.bio", "*.bio"):
        with pytest.raises(CorpusError, match="there is no such file"):
            expand([tmp_path / name])


@pytest.mark.parametrize("name", ["a.bio", "a.bio.gz", "a.BIO.XZ"])
def test_compressed_files_read_as_others(tmp_path, name):
    path = tmp_path / name
    with open_writing(path) as file:
        file.write("甲\n乙\n")
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix.lower(), open)
    with opener(path, "rb") as file:
        assert file.read() == "甲\n乙\n".encode()
    with open_bytes(path) as file:
        assert file.read() == "甲\n乙\n".encode()
    assert suffix(path) == ".bio"
    assert list(read_lines(path)) == [(1, "甲"), (2, "乙")]


def test_lines_end_at_line_feeds_alone(tmp_path):
    path = tmp_path / "a"
    path.write_bytes("\ufeffa\u2028b\r\n\u0085\x0b\ufeff\n\nc".encode())
    assert list(read_lines(path)) == [(1, "a\u2028b"), (2, "\u0085\x0b\ufeff"), (3, ""), (4, "c")]
    assert read_text(path) == "a\u2028b\r\n\u0085\x0b\ufeff\n\nc"


def test_another_encoding_is_named(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"a\nb\xd6\xd0 c\nd")
    for read in (lambda path: list(read_lines(path)), read_text):
        with pytest.raises(CorpusError, match=r"line 2, 'b\\xd6\\xd0 c': .*must be UTF-8"):
            read(path)


def test_staged_moves_at_the_end(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with staged(target) as place:
        place.write_text("text", encoding="utf-8")
        place.with_suffix(".ann").write_text("marks", encoding="utf-8")
        assert not target.parent.exists()
    assert {path.name: path.read_text() for path in target.parent.iterdir()} == {
        "a.txt": "text",
        "a.ann": "marks",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_two_of_one_name_in_new_folders(tmp_path):
    with staged(tmp_path / "a" / "x") as one, staged(tmp_path / "b" / "x") as other:
        one.write_text("1", encoding="utf-8")
        other.write_text("2", encoding="utf-8")
    assert (tmp_path / "a" / "x").read_text() + (tmp_path / "b" / "x").read_text() == "12"


def test_staged_replaces_a_folder(tmp_path):
    touch(tmp_path, "out/00000.bio", "out/00001.bio")
    with staged(tmp_path / "out", folder=True) as place:
        touch(place, "00000.spacy")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "00000.spacy"]


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_all_as_it_was(tmp_path, folder, error):
    touch(tmp_path, "out/00000.bio" if folder else "out")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error):
        with staged(tmp_path / "out", folder) as place:
            touch(place.parent, "out/1" if folder else "out")
            raise error
    assert sorted(tmp_path.rglob("*")) == before
    assert folder or (tmp_path / "out").read_text() == "x"


def test_a_place_that_cannot_be_written(tmp_path):
    touch(tmp_path, "file")
    with pytest.raises(CorpusError, match="Cannot write .*file/out"):
        with staged(tmp_path / "file" / "out"):
            raise AssertionError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_links_are_followed_once_and_a_link_to_nothing_is_not_lost(tmp_path):
    touch(tmp_path, "in/deep/a.bio", "elsewhere/b.bio")
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "gone.bio").symlink_to(tmp_path / "nothing.bio")
    inside = ["in/deep/a.bio", "in/gone.bio", "in/linked/b.bio"]
    assert names(tmp_path, [tmp_path / "in"]) == [(name, False) for name in inside]


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    touch(tmp_path, "in/a.bio", "in/deep/b.bio")
    scandir = os.scandir

    def denied(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(PermissionError, match="deep"):
        expand([tmp_path / "in"])


def test_a_dataset_that_is_not_all_there(tmp_path):
    touch(tmp_path, *(f"in/train-{i:05d}-of-00003.parquet" for i in (0, 2)))
    touch(tmp_path, "in/test-00000-of-00001.parquet")
    message = r"train-00001-of-00003\.parquet is missing \(1 of 3 files are\)"
    with pytest.raises(CorpusError, match=message):
        expand([tmp_path / "in"])
    assert len(expand([f"{tmp_path}/in/*.parquet"])) == 3
    touch(tmp_path, "in/train-00001-of-00003.parquet")
    assert len(expand([tmp_path / "in"])) == 4


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="pipe is a pipe or a device; save what it gives"):
        expand([tmp_path / "pipe"])


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    touch(tmp_path, "out/00000.spacy")
    replace = os.replace

    def failing(source, target):
        if Path(target) == tmp_path / "out" and ".old" not in str(source):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(KeyboardInterrupt):
        with staged(tmp_path / "out", folder=True) as place:
            touch(place, "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "00000.spacy"]
