import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.grain import GrainGiver
from reelfix.restoration.grain_frames import measured, shot_profile
from reelfix.restoration.grain_measure import TONES, nothing_told
from reelfix.restoration.grain_profile import GrainProfile, packed, unpacked
from reelfix.restoration.motion import Motion

HEIGHT, WIDTH = 120, 168
CLUMP = 0.8


def still(count: int) -> Motion:
    grid = (HEIGHT // 2, WIDTH // 2)
    return Motion(*(torch.zeros(count, 2, *grid),) * 2, *(torch.ones(count, 1, *grid),) * 2)


def ramp(count: int, channels: int = 1) -> torch.Tensor:
    """Tones from 0.1 to 0.9 from left to right."""
    return torch.linspace(0.1, 0.9, WIDTH).expand(count, channels, HEIGHT, WIDTH).contiguous()


def deviation(tone: torch.Tensor) -> torch.Tensor:
    return 0.01 + 0.02 * tone


def grain_on(clean: torch.Tensor, seed: int = 0) -> torch.Tensor:
    noise = np.random.default_rng(seed).standard_normal(clean.shape, np.float32)
    noise = np.stack([[cv2.GaussianBlur(plane, (0, 0), CLUMP) for plane in frame] for frame in noise])
    return (clean + deviation(clean) * torch.from_numpy(noise / noise.std())).clamp(0, 1)


def profile(clean: torch.Tensor, grainy: torch.Tensor) -> GrainProfile:
    count = len(clean)
    rows = measured(clean, grainy, None, still(count), slice(None), [True] * count)
    found = shot_profile(rows, clean.shape[1])
    assert found is not None
    return found


@pytest.mark.parametrize("channels", [1, 3])
def test_deviation_and_spectrum_are_told(channels: int) -> None:
    clean = ramp(4, channels)
    found = profile(clean, grain_on(clean)).source
    tones = (torch.arange(TONES) + 0.5) / TONES
    seen = (tones > 0.15) & (tones < 0.85)
    for variances in found.variances:
        ratio = np.sqrt(variances)[seen] / deviation(tones)[seen].numpy()
        assert np.abs(ratio - 1).max() < 0.15
    rows, columns = np.fft.fftfreq(24)[:, None], np.fft.rfftfreq(24)[None]
    shape = np.exp(-((2 * np.pi * CLUMP) ** 2) * (rows**2 + columns**2))
    strong = shape > 0.1
    for spectrum in found.spectrum:
        error = 10 * np.log10(spectrum[strong] / shape[strong])
        assert np.abs(error - error.mean()).mean() < 1.2


def test_what_stays_from_frame_to_frame_is_no_grain() -> None:
    clean = ramp(4)
    texture = grain_on(clean, 5)[:1] - clean[:1]
    found = profile(clean, grain_on(clean, 6) * 0.3 + clean * 0.7 + texture)
    np.testing.assert_allclose(np.sqrt(found.source.mean), 0.3 * 0.02, rtol=0.1)
    assert 0.85 < found.repeating < 0.95
    assert abs(profile(clean, grain_on(clean)).repeating) < 0.1


def test_the_films_own_grain_comes_back() -> None:
    clean = ramp(4)
    grainy = grain_on(clean)
    giver = GrainGiver(profile(clean, grainy), 1.0)
    given = giver.give(clean, grainy, None, 0)
    own, back = (grainy - clean).flatten(), (given - clean).flatten()
    assert float(torch.corrcoef(torch.stack([own, back]))[0, 1]) > 0.93
    assert 0.93 < float(back.std() / own.std()) < 1.05
    half = GrainGiver(profile(clean, grainy), 0.5).give(clean, grainy, None, 0) - clean
    assert 0.45 < float(half.std() / own.std()) < 0.55


def test_damage_gets_grain_of_its_surroundings_and_none_of_the_dirt() -> None:
    clean = ramp(4)
    grainy = grain_on(clean)
    giver = GrainGiver(profile(clean, grainy), 1.0)
    dirty = grainy.clone()
    dirty[:, :, 40:80, 60:110] = 0.05
    mask = torch.zeros(4, 2, HEIGHT, WIDTH, dtype=torch.uint8)
    mask[:, 0, 40:80, 60:110] = 255
    inside = (slice(None), slice(None), slice(40, 80), slice(60, 110))
    for marks in (mask, None):
        back = (giver.give(clean, dirty, marks, 0) - clean)[inside]
        assert abs(float(back.mean())) < 0.003
        assert 0.85 < float(back.std() / (grainy - clean)[inside].std()) < 1.15
        own = (grainy - clean)[inside].flatten()
        assert abs(float(torch.corrcoef(torch.stack([own, back.flatten()]))[0, 1])) < 0.1
        assert abs(float(torch.corrcoef(torch.stack([back[0].flatten(), back[1].flatten()]))[0, 1])) < 0.15


def test_edges_that_were_sharpened_do_not_come_back() -> None:
    clean = ramp(4)
    grainy = grain_on(clean)
    giver = GrainGiver(profile(clean, grainy), 1.0)
    striped = clean.clone()
    striped[..., 84:] += 0.06
    soft = grainy + (torch.from_numpy(cv2.GaussianBlur(striped[0, 0].numpy(), (0, 0), 1.5)) - clean)
    back = (giver.give(striped, soft, None, 0) - striped).mean(dim=(0, 1, 2))
    assert (soft - striped).mean(dim=(0, 1, 2)).abs().max() > 0.02
    assert float(back.abs().max()) < 0.01


def test_nothing_lost_gives_nothing_back() -> None:
    grainy = grain_on(ramp(3))
    found = profile(grainy, grainy)
    assert torch.equal(GrainGiver(found, 1.0).give(grainy, grainy, None, 0), grainy)
    assert torch.equal(GrainGiver(profile(ramp(3), grainy), 0.0).give(ramp(3), grainy, None, 0), ramp(3))
    with pytest.raises(ValueError, match=r"amount = 1.5 must be in \[0, 1\]"):
        GrainGiver(found, 1.5)


def test_frames_do_not_depend_on_those_beside_them() -> None:
    clean = ramp(4)
    grainy = grain_on(clean)
    mask = torch.zeros(4, 2, HEIGHT, WIDTH, dtype=torch.uint8)
    mask[:, 1, :, 30:50] = 255
    giver = GrainGiver(profile(clean, grainy), 0.7)
    whole = giver.give(clean, grainy, mask, 0)
    assert torch.equal(giver.give(clean[2:], grainy[2:], mask[2:], 2), whole[2:])


def test_a_repeated_frame_tells_nothing() -> None:
    clean = ramp(2)
    twice = grain_on(clean)[:1].expand(2, -1, -1, -1)
    assert shot_profile(measured(clean, twice, None, still(2), slice(None), [True] * 2), 1) is None


def test_what_a_frame_tells_survives_being_kept() -> None:
    with pytest.raises(ValueError, match="3 channels"):
        unpacked(packed(nothing_told(1)), 3)
    assert unpacked(packed(nothing_told(3)), 3).spectra.shape == (3, 3, 3, 24, 13)


def test_lights_keep_their_own_kind_of_grain() -> None:
    clean = torch.full((4, 1, HEIGHT, WIDTH), 0.15)
    clean[..., WIDTH // 2 :] = 0.85
    fine, coarse = (np.random.default_rng(seed).standard_normal(clean.shape, np.float32) for seed in (1, 2))
    coarse = np.stack([[cv2.GaussianBlur(plane, (0, 0), 1.5) for plane in frame] for frame in coarse])
    grain = torch.from_numpy(np.where(clean > 0.5, coarse / coarse.std(), fine / fine.std())) * 0.03
    giver = GrainGiver(profile(clean, clean + grain), 1.0)
    mask = torch.full((4, 2, HEIGHT, WIDTH), 255, dtype=torch.uint8)
    made = (giver.give(clean, clean + grain, mask, 0) - clean).numpy()
    for half, correlation in ((made[..., :60], 0.0), (made[..., -60:], np.exp(-1 / (4 * 1.5**2)))):
        found = np.corrcoef(half[..., 1:].ravel(), half[..., :-1].ravel())[0, 1]
        assert abs(found - correlation) < 0.1
