"""How colourful a picture looks."""

import torch


def colorfulness(picture: torch.Tensor) -> float:
    """Colorfulness of a picture (3, H, W), R, G, B in [0, 1]; 0 for gray, above 80 for very colourful ones.

    Hasler and Suesstrunk, "Measuring Colourfulness in Natural Images", 2003, section 7:
    `M = sqrt(s_rg^2 + s_yb^2) + 0.3 sqrt(m_rg^2 + m_yb^2)` of the deviations and means of `rg = R - G` and
    `yb = (R + G) / 2 - B`, on code values from 0 to 255. Raises ValueError for pictures without three
    channels.
    """
    if picture.ndim != 3 or len(picture) != 3:
        raise ValueError(f"{tuple(picture.shape) = } must be (3, H, W).")
    red, green, blue = 255 * picture.double()
    opponents = torch.stack([red - green, (red + green) / 2 - blue]).flatten(1)  # 2x(H*W)
    spread = opponents.var(dim=1, unbiased=False).sum().sqrt()
    return float(spread + 0.3 * opponents.mean(dim=1).norm())
