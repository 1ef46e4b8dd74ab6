"""Colours that hold still through a shot."""

import numpy as np
import pytest
import torch

from reelfix.restoration.colorize import Colorizer
from reelfix.restoration.colour.chroma import rgb_from_chroma
from reelfix.restoration.colour.colour_statistics import shown_saturation
from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
from reelfix.restoration.colour.net import Hints, Prediction
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion

CPU = torch.device("cpu")
RGB = torch.tensor([0.9, 0.5, 0.3]).reshape(3, 1, 1)


class Fickle:
    """A net whose colours depend on the picture as a whole, so that no two frames have the same."""

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        """Give one colour, and the hints where there are any."""
        quarter, eighth = ((-(-luma.shape[2] // n), -(-luma.shape[3] // n)) for n in (4, 8))
        tone = round(float(luma.double().mean()), 4) * 900.0
        own = torch.tensor([np.cos(tone), np.sin(tone)], dtype=torch.float32).reshape(1, 2, 1, 1) * 20
        ab = own.expand(1, 2, *quarter) * saturation
        if hints is not None:
            ab = ab + (hints.ab - ab) * hints.weight
        light = torch.nn.functional.adaptive_avg_pool2d(luma, eighth) * 3
        return Prediction(ab, torch.full((1, 1, *quarter), 0.5), torch.cat([light.cos(), light.sin()], 1))


def panning(count: int, height: int = 40, width: int = 56) -> torch.Tensor:
    """A texture that moves by a pixel a frame: luma (T, 1, H, W)."""
    coarse = torch.rand(1, 1, 6, 9, generator=torch.Generator().manual_seed(4))
    wide = torch.nn.functional.interpolate(coarse, (height, width + count), mode="bicubic")[0]
    wide = wide.clamp(0, 1) * 0.5 + 0.25
    return torch.stack([wide[:, :, t : t + width] for t in range(count)])


def coloured(
    frames: torch.Tensor, motion: Motion, guides: Guides, block: int, *, resumed: bool = False
) -> torch.Tensor:
    """Colour a shot block by block; `resumed`: each block by a colorizer that has seen none before."""
    made, carried = [], None
    colorizer = Colorizer(Fickle(), CPU, guides, shot_frames=len(frames))
    for start in range(0, len(frames), block):
        stop = min(start + block, len(frames))
        first, last = max(start - colorizer.handle, 0), min(stop + colorizer.handle, len(frames))
        if resumed:
            colorizer = Colorizer(Fickle(), CPU, guides, shot_frames=len(frames))
        core = slice(start - first, stop - first)
        window = slice(first, last)
        chroma, carried = colorizer.colorize(frames[window], motion[window], core, start, carried)
        made.append(chroma)
    return torch.cat(made)


@pytest.fixture(scope="module")
def shot() -> tuple[torch.Tensor, Motion]:
    frames = panning(19)
    return frames, estimate_motion(frames)


def test_colours_hold_still_where_the_nets_do_not(shot: tuple[torch.Tensor, Motion]) -> None:
    frames, motion = shot
    chroma = coloured(frames, motion, Guides(), 19)
    assert chroma.shape == (19, 2, 40, 56)
    own = [Fickle().predict(frame[None], None).ab.mean((2, 3)) for frame in frames[::8]]
    assert (own[0] - own[1]).abs().max() > 5, "the net must be fickle for this to say anything"
    inner = chroma[:, :, 8:-8, 24:36].mean((2, 3))
    assert (inner - inner[0]).abs().max() < 0.02
    assert inner[0].abs().max() > 0.05


@pytest.mark.parametrize("block", [3, 13])
def test_neither_blocks_nor_a_resume_change_a_bit(shot: tuple[torch.Tensor, Motion], block: int) -> None:
    frames, motion = shot
    guides = Guides(references=(Reference(RGB * frames[5], 5),), exemplars=(Exemplar(frames[0], None),))
    whole = coloured(frames, motion, guides, 19)
    torch.testing.assert_close(coloured(frames, motion, guides, block), whole, rtol=0, atol=0)
    torch.testing.assert_close(coloured(frames, motion, guides, block, resumed=True), whole, rtol=0, atol=0)


def test_a_saturation_is_the_same_for_the_whole_shot_whatever_the_blocks(
    shot: tuple[torch.Tensor, Motion],
) -> None:
    frames, motion = shot
    exemplars = (Exemplar(frames[9], 9),)
    plain = coloured(frames, motion, Guides(exemplars=exemplars), 19)
    guides = Guides(exemplars=exemplars, mean_saturation=0.1)
    told = coloured(frames, motion, guides, 19)
    ratio = told.abs().mean((1, 2, 3)) / plain.abs().mean((1, 2, 3))
    assert ratio.max() < 0.8
    assert ratio.std() < 0.02
    rgb = rgb_from_chroma(frames, told, 0.299, 0.114)
    assert float(shown_saturation(rgb[9:10])) == pytest.approx(0.1, abs=0.02)
    torch.testing.assert_close(coloured(frames, motion, guides, 7, resumed=True), told, rtol=0, atol=0)


def test_the_number_of_threads_changes_no_bit(shot: tuple[torch.Tensor, Motion]) -> None:
    frames, motion = shot[0][:10], shot[1][slice(0, 10)]
    points = (Point(3, 20.0, 20.0, (0.2, 0.3, 0.9), 3.0),)
    guides = Guides(exemplars=(Exemplar(frames[3], 3, points), Exemplar(frames[7], None)))
    before, made = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            made.append(coloured(frames, motion, guides, 10))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(made[1], made[0], rtol=0, atol=0)


def test_a_reference_frame_colours_the_whole_shot(shot: tuple[torch.Tensor, Motion]) -> None:
    frames, motion = shot
    truth = RGB * frames / (RGB * torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)).sum()
    chroma = coloured(frames, motion, Guides(references=(Reference(truth[3], 3),)), 19)
    rgb = rgb_from_chroma(frames, chroma, 0.299, 0.114)
    error = (rgb - truth)[:, :, 4:-4, 20:44].abs().mean((1, 2, 3))
    assert error[3] < 0.01
    assert error.max() < 0.03


def test_a_point_colours_its_thing_in_every_frame(shot: tuple[torch.Tensor, Motion]) -> None:
    frames, motion = shot
    points = (Point(10, 26.0, 20.0, (0.2, 0.3, 0.9), 3.0),)
    guides = Guides(points=points, exemplars=(Exemplar(frames[10], 10, points),))
    chroma = coloured(frames, motion, guides, 19)
    for t in (0, 10, 18):
        assert chroma[t, 0, 20, 26 + 10 - t] > 0.2, f"blue at frame {t}"


def test_a_colour_pictures_luma_is_what_is_coloured(shot: tuple[torch.Tensor, Motion]) -> None:
    frames, motion = shot[0][:2], shot[1][slice(0, 2)]
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).reshape(3, 1, 1)
    rgb = frames * torch.tensor([0.5, 1.0, 0.2]).reshape(3, 1, 1)
    made = [
        Colorizer(Fickle(), CPU, Guides(), shot_frames=2, red_weight=0.2126, blue_weight=0.0722).colorize(
            seen, motion, slice(0, 2), 0, None
        )[0]
        for seen in (rgb, (rgb * weights).sum(1, keepdim=True))
    ]
    torch.testing.assert_close(made[0], made[1], rtol=0, atol=2e-3)


def test_points_on_a_frame_that_is_no_exemplar_are_refused() -> None:
    guides = Guides(points=(Point(4, 1.0, 1.0, (1.0, 0.0, 0.0), 2.0),))
    with pytest.raises(ValueError, match=r"Frames \[4\] have points"):
        Colorizer(Fickle(), CPU, guides, shot_frames=9)


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (2, 3, 17, 31), (3, 1, 16, 200)])
def test_any_size_and_number_of_frames(shape: tuple[int, int, int, int]) -> None:
    frames = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    chroma = coloured(frames, estimate_motion(frames), Guides(), 2)
    assert chroma.shape == (shape[0], 2, *shape[2:])
    assert bool(chroma.isfinite().all())
