"""A trainable component that loses nothing: neither a file that was whole nor the docs beside a bad
one."""

import gc
from pathlib import Path
from typing import Iterable, Iterator, Union

import srsly
from spacy import util
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.tokens import Doc
from thinc.api import Model, Optimizer
from thinc.shims import Shim

from .artefact import DAMAGED, write_whole


class KeptPipe(TrainablePipe):
    """What `TrainablePipe` does with streams, gradients and files, done so that a failure costs
    only what failed. Subclasses say what is saved: `pack` gives bytes, `unpack` takes them on or
    raises ValueError and leaves the component as it was."""

    # Streams

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of docs, `batch_size` at a time, in order.

        A doc that fails goes to the error handler by itself, which raises unless another is set,
        and is then missing from the stream.
        """
        for docs in util.minibatch(stream, size=batch_size):
            yield from self._annotate(docs)

    def _annotate(self, docs: list[Doc]) -> Iterator[Doc]:
        try:
            self.set_annotations(docs, self.predict(docs))
        except Exception as error:
            if len(docs) == 1 or not self.is_initialized:
                self.get_error_handler()(self.name, self, docs, error)
                return
        else:
            yield from docs
            return
        # One doc must not take the others along. Those annotated above are preset by now, so
        # they keep what they got.
        for half in (docs[: len(docs) // 2], docs[len(docs) // 2 :]):
            yield from self._annotate(half)

    # Training

    def finish_update(self, sgd: Optimizer) -> None:
        """One step of the optimizer on the gradients so far.

        Raises ValueError if a gradient is not finite: then no layer is stepped, and all gradients
        of the component are dropped.
        """
        try:
            for shim in shims_of(self.model):
                if hasattr(shim, "check_gradients"):
                    shim.check_gradients()
        except ValueError:
            drop_gradients(self.model)
            raise
        super().finish_update(sgd)

    # Files

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Labels and weights, and the vocab if `exclude` does not name it."""
        return util.to_bytes(
            {"vocab": lambda: self.vocab.to_bytes(exclude=exclude), "model": self.pack}, exclude
        )

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "KeptPipe":
        """Load from what `to_bytes` gave.

        Raises ValueError if it is damaged or of other settings; the component stays as it was.
        """
        readers = {
            "vocab": lambda data: self.vocab.from_bytes(data, exclude=exclude),
            "model": self.unpack,
        }
        try:
            message = srsly.msgpack_loads(bytes_data)
            missing = readers.keys() - message.keys() - set(exclude)
        except Exception as error:  # msgpack has many kinds
            raise ValueError(f"Can't load {self.name!r} from bytes: {error}. {DAMAGED}") from error
        finally:
            gc.enable()  # which msgpack_loads leaves off when it fails
        if missing:
            raise ValueError(
                f"Can't load {self.name!r} from bytes: {', '.join(sorted(missing))} is not in them."
            )
        util.from_dict(message, readers, exclude)
        return self

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder. Labels and weights are one file, written beside its place and moved
        there: it is the old one or the new one at any moment.

        Raises OSError if it can't be written; an old one is then untouched.
        """
        writers = {
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: write_whole(p, self.pack()),
        }
        util.to_disk(path, writers, exclude)

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> "KeptPipe":
        """Load from the folder that `to_disk` wrote.

        Raises ValueError that names the file if it is damaged or of other settings, and OSError
        if it can't be read; the component stays as it was.
        """

        def read(file: Path) -> None:
            try:
                self.unpack(file.read_bytes())
            except ValueError as error:
                raise ValueError(f"Can't load {self.name!r} from {file}: {error}") from error
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"Can't load {self.name!r}: there is no {file}. The folder is not one that "
                    "balc_ner was saved to, or saving it never ended: save or copy it again."
                ) from error

        readers = {"vocab": lambda p: self.vocab.from_disk(p, exclude=exclude), "model": read}
        util.from_disk(util.ensure_path(path), readers, exclude)
        return self


def shims_of(model: Model) -> list[Shim]:
    """The shims of a model and of all layers in it."""
    return [shim for node in model.walk() for shim in node.shims]


def drop_gradients(model: Model) -> None:
    """Forget what a model's layers accumulated, in torch and in thinc."""
    for shim in shims_of(model):
        if hasattr(shim, "drop_gradients"):
            shim.drop_gradients()
    for node in model.walk():
        for name in node.grad_names:
            node.get_grad(name).fill(0.0)
