"""Masters in colour: of gray film, of neutral Y'CbCr, of colour film; mixed, checked, and told."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from reelfix.io.documents import write_json
from reelfix.io.ffmpeg import describe, ffmpeg_binary
from reelfix.io.tags import parse_tags
from reelfix.pipeline.colour_hints_edit import add_point
from reelfix.pipeline.events import silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.export import ExportRequest, Master, export
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.sheet import make_sheets
from reelfix.pipeline.sheet_frames import sheet_frames
from reelfix.pipeline.sheet_measure import measure_shot
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.pipeline.stages.table import STAGES
from reelfix.pipeline.status import reel_status
from reelfix.pipeline.verify_master import verify_master
from reelfix.pipeline.verify_stages import verify_stages

HEIGHT, WIDTH, FRAMES = 18, 34, 6
BLUE, RED = 0.10, -0.06
SERIAL = ExecutorOptions(scheduler="serial")

MakeReel = Callable[..., Reel]


class Paint(Stage[StageSettings]):
    """Gives every frame the same colour."""

    name: ClassVar[str] = "paint"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("chroma",)

    def open(self, device: torch.device) -> Process:
        def process(window: Window) -> Products:
            count, _, height, width = window.frames[window.core].shape
            chroma = torch.tensor([BLUE, RED]).view(1, 2, 1, 1).repeat(count, 1, height, width)
            return {"chroma": self.settings.strength * chroma}

        return process


@pytest.fixture(autouse=True)
def _paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paint_for_tests", SimpleNamespace(Paint=Paint))  # type: ignore[arg-type]
    monkeypatch.setitem(STAGES, "paint", "paint_for_tests:Paint")


@pytest.fixture
def make_reel(tmp_path: Path) -> MakeReel:
    """Return a function that makes a reel of two shots, three frames each."""

    def make(pix_fmt: str, filters: str = "", *options: str) -> Reel:
        source = tmp_path / f"{pix_fmt}.mkv"
        picture = f"testsrc2=size={WIDTH}x{HEIGHT}:rate=24,noise=alls=40:allf=t:all_seed=3{filters}"
        command = [ffmpeg_binary(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-frames:v", "6"]
        subprocess.run([*command, "-c:v", "ffv1", *options, "-pix_fmt", pix_fmt, str(source)], check=True)
        plain = IngestOptions(verify=False, detect_shots=False)
        reel = ingest(source, tmp_path / f"{pix_fmt}.reel", plain, silent)
        reel.write_shots([Shot(1, 0, 3), Shot(2, 3, 6)])
        return reel

    return make


GRAY = ",hue=s=0"


def tagged(reel: Reel, color_range: str) -> Reel:
    """The reel of a source that says this of its range: ffmpeg calls all gray that it writes full."""
    content = reel.info.model_dump(mode="json")
    content["video"]["color_range"] = color_range
    write_json(reel.root / "reel.json", content)
    return Reel(reel.root)


def planes_of(master: Master, pix_fmt: str) -> list[np.ndarray]:
    """The planes (T, H, W) of a master, as the stock ffmpeg decodes it."""
    return split(decoded(master.path, pix_fmt), pix_fmt)


def decoded(path: object, pix_fmt: str) -> np.ndarray:
    """All samples of a film, one after another, as the stock ffmpeg decodes it."""
    command = [ffmpeg_binary(), "-v", "error", "-i", str(path), "-map", "0:v:0", "-pix_fmt", pix_fmt]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<u2" if pix_fmt.endswith("le") else np.uint8)


def split(values: np.ndarray, pix_fmt: str) -> list[np.ndarray]:
    rows, columns = (HEIGHT // 2 if "420" in pix_fmt else HEIGHT), (WIDTH if "444" in pix_fmt else WIDTH // 2)
    frames = values.reshape(FRAMES, -1)
    luma, chroma = HEIGHT * WIDTH, rows * columns
    return [
        frames[:, :luma].reshape(FRAMES, HEIGHT, WIDTH).astype(int),
        frames[:, luma : luma + chroma].reshape(FRAMES, rows, columns).astype(int),
        frames[:, luma + chroma :].reshape(FRAMES, rows, columns).astype(int),
    ]


def told(master: Master) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(f"{master.path}.provenance.json").read_text())
    return content


def all_hold(reel: Reel, master: Master) -> str:
    findings = [*verify_master(reel, master.path, silent), *verify_stages(reel)]
    assert all(finding.ok for finding in findings), findings
    return " ".join(finding.message for finding in findings)


def painted(reel: Reel, *stages: str, **request: Any) -> None:
    report = run([reel], RunRequest(stages=stages or ("paint",), **request), SERIAL)
    assert report.is_complete


@pytest.mark.parametrize(
    ("pix_fmt", "depth", "tag"),
    [
        ("gray", 8, "unknown"),
        ("gray", 8, "tv"),
        ("gray10le", 10, "pc"),
        ("gray12le", 12, "tv"),
        ("gray16le", 16, "unknown"),
    ],
)
def test_gray_film_in_colour(make_reel: MakeReel, pix_fmt: str, depth: int, tag: str) -> None:
    """FFV1 4:4:4 of the source's depth and range: the luma plane is the source's, chroma the product's."""
    reel = tagged(make_reel(pix_fmt), tag)
    painted(reel)
    master = export(reel, ExportRequest())
    kept = "yuv444p" + pix_fmt.removeprefix("gray")
    luma, u, v = planes_of(master, kept)
    assert np.array_equal(luma, reel.store().read(0, FRAMES)["gray"])
    peak, neutral = (1 << depth) - 1, 1 << (depth - 1)
    scale = 219 / 224 if tag == "tv" else 1
    # Chroma between stages has no more than 16 bits itself.
    off = 1 if depth == 16 else 0
    assert np.abs(u - round(neutral + BLUE * peak / (2 * 0.886 * scale))).max() <= off
    assert np.abs(v - round(neutral + RED * peak / (2 * 0.701 * scale))).max() <= off
    tags = parse_tags(describe(str(master.path), {}))
    assert (tags.color_range, tags.color_matrix) == ("tv" if tag == "tv" else "pc", "smpte170m")
    facts = told(master)["master"]
    assert facts["pixel_format"] == facts["framemd5_pixel_format"] == kept
    assert facts["equals_what_was_meant"] is True
    assert all(shot["coloured"] and shot["restored"] for shot in told(master)["shots"])
    all_hold(reel, master)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
