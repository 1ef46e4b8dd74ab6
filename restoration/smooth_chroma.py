"""Colours held still in time: those before and after, along the motion, fused by confidence.

As `smooth` does with light, forward by a recursive filter and backward over a few frames. But colours that a
net gave are guesses, and the luma is the film: what the luma says is the same thing is to have the same
colours, however they differ. Where the colours of one time disagree with those of all others they count for
little, be they the frame's own (a robust mean: Huber, "Robust Statistics", 1981; one step of reweighting).

Differences are fused on the grid of half size and brought to the picture's by its tones, so they end where
things end. What is finer than that grid stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, half_size
from reelfix.restoration.colour.chroma import within_gamut
from reelfix.restoration.colour.propagate import Way
from reelfix.restoration.colour.upsampling import doubled, quiet_guide
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.fusion import Reach, fused, same_scene
from reelfix.restoration.motion import Motion, grid_maps

CARRIED = ("chroma_past", "chroma_count")
"""What goes on from frame to frame: chroma (2, h, w) float32 on the grid of half size, and how many frames it
is made of, (h, w)."""

_FADING = 0.9  # from each frame ahead to the next
_APART = 0.1  # distance of chroma, of 1, at which likeness has fallen to 1 / e
_LEAST = 1e-3  # of the frame's own weight
_FILMED = 2.5 / 32767  # what is nearer to the frame's own colours are they


class ChromaSmoother:
    """Smooths the chroma of a shot, frame by frame."""

    def __init__(
        self,
        *,
        reach: Reach | None = None,
        strength: float = 1.0,
        weights: tuple[float, float] = (0.299, 0.114),
        tones: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """Look so far; `strength` in [0, 1] scales every change.

        `weights`: of red and blue in the luma; `tones`: where black and white lie in the frames.
        """
        self._reach = reach or Reach(16.0, 6)
        self._strength = strength
        self._weights = weights
        self._tones = tones

    @torch.inference_mode()
    def smooth(
        self,
        frames: torch.Tensor,
        chroma: torch.Tensor,
        motion: Motion,
        core: slice,
        carried: Mapping[str, torch.Tensor],
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the chroma of the frames `core` of a window, smoothed, and what is carried on from there.

        `frames`: float32 (T, C, H, W) in [0, 1], C = 1 or 3, of which only the luma is looked at; `chroma`:
        float32 (T, 2, H, W), planes B'-Y' and R'-Y', with the `motion` of the same frames. The window reaches
        one frame before the core and `Reach.ahead` frames beyond, where the shot does. `carried`: CARRIED, as
        returned with the frame before the core; empty at the shot's first. Frames whose chroma is what was
        filmed stay as they are. Nothing that is changed leaves the gamut.
        """
        window = _Window(frames, chroma, motion, self._weights)
        state = {name: as_array(tensor) for name, tensor in carried.items()}
        shown = range(*core.indices(len(frames)))
        changes: dict[int, Plane | None] = {}
        for t in shown:
            changes[t], state = self._step(window, t, state)
        finished = map_frames(lambda t: self._finished(window, t, changes[t]), shown)
        kept = {name: torch.from_numpy(state[name]).to(frames.device) for name in CARRIED}
        return torch.stack(finished).to(frames.device), kept

    def _step(
        self, window: "_Window", t: int, state: Mapping[str, Plane]
    ) -> tuple[Plane | None, dict[str, Plane]]:
        """Return what is to be added to frame t on the grid of half size, (h, w, 2), and what is carried on.

        None where there is nothing to add.
        """
        own = window.coarse(t)
        brought = None if window.is_filmed(t) else self._brought(window, t, state)
        if brought is None:
            once = np.ones(own.shape[:2], np.float32)
            return None, dict(zip(CARRIED, (own.transpose(2, 0, 1).copy(), once), strict=True))
        here = torch.from_numpy(own).permute(2, 0, 1)
        apart = brought.chroma - here  # Nx2xhxw
        expected = _expected(apart, brought)
        weights = brought.trust * brought.counts * _likeness(apart - expected)
        changes, count = fused(
            apart,
            weights[:, None],
            has_past=brought.has_past,
            most=self._reach.back - 1,
            own=_likeness(expected).clamp_min(_LEAST)[None],
        )
        past = np.ascontiguousarray(as_array(here + changes[0]))
        return np.ascontiguousarray(as_array(changes[1]).transpose(1, 2, 0)), dict(
            zip(CARRIED, (past, as_array(count[0])), strict=True)
        )

    def _brought(self, window: "_Window", t: int, state: Mapping[str, Plane]) -> "_Brought | None":
        """Bring to frame t what is carried and the colours of the frames ahead; None where there is neither.

        The past counts for as many frames as it is made of, frames ahead for less and less.
        """
        chroma, trust, counts = [], [], []
        if state:
            way, scene = window.way(t, -1)
            past = np.ascontiguousarray(state[CARRIED[0]].transpose(1, 2, 0))
            chroma.append(_along(past, way))
            trust.append(way.trust * np.float32(scene))
            counts.append(way.bring(state[CARRIED[1]]))
        steps = range(1, min(self._reach.ahead, window.count - 1 - t) + 1)
        for step, (way, scene) in zip(steps, window.ways(t, steps), strict=True):
            chroma.append(_along(window.coarse(t + step), way))
            trust.append(way.trust * np.float32(scene))
            counts.append(np.full_like(way.trust, _FADING ** (step - 1)))
        if not chroma:
            return None
        return _Brought(
            torch.from_numpy(np.stack(chroma).transpose(0, 3, 1, 2)),
            torch.from_numpy(np.stack(trust)),
            torch.from_numpy(np.stack(counts)),
            has_past=bool(state),
        )

    def _finished(self, window: "_Window", t: int, change: Plane | None) -> torch.Tensor:
        """Add a change (h, w, 2) to the chroma of frame t: (2, H, W)."""
        chroma = window.chroma(t)
        if change is None:
            return chroma.clone()
        luma = window.luma(t)
        whole = doubled(change * np.float32(self._strength), window.guide(t), quiet_guide(luma))
        smooth = chroma + torch.from_numpy(whole).permute(2, 0, 1)
        return within_gamut(torch.from_numpy(luma)[None], smooth, *self._weights, tones=self._tones)


