from collections.abc import Callable

import numpy as np
import pytest

from reelfix.io.documents import read_json
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.grain_report import make_grain_report
from reelfix.pipeline.grain_report_drawing import draw_grain
from reelfix.pipeline.grain_shot import BANDS, shot_grain
from reelfix.pipeline.reel import Reel
from reelfix.restoration.grain_blocks import SIDE
from reelfix.restoration.grain_measure import KEYS, TONES
from reelfix.restoration.grain_profile import GrainLevel, GrainProfile


def level(variance: float, clump: float) -> GrainLevel:
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    power = np.exp(-((2 * np.pi * clump) ** 2) * (rows**2 + columns**2)).astype(np.float32)
    return GrainLevel(
        variances=np.full((1, TONES), variance, np.float32),
        mean=np.asarray([variance], np.float32),
        spectrum=power[None],
        of_keys=np.stack([power[None]] * KEYS),
        key_means=np.full(KEYS, variance, np.float32),
    )


def profile(source: float, kept: float, clump: float = 0.5) -> GrainProfile:
    counts = np.zeros((1, TONES), np.float32)
    counts[:, 3:12] = 5
    removed = level(source - kept, clump)
    return GrainProfile(level(source, clump), level(kept, clump), removed, counts, 0.03)


def test_numbers_are_in_code_values_and_decibels() -> None:
    grain = shot_grain("shot-0001", profile(0.0004, 0.0001), profile(0.0002, 0.0001))
    assert grain.source.deviation == pytest.approx(0.02 * 255, rel=1e-3)
    assert grain.restored.deviation == pytest.approx(0.01 * 255, rel=1e-3)
    assert np.isnan(grain.source.tones[:3]).all()
    np.testing.assert_allclose(grain.source.tones[3:12], 5.1, rtol=1e-3)
    assert grain.source.bands.shape == (BANDS,)
    assert (np.diff(grain.source.bands) < 0).all(), "coarse grain has more power than fine"
    np.testing.assert_allclose(grain.source.bands - grain.given.bands, 3.01, atol=0.01)
    assert grain.difference == pytest.approx(0, abs=1e-6), "half the power is no other shape"
    assert shot_grain("shot-0001", profile(0.0004, 0), profile(0.0004, 0, clump=0.9)).difference > 3


def test_the_plane_of_spectra_is_whole() -> None:
    plane = shot_grain("shot-0001", profile(0.0004, 0), profile(0.0004, 0)).source.plane
    assert plane.shape == (SIDE, SIDE)
    assert np.unravel_index(plane.argmax(), plane.shape) == (SIDE // 2, SIDE // 2)
    np.testing.assert_allclose(plane[1:, 1:], plane[:0:-1, :0:-1], atol=1e-5)


def test_the_picture_has_a_line_for_every_state() -> None:
    picture = np.asarray(draw_grain(shot_grain("shot-0001", profile(4e-4, 1e-4), profile(3e-4, 1e-4))))
    for colour in ((240, 196, 92), (120, 170, 255), (126, 220, 150)):
        assert (picture[120:580] == colour).all(axis=-1).sum() > 500


def test_a_reel_without_grain_given_back_is_refused(make_tiny_reel: Callable[..., Reel]) -> None:
    with pytest.raises(UsageError, match="has no grain given back yet"):
        make_grain_report(make_tiny_reel("bare", frames=4, shots=1))


def test_a_reel_is_reported(make_tiny_reel: Callable[..., Reel]) -> None:
    from reelfix.pipeline.executor import SerialExecutor
    from reelfix.pipeline.run import run
    from reelfix.pipeline.settings import RunRequest

    reel = make_tiny_reel("grainy", frames=3, shots=1, height=96, width=120)
    request = RunRequest(stages=("denoise", "grain"), preset="full")
    run([reel], request, executor=SerialExecutor())
    report = make_grain_report(reel)
    content = read_json(report.document)
    assert len(content["shots"]) + len(content["none"]) == 1
    assert len(report.pictures) == len(report.shots)
    for grain in report.shots:
        assert grain.restored.deviation < grain.source.deviation
