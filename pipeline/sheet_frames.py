"""Which frames of a shot its contact sheet shows, their pictures, and the close-ups."""

from fractions import Fraction

from reelfix.pipeline.colour_hints import ColourHints, PointHint, hints_of
from reelfix.pipeline.inputs import open_input
from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.pixels import Codes, is_limited_range
from reelfix.pipeline.sheet_drawing import CLOSE_UP, CloseUp, SheetFrame, column_width
from reelfix.pipeline.sheet_measure import Masks, ShotMeasure, has_after, masks_of
from reelfix.pipeline.sheet_spots import Spot
from reelfix.pipeline.sheet_tiles import (
    Tile,
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
    middle, the first and the last. Of each: `before`; `after` and `difference` where the shot is restored;
    `mask` where one was made.
    """
    shown: dict[int, str] = {}
    hints = hints_of(outcome.reel).of(outcome.shot) if outcome.has_chroma else ColourHints()
    for label, frame in _chosen(outcome, measure, hints):
        if frame in shown:
            shown[frame] += f", {label}"
        elif len(shown) < _FRAMES:
            shown[frame] = label
    pairs = {frame: _pair(outcome, frame) for frame in sorted(shown)}
    return [
        _sheet_frame(outcome, shown[frame], frame, *pair, hints.points_on(frame))
        for frame, pair in pairs.items()
    ]


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


def _pair(outcome: ShotOutcome, frame: int) -> tuple[Codes, Codes | None]:
    """Return one frame (C, H, W) before, and after where there is such."""
    before = outcome.before(frame, frame + 1)[0]
    return before, outcome.after(frame, frame + 1)[0] if has_after(outcome) else None


def _sheet_frame(
    outcome: ShotOutcome,
    label: str,
    frame: int,
    before: Codes,
    after: Codes | None,
    points: tuple[PointHint, ...],
) -> SheetFrame:
    mask: Masks | None = masks_of(outcome, frame, frame + 1)
    kinds = 1 + 2 * (after is not None) + (mask is not None)
    clip, video = outcome.reel.clip, outcome.reel.info.video
    size = tile_size(clip.width, clip.height, column_width(kinds), _aspect(outcome))
    limited = is_limited_range(video)
    tiles: dict[str, Tile] = {"before": frame_tile(before, size, limited=limited)}
    if after is not None:
        seen = frame_tile(outcome.seen(frame, frame + 1)[0], size, limited=limited)
        tiles["after"] = hints_tile(seen, points, (clip.width, clip.height))
    if mask is not None:
        tiles["mask"] = mask_tile(_searched(outcome, frame), mask[0], size, limited=limited)
    gain = 1
    if after is not None:
        gain = difference_gain(before, after)
        tiles["difference"] = difference_tile(before, after, size, gain)
    outline = None if mask is None else mask_outline(mask[0], size)
    return SheetFrame(label, frame, tiles, outline, gain)


def _searched(outcome: ShotOutcome, frame: int) -> Codes:
    """Return the frame (C, H, W) that its mask was made of: the picture may have been moved by then."""
    maker = next(entry.task for entry in reversed(outcome.stages) if "mask" in entry.task.make_stage().makes)
    source = next((source for source in maker.inputs if source.product == "frames"), None)
    if source is None:
        return _pair(outcome, frame)[0]
    place = frame - outcome.shot.start
    codes: Codes = open_input(outcome.reel, maker, source).read(place, place + 1)["frames"][0]
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
