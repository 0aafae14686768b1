"""The component `balc_ner`: a spaCy entity recogniser with exact decoding over the whole doc."""

import math
import warnings
from functools import partial
from itertools import islice
from typing import Any, Callable, Iterable, Optional, Sequence

import numpy
import srsly
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from .adversarial import check_norm, learn_twice
from .artefact import DAMAGED, check_nodes, pack, unpack
from .pipe import KeptPipe
from .tags import allowed_tags, encode, expansion, runs, spans, tag_names

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy-balc.BalcNer.v1"
hidden_width = 128
lstm_layers = 1
attention_heads = 1
attention_window = 256
crf = true
learn_rate_scale = 1.0
crf_learn_rate_scale = 1.0
nO = null

[model.tok2vec]
@architectures = "spacy-balc.LoraTransformer.v1"
name = "bert-base-chinese"
width = null
window = 510
stride = 384
pooling = "mean"
precision = "auto"
learn_rate_scale = 1.0
gradient_checkpointing = false

[model.tok2vec.lora]
rank = 8
alpha = 16
targets = ["query", "key"]
dropout = 0.0
"""
)["model"]


@Language.factory(
    "balc_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_MODEL,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
        "adversarial_norm": 0.0,
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_balc_ner(
    nlp: Language,
    name: str,
    model: Model[list[Doc], list[Floats2d]],
    scorer: Optional[Callable],
    adversarial_norm: float,
) -> "BalcNer":
    """Make a `balc_ner` component.

    model: `spacy-balc.BalcNer.v1`, or a model with its outputs and attributes.
    scorer: function from examples to scores, as `spacy.ner_scorer.v1` makes it.
    adversarial_norm: how far training moves the word embeddings, all together, to see each batch
        once more from where it errs most; 0 for once only. See `adversarial.learn_twice`.
    """
    return BalcNer(nlp.vocab, model, name, scorer=scorer, adversarial_norm=adversarial_norm)


class BalcNer(KeptPipe):
    """Named-entity recogniser on `spacy-balc.BalcNer.v1`. Labels are entity types.

    Entities and blocked tokens that a doc already has stay as they are; no entity crosses a
    sentence start that is set, or begins or ends with white space.

    unusable_gold: entities met in training so far that are not on the borders of the pipeline's
        tokens, and count as missing.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "balc_ner",
        *,
        scorer: Optional[Callable] = None,
        adversarial_norm: float = 0.0,
    ):
        check_norm(adversarial_norm, model, name)
        self.adversarial_norm = adversarial_norm
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": []}
        self.unusable_gold = 0

    # Labels

    @property
    def labels(self) -> tuple[str, ...]:
        """Entity types, sorted."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """Labels in the form that `initialize` takes, for `spacy init labels`."""
        return list(self.labels)

    @property
    def is_initialized(self) -> bool:
        """Whether the component has weights and tags."""
        return self.model.shims[0].module is not None

    def add_label(self, label: str) -> int:
        """Add an entity type; what was learnt of the others stays.

        Returns 1 if it is new, 0 if it is not. Raises ValueError for what is no string or empty.
        """
        return self._add_labels([label])

    def _add_labels(self, labels: Iterable[str]) -> int:
        known = set(self.labels)
        for label in labels:
            if not isinstance(label, str):
                raise ValueError(Errors.E187)
            if not label:
                raise ValueError("An entity type can't be an empty string.")
            known.add(label)
            self.vocab.strings.add(label)
        added = sorted(known)
        if added == list(self.labels):
            return 0
        if self.is_initialized:
            self.model.attrs["resize_output"](self.model, *expansion(self.labels, added))
        self.cfg["labels"] = added
        return 1

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> list[numpy.ndarray]:
        """Tag numbers, int64 (n_tokens,) a doc; see `spacy_balc.tags`. Docs stay as they are.

        Raises ValueError (E109) if the component is not initialized.
        """
        docs = list(docs)
        if not self.is_initialized:
            raise ValueError(Errors.E109.format(name=self.name))
        if not any(len(doc) for doc in docs):
            return [numpy.zeros(0, dtype="int64") for _ in docs]
        emissions = self.model.predict(docs)
        return self.model.attrs["decode"](self.model, emissions, [self._allowed(d) for d in docs])

    def _allowed(self, doc: Doc) -> Optional[numpy.ndarray]:
        """Tags that each token of the doc may have, given what is set on it."""
        is_space, sentence_start, ent_iob = (
            doc.to_array(["IS_SPACE", "SENT_START", "ENT_IOB"]).T.astype("int64")
            if len(doc)
            else numpy.zeros((3, 0), dtype="int64")
        )
        preset = (ent_iob == 1) | (ent_iob == 3)
        preset_tags = numpy.zeros(len(doc), dtype="int64")
        if preset.any():
            numbers = {self.vocab.strings[label]: k for k, label in enumerate(self.labels)}
            for entity in doc.ents:
                if entity.label in numbers:
                    begin = 2 * numbers[entity.label] + 1
                    first = True
                    for i in range(entity.start, entity.end):
                        if not is_space[i]:
                            preset_tags[i] = begin if first else begin + 1
                            first = False
        n_tags = 2 * len(self.labels) + 1
        return allowed_tags(n_tags, is_space == 1, sentence_start == 1, preset, preset_tags)

    def set_annotations(self, docs: Iterable[Doc], tags: Sequence[numpy.ndarray]) -> None:
        """Set `doc.ents` from tag numbers. Only tokens without entity annotation, or outside of
        entities, are touched."""
        for doc, row in zip(docs, tags):
            if not len(doc):
                continue
            ent_iob = doc.to_array("ENT_IOB")
            preset = (ent_iob == 1) | (ent_iob == 3)
            entities = [
                Span(doc, start, end, label=self.labels[number])
                for start, end, number in spans(row)
                if not preset[start]
            ]
            covered = preset
            for entity in entities:
                covered[entity.start : entity.end] = True
            # Giving back a bare span of a preset entity would lose its ids: only the rest is named.
            outside = [Span(doc, start, end) for start, end in runs(~covered)]
            doc.set_ents(entities, outside=outside, default="unmodified")

    # Training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Set labels and weights up.

        get_examples: function that returns examples; without `labels`, all of them are read for
            their labels, and 10 are enough otherwise.
        labels: entity types, as `label_data` gives them.
        Raises ValueError if the model was built for another number of tags.
        """
        validate_get_examples(get_examples, "BalcNer.initialize")
        if isinstance(labels, str):
            raise ValueError(f"labels = {labels!r} must be a list of entity types.")
        if labels is None:
            labels = (ent.label_ for eg in get_examples() for ent in eg.reference.ents)
        built_for = self.model.get_dim("nO") if self.model.has_dim("nO") else None
        if self.is_initialized:
            built_for, self.model.shims[0].module = None, None
        self._add_labels(labels)
        n_tags = len(tag_names(self.labels))
        if built_for not in (None, n_tags):
            raise ValueError(
                f"nO = {built_for} tags in the model of {self.name!r}, but {len(self.labels)} "
                f"labels make {n_tags}: set nO = null."
            )
        self.model.set_dim("nO", n_tags, force=True)
        docs = [eg.predicted for eg in islice(get_examples(), 10)]
        if not docs:
            raise ValueError(Errors.E923.format(name=self.name))
        self.model.initialize(X=docs)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[dict[str, float]] = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples; labels not seen before are added.

        drop: dropout rate. sgd: optimizer, None to keep the gradients for `finish_update`.
        losses: totals by component name. Returns the losses.
        Raises ValueError (E109) if the component is not initialized.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "BalcNer.update")
        if not examples:
            return losses
        if not self.is_initialized:
            raise ValueError(Errors.E109.format(name=self.name))
        self._add_labels({ent.label_ for eg in examples for ent in eg.reference.ents})
        if not any(len(eg.predicted) for eg in examples):
            return losses  # no gradient to wait for, and not every tok2vec takes zero rows
        set_dropout_rate(self.model, drop)
        learn = partial(self._learn, examples, self._gold(examples))
        if self.adversarial_norm:
            loss = learn_twice(self.model, self.adversarial_norm, learn)
        else:
            loss = learn()
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def _learn(self, examples: list[Example], tags: list[numpy.ndarray]) -> float:
        """Add the gradients of a batch to those of the model; the loss."""
        emissions, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_emissions = self.model.attrs["loss"](self.model, emissions, tags)
        if not math.isfinite(loss):
            batch = ", ".join(repr(_shortened(eg.predicted.text)) for eg in examples[:5])
            raise ValueError(
                f"{Errors.E910.format(name=self.name)} Nothing was learnt from this batch of "
                f"{len(examples)} docs: {batch}. Lower the learning rate"
                f"{' or adversarial_norm' if self.adversarial_norm else ''}, or look at these "
                "texts."
            )
        # Always called: an upstream encoder waits for the gradient, be it zero.
        backprop(d_emissions)
        return loss

    def get_loss(
        self, examples: Iterable[Example], emissions: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Mean loss of the gold tokens, and its gradient by the emissions of each doc.

        Missing and misaligned gold counts as unknown: all tags that agree with the rest are right.
        """
        return self.model.attrs["loss"](self.model, emissions, self._gold(examples))

    def _gold(self, examples: Iterable[Example]) -> list[numpy.ndarray]:
        """Tag numbers of the gold, int64 (n_tokens,) a doc; what can't be used is counted."""
        names = {name: number for number, name in enumerate(tag_names(self.labels))}
        tags = []
        for example in examples:
            doc = example.predicted
            is_space = doc.to_array("IS_SPACE") == 1 if len(doc) else numpy.zeros(0, dtype=bool)
            biluo = example.get_aligned_ner()
            self._count_unusable(example, biluo)
            tags.append(encode(biluo, is_space, names))
        return tags

    def _count_unusable(self, example: Example, biluo: list[Optional[str]]) -> None:
        begun = sum(name is not None and name[0] in "BU" for name in biluo)
        lost = len(example.reference.ents) - begun
        if lost <= 0:
            return
        if not self.unusable_gold:
            doc = example.predicted
            shown = [
                f"{ent.text!r} ({ent.label_}) in {_shortened(doc.text)!r}"
                for ent in example.reference.ents
                if doc.char_span(ent.start_char, ent.end_char) is None
            ]
            warnings.warn(
                f"{self.name!r} can't learn entities whose borders are inside the pipeline's "
                f"tokens, such as {', '.join(shown[:3])}: they count as missing, and are "
                "counted in `unusable_gold`. `python -m spacy balc validate --config` counts them "
                "by the tokenizer of a config, and shows where the first ones are."
            )
        self.unusable_gold += lost

    # Files

    def pack(self) -> bytes:
        """Labels and weights, with a digest of both."""
        return pack({"labels": list(self.labels)}, self.model.to_bytes())

    def unpack(self, data: bytes) -> None:
        """Take on what `pack` gave, whatever tag set it has.

        Raises ValueError if it is damaged or of other settings; the component stays as it was.
        """
        header, weights = unpack(data)
        labels, n_tags = list(self.labels), self.model.maybe_get_dim("nO")
        before = self.model.to_bytes() if self.is_initialized else None
        try:
            _check_labels(header["labels"])
            check_nodes(self.model, srsly.msgpack_loads(weights))
            self.cfg["labels"] = header["labels"]
            self.model.set_dim("nO", None, force=True)
            self.model.from_bytes(weights)
            if self.is_initialized and self.model.get_dim("nO") != len(tag_names(self.labels)):
                raise ValueError(f"labels {self.labels}, but {self.model.get_dim('nO')} tags.")
        except BaseException as error:
            self.cfg["labels"] = labels
            self.model.set_dim("nO", n_tags, force=True)
            self.model.shims[0].module = None
            if before is not None:
                self.model.from_bytes(before)
            if isinstance(error, (AttributeError, IndexError, KeyError, TypeError)):
                raise ValueError(
                    "it holds another network than the config describes: use the config that it "
                    f"was trained with ({type(error).__name__}: {error})."
                ) from error
            raise


def _check_labels(labels: Any) -> None:
    if (
        not isinstance(labels, list)
        or not all(isinstance(label, str) and label for label in labels)
        or labels != sorted(set(labels))
    ):
        raise ValueError(f"its labels {labels!r} are no sorted list of entity types. {DAMAGED}")


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
