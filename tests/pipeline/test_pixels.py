import numpy as np
import pytest

from reelfix.io.frame_store import Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import VideoStream
from reelfix.pipeline.chroma import Axis, ChromaGrid
from reelfix.pipeline.pixels import Codes, PixelMap

FORMATS = [
    *(f"gray{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(
        f"yuv{kind}p{depth}"
        for kind in (420, 422, 444)
        for depth in ("", "9le", "10le", "12le", "14le", "16le")
    ),
    *(
        "yuv410p",
        "yuv411p",
        "yuv440p",
        "yuvj420p",
        "gbrp",
        "gbrp9le",
        "gbrp10le",
        "gbrp12le",
        "gbrp14le",
        "gbrp16le",
    ),
]
HEIGHT, WIDTH = 21, 27


def map_of(name: str, *, monochrome: bool = False, location: str = "left", matrix: str = "bt709") -> PixelMap:
    video = VideoStream(
        index=0, codec="ffv1", pix_fmt=name, store_pix_fmt=name, width=WIDTH, height=HEIGHT, rate="24",
        time_base="1/24", color_matrix=matrix, chroma_location=location,
    )  # fmt: skip
    return PixelMap.of(video, is_monochrome=monochrome or name.startswith("gray"))


def noise(name: str, count: int = 2, seed: int = 0) -> Planes:
    kept = PixelFormat.parse(name)
    random = np.random.default_rng(seed)
    return {
        plane: random.integers(
            0, kept.peak, (count, *kept.plane_shape(plane, HEIGHT, WIDTH)), endpoint=True
        ).astype(kept.dtype)
        for plane in kept.planes
    }