def test_neutral_film_keeps_its_format(make_reel: MakeReel, pix_fmt: str) -> None:
    reel = make_reel(pix_fmt, GRAY)
    assert reel.info.is_monochrome
    painted(reel, "deflicker", "paint", settings={"deflicker": {"strength": 0.0}})
    master = export(reel, ExportRequest())
    luma, u, v = planes_of(master, pix_fmt)
    assert np.array_equal(luma, reel.store().read(0, FRAMES)["y"])
    peak, neutral = reel.info.video.pixel_format.peak, (reel.info.video.pixel_format.peak + 1) // 2
    assert (u == round(neutral + BLUE * peak / (2 * 0.886 * 219 / 224))).all()
    assert (v == round(neutral + RED * peak / (2 * 0.701 * 219 / 224))).all()
    assert parse_tags(describe(str(master.path), {})).color_matrix == "smpte170m"
    all_hold(reel, master)


def test_colour_film_gets_the_chroma_and_keeps_its_luma(make_reel: MakeReel) -> None:
    """Shots without chroma keep the source's own."""
    reel = make_reel("yuv420p")
    assert not reel.info.is_monochrome
    painted(reel, shots="2")
    master = export(reel, ExportRequest(allow_unfinished=True))
    source = reel.store().read(0, FRAMES)
    luma, u, v = planes_of(master, "yuv420p")
    assert np.array_equal(luma, source["y"])
    assert np.array_equal(u[:3], source["u"][:3])
    assert np.array_equal(v[:3], source["v"][:3])
    assert len(set(u[3:].ravel())) == len(set(v[3:].ravel())) == 1
    assert [shot.get("coloured", False) for shot in told(master)["shots"]] == [False, True]
    assert "3 frames that no stage changed are the source's own" in all_hold(reel, master)


