import cv2
import numpy as np

from reelfix.restoration.deflicker_pair import GRID, PairChange, pair_change
from reelfix.restoration.deflicker_thumbnail import thumbnail

Picture = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def texture(seed: int, height: int = 120, width: int = 160) -> Picture:
    """A picture with detail of several sizes, (1, H, W)."""
    random = np.random.default_rng(seed)
    sizes = ((6, 8), (15, 20), (60, 80))
    parts = [
        cv2.resize(random.random(size), (width, height), interpolation=cv2.INTER_CUBIC) for size in sizes
    ]
    return (0.1 + 0.6 * np.clip(np.mean(parts, axis=0), 0, 1))[None].astype(np.float32)


def changed(first: Picture, second: Picture) -> PairChange:
    return pair_change(thumbnail(first), thumbnail(second))


def test_light_is_compared_along_the_motion() -> None:
    wide = texture(1, width=176)
    change = changed(wide[..., :160], 0.8 * wide[..., 6:166])
    np.testing.assert_allclose(change.curves[0, 3:9], np.log2(0.8), atol=0.03)
    assert np.abs(change.field[:, 1:-1]).max() < 0.05
    assert change.agreement > 0.85


def test_a_field_is_found() -> None:
    first = texture(2)
    gains = np.exp2(np.linspace(-0.15, 0.15, 160)).astype(np.float32)
    change = changed(first, first * gains)
    expected = np.linspace(-0.15, 0.15, GRID[1])
    np.testing.assert_allclose(change.field.mean(axis=0), expected, atol=0.03)
    assert change.seen.min() > 0.6


def test_what_covers_a_part_is_no_light() -> None:
    first, second = texture(3), texture(3)
    second[0, 30:90, 40:100] = texture(4)[0, 30:90, 40:100]
    change = changed(first, second)
    np.testing.assert_allclose(change.curves[0, 3:9], 0, atol=0.02)
    assert np.abs(change.field[:, 9:]).max() < 0.02
    assert change.seen[4, 5] < 0.7 * change.seen[4, 10]


def test_another_scene_does_not_agree() -> None:
    assert changed(texture(5), texture(6)).agreement < 0.2


def test_an_even_wall_agrees_with_itself_through_its_grain() -> None:
    random = np.random.default_rng(7)
    wall = np.full((1, 360, 480), 0.4, np.float32)
    first, second = (wall + 0.02 * random.standard_normal(wall.shape, np.float32) for _ in range(2))
    change = changed(first, (0.85 * second).astype(np.float32))
    assert change.agreement > 0.5
    np.testing.assert_allclose(change.curves[0, 5:8] + change.field.mean(), np.log2(0.85), atol=0.03)


def test_thumbnails_lose_the_flicker_from_their_pattern_alone() -> None:
    small, dimmed = thumbnail(texture(8, 480, 640)), thumbnail(0.8 * texture(8, 480, 640))
    assert small.tones.shape == (1, 120, 160)
    assert small.coarse.shape == (1, 60, 80)
    np.testing.assert_allclose(dimmed.tones, 0.8 * small.tones, atol=1e-4)
    assert np.abs(dimmed.pattern.astype(int) - small.pattern).mean() < 2
    assert thumbnail(texture(9, 20, 50)).tones.shape == (1, 32, 50)
