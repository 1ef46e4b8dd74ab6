import numpy as np
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet.context import NEIGHBOUR_STEPS, cell_means, neighbours_along


def _panning(frames: int, height: int, width: int, speed: int) -> tuple[list[np.ndarray], Motion]:
    """Frames over which a texture moves right by `speed` pixels a frame, and their true motion."""
    texture = np.random.default_rng(0).random((height, width + speed * frames)).astype(np.float32)
    lumas = [np.ascontiguousarray(texture[:, speed * (frames - t) :][:, :width]) for t in range(frames)]
    grid = (frames, 2, (height + 1) // 2, (width + 1) // 2)
    forward = torch.zeros(grid)
    forward[:, 0] = speed
    trust = torch.full((frames, 1, *grid[2:]), 0.5)
    return lumas, Motion(forward, -forward, trust, trust)


def test_neighbours_come_to_the_frame_s_place() -> None:
    lumas, motion = _panning(5, 24, 40, 2)
    neighbours, trust = neighbours_along(lumas, motion, 2)
    assert neighbours.shape == (4, 24, 40)
    for view in neighbours.numpy():
        np.testing.assert_allclose(view[:, 6:-6], lumas[2][:, 6:-6], atol=1e-5)
    assert trust.shape == (4, 6, 10)
    np.testing.assert_allclose(trust[[0, 2]], 0.5)
    np.testing.assert_allclose(trust[[1, 3]][..., 2:-2], 0.25)


def test_where_there_is_no_neighbour_the_frame_stands_with_no_trust() -> None:
    lumas, motion = _panning(2, 17, 21, 1)
    neighbours, trust = neighbours_along(lumas, motion, 0)
    missing = [place for place, step in enumerate(NEIGHBOUR_STEPS) if step != 1]
    assert trust.shape == (4, 5, 6)
    for place in missing:
        np.testing.assert_array_equal(neighbours[place], lumas[0])
        assert float(trust[place].max()) == 0
    assert float(trust[NEIGHBOUR_STEPS.index(1)].min()) > 0


def test_cells_are_means_of_four_grid_points_and_odd_edges_repeat() -> None:
    confidence = np.arange(15, dtype=np.float32).reshape(3, 5)
    cells = cell_means(confidence, (3, 2))
    np.testing.assert_allclose(cells, [[3, 5, 6.5], [10.5, 12.5, 14]])
