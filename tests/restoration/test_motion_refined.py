import pytest
import torch
from torch.nn import functional

from reelfix.restoration.motion import Motion
from reelfix.restoration.motion_refined import refined_motion
from reelfix.restoration.optical_flow import estimate_motion


def swayed(count: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A texture of which every row goes its own way, (T, 1, H, W) in [0, 1]; and each row's dx per frame."""
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 1, height // 4, width // 4, generator=random)
    picture = functional.interpolate(coarse, scale_factor=4, mode="bicubic").clamp(0, 1)
    rows = torch.arange(height, dtype=torch.float32)
    across = 2.5 + torch.sin(2 * torch.pi * rows / 80)
    x = (2 * torch.arange(width) + 1) / width - 1
    y = ((2 * rows + 1) / height - 1)[:, None].expand(-1, width)
    frames = [
        functional.grid_sample(
            picture,
            torch.stack([x - 2 * t * across[:, None] / width, y], dim=-1)[None],
            mode="bicubic",
            padding_mode="reflection",
            align_corners=False,
        )[0]
        for t in range(count)
    ]
    return torch.stack(frames).clamp(0, 1), across


def astray(motion: Motion, across: torch.Tensor) -> float:
    """Mean distance from the true motion forward, in pixels, away from the picture's edges."""
    off = motion.forward[:-1].clone()
    off[:, 0] -= across.view(-1, 2).mean(dim=1)[:, None]
    return float(off[..., 4:-4, 8:-8].square().sum(dim=1).sqrt().mean())


def test_what_grain_led_astray_is_found_once_it_is_gone() -> None:
    clean, across = swayed(4, 80, 120)
    grain = 0.08 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    first = estimate_motion((clean + grain).clamp(0, 1))
    refined = refined_motion(clean, first)
    assert astray(first, across) > 0.12
    assert astray(refined, across) < 0.7 * astray(first, across)
    assert refined.forward_confidence[:-1].mean() > first.forward_confidence[:-1].mean()
    assert not refined.forward_confidence[-1].any()
    assert not refined.backward[0].any()


def test_it_begins_where_the_motion_is() -> None:
    # Farther than the finest scale alone can see.
    wide = functional.avg_pool2d(torch.rand(1, 120, 280, generator=torch.Generator().manual_seed(0)), 5, 1, 2)
    clean = ((wide - 0.5) * 3 + 0.5).clamp(0, 1)
    clean = torch.stack([clean[..., 80 - 40 * t : 280 - 40 * t] for t in range(3)])
    across, sure = torch.zeros(3, 2, 60, 100), torch.ones(3, 1, 60, 100)
    across[:, 0] = 1
    near, lost = (refined_motion(clean, Motion(dx * across, -dx * across, sure, sure)) for dx in (37, 0))
    assert float(near.forward[:-1, 0].median()) == pytest.approx(40, abs=0.1)
    assert float(near.backward[1:, 0].median()) == pytest.approx(-40, abs=0.1)
    assert float(lost.forward[:-1, 0].median()) < 30


def test_a_picture_smaller_than_a_search_needs() -> None:
    clean, _ = swayed(3, 24, 40)
    refined = refined_motion(clean, estimate_motion(clean))
    assert refined.forward.shape == (3, 2, 12, 20)
    assert bool(refined.forward.isfinite().all())


def test_another_clips_motion_is_refused() -> None:
    clean, _ = swayed(3, 64, 80)
    with pytest.raises(ValueError, match="same frames"):
        refined_motion(clean[:2], estimate_motion(clean))


def test_over_a_cut_that_was_not_found_the_motion_stays_as_it_was() -> None:
    one, _ = swayed(2, 80, 120)
    other = one.flip(2, 3)
    clip = torch.cat([one, other])
    grain = 0.02 * torch.randn(clip.shape, generator=torch.Generator().manual_seed(1))
    found = estimate_motion((clip + grain).clamp(0, 1))
    found.forward_confidence[1], found.backward_confidence[2] = 0.2, 0.25
    refined = refined_motion(clip, found)
    for name in ("forward", "forward_confidence"):
        assert torch.equal(getattr(refined, name)[1], getattr(found, name)[1])
        assert not torch.equal(getattr(refined, name)[0], getattr(found, name)[0])
    assert torch.equal(refined.backward[2], found.backward[2])
    assert torch.equal(refined.backward_confidence[2], found.backward_confidence[2])
    assert not torch.equal(refined.backward[3], found.backward[3])
