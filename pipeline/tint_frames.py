"""The tint of a shot of colour film, recognised off a handful of its frames, for `colorize` to go by."""

import numpy as np
import torch

from reelfix.pipeline.guide_arrays import pack_tint
from reelfix.pipeline.products import Arrays
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames
from reelfix.restoration.colour.tint import Tint, tint_of

_FRAMES = 12


class TintFrames:
    """The tint of a shot, for the whole of it whatever is asked for."""

    def __init__(self, reel: Reel, shot: Shot, key: str) -> None:
        self._arrays = pack_tint(recognised_tint(reel, shot), shot.frame_count)

    def read(self, start: int, stop: int) -> Arrays:
        """Return the tint as `guide_arrays.pack_tint` has it."""
        return self._arrays


def recognised_tint(reel: Reel, shot: Shot) -> Tint | None:
    """Recognise the tint of a shot of colour film as ingested; None where it has none."""
    clip, source = reel.clip, SourceFrames(reel, shot)
    places = np.unique(np.linspace(0, shot.frame_count - 1, 2 * _FRAMES + 1)[1::2].round().astype(int))
    codes = np.concatenate([source.read(int(place), int(place) + 1)["frames"] for place in places])
    frames = torch.from_numpy(codes.astype(np.float32) / np.float32(65535))  # Tx3xHxW
    tones = ((frames - clip.black) / (clip.white - clip.black)).clamp_(0, 1)
    return tint_of(tones, red_weight=clip.red_weight, blue_weight=clip.blue_weight)
