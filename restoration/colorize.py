"""Colours for a shot that hold still: key frames coloured one after another, and carried to those between."""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, half_size
from reelfix.restoration.colour.chroma import chroma_from_ab
from reelfix.restoration.colour.exemplars import Coloured, coloured_exemplars, taken
from reelfix.restoration.colour.guides import Guides
from reelfix.restoration.colour.key_frames import (
    DISTANCE,
    KeyColours,
    Known,
    Painter,
    key_frames,
    keys_about,
)
from reelfix.restoration.colour.leaned import leaned
from reelfix.restoration.colour.net import ColourNet
from reelfix.restoration.colour.propagate import Carried, Way, blended, ways
from reelfix.restoration.colour.upsampling import Colours, doubled, quiet_guide
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import spread_coarsely

_PASSED_ON = np.float32(0.9)  # firmness left of colours passed on to the next key frame
_HOLE = 0.3  # trust below which a place has no colours of its key frames
_FEW, _MANY = 0.03, 0.1  # share of such places from which on the net is asked


class Colorizer:
    """Colours one shot, window by window, from its first frame to its last.

    A shot's key frames are coloured in order, each after the scene's exemplars and after the key frame before
    it, along the motion. A frame between two takes its colours from both, and the net's where neither shows
    its places.
    """

    handle = 2 * DISTANCE
    """Frames needed on either side of a frame."""

    def __init__(
        self,
        net: ColourNet,
        device: torch.device,
        guides: Guides,
        *,
        shot_frames: int,
        red_weight: float = 0.299,
        blue_weight: float = 0.114,
        longest: int = 384,
    ) -> None:
        """Take a net on `device`, and what is known of the shot; weights of red and blue in the luma.

        The net sees frames at most `longest` pixels wide and high. Raises ValueError for points on a frame
        that is not among the exemplars, and as `leaned` does.
        """
        exemplars = {exemplar.frame for exemplar in guides.exemplars}
        lost = sorted({point.frame for point in guides.points} - exemplars)
        if lost:
            raise ValueError(f"Frames {lost} have points and must be among the exemplars, {exemplars}.")
        net = leaned(net, guides, device, red_weight=red_weight, blue_weight=blue_weight, longest=longest)
        self._painter = Painter(net, device, longest=longest, saturation=guides.saturation)
        self._pictures: list[Coloured] | None = None
        self._guides = guides
        self._weights = red_weight, blue_weight
        given = [reference.frame for reference in guides.references]
        given += [exemplar.frame for exemplar in guides.exemplars]
        self._given = {t for t in given if t is not None and 0 <= t < shot_frames}
        self._keys = key_frames(shot_frames, self._given)
        self._painted: dict[int, KeyColours] = {}

    def colorize(
        self,
        frames: torch.Tensor,
        motion: Motion,
        core: slice,
        start: int,
        carried: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Colour `frames[core]`; returns chroma (core, 2, H, W) float32 and what is to be carried on.

        `frames` float32 (T, C, H, W) in [0, 1], C = 1 or 3, of which only the luma is looked at, and `motion`
        of the same frames, with `handle` frames beyond the core on either side where the shot has them.
        `start`: the core's first frame, counted from the shot's. `carried`: float32 (3, h, w), what was
        returned with the frame before; None at the shot's first.
        """
        first, stop, _ = core.indices(len(frames))
        window = _Window(frames, motion, start - first, self._weights)
        self._take_up(start, carried)
        shown = range(start, start + stop - first)
        colours = {t: self._colours(window, t) for t in shown}

        def finished(t: int) -> torch.Tensor:
            luma = window.luma(t)
            ab = torch.from_numpy(doubled(colours[t], window.guide(t), quiet_guide(luma))).permute(2, 0, 1)
            return chroma_from_ab(torch.from_numpy(luma)[None], ab, *self._weights)

        planes = map_frames(finished, shown)
        last = self._key(window, keys_about(self._keys, start + stop - first - 1)[0])
        state = torch.from_numpy(
            np.ascontiguousarray(cv2.merge([last.colours, last.firmness]).transpose(2, 0, 1))
        )
        self._forget(start + stop - first - 1)
        return torch.stack(planes).to(frames.device), state

    def _take_up(self, start: int, carried: torch.Tensor | None) -> None:
        """Take what was carried for the last key frame before `start`, unless it is still here."""
        if carried is None or start == 0:
            return
        before = keys_about(self._keys, start - 1)[0]
        if before not in self._painted:
            planes = as_array(carried).transpose(1, 2, 0)
            self._painted[before] = KeyColours(np.ascontiguousarray(planes[..., :2]), planes[..., 2].copy())

    def _forget(self, frame: int) -> None:
        """Let go of the key frames that no frame after `frame` is coloured by."""
        last = keys_about(self._keys, frame)[0]
        self._painted = {t: key for t, key in self._painted.items() if t >= last}

    def _key(self, window: "_Window", frame: int) -> KeyColours:
        """Colours of a key frame."""
        if frame not in self._painted:
            if self._pictures is None:
                self._pictures = coloured_exemplars(self._guides, self._painter)
            self._painted[frame] = self._new_key(window, frame, self._pictures)
        return self._painted[frame]

    def _new_key(self, window: "_Window", frame: int, pictures: list[Coloured]) -> KeyColours:
        luma = window.luma(frame)
        # A given frame takes its own picture's colours and no others'. They may lie a little otherwise: the
        # picture was taken before the frame was steadied.
        is_given = frame in self._given
        told = [picture for picture in pictures if picture.frame == frame] if is_given else pictures
        plain = self._painter.paint(luma)
        known = taken(told, luma, plain.features)
        if is_given:
            return self._painter.settled(luma, known, plain=plain)
        index = self._keys.index(frame)
        if index > 0:
            before = self._keys[index - 1]
            passed = self._key(window, before).brought(window.way(frame, before, frame))
            known.append(Known(passed.carried, passed.firmness * _PASSED_ON))
        beyond = self._keys[index + 1] if index + 1 < len(self._keys) else frame
        if beyond in self._given:
            known.append(self._key(window, beyond).brought(window.way(frame, beyond, frame)))
        return self._painter.settled(luma, known, plain=plain)

    def _colours(self, window: "_Window", frame: int) -> Colours:
        """Colours of a frame on the grid of half its size."""
        before, after = keys_about(self._keys, frame)
        if before == after:
            return self._key(window, frame).colours
        share = (frame - before) / (after - before)
        earlier = self._key(window, before).brought(window.way(frame, before, after))
        later = self._key(window, after).brought(window.way(frame, after, before))
        return self._filled(window.luma(frame), blended([earlier.carried, later.carried], [1 - share, share]))

    def _filled(self, luma: Plane, carried: Carried) -> Colours:
        """Colours for the places as well that neither key frame shows."""
        around = spread_coarsely(carried.colours, np.square(carried.trust) + np.float32(1e-4), 2)
        holes = float((carried.trust < _HOLE).mean())
        asked = np.float32(np.clip((holes - _FEW) / (_MANY - _FEW), 0, 1))
        if asked > 0:
            painted = self._painter.paint(luma, carried).key.colours
            around = around + (painted - around) * asked
        trust = np.minimum(carried.trust * np.float32(1 / _HOLE), 1)[..., None]
        return np.asarray(around + (carried.colours - around) * trust)


class _Window:
    """The frames in hand, by their number in the shot."""

    def __init__(
        self, frames: torch.Tensor, motion: Motion, first: int, weights: tuple[float, float]
    ) -> None:
        self._frames = frames
        red, blue = weights
        self._shares = np.array([red, 1 - red - blue, blue], np.float32)
        self._motion = motion
        self._first = first
        self._lumas: dict[int, Plane] = {}
        self._guides: dict[int, Plane] = {}
        self._ways: dict[tuple[int, int], Way] = {}

    def luma(self, frame: int) -> Plane:
        """Luma (H, W)."""
        if frame not in self._lumas:
            image = as_array(self._frames[frame - self._first])
            self._lumas[frame] = image[0] if len(image) == 1 else np.tensordot(self._shares, image, axes=1)
        return self._lumas[frame]

    def guide(self, frame: int) -> Plane:
        """Luma on the grid of half size, without its grain."""
        if frame not in self._guides:
            self._guides[frame] = quiet_guide(half_size(self.luma(frame)))
        return self._guides[frame]

    def way(self, frame: int, target: int, other: int) -> Way:
        """The way from a frame to a key frame; all from there to the `other` key frame are found at once."""
        if (frame, target) not in self._ways:
            for t, way in ways(self._motion, other - self._first, target - self._first):
                there = t + self._first
                self._ways[there, target] = way.agreeing(self.guide(there), self.guide(target))
        return self._ways[frame, target]
