"""What befalls the whole picture: drawn from the settings, as steps and as the truth of what they do."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.dyes import dyes_faded
from reelfix.restoration.damage.fading import faded
from reelfix.restoration.damage.generations import printed
from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.halation import halated
from reelfix.restoration.damage.light import Uneven, uneven_knots, vignette_field
from reelfix.restoration.damage.motion_blur import blur_paths
from reelfix.restoration.damage.operators import Operators
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.sources import Sources
from reelfix.restoration.damage.splices import draw_splices, splice_shifts
from reelfix.restoration.damage.steps import Step
from reelfix.restoration.damage.stock import STOCKS, Stock, layered, stock_deviation
from reelfix.restoration.damage.surface import Surface
from reelfix.restoration.damage.tint import tinted
from reelfix.restoration.damage.tone import Curve, flicker_curves, local_knots
from reelfix.restoration.damage.weave import WeaveCurves, weave_curves


@dataclass
class PictureTruth:
    """What befell the picture; filled in as the steps are drawn."""

    gains: Curve
    gammas: Curve
    knots: npt.NDArray[np.float32]
    """(T, rows, columns), see `tone.gain_field`."""
    weave: WeaveCurves
    light: Plane
    """(H, W): gains by vignetting and uneven light; 1 without."""
    parameters: dict[str, Curve] = field(default_factory=dict)
    """(T,) by name, "kind.parameter", of the kinds that there are."""

    def tell(self, **parameters: float) -> None:
        """Note parameters that hold for every frame; "__" in a name stands for the point."""
        for name, value in parameters.items():
            name = name.replace("__", ".").replace("_", " ")
            self.parameters[name] = np.full(len(self.gains), value, np.float32)


def nothing_befell(surface: Surface) -> PictureTruth:
    """The truth of a clip that nothing befell."""
    ones, zeros = np.ones(surface.frames, np.float32), np.zeros(surface.frames, np.float32)
    still = WeaveCurves(np.zeros((surface.frames, 2), np.float32), zeros)
    knots = np.zeros((surface.frames, 1, 1), np.float32)
    return PictureTruth(ones, ones.copy(), knots, still, np.ones(surface.shape[1:], np.float32))


@dataclass(frozen=True)
class Picture:
    """Draws what befalls the picture."""

    settings: DamageSettings
    surface: Surface
    operators: Operators
    sources: Sources
    truth: PictureTruth

    def taking(self) -> list[Step]:
        """Draw what befalls the picture on its first film, and fill in the truth of it."""
        return [*self._optics(), *self._exposure(), *self._grain()]

    def _optics(self) -> Iterator[Step]:
        """The lens, the camera's motion, and the film's in the gate."""
        settings, truth = self.settings, self.truth
        if settings.blur > 0:
            truth.tell(blur__sigma=settings.blur)
            yield Step("blur", partial(self.operators.blur, sigma=settings.blur))
        if settings.motion_blur is not None:
            height = self.surface.whole.height
            paths = blur_paths(settings.motion_blur, self.surface.frames, height, self.sources["motion blur"])
            truth.parameters |= {"motion blur.dx": paths[:, 0], "motion blur.dy": paths[:, 1]}
            yield Step("blur", partial(self.operators.smear, paths=paths))
        if settings.halation is not None:
            truth.tell(halation__strength=settings.halation.strength)
            height, operators = self.surface.whole.height, self.operators
            yield Step("blur", partial(halated, settings.halation, height=height, operators=operators))
        frames, height = self.surface.frames, self.surface.height
        if settings.weave is not None:
            truth.weave = weave_curves(settings.weave, frames, height, self.sources["weave"])
        jumps = np.zeros(frames, np.float32)
        if settings.splices is not None:
            splices = draw_splices(settings.splices, self.surface, self.sources["splices"])
            jumps = splice_shifts(splices, frames)
            truth.weave.shifts[:, 1] += jumps
            truth.parameters["splices.jump"] = jumps
        if settings.weave is not None or jumps.any():
            yield Step("weave", partial(self.operators.weave, curves=truth.weave))

    def _exposure(self) -> Iterator[Step]:
        """Light that changes, and light that falls unevenly."""
        settings, truth, frames = self.settings, self.truth, self.surface.frames
        knots = None
        if settings.flicker is not None:
            truth.gains, truth.gammas = flicker_curves(settings.flicker, frames, self.sources["flicker"])
        if settings.local_flicker is not None:
            knots = truth.knots = local_knots(settings.local_flicker, frames, self.sources["local flicker"])
        if settings.vignette is not None:
            truth.light = vignette_field(settings.vignette, self.surface, self.sources["vignette"])
            truth.tell(vignette__fall=settings.vignette.fall)
        if settings.uneven is not None:
            truth.light = truth.light * _uneven_field(settings.uneven, self.surface, self.sources["uneven"])
            truth.tell(uneven__gain=settings.uneven.gain)
        curves = (truth.gains, truth.gammas, knots)
        uneven = settings.vignette is not None or settings.uneven is not None
        steady = torch.from_numpy(truth.light) if uneven else None
        if settings.flicker is not None or knots is not None or steady is not None:
            yield Step("tone", partial(_exposed, operators=self.operators, curves=curves, steady=steady))

    def _grain(self) -> Iterator[Step]:
        """The emulsion's grain."""
        grain, stock = self.settings.grain, self.settings.stock
        if grain is not None:
            self.truth.tell(grain__strength=grain.strength, grain__size=grain.size)
            source = self.sources["grain"]
            yield Step("grain", partial(_grained, settings=grain, operators=self.operators, source=source))
        if stock is not None:
            named = STOCKS[stock.stock]
            strength, size = named.strength * stock.amount, named.size * stock.scale
            self.truth.tell(stock__strength=strength, stock__size=size)
            scaled = replace(named, strength=strength, size=size)
            source = self.sources["stock"]
            yield Step("grain", partial(_stocked, stock=scaled, operators=self.operators, source=source))

    def copying(self) -> Iterator[Step]:
        """Draw what befalls it in prints from prints, and what became of them, and fill in the truth."""
        copies, settings = self.settings.generations, self.settings
        if copies is not None:
            self.truth.tell(
                generations__count=copies.count,
                generations__blur=copies.blur,
                generations__contrast=copies.contrast,
                generations__grain=copies.grain,
            )
            stock = Stock(copies.grain, copies.size, shadows=0.4, highlights=0.4, correlation=1.0)
            for source in self.sources["generations"].spawn(copies.count):
                yield Step("blur", partial(self.operators.blur, sigma=copies.blur))
                yield Step("tone", partial(printed, contrast=copies.contrast))
                yield Step("grain", partial(_stocked, stock=stock, operators=self.operators, source=source))
        if settings.fading is not None:
            fading = settings.fading
            self.truth.tell(fading__black=fading.black, fading__white=fading.white)
            self.truth.tell(fading__gamma=fading.gamma)
            yield Step("tone", partial(faded, fading))
        if settings.dyes is not None:
            lost = settings.dyes
            self.truth.tell(dyes__cyan=lost.cyan, dyes__magenta=lost.magenta, dyes__yellow=lost.yellow)
            yield Step("tone", partial(dyes_faded, lost))
        if settings.tint is not None:
            self.truth.tell(tint__amount=settings.tint.amount)
            yield Step("tone", partial(tinted, settings.tint))


