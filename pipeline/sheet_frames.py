"""Which frames of a shot its contact sheet shows, their pictures, and the close-ups."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from reelfix.pipeline.colour_hints import ColourHints, PointHint
from reelfix.pipeline.hint_files import hints_of
from reelfix.pipeline.inputs import open_input
from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.pixels import Codes, is_limited_range
from reelfix.pipeline.sheet_drawing import CLOSE_UP, CloseUp, SheetFrame, column_width
from reelfix.pipeline.sheet_measure import Masks, ShotMeasure, has_after, masks_of
from reelfix.pipeline.sheet_spots import Spot
from reelfix.pipeline.sheet_tiles import (
    Tile,
    colour_change,
    colour_gain,
    colour_tile,
    difference_gain,
    difference_tile,
    frame_tile,
    hints_tile,
    mask_outline,
    mask_tile,
    tile_size,
)

_FRAMES = 3
_CLOSE_UP_SHARE = 0.2
"""Of the picture's width, that a close-up shows."""


def sheet_frames(outcome: ShotOutcome, measure: ShotMeasure) -> list[SheetFrame]:
    """Make the pictures of up to three frames of a shot, in the order of time, each frame once.

    The first with hints for its colours; the most changed, the one with most marked, a typical one; then the
    middle, the first and the last. Of each: `before`; `after` and `difference` where the shot is restored,
    `luma` and `colour` in place of `difference` where it got colours; `mask` where one was made.
    """
    shown: dict[int, str] = {}
    hints = hints_of(outcome.reel).of(outcome.shot) if outcome.has_chroma else ColourHints()
    for label, frame in _chosen(outcome, measure, hints):
        if frame in shown:
            shown[frame] += f", {label}"
        elif len(shown) < _FRAMES:
            shown[frame] = label
    frames = [_sheet_frame(outcome, shown[frame], frame, hints.points_on(frame)) for frame in sorted(shown)]
    if outcome.has_chroma and has_after(outcome):
        _add_colours(outcome, frames)
    return frames


def close_ups(outcome: ShotOutcome, measure: ShotMeasure) -> list[CloseUp]:
    """Make the close-ups of the places that changed most, before and after."""
    return [_close_up(outcome, spot) for spot in measure.spots]


