import numpy as np
import pytest
import torch

from reelfix.restoration.detect import detect_damage
from reelfix.restoration.detector import Detector, load_detector
from reelfix.restoration.optical_flow import estimate_motion

WHOLE = slice(None)


def texture(height: int, width: int, seed: int = 3) -> torch.Tensor:
    random = np.random.default_rng(seed)
    layers = [
        torch.nn.functional.interpolate(
            torch.from_numpy(random.random((1, 1, height // k + 2, width // k + 2), np.float32)),
            (height, width),
            mode="bicubic",
        )
        for k in (3, 8, 24)
    ]
    return (sum(layers) / 3).clamp(0, 1)[0, 0] * 0.6 + 0.2


def panning(count: int = 7, height: int = 120, width: int = 160, step: int = 2) -> torch.Tensor:
    """A texture that pans, with light grain: (T, 1, H, W)."""
    whole = texture(height, width + count * step)
    grain = np.random.default_rng(9).normal(0, 0.008, (count, 1, height, width)).astype(np.float32)
    frames = torch.stack([whole[None, :, t * step : t * step + width] for t in range(count)])
    return frames + torch.from_numpy(grain)


@pytest.fixture(scope="module", params=["without a net", "with the net"])
def detector(request: pytest.FixtureRequest) -> Detector | None:
    return load_detector("detector", torch.device("cpu")) if request.param == "with the net" else None


def masks(frames: torch.Tensor, detector: Detector | None, strength: float = 1.0) -> torch.Tensor:
    return detect_damage(frames, estimate_motion(frames), WHOLE, strength=strength, detector=detector) >= 128


def test_dirt_bright_and_dark_is_found_where_it_is(detector: Detector | None) -> None:
    frames = panning()
    frames[3, :, 40:47, 60:68] = 0.95
    frames[3, :, 80:84, 100:106] = 0.05
    found = masks(frames, detector)
    assert found[3, 0, 41:46, 61:67].all()
    assert found[3, 0, 81:83, 101:105].all()
    assert found[3, 0].sum() < 56 + 24 + 120  # and a rim, no more
    others = [t for t in range(7) if t != 3]
    assert found[others, 0].float().mean() < 5e-4


def test_nothing_is_found_in_a_clean_pan(detector: Detector | None) -> None:
    assert masks(panning(), detector).float().mean() < 5e-4


def test_dirt_in_a_repeated_frame_is_found_in_both(detector: Detector | None) -> None:
    frames = panning()
    frames[3, :, 40:47, 60:68] = 0.95
    frames[4] = frames[3]
    found = masks(frames, detector)
    assert found[3, 0, 41:46, 61:67].all()
    assert found[4, 0, 41:46, 61:67].all()


def test_a_moving_ball_is_no_dirt(detector: Detector | None) -> None:
    frames = panning(step=0)
    y, x = torch.meshgrid(torch.arange(120), torch.arange(160), indexing="ij")
    for t in range(7):
        ball = (y - 60) ** 2 + (x - 25 - 6 * t) ** 2 < 64
        frames[t, 0][ball] = 0.95
    found = masks(frames, detector)
    for t in range(1, 6):
        ball = (y - 60) ** 2 + (x - 25 - 6 * t) ** 2 < 49
        assert found[t, 0][ball].float().mean() < 0.1


def with_line(frames: torch.Tensor, columns: list[int]) -> torch.Tensor:
    lined = frames.clone()
    for t, x in enumerate(columns):
        lined[t, :, :, x : x + 2] += 0.3
    return lined.clamp(0, 1)


def test_a_wandering_scratch_is_found_in_every_frame(detector: Detector | None) -> None:
    columns = [80, 82, 79, 83, 80, 84, 81]
    found = masks(with_line(panning(step=0), columns), detector)
    for t, x in enumerate(columns):
        assert found[t, 1, :, x : x + 2].float().mean() > 0.7
        assert found[t, 1, :, : x - 6].float().mean() < 0.01


def test_a_still_scratch_on_a_moving_picture_is_found(detector: Detector | None) -> None:
    found = masks(with_line(panning(step=3), [80] * 7), detector)
    assert found[2:5, 1, :, 80:82].float().mean() > 0.8


def test_a_pole_is_no_scratch(detector: Detector | None) -> None:
    still = masks(with_line(panning(step=0), [80] * 7), detector)
    moving = masks(with_line(panning(step=2), [90 - 2 * t for t in range(7)]), detector)
    assert not still[:, 1].any()
    assert moving[:, 1].float().mean() < 1e-3


def test_less_strength_finds_less(detector: Detector | None) -> None:
    frames = panning()
    frames[3, :, 40:47, 60:68] += 0.12
    assert masks(frames, detector, 1.0)[3, 0, 40:47, 60:68].float().mean() > 0.5
    assert not masks(frames, detector, 0.1).any()


def test_a_kind_left_out_is_not_looked_for() -> None:
    frames = with_line(panning(), [80, 82, 79, 83, 80, 84, 81])
    frames[3, :, 40:47, 30:38] = 0.95
    motion = estimate_motion(frames)
    assert not detect_damage(frames, motion, WHOLE, dirt=False)[:, 0].any()
    assert not detect_damage(frames, motion, WHOLE, scratches=False)[:, 1].any()
