"""`bin/bench quality`: its parts, on tiny clips."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.bin.benchmarks.quality.cache import FigureCache
from reelfix.bin.benchmarks.quality.compensated import compensated_average, compensated_median
from reelfix.bin.benchmarks.quality.ffmpeg_chains import FFMPEG_CHAINS, filtered
from reelfix.bin.benchmarks.quality.measures import Figures
from reelfix.bin.benchmarks.quality.report import Results, Row, goals
from reelfix.pipeline.evaluation.cases import Trial
from reelfix.pipeline.evaluation.clips import HELD_OUT_CLIPS, clip_paths
from reelfix.pipeline.evaluation.mask_figures import measure_mask
from reelfix.restoration.damage import NOTHING, Dirt, Grain, damage_clip


def _panning(frames: int = 7) -> torch.Tensor:
    rows, columns = np.mgrid[:48, :96] / 5.0
    wide = 0.5 + 0.2 * np.sin(columns) * np.cos(rows)
    views = [wide[:, index : index + 64] for index in range(frames)]
    return torch.from_numpy(np.stack(views)[:, None].astype(np.float32))


def _trial() -> Trial:
    clean = torch.full((4, 1, 48, 64), 0.5)
    settings = replace(NOTHING, dirt=Dirt(per_frame=5, radius=0.06), grain=Grain(0.001))
    damage = damage_clip(clean, settings, np.random.default_rng(1))
    return Trial("dirt alone", "flat", 0, 24.0, damage.frames, clean, damage, damage.frames)


def _figures(psnr: float, inside: float = 10.0) -> Figures:
    return Figures(psnr, inside, psnr, 0.9, 0.1, 1.0, 0.1, 0.1)


@pytest.mark.parametrize("chain", list(FFMPEG_CHAINS.values()))
def test_every_ffmpeg_chain_keeps_the_frames_and_a_steady_picture(chain: str) -> None:
    still = _panning(1).expand(12, -1, -1, -1).contiguous()
    assert (filtered(still, chain) - still).abs().mean() < 0.02


def test_a_chain_that_ffmpeg_refuses_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ffmpeg failed"):
        filtered(_panning(2), "nosuchfilter")


def test_the_compensated_median_takes_dirt_off_a_moving_picture() -> None:
    clean = _panning(12)
    dirty = clean.clone()
    dirty[3, :, 20:26, 30:36] = 1.0
    median = compensated_median(dirty)
    assert (median - clean)[3, :, 20:26, 30:36].abs().mean() < 0.1
    assert (median - clean)[3].abs().mean() < 0.01


def test_the_compensated_average_takes_grain() -> None:
    clean = _panning(11)
    grain = 0.02 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    left = (compensated_average((clean + grain).clamp(0, 1)) - clean).std()
    assert left < 0.55 * 0.02


def test_held_out_clips_are_kept_apart(tmp_path: Path) -> None:
    for name in ("dog", "wolf"):
        (tmp_path / f"{name}.mp4").touch()
    assert set(clip_paths(tmp_path, "tune")) == {"dog"}
    assert set(clip_paths(tmp_path, "held-out")) == {"wolf"} <= HELD_OUT_CLIPS
    with pytest.raises(FileNotFoundError, match="no clips"):
        clip_paths(tmp_path / "none", "tune")


def test_the_true_mask_scores_one_and_faint_marks_are_not_asked_for() -> None:
    trial = _trial()
    truth = trial.damage.mask
    assert measure_mask(truth, trial).either.f1 == 1.0
    plain = truth * (trial.damage.strength > 0.04 * 255)[:, None]
    figures = measure_mask(plain, trial)
    assert figures.either.recall == 1.0
    assert figures.kinds["dirt"].recall == 1.0
    assert measure_mask(torch.zeros_like(truth), trial).either.recall == 0.0


def test_figures_are_measured_once_for_each_method_and_input(tmp_path: Path) -> None:
    cache, calls = FigureCache(tmp_path), []

    def compute() -> Figures:
        calls.append(1)
        return _figures(30.0)

    trial = _trial()
    assert cache.get(trial, "a", compute) == cache.get(trial, "a", compute) == _figures(30.0)
    assert len(calls) == 1
    cache.get(trial, "b", compute)
    cache.get(replace(trial, input=trial.input * 0.5), "a", compute)
    assert len(calls) == 3


def test_goals_compare_with_the_best_baseline_of_each_case() -> None:
    mask = measure_mask(_trial().damage.mask, _trial())
    rows = [
        Row("1920s", "dog", 0, "input", 1.0, _figures(20.0, 10.0)),
        Row("1920s", "dog", 0, "median of 5", 1.0, _figures(30.0)),
        Row("1920s", "dog", 0, "ffmpeg best", 1.0, _figures(31.0)),
        Row("1920s", "dog", 0, "reelfix", 1.0, _figures(33.5, 19.0), mask),
    ]
    lines = "\n".join(goals(Results(rows)))
    assert "+2.50 dB over 'ffmpeg best'" in lines
    assert "+9.00 dB" in lines
    assert "F1: 1.000" in lines