@dataclass(frozen=True)
class _Brought:
    """Colours of other frames as seen from the one in hand."""

    chroma: torch.Tensor
    """float32 (N, 2, h, w)."""
    trust: torch.Tensor
    """float32 (N, h, w) in [0, 1]."""
    counts: torch.Tensor
    """float32 (N, h, w): frames that each is made of, or counts for."""
    has_past: bool
    """Whether the first of them is what was carried."""


class _Window:
    """The frames in hand, their colours, and the ways between them, on the grid of half size."""

    def __init__(
        self, frames: torch.Tensor, chroma: torch.Tensor, motion: Motion, weights: tuple[float, float]
    ) -> None:
        self._frames, self._chroma, self._motion, self._weights = frames, chroma, motion, weights
        self.count = len(frames)
        self._guides: dict[int, Plane] = {}
        self._coarse: dict[int, Plane] = {}

    def luma(self, t: int) -> Plane:
        """Luma (H, W)."""
        image = as_array(self._frames[t])
        if len(image) == 1:
            return np.asarray(image[0])
        red, blue = (np.float32(weight) for weight in self._weights)
        return np.asarray(image[0] * red + image[1] * (1 - red - blue) + image[2] * blue)

    def chroma(self, t: int) -> torch.Tensor:
        """Chroma (2, H, W), on the CPU."""
        return self._chroma[t].cpu()

    def guide(self, t: int) -> Plane:
        """Luma (h, w) without its grain."""
        if t not in self._guides:
            self._guides[t] = quiet_guide(half_size(self.luma(t)))
        return self._guides[t]

    def coarse(self, t: int) -> Plane:
        """Chroma (h, w, 2)."""
        if t not in self._coarse:
            self._coarse[t] = np.dstack([half_size(plane) for plane in as_array(self._chroma[t])])
        return self._coarse[t]

    def is_filmed(self, t: int) -> bool:
        """Whether the chroma is the frame's own, that of gray film being none."""
        chroma, image = as_array(self._chroma[t]), as_array(self._frames[t])
        if len(image) == 1:
            return not chroma.any()
        luma = self.luma(t)
        return all(
            float(np.abs(image[channel] - luma - plane).max()) < _FILMED
            for channel, plane in zip((2, 0), chroma, strict=True)
        )

    def way(self, t: int, step: int) -> tuple[Way, float]:
        """The way from frame t to another, and how far that shows the same scene."""
        return self.ways(t, (step,))[0]

    def ways(self, t: int, steps: Sequence[int]) -> list[tuple[Way, float]]:
        """The ways to several frames, all before or all after: trusted where the luma agrees as well."""
        flows = self._motion.flows(t, steps)
        found = []
        for step in steps:
            flow, trust = flows[step]
            scene = float(same_scene(torch.from_numpy(trust)[None]))
            found.append((Way(flow, trust).agreeing(self.guide(t), self.guide(t + step)), scene))
        return found


def _along(plane: Plane, way: Way) -> Plane:
    """Bring colours (h, w, 2) along a way: what is carried on is interpolated often, and must not blur."""
    map_x, map_y = grid_maps(way.flow)
    return np.asarray(cv2.remap(plane, map_x, map_y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE))


def _expected(apart: torch.Tensor, brought: _Brought) -> torch.Tensor:
    """What a frame's colours should be, less what they are: (2, h, w).

    The middle one, plane by plane, of its own, the past's and the mean of those ahead: the frame's own unless
    both others say otherwise, and can be trusted.
    """
    if not brought.has_past or len(apart) == 1:
        return torch.zeros_like(apart[0])
    counts = brought.counts[1:]
    weights = brought.trust[1:] * counts
    total = weights.sum(dim=0)
    ahead = (apart[1:] * weights[:, None]).sum(dim=0) / total.clamp_min(1e-6)
    low, high = torch.minimum(apart[0], ahead), torch.maximum(apart[0], ahead)
    middle = torch.maximum(low, high.clamp_max(0))
    return middle * torch.minimum(brought.trust[0], total / counts.sum(dim=0)).square()


def _likeness(apart: torch.Tensor) -> torch.Tensor:
    """Likeness (..., h, w) in [0, 1] of colours that lie `apart` (..., 2, h, w)."""
    return torch.exp(-apart.square().sum(dim=-3) / _APART**2)
