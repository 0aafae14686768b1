"""What the checks find in a corpus: for each kind one that has it and one that has not."""

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_balc.corpus.checks import KINDS, Findings, check_corpus
from spacy_balc.corpus.checks.characters import twin_of
from spacy_balc.corpus.checks.findings import around
from spacy_balc.corpus.checks.labels import fold
from spacy_balc.corpus.checks.lengths import distribution
from spacy_balc.corpus.interface import Sentence

MARKED = re.compile(r"\[(.+?)\|(.*?)\]", re.DOTALL)


def sentence(marked: str, line: int = 1, starts: list[int] | None = None) -> Sentence:
    """A sentence a token a character from text such as "[张三|PER]在[北京|LOC]。"."""
    tokens, entities, last = [], [], 0
    for found in MARKED.finditer(marked):
        tokens += marked[last : found.start()]
        entities.append((len(tokens), len(tokens) + len(found[1]), found[2]))
        tokens += found[1]
        last = found.end()
    tokens += marked[last:]
    return Sentence(tokens, entities, line, file=Path("a.bio"), starts=starts)


class Vocabulary:
    """Word pieces of an encoder that knows some characters, a piece each."""

    unknown = 0

    def __init__(self, known: str):
        self.known = known

    def token(self, text: str) -> list[int]:
        return [ord(char) if char in self.known else self.unknown for char in text]


def check(train=(), dev=(), test=(), **options):
    """The findings by kind, each as {subject: finding}, and the figures."""
    findings = Findings(options.pop("examples", 5))
    parts = {"train": train, "dev": dev, "test": test}
    figures = check_corpus(
        {
            part: [sentence(s, i) if isinstance(s, str) else s for i, s in enumerate(given, 1)]
            for part, given in parts.items()
            if given
        },
        findings,
        **{"rare": 0, **options},
    )
    found = {}
    for one in findings.sorted():
        found.setdefault(one.kind, {})[one.subject] = one
    return found, figures


PLAIN = "[张三|PER]在[北京|LOC]。"
NAMES = "[张三|PER][李四|PER]"
ZH = {"tokenizer": spacy.blank("zh").tokenizer}
EN = {"tokenizer": spacy.blank("en").tokenizer, "lang": "en"}


def english(tokens: str, *entities: tuple[int, int, str]) -> Sentence:
    return Sentence(tokens.split(), list(entities), 1, file=Path("a.bio"))


def unspaced(tokens: str, *entities: tuple[int, int, str]) -> Sentence:
    split = tokens.split()
    return Sentence(split, list(entities), 1, [False] * len(split), Path("a.bio"))


