"""The store gives back what was written, in shards that zarr itself reads, locally and elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from reelfix.io import frame_store
from reelfix.io.errors import StoreError
from reelfix.io.frame_store import FrameStore, Planes, StoreWriter, shard_frames
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.storage import as_path

HEIGHT, WIDTH = 17, 19


def random_planes(pixel_format: PixelFormat, frames: int, seed: int = 0) -> Planes:
    random = np.random.default_rng(seed)
    return {
        plane: random.integers(
            0, pixel_format.peak + 1, (frames, *pixel_format.plane_shape(plane, HEIGHT, WIDTH))
        ).astype(pixel_format.dtype)
        for plane in pixel_format.planes
    }


@pytest.fixture(params=["{tmp}/s.zarr", "file://{tmp}/s.zarr", "memory://frame_store/s.zarr"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(tmp=tmp_path)


@pytest.mark.parametrize("name", ["gray", "gray12le", "yuv420p", "yuv422p10le", "gbrp16le"])
def test_round_trip(name: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_store, "SHARD_BYTES", HEIGHT * WIDTH * 2 * 5)
    pixel_format = PixelFormat.parse(name)
    planes = random_planes(pixel_format, 12)
    planes[pixel_format.planes[0]][3] = 0  # a black frame is a frame
    store = FrameStore.create(as_path(place), pixel_format, height=HEIGHT, width=WIDTH)
    store.write(0, planes)
    assert store.frame_count == 0
    store.finish(np.arange(12) * 1001)
    store = FrameStore.open(as_path(place))
    assert (store.frame_count, store.pixel_format) == (12, pixel_format)
    assert store.pts.tolist() == [1001 * number for number in range(12)]
    for start, stop in ((0, 12), (4, 7), (11, 12), (5, 5)):
        for plane, values in store.read(start, stop).items():
            np.testing.assert_array_equal(values, planes[plane][start:stop])
    only = store.read(2, 3, planes=pixel_format.planes[:1])
    assert list(only) == [pixel_format.planes[0]]
    with pytest.raises(ValueError, match=r"frames \[0, 13\) must lie within \[0, 12\)"):
        store.read(0, 13)


def test_bytes_depend_on_the_frames_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_store, "SHARD_BYTES", HEIGHT * WIDTH * 4)
    pixel_format = PixelFormat.parse("yuv420p")
    planes = random_planes(pixel_format, 10)
    files = []
    for threads in (1, 4):
        root = tmp_path / str(threads)
        store = FrameStore.create(as_path(root), pixel_format, height=HEIGHT, width=WIDTH)
        with StoreWriter(store, 0, threads=threads) as writer:
            for number in range(10):
                writer.add({name: values[number] for name, values in planes.items()})
                if writer.is_full or number == 9:
                    writer.take().write()
        store.finish(np.arange(10))
        files.append(
            {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        )
    assert files[0] == files[1]
    assert Path("y/c.2.0.0") in files[0]


def test_zarr_alone_reads_it(tmp_path: Path) -> None:
    pixel_format = PixelFormat.parse("gray10le")
    planes = random_planes(pixel_format, 3)
    store = FrameStore.create(as_path(tmp_path / "s.zarr"), pixel_format, height=HEIGHT, width=WIDTH)
    store.write(0, planes)
    store.finish(np.arange(3))
    array = zarr.open_array(tmp_path / "s.zarr" / "gray", mode="r")
    np.testing.assert_array_equal(np.asarray(array[:]), planes["gray"])
    assert (array.chunks, array.dtype) == ((1, HEIGHT, WIDTH), np.uint16)


def test_a_turned_bit_is_not_passed_on(tmp_path: Path) -> None:
    pixel_format = PixelFormat.parse("gray")
    store = FrameStore.create(as_path(tmp_path), pixel_format, height=HEIGHT, width=WIDTH)
    store.write(0, random_planes(pixel_format, 3))
    store.finish(np.arange(3))
    shard = tmp_path / "gray" / "c.0.0.0"
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        store.read(0, 1)
    assert len(store.read(1, 3)["gray"]) == 2


def test_shard_must_begin_one(tmp_path: Path) -> None:
    pixel_format = PixelFormat.parse("gray")
    store = FrameStore.create(as_path(tmp_path), pixel_format, height=HEIGHT, width=WIDTH)
    with pytest.raises(ValueError, match=r"start = 3 must be a multiple of 256"):
        store.write(3, random_planes(pixel_format, 1))


def test_shards_are_of_bounded_size() -> None:
    assert shard_frames(PixelFormat.parse("gray"), 480, 640) == 218
    assert shard_frames(PixelFormat.parse("gbrp16le"), 3112, 4096) == 2
    assert shard_frames(PixelFormat.parse("gray"), 16, 16) == 256
    assert shard_frames(PixelFormat.parse("gbrp16le"), 9000, 16000) == 1


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no frame store at"):
        FrameStore.open(as_path(tmp_path / "none.zarr"))
    zarr.open_group(tmp_path / "other.zarr", mode="w")
    with pytest.raises(StoreError, match="is not a frame store"):
        FrameStore.open(as_path(tmp_path / "other.zarr"))
