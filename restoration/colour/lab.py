"""CIELAB of sRGB pictures, white point D65, as torch tensors.

IEC 61966-2-1 (sRGB) and CIE 15 (CIELAB). The white is that of the matrix itself, so that R = G = B has
a = b = 0.
"""

from typing import Final

import torch

_TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)  # of linear sRGB, D65
_WHITE: Final = tuple(sum(row) for row in _TO_XYZ)
_EDGE: Final = 6 / 29  # of the cube root's linear part


def rgb_to_lab(rgb: torch.Tensor) -> torch.Tensor:
    """Map sRGB (..., 3, H, W) in [0, 1] to L in [0, 100], a and b in about [-108, 98]: (..., 3, H, W).

    Values beyond [0, 1] are taken as they are; result on the same device, of the same dtype.
    """
    linear = _linear(rgb)
    x, y, z = (_cube_root(_mixed(linear, row) / white) for row, white in zip(_TO_XYZ, _WHITE, strict=True))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def lab_to_rgb(lab: torch.Tensor) -> torch.Tensor:
    """Map L, a, b (..., 3, H, W) to sRGB (..., 3, H, W), not clipped: what is out of gamut can be told."""
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    xyz = torch.stack(
        [_cubed(f) * white for f, white in zip((y + a / 500, y, y - b / 200), _WHITE, strict=True)], dim=-3
    )
    inverse = torch.linalg.inv(torch.tensor(_TO_XYZ, dtype=torch.float64)).tolist()
    return _encoded(torch.stack([_mixed(xyz, row) for row in inverse], dim=-3))


def lightness(luma: torch.Tensor) -> torch.Tensor:
    """Map the luma of grays (..., 1, H, W) in [0, 1] to L (..., 1, H, W) in [0, 100]."""
    return 116 * _cube_root(_linear(luma)) - 16


def _mixed(planes: torch.Tensor, weights: tuple[float, ...] | list[float]) -> torch.Tensor:
    """Weighted sum of three planes (..., 3, H, W): (..., H, W)."""
    first, second, third = planes.unbind(-3)
    return weights[0] * first + weights[1] * second + weights[2] * third


def _linear(coded: torch.Tensor) -> torch.Tensor:
    """The transfer function of sRGB taken off; below 0 its straight part goes on."""
    curve = ((coded.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(coded > 0.04045, curve, coded / 12.92)


def _encoded(linear: torch.Tensor) -> torch.Tensor:
    """The inverse of `_linear`."""
    curve = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, curve, linear * 12.92)


def _cube_root(share: torch.Tensor) -> torch.Tensor:
    """CIE's f: the cube root, straight near 0."""
    root = share.clamp_min(_EDGE**3) ** (1 / 3)
    return torch.where(share > _EDGE**3, root, share / (3 * _EDGE**2) + 4 / 29)


def _cubed(root: torch.Tensor) -> torch.Tensor:
    """The inverse of `_cube_root`."""
    return torch.where(root > _EDGE, root**3, 3 * _EDGE**2 * (root - 4 / 29))
