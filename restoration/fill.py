"""The filling of a damaged region: from the neighbouring frames that show it, else from its own frame."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.recovery import from_around, seen_through
from reelfix.restoration.regions import Region
from reelfix.restoration.regrain import Grain, grain_missing
from reelfix.restoration.sources import Clip, Sources, sources_of, touched

_FAR = 0.5  # weight of a frame one step farther away
_HARDLY = 0.05  # trust below which a picture settles nothing
_DIM = np.float32(0.3)  # trust in a place whose motion has no confidence
_DOUBT = np.float32(0.03)  # error beyond which a place is looked for farther away, and in its own frame
_ALIKE = np.float32(0.05)  # error up to which a mixture shows what the frame does
_ERROR_FLOOR = np.float32(1e-4)
_DRAWN = np.float32(0.5)  # trust in what the frame itself tells
_GRAIN = Grain(float("inf"), 0.6)  # where no other frame tells
_SPECK = 25  # pixels up to which nobody sees whether there is grain
_DISSENT = np.float32(0.7)  # what it counts that other sources show something else


def filling(clip: Clip, frame: int, region: Region, rounds: list[list[int]], number: int) -> Image:
    """Return what should be seen in a region of one frame, (C, h, w); outside the damage of no meaning.

    `rounds`: steps to the frames to look in, the later ones where those before show too little. `number`: the
    frame's, counted from the shot's first.
    """
    here = clip.images[frame][:, region.rows, region.columns]
    damaged = clip.damaged[frame][:, region.rows, region.columns]
    hurt = damaged.any(axis=0)
    mix, sources = _Mix(here), None
    for steps in rounds:
        found = sources_of(clip, frame, steps, region)
        sources = found if sources is None else sources.joined(found)
        mix = _Mix(here)
        mix.add_sources(sources)
        if not (mix.error[region.mine] > _DOUBT).any():
            break
    doubtful = (mix.error > _DOUBT) & region.mine
    drawn = np.zeros(hurt.shape, np.float32)
    if doubtful.any():
        drawn = mix.add(*from_around(here, touched(hurt), doubtful), doubtful * _DRAWN)
    filled = mix.result()
    through = seen_through(here, filled, mix.error, damaged[1] & ~damaged[0], hurt) if doubtful.any() else 0
    if np.count_nonzero(region.mine) > _SPECK:
        sound = ~hurt & (mix.error < _ALIKE)
        filled += grain_missing(here, filled, sound, drawn, mix.grain, region, number)
    return np.asarray(filled + through)


class _Mix:
    """Pictures of a region, weighted by their errors: the best one counts far above the rest."""

    def __init__(self, here: Image) -> None:
        shape = here.shape[1:]
        self._sum = np.zeros(here.shape, np.float32)
        self._weight = np.zeros(shape, np.float32)
        self.error = np.full(shape, np.inf, np.float32)
        """Likely error (h, w) of the best picture so far."""
        self.grain = _GRAIN

    def add_sources(self, sources: Sources) -> None:
        """Add what other frames show; what one shows and the others do not is doubted."""
        error = np.sqrt(np.square(sources.misfit) + np.square(_DISSENT * _dissent(sources)))
        self.grain = sources.grain
        trust = _DIM + (1 - _DIM) * sources.trust
        for n, step in enumerate(sources.steps):
            far = np.float32(_FAR ** (abs(step) - 1))
            self.add(sources.pictures[n], error[n], far * trust[n] * (sources.trust[n] > 0))

    def add(self, picture: Image, error: Plane, trust: Plane) -> Plane:
        """Add a picture (C, h, w) with its likely error (h, w), where `trust` (h, w) is not 0.

        Returns its share in the mixture so far, (h, w).
        """
        weight = trust * _ERROR_FLOOR / (np.square(error) + _ERROR_FLOOR)
        weight = np.square(np.square(weight)) + np.float32(1e-30) * (trust > 0)
        self._sum += picture * weight
        self._weight += weight
        self.error = np.minimum(self.error, np.where(trust > _HARDLY, error, np.float32(np.inf)))
        return np.asarray(weight / np.maximum(self._weight, np.float32(1e-35)))

    def result(self) -> Image:
        """The mixture (C, h, w)."""
        return np.asarray(self._sum / np.maximum(self._weight, np.float32(1e-35)))


def _dissent(sources: Sources) -> Plane:
    """How far each source (n, h, w) is from the two of the others that are nearest to it."""
    means = sources.pictures.mean(axis=1)  # nxhxw
    shown = sources.trust > 0
    nearest = np.full(means.shape, np.inf, np.float32)
    second = nearest.copy()
    for i in range(len(means)):
        for j in range(i):
            apart = cv2.blur(np.abs(cv2.blur(means[i] - means[j], (3, 3))), (3, 3))
            apart[~(shown[i] & shown[j])] = np.inf
            for one in (i, j):
                np.minimum(second[one], np.maximum(nearest[one], apart), out=second[one])
                np.minimum(nearest[one], apart, out=nearest[one])
    nearest[np.isinf(nearest)] = 0
    return np.asarray(np.where(np.isinf(second), nearest, (nearest + second) * np.float32(0.5)))
