"""Which sentences of a training file become its development set."""


def dev_blocks(n: int, share: float = 0.1, block: int = 500) -> tuple[list[int], list[int]]:
    """Split n sentences in a row into training and development set, by position alone.

    Annotated files seldom mark documents, and neighbours share a topic and its names, so whole
    runs of sentences are taken. The rule: cut the file into d equal stretches, where d is
    `n * share / block` rounded, at least 1; the last `share` of each stretch, rounded, is for
    development. So that is d blocks of about `block` sentences, spread evenly over the file. From
    n = 2 on neither set is empty.

    share: of the sentences for development, above 0 and at most 0.5.
    RETURNS: the indices of the training and of the development sentences, both rising.
    Raises ValueError for another share, or a block below 1.
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"the development share must be above 0 and at most 0.5, not {share}")
    if block < 1:
        raise ValueError(f"a block must hold at least one sentence, not {block}")
    stretches = max(1, min(round(n * share / block), n // 2))
    train: list[int] = []
    dev: list[int] = []
    for i in range(stretches):
        start, end = n * i // stretches, n * (i + 1) // stretches
        size = min(max(1, round((end - start) * share)), max(0, end - start - 1))
        train.extend(range(start, end - size))
        dev.extend(range(end - size, end))
    return train, dev
