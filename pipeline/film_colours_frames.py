"""What colours a shot of colour film has of its own, recognised off a handful of its frames."""

import numpy as np
import torch

from reelfix.pipeline.guide_arrays import pack_film_colours
from reelfix.pipeline.products import Arrays
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames
from reelfix.restoration.colour.film_colours import FilmColours, film_colours_of

_FRAMES = 12


class FilmColoursFrames:
    """The colours of a shot, for the whole of it whatever is asked for."""

    def __init__(self, reel: Reel, shot: Shot, key: str) -> None:
        self._arrays = pack_film_colours(film_colours(reel, shot), shot.frame_count)

    def read(self, start: int, stop: int) -> Arrays:
        """Return them as `guide_arrays.pack_film_colours` has them."""
        return self._arrays


def film_colours(reel: Reel, shot: Shot) -> FilmColours:
    """Recognise the colours of a shot of colour film as ingested."""
    clip, source = reel.clip, SourceFrames(reel, shot)
    places = np.unique(np.linspace(0, shot.frame_count - 1, 2 * _FRAMES + 1)[1::2].round().astype(int))
    codes = np.concatenate([source.read(int(place), int(place) + 1)["frames"] for place in places])
    frames = torch.from_numpy(codes.astype(np.float32) / np.float32(65535))  # Tx3xHxW
    tones = ((frames - clip.black) / (clip.white - clip.black)).clamp_(0, 1)
    return film_colours_of(tones, red_weight=clip.red_weight, blue_weight=clip.blue_weight)
