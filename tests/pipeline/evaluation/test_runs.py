"""Runs as a whole, on tiny pictures and films, with measures that need no weights."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reelfix.io.clip_file import encode_clip
from reelfix.io.errors import SourceError
from reelfix.io.pixel_format import PixelFormat
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.film import FilmOptions, choose_cases, evaluate_film
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.masters import evaluate_masters
from reelfix.pipeline.evaluation.methods import Method, parse_method, parse_methods
from reelfix.pipeline.evaluation.pairs import evaluate_pairs
from reelfix.pipeline.evaluation.photos import PhotoOptions, evaluate_photos
from reelfix.pipeline.evaluation.pictures import part_of
from reelfix.pipeline.evaluation.records import TRUTH
from reelfix.pipeline.evaluation.still_rows import parse_rows
from reelfix.pipeline.evaluation.summary import figures_of
from reelfix.pipeline.events import Event, silent

LIGHT = Judges(("psnr", "inside", "ssim", "gmsd", "warping", "flicker", "unsteady"), ())


def _scene(seed: int, size: tuple[int, int] = (40, 48)) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random(size, np.float32), (0, 0), 3)
    return (40 + 170 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)


def _write(folder: Path, name: str, picture: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    assert cv2.imwrite(str(folder / name), picture)


def test_pairs_are_matched_by_name_whatever_their_format(tmp_path: Path) -> None:
    for index in range(3):
        scene = _scene(index)
        _write(tmp_path / "truth", f"{index}.png", scene)
        _write(tmp_path / "ours", f"{index}.tif", (scene.astype(np.uint16) + 5) * 257)
        _write(tmp_path / "colour", f"{index}.png", cv2.cvtColor(scene, cv2.COLOR_GRAY2BGR))
    _write(tmp_path / "truth", "alone.png", _scene(9))
    measured = evaluate_pairs(
        [tmp_path / "ours", tmp_path / "colour"], tmp_path / "truth", LIGHT, silent, grid=2
    )
    evaluation = measured.evaluation
    assert figures_of(evaluation, "ours")["psnr"].value == pytest.approx(20 * np.log10(255 / 5), abs=1e-3)
    assert figures_of(evaluation, "colour")["psnr"].value > 100
    assert evaluation.notes == ["1 pictures of truth have no pair, and are left out"]
    assert [row.label for row in measured.rows] == ["0", "2"]
    assert set(measured.rows[0].tiles) == {"ours", "colour", TRUTH}


def test_pairs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "truth", "a.png", _scene(1))
    _write(tmp_path / "other", "b.png", _scene(1))
    _write(tmp_path / "small", "a.png", _scene(1, (20, 20)))
    with pytest.raises(SourceError, match="no picture of a name"):
        evaluate_pairs([tmp_path / "other"], tmp_path / "truth", LIGHT, silent)
    with pytest.raises(SourceError, match="20x20 in small and 48x40 in the truth"):
        evaluate_pairs([tmp_path / "small"], tmp_path / "truth", LIGHT, silent)
    with pytest.raises(SourceError, match="no folder with pictures"):
        evaluate_pairs([tmp_path / "none"], tmp_path / "truth", LIGHT, silent)


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, change: int = 0, frames: int = 7) -> Path:
        path = tmp_path / f"{name}.mkv"
        codes = np.stack([np.roll(_scene(3), t, axis=1) for t in range(frames)])
        codes[frames // 2] += change
        path.write_bytes(encode_clip({"gray": codes}, PixelFormat.parse("gray"), Fraction(18)))
        return path

    return make


def test_masters_are_measured_by_blocks_of_frames(film: Callable[..., Path]) -> None:
    events: list[Event] = []
    paths = [film("same"), film("changed", 20)]
    measured = evaluate_masters(paths, film("clean"), LIGHT, events.append, every=1, block=4)
    evaluation = measured.evaluation
    assert [record.item for record in evaluation.of("same.mkv")] == ["frames 0-3", "frames 4-6"]
    assert figures_of(evaluation, "same.mkv")["psnr"].value == np.inf
    first, second = (record.figures for record in evaluation.of("changed.mkv"))
    assert first["psnr"] == pytest.approx(20 * np.log10(255 / 20) + 10 * np.log10(4), abs=1e-3)
    assert second["psnr"] == np.inf
    assert first["flicker"] > 1 > second["flicker"]
    assert evaluation.of(TRUTH)[0].figures["unsteady"] >= 0
    assert events[-1].to_json()["done"] == 7
    assert measured.columns == ("same.mkv", "changed.mkv", TRUTH)


def test_without_a_truth_the_first_master_stands_in(film: Callable[..., Path]) -> None:
    measured = evaluate_masters([film("a"), film("b", 10)], None, LIGHT, silent, every=1)
    assert "how far masters differ from a.mkv" in measured.evaluation.notes[0]
    assert figures_of(measured.evaluation, "b.mkv")["psnr"].value < 50


def test_masters_of_other_lengths_are_refused(film: Callable[..., Path]) -> None:
    with pytest.raises(SourceError, match=r"b\.mkv ends after 6 frames"):
        evaluate_masters([film("a"), film("b", frames=6)], None, LIGHT, silent)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mkv"
    codes = np.stack([np.roll(_scene(4, (48, 64)), t, axis=1) for t in range(12)])
    path.write_bytes(encode_clip({"gray": codes}, PixelFormat.parse("gray"), Fraction(18)))
    return path


def test_clips_are_damaged_restored_and_measured_the_same_each_time(clip: Path) -> None:
    methods = (Method("input", None), Method("even", "full", {"deflicker": {"strength": 0.0}}))
    options = FilmOptions(choose_cases(None, "dirt"), frames=12, width=64)
    first, second = (evaluate_film([clip], None, methods, LIGHT, silent, options) for _ in range(2))
    found = first.evaluation
    assert [record.figures for record in found.records] == [r.figures for r in second.evaluation.records]
    assert found.methods == (TRUTH, "input", "even")
    (ours,) = found.of("even")
    (before,) = found.of("input")
    assert ours.figures["inside"] > before.figures["inside"]
    assert set(ours.masks) >= {"either", "dirt", "scratch", "kind dirt"}
    assert ours.inside["dirt"] == pytest.approx(ours.figures["inside"], abs=0.5)
    assert ours.facts["cpu"] > 0
    assert first.base == "input"
    assert first.columns == ("input", "even", TRUTH)


def test_cases_and_methods_by_name() -> None:
    assert choose_cases("1920s,1940s", "scratch") == ("1920s", "1940s", "scratch alone")
    assert len(choose_cases(None, None)) == len(choose_cases("all", None)) >= 5
    with pytest.raises(UsageError, match="no '1930s'"):
        choose_cases("1930s", None)
    gentle = parse_method("gentle=archive restore.strength=0.5 deflicker.strength=0.2")
    assert (gentle.name, gentle.preset) == ("gentle", "archive")
    assert gentle.settings == {"restore": {"strength": 0.5}, "deflicker": {"strength": 0.2}}
    assert parse_method("input").preset is None
    with pytest.raises(UsageError, match="no method 'best'"):
        parse_method("best")
    with pytest.raises(UsageError, match="2 methods are named 'a'"):
        parse_methods(("a=full", "a=archive"))


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    for index in range(4):
        _write(
            tmp_path / "stills", f"{index}.png", cv2.cvtColor(_scene(index, (100, 110)), cv2.COLOR_GRAY2BGR)
        )
    return tmp_path / "stills"


def white(_device: torch.device) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A row of somebody's own: paints what is damaged white."""
    return lambda picture, mask: torch.where(mask > 0, 1.0, picture)


