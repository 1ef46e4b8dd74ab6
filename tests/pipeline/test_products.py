from pathlib import Path

import numpy as np
import pytest
import torch
import zarr

from reelfix.io.errors import StoreError
from reelfix.io.storage import as_path
from reelfix.pipeline.products import PRODUCTS, ArraySpec, ProductStore
from reelfix.pipeline.stage import ClipFormat
from reelfix.restoration.motion import Motion

CPU = torch.device("cpu")


def test_every_code_survives_being_decoded_and_encoded() -> None:
    codes = np.arange(65536, dtype=np.uint16).reshape(1, 1, 256, 256)
    frames = PRODUCTS["frames"].decode({"frames": codes}, CPU)
    assert frames.dtype == torch.float32
    assert float(frames.max()) == 1.0
    np.testing.assert_array_equal(PRODUCTS["frames"].encode(frames)["frames"], codes)


def test_frames_are_rounded_and_clipped() -> None:
    frames = torch.tensor([-0.5, 0.4 / 65535, 0.6 / 65535, 1.0, 1.5]).reshape(1, 1, 1, 5)
    assert PRODUCTS["frames"].encode(frames)["frames"].ravel().tolist() == [0, 0, 1, 65535, 65535]


def test_motion_is_kept_to_a_thirty_second_of_a_pixel() -> None:
    generator = torch.Generator().manual_seed(0)
    flow = torch.rand((2, 2, 8, 10), generator=generator) * 200 - 100
    trust = torch.rand((2, 1, 8, 10), generator=generator)
    stored = PRODUCTS["motion"].encode(Motion(flow, -flow, trust, 1 - trust))
    back = PRODUCTS["motion"].decode(stored, CPU)
    assert float((back.forward - flow).abs().max()) <= 1 / 64 + 1e-5
    assert float((back.backward + flow).abs().max()) <= 1 / 64 + 1e-5
    assert float((back.forward_confidence - trust).abs().max()) <= 1 / 510 + 1e-6
    assert stored["flow"].dtype == np.int16
    again = PRODUCTS["motion"].encode(back)
    np.testing.assert_array_equal(again["flow"], stored["flow"])


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 19)])
def test_arrays_have_the_shapes_they_are_declared_with(height: int, width: int) -> None:
    specs = {
        spec.name: spec
        for kind in PRODUCTS.values()
        for spec in kind.arrays(ClipFormat(height, width, 3, 8, 24.0))
    }
    assert specs["frames"].frame_shape == (3, height, width)
    assert specs["mask"].frame_shape == (2, height, width)
    assert specs["flow"].frame_shape == (4, (height + 1) // 2, (width + 1) // 2)


@pytest.mark.parametrize("place", ["local", "memory"])
def test_what_is_written_is_what_zarr_reads(tmp_path: Path, place: str) -> None:
    folder = as_path(tmp_path if place == "local" else "memory://products/a")
    spec = ArraySpec("frames", "uint16", (2, 9, 11))
    values = np.random.default_rng(0).integers(0, 65536, (10, 2, 9, 11)).astype(np.uint16)
    store = ProductStore.create(folder, (spec,), frame_count=10, window_frames=4)
    with store.writer() as write:
        for start in (8, 0, 4):
            write("frames", start, values[start : start + 4])
    np.testing.assert_array_equal(ProductStore.open(folder).read("frames", 3, 9), values[3:9])
    if place == "local":
        np.testing.assert_array_equal(zarr.open_array(tmp_path / "products.zarr" / "frames")[:], values)


@pytest.mark.parametrize(
    "made", [np.zeros((2, 1, 9, 1), np.uint16), np.zeros((2, 9, 11), np.uint16), np.zeros((2, 1, 9, 11))]
)
def test_frames_that_are_not_as_declared_are_refused(tmp_path: Path, made: np.ndarray) -> None:
    spec = ArraySpec("frames", "uint16", (1, 9, 11))
    store = ProductStore.create(as_path(tmp_path), (spec,), frame_count=2, window_frames=2)
    with store.writer() as write, pytest.raises(StoreError, match="declared"):
        write("frames", 0, made)


def test_a_damaged_shard_is_an_error_never_a_picture(tmp_path: Path) -> None:
    spec = ArraySpec("frames", "uint16", (1, 32, 32))
    store = ProductStore.create(as_path(tmp_path), (spec,), frame_count=2, window_frames=2)
    with store.writer() as write:
        write("frames", 0, np.random.default_rng(0).integers(0, 65536, (2, 1, 32, 32)).astype(np.uint16))
    shard = tmp_path / "products.zarr" / "frames" / "c.0.0.0.0"
    content = bytearray(shard.read_bytes())
    content[100] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises((ValueError, RuntimeError)):
        ProductStore.open(as_path(tmp_path)).read("frames", 0, 2)


def test_no_products_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Run the stage again"):
        ProductStore.open(as_path(tmp_path))


def test_chroma_is_kept_with_no_colour_exact() -> None:
    codes = np.arange(65536, dtype=np.uint16).reshape(1, 2, 128, 256)
    chroma = PRODUCTS["chroma"].decode({"chroma": codes}, CPU)
    assert chroma.dtype == torch.float32
    assert chroma.flatten()[[1, 32768, 65535]].tolist() == [-1, 0, 1]
    np.testing.assert_array_equal(PRODUCTS["chroma"].encode(chroma)["chroma"], codes)
    values = torch.tensor([-3.0, 0.4 / 32767, 0.6 / 32767, 1.5]).reshape(1, 1, 1, 4)
    assert PRODUCTS["chroma"].encode(values)["chroma"].ravel().tolist() == [0, 32768, 32769, 65535]


def test_arrays_that_are_there_are_kept_only_as_declared(tmp_path: Path) -> None:
    folder, values = as_path(tmp_path), np.full((2, 1, 9, 11), 7, np.uint16)

    def first_code(spec: ArraySpec, frame_count: int = 4, window_frames: int = 2) -> int:
        store = ProductStore.open_or_create(
            folder, (spec,), frame_count=frame_count, window_frames=window_frames
        )
        found = int(store.read(spec.name, 0, 1).ravel()[0])
        with store.writer() as write:
            write(spec.name, 0, values.astype(spec.dtype))
        return found

    spec = ArraySpec("frames", "uint16", (1, 9, 11))
    assert [first_code(spec), first_code(spec)] == [0, 7]
    assert first_code(spec, frame_count=6) == 0
    assert first_code(spec, frame_count=6, window_frames=3) == 0
    assert first_code(ArraySpec("frames", "uint8", (1, 9, 11)), 6, 3) == 0
    other = ArraySpec("mask", "uint8", (1, 9, 11))
    assert [first_code(other), first_code(other)] == [0, 7]
    (tmp_path / "products.zarr" / "mask" / "zarr.json").write_text("{ half")
    assert [first_code(other), first_code(other)] == [0, 7]
