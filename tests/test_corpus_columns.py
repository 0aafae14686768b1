"""Column files: what they come in, mistakes that are named, and BIO as it is written."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_balc.corpus import columns
from spacy_balc.corpus.columns import read, sniff, write
from spacy_balc.corpus.docs import count
from spacy_balc.corpus.interface import CorpusError, Problem, ReadOptions, Sentence, visible
from spacy_balc.corpus.schemes import SCHEMES, encode

LABELS = ("PER", "LOC", "ORG-GOV")
BIO, BMES = "王 B-LOC\n州 I-LOC\n", "王 B-LOC\n小 M-LOC\n州 E-LOC\n"
BILOU = "王\tB-LOC\n州\tL-LOC\n阳\tU-LOC\n"


def save(folder: Path, content: str | bytes) -> Path:
    path = folder / "corpus.bio"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def found(path: Path, **options) -> tuple[list[tuple], str]:
    """Tokens, entities and line of each sentence, and what the reader said."""
    said = []
    sentences = list(read(path, ReadOptions(say=said.append, **options)))
    return [(s.tokens, s.entities, s.line) for s in sentences], " ".join(said)


def repaired(path: Path, **options) -> tuple[list[Sentence], list[Problem]]:
    problems = []
    return list(read(path, ReadOptions(**options), problems.append)), problems


def text(sentences: list[Sentence], scheme: str, newline: str = "\n") -> str:
    """A file as any tool would write it."""
    blocks = []
    for sentence in sentences:
        tags = encode(sentence.entities, len(sentence.tokens), scheme)
        pairs = zip(sentence.tokens, tags, strict=True)
        blocks.append("".join(f"{token}\t{tag}{newline}" for token, tag in pairs))
    return newline.join(blocks)


@st.composite
def drawn_sentences(draw: st.DrawFn, exclude: str = " \t\n\r\ufeff") -> Sentence:
    """Any tokens that a column file can hold, with any entities."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=exclude)
    words = st.text(characters, min_size=1, max_size=3)
    tokens = draw(st.lists(words.filter(lambda word: bool(word.strip())), min_size=1, max_size=8))
    entities, start = [], 0
    while start < len(tokens):
        end = draw(st.integers(start + 1, len(tokens)))
        label = draw(st.sampled_from(["", *LABELS]))
        if label:
            entities.append((start, end, label))
        start = end
    return Sentence(tokens, entities, line=1)


@pytest.mark.parametrize(
    "content",
    [
        "李 B-PER\n华 I-PER\n到 O\n\n杭州 B-LOC\n",
        "李\tB-PER\n华\tI-PER\n到\tO\n\n杭州\tB-LOC\n\n",
        "\ufeff李\tB-PER\r\n华\tI-PER\r\n到\tO\r\n\r\n杭州\tB-LOC\r\n",
        "\n \n李   B-PER\n华\t I-PER \n到\tO\n\t\n\n\n杭州\tB-LOC\n\n\n",
        "\n\n\n李\tB-PER\t\n华\t I-PER\n到\tO \n \t\n杭州\tB-LOC",
        "-DOCSTART- O\n\n李 B-PER\n华 I-PER\n到 O\n\n-DOCSTART- O\n\n杭州 B-LOC\n",
        "# id 1\n# text = 李华 到\n李\tB-PER\n华\tI-PER\n到\tO\n\n# id 2\n杭州\tB-LOC\n",
    ],
    ids=["space", "tab", "BOM CRLF", "more space", "loose tabs", "DOCSTART", "comments"],
)
def test_reads_what_files_come_in(tmp_path, content):
    sentences, said = found(save(tmp_path, content))
    assert [sentence[:2] for sentence in sentences] == [
        (["李", "华", "到"], [(0, 2, "PER")]),
        (["杭州"], [(0, 1, "LOC")]),
    ]
    lines = content.split("\n")
    assert "李" in lines[sentences[0][2] - 1] and "杭州" in lines[sentences[1][2] - 1]
    assert "tags follow BIO; token in column 1, tag in column 2 of 2" in said


