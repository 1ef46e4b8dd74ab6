import cv2
import numpy as np
import pytest

from reelfix.restoration.arrays import Plane
from reelfix.restoration.metrics.bars import BarFigures, BarTruth

SIZE = 96
FADED = (0.15, 0.75)
BLUR = 1.1


def _clean() -> Plane:
    """Discs, bars and slopes of tone: edges of all directions, and flat places between them."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    plane = 0.3 + 0.3 * columns / SIZE
    plane[np.hypot(rows - 30, columns - 30) < 17] = 0.75
    plane[np.hypot(rows - 64, columns - 68) < 20] = 0.15
    plane[60:90, 8:24] = 0.8
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.5), dtype=np.float32)


@pytest.fixture(scope="module")
def truth() -> BarTruth:
    random = np.random.default_rng(0)
    clean = _clean()
    soft = cv2.GaussianBlur(clean, (0, 0), BLUR)
    grain = cv2.GaussianBlur(random.standard_normal((SIZE, SIZE), np.float32), (0, 0), 0.6)
    unmarked = soft + np.float32(0.03 / grain.std()) * grain
    frame = unmarked.copy()
    frame[:, 50:53] += 0.25
    frame[12:20, 70:80] = 0.1
    return BarTruth(frame, unmarked, soft, clean)


def _with(truth: BarTruth, noise: float, sharpness: float, contrast: float, scratches: float) -> Plane:
    """Each damage taken out by its share, in [0, 1]."""
    picture = (
        truth.frame
        - scratches * (truth.frame - truth.unmarked)
        - noise * (truth.unmarked - truth.soft)
        + sharpness * (truth.clean - truth.soft)
    )
    black = (1 - contrast) * FADED[0]
    white = (1 - contrast) * FADED[1] + contrast
    return np.asarray(black + (white - black) * picture, dtype=np.float32)


def test_the_truth_has_nothing_left_of_any_damage(truth: BarTruth) -> None:
    figures = truth.figures(truth.clean)
    assert figures.noise == pytest.approx(0, abs=1e-5)
    assert figures.sharpness == pytest.approx(1, abs=1e-3)
    assert figures.contrast == pytest.approx(1, abs=1e-3)
    assert figures.scratches == pytest.approx(0, abs=0.02)


def test_a_damaged_picture_shows_how_much_there_is_of_each(truth: BarTruth) -> None:
    figures = truth.figures(_with(truth, 0, 0, 0, 0))
    assert figures.noise == pytest.approx(0.03, rel=0.15)
    assert 0.3 < figures.sharpness < 0.7
    assert figures.contrast == pytest.approx(FADED[1] - FADED[0], rel=0.02)
    assert figures.scratches == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("others", [0.0, 0.5])
@pytest.mark.parametrize("kind", range(4))
def test_each_measure_answers_in_proportion_to_its_own_damage_alone(
    truth: BarTruth, kind: int, others: float
) -> None:
    def figures(share: float) -> BarFigures:
        shares = [others] * 4
        shares[kind] = share
        return truth.figures(_with(truth, *shares))

    none, half, whole = (np.array(figures(share)) for share in (0.0, 0.5, 1.0))
    own = np.array(truth.figures(_with(truth, 1, 1, 1, 1))) - truth.figures(_with(truth, 0, 0, 0, 0))
    moved = (whole - none) / own
    assert moved[kind] == pytest.approx(1, abs=0.04)
    assert ((half - none) / own)[kind] == pytest.approx(0.5, abs=0.04)
    assert np.delete(moved, kind) == pytest.approx(np.zeros(3), abs=0.03)


def test_noise_that_is_not_the_known_grain_is_noise(truth: BarTruth) -> None:
    random = np.random.default_rng(5)
    noisy = truth.clean + np.float32(0.02) * random.standard_normal((SIZE, SIZE), np.float32)
    figures = truth.figures(noisy)
    assert figures.noise == pytest.approx(0.02, rel=0.15)
    assert figures.sharpness == pytest.approx(1, abs=0.05)


def test_blurring_away_grain_costs_sharpness(truth: BarTruth) -> None:
    before = truth.figures(truth.frame)
    after = truth.figures(cv2.GaussianBlur(truth.frame, (0, 0), 1.5))
    assert after.noise < 0.5 * before.noise
    assert after.sharpness < before.sharpness - 0.1


def test_sharpening_all_alike_raises_noise(truth: BarTruth) -> None:
    sharpened = truth.frame + 0.8 * (truth.frame - cv2.GaussianBlur(truth.frame, (0, 0), 1.2))
    before, after = truth.figures(truth.frame), truth.figures(sharpened)
    assert after.sharpness > before.sharpness + 0.05
    assert after.noise > 1.2 * before.noise


def test_a_picture_without_marks_has_no_figure_of_them(truth: BarTruth) -> None:
    unmarked = BarTruth(truth.unmarked, truth.unmarked, truth.soft, truth.clean)
    figures = unmarked.figures(truth.unmarked)
    assert np.isnan(figures.scratches)
    assert figures.noise == pytest.approx(0.03, rel=0.15)


def test_a_flat_picture_is_measured_without_error(truth: BarTruth) -> None:
    gray = np.full((SIZE, SIZE), 0.5, np.float32)
    figures = BarTruth(gray, gray, gray, gray).figures(gray)
    assert figures.noise == pytest.approx(0, abs=1e-6)
    assert np.isfinite(figures[:3]).all()


def test_results_of_another_size_are_refused(truth: BarTruth) -> None:
    with pytest.raises(ValueError, match="must equal"):
        truth.figures(truth.clean[1:])
