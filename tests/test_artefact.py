"""Header, digest and whole writing of the files: every damage is seen, no old file is lost."""

import errno
import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors

from spacy_balc import artefact
from spacy_balc.artefact import pack, unpack, write_whole

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.dictionaries(st.text(), VALUES, max_size=5)
SMALL = pack({"labels": ["LOC", "Straße", "人"]}, b"\x00\n{}\xff" * 6)


def refused(data):
    """The message that `unpack` refuses some bytes with."""
    with pytest.raises(ValueError) as caught:
        unpack(data)
    return str(caught.value)


def has_remedy(message):
    return any(what in message for what in ("copy it again", "install the version that wrote it"))


# Header and body


@given(HEADERS, st.binary(max_size=300))
@settings(max_examples=60)
def test_what_went_in_comes_out(header, body):
    data = pack(header, body)
    assert unpack(data) == (header, body)
    assert pack(header, body) == data
    line = json.loads(data.split(b"\n", 1)[0])
    assert (line["spacy-balc"], len(line["sha256"])) == (1, 64)


def test_the_order_of_settings_does_not_matter():
    assert pack({"a": 1, "b": 2}, b"") == pack({"b": 2, "a": 1}, b"")


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_is_seen(bit):
    for place in range(len(SMALL)):
        damaged = bytearray(SMALL)
        damaged[place] ^= 1 << bit
        message = refused(bytes(damaged))
        assert has_remedy(message), (place, message)


def test_every_truncation_and_addition_is_seen():
    for length in range(len(SMALL)):
        assert has_remedy(refused(SMALL[:length])), length
    for added in [bytes([value]) for value in range(256)] + [SMALL, b"\n" * 9]:
        assert has_remedy(refused(SMALL + added)), added


@given(
    HEADERS,
    st.binary(max_size=200),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6), st.integers(0, 6))),
)
def test_whatever_replaces_whatever_is_seen(header, body, changes):
    data = changed = pack(header, body)
    for place, inserted, removed in changes:
        place %= len(changed) + 1
        changed = changed[:place] + inserted + changed[place + removed :]
    try:
        assert unpack(changed) == (header, body)
    except ValueError as error:
        assert changed != data
        assert has_remedy(str(error))


def test_a_header_that_was_exchanged_is_seen():
    first, second = (pack({"labels": [name]}, b"weights").split(b"\n", 1) for name in ("A", "B"))
    digest, text = json.loads(first[0])["sha256"], json.loads(second[0])["header"]
    line = json.dumps({"spacy-balc": 1, "sha256": digest, "header": text}).encode()
    assert "SHA-256" in refused(line + b"\n" + first[1])


@pytest.mark.parametrize("number", [0, 2, 99, -1, "2", None, 1.5, [1]])
def test_another_format_is_named(number):
    line = json.loads(SMALL.split(b"\n", 1)[0])
    line["spacy-balc"] = number
    message = refused(json.dumps(line).encode() + b"\nbody")
    assert f"format {number!r}" in message and "reads 1" in message and has_remedy(message)


def foreign():
    """What people have called a model file, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", b"0")
    torch_file = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, torch_file)
    nlp = spacy.blank("xx")
    nlp.add_pipe("ner").add_label("PER")
    nlp.initialize()
    line = SMALL.split(b"\n", 1)[0]
    return {
        "empty": b"",
        "newline": b"\n",
        "zeros": bytes(1000),
        "zip": buffer.getvalue(),
        "pickle": pickle.dumps({"labels": ["PER"]}),
        "torch.save": torch_file.getvalue(),
        "spaCy's ner": nlp.get_pipe("ner").model.to_bytes(),
        "safetensors": save_tensors({"weight": torch.zeros(2)}),
        "web page": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
        "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n",
        "JSON": b'{"labels": ["PER"]}\n',
        "a list": b'["spacy-balc"]\n',
        "a number": b"1\n",
        "JSON without end": b'{"spacy-balc": 1, "sha256": ',
        "deep JSON": b'{"spacy-balc": ' + b"[" * 100_000 + b"\n",
        "UTF-16": "{}\n".encode("utf-16"),
        "header alone": line,
        "no text": json.dumps({**json.loads(line), "header": None}).encode() + b"\n",
        "header as object": json.dumps({**json.loads(line), "header": {}}).encode() + b"\n",
        "digest as number": json.dumps({**json.loads(line), "sha256": 0}).encode() + b"\n",
    }


def test_foreign_files_are_refused():
    for name, data in foreign().items():
        assert has_remedy(refused(data)), name


# Writing whole


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_is_written_and_replaced(tmp_path):
    for data in (b"first", b"second" * 1000, b""):
        write_whole(tmp_path / "model", data)
        assert files(tmp_path) == {"model": data}
    write_whole(str(tmp_path / "model"), b"by name")
    assert files(tmp_path) == {"model": b"by name"}


class FullDisk(io.RawIOBase):
    """A file that takes half of what is written, then no more."""

    def __init__(self, file, error):
        self.file, self.error = file, error

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        raise self.error

    def close(self):
        self.file.close()


def fail(error):
    def raise_it(*args, **kwargs):
        raise error

    return raise_it


@pytest.mark.parametrize("old", [None, b"old" * 1000])
@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_the_old_file_stays_when_writing_fails(old, step, error, tmp_path, monkeypatch):
    if old is not None:
        (tmp_path / "model").write_bytes(old)
    if step == "open":
        monkeypatch.setattr(Path, "open", fail(error))
    elif step == "write":
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda *args: FullDisk(opened(*args), error))
    else:
        monkeypatch.setattr(artefact.os, step, fail(error))
    with pytest.raises(type(error)):
        write_whole(tmp_path / "model", b"new" * 1000)
    monkeypatch.undo()
    assert files(tmp_path) == ({} if old is None else {"model": old})
    write_whole(tmp_path / "model", b"new")
    assert files(tmp_path) == {"model": b"new"}


FULL = """
import resource, signal, sys
from spacy_balc.artefact import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_whole(sys.argv[1], b"new" * 100_000)
except OSError as error:
    sys.exit(f"refused: {error}")
"""


def test_a_disk_that_is_full_in_truth(tmp_path):
    (tmp_path / "model").write_bytes(b"old" * 1000)
    for most in (0, 1, 100_000):
        done = subprocess.run(
            [sys.executable, "-c", FULL, tmp_path / "model", str(most)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1 and "refused: [Errno" in done.stderr, done.stderr
        assert files(tmp_path) == {"model": b"old" * 1000}


def test_a_folder_that_is_not_there_or_may_not_be_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "absent" / "model", b"new")
    (tmp_path / "model").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "model", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