def test_finds_the_columns(tmp_path):
    content = "-DOCSTART- -X- -X- O\n\nRome NNP B-NP B-LOC\nwaits VBZ B-VP O\n. . O O\n"
    sentences, said = found(save(tmp_path, content))
    assert sentences == [(["Rome", "waits", "."], [(0, 1, "LOC")], 3)]
    assert "token in column 1, tag in column 4 of 4, separated by white space" in said
    sentences, _ = found(save(tmp_path, content), tag_column=3)
    assert sentences[0][1] == [(0, 1, "NP"), (1, 2, "VP")]
    assert found(save(tmp_path, content), token_column=2)[0][0][0] == ["NNP", "VBZ", "."]


def test_finds_columns_behind_numbers_and_before_others(tmp_path):
    rows = "1\tAnna\tB-PER\tO\tsees\n2\tHall\tI-PER\tO\tsees\n\n1\tNo\tO\tO\tsees\n"
    sentences, said = found(save(tmp_path, f"#\thttp://x.example\n{rows}"), tag_column=3)
    assert [sentence[:2] for sentence in sentences] == [
        (["Anna", "Hall"], [(0, 2, "PER")]),
        (["No"], []),
    ]
    path = save(tmp_path, "B-PER Anna\nI-PER Hall\nO sees\n")
    for options in ({}, {"token_column": 2}, {"tag_column": 1}):
        sentences, said = found(path, **options)
        assert sentences[0][:2] == (["Anna", "Hall", "sees"], [(0, 2, "PER")])
        assert "token in column 2, tag in column 1 of 2" in said
    with pytest.raises(CorpusError, match="cannot both be in column 1"):
        found(path, token_column=1)


def test_a_given_separator(tmp_path):
    assert found(save(tmp_path, "a b,B-X\n#,O\n"), separator=",")[0][0][:2] == (
        ["a b", "#"],
        [(0, 1, "X")],
    )
    with pytest.raises(CorpusError, match="there is only one column"):
        found(save(tmp_path, "甲 B-X\n乙 O\n"), separator="tab")
    assert found(save(tmp_path, "甲\tB-X\n"), separator="space")[0][0][0] == ["甲"]


@pytest.mark.parametrize("name", ["token_column", "tag_column"])
def test_a_column_that_is_not_there(tmp_path, name):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')}: there is no column 3"):
        found(save(tmp_path, "甲 O\n"), **{name: 3})


def test_tokens_with_white_space_where_tabs_separate(tmp_path):
    content = "New York\tB-LOC\n\u3000\tO\n \tO\n\u2028\tO\n#\tO\n-DOCSTART-\tO\n"
    sentences, _ = found(save(tmp_path, content))
    assert sentences[0][0] == ["New York", "\u3000", " ", "\u2028", "#", "-DOCSTART-"]
    assert found(save(tmp_path, "\u3000 O\n#  O\n"))[0][0][0] == ["\u3000", "#"]


def test_an_entity_with_white_space_at_its_border(tmp_path):
    path = save(tmp_path, "去\tO\n\u3000\tB-LOC\n西\tI-LOC\n安\tI-LOC\n")
    with pytest.raises(CorpusError, match="line 2, .*this LOC begins or ends with white space"):
        found(path)
    (sentence,), problems = repaired(path)
    assert sentence.entities == [(2, 4, "LOC")]
    assert [problem.kind for problem in problems] == ["white-space-border"]


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_says_the_scheme_and_takes_it(tmp_path, scheme):
    sentences = [Sentence(list("甲乙丙丁戊"), [(0, 3, "X"), (3, 4, "X"), (4, 5, "Y")], 1)] * 3
    path = save(tmp_path, text(sentences, scheme))
    for name in (None, scheme, scheme.lower()):
        read_back, said = found(path, scheme=name)
        assert [sentence[1] for sentence in read_back] == [sentences[0].entities] * 3
        assert f"tags follow {scheme};" in said


