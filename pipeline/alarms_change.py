"""Change that no stage accounts for: what is left of it once the expected is taken out."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Small = npt.NDArray[np.float32]
"""(C, h, w) in [0, 1]: a frame averaged down to some 240 pixels across; grain is all but gone."""
Flags = npt.NDArray[np.bool_]

VISIBLE = 0.04
"""Change (of the peak) from which a spot of a few pixels catches the eye."""
_LEVELS = 24
_FEWEST = 12  # pixels that a level needs
_FIELD_REACH = 0.07  # of the width: local light corrections are smoother than this
_FIELD_MOST = 0.15  # relative change beyond this is no light: it must not bend the field
_DARKEST = 0.1  # in the dark, light changes no less than it does at this tone
_LEAST_COUNTED = 0.05  # share of the picture without which nothing is said
_CELL = 3  # pixels over which what is left is averaged
_ECC = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-5)


@dataclass(frozen=True)
class Expected:
    """What the stages that ran may do to the whole of a frame."""

    moves: bool = False
    """A frame may be shifted, turned and scaled as a whole (`stabilize`)."""
    relights: bool = False
    """Tones may follow a curve of the frame, and light may vary smoothly across it (`deflicker`)."""


@dataclass(frozen=True)
class Remainder:
    """The change of one frame without what is expected of the stages that ran."""

    change: npt.NDArray[np.float32]
    """(h, w): of the channel that changed most, averaged over a few pixels: lost grain does not count."""
    counted: Flags
    """(h, w): where nothing is marked, and both frames show the same part of the picture."""

    @property
    def unexpected_share(self) -> float:
        """Share, 0 to 1, of the counted picture that changed visibly."""
        if np.count_nonzero(self.counted) < _LEAST_COUNTED * self.counted.size:
            return 0.0
        seen = np.count_nonzero(self.change[self.counted] > VISIBLE)
        return float(seen / np.count_nonzero(self.counted))


def remainder(before: Small, after: Small, marked: Flags, expected: Expected) -> Remainder:
    """Take what is expected out of the change of a frame.

    `marked` (h, w), in `after`'s place, is where a mask allows any change: it tells nothing of the rest.
    """
    counted = ~cv2.dilate(marked.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if expected.moves:
        before, is_inside = _moved_onto(before, after)
        counted &= is_inside
    left = np.zeros(counted.shape, np.float32)
    free = counted.astype(np.float32)
    weight = np.maximum(cv2.blur(free, (_CELL, _CELL)), np.float32(1e-3))
    for old, new in zip(before, after, strict=True):
        change = new - old
        if expected.relights:
            change = change - _tone_curve(old, change, counted)
            change = change - _smooth_light(old, change, counted)
        # What is marked must not leak into what is counted beside it.
        beside = cv2.blur(change * free, (_CELL, _CELL)) / weight
        mean = np.where(counted, beside, cv2.blur(change, (_CELL, _CELL)))
        left = np.maximum(left, np.abs(mean))
    return Remainder(left, counted)


def _moved_onto(before: Small, after: Small) -> tuple[Small, Flags]:
    """Align `before` with `after`, and say which pixels both of them show.

    Enhanced correlation coefficient (Evangelidis and Psarakis, PAMI 2008): blind to gain and offset.
    """
    height, width = before.shape[1:]
    warp = np.eye(2, 3, dtype=np.float32)
    target, source = after.mean(axis=0), before.mean(axis=0)
    try:
        _, found = cv2.findTransformECC(target, source, warp, cv2.MOTION_AFFINE, _ECC, None, 3)  # type: ignore[call-overload]
        warp = np.asarray(found, dtype=np.float32)
    except cv2.error:
        pass  # no texture to align by: compared in place
    way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = (width, height)
    moved = [
        cv2.warpAffine(plane, warp, size, flags=way, borderMode=cv2.BORDER_REPLICATE) for plane in before
    ]
    inside = cv2.warpAffine(np.ones((height, width), np.float32), warp, size, flags=way)
    # The filled edge that a shift leaves, and the edge that the cropped one lost, are no evidence.
    kept = cv2.erode((inside > 0.99).astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=0)
    return np.stack(moved), kept.astype(bool)


def _tone_curve(
    old: npt.NDArray[np.float32], change: npt.NDArray[np.float32], counted: Flags
) -> npt.NDArray[np.float32]:
    """Median change of each level of tone, (h, w)."""
    level = np.clip((old * _LEVELS).astype(np.intp), 0, _LEVELS - 1)
    centres, medians = [], []
    for index in range(_LEVELS):
        values = change[counted & (level == index)]
        if len(values) >= _FEWEST:
            centres.append((index + 0.5) / _LEVELS)
            medians.append(float(np.median(values)))
    if not centres:
        return np.zeros_like(old)
    return np.interp(old, centres, medians).astype(np.float32)


def _smooth_light(
    old: npt.NDArray[np.float32], change: npt.NDArray[np.float32], counted: Flags
) -> npt.NDArray[np.float32]:
    """Change (h, w) that light which varies smoothly across the picture makes: in proportion to the tone."""
    tone = old + np.float32(_DARKEST)
    weight = counted.astype(np.float32)
    sigma = _FIELD_REACH * change.shape[1]
    share = np.clip(change / tone, -_FIELD_MOST, _FIELD_MOST) * weight
    total = cv2.GaussianBlur(share, (0, 0), sigma)
    field = total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
    return np.asarray(field * tone, dtype=np.float32)
