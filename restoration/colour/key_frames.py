"""Key frames: the frames of a shot that are coloured first, between which colours are carried."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, half_size
from reelfix.restoration.colour.guides import Point
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.net import ColourNet, Hints, reduced
from reelfix.restoration.colour.points import colour_of, corrected, near
from reelfix.restoration.colour.propagate import Carried, Way, blended
from reelfix.restoration.colour.upsampling import Colours, enlarged, quiet_guide
from reelfix.restoration.one_thread import one_thread

DISTANCE = 8
"""Frames from one key frame to the next, at most."""

_GUESSED = np.float32(0.3)  # firmness of what the net is sure of
_LEAST = np.float32(0.02)
_TRUSTED = 0.3  # trust from which on what is known is kept as it is
_HARDLY_ANYTHING = 0.02  # share of a frame of which less is known


@dataclass(frozen=True)
class KeyColours:
    """The colours of one frame, on a grid of half the picture's size."""

    colours: Colours
    """a and b in Lab units, (h, w, 2) float32."""
    firmness: Plane
    """float32 (h, w) in (0, 1]: 1 what a person gave, less what was guessed."""

    def brought(self, way: Way) -> "Known":
        """Bring them along the way from another frame to this one."""
        moved = way.bring(cv2.merge([self.colours, self.firmness]))
        return Known(Carried(np.ascontiguousarray(moved[..., :2]), way.trust), moved[..., 2])


@dataclass(frozen=True)
class Known:
    """What one source says of a frame's colours."""

    carried: Carried
    firmness: Plane
    """float32 (h, w) in (0, 1], see `KeyColours`."""


@dataclass(frozen=True)
class Painting:
    """A frame as the net colours it."""

    key: KeyColours
    features: torch.Tensor
    """float32 (F, h, w) of unit length, see `Prediction.features`."""


def key_frames(shot_frames: int, given: Collection[int]) -> list[int]:
    """Return a shot's key frames in order: every DISTANCE-th, the last, and those whose colours are `given`.

    They depend on the whole shot and on nothing else, so that every window has the same.
    """
    return sorted({*range(0, shot_frames, DISTANCE), shot_frames - 1, *given})


def keys_about(keys: list[int], frame: int) -> tuple[int, int]:
    """Return the last key frame up to `frame` and the first one from it on; `frame` twice where it is one."""
    after = bisect_right(keys, frame)
    before = keys[after - 1]
    return (frame, frame) if before == frame else (before, keys[after])


class Painter:
    """Colours single frames by a net, at a size that it sees whole and fast."""

    def __init__(
        self, net: ColourNet, device: torch.device, *, longest: int = 384, saturation: float = 1.0
    ) -> None:
        """Take a net on `device`, to which frames are shown at most `longest` pixels wide and high."""
        self._net = net
        self._device = device
        self._longest = longest
        self._saturation = saturation

    def settled(
        self,
        luma: Plane,
        known: Sequence[Known],
        points: tuple[Point, ...] = (),
        plain: Painting | None = None,
    ) -> KeyColours:
        """Colour a frame (H, W) after all that is `known`: what is trusted is kept, the net does the rest.

        `points` count above what is known. `plain`: the frame as the net colours it without either, if that
        is at hand: it will do where there is hardly anything left to colour.
        """
        told = _joined(known) if known else None
        trust = np.minimum(told.carried.trust * np.float32(1 / _TRUSTED), 1) if told else None
        if plain is None or points or trust is None or float((trust < 1).mean()) > _HARDLY_ANYTHING:
            plain = self.paint(luma, told.carried if told else None, points)
        colours, firmness = plain.key.colours, plain.key.firmness
        if told is not None and trust is not None:
            colours = colours + (told.carried.colours - colours) * trust[..., None]
            firmness = np.maximum(firmness, trust * told.firmness)
        if points:
            guide = quiet_guide(half_size(luma))
            with one_thread():
                colours, decided = corrected(
                    colours, points, guide, plain.features, (luma.shape[0], luma.shape[1])
                )
            firmness = np.maximum(firmness, decided)
        return KeyColours(colours, firmness)

    def paint(self, luma: Plane, hints: Carried | None = None, points: tuple[Point, ...] = ()) -> Painting:
        """Colour a frame (H, W) in [0, 1] by the net, on the grid of half its size.

        The net heeds `hints` as far as they are trusted, and `points` wholly, if it heeds any.
        """
        height, width = luma.shape
        scale = min(self._longest / max(height, width), 1.0)
        size = (max(round(width * scale), 16), max(round(height * scale), 16))
        shown = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if scale < 1 else luma
        known = _hints_of(hints, points, reduced((shown.shape[0], shown.shape[1]), 4), (height, width))
        with torch.inference_mode(), one_thread():
            prediction = self._net.predict(
                torch.from_numpy(shown)[None, None].to(self._device),
                Hints(*(torch.from_numpy(part)[None].to(self._device) for part in known)) if known else None,
                self._saturation,
            )
        guide = quiet_guide(half_size(luma))
        ab, sure = (as_array(part[0].float().permute(1, 2, 0)) for part in prediction[:2])
        firmness = np.asarray(cv2.resize(sure, guide.shape[::-1], interpolation=cv2.INTER_LINEAR)) * _GUESSED
        key = KeyColours(enlarged(ab, guide), np.clip(firmness, _LEAST, 1).astype(np.float32))
        return Painting(key, prediction.features[0].float())


def _joined(sources: Sequence[Known]) -> Known:
    """Mean of what sources say, by trust and firmness; trusted as far as any of them."""
    weighed = [Carried(source.carried.colours, source.carried.trust * source.firmness) for source in sources]
    trust = np.max([source.carried.trust for source in sources], axis=0)
    firmness = np.max([carried.trust for carried in weighed], axis=0) / np.maximum(trust, np.float32(1e-6))
    return Known(Carried(blended(weighed, [1.0] * len(weighed)).colours, trust), np.asarray(firmness))


def colours_of(rgb: torch.Tensor, height: int, width: int) -> Colours:
    """Return the colours of a picture (3, h, w) in [0, 1] at H x W pixels' grid of half size."""
    size = reduced((height, width), 2)[::-1]
    small = cv2.resize(as_array(rgb.float().permute(1, 2, 0)), size, interpolation=cv2.INTER_AREA)
    lab = rgb_to_lab(torch.from_numpy(np.asarray(small)).permute(2, 0, 1))
    return as_array(lab[1:].permute(1, 2, 0))


def _hints_of(
    hints: Carried | None, points: tuple[Point, ...], grid: tuple[int, int], shape: tuple[int, int]
) -> tuple[Colours, Plane] | None:
    """Planes (2, h, w) and (1, h, w) of what is known, on the net's grid; None where nothing is."""
    if hints is None and not points:
        return None
    ab: Plane = np.zeros((*grid, 2), np.float32)
    weight: Plane = np.zeros(grid, np.float32)
    if hints is not None:
        stack = cv2.merge([hints.colours * hints.trust[..., None], hints.trust])
        small = cv2.resize(stack, grid[::-1], interpolation=cv2.INTER_AREA)
        weight = np.clip(small[..., 2], 0, 1)
        ab = small[..., :2] / np.maximum(small[..., 2:], np.float32(1e-6))
    for point in points:
        given = near(point, grid, shape)
        ab[given], weight[given] = colour_of(point), 1
    return np.ascontiguousarray(ab.transpose(2, 0, 1)), weight[None]
