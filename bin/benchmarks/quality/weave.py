"""Gate weave: how much of a known one the stage `stabilize` leaves."""

from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np

from reelfix.bin.benchmarks.quality.clips import read_clip
from reelfix.bin.benchmarks.quality.methods import Chain
from reelfix.pipeline.stages.table import STAGE_NAMES
from reelfix.restoration.damage import ERAS, Shapes, damage_clip
from reelfix.restoration.metrics.weave import weave_left

_ERAS = ("1900s", "1940s", "amateur 8 mm")


def weave_lines(
    paths: list[Path], chain: Chain, *, frames: int, width: int, seeds: int, shapes: Shapes
) -> list[str]:
    """Markdown: weave before and after the stage, in pixels RMS, on clips with all the damage of an era."""
    lines = ["### Gate weave", "", "| era | clip | before px | after px |", "| --- | --- | ---: | ---: |"]
    before, after = [], []
    others = tuple(name for name in STAGE_NAMES if name not in ("track", "stabilize"))
    alone = replace(chain, leave_out=others)
    for era in _ERAS:
        for path in paths:
            for seed in range(seeds):
                clip = read_clip(path, frames=frames, width=width, choice=seed)
                random = np.random.default_rng([seed, crc32(era.encode()), crc32(clip.name.encode())])
                damaged = damage_clip(clip.frames, ERAS[era], random, shapes)
                steadied = alone.restore(damaged.frames, clip.rate)
                before.append(weave_left(damaged.frames, clip.frames))
                after.append(weave_left(steadied, clip.frames))
                lines.append(f"| {era} | {clip.name} | {before[-1]:.2f} | {after[-1]:.2f} |")
    lines.append(f"| all | | {np.nanmean(before):.2f} | {np.nanmean(after):.2f} |")
    return lines
