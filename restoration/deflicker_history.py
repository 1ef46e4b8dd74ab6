"""What was the light before and after a frame: changes between pairs of frames fused into one history.

Pairs lie 1, 2, 4 and 8 frames apart. The history is the least squares solution of them all, so that the
errors of neighbouring pairs do not add up along it as they would in a chain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.deflicker_pair import GRID, PairChange
from reelfix.restoration.tone_curve import KNOT_COUNT, KNOTS, Values, curve_at

DISTANCES = (1, 2, 4, 8)
"""Frames between the two of a pair."""
_SAME_SCENE = 0.35  # least agreement of two frames of one scene
_SLACK = 0.3  # how much less is trusted for every further frame between the two
_NO_TIE = 1e-7  # holds what no pair reaches


@dataclass(frozen=True)
class History:
    """The light of the frames around one frame, as gains in log2 against that frame."""

    times: Values
    """(n,) frames after that frame; negative before. 0 is among them. The same scene throughout."""
    curves: Values
    """(n, C, knots): by the tone in that frame."""
    fields: Values
    """(n, cells): row by row of GRID, to be added to the curves."""
    noise: Values
    """(cells,): variance of the fields, by how far pairs contradict each other."""


def history(pairs: dict[tuple[int, int], PairChange], frame: int, first: int, last: int) -> History:
    """Fuse what is known of frames `first` to `last`, both included, against `frame`, one of them.

    `pairs`: by the two frames' numbers, the earlier one first, all pairs at DISTANCES within the range.
    Frames that cannot be told to show the same scene, and what lies beyond a cut, are left out.
    """
    alike = [
        (a, b, pairs[a, b])
        for a in range(first, last + 1)
        for b in (a + distance for distance in DISTANCES)
        if b <= last and pairs[a, b].agreement >= _SAME_SCENE
    ]
    known = _scene(alike, frame)
    channels = next(iter(pairs.values())).curves.shape[0] if pairs else 1
    if len(known) == 1:
        cells = GRID[0] * GRID[1]
        return History(
            np.zeros(1), np.zeros((1, channels, KNOT_COUNT)), np.zeros((1, cells)), np.zeros(cells)
        )
    place = {number: index for index, number in enumerate(known)}
    alike = [pair for pair in alike if pair[0] in place and pair[1] in place]
    ends = np.array([(place[a], place[b]) for a, b, _ in alike])
    trust = np.array([p.agreement**2 / (1 + _SLACK * (b - a)) for a, b, p in alike])
    curves = _curves(np.stack([p.curves for _, _, p in alike]), ends, trust, place[frame], len(known))
    seen = np.stack([p.seen.ravel() for _, _, p in alike]) * trust[:, None]
    changes = np.stack([p.field.ravel() for _, _, p in alike])
    fields = _solved(ends, seen, changes, place[frame], len(known))
    error = np.square(fields[ends[:, 1]] - fields[ends[:, 0]] - changes)
    noise = (seen * error).sum(axis=0) / (seen.sum(axis=0) + 1e-6)
    return History(np.array(known, np.float64) - frame, curves, fields, noise)


def _scene(alike: list[tuple[int, int, PairChange]], frame: int) -> list[int]:
    """The frames that pairs tie to `frame`, in order."""
    tied = {number: {number} for a, b, _ in alike for number in (a, b)}
    for a, b, _ in alike:
        tied[a].add(b)
        tied[b].add(a)
    found, edge = {frame}, [frame]
    while edge:
        fresh = tied.get(edge.pop(), set()) - found
        found |= fresh
        edge.extend(fresh)
    return sorted(found)


def _curves(changes: Values, ends: npt.NDArray[np.intp], trust: Values, now: int, count: int) -> Values:
    """Solve for curves (n, C, knots) from pairs' `changes` (pairs, C, knots).

    A pair's curve is given by the tone midway, which depends on the solution: two Gauss-Newton rounds.
    """
    size, channels, knots = changes.shape
    curves = np.zeros((count, channels, knots))
    for _ in range(2):
        half = (curves[ends[:, 0]] + curves[ends[:, 1]]) / 2
        midway = np.minimum(KNOTS * np.exp2(half), 1)
        told = curve_at(changes, midway).reshape(size, channels * knots)
        solution = _solved(ends, trust[:, None], told, now, count)
        curves = solution.reshape(count, channels, knots)
    return curves


def _solved(ends: npt.NDArray[np.intp], trust: Values, changes: Values, now: int, count: int) -> Values:
    """Weighted least squares levels (n, m) from pairs' differences `changes` (pairs, m); 0 at `now`.

    `trust`: (pairs, m), or (pairs, 1) where it is the same for all.
    """
    first, second = ends.T
    pairs = np.arange(len(ends))
    signs = np.zeros((count, len(ends)))
    signs[first, pairs], signs[second, pairs] = -1, 1
    series = trust.shape[1]
    matrix = np.zeros((series, count, count))
    matrix[:, first, second] = matrix[:, second, first] = -trust.T
    every = np.arange(count)
    matrix[:, every, every] = (np.abs(signs) @ trust).T + _NO_TIE
    target = signs @ (trust * changes)  # (n, m)
    others = np.delete(every, now)
    matrix = matrix[:, others[:, None], others]
    if series == 1:
        found = np.linalg.solve(matrix[0], target[others])
    else:
        found = np.linalg.solve(matrix, target[others].T[..., None])[..., 0].T
    levels = np.zeros(target.shape)
    levels[others] = found
    return levels
