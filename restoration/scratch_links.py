"""Pieces of a scratch held against each other: along a frame, and from frame to frame.

A scratch runs through the film: the frames before and after have it near the same place, and in a frame its
pieces lie on one course. A piece that nothing answers to, or a short one, is rather a thing of the scene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import LineStrip
from reelfix.restoration.scratch_trace import Piece, follow

REACH = 2
"""Frames to either side that a piece is held against."""
LINKS = 8
"""Numbers that say how a piece is linked; the higher, the better."""
LONGEST, ANSWER = 1, 4
"""Of those: logarithm of how long it is at the most, 0 for long enough; the mean odds in other frames."""

_APART = (3.0, 5.0, 8.0)  # columns that a scratch may be aside: in its own frame, the next, the one after
_SURE = 1.0  # logit of a piece whose course is looked for in the frame between
_COUNTS = -1.0  # logit of a piece whose length counts
_NO_LINK = -4.0
_NO_LENGTH = 0.02  # of the height
_LONG = 0.25  # of the height: beyond this, length says little
_FARTHEST = 6.0  # columns
_UNKNOWN_BEND = 2.0
_NEW_SHARE, _NEW_ROWS = 0.3, 6  # of a course between: least that no known piece covers


@dataclass(frozen=True)
class Courses:
    """The pieces of a frame, n of them, laid out row by row of its strip."""

    pieces: Sequence[Piece]
    odds: Plane
    """(n,): logit of each by itself."""
    polarity: npt.NDArray[np.int64]
    there: npt.NDArray[np.bool_]
    """(n, rows)."""
    columns: Plane
    """(n, rows): where it is; above and below, where it ends."""


def courses_of(pieces: Sequence[Piece], odds: Plane, rows: int) -> Courses:
    """Lay out pieces (n) with their odds (n,)."""
    there = np.zeros((len(pieces), rows), np.bool_)
    columns = np.zeros((len(pieces), rows), np.float32)
    for number, piece in enumerate(pieces):
        there[number, piece.course_rows] = True
        columns[number] = np.interp(np.arange(rows), piece.course_rows, piece.course)
    polarity = np.array([piece.polarity for piece in pieces], np.int64)
    return Courses(pieces, odds, polarity, there, columns)


def links_of(courses: Mapping[int, Courses], frame: int) -> Plane:
    """How the pieces of a frame are linked with its others, and with the frames around: (n, LINKS)."""
    own = courses[frame]
    count = len(own.pieces)
    length = _lengths(_linked(own, own, 0), own)
    nearest: list[Plane] = []
    answers, lengths = [], []
    aside: dict[int, Plane] = {}
    around = [t for t in range(frame - REACH, frame + REACH + 1) if t != frame and t in courses]
    for t in around:
        other = courses[t]
        linked = _linked(own, other, abs(t - frame))
        odds = np.where(linked, np.clip(other.odds, _NO_LINK, -_NO_LINK), _NO_LINK)
        best = odds.max(axis=1, initial=_NO_LINK)
        answers.append(best)
        lengths.append(_lengths(linked & (other.odds > _COUNTS), other))
        if abs(t - frame) == 1:
            nearest.append(best)
            aside[t - frame] = _step(own, other, linked, odds)
    nothing = np.full((1, count), _NO_LINK)
    near = np.stack(nearest) if nearest else nothing
    answered = np.stack(answers) if answers else nothing
    long = np.stack(lengths) if lengths else np.full((1, count), _NO_LENGTH)
    bend = np.abs(aside[-1] + aside[1]) if len(aside) == 2 else np.full(count, np.nan)
    bend = np.where(np.isnan(bend), _UNKNOWN_BEND, np.minimum(bend, _FARTHEST))
    columns = (
        np.minimum(np.log(length / _LONG), 0),
        np.minimum(np.log(np.maximum(long.max(axis=0), length) / _LONG), 0),
        np.log(long.mean(axis=0)),
        answered.max(axis=0),
        answered.mean(axis=0),
        near.mean(axis=0),
        near.min(axis=0),
        -bend,
    )
    return np.stack(columns, axis=1).astype(np.float32)


def between(strip: LineStrip, before: Courses, after: Courses, own: Courses, strength: float) -> list[Piece]:
    """Pieces that a frame has where the one before and the one after have one, at places that fit.

    `own`: those of the frame that are known.
    """
    found = []
    linked = _linked(before, after, 2) & (before.odds[:, None] > _SURE) & (after.odds > _SURE)
    for here, there in zip(*np.nonzero(linked), strict=True):
        rows = np.flatnonzero(before.there[here] & after.there[there])
        if len(rows) == 0:
            continue
        course = (before.columns[here] + after.columns[there]) * np.float32(0.5)
        near = np.abs(own.columns - course)[:, rows] < _APART[1]
        known = (near & own.there[:, rows] & (own.polarity == before.polarity[here])[:, None]).any(axis=0)
        if (~known).sum() < max(_NEW_SHARE * len(rows), _NEW_ROWS):
            continue
        row = np.arange(rows[0], rows[-1] + 1)
        odds = (float(before.odds[here]), float(after.odds[there]))
        said = (sum(odds) / 2, min(odds), min(odds), min(odds))
        traced = follow(
            strip, int(before.polarity[here]), row, course[row], np.isin(row, rows), said, strength
        )
        if traced is not None:
            found.append(traced)
    return found


def _linked(own: Courses, other: Courses, apart: int) -> npt.NDArray[np.bool_]:
    """Which of m other pieces lie on the course of which of n: (n, m)."""
    away = np.abs(own.columns[:, None] - other.columns)  # n x m x rows
    both = own.there[:, None] & other.there
    common = both.sum(axis=2)
    mean = (away * both).sum(axis=2) / np.maximum(common, 1)
    # Where no row has both, their ends must fit.
    gap = away.min(axis=2, initial=np.inf)
    fits = np.where(common > 0, mean, gap) <= _APART[apart]
    return np.asarray(fits & (own.polarity[:, None] == other.polarity))


def _lengths(linked: npt.NDArray[np.bool_], other: Courses) -> Plane:
    """Share of the height that the linked pieces cover together, (n,)."""
    rows = other.there.shape[1]
    covered = linked.astype(np.float32) @ other.there.astype(np.float32) > 0
    return np.asarray(np.maximum(covered.sum(axis=1) / np.float32(rows), np.float32(_NO_LENGTH)))


def _step(own: Courses, other: Courses, linked: npt.NDArray[np.bool_], odds: Plane) -> Plane:
    """Columns from each of n pieces to the likeliest of those linked with it, (n,); not a number without."""
    if not other.pieces:
        return np.full(len(own.pieces), np.nan)
    best = odds.argmax(axis=1)
    weight = own.there.astype(np.float32)
    away = ((other.columns[best] - own.columns) * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
    return np.where(linked.any(axis=1), away, np.nan)
