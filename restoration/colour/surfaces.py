"""What a net says of a surface, the same all over it: one colour where the luma has no edge.

A net for colour decides place by place. Where two colours are nearly as likely, the annealed mean falls to
the one or the other, and a jacket is half red, half blue. Logits are linear in what the last layer is given:
means of that over a surface are means of logits, hence geometric means of distributions, as in a step of
mean-field inference (Kraehenbuehl and Koltun, "Efficient Inference in Fully Connected CRFs", NeurIPS 2011).
"""

from typing import Final

import torch
from torch.nn import functional

REACH: Final = 60.0
"""Places of the grid over which a surface agrees, where its tone is even."""
_TONE = 0.12  # of lightness, of 1: steps along the way that keep as much apart as all the reach
_ROUNDS = 2  # across and down, each with half the reach of the one before
_GRAIN = 0.02  # of lightness, of 1: standard deviation up to which variation is taken for grain
_BLUR = 5  # pixels


def agreed(features: torch.Tensor, gray: torch.Tensor, reach: float = REACH) -> torch.Tensor:
    """Return `features` (1, C, h, w) brought to agree within the surfaces of a picture; float32.

    `gray`: L / 100 (1, 1, H, W), H and W multiples of 2 h and 2 w; its grain makes no edges. The domain
    transform of Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video Processing" (SIGGRAPH
    2011, equations 11 and 14): along rows and columns in turn, means by the distance, to which edges that
    lie between add. The kernel is that of the recursive filter, a two-sided exponential, normalized.
    """
    height, width = features.shape[2:]
    fine = 2 * height, 2 * width
    if gray.shape[2] % fine[0] or gray.shape[3] % fine[1]:
        raise ValueError(f"{tuple(gray.shape) = } must be multiples of {fine[0]} x {fine[1]}.")
    reduced = functional.avg_pool2d(gray, (gray.shape[2] // fine[0], gray.shape[3] // fine[1]))
    guide = functional.avg_pool2d(quiet(reduced), 2)[0, 0]
    edge = reach / _TONE
    across = 1 + edge * (guide[:, 1:] - guide[:, :-1]).abs()  # hx(w-1)
    down = 1 + edge * (guide[1:] - guide[:-1]).abs().T  # wx(h-1)
    planes = features[0].float().permute(1, 2, 0)  # hxwxC
    for turn in range(_ROUNDS):
        sigma = reach * 3**0.5 * 2 ** (_ROUNDS - turn - 1) / (4**_ROUNDS - 1) ** 0.5
        planes = _shares(across, sigma) @ planes
        planes = (_shares(down, sigma) @ planes.transpose(0, 1)).transpose(0, 1)
    return planes.permute(2, 0, 1)[None]


def quiet(gray: torch.Tensor) -> torch.Tensor:
    """Return gray (B, 1, H, W) with grain taken out and edges kept.

    A guided filter with the picture as its own guide: He, Sun, Tang, "Guided Image Filtering" (ECCV 2010).
    """
    mean = _blurred(gray)
    variance = (_blurred(gray * gray) - mean * mean).clamp_min(0)
    share = variance / (variance + _GRAIN**2)
    return _blurred(share) * gray + _blurred(mean - share * mean)


def _blurred(planes: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(planes, _BLUR, 1, _BLUR // 2, count_include_pad=False)


def _shares(steps: torch.Tensor, sigma: float) -> torch.Tensor:
    """What each place of a line takes from every other, (lines, n, n); `steps` (lines, n - 1) apart."""
    along = functional.pad(steps.cumsum(dim=1), (1, 0))
    shares = (-(2**0.5 / sigma) * (along[:, :, None] - along[:, None, :]).abs()).exp()
    return shares / shares.sum(dim=2, keepdim=True)
