"""The seam between thinc and torch: owns a module, its devices, files, copies and updates."""

import contextlib
import copy
import os
from typing import Any, Callable, Iterator, Optional

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from thinc.api import Optimizer, get_torch_default_device
from thinc.shims import Shim
from torch import nn
from torch.optim.adamw import adamw

from .artefact import DAMAGED, pack, unpack

# A child forked from a process with a warm OpenMP pool hangs in its first parallel region.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


class TorchShim(Shim):
    """Holds a torch module that can be made again from a `spec` of JSON values.

    Frozen parameters are shared between copies, and never stepped, averaged or given gradients.
    Optimiser state lives in the thinc optimiser under (shim.id, parameter name).
    """

    def __init__(
        self,
        build: Callable[[dict[str, Any]], nn.Module],
        learn_rate_scales: dict[str, float],
    ):
        """build: module-level function that makes the module from a spec. learn_rate_scales:
        factors of the learning rate by prefix of the parameter name; the longest prefix counts."""
        super().__init__(None)
        self.build = build
        self.learn_rate_scales = learn_rate_scales
        self.spec: Optional[dict[str, Any]] = None
        self.module: Optional[nn.Module] = None
        self._replaced = 0
        self._updated = 0
        self._derived: dict[str, tuple[tuple[int, int], Any]] = {}

    def set(self, spec: dict[str, Any], module: Optional[nn.Module] = None) -> None:
        """Take on a module, made from its spec if it is not given, on the active device."""
        module = self.build(spec) if module is None else module
        self.spec, self.module = spec, module.to(get_torch_default_device())
        self._replaced += 1

    def derived(self, name: str, make: Callable[[], Any], *, weights: bool) -> Any:
        """What `make` returns, kept until the module is replaced or moved (or, with `weights`,
        updated). Threads that meet here may make it twice, never a mixture."""
        state = (self._replaced, self._updated if weights else 0)
        kept = self._derived.get(name)
        if kept is None or kept[0] != state:
            kept = (state, make())
            self._derived[name] = kept
        return kept[1]

    def trainable(self) -> dict[str, nn.Parameter]:
        """Parameters that train, by name."""
        if self.module is None:
            return {}
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    @property
    def device(self) -> torch.device:
        first = next(self.module.parameters(), None) if self.module is not None else None
        return get_torch_default_device() if first is None else first.device

    # Training

    def finish_update(self, optimizer: Optimizer) -> None:
        """One AdamW step (Loshchilov and Hutter, 2019) on the gradients, clipped by their global
        norm; weight decay spares biases, norms and the CRF.

        Raises ValueError if they are not finite; nothing is changed then."""
        named = [(name, p) for name, p in self.trainable().items() if p.grad is not None]
        if not named:
            return
        if optimizer.use_radam:
            raise ValueError("spacy-balc trains with Adam.v1 or SGD.v1, not with RAdam.v1.")
        norm = self.check_gradients()
        if optimizer.grad_clip:
            nn.utils.clip_grads_with_norm_([p for _, p in named], optimizer.grad_clip, norm)
        groups: dict[tuple[float, float], list[tuple[str, nn.Parameter]]] = {}
        for name, parameter in named:
            decay = optimizer.L2 if _decays(name, parameter) else 0.0
            groups.setdefault((self._scale(name), decay), []).append((name, parameter))
        for (scale, decay), members in groups.items():
            self._step(optimizer, members, optimizer.learn_rate * scale, decay)
        if optimizer.averages is not None:
            self._average(optimizer, named)
        self.drop_gradients()
        self._updated += 1

    def check_gradients(self) -> Optional[torch.Tensor]:
        """The norm of all gradients, (), None without any; ValueError if it is not finite."""
        named = [(name, p) for name, p in self.trainable().items() if p.grad is not None]
        norm = nn.utils.get_total_norm([p.grad for _, p in named]) if named else None
        if norm is not None and not torch.isfinite(norm):
            wrong = [name for name, p in named if not torch.isfinite(p.grad).all()]
            raise ValueError(
                f"The gradient is not finite in {len(wrong)} of {len(named)} tensors, such as "
                f"{wrong[0] if wrong else 'their norm'}: nothing was updated. Lower learn_rate, or "
                'set precision = "fp32".'
            )
        return norm

    def drop_gradients(self) -> None:
        """Forget what was accumulated."""
        for parameter in self.trainable().values():
            parameter.grad = None

    def _step(self, optimizer: Optimizer, members, rate: float, decay: float) -> None:
        keys = [(self.id, name) for name, _ in members]
        # Through .data: a tok2vec may be stepped before its listeners have backpropagated.
        weights = [p.data for _, p in members]
        gradients = [p.grad for _, p in members]
        for key, weight in zip(keys, weights):
            if key in optimizer.mom1 and optimizer.mom1[key].shape != weight.shape:
                # New labels: with old counts, the bias of fresh moments would go uncorrected.
                del optimizer.mom1[key], optimizer.mom2[key]
                optimizer.nr_update[key] = 0
            optimizer.nr_update[key] += 1
        if decay and not optimizer.L2_is_weight_decay:
            torch._foreach_add_(gradients, weights, alpha=decay)
            decay = 0.0
        if not optimizer.b1 and not optimizer.b2:
            torch._foreach_mul_(weights, 1.0 - rate * decay)
            torch._foreach_add_(weights, gradients, alpha=-rate)
            return
        fused = weights[0].device.type == "cpu"
        adamw(
            weights,
            gradients,
            [_moment(optimizer.mom1, key, w) for key, w in zip(keys, weights)],
            [_moment(optimizer.mom2, key, w) for key, w in zip(keys, weights)],
            [],
            [torch.tensor(float(optimizer.nr_update[key] - 1)) for key in keys],
            # One pass over the tensors in place of ten.
            fused=fused,
            foreach=not fused,
            amsgrad=False,
            beta1=optimizer.b1,
            beta2=optimizer.b2,
            lr=rate,
            weight_decay=decay,
            eps=optimizer.eps,
            maximize=False,
        )

    def _average(self, optimizer: Optimizer, named) -> None:
        for name, parameter in named:
            key = (self.id, name)
            average = optimizer.averages.get(key)
            if average is None or average.shape != parameter.shape:
                optimizer.averages[key] = parameter.data.clone()
            else:
                # thinc's own schedule of the decay, so that all layers are averaged alike
                step = optimizer.nr_update[key]
                average.lerp_(parameter.data, 1.0 - min(0.9999, (1.0 + step) / (10.0 + step)))

    def _scale(self, name: str) -> float:
        prefix = max((p for p in self.learn_rate_scales if name.startswith(p)), key=len)
        return self.learn_rate_scales[prefix]

    @contextlib.contextmanager
    def use_params(self, params: dict) -> Iterator[None]:
        """Use other weights within the context, such as `optimizer.averages`."""
        kept = {}
        for name, parameter in self.trainable().items():
            other = params.get((self.id, name))
            if other is not None and other.shape == parameter.shape:
                kept[name] = parameter.data
                parameter.data = other.to(parameter.device)
        self._updated += bool(kept)
        try:
            yield
        finally:
            for name, parameter in self.trainable().items():
                if name in kept:
                    parameter.data = kept[name]
            self._updated += bool(kept)

    # Copies, devices, files

    def copy(self) -> "TorchShim":
        """A copy with its own id and trainable weights; frozen tensors are shared."""
        copied = copy.copy(self)
        with Shim.global_id_lock:
            Shim.global_id += 1
            copied.id = Shim.global_id
        copied._derived = {}
        if self.module is not None:
            copied.module = copy_module(self.module)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_derived": {}}

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move to thinc's "cpu", "gpu" or "mps" device."""
        if self.module is None:
            return
        if device_type == "gpu":
            self.module.to(torch.device("cuda", device_id))
        else:
            self.module.to(torch.device(device_type))
        self._replaced += 1

    def to_bytes(self) -> bytes:
        """Spec and weights; frozen weights that half precision holds without loss go out in it."""
        if self.module is None:
            return b""
        frozen = {name for name, p in self.module.named_parameters() if not p.requires_grad}
        tensors = {}
        for name, tensor in self.module.state_dict().items():
            tensor = tensor.detach().cpu().contiguous()
            if name in frozen and torch.equal(tensor.half().float(), tensor):
                tensor = tensor.half()
            tensors[name] = tensor
        return pack(self.spec, save_tensors(tensors))

    def from_bytes(self, data: bytes) -> "TorchShim":
        """Take on what `to_bytes` gave.

        Raises ValueError if it is damaged, of a later format, or does not fit its own spec.
        """
        if not data:
            return self
        try:
            spec, weights = unpack(data)
            self.check(spec)
            module = self._load(spec, load_tensors(weights))
        except ValueError as error:
            raise ValueError(f"Can't load the weights: {error}") from error
        except Exception as error:
            raise ValueError(
                f"Can't load the weights ({type(error).__name__}: {error}). {DAMAGED}"
            ) from error
        self.set(spec, module)
        return self

    def _load(self, spec: dict[str, Any], tensors: dict[str, torch.Tensor]) -> nn.Module:
        # Made without memory first: a file can't ask for more than it brings.
        dims = [size for tensor in tensors.values() for size in tensor.shape]
        self.check_sizes(spec, len(tensors), max(dims, default=0))
        with torch.device("meta"):
            module = self.build(spec)
        wanted = module.state_dict()
        frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
        for name in sorted(wanted.keys() | tensors.keys()):
            if name not in tensors or name not in wanted:
                which = "lacks" if name in wanted else "has one that its settings do not know,"
                raise ValueError(f"the file {which} {name}. {DAMAGED}")
            tensor, like = tensors[name], wanted[name]
            kinds = {like.dtype, torch.float16} if name in frozen else {like.dtype}
            if tensor.shape != like.shape or tensor.dtype not in kinds:
                raise ValueError(
                    f"{name} is {tensor.dtype} {tuple(tensor.shape)} in the file, while its "
                    f"settings make it {like.dtype} {tuple(like.shape)}. {DAMAGED}"
                )
            tensors[name] = tensor.to(like.dtype, copy=True)  # not a view of the file's bytes
        module.load_state_dict(tensors, strict=True, assign=True)
        return module

    def check(self, spec: dict[str, Any]) -> None:
        """Raise ValueError if weights of this spec contradict the settings of the layer."""

    def check_sizes(self, spec: dict[str, Any], tensors: int, largest: int) -> None:
        """Raise ValueError if the spec asks for more layers or larger ones than a file of so many
        tensors, the largest dimension of which is `largest`, can hold."""


def copy_module(module: nn.Module, sharing: bool = False) -> nn.Module:
    """A deep copy that shares the frozen parameters, or with `sharing` all of them."""
    shared = [p for p in module.parameters() if sharing or not p.requires_grad]
    return copy.deepcopy(module, {id(p): p for p in shared})


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and not name.startswith("crf.") and "bias" not in name


def _moment(moments: dict, key: tuple[int, str], weights: torch.Tensor) -> torch.Tensor:
    if key not in moments:
        moments[key] = torch.zeros_like(weights)
    return moments[key]