def _chosen(outcome: ShotOutcome, measure: ShotMeasure, hints: ColourHints) -> list[tuple[str, int]]:
    shot = outcome.shot
    chosen = [("with hints", frame) for frame in hints.frames[:1]]
    if measure.most_changed is not None:
        chosen.append(("most changed", shot.start + measure.most_changed))
    if measure.most_marked is not None:
        chosen.append(("most marked", shot.start + measure.most_marked))
    if measure.most_changed is not None:
        typical = int(measure.changed.argsort(kind="stable")[shot.frame_count // 2])
        chosen.append(("typical", shot.start + typical))
    return [
        *chosen,
        ("middle", shot.start + shot.frame_count // 2),
        ("first", shot.start),
        ("last", shot.stop - 1),
    ]


def _sheet_frame(outcome: ShotOutcome, label: str, frame: int, points: tuple[PointHint, ...]) -> SheetFrame:
    """Make the pictures of one frame, all but `colour`."""
    before = outcome.before(frame, frame + 1)[0]
    after = outcome.after(frame, frame + 1)[0] if has_after(outcome) else None
    mask: Masks | None = masks_of(outcome, frame, frame + 1)
    kinds = 1 + (mask is not None) + (0 if after is None else 3 if outcome.has_chroma else 2)
    clip, limited = outcome.reel.clip, is_limited_range(outcome.reel.info.video)
    size = tile_size(clip.width, clip.height, column_width(kinds), _aspect(outcome))
    tiles: dict[str, Tile] = {"before": frame_tile(before, size, limited=limited)}
    gains = {}
    if after is not None:
        seen = frame_tile(outcome.seen(frame, frame + 1)[0], size, limited=limited)
        tiles["after"] = hints_tile(seen, points, (clip.width, clip.height))
    if mask is not None:
        tiles["mask"] = mask_tile(_searched(outcome, frame), mask[0], size, limited=limited)
    if after is not None:
        kind = "luma" if outcome.has_chroma else "difference"
        old, new = (_luma(outcome, codes) for codes in (before, after)) if kind == "luma" else (before, after)
        gains[kind] = difference_gain(old, new)
        tiles[kind] = difference_tile(old, new, size, gains[kind])
    outline = None if mask is None else mask_outline(mask[0], size)
    return SheetFrame(label, frame, tiles, outline, gains)


def _add_colours(outcome: ShotOutcome, frames: Sequence[SheetFrame]) -> None:
    """Add `colour` to frames that have their other pictures: all of them equally amplified."""
    weights = outcome.reel.clip.red_weight, outcome.reel.clip.blue_weight
    height, width = frames[0].tiles["before"].shape[:2]
    changes = []
    for shown in frames:
        before, chroma = (read(shown.frame, shown.frame + 1) for read in (outcome.before, outcome.chroma))
        assert before is not None
        assert chroma is not None
        changes.append(colour_change(before[0], chroma[0], (width, height), weights))
    gain = colour_gain(changes)
    for shown, change in zip(frames, changes, strict=True):
        luma = _luma(outcome, outcome.after(shown.frame, shown.frame + 1)[0])
        shown.tiles["colour"] = colour_tile(luma, change, gain, weights)
        shown.gains["colour"] = gain


def _luma(outcome: ShotOutcome, frame: Codes) -> Codes:
    """Return the luma (1, H, W) of a frame (C, H, W)."""
    if len(frame) == 1:
        return frame
    red, blue = outcome.reel.clip.red_weight, outcome.reel.clip.blue_weight
    luma = np.tensordot(np.array([red, 1 - red - blue, blue], np.float32), frame.astype(np.float32), axes=1)
    return np.asarray(np.rint(luma)[None], dtype=np.uint16)


def _searched(outcome: ShotOutcome, frame: int) -> Codes:
    """Return the frame (C, H, W) that its mask was made of: the picture may have been moved by then."""
    maker = next(entry.task for entry in reversed(outcome.stages) if "mask" in entry.task.make_stage().makes)
    source = next((source for source in maker.inputs if source.product == "frames"), None)
    if source is None:
        codes: Codes = outcome.before(frame, frame + 1)[0]
    else:
        place = frame - outcome.shot.start
        codes = open_input(outcome.reel, maker, source).read(place, place + 1)["frames"][0]
    return codes


def _close_up(outcome: ShotOutcome, spot: Spot) -> CloseUp:
    """Cut the same square, as seen on a screen, out of a frame before and after."""
    clip = outcome.reel.clip
    frame = outcome.shot.start + spot.frame
    aspect = _aspect(outcome)
    width = min(max(round(_CLOSE_UP_SHARE * clip.width), 24), clip.width)
    height = min(max(round(width * aspect), 1), clip.height)
    left = round(min(max(spot.x * clip.width - width / 2, 0), clip.width - width))
    top = round(min(max(spot.y * clip.height - height / 2, 0), clip.height - height))
    limited = is_limited_range(outcome.reel.info.video)
    size = (CLOSE_UP, max(round(CLOSE_UP * height / (width * aspect)), 1))
    before, after = (
        frame_tile(whole[:, top : top + height, left : left + width], size, limited=limited)
        for whole in (outcome.before(frame, frame + 1)[0], outcome.seen(frame, frame + 1)[0])
    )
    return CloseUp(frame, (left, top), before, after)


def _aspect(outcome: ShotOutcome) -> float:
    """A pixel's width over its height."""
    return float(Fraction(outcome.reel.info.video.sample_aspect_ratio) or 1)
