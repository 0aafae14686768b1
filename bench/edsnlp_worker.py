"""EDS-NLP's part of bench/inference.py, run by the Python of an environment of its own.

Reads a JSON message a line and answers each with one: first the encoder, sentences to learn from
and texts; then, again and again, how to go over the texts, answered with the seconds it took.
"""

import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Whatever else prints goes to where people look: the answers need stdout for themselves.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import edsnlp  # noqa: E402
import edsnlp.pipes as eds  # noqa: E402
import torch  # noqa: E402
from spacy.tokens import Doc, Span  # noqa: E402


def gold(nlp, sentences):
    """Docs with entities."""
    docs = []
    for tokens, entities in sentences:
        doc = Doc(nlp.vocab, tokens, [False] * len(tokens))
        doc.ents = [Span(doc, *entity) for entity in entities]
        docs.append(doc)
    return docs


def make(encoder, sentences, device):
    """The pipeline, taught the sentences for a moment."""
    nlp = edsnlp.blank("zh")
    labels = sorted({label for _, entities in sentences for _, _, label in entities})
    nlp.add_pipe(
        eds.ner_crf(
            embedding=eds.transformer(model=encoder, window=128, stride=96),
            mode="joint",
            window=40,
            target_span_getter="ents",
            labels=labels,
            infer_span_setter=True,
        ),
        name="ner",
    )
    docs = gold(nlp, sentences)
    nlp.post_init(docs)
    nlp.to(device)
    ner = nlp.get_pipe("ner")
    head = [p for name, p in ner.named_parameters() if ".transformer." not in name]
    optimizer = torch.optim.AdamW(head, lr=0.01)
    with nlp.train(True):
        for _ in range(40):
            loss = ner(ner.prepare_batch(docs, supervision=True, device=device))["loss"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    ner.zero_grad()
    return nlp


def go_over(nlp, texts, batch_size, ordered):
    """The docs of all texts. Sorting is what the docs of `Stream.set_processing` recommend in the
    place of `sort_chunks`: `map_batches` with a function that sorts."""
    stream = edsnlp.data.from_iterable(texts, converter=nlp.make_doc)
    if not ordered:
        stream = stream.map_batches(lambda docs: sorted(docs, key=len), batch_size="1024 docs")
    return list(stream.map_pipeline(nlp, batch_size=batch_size))


def main():
    nlp, texts, docs, device = None, [], [], "cpu"
    for line in sys.stdin:
        message = json.loads(line)
        if "encoder" in message:
            texts, device = message["texts"], message["device"]
            nlp = make(message["encoder"], message["taught"], device)
            answer = {"parameters": sum(p.numel() for p in nlp.parameters())}
        elif "count" in message:
            answer = {"docs": len(docs), "entities": sum(len(doc.ents) for doc in docs)}
        else:
            begin = time.perf_counter()
            docs = go_over(nlp, texts, message["batch_size"], message["ordered"])
            if device == "cuda":
                torch.cuda.synchronize()
            answer = {"seconds": time.perf_counter() - begin}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
