"""Twenty minutes of mixed and hostile texts: flat memory, nothing lost or reordered."""

import ctypes
import gc
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy

from .conftest import head, learn, toy_examples

ROOT = Path(__file__).parent.parent
MINUTES = float(os.environ.get("BALC_SOAK_MINUTES", "20"))
BATCH = 64
# Fixed parts, so that what grows is not the variety of the texts; numbers make each one new.
PARTS = [
    *("张三在北京工作。", "李四去了上海大学。", "今天天气很好。", "𠮷野家", "http://a.b/?c", ""),
    *(" \n\t ", "\u3000\u3000", "\x00", "\ufeff", "\u202e倒\u202c", "e\u0301\u0327", "ﷺ"),
    *("\U0010ffff", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "[SEP][MASK]</s>"),
]


def resident() -> int:
    """Bytes of memory that this process holds, without what malloc keeps for the next long doc."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def stream(seed: int):
    """Texts without end; every one ends with its number."""
    chance = random.Random(seed)
    number = 0
    while True:
        size = chance.choice([0, 1, 2, 5, 20, 100]) if number % 500 else 3000
        yield "".join(chance.choices(PARTS, k=size)) + str(number)
        number += 1


def soak(path: str, minutes: float) -> None:
    nlp = spacy.load(path)
    start, end = time.monotonic(), time.monotonic() + 60 * minutes
    texts, expected, readings = stream(0), 0, []
    step = (end - start) / 50
    while time.monotonic() < end:
        with nlp.memory_zone():
            batch = [next(texts) for _ in range(BATCH)]
            docs = list(nlp.pipe(batch, batch_size=BATCH // 2))
            assert len(docs) == BATCH
            for text, doc in zip(batch, docs):
                assert doc.text == text and text.endswith(str(expected))
                assert not any(ent.text != ent.text.strip() for ent in doc.ents)
                expected += 1
            del docs, doc
        if time.monotonic() - start > (len(readings) + 1) * step:
            readings.append(resident())
    grown = (max(readings) - readings[9]) / 2**20  # from 20 % of the time on
    print(f"{expected} docs in {minutes} minutes, grown by {grown:.1f} MB")
    assert grown < 20, grown


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_flat_and_nothing_is_lost(encoder, tmp_path):
    tok2vec = {"@architectures": "spacy-balc.LoraTransformer.v1", "name": encoder("bert")}
    tok2vec.update(window=48, stride=32, lora={"rank": 4})
    nlp = spacy.blank("zh")
    nlp.add_pipe("balc_ner", config=head(tok2vec))
    learn(nlp, toy_examples(nlp), steps=30)
    nlp.to_disk(tmp_path / "pipeline")
    command = [sys.executable, "-m", "tests.test_soak", tmp_path / "pipeline", str(MINUTES)]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60 * MINUTES + 300
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stderr


if __name__ == "__main__":
    soak(sys.argv[1], float(sys.argv[2]))
