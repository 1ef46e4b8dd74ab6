import cv2
import numpy as np
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.regions import regions_of
from reelfix.restoration.sources import Clip, sources_of, touched


def clip_of(images: np.ndarray, damaged: np.ndarray, dx: float = 0.0) -> Clip:
    """Frames (T, 1, H, W) in which the picture moves by dx a frame."""
    count, _, height, width = images.shape
    forward = torch.zeros(count, 2, height // 2, width // 2)
    forward[:, 0] = dx
    sure = torch.ones(count, 1, height // 2, width // 2)
    hidden = np.where(damaged.any(axis=1), np.uint8(255), np.uint8(0))
    small = [cv2.resize(image[0], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for image in images]
    small_hidden = [
        np.ascontiguousarray(cv2.dilate(plane, np.ones((2, 2)), anchor=(0, 0))[::2, ::2]) for plane in hidden
    ]
    return Clip(images, damaged, hidden, small, small_hidden, Motion(forward, -forward, sure, sure))


def moving(dx: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(9)
    whole = cv2.GaussianBlur(random.random((80, 140), np.float32), (0, 0), 2)
    images = np.stack([np.roll(whole, dx * t, axis=1)[None, :, 20:120] for t in range(3)])
    damaged = np.zeros((3, 2, 80, 100), np.bool_)
    damaged[1, 0, 36:46, 40:56] = True
    return np.ascontiguousarray(images), damaged


def test_sources_show_the_place_as_it_is_without_the_damage() -> None:
    images, damaged = moving(4)
    seen = images.copy()
    seen[1, 0, 36:46, 40:56] = 1
    seen[0] *= 0.9  # flicker
    (region,) = regions_of(damaged[1].any(axis=0))
    sources = sources_of(clip_of(seen, damaged, 4.0), 1, [-1, 1], region)
    clean = images[1][:, region.rows, region.columns]
    for picture in sources.pictures:
        assert np.abs(picture - clean)[:, region.mine].mean() < 0.01
    assert (sources.trust[:, region.mine] > 0.9).all()
    assert sources.misfit.max() < 0.02


def test_what_is_damaged_there_too_is_not_trusted() -> None:
    images, damaged = moving(0)
    damaged[0, 1, 38:42] = True
    (region,) = regions_of(damaged[1].any(axis=0))
    sources = sources_of(clip_of(images, damaged), 1, [-1, 1], region)
    rows = slice(38 - region.rows.start, 42 - region.rows.start)
    assert (sources.trust[0, rows] == 0).all()
    assert (sources.trust[1, rows] > 0).all()


def test_a_source_that_does_not_fit_around_the_damage_says_so() -> None:
    images, damaged = moving(0)
    images[2] = images[2][:, ::-1]
    (region,) = regions_of(damaged[1].any(axis=0))
    sources = sources_of(clip_of(images, damaged), 1, [-1, 1], region)
    fitting, other = sources.misfit[:, region.mine].mean(axis=1)
    assert other > 5 * fitting + 0.01


def test_gaps_in_a_mask_are_touched() -> None:
    hurt = np.zeros((40, 40), np.bool_)
    hurt[10:30, 10:30] = True
    hurt[18:21, 18:21] = False
    grown = touched(hurt)
    assert grown[10:30, 10:30].all()
    assert np.count_nonzero(grown) == 400
