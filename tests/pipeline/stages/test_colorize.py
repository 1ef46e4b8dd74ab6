"""Colorize: chroma on the frames' own scale, luma left alone, strength, and runs that are taken up again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.colour_hints_edit import add_point
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import BlockDone, Event
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.guide_arrays import pack_film_colours, unpack_film_colours
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.runner import run_task
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.stage import ClipFormat, Window
from reelfix.pipeline.stages.colorize import Colorize, ColorizeSettings
from reelfix.pipeline.status import reel_status
from reelfix.restoration.colorize import Colorizer
from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.colour.film_colours import FilmColours
from reelfix.restoration.colour.tint import Tint, with_tint
from reelfix.restoration.motion import Motion

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
SERIAL = ExecutorOptions(scheduler="serial")
TINY = ColourShape(4, (4, 4, 6, 6, 6, 8, 8), (1,) * 7, (16, 16, 12, 12), 4)
HEIGHT, WIDTH = 32, 40


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """The file of a tiny net that gives strong colours, of no sense."""
    torch.manual_seed(0)
    made = ColourCompact(TINY).eval()
    torch.nn.init.normal_(made.head.weight, std=0.5)
    torch.nn.init.normal_(made.head.bias, std=3.0)
    path = tmp_path / "tiny.safetensors"
    save_file(made.state_dict(), path)
    return path


def clip(channels: int = 1, **levels: float) -> ClipFormat:
    return ClipFormat(HEIGHT, WIDTH, channels, 8, 24.0, **levels)


def made(
    frames: torch.Tensor, format_: ClipFormat, net: Path, known: FilmColours | None = None, **settings: Any
) -> torch.Tensor:
    """The chroma of a shot of one window."""
    stage = Colorize(ColorizeSettings(model=str(net), **settings), format_)
    count = len(frames)
    grid = torch.zeros((count, 2, HEIGHT // 2, WIDTH // 2))
    motion = Motion(grid, grid, grid[:, :1] + 1, grid[:, :1] + 1)
    window = Window({"frames": frames, "motion": motion, "film_colours": known}, 0, count, 0, 0, count)
    products = stage.open(CPU)(window)
    chroma: torch.Tensor = products["chroma"]
    assert set(products) == {"chroma", "colours"}
    assert chroma.shape == (count, 2, HEIGHT, WIDTH)
    assert chroma.dtype == torch.float32
    return chroma


def test_it_gives_colours_that_fit_the_luma(net: Path) -> None:
    frames = torch.rand((3, 1, HEIGHT, WIDTH))
    chroma = made(frames, clip(), net)
    assert chroma.abs().mean() > 0.02
    blue, red = chroma.unbind(1)
    luma = frames[:, 0]
    green = -(0.299 * red + 0.114 * blue) / 0.587
    for channel in (luma + red, luma + green, luma + blue):
        assert channel.min() > -0.01
        assert channel.max() < 1.01


def test_the_net_sees_black_as_black_whatever_the_range(net: Path) -> None:
    tones = torch.rand((2, 1, HEIGHT, WIDTH))
    black, white = 16 / 255, 235 / 255
    limited = made(tones * (white - black) + black, clip(black=black, white=white), net)
    torch.testing.assert_close(limited, made(tones, clip(), net) * (white - black), atol=1e-4, rtol=0)


def test_strength_goes_from_the_films_own_colours_to_the_nets(net: Path) -> None:
    frames = torch.rand((2, 3, HEIGHT, WIDTH))
    luma = 0.299 * frames[:, 0] + 0.587 * frames[:, 1] + 0.114 * frames[:, 2]
    own = torch.stack([frames[:, 2] - luma, frames[:, 0] - luma], dim=1)
    none, half, full = (made(frames, clip(3), net, strength=strength) for strength in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, own)
    torch.testing.assert_close(half, (own + full) / 2)
    assert not made(frames[:, :1], clip(), net, strength=0.0).any()


def test_settings_are_felt(net: Path) -> None:
    frames = torch.rand((1, 1, HEIGHT, WIDTH))
    plain = made(frames, clip(), net)
    assert made(frames, clip(), net, saturation=0.0).abs().max() < 1e-4
    assert not torch.equal(made(frames, clip(), net, temperature=1.0), plain)
    stage = Colorize(ColorizeSettings(model=str(net), strength=0), clip())
    assert (stage.handle, stage.models, stage.weights) == (0, (), ())
    assert Colorize(ColorizeSettings(model=str(net)), clip()).handle == Colorizer.handle


@pytest.fixture
def coloured(make_tiny_reel: MakeReel, net: Path) -> tuple[Reel, RunRequest]:
    """Two shots of twenty frames, and what is asked for."""
    request = RunRequest(stages=("colorize",), settings={"colorize": {"model": str(net)}})
    return make_tiny_reel(frames=40, shots=2), request


def chroma_of(reel: Reel, shot: int) -> np.ndarray:
    found = outcome_of(reel, reel.shots()[shot - 1])
    values = found.chroma(found.shot.start, found.shot.stop)
    assert values is not None
    return np.asarray(values)


def test_a_hint_makes_stale_its_own_shot_alone(coloured: tuple[Reel, RunRequest]) -> None:
    reel, request = coloured
    run([reel], request, SERIAL)
    before = [chroma_of(reel, 1), chroma_of(reel, 2)]
    add_point(reel, 25, (20, 16), "#ff0000", radius=6)
    states = [shot.stages[-1] for shot in reel_status(reel).shots]
    assert [(entry.state, entry.reason) for entry in states] == [
        ("done", ""),
        ("stale", "done under other settings or hints"),
    ]
    again = run([reel], request, SERIAL)
    assert [str(job.task) for job in again.done] == ["colorize shot-0002"]
    assert np.array_equal(chroma_of(reel, 1), before[0])
    at = np.s_[5, :, 14:18, 18:22]
    blue, red = (chroma_of(reel, 2)[at].astype(int) - 32768).mean(axis=(1, 2))
    assert red > 3000
    assert blue < -500
    assert not np.array_equal(chroma_of(reel, 2)[at], before[1][at])


def test_bytes_do_not_depend_on_blocks_nor_on_a_stop(coloured: tuple[Reel, RunRequest]) -> None:
    reel, request = coloured
    run([reel], request, SERIAL)
    whole = chroma_of(reel, 1)
    task = next(task for task in plan_of(reel).chains[0] if task.stage == "colorize")
    folder = reel.product_folder(task.stage, task.key, task.shot)
    folder.fs.rm(folder.path, recursive=True)
    blocks: list[Event] = []

    def emit(event: Event) -> None:
        if isinstance(event, BlockDone):
            blocks.append(event)

    with pytest.raises(Interrupted):
        run_task(reel, task, device=CPU, emit=emit, must_stop=lambda: len(blocks) == 2, cut=Cut(2, 4))
    result = run_task(reel, task, device=CPU, emit=emit, cut=Cut(2, 4))
    assert (result.resumed_at, result.frames) == (8, 12)
    assert np.array_equal(chroma_of(reel, 1), whole)


SEPIA = Tint(tuple((6.0, 0.2 * step) for step in range(0, 101, 5)), 0.99, 0.299, 0.114)


@pytest.mark.parametrize("tint", ["keep", "remove", "only"])
def test_tinted_film(net: Path, tint: str) -> None:
    luma = torch.rand((2, 1, HEIGHT, WIDTH)) * 0.6 + 0.2
    dirty = with_tint(luma, SEPIA) + 0.01 * torch.randn((2, 2, HEIGHT, WIDTH))
    blue, red = luma + dirty[:, :1], luma + dirty[:, 1:]
    frames = torch.cat([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue], dim=1)
    found = made(frames, clip(3), net, tint=tint, known=FilmColours("tint", SEPIA))
    if tint == "keep":
        torch.testing.assert_close(found, dirty, atol=1e-5, rtol=0)
    elif tint == "only":
        torch.testing.assert_close(found, with_tint(luma, SEPIA), atol=1e-4, rtol=0)
    else:
        torch.testing.assert_close(found, made(frames, clip(3), net), atol=1e-5, rtol=0)
        assert (found - dirty).abs().mean() > 0.02


def test_film_without_tint_is_not_coloured_by_tint_alone(net: Path) -> None:
    frames = torch.rand((2, 1, HEIGHT, WIDTH))
    assert not made(frames, clip(), net, tint="only").any()
    stage = Colorize(ColorizeSettings(model=str(net), tint="only"), clip())
    assert (stage.handle, stage.models) == (0, ())


@pytest.mark.parametrize("film", [FilmColours("tint", SEPIA), FilmColours("natural"), FilmColours("none")])
def test_a_films_own_colours_survive_as_arrays(film: FilmColours) -> None:
    arrays = pack_film_colours(film, 7)
    assert unpack_film_colours(arrays, CPU) == film
    assert len(next(iter(arrays.values()))) == 7


def test_natural_colours_are_left_alone_unless_asked(net: Path) -> None:
    frames = torch.rand((2, 3, HEIGHT, WIDTH))
    own, recoloured = made(frames, clip(3), net, strength=0.0), made(frames, clip(3), net)
    natural = FilmColours("natural")
    assert torch.equal(made(frames, clip(3), net, known=natural), own)
    assert torch.equal(made(frames, clip(3), net, known=natural, tint="remove"), own)
    assert torch.equal(made(frames, clip(3), net, known=natural, recolour=True), recoloured)
    assert torch.equal(made(frames, clip(3), net, known=FilmColours("none")), recoloured)
    assert not torch.equal(own, recoloured)
