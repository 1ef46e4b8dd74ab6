"""Each alarm is raised by a tiny case of what it is for, and not by the nearest harmless one."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from reelfix.pipeline.alarms import (
    alarms_of,
    changed_elsewhere,
    hidden_cut,
    large_mask,
    lost_motion,
    no_cut,
    repeated_frames,
    seam,
)
from reelfix.pipeline.alarms_change import Expected
from reelfix.pipeline.alarms_evidence import Evidence, EvidenceGatherer
from reelfix.pipeline.pixels import Codes

HEIGHT, WIDTH = 96, 128
NONE = np.empty(0, np.float32)


def scene(seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> npt.NDArray[np.float32]:
    """A textured picture (H, W) in [0.2, 0.8]."""
    rng = np.random.default_rng(seed)
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width] / 24.0
    picture = sum(
        np.sin(rng.uniform(0.3, 2) * rows + rng.uniform(0.3, 2) * columns * sign + rng.uniform(0, 6))
        for sign in (-1, 1, -1, 1, -1, 1)
    )
    return (0.5 + 0.3 * np.asarray(picture, np.float32) / np.abs(picture).max()).astype(np.float32)


def film(seed: int, count: int, *, speed: int = 1) -> npt.NDArray[np.float32]:
    """Frames (T, H, W) that pan over a picture, each with grain of its own."""
    wide = scene(seed, (HEIGHT, WIDTH + speed * count))
    grain = np.random.default_rng(seed + 1).normal(0, 0.02, (count, HEIGHT, WIDTH))
    frames = np.stack([wide[:, speed * t : speed * t + WIDTH] for t in range(count)])
    return (frames + grain).astype(np.float32)


def codes(frames: npt.NDArray[np.float32]) -> Codes:
    """(T, H, W) in [0, 1] to (T, 1, H, W) uint16."""
    return np.rint(np.clip(frames, 0, 1) * 65535).astype(np.uint16)[:, None]


def gathered(
    before: npt.NDArray[np.float32],
    after: npt.NDArray[np.float32] | None = None,
    mask: npt.NDArray[np.uint8] | None = None,
    expected: Expected | None = None,
    behind: npt.NDArray[np.float32] | None = None,
    first_frame: int = 100,
) -> Evidence:
    gatherer = EvidenceGatherer(first_frame, expected or Expected())
    old, new = codes(before), None if after is None else codes(after)
    for t in range(len(old)):
        gatherer.add(old[t], None if new is None else new[t], None if mask is None else mask[t])
    return gatherer.evidence([], behind=None if behind is None else codes(behind[None])[0])


def marked(*place: slice) -> npt.NDArray[np.uint8]:
    mask = np.zeros((2, 2, HEIGHT, WIDTH), np.uint8)
    mask[(slice(None), 0, *place)] = 255
    return mask


def test_a_ghost_outside_the_mask_raises_an_alarm() -> None:
    """The same change under the mask does not."""
    before = film(1, 2)
    after = before.copy()
    after[1, 30:50, 40:60] += 0.15
    alarm = changed_elsewhere(gathered(before, after, marked(slice(0, 10), slice(0, 10))))
    assert alarm is not None
    assert alarm.frames == ((101, 102),)
    assert 0.02 < alarm.value < 0.06
    assert "frame 101" in alarm.text
    inside = marked(slice(30, 50), slice(40, 60))
    assert changed_elsewhere(gathered(before, after, inside)) is None


def test_what_the_stages_do_everywhere_is_expected_of_them_alone() -> None:
    """New light is the deflickerer's, a shift the stabilizer's, less grain the denoiser's."""
    before = film(2, 2)
    lit = np.clip(before**1.3 + np.linspace(0, 0.08, WIDTH, dtype=np.float32), 0, 1)
    assert changed_elsewhere(gathered(before, lit, None, Expected(relights=True))) is None
    assert changed_elsewhere(gathered(before, lit)) is not None
    shifted = np.roll(before, (3, -4), axis=(1, 2))
    assert changed_elsewhere(gathered(before, shifted, None, Expected(moves=True))) is None
    assert changed_elsewhere(gathered(before, shifted)) is not None
    wide = scene(2, (4 * HEIGHT, 4 * WIDTH))[None]
    grainy = wide + np.random.default_rng(3).normal(0, 0.05, wide.shape).astype(np.float32)
    assert changed_elsewhere(gathered(grainy, wide)) is None


