import numpy as np
import pytest

from reelfix.restoration.grain_blocks import HOP, SIDE, OverlappingBlocks, around, spectra_of


@pytest.mark.parametrize("shape", [(16, 16), (24, 36), (61, 50), (5, 90)])
def test_laid_undoes_taken(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    blocks = OverlappingBlocks(*shape)
    np.testing.assert_allclose(blocks.laid(blocks.taken(plane)), plane, atol=2e-6)


def test_white_noise_has_a_power_of_one() -> None:
    noise = np.random.default_rng(2).standard_normal((240, 240)).astype(np.float32)
    power = np.square(np.abs(OverlappingBlocks(240, 240).taken(noise)))
    np.testing.assert_allclose(power[2:-2, 2:-2].mean(), 1, atol=0.03)
    single = np.square(np.abs(spectra_of(noise.reshape(10, SIDE, 10, SIDE).transpose(0, 2, 1, 3))))
    np.testing.assert_allclose(single.mean(), 1, atol=0.05)


def test_around_is_the_mean_of_nine_in_the_whole_plane() -> None:
    plane = np.random.default_rng(3).random((SIDE, SIDE)).astype(np.float32)
    power = np.square(np.abs(np.fft.fft2(plane)))
    mean = sum(np.roll(power, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)) / 9
    found = around(power[:, : HOP + 1])
    np.testing.assert_allclose(found[:, 1:HOP], mean[:, 1:HOP], rtol=1e-4)
