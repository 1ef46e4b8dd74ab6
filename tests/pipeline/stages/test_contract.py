"""What every stage promises the engine, whatever it does to the picture."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save, save_file

from reelfix.pipeline.products import PRODUCTS, Arrays
from reelfix.pipeline.stage import ClipFormat, Stage, Window
from reelfix.pipeline.stages.table import STAGE_NAMES, stage_type
from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.damage import DamageSettings, Dirt, Scratches, damage_clip
from reelfix.restoration.grain_profile import profile_size

CPU = torch.device("cpu")


def textured_clip(count: int, channels: int, height: int, width: int) -> torch.Tensor:
    """A panning texture with damage, float32 (T, C, H, W)."""
    random = np.random.default_rng(7)
    coarse = random.random((channels, height // 4 + count + 2, width // 4 + count + 2), np.float32)
    texture = torch.nn.functional.interpolate(
        torch.from_numpy(coarse)[None], scale_factor=4, mode="bicubic", align_corners=False
    )[0].clamp(0, 1)
    frames = torch.stack([texture[:, t : t + height, 2 * t : 2 * t + width] for t in range(count)])
    settings = DamageSettings(dirt=Dirt(per_frame=6, radius=0.03), scratches=Scratches(per_100_frames=40))
    return (damage_clip(frames * 0.7 + 0.1, settings, random).frames * 65535).round() / 65535


def clip_format(frames: torch.Tensor) -> ClipFormat:
    _, channels, height, width = frames.shape
    return ClipFormat(height, width, channels, 8, 24.0)


def stored(name: str, product: Any) -> Arrays:
    return PRODUCTS[name].encode(product)


@cache
def tiny_colour_net() -> str:
    """The file of a small net for colour: what the engine asks of a stage does not depend on its size."""
    torch.manual_seed(0)
    net = ColourCompact(ColourShape(4, (4, 4, 6, 6, 6, 8, 8), (1,) * 7, (16, 16, 12, 12), 4)).eval()
    torch.nn.init.normal_(net.head.weight, std=0.5)
    torch.nn.init.normal_(net.head.bias, std=3.0)
    path = Path(tempfile.mkdtemp(prefix="reelfix-test-")) / "tiny.safetensors"
    save_file(net.state_dict(), path)
    return str(path)


def run_stage(
    stage: Stage[Any], products: dict[str, Arrays], count: int, block: int, *, stopped: bool = False
) -> dict[str, Arrays]:
    """Run a stage over a shot of `count` frames, `block` at a time, on products as the store has them.

    `stopped`: as if the run had been stopped after every block, and taken up from what its commit keeps.
    """
    process = stage.open(CPU)
    made: dict[str, list[Arrays]] = {name: [] for name in stage.made}
    read = [*stage.reads, *(name for name in stage.may_read if name in products)]
    carried: dict[str, torch.Tensor] = {}
    for start in range(0, count, block):
        stop = min(start + block, count)
        first, last = max(start - stage.handle, 0), min(stop + stage.handle, count)
        ranges = {name: (0, count) if name in stage.reads_whole else (first, last) for name in read}
        seen = {
            name: PRODUCTS[name].decode(
                {key: a[slice(*ranges[name])].copy() for key, a in products[name].items()}, CPU
            )
            for name in read
        }
        whole = frozenset(stage.reads_whole)
        window = Window(seen, start, stop, start - first, last - stop, count, whole, carried)
        if stopped and start:
            process, window = stage.open(CPU), replace(window, carried=load(save(carried)))
        found = process(window)
        carried = {name: found.pop(name) for name in stage.carries}
        for name, product in found.items():
            made[name].append(stored(name, product))
    return {
        name: {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        for name, parts in made.items()
    }


def run_chain(
    frames: torch.Tensor, block: int, *, stopped: bool = False, **settings: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Arrays]]]:
    """Run every stage, with `settings` by its name, on what the earlier ones made."""
    products = {"frames": stored("frames", frames)}
    settings = {"colorize": {"model": tiny_colour_net()}, **settings}
    for name in STAGE_NAMES:
        kind = stage_type(name)
        stage = kind(kind.settings_type(**settings.get(name, {})), clip_format(frames))
        if stage.takes_grain or "grainy" in stage.reads:
            products.setdefault("grainy", products["frames"])
        made = run_stage(stage, products, len(frames), block, stopped=stopped)
        products |= made
        yield name, made


def assert_same(made: dict[str, Arrays], expected: dict[str, Arrays], where: str) -> None:
    for product, arrays in expected.items():
        for key, values in arrays.items():
            assert made[product][key].dtype == values.dtype
            np.testing.assert_array_equal(made[product][key], values, err_msg=f"{where}: {product}/{key}")


@cache
def made_at_once() -> tuple[torch.Tensor, dict[str, dict[str, Arrays]]]:
    """A clip longer than any handle, and what every stage makes of it in one block."""
    frames = textured_clip(22, 1, 48, 66)
    return frames, dict(run_chain(frames, len(frames)))


@pytest.mark.parametrize("block", [3, 7])
def test_bytes_do_not_depend_on_the_blocks(block: int) -> None:
    frames, whole = made_at_once()
    for name, made in run_chain(frames, block):
        assert_same(made, whole[name], f"{name}, blocks of {block}")


def test_bytes_do_not_depend_on_where_a_stopped_run_was_taken_up() -> None:
    frames, whole = made_at_once()
    for name, made in run_chain(frames, 9, stopped=True):
        assert_same(made, whole[name], name)


def test_bytes_do_not_depend_on_the_number_of_threads() -> None:
    import cv2

    frames = textured_clip(6, 3, 96, 130)
    before = torch.get_num_threads(), cv2.getNumThreads()
    results = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            results.append(dict(run_chain(frames, 4)))
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    for name in STAGE_NAMES:
        assert_same(results[1][name], results[0][name], name)


@pytest.mark.parametrize(
    ("count", "channels", "height", "width"),
    [(1, 1, 16, 16), (2, 3, 16, 16), (3, 1, 17, 31), (5, 3, 35, 19), (2, 1, 16, 200)],
)
def test_shapes_and_ranges_at_every_size(count: int, channels: int, height: int, width: int) -> None:
    frames = textured_clip(count, channels, height, width)
    grid = (-(-height // 2), -(-width // 2))
    expected = {
        "frames": (count, channels, height, width),
        "track": (count, 2, 2, 5),
        "grain_profile": (count, profile_size(channels)),
        "mask": (count, 2, height, width),
        "chroma": (count, 2, height, width),
        "flow": (count, 4, *grid),
        "confidence": (count, 2, *grid),
    }
    for _, made in run_chain(frames, 2):
        for arrays in made.values():
            for key, values in arrays.items():
                assert values.shape == expected[key]


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("count", [1, 4])
def test_an_even_picture_stays_as_it_is(value: float, count: int) -> None:
    frames = torch.full((count, 1, 33, 40), value)
    products = {"frames": stored("frames", frames)}
    for name, made in run_chain(frames, 3, restore={"model": "none"}):
        if "frames" in made:
            np.testing.assert_array_equal(
                made["frames"]["frames"], products["frames"]["frames"], err_msg=name
            )
        if "mask" in made:
            assert not made["mask"]["mask"].any()


def test_strength_zero_is_the_identity() -> None:
    frames = textured_clip(6, 3, 32, 50)
    products = {"frames": stored("frames", frames)}
    made_by: dict[str, dict[str, Arrays]] = {}
    for name, made in run_chain(frames, 6):
        made_by[name] = made
    products |= made_by["track"] | made_by["motion"] | made_by["detect"] | made_by["grain_profile"]
    products |= made_by["colorize"]
    products["grainy"] = products["frames"]
    assert (products["mask"]["mask"] >= 128).any(), "the test needs damage that is found"
    for name in STAGE_NAMES:
        kind = stage_type(name)
        stage = kind(kind.settings_type(strength=0), clip_format(frames))
        made = run_stage(stage, products, len(frames), 4)
        if "frames" in made:
            np.testing.assert_array_equal(
                made["frames"]["frames"], products["frames"]["frames"], err_msg=name
            )
        if "mask" in made:
            assert not made["mask"]["mask"].any()
        if "chroma" in stage.reads:
            np.testing.assert_array_equal(made["chroma"]["chroma"], products["chroma"]["chroma"])


def test_stages_change_the_picture_at_full_strength() -> None:
    frames = textured_clip(8, 1, 64, 80)
    results = dict(run_chain(frames, 8))
    source = stored("frames", frames)["frames"]
    assert (results["deflicker"]["frames"]["frames"] != source).mean() > 0.5
    assert (results["restore"]["frames"]["frames"] != results["deflicker"]["frames"]["frames"]).any()
    assert (results["smooth_chroma"]["chroma"]["chroma"] != results["colorize"]["chroma"]["chroma"]).any()


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_importing_a_stage_does_not_import_torch(name: str) -> None:
    import subprocess
    import sys

    check = "sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    code = f"import sys, reelfix.pipeline.stages.{name}; {check}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
