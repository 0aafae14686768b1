"""Run by test_load.py in a process of its own: one pipeline, many threads or processes."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import spacy

from tests.conftest import TOY, found


def texts() -> list[str]:
    pieces = [text for text, _ in TOY] + ["", "  \n", "北京大学的张三和John去London。", "好" * 200]
    return [pieces[i % len(pieces)] + str(i) * (i % 3) for i in range(60)]


def main(path: str, how: str) -> None:
    nlp = spacy.load(path)
    expected = [found(nlp(text)) for text in texts()]
    assert any(expected)
    if how == "threads":
        with ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                answers = pool.map(lambda text: found(nlp(text)), texts())
                assert list(answers) == expected
            streams = [
                pool.submit(lambda: [found(doc) for doc in nlp.pipe(texts(), batch_size=7)])
                for _ in range(8)
            ]
            assert all(stream.result() == expected for stream in streams)
    else:
        multiprocessing.set_start_method(how)
        docs = nlp.pipe(texts(), n_process=2, batch_size=8)
        assert [found(doc) for doc in docs] == expected
    print(how, len(expected), "as one thread answers")


if __name__ == "__main__":
    main(*sys.argv[1:])
