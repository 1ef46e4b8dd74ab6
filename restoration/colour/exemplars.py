"""The pictures that a shot takes its colours from, coloured themselves; and what a frame takes from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, half_size, luma_of
from reelfix.restoration.colour.guides import Exemplar, Guides
from reelfix.restoration.colour.key_frames import KeyColours, Known, Painter, colours_of, one_thread
from reelfix.restoration.colour.matching import match, way_to
from reelfix.restoration.colour.propagate import Carried, Way
from reelfix.restoration.colour.upsampling import quiet_guide

_MATCHED = np.float32(0.5)  # trust in a perfect likeness
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
        return Known(carried, np.full(size, _ALIKE, np.float32), is_certain=False)


def coloured_exemplars(guides: Guides, painter: Painter) -> list[Coloured]:
    """Colour all pictures that a shot takes its colours from, each after those before it.

    First the references, which have colours, then the exemplars in their order.
    """
    found: list[Coloured] = []
    for reference in guides.references:
        luma = luma_of(as_array(reference.rgb.float()))
        found.append(_given(luma, reference.rgb, reference.frame, painter))
    known = {picture.frame for picture in found if picture.frame is not None}
    for exemplar in guides.exemplars:
        if exemplar.frame is None or exemplar.frame not in known:
            found.append(_exemplar(exemplar, found, painter))
    return found


def taken(pictures: Sequence[Coloured], luma: Plane, features: torch.Tensor) -> list[Known]:
    """Return what each of `pictures` says of the colours of a frame (H, W) with its features (F, h, w)."""
    guide = quiet_guide(half_size(luma))
    found = []
    for picture in pictures:
        same = picture.found_in(luma, guide)
        if same is not None:
            found.append(same)
        found.append(picture.alike(features, (guide.shape[0], guide.shape[1])))
    return found


def _given(luma: Plane, rgb: torch.Tensor, frame: int | None, painter: Painter) -> Coloured:
    """A picture whose colours are given."""
    guide = quiet_guide(half_size(luma))
    key = KeyColours(colours_of(rgb, *luma.shape), np.ones_like(guide))
    return Coloured(luma, guide, key, painter.paint(luma).features, frame, frame is not None)


def _exemplar(exemplar: Exemplar, before: Sequence[Coloured], painter: Painter) -> Coloured:
    luma = as_array(exemplar.luma.float())[0]
    if exemplar.reference is not None:
        given = _given(luma, exemplar.reference, exemplar.frame, painter)
        return Coloured(given.luma, given.guide, given.key, given.features, exemplar.frame, True)
    features = painter.paint(luma).features
    known = taken(before, luma, features)
    key = painter.settled(luma, known, exemplar.points)
    return Coloured(luma, quiet_guide(half_size(luma)), key, features, exemplar.frame, True)