def test_rgb_film_gets_the_chroma(make_reel: MakeReel) -> None:
    reel = make_reel("gbrp12le")
    painted(reel)
    before, after = outcome_of(reel, reel.shots()[0]).read(0, 3)
    assert before.shape == (3, 3, HEIGHT, WIDTH)
    assert np.array_equal(before, after)
    master = export(reel, ExportRequest(codec="dpx", output=reel.root.parent / "rgb"))
    pattern = f"{master.path}/gbrp12le.%07d.dpx"
    command = [ffmpeg_binary(), "-v", "error", "-i", pattern, "-pix_fmt", "gbrp12le", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    green, blue, red = (
        np.frombuffer(raw, "<u2").reshape(FRAMES, 3, HEIGHT, WIDTH).astype(int).transpose(1, 0, 2, 3)
    )
    # Where nothing was clipped, the differences between the channels are those painted.
    inside = (np.minimum(np.minimum(green, blue), red) > 0) & (
        np.maximum(np.maximum(green, blue), red) < 4095
    )
    assert inside.mean() > 0.5
    assert (blue - red)[inside] == pytest.approx((BLUE - RED) * 4095, abs=1.5)
    all_hold(reel, master)


def test_a_mixed_reel_of_gray_film(make_reel: MakeReel) -> None:
    """Shots without chroma are neutral; with none at all, the master is gray as ever."""
    reel = make_reel("gray10le")
    painted(reel, shots="2")
    mixed = export(reel, ExportRequest(allow_unfinished=True))
    luma, u, v = planes_of(mixed, "yuv444p10le")
    assert np.array_equal(luma, reel.store().read(0, FRAMES)["gray"])
    assert (u[:3] == 512).all()
    assert (v[:3] == 512).all()
    assert (u[3:] > 512).all()
    assert "3 frames that no stage changed are the source's own" in all_hold(reel, mixed)
    plain = export(reel, ExportRequest(shots="1", allow_unfinished=True, output=reel.root.parent / "g.mkv"))
    assert told(plain)["master"]["pixel_format"] == "gray10le"
    assert "coloured" not in told(plain)["shots"][0]


@pytest.mark.parametrize("codec", ["prores-hq", "prores-4444", "h264"])
def test_delivery_is_in_colour(make_reel: MakeReel, codec: str) -> None:
    """Gray of full range arrives as limited, its colours with it."""
    reel = make_reel("gray", ",gblur=sigma=6")
    painted(reel)
    master = export(reel, ExportRequest(codec=codec))
    report = describe(str(master.path), {})
    assert {"prores-hq": "yuv422p10le", "prores-4444": "yuv444p1", "h264": "yuv420p"}[codec] in report
    seen = decoded(master.path, "rgb24").reshape(FRAMES, HEIGHT, WIDTH, 3).astype(float)
    luma = reel.store().read(0, FRAMES)["gray"].astype(float)
    assert np.abs(seen[..., 2] - luma - 255 * BLUE).mean() < 6
    assert np.abs(seen[..., 0] - luma - 255 * RED).mean() < 6
    all_hold(reel, master)


def test_pictures_are_rgb(make_reel: MakeReel) -> None:
    reel = make_reel("gray")
    painted(reel)
    for codec in ("tiff", "png"):
        master = export(reel, ExportRequest(codec=codec, output=reel.root.parent / codec))
        pattern = f"{master.path}/gray.%07d.{codec}"
        seen = decoded(pattern, "rgb24").reshape(FRAMES, HEIGHT, WIDTH, 3).astype(int)
        luma = reel.store().read(0, FRAMES)["gray"].astype(int)
        inside = (seen.min(axis=3) > 0) & (seen.max(axis=3) < 255)
        assert (seen[..., 2] - luma)[inside] == pytest.approx(255 * BLUE, abs=2)
        assert (seen[..., 0] - luma)[inside] == pytest.approx(255 * RED, abs=2)
        all_hold(reel, master)


def test_side_by_side_has_gray_at_the_left(make_reel: MakeReel) -> None:
    reel = make_reel("gray", ",gblur=sigma=6")
    painted(reel)
    master = export(reel, ExportRequest(codec="h264", side_by_side=True))
    seen = decoded(master.path, "rgb24").reshape(FRAMES, HEIGHT, 2 * WIDTH, 3).astype(float)
    difference = (seen[..., 2] - seen[..., 0]).mean(axis=(0, 1))
    assert np.abs(difference[: WIDTH - 4]).max() < 6
    assert difference[WIDTH + 4 :] == pytest.approx(255 * (BLUE - RED), abs=8)


def test_no_strength_is_no_colour_and_settings_are_known(make_reel: MakeReel) -> None:
    reel = make_reel("gray")
    painted(reel, settings={"paint": {"strength": 0.0}})
    assert (planes_of(export(reel, ExportRequest()), "yuv444p")[1] == 128).all()
    assert [entry.stage for entry in reel_status(reel).shots[0].stages] == ["paint"]
    assert reel_status(reel).count("paint")["done"] == 2


def test_sheets_show_the_colours(make_reel: MakeReel) -> None:
    """Pictures, close-ups, differences and time slices after are in colour; those before are not."""
    reel = make_reel("gray")
    add_point(reel, 4, (17, 9), "#ff0000")
    painted(reel)
    outcome = outcome_of(reel, reel.shots()[1])
    measure = measure_shot(outcome)
    assert measure.slice_after.shape == (3, WIDTH, 3)
    assert measure.slice_before.shape == (3, WIDTH)
    row = outcome.before(4, 5)[0, 0, HEIGHT // 2].astype(float) / 257
    inside = (row > 40) & (row < 200)
    assert measure.slice_after[1, :, 2][inside] - row[inside] == pytest.approx(255 * BLUE, abs=1.5)
    shown = {frame.frame: frame.tiles for frame in sheet_frames(outcome, measure)}[4]
    after = shown["after"].astype(int)
    blueness = np.median(after[..., 2] - after[..., 0])
    assert blueness == pytest.approx(255 * (BLUE - RED), abs=4)
    assert np.ptp(shown["before"], axis=2).max() == 0
    assert list(shown) == ["before", "after", "luma", "colour"]
    assert (shown["luma"] == 128).all()
    difference = shown["colour"].astype(int)
    assert np.median(difference[..., 2] - difference[..., 0]) == pytest.approx(4 * 255 * (BLUE - RED), abs=4)
    height, width = after.shape[:2]
    assert after[int(9.5 * height / HEIGHT), int(17.5 * width / WIDTH)].tolist() == [255, 0, 0]
    sheets = make_sheets(reel)
    with Image.open(Path(str(sheets.pictures[1]))) as sheet:
        pixels = np.asarray(sheet).astype(int)
    assert ((pixels[..., 2] - pixels[..., 0]) > 30).mean() > 0.05
    assert make_sheets(reel).drawn == 0
    (hint,) = told(export(reel, ExportRequest()))["shots"][1]["colour_hints"]
    assert (hint["frame"], hint["x"], hint["y"], hint["color"]) == (4, 17, 9, "#ff0000")
    assert outcome_of(reel, reel.shots()[0]).seen(0, 1).shape == (1, 3, HEIGHT, WIDTH)


def test_sheets_of_colour_film_are_in_colour_throughout(make_reel: MakeReel) -> None:
    """Slices before, too; what changed in luma, and in colour from that which it had."""
    reel = make_reel("yuv422p10le")
    painted(reel)
    outcome = outcome_of(reel, reel.shots()[0])
    measure = measure_shot(outcome)
    assert measure.slice_before.shape == measure.slice_after.shape == (3, WIDTH, 3)
    assert np.ptp(measure.slice_before.astype(int), axis=2).max() > 60
    tiles = sheet_frames(outcome, measure)[0].tiles
    assert list(tiles) == ["before", "after", "luma", "colour"]
    assert (tiles["luma"] == 128).all()
    assert np.ptp(tiles["colour"].astype(int), axis=2).max() > 60