def test_a_ghost_is_found_under_new_light_and_a_shift() -> None:
    """What is expected hides nothing else."""
    before = film(4, 2)
    after = np.roll(before, (2, 3), axis=(1, 2)) ** 1.2
    after[1, 30:50, 40:60] += 0.15
    alarm = changed_elsewhere(gathered(before, after, None, Expected(moves=True, relights=True)))
    assert alarm is not None
    assert alarm.frames == ((101, 102),)


def test_more_than_a_tenth_marked() -> None:
    """Both planes count, each pixel once."""
    mask = marked(slice(0, HEIGHT), slice(0, 14))
    alarm = large_mask(gathered(film(1, 2), None, mask))
    assert alarm is not None
    assert alarm.frames == ((100, 102),)
    assert abs(alarm.value - 14 / WIDTH) < 1e-6
    assert "10.9 % of a frame" in alarm.text
    mask[:, 1] = mask[:, 0]
    mask[:, :, :, 12:] = 0
    assert large_mask(gathered(film(1, 2), None, mask)) is None


def test_motion_lost_over_most_of_a_frame() -> None:
    """A point found to one neighbour is not lost: it is covered or uncovered there."""
    gatherer = EvidenceGatherer(0, Expected())
    for frame in codes(film(1, 3)):
        gatherer.add(frame, None, None)
    confidence = np.full((2, 8, 8), 255, np.uint8)
    gatherer.add_motion(confidence)
    confidence[0] = 0
    gatherer.add_motion(confidence)
    confidence[1, :5] = 20
    gatherer.add_motion(confidence)
    alarm = lost_motion(gatherer.evidence([]))
    assert alarm is not None
    assert alarm.frames == ((2, 3),)
    assert alarm.value == np.float32(5 / 8)


def test_a_step_of_the_change_at_a_blocks_border() -> None:
    """Within a block, or where the source steps too, it is none."""
    before = film(5, 16)
    after = before.copy()
    after[8:] += 0.02
    evidence = replace(gathered(before, after), borders=(8,))
    alarm = seam(evidence)
    assert alarm is not None
    assert alarm.frames == ((108, 109),)
    assert alarm.value > 4
    assert seam(replace(evidence, borders=(5,))) is None
    before[8:] -= 0.02
    assert seam(replace(gathered(before, after), borders=(8,))) is None


def test_frames_that_are_there_twice() -> None:
    """A still scene is not; a cadence all through the shot is noted, and raises nothing."""
    frames = film(6, 16)
    assert repeated_frames(gathered(frames)) is None
    frames[7] = frames[6]
    alarm = repeated_frames(gathered(frames))
    assert alarm is not None
    assert alarm.frames == ((107, 108),)
    assert not alarm.is_notice
    assert repeated_frames(gathered(np.repeat(frames[:1], 8, axis=0))) is None
    cadence = film(6, 16)[np.repeat(np.arange(16), [2, 1, 1, 1] * 4)]
    notice = repeated_frames(gathered(cadence))
    assert notice is not None
    assert notice.is_notice
    assert notice.value == 4


def test_a_cut_within_the_shot() -> None:
    """A flash, a torn frame, flicker and a fast pan are none."""
    first, second = film(7, 8), film(8, 8)
    alarm = hidden_cut(gathered(np.concatenate([first, second])))
    assert alarm is not None
    assert alarm.frames == ((108, 109),)
    assert hidden_cut(gathered(film(7, 12, speed=12))) is None
    torn = first.copy()
    torn[4] = second[4]
    assert hidden_cut(gathered(torn)) is None
    flickering = (
        first
        * np.linspace(1.3, 0.7, 8, dtype=np.float32)[np.random.default_rng(0).permutation(8), None, None]
    )
    assert hidden_cut(gathered(flickering)) is None


def test_a_shot_that_goes_on_behind_its_end() -> None:
    """At the end's own frame; a true cut and the reel's end raise none."""
    frames = film(9, 8)
    alarms = list(no_cut(gathered(frames[:6], behind=frames[6])))
    assert [alarm.frames for alarm in alarms] == [((106, 107),)]
    assert alarms[0].value < alarms[0].limit
    assert list(no_cut(gathered(frames, behind=scene(10)))) == []
    assert list(no_cut(gathered(frames))) == []


def test_an_ordinary_shot_raises_none() -> None:
    """Nor does one of which only its frames are known, or that is empty of texture, or one frame long."""
    before = film(11, 6)
    assert alarms_of(gathered(before, before, marked(slice(0, 5), slice(0, 5)).repeat(3, axis=0))) == ()
    assert alarms_of(gathered(np.full((6, HEIGHT, WIDTH), 0.1, np.float32))) == ()
    assert alarms_of(gathered(before[:1], before[:1])) == ()
