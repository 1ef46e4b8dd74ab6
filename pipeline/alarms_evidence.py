"""What alarms are judged by: gathered of a shot frame by frame, while its contact sheet is measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.alarms_change import Expected, Flags, Remainder, Small, remainder
from reelfix.pipeline.alarms_likeness import (
    Signature,
    cut_evidence,
    neighbour_unlikeness,
    signature_of,
    unlikeness,
)
from reelfix.pipeline.pixels import Codes

Curve = npt.NDArray[np.float32]
Masks = npt.NDArray[np.uint8]

MASKED = 128
"""Mask value from which a pixel counts as damaged."""
_WIDTH = 240
_COARSE = (16, 12)
"""(width, height) of the grid on which steps of light are compared: motion hardly counts there."""
_TRUSTED = 0.25
"""Confidence from which a point's motion counts as found."""


@dataclass(frozen=True)
class Evidence:
    """Curves of a shot: one number per frame (T,), or per two neighbours (T - 1,); empty where not known."""

    first_frame: int
    unexpected: Curve
    """(T,): share of the unmarked picture that changed in a way no stage accounts for."""
    masked: Curve
    """(T,): share of the picture that is marked as damage."""
    lost: Curve
    """(T,): share of the picture whose motion was found to neither neighbour."""
    source_steps: Curve
    """(T - 1,): how much the light of the frames as ingested steps from one to the next, in [0, 1]."""
    change_steps: Curve
    """(T - 1,): how much the change that was made steps likewise."""
    repeats: Flags
    """(T - 1,): the second frame shows the first anew, grain and all."""
    unlike: Curve
    """(T - 1,): unlikeness of neighbours."""
    cuts: Curve
    """(T - 1,): evidence of a cut between neighbours."""
    borders: tuple[int, ...] = ()
    """Frames, counted from the shot's first, at which a stage began a block; 0 left out."""
    joins: dict[str, float] = field(default_factory=dict)
    """Unlikeness across the shot's `start` and `stop`, to the frame of the shot next to it."""


class EvidenceGatherer:
    """Takes a shot's frames one by one; holds small pictures of the last one alone, and of all signatures."""

    def __init__(self, first_frame: int, expected: Expected) -> None:
        self._first_frame = first_frame
        self._expected = expected
        self._signatures: list[Signature] = []
        self._curves: dict[str, list[float]] = {
            name: [] for name in ("unexpected", "masked", "lost", "source_steps", "change_steps", "moved")
        }
        self._coarse: dict[str, npt.NDArray[np.float32]] = {}
        self._last_luma: npt.NDArray[np.float32] | None = None
        self._repeats: list[bool] = []

    def add(self, before: Codes, after: Codes | None, mask: Masks | None) -> Remainder | None:
        """Take the next frame: (C, H, W) before and after, and its mask (2, H, W).

        Returns what is left of its change once the expected is taken out; None without an `after`.
        """
        old = _small(before)
        self._signatures.append(signature_of(old.mean(axis=0)))
        marked = np.zeros(old.shape[1:], np.bool_) if mask is None else _small_marks(mask, old.shape[1:])
        if mask is not None:
            is_marked = mask.max(axis=0) >= MASKED
            self._curves["masked"].append(float(np.count_nonzero(is_marked) / is_marked.size))
        self._step("source_steps", old)
        self._repeat(before)
        if after is None:
            return None
        new = _small(after)
        self._step("change_steps", new - old)
        left = remainder(old, new, marked, self._expected)
        self._curves["unexpected"].append(left.unexpected_share)
        return left

    def add_motion(self, confidence: npt.NDArray[np.uint8]) -> None:
        """Take the confidences (2, h, w) of the next frame's motion, forward and backward, as stored."""
        found = confidence.max(axis=0) >= 255 * _TRUSTED
        self._curves["lost"].append(1 - float(np.count_nonzero(found) / found.size))

    def evidence(
        self, borders: Iterable[int], *, ahead: Codes | None = None, behind: Codes | None = None
    ) -> Evidence:
        """Return what was gathered; `ahead` and `behind` are the frames just outside the shot, (C, H, W)."""
        joins = {}
        for name, outside, inside in (("start", ahead, 0), ("stop", behind, -1)):
            if outside is not None and self._signatures:
                other = signature_of(_small(outside).mean(axis=0))
                joins[name] = unlikeness(self._signatures[inside], other)
        curves = {name: np.array(values, np.float32) for name, values in self._curves.items()}
        moved = curves.pop("moved")
        return Evidence(
            first_frame=self._first_frame,
            repeats=_standing_out(np.array(self._repeats, np.bool_), moved),
            unlike=neighbour_unlikeness(self._signatures),
            cuts=cut_evidence(self._signatures),
            borders=tuple(sorted({border for border in borders if border > 0})),
            joins=joins,
            **curves,
        )

    def _step(self, name: str, small: Small) -> None:
        coarse = cv2.resize(small.mean(axis=0), _COARSE, interpolation=cv2.INTER_AREA)
        if name in self._coarse:
            self._curves[name].append(float(np.abs(coarse - self._coarse[name]).mean()))
        self._coarse[name] = np.asarray(coarse, dtype=np.float32)

    def _repeat(self, frame: Codes) -> None:
        from reelfix.restoration.neighbours import repeats_in

        luma = np.asarray(frame[len(frame) // 2] * np.float32(1 / 65535), dtype=np.float32)
        if self._last_luma is not None:
            self._repeats.extend(repeats_in([self._last_luma, luma]))
            self._curves["moved"].append(float(np.abs(luma - self._last_luma).mean()))
        self._last_luma = luma


def _standing_out(repeats: Flags, moved: Curve) -> Flags:
    """Keep those repeats whose neighbours differ far more: where all frames are alike, the scene is still."""
    if not repeats.any() or np.count_nonzero(~repeats) < 0.25 * len(repeats):
        return np.zeros_like(repeats)
    usual = float(np.median(moved[~repeats]))
    return np.asarray(repeats & (moved < 0.4 * usual), dtype=np.bool_)


def _small(frame: Codes) -> Small:
    """(C, H, W) codes to (C, h, w) in [0, 1], averaged down."""
    height, width = frame.shape[1:]
    scale = min(1.0, _WIDTH / width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = [cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in frame]
    return np.asarray(np.stack(small) / np.float32(65535), dtype=np.float32)


def _small_marks(mask: Masks, shape: tuple[int, ...]) -> Flags:
    """Where any of a small pixel is marked: (2, H, W) to (h, w)."""
    marked = (mask.max(axis=0) >= MASKED).astype(np.float32)
    return np.asarray(cv2.resize(marked, shape[::-1], interpolation=cv2.INTER_AREA) > 0, dtype=np.bool_)
