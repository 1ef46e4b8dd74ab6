import cv2
import numpy as np

from reelfix.restoration.flow_trust import flow_trust


def picture() -> np.ndarray:
    """Texture on the left, an even wall on the right."""
    random = np.random.default_rng(2)
    texture = cv2.GaussianBlur(random.integers(0, 255, (60, 120)).astype(np.float32), (0, 0), 1.5)
    texture = 120 + (texture - texture.mean()) * 4
    texture[:, 60:] = 120
    return np.clip(texture, 0, 255).astype(np.uint8)


def even(dx: float) -> np.ndarray:
    return np.broadcast_to(np.float32([dx, 0]), (60, 120, 2)).copy()


def test_a_flow_confirmed_both_ways_is_trusted() -> None:
    here = picture()
    trust = flow_trust(here, np.roll(here, 2, axis=1), even(4), even(-4), 1.0)
    assert trust[:, 5:55].min() > 0.9
    assert (trust[:, -2:] == 0).all(), "it leads out of the picture"


def test_a_wrong_flow_is_not_trusted_on_texture() -> None:
    here = picture()
    assert flow_trust(here, here, even(6), even(-6), 1.0)[8:-8, 8:50].mean() < 0.2


def test_a_way_back_astray_matters_on_texture_and_hardly_on_a_wall() -> None:
    here = picture()
    trust = flow_trust(here, here, even(0), even(4), 1.0)
    assert trust[:, 8:50].mean() < 0.1
    assert trust[:, 70:-4].mean() > 0.4
