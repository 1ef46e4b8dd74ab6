import numpy as np
import numpy.typing as npt
import pytest
import torch

from reelfix.restoration.deflicker import LightLog, deflicker

WHOLE = slice(None)
Frames = npt.NDArray[np.float32]


def scene(count: int, seed: int = 1) -> Frames:
    """A still picture with a thing that crosses it: float32 (T, 1, H, W)."""
    random = np.random.default_rng(seed)
    picture = np.kron(random.uniform(0.1, 0.7, (12, 16)), np.ones((6, 6))).astype(np.float32)
    frames = np.repeat(picture[None, None], count, axis=0)
    for t in range(count):
        frames[t, 0, 20:40, 2 * t : 2 * t + 15] = 0.75
    return frames


def brightness(frames: Frames) -> npt.NDArray[np.float64]:
    return np.log2(frames[:, 0, 45:].astype(np.float64).mean(axis=(1, 2)))


def restored(frames: Frames) -> Frames:
    result: Frames = deflicker(torch.from_numpy(frames), WHOLE).numpy()
    return result


def test_flicker_goes_and_the_picture_stays() -> None:
    clean = scene(24)
    gains = np.exp2(np.random.default_rng(5).normal(0, 0.15, 24)).astype(np.float32)
    flickering = np.clip(clean * gains[:, None, None, None], 0, 1)
    result = restored(flickering)
    assert np.diff(brightness(flickering)).std() > 0.15
    assert np.diff(brightness(result)).std() < 0.01
    assert np.abs(result - clean).mean() < 0.25 * np.abs(flickering - clean).mean()


def test_a_curve_and_not_only_a_gain_is_corrected() -> None:
    clean = scene(20)
    gammas = np.where(np.arange(20) % 2, 1.15, 0.87).astype(np.float32)
    flickering = clean ** gammas[:, None, None, None]
    unsteady, steadied = (np.diff(f[:, 0, 45:], axis=0).std() for f in (flickering, restored(flickering)))
    assert unsteady > 0.08
    assert steadied < 0.05 * unsteady


def test_flicker_from_place_to_place_goes() -> None:
    clean = scene(20)
    side = np.linspace(-1, 1, clean.shape[-1])
    amounts = 0.15 * np.random.default_rng(3).normal(size=20)[:, None]
    flickering = (clean * np.exp2(amounts * side)[:, None, None]).astype(np.float32)
    result = restored(flickering)
    for columns in (slice(0, 20), slice(-20, None)):
        unsteady, steadied = (np.diff(brightness(f[..., columns])).std() for f in (flickering, result))
        assert unsteady > 0.1
        assert steadied < 0.25 * unsteady


def test_a_lamp_switched_on_stays() -> None:
    lit = scene(24) * 0.5
    lit[12:] *= 1.8
    np.testing.assert_allclose(brightness(restored(lit)), brightness(lit), atol=0.02)


def test_a_lamp_that_lights_one_side_stays() -> None:
    lit = scene(24) * 0.5
    lit[12:, :, :, 48:] *= 1.5
    np.testing.assert_allclose(restored(lit), lit, atol=0.02)


def test_a_fade_stays() -> None:
    faded = scene(30) * np.linspace(1, 0.4, 30, dtype=np.float32)[:, None, None, None]
    np.testing.assert_allclose(brightness(restored(faded)), brightness(faded), atol=0.03)


def test_a_hidden_cut_carries_nothing_over() -> None:
    first, second = scene(12), 0.5 * scene(12, seed=9)[:, :, ::-1]
    joined = np.ascontiguousarray(np.concatenate([first, second]))
    np.testing.assert_allclose(restored(joined), joined, atol=0.004)


def test_what_does_not_flicker_keeps_its_bits() -> None:
    clean = np.repeat(scene(1), 12, axis=0)
    np.testing.assert_array_equal(restored(clean), clean)


def test_a_thing_that_crosses_changes_nothing() -> None:
    clean = scene(20)
    np.testing.assert_allclose(restored(clean), clean, atol=0.006)


def test_dirt_changes_no_light() -> None:
    clean, dirty = scene(12), scene(12)
    dirty[6, 0, 10:30, 40:60] = 0.0
    result = restored(dirty)
    np.testing.assert_allclose(result[6, 0, 45:], clean[6, 0, 45:], atol=0.006)


def test_black_stays_black_and_white_white() -> None:
    frames = scene(16)
    frames[::2] *= 0.8
    frames[:, :, :6] = 0.0
    frames[:, :, -24:] = 1.0
    result = restored(frames)
    assert not result[:, :, :6].any()
    np.testing.assert_allclose(result[4:12, :, -6:], 1.0, atol=0.03)
    assert np.abs(result[4, 0, 20:40] / result[5, 0, 20:40] - 1).mean() < 0.06


def test_strengths_lie_between() -> None:
    frames = scene(10)
    frames[5] *= 0.8
    half = deflicker(torch.from_numpy(frames), WHOLE, strength=0.5).numpy()
    whole = restored(frames)
    assert frames[5, 0, 50, 50] < half[5, 0, 50, 50] < whole[5, 0, 50, 50]
    np.testing.assert_array_equal(deflicker(torch.from_numpy(frames), WHOLE, strength=0).numpy(), frames)


def test_channels_have_their_own_curves() -> None:
    frames = np.repeat(scene(12), 3, axis=1)
    frames[6, 2] *= 0.8
    result = restored(frames)
    np.testing.assert_allclose(result[6, 0], frames[6, 0], atol=0.01)
    np.testing.assert_allclose(result[6, 2, 45:], frames[5, 2, 45:], atol=0.02)


@pytest.mark.parametrize("core", [slice(9, 13), slice(5, 16)])
def test_what_a_log_holds_changes_no_bit(core: slice) -> None:
    random = np.random.default_rng(2)
    frames = torch.from_numpy(scene(20) * random.uniform(0.8, 1, (20, 1, 1, 1)).astype(np.float32))
    log = LightLog()
    deflicker(frames[:12], slice(0, 8), radius=4, start=0, log=log)
    first, last = core.start - 4, core.stop + 4
    window = slice(4, 4 + core.stop - core.start)
    logged = deflicker(frames[first:last], window, radius=4, start=first, log=log)
    torch.testing.assert_close(logged, deflicker(frames, core, radius=4), rtol=0, atol=0)
    assert min(log.thumbnails) == first