def _uneven_field(settings: Uneven, surface: Surface, random: np.random.Generator) -> Plane:
    """A field of gains (H, W), cubic in the logarithm between knots that span the whole picture."""
    whole, knots = surface.whole, uneven_knots(settings, random)
    scale = np.diag([len(knots[0]) / whole.width, len(knots) / whole.height])
    offset = scale @ np.array([whole.left + 0.5, whole.top + 0.5]) - 0.5
    matrix = np.hstack([scale, offset[:, None]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = (surface.width, surface.height)
    smooth = cv2.warpAffine(knots, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.exp(smooth), dtype=np.float32)


def _exposed(
    frames: torch.Tensor,
    operators: Operators,
    curves: tuple[Curve, Curve, Curve | None],
    steady: torch.Tensor | None,
) -> torch.Tensor:
    """Under light that changes by `curves`, and falls as the field `steady` (H, W) says."""
    exposed = operators.expose(frames, *curves)
    if steady is not None:
        exposed *= steady.to(exposed.device)
    return exposed.clamp_(0.0, 1.0)


def _grained(
    frames: torch.Tensor, settings: Grain, operators: Operators, source: np.random.Generator
) -> torch.Tensor:
    """The same grain at every call."""
    return operators.grain(frames, settings, deepcopy(source))


def _stocked(
    frames: torch.Tensor, stock: Stock, operators: Operators, source: np.random.Generator
) -> torch.Tensor:
    """With a stock's grain, the same at every call."""
    random, channels = deepcopy(source), frames.shape[1]
    if channels > 1 and stock.correlation == 1.0:
        noise = _clumps(frames, 1, stock, operators, random)
    else:
        noise = _clumps(frames, channels, stock, operators, random)
        correlated = channels > 1 and stock.correlation > 0
        shared = _clumps(frames, 1, stock, operators, random) if correlated else None
        noise = layered(noise, shared, stock)
    deviation = stock_deviation(stock, frames).mul_(stock.strength)
    return deviation.mul_(noise).add_(frames).clamp_(0.0, 1.0)


def _clumps(
    frames: torch.Tensor, channels: int, stock: Stock, operators: Operators, random: np.random.Generator
) -> torch.Tensor:
    """Noise (T, channels, H, W) of unit variance in a stock's clumps, fine and coarse."""
    fine = operators.clumps(frames, channels, stock.size, random)
    if stock.coarse == 0:
        return fine
    coarse = operators.clumps(frames, channels, 2.5 * stock.size, random)
    return fine.mul_((1 - stock.coarse) ** 0.5).add_(coarse, alpha=stock.coarse**0.5)
