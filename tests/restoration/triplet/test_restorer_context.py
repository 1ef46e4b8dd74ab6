import numpy as np
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet.context import neighbours_along
from reelfix.restoration.triplet.restorer_context import neighbours_on_device


def smooth(*shape: int, seed: int) -> torch.Tensor:
    coarse = torch.rand((1, shape[0], 6, 7), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, shape[1:], mode="bicubic")[0]


def moving(count: int, height: int, width: int) -> Motion:
    grid = (-(-height // 2), -(-width // 2))
    flows = [smooth(2 * count, *grid, seed=seed).view(count, 2, *grid) * 12 - 6 for seed in (1, 2)]
    trusts = [smooth(count, *grid, seed=seed).clamp(0, 1)[:, None] for seed in (3, 4)]
    return Motion(*flows, *trusts)


def test_torch_brings_neighbours_where_opencv_does() -> None:
    for height, width in ((48, 64), (37, 51)):
        motion, lumas = moving(5, height, width), smooth(5, height, width, seed=9)
        for frame in range(5):
            views, trust = neighbours_on_device(lumas, motion, frame)
            expected, expected_trust = neighbours_along(list(lumas.numpy()), motion, frame)
            assert views.shape == expected.shape
            # OpenCV rounds places to 1/32 pixel.
            assert float((views - expected).abs().mean()) < 1e-3
            assert float((views - expected).abs().max()) < 1e-2
            np.testing.assert_allclose(trust, expected_trust, atol=5e-3)
            assert (trust.amax(dim=(1, 2)) == 0).tolist() == [
                not 0 <= frame + step < 5 for step in (-1, -2, 1, 2)
            ]
