"""The speed of each stage's own work, in frames a second, on damaged texture of two sizes."""

import time
from typing import Any

import click
import numpy as np
import torch

from reelfix.bin.benchmarks.material import textured_frames
from reelfix.pipeline.products import PRODUCTS
from reelfix.pipeline.stage import ClipFormat, Stage, Window
from reelfix.pipeline.stages.table import STAGE_NAMES, stage_type
from reelfix.restoration.damage import DamageSettings, damage_clip

_SIZES = ((640, 480), (1440, 1080))
_CPU = torch.device("cpu")


@click.command()
@click.option("--frames", default=24, show_default=True, help="Frames a window's block has.")
@click.option("--colour", is_flag=True, help="Three channels in place of one.")
@click.option("--runs", default=3, show_default=True, help="The fastest of so many counts.")
@click.option("--threads", default=torch.get_num_threads(), show_default=True)
def command(frames: int, colour: bool, runs: int, threads: int) -> None:
    """Frames a second of each stage's process function, without the engine."""
    torch.set_num_threads(threads)
    click.echo(f"{threads} threads, {'colour' if colour else 'monochrome'}, {frames} frames")
    for width, height in _SIZES:
        clip = ClipFormat(height=height, width=width, channels=3 if colour else 1, depth=8, rate=24.0)
        seconds_of_all = 0.0
        for name, seconds in _timed(clip, frames, runs):
            seconds_of_all += seconds
            click.echo(f"{width} x {height}  {name:<13} {frames / seconds:8.1f} frames/s")
        click.echo(f"{width} x {height}  {'all':<13} {frames / seconds_of_all:8.1f} frames/s")


def _timed(clip: ClipFormat, frames: int, runs: int) -> list[tuple[str, float]]:
    """Seconds that each stage takes for a whole shot of `frames`, each on what the earlier ones made."""
    products: dict[str, Any] = {"frames": _damaged(clip, frames)}
    times = []
    for name in STAGE_NAMES:
        kind = stage_type(name)
        stage: Stage[Any] = kind(kind.settings_type(), clip)
        if kind.takes_grain:
            products.setdefault("grainy", products["frames"])
        window = Window({read: products[read] for read in stage.reads}, 0, frames, 0, 0, frames)
        seconds = []
        made: dict[str, Any] = {}
        for _ in range(runs):
            process = stage.open(_CPU)  # anew: some keep what they found of single frames
            start = time.perf_counter()
            made = process(window)
            seconds.append(time.perf_counter() - start)
        times.append((name, min(seconds)))
        # As later stages get them: through the store's rounding.
        products |= {key: PRODUCTS[key].decode(PRODUCTS[key].encode(made[key]), _CPU) for key in stage.made}
    return times


def _damaged(clip: ClipFormat, frames: int) -> torch.Tensor:
    codes = textured_frames(0, frames, clip.height, clip.width)
    picture = torch.from_numpy(codes.astype(np.float32) / 255)[:, None].repeat(1, clip.channels, 1, 1)
    return damage_clip(picture, DamageSettings(), np.random.default_rng(0)).frames
