"""Where one shot gives way to the next: cuts, dissolves and fades, told from flicker, flashes and motion."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from reelfix.io.frame_store import FrameStore
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.shot_detection_evidence import Evidence, Values, gather
from reelfix.pipeline.shot_detection_pictures import Detail, details
from reelfix.pipeline.shots import Shot, Transition

MIN_SHOT_SECONDS = 0.5
"""Cuts that follow the last one sooner than this are taken for splices, flashes or damage."""

_CUT = 0.35
_DISSOLVE = 0.45
"""Evidence from which on there is one."""
_AS_SURE = 0.9
"""Share of a peak's evidence, about a dissolve, that belongs to it."""
_FADED = 0.2
"""Contrast, beside that of the shots on either side, below which a picture has faded."""
_WHOLE = 0.8
"""The same, above which it is not yet, or no more, fading."""
_EMPTY_FRAMES = 2
"""Faded pictures that a fade has at least: a single one is spoilt."""
_SLOPE, _SLOPING = 3, 0.75
"""Frames beside the faded ones whose contrast, half of them, must lie below this share: they are fading."""
_RISEN = 0.5
"""The same share, that the contrast comes to before the next cut, on either side."""
_ASIDE = (10, 40)
"""Frames from a faded picture, nearest and furthest, that show the contrast of the shots on either side."""
_LONGEST_FADE = 60
"""Frames that a fade goes on for on either side."""


def detect_shots(
    store: FrameStore,
    pixel_map: PixelMap,
    rate: float,
    progress: Callable[[int], None] | None = None,
) -> tuple[Shot, ...]:
    """Cut the store's frames into shots; always at least one shot.

    A dissolve is cut in its middle, a fade where it is emptiest; the shot that begins there says so
    (`Shot.transition`). Reads a few frames at a time: per frame, only a few numbers are kept. `rate` in
    frames/s; `progress` is told the number of frames seen so far.
    """
    found = find_transitions(_counted(details(store, pixel_map), progress), min_shot_frames(rate))
    edges = [0, *(transition.cut for transition in found), store.frame_count]
    kinds = [None, *(None if transition.kind == "cut" else transition for transition in found)]
    return tuple(
        Shot(number, start, stop, transition=kind)
        for number, ((start, stop), kind) in enumerate(zip(itertools.pairwise(edges), kinds, strict=True), 1)
    )


def min_shot_frames(rate: float) -> int:
    """Frames of the shortest shot that is looked for, at `rate` frames/s."""
    return max(2, round(MIN_SHOT_SECONDS * rate))


def find_transitions(pictures: Iterable[Detail], min_shot: int) -> tuple[Transition, ...]:
    """Find a reel's transitions from its pictures' details, in order, `min_shot` frames or more apart."""
    evidence = gather(pictures)
    cuts = _cuts(evidence)
    fades = _fades(evidence, cuts)
    cuts = [cut for cut in cuts if not _meets(cut, fades, margin=0)]
    dissolves = [found for found in _dissolves(evidence) if not _meets(found, [*fades, *cuts], margin=2)]
    return _far_enough([*cuts, *dissolves, *fades], len(evidence.cut), min_shot)


def _counted(pictures: Iterator[Detail], progress: Callable[[int], None] | None) -> Iterator[Detail]:
    for number, picture in enumerate(pictures, start=1):
        yield picture
        if progress is not None:
            progress(number)


def _cuts(evidence: Evidence) -> list[Transition]:
    """Peaks of the evidence for cuts."""
    found: list[Transition] = []
    strengths = evidence.cut
    for t in np.flatnonzero(strengths > _CUT).tolist():
        near = strengths[max(t - 2, 0) : t + 3]
        if strengths[t] == near.max() and not (found and t - found[-1].cut <= 2):
            found.append(Transition("cut", t, t, t))
    return found


