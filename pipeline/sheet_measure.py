"""What a contact sheet tells of a shot in numbers: one pass over its frames, before and after."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.pixels import Codes, PixelMap
from reelfix.pipeline.reel import Reel

Picture = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.uint8]
Curve = npt.NDArray[np.float32]
"""(T,): one number per frame of the shot."""

MASKED = 128
"""Mask value from which a pixel counts as damaged."""
_BLOCK_BYTES = 48 * 2**20
_SLICE_FRAMES = 480
"""Frames at most in a time slice: a longer shot's are picked evenly."""
_FLICKER_REACH = 4


@dataclass(frozen=True)
class ShotMeasure:
    """The curves of a shot; those of the restored frames are empty where there are none."""

    luma_before: Curve
    """Mean luma, in [0, 1] of the source's peak."""
    luma_after: Curve
    changed: Curve
    """Mean absolute change of the pixels, in [0, 1]."""
    dirt: Curve
    """Fraction of the frame that the mask marks as dirt; scratches likewise."""
    scratch: Curve
    slice_before: Picture
    """(T', W): the middle row of every frame, one below the other, uint8 luma; flicker shows as stripes."""
    slice_after: Picture

    @property
    def most_changed(self) -> int | None:
        """The frame that changed most, counted from the shot's first; None where none did."""
        if not len(self.changed) or not self.changed.any():
            return None
        return int(self.changed.argmax())

    @property
    def mean_changed(self) -> float:
        """Mean absolute change over the whole shot, in [0, 1]."""
        return float(self.changed.mean()) if len(self.changed) else 0.0

    @property
    def most_masked(self) -> float:
        """Largest fraction of a frame that is marked as damage."""
        return float((self.dirt + self.scratch).max()) if len(self.dirt) else 0.0


def measure_shot(outcome: ShotOutcome) -> ShotMeasure:
    """Measure every frame of a shot; the restored ones where all stages are done. Memory is bounded."""
    shot = outcome.shot
    luma = _luma_weights(outcome.reel)
    rows: dict[str, list[Picture]] = {"before": [], "after": []}
    curves: dict[str, list[float]] = {name: [] for name in ("before", "after", "changed", "dirt", "scratch")}
    step = max(1, -(-shot.frame_count // _SLICE_FRAMES))
    for start, before, after, mask in _blocks(outcome):
        for index, frame in enumerate(before):
            is_sliced = (start + index - shot.start) % step == 0
            curves["before"].append(_mean_luma(frame, luma))
            if is_sliced:
                rows["before"].append(_middle_row(frame, luma))
            if after is not None:
                curves["after"].append(_mean_luma(after[index], luma))
                curves["changed"].append(mean_change(frame, after[index]))
                if is_sliced:
                    rows["after"].append(_middle_row(after[index], luma))
            if mask is not None:
                for plane, name in enumerate(("dirt", "scratch")):
                    curves[name].append(
                        float(np.count_nonzero(mask[index, plane] >= MASKED)) / mask[index, plane].size
                    )
    return ShotMeasure(
        luma_before=_curve(curves["before"]),
        luma_after=_curve(curves["after"]),
        changed=_curve(curves["changed"]),
        dirt=_curve(curves["dirt"]),
        scratch=_curve(curves["scratch"]),
        slice_before=_stacked(rows["before"]),
        slice_after=_stacked(rows["after"]),
    )


def flicker(luma: Curve) -> float:
    """Return the light's unsteadiness: RMS of mean luma about its median over nine frames, over its mean.

    0.02 is a flicker of 2 %. A slow change of light, a cut or a fade counts for little.
    """
    if len(luma) < 3 or luma.mean() <= 0:
        return 0.0
    reach = min(_FLICKER_REACH, len(luma) - 1)
    padded = np.pad(luma, reach, mode="reflect", reflect_type="odd")  # a fade goes on beyond the ends
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)  # Tx9
    residual = luma - np.median(windows, axis=1)
    return float(np.sqrt(np.mean(residual**2)) / luma.mean())


def mean_change(before: Codes, after: Codes) -> float:
    """Return the mean absolute difference of two frames (C, H, W), in [0, 1]."""
    total = sum(cv2.norm(old, new, cv2.NORM_L1) for old, new in zip(before, after, strict=True))
    return float(total / (before.size * 65535))


def masks_of(outcome: ShotOutcome, start: int, stop: int) -> Masks | None:
    """Return the masks of frames `[start, stop)` of the reel where their stage is done, else None."""
    makers = [entry for entry in outcome.stages if "mask" in entry.task.make_stage().makes]
    return outcome.mask(start, stop) if makers and makers[-1].commit is not None else None


def has_after(outcome: ShotOutcome) -> bool:
    """Say whether there are restored frames to show: a stage makes some, and all stages are done."""
    return outcome.is_restored and not outcome.unfinished


def _blocks(outcome: ShotOutcome) -> Iterator[tuple[int, Codes, Codes | None, Masks | None]]:
    clip = outcome.reel.clip
    frame_bytes = clip.channels * clip.height * clip.width * 2
    step = int(np.clip(_BLOCK_BYTES // (3 * frame_bytes), 1, 64))
    shot = outcome.shot
    for start in range(shot.start, shot.stop, step):
        stop = min(start + step, shot.stop)
        after = outcome.after(start, stop) if has_after(outcome) else None
        yield start, outcome.before(start, stop), after, masks_of(outcome, start, stop)


def _luma_weights(reel: Reel) -> npt.NDArray[np.float32]:
    """Weights (C,) of a stage frame's channels in its luma."""
    if reel.info.is_monochrome:
        return np.ones(1, np.float32)
    pixel_map = PixelMap.of(reel.info.video, is_monochrome=False)
    red, blue = pixel_map.red_weight, pixel_map.blue_weight
    return np.array([red, 1 - red - blue, blue], np.float32)


def _mean_luma(frame: Codes, weights: npt.NDArray[np.float32]) -> float:
    means = [cv2.mean(channel)[0] for channel in frame]
    return float(np.dot(weights, np.array(means, np.float32)) / 65535)


def _middle_row(frame: Codes, weights: npt.NDArray[np.float32]) -> Picture:
    row = np.tensordot(weights, frame[:, frame.shape[1] // 2].astype(np.float32), axes=1)  # W
    return np.asarray(row / 257, dtype=np.uint8)


def _curve(values: list[float]) -> Curve:
    return np.array(values, np.float32)


def _stacked(rows: list[Picture]) -> Picture:
    return np.stack(rows) if rows else np.empty((0, 0), np.uint8)
