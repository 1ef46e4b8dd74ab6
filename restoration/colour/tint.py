"""Tinted and toned film: recognised by its one curve of colour over lightness, taken off, and put back.

Tinting dyes the whole film, which shows in the lights; toning colours the silver, which shows in the darks;
sepia does both, faintly. In each, lightness alone decides the colour: a curve a, b over L explains all there
is. Of a scene in natural colours no such curve does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional

from reelfix.restoration.colour.chroma import ab_from_chroma, chroma_from_ab
from reelfix.restoration.colour.lab import lightness

STEP: Final = 5
"""Of lightness, from one knot of the curve to the next."""

FAINTEST: Final = 1.5
"""Mean chroma below which a film is gray."""

_KNOTS = 100 // STEP + 1
_WIDTH = 120  # pixels that frames are reduced to, about: grain and the codec's chroma noise average out
_FRAMES = 12  # of a shot that are looked at, at most
_SOUND = 0.95  # share of the pixels that the curve must explain: the rest may be dirt, splices, titles
_EXPLAINED = 0.93  # share of the energy of their chroma that it must explain
_FARTHEST = 4.5  # from the curve that a pixel may lie, at a mean chroma of 16 or less
_OUTLYING = 0.28  # times the mean chroma, that a pixel may lie from the curve where that is more
_DARKS, _LIGHTS = slice(4, 8), slice(11, 15)  # knots: lightness 20 to 35, and 55 to 70
_OF_A_DYE, _OF_SILVER = 0.65, 1.2  # ratio of the darks' chroma to the lights': at most, and at least
_DOUBT = 20.0  # pixels: a lightness that fewer have borrows its colour from those beside it


@dataclass(frozen=True)
class Tint:
    """The colours of a tinted or toned film."""

    curve: tuple[tuple[float, float], ...]
    """Lab's a and b at lightness 0, STEP, 2 STEP ... 100: that of a gray of the picture's luma."""
    explained: float
    """Share of the energy of the picture's chroma that the curve explains."""
    red_weight: float
    """What R' counts in luma Y'."""
    blue_weight: float

    def at(self, luma: torch.Tensor) -> torch.Tensor:
        """Return a and b (..., 2, H, W) for luma (..., 1, H, W) in [0, 1]."""
        place = lightness(luma.clamp(0, 1)).squeeze(-3).clamp(0, 100) / STEP
        below = place.floor().clamp(max=_KNOTS - 2)
        between = place - below
        curve = luma.new_tensor(self.curve)
        index = below.long()
        planes = [
            torch.lerp(knots[index], knots[index + 1], between.to(knots.dtype)) for knots in curve.unbind(1)
        ]
        return torch.stack(planes, dim=-3)

    @property
    def name(self) -> str:
        """What an archive calls it: `tinted`, `toned`, or `tinted and toned`, as is sepia."""
        chroma = np.hypot(*np.asarray(self.curve).T)
        # A dye that takes the same share of all light has half the chroma in the darks; silver's goes down.
        ratio = float(chroma[_DARKS].mean() / chroma[_LIGHTS].mean())
        if ratio < _OF_A_DYE:
            return "tinted"
        return "toned" if ratio > _OF_SILVER else "tinted and toned"


def tint_of(frames: torch.Tensor, *, red_weight: float = 0.299, blue_weight: float = 0.114) -> Tint | None:
    """Recognise the tint of a shot's `frames`, (T, 3, H, W) in [0, 1]; None for natural colours and gray.

    The weights are those of luma Y' (BT.601 unless given). A handful of frames from all over the shot is
    enough. Natural colours are never taken for a tint where more than 5 % of the picture says otherwise.
    """
    luma, ab = _small(frames, red_weight, blue_weight)
    chroma = np.hypot(*ab.T)
    mean = float(np.mean(chroma))
    if mean < FAINTEST:
        return None
    curve = _curve(luma, ab)
    tint = Tint(tuple((float(a), float(b)) for a, b in curve), 0.0, red_weight, blue_weight)
    apart = np.hypot(*(ab - _on_curve(curve, luma)).T)
    sound = apart <= np.quantile(apart, _SOUND)
    explained = 1 - float(np.square(apart[sound]).sum() / np.square(chroma[sound]).sum())
    farthest = max(_FARTHEST, _OUTLYING * mean)
    if explained < _EXPLAINED or float(apart[sound].max()) > farthest:
        return None
    return Tint(tint.curve, explained, red_weight, blue_weight)


def mean_chroma(frames: torch.Tensor, *, red_weight: float = 0.299, blue_weight: float = 0.114) -> float:
    """Return the mean chroma, in Lab units, of `frames` (T, 3, H, W) in [0, 1]; see FAINTEST."""
    _, ab = _small(frames, red_weight, blue_weight)
    return float(np.hypot(*ab.T).mean())


def without_tint(frames: torch.Tensor, tint: Tint) -> torch.Tensor:
    """Return `frames` (T, 3, H, W) in [0, 1] in neutral grays of the luma that they had."""
    luma = _luma(frames, tint.red_weight, tint.blue_weight)
    return luma.expand_as(frames).clone()


def with_tint(luma: torch.Tensor, tint: Tint) -> torch.Tensor:
    """Return the chroma (T, 2, H, W), planes B'-Y' and R'-Y', that tints `luma` (T, 1, H, W) in [0, 1].

    See `chroma_from_ab`: luma is kept as it is.
    """
    return chroma_from_ab(luma, tint.at(luma), tint.red_weight, tint.blue_weight)


def _luma(frames: torch.Tensor, red_weight: float, blue_weight: float) -> torch.Tensor:
    red, green, blue = frames.chunk(3, dim=-3)
    luma: torch.Tensor = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    return luma


def _small(
    frames: torch.Tensor, red_weight: float, blue_weight: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lightness (N,) of the luma, and a and b (N, 2), of frames reduced in number and size."""
    some = frames[:: -(-len(frames) // _FRAMES)].detach().cpu()
    factor = max(some.shape[-1] // _WIDTH, 1)
    reduced = torch.nn.functional.avg_pool2d(some, factor, ceil_mode=True)
    luma = _luma(reduced, red_weight, blue_weight)
    red, _, blue = (reduced - luma).chunk(3, dim=-3)
    ab = ab_from_chroma(luma, torch.cat([blue, red], dim=-3), red_weight, blue_weight)
    return lightness(luma).flatten().double().numpy(), ab.transpose(0, 1).flatten(1).T.double().numpy()


def _curve(luma: npt.NDArray[np.float64], ab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Medians of a and b about each knot of lightness, (knots, 2)."""
    nearest = np.clip(np.rint(luma / STEP), 0, _KNOTS - 1).astype(np.intp)
    counts = np.bincount(nearest, minlength=_KNOTS).astype(np.float64)
    medians = np.zeros((_KNOTS, 2))
    for knot in np.flatnonzero(counts):
        medians[knot] = np.median(ab[nearest == knot], axis=0)
    near = np.exp(-0.5 * np.square(np.subtract.outer(np.arange(_KNOTS), np.arange(_KNOTS)) / 1.5)) + 1e-9
    around = (near @ (counts[:, None] * medians)) / (near @ counts)[:, None]
    share = (counts / (counts + _DOUBT))[:, None]
    found: npt.NDArray[np.float64] = share * medians + (1 - share) * around
    return found


def _on_curve(curve: npt.NDArray[np.float64], luma: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    knots = np.arange(_KNOTS) * float(STEP)
    return np.stack([np.interp(luma, knots, values) for values in curve.T], axis=1)