def _dissolves(evidence: Evidence) -> list[Transition]:
    """Peaks of the evidence for dissolves, the strongest first, none within another."""
    found: list[Transition] = []
    for t in np.argsort(-evidence.dissolve, kind="stable").tolist():
        if evidence.dissolve[t] < _DISSOLVE:
            break
        candidate = _dissolve_about(evidence, t)
        if not _meets(candidate, found, margin=0):
            found.append(candidate)
    return found


def _dissolve_about(evidence: Evidence, peak: int) -> Transition:
    """Take together what is about as sure beside a peak: parts of a long dissolve are dissolves too."""
    least = _AS_SURE * float(evidence.dissolve[peak])
    first = last = peak
    while first > 0 and evidence.dissolve[first - 1] > least:
        first -= 1
    while last < len(evidence.dissolve) - 1 and evidence.dissolve[last + 1] > least:
        last += 1
    near = np.arange(first, last + 1)
    start = int((near - evidence.half[near]).min())
    stop = int((near + evidence.half[near]).max())
    return Transition("dissolve", start, stop, (start + stop) // 2)


def _fades(evidence: Evidence, cuts: list[Transition]) -> list[Transition]:
    """Runs of empty pictures that the picture sinks into and rises from, over some frames on either side."""
    contrast = evidence.contrast
    walls = {cut.cut for cut in cuts}
    before, after = _contrast_aside(contrast)
    reference = np.minimum(before, after)
    faded = contrast < _FADED * reference
    edges = np.flatnonzero(np.diff(np.concatenate([[False], faded, [False]]).astype(np.int8)))
    found = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if stop - start < _EMPTY_FRAMES:
            continue
        middle = (start + stop) // 2
        first = _reach(contrast, start, -1, _WHOLE * float(before[middle]), walls)
        last = _reach(contrast, stop - 1, 1, _WHOLE * float(after[middle]), walls)
        # A spoilt frame is gone at once; a cut to black leader has no slope on either side.
        slopes = contrast[max(start - _SLOPE, 0) : start], contrast[stop : stop + _SLOPE]
        levels = _SLOPING * float(before[middle]), _SLOPING * float(after[middle])
        sloping = all(
            len(slope) and float(np.median(slope)) < level
            for slope, level in zip(slopes, levels, strict=True)
        )
        # A shot of little contrast between two cuts has slopes as well, but does not rise to theirs.
        tops = float(contrast[first : start + 1].max()), float(contrast[stop - 1 : last + 1].max())
        rising = min(tops) > _RISEN * float(reference[middle])
        if sloping and rising and start - first >= _SLOPE and last - (stop - 1) >= _SLOPE:
            found.append(Transition("fade", first + 1, last, middle))
    return found


def _contrast_aside(contrast: Values) -> tuple[Values, Values]:
    """Upper quartile of the contrast of some frames before and after each frame: (T,) each."""
    near, far = _ASIDE
    padded = np.pad(contrast, far, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, far - near + 1)
    quartile = np.percentile(windows, 75, axis=1)
    count = len(contrast)
    return quartile[:count], quartile[far + near : far + near + count]


def _reach(contrast: Values, frame: int, way: int, level: float, walls: set[int]) -> int:
    """Go from `frame` one way until the contrast has `level` for two frames on end, or a cut is met."""
    last = len(contrast) - 1
    for _ in range(_LONGEST_FADE):
        if not 0 < frame < last or (frame if way < 0 else frame + 1) in walls:
            break
        frame += way
        beyond = min(max(frame + way, 0), last)
        if min(contrast[frame], contrast[beyond]) > level:
            break
    return frame


def _meets(candidate: Transition, others: Iterable[Transition], *, margin: int) -> bool:
    return any(
        candidate.start - margin < other.stop + 1 and other.start - 1 < candidate.stop + margin
        for other in others
    )


def _far_enough(found: list[Transition], count: int, min_shot: int) -> tuple[Transition, ...]:
    """In order, without those that follow the last one, or the reel's beginning, too soon."""
    kept: list[Transition] = []
    for transition in sorted(found, key=lambda each: each.cut):
        last = kept[-1].cut if kept else 0
        if transition.cut - last >= min_shot and transition.cut < count:
            kept.append(transition)
    return tuple(kept)
