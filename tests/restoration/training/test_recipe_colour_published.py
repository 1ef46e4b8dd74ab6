from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.colour.bins import BINS, ab_bins, smoothed_prior
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.training.build_colour_published import PublishedColourSettings
from reelfix.restoration.training.configuration import Materials
from reelfix.restoration.training.recipe_colour_published import ColorizePublished, PublishedColourWeights
from reelfix.restoration.training.registry import configuration


def _prior() -> torch.Tensor:
    return smoothed_prior(torch.exp(-ab_bins().norm(dim=1) / 10), ab_bins())


def _batch() -> dict[str, torch.Tensor]:
    """Pictures dark and red on the left, light and blue on the right; the second is paler."""
    gray = torch.full((2, 1, 32, 64), 0.2)
    gray[..., 32:] = 0.8
    ab = torch.zeros((2, 2, 8, 16))
    ab[:, 0, :, :8], ab[:, 1, :, 8:] = 40.0, -40.0
    ab[1] *= 0.5  # a batch in which all are alike tells nothing by its statistics
    return {
        "gray": gray,
        "ab": ab,
        "hint_ab": torch.zeros_like(ab),
        "hint_weight": torch.zeros((2, 1, 8, 16)),
    }


@pytest.mark.parametrize("kind", ["eccv16", "siggraph17"])
def test_a_net_learns_colours(kind: str) -> None:
    torch.manual_seed(0)
    net = Eccv16(2) if kind == "eccv16" else Siggraph17(SiggraphShape(2, BINS, True))
    weights = PublishedColourWeights(power=0.0, statistics=1.0)
    recipe, batch = ColorizePublished(net, (), _prior(), weights, rate=1e-2), _batch()
    first = recipe.step(batch, 0)
    for step in range(1, 25):
        last = recipe.step(batch, step)
    assert set(first) == ({"classes"} if kind == "eccv16" else {"classes", "regression"})
    for name, loss in first.items():
        assert last[name] < 0.8 * loss
    if isinstance(net, Siggraph17):
        assert net.statistics is not None
        assert net.statistics.histogram.weight.grad is not None
        assert net.statistics.histogram.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["eccv16", "siggraph17"])
def test_what_is_trained_is_measured_and_can_be_loaded(kind: str, tmp_path: Path) -> None:
    for name, rgb in {"a": (200, 40, 40), "b": (40, 60, 200)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((40, 48, 3), rgb[::-1], np.uint8))
    files = tuple(sorted(tmp_path.iterdir()))
    asked = {"source": {"batch_size": 2, "crop": 32}, "recipe": {"width": 1, "statistics": True}}
    materials = Materials((), files, files, (), {}, torch.device("cpu"))
    made = configuration("colorize", kind).build(PublishedColourSettings.model_validate(asked), materials)
    losses = made.recipe.step(made.source.batch(0), 0)
    assert all(torch.isfinite(loss) for loss in losses.values())
    net = made.recipe.modules["net"].eval()
    measured = made.recipe.validate({"net": net})
    assert measured["ab_error_gray"] > 40
    assert {"psnr", "psnr_10", "ab_error", "chroma"} <= set(measured)
    assert made.recipe.samples({"net": net}).shape == (3, 320, 640)
    exported = {f"net.{name}": tensor for name, tensor in net.state_dict().items()}
    save_file(exported, tmp_path / "weights.safetensors")
    described = describe(str(tmp_path / "weights.safetensors"))
    assert described.architecture.name == f"colour-{kind}"
    luma = torch.rand(1, 1, 16, 16)
    assert torch.equal(described.build().predict(luma).ab, net.predict(luma).ab)
