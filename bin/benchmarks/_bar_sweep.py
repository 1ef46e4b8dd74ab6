"""Every bar moved from 0 to 1, with the others at 0 and half way; what each measure makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from reelfix.bin.benchmarks._bar_pictures import BarPicture
from reelfix.restoration.metrics.bars import BarFigures
from reelfix.restoration.metrics.bootstrap import Interval, Totals, bootstrap
from reelfix.restoration.training.recipe_compact_mapping import target, view_of
from reelfix.restoration.triplet.compact import BARS, CompactNets
from reelfix.restoration.triplet.levels import levels_of, stretched

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
OTHERS = (0.0, 0.5)
"""Where the other bars stand."""

Figures = npt.NDArray[np.float64]


@torch.inference_mode()
def swept(nets: CompactNets, picture: BarPicture) -> Figures:
    """Return the measures (len(OTHERS), len(BARS), len(LEVELS), len(BARS)) of a picture."""
    frame, truth = picture.batch["frame"], picture.truth
    tones = stretched(frame, levels_of(frame[0])[0])
    view = view_of(picture.batch)._replace(stretched=tones)
    unfilled = picture.batch["damaged"] - frame
    latent, moves = nets.moves(view)
    before = nets.decoder(latent)
    figures = np.empty((len(OTHERS), len(BARS), len(LEVELS), len(BARS)))
    for others, bar, level in np.ndindex(figures.shape[:3]):
        strengths = _strengths(OTHERS[others], bar, LEVELS[level])
        after = latent + torch.einsum("bk,bkchw->bchw", strengths, moves)
        share = float(strengths[0, BARS.index("scratches")])
        result = frame + (1 - share) * unfilled + nets.decoder(after) - before
        figures[others, bar, level] = truth.figures(result[0, 0].numpy())
    return figures


def aims(picture: BarPicture) -> Figures:
    """Return the measures (2, len(BARS)): as it came, and of the truth at each bar's full strength."""
    truth = picture.truth
    came = truth.figures(picture.batch["damaged"][0, 0].numpy())
    reached = [
        truth.figures(target(picture.batch, _strengths(0.0, bar, 1.0))[0, 0].numpy())[bar]
        for bar in range(len(BARS))
    ]
    return np.array([came, reached])


def _strengths(others: float, bar: int, level: float) -> torch.Tensor:
    strengths = torch.full((1, len(BARS)), others)
    strengths[0, bar] = level
    return strengths


@dataclass(frozen=True)
class Sweep:
    """What a set of pictures showed."""

    figures: Figures
    """(P, len(OTHERS), len(BARS), len(LEVELS), len(BARS)): picture, others, bar, level, measure."""
    aims: Figures
    """(P, 2, len(BARS))."""
    sources: Sequence[str]
    """What each picture was cut from."""

    @property
    def curves(self) -> Figures:
        """Means over pictures, (len(OTHERS), len(BARS), len(LEVELS), len(BARS))."""
        return np.asarray(np.nanmean(self.figures, axis=0))

    @property
    def aim(self) -> Figures:
        """Means over pictures, (2, len(BARS))."""
        return np.asarray(np.nanmean(self.aims, axis=0))

    def effect(self, others: int, bar: int, measure: int) -> tuple[float, Interval]:
        """Return how far a full bar moves a measure, where 1 is what that measure's own bar does alone.

        And the interval of the mean over what the pictures were cut from.
        """
        moved = self.figures[:, :, :, -1] - self.figures[:, :, :, 0]
        pairs = np.stack([moved[:, others, bar, measure], moved[:, 0, measure, measure]], axis=1)
        kept = np.flatnonzero(np.isfinite(pairs).all(axis=1))
        sums = pairs[kept]
        names = [self.sources[int(picture)] for picture in kept]
        return float(_ratio(sums.sum(axis=0))), bootstrap(sums, names, _ratio)

    def rising(self, others: int, bar: int) -> tuple[bool, float]:
        """Return whether a bar's own measure moves on with every step, and the share of the pictures where.

        In single pictures a step back of a fiftieth of the bar's mean effect is none.
        """
        own = self.figures[:, others, bar, :, bar]
        own = own[np.isfinite(own).all(axis=1)]
        way = np.sign(own[:, -1].mean() - own[:, 0].mean())
        steps = way * np.diff(own, axis=1)
        slack = 0.02 * abs(own[:, -1].mean() - own[:, 0].mean())
        return bool((steps.mean(axis=0) > 0).all()), float((steps > -slack).all(axis=1).mean())


def _ratio(sums: Totals) -> Totals:
    return np.asarray(sums[..., 0] / sums[..., 1])


def markdown(sweep: Sweep) -> str:
    """Return the tables, as the README has them."""
    curves, (came, truth) = sweep.curves, sweep.aim
    measures = BarFigures._fields
    head = "| bar | its measure | as it came | " + " | ".join(f"{level:g}" for level in LEVELS[1:])
    lines = [head + " | the truth | others at half: 0 to 1 | steps on in |", "|---" * (5 + len(LEVELS)) + "|"]
    for bar, name in enumerate(BARS):
        values = " | ".join(f"{value:.4f}" for value in curves[0, bar, 1:, bar])
        half = f"{curves[1, bar, 0, bar]:.4f} to {curves[1, bar, -1, bar]:.4f}"
        steady = " / ".join(_rising(*sweep.rising(others, bar)) for others in range(len(OTHERS)))
        ends = f"{measures[bar]} | {came[bar]:.4f} | {values} | {truth[bar]:.4f}"
        lines.append(f"| `{name}` | {ends} | {half} | {steady} |")
    for others, stand in enumerate(OTHERS):
        lines += ["", f"| full bar, others at {stand:g} | " + " | ".join(measures) + " |"]
        lines.append("|---" * (1 + len(measures)) + "|")
        for bar, name in enumerate(BARS):
            cells = (_cell(*sweep.effect(others, bar, measure)) for measure in range(len(measures)))
            lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _rising(is_steady: bool, share: float) -> str:
    return f"{share:.0%}" if is_steady else f"{share:.0%}, mean not"


def _cell(effect: float, interval: Interval) -> str:
    if np.isnan(interval.low):  # of one clip
        return f"{effect:+.2f}"
    return f"{effect:+.2f} ({interval.low:+.2f} to {interval.high:+.2f})"
