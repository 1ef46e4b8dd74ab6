"""Planes come out with the very code values that lie in the decoder's memory, whatever the packing."""

from collections.abc import Callable

import av.video.frame
import numpy as np
import numpy.typing as npt
import pytest

from reelfix.io.pixel_format import _PLANAR_EQUIVALENT, _WITH_ALPHA, store_path
from reelfix.io.planes import PlaneReader

Bytes = npt.NDArray[np.uint8]
Expected = Callable[[list[Bytes], int, int], list[npt.NDArray[np.unsignedinteger]]]

HEIGHT, WIDTH = 6, 20


def random_frame(name: str, seed: int = 3) -> tuple[av.video.frame.VideoFrame, list[Bytes]]:
    """A picture of random bytes in every plane, and those bytes as rows."""
    frame = av.video.frame.VideoFrame(WIDTH, HEIGHT, name)
    random = np.random.default_rng(seed)
    memory = []
    for plane in frame.planes:
        data = random.integers(0, 256, plane.buffer_size, dtype=np.uint8)
        if name == "nv20le":  # ten bits in the low end of each word
            data[1::2] &= 3
        plane.update(data.tobytes())
        memory.append(data.reshape(-1, abs(plane.line_size)) if plane.buffer_size != 1024 else data)
    return frame, memory


def interleaved(order: str, wanted: str, dtype: str = "u1") -> Expected:
    """Samples side by side in the given order, `x` being padding or alpha."""

    def expect(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
        size = np.dtype(dtype).itemsize
        samples = memory[0][:, : width * len(order) * size].copy().view(dtype).reshape(height, width, -1)
        return [samples[..., order.index(name)] for name in wanted]

    return expect


def paired(order: str, dtype: str = "u1", shift: int = 0) -> Expected:
    """Two luma samples with one U and one V."""

    def expect(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
        size = np.dtype(dtype).itemsize
        row = memory[0][:, : width * 2 * size].copy().view(dtype).reshape(height, width // 2, 4) >> shift
        luma = [place for place, name in enumerate(order) if name == "y"]
        return [row[..., luma].reshape(height, width), row[..., order.index("u")], row[..., order.index("v")]]

    return expect


def semi_planar(dtype: str = "u1", shift: int = 0, swapped: bool = False) -> Expected:
    """A luma plane, and one of chroma pairs."""

    def expect(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
        size = np.dtype(dtype).itemsize
        luma = memory[0][:, : width * size].copy().view(dtype)[:height] >> shift
        chroma = memory[1].view(dtype)
        rows = len(chroma)
        columns = width if memory[1].shape[1] >= 2 * width * size else width // 2
        pairs = chroma[:, : 2 * columns].reshape(rows, columns, 2) >> shift
        return [luma, pairs[..., 1 if swapped else 0], pairs[..., 0 if swapped else 1]]

    return expect


def bits(shifts: tuple[int, int, int], depth: int) -> Expected:
    """Three samples in one little-endian 32-bit word."""

    def expect(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
        words = memory[0][:, : width * 4].copy().view("<u4")
        return [(words >> shift) & ((1 << depth) - 1) for shift in shifts]

    return expect


def one_bit(white: int) -> Expected:
    def expect(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
        ones = np.unpackbits(memory[0], axis=1)[:, :width]
        return [np.where(ones == white, 255, 0).astype(np.uint8)]

    return expect


def quadrupled(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
    """U Y Y V Y Y: four luma samples with one U and one V."""
    groups = memory[0][:, : width * 6 // 4].reshape(height, width // 4, 6)
    return [groups[..., [1, 2, 4, 5]].reshape(height, width), groups[..., 0], groups[..., 3]]


def palette(memory: list[Bytes], height: int, width: int) -> list[npt.NDArray[np.unsignedinteger]]:
    colours = memory[1].view("<u4")[memory[0][:height, :width]]
    return [((colours >> shift) & 255).astype(np.uint8) for shift in (8, 0, 16)]


EXPECTED: dict[str, Expected] = {
    "rgb24": interleaved("rgb", "gbr"),
    "bgr24": interleaved("bgr", "gbr"),
    "0rgb": interleaved("xrgb", "gbr"),
    "rgb0": interleaved("rgbx", "gbr"),
    "0bgr": interleaved("xbgr", "gbr"),
    "bgr0": interleaved("bgrx", "gbr"),
    "rgba": interleaved("rgbx", "gbr"),
    "bgra": interleaved("bgrx", "gbr"),
    "argb": interleaved("xrgb", "gbr"),
    "abgr": interleaved("xbgr", "gbr"),
    "rgb48le": interleaved("rgb", "gbr", "<u2"),
    "rgb48be": interleaved("rgb", "gbr", ">u2"),
    "bgr48le": interleaved("bgr", "gbr", "<u2"),
    "bgr48be": interleaved("bgr", "gbr", ">u2"),
    "rgba64le": interleaved("rgbx", "gbr", "<u2"),
    "rgba64be": interleaved("rgbx", "gbr", ">u2"),
    "bgra64le": interleaved("bgrx", "gbr", "<u2"),
    "bgra64be": interleaved("bgrx", "gbr", ">u2"),
    "ya8": interleaved("yx", "y"),
    "ya16le": interleaved("yx", "y", "<u2"),
    "ya16be": interleaved("yx", "y", ">u2"),
    "yuyv422": paired("yuyv"),
    "uyvy422": paired("uyvy"),
    "yvyu422": paired("yvyu"),
    "y210le": paired("yuyv", "<u2", 6),
    "y212le": paired("yuyv", "<u2", 4),
    "y216le": paired("yuyv", "<u2"),
    "nv12": semi_planar(),
    "nv21": semi_planar(swapped=True),
    "nv16": semi_planar(),
    "nv24": semi_planar(),
    "nv42": semi_planar(swapped=True),
    "nv20le": semi_planar("<u2"),
    "p010le": semi_planar("<u2", 6),
    "p012le": semi_planar("<u2", 4),
    "p016le": semi_planar("<u2"),
    "p210le": semi_planar("<u2", 6),
    "p212le": semi_planar("<u2", 4),
    "p216le": semi_planar("<u2"),
    "p410le": semi_planar("<u2", 6),
    "p412le": semi_planar("<u2", 4),
    "p416le": semi_planar("<u2"),
    "x2rgb10le": bits((10, 0, 20), 10),
    "xv30le": bits((10, 0, 20), 10),
    "xv36le": lambda memory, height, width: [
        plane >> 4 for plane in interleaved("uyvx", "yuv", "<u2")(memory, height, width)
    ],
    "uyyvyy411": quadrupled,
    "monow": one_bit(0),
    "monob": one_bit(1),
    "pal8": palette,
}


@pytest.mark.parametrize("name", [*_PLANAR_EQUIVALENT, *_WITH_ALPHA])
def test_every_packed_format_has_its_own_code_values(name: str) -> None:
    frame, memory = random_frame(name)
    path = store_path(name)
    planes = PlaneReader(path).read(frame)
    assert list(planes) == list(path.format.planes)
    for (plane, values), expected in zip(planes.items(), EXPECTED[name](memory, HEIGHT, WIDTH), strict=True):
        assert values.dtype == path.format.dtype
        np.testing.assert_array_equal(values, expected, err_msg=f"{name} {plane}")
