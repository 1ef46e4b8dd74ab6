"""The artist's track bars: whether each moves its own measure steadily, and leaves the others'."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
import torch

from reelfix.bin.benchmarks._bar_pictures import bar_pictures, prepare_clips
from reelfix.bin.benchmarks._bar_sweep import Sweep, aims, markdown, swept
from reelfix.restoration.models.weights import load_weights
from reelfix.restoration.triplet.compact import CompactNets


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--weights", default="triplet-compact", show_default=True, help="Name, or path of safetensors.")
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option(
    "--prepared",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of `bin/bench prepare`: its validation clips, in place of clips damaged here.",
)
@click.option("--crops", default=4, show_default=True, help="Pictures from each clip.")
@click.option("--crop", default=240, show_default=True, help="Their size, a multiple of 16.")
@click.option("--seed", default=0, show_default=True)
def command(
    data: Path, weights: str, part: str, prepared: Path | None, crops: int, crop: int, seed: int
) -> None:
    """Move every bar over 0, 1/4, 1/2, 3/4, 1, the others at 0 and at half; tables in Markdown.

    Measures: see `reelfix.restoration.metrics.bars`. Pictures have grain, blur and filled marks of an era
    drawn at random; half of them marks that no neighbour shows; all are faded. Cross-tables: 1 is what the
    measure's own bar does at full strength, the others at 0; with 95 % intervals over the clips.
    """
    if prepared is not None and part != "tune":
        raise click.UsageError("--prepared has clips for tuning: leave it out with --part held-out.")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    nets = CompactNets().eval()
    nets.load_state_dict(load_weights(weights))
    with TemporaryDirectory() as temporary:
        links = Path(temporary) / "links"
        links.mkdir()
        folder = prepared
        if folder is None:
            folder = Path(temporary) / "clips"
            for name in prepare_clips(data, part, folder, seed):
                click.echo(f"prepared {name}", err=True)
        sweeps, goals, sources = [], [], []
        for picture in bar_pictures(folder, links, crops, crop, seed):
            sweeps.append(swept(nets, picture))
            goals.append(aims(picture))
            sources.append(picture.source)
    sweep = Sweep(np.stack(sweeps), np.stack(goals), sources)
    click.echo(f"{len(sources)} pictures of {len(set(sources))} clips or stills\n")
    click.echo(markdown(sweep))


if __name__ == "__main__":
    command()
