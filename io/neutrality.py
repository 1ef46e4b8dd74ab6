"""How far a picture's colours are from grey: what tells a black-and-white film in a colour format."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from reelfix.io.pixel_format import PixelFormat

TOLERANCE = 3 / 255
"""A sample this close to neutral, in parts of the peak, is taken for grey: coders leave that much."""
MOST_COLOURED = 0.001
"""A frame is grey while at most this part of its samples is coloured (the 99.9th percentile rule)."""

_MOST_ROWS = 256


def coloured_part(planes: Mapping[str, npt.NDArray[np.unsignedinteger]], pixel_format: PixelFormat) -> float:
    """Return the part of a frame's samples, 0 to 1, that lie further than TOLERANCE from neutral.

    `planes` (H, W) by name. Chroma is held against its middle code value; for R, G, B, red and blue against
    green. Of a large frame, evenly spread rows are taken (at most 256). Always 0 for gray formats.
    """
    allowed = TOLERANCE * pixel_format.peak
    if pixel_format.is_yuv:
        neutral = (pixel_format.peak + 1) // 2
        return max(_beyond(_rows(planes[name]), neutral, allowed) for name in ("u", "v"))
    if pixel_format.planes == ("gray",):
        return 0.0
    green = _rows(planes["g"]).astype(np.int32)
    return max(_beyond(_rows(planes[name]).astype(np.int32) - green, 0, allowed) for name in ("r", "b"))


def _rows(plane: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.unsignedinteger]:
    return plane[:: -(-len(plane) // _MOST_ROWS)]


def _beyond(samples: npt.NDArray[np.integer], centre: int, allowed: float) -> float:
    high, low = centre + allowed, centre - allowed
    coloured = np.count_nonzero(samples > int(high)) + np.count_nonzero(samples < int(np.ceil(low)))
    return float(coloured / samples.size)
