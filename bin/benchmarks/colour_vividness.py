"""`bin/bench colour_vividness`: rare colours made likelier in trained weights."""

from pathlib import Path

import click
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from reelfix.pipeline.training_frames import PICTURES
from reelfix.restoration.training.build_colour import prior_of
from reelfix.restoration.training.colour_vividness import more_vivid
from reelfix.restoration.training.split import read_split

_BIAS = "net.head.bias"


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--by", type=float, required=True, help="Over what they have: 0.25 is a good deal.")
def command(run: Path, by: float) -> None:
    """Make rare colours likelier in colorize.safetensors of the folder RUN, as if they had counted more."""
    pictures = [file for file in read_split(run / "split.csv").train if file.suffix.lower() in PICTURES]
    path = run / "colorize.safetensors"
    with safe_open(path, "pt") as file:
        told = file.metadata()
    tensors = load_file(path)
    if _BIAS not in tensors:
        raise click.UsageError(f"{path} holds no net for colour: it has no {_BIAS}.")
    bias = more_vivid(tensors[_BIAS], prior_of(pictures), by)
    save_file({**tensors, _BIAS: bias}, path, told)
    click.echo(f"{path}: logits of rare colours raised by up to {float((bias - tensors[_BIAS]).max()):.2f}")
