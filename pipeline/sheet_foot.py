"""The foot of a contact sheet: slices through time and curves, all over one axis of frames."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from reelfix.pipeline.sheet_chart import (
    FAINT,
    FOOT,
    HEAD,
    INK,
    LEFT,
    PANEL,
    RIGHT,
    Colour,
    FrameAxis,
    Series,
    draw_chart,
    draw_frame_axis,
    font,
)
from reelfix.pipeline.sheet_measure import ShotMeasure, unsteadiness
from reelfix.pipeline.sheet_tiles import DIRT_COLOUR, SCRATCH_COLOUR

BEFORE: Colour = (240, 168, 64)
AFTER: Colour = (120, 220, 140)
_GAP = 12
_PANEL_HEIGHT = 260


def foot_height(measure: ShotMeasure) -> int:
    """Pixels that `draw_foot` fills: less where nothing is there to compare."""
    rows = 3 if len(measure.luma_after) or len(measure.dirt) else 1
    return rows * _PANEL_HEIGHT + (rows - 1) * _GAP


def draw_foot(foot: Image.Image, measure: ShotMeasure, axis: FrameAxis) -> None:
    """Draw slices on the left and curves on the right."""
    size = ((foot.width - _GAP) // 2, _PANEL_HEIGHT)
    if foot.height == _PANEL_HEIGHT:  # as ingested, and nothing marked
        panels = [[_slice(size, "before", measure, axis)], [_light(size, measure, axis)]]
    else:
        panels = [
            [
                _slice(size, "before", measure, axis),
                _slice(size, "after", measure, axis),
                _light(size, measure, axis),
            ],
            [
                _flicker(size, measure, axis),
                _dirt(size, measure, axis),
                _change(size, measure, axis),
            ],
        ]
    for column, charts in enumerate(panels):
        for row, chart in enumerate(charts):
            foot.paste(chart, (column * (size[0] + _GAP), row * (_PANEL_HEIGHT + _GAP)))


def _light(size: tuple[int, int], measure: ShotMeasure, axis: FrameAxis) -> Image.Image:
    lines = [
        Series("before", BEFORE, 100 * measure.luma_before),
        Series("after", AFTER, 100 * measure.luma_after),
    ]
    return draw_chart(size, "light: mean luma, % of peak", lines, axis)


def _flicker(size: tuple[int, int], measure: ShotMeasure, axis: FrameAxis) -> Image.Image:
    lines = [
        Series("before", BEFORE, 100 * unsteadiness(measure.luma_before)),
        Series("after", AFTER, 100 * unsteadiness(measure.luma_after)),
    ]
    title = "flicker: light off its median over 9 frames, %"
    return draw_chart(size, title, lines, axis)


def _dirt(size: tuple[int, int], measure: ShotMeasure, axis: FrameAxis) -> Image.Image:
    lines = [Series("dirt", DIRT_COLOUR, measure.dirt_count)]
    return draw_chart(size, "dirt: spots in a frame", lines, axis, from_zero=True)


def _change(size: tuple[int, int], measure: ShotMeasure, axis: FrameAxis) -> Image.Image:
    lines = [
        Series("mean change of peak", INK, 100 * measure.changed),
        Series("without light and place", AFTER, 100 * measure.repaired),
        Series("area of dirt", DIRT_COLOUR, 100 * measure.dirt),
        Series("of scratches", SCRATCH_COLOUR, 100 * measure.scratch),
    ]
    return draw_chart(size, "work, %:", lines, axis, from_zero=True)


def _slice(size: tuple[int, int], name: str, measure: ShotMeasure, axis: FrameAxis) -> Image.Image:
    """The middle row of the picture through time, time to the right: flicker shows as upright stripes."""
    panel = Image.new("RGB", size, PANEL)
    draw = ImageDraw.Draw(panel)
    colour, picture = {
        "before": (BEFORE, measure.slice_before),
        "after": (AFTER, measure.slice_after),
    }[name]
    words = f"middle row through time, {name} (upright stripes: flicker)"
    draw.text((LEFT, 8), words, fill=colour, font=font(25))
    if not picture.size:
        draw.text((LEFT, size[1] / 2), "not restored", fill=FAINT, font=font(25), anchor="lm")
        return panel
    box = (LEFT, HEAD, size[0] - RIGHT, size[1] - FOOT)
    panel.paste(slice_image(picture, (box[2] - box[0], box[3] - box[1])), box[:2])
    draw_frame_axis(draw, box, axis, len(measure.luma_before))
    return panel


def slice_image(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    """Show a slice (T', W) or (T', W, 3) at `size`, time to the right and the picture's width downwards."""
    turned = Image.fromarray(np.ascontiguousarray(np.swapaxes(picture, 0, 1)))
    down = turned.resize((turned.width, size[1]), Image.Resampling.BOX)
    way = Image.Resampling.BOX if down.width > size[0] else Image.Resampling.NEAREST
    return down.resize(size, way)
