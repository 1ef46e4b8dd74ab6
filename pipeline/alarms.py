"""Alarms: what about a shot is worth a person's look, judged from what was measured of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from reelfix.pipeline.alarms_change import Flags
from reelfix.pipeline.alarms_evidence import Curve, Evidence

FrameRanges = tuple[tuple[int, int], ...]

UNEXPECTED = 0.004
"""Share of the unmarked picture that may change visibly without a stage that accounts for it."""
MASKED = 0.1
"""Share of a frame that may be marked as damage."""
LOST = 0.5
"""Share of a frame whose motion may be lost."""
SEAM = 2.0
"""How far the change may step at a block's border, in the largest steps near it."""
REPEATS = 0
"""Frames of the source that may repeat the one before."""
CUT = 0.45
"""Evidence of a cut that there may be within a shot: 1 is two pictures with nothing in common."""
JOIN = 0.15
"""Unlikeness below which two shots look like one."""

_LEAST_SEAM = 0.004  # a smaller step of the change is not seen
_SEAM_REACH = 12  # frames near a border, to either side


@dataclass(frozen=True)
class Alarm:
    """One thing about a shot that is worth a look."""

    kind: str
    """`changed elsewhere`, `large mask`, `lost motion`, `seam`, `repeated frames`, `hidden cut`, `no cut`."""
    frames: FrameRanges
    """Where, in half-open ranges counted from the reel's first frame."""
    value: float
    """The worst that was measured."""
    limit: float
    """What it may be."""
    text: str
    """Both, in words."""
    is_notice: bool = False
    """Good to know, and no reason to look: not counted among the alarms."""


def alarms_of(evidence: Evidence) -> tuple[Alarm, ...]:
    """Judge a shot; no alarms where nothing is out of the ordinary."""
    found = (
        changed_elsewhere(evidence),
        large_mask(evidence),
        lost_motion(evidence),
        seam(evidence),
        repeated_frames(evidence),
        hidden_cut(evidence),
        *no_cut(evidence),
    )
    return tuple(alarm for alarm in found if alarm is not None)


def changed_elsewhere(evidence: Evidence) -> Alarm | None:
    """Raise where unmarked picture changed beyond what the stages that ran are expected to do to it."""
    return _over(
        evidence.unexpected,
        UNEXPECTED,
        evidence.first_frame,
        "changed elsewhere",
        "{value} of the unmarked picture changed more than its stages account for",
    )


def large_mask(evidence: Evidence) -> Alarm | None:
    """Raise where more than a tenth of a frame is marked: seldom damage alone."""
    text = "{value} of a frame is marked as damage"
    return _over(evidence.masked, MASKED, evidence.first_frame, "large mask", text)


def lost_motion(evidence: Evidence) -> Alarm | None:
    """Raise where the motion of most of a frame was found to neither neighbour."""
    text = "motion was lost over {value} of a frame"
    return _over(evidence.lost, LOST, evidence.first_frame, "lost motion", text)


def seam(evidence: Evidence) -> Alarm | None:
    """Raise where the change steps at a block's border, more than anywhere near it.

    Not where the source itself steps there: then the change follows it.
    """
    worst, frames = 0.0, []
    for border in evidence.borders:
        step = _prominence(evidence.change_steps, border - 1, _LEAST_SEAM)
        if step > SEAM and _prominence(evidence.source_steps, border - 1, _LEAST_SEAM) <= SEAM:
            worst = max(worst, step)
            frames.append(evidence.first_frame + border)
    if not frames:
        return None
    text = f"the change steps at a block's border, {worst:.1f} times as far as near it: {_list(frames)}"
    return Alarm("seam", _ranges(frames), worst, SEAM, text)


