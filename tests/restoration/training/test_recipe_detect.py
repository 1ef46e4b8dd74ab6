from pathlib import Path

import pytest
import torch

from reelfix.restoration.detector_inputs import INPUTS
from reelfix.restoration.training.build_detect import DetectSettings, build
from reelfix.restoration.training.configuration import Materials
from reelfix.restoration.training.recipe_detect import Detect, focal_loss, overlap_loss
from reelfix.restoration.training.source_detect import DetectSource

NOWHERE = DetectSource((Path("nowhere"),), (1.0,), "validation", 0, 1)


def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    truth = torch.zeros(1, 2, 32, 32)
    truth[:, 0, 8:16, 8:16] = 1
    inputs = torch.randn(1, INPUTS, 16, 16) * 0.1
    inputs[:, :4, 4:8, 4:8] += 2
    return {"inputs": inputs, "truth": truth, "weight": torch.ones_like(truth)}


def test_the_focal_loss_is_that_of_the_paper() -> None:
    logits, truth = torch.tensor([[[[2.0, -1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    chance = logits.sigmoid()
    expected = -((1 - chance[..., 0]) ** 2) * chance[..., 0].log()
    expected = expected - chance[..., 1] ** 2 * (1 - chance[..., 1]).log()
    found = focal_loss(logits, truth, torch.ones_like(truth), 2.0)
    torch.testing.assert_close(found, expected.sum() / (1 + 2e-3))


def test_what_has_no_weight_does_not_count() -> None:
    truth, weight = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    truth[..., 0], weight[..., 1] = 1, 0
    logits = torch.where(truth > 0, 3.0, -3.0)
    wrong = logits.clone()
    wrong[..., 1] = 9.0
    for loss in (lambda x: focal_loss(x, truth, weight, 1.5), lambda x: overlap_loss(x, truth, weight)):
        torch.testing.assert_close(loss(logits), loss(wrong))
        assert loss(-logits) > loss(logits)


def test_a_net_learns_where_the_damage_is() -> None:
    torch.manual_seed(0)
    recipe = Detect(NOWHERE, widths=(8, 8), depths=(1, 1), rate=1e-2)
    content = batch()
    first = recipe.step(content, 0)
    for step in range(1, 30):
        last = recipe.step(content, step)
    assert last["focal"] < 0.3 * first["focal"]
    with torch.no_grad():
        found = recipe.modules["net"](content["inputs"]) > 0
    assert (found[0, 0] == (content["truth"][0, 0] > 0)).float().mean() > 0.98
    assert not found[0, 1].any()


def test_settings_make_recipe_and_source(tmp_path: Path) -> None:
    settings = DetectSettings.model_validate(
        {"source": {"shares": [0.7, 0.3], "batch_size": 2}, "recipe": {"widths": [8, 12], "depths": [1, 2]}}
    )
    folders = (tmp_path / "a", tmp_path / "b")
    materials = Materials(folders, (), (), (), {}, torch.device("cpu"))
    made = build(settings, materials)
    assert isinstance(made.source, DetectSource)
    assert made.source.folders == folders
    assert made.recipe.modules["net"].inputs == INPUTS
    assert len(made.recipe.modules["net"].encoder[1]) == 2
    with pytest.raises(ValueError, match="one for each"):
        build(DetectSettings.model_validate({"source": {"shares": [1.0]}}), materials)
