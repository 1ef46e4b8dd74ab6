from collections.abc import Iterator

import pytest
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet import restorer
from reelfix.restoration.triplet.compact import CompactNets, CompactShape
from reelfix.restoration.triplet.restorer import CompactRestorer, Precision, dtype_for
from reelfix.restoration.triplet.restorer_bars import Bars

CPU = torch.device("cpu")
NOTHING = Bars(0, 0, 0, 0)
COUNT, HEIGHT, WIDTH = 13, 45, 60


@pytest.fixture(scope="module")
def nets() -> CompactNets:
    torch.manual_seed(3)
    made = CompactNets(CompactShape(latent=16, width=16, blocks=2, coarse=16, coarse_blocks=1))
    torch.nn.init.normal_(made.mapping.directions.weight, std=0.1)
    return made.eval().requires_grad_(False)


def film(channels: int = 1, height: int = HEIGHT, width: int = WIDTH) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    frames = torch.rand((COUNT, channels, height, width), generator=generator)
    mask = torch.zeros((COUNT, 2, height, width), dtype=torch.uint8)
    mask[:, 0, 10:30, 20:41] = 255
    return frames, mask


def still_motion(height: int = HEIGHT, width: int = WIDTH) -> Motion:
    grid = (-(-height // 2), -(-width // 2))
    return Motion(
        torch.full((COUNT, 2, *grid), 1.5),
        torch.full((COUNT, 2, *grid), -1.5),
        torch.ones((COUNT, 1, *grid)),
        torch.ones((COUNT, 1, *grid)),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_frame_does_not_depend_on_its_window(nets: CompactNets, dtype: torch.dtype) -> None:
    frames, mask = film()
    motion, compact = still_motion(), CompactRestorer(nets, Bars(), CPU, dtype)
    whole = compact.restore(frames, mask, motion, slice(0, COUNT), keep_latents=True)
    part = compact.restore(frames[1:12], mask[1:12], motion[1:12], slice(5, 6), keep_latents=True)
    assert torch.equal(part.frames[0], whole.frames[6])
    assert whole.latents is not None
    assert part.latents is not None
    assert torch.equal(part.latents[0], whole.latents[6])
    assert (whole.latents.dtype, tuple(whole.latents.shape)) == (torch.float16, (COUNT, 16, 12, 16))
    assert not torch.equal(whole.frames, frames)


def test_bars_at_nothing_leave_every_bit(nets: CompactNets) -> None:
    frames, mask = film(3)
    for compact in (
        CompactRestorer(nets, NOTHING, CPU, torch.bfloat16),
        CompactRestorer(nets, Bars(), CPU, torch.bfloat16, strength=0.0),
    ):
        for keep in (False, True):
            made = compact.restore(frames, mask, still_motion(), slice(2, 5), keep_latents=keep)
            assert torch.equal(made.frames, frames[2:5])
            assert (made.latents is not None) == keep


def test_the_change_of_luma_is_added_to_every_channel(nets: CompactNets) -> None:
    gray, mask = film()
    tint = torch.tensor([0.02, 0.0, -0.02])[:, None, None]
    coloured = 0.3 + 0.3 * gray + tint
    lumas = 0.299 * coloured[:, :1] + 0.587 * coloured[:, 1:2] + 0.114 * coloured[:, 2:]
    compact = CompactRestorer(nets, Bars(), CPU, torch.float32)
    change = compact.restore(lumas, mask, still_motion(), slice(3, 4)).frames - lumas[3:4]
    made = compact.restore(coloured, mask, still_motion(), slice(3, 4)).frames
    assert change.abs().mean() > 1e-3
    torch.testing.assert_close(made - coloured[3:4], change.expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


def test_the_bar_of_marks_alone_leaves_every_bit_beyond_them(nets: CompactNets) -> None:
    frames, mask = film()
    mask[5] = 127  # less than even odds: nothing is marked
    compact = CompactRestorer(nets, Bars(0, 0, 0, 1), CPU, torch.bfloat16)
    made = compact.restore(frames, mask, still_motion(), slice(4, 6)).frames
    assert torch.equal(made[1], frames[5])
    assert (made[0] - frames[4])[:, 10:30, 20:41].abs().mean() > 1e-3
    beyond = torch.ones((HEIGHT, WIDTH), dtype=torch.bool)
    beyond[6:34, 16:45] = False
    assert torch.equal(made[0][:, beyond], frames[4][:, beyond])


def test_strength_scales_every_bar(nets: CompactNets) -> None:
    frames, mask = film()
    frames = 0.3 + 0.4 * frames
    halved = Bars(0.35, 0.25, 0.0, 0.5)
    made = CompactRestorer(nets, Bars(), CPU, torch.float32, strength=0.5)
    same = CompactRestorer(nets, halved, CPU, torch.float32)
    window = (frames, mask, still_motion(), slice(2, 3))
    assert torch.equal(made.restore(*window).frames, same.restore(*window).frames)
    with pytest.raises(ValueError, match=r"strength = 1.5 must be in \[0, 1\]"):
        CompactRestorer(nets, Bars(), CPU, torch.float32, strength=1.5)
    with pytest.raises(ValueError, match=r"sharpness = -1 must be in \[0, 1\]"):
        Bars(sharpness=-1)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(restorer, "_OVERLAP", 96)
    return


def test_tiles_show_no_seam(nets: CompactNets, small_tiles: None) -> None:
    frames, mask = film(1, 224, 352)
    mask[:] = 0  # what attends to a whole picture is another thing in tiles
    window = (frames, mask, still_motion(224, 352), slice(3, 4))
    whole = CompactRestorer(nets, Bars(), CPU, torch.float32)
    tiled = CompactRestorer(nets, Bars(), CPU, torch.float32, memory_bytes=1)
    expected, made = (each.restore(*window, keep_latents=True) for each in (whole, tiled))
    assert (expected.frames - frames[3:4]).abs().mean() > 1e-3
    assert float((made.frames - expected.frames).abs().max()) < 1e-4
    assert made.latents is not None
    assert expected.latents is not None
    assert float((made.latents - expected.latents).abs().max()) < 0.01


def test_a_gpu_that_is_too_small_says_so(nets: CompactNets, monkeypatch: pytest.MonkeyPatch) -> None:
    compact = CompactRestorer(nets, Bars(), CPU, torch.float32)

    def hungry(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(compact, "_run", hungry)
    with pytest.raises(torch.OutOfMemoryError, match=r"60 x 45 does not fit .* leave --gpus out"):
        compact.restore(*film(), still_motion(), slice(0, 1))


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_as_asked_for(precision: Precision, dtype: torch.dtype) -> None:
    assert dtype_for(precision, CPU) == dtype
    assert dtype_for("auto", CPU) in (torch.float32, torch.bfloat16)
