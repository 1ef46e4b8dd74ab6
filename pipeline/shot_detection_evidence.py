"""What speaks for a cut or a dissolve at each frame, from how alike the frames about it are.

A cut: three frames before, three after; neighbours on either side are alike, and none is like any on the
other side (a flash, a torn or doubled frame is like nothing, but those around it are alike). A dissolve:
frames between two pictures are a mixture of both, ever less of the first and more of the second (as in the
linear models of Hampapur et al., 1994), and no motion explains the second from the first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.shot_detection_pictures import Detail

Values = npt.NDArray[np.float64]

_SIDE = 3
"""Frames looked at on either side of a cut."""
_HALVES = (4, 6, 8, 10, 13, 16, 20, 24)
"""Half the lengths, in frames, of the dissolves that are looked for."""
_REACH = max(_HALVES) + 4
"""Frames on either side that the evidence at one depends on."""
_CHUNK = 480
_EMPTY = 0.25
"""Contrast, beneath which a picture is held to be empty: what is left then is grain."""
_DOUBTFUL, _PROMISING = 0.3, 0.4
"""Evidence for a dissolve that is worth asking whether motion explains it."""
_MOVED, _SURELY_MOVED = 0.76, 0.9
"""Correlation of two pictures, blocks moved to where they fit best, above which motion explains it."""
_BLOCK, _STEP, _SEARCH = 24, 10, 20
"""Size, spacing and reach of those blocks in pixels of the small pictures."""


@dataclass(frozen=True)
class Evidence:
    """Per frame (T,) of a reel; what is said of frame t depends on the frames within `_REACH` of it alone."""

    contrast: Values
    """Of what the frame and a neighbour both show, so that dirt and grain have none: a root of a sum of
    squares of its detail."""
    cut: Values
    """About 1 where a shot begins with the frame, near 0 elsewhere."""
    dissolve: Values
    """Up to 1 in the middle of a dissolve, below 0.4 elsewhere."""
    half: npt.NDArray[np.int64]
    """Half that dissolve's length, in frames."""


def gather(pictures: Iterable[Detail]) -> Evidence:
    """Look through a reel, some hundred frames at a time."""
    parts = [_of_chunk(chunk, begin, end) for chunk, begin, end in _chunks(pictures)]
    return Evidence(
        np.concatenate([part.contrast for part in parts]),
        np.concatenate([part.cut for part in parts]),
        np.concatenate([part.dissolve for part in parts]),
        np.concatenate([part.half for part in parts]),
    )


def _chunks(pictures: Iterable[Detail]) -> Iterator[tuple[npt.NDArray[np.float32], int, int]]:
    """Yield stacks of details (n, h, w) and the range in each that is wanted, with its surroundings."""
    held: list[Detail] = []
    lead = 0
    for picture in pictures:
        held.append(picture)
        if len(held) == lead + _CHUNK + _REACH:
            yield np.stack(held), lead, lead + _CHUNK
            held = held[_CHUNK + lead - _REACH :]
            lead = _REACH
    if len(held) > lead or lead == 0:
        yield np.stack(held), lead, len(held)


def _of_chunk(chunk: npt.NDArray[np.float32], begin: int, end: int) -> Evidence:
    flat = chunk.reshape(len(chunk), -1)
    products = (flat @ flat.T).astype(np.float64)  # n x n
    contrast = np.sqrt(np.maximum(np.diag(products), 0))
    alike = products / np.maximum(np.outer(contrast, contrast), _EMPTY**2)
    dissolve, half = _dissolves(products)
    for t in np.flatnonzero(dissolve > _PROMISING):
        if not begin <= t < end:
            continue
        # The first pair of which neither is spoilt: a frame gone white shows nothing that could have moved.
        pairs = [(t - half[t] - aside, t + half[t] + aside) for aside in (1, 0, 2)]
        seen = [pair for pair in pairs if contrast[list(pair)].min() > _EMPTY]
        first, second = (seen or pairs)[0]
        if _explained(chunk[first], chunk[second]) > _MOVED:
            dissolve[t] = 0
    cut = _cuts(alike)
    for t in np.flatnonzero(cut > _DOUBTFUL):
        if begin <= t < end and _explained(chunk[t - 1], chunk[t]) > _SURELY_MOVED:
            cut[t] = 0
    wanted = slice(begin, end)
    return Evidence(_shared_contrast(products)[wanted], cut[wanted], dissolve[wanted], half[wanted])


