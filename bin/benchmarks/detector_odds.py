"""`bin/bench detector_odds`: what odds a trained detector's logits stand for, measured and written in."""

from pathlib import Path

import click
import cv2
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from reelfix.restoration.detector_inputs import INPUTS
from reelfix.restoration.detector_net import DetectorNet
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.training.detect_odds import measured_odds
from reelfix.restoration.training.prepared import open_arrays, read_items

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("weights", type=_FILE)
@click.option(
    "--data", type=_FOLDER, required=True, help="Prepared clips; their validation part is measured."
)
@click.option("--every", default=6, show_default=True, help="Every so-manieth frame is.")
def command(weights: Path, data: Path, every: int) -> None:
    """Measure the odds of a run's WEIGHTS, detect.safetensors, and write them into that file."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = describe(str(weights)).build(precision="bfloat16", channels_last=True)
    if not isinstance(net, DetectorNet) or net.inputs != INPUTS:
        raise click.UsageError(f"{weights} holds no detector of this version.")
    clips = [open_arrays(folder) for folder in read_items(data, "validation")]
    frames = [(clip, t) for clip in clips for t in range(every // 2, len(clip["frames"]), every)]
    scale, shift = measured_odds(net, frames)
    _write(weights, {"net.scale": scale, "net.shift": shift})
    click.echo(f"{len(frames)} frames: scale {scale.tolist()}, shift {shift.tolist()}")


def _write(path: Path, changes: dict[str, torch.Tensor]) -> None:
    with safe_open(path, "pt") as file:
        told = file.metadata()
    save_file({**load_file(path), **changes}, path, told)
