"""Grain of film stocks, on clips with dirt: how well it is measured, and given back after restoration."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths, read_stretch
from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage import DamagedClip, Dirt, StockGrain, damage_clip
from reelfix.restoration.damage.settings import NOTHING
from reelfix.restoration.damage.stock import STOCKS, stock_deviation
from reelfix.restoration.denoise import denoise
from reelfix.restoration.grain import GrainGiver
from reelfix.restoration.grain_blocks import OverlappingBlocks
from reelfix.restoration.grain_frames import measured, shot_profile
from reelfix.restoration.grain_measure import TONES, opponents
from reelfix.restoration.grain_profile import GrainLevel, GrainProfile
from reelfix.restoration.metrics import psnr
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.restore import restore_damage
from reelfix.restoration.triplet.restorer_bars import Bars
from reelfix.restoration.triplet.restorer_models import open_restorer

_HEADS = (
    "spectrum dB",
    "tone %",
    "after dB",
    "PSNR before",
    "PSNR after",
    "dirt back %",
    "inside",
    "in time",
)
_EVEN = 0.004  # fine detail of a clip, below which a place is even
_FAINT = 0.02  # of a spectrum's greatest power: below it the codes' rounding is all there is


@dataclass(frozen=True)
class _Figures:
    spectrum: float
    """Mean error of the measured spectrum in dB, against that of the true grain."""
    tone: float
    """Mean error of the measured deviation by tone, in %: of the grain laid, and the clip's own noise."""
    after: float
    """Mean difference between the spectra of the source and of the result, in dB."""
    psnr_before: float
    """Of the restored clip, against the grainy one without dirt."""
    psnr_after: float
    """Of the clip with its grain given back, against the same."""
    dirt_back: float
    """Share of the dirt that giving grain back brought back: its regression on the dirt, in %."""
    inside: float
    """Energy that giving grain back added, where the scene is even: in damage over just outside it."""
    in_time: float
    """Correlation of the given grain with the next frame's."""


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "names", help="Names of clips, with commas; all of the part by default.")
@click.option("--stocks", help="Names of stocks, with commas; all by default.")
@click.option("--restorer", type=click.Choice(["denoise", "triplet-compact"]), default="denoise")
@click.option("--frames", default=12, show_default=True)
@click.option("--width", default=480, show_default=True)
def command(
    data: Path,
    part: ClipPart,
    names: str | None,
    stocks: str | None,
    restorer: str,
    frames: int,
    width: int,
) -> None:
    """Measure stock by stock, means over clips: all grain is given back (strength 1)."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = clip_paths(data / "clips", part)
    click.echo(f"{'stock':<16}" + "".join(f"{head:>12}" for head in _HEADS) + "   ms a frame of 640 x 480")
    for stock in stocks.split(",") if stocks else STOCKS:
        found, seconds, pixels = [], 0.0, 0
        for seed, name in enumerate(names.split(",") if names else paths):
            is_colour = stock.startswith("colour")
            pictures = read_stretch(
                paths[name], frames=max(frames, 12), width=width, choice=0, is_colour=is_colour
            )
            figures, spent = _measured(_clip(pictures[:frames]), stock, restorer, seed)
            found.append(figures)
            seconds, pixels = seconds + spent, pixels + frames * pictures[0].shape[0] * pictures[0].shape[1]
        means = np.mean([list(vars(figures).values()) for figures in found], axis=0)
        speed = 1e3 * seconds * 640 * 480 / pixels
        click.echo(f"{stock:<16}" + "".join(f"{mean:12.3f}" for mean in means) + f"   {speed:.0f}")


def _clip(pictures: list[npt.NDArray[Any]]) -> torch.Tensor:
    stacked = np.stack(pictures).astype(np.float32) / 255
    clip = stacked[:, None] if stacked.ndim == 3 else stacked[..., ::-1].transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(0.05 + 0.8 * clip))


def _measured(clean: torch.Tensor, stock: str, restorer: str, seed: int) -> tuple[_Figures, float]:
    settings = replace(NOTHING, stock=StockGrain(stock), dirt=Dirt(per_frame=12))
    damaged = damage_clip(clean, settings, np.random.default_rng(seed), versions=("unmarked",))
    source = (damaged.frames * 255).round() / 255
    motion = estimate_motion(source)
    restored = _restored(source, damaged.mask, motion, restorer)
    every = [True] * len(source)
    begun = time.process_time()
    rows = measured(restored, source, damaged.mask, motion, slice(None), every)
    profile = shot_profile(rows, source.shape[1])
    if profile is None:
        raise click.ClickException(f"no grain was found in a clip with grain of {stock}.")
    given = GrainGiver(profile, 1.0).give(restored, source, damaged.mask, 0)
    seconds = time.process_time() - begun
    after = shot_profile(measured(restored, given, damaged.mask, motion, slice(None), every), source.shape[1])
    assert after is not None, "the given grain is measured where the source's was"
    own = shot_profile(measured(clean, clean, damaged.mask, motion, slice(None), every), source.shape[1])
    return _figures(clean, damaged, (restored, given), (profile, after), own), seconds


def _restored(source: torch.Tensor, mask: torch.Tensor, motion: Motion, restorer: str) -> torch.Tensor:
    filled = restore_damage(source, mask, motion, slice(None))
    if restorer == "denoise":
        return denoise(filled, motion, slice(None))
    net = open_restorer(restorer, Bars(), torch.device("cpu"))
    return net.restore(filled, mask, motion, slice(0, len(filled))).frames


def _figures(
    clean: torch.Tensor,
    damaged: DamagedClip,
    results: tuple[torch.Tensor, torch.Tensor],
    profiles: tuple[GrainProfile, GrainProfile],
    own: GrainProfile | None,
) -> _Figures:
    restored, given = results
    unmarked, marked = damaged.versions["unmarked"], (damaged.mask > 0).any(dim=1, keepdim=True)
    source, after = (profile.source for profile in profiles)
    grain = given - restored
    dirt = ((damaged.frames - unmarked) * marked).flatten()
    leak = float((grain.flatten() * dirt).sum() / (dirt * dirt).sum().clamp_min(1e-9))
    near = torch.nn.functional.max_pool2d(marked.float(), 13, 1, 6).bool() & ~marked
    even = (clean - torch.nn.functional.avg_pool2d(clean, 5, 1, 2)).abs().amax(dim=1, keepdim=True) < _EVEN
    inside, beside = (
        _energy(given - clean, where & even) - _energy(restored - clean, where & even)
        for where in (marked, near)
    )
    first, second = grain[:-1].flatten(), grain[1:].flatten()
    return _Figures(
        _decibels(source, _true_spectrum(clean, unmarked)),
        _tone_error(source, profiles[0].counts, damaged, own),
        _decibels(after, source.spectrum * (source.mean.mean() / after.mean.mean())),
        psnr(restored, unmarked),
        psnr(given, unmarked),
        100 * leak,
        inside / beside,
        float(torch.corrcoef(torch.stack([first, second]))[0, 1]),
    )


def _energy(apart: torch.Tensor, where: torch.Tensor) -> float:
    fine = apart - torch.nn.functional.avg_pool2d(apart, 5, 1, 2)
    return float(fine[where.expand_as(fine)].square().mean())


def _true_spectrum(clean: torch.Tensor, unmarked: torch.Tensor) -> npt.NDArray[Any]:
    """Mean power of the grain that was laid, scaled to a variance of 1 at every tone."""
    grain = as_array(unmarked - clean)
    blurred = np.stack([[cv2.blur(np.square(plane), (25, 25)) for plane in frame] for frame in grain])
    scaled = opponents(grain / np.sqrt(np.maximum(blurred, 1e-8)))
    blocks = OverlappingBlocks(*scaled.shape[2:])
    power = [
        [np.square(np.abs(blocks.taken(plane))).mean(axis=(0, 1)) for plane in frame] for frame in scaled
    ]
    return np.asarray(np.mean(power, axis=0))


def _decibels(found: GrainLevel, true: npt.NDArray[Any]) -> float:
    strong = true > _FAINT * true.max()
    return float(
        np.abs(10 * np.log10(np.maximum(found.spectrum, 1e-6) / np.maximum(true, 1e-6)))[strong].mean()
    )


def _tone_error(
    found: GrainLevel, counts: npt.NDArray[Any], damaged: DamagedClip, own: GrainProfile | None
) -> float:
    """Mean error by tone, by how often the tone was seen."""
    settings = damaged.settings.stock
    assert settings is not None
    stock = STOCKS[settings.stock]
    tones = (torch.arange(TONES) + 0.5) / TONES
    curve = stock.strength * stock_deviation(stock, tones).numpy()
    layers = stock.layers if len(found.variances) == 3 else (sum(stock.layers) / 3,)
    true = np.stack([np.square(curve * layer) for layer in layers])
    if own is not None:
        true += own.source.variances
    error = np.abs(np.sqrt(found.variances / true) - 1)
    return float(100 * (error * counts).sum() / counts.sum())


if __name__ == "__main__":
    command()
