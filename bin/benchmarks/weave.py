"""Gate weave: what is left of a known one, beside ffmpeg's vidstab and deshake, and the speed."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from reelfix.bin.benchmarks._weave_shots import Camera, Curve, make_shot, read_pictures
from reelfix.bin.benchmarks.quality.ffmpeg_chains import DEFLICKER, filtered
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths
from reelfix.restoration.metrics.weave import shifts_between
from reelfix.restoration.stabilize import corrections_of, stabilize
from reelfix.restoration.stabilize_track import Tracker, steps_of

_STILL = ("blocks", "cups", "dog", "plaza", "box", "person", "coffee")
"""Clips filmed from a tripod: shots with a still camera, and the ground of pans."""
_FAST = 6.0
"""Standard deviation, in frames, of the mean that what is left is told from as fast."""
_WIDTH = 480

Method = Callable[[torch.Tensor], torch.Tensor]


def reelfix(frames: torch.Tensor) -> torch.Tensor:
    """Stabilize one shot as the stages do."""
    track = Tracker().track(frames, 0, slice(None))
    return stabilize(frames, corrections_of(steps_of(track), frames.shape[-1], limit=0.015))


def vidstab(frames: torch.Tensor) -> torch.Tensor:
    """Deflicker with ffmpeg, and stabilize with its libvidstab, with its defaults but for the zoom."""
    with tempfile.TemporaryDirectory() as folder:
        transforms = Path(folder) / "transforms.trf"
        filtered(frames, f"{DEFLICKER},vidstabdetect=result={transforms}")
        return filtered(frames, f"{DEFLICKER},vidstabtransform=input={transforms}:optzoom=0")


def deshake(frames: torch.Tensor) -> torch.Tensor:
    """Deflicker and stabilize with ffmpeg's own filters."""
    return filtered(frames, f"{DEFLICKER},deshake")


_METHODS: dict[str, Method] = {
    "as it came": lambda frames: frames,
    "reelfix": reelfix,
    "vidstab": vidstab,
    "deshake": deshake,
}


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "names", help="Names of clips, with commas; all of the part by default.")
@click.option("--frames", default=72, show_default=True)
@click.option("--weave", "amounts", default="0.3,1,3", show_default=True, help="Pixels RMS, with commas.")
@click.option("--methods", default=",".join(_METHODS), show_default=True)
def command(data: Path, part: ClipPart, names: str | None, frames: int, amounts: str, methods: str) -> None:
    """Pixels RMS of weave left: of all, and of what is fast (less its mean over some 15 frames)."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = clip_paths(data / "clips", part)
    wanted = names.split(",") if names else list(paths)
    chosen = methods.split(",")
    click.echo(f"{'camera':8} {'clip':10} {'weave':>5}  " + "  ".join(f"{name:>14}" for name in chosen))
    found: dict[tuple[Camera, float], list[list[float]]] = {}
    seconds = 0.0
    count = 0
    for name in wanted:
        pictures = read_pictures(paths[name], 0, frames)
        cameras: tuple[Camera, ...] = ("still", "pan") if name in _STILL else ("its own",)
        for camera in cameras:
            for rms in map(float, amounts.split(",")):
                row = []
                shot = make_shot(pictures, camera, rms, _WIDTH, seed=round(10 * rms))
                for method in chosen:
                    begun = time.process_time()
                    steadied = _METHODS[method](shot.worn)
                    if method == "reelfix":
                        seconds += (time.process_time() - begun) * 640 * 480 / (shot.worn[0].numel())
                        count += len(shot.worn)
                    row += _left(steadied, shot.clean)
                found.setdefault((camera, rms), []).append(row)
                click.echo(f"{camera:8} {name:10} {rms:5.1f}  " + _pairs(row))
    for (camera, rms), rows in found.items():
        click.echo(f"{camera:8} {'all':10} {rms:5.1f}  " + _pairs(np.nanmean(rows, axis=0)))
    if count:
        click.echo(f"reelfix: {2 * count / seconds:.0f} frames/s at 640 x 480 on two cores")


def _left(steadied: torch.Tensor, clean: torch.Tensor) -> list[float]:
    """Root mean squares of what is left: of all, and of the fast part."""
    shifts: Curve = shifts_between(steadied, clean)
    known = np.isfinite(shifts).all(axis=1)
    rest = shifts[known] - np.median(shifts[known], axis=0)
    fast = rest - gaussian_filter1d(rest, _FAST, axis=0)
    return [float(np.sqrt(np.square(part).mean())) for part in (rest, fast)]


def _pairs(row: Any) -> str:
    return "  ".join(f"{row[i]:6.2f} ({row[i + 1]:5.2f})" for i in range(0, len(row), 2))
