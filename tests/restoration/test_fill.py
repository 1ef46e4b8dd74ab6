import numpy as np
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.restore import restore_damage

WHOLE = slice(None)
HOLE = (slice(None), slice(40, 50), slice(60, 72))


def still(count: int = 9, height: int = 96, width: int = 128) -> torch.Tensor:
    """A texture that does not move, with grain of its own in each frame: (T, 1, H, W)."""
    random = np.random.default_rng(6)
    small = torch.from_numpy(random.random((1, 1, 24, 32), np.float32))
    whole = torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1) * 0.6 + 0.2
    grain = torch.from_numpy(random.standard_normal((count, 1, height, width)).astype(np.float32))
    return whole + 0.005 * grain


def no_motion(frames: torch.Tensor) -> Motion:
    count, _, height, width = frames.shape
    flow, sure = torch.zeros(count, 2, height // 2, width // 2), torch.ones(count, 1, height // 2, width // 2)
    return Motion(flow, flow, sure, sure)


def masked(frames: torch.Tensor, *marked: int, plane: int = 0) -> torch.Tensor:
    mask = torch.zeros(len(frames), 2, *frames.shape[2:], dtype=torch.uint8)
    for t in marked:
        mask[(t, plane, *HOLE[1:])] = 255
    return mask


def apart(result: torch.Tensor, clean: torch.Tensor, t: int) -> float:
    return float((result[t] - clean[t])[HOLE].abs().mean())


def test_a_place_hidden_in_the_nearest_frames_is_found_farther_away() -> None:
    clean = still()
    damaged = clean.clone()
    for t in (2, 3, 4, 5, 6):
        damaged[t][HOLE] = 0
    result = restore_damage(damaged, masked(clean, 2, 3, 4, 5, 6), no_motion(clean), WHOLE)
    assert apart(result, clean, 4) < 0.012


def test_dirt_that_nobody_marked_in_one_neighbour_is_outvoted() -> None:
    clean = still()
    damaged = clean.clone()
    damaged[4][HOLE] = 0
    damaged[3][HOLE] = 1
    result = restore_damage(damaged, masked(clean, 4), no_motion(clean), slice(4, 5))
    assert float((result[0] - clean[4])[HOLE].abs().mean()) < 0.02


def test_what_lies_there_in_every_frame_is_drawn_across() -> None:
    clean = torch.full((6, 1, 96, 128), 0.5)
    clean[:, :, :, 64:] = 0.7  # an edge that the hair crosses
    damaged, mask = clean.clone(), torch.zeros(6, 2, 96, 128, dtype=torch.uint8)
    damaged[:, :, 44:48, 20:110] = 0.1
    mask[:, 1, 43:49, 19:111] = 255
    result = restore_damage(damaged, mask, no_motion(clean), WHOLE)
    assert float((result - clean)[:, :, 44:48, 20:60].abs().max()) < 0.02
    assert float((result - clean)[:, :, 44:48, 20:110].abs().mean()) < 0.01


def test_each_frame_has_its_own_grain_in_the_fill() -> None:
    clean = still()
    damaged = clean.clone()
    damaged[3][HOLE], damaged[4][HOLE] = 0, 0
    result = restore_damage(damaged, masked(clean, 3, 4), no_motion(clean), WHOLE)
    first, second = (result[t][HOLE] - clean[0][HOLE] for t in (3, 4))
    assert float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.9
    assert 0.5 < float(first.std() / (clean[3] - clean[0])[HOLE].std()) < 1.5
