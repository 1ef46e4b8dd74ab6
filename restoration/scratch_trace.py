"""From places held to be scratched to the pixels that a scratch covers, row by row."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import BANDS, LineStrip
from reelfix.restoration.scratch_companions import companions_beside
from reelfix.restoration.scratch_places import Places

SEED, BODY = 0.5, -2.0  # logits: a scratch has some of the first, and takes in what is above the second
TRAITS = 12
"""Numbers that speak for a piece's being a scratch, by itself."""
_LEAST = 3  # bands that one piece spans
_ONWARD = 16  # most bands beyond its last place that it is followed
_ASIDE = 8  # columns to either side that are looked at
_HALF = 5  # most columns from the middle of a scratch to its edge
_BROADEST = 5  # columns over which it may stand at half its height or more
_ROWS = 5  # rows of the strip over which its contrast is smoothed
_SHARE = 0.2  # of its usual height that a row must have
_NOISE = 1.0  # times what the picture beside has
_EDGE = 0.13  # of its height, where its soft side ends
_FAINT = 0.016  # contrast below which nothing is marked
_PLAIN_NOISE, _PLAIN_SHARE = 1.5, 0.35  # the same for rows beyond its places
_BREAK = 6  # rows that it may be broken for there
_GAP, _PIECE = 3, 4  # rows: longest gap that is closed, shortest piece that is kept


@dataclass(frozen=True)
class Piece:
    """A scratch, or what looks like one, as far as it runs without a long break."""

    polarity: int
    """0 bright, 1 dark."""
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    """The strip's cells that it covers."""
    course_rows: npt.NDArray[np.int64]
    """(r,): rows of the strip in which it is."""
    course: Plane
    """(r,): its column in each of them, in parts."""
    traits: Plane
    """float32 (TRAITS,): what speaks for its being a scratch."""


def pieces_of(
    strip: LineStrip, places: Places, logit: Plane, backing: Plane, strength: float = 1.0
) -> list[Piece]:
    """Join places that may be scratched to pieces, and find the cells that each covers."""
    pieces = []
    for polarity in (0, 1):
        chosen = np.nonzero((places.polarity == polarity) & (logit > BODY))[0]
        if len(chosen) == 0 or logit[chosen].max() <= SEED:
            continue
        labels = _joined(places.band[chosen], places.column[chosen], strip.luma.shape[1])
        for label in np.unique(labels):
            part = chosen[labels == label]
            bands = places.band[part]
            if logit[part].max() > SEED and np.ptp(bands) + 1 >= _LEAST:
                piece = _followed(
                    strip, polarity, bands, places.column[part], logit[part], backing[part], strength
                )
                if piece is not None:
                    pieces.append(piece)
    for piece in tuple(pieces):
        for rough in companions_beside(strip.luma, piece.polarity, piece.course_rows, piece.course):
            row = piece.course_rows
            known = [one for one in pieces if one.polarity == piece.polarity and _same(one, row, rough)]
            said = (piece.traits[0], piece.traits[1], piece.traits[7], piece.traits[8])
            if not known:
                core = np.ones(len(row), np.bool_)
                beside = follow(strip, piece.polarity, row, rough, core, said, strength)
                if beside is not None:
                    pieces.append(beside)
    return pieces


def _same(piece: Piece, rows: npt.NDArray[np.int64], columns: Plane) -> bool:
    """Whether a piece covers most of a course."""
    there = np.isin(rows, piece.course_rows)
    away = np.abs(np.interp(rows, piece.course_rows, piece.course) - columns)
    return bool((there & (away < 1.5)).mean() > 0.5)


def _joined(
    bands: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.int32]:
    """Number the pieces that places belong to."""
    held = np.zeros((BANDS, width), np.uint8)
    held[bands, columns] = 1
    body = cv2.dilate(held, np.ones((5, 3), np.uint8))
    _, labels = cv2.connectedComponents(body, connectivity=8)
    return np.asarray(labels[bands, columns], np.int32)


