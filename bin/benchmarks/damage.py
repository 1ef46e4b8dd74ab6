"""How fast clips for training are damaged, and where the time goes: by era, and by kind alone."""

import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import click
import cv2
import numpy as np
import torch

from reelfix.restoration.damage import (
    FULL_ERAS,
    NOTHING,
    DamageSettings,
    HostOperators,
    Shapes,
    TensorOperators,
    damage_batch,
    load_shapes,
    random_settings,
)
from reelfix.restoration.damage.operators import Operators

PICTURE = (480, 640)
VERSION_NAMES = ("unmarked", "toned")


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--crops", default=30, show_default=True, help="Crops of each measurement.")
@click.option("--size", default=192, show_default=True)
@click.option("--frames", default=5, show_default=True)
@click.option("--channels", default=1, show_default=True)
@click.option("--device", default="cpu", show_default=True)
def command(data: Path | None, crops: int, size: int, frames: int, channels: int, device: str) -> None:
    """Milliseconds for a crop on one thread: of the processor alone on the CPU, by the clock elsewhere.

    With `--data` marks have the true shapes of DATA/damage.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = None if data is None else load_shapes(data / "damage")
    on_host = device == "cpu"
    operators: Operators = HostOperators() if on_host else TensorOperators(device_noise=True)
    clip = _clip(frames, channels, size).to(device)
    measure = partial(
        _milliseconds, clip, crops, shapes, operators, time.process_time if on_host else time.perf_counter
    )
    click.echo(f"{frames} x {channels} x {size} x {size} on {device}, parts of {PICTURE[0]} x {PICTURE[1]}")
    for era in FULL_ERAS:
        click.echo(f"  {era:14} {measure(partial(random_settings, era=era)):7.2f} ms")
    mean = measure(random_settings)
    click.echo(f"  {'any era':14} {mean:7.2f} ms: {1000 / mean:.0f} crops/s")
    more = measure(random_settings, versions=VERSION_NAMES)
    click.echo(f"  with {' and '.join(VERSION_NAMES)} as well {more:.2f} ms: {1000 / more:.0f} crops/s")
    click.echo("each kind alone")
    for kind, settings in _alone().items():
        click.echo(f"  {kind:14} {measure(partial(_given, settings)):7.2f} ms")


def _clip(frames: int, channels: int, size: int) -> torch.Tensor:
    """Soft shapes that stand still, (T, C, H, W): what lies on a clip takes the same time on any."""
    coarse = torch.rand(1, channels, 12, 12, generator=torch.Generator().manual_seed(0))
    soft = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)
    return soft.expand(frames, -1, -1, -1).contiguous()


def _given(settings: DamageSettings, _: np.random.Generator) -> DamageSettings:
    return settings


def _alone() -> dict[str, DamageSettings]:
    """Each kind by itself, as the first era that has it does."""
    settings = {"nothing": NOTHING}
    for kind in (each.name for each in fields(DamageSettings) if each.name != "film_height_mm"):
        values = [getattr(era, kind) for era in FULL_ERAS.values()]
        if there := [value for value in values if value]:
            settings[kind] = replace(NOTHING, **{kind: there[0]})
    return settings


def _milliseconds(
    clip: torch.Tensor,
    crops: int,
    shapes: Shapes | None,
    operators: Operators,
    clock: Callable[[], float],
    settings: Callable[[np.random.Generator], DamageSettings],
    versions: tuple[str, ...] = (),
) -> float:
    damage = partial(
        damage_batch,
        shapes=shapes,
        settings=settings,
        picture=PICTURE,
        versions=versions,
        operators=operators,
    )
    damage(clip[None], [crops])  # what is slow the first time alone
    begun = clock()
    for seed in range(crops):
        damage(clip[None], [seed])
    if clip.is_cuda:
        torch.cuda.synchronize(clip.device)
    return 1000 * (clock() - begun) / crops
