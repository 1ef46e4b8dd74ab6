"""A net for colour that leans to what is said of a shot's colours as a whole, the same in all its frames."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from reelfix.restoration.colour import working
from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.colour_statistics import ColourStatistics, histogram_of
from reelfix.restoration.colour.guides import Guides
from reelfix.restoration.colour.net import ColourNet, Hints, OddsNet, Prediction
from reelfix.restoration.colour.palette import (
    Palette,
    chroma_scale,
    mean_saturation,
    on_bins,
    saturation_scale,
    tilt_towards,
)
from reelfix.restoration.colour.siggraph17 import Siggraph17
from reelfix.restoration.one_thread import one_thread

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

    @property
    def small(self) -> torch.Tensor:
        """The luma on the grid of the colours, (1, h, w)."""
        return working.resized(self.luma, (self.prediction.ab.shape[2], self.prediction.ab.shape[3]))[0]


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
        colours = [predict(each.luma, None, 1.0).ab[0].float() for each in shown]
        scale = 1.0
        if saturation is not None:
            scale = saturation_scale(saturation, [each.small for each in shown], colours, *weights)
        elif palette is not None:
            scale = chroma_scale(palette, torch.cat([ab.flatten(1) for ab in colours], dim=1))
    return LeanedNet(predict, scale)


def _lumas(guides: Guides, device: torch.device, longest: int) -> Iterator[torch.Tensor]:
    for exemplar in guides.exemplars:
        height, width = exemplar.luma.shape[1:]
        share = min(1.0, longest / max(height, width))
        size = max(round(height * share), 16), max(round(width * share), 16)
        yield working.resized(exemplar.luma[None].float().to(device), size)


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
    odds = [each.prediction.odds for each in shown]
    if not isinstance(net, OddsNet) or any(part is None for part in odds):
        raise ValueError(
            f"a palette needs a net that gives odds of colours, and {type(net).__name__} gives none. Take "
            "colour-compact."
        )
    bins = net.bins.float()
    places = torch.cat([part[0].float().flatten(1).T for part in odds if part is not None])  # NxQ
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
        colours = [each.prediction.ab.float() for each in shown]
        own = torch.cat([histogram_of(ab, ab_bins(device)) for ab in colours]).mean(dim=0)
        histogram = torch.lerp(own, palette.histogram.to(device), palette.strength)[None]
        if saturation is None:
            found = mean_saturation([each.small for each in shown], [ab[0] for ab in colours], *weights)
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
