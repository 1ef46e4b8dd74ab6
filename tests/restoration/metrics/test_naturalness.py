from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.special import gamma
from torch.nn import functional

from reelfix.restoration.metrics.naturalness import Pristine, niqe
from reelfix.restoration.metrics.naturalness_features import BLOCK, _fitted, _halved, block_features


def _scene(seed: int, rows: int = 2 * BLOCK, columns: int = 3 * BLOCK) -> np.ndarray:
    """A picture with a natural spectrum: noise of power 1 / f^2."""
    random = np.random.default_rng(seed)
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(columns), np.fft.fftfreq(rows)))
    frequencies[0, 0] = 1
    spectrum = np.fft.fft2(random.standard_normal((rows, columns))) / frequencies
    picture = np.fft.ifft2(spectrum).real
    picture = (picture - picture.min()) / np.ptp(picture)
    return picture.astype(np.float32)


@pytest.fixture(scope="module")
def pristine() -> Pristine:
    return Pristine.fit((_scene(seed) for seed in range(14)), {"pictures of": "noise"})


def test_the_fit_finds_the_shape_of_generalised_gaussians() -> None:
    random = np.random.default_rng(0)
    blocks = np.stack([random.standard_normal((200, 200)), random.laplace(size=(200, 200))])
    alpha, left, right = _fitted(blocks)
    assert alpha == pytest.approx([2, 1], abs=0.03)
    # beta = sigma sqrt(gamma(1/alpha) / gamma(3/alpha)): sqrt 2 for a Gaussian, 1 for Laplace's.
    assert left == pytest.approx([np.sqrt(gamma(0.5) / gamma(1.5)), 1.0], rel=0.03)
    assert right == pytest.approx(left, rel=0.03)


def test_halving_is_the_antialiased_cubic_with_mirrored_edges() -> None:
    picture = _scene(2, 64, 64).astype(np.float64)
    reference = functional.interpolate(
        torch.from_numpy(picture)[None, None], scale_factor=0.5, mode="bicubic", antialias=True
    )[0, 0].numpy()
    found = _halved(picture)
    assert found[2:-2, 2:-2] == pytest.approx(reference[2:-2, 2:-2], abs=1e-6)
    mirrored = _halved(np.pad(picture, 8, mode="symmetric"))[4:-4, 4:-4]
    assert found == pytest.approx(mirrored, abs=1e-12)


def test_blocks_are_counted_and_flat_ones_have_no_numbers() -> None:
    picture = _scene(1)
    features, sharpness = block_features(picture)
    assert features.shape == (6, 36)
    assert np.isfinite(features).all()
    assert (sharpness > 0).all()
    picture[: BLOCK + 16, : BLOCK + 16] = 0.5
    assert np.isnan(block_features(picture)[0][0]).any()
    assert len(block_features(picture[:50])[0]) == 0


def test_niqe_grows_with_noise_and_with_blur(pristine: Pristine) -> None:
    sound = _scene(100, 3 * BLOCK, 4 * BLOCK)
    noise = np.random.default_rng(1).standard_normal(sound.shape).astype(np.float32)
    scores = [niqe((sound + strength * noise).clip(0, 1), pristine) for strength in (0, 0.02, 0.06)]
    assert scores[0] < scores[1] < scores[2]
    assert niqe(cv2.GaussianBlur(sound, (0, 0), 2), pristine) > 2 * scores[0]
    assert np.isnan(niqe(sound[:BLOCK, :BLOCK], pristine))


def test_a_model_comes_back_from_its_document(pristine: Pristine, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(pristine.to_json())
    again = Pristine.load(path)
    assert again.about == {"pictures of": "noise", "pictures": 14, "blocks": pristine.about["blocks"]}
    sound = _scene(101)
    assert niqe(sound, again) == pytest.approx(niqe(sound, pristine), rel=1e-3)
    path.write_text("{}")
    with pytest.raises(ValueError, match="reelfix evaluate pristine"):
        Pristine.load(path)


def test_too_few_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 36 are needed"):
        Pristine.fit([_scene(1)], {})


def test_the_model_that_is_shipped_tells_sound_pictures_from_noisy_and_soft_ones() -> None:
    shipped = Pristine.load()
    sound = _scene(102, 3 * BLOCK, 4 * BLOCK)
    noise = np.random.default_rng(1).standard_normal(sound.shape).astype(np.float32)
    score = niqe(sound, shipped)
    assert niqe((sound + 0.1 * noise).clip(0, 1), shipped) > score
    assert niqe(cv2.GaussianBlur(sound, (0, 0), 3), shipped) > score