def test_two_stray_tags_do_not_make_iob1(tmp_path):
    path = save(tmp_path, f"{BIO}\n来 O\n甲 I-PER\n\n乙 I-PER\n")
    with pytest.raises(CorpusError, match="line 5, '甲 I-PER': I-PER continues nothing.*IOB1"):
        found(path)
    assert [len(s.entities) for s in repaired(path)[0]] == [1, 1, 1]
    sentences, _ = found(save(tmp_path, "甲 I-PER\n乙 I-PER\n"), scheme="IOB1")
    assert sentences[0][1] == [(0, 2, "PER")]


def test_iob1_stops_where_it_is_contradicted(tmp_path):
    path = save(
        tmp_path,
        "甲 I-X\n乙 O\n\n" * 3 + "丙 B-X\n",
    )
    with pytest.raises(CorpusError, match="line 10.*as B in IOB1 must. --repair reads it as I-X"):
        found(path, scheme="IOB1")
    with pytest.raises(CorpusError, match="line 1, '甲 I-X'"):
        found(path)


def test_a_later_line_of_another_scheme_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "BLOCK", 64)
    path = save(tmp_path, f"{BIO}\n" * 40 + BMES)
    with pytest.raises(CorpusError, match=r"line 122, '小 M-LOC'.*no tag of BIO.*--scheme.*BMES"):
        found(path)


@pytest.mark.parametrize(
    "line, problem",
    [
        ("王", "there is only one column"),
        ("王\t", "there is only one column"),
        ("王 小 B-PER", "there are 3 columns"),
        ("\tB-PER", "the token is empty or white space"),
        (" O", "the token is empty or white space"),
        ("王 PER", "'PER' is no tag of BIO"),
        ("王 B-", "'B-' is no tag of BIO"),
        ("王 b-PER", "'b-PER' is no tag of BIO"),
        ("王 -PER", "'-PER' is no tag of BIO"),
        ("王 BI-PER", "'BI-PER' is no tag of BIO"),
        ("王 O-PER", "'O-PER' is no tag of BIO"),
        ("# 王 O", "there are 3 columns"),
    ],
)
@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize("block", [40, 1 << 20])
def test_a_malformed_line_or_unknown_tag_is_named(
    tmp_path, monkeypatch, line, problem, repair, block
):
    monkeypatch.setattr(columns, "BLOCK", block)
    path = save(tmp_path, "他 O\n在 O\n\n好 O\n\n\n我 O\n" + f"{line}\n来 O\n\n是 O\n")
    with pytest.raises(CorpusError) as error:
        repaired(path) if repair else found(path)
    assert f"{path}, line 8, '{visible(line)}'" in str(error.value)
    assert problem in str(error.value)


def test_lines_that_together_have_the_right_number_of_columns(tmp_path):
    with pytest.raises(CorpusError, match="line 2, '王': .*there is only one column"):
        found(save(tmp_path, "他\tO\n王\nO\tB-PER\tO\n来\tO\n"))


@pytest.mark.parametrize("block", [8, 1 << 20])
def test_bad_bytes_are_named(tmp_path, monkeypatch, block):
    monkeypatch.setattr(columns, "BLOCK", block)
    path = save(tmp_path, "他 O\n\n我 O\n".encode() + "她 O\n".encode("gb18030"))
    with pytest.raises(CorpusError, match="line 4, .*the file must be UTF-8"):
        found(path)


@pytest.mark.parametrize("content", ["", "\n \n\t\n", "\ufeff"])
def test_a_file_without_a_sentence_is_named(tmp_path, content):
    with pytest.raises(CorpusError, match="corpus.bio: the file holds no sentence"):
        found(save(tmp_path, content))


def test_a_byte_order_mark_inside_the_file(tmp_path):
    path = save(tmp_path, "\ufeff他 O\n\n\ufeff她 O\n\ufeff\n它 O\n")
    with pytest.raises(CorpusError, match=r"line 3, '\\ufeff她 O': a byte order mark"):
        found(path)
    sentences, problems = repaired(path)
    assert [sentence.tokens for sentence in sentences] == [["他"], ["她"], ["它"]]
    assert [problem.line for problem in problems] == [3, 4]


