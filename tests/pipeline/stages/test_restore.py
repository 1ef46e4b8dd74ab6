from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.memory import process_within_memory
from reelfix.pipeline.plan import make_chain, plan_of
from reelfix.pipeline.products import PRODUCTS, ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import ClipFormat, Window
from reelfix.pipeline.stages import restore as restore_stage
from reelfix.pipeline.stages.restore import Restore, RestoreSettings
from reelfix.restoration.models.errors import UnknownModelError
from reelfix.restoration.models.weights import sha256_of
from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet.compact import CompactNets, CompactShape
from reelfix.restoration.triplet.restorer import NEIGHBOUR_REACH
from reelfix.restoration.triplet.restorer_fills import FILL_REACH

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
COUNT, HEIGHT, WIDTH = 16, 38, 50
BARS = ("denoise", "sharpness", "contrast", "scratches")
NO_BARS: dict[str, Any] = dict.fromkeys(BARS, 0.0)
CLIP = ClipFormat(HEIGHT, WIDTH, 1, 8, 24.0)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a compact net that does something to every pixel."""
    torch.manual_seed(3)
    nets = CompactNets(CompactShape(width=16, blocks=2, coarse=16, coarse_blocks=1))
    torch.nn.init.normal_(nets.mapping.directions.weight, std=0.1)
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    save_file(nets.state_dict(), path)
    return str(path)


@pytest.fixture(scope="module")
def products() -> dict[str, Any]:
    """A film that stands still, with noise of its own in every frame, and a hole in one."""
    random = torch.Generator().manual_seed(7)
    scene = torch.nn.functional.interpolate(
        torch.rand((1, 1, 9, 12), generator=random), (HEIGHT, WIDTH), mode="bicubic"
    )
    frames = 0.3 + 0.4 * scene + 0.02 * torch.randn((COUNT, 1, HEIGHT, WIDTH), generator=random)
    mask = torch.zeros((COUNT, 2, HEIGHT, WIDTH), dtype=torch.uint8)
    frames[8, :, 10:20, 20:30] = 0
    mask[8, 0, 9:21, 19:31] = 255
    grid = (HEIGHT // 2, WIDTH // 2)
    motion = Motion(
        *(torch.zeros((COUNT, 2, *grid)) for _ in range(2)),
        *(torch.ones((COUNT, 1, *grid)) for _ in range(2)),
    )
    return {"frames": frames, "mask": mask, "motion": motion}


def stage(**settings: Any) -> Restore:
    return Restore(RestoreSettings.model_validate(settings), CLIP)


def windows(products: dict[str, Any], handle: int, size: int) -> list[Window]:
    made = []
    for start in range(0, COUNT, size):
        stop = min(start + size, COUNT)
        first, last = max(start - handle, 0), min(stop + handle, COUNT)
        part = {name: product[first:last] for name, product in products.items()}
        made.append(Window(part, start, stop, start - first, last - stop, COUNT))
    return made


def restored(products: dict[str, Any], size: int = COUNT, **settings: Any) -> dict[str, torch.Tensor]:
    asked = stage(**settings)
    process = asked.open(CPU)
    parts = [process(window) for window in windows(products, asked.handle, size)]
    assert all(tuple(part) == asked.made for part in parts)
    return {name: torch.cat([part[name] for part in parts]) for name in asked.made}


def test_bytes_do_not_depend_on_the_windows(net: str, products: dict[str, Any]) -> None:
    whole = restored(products, model=net, keep_latents=True)
    for size in (3, 6):
        made = restored(products, size, model=net, keep_latents=True)
        assert torch.equal(made["frames"], whole["frames"])
        assert torch.equal(made["latent"], whole["latent"])
    spec = PRODUCTS["latent"].arrays(CLIP)[0]
    assert spec.frame_shape == tuple(whole["latent"].shape[1:]) == (64, 12, 16)
    assert np.dtype(spec.dtype) == PRODUCTS["latent"].encode(whole["latent"])["latent"].dtype


def test_a_window_taken_again_in_halves_is_the_same(net: str, products: dict[str, Any]) -> None:
    asked = stage(model=net)
    process, attempts = asked.open(CPU), 0

    def picky(window: Window) -> dict[str, Any]:
        nonlocal attempts
        attempts += 1
        made = process(window)
        if window.stop - window.start > 5:
            raise torch.cuda.OutOfMemoryError("too large")
        return made

    made = process_within_memory(picky, windows(products, asked.handle, COUNT)[0], asked.handle)
    assert attempts == 7
    assert torch.equal(made["frames"], restored(products, model=net)["frames"])


def test_without_bars_or_net_only_marks_are_filled(net: str, products: dict[str, Any]) -> None:
    filled = restored(products, model="none")["frames"]
    assert torch.equal(restored(products, model=net, **NO_BARS)["frames"], filled)
    unmarked = [t for t in range(COUNT) if t != 8]
    assert torch.equal(filled[unmarked], products["frames"][unmarked])
    assert not torch.equal(filled[8], products["frames"][8])


def test_strength_scales_the_filling_and_the_net(net: str, products: dict[str, Any]) -> None:
    frames = products["frames"]
    assert torch.equal(restored(products, model=net, strength=0)["frames"], frames)
    filled = restored(products, model="none")["frames"]
    half_bars = dict.fromkeys(BARS, 0.5)
    half = restored(products, model=net, precision="float32", strength=0.5, **dict.fromkeys(BARS, 1.0))
    moved = restored(products, model=net, precision="float32", **half_bars)["frames"] - filled
    expected = (frames + filled) / 2 + moved
    assert moved.abs().mean() > 1e-3
    torch.testing.assert_close(half["frames"], expected.clamp(0, 1), atol=2e-6, rtol=0)


def test_what_a_net_needs_and_makes(net: str) -> None:
    assert stage(model="none").handle == 5
    assert stage(model=net).handle == 10
    assert stage(model=net, strength=0).handle == 0
    assert stage(model=net).weights == (sha256_of(net),)
    assert stage(model="none").weights == stage(model=net, strength=0).weights == ()
    # With nothing to do, the net is not even looked for.
    assert stage(model="triplet-compact", **NO_BARS).models == ()
    assert stage(model=net, keep_latents=True).made == ("frames", "latent")
    assert stage(model="none", keep_latents=True).made == stage(model=net).made == ("frames",)


def test_the_handle_is_what_filling_and_net_reach() -> None:
    assert restore_stage._REACH == FILL_REACH
    assert restore_stage._NET_REACH == NEIGHBOUR_REACH


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UnknownModelError, match="there is no model 'triplet-compost'"):
        _ = stage(model="triplet-compost").weights
    for wrong in ({"denoise": 1.1}, {"contrast": -0.1}, {"precision": "float64"}, {"memory_mib": 1}):
        with pytest.raises(ValidationError):
            stage(**wrong)


def test_bars_and_weights_are_part_of_the_key(net: str) -> None:
    def key(**settings: Any) -> str:
        stages = ("motion", "detect", "restore")
        return make_chain("ab", CLIP, Shot(1, 0, 9), stages, {"restore": {"model": net, **settings}})[-1].key

    keys = {key(), key(denoise=0.1), key(strength=0.9), key(keep_latents=True), key(model="none")}
    assert len(keys) == 5


def test_a_run_keeps_latents_where_they_are_asked_for(make_tiny_reel: MakeReel, net: str) -> None:
    reel = make_tiny_reel(frames=6, shots=1)
    settings = {"restore": {"model": net, "keep_latents": True}, "detect": {"model": "none"}}
    report = run(
        [reel],
        RunRequest(stages=("detect", "restore"), settings=settings),
        ExecutorOptions(scheduler="serial"),
    )
    assert report.is_complete
    task = plan_of(reel).chains[0][-1]
    store = ProductStore.open(reel.product_folder(task.stage, task.key, task.shot))
    latents = store.read("latent", 0, 6)
    assert (latents.shape, latents.dtype) == ((6, 64, 8, 12), np.float16)
    assert np.abs(latents).mean() > 0.1