def test_photos_are_restored_by_every_row_there_is(stills: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    rows = parse_rows(f"input,telea,model-free,white={Path(__file__).stem}:white,gone=/no/net.safetensors")
    options = PhotoOptions(count=4, size=96, part="all", cases=("structured",))
    measured = evaluate_photos(stills, None, rows, LIGHT, silent, options, torch.device("cpu"))
    evaluation = measured.evaluation
    assert evaluation.methods == (TRUTH, "input", "telea", "model-free", "white")
    assert any("row 'gone' is left out" in note for note in evaluation.notes)
    inside = {
        name: figures_of(evaluation, name)["inside"].value for name in evaluation.methods if name != TRUTH
    }
    assert inside["telea"] > inside["input"] + 3
    assert inside["model-free"] > inside["input"] + 3
    again = evaluate_photos(stills, None, rows[:1], LIGHT, silent, options, torch.device("cpu"))
    assert [r.figures for r in again.evaluation.of("input")] == [r.figures for r in evaluation.of("input")]


def test_photos_in_colour(stills: Path) -> None:
    options = PhotoOptions(count=1, size=96, part="all", colour=True)
    run = evaluate_photos(
        stills, None, parse_rows("input,telea"), LIGHT, silent, options, torch.device("cpu")
    )
    assert [set(record.figures) for record in run.evaluation.of("telea")] == [
        {"psnr", "inside", "ssim", "gmsd"}
    ]
    assert run.evaluation.of("input")[0].figures["psnr"] < 30
    assert run.rows[0].tiles["telea"].shape == (96, 96, 3)


def test_rows_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="no row 'best'"):
        parse_rows("best")
    with pytest.raises(UsageError, match="cannot be opened"):
        parse_rows("x=reelfix.no_such:thing")
    with pytest.raises(UsageError, match="2 rows are named 'input'"):
        parse_rows("input,input")


def test_a_tenth_of_all_stills_is_held_out() -> None:
    held_out = [part_of(f"{index}.jpg") == "held-out" for index in range(1000)]
    assert 60 < sum(held_out) < 140