def _shared_contrast(products: Values) -> Values:
    """Root of the product with the more alike neighbour: (n,)."""
    shared = np.zeros(len(products))
    if len(products) > 1:
        neighbours = np.maximum(np.diag(products, 1), 0)
        shared[:-1] = neighbours
        shared[1:] = np.maximum(shared[1:], neighbours)
    return np.asarray(np.sqrt(shared))


def _cuts(alike: npt.NDArray[Any]) -> Values:
    """Likeness of each side to itself less the likeness of the two: (n,), from all correlations (n, n)."""
    count = len(alike)
    evidence = np.zeros(count)
    for t in range(1, count):
        before, after = range(max(t - _SIDE, 0), t), range(t, min(t + _SIDE, count))
        across = alike[before.start : before.stop, after.start : after.stop].max()
        within = min(_likeness(alike, before), _likeness(alike, after))
        evidence[t] = within - max(across, 0)
    return evidence


def _likeness(alike: npt.NDArray[Any], side: range) -> float:
    """Correlation of the two frames of a side that are most alike; 0 for a single frame."""
    return max((float(alike[a, b]) for a in side for b in side if a < b), default=0.0)


def _dissolves(products: Values) -> tuple[Values, npt.NDArray[np.int64]]:
    """Best evidence over all lengths, and half the length it was found with: (n,) each."""
    count = len(products)
    best, half = np.zeros(count), np.zeros(count, np.int64)
    for length in _HALVES:
        margin = length + 3
        if count <= 2 * margin:
            break
        middle = np.arange(margin, count - margin)
        found = _mixtures(products, middle, length)
        better = found > best[middle]
        best[middle[better]] = found[better]
        half[middle[better]] = length
    return best, half


def _mixtures(products: Values, middle: npt.NDArray[np.intp], half: int) -> Values:
    """How well frames `middle` +- `half` are mixtures, in even steps, of the pictures at either end.

    Both pictures are means of three frames. Least squares for the shares u, v of each frame; the evidence is
    what they explain of the frames about the middle, less twice how far v / (u + v) is from a straight rise,
    and lessened by how alike the two pictures are.
    """
    first = [middle - half - offset for offset in range(3)]
    second = [middle + half + offset for offset in range(3)]

    def mean(rows: list[Any], columns: list[Any]) -> Values:
        pairs = [products[row, column] for row in rows for column in columns]
        return np.asarray(np.mean(pairs, axis=0))

    aa, bb, ab = mean(first, first), mean(second, second), mean(first, second)
    determinant = np.maximum(aa * bb - ab * ab, 0) + 1e-6 * aa * bb + 1e-12
    explained, strayed = [], []
    for offset in range(-half, half + 1):
        here = middle + offset
        a, b = mean(first, [here]), mean(second, [here])
        u, v = (a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant
        if abs(offset) <= max(half // 2, 1):
            explained.append((u * a + v * b) / (products[here, here] + 1e-9))
        if abs(offset) < half:
            u, v = np.clip(u, -0.2, 2), np.clip(v, -0.2, 2)
            share = np.clip(v / np.maximum(u + v, 0.05), -0.5, 1.5)
            strayed.append(np.square(share - (offset / (2 * half) + 0.5)))
    alike = np.clip(ab / np.sqrt(aa * bb + 1e-12), 0, 1)
    evidence = np.mean(explained, axis=0) * (1 - alike) - 2 * np.sqrt(np.mean(strayed, axis=0))
    empty = np.minimum(aa, bb) < _EMPTY**2
    return np.where(empty, 0.0, np.maximum(evidence, 0.0))


def _explained(first: Detail, second: Detail) -> float:
    """How well large blocks of one picture are found in the other, moved up to a third of its width."""
    return max(_blocks_found(first, second), _blocks_found(second, first))


def _blocks_found(picture: Detail, other: Detail) -> float:
    """Mean correlation of the picture's blocks with where they fit the other best, by their contrast.

    Of the half that fit best: the others may have left the picture.
    """
    height, width = picture.shape
    found = []
    for y in range(0, height - _BLOCK + 1, _STEP):
        for x in range(0, width - _BLOCK + 1, _STEP):
            block = picture[y : y + _BLOCK, x : x + _BLOCK]
            rows = slice(max(y - _SEARCH, 0), y + _BLOCK + _SEARCH)
            columns = slice(max(x - _SEARCH, 0), x + _BLOCK + _SEARCH)
            fits = cv2.matchTemplate(other[rows, columns], block, cv2.TM_CCOEFF_NORMED)
            found.append((float(fits.max()), float(block.std())))
    best = sorted(found, reverse=True)[: len(found) // 2]
    return sum(fit * contrast for fit, contrast in best) / max(sum(contrast for _, contrast in best), 1e-9)
