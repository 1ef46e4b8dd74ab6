import cv2
import numpy as np

from reelfix.restoration.alignment import shifts_left


def test_a_part_of_a_pixel_is_found_and_carried_under_the_damage() -> None:
    random = np.random.default_rng(5)
    here = cv2.GaussianBlur(random.random((48, 64), np.float32), (0, 0), 1.5)
    rows, columns = np.mgrid[:48, :64].astype(np.float32)
    # A view shifted by (dx, dy) has at x + shift what the picture has at x.
    views = np.stack(
        [
            cv2.remap(here, columns - dx, rows - dy, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
            for dx, dy in ((0.3, 0.0), (-0.2, 0.25))
        ],
        axis=-1,
    )
    sound = np.ones((48, 64, 2), np.float32)
    sound[16:32, 24:40] = 0
    views[16:32, 24:40] = 1
    found = shifts_left(here, views + 0.1, sound)[:, 8:-8, 8:-8]
    assert found.shape == (2, 32, 48, 2)
    np.testing.assert_allclose(found[0].mean(axis=(0, 1)), (0.3, 0.0), atol=0.08)
    np.testing.assert_allclose(found[1].mean(axis=(0, 1)), (-0.2, 0.25), atol=0.1)
    np.testing.assert_allclose(found[1, 12:20, 20:28].mean(axis=(0, 1)), (-0.2, 0.25), atol=0.1)


def test_where_nothing_is_sound_nothing_is_shifted() -> None:
    views = np.random.default_rng(1).random((20, 20, 1), np.float32)
    found = shifts_left(views[..., 0] * 0.5, views, np.zeros((20, 20, 1), np.float32))
    assert np.abs(found).max() < 1e-3
