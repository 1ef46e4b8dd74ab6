"""Which frames of a shot its contact sheet shows, and their pictures."""

from fractions import Fraction

from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.pixels import Codes
from reelfix.pipeline.sheet_drawing import COLUMN_WIDTH, SheetColumn
from reelfix.pipeline.sheet_measure import Masks, ShotMeasure, has_after, masks_of
from reelfix.pipeline.sheet_tiles import (
    Tile,
    difference_gain,
    difference_tile,
    frame_tile,
    is_limited_range,
    mask_tile,
    tile_size,
)


def sheet_columns(outcome: ShotOutcome, measure: ShotMeasure) -> list[SheetColumn]:
    """Make the columns of a shot's sheet: first, middle, last and most changed frame, each shown once.

    Rows: `before`; `after` and `difference xN` where the shot is restored; `mask` where one was made.
    """
    shown: dict[int, str] = {}
    for label, frame in _chosen(outcome, measure):
        shown[frame] = f"{shown[frame]}, {label}" if frame in shown else label
    pairs = {frame: _pair(outcome, frame) for frame in shown}
    gains = [difference_gain(before, after) for before, after in pairs.values() if after is not None]
    gain = min(gains, default=1)
    return [
        SheetColumn(label, frame, _tiles(outcome, frame, *pairs[frame], gain))
        for frame, label in shown.items()
    ]


def _chosen(outcome: ShotOutcome, measure: ShotMeasure) -> list[tuple[str, int]]:
    shot = outcome.shot
    chosen = [
        ("first", shot.start),
        ("middle", shot.start + shot.frame_count // 2),
        ("last", shot.stop - 1),
    ]
    if measure.most_changed is not None:
        chosen.append(("most changed", shot.start + measure.most_changed))
    return chosen


def _pair(outcome: ShotOutcome, frame: int) -> tuple[Codes, Codes | None]:
    """Return one frame (C, H, W) before, and after where there is such."""
    before = outcome.before(frame, frame + 1)[0]
    return before, outcome.after(frame, frame + 1)[0] if has_after(outcome) else None


def _tiles(
    outcome: ShotOutcome, frame: int, before: Codes, after: Codes | None, gain: int
) -> dict[str, Tile]:
    clip, video = outcome.reel.clip, outcome.reel.info.video
    aspect = float(Fraction(video.sample_aspect_ratio) or 1)
    size = tile_size(clip.width, clip.height, COLUMN_WIDTH, aspect)
    limited = is_limited_range(video)
    tiles = {"before": frame_tile(before, size, limited=limited)}
    if after is not None:
        tiles["after"] = frame_tile(after, size, limited=limited)
    mask: Masks | None = masks_of(outcome, frame, frame + 1)
    if mask is not None:
        tiles["mask"] = mask_tile(before, mask[0], size, limited=limited)
    if after is not None:
        tiles[f"difference x{gain}"] = difference_tile(before, after, size, gain)
    return tiles
