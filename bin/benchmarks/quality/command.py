"""`bin/bench quality`: clips with known damage through the chain and the baselines, side by side."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import torch

from reelfix.bin.benchmarks.quality.cache import FigureCache
from reelfix.bin.benchmarks.quality.measures import measure
from reelfix.bin.benchmarks.quality.methods import ABLATIONS, BASELINES, INPUT, OURS, Chain
from reelfix.bin.benchmarks.quality.report import (
    Results,
    Row,
    figures_table,
    goals,
    mask_table,
    write_csv,
)
from reelfix.pipeline.evaluation.cases import CASES, ERA_NAMES, KIND_NAMES, Trial, make_trial
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths, read_clip
from reelfix.pipeline.evaluation.mask_figures import measure_mask
from reelfix.pipeline.settings import parse_assignments, preset_names
from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.metrics.perceptual import Lpips
from reelfix.restoration.metrics.warping import CleanMotion, clean_motion

_DATA = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--data", type=_DATA, required=True, help="Folder with clips/, damage/ and weights/.")
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--clips", "clip_names", help="Names of clips, by commas.  [default: all of the part]")
@click.option("--cases", "case_names", default="eras", show_default=True, help="Names; or eras, kinds, all.")
@click.option("--seeds", default=1, show_default=True, help="Damages of each clip and case.")
@click.option(
    "--frames", type=click.IntRange(min=12), default=24, show_default=True, help="Frames of each clip."
)
@click.option("--width", default=640, show_default=True, help="Clips are scaled to at most so wide.")
@click.option("--preset", type=click.Choice(preset_names()), default="full", show_default=True)
@click.option("--set", "assignments", multiple=True, metavar="STAGE.NAME=VALUE", help="A setting of a stage.")
@click.option("--baselines/--no-baselines", default=True, show_default=True)
@click.option("--ablate", multiple=True, type=click.Choice([*ABLATIONS, "all"]), help="Our chain, changed.")
@click.option("--lpips/--no-lpips", default=True, show_default=True)
@click.option("--cache", default=None, type=click.Path(path_type=Path), help="Where baselines' figures stay.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the report here, and .csv beside it.")
@click.option("--threads", default=1, show_default=True)
def command(
    data: Path,
    part: ClipPart,
    clip_names: str | None,
    case_names: str,
    seeds: int,
    frames: int,
    width: int,
    preset: str,
    assignments: tuple[str, ...],
    baselines: bool,
    ablate: tuple[str, ...],
    lpips: bool,
    cache: Path | None,
    output: Path | None,
    threads: int,
) -> None:
    """Restore clips with known damage; tables by era and kind, of our chain and of what others use.

    The film does not weave here, and `stabilize` is left out: `bin/bench weave` measures it. Everything gets
    the same 8 bit input, and is measured against the clean clip at the input's mean exposure.
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    shapes = load_shapes(data / "damage", part)
    chain = Chain(preset, parse_assignments(assignments), leave_out=("track", "stabilize"))
    bench = _Bench(
        chain,
        tuple(BASELINES) if baselines else (),
        tuple(ABLATIONS) if "all" in ablate else ablate,
        Lpips(data / "weights" / "alexnet_features.safetensors") if lpips else None,
        FigureCache(cache or Path(tempfile.gettempdir()) / "reelfix-quality"),
    )
    paths = _chosen_clips(data, part, clip_names)
    results = Results()
    for trial in _trials(paths, _chosen_cases(case_names), seeds, frames, width, shapes):
        for row in bench.rows(trial):
            results.rows.append(row)
            _say(row)
    lines = _report(results)
    click.echo("\n" + "\n".join(lines))
    if output is not None:
        output.write_text("\n".join(lines) + "\n")
        write_csv(results, output.with_suffix(".csv"))


class _Bench:
    """All methods over a trial."""

    def __init__(
        self,
        chain: Chain,
        baselines: tuple[str, ...],
        ablations: tuple[str, ...],
        lpips: Lpips | None,
        cache: FigureCache,
    ) -> None:
        self._chain = chain
        self._baselines = baselines
        self._ablations = ablations
        self._lpips = lpips
        self._cache = cache

    def rows(self, trial: Trial) -> Iterator[Row]:
        """Measure every method on a trial."""
        motion = clean_motion(trial.truth)
        yield self._baseline(trial, motion, INPUT)
        for name in self._baselines:
            yield self._baseline(trial, motion, name)
        for ablation in (None, *self._ablations):
            yield self._ours(trial, motion, ablation)

    def _baseline(self, trial: Trial, motion: CleanMotion, name: str) -> Row:
        def compute() -> torch.Tensor:
            return trial.input if name == INPUT else BASELINES[name](trial.input)

        key = name if self._lpips else f"{name} without LPIPS"
        figures = self._cache.get(trial, key, lambda: measure(compute(), trial, motion, self._lpips))
        return Row(trial.case, trial.clip, trial.seed, name, motion.mean, figures)

    def _ours(self, trial: Trial, motion: CleanMotion, ablation: str | None) -> Row:
        started = time.process_time()
        products = self._chain.run(trial, ablation)
        seconds = (time.process_time() - started) / len(trial.input)
        return Row(
            trial.case,
            trial.clip,
            trial.seed,
            f"{OURS}, {ablation}" if ablation else OURS,
            motion.mean,
            measure(products["frames"], trial, motion, self._lpips),
            measure_mask(products["mask"], trial) if "mask" in products else None,
            seconds,
        )


def _chosen_clips(data: Path, part: ClipPart, names: str | None) -> list[Path]:
    paths = clip_paths(data / "clips", part)
    wanted = [name.strip() for name in names.split(",")] if names else list(paths)
    unknown = [name for name in wanted if name not in paths]
    if unknown:
        raise click.UsageError(f"no clip {unknown[0]!r} in part {part}. Known: {', '.join(paths)}.")
    return [paths[name] for name in wanted]


def _chosen_cases(names: str) -> tuple[str, ...]:
    groups = {"eras": ERA_NAMES, "kinds": KIND_NAMES, "all": tuple(CASES)}
    wanted = [case for name in names.split(",") for case in groups.get(name.strip(), (name.strip(),))]
    unknown = [name for name in wanted if name not in CASES]
    if unknown:
        raise click.UsageError(f"no case {unknown[0]!r}. Known: {', '.join([*groups, *CASES])}.")
    return tuple(dict.fromkeys(wanted))


def _trials(
    paths: list[Path], cases: tuple[str, ...], seeds: int, frames: int, width: int, shapes: Shapes
) -> Iterator[Trial]:
    for path in paths:
        for seed in range(seeds):
            clip = read_clip(path, frames=frames, width=width, choice=seed)
            for case in cases:
                yield make_trial(case, clip, seed, shapes)


def _say(row: Row) -> None:
    figures = row.figures
    mask = f"  F1 {row.mask.either.f1:.3f}" if row.mask and row.mask.either.damaged else ""
    speed = f"  {row.cpu_seconds:.3f} CPU s/frame" if row.cpu_seconds else ""
    click.echo(
        f"{row.case:<16} {row.clip:<10} {row.seed} {row.method:<26} {figures.psnr:6.2f} dB"
        f"  inside {figures.inside:6.2f}  outside {figures.outside:6.2f}{mask}{speed}"
    )


def _report(results: Results) -> list[str]:
    lines = []
    for case in results.cases():
        lines += [f"### {case}", "", *figures_table(results, case), ""]
    lines += ["### Masks", "", *mask_table(results), ""]
    return [*lines, "### Goals", "", *(f"- {goal}" for goal in goals(results)), ""]