def repeated_frames(evidence: Evidence) -> Alarm | None:
    """Raise where frames of the source are there twice."""
    frames = [evidence.first_frame + 1 + int(t) for t in np.flatnonzero(evidence.repeats)]
    if len(frames) <= REPEATS:
        return None
    if _is_cadence(evidence.repeats):
        share = f"{len(frames)} of {len(evidence.repeats) + 1} frames"
        text = f"{share} repeat the one before, all through the shot, as where a transfer raised the rate"
        return Alarm("repeated frames", _ranges(frames), len(frames), REPEATS, text, is_notice=True)
    verb = "repeats" if len(frames) == 1 else "repeat"
    text = f"{_counted(len(frames), 'frame')} of the source {verb} the one before: {_list(frames)}"
    return Alarm("repeated frames", _ranges(frames), len(frames), REPEATS, text)


def hidden_cut(evidence: Evidence) -> Alarm | None:
    """Raise where the picture changes for good within the shot."""
    frames = [evidence.first_frame + 1 + int(t) for t in np.flatnonzero(evidence.cuts > CUT)]
    if not frames:
        return None
    text = f"a cut is suspected within the shot, before {_list(frames)}"
    return Alarm("hidden cut", _ranges(frames), float(evidence.cuts.max()), CUT, text)


def no_cut(evidence: Evidence) -> Iterable[Alarm]:
    """Raise for an end of the shot across which the picture goes on as it does within."""
    usual = float(np.percentile(evidence.unlike, 90)) if len(evidence.unlike) else 0.0
    ends = {"start": evidence.first_frame, "stop": evidence.first_frame + len(evidence.unlike) + 1}
    for name, value in evidence.joins.items():
        limit = min(JOIN, 1.5 * usual + 0.01)
        if value < limit:
            text = f"the picture goes on across the cut at frame {ends[name]}: is there one?"
            yield Alarm("no cut", ((ends[name], ends[name] + 1),), value, limit, text)


def _is_cadence(repeats: Flags) -> bool:
    """Say whether repeats go through all of the shot, rather than stand in a place or two."""
    places = np.flatnonzero(repeats)
    if len(places) < 3:
        return False
    gaps = np.diff(np.concatenate([[-1], places, [len(repeats)]]))
    return bool(gaps.max() <= min(4 * float(np.median(gaps)) + 4, len(repeats) / 2))


def _over(curve: Curve, limit: float, first_frame: int, kind: str, text: str) -> Alarm | None:
    """Raise for the frames at which `curve` is above `limit`, both of them shares."""
    frames = [first_frame + int(t) for t in np.flatnonzero(curve > limit)]
    if not frames:
        return None
    worst = float(curve.max())
    words = f"{text.format(value=_percent(worst))} (at most {_percent(limit)}): {_list(frames)}"
    return Alarm(kind, _ranges(frames), worst, limit, words)


def _prominence(steps: Curve, place: int, least: float) -> float:
    """Return the step at `place` in units of the largest one near it, which counts as `least` at least."""
    if not 0 <= place < len(steps):
        return 0.0
    near: npt.NDArray[np.float32] = np.concatenate(
        [steps[max(place - _SEAM_REACH, 0) : place], steps[place + 1 : place + 1 + _SEAM_REACH]]
    )
    return float(steps[place]) / max(float(near.max(initial=0.0)), least)


def _ranges(frames: Sequence[int]) -> FrameRanges:
    """Join frames that follow each other: half-open ranges."""
    if not frames:
        return ()
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(frames)) if b != a + 1), len(frames)]
    return tuple((frames[first], frames[last - 1] + 1) for first, last in pairwise(breaks))


def _list(frames: Sequence[int], most: int = 5) -> str:
    """`frame 7`, `frames 3-9, 14`."""
    ranges = _ranges(frames)
    shown = [f"{start}-{stop - 1}" if stop - start > 1 else str(start) for start, stop in ranges[:most]]
    more = f" and {len(ranges) - most} more places" if len(ranges) > most else ""
    return f"{'frames' if len(frames) > 1 else 'frame'} {', '.join(shown)}{more}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
