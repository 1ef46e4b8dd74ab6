import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.gate_hairs import REACH, detail_of, gate_hairs
from reelfix.restoration.scene_motion import SceneStep

HEIGHT, WIDTH, COUNT = 160, 200, 2 * REACH + 1
Clip = npt.NDArray[np.float32]


def scene(step: float) -> Clip:
    """A texture that goes `step` pixels a frame to the left."""
    random = np.random.default_rng(5)
    coarse = random.random((HEIGHT // 6 + 2, (WIDTH + 160) // 6 + 2), np.float32)
    whole = cv2.resize(coarse, (WIDTH + 160, HEIGHT), interpolation=cv2.INTER_CUBIC) * 0.3 + 0.4
    starts = [round(t * step) for t in range(COUNT)]
    grain = random.normal(0, 0.006, (COUNT, HEIGHT, WIDTH))
    return np.asarray(np.stack([whole[:, start : start + WIDTH] for start in starts]) + grain, np.float32)


def with_curve(frames: Clip, shifts: npt.NDArray[np.float64]) -> tuple[Clip, npt.NDArray[np.bool_]]:
    """Draw a dark hair from the upper edge, moved `shifts` (T,) pixels across; and where it is at last."""
    y = np.arange(0, 60)
    curved = frames.copy()
    drawn = np.zeros((HEIGHT, WIDTH), np.float32)
    for t, shift in enumerate(shifts):
        drawn[:] = 0
        points = np.stack([100 + 12 * np.sin(y / 14) + shift, y], axis=1)
        cv2.polylines(drawn, [np.rint(points * 16).astype(np.int32)], False, 1.0, 2, cv2.LINE_AA, 4)
        curved[t] = frames[t] * (1 - 0.8 * drawn) + 0.05 * 0.8 * drawn
    return curved, drawn > 0.5


def found(frames: Clip, step: float) -> npt.NDArray[np.bool_]:
    cells = np.zeros((10, 12, 2), np.float32)
    steps = {}
    for t in range(COUNT):
        for way in (-1, 1):
            flow = cells.copy()
            flow[..., 0] = -step * way
            steps[t, way] = SceneStep(flow, flow, flow)
    details = [detail_of(frame) for frame in frames]
    others = [t for t in range(COUNT) if t != REACH]
    return gate_hairs(details, steps, frames[REACH], REACH, others, 1.0) >= 128


def test_a_swaying_hair_is_found_while_the_scene_moves() -> None:
    sway = np.random.default_rng(2).normal(0, 0.5, COUNT)
    sway[REACH:] = sway[REACH]
    frames, truth = with_curve(scene(3), sway)
    mask = found(frames, 3)
    assert mask[truth].mean() > 0.8
    assert mask[cv2.dilate(truth.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0].mean() < 2e-3


def test_a_fence_on_a_still_scene_is_left() -> None:
    frames = scene(0)
    for x in range(20, WIDTH, 24):
        frames[:, 30:130, x : x + 3] *= 0.7
    for y in range(30, 131, 25):
        frames[:, y : y + 3, 20:190] *= 0.7
    assert not found(frames, 0).any()


def test_of_too_few_frames_nothing_is_said() -> None:
    frames, _ = with_curve(scene(3), np.zeros(COUNT))
    details = [detail_of(frame) for frame in frames[:5]]
    assert not gate_hairs(details, {}, frames[2], 2, [0, 1, 3, 4], 1.0).any()


def test_the_grid_of_a_tall_picture_is_no_finer() -> None:
    luma = np.full((1080, 720), 0.5, np.float32)
    detail = detail_of(luma)
    assert detail.scale == 4
    assert detail.dark.here.shape == (270, 180)


def test_a_branch_of_the_scene_is_no_hair() -> None:
    frames, _ = with_curve(scene(3), 3.0 * (REACH - np.arange(COUNT, dtype=np.float64)))
    assert not found(frames, 3).any()


def test_nothing_is_found_where_there_is_none() -> None:
    assert not found(scene(3), 3).any()
