"""Colour measured: clips and stills turned gray, and coloured again by what is known."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from reelfix.io.errors import SourceError
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.colour import (
    ColourOptions,
    evaluate_colour,
    evaluate_colour_stills,
)
from reelfix.pipeline.evaluation.colour_material import (
    ColourTrial,
    colour_clips,
    colour_stills,
    read_colour_clip,
    read_colour_still,
)
from reelfix.pipeline.evaluation.colour_meter import ColourMeter, read_truth
from reelfix.pipeline.evaluation.colour_rows import (
    BLUE_WEIGHT,
    PAINTED,
    PLAIN,
    RED_WEIGHT,
    SEPIA,
    ColourRow,
    Painter,
    colour_models,
    open_rows,
    random_points,
)
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.pictures import part_of
from reelfix.pipeline.evaluation.records import TRUTH
from reelfix.pipeline.evaluation.summary import figures_of
from reelfix.pipeline.events import silent
from reelfix.pipeline.stages.colorize import ColorizeSettings
from reelfix.restoration.colour.chroma import ab_from_chroma, rgb_from_chroma
from reelfix.restoration.colour.net import Hints, Prediction

COLOUR = Judges(
    (
        *("psnr", "psnr_lab", "ab", "ab_balanced", "ab_edges", "ab_near", "ab_auc"),
        *("colorful", "colorful_off", "cdc", "chroma_warping", "chroma_unsteady"),
    ),
    (),
)


def _scene(seed: int, size: tuple[int, int] = (36, 48)) -> np.ndarray:
    """A picture (H, W, 3) of soft colours, B, G, R."""
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((*size, 3), np.float32), (0, 0), 4)
    return (40 + 170 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)


def _trial(frames: int = 5) -> ColourTrial:
    scene = torch.from_numpy(_scene(1)[..., ::-1].transpose(2, 0, 1).astype(np.float32) / 255)
    return ColourTrial("scene", torch.stack([torch.roll(scene, t, dims=2) for t in range(frames)]))


def _chroma_of(trial: ColourTrial) -> torch.Tensor:
    return torch.cat([trial.truth[:, 2:] - trial.luma, trial.truth[:, :1] - trial.luma], dim=1)


def _measured(trial: ColourTrial, chroma: torch.Tensor) -> dict[str, float]:
    meter = ColourMeter(COLOUR)
    pictures = rgb_from_chroma(trial.luma, chroma, RED_WEIGHT, BLUE_WEIGHT)
    for picture, truth in zip(pictures, read_truth(trial.truth), strict=True):
        meter.add(picture, truth)
    return meter.figures()


def test_the_true_chroma_on_the_luma_is_the_truth() -> None:
    found = _measured(_trial(), _chroma_of(_trial()))
    assert found["psnr"] > 120
    assert found["ab"] < 1e-3
    assert found["ab_near"] == 100
    assert found["colorful_off"] < 1e-3


def test_what_flickers_and_what_is_pale_are_told_apart() -> None:
    trial = _trial(6)
    true = _chroma_of(trial)
    flickering = true.clone()
    flickering[::2] *= 0.5
    steady, pale, wild = (_measured(trial, chroma) for chroma in (true, 0.5 * true, flickering))
    assert wild["chroma_warping"] > 2 * steady["chroma_warping"]
    assert wild["cdc"] > 2 * pale["cdc"]
    assert pale["chroma_warping"] < steady["chroma_warping"]
    assert pale["chroma_unsteady"] == pytest.approx(steady["chroma_unsteady"], rel=0.2)
    assert pale["colorful"] == pytest.approx(0.5 * steady["colorful"], rel=0.01)


def test_plain_rows_keep_the_luma_and_have_their_colours() -> None:
    trial = _trial(2)
    assert not PLAIN["gray"](trial).any()
    sepia = PLAIN["sepia"](trial)
    ab = ab_from_chroma(trial.luma, sepia, RED_WEIGHT, BLUE_WEIGHT)
    middle = (trial.luma[:, 0] - 0.5).abs() < 0.2  # far from black and white, where there is no room for it
    for plane, wanted in zip(ab.unbind(1), SEPIA, strict=True):
        torch.testing.assert_close(plane[middle], torch.full_like(plane[middle], wanted), atol=0.05, rtol=0)
    rgb = rgb_from_chroma(trial.luma, sepia, RED_WEIGHT, BLUE_WEIGHT)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    torch.testing.assert_close((rgb * weights).sum(1, keepdim=True), trial.luma, atol=1e-5, rtol=0)


def test_points_are_drawn_the_same_each_time_and_have_the_true_colours() -> None:
    trial = _trial()
    few, many = (list(random_points(trial, count, seed=3)) for count in (2, 30))
    assert many[:2] == few
    assert few != list(random_points(trial, 2, seed=4))
    for point in many:
        x, y = int(point.x), int(point.y)
        assert trial.truth[0, :, y, x].tolist() == pytest.approx(point.rgb, abs=0.06)


def test_rows_by_name_and_models_that_are_not_there() -> None:
    rows, notes = open_rows(
        "gray,net,sepia", [ColorizeSettings(model="no-such-net")], torch.device("cpu"), seed=0
    )
    assert [row.name for row in rows] == ["gray", "sepia"]
    assert "no-such-net" in notes[0]
    with pytest.raises(UsageError, match="saturation = 3"):
        colour_models([], {"saturation": 3.0})
    with pytest.raises(UsageError, match="no row 'best'"):
        open_rows("best", [], torch.device("cpu"), seed=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stills, one of them gray, and a clip."""
    for index in range(40):
        scene = _scene(index)
        if index == 0:
            scene = np.repeat(scene[..., :1], 3, axis=2)
        assert cv2.imwrite(str(tmp_path / f"{index}.png"), scene)
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("mine", "coffee", "wolf"):
        # Lossless, in R, G, B.
        writer = cv2.VideoWriter(str(clips / f"{name}.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 25, (48, 36))
        for t in range(13):
            writer.write(np.roll(_scene(2), t, axis=1))
        writer.release()
    return tmp_path


def test_stills_are_coloured_by_every_row_and_the_gray_one_is_left_out(folder: Path) -> None:
    paths = colour_stills(folder, "all")[:4]
    rows = [ColourRow("gray", PLAIN["gray"]), ColourRow("true", _chroma_of)]
    options = ColourOptions(grid=2, size=48)
    measured = evaluate_colour_stills(folder, paths, rows, COLOUR, silent, options)
    evaluation = measured.evaluation
    assert evaluation.methods == (TRUTH, "gray", "true")
    assert any("0.png has no colours" in note for note in evaluation.notes)
    assert len(evaluation.of("gray")) == 3
    figures = figures_of(evaluation, "true")
    assert figures["psnr"].value > 100
    assert "cdc" not in figures
    assert figures_of(evaluation, "gray")["colorful"].value == 0
    assert measured.base == "gray"
    assert measured.columns == (TRUTH, "gray", "true")
    assert set(measured.rows[0].tiles) == {TRUTH, "gray", "true"}


def test_clips_are_shown_through_time(folder: Path) -> None:
    rows = [ColourRow("gray", PLAIN["gray"])]
    options = ColourOptions(frames=13, width=48)
    measured = evaluate_colour([folder / "clips" / "mine.avi"], rows, COLOUR, silent, options)
    picture, line = measured.rows
    assert picture.tiles[TRUTH].shape == (36, 48, 3)
    assert line.tiles[TRUTH].shape == (13 * 4, 48, 3)
    truth, gray = (measured.evaluation.of(name)[0].figures for name in (TRUTH, "gray"))
    assert truth["colorful"] > 10
    assert gray["colorful_off"] == pytest.approx(truth["colorful"])
    assert truth["chroma_warping"] > 0.05
    assert gray["chroma_warping"] < 1e-4
    assert "ab" not in truth


def test_a_row_of_another_size_is_refused(folder: Path) -> None:
    rows = [ColourRow("small", lambda trial: torch.zeros(1, 2, 4, 4))]
    with pytest.raises(ValueError, match="row 'small'"):
        evaluate_colour_stills(folder, [folder / "1.png"], rows, COLOUR, silent, ColourOptions(size=48))


def test_parts_of_clips_and_stills(folder: Path) -> None:
    named = partial(colour_clips, folder / "clips", None)
    assert [path.stem for path in named("tune")] == ["coffee", "mine"]
    assert [path.stem for path in named("validation")] == ["coffee"]
    assert [path.stem for path in named("held-out")] == ["wolf"]
    with pytest.raises(UsageError, match="no clip 'wolf' of part tune"):
        colour_clips(folder / "clips", "wolf", "tune")
    tune, validation, held_out = (
        set(colour_stills(folder, part)) for part in ("tune", "validation", "held-out")
    )
    assert validation < tune
    assert not held_out & tune
    assert held_out == {path for path in colour_stills(folder, "all") if part_of(path.name) == "held-out"}


def test_pictures_are_scaled_to_even_sides_and_small_ones_refused(folder: Path) -> None:
    assert cv2.imwrite(str(folder / "odd.png"), _scene(5, (51, 99)))
    assert read_colour_still(folder / "odd.png", "odd", size=80).truth.shape == (1, 3, 42, 80)
    assert read_colour_clip(folder / "clips" / "mine.avi", frames=12, width=32).truth.shape == (12, 3, 24, 32)
    with pytest.raises(ValueError, match="32 x 32"):
        read_colour_still(folder / "odd.png", "odd", size=40)


def test_nothing_to_measure_is_an_error(folder: Path) -> None:
    with pytest.raises(SourceError, match="none of 1 pictures"):
        evaluate_colour_stills(folder, [folder / "0.png"], [], COLOUR, silent, ColourOptions(size=48))


class Stains:
    """A net for colour that paints everything in one colour, but where it is told otherwise."""

    bins = torch.tensor([[10.0, -20.0], [-10.0, 40.0]])

    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float = 1.0,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        batch, _, height, width = luma.shape
        size = -(-height // 4), -(-width // 4)
        odds = torch.tensor([6.0, 0.0])[None, :, None, None].expand(batch, 2, *size)
        tilted = odds if tilt is None else odds + tilt[:, None, None]
        ab = torch.einsum("bqhw,qc->bchw", tilted.softmax(1), self.bins)
        if hints is not None:
            ab = torch.lerp(ab, hints.ab, hints.weight)
        features = F.normalize(F.adaptive_avg_pool2d(luma, (-(-height // 8), -(-width // 8))) + 1)
        return Prediction(saturation * ab, torch.full_like(ab[:, :1], 0.5), features, odds)


def test_a_net_colours_alone_and_within_the_stage_and_takes_what_it_is_told() -> None:
    trial = _trial(3)
    painter = Painter(Stains(), torch.device("cpu"), seed=0)
    found = {name: _measured(trial, colour(painter, trial)) for name, colour in PAINTED.items()}
    ab = ab_from_chroma(trial.luma, painter.frame_by_frame(trial), RED_WEIGHT, BLUE_WEIGHT)
    assert ab.mean(dim=(0, 2, 3)).tolist() == pytest.approx([10, -20], abs=1.5)
    assert found["stage"]["ab"] == pytest.approx(found["net"]["ab"], rel=0.1)
    assert found["stage"]["colorful"] == pytest.approx(found["net"]["colorful"], rel=0.1)
    pale = replace(painter, saturation=0.5)
    for name in ("net", "stage"):
        assert _measured(trial, PAINTED[name](pale, trial))["colorful"] < 0.6 * found[name]["colorful"]
    assert found["palette"]["ab"] < 0.98 * found["stage"]["ab"]
    assert found["saturation"]["colorful_off"] < 0.95 * found["stage"]["colorful_off"]
    assert found["100 points"]["ab"] < 0.8 * found["stage"]["ab"]
    assert found["first frame"]["ab"] < 0.5 * found["100 points"]["ab"]


def test_a_still_is_coloured_as_a_shot_of_one_frame() -> None:
    trial = _trial(1)
    painter = Painter(Stains(), torch.device("cpu"), seed=0)
    stage, pointed = (_measured(trial, PAINTED[name](painter, trial)) for name in ("stage", "100 points"))
    assert pointed["ab"] < 0.8 * stage["ab"]
    assert "chroma_warping" not in stage


class Flutter(Stains):
    """Makes every other frame warmer."""

    def __init__(self) -> None:
        self._frame = 0

    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float = 1.0,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        self._frame += 1
        found = super().predict(luma, hints, saturation, tilt=tilt)
        return found._replace(ab=found.ab + 4 * (-1) ** self._frame)


def test_colours_that_flutter_are_smoothed() -> None:
    trial, painter = _trial(8), Painter(Flutter(), torch.device("cpu"), seed=0)
    plain, smooth = (_measured(trial, PAINTED[name](painter, trial)) for name in ("net", "net smoothed"))
    assert smooth["chroma_warping"] < 0.5 * plain["chroma_warping"]
    assert smooth["ab"] == pytest.approx(plain["ab"], rel=0.05)
