"""The pictures that a shot takes its colours from, coloured themselves; and what a frame takes from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, half_size, luma_of
from reelfix.restoration.colour.guides import Exemplar, Guides
from reelfix.restoration.colour.key_frames import KeyColours, Known, Painter, colours_of
from reelfix.restoration.colour.matching import match, way_to
from reelfix.restoration.colour.propagate import Carried, Way
from reelfix.restoration.colour.upsampling import quiet_guide
from reelfix.restoration.one_thread import one_thread

_MATCHED = np.float32(0.8)  # trust in a perfect likeness
_ALIKE = np.float32(0.1)  # what a likeness counts beside the same place found again


@dataclass(frozen=True)
class Coloured:
    """A picture with its colours."""

    luma: Plane
    """float32 (H, W) in [0, 1]."""
    guide: Plane
    """The luma on the grid of half size, without its grain."""
    key: KeyColours
    features: torch.Tensor
    """float32 (F, h, w) of unit length."""
    frame: int | None
    """Which frame of the shot it is, if one."""
    is_scene: bool
    """Whether it is a frame of the scene, so that the same places may be found in it."""

    def found_in(self, luma: Plane, guide: Plane) -> Known | None:
        """Colours of those places of a frame (H, W), with its `guide`, that this picture shows too."""
        if not self.is_scene or luma.shape != self.luma.shape:
            return None
        way = Way(*way_to(*(torch.from_numpy(plane)[None] for plane in (luma, self.luma))))
        return self.key.brought(way.agreeing(guide, self.guide))

    def alike(self, features: torch.Tensor, size: tuple[int, int]) -> Known:
        """Colours of what looks alike, by features (F, h, w); on a grid of `size` (height, width)."""
        there = self.features.shape[1:]
        small = cv2.resize(self.key.colours, (there[1], there[0]), interpolation=cv2.INTER_AREA)
        with torch.inference_mode(), one_thread():
            found = match(features, self.features, torch.from_numpy(small).permute(2, 0, 1).to(features))
        ab, sure = (as_array(part.permute(1, 2, 0)) for part in found)
        colours, trust = (cv2.resize(p, size[::-1], interpolation=cv2.INTER_LINEAR) for p in (ab, sure))
        carried = Carried(np.asarray(colours), np.asarray(trust) * _MATCHED)
        return Known(carried, np.full(size, _ALIKE, np.float32))


def coloured_exemplars(guides: Guides, painter: Painter) -> list[Coloured]:
    """Colour all pictures that a shot takes its colours from, each after those before it.

    First those whose colours are given, then those that have points, then the others, in their order.
    """
    found: list[Coloured] = []
    own = {exemplar.frame: exemplar for exemplar in guides.exemplars if exemplar.frame is not None}
    for reference in guides.references:
        if reference.frame in own:
            continue
        luma = luma_of(as_array(reference.rgb.float()))
        guide = quiet_guide(half_size(luma))
        key = KeyColours(colours_of(reference.rgb, *luma.shape), np.ones_like(guide))
        features = painter.paint(luma).features
        found.append(Coloured(luma, guide, key, features, reference.frame, reference.frame is not None))
    colourings = {reference.frame: reference.rgb for reference in guides.references}

    def colouring(exemplar: Exemplar) -> torch.Tensor | None:
        if exemplar.reference is not None or exemplar.frame is None:
            return exemplar.reference
        return colourings.get(exemplar.frame)

    def rank(exemplar: Exemplar) -> int:
        return 0 if colouring(exemplar) is not None else 1 if exemplar.points else 2

    for exemplar in sorted(guides.exemplars, key=rank):
        found.append(_exemplar(exemplar, colouring(exemplar), found, painter))
    return found


def taken(pictures: Sequence[Coloured], luma: Plane, features: torch.Tensor) -> list[Known]:
    """Return what each of `pictures` says of the colours of a frame (H, W) with its features (F, h, w).

    Where a picture shows the same place, things alike in it are not asked.
    """
    guide = quiet_guide(half_size(luma))
    found = []
    for picture in pictures:
        same = picture.found_in(luma, guide)
        alike = picture.alike(features, (guide.shape[0], guide.shape[1]))
        if same is not None:
            found.append(same)
            carried = Carried(alike.carried.colours, alike.carried.trust * (1 - same.carried.trust))
            alike = Known(carried, alike.firmness)
        found.append(alike)
    return found


def _exemplar(
    exemplar: Exemplar, reference: torch.Tensor | None, before: Sequence[Coloured], painter: Painter
) -> Coloured:
    luma = as_array(exemplar.luma.float())[0]
    guide = quiet_guide(half_size(luma))
    plain = painter.paint(luma)
    if reference is None:
        known = taken(before, luma, plain.features)
    else:
        known = [_given(reference, guide, luma.shape)]
    key = painter.settled(luma, known, exemplar.points, plain)
    return Coloured(luma, guide, key, plain.features, exemplar.frame, True)


def _given(rgb: torch.Tensor, guide: Plane, shape: tuple[int, ...]) -> Known:
    """What the colouring of a frame of `shape` says, as far as it shows what the frame does."""
    size = (guide.shape[1], guide.shape[0])
    shown = cv2.resize(luma_of(as_array(rgb.float())), size, interpolation=cv2.INTER_AREA)
    still = Way(np.zeros((*guide.shape, 2), np.float32), np.ones_like(guide))
    trust = still.agreeing(guide, quiet_guide(np.asarray(shown))).trust
    return Known(Carried(colours_of(rgb, shape[0], shape[1]), trust), np.ones_like(guide))