# kind, subject, corpus that has it, corpus that has not, how often, options
CASES = [
    ("no-entities", "", [[PLAIN], ["雨停了"]], [[PLAIN], ["[李四|PER]来[上海|LOC]"]], 1, {}),
    ("unknown-label", "GPE", [["[张三|GPE]来"]], [["[张三|PER]来"]], 1, {"labels": ["PER"]}),
    ("label-not-in-train", "ORG", [[PLAIN], ["[一中|ORG]"]], [[PLAIN], ["[李四|PER]"]], 1, {}),
    ("label-not-everywhere", "LOC", [[PLAIN], ["[李四|PER]"]], [[PLAIN], [PLAIN]], 1, {}),
    ("label-missing", "ORG", [[PLAIN]], [[PLAIN, "[一中|ORG]"]], 0,
     {"labels": ["PER", "LOC", "ORG"]}),
    ("rare-label", "LOC", [["[张三|PER]", "[王五|PER]", PLAIN]], [[PLAIN, PLAIN]], 1, {"rare": 2}),
    ("rows-not-in-train", "PER in test",
     [["[张三|PER]来"] * 9 + [NAMES], [], [NAMES] * 20 + ["[北京|LOC][上海|LOC]"]],
     [["[张三|PER]来"] * 8 + [NAMES], [], ["[张三|PER]来"] * 20 + [NAMES] * 20], 20, {}),
    ("rows-not-in-train", "PER in dev", [[PLAIN], [NAMES] * 20], [[PLAIN], [NAMES] * 19], 20, {}),
    ("rows-not-in-train", "PER in dev", [[PLAIN], [NAMES] * 20],
     [[PLAIN], ["[张三|PER][李四|LOC]" , "[张三|PER] [李四|PER]"] * 20], 20, {}),
    ("similar-labels", "LOC | Loc", [[PLAIN, "[上海|Loc]"]], [[PLAIN]], 2, {}),
    ("similar-labels", "LOC | LОC", [[PLAIN, "[上海|LОC]"]], [[PLAIN]], 2, {}),
    ("similar-labels", "LOC | LOC ", [[PLAIN, "[上海|LOC ]"]], [[PLAIN]], 2, {}),
    ("white-space-border", "", [["去[ 北京|LOC]"]], [["去 [北 京|LOC]"]], 1, {}),
    ("punctuation-border", "", [["在[北京。|LOC]"]], [["在[北京|LOC]。"]], 1, {}),
    ("punctuation-border", "", [["读[《春|WORK]》"]], [["读[《春》|WORK]", "[华行(港)|ORG]"]], 1,
     {}),
    ("punctuation-border", "", [['读["春|WORK]"']], [['读["春"|WORK]']], 1, {}),
    ("crosses-sentence-end", "", [["[张三。李四|PER]"]], [["[张三。|PER]李四", "[3．5|NUM]"]], 1,
     {}),
    ("crosses-sentence-start", "", [[sentence("去[北京|LOC]", starts=[0, 2])]],
     [[sentence("去[北京|LOC]", starts=[0, 1])]], 1, {}),
    ("misaligned-entity", "", [[unspaced("in Lon don", (1, 2, "LOC"))]],
     [[english("in London today", (1, 2, "LOC"))]], 1, EN),
    ("conflicting-gold", "", [[PLAIN, "[张三|PER]在北京。"]], [[PLAIN, PLAIN]], 1, {}),
    ("conflicting-gold", "", [[PLAIN], ["张三在[北京|LOC]。"]], [[PLAIN], [PLAIN]], 1, {}),
    ("conflicting-gold", "", [["[北京|LOC]北京"], ["北京[北京|LOC]"]],
     [["[北京|LOC]北京"], ["[北京|LOC] 北京"]], 1, {}),
    ("duplicate-sentence", "", [[PLAIN, "雨", PLAIN, PLAIN]], [[PLAIN], [PLAIN]], 2, {}),
    ("leaked-sentence", "dev in train", [[PLAIN], [PLAIN, PLAIN]], [[PLAIN, PLAIN]], 2, {}),
    ("leaked-sentence", "test in dev", [["雨"], [PLAIN], [PLAIN]], [[PLAIN], [], ["雪"]], 1, {}),
    ("leaked-sentence", "test in train", [["Ａ1"], [], ["A １ "]], [["A1"], [], ["a1"]], 1, {}),
    ("white-space-sentence", "", [[PLAIN, "\u3000 "]], [[PLAIN, " 雨"]], 1, {}),
    ("invisible-character", "U+200B ZERO WIDTH SPACE", [["北\u200b京\u200b"]], [[PLAIN]], 2, {}),
    ("invisible-character", "U+202E RIGHT-TO-LEFT OVERRIDE", [["北\u202e京"]], [[PLAIN]], 1, {}),
    ("invisible-character", "U+FEFF ZERO WIDTH NO-BREAK SPACE", [["\ufeff京"]], [[PLAIN]], 1, {}),
    ("invisible-character", "U+00AD SOFT HYPHEN", [["co\u00adop"]], [["co-op"]], 1, {}),
    ("invisible-character", "U+200D ZERO WIDTH JOINER", [["北\u200d京"]],
     [["👩\u200d🔬👩🏽\u200d🔬", "क्\u200dष"]], 1, {}),
    ("invisible-character", "U+200C ZERO WIDTH NON-JOINER", [["a\u200cb"]], [["می\u200cخواهم"]],
     1, {}),
    ("replacement-character", "U+FFFD REPLACEMENT CHARACTER", [["北\ufffd"]], [[PLAIN]], 1, {}),
    ("private-character", "U+E000", [["北\ue000"]], [[PLAIN]], 1, {}),
    ("control-character", "U+0007", [["北\x07"]], [["北\t京\n"]], 1, {}),
    ("mixed-script", "U+0410 CYRILLIC CAPITAL LETTER A", [["Аpple"]],
     [["Apple", "Анна", "5μm", "TGFβ"]], 1, {}),
    ("twin-character", "U+FF0C FULLWIDTH COMMA beside U+002C COMMA", [["北，京，,"]],
     [["北，京，"]], 2, {}),
    ("twin-character", "U+F9E0 CJK COMPATIBILITY IDEOGRAPH-F9E0 beside "
     "U+6613 CJK UNIFIED IDEOGRAPH-6613", [["\uf9e0易"]], [["①1"]], 1, {}),
    ("unfit-encoder", "", [["京" * 98 + "沪沪"]], [["京" * 99 + "沪"]], 2,
     {"pieces": Vocabulary("京"), "window": 999}),
    ("unknown-to-encoder", "character 𪚥", [["北𪚥京𪚥"]], [["北京 \u3000"]], 2,
     {"pieces": Vocabulary("北京"), "window": 9}),
    ("unknown-to-encoder", "token 北沪", [[unspaced("北沪 京")]], [[unspaced("北京 京")]], 1,
     {"pieces": Vocabulary("北京"), "window": 9}),
    ("token-cut", "", [[unspaced("北北北 京")]], [[unspaced("北北 京")]], 1,
     {"pieces": Vocabulary("北京"), "window": 2}),
    ("several-windows", "", [["北京北", "北"]], [["北京", "北"]], 1,
     {"pieces": Vocabulary("北京"), "window": 2}),
]  # fmt: skip