def _followed(
    strip: LineStrip,
    polarity: int,
    bands: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    logit: Plane,
    backing: Plane,
    strength: float,
) -> Piece | None:
    """Follow one piece row by row; None where no row shows it."""
    rows = strip.luma.shape[0]
    scale = rows / BANDS
    known = np.unique(bands)
    strongest = np.array([np.flatnonzero(bands == band)[logit[bands == band].argmax()] for band in known])
    first = int(max((known[0] - _ONWARD) * scale, 0))
    last = int(min((known[-1] + 1 + _ONWARD) * scale, rows))
    row = np.arange(first, last)
    middles = (known + 0.5) * scale - 0.5
    rough = np.interp(row, middles, columns[strongest])
    core = (row >= known[0] * scale) & (row < (known[-1] + 1) * scale)
    best = np.sort(logit[strongest])[::-1]
    said = (best[: len(best) // 2 + 1].mean(), best[0], *backing[strongest].mean(axis=0))
    return follow(strip, polarity, row, rough, core, said, strength)


def follow(
    strip: LineStrip,
    polarity: int,
    row: npt.NDArray[np.int64],
    rough: Plane,
    core: npt.NDArray[np.bool_],
    said: tuple[float, float, float, float],
    strength: float,
) -> Piece | None:
    """Follow what runs near the `rough` columns (r,) of each `row` (r,); None where no row shows it.

    `core` (r,): rows where it is said to be; in the others it must be plain. `said`: logits of its places,
    mean of the better half and the best, and what the frames around say, mean of the best two and of all.
    """
    rows, width = strip.luma.shape
    middle = _middle(strip.ridges[polarity], row, rough)
    offsets = np.arange(-_ASIDE, _ASIDE + 1)
    seen = _across(strip.luma, row, middle[:, None] + offsets) * np.float32(1 - 2 * polarity)
    profile = _profile(seen)
    height, noise = _heights(_smooth(seen), profile)
    usual = float(np.quantile(height[core], 0.7))
    present = height > np.maximum(noise * _NOISE, max(_SHARE * usual, _FAINT / strength))
    # Beyond its places it goes on while it is plain, without a long break.
    plain = present & (height > np.maximum(noise * _PLAIN_NOISE, _PLAIN_SHARE * usual))
    present = _mended(present & (core | _joining(plain | core, core)))
    if not present.any() or (profile > 0.5).sum() > _BROADEST:
        return None
    at = np.rint(middle).astype(np.int64)[:, None] + offsets
    there = np.interp(at - middle[:, None], offsets, profile)
    inside = height[:, None] * there > np.maximum(_FAINT, _EDGE * height)[:, None]
    inside[:, _ASIDE] = True
    inside &= present[:, None] & (at >= 0) & (at < width)
    which, offset = np.nonzero(inside)
    traits = [
        said[0],
        said[1],
        np.log(max(core.sum() / rows, 1 / BANDS)),
        np.log(present.sum() / rows),
        present.mean(),
        profile.sum(),
        max(profile.sum() - 4, 0),
        said[2],
        said[3],
        np.log(max(float(np.median(height[present] / (noise[present] + 0.003))), 0.05)),
        np.log(max(usual, 0.005)),
        np.abs(np.diff(middle)).mean() if len(middle) > 1 else 0.0,
    ]
    return Piece(
        polarity,
        row[which],
        at[which, offset],
        row[present],
        middle[present],
        np.array(traits, np.float32),
    )


def _profile(seen: Plane) -> Plane:
    """The scratch's usual profile (2 _ASIDE + 1,), 1 in the middle and falling to both sides."""
    steep = _HALF + 2
    near = seen[:, _ASIDE - steep : _ASIDE + steep + 1]
    ends = np.linspace(0, 1, 2 * steep + 1, dtype=np.float32)
    left, right = near[:, :2].mean(axis=1), near[:, -2:].mean(axis=1)
    over = near - (left[:, None] * (1 - ends) + right[:, None] * ends)
    usual = np.median(over, axis=0)
    half = usual[steep:], usual[steep::-1]
    falling = [np.minimum.accumulate(np.maximum(side / max(float(usual[steep]), 1e-4), 0)) for side in half]
    profile = np.zeros(2 * _ASIDE + 1, np.float32)
    profile[_ASIDE : _ASIDE + _HALF + 1] = np.minimum(falling[0][: _HALF + 1], 1)
    profile[_ASIDE - _HALF : _ASIDE + 1] = np.minimum(falling[1][: _HALF + 1], 1)[::-1]
    return profile


def _heights(seen: Plane, profile: Plane) -> tuple[Plane, Plane]:
    """Height (rows,) of the profile in every row, fitted along with a slope; and the same where none is."""
    support = int(np.flatnonzero(profile > _EDGE).max() - _ASIDE) if (profile > _EDGE).any() else 1
    reach = min(max(support, 1) + 2, _ASIDE)
    part = profile[_ASIDE - reach : _ASIDE + reach + 1].astype(np.float64)
    basis = np.stack([part, np.ones(2 * reach + 1), np.arange(-reach, reach + 1.0)])
    fitted = np.linalg.lstsq(basis.T, np.eye(2 * reach + 1), rcond=None)[0][0].astype(np.float32)
    answers = cv2.filter2D(seen, -1, fitted[None], borderType=cv2.BORDER_REPLICATE)
    height = answers[:, _ASIDE - 1 : _ASIDE + 2].max(axis=1)
    # Only what answers the other way: a scratch close by is no noise.
    beside = np.maximum(-np.concatenate([answers[:, :4], answers[:, -4:]], axis=1), 0).mean(axis=1) * 2
    return height, np.asarray(_smooth(beside[:, None])[:, 0])


def _middle(ridge: Plane, row: npt.NDArray[np.int64], rough: Plane) -> Plane:
    """The column, in parts, of the ridge in every row, within two of the `rough` one."""
    offsets = np.arange(-2, 3)
    base = np.rint(rough).astype(np.int64)
    columns = np.clip(base[:, None] + offsets, 0, ridge.shape[1] - 1)
    height = np.maximum(_smooth(ridge[row[:, None], columns]), 0)
    height = height - np.float32(0.05) * np.abs(offsets)
    weight = np.maximum(height - 0.5 * height.max(axis=1, keepdims=True), 0) + np.float32(1e-6)
    middle = base + (weight * offsets).sum(axis=1) / weight.sum(axis=1)
    smooth = cv2.blur(middle.astype(np.float32)[:, None], (1, _ROWS), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(smooth[:, 0], 0, ridge.shape[1] - 1))


def _across(luma: Plane, row: npt.NDArray[np.int64], columns: Plane) -> Plane:
    """The strip at `columns` (rows, n), in parts, of each `row`."""
    columns = np.clip(columns, 0, luma.shape[1] - 1).astype(np.float32)
    rows = np.broadcast_to(row.astype(np.float32)[:, None], columns.shape)
    return np.asarray(cv2.remap(luma, columns, np.ascontiguousarray(rows), cv2.INTER_LINEAR))


def _smooth(values: Plane) -> Plane:
    return np.asarray(cv2.blur(values, (1, _ROWS), borderType=cv2.BORDER_REPLICATE))


def _joining(plain: npt.NDArray[np.bool_], core: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows that run on from the core, breaks shorter than _BREAK rows left aside."""
    closed = cv2.morphologyEx(
        plain.astype(np.uint8)[:, None], cv2.MORPH_CLOSE, np.ones((_BREAK, 1), np.uint8)
    )
    _, labels = cv2.connectedComponents(closed)
    return np.asarray((labels[:, 0] > 0) & np.isin(labels[:, 0], labels[core, 0]))


def _mended(present: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Close short gaps and drop short pieces."""
    column = present.astype(np.uint8)[:, None]
    closed = cv2.morphologyEx(column, cv2.MORPH_CLOSE, np.ones((_GAP + 1, 1), np.uint8))
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((_PIECE, 1), np.uint8))[:, 0] > 0)
