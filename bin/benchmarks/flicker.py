"""Flicker left of a known one, and harm done to real changes of light, beside ffmpeg's deflicker."""

import time
from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
import torch

from reelfix.bin.benchmarks._light_cases import FLICKER, REAL, LightCase
from reelfix.bin.benchmarks.quality.ffmpeg_chains import DEFLICKER, EVEN_LIGHT, filtered
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths, read_clip
from reelfix.restoration.arrays import luma_of
from reelfix.restoration.deflicker import deflicker
from reelfix.restoration.metrics import psnr

_BLOCKS = (9, 12)
_FLOOR = 0.01
_METHODS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "as it came": lambda frames: frames,
    "reelfix": lambda frames: deflicker(frames, slice(None)),
    "deflicker": lambda frames: filtered(frames, DEFLICKER),
    "+ tmidequalizer": lambda frames: filtered(frames, EVEN_LIGHT),
}


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "names", help="Names of clips, with commas; all of the part by default.")
@click.option("--cases", help="Names of cases, with semicolons; all by default.")
@click.option("--methods", default=";".join(_METHODS), show_default=True, help="With semicolons.")
@click.option("--frames", default=48, show_default=True)
@click.option("--width", default=480, show_default=True)
def command(
    data: Path, part: ClipPart, names: str | None, cases: str | None, methods: str, frames: int, width: int
) -> None:
    """Errors of log luma against the truth: fast (second differences) and all; and PSNR, means over clips.

    Global: of the picture's mean; local: of its blocks, less that. 0.01 is one per cent. Means in time count
    as no error, but for PSNR. Harm is told by PSNR to the clip as it came, the worst clip's in brackets.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = clip_paths(data / "clips", part)
    wanted = names.split(",") if names else list(paths)
    clips = [read_clip(paths[name], frames=frames, width=width, choice=0).frames.numpy() for name in wanted]
    makers = {**FLICKER, **REAL}
    seconds = pixels = 0.0
    for case in cases.split(";") if cases else makers:
        for method in methods.split(";"):
            rows = []
            for seed, clip in enumerate(clips):
                made: LightCase = makers[case](clip, seed)
                frames_in = (made.frames * 65535).round() / 65535
                begun = time.process_time()
                result = _METHODS[method](frames_in)
                if method == "reelfix":
                    seconds += time.process_time() - begun
                    pixels += clip.size
                rows.append([*_errors(result, made.truth), min(psnr(result, made.truth), 100.0)])
            click.echo(f"{case:20} {method:16} " + _row(np.array(rows), harm=case in REAL))
    if seconds:
        click.echo(f"reelfix: {2 * pixels / (640 * 480) / seconds:.0f} frames/s at 640 x 480 on two cores")


def _errors(clip: torch.Tensor, truth: torch.Tensor) -> list[float]:
    """Global fast and all, local fast and all: root mean squares of natural logarithms."""
    error = _block_logs(clip) - _block_logs(truth)
    whole = error.mean(axis=(1, 2), keepdims=True)
    found = []
    for series in (whole, error - whole):
        second = series[2:] - 2 * series[1:-1] + series[:-2]
        found.append(float(np.sqrt(np.square(second).mean() / 6)))
        found.append(float(np.sqrt(np.square(series - series.mean(axis=0)).mean())))
    return found


def _block_logs(clip: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Mean log luma of blocks: (T, rows, columns)."""
    return np.stack(
        [
            cv2.resize(
                np.log(luma_of(frame).astype(np.float64) + _FLOOR),
                _BLOCKS[::-1],
                interpolation=cv2.INTER_AREA,
            )
            for frame in clip.numpy()
        ]
    )


def _row(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, harm: bool) -> str:
    fast, total, local_fast, local_total, quality = rows.mean(axis=0)
    worst = f" ({rows[:, 4].min():5.1f})" if harm else ""
    return (
        f"global {fast:.4f} {total:.4f}  local {local_fast:.4f} {local_total:.4f}  {quality:5.2f} dB{worst}"
    )