def same(one: Planes, other: Planes) -> bool:
    return all(
        np.array_equal(one[name], other[name]) and one[name].dtype == other[name].dtype for name in one
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("monochrome", [False, True])
def test_no_change_keeps_every_bit(name: str, monochrome: bool) -> None:
    pixel_map = map_of(name, monochrome=monochrome)
    planes = noise(name)
    codes = pixel_map.to_codes({plane: planes[plane] for plane in pixel_map.planes_read})
    assert codes.dtype == np.uint16
    assert codes.shape == (2, 1 if pixel_map.is_monochrome else 3, HEIGHT, WIDTH)
    assert same(pixel_map.apply_change(planes, codes, codes.copy()), planes)


@pytest.mark.parametrize("name", FORMATS)
def test_a_gray_change_moves_luma_and_leaves_chroma(name: str) -> None:
    pixel_map = map_of(name)
    kept = pixel_map.pixel_format
    planes = {plane: np.full_like(values, kept.peak // 2) for plane, values in noise(name).items()}
    before = pixel_map.to_codes(planes)
    after = before + np.uint16(round(10 * 65535 / kept.peak))
    made = pixel_map.apply_change(planes, before, after)
    for plane in kept.planes:
        expected = kept.peak // 2 + (0 if plane in ("u", "v") else 10)
        assert (made[plane] == expected).all(), plane


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p16le", "yuv411p", "yuv410p"])
@pytest.mark.parametrize("location", ["left", "center", "topleft", "bottomleft"])
def test_what_a_change_does_not_reach_keeps_its_bits(name: str, location: str) -> None:
    pixel_map = map_of(name, location=location)
    planes = noise(name, 1)
    before = pixel_map.to_codes(planes)
    after = before.copy()
    after[0, 0, 9:12, 13:15] ^= 0x4000
    made = pixel_map.apply_change(planes, before, after)
    touched = np.argwhere(made["y"][0] != planes["y"][0])
    assert touched.min(axis=0).tolist() == [9, 13]
    assert touched.max(axis=0).tolist() == [11, 14]
    rows, columns = (
        1 << pixel_map.pixel_format.log2_chroma_height,
        1 << pixel_map.pixel_format.log2_chroma_width,
    )
    reached = np.argwhere(made["v"][0] != planes["v"][0])
    assert len(reached) > 0
    assert (reached * [rows, columns] > [9 - 2 * rows, 13 - 2 * columns]).all()
    assert (reached * [rows, columns] < [12 + rows, 15 + columns]).all()


def reference(pixel_map: PixelMap, planes: Planes, before: Codes, after: Codes) -> Planes:
    """The delta rule in float64, without boxes: source + round(planes(after) - planes(before))."""
    kept = pixel_map.pixel_format
    delta = (after.astype(np.float64) - before) * (kept.peak / 65535)
    red, green, blue = delta[:, 0], delta[:, 1], delta[:, 2]
    luma = pixel_map.red_weight * red + pixel_map.blue_weight * blue
    luma += (1 - pixel_map.red_weight - pixel_map.blue_weight) * green
    changes = {"y": luma}
    for name, channel, weight in (("u", blue, pixel_map.blue_weight), ("v", red, pixel_map.red_weight)):
        change = (channel - luma) / (2 * (1 - weight) * pixel_map.chroma_scale)
        for axis, log2_step, offset in (
            (1, kept.log2_chroma_height, pixel_map.offset_y),
            (2, kept.log2_chroma_width, pixel_map.offset_x),
        ):
            change = triangle(change, axis, 1 << log2_step, offset)
        changes[name] = change
    return {
        name: np.clip(planes[name] + np.rint(changes[name]), 0, kept.peak).astype(kept.dtype)
        for name in planes
    }


def triangle(values: np.ndarray, axis: int, step: int, offset: float) -> np.ndarray:
    if step == 1:
        return values
    size = values.shape[axis]
    made = []
    for index in range(-(-size // step)):
        centre = index * step + offset * (step - 1)
        places = np.arange(int(np.floor(centre)) - step, int(np.floor(centre)) + 2 * step + 1)
        weights = np.clip(1 - np.abs(places - centre) / step, 0, None)
        taken = np.take(values, np.clip(places, 0, size - 1), axis=axis)
        shape = [1] * values.ndim
        shape[axis] = len(weights)
        made.append((taken * (weights / weights.sum()).reshape(shape)).sum(axis=axis))
    return np.stack(made, axis=axis)


@pytest.mark.parametrize("name", ["yuv420p", "yuv420p10le", "yuv422p", "yuv444p", "yuv411p", "yuv440p"])
@pytest.mark.parametrize("location", ["left", "center", "topleft", "bottom"])
@pytest.mark.parametrize("part", ["all", "corner", "last pixel"])
def test_delta_rule_against_its_definition(name: str, location: str, part: str) -> None:
    pixel_map = map_of(name, location=location, matrix="smpte170m")
    planes = noise(name, 2, seed=1)
    before = pixel_map.to_codes(planes)
    after = before.copy()
    box = {"all": np.s_[:, :, :, :], "corner": np.s_[:, :, :5, -7:], "last pixel": np.s_[1:, 1:, -1:, -1:]}[
        part
    ]
    random = np.random.default_rng(2)
    after[box] = random.integers(0, 65535, after[box].shape, dtype=np.uint16)
    made = pixel_map.apply_change(planes, before, after)
    meant = reference(pixel_map, planes, before, after)
    for plane in planes:
        difference = np.abs(made[plane].astype(int) - meant[plane])
        # Float32 may fall on the other side of a half, hardly ever.
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.003


def test_codes_of_neutral_colour_are_the_lumas() -> None:
    pixel_map = map_of("yuv420p")
    planes = noise("yuv420p", 1)
    planes["u"][:] = planes["v"][:] = 128
    codes = pixel_map.to_codes(planes)
    for channel in range(3):
        assert np.array_equal(codes[:, channel], planes["y"].astype(np.uint16) * 257)


def test_codes_of_bt709_red() -> None:
    pixel_map = map_of("yuv444p", matrix="bt709")
    red = {"y": 63, "u": 102, "v": 240}  # full-intensity red at limited range: R' = 1
    planes = {name: np.full((1, HEIGHT, WIDTH), value, np.uint8) for name, value in red.items()}
    codes = pixel_map.to_codes(planes)[0, :, 0, 0] / 257
    # On the luma's scale, black is 16 and white 235.
    assert codes == pytest.approx([235, 16, 16], abs=1.1)


@pytest.mark.parametrize("log2_step", [0, 1, 2])
@pytest.mark.parametrize("offset", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [16, 17, 18, 19])
def test_chroma_grid_keeps_ramps_in_place(log2_step: int, offset: float, size: int) -> None:
    axis = Axis(log2_step, offset)
    grid = ChromaGrid(axis, axis)
    places = np.arange(-(-size // axis.step)) * axis.step + offset * (axis.step - 1)
    chroma = (places[:, None] * 3 + places[None, :]).astype(np.float32)
    luma = (np.arange(size)[:, None] * 3 + np.arange(size)[None, :]).astype(np.float32)
    inner = slice(axis.step, size - 2 * axis.step)
    assert np.allclose(grid.upsample(chroma, size, size)[inner, inner], luma[inner, inner], atol=1e-4)
    down = grid.downsample(luma)
    assert down.shape == chroma.shape
    inside = slice(1, len(places) - 2)
    assert np.allclose(down[inside, inside], chroma[inside, inside], atol=1e-4)
    flat = np.full((size, size), 7, np.float32)
    assert np.allclose(grid.downsample(flat), 7)
    assert np.allclose(grid.upsample(np.full_like(chroma, 7), size, size), 7)


def test_results_are_clipped_to_code_values() -> None:
    pixel_map = map_of("gray10le")
    planes = {"gray": np.array([[[0, 1023, 500]]], np.uint16)}
    before = np.array([[[[30000, 30000, 30000]]]], np.uint16)
    after = np.array([[[[0, 65535, 30000]]]], np.uint16)
    assert pixel_map.apply_change(planes, before, after)["gray"].tolist() == [[[0, 1023, 500]]]
    after = np.array([[[[30640, 29360, 30032]]]], np.uint16)  # 10 codes up, 10 down, half a code up
    assert pixel_map.apply_change(planes, before, after)["gray"].tolist() == [[[10, 1013, 500]]]


def test_a_monochrome_rgb_stays_neutral() -> None:
    pixel_map = map_of("gbrp", monochrome=True)
    planes = {name: np.full((1, HEIGHT, WIDTH), 100, np.uint8) for name in "gbr"}
    before = pixel_map.to_codes({"g": planes["g"]})
    after = before.copy()
    after[:, :, 3:5, 2:8] += np.uint16(257 * 20)
    made = pixel_map.apply_change(planes, before, after)
    assert (made["g"][0, 3:5, 2:8] == 120).all()
    assert np.array_equal(made["r"], made["g"])
    assert np.array_equal(made["b"], made["g"])