@pytest.mark.parametrize("kind, subject, has, has_not, times, options", CASES)
def test_each_kind_is_found_where_it_is_and_nowhere_else(
    kind, subject, has, has_not, times, options
):
    found, _ = check(*has, **options)
    finding = found[kind][subject]
    assert finding.bag.count == times and finding.severity == KINDS[kind][0]
    assert bool(finding.bag.places) == (kind not in ("label-missing", "unfit-encoder"))
    assert {place.file for place in finding.bag.places} <= {"a.bio"}
    found, _ = check(*has_not, **options)
    assert subject not in found.get(kind, {})


def test_every_kind_has_a_case():
    by_readers = {"unreadable", "no-sentences", "illegal-transition", "overlap", "empty-text"}
    by_readers |= {"outside-text", "missing-annotation", "left-out-file"}
    assert {case[0] for case in CASES} == set(KINDS) - by_readers


def test_a_character_tokenizer_fits_every_entity():
    found, _ = check(["在[北京2024|LOC]年", "去[New York|LOC]"], **ZH)
    assert "misaligned-entity" not in found


def test_places_show_what_is_there():
    many = ["雨" * 40 + "\u200b" + "雪" * 40] * 7
    found, _ = check(["晴"] + many, examples=2)
    finding = found["invisible-character"]["U+200B ZERO WIDTH SPACE"]
    assert finding.bag.count == 7 and [place.line for place in finding.bag.places] == [2, 3]
    assert finding.bag.places[0].content == "…" + "雨" * 24 + "[\\u200b]" + "雪" * 24 + "…"
    (place, _) = found["duplicate-sentence"][""].bag.places
    assert (place.line, place.note) == (3, "as in a.bio, line 2")


def test_findings_come_in_order():
    findings = Findings()
    sentences = [sentence("[张三|PER]\u200b"), sentence("[ 李|PEЯ]\x00")]
    check_corpus({"train": sentences, "dev": [sentence("[ |ORG]")]}, findings, rare=5)
    kinds = [one.kind for one in findings.sorted()]
    severities = [KINDS[kind][0] for kind in kinds]
    assert severities == sorted(severities, key=["error", "warning", "information"].index)
    assert kinds[:2] == ["label-not-in-train", "white-space-border"]


