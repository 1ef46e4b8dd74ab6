"""The frames of a shot as ingested, as stages see them."""

from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.products import Arrays
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot


class SourceFrames:
    """Reads them from the frame store; frames are counted from the shot's first."""

    def __init__(self, reel: Reel, shot: Shot) -> None:
        self._store = reel.store()
        self._map = PixelMap.of(reel.info.video, is_monochrome=reel.info.is_monochrome)
        self._first = shot.start

    def read(self, start: int, stop: int) -> Arrays:
        """Return `frames`, uint16 (T, C, H, W)."""
        planes = self._store.read(self._first + start, self._first + stop, self._map.planes_read)
        return {"frames": self._map.to_codes(planes)}
