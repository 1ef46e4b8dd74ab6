"""A net for colour that leans to what is said of a shot's colours as a whole, the same in all its frames."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from reelfix.restoration.colour import working
from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.colour_statistics import ColourStatistics, histogram_of, saturation_of
from reelfix.restoration.colour.guides import Guides
from reelfix.restoration.colour.net import ColourNet, Hints, OddsNet, Prediction
from reelfix.restoration.colour.palette import (
    Palette,
    chroma_scale,
    coloured,
    on_bins,
    saturation_scale,
    tilt_towards,
)
from reelfix.restoration.colour.siggraph17 import Siggraph17
from reelfix.restoration.one_thread import one_thread

_BLACK = 0.04  # luma up to which a place shows no colour

_Predict = Callable[[torch.Tensor, Hints | None, float], Prediction]


class LeanedNet:
    """A `ColourNet` whose answers are another's, leaned and made stronger by what was found once."""

    def __init__(self, predict: _Predict, scale: float) -> None:
        """Take what predicts, as `ColourNet.predict`, and what its colours are multiplied by."""
        self._predict = predict
        self._scale = scale

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        """Colour `luma` (B, 1, H, W); see `ColourNet.predict`."""
        return self._predict(luma, hints, saturation * self._scale)


class _Shown(NamedTuple):
    """An exemplar as the net colours it by itself."""

    luma: torch.Tensor
    """(1, 1, H, W), as large as the net sees it."""
    prediction: Prediction

    def visible(self, planes: torch.Tensor) -> torch.Tensor:
        """Return planes (1, C, h, w) at those places that are not black: (C, N).

        Borders of the picture and the dark show no colour, whichever they have.
        """
        luma = working.resized(self.luma, (planes.shape[2], planes.shape[3])).flatten()
        seen = luma > _BLACK
        flat = planes[0].flatten(1).float()
        return flat[:, seen] if bool(seen.any()) else flat

    def tones(self, ab: torch.Tensor) -> torch.Tensor:
        """Return the luma at the places of `visible(ab)`, (1, N)."""
        return self.visible(working.resized(self.luma, (ab.shape[2], ab.shape[3])))


def leaned(
    net: ColourNet,
    guides: Guides,
    device: torch.device,
    *,
    red_weight: float,
    blue_weight: float,
    longest: int,
) -> ColourNet:
    """Return `net` as it is to colour a shot: itself, unless something is said of its colours as a whole.

    How far it must lean is found in the exemplars, as it colours them by itself, and holds for every frame:
    nothing flutters from key frame to key frame. siggraph17 is told by its own branch, where it has one; of
    other nets the odds are tilted (`tilt_towards`). What comes out is brought to the palette's mean chroma,
    or to the mean saturation asked for. The net is shown at most `longest` pixels. Raises ValueError without
    exemplars, and for a palette and a net that gives no odds.
    """
    palette, saturation = guides.palette, guides.mean_saturation
    if palette is None and saturation is None:
        return net
    if not guides.exemplars:
        raise ValueError("a shot's colours as a whole need an exemplar to be measured on: give one.")
    weights = red_weight, blue_weight
    with torch.inference_mode(), one_thread():
        shown = [_Shown(luma, net.predict(luma, None)) for luma in _lumas(guides, device, longest)]
        predict = _leaning(net, palette, saturation, shown, weights)
        painted = [predict(each.luma, None, 1.0).ab for each in shown]
        luma, colours = _as_one(shown, painted)
        scale = 1.0
        if saturation is not None:
            scale = saturation_scale(saturation, luma, colours, *weights)
        elif palette is not None:
            scale = chroma_scale(palette, colours.flatten(1))
    return LeanedNet(predict, scale)


def _lumas(guides: Guides, device: torch.device, longest: int) -> Iterator[torch.Tensor]:
    for exemplar in guides.exemplars:
        height, width = exemplar.luma.shape[1:]
        share = min(1.0, longest / max(height, width))
        size = max(round(height * share), 16), max(round(width * share), 16)
        yield working.resized(exemplar.luma[None].float().to(device), size)


def _as_one(shown: Sequence[_Shown], painted: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Lumas (1, 1, N) and colours (2, 1, N) of all places of all exemplars that show colour."""
    lumas = [each.tones(ab) for each, ab in zip(shown, painted, strict=True)]
    colours = [each.visible(ab) for each, ab in zip(shown, painted, strict=True)]
    return torch.cat(lumas, dim=1)[:, None], torch.cat(colours, dim=1)[:, None]


def _leaning(
    net: ColourNet,
    palette: Palette | None,
    saturation: float | None,
    shown: Sequence[_Shown],
    weights: tuple[float, float],
) -> _Predict:
    """What predicts as `net` does, but leans to what is asked."""
    if isinstance(net, Siggraph17) and net.statistics is not None:
        return partial(_told, net, _statistics(palette, saturation, shown, weights))
    if palette is None:
        return net.predict
    odds = [each.visible(each.prediction.odds) for each in shown if each.prediction.odds is not None]
    if not isinstance(net, OddsNet) or not odds:
        raise ValueError(
            f"a palette needs a net that gives odds of colours, and {type(net).__name__} gives none. Take "
            "colour-compact."
        )
    bins = net.bins.float()
    places = torch.cat(odds, dim=1).T  # NxQ
    tilt = tilt_towards(on_bins(palette.histogram, bins), places, bins, palette.strength)
    return partial(_tilted, net, tilt)


def _statistics(
    palette: Palette | None,
    saturation: float | None,
    shown: Sequence[_Shown],
    weights: tuple[float, float],
) -> ColourStatistics:
    """What siggraph17's branch is told: between its own colours and the palette's, by strength."""
    device = shown[0].luma.device
    histogram = None
    if palette is not None:
        luma, colours = _as_one(shown, [each.prediction.ab for each in shown])
        own = histogram_of(colours[None], ab_bins(device))[0]
        histogram = torch.lerp(own, palette.histogram.to(device), palette.strength)[None]
        if saturation is None:
            found = float(saturation_of(coloured(luma, colours, *weights)[None]))
            saturation = found + (palette.saturation - found) * palette.strength
    return ColourStatistics(
        histogram, None if saturation is None else torch.tensor([saturation], device=device)
    )


def _told(
    net: Siggraph17, statistics: ColourStatistics, luma: torch.Tensor, hints: Hints | None, saturation: float
) -> Prediction:
    return net.predict(luma, hints, saturation, statistics)


def _tilted(
    net: OddsNet, tilt: torch.Tensor, luma: torch.Tensor, hints: Hints | None, saturation: float
) -> Prediction:
    return net.predict(luma, hints, saturation, tilt=tilt)
