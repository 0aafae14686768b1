"""The BIO tag set: labels to tags, gold to tag numbers, tag numbers to spans, what is legal.

Tag 0 is `O`; then come `B-X` and `I-X` for each label X in sorted order, so that label number k has
the tags 2k + 1 and 2k + 2. Which transitions are legal follows from the number of tags alone.
White space is no part of a tag sequence: its tokens are `SKIPPED`, the tags to either side are
neighbours, and an entity that goes on behind white space has it inside.
"""

from typing import Optional, Sequence

import numpy

MISSING = -1  # a token whose gold tag is unknown
SKIPPED = -2  # a token that is no part of the tag sequence


def tag_names(labels: Sequence[str]) -> list[str]:
    """Names of the tags in order, for labels in sorted order."""
    return ["O"] + [f"{prefix}-{label}" for label in labels for prefix in "BI"]


def legal_transitions(n_tags: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return which tags may start a sequence, bool (n_tags,), and which may follow which,
    bool (from n_tags, to n_tags): `I-X` follows only `B-X` and `I-X`."""
    tag = numpy.arange(n_tags)
    inside = (tag > 0) & (tag % 2 == 0)
    label = (tag + 1) // 2
    follows = ~inside[None, :] | (label[:, None] == label[None, :])
    return ~inside, follows


def encode(biluo: Sequence[Optional[str]], is_space: numpy.ndarray, names: dict[str, int]):
    """Tag numbers, int64 (n_tokens,), of one doc's gold.

    biluo: BILUO tags, None where the gold is missing (as `Example.get_aligned_ner` gives them).
    is_space: bool (n_tokens,), white space: skipped.
    names: tag name to number, from `tag_names`.
    An inside tag that continues nothing, as a gold cut by a missing token can have, begins an
    entity; after a missing token it may continue one.
    """
    tags = numpy.full(len(biluo), MISSING, dtype="int64")
    previous = 0
    for i, name in enumerate(biluo):
        if is_space[i]:
            tags[i] = SKIPPED
            if name is not None and name[0] in "BU":
                previous = 0  # what follows does not continue what stands before
            continue
        if name is not None and name != "-":
            prefix, _, label = name.partition("-")
            if prefix == "O":
                tags[i] = 0
            else:
                begin = names["B-" + label]
                goes_on = previous == MISSING or previous in (begin, begin + 1)
                tags[i] = begin + 1 if prefix in "IL" and goes_on else begin
        previous = tags[i]
    return tags


def spans(tags: numpy.ndarray) -> list[tuple[int, int, int]]:
    """Entities (start, end, label number) of a legal sequence of tag numbers, in order."""
    found: list[tuple[int, int, int]] = []
    for i in numpy.flatnonzero(tags > 0).tolist():
        tag = int(tags[i])
        if tag % 2:
            found.append((i, i + 1, tag // 2))
        else:
            found[-1] = (found[-1][0], i + 1, found[-1][2])
    return found


def allowed_tags(
    n_tags: int,
    is_space: numpy.ndarray,
    sentence_start: numpy.ndarray,
    preset: numpy.ndarray,
    preset_tags: numpy.ndarray,
) -> Optional[numpy.ndarray]:
    """Which tags a decoder may give each token: bool (n_tokens, n_tags), or None for all.

    is_space: bool (n_tokens,), white space; its rows become all False, which means skipped.
    sentence_start: bool (n_tokens,), set sentence starts, which no entity crosses.
    preset: bool (n_tokens,), tokens that are not to be changed, and preset_tags: int (n_tokens,),
    the tag that each of them has (0 where it is `O`, blocked or of an unknown label).
    No entity continues across or behind a preset token.
    """
    if not (is_space.any() or sentence_start[1:].any() or preset.any()):
        return None
    allowed = numpy.ones((len(is_space), n_tags), dtype=bool)
    # A break in white space is a break before the next token that is none.
    breaks = sentence_start.copy()
    breaks[1:] |= preset[:-1]
    number = numpy.cumsum(breaks)
    tokens = numpy.flatnonzero(~is_space)
    broken = numpy.diff(number[tokens], prepend=0) > 0
    allowed[tokens[broken], 2::2] = False
    allowed[preset] = False
    allowed[preset, preset_tags[preset]] = True
    allowed[is_space] = False
    return allowed


def expansion(old: Sequence[str], new: Sequence[str]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """How the tags of `new` labels start from those of `old`: float32 (new tags, old tags), and
    bool (new tags,), which are fresh.

    A known tag starts as itself, a fresh `B-X` as the mean of the known `B-`, likewise `I-`: the
    score of a path through a fresh label is then the mean of paths that existed, so (with a small
    handicap) it wins nowhere and nothing learnt is lost.
    """
    matrix = numpy.zeros((2 * len(new) + 1, 2 * len(old) + 1), dtype="float32")
    fresh = numpy.zeros(len(matrix), dtype=bool)
    matrix[0, 0] = 1.0
    known = {label: k for k, label in enumerate(old)}
    for k, label in enumerate(new):
        for tag in (1, 2):
            if label in known:
                matrix[2 * k + tag, 2 * known[label] + tag] = 1.0
            else:
                fresh[2 * k + tag] = True
                matrix[2 * k + tag, tag::2] = 1.0 / max(1, len(old))
    return matrix, fresh


def runs(mask: numpy.ndarray) -> list[tuple[int, int]]:
    """Ranges (start, end) in which the mask is true."""
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], mask.astype("int8"), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