def test_figures():
    train = [PLAIN, "[张三|PER]来[上海|LOC]了吧", "雨"]
    test = ["[张三|PER]和[李四|PER]见[张三|PER]", "去[北 京|LOC]𪚥"]
    _, figures = check(train, (), test, pieces=Vocabulary("张三和李四见去北"), window=9)
    assert figures["train"]["sentences"] == 3 and figures["train"]["tokens"] == 14
    assert figures["train"]["entities"] == {"LOC": 2, "PER": 2}
    assert figures["train"]["tokens_a_sentence"] == {
        "min": 1, "median": 6, "p90": 7, "p99": 7, "max": 7
    }  # fmt: skip
    assert "entities_seen_in_train" not in figures["train"]
    assert figures["test"]["entities_seen_in_train"] == {
        "mentions": 3, "mentions_share": 3 / 4, "strings": 2, "strings_share": 2 / 3
    }  # fmt: skip
    # 北 is known, 京 and 𪚥 are not; the space is no character that could be.
    assert figures["test"]["unknown_characters"] == {"count": 2, "share": 2 / 12}
    assert figures["test"]["unknown_tokens"] == {"count": 2, "share": 2 / 12}
    assert figures["test"]["pieces_a_sentence"]["max"] == 8


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_distribution_is_the_nearest_rank(lengths):
    def at(percent):
        def share(value):
            return Fraction(sum(length <= value for length in lengths), len(lengths))

        return min(value for value in lengths if share(value) >= Fraction(percent, 100))

    expected = {"median": at(50), "p90": at(90), "p99": at(99), "max": max(lengths)}
    assert distribution(Counter(lengths)) == {"min": min(lengths), **expected}


HAN = st.text(st.sampled_from("天地人山水火木金土日月"), min_size=1, max_size=8)
ENTITY = st.tuples(HAN, st.sampled_from(["LOC", "ORG", "PER"])).map("[{0[0]}|{0[1]}]".format)
CLEAN = st.lists(st.lists(HAN | ENTITY, min_size=1, max_size=6).map("".join), max_size=12)


@given(CLEAN, CLEAN)
def test_a_clean_corpus_has_no_error(train, dev):
    every = ["[天|LOC][地|ORG][人|PER]"]
    found, figures = check(every + train, every + dev, labels=["LOC", "ORG", "PER"], **ZH)
    severities = {one.severity for group in found.values() for one in group.values()}
    assert "error" not in severities
    assert figures["train"]["sentences"] == len(train) + 1


@st.composite
def any_sentence(draw):
    """Any tokens that are text, any flat entities, spaces and sentence starts."""
    odd = st.sampled_from("\u200b\u200d\ufeff\x00\n \u3000。[]《》АОo0１1，,\ue000\ufffd\U000e0041")
    char = st.characters(exclude_categories=["Cs"]) | odd
    tokens = draw(st.lists(st.text(char, min_size=1, max_size=4), min_size=1, max_size=12))
    borders = sorted(draw(st.sets(st.integers(0, len(tokens)))))
    label = st.text(char, min_size=1, max_size=4)
    entities = [(a, b, draw(label)) for a, b in zip(borders[::2], borders[1::2], strict=False)]
    spaces = draw(st.none() | st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens)))
    starts = draw(st.none() | st.sets(st.integers(0, len(tokens) - 1)).map(sorted))
    return Sentence(tokens, entities, draw(st.integers(1, 99)), spaces, Path("a.bio"), starts)


@given(
    st.lists(any_sentence(), max_size=5),
    st.lists(any_sentence(), max_size=5),
    st.sampled_from([ZH, EN]),
)
def test_no_sentence_is_too_odd(train, test, options):
    vocabulary = Vocabulary("天地人")
    found, figures = check(train, (), test, pieces=vocabulary, window=3, rare=2, **options)
    for group in found.values():
        for one in group.values():
            assert one.kind in KINDS and one.bag.count >= len(one.bag.places)
            assert one.subject.isprintable()
            assert all(p.content.isprintable() and p.note.isprintable() for p in one.bag.places)
    for part, given_sentences in (("train", train), ("test", test)):
        if given_sentences:
            assert sum(figures[part]["entities"].values()) == sum(
                len(s.entities) for s in given_sentences
            )


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 200), st.integers(0, 200))
def test_a_place_is_short_and_on_one_line(text, start, length):
    shown = around(text, min(start, len(text)), min(start + length, len(text)))
    assert shown.isprintable() and len(shown) <= 100 * len("\\U00000000")


def test_labels_that_look_alike():
    assert fold("ＬＯＣ") == fold("loc") == fold("L-O C") == fold("L0C\u200b") != fold("ORG")
    assert fold("地名") != fold("人名") and fold("-") != fold("+")


def test_twins_look_alike():
    assert [twin_of(char) for char in "，Ａ\u3000\u00a0ｱ"] == [",", "A", " ", " ", "ア"]
    assert [twin_of(char) for char in "①²京a…"] == [None] * 5
