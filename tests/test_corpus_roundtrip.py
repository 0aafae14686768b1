"""From every format to each of the three that are written besides .spacy, and back: the same."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_balc.corpus.docs import count, from_text, spaced, to_doc, tokenizer
from spacy_balc.corpus.formats import FORMATS, read_corpus
from spacy_balc.corpus.interface import CorpusError, ReadOptions, Sentence
from spacy_balc.corpus.schemes import SCHEMES, encode

WRITTEN = {"bio": ".bio", "jsonl": ".jsonl", "brat": ".txt"}
LABELS = ("PER", "ORG", "GPE-X")
# News-like characters, white space of several kinds, what is beyond U+FFFF, combining marks.
BEYOND = "😀𠮷👩🚀"
CHARACTERS = "王明住在上海大学。，“”a1- \u3000\u00a0\u2028\n\r\t😀𠮷👩\u200d🚀e\u0301\ufeff#"


def entities_of(draw: st.DrawFn, borders: list[int]) -> list[tuple[int, int, str]]:
    """Flat entities between some of the borders."""
    places = sorted(draw(st.sets(st.sampled_from(borders), max_size=6)))
    label = st.sampled_from(LABELS)
    return [(start, end, draw(label)) for start, end in zip(places[::2], places[1::2])]


@st.composite
def texts(draw: st.DrawFn, exclude: str = "") -> tuple[str, list[tuple[int, int, str]]]:
    """A text as an annotator sees it, with flat entities by character."""
    characters = st.sampled_from([c for c in CHARACTERS if c not in exclude])
    others = st.characters(exclude_categories=["Cs"], exclude_characters=exclude)
    text = draw(st.text(characters | others, min_size=1, max_size=20))
    spans = entities_of(draw, list(range(len(text) + 1)))
    return text, [s for s in spans if text[s[0] : s[1]] == text[s[0] : s[1]].strip()]


@st.composite
def tokenised(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int, str]]]:
    """Tokens without white space, with flat entities by token."""
    characters = st.sampled_from([c for c in CHARACTERS if not c.isspace() and c != "\ufeff"])
    tokens = draw(st.lists(st.text(characters, min_size=1, max_size=3), min_size=1, max_size=8))
    return tokens, entities_of(draw, list(range(len(tokens) + 1)))


Meaning = tuple[str, list[tuple[int, int, str]]]


def meanings(sentences, lang: str) -> list[Meaning]:
    """Text and entities by character of each sentence's Doc: what must survive."""
    docs = [to_doc(sentence, Vocab(), spaced(lang)) for sentence in sentences]
    return [(d.text, [(e.start_char, e.end_char, e.label_) for e in d.ents]) for d in docs]


def dump(path: Path, objects: list[dict]) -> Path:
    lines = [json.dumps(value, ensure_ascii=False) for value in objects]
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return path


# How other tools write their formats, by hand and apart from the package's own writers.


def by_cluener(folder: Path, corpus: list[Meaning]) -> Path:
    objects = []
    for text, spans in corpus:
        labels: dict = {}
        for start, end, label in spans:
            strings = labels.setdefault(label, {})
            strings.setdefault(text[start:end], []).append([start, end - 1])
        objects.append({"text": text, "label": labels})
    return dump(folder / "a.json", objects)


def by_doccano(folder: Path, corpus: list[Meaning]) -> Path:
    return dump(
        folder / "a.jsonl", [{"text": t, "label": [list(s) for s in ss]} for t, ss in corpus]
    )


def by_prodigy(folder: Path, corpus: list[Meaning]) -> Path:
    spans = [[{"start": s, "end": e, "label": n} for s, e, n in spans] for _, spans in corpus]
    tasks = [{"text": text, "spans": s} for (text, _), s in zip(corpus, spans, strict=True)]
    return dump(folder / "a.jsonl", tasks)


def by_label_studio(folder: Path, corpus: list[Meaning]) -> Path:
    tasks = []
    for number, (text, spans) in enumerate(corpus):
        results = [
            {
                "from_name": "label",
                "to_name": "text",
                "type": "labels",
                "value": {"start": s, "end": e, "text": text[s:e], "labels": [label]},
            }
            for s, e, label in spans
        ]
        annotations = [{"id": number, "result": results, "was_cancelled": False}]
        tasks.append({"id": number, "data": {"text": text}, "annotations": annotations})
    path = folder / "a.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def by_brat(folder: Path, corpus: list[Meaning]) -> Path:
    lines, offset = [], 0
    for text, spans in corpus:
        for start, end, label in spans:
            place = f"{label} {offset + start} {offset + end}"
            lines.append(f"T{len(lines) + 1}\t{place}\t{text[start:end]}\n")
        offset += len(text) + 1
    content = "".join(f"{text}\n" for text, _ in corpus)
    (folder / "a.txt").write_text(content, encoding="utf-8", newline="\n")
    (folder / "a.ann").write_text("".join(lines), encoding="utf-8", newline="\n")
    return folder / "a.ann"


def by_spacy(folder: Path, corpus: list[Meaning]) -> Path:
    path = folder / "a.spacy"
    with FORMATS["spacy"].write(path, "zh", None) as add:
        for text, spans in corpus:
            add(from_text(text, spans, tokenizer("zh")))
    return path


BY_TEXT: dict[str, tuple[Callable[[Path, list[Meaning]], Path], str]] = {
    "cluener": (by_cluener, ""),
    "doccano": (by_doccano, BEYOND),  # whose offsets have two readings there
    "jsonl": (by_prodigy, ""),
    "label-studio": (by_label_studio, ""),
    "brat": (by_brat, "\n\r\ufeff"),
    "spacy": (by_spacy, ""),
}