@pytest.mark.parametrize(
    "before, tags, line, mended",
    [
        (BIO, "I-PER", 4, "B-PER"),
        (BIO, "O I-PER", 5, "O B-PER"),
        (BIO, "B-PER I-LOC I-LOC", 5, "B-PER B-LOC I-LOC"),
        (BMES, "O M-PER E-PER", 6, "O B-PER E-PER"),
        (BMES, "S-PER E-PER O", 6, "S-PER S-PER O"),
        (BMES, "B-PER O", 5, "S-PER O"),
        (BMES, "B-PER M-PER O", 6, "B-PER E-PER O"),
        (BMES, "B-PER E-PER M-PER M-PER", 7, "B-PER E-PER B-PER E-PER"),
        (BMES, "B-PER E-LOC", 5, "S-PER S-LOC"),
        (BMES, "B-PER B-PER E-PER", 5, "S-PER B-PER E-PER"),
        (BILOU, "B-PER I-PER O", 6, "B-PER L-PER O"),
        (BILOU, "L-PER U-PER", 5, "U-PER U-PER"),
    ],
)
def test_tags_that_do_not_fit_stop_or_are_mended(tmp_path, before, tags, line, mended):
    tags, mended = tags.split(), mended.split()
    by = "\t" if "\t" in before else " "
    path = save(tmp_path, before + "\n" + "".join(f"词{by}{tag}\n" for tag in tags))
    with pytest.raises(CorpusError, match=rf"corpus\.bio, line {line}, '词 .*--repair reads"):
        found(path)
    sentences, problems = repaired(path)
    first = before.count("\n") + 2
    assert [(p.line, p.content, p.kind, p.repair.split(",")[0]) for p in problems] == [
        (first + i, f"词 {tag}", "illegal-transition", f"reads it as {right}")
        for i, (tag, right) in enumerate(zip(tags, mended, strict=True))
        if tag != right
    ]
    scheme = {BIO: "BIO", BMES: "BMES", BILOU: "BILOU"}[before]
    assert encode(sentences[1].entities, len(tags), scheme) == mended


