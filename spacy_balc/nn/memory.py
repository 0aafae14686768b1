"""Going on in smaller pieces where memory does not do."""

from typing import Callable, Sequence, TypeVar

import torch

Result = TypeVar("Result")
# What torch's CPU allocator, cuDNN and cuBLAS, and oneDNN say.
SIGNS = (
    *("can't allocate memory", "not enough memory", "ALLOC_FAILED", "std::bad_alloc"),
    *("could not create a primitive", "could not execute a primitive"),
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch failed for want of memory, on whatever device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def in_pieces(
    group: Sequence[int], run: Callable[[Sequence[int]], Result]
) -> list[tuple[Sequence[int], Result]]:
    """Numbers that were run together, and what `run` returned for them: all of them, or halves
    and halves of halves where memory does not do for more. Raises what `run` raises, also if a
    single one is too much.
    """
    try:
        return [(group, run(group))]
    except Exception as error:
        if len(group) == 1 or not is_out_of_memory(error):
            raise
    # Outside of the except clause: the traceback there keeps the failed run's tensors alive.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(group) // 2
    return in_pieces(group[:middle], run) + in_pieces(group[middle:], run)