def there_and_back(path: Path, source: str, corpus: list[Meaning] | None, lang: str) -> None:
    """Read a file, write it in each format that is written, and read that: the same, or an error
    that names what the format cannot hold."""
    options = ReadOptions(lang)
    sentences = list(read_corpus([path], source, options))
    first = meanings(sentences, lang)
    assert corpus is None or first == [(text, sorted(spans)) for text, spans in corpus]
    for target, suffix in WRITTEN.items():
        out = path.parent / "out" / f"b{suffix}"
        out.parent.mkdir(exist_ok=True)
        try:
            with FORMATS[target].write(out, lang, None) as add:
                for sentence in sentences:
                    add(sentence)
        except CorpusError as error:
            assert not holds(target, sentences, first, lang), error
            assert "cannot hold" in str(error) and str(path.parent) in str(error)
            continue
        assert holds(target, sentences, first, lang)
        assert meanings(read_corpus([out], target, options), lang) == first


def holds(target: str, sentences: list[Sentence], corpus: list[Meaning], lang: str) -> bool:
    """What a format can hold, as its documentation has it."""
    if target == "jsonl":
        return True
    if target == "brat":
        return not any(mark in text for text, _ in corpus for mark in "\n\r")
    return not any(
        token.split() != [token]
        or token.startswith("\ufeff")
        or (sentence.spaces or [spaced(lang)])[i % len(sentence.spaces or [0])] != spaced(lang)
        for sentence in sentences
        for i, token in enumerate(sentence.tokens)
    )


def test_every_format_is_tried():
    assert set(BY_TEXT) | {"bio", "huggingface"} == set(FORMATS)


@pytest.mark.parametrize("source", list(BY_TEXT))
@settings(max_examples=60)
@given(data=st.data())
def test_formats_of_texts(tmp_path_factory, source, data):
    write, exclude = BY_TEXT[source]
    drawn = st.lists(texts(exclude), min_size=1, max_size=3)
    if exclude == BEYOND:
        drawn = drawn.filter(lambda corpus: all(max(text) <= "\uffff" for text, _ in corpus))
    corpus = data.draw(drawn)
    path = write(tmp_path_factory.mktemp(source), corpus)
    there_and_back(path, source, corpus, "zh")


@pytest.mark.parametrize("scheme", list(SCHEMES))
@pytest.mark.parametrize("lang", ["zh", "en"])
@settings(max_examples=15)
@given(st.lists(tokenised(), min_size=1, max_size=3))
def test_columns(tmp_path_factory, scheme, lang, corpus):
    # The first sentence has every letter of the scheme, so that it cannot be mistaken.
    known = (list("甲乙丙丁戊"), [(0, 3, "X"), (3, 4, "X"), (4, 5, "X")])
    lines = []
    for tokens, entities in [known, known, known, *corpus]:
        tags = encode(entities, len(tokens), scheme)
        pairs = zip(tokens, tags, strict=True)
        lines.append("".join(f"{token}\t{tag}\n" for token, tag in pairs))
    path = tmp_path_factory.mktemp("columns") / "a.bio"
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    sentences = list(read_corpus([path], options=ReadOptions(lang)))
    expected = [(tokens, entities) for tokens, entities in [known, known, known, *corpus]]
    assert [(s.tokens, s.entities) for s in sentences] == expected
    there_and_back(path, "bio", None, lang)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@settings(max_examples=30)
@given(corpus=st.lists(tokenised(), min_size=1, max_size=3))
def test_huggingface(tmp_path_factory, suffix, corpus):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import ipc, parquet

    rows = [(tokens, encode(entities, len(tokens), "BIO")) for tokens, entities in corpus]
    columns = {"tokens": [tokens for tokens, _ in rows], "ner_tags": [tags for _, tags in rows]}
    kind = pyarrow.list_(pyarrow.string())
    table = pyarrow.table(columns, pyarrow.schema({"tokens": kind, "ner_tags": kind}))
    path = tmp_path_factory.mktemp("huggingface") / f"a{suffix}"
    if suffix == ".parquet":
        parquet.write_table(table, path)
    else:
        with ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    sentences = list(read_corpus([path]))
    assert [(s.tokens, s.entities) for s in sentences] == corpus
    there_and_back(path, "huggingface", None, "zh")


@pytest.mark.skipif("BALC_DATA" not in os.environ, reason="BALC_DATA names no folder of corpora")
@pytest.mark.parametrize("corpus", ["msra", "resume"])
def test_real_corpora(tmp_path, corpus):
    path = Path(os.environ["BALC_DATA"]) / corpus / "test.bio"
    sentences = list(read_corpus([path]))
    first = meanings(sentences, "zh")
    for name, suffix in (
        ("bio", ".bio"),
        ("jsonl", ".jsonl"),
        ("brat", ".txt"),
        ("spacy", ".spacy"),
    ):
        out = tmp_path / f"a{suffix}"
        with FORMATS[name].write(out, "zh", None) as add:
            for sentence in sentences:
                add(sentence)
        back = list(read_corpus([out], name))
        assert meanings(back, "zh") == first
        counts = count(back)
        if corpus == "msra":
            assert counts.entities == {"LOC": 2877, "ORG": 1331, "PER": 1973}
        else:
            assert (sum(counts.entities.values()), len(counts.entities)) == (1630, 8)
