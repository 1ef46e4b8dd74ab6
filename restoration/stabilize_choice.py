"""Which of two motions in the picture is the ground's: one chosen for every frame, over the whole shot.

Dynamic programming (Viterbi, 1967): the sequence of motions whose speed changes least, where the lesser
motion of a pair costs a little. A train that comes to fill the frame is not followed: that would be a jump
in speed; nor is a crowd that goes to and fro, while the ground behind it can be seen.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from reelfix.restoration.stabilize_path import LONG, Steps

Values = npt.NDArray[Any]
"""float64."""

_UNIT = 1 / 640
"""Of length, as a share of the width."""
_LESSER = 0.1
"""Price of taking the lesser motion for a frame, in units of a change of speed."""
_STRANGE = 6.0
"""Price of taking to a lesser motion that was not followed from frame to frame beside the greater."""
_UNKNOWN = 1e6
"""Price of a motion that is not there."""
_MOST = 10.0
"""Price of any change of speed at most."""
_SURE = 0.5
"""Confidence that a motion is there."""
_AGREES = 4.0
"""Units that the longer step may be off the sum of the short ones."""


def choose_steps(short: Values, long: Values) -> tuple[Steps, Steps]:
    """Return one motion for each step of a shot; `short` and `long` are (T, 2, 5), see stabilize_track."""
    count = len(short)
    chosen = short[np.arange(count), _sequence(short)]
    motion, confidence = chosen[:, :4].copy(), chosen[:, 4].copy()
    far, trust = np.zeros((count, 4)), np.zeros(count)
    if count > LONG:
        way = np.concatenate([np.zeros((1, 2)), np.cumsum(motion[:, :2], axis=0)])
        expected = way[LONG:count] - way[: count - LONG]
        known = np.lib.stride_tricks.sliding_window_view(confidence[: count - 1], LONG).min(axis=1) > _SURE
        candidates = long[: count - LONG]
        error = np.linalg.norm(candidates[:, :, :2] - expected[:, None], axis=2) / _UNIT
        # Across a frame that could not be measured, the long step bridges: the first of the two.
        nearest = np.where(known, (error + _MOST * (candidates[:, :, 4] < _SURE)).argmin(axis=1), 0)
        index = np.arange(len(nearest))
        far[: len(nearest)] = candidates[index, nearest, :4]
        agreeing = ~known | (error[index, nearest] < _AGREES)
        trust[: len(nearest)] = candidates[index, nearest, 4] * agreeing
    return Steps(1, motion, confidence), Steps(LONG, far, trust)


def _sequence(short: Values) -> npt.NDArray[np.intp]:
    """Which motion, 0 or 1, is taken for each frame (T,)."""
    count = len(short)
    speed = short[:, :, :2] / _UNIT
    own = np.array([0.0, _LESSER]) + _UNKNOWN * (short[:, :, 4] <= _SURE)
    total = own[0].copy()
    origin = np.zeros((count, 2), np.intp)
    for t in range(1, count):
        change = _changes(speed[t - 1], speed[t], short[t - 1, :, 4] > _SURE, short[t, :, 4] > _SURE)
        paths = total[:, None] + change
        origin[t] = paths.argmin(axis=0)
        total = paths.min(axis=0) + own[t]
    taken = np.zeros(count, np.intp)
    taken[-1] = int(total.argmin())
    for t in range(count - 1, 0, -1):
        taken[t - 1] = origin[t, taken[t]]
    return taken


def _changes(before: Values, after: Values, known_before: Values, known_after: Values) -> Values:
    """Price (2, 2) of going from each motion of a pair of frames (2, 2: x, y) to each of the next."""
    change = np.minimum(np.linalg.norm(after[None] - before[:, None], axis=2), _MOST)
    if known_before.all() and known_after.all():
        # Weave moves both alike: their difference tells which is which.
        apart, was = after[1] - after[0], before[1] - before[0]
        same, crossed = float(np.linalg.norm(apart - was)), float(np.linalg.norm(apart + was))
        change[[0, 1], [0, 1]] += min(max(same - crossed, 0), _MOST)
        change[[0, 1], [1, 0]] += min(max(crossed - same, 0), _MOST)
    else:
        change[0, 1] += _STRANGE
    # What is not known has no speed to change.
    change[~known_before] = 0
    change[:, ~known_after] = 0
    return np.asarray(change)
