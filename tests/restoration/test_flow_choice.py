import numpy as np

from reelfix.restoration.flow_choice import carried, chosen, motion_of_most, noise_between


def view(height: int = 60, width: int = 80) -> np.ndarray:
    return np.random.default_rng(1).integers(60, 200, (height, width)).astype(np.uint8)


def even(dx: float, dy: float, height: int = 60, width: int = 80) -> np.ndarray:
    return np.broadcast_to(np.float32([dx, dy]), (height, width, 2)).copy()


def test_a_view_is_carried_by_pixels_of_the_picture() -> None:
    there = view()
    np.testing.assert_array_equal(carried(there, even(4, -2))[1:, :-2], there[:-1, 2:])


def test_the_candidate_that_explains_the_picture_is_chosen() -> None:
    here = view()
    there = np.roll(here, 3, axis=1)
    flow = chosen(here, there, [(even(0, 0), 0.0), (even(6, 0), 0.2)], 2.0)
    np.testing.assert_allclose(flow[5:-5, 5:-10], even(6, 0)[5:-5, 5:-10], atol=0.01)


def test_where_nothing_tells_the_first_candidate_stands() -> None:
    flat = np.full((60, 80), 90, np.uint8)
    flow = chosen(flat, flat, [(even(1, 0), 0.0), (even(9, 9), 0.5)], 2.0)
    np.testing.assert_allclose(flow, even(1, 0), atol=0.1)


def test_the_motion_of_most_is_not_moved_by_the_few() -> None:
    flow = even(3, -1)
    flow[..., 0] += np.arange(80, dtype=np.float32) / 40
    moving = flow.copy()
    moving[10:35, 10:40] = 12
    np.testing.assert_allclose(motion_of_most(moving, -moving), flow, atol=0.25)


def test_noise_is_bounded() -> None:
    black, white = np.zeros((60, 80), np.uint8), np.full((60, 80), 255, np.uint8)
    assert noise_between(black, black, even(0, 0)) == 1
    assert noise_between(black, white, even(0, 0)) == 12
    assert noise_between(black, black + 5, even(0, 0)) == 5
