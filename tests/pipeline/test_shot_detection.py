"""Cuts are found in moving, flickering, dirty pictures; flicker, flashes and dirt make none."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from upath import UPath

from reelfix.io.frame_store import FrameStore, Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.shot_detection import detect_shots, find_transitions, min_shot_frames
from reelfix.pipeline.shot_detection_pictures import detail_of, shrunk
from reelfix.pipeline.shots import Shot, Transition, check_shots

HEIGHT, WIDTH, RATE = 48, 64, 18.0


def scene(seed: int, frames: int) -> npt.NDArray[np.float32]:
    """A textured picture panning slowly, (T, H, W) in [0.1, 0.7]."""
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH + frames), dtype=np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 5)
    texture = 0.1 + 0.6 * (texture - texture.min()) / np.ptp(texture)
    return np.stack([texture[:, t : t + WIDTH] for t in range(frames)])


def slow(seed: int, frames: int) -> npt.NDArray[np.float32]:
    """A picture that pans by a quarter of a pixel a frame."""
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH + frames), dtype=np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 2)
    texture = 0.1 + 0.6 * (texture - texture.min()) / np.ptp(texture)
    return np.stack([texture[:, t // 4 : t // 4 + WIDTH] for t in range(frames)])


def flickering(frames: npt.NDArray[np.float32], seed: int = 0) -> npt.NDArray[np.float32]:
    """The light of every frame 30 % up or down, unevenly from left to right."""
    generator = np.random.default_rng(seed)
    left, right = generator.uniform(0.7, 1.3, (2, len(frames), 1, 1)).astype(np.float32)
    ramp = np.linspace(0, 1, frames.shape[2], dtype=np.float32)
    return frames * (left * (1 - ramp) + right * ramp)


def store_of(frames: npt.NDArray[np.float32], path: UPath, pix_fmt: str = "gray") -> FrameStore:
    """Put frames in [0, 1] in a store, the same in every full-size plane."""
    pixel_format = PixelFormat.parse(pix_fmt)
    store = FrameStore.create(path, pixel_format, height=frames.shape[1], width=frames.shape[2])
    codes = np.clip(np.rint(frames * pixel_format.peak), 0, pixel_format.peak).astype(pixel_format.dtype)
    planes: Planes = {}
    for name in pixel_format.planes:
        rows, columns = pixel_format.plane_shape(name, *frames.shape[1:])
        whole = (rows, columns) == frames.shape[1:]
        planes[name] = codes if whole else np.full((len(frames), rows, columns), 128, pixel_format.dtype)
    store.write(0, planes)
    store.finish(np.arange(len(frames)))
    return FrameStore.open(path)


def ranges(store: FrameStore, *, monochrome: bool = True) -> list[tuple[int, int]]:
    """Detect, check the list, and return `(start, stop)` of every shot."""
    pixel_map = PixelMap(store.pixel_format, monochrome, 0.299, 0.114, 1.0)
    shots = detect_shots(store, pixel_map, RATE)
    check_shots(shots, store.frame_count)
    return [(shot.start, shot.stop) for shot in shots]


@pytest.mark.parametrize("pix_fmt", ["gray", "gray16le", "yuv420p10le", "gbrp12le"])
def test_cuts_are_found_in_flicker(tmp_path: Path, pix_fmt: str) -> None:
    """Two cuts, at their very frames, whatever the pixel format, under 30 % flicker."""
    frames = np.concatenate([scene(1, 30), scene(2, 25), scene(3, 20)])
    store = store_of(flickering(frames), UPath(tmp_path) / "s.zarr", pix_fmt)
    assert ranges(store, monochrome=pix_fmt.startswith("gray")) == [(0, 30), (30, 55), (55, 75)]


def test_flicker_flashes_and_dirt_make_no_cut(tmp_path: Path) -> None:
    """One shot of flicker with a white flash, a black frame, a doubled foreign frame and a blotch in it."""
    frames = flickering(scene(1, 60), seed=3)
    frames[15] = 1.0
    frames[25] = 0.0
    frames[35:37] = scene(2, 2)
    frames[45, 5:40, 10:50] = 1.0
    assert ranges(store_of(frames, UPath(tmp_path) / "s.zarr")) == [(0, 60)]


def test_empty_frames_make_no_cut(tmp_path: Path) -> None:
    """Grain on black leader is not blown up into pictures."""
    grain = np.random.default_rng(0).normal(0.05, 0.005, (40, HEIGHT, WIDTH)).astype(np.float32)
    assert ranges(store_of(grain, UPath(tmp_path) / "s.zarr")) == [(0, 40)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_short_reels_are_one_shot(tmp_path: Path, count: int) -> None:
    """A reel of a few frames, down to one, is one shot."""
    assert ranges(store_of(scene(1, count), UPath(tmp_path) / "s.zarr")) == [(0, count)]


def test_a_shot_is_not_shorter_than_the_least(tmp_path: Path) -> None:
    """A second cut within half a second of the first is taken for a splice."""
    frames = np.concatenate([scene(1, 30), scene(2, 4), scene(3, 30)])
    assert min_shot_frames(RATE) == 9
    assert ranges(store_of(frames, UPath(tmp_path) / "s.zarr")) == [(0, 30), (30, 64)]


def test_progress_counts_every_frame(tmp_path: Path) -> None:
    """Progress is told each frame once, in order."""
    store = store_of(scene(1, 7), UPath(tmp_path) / "s.zarr")
    seen: list[int] = []
    assert detect_shots(store, PixelMap(store.pixel_format, True, 0.3, 0.1, 1.0), RATE, seen.append) == (
        Shot(1, 0, 7),
    )
    assert seen == list(range(1, 8))


def found_in(frames: npt.NDArray[np.float32]) -> tuple[Transition, ...]:
    return find_transitions((detail_of(shrunk(frame)) for frame in frames), 9)


@pytest.mark.parametrize("length", [8, 20, 40])
def test_a_dissolve_is_found_and_cut_in_its_middle(length: int) -> None:
    """Of any length, under 30 % flicker, both pictures panning."""
    first, second = slow(1, 40 + length), slow(2, 40 + length)
    share = np.linspace(0, 1, length + 2, dtype=np.float32)[1:-1, None, None]
    mixed = (1 - share) * first[40:] + share * second[:length]
    found = found_in(flickering(np.concatenate([first[:40], mixed, second[length:]])))
    assert [each.kind for each in found] == ["dissolve"]
    assert abs(found[0].cut - (40 + length // 2)) <= max(3, length // 6)
    assert found[0].start >= 34
    assert found[0].stop <= 46 + length


@pytest.mark.parametrize("ground", [0.0, 1.0])
def test_a_fade_is_found_and_cut_where_it_is_emptiest(ground: float) -> None:
    """Out within 12 frames, 4 of black or white with grain, in within 10."""
    first, second = scene(1, 50), scene(2, 50)
    first[-12:] = ground + np.linspace(1, 0, 12, dtype=np.float32)[:, None, None] * (first[-12:] - ground)
    second[:10] = ground + np.linspace(0, 1, 10, dtype=np.float32)[:, None, None] * (second[:10] - ground)
    empty = np.full((4, HEIGHT, WIDTH), ground, np.float32)
    frames = flickering(np.concatenate([first, empty, second]))
    frames += np.random.default_rng(0).normal(0, 0.01, frames.shape).astype(np.float32)
    found = found_in(frames)
    assert [each.kind for each in found] == ["fade"]
    assert 49 <= found[0].cut <= 55
    assert 36 <= found[0].start <= 44
    assert 58 <= found[0].stop <= 66


def test_a_fast_pan_is_no_dissolve() -> None:
    """A picture that goes by twice within 40 frames."""
    noise = np.random.default_rng(6).random((HEIGHT, 400), dtype=np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 5)
    texture = 0.1 + 0.6 * (texture - texture.min()) / np.ptp(texture)
    frames = np.stack([texture[:, 4 * t : 4 * t + WIDTH] for t in range(80)])
    assert found_in(flickering(frames)) == ()


def test_a_dark_shot_between_cuts_is_no_fade() -> None:
    dark = 0.1 * scene(2, 30)
    found = found_in(flickering(np.concatenate([scene(1, 45), dark, scene(3, 45)])))
    assert [(each.kind, each.cut) for each in found] == [("cut", 45), ("cut", 75)]


def test_shots_say_what_they_begin_with(tmp_path: Path) -> None:
    first, second = slow(1, 60), slow(2, 60)
    share = np.linspace(0, 1, 22, dtype=np.float32)[1:-1, None, None]
    mixed = (1 - share) * first[40:] + share * second[:20]
    frames = np.concatenate([first[:40], mixed, second[20:], scene(3, 30)])
    store = store_of(frames, UPath(tmp_path) / "s.zarr")
    shots = detect_shots(store, PixelMap(store.pixel_format, True, 0.3, 0.1, 1.0), RATE)
    assert [shot.transition and shot.transition.kind for shot in shots] == [None, "dissolve", None]
    assert shots[1].transition is not None
    assert shots[1].transition.cut == shots[1].start


def test_evidence_does_not_depend_on_the_pieces_it_is_gathered_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts, dissolves and fades are the same whether a reel is looked through at once or in parts."""
    first, second = slow(1, 60), slow(2, 60)
    share = np.linspace(0, 1, 22, dtype=np.float32)[1:-1, None, None]
    mixed = (1 - share) * first[40:] + share * second[:20]
    frames = flickering(np.concatenate([first[:40], mixed, second[20:], scene(3, 30), scene(4, 40)]))
    whole = found_in(frames)
    assert [each.kind for each in whole] == ["dissolve", "cut", "cut"]
    monkeypatch.setattr("reelfix.pipeline.shot_detection_evidence._CHUNK", 40)
    assert found_in(frames) == whole
