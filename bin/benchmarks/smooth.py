"""The stage `smooth` on damaged clips: how steady and how true frames are with it, and whether seams show."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
import cv2
import numpy as np
import torch

from reelfix.pipeline.evaluation.cases import ERA_NAMES, make_trial
from reelfix.pipeline.evaluation.chain import run_chain
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths, read_clip
from reelfix.pipeline.stage import ClipFormat, Window
from reelfix.pipeline.stages.smooth import Smooth, SmoothSettings
from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage import load_shapes
from reelfix.restoration.metrics import psnr
from reelfix.restoration.metrics.flicker import flicker_left
from reelfix.restoration.metrics.perceptual import Lpips
from reelfix.restoration.metrics.similarity import ssim
from reelfix.restoration.metrics.warping import CleanMotion, clean_motion, warping_error

_CPU = torch.device("cpu")
_STILL = 0.25  # pixels from frame to frame, below which a part counts as static
_ALEXNET = "alexnet_features.safetensors"
UNSMOOTHED = "unsmoothed"
METHODS: Mapping[str, dict[str, Any] | None] = MappingProxyType(
    {
        UNSMOOTHED: None,
        "latents": {},
        "latents, half": {"strength": 0.5},
        "first motion": {"refine_motion": False},
        "pixels": {"model": "none"},
    }
)
_COLUMNS = ("PSNR dB", "SSIM", "LPIPS", "warp e-5", "flick e-3", "local e-3", "sharp", "border", "anew", "ms")


@click.command(name="smooth")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "names", help="Names of clips, with commas; all of the part by default.")
@click.option("--frames", default=24, show_default=True)
@click.option("--width", default=400, show_default=True)
@click.option("--block", default=6, show_default=True, help="Frames of a block, for the seam.")
@click.option("--preset", default="full", show_default=True)
def command(
    data: Path, part: ClipPart, names: str | None, frames: int, width: int, block: int, preset: str
) -> None:
    """Means over damaged clips, an era for each in turn, restored by a preset, smoothed and not.

    warp: warping error after Lai et al. along the clean clip's motion; flick, local: flicker beyond the clean
    clip's; sharp: gradients kept, of those of the clean clip, on static parts, over the unsmoothed's; border:
    change of the error from frame to frame at the blocks' borders, over that elsewhere; anew: the same,
    were nothing carried over them; ms: CPU time a frame of 640 x 480.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = clip_paths(data / "clips", part)
    shapes = load_shapes(data / "damage", part)
    judge = _lpips(data / "weights" / _ALEXNET)
    rows: dict[str, list[list[float]]] = {name: [] for name in METHODS}
    for index, name in enumerate(names.split(",") if names else paths):
        try:
            clip = read_clip(paths[name], frames=frames, width=width, choice=0)
        except ValueError as error:
            click.echo(f"{error}", err=True)
            continue
        trial = make_trial(ERA_NAMES[index % len(ERA_NAMES)], clip, 0, shapes)
        out = ("track", "stabilize", "smooth", "grain_profile", "grain")
        products = run_chain(trial.input, rate=trial.rate, preset=preset, leave_out=out)
        run = _Clip(products, trial.truth, block, judge)
        for method, settings in METHODS.items():
            rows[method].append(run.figures(settings))
        click.echo(f"{name}: {trial.case}, {run.gain(rows):+.2f} dB", err=True)
    click.echo(f"{'':<14}" + "".join(f"{column:>10}" for column in _COLUMNS))
    for method, figures in rows.items():
        means = np.nanmean(np.array(figures), axis=0)
        click.echo(f"{method:<14}" + "".join(f"{value:>10.4g}" for value in means))


