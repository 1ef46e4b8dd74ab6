import numpy as np

from reelfix.restoration.spikes import BODY, excess, spikes_of

RANDOM = np.random.default_rng(5)


def grainy(height: int = 96, width: int = 120, grain: float = 0.01) -> np.ndarray:
    return (0.5 + RANDOM.normal(0, grain, (height, width))).astype(np.float32)


def test_excess_is_what_lies_beyond_both_with_its_sign() -> None:
    plane, first, second = (
        np.array([row], np.float32) for row in ([0.9, 0.1, 0.5], [0.5, 0.4, 0.4], [0.6, 0.5, 0.6])
    )
    np.testing.assert_allclose(excess(plane, first, second), [[0.3, -0.3, 0.0]], atol=1e-6)


def test_a_mark_stands_out_and_grain_does_not() -> None:
    luma = grainy()
    luma[40:44, 50:54] -= 0.2
    spikes = spikes_of(luma, grainy(), grainy(), is_between=True)
    assert (spikes.score[40:44, 50:54] > 1).all()
    assert (spikes.size[40:44, 50:54] < -0.1).all()
    assert (spikes.score > 1).mean() < 0.01
    assert 0.008 < spikes.noise < 0.02


def test_a_large_faint_mark_stands_out_as_a_whole() -> None:
    luma = grainy(grain=0.02)
    luma[30:62, 40:72] += 0.03  # one and a half deviations: lost in single pixels
    spikes = spikes_of(luma, grainy(grain=0.02), grainy(grain=0.02), is_between=True)
    assert (spikes.score[34:58, 44:68] > BODY).mean() > 0.9
    assert (spikes.score[34:58, 44:68] > 1).any()