@pytest.mark.parametrize("scheme", list(SCHEMES))
@settings(max_examples=30)
@given(
    st.lists(drawn_sentences(), min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([7, 50, 1 << 20]),
)
def test_any_sentence_survives_the_file(tmp_path_factory, scheme, drawn, newline, block):
    # The first sentence has every letter of the scheme, so that it cannot be mistaken.
    first = Sentence(list("甲乙丙丁"), [(0, 3, "X"), (3, 4, "X")], 1)
    sentences = [first, *drawn]
    content = "\ufeff" + text(sentences, scheme, newline)
    path = save(tmp_path_factory.mktemp("columns"), content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK", block)
        read_back, _ = found(path, scheme=scheme, separator="tab", token_column=1, tag_column=2)
    assert [s[:2] for s in read_back] == [(s.tokens, s.entities) for s in sentences]
    lines = content.removeprefix("\ufeff").split("\n")
    for tokens, _, line in read_back:
        assert lines[line - 1].startswith(tokens[0])


def written(folder: Path, sentences: list[Sentence], on_problem=None, lang: str = "zh") -> Path:
    path = folder / "written.bio"
    with write(path, lang, on_problem) as add:
        for sentence in sentences:
            add(sentence)
    return path


def test_writes_bio(tmp_path):
    sentences = [Sentence(["刘", "洋", "去"], [(0, 2, "PER")], 1), Sentence(["西安"], [], 5)]
    path = written(tmp_path, sentences)
    assert path.read_bytes().decode() == "刘\tB-PER\n洋\tI-PER\n去\tO\n\n西安\tO\n\n"
    assert sniff(path, path.read_bytes())


@pytest.mark.parametrize(
    "sentence, problem, mended",
    [
        (Sentence(["a b", "c"], [(0, 2, "X")], 7), "white space in the token", "a b c B I I"),
        (Sentence(["\u3000", "a"], [(0, 2, "X")], 7), "white space in the token", "a B"),
        (Sentence(["a", "\n", "b"], [(0, 3, "X")], 7), "white space in the token", "a b B I"),
        (Sentence(["-DOCSTART-"], [], 7), "means something else", "DOCSTART- O"),
        (Sentence(["\ufeffa"], [], 7), "means something else", "a O"),
        (Sentence(["a", "b"], [], 7, [True, False]), "there are spaces", "a b O O"),
    ],
)
def test_what_bio_cannot_hold(tmp_path, sentence, problem, mended):
    with pytest.raises(CorpusError, match=f"line 7, .*{problem}.*BIO columns cannot hold"):
        written(tmp_path, [sentence])
    problems = []
    (read_back,) = read(written(tmp_path, [sentence], problems.append))
    tags = encode(read_back.entities, len(read_back.tokens), "BIO")
    assert " ".join(read_back.tokens + [tag[0] for tag in tags]) == mended
    assert {problem.kind for problem in problems} == {"not-in-columns"}


def test_labels_with_white_space_and_spaces_of_english(tmp_path):
    problems = []
    sentence = Sentence(["Rome", "."], [(0, 1, "a b")], 1, [False, True])
    with pytest.raises(CorpusError, match="white space in the label"):
        written(tmp_path, [Sentence(["Rome"], [(0, 1, "a b")], 1)], lang="en")
    with pytest.raises(CorpusError, match="not every token is followed by a space"):
        written(tmp_path, [sentence], lang="en")
    (read_back,) = read(written(tmp_path, [sentence], problems.append, "en"))
    assert read_back.entities == [(0, 1, "a_b")] and len(problems) == 2


@pytest.mark.skipif("BALC_DATA" not in os.environ, reason="BALC_DATA names no folder of corpora")
def test_real_corpora_hold_what_they_should():
    data = Path(os.environ["BALC_DATA"])
    counts = count(read(data / "msra" / "test.bio"))
    assert (counts.sentences, counts.tokens, counts.longest) == (4365, 172601, 1475)
    assert counts.entities == {"LOC": 2877, "ORG": 1331, "PER": 1973}
    counts = count(read(data / "resume" / "test.bio"))
    assert (sum(counts.entities.values()), len(counts.entities)) == (1630, 8)
    with pytest.raises(CorpusError, match="line 62392"):
        found(data / "resume" / "train.bio")
    _, problems = repaired(data / "resume" / "train.bio")
    assert [(p.line, p.repair.split(",")[0]) for p in problems] == [
        (62392, "reads it as B-ORG"),
        (64414, "reads it as B-ORG"),
    ]


def test_lines_that_end_in_a_carriage_return_alone(tmp_path):
    path = tmp_path / "a.bio"
    path.write_bytes("杨\tB-PER\r柳\tI-PER\r\r好\tO\r".encode())
    with pytest.raises(CorpusError, match=r"a\.bio: lines end in \\r alone"):
        list(read(path))


def test_bytes_of_everything_at_once(tmp_path):
    path = tmp_path / "a.bio"
    path.write_bytes("\ufeff杨 B-PER  \r\n柳 I-PER \r\n\r\n \t\r\n好 O\t\r\n".encode())
    first, second = read(path)
    assert (first.tokens, first.entities) == (["杨", "柳"], [(0, 2, "PER")])
    assert (second.tokens, second.line) == (["好"], 5)


@pytest.mark.parametrize("label", ["O", "-", "a|b", "B-X", "I"])
def test_odd_labels_survive(tmp_path, label):
    sentence = Sentence(["杨", "柳", "好"], [(0, 2, label)], 1)
    with write(tmp_path / "a.bio", "zh", None) as add:
        add(sentence)
    (found,) = read(tmp_path / "a.bio")
    assert found.entities == sentence.entities