class _Clip:
    """One damaged clip, restored, and what it should be."""

    def __init__(
        self, products: dict[str, Any], truth: torch.Tensor, block: int, judge: Lpips | None
    ) -> None:
        self._products, self._truth, self._block, self._judge = products, truth, block, judge
        self._motion = clean_motion(truth)
        channels, height, width = truth.shape[1:]
        self._format = ClipFormat(height, width, channels, 8, 24.0)
        self._kept = _kept(products["frames"], truth, self._motion)

    def gain(self, rows: Mapping[str, Sequence[Sequence[float]]]) -> float:
        """PSNR gained by the stage on the clip measured last."""
        return rows["latents"][-1][0] - rows[UNSMOOTHED][-1][0]

    def figures(self, settings: dict[str, Any] | None) -> list[float]:
        """Measure a method, in the order of _COLUMNS."""
        begun = time.process_time()
        found = self._smoothed(settings, len(self._truth), carry=True)
        seconds = time.process_time() - begun
        anew = found if settings is None else self._smoothed(settings, self._block, carry=False)
        flicker = flicker_left(found, self._truth)
        lpips = self._judge(found, self._truth, every=6) if self._judge else float("nan")
        return [
            float(np.mean([psnr(*pair) for pair in zip(found, self._truth, strict=True)])),
            ssim(found, self._truth, every=4),
            lpips,
            1e5 * warping_error(found, self._motion),
            1e3 * flicker.overall,
            1e3 * flicker.local,
            _kept(found, self._truth, self._motion) / self._kept,
            self._seam(found),
            self._seam(anew),
            1e3 * seconds / len(found) * 640 * 480 / self._truth[0].numel(),
        ]

    def _smoothed(self, settings: dict[str, Any] | None, block: int, *, carry: bool) -> torch.Tensor:
        """Run the stage block by block; with nothing carried, every block is a shot of its own."""
        frames: torch.Tensor = self._products["frames"]
        if settings is None:
            return frames
        stage = Smooth(SmoothSettings(**settings), self._format)
        process, parts = stage.open(_CPU), []
        carried: dict[str, torch.Tensor] = {}
        for start in range(0, len(frames), block):
            stop = min(start + block, len(frames))
            first, last = max(start - stage.handle, 0), min(stop + stage.handle, len(frames))
            if not carry:
                first, last = start, stop
            seen = {name: self._products[name][first:last] for name in stage.reads}
            window = Window(
                seen, start, stop, start - first, last - stop, len(frames), carried=carried if carry else {}
            )
            made = process(window)
            carried = {name: made[name] for name in stage.carries}
            parts.append(made["frames"])
        return torch.cat(parts)

    def _seam(self, frames: torch.Tensor) -> float:
        """Change of the error from frame to frame at the blocks' borders, over that elsewhere."""
        errors = frames - self._truth
        changes = errors.diff(dim=0).abs().mean(dim=(1, 2, 3)).numpy()
        at_border = (np.arange(1, len(frames)) % self._block) == 0
        return float(changes[at_border].mean() / changes[~at_border].mean())


def _kept(frames: torch.Tensor, truth: torch.Tensor, motion: CleanMotion) -> float:
    """Share of the clean clip's gradients that is kept on static parts: their regression."""
    kept = energy = 0.0
    for frame, true, step in zip(frames[:-1, 0].numpy(), truth[:-1, 0].numpy(), motion.steps, strict=True):
        rows, columns = np.indices(true.shape, dtype=np.float32)
        still = step.seen & (np.hypot(step.map_x - columns, step.map_y - rows) < _STILL)
        for axis in (0, 1):
            slope = _slope(true, axis)[still]
            kept += float((_slope(frame, axis)[still] * slope).sum())
            energy += float((slope * slope).sum())
    return kept / energy


def _slope(plane: Plane, axis: int) -> Plane:
    return np.diff(plane, axis=axis, append=np.take(plane, [-1], axis=axis))


def _lpips(path: Path) -> Lpips | None:
    """Return the perceptual distance, or None where its weights are not there."""
    if not path.exists():
        return None
    return Lpips(path)


if __name__ == "__main__":
    command()
