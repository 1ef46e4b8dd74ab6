"""Grain of three kinds on clean clips, taken out by the stage `denoise` and by what others use."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import click
import cv2
import numpy as np
import torch

from reelfix.bin.benchmarks.quality.ffmpeg_chains import filtered
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths, read_clip
from reelfix.restoration.damage import Grain
from reelfix.restoration.damage.grain import add_grain
from reelfix.restoration.denoise import denoise
from reelfix.restoration.metrics import psnr
from reelfix.restoration.metrics.similarity import ssim
from reelfix.restoration.motion import picture_maps
from reelfix.restoration.optical_flow import estimate_motion

GRAINS: Mapping[str, Grain] = MappingProxyType(
    {
        "fine, white": Grain(strength=0.02, size=0),
        "35 mm": Grain(strength=0.03, size=0.55),
        "8 mm": Grain(strength=0.05, size=0.8),
    }
)
OURS = "reelfix"


@dataclass(frozen=True)
class _Figures:
    psnr: float
    ssim: float
    sharpness: float
    """Share of the clean clip's gradients that is kept: their regression; grain has no part in it."""


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "names", help="Names of clips, with commas; all of the part by default.")
@click.option("--frames", default=13, show_default=True)
@click.option("--width", default=480, show_default=True)
def command(data: Path, part: ClipPart, names: str | None, frames: int, width: int) -> None:
    """PSNR, SSIM and sharpness, means over clips, of each method at its best, and at our sharpness.

    A method's best strength is that of its best mean PSNR. At our sharpness: its PSNR where it keeps as much
    of the gradients as we do at full strength, between its strengths; where it always keeps more, its last.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = clip_paths(data / "clips", part)
    clips = [
        read_clip(paths[name], frames=frames, width=width, choice=0).frames
        for name in (names.split(",") if names else paths)
    ]
    click.echo(f"{'grain':<12} {'method':<20} {'PSNR dB':>8} {'SSIM':>7} {'sharp':>6} {'as sharp as we':>14}")
    for kind in GRAINS:
        for line in _lines(kind, clips):
            click.echo(line)


def _ours(strength: float, clip: torch.Tensor) -> torch.Tensor:
    return denoise(clip, estimate_motion(clip), slice(None), strength=strength)


def _averaged(share: float, clip: torch.Tensor) -> torch.Tensor:
    """Plain mean of 11 frames along the motion, blended with the frame."""
    motion, planes = estimate_motion(clip), clip[:, 0].numpy()
    means = []
    for here, plane in enumerate(planes):
        steps = [step for step in range(-5, 6) if step and 0 <= here + step < len(planes)]
        total = plane.copy()
        for step, (flow, _) in motion.flows(here, steps).items():
            maps = picture_maps(flow, *plane.shape)
            total += cv2.remap(planes[here + step], *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        means.append(plane + np.float32(share) * (total / (len(steps) + 1) - plane))
    return torch.from_numpy(np.stack(means)[:, None])


METHODS: Mapping[str, tuple[Callable[[torch.Tensor], torch.Tensor], ...]] = MappingProxyType(
    {
        OURS: tuple(partial(_ours, strength) for strength in (1.0, 0.8, 0.6)),
        "hqdn3d": tuple(partial(filtered, chain=f"hqdn3d={s}:{s}:{1.5 * s}") for s in (2, 4, 8, 16, 32)),
        "nlmeans": tuple(partial(filtered, chain=f"nlmeans=s={s}:p=5:r=9") for s in (1, 2, 3.5, 6)),
        "atadenoise": tuple(
            partial(filtered, chain=f"atadenoise=0a={s}:0b={2 * s}:s=9") for s in (0.05, 0.1, 0.2, 0.3)
        ),
        "compensated average": tuple(partial(_averaged, share) for share in (1.0, 0.7, 0.4)),
    }
)
"""Each at several strengths."""


def _lines(kind: str, clips: list[torch.Tensor]) -> Iterator[str]:
    noisy = [_grainy(clip, GRAINS[kind], seed) for seed, clip in enumerate(clips)]
    came = _mean([_figures(frames, clip) for frames, clip in zip(noisy, clips, strict=True)])
    yield f"{kind:<12} {'as it came':<20} {came.psnr:8.2f} {came.ssim:7.4f} {came.sharpness:6.3f}"
    goal = 1.0
    for method, strengths in METHODS.items():
        sweep, seconds = [came], 0.0
        for run in strengths:
            begun = time.process_time()
            results = [run(frames) for frames in noisy]
            seconds = seconds or time.process_time() - begun
            sweep.append(_mean([_figures(*pair) for pair in zip(results, clips, strict=True)]))
        best = max(sweep[1:], key=lambda figures: figures.psnr)
        if method == OURS:
            best, goal = sweep[1], sweep[1].sharpness
        line = f"{kind:<12} {method:<20} {best.psnr:8.2f} {best.ssim:7.4f} {best.sharpness:6.3f}"
        line += f" {_psnr_at(goal, sweep):14.2f}"
        if method == OURS:
            pixels = sum(clip.numel() for clip in clips)
            line += f"  {1e3 * seconds * 640 * 480 / pixels:.0f} ms a frame of 640 x 480, motion and all"
        yield line


def _grainy(clip: torch.Tensor, grain: Grain, seed: int) -> torch.Tensor:
    """The clip (T, 1, H, W) with grain, at 8 bits."""
    random = np.random.default_rng(seed)
    frames = [add_grain(grain, frame, random) for frame in clip.numpy()]
    return (torch.from_numpy(np.stack(frames)) * 255).round() / 255


def _figures(result: torch.Tensor, clean: torch.Tensor) -> _Figures:
    kept = energy = 0.0
    for axis in (2, 3):
        truth = torch.diff(clean, dim=axis)
        kept += float((torch.diff(result, dim=axis) * truth).sum())
        energy += float((truth * truth).sum())
    return _Figures(psnr(result, clean), ssim(result, clean, every=4), kept / energy)


def _mean(figures: list[_Figures]) -> _Figures:
    columns = zip(*((one.psnr, one.ssim, one.sharpness) for one in figures), strict=True)
    return _Figures(*(float(np.mean(column)) for column in columns))


def _psnr_at(sharpness: float, sweep: list[_Figures]) -> float:
    """PSNR where a method's sharpness is this, between its strengths."""
    ordered = sorted(sweep, key=lambda figures: figures.sharpness)
    return float(np.interp(sharpness, [one.sharpness for one in ordered], [one.psnr for one in ordered]))


if __name__ == "__main__":
    command()
