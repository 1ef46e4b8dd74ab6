"""What a contact sheet tells of a shot in numbers: one pass over its frames, before and after."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.alarms import Alarm, alarms_of
from reelfix.pipeline.alarms_change import Expected
from reelfix.pipeline.alarms_evidence import MASKED, Evidence, EvidenceGatherer
from reelfix.pipeline.colour_planes import codes_in_colour
from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.pixels import Codes, PixelMap
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_spots import Spot, pick_spots, strongest_spots

Picture = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.uint8]
Curve = npt.NDArray[np.float32]
"""(T,): one number per frame of the shot."""

_BLOCK_BYTES = 48 * 2**20
_SLICE_FRAMES = 1024
"""Frames at most in a time slice: a longer shot's are picked evenly."""
_FLICKER_REACH = 4
_SPOTS = 4


@dataclass(frozen=True)
class ShotMeasure:
    """The curves of a shot; those of the restored frames are empty where there are none."""

    luma_before: Curve
    """Mean luma, in [0, 1] of the source's peak."""
    luma_after: Curve
    changed: Curve
    """Mean absolute change of the pixels, in [0, 1]."""
    repaired: Curve
    """Mean change likewise, without what new light and a new place make of it, grain averaged out."""
    dirt: Curve
    """Fraction of the frame that the mask marks as dirt; scratches likewise."""
    scratch: Curve
    dirt_count: Curve
    """Separate spots that the mask marks as dirt."""
    slice_before: Picture
    """(T', W) of gray film, else (T', W, 3) red, green, blue: the middle row of every frame, one below the
    other, uint8; flicker shows as stripes."""
    slice_after: Picture
    """Likewise; (T', W, 3) where the shot got colours, too."""
    spots: tuple[Spot, ...] = ()
    """Where it changed most, apart from what changed all of a frame."""
    alarms: tuple[Alarm, ...] = ()

    @property
    def most_changed(self) -> int | None:
        """The frame that changed most, counted from the shot's first; None where none did."""
        return _highest(self.changed)

    @property
    def most_marked(self) -> int | None:
        """The frame with most marked as damage, likewise."""
        return _highest(self.dirt + self.scratch)

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
    curves: dict[str, list[float]] = defaultdict(list)
    gatherer = EvidenceGatherer(shot.start, _expected(outcome))
    spots: list[Spot] = []
    step = max(1, -(-shot.frame_count // _SLICE_FRAMES))
    for start, before, after, colours, masks in _blocks(outcome):
        for index, frame in enumerate(before):
            t = start + index - shot.start
            restored = None if after is None else after[index]
            mask = None if masks is None else masks[index]
            left = gatherer.add(frame, restored, mask)
            curves["before"].append(_mean_luma(frame, luma))
            if t % step == 0:
                rows["before"].append(_middle_row(frame))
            if restored is not None and left is not None:
                curves["after"].append(_mean_luma(restored, luma))
                curves["changed"].append(mean_change(frame, restored))
                curves["repaired"].append(float(left.change.mean()))
                spots = pick_spots([*spots, *strongest_spots(t, left.change)], 4 * _SPOTS)
                if t % step == 0:
                    rows["after"].append(_middle_row(restored) if colours is None else colours[index])
            if mask is not None:
                for name, value in _marks(mask).items():
                    curves[name].append(value)
    return ShotMeasure(
        luma_before=_curve(curves["before"]),
        luma_after=_curve(curves["after"]),
        changed=_curve(curves["changed"]),
        repaired=_curve(curves["repaired"]),
        dirt=_curve(curves["dirt"]),
        scratch=_curve(curves["scratch"]),
        dirt_count=_curve(curves["dirt_count"]),
        slice_before=_stacked(rows["before"]),
        slice_after=_stacked(rows["after"]),
        spots=tuple(pick_spots(spots, _SPOTS)),
        alarms=alarms_of(_evidence(outcome, gatherer)),
    )


def _expected(outcome: ShotOutcome) -> Expected:
    """Say what the stages of a shot may do to the whole of a frame."""
    active = {
        entry.task.stage for entry in outcome.stages if float(entry.task.settings.get("strength", 1)) > 0
    }
    return Expected(moves="stabilize" in active, relights="deflicker" in active)


def _evidence(outcome: ShotOutcome, gatherer: EvidenceGatherer) -> Evidence:
    """Add to what the frames told the motion, the blocks, and the frames just outside the shot."""
    shot, reel = outcome.shot, outcome.reel
    for entry in outcome.stages:
        if entry.task.stage == "motion" and entry.commit is not None:
            store = ProductStore.open(reel.product_folder("motion", entry.task.key, shot))
            for start in range(0, shot.frame_count, 64):
                for confidence in store.read("confidence", start, min(start + 64, shot.frame_count)):
                    gatherer.add_motion(confidence)
    commits = [entry.commit for entry in outcome.stages if entry.commit is not None]
    return gatherer.evidence(
        (block.start for commit in commits for block in commit.blocks),
        ahead=outcome.before(shot.start - 1, shot.start)[0] if shot.start > 0 else None,
        behind=outcome.before(shot.stop, shot.stop + 1)[0] if shot.stop < reel.info.frame_count else None,
    )


def _marks(mask: Masks) -> dict[str, float]:
    """Measure one frame's mask (2, H, W): the share of either plane, and the number of spots of dirt."""
    marked = (mask >= MASKED).astype(np.uint8)
    dirt, scratch = (float(np.count_nonzero(plane)) / plane.size for plane in marked)
    spots = cv2.connectedComponents(marked[0], connectivity=8)[0] - 1 if dirt else 0
    return {"dirt": dirt, "scratch": scratch, "dirt_count": float(spots)}


def unsteadiness(luma: Curve) -> Curve:
    """Return how far each frame's light is off its median over nine frames, over its mean: (T,)."""
    if len(luma) < 3 or luma.mean() <= 0:
        return np.zeros(len(luma), np.float32)
    reach = min(_FLICKER_REACH, len(luma) - 1)
    padded = np.pad(luma, reach, mode="reflect", reflect_type="odd")  # a fade goes on beyond the ends
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)  # Tx9
    return np.asarray((luma - np.median(windows, axis=1)) / luma.mean(), dtype=np.float32)


def flicker(luma: Curve) -> float:
    """Return the light's unsteadiness: RMS of mean luma about its median over nine frames, over its mean.

    0.02 is a flicker of 2 %. A slow change of light, a cut or a fade counts for little.
    """
    return float(np.sqrt(np.mean(np.square(unsteadiness(luma))))) if len(luma) else 0.0


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


def _blocks(
    outcome: ShotOutcome,
) -> Iterator[tuple[int, Codes, Codes | None, Picture | None, Masks | None]]:
    """Yield the first frame of a block; its frames before and after; their middle rows in colour; masks."""
    clip = outcome.reel.clip
    frame_bytes = clip.channels * clip.height * clip.width * 2
    step = int(np.clip(_BLOCK_BYTES // (3 * frame_bytes), 1, 64))
    shot = outcome.shot
    for start in range(shot.start, shot.stop, step):
        stop = min(start + step, shot.stop)
        after = outcome.after(start, stop) if has_after(outcome) else None
        colours = None if after is None else _coloured_rows(outcome, after, start)
        yield start, outcome.before(start, stop), after, colours, masks_of(outcome, start, stop)


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


def _middle_row(frame: Codes) -> Picture:
    """The middle row of a frame (C, H, W): (W,) of gray, (W, 3) of colour."""
    row = (frame[:, frame.shape[1] // 2] // 257).astype(np.uint8)  # CxW
    return row[0] if len(row) == 1 else row.T


def _coloured_rows(outcome: ShotOutcome, frames: Codes, start: int) -> Picture | None:
    """The middle rows (T, W, 3) of restored frames from `start` on, R, G, B; None without colours."""
    chroma = outcome.chroma(start, start + len(frames))
    if chroma is None:
        return None
    clip, row = outcome.reel.clip, slice(frames.shape[2] // 2, frames.shape[2] // 2 + 1)
    seen = codes_in_colour(frames[:, :, row], chroma[:, :, row], clip.red_weight, clip.blue_weight)  # Tx3x1xW
    return np.asarray(seen[:, :, 0].transpose(0, 2, 1) // 257, dtype=np.uint8)


def _highest(curve: Curve) -> int | None:
    return int(curve.argmax()) if len(curve) and curve.any() else None


def _curve(values: list[float]) -> Curve:
    return np.array(values, np.float32)


def _stacked(rows: list[Picture]) -> Picture:
    return np.stack(rows) if rows else np.empty((0, 0), np.uint8)
